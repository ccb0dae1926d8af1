// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions before the kexec: who may have one, what may go into it, and that
 * closing it gives everything back. Needs no device.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/liveupdate.h>

#include "kselftest_harness.h"
#include "util.h"

FIXTURE(session)
{
	int luo;
	int session;
	int memfd;
};

FIXTURE_SETUP(session)
{
	self->luo = luo_open();
	if (self->luo < 0)
		SKIP(return, "/dev/liveupdate: %s", strerror(-self->luo));
	self->session = luo_create_session(self->luo, "session");
	ASSERT_GE(self->session, 0);
	self->memfd = memfd_filled(AREA_SIZE);
	ASSERT_GE(self->memfd, 0);
}

FIXTURE_TEARDOWN(session)
{
}

TEST_F(session, device_is_exclusive)
{
	ASSERT_EQ(-EBUSY, luo_open());
	ASSERT_EQ(0, close(self->luo));
	self->luo = luo_open();
	ASSERT_GE(self->luo, 0);
}

TEST_F(session, outlives_the_device_file)
{
	ASSERT_EQ(0, close(self->luo));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	self->luo = luo_open();
	ASSERT_GE(self->luo, 0);
	ASSERT_EQ(-EEXIST, luo_create_session(self->luo, "session"));
}

TEST_F(session, name_is_taken)
{
	ASSERT_EQ(-EEXIST, luo_create_session(self->luo, "session"));
	ASSERT_GE(luo_create_session(self->luo, "another"), 0);
	ASSERT_EQ(0, close(self->session));
	ASSERT_GE(luo_create_session(self->luo, "session"), 0);
}

TEST_F(session, name_is_bounded)
{
	char longest[LIVEUPDATE_SESSION_NAME_LENGTH], name[LIVEUPDATE_SESSION_NAME_LENGTH];
	char too_long[LIVEUPDATE_SESSION_NAME_LENGTH + 1];
	int session;

	memset(too_long, 'x', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = '\0';
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';

	ASSERT_EQ(-EINVAL, luo_create_session(self->luo, ""));
	ASSERT_EQ(-EINVAL, luo_create_session(self->luo, too_long));
	session = luo_create_session(self->luo, longest);
	ASSERT_GE(session, 0);
	ASSERT_EQ(0, luo_get_name(session, name, sizeof(name)));
	ASSERT_STREQ(longest, name);
}

TEST_F(session, token_is_taken)
{
	int other = memfd_filled(PAGE_SIZE);

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 7));
	ASSERT_EQ(-EEXIST, luo_preserve_fd(self->session, other, 7));
	ASSERT_EQ(0, luo_preserve_fd(self->session, other, 8));
}

/* Tokens belong to a session */
TEST_F(session, token_of_another_session)
{
	int another = luo_create_session(self->luo, "another");
	int other = memfd_filled(PAGE_SIZE);

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 7));
	ASSERT_EQ(0, luo_preserve_fd(another, other, 7));
}

TEST_F(session, not_a_file)
{
	ASSERT_EQ(-EBADF, luo_preserve_fd(self->session, -1, 1));
	ASSERT_EQ(-EBADF, luo_preserve_fd(self->session, 1000, 1));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
}

/* Nobody carries these. The token stays free. */
TEST_F(session, unsupported_files)
{
	int null = open("/dev/null", O_RDWR);
	int event = eventfd(0, 0);

	ASSERT_GE(null, 0);
	ASSERT_GE(event, 0);
	ASSERT_EQ(-ENOENT, luo_preserve_fd(self->session, null, 1));
	ASSERT_EQ(-ENOENT, luo_preserve_fd(self->session, event, 1));
	ASSERT_EQ(-ENOENT, luo_preserve_fd(self->session, self->luo, 1));
	ASSERT_EQ(-ENOENT, luo_preserve_fd(self->session, self->session, 1));
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
}

TEST_F(session, preserved_twice)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(self->session, self->memfd, 2));
	ASSERT_EQ(0, close(self->session));

	self->session = luo_create_session(self->luo, "session");
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 2));
}

TEST_F(session, preserved_in_two_sessions)
{
	int another = luo_create_session(self->luo, "another");

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(another, self->memfd, 1));
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, luo_preserve_fd(another, self->memfd, 1));
}

/* It is the memory that counts, not the description of the file */
TEST_F(session, preserved_twice_under_another_description)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->memfd);
	again = open(path, O_RDWR);
	ASSERT_GE(again, 0);

	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_EQ(-EBUSY, luo_preserve_fd(self->session, again, 2));
	ASSERT_EQ(0, close(self->session));

	self->session = luo_create_session(self->luo, "session");
	ASSERT_EQ(0, luo_preserve_fd(self->session, again, 2));
}

/* Retrieving and finishing is for the next kernel */
TEST_F(session, is_outgoing)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_EQ(-EINVAL, luo_retrieve_fd(self->session, 1));
	ASSERT_EQ(-EINVAL, luo_finish(self->session));
	ASSERT_EQ(-ENOENT, luo_retrieve_session(self->luo, "session"));
	ASSERT_EQ(-ENOENT, luo_retrieve_session(self->luo, "never heard of it"));
}

TEST_F(session, close_gives_everything_back)
{
	ASSERT_EQ(0, luo_preserve_fd(self->session, self->memfd, 1));
	ASSERT_EQ(-1, ftruncate(self->memfd, 0));
	ASSERT_EQ(EPERM, errno);
	ASSERT_EQ(0, close(self->session));
	ASSERT_EQ(0, ftruncate(self->memfd, 0));
}

/* The agent dies in the middle of it */
TEST_F(session, killed_holder_gives_everything_back)
{
	int pipefd[2], status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipefd));
	/* Its own from here on */
	ASSERT_EQ(0, close(self->session));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int session = luo_create_session(self->luo, "killed");

		byte = session >= 0 && !luo_preserve_fd(session, self->memfd, 1);
		if (write(pipefd[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(pipefd[0], &byte, 1));
	ASSERT_EQ(1, byte);
	ASSERT_EQ(-EEXIST, luo_create_session(self->luo, "killed"));
	ASSERT_EQ(-1, ftruncate(self->memfd, 0));
	ASSERT_EQ(EPERM, errno);

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_GE(luo_create_session(self->luo, "killed"), 0);
	ASSERT_EQ(0, ftruncate(self->memfd, 0));
}

TEST_HARNESS_MAIN
