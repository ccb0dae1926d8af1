// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logging: with fields to the journal if stderr is connected to it, else as lines
 * on stderr, with a priority in front that systemd and the kernel's log know.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <holdfast/clock.h>

#include "daemon.h"

#define JOURNAL	"/run/systemd/journal/socket"

static int journal = -1;
static bool with_priority;
static bool debug;

/* JOURNAL_STREAM says device and inode of what the journal reads. */
static bool stderr_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return text && sscanf(text, "%llu:%llu", &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == dev &&
	       st.st_ino == ino;
}

void log_debug(bool on)
{
	debug = on;
}

void log_open(bool on)
{
	struct sockaddr_un addr = {
		.sun_family = AF_UNIX,
		.sun_path = JOURNAL,
	};

	debug = on;
	with_priority = !isatty(STDERR_FILENO);
	if (!stderr_is_journal())
		return;
	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (journal >= 0 &&
	    connect(journal, (struct sockaddr *)&addr, sizeof(addr))) {
		close(journal);
		journal = -1;
	}
}

/* Words of clients come along: nothing of them may look like something else. */
static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

/*
 * No more than so many lines about clients in a second: they decide how many there
 * would be. What is left out is counted.
 */
#define LINES_PER_SECOND	50

static unsigned int left_out;

/* Whoever reads it may be stopped: nobody is to wait for that. */
static bool put_stderr(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static bool put_stderr(const char *fmt, ...)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	char buf[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(buf))
		n = sizeof(buf) - 1;
	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) &&
	       write(STDERR_FILENO, buf, (size_t)n) == n;
}

static bool may_log(int priority)
{
	static unsigned int lines;
	static double since;
	double now = hf_now_ms();

	if (now - since >= 1000) {
		since = now;
		lines = 0;
		if (left_out &&
		    put_stderr("%sholdfastd: %u lines left out\n",
			       with_priority ? "<4>" : "", left_out))
			left_out = 0;
	}
	if (debug || lines < LINES_PER_SECOND || priority < LOG_WARNING) {
		lines++;
		return true;
	}
	left_out++;
	return false;
}

static void put_line(int priority, const char *client, char *text)
{
	char buf[2048];
	int n;

	clean(text);
	if (journal >= 0) {
		n = snprintf(buf, sizeof(buf),
			     "PRIORITY=%d\nSYSLOG_IDENTIFIER=holdfastd\nMESSAGE=%s%s%s\n%s%s%s",
			     priority, client ? client : "", client ? ": " : "",
			     text, client ? "HOLDFAST_CLIENT=" : "",
			     client ? client : "", client ? "\n" : "");
		if (n > 0 && (size_t)n < sizeof(buf) &&
		    send(journal, buf, (size_t)n, MSG_NOSIGNAL) == n)
			return;
	}
	snprintf(buf, sizeof(buf), "<%d>", priority);
	if (!put_stderr("%sholdfastd: %s%s%s%s\n", with_priority ? buf : "",
			client ? "client=" : "", client ? client : "",
			client ? " " : "", text))
		left_out++;
}

void log_line(int priority, const char *client, const char *fmt, ...)
{
	char text[1800], *line, *next;
	va_list ap;

	if (priority == LOG_DEBUG && !debug)
		return;
	if (!may_log(priority))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (*line)
			put_line(priority, client, line);
	}
}
