// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <holdfast/pci.h>

const char *hf_pci_format(const struct hf_pci_addr *addr,
			  char buf[HF_PCI_ADDR_LEN])
{
	snprintf(buf, HF_PCI_ADDR_LEN, "%04x:%02x:%02x.%x", addr->domain,
		 addr->bus, addr->dev, addr->fn);
	return buf;
}

int hf_pci_parse(const char *text, struct hf_pci_addr *addr)
{
	unsigned int domain, bus, dev, fn;
	struct hf_pci_addr a;
	char buf[HF_PCI_ADDR_LEN];

	if (sscanf(text, "%8x:%2x:%2x.%1x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;
	if (dev > 31 || fn > 7)
		return -EINVAL;
	a.domain = domain;
	a.bus = (uint8_t)bus;
	a.dev = (uint8_t)dev;
	a.fn = (uint8_t)fn;
	/* sscanf() is lenient about signs, blanks and digits: compare. */
	if (strcmp(hf_pci_format(&a, buf), text))
		return -EINVAL;
	*addr = a;
	return 0;
}

bool hf_pci_equal(const struct hf_pci_addr *a, const struct hf_pci_addr *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
	       a->fn == b->fn;
}

bool hf_pci_ids_equal(const struct hf_pci_ids *a, const struct hf_pci_ids *b)
{
	return a->vendor == b->vendor && a->device == b->device &&
	       a->subsystem_vendor == b->subsystem_vendor &&
	       a->subsystem_device == b->subsystem_device &&
	       a->revision == b->revision && a->class_code == b->class_code;
}

static int read_hex(const char *bdf, const char *attr, uint32_t *val)
{
	char path[96], buf[32], *end;
	unsigned long v;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	buf[n] = '\0';
	errno = 0;
	v = strtoul(buf, &end, 16);
	if (errno || end == buf || v > UINT32_MAX)
		return -EIO;
	*val = (uint32_t)v;
	return 0;
}

int hf_pci_read_ids(const struct hf_pci_addr *addr, struct hf_pci_ids *ids,
		    struct hf_error *err)
{
	const struct {
		const char *attr;
		uint32_t *val;
	} list[] = {
		{ "vendor", &ids->vendor },
		{ "device", &ids->device },
		{ "subsystem_vendor", &ids->subsystem_vendor },
		{ "subsystem_device", &ids->subsystem_device },
		{ "revision", &ids->revision },
		{ "class", &ids->class_code },
	};
	char bdf[HF_PCI_ADDR_LEN];
	unsigned int i;
	int ret;

	hf_pci_format(addr, bdf);
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		ret = read_hex(bdf, list[i].attr, list[i].val);
		if (ret == -ENOENT)
			return hf_fail(err, -ENODEV,
				       "there is no PCI device %s", bdf);
		if (ret)
			return hf_fail(err, ret, "PCI device %s: cannot read %s: %s",
				       bdf, list[i].attr, strerror(-ret));
	}
	return 0;
}

void hf_pci_driver(const struct hf_pci_addr *addr, char *buf, int len)
{
	char path[96], link[PATH_MAX], bdf[HF_PCI_ADDR_LEN], *slash;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver",
		 hf_pci_format(addr, bdf));
	buf[0] = '\0';
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return;
	link[n] = '\0';
	slash = strrchr(link, '/');
	snprintf(buf, (size_t)len, "%s", slash ? slash + 1 : link);
}
