/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_PCI_H
#define HOLDFAST_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include <holdfast/error.h>

/** HF_PCI_ADDR_LEN - bytes of "dddddddd:bb:dd.f" with terminator */
#define HF_PCI_ADDR_LEN	20

/**
 * struct hf_pci_addr - place of a function in the machine
 * @domain: segment, 0 to 0xffffffff
 * @bus: 0 to 255
 * @dev: 0 to 31
 * @fn: 0 to 7
 */
struct hf_pci_addr {
	uint32_t domain;
	uint8_t bus;
	uint8_t dev;
	uint8_t fn;
};

/** struct hf_pci_ids - what a function says it is (configuration space) */
struct hf_pci_ids {
	uint32_t vendor;
	uint32_t device;
	uint32_t subsystem_vendor;
	uint32_t subsystem_device;
	uint32_t revision;
	uint32_t class_code;
};

/**
 * hf_pci_parse() - read "0000:00:02.0"
 * @text: address as the kernel writes it, nothing before or after
 * @addr: out
 *
 * Return: 0 or -EINVAL. Only the kernel's own spelling is taken, so that one
 * device has one name.
 */
int hf_pci_parse(const char *text, struct hf_pci_addr *addr);

/** hf_pci_format() - write @addr the way the kernel does; returns @buf */
const char *hf_pci_format(const struct hf_pci_addr *addr,
			  char buf[HF_PCI_ADDR_LEN]);

/** hf_pci_equal() - same place? */
bool hf_pci_equal(const struct hf_pci_addr *a, const struct hf_pci_addr *b);

/**
 * hf_pci_read_ids() - read the identification of a function from sysfs
 * @addr: function
 * @ids: out
 * @err: message on failure
 *
 * Return: 0; -ENODEV when there is no such function; or a negative errno.
 */
int hf_pci_read_ids(const struct hf_pci_addr *addr, struct hf_pci_ids *ids,
		    struct hf_error *err);

/** hf_pci_ids_equal() - same kind of function? */
bool hf_pci_ids_equal(const struct hf_pci_ids *a, const struct hf_pci_ids *b);

/**
 * hf_pci_driver() - name of the driver bound to a function
 * @addr: function
 * @buf: out, "" when there is none
 * @len: size of @buf
 */
void hf_pci_driver(const struct hf_pci_addr *addr, char *buf, int len);

#endif
