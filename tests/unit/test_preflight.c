// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preflight, with a machine made of files: where nothing is wrong it finds nothing,
 * and each thing that is wrong it finds, by its name, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <preflight/bzimage.h>
#include <preflight/preflight.h>

#include "ktap.h"

#define DEV	"/sys/bus/pci/devices/0000:01:00.0"
#define KHO	"/sys/kernel/debug/kho/out"

static char root[] = "/tmp/hf-preflight-XXXXXX";
static char image[64], initrd[64];

static void remove_all(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (system(command))
		printf("# %s is left over\n", root);
}

static const char *at(const char *path)
{
	static char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return full;
}

static void make_parents(const char *path)
{
	char dir[PATH_MAX], *p;

	snprintf(dir, sizeof(dir), "%s", path);
	for (p = dir + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(dir, 0755);
		*p = '/';
	}
}

static void put_bytes(const char *path, const void *data, size_t len)
{
	FILE *f;

	make_parents(at(path));
	f = fopen(at(path), "w");
	CHECK(f && fwrite(data, 1, len, f) == len);
	if (f)
		fclose(f);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static void drop(const char *path)
{
	if (remove(at(path)))
		printf("# %s: %s\n", path, strerror(errno));
}

/* --- an image --------------------------------------------------------------- */

#define ALL_ABIS "kho-v4\0luo-v5\0memfd-v2\0\xffpci-noiommu-v1\0" \
	"iommufd-noiommu-v3\0vfio-pci-noiommu-v2\0KHO: nothing was handed over\0"

enum packing { GZIP, XZ, ZSTD, LZ4, PLAIN };

static size_t pack(enum packing how, const void *in, size_t len, uint8_t *out,
		   size_t size)
{
	z_stream z = {};
	size_t n = 0;
	uint32_t head[2];

	switch (how) {
	case GZIP:
		deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
		z.next_in = (void *)in;
		z.avail_in = (uInt)len;
		z.next_out = out;
		z.avail_out = (uInt)size;
		CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
		n = size - z.avail_out;
		deflateEnd(&z);
		return n;
	case XZ:
		CHECK(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, in, len,
					      out, &n, size) == LZMA_OK);
		return n;
	case ZSTD:
		return ZSTD_compress(out, size, in, len, 3);
	case LZ4:
		n = (size_t)LZ4_compress_default(in, (char *)out + 8, (int)len,
						 (int)size - 8);
		head[0] = 0x184c2102;
		head[1] = (uint32_t)n;
		memcpy(out, head, 8);
		return n + 8;
	default:
		memcpy(out, in, len);
		return len;
	}
}

/* Writes an image whose kernel has @text in it. @change: of the finished file */
static void make_image(enum packing how, const char *text, size_t len,
		       void (*change)(uint8_t *file))
{
	static uint8_t file[64 << 10], elf[32 << 10];
	uint8_t *payload = file + 5 * 512 + 256;
	uint32_t val;
	size_t n;

	memset(file, 0, sizeof(file));
	memset(elf, 0, sizeof(elf));
	memcpy(elf, "\177ELF", 4);
	memcpy(elf + 1000, text, len);
	n = pack(how, elf, sizeof(elf), payload, 48 << 10);
	file[0x1f1] = 4;
	file[0x1fe] = 0x55;
	file[0x1ff] = 0xaa;
	memcpy(file + 0x202, "HdrS\x0f\x02", 6);
	file[0x20f] = 1;		/* release at 0x300 */
	file[0x211] = 1;
	file[0x236] = 0x7f;
	val = 256;
	memcpy(file + 0x248, &val, 4);
	val = (uint32_t)n + 4;		/* the size that is appended */
	memcpy(file + 0x24c, &val, 4);
	val = 24 << 20;
	memcpy(file + 0x260, &val, 4);
	strcpy((char *)file + 0x300, "7.3.4-next (x@y) #1");
	if (change)
		change(file);
	put_bytes("/vmlinuz", file, sizeof(file));
}

/* --- a machine in which nothing is wrong -------------------------------------- */

static void make_machine(void)
{
	put("/dev/liveupdate", "");
	put("/dev/iommu", "");
	put("/proc/cmdline", "ro kho=on liveupdate=on pci=nommconf vfio.enable_unsafe_noiommu_mode=1\n");
	put("/proc/meminfo", "MemTotal:        2048000 kB\nMemFree: 1 kB\n");
	put("/proc/cpuinfo", "flags\t\t: fpu vme\n");
	put("/proc/sys/kernel/kexec_load_disabled", "0\n");
	put("/sys/kernel/kexec_loaded", "0\n");
	put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	put("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	put("/sys/bus/pci/drivers/vfio-pci/bind", "");
	put(DEV "/class", "0x020000\n");
	put(DEV "/power_state", "D0\n");
	put(DEV "/sriov_numvfs", "0\n");
	put(DEV "/modalias", "pci:v00008086d000010C9sv00008086sd0000A03Cbc02sc00i00\n");
	put(DEV "/vfio-dev/vfio0/dev", "");
	unlink(at(DEV "/driver"));
	CHECK(!symlink("../../drivers/vfio-pci", at(DEV "/driver")));
	put("/sys/bus/pci/devices/0000:00:1f.2/class", "0x010601\n");
	put(KHO "/scratch_phys", "0x72000000\n0x10000000\n");
	put(KHO "/scratch_len", "0x8000000\n0x4000000\n");
	put_bytes(KHO "/fdt", "....kho-v4\0....", 15);
	put_bytes(KHO "/sub_fdts/LUO", "luo-v5\0\0................", 24);
	put("/sys/class/watchdog/watchdog0/state", "inactive\n");
	put("/sys/class/watchdog/watchdog0/identity", "iTCO_wdt\n");
	put("/sys/class/watchdog/watchdog0/timeout", "30\n");
	put("/lib/modules/7.3.4-next/modules.alias",
	    "# Aliases\nalias pci:v00008086d000010C9sv*sd*bc*sc*i* igb\n"
	    "alias pci:v*d*sv*sd*bc*sc*i* vfio_pci\n");
	put("/initrd", "an initramfs\n");
	make_image(ZSTD, ALL_ABIS, sizeof(ALL_ABIS), NULL);
}

static struct hk_preflight good_question(void)
{
	return (struct hk_preflight){
		.root = root,
		.image = { .kernel = image, .initrd = initrd, .reuse = true },
	};
}

static struct hk_preflight q;

/* Expects @n findings, the first of that name, with @word in it. */
static void expect(size_t n, enum hk_level level, const char *name,
		   const char *word)
{
	struct hk_report r = {};
	size_t i;

	hk_preflight(&q, &r);
	CHECK(!r.failed);
	if (!CHECK(r.n == n))
		for (i = 0; i < r.n; i++)
			printf("# %s: %s\n", r.finding[i].name, r.finding[i].what);
	for (i = 0; i < r.n && strcmp(r.finding[i].name, name); i++)
		;
	if (n && CHECK(i < r.n)) {
		CHECK(r.finding[i].level == level);
		CHECK_HAS(r.finding[i].what, word);
		CHECK(*r.finding[i].cure);
	} else if (n) {
		printf("# there is no %s\n", name);
	}
	CHECK(!r.n || (r.errors > 0) == (level == HK_ERROR));
	hk_report_free(&r);
}

/* One file is other than it should be, and then as it was. */
static void with(const char *path, const char *text, enum hk_level level,
		 const char *name, const char *word)
{
	char was[4096];
	ssize_t n = -1;
	int fd;

	fd = open(at(path), O_RDONLY);
	if (fd >= 0) {
		n = read(fd, was, sizeof(was));
		close(fd);
	}
	if (text)
		put(path, text);
	else
		drop(path);
	expect(1, level, name, word);
	if (n >= 0)
		put_bytes(path, was, (size_t)n);
	else
		drop(path);
}

static void nothing(void)
{
	q = good_question();
	expect(0, HK_ERROR, "", "");
}

static void this_kernel(void)
{
	q = good_question();
	with("/dev/liveupdate", NULL, HK_ERROR, "liveupdate-missing", "no /dev/liveupdate");
	drop("/dev/liveupdate");
	put("/proc/cmdline", "pci=nommconf kho=off vfio.enable_unsafe_noiommu_mode=1\n");
	q.image.reuse = false;
	q.image.append = "pci=nommconf";
	expect(1, HK_ERROR, "kho-off", "kexec handover is off");
	put("/proc/cmdline", "pci=nommconf kho=on vfio.enable_unsafe_noiommu_mode=1\n");
	expect(1, HK_ERROR, "liveupdate-off", "live update is off");
	make_machine();
	q = good_question();
	with("/dev/iommu", NULL, HK_ERROR, "no-iommufd", "no iommufd");
	with("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N\n", HK_ERROR,
	     "noiommu-off", "without an IOMMU are not allowed");
	with("/proc/sys/kernel/kexec_load_disabled", "1\n", HK_ERROR,
	     "kexec-disabled", "switched off");
	with(KHO "/sub_fdts/LUO", "luo-v4xx", HK_WARNING, "agent-version",
	     "\"luo-v4xx\", this program knows \"luo-v5\"");
	with(KHO "/fdt", "....kho-v9", HK_WARNING, "agent-version", "is \"kho-v9\"");
	with("/sys/class/watchdog/watchdog0/state", "active\n", HK_WARNING,
	     "watchdog", "iTCO_wdt");
	put("/sys/class/watchdog/watchdog0/identity", "Software Watchdog\n");
	put("/sys/class/watchdog/watchdog0/state", "active\n");
	expect(0, HK_ERROR, "", "");
	make_machine();
}

static void device(void)
{
	q = good_question();
	with(DEV "/class", "0x030000\n", HK_ERROR, "device-class", "VGA controller");
	with(DEV "/class", "0x0c0330\n", HK_ERROR, "device-class", "USB host");
	with(DEV "/power_state", "D3hot\n", HK_ERROR, "device-sleeps", "D3hot");
	with(DEV "/sriov_numvfs", "2\n", HK_ERROR, "device-virtual", "2 virtual functions");
	with(DEV "/physfn", "", HK_ERROR, "device-virtual", "is a virtual function");
	put("/sys/class/iommu/dmar0/x", "");
	expect(0, HK_ERROR, "", "");
	with(DEV "/iommu_group", "", HK_ERROR, "device-iommu", "behind an IOMMU");
	drop("/sys/class/iommu/dmar0/x");
	drop("/sys/class/iommu/dmar0");
	/* VFIO makes such groups for devices without one */
	put(DEV "/iommu_group", "");
	expect(0, HK_ERROR, "", "");
	drop(DEV "/iommu_group");
}

static void device_missing(void)
{
	q = good_question();
	CHECK(!rename(at(DEV "/vfio-dev"), "/tmp/hf-vfio-dev"));
	expect(1, HK_ERROR, "device-no-cdev", "no file of its own");
	rename("/tmp/hf-vfio-dev", at(DEV "/vfio-dev"));
	unlink(at(DEV "/driver"));
	expect(1, HK_WARNING, "no-device", "no device is bound");
	make_machine();
}

#define IMAGE(text) make_image(GZIP, text, sizeof(text), NULL)

static void handlers(void)
{
	char ko[] = "\177ELF....iommufd-noiommu-v3";

	q = good_question();
	IMAGE("kho-v4\0luo-v5\0memfd-v2\0pci-noiommu-v1\0iommufd-noiommu-v4\0vfio-pci-noiommu-v2\0nothing was handed over");
	expect(1, HK_ERROR, "abi-version", "iommufds as \"iommufd-noiommu-v4\", this one hands them over as \"iommufd-noiommu-v3\"");
	/* Two of them: one is enough */
	IMAGE("kho-v4\0luo-v5\0memfd-v2\0pci-noiommu-v1\0iommufd-noiommu-v4\0iommufd-noiommu-v3\0vfio-pci-noiommu-v2\0nothing was handed over");
	expect(0, HK_ERROR, "", "");
	IMAGE("kho-v4\0luo-v5\0memfd-v2\0pci-noiommu-v1\0vfio-pci-noiommu-v2\0nothing was handed over");
	expect(1, HK_ERROR, "no-handler", "cannot take over iommufds");
	/* In a module of its release, packed or not, or of a folder that is named */
	put_bytes("/lib/modules/7.3.4-next/kernel/drivers/iommu/iommufd/iommufd.ko", ko, sizeof(ko));
	expect(0, HK_ERROR, "", "");
	drop("/lib/modules/7.3.4-next/kernel/drivers/iommu/iommufd/iommufd.ko");
	put_bytes("/mods/iommufd.ko", ko, sizeof(ko));
	q.modules = "/nonexistent";
	expect(1, HK_ERROR, "no-handler", "modules in /nonexistent know");
	q.modules = strdup(at("/mods"));
	expect(0, HK_ERROR, "", "");
	free((char *)q.modules);
	q = good_question();
	/* Without the PCI part nothing keeps igb off; no string of another's end */
	IMAGE("kho-v4\0luo-v5\0memfd-v2\0iommufd-noiommu-v3\0vfio-pci-noiommu-v2\0xpci-noiommu-v1\0nothing was handed over");
	expect(2, HK_ERROR, "native-driver", "driver igb off device 0000:01:00.0");
	IMAGE("kho-v4\0luo-v5\0memfd-v2\0pci-noiommu-v1\0iommufd-noiommu-v3\0vfio-pci-noiommu-v2");
	expect(1, HK_WARNING, "no-require", "kho=require");
	IMAGE("linux");
	expect(7, HK_ERROR, "no-handler", "take over kexec handover");
	make_machine();
}

static void no_above_4g(uint8_t *file)
{
	file[0x236] = 1;
}

static void old_protocol(uint8_t *file)
{
	file[0x206] = 9;
}

static void no_5level(uint8_t *file)
{
	file[0x236] &= 0xdf;
}

static void no_magic(uint8_t *file)
{
	file[0x202] = 0;
}

static void big(uint8_t *file)
{
	file[0x263] = 0x10;
}

static void lost_payload(uint8_t *file)
{
	file[0x24b] = 0x10;
}

static void damaged_payload(uint8_t *file)
{
	memset(file + 5 * 512 + 256 + 6, 0xff, 64);
}

static void other_packing(uint8_t *file)
{
	memcpy(file + 5 * 512 + 256, "BZh9", 4);
}

#define CHANGED(how, change) make_image(how, ALL_ABIS, sizeof(ALL_ABIS), change)

static void images(void)
{
	q = good_question();
	CHANGED(GZIP, no_above_4g);
	expect(1, HK_ERROR, "image-old", "cannot be loaded by file");
	CHANGED(GZIP, old_protocol);
	expect(1, HK_ERROR, "image-old", "boot protocol 2.9");
	CHANGED(GZIP, no_5level);
	expect(0, HK_ERROR, "", "");
	with("/proc/cpuinfo", "flags : la57 la58 la57\n", HK_ERROR, "image-5level", "five levels");
	CHANGED(GZIP, no_magic);
	expect(1, HK_ERROR, "image-unreadable", "is no bzImage");
	CHANGED(GZIP, big);
	expect(1, HK_ERROR, "scratch-small", "KiB in one piece");
	CHANGED(GZIP, lost_payload);
	expect(1, HK_ERROR, "image-damaged", "does not say where");
	CHANGED(GZIP, damaged_payload);
	expect(1, HK_ERROR, "image-damaged", "packed by gzip is damaged");
	CHANGED(XZ, damaged_payload);
	expect(1, HK_ERROR, "image-damaged", "packed by xz is damaged");
	CHANGED(ZSTD, damaged_payload);
	expect(1, HK_ERROR, "image-damaged", "packed by zstd is damaged");
	CHANGED(GZIP, other_packing);
	expect(1, HK_WARNING, "image-packed", "not packed by gzip, xz,");
	CHANGED(XZ, NULL);
	expect(0, HK_ERROR, "", "");
	CHANGED(LZ4, NULL);
	expect(0, HK_ERROR, "", "");
	CHANGED(PLAIN, NULL);
	expect(0, HK_ERROR, "", "");
	put("/vmlinuz", "no image at all");
	expect(1, HK_ERROR, "image-unreadable", "is no bzImage");
	make_machine();
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	expect(2, HK_ERROR, "image-unsigned", "is not signed");
	make_machine();
	q.image.initrd = "/nonexistent";
	expect(1, HK_ERROR, "initrd-missing", "initramfs /nonexistent");
	q.image.kernel = "/nonexistent";
	q.image.initrd = NULL;
	expect(1, HK_ERROR, "image-unreadable", "No such file");
	memset(&q.image, 0, sizeof(q.image));
	expect(1, HK_WARNING, "no-image", "none is loaded");
	with("/sys/kernel/kexec_loaded", "1\n", HK_WARNING, "no-image", "nobody can see which");
}

static void command_lines(void)
{
	q = good_question();
	q.image.reuse = false;
	q.image.append = "ro";
	expect(1, HK_WARNING, "cmdline-differs", "pci=\"nommconf\" is \"\"");
	q.image.append = "pci=nommconf intel_iommu=on";
	expect(1, HK_ERROR, "cmdline-differs", "intel_iommu=\"\" is \"on\"");
	q.image.append = "pci=nommconf mem=1G";
	expect(1, HK_ERROR, "cmdline-differs", "may be missing");
	q.image.append = "pci=nommconf -- mem=1G";
	expect(0, HK_ERROR, "", "");
	q.image.append = "pci=nommconf kho=off";
	expect(1, HK_ERROR, "cmdline", "\"kho=off\"");
	q.image.append = "pci=nommconf vfio.enable_unsafe_noiommu_mode=0";
	expect(1, HK_ERROR, "cmdline", "enable_unsafe_noiommu_mode");
}

static void scratch(void)
{
	q = good_question();
	with(KHO "/scratch_len", "0x1000000\n0x1000000\n", HK_ERROR, "scratch-small", "24576 KiB in one piece");
	with(KHO "/scratch_len", "0x3000000\n0x1000000\n", HK_WARNING, "scratch-tight", "are left for the next kernel");
	q.extents = 1000000;
	with(KHO "/scratch_len", "0x6000000\n0x1000000\n", HK_ERROR, "scratch-ranges", "in 1000000 pieces");
	q = good_question();
	put(KHO "/scratch_len", "0x1800000\n0x0\n");
	expect(1, HK_ERROR, "scratch-small", "the initramfs needs");
	make_machine();
	with(KHO "/scratch_len", NULL, HK_WARNING, "scratch-unknown", "nobody tells");
}

/* The kernels that this project builds: only where they are, and named */
static void real_images(void)
{
	const char *ours = getenv("KERNEL"), *stock = getenv("KERNEL_STOCK");
	struct hk_report r = {};
	struct hk_bzimage b;
	size_t i, missing = 0;

	if (!ours || !stock || access(ours, R_OK) || access(stock, R_OK))
		SKIP("KERNEL and KERNEL_STOCK name no kernels");
	q = good_question();
	q.image.kernel = ours;
	q.image.initrd = NULL;
	CHECK(hk_check_image(&q, &b, &r));
	for (i = 0; i < r.n; i++)
		printf("# %s: %s\n", r.finding[i].name, r.finding[i].what);
	CHECK(!r.n && strstr(b.release, "-holdfast"));
	hk_bzimage_close(&b);
	hk_report_free(&r);
	q.image.kernel = stock;
	CHECK(!hk_check_image(&q, &b, &r));
	for (i = 0; i < r.n; i++)
		missing += !strcmp(r.finding[i].name, "no-handler");
	CHECK(missing == 3);
	hk_bzimage_close(&b);
	hk_report_free(&r);
}

static const struct ktap_test tests[] = {
	{ "nothing is wrong, nothing is found", nothing },
	{ "this kernel", this_kernel },
	{ "devices", device },
	{ "devices that are not there", device_missing },
	{ "handlers of the next kernel", handlers },
	{ "images", images },
	{ "command lines", command_lines },
	{ "scratch", scratch },
	{ "our own kernel, and stock", real_images },
};

int main(void)
{
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(root))
		return 1;
	snprintf(image, sizeof(image), "%s/vmlinuz", root);
	snprintf(initrd, sizeof(initrd), "%s/initrd", root);
	make_machine();
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	remove_all();
	return ret;
}
