// SPDX-License-Identifier: LGPL-2.1-or-later
/* Interrupts as holdfast.h has them; the calls themselves are in irq.c */
#include <errno.h>

#include <holdfast/irq.h>
#include <holdfast/uapi.h>

#include "client.h"

static int arm(int device, unsigned int index, const int *eventfd,
	       unsigned int n, struct hf_error *err)
{
	struct hf_irq_info info;
	int ret;

	if (index > VFIO_PCI_MSIX_IRQ_INDEX)
		return hf_fail(err, -EINVAL,
			       "index %u is neither INTx nor MSI nor MSI-X",
			       index);
	ret = hf_irq_query(device, index, &info, err);
	if (ret)
		return ret;
	if (n > info.count)
		return hf_fail(err, -EINVAL,
			       "the device has %u %s interrupts, %u are wanted",
			       info.count, hf_irq_name(index), n);
	return hf_irq_arm(device, index, eventfd, n, err);
}

int holdfast_irq_arm(int device, unsigned int index, const int *eventfd,
		     unsigned int n)
{
	return arm(device, index, eventfd, n, hf_last());
}

int holdfast_irq_resume(int device, unsigned int index, const int *eventfd,
			unsigned int n)
{
	struct hf_error *err = hf_last();
	int ret;

	ret = arm(device, index, eventfd, n, err);
	if (ret)
		return ret;
	ret = hf_irq_kick(device, index, n, err);
	if (ret)
		hf_irq_disarm(device, index, NULL);
	return ret;
}

int holdfast_irq_kick(int device, unsigned int index, unsigned int n)
{
	return hf_irq_kick(device, index, n, hf_last());
}

int holdfast_irq_unmask(int device, unsigned int index, unsigned int vector)
{
	return hf_irq_mask(device, index, vector, false, hf_last());
}

int holdfast_irq_disarm(int device, unsigned int index)
{
	return hf_irq_disarm(device, index, hf_last());
}
