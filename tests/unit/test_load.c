// SPDX-License-Identifier: GPL-2.0-only
/* Loading the next kernel: its command line, and what the kernel says of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kexec.h>

#include <cmdline.h>
#include <load.h>

#include "ktap.h"

#define ALL "kho=on kho=require liveupdate=on vfio.enable_unsafe_noiommu_mode=1"

static void next_is(const char *base, const char *want)
{
	struct hf_error err = {};
	char *got = hk_cmdline_next(base, &err);

	if (!CHECK(got && !strcmp(got, want)))
		printf("# \"%s\" gives \"%s\" %s\n", base, got ? got : "", err.text);
	free(got);
}

static void next_is_not(const char *base, const char *why)
{
	struct hf_error err = {};

	CHECK(!hk_cmdline_next(base, &err));
	CHECK_HAS(err.text, why);
}

static void completed(void)
{
	next_is("", ALL);
	next_is("  ro   quiet\n", "ro quiet " ALL);
	next_is("ro " ALL, "ro " ALL);
	next_is("kho=on liveupdate=1", "kho=on liveupdate=1 kho=require vfio.enable_unsafe_noiommu_mode=1");
	next_is("kho=require liveupdate=on vfio.enable-unsafe-noiommu-mode",
		"kho=require liveupdate=on vfio.enable-unsafe-noiommu-mode");
	/* The last one counts */
	next_is("kho=require kho=on liveupdate=off liveupdate=y vfio.enable_unsafe_noiommu_mode=Y",
		"kho=require kho=on liveupdate=off liveupdate=y vfio.enable_unsafe_noiommu_mode=Y kho=require");
	next_is("BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1", "root=/dev/vda1 " ALL);
	next_is("root=/dev/vda1 -- single kho=off BOOT_IMAGE=x",
		"root=/dev/vda1 " ALL " -- single kho=off BOOT_IMAGE=x");
	next_is("-- single", ALL " -- single");
	next_is("dyndbg=\"file a.c +p -- kho=off\"", "dyndbg=\"file a.c +p -- kho=off\" " ALL);
}

static void forbidden(void)
{
	char big[HK_CMDLINE_MAX], *got;

	next_is_not("kho=off", "\"kho=off\": with that it cannot take over");
	next_is_not("kho", "\"kho=\"");
	next_is_not("kho=on liveupdate=0", "\"liveupdate=0\"");
	next_is_not("vfio.enable_unsafe_noiommu_mode=N", "leave it out");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	next_is_not(big, "it takes up to 2047: shorten it");
	big[sizeof(big) - 1 - sizeof(ALL)] = '\0';
	got = hk_cmdline_next(big, NULL);
	CHECK(got && strlen(got) == HK_CMDLINE_MAX - 1);
	free(got);
}

/* --- the kernel's side ---------------------------------------------------- */

static int code;		/* what it answers */
static char given[HK_CMDLINE_MAX];
static unsigned long flags;
static bool with_initrd;
static int calls;

long __wrap_syscall(long nr, ...);
long __real_syscall(long nr, ...);

long __wrap_syscall(long nr, ...)
{
	unsigned long len;
	va_list ap;
	int fd;

	if (nr != SYS_kexec_file_load)
		return -1;
	calls++;
	va_start(ap, nr);
	fd = va_arg(ap, int);
	CHECK(fcntl(fd, F_GETFD) >= 0);
	fd = va_arg(ap, int);
	with_initrd = fd >= 0 && fcntl(fd, F_GETFD) >= 0;
	len = va_arg(ap, unsigned long);
	snprintf(given, sizeof(given), "%s", va_arg(ap, char *));
	CHECK(strlen(given) + 1 == len);
	flags = va_arg(ap, unsigned long);
	va_end(ap);
	errno = code;
	return code ? -1 : 0;
}

static void loaded(void)
{
	struct hk_image im = { .kernel = "/proc/self/exe", .append = "ro" };
	struct hf_error err = {};
	int before = dup(0);

	close(before);
	code = 0;
	CHECK(!hk_image_load(&im, &err));
	CHECK(!strcmp(given, "ro " ALL) && flags == KEXEC_FILE_NO_INITRAMFS &&
	      !with_initrd);
	im.initrd = "/proc/self/exe";
	im.append = NULL;
	CHECK(!hk_image_load(&im, &err));
	CHECK(!strcmp(given, ALL) && !flags && with_initrd);
	im.append = "kho=off";
	calls = 0;
	CHECK(hk_image_load(&im, &err) == -EINVAL);
	im.append = "ro";
	im.kernel = "/nonexistent/vmlinuz";
	CHECK(hk_image_load(&im, &err) == -ENOENT);
	CHECK_HAS(err.text, "cannot open the kernel /nonexistent/vmlinuz");
	im.kernel = "/proc/self/exe";
	im.initrd = "/nonexistent/initrd";
	CHECK(hk_image_load(&im, &err) == -ENOENT);
	CHECK_HAS(err.text, "initramfs /nonexistent/initrd");
	CHECK(!calls);
	/* Nothing is left open */
	CHECK(dup(0) == before);
	close(before);
}

static void refused(void)
{
	static const struct {
		int code;
		const char *why;
	} list[] = {
		{ ENOEXEC, "no kernel image" }, { EPERM, "CAP_SYS_BOOT" },
		{ ENOSYS, "CONFIG_KEXEC_FILE" }, { EKEYREJECTED, "signature" },
		{ EBUSY, "try again" }, { EADDRNOTAVAIL, "kho_scratch=" },
		{ EIO, "Input/output error" },
	};
	struct hk_image im = { .kernel = "/proc/self/exe", .append = "" };
	struct hf_error err;
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		code = list[i].code;
		CHECK(hk_image_load(&im, &err) == -code);
		CHECK_HAS(err.text, "the kernel /proc/self/exe was not loaded");
		CHECK_HAS(err.text, list[i].why);
	}
}

static const struct ktap_test tests[] = {
	{ "command line: what is missing is added", completed },
	{ "command line: what must not be in it", forbidden },
	{ "an image is loaded by file", loaded },
	{ "each refusal in words", refused },
};

KTAP_MAIN(tests)
