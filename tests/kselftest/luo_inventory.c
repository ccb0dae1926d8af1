// SPDX-License-Identifier: GPL-2.0-only
/*
 * The inventory in debugfs: all sessions, their files, and what is in an iommufd.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "util.h"

#define SESSIONS	"/sys/kernel/debug/liveupdate/sessions"

/* Far from the order in which they are preserved */
enum { MEMFD = 0x300, IOMMUFD = 0x2 };

FIXTURE(inventory)
{
	int luo;
	int session;
	int iommufd;
	int memfd;
	char name[32];
	char text[16384];
};

FIXTURE_SETUP(inventory)
{
	const char *why = open_devices(&self->luo, &self->iommufd);
	__u32 ioas;

	if (why)
		SKIP(return, "%s", why);
	if (access(SESSIONS, F_OK))
		SKIP(return, "no %s", SESSIONS);
	snprintf(self->name, sizeof(self->name), "inventory-%d", getpid());
	self->session = luo_create_session(self->luo, self->name);
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_mapped(self->iommufd, &ioas);
	ASSERT_GE(self->memfd, 0);
}

FIXTURE_TEARDOWN(inventory)
{
}

/* The lines of the session, the first one being its own; NULL if it is not there */
static char *read_session(FIXTURE_DATA(inventory) *self)
{
	size_t len = 0;
	char head[64], *at, *end;
	ssize_t done;
	int fd = open(SESSIONS, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && len < sizeof(self->text) - 1) {
		done = read(fd, self->text + len, sizeof(self->text) - 1 - len);
		if (done <= 0)
			break;
		len += done;
	}
	close(fd);
	self->text[len] = '\0';
	snprintf(head, sizeof(head), "session=%s ", self->name);
	at = strstr(self->text, head);
	end = at ? strstr(at, "\nsession=") : NULL;
	if (end)
		end[1] = '\0';
	return at;
}

TEST_F(inventory, session_and_files)
{
	char *text, *memfd, *iommufd;

	text = read_session(self);
	ASSERT_NE(NULL, text);
	ASSERT_NE(NULL, strstr(text, " outgoing files=0\n"));
	ASSERT_EQ(NULL, strstr(text, "token="));

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->iommufd, IOMMUFD));
	text = read_session(self);
	ASSERT_NE(NULL, text);
	ASSERT_NE(NULL, strstr(text, " outgoing files=2\n"));
	memfd = strstr(text, "\ttoken=0x300 handler=memfd");
	iommufd = strstr(text, "\ttoken=0x2 handler=iommufd");
	ASSERT_NE(NULL, memfd);
	/* In the order in which they were preserved */
	ASSERT_GT(iommufd, memfd);
	ASSERT_NE(NULL, strstr(memfd, " preserved"));
	ASSERT_NE(NULL, strstr(iommufd, " preserved ioas=1 hwpt=0 devices=0 areas=1 page_objects=1 claims=0 runs=0 pages=0 metadata_bytes="));

	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(NULL, read_session(self));
}

TEST_F(inventory, two_sessions)
{
	int another = luo_create_session(self->luo, "inventory-b");
	char *text;

	ASSERT_GE(another, 0);
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, MEMFD));
	ASSERT_EQ(0, luo_preserve_fd(another, memfd_filled(PAGE_SIZE), MEMFD + 1));
	text = read_session(self);
	ASSERT_NE(NULL, text);
	ASSERT_NE(NULL, strstr(text, "\ttoken=0x300 "));
	ASSERT_EQ(NULL, strstr(text, "\ttoken=0x301 "));
}

TEST_F(inventory, root_only)
{
	struct stat st;

	ASSERT_EQ(0, stat(SESSIONS, &st));
	ASSERT_EQ(0, st.st_uid);
	ASSERT_EQ(0400, st.st_mode & 07777);
}

TEST_HARNESS_MAIN
