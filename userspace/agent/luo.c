// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Live Update Orchestrator's ioctls. What their errors mean is in
 * luo_reason.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/cmdline.h>
#include <holdfast/luo.h>
#include <holdfast/proc.h>

static int explain_open(int code, struct hf_error *err)
{
	char who[64];
	int pid;

	switch (code) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		if (!hf_cmdline_is_on("kho"))
			return hf_fail(err, -code, HF_LUO_DEV
				       " does not exist: the kernel was booted without kho=on (kexec handover is off).\nBoot it with \"kho=on liveupdate=on\"");
		if (!hf_cmdline_is_on("liveupdate"))
			return hf_fail(err, -code, HF_LUO_DEV
				       " does not exist: the kernel was booted without liveupdate=on.\nBoot it with \"kho=on liveupdate=on\"");
		return hf_fail(err, -code, HF_LUO_DEV
			       " does not exist although kho=on and liveupdate=on were given: the kernel has no CONFIG_LIVEUPDATE, or kexec handover failed to start (see \"KHO:\" and \"luo\" lines in dmesg)");
	case EBUSY:
		pid = hf_proc_find_open(HF_LUO_DEV, who, sizeof(who));
		if (pid > 0)
			return hf_fail(err, -code, HF_LUO_DEV
				       " is busy: process %d (%s) has it open; only one may",
				       pid, who);
		return hf_fail(err, -code, HF_LUO_DEV
			       " is busy: another process has it open");
	case EIO:
		return hf_fail(err, -code, HF_LUO_DEV
			       ": the kernel cannot read what the previous kernel handed over (see dmesg); live update is off until the next boot");
	case EACCES:
	case EPERM:
		return hf_fail(err, -code, HF_LUO_DEV
			       ": %s: run this as root", strerror(code));
	default:
		return hf_fail(err, -code, HF_LUO_DEV ": %s", strerror(code));
	}
}

int hf_luo_open(struct hf_error *err)
{
	int fd = open(HF_LUO_DEV, O_RDWR | O_CLOEXEC);

	return fd >= 0 ? fd : explain_open(errno, err);
}

/* "memfd ring", but not "iommufd iommufd" */
static const char *label(enum hf_object kind, const char *name, char *buf,
			 size_t len)
{
	const char *what = hf_object_name(kind);

	if (!strcmp(what, name))
		return what;
	snprintf(buf, len, "%s %s", what, name);
	return buf;
}

static int fill_name(__u8 *dst, const char *name, struct hf_error *err)
{
	size_t len = strlen(name);

	if (!len || len > HF_LUO_NAME_MAX)
		return hf_fail(err, -EINVAL,
			       "session name \"%s\" must have 1 to %d bytes",
			       name, HF_LUO_NAME_MAX);
	memcpy(dst, name, len + 1);
	return 0;
}

int hf_luo_create_session(int luo, const char *name, struct hf_error *err)
{
	struct liveupdate_ioctl_create_session arg = {
		.size = sizeof(arg),
	};
	int ret = fill_name(arg.name, name, err);

	if (ret)
		return ret;
	if (!ioctl(luo, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg))
		return arg.fd;
	ret = -errno;
	if (ret == -EEXIST)
		return hf_fail(err, ret,
			       "session \"%s\" exists already: another process holds it; take another --session name or end that process",
			       name);
	return hf_fail(err, ret, "cannot create session \"%s\": %s", name,
		       strerror(-ret));
}

int hf_luo_retrieve_session(int luo, const char *name, struct hf_error *err)
{
	struct liveupdate_ioctl_retrieve_session arg = {
		.size = sizeof(arg),
	};
	int ret = fill_name(arg.name, name, err);

	if (ret)
		return ret;
	if (!ioctl(luo, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &arg))
		return arg.fd;
	ret = -errno;
	if (ret == -ENOENT)
		return hf_fail(err, ret,
			       "nothing to restore: the previous kernel left no session \"%s\", or it is finished",
			       name);
	if (ret == -EINVAL)
		return hf_fail(err, ret,
			       "session \"%s\" is being restored by another process",
			       name);
	return hf_fail(err, ret, "cannot retrieve session \"%s\": %s", name,
		       strerror(-ret));
}

/*
 * Sleeps for a while; false when patience is at its end. Never for long: with a
 * driver that maps without a pause it is by chance that one of many tries finds
 * a gap.
 */
static bool wait_a_little(struct hf_patience *p)
{
	double ms = p->tries < 3 ? 1u << p->tries : 8, now = hf_now_ms();
	struct timespec ts = {};

	if (now >= p->until_ms)
		return false;
	if (ms > p->until_ms - now)
		ms = p->until_ms - now;
	ts.tv_nsec = (long)(ms * 1e6);
	nanosleep(&ts, NULL);
	return true;
}

int hf_luo_preserve_fd(int session, int fd, uint64_t token, enum hf_object kind,
		       const char *name, struct hf_patience *patience,
		       struct hf_error *err)
{
	struct liveupdate_session_preserve_fd arg = {
		.size = sizeof(arg),
		.fd = fd,
		.token = token,
	};
	double t0 = hf_now_ms();
	unsigned int busy = 0;
	char buf[192];
	int ret;

	while (ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &arg)) {
		ret = -errno;
		if (ret == -EBUSY && patience && wait_a_little(patience)) {
			patience->tries++;
			busy++;
			continue;
		}
		hf_fail(err, ret, "cannot preserve %s: %s (%s)",
			label(kind, name, buf, sizeof(buf)),
			hf_preserve_reason(kind, -ret), strerror(-ret));
		if (ret == -EBUSY && busy)
			hf_fail_add(err, "tried %u times in %.0f ms, given up",
				    busy + 1, hf_now_ms() - t0);
		return ret;
	}
	return 0;
}

int hf_luo_retrieve_fd(int session, uint64_t token, enum hf_object kind,
		       const char *name, struct hf_error *err)
{
	struct liveupdate_session_retrieve_fd arg = {
		.size = sizeof(arg),
		.token = token,
	};
	char buf[192];
	int ret;

	if (!ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &arg))
		return arg.fd;
	ret = -errno;
	return hf_fail(err, ret, "cannot retrieve %s: %s (%s)",
		       label(kind, name, buf, sizeof(buf)),
		       hf_retrieve_reason(kind, -ret), strerror(-ret));
}

int hf_luo_finish(int session, struct hf_error *err)
{
	struct liveupdate_session_finish arg = {
		.size = sizeof(arg),
	};
	int ret;

	if (!ioctl(session, LIVEUPDATE_SESSION_FINISH, &arg))
		return 0;
	ret = -errno;
	if (ret == -EBUSY || ret == -EAGAIN)
		return hf_fail(err, ret,
			       "the kernel refuses to finish: a device is open but not attached, or is just being reset or removed, or a module (vfio-pci) is not loaded (%s); nothing was released, run \"holdfast restore\" again",
			       strerror(-ret));
	return hf_fail(err, ret,
		       "the kernel refuses to finish: a device cannot be stopped, it is gone, is another one or does not answer (%s; dmesg has the reason); nothing was released, and its memory is kept until the next boot",
		       strerror(-ret));
}
