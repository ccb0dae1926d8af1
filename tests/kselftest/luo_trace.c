// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace events of live update: one for each file and phase, with who, how long and
 * what came of it, and what an iommufd has handed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define TRACEFS	"/sys/kernel/tracing/"

enum { MEMFD = 1, IOMMUFD };

#define ANON_PAGES	3

static int write_trace(const char *file, const char *text)
{
	char path[128];
	ssize_t done;
	int fd, rc;

	snprintf(path, sizeof(path), TRACEFS "%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = write(fd, text, strlen(text));
	rc = done < 0 ? -errno : 0;
	close(fd);
	return rc;
}

FIXTURE(trace)
{
	int luo;
	int session;
	int iommufd;
	int memfd;
	__u32 ioas;
	char name[32];
	char text[65536];
};

FIXTURE_SETUP(trace)
{
	const char *why = open_devices(&self->luo, &self->iommufd);
	__u32 other;

	if (why)
		SKIP(return, "%s", why);
	if (access(TRACEFS "trace", F_OK) && mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		SKIP(return, "no tracefs: %s", strerror(errno));
	if (access(TRACEFS "events/liveupdate", F_OK))
		SKIP(return, "no trace events of live update");
	ASSERT_EQ(0, write_trace("events/liveupdate/enable", "1"));
	ASSERT_EQ(0, write_trace("events/iommufd/enable", "1"));
	ASSERT_EQ(0, write_trace("trace", ""));
	ASSERT_EQ(0, write_trace("tracing_on", "1"));

	snprintf(self->name, sizeof(self->name), "trace-%d", getpid());
	self->session = luo_create_session(self->luo, self->name);
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_mapped(self->iommufd, &self->ioas);
	ASSERT_GE(self->memfd, 0);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &other));
	ASSERT_EQ(0, ioas_map_file(self->iommufd, other, self->memfd, 0, PAGE_SIZE, AREA_IOVA));
}

FIXTURE_TEARDOWN(trace)
{
	write_trace("events/liveupdate/enable", "0");
	write_trace("events/iommufd/enable", "0");
	kexec_image_unload();
}

static const char *read_trace(FIXTURE_DATA(trace) *self)
{
	size_t len = 0;
	ssize_t done;
	int fd = open(TRACEFS "trace", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && len < sizeof(self->text) - 1) {
		done = read(fd, self->text + len, sizeof(self->text) - 1 - len);
		if (done <= 0)
			break;
		len += done;
	}
	self->text[len] = '\0';
	close(fd);
	return self->text;
}

/* The n-th line of an event that has the text; NULL if there are not so many */
static const char *find_event(FIXTURE_DATA(trace) *self, const char *event, const char *has, unsigned int n)
{
	char name[64];
	const char *line = read_trace(self);

	snprintf(name, sizeof(name), " %s: ", event);
	for (; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0) {
		size_t len = strcspn(line, "\n");
		const char *at = memmem(line, len, name, strlen(name));

		if (at && memmem(at, len - (at - line), has, strlen(has)) && !n--)
			return at;
	}
	return NULL;
}

/* One for the file with that token, in the session of the test */
static const char *find_file(FIXTURE_DATA(trace) *self, const char *event, const char *handler, __u64 token)
{
	char has[128];

	/* The version of the handler is none of our business */
	snprintf(has, sizeof(has), "session=%s handler=%s", self->name, handler);
	for (unsigned int n = 0;; n++) {
		const char *at = find_event(self, event, has, n);
		char id[32];

		snprintf(id, sizeof(id), " token=%#llx ", (unsigned long long)token);
		if (!at || memmem(at, strcspn(at, "\n"), id, strlen(id)))
			return at;
	}
}

static long long field(const char *event, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), " %s=", name);
	at = memmem(event, strcspn(event, "\n"), key, strlen(key));
	return at ? strtoll(at + strlen(key), NULL, 0) : -4711;
}

TEST_F(trace, preserve_and_unpreserve)
{
	static const char *const events[] = { "luo_file_preserve", "luo_file_unpreserve" };
	const char *event;
	unsigned int i;

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	/* Not yet */
	ASSERT_EQ(NULL, find_file(self, events[1], "memfd", MEMFD));
	ASSERT_EQ(0, close(self->session));

	for (i = 0; i < 2; i++) {
		event = find_file(self, events[i], "memfd", MEMFD);
		ASSERT_NE(NULL, event);
		ASSERT_EQ(0, field(event, "ret"));
		ASSERT_GT(field(event, "duration_ns"), 0);
		event = find_file(self, events[i], "iommufd", IOMMUFD);
		ASSERT_NE(NULL, event);
		ASSERT_EQ(0, field(event, "ret"));
		ASSERT_GT(field(event, "duration_ns"), 0);
	}
}

TEST_F(trace, preserve_refused)
{
	const char *event;

	ASSERT_EQ(0, cap_sys_rawio(false));
	ASSERT_EQ(-EPERM, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(0, cap_sys_rawio(true));
	event = find_file(self, "luo_file_preserve", "iommufd", IOMMUFD);
	ASSERT_NE(NULL, event);
	ASSERT_EQ(-EPERM, field(event, "ret"));
	ASSERT_EQ(NULL, find_event(self, "iommufd_preserve", "", 0));
}

/* Numbers of what was made here, and memory of its own */
TEST_F(trace, what_an_iommufd_has)
{
	const char *event;
	char bdf[16];
	int device;
	__u32 dev_id;

	device = vfio_open_noiommu(0, bdf);
	if (device < 0)
		SKIP(return, "no noiommu vfio-pci device: %s", strerror(-device));
	ASSERT_EQ(0, vfio_connect(device, self->iommufd, self->ioas, &dev_id));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, ioas_map(self->iommufd, self->ioas, anon_pages(ANON_PAGES * PAGE_SIZE), ANON_PAGES * PAGE_SIZE,
			      2 * AREA_IOVA));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));

	event = find_event(self, "iommufd_preserve", "", 0);
	ASSERT_NE(NULL, event);
	ASSERT_EQ(0, field(event, "ret"));
	ASSERT_EQ(2, field(event, "ioas"));
	ASSERT_EQ(1, field(event, "hwpt"));
	ASSERT_EQ(1, field(event, "devices"));
	ASSERT_EQ(3, field(event, "areas"));
	ASSERT_EQ(3, field(event, "page_objects"));
	ASSERT_EQ(ANON_PAGES, field(event, "pages"));
	ASSERT_GE(field(event, "claims"), 1);
	ASSERT_LE(field(event, "claims"), ANON_PAGES);
	ASSERT_GE(field(event, "runs"), 1);
	ASSERT_GT(field(event, "metadata_bytes"), 0);
	ASSERT_GT(field(event, "duration_ns"), 0);
}

/* The device was forgotten, so the memfd thaws again */
TEST_F_TIMEOUT(trace, freeze_and_unfreeze, 120)
{
	const char *event;
	char bdf[16];
	int device, rc;
	__u32 dev_id;

	device = vfio_open_noiommu(0, bdf);
	if (device < 0)
		SKIP(return, "no noiommu vfio-pci device: %s", strerror(-device));
	rc = kexec_image_file_load();
	if (rc)
		SKIP(return, "kexec_file_load(): %s, see KEXEC_IMAGE", strerror(-rc));
	ASSERT_EQ(0, vfio_connect(device, self->iommufd, self->ioas, &dev_id));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	ASSERT_EQ(-ENOTCONN, kexec_reboot());

	event = find_file(self, "luo_file_freeze", "memfd", MEMFD);
	ASSERT_NE(NULL, event);
	ASSERT_EQ(0, field(event, "ret"));
	event = find_file(self, "luo_file_freeze", "iommufd", IOMMUFD);
	ASSERT_NE(NULL, event);
	ASSERT_EQ(-ENOTCONN, field(event, "ret"));
	ASSERT_NE(NULL, find_file(self, "luo_file_unfreeze", "memfd", MEMFD));
	ASSERT_EQ(NULL, find_file(self, "luo_file_unfreeze", "iommufd", IOMMUFD));
	event = find_event(self, "luo_session_freeze", self->name, 0);
	ASSERT_NE(NULL, event);
	ASSERT_EQ(2, field(event, "files"));
	ASSERT_EQ(-ENOTCONN, field(event, "ret"));
}

/* The control: nothing is traced that nobody has asked for */
TEST_F(trace, off)
{
	ASSERT_EQ(0, write_trace("events/liveupdate/enable", "0"));
	ASSERT_EQ(0, write_trace("events/iommufd/enable", "0"));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(NULL, find_event(self, "luo_file_preserve", "", 0));
	ASSERT_EQ(NULL, find_event(self, "luo_file_unpreserve", "", 0));
}

TEST_HARNESS_MAIN
