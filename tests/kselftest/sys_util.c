// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/kexec.h>
#include <linux/reboot.h>

#include "util.h"

int memfd_filled(size_t size)
{
	int fd = memfd_create("kselftest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char page[PAGE_SIZE];
	size_t pos;

	if (fd < 0)
		return -errno;
	memset(page, 0x5a, sizeof(page));
	for (pos = 0; pos < size; pos += PAGE_SIZE) {
		if (pwrite(fd, page, PAGE_SIZE, pos) == (ssize_t)PAGE_SIZE)
			continue;
		close(fd);
		return -ENOSPC;
	}
	return fd;
}

void *anon_pages(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
}

static void ignore_signal(int signal __attribute__((unused)))
{
}

int poison_page(void *addr)
{
	/* Who says so is told as if it had used the page. SIG_IGN would not do */
	const struct sigaction ignore = { .sa_handler = ignore_signal };
	struct sigaction before;
	int rc = 0;

	if (sigaction(SIGBUS, &ignore, &before))
		return -errno;
	/* A page that is pinned cannot be isolated: EBUSY. It counts as bad all the same */
	if (madvise(addr, PAGE_SIZE, MADV_HWPOISON) && errno != EBUSY)
		rc = errno == EINVAL ? -EOPNOTSUPP : -errno;
	sigaction(SIGBUS, &before, NULL);
	return rc;
}

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		return -errno;
	return fd;
}

bool kmsg_has(int kmsg, const char *text)
{
	char line[8192];
	ssize_t len;

	/* EPIPE: lines were lost, go on with the next one */
	while ((len = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[len > 0 ? len : 0] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

pid_t keep_doing(void (*work)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent) {
		work(arg);
		sched_yield();
	}
	_exit(0);
}

int stop_doing(pid_t pid)
{
	int status;

	if (kill(pid, SIGKILL) || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : -EINTR;
}

int cap_effective(unsigned int cap, bool effective)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	const __u32 bit = CAP_TO_MASK(cap);

	if (syscall(SYS_capget, &hdr, data))
		return -errno;
	if (effective)
		data[CAP_TO_INDEX(cap)].effective |= bit;
	else
		data[CAP_TO_INDEX(cap)].effective &= ~bit;
	return syscall(SYS_capset, &hdr, data) ? -errno : 0;
}

int cap_sys_rawio(bool effective)
{
	return cap_effective(CAP_SYS_RAWIO, effective);
}

int kexec_image_load(void)
{
	/* cli; 1: hlt; jmp 1b */
	static const unsigned char halt[] = { 0xfa, 0xf4, 0xeb, 0xfd };
	struct kexec_segment segment = {
		.buf = halt,
		.bufsz = sizeof(halt),
		.mem = (void *)0x1000000,
		.memsz = PAGE_SIZE,
	};

	return syscall(SYS_kexec_load, segment.mem, 1UL, &segment, (unsigned long)KEXEC_ARCH_DEFAULT) ?
		-errno : 0;
}

static int kexec_image_open(void)
{
	const char *image = getenv("KEXEC_IMAGE");
	struct utsname name;
	char path[256];
	int fd;

	if (image) {
		fd = open(image, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	fd = open("/boot/vmlinuz", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	uname(&name);
	snprintf(path, sizeof(path), "/boot/vmlinuz-%s", name.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kexec_image_file_load(void)
{
	/* Should it ever be started: it has no init, and comes to an end */
	static const char cmdline[] = "panic=-1";
	int fd = kexec_image_open();
	int rc = 0;

	if (fd < 0)
		return fd;
	if (syscall(SYS_kexec_file_load, fd, -1, sizeof(cmdline), cmdline,
		    (unsigned long)KEXEC_FILE_NO_INITRAMFS))
		rc = -errno;
	close(fd);
	return rc;
}

int kexec_image_unload(void)
{
	return syscall(SYS_kexec_load, 0UL, 0UL, NULL, (unsigned long)KEXEC_ARCH_DEFAULT) ? -errno : 0;
}

int kexec_reboot(void)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL) ?
		-errno : 0;
}
