// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kexec.h>

#include <holdfast/klog.h>

#include "cmdline.h"
#include "load.h"
#include "root.h"

bool hk_image_is_loaded(const char *root)
{
	char c[2];

	return hk_root_read(root, "/sys/kernel/kexec_loaded", c, sizeof(c)) == 1 &&
	       c[0] == '1';
}

char *hk_image_cmdline(const struct hk_image *im, const char *root,
		       struct hf_error *err)
{
	char own[HK_CMDLINE_MAX + 1] = "";
	ssize_t n;

	if (!im->reuse)
		return hk_cmdline_next(im->append ? im->append : "", err);
	n = hk_root_read(root, "/proc/cmdline", own, sizeof(own));
	if (n < 0) {
		hf_fail(err, (int)n, "/proc/cmdline: %s", strerror((int)-n));
		return NULL;
	}
	return hk_cmdline_next(own, err);
}

static int open_file(const char *path, const char *what, struct hf_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return hf_fail(err, -errno, "cannot open the %s %s: %s", what,
			       path, strerror(errno));
	return fd;
}

static int explain(const struct hk_image *im, int code, int mark,
		   struct hf_error *err)
{
	const char *why;
	char log[512];

	switch (code) {
	case ENOEXEC:
		why = "the kernel that runs cannot load it by file: it is no kernel image for this machine, or damaged";
		break;
	case EPERM:
		why = "CAP_SYS_BOOT is missing, or kexec is off (sysctl kernel.kexec_load_disabled, or lockdown)";
		break;
	case ENOSYS:
		why = "the kernel that runs has no CONFIG_KEXEC_FILE";
		break;
	case EKEYREJECTED:
	case ENOKEY:
	case ENODATA:
		why = "its signature is missing or not trusted (CONFIG_KEXEC_SIG): sign it, or take one of the distribution's";
		break;
	case EBUSY:
		why = "somebody else is loading a kernel just now: try again";
		break;
	case ENOMEM:
	case EADDRNOTAVAIL:
		why = "there is no room for it: with kexec handover it is put into scratch, see kho_scratch=";
		break;
	default:
		why = strerror(code);
	}
	hf_fail(err, -code, "the kernel %s was not loaded: %s", im->kernel, why);
	hf_klog_since(mark, log, sizeof(log));
	if (*log)
		hf_fail_add(err, "kernel: %s", log);
	return -code;
}

int hk_image_load(const struct hk_image *im, struct hf_error *err)
{
	int kernel, initrd = -1, ret, mark;
	unsigned long flags = 0;
	char *cmdline;

	cmdline = hk_image_cmdline(im, "", err);
	if (!cmdline)
		return -EINVAL;
	kernel = open_file(im->kernel, "kernel", err);
	ret = kernel < 0 ? kernel : 0;
	if (!ret && im->initrd) {
		initrd = open_file(im->initrd, "initramfs", err);
		ret = initrd < 0 ? initrd : 0;
	}
	if (!im->initrd)
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (!ret) {
		mark = hf_klog_mark();
		if (syscall(SYS_kexec_file_load, kernel, initrd,
			    strlen(cmdline) + 1, cmdline, flags))
			ret = explain(im, errno, mark, err);
		else if (mark >= 0)
			close(mark);
	}
	if (kernel >= 0)
		close(kernel);
	if (initrd >= 0)
		close(initrd);
	free(cmdline);
	return ret;
}

int hk_image_unload(struct hf_error *err)
{
	if (!syscall(SYS_kexec_file_load, -1, -1, 0ul, NULL,
		     (unsigned long)KEXEC_FILE_UNLOAD))
		return 0;
	return hf_fail(err, -errno, "the loaded kernel could not be unloaded: %s",
		       strerror(errno));
}
