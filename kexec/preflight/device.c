// SPDX-License-Identifier: GPL-2.0-only
/* Devices that drivers in userspace have: can they be carried, who else wants them? */
#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <holdfast/pci.h>
#include <holdfast/proc.h>

#include <root.h>

#include "preflight.h"

#define PCI	"/sys/bus/pci/devices"

/* A file of a device */
static ssize_t attribute(const struct hk_preflight *q, const char *bdf,
			 const char *name, char *buf, size_t len)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI "/%s/%s", bdf, name);
	return hk_root_read(q->root, path, buf, len);
}

static bool has(const struct hk_preflight *q, const char *bdf, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI "/%s/%s", bdf, name);
	return hk_root_has(q->root, path);
}

/* What pci_liveupdate_preserve() refuses, as far as it shows from outside */
static void check_kind(const struct hk_preflight *q, const char *bdf,
		       const struct hf_pci_addr *addr, struct hk_report *r)
{
	unsigned long class;
	char val[64];

	if (has(q, bdf, "physfn"))
		hk_found(r, HK_ERROR, "device-virtual",
			 "give the driver a physical function",
			 "device %s is a virtual function: they are not carried",
			 bdf);
	if (attribute(q, bdf, "sriov_numvfs", val, sizeof(val)) > 0 &&
	    strcmp(val, "0"))
		hk_found(r, HK_ERROR, "device-virtual",
			 "echo 0 to its sriov_numvfs",
			 "device %s has %s virtual functions: such devices are not carried",
			 bdf, val);
	attribute(q, bdf, "class", val, sizeof(val));
	class = strtoul(val, NULL, 16) >> 8;
	if (class == 0x0300 || class == 0x0c03)
		hk_found(r, HK_ERROR, "device-class",
			 "such a device cannot be kept running; give it back before the update",
			 "device %s is a %s: early boot of the next kernel would touch it",
			 bdf, class == 0x0300 ? "VGA controller" :
			 "USB host controller");
	/* One that nobody has open sleeps, and is not carried. */
	if (attribute(q, bdf, "power_state", val, sizeof(val)) > 0 &&
	    strcmp(val, "D0") &&
	    (*q->root || hf_proc_find_device(addr, NULL, 0)))
		hk_found(r, HK_ERROR, "device-sleeps",
			 "keep it awake: echo on to its power/control, and no VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY",
			 "device %s is in power state %s", bdf, val);
}

static bool any_iommu(const struct hk_preflight *q)
{
	char path[PATH_MAX];
	bool found = false;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%.4000s/sys/class/iommu", q->root);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir)))
		found = e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return found;
}

/* "alias PATTERN MODULE", from depmod; the first other than vfio's own */
static bool native_driver(const char *modules, const char *modalias, char *name,
			  size_t len)
{
	char path[PATH_MAX], line[1024], pattern[512], module[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%.4000s/modules.alias", modules);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "alias %511s %127s", pattern, module) != 2 ||
		    strncmp(pattern, "pci:", 4) || !strncmp(module, "vfio", 4) ||
		    fnmatch(pattern, modalias, 0))
			continue;
		snprintf(name, len, "%s", module);
		found = true;
	}
	fclose(f);
	return found;
}

static void check_native(const struct hk_preflight *q, const char *bdf,
			 const char *modules, struct hk_report *r)
{
	char modalias[256], name[128];

	if (attribute(q, bdf, "modalias", modalias, sizeof(modalias)) <= 0)
		return;
	if (native_driver(modules, modalias, name, sizeof(name)))
		hk_found(r, HK_ERROR, "native-driver",
			 "take a kernel with the holdfast series: it keeps native drivers off devices that run",
			 "nothing keeps the next kernel's driver %s off device %s, which it would reset",
			 name, bdf);
}

static void check_device(const struct hk_preflight *q, const char *bdf,
			 const struct hf_pci_addr *addr, bool protected, const char *modules, bool iommu,
			 struct hk_report *r)
{
	if (iommu && has(q, bdf, "iommu_group"))
		hk_found(r, HK_ERROR, "device-iommu",
			 "boot with the IOMMU off (intel_iommu=off, amd_iommu=off), or update such devices by other means",
			 "device %s is behind an IOMMU: only devices without one are carried",
			 bdf);
	if (!has(q, bdf, "vfio-dev"))
		hk_found(r, HK_ERROR, "device-no-cdev",
			 "take a kernel with CONFIG_VFIO_DEVICE_CDEV",
			 "device %s has no file of its own in /dev/vfio/devices: a VFIO group cannot be carried",
			 bdf);
	check_kind(q, bdf, addr, r);
	if (!protected && *modules)
		check_native(q, bdf, modules, r);
}

void hk_check_devices(const struct hk_preflight *q, bool protected,
		      const char *modules, struct hk_report *r)
{
	char path[PATH_MAX], driver[64];
	bool iommu = any_iommu(q);
	struct hf_pci_addr addr;
	struct dirent *e;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%.4000s" PCI, q->root);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (hf_pci_parse(e->d_name, &addr))
			continue;
		snprintf(path, sizeof(path), PCI "/%s/driver", e->d_name);
		hk_root_link(q->root, path, driver, sizeof(driver));
		if (strcmp(driver, "vfio-pci"))
			continue;
		n++;
		check_device(q, e->d_name, &addr, protected, modules, iommu, r);
	}
	if (dir)
		closedir(dir);
	if (!n)
		hk_found(r, HK_WARNING, "no-device",
			 "bind the devices of your drivers to vfio-pci",
			 "no device is bound to vfio-pci: there is none to keep running");
}
