// SPDX-License-Identifier: GPL-2.0-only
/* The kernel that runs: can it hand over, and may we ask it to? */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libfdt.h>
#include <linux/capability.h>

#include <holdfast/cmdline.h>
#include <holdfast/proc.h>

#include <decode/abi.h>
#include <root.h>

#include "preflight.h"

#define DEBUG_KHO "/sys/kernel/debug/kho"

static void check_switches(const struct hk_preflight *q, struct hk_report *r)
{
	char line[4096];

	if (hk_root_has(q->root, "/dev/liveupdate"))
		return;
	hk_root_read(q->root, "/proc/cmdline", line, sizeof(line));
	if (!hf_cmdline_bool(line, "kho", false))
		hk_found(r, HK_ERROR, "kho-off", "boot it with \"kho=on liveupdate=on\"",
			 "kexec handover is off in this kernel, and there is no /dev/liveupdate");
	else if (!hf_cmdline_bool(line, "liveupdate", false))
		hk_found(r, HK_ERROR, "liveupdate-off", "boot it with \"kho=on liveupdate=on\"",
			 "live update is off in this kernel: there is no /dev/liveupdate");
	else
		hk_found(r, HK_ERROR, "liveupdate-missing",
			 "take a kernel with CONFIG_LIVEUPDATE; if it has that, look for \"KHO:\" and \"luo\" in dmesg",
			 "there is no /dev/liveupdate, although kho=on and liveupdate=on were given");
}

static void check_modules(const struct hk_preflight *q, struct hk_report *r)
{
	char val[8];

	if (!hk_root_has(q->root, "/dev/iommu") &&
	    !hk_root_has(q->root, "/sys/module/iommufd"))
		hk_found(r, HK_ERROR, "no-iommufd",
			 "load it (modprobe iommufd), or take a kernel with CONFIG_IOMMUFD",
			 "there is no iommufd");
	if (!hk_root_has(q->root, "/sys/bus/pci/drivers/vfio-pci"))
		hk_found(r, HK_ERROR, "no-vfio",
			 "load it (modprobe vfio-pci), or take a kernel with CONFIG_VFIO_PCI",
			 "there is no vfio-pci");
	else if (hk_root_read(q->root, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
			      val, sizeof(val)) < 1 || *val != 'Y')
		hk_found(r, HK_ERROR, "noiommu-off",
			 "boot with vfio.enable_unsafe_noiommu_mode=1, or echo Y >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
			 "devices without an IOMMU are not allowed in this kernel (vfio.enable_unsafe_noiommu_mode)");
}

/* What this program reads and what this kernel writes may be of two minds. */
static void check_version(const struct hk_preflight *q, struct hk_report *r)
{
	char fdt[4096 + 1], luo[64];
	const char *kho;
	ssize_t n;
	int len;

	/* The tree in debugfs may be cut off; its first property is whole. */
	n = hk_root_read(q->root, DEBUG_KHO "/out/fdt", fdt, sizeof(fdt));
	kho = n > 0 ? memmem(fdt, (size_t)n, "kho-v", 5) : NULL;
	len = kho ? (int)strnlen(kho, (size_t)(fdt + n - kho)) : 0;
	if (kho && strncmp(kho, HK_KHO_COMPATIBLE, sizeof(fdt) - (size_t)(kho - fdt)))
		hk_found(r, HK_WARNING, "agent-version",
			 "use the holdfast that belongs to this kernel",
			 "this kernel's handover is \"%.*s\", this program knows \"%s\"",
			 len, kho, HK_KHO_COMPATIBLE);
	n = hk_root_read(q->root, DEBUG_KHO "/out/sub_fdts/LUO", luo, sizeof(luo));
	if (n >= 8 && strcmp(luo, HK_LUO_COMPATIBLE))
		hk_found(r, HK_WARNING, "agent-version",
			 "use the holdfast that belongs to this kernel",
			 "this kernel's Live Update Orchestrator is \"%.8s\", this program knows \"%s\"",
			 luo, HK_LUO_COMPATIBLE);
}

static void check_kexec(const struct hk_preflight *q, struct hk_report *r)
{
	char val[128];

	if (hk_root_read(q->root, "/proc/sys/kernel/kexec_load_disabled", val,
			 sizeof(val)) > 0 && *val == '1')
		hk_found(r, HK_ERROR, "kexec-disabled",
			 "it stays so until the next boot: do not set the sysctl",
			 "kexec is switched off (sysctl kernel.kexec_load_disabled)");
	if (hk_root_read(q->root, "/sys/kernel/security/lockdown", val,
			 sizeof(val)) > 0 && !strstr(val, "[none]"))
		hk_found(r, HK_WARNING, "lockdown",
			 "boot without lockdown= if holdfast inspect is wanted",
			 "this kernel is locked down (%s): only signed kernels can be loaded, and devices without an IOMMU may be refused",
			 val);
	/*
	 * Flags that do not exist are refused after the right to ask, and before
	 * anything else: nothing can come of it.
	 */
	if (!*q->root &&
	    syscall(SYS_kexec_file_load, -1, -1, 0, NULL, ~0ul) && errno == ENOSYS)
		hk_found(r, HK_ERROR, "no-kexec-file",
			 "take a kernel with CONFIG_KEXEC_FILE",
			 "this kernel cannot load another one by file, and in no other way is anything handed over");
}

void hk_check_kernel(const struct hk_preflight *q, struct hk_report *r)
{
	check_switches(q, r);
	check_modules(q, r);
	check_version(q, r);
	check_kexec(q, r);
}

void hk_check_rights(const struct hk_preflight *q, struct hk_report *r)
{
	static const struct {
		int cap;
		const char *name, *what;
	} caps[] = {
		{ CAP_SYS_BOOT, "CAP_SYS_BOOT", "to load a kernel and to start it" },
		{ CAP_SYS_RAWIO, "CAP_SYS_RAWIO", "for devices without an IOMMU" },
		{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "to take descriptors from drivers" },
		{ CAP_IPC_LOCK, "CAP_IPC_LOCK", "to keep what holds the session in memory" },
	};
	size_t i;

	for (i = 0; !*q->root && i < sizeof(caps) / sizeof(caps[0]); i++)
		if (!hf_proc_has_cap(caps[i].cap))
			hk_found(r, HK_ERROR, "no-capability", "run this as root",
				 "%s is missing: it is needed %s", caps[i].name,
				 caps[i].what);
}

static void check_watchdog(const struct hk_preflight *q, const char *name,
			   struct hk_report *r)
{
	char path[PATH_MAX], state[32], identity[64], timeout[16];

	snprintf(path, sizeof(path), "/sys/class/watchdog/%s/state", name);
	hk_root_read(q->root, path, state, sizeof(state));
	if (strcmp(state, "active"))
		return;
	snprintf(path, sizeof(path), "/sys/class/watchdog/%s/identity", name);
	hk_root_read(q->root, path, identity, sizeof(identity));
	/* It dies with this kernel. */
	if (!strcmp(identity, "Software Watchdog"))
		return;
	snprintf(path, sizeof(path), "/sys/class/watchdog/%s/timeout", name);
	hk_root_read(q->root, path, timeout, sizeof(timeout));
	hk_found(r, HK_WARNING, "watchdog",
		 "stop it, or give it more time (systemd: RebootWatchdogSec= and RuntimeWatchdogSec=), and load its driver early in the next kernel",
		 "hardware watchdog %s (%s) is running: it resets the machine unless the next kernel serves it within %s s",
		 name, identity, *timeout ? timeout : "?");
}

/* Older ones do not know -s. Nothing of ours needs it, systemctl kexec does. */
#define TOOLS_MAJOR	2
#define TOOLS_PATCH	7

static void check_tools(struct hk_report *r)
{
	static const char *const at[] = {
		"/sbin/kexec", "/usr/sbin/kexec", "/bin/kexec", "/usr/bin/kexec",
	};
	unsigned int a = 0, b = 0, c = 0;
	char line[128] = "", command[64];
	size_t i;
	FILE *f;

	for (i = 0; i < sizeof(at) / sizeof(at[0]) && access(at[i], X_OK); i++)
		;
	if (i == sizeof(at) / sizeof(at[0])) {
		hk_found(r, HK_WARNING, "no-tools", "install kexec-tools",
			 "kexec-tools is not installed: \"holdfast kexec --load\" does without, \"systemctl kexec\" does not");
		return;
	}
	snprintf(command, sizeof(command), "%s --version 2>&1", at[i]);
	f = popen(command, "r");
	if (!f)
		return;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	pclose(f);
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "kexec-tools %u.%u.%u", &a, &b, &c) != 3)
		hk_found(r, HK_WARNING, "tools-unknown",
			 "load the next kernel by \"holdfast kexec --load\", or install kexec-tools",
			 "%s does not say that it is of kexec-tools: \"%s\"", at[i],
			 line);
	else if (a < TOOLS_MAJOR || (a == TOOLS_MAJOR && !b && c < TOOLS_PATCH))
		hk_found(r, HK_WARNING, "tools-old",
			 "load the next kernel by \"holdfast kexec --load\", or install a newer kexec-tools",
			 "kexec-tools %u.%u.%u cannot load a kernel by file (-s)",
			 a, b, c);
}

void hk_check_system(const struct hk_preflight *q, struct hk_report *r)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	if (!*q->root)
		check_tools(r);
	snprintf(path, sizeof(path), "%.4000s/sys/class/watchdog", q->root);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (!strncmp(e->d_name, "watchdog", 8) &&
		    strlen(e->d_name) < 32)
			check_watchdog(q, e->d_name, r);
	if (dir)
		closedir(dir);
}
