// SPDX-License-Identifier: GPL-2.0-only
/*
 * session - take a session of the previous kernel apart, step by step
 *
 *	session [--name NAME] STEP[=ERRNO]...
 *
 * What an agent that is mistaken, unlucky or short of resources does to it. The
 * steps are done in their order, and each must come out as expected: with
 * success, or with ERRNO, as in get:5=EAGAIN. Everything is closed in the end,
 * which is what happens to an agent that is killed.
 *
 *	get:TOKEN	retrieve that file and keep it
 *	badget:TOKEN	the same, but the result cannot be copied to the user
 *	drop:TOKEN	close it
 *	bind, badbind	bind the device to the iommufd (the same)
 *	attach		attach it to its IOAS
 *	foreign		bind it to another iommufd than its own
 *	nofile		from here on, no descriptor is left
 *	files		take that back
 *	finish		finish the session
 *	again		close the session and retrieve it again
 *	open		open the device of that file afresh: open:NODE
 *	wait:FILE	go on when there is such a file
 *	kill		end here by SIGKILL
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <holdfast/iommu.h>
#include <holdfast/luo.h>
#include <holdfast/uapi.h>
#include <holdfast/vfio.h>

#define TOKENS_MAX	64

struct state {
	const char *name;
	int luo, session;
	int fd[TOKENS_MAX];
	int device, iommufd;	/* copies of numbers in @fd */
	struct rlimit files;
};

/* @size bytes at @arg on a page that the kernel can read and not write */
static void *read_only(const void *arg, size_t size)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	memcpy(p, arg, size);
	if (mprotect(p, 4096, PROT_READ))
		err(1, "mprotect");
	return p;
}

static int get(struct state *s, unsigned int token, bool bad)
{
	struct liveupdate_session_retrieve_fd arg = {
		.size = sizeof(arg),
		.token = token,
	};

	if (ioctl(s->session, LIVEUPDATE_SESSION_RETRIEVE_FD,
		  bad ? read_only(&arg, sizeof(arg)) : &arg))
		return -errno;
	if (bad)
		return 0;
	s->fd[token] = arg.fd;
	if (hf_iommu_is(arg.fd))
		s->iommufd = arg.fd;
	else if (fcntl(arg.fd, F_GET_SEALS) < 0)
		s->device = arg.fd;
	return 0;
}

static int drop(struct state *s, unsigned int token)
{
	int fd = s->fd[token];

	if (fd < 0)
		return -EBADF;
	if (fd == s->device)
		s->device = -1;
	if (fd == s->iommufd)
		s->iommufd = -1;
	s->fd[token] = -1;
	return close(fd) ? -errno : 0;
}

static int do_bind(const struct state *s, int iommufd, bool bad)
{
	struct vfio_device_bind_iommufd arg = {
		.argsz = sizeof(arg),
		.iommufd = iommufd,
	};

	if (ioctl(s->device, VFIO_DEVICE_BIND_IOMMUFD,
		  bad ? read_only(&arg, sizeof(arg)) : &arg))
		return -errno;
	return 0;
}

static int attach(const struct state *s)
{
	struct hf_iommu_ids ids;
	struct hf_error error;
	int ret;

	ret = hf_iommu_scan(s->iommufd, &ids, &error);
	if (ret)
		return ret;
	ret = ids.n_ioas ? hf_vfio_attach(s->device, ids.ioas[0]) : -ENOENT;
	hf_iommu_ids_free(&ids);
	return ret;
}

static int foreign(const struct state *s)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC), ret;

	if (fd < 0)
		err(1, "/dev/iommu");
	ret = do_bind(s, fd, false);
	close(fd);
	return ret;
}

/* The limit is on the number a new descriptor may have */
static int limit_files(struct state *s, bool on)
{
	struct rlimit limit = s->files;

	if (on)
		limit.rlim_cur = 0;
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

static int finish(const struct state *s)
{
	struct liveupdate_session_finish arg = { .size = sizeof(arg) };

	return ioctl(s->session, LIVEUPDATE_SESSION_FINISH, &arg) ? -errno : 0;
}

static int retrieve(struct state *s)
{
	struct liveupdate_ioctl_retrieve_session arg = { .size = sizeof(arg) };

	snprintf((char *)arg.name, sizeof(arg.name), "%s", s->name);
	if (ioctl(s->luo, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &arg))
		return -errno;
	s->session = arg.fd;
	return 0;
}

static int again(struct state *s)
{
	close(s->session);
	return retrieve(s);
}

static int open_node(const char *node)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int wait_for(const char *file)
{
	while (access(file, F_OK))
		usleep(20000);
	return 0;
}

static int step(struct state *s, const char *verb, const char *arg)
{
	unsigned int token = arg ? (unsigned int)atoi(arg) : 0;

	if (token >= TOKENS_MAX)
		errx(1, "%s: no such token", arg);
	if (arg && !strcmp(verb, "get"))
		return get(s, token, false);
	if (arg && !strcmp(verb, "badget"))
		return get(s, token, true);
	if (arg && !strcmp(verb, "drop"))
		return drop(s, token);
	if (arg && !strcmp(verb, "open"))
		return open_node(arg);
	if (arg && !strcmp(verb, "wait"))
		return wait_for(arg);
	if (!strcmp(verb, "bind"))
		return do_bind(s, s->iommufd, false);
	if (!strcmp(verb, "badbind"))
		return do_bind(s, s->iommufd, true);
	if (!strcmp(verb, "foreign"))
		return foreign(s);
	if (!strcmp(verb, "attach"))
		return attach(s);
	if (!strcmp(verb, "nofile"))
		return limit_files(s, true);
	if (!strcmp(verb, "files"))
		return limit_files(s, false);
	if (!strcmp(verb, "finish"))
		return finish(s);
	if (!strcmp(verb, "again"))
		return again(s);
	if (!strcmp(verb, "kill"))
		return kill(getpid(), SIGKILL);
	errx(1, "%s: unknown step", verb);
}

/* STEP, STEP:ARG, STEP=ERRNO or STEP:ARG=ERRNO */
static void run(struct state *s, char *text)
{
	char *want = strchr(text, '='), *arg = strchr(text, ':');
	const char *got;
	int ret;

	if (want)
		*want++ = '\0';
	if (arg)
		*arg++ = '\0';
	ret = step(s, text, arg);
	got = ret ? strerrorname_np(-ret) : "success";
	if (!got)
		got = "an unknown errno";
	if (strcmp(got, want ? want : "success"))
		errx(1, "%s%s%s: %s, not %s", text, arg ? " " : "", arg ? arg : "",
		     got, want ? want : "success");
	printf("%s%s%s: %s\n", text, arg ? " " : "", arg ? arg : "", got);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct state s = { .name = "holdfast", .device = -1, .iommufd = -1 };
	struct hf_error error;
	int i = 1, ret;

	if (argc > 2 && !strcmp(argv[1], "--name")) {
		s.name = argv[2];
		i = 3;
	}
	memset(s.fd, -1, sizeof(s.fd));
	if (getrlimit(RLIMIT_NOFILE, &s.files))
		err(1, "getrlimit");
	s.luo = hf_luo_open(&error);
	if (s.luo < 0)
		errx(1, "%s", error.text);
	ret = retrieve(&s);
	if (ret)
		errx(1, "session %s: %s", s.name, strerror(-ret));
	for (; i < argc; i++)
		run(&s, argv[i]);
	return 0;
}
