// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at other processes. A VFIO device is recognised by the line
 * "vfio-device-syspath:" in its fdinfo, which works for a file opened in
 * /dev/vfio/devices and for one that came out of a session alike.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/capability.h>

#include <holdfast/proc.h>

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY	(1024 + 3)
#endif

#define ENV_MAX		(1 << 20)
/* linux/major.h is not for programs */
#define MISC_MAJOR	10

int hf_proc_pidfd(pid_t pid, struct hf_error *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0)
		return fd;
	if (errno == ESRCH || errno == EINVAL)
		return hf_fail(err, -ESRCH, "there is no process %d", pid);
	return hf_fail(err, -errno, "process %d: %s", pid, strerror(errno));
}

int hf_proc_getfd(int pidfd, int fd, struct hf_error *err)
{
	int got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	if (got >= 0)
		return got;
	if (errno == EPERM)
		return hf_fail(err, -EPERM,
			       "cannot take descriptor %d: no permission to trace the process (CAP_SYS_PTRACE)",
			       fd);
	return hf_fail(err, -errno, "cannot take descriptor %d: %s", fd,
		       strerror(errno));
}

bool hf_proc_same_file(int a, int b)
{
	return fcntl(a, F_DUPFD_QUERY, b) == 1;
}

bool hf_proc_has_cap(int cap)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &hdr, data))
		return false;
	return data[cap / 32].effective & (1u << (cap % 32));
}

/* Reads a small file of /proc whole; the result is terminated. */
static ssize_t slurp(const char *path, char *buf, size_t len)
{
	size_t have = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (have < len - 1) {
		n = read(fd, buf + have, len - 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	buf[have] = '\0';
	return (ssize_t)have;
}

void hf_proc_comm(pid_t pid, char *buf, size_t len)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (slurp(path, text, sizeof(text)) <= 0)
		snprintf(text, sizeof(text), "?");
	text[strcspn(text, "\n")] = '\0';
	snprintf(buf, len, "%s", text);
}

/*
 * The list a process was started with: name number i belongs to descriptor
 * 3 + i, if the variables are meant for this very process.
 */
struct listen_names {
	char *env;
	const char *names;
	int count;
};

static void read_listen_names(pid_t pid, struct listen_names *ln)
{
	char path[64], *p;
	long for_pid = 0;
	ssize_t n;

	memset(ln, 0, sizeof(*ln));
	ln->env = malloc(ENV_MAX);
	if (!ln->env)
		return;
	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	n = slurp(path, ln->env, ENV_MAX);
	if (n <= 0)
		return;
	for (p = ln->env; p < ln->env + n; p += strlen(p) + 1) {
		if (!strncmp(p, "LISTEN_PID=", 11))
			for_pid = strtol(p + 11, NULL, 10);
		else if (!strncmp(p, "LISTEN_FDS=", 11))
			ln->count = atoi(p + 11);
		else if (!strncmp(p, "LISTEN_FDNAMES=", 15))
			ln->names = p + 15;
	}
	if (for_pid != pid)
		ln->count = 0;
}

static void listen_name(const struct listen_names *ln, int fd,
			char name[HF_NAME_MAX + 1])
{
	const char *p = ln->names;
	int i;

	name[0] = '\0';
	if (!p || fd < 3 || fd - 3 >= ln->count)
		return;
	for (i = 3; i < fd; i++) {
		p = strchr(p, ':');
		if (!p)
			return;
		p++;
	}
	snprintf(name, HF_NAME_MAX + 1, "%.*s", (int)strcspn(p, ":"), p);
}

static bool fdinfo_device(const char *path, struct hf_pci_addr *addr)
{
	static const char key[] = "\nvfio-device-syspath:";
	char text[4096], *line, *end, *slash;

	if (slurp(path, text, sizeof(text)) <= 0)
		return false;
	/* A line of its own: other files show words of their owner's choice. */
	line = strstr(text, key);
	if (!line)
		return false;
	line++;
	end = line + strcspn(line, "\n");
	*end = '\0';
	slash = strrchr(line, '/');
	return slash && !hf_pci_parse(slash + 1, addr);
}

/* The number of /dev/iommu, as the kernel tells it; 0 when there is none */
static dev_t iommu_number(void)
{
	char text[4096], *line, *end;
	long minor;

	if (slurp("/proc/misc", text, sizeof(text)) <= 0)
		return 0;
	for (line = text; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		minor = strtol(line, &line, 10);
		if (!strcmp(line, " iommu"))
			return makedev(MISC_MAJOR, (unsigned int)minor);
	}
	return 0;
}

/*
 * A path says nothing: whoever has a mount name space of his own puts there what he
 * likes. Nor is a file system asked, which may be his as well.
 */
static bool is_iommu(pid_t pid, int fd, const char *path)
{
	dev_t number = iommu_number();
	struct statx st;
	int ret;

	if (pid == getpid())
		ret = statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
			    STATX_TYPE, &st);
	else
		ret = statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE,
			    &st);
	return !ret && number && S_ISCHR(st.stx_mode) &&
	       makedev(st.stx_rdev_major, st.stx_rdev_minor) == number;
}

/* Fills @out from descriptor @fd of @pid; false when it is of no interest. */
static bool classify(pid_t pid, int fd, const struct listen_names *ln,
		     struct hf_proc_fd *out)
{
	static const char deleted[] = " (deleted)";
	char path[64], link[PATH_MAX];
	size_t len;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return false;
	link[n] = '\0';

	memset(out, 0, sizeof(*out));
	out->fd = fd;
	if (!strncmp(link, "/memfd:", 7)) {
		out->kind = HF_PROC_MEMFD;
		len = (size_t)n;
		if (len > sizeof(deleted) - 1 &&
		    !strcmp(link + len - (sizeof(deleted) - 1), deleted))
			link[len - (sizeof(deleted) - 1)] = '\0';
		snprintf(out->name, sizeof(out->name), "%.*s", HF_NAME_MAX,
			 link + 7);
		return true;
	}
	/* A memfd that came out of a session has no name at all. */
	if (!strcmp(link, "/ (deleted)")) {
		out->kind = HF_PROC_MEMFD;
		if (ln)
			listen_name(ln, fd, out->name);
		return true;
	}
	/* Sockets and pipes have fdinfo too, but never ours. */
	if (link[0] != '/' && strncmp(link, "anon_inode:", 11))
		return false;
	if (link[0] == '/' ? is_iommu(pid, fd, path) :
			     !!strstr(link, "iommufd")) {
		out->kind = HF_PROC_IOMMUFD;
		return true;
	}
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	if (fdinfo_device(path, &out->addr)) {
		out->kind = HF_PROC_DEVICE;
		return true;
	}
	return false;
}

bool hf_proc_own(int fd, struct hf_proc_fd *out)
{
	return classify(getpid(), fd, NULL, out);
}

static int by_number(const void *a, const void *b)
{
	const struct hf_proc_fd *x = a, *y = b;

	return x->fd - y->fd;
}

int hf_proc_scan(pid_t pid, struct hf_proc_fd **list, size_t *n,
		 struct hf_error *err)
{
	struct listen_names ln;
	struct hf_proc_fd *v = NULL, *p;
	struct hf_proc_fd one;
	struct dirent *de;
	size_t count = 0;
	char path[64];
	int ret = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir) {
		if (errno == ENOENT)
			return hf_fail(err, -ESRCH, "there is no process %d",
				       pid);
		return hf_fail(err, -errno, "cannot look at process %d: %s",
			       pid, strerror(errno));
	}
	read_listen_names(pid, &ln);
	while ((de = readdir(dir))) {
		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		if (!classify(pid, atoi(de->d_name), &ln, &one))
			continue;
		p = realloc(v, (count + 1) * sizeof(*v));
		if (!p) {
			ret = hf_fail(err, -ENOMEM, "out of memory");
			break;
		}
		v = p;
		v[count++] = one;
	}
	closedir(dir);
	free(ln.env);
	if (ret) {
		free(v);
		return ret;
	}
	if (count)
		qsort(v, count, sizeof(*v), by_number);
	*list = v;
	*n = count;
	return 0;
}

/* Calls @match for each descriptor of each other process until it says yes. */
static pid_t find(bool (*match)(pid_t pid, int fd, const void *arg),
		  const void *arg, char *comm, size_t len)
{
	struct dirent *de, *fe;
	pid_t pid, found = 0;
	char path[64];
	DIR *dir, *fds;

	dir = opendir("/proc");
	if (!dir)
		return 0;
	while (!found && (de = readdir(dir))) {
		pid = atoi(de->d_name);
		if (pid <= 0 || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd", pid);
		fds = opendir(path);
		if (!fds)
			continue;
		while (!found && (fe = readdir(fds)))
			if (isdigit((unsigned char)fe->d_name[0]) &&
			    match(pid, atoi(fe->d_name), arg))
				found = pid;
		closedir(fds);
	}
	closedir(dir);
	if (found && comm)
		hf_proc_comm(found, comm, len);
	return found;
}

static bool match_path(pid_t pid, int fd, const void *arg)
{
	char path[64], link[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return false;
	link[n] = '\0';
	return !strcmp(link, arg);
}

static bool match_device(pid_t pid, int fd, const void *arg)
{
	struct hf_proc_fd one;

	return classify(pid, fd, NULL, &one) && one.kind == HF_PROC_DEVICE &&
	       hf_pci_equal(&one.addr, arg);
}

pid_t hf_proc_find_open(const char *path, char *comm, size_t len)
{
	return find(match_path, path, comm, len);
}

pid_t hf_proc_find_device(const struct hf_pci_addr *addr, char *comm,
			  size_t len)
{
	return find(match_device, addr, comm, len);
}
