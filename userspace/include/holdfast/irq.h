/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interrupts of a VFIO PCI device, by eventfd. An index is one of
 * VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, or
 * one of the two that carry no data: VFIO_PCI_ERR_IRQ_INDEX and
 * VFIO_PCI_REQ_IRQ_INDEX.
 *
 * After an update nothing fires until it was armed again, and what became due
 * meanwhile may be lost. The order that loses nothing is: hf_irq_arm(), then
 * hf_irq_kick(), then look at the rings once for each vector that woke.
 */
#ifndef HOLDFAST_IRQ_H
#define HOLDFAST_IRQ_H

#include <stdbool.h>

#include <holdfast/error.h>

/**
 * struct hf_irq_info - what an index is capable of
 * @count: vectors it has; 0: the device has no such interrupts
 * @maskable: vectors can be masked and unmasked
 * @automasked: a vector that fired is masked until it is unmasked (INTx)
 * @noresize: the number of armed vectors cannot be changed, only all disarmed
 */
struct hf_irq_info {
	unsigned int count;
	bool maskable;
	bool automasked;
	bool noresize;
};

/**
 * hf_irq_query() - VFIO_DEVICE_GET_IRQ_INFO
 * @device: bound VFIO device descriptor
 * @index: index
 * @info: out
 * @err: message on failure
 *
 * Return: 0 or a negative errno.
 */
int hf_irq_query(int device, unsigned int index, struct hf_irq_info *info,
		 struct hf_error *err);

/**
 * hf_irq_arm() - let vectors 0 to @n - 1 of an index signal eventfds
 * @device: bound VFIO device descriptor
 * @index: index; of INTx, MSI and MSI-X only one can be armed at a time
 * @eventfd: one for each vector; -1 leaves a vector out
 * @n: how many, 1 or more
 * @err: message on failure
 *
 * All in one call and in the order of the vectors: entries of the MSI-X table
 * are written in that order, with the whole function masked.
 *
 * Return: 0; -EBUSY while the device is preserved; -ENOSPC when the system has
 * not enough vectors; or another negative errno, and then nothing is armed.
 */
int hf_irq_arm(int device, unsigned int index, const int *eventfd,
	       unsigned int n, struct hf_error *err);

/**
 * hf_irq_kick() - signal the eventfds of vectors 0 to @n - 1 once
 * @device: bound VFIO device descriptor
 * @index: INTx, MSI or MSI-X; the others ask a driver to stop, so that they are
 *	   refused here
 * @n: how many
 * @err: message on failure
 *
 * As if each had fired, whether or not the device has anything to say. Vectors
 * that are not armed are left out.
 *
 * Return: 0 or a negative errno.
 */
int hf_irq_kick(int device, unsigned int index, unsigned int n,
		struct hf_error *err);

/**
 * hf_irq_mask() - mask or unmask one vector
 * @device: bound VFIO device descriptor
 * @index: index
 * @vector: vector
 * @mask: true: mask
 * @err: message on failure
 *
 * Return: 0 or a negative errno.
 */
int hf_irq_mask(int device, unsigned int index, unsigned int vector, bool mask,
		struct hf_error *err);

/**
 * hf_irq_disarm() - tear all vectors of an index down
 * @device: bound VFIO device descriptor
 * @index: index
 * @err: message on failure
 *
 * Return: 0, also when none was armed; -EBUSY while the device is preserved; or
 * another negative errno.
 */
int hf_irq_disarm(int device, unsigned int index, struct hf_error *err);

/** hf_irq_name() - "INTx", "MSI", "MSI-X", "error" or "request" */
const char *hf_irq_name(unsigned int index);

#endif
