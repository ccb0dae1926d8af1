// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <holdfast/events.h>

int hf_events_open(struct hf_events *ev, const char *path, struct hf_error *err)
{
	ev->fd = -1;
	if (!path)
		return 0;
	ev->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC,
		      0600);
	if (ev->fd < 0)
		return hf_fail(err, -errno, "events file %s: %s", path,
			       strerror(errno));
	return 0;
}

void hf_events_flush(struct hf_events *ev)
{
	if (ev->fd < 0)
		return;
	if (isatty(ev->fd))
		tcdrain(ev->fd);
	else
		fsync(ev->fd);
}

void hf_events_close(struct hf_events *ev)
{
	if (ev->fd < 0)
		return;
	if (isatty(ev->fd))
		tcdrain(ev->fd);
	close(ev->fd);
	ev->fd = -1;
}

void hf_event_begin(struct hf_json *j, const char *name)
{
	hf_json_init(j);
	hf_json_object(j, NULL);
	hf_json_str(j, "ev", name);
}

static void write_line(int fd, char *line, size_t len)
{
	ssize_t n;

	/* The terminator gives way to the newline: one write() per line. */
	line[len++] = '\n';
	while (len) {
		n = write(fd, line, len);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		line += n;
		len -= (size_t)n;
	}
}

void hf_event_send(struct hf_events *ev, struct hf_json *j)
{
	hf_json_object_end(j);
	if (ev->fd >= 0 && j->buf)
		write_line(ev->fd, j->buf, j->len);
	hf_json_free(j);
}

void hf_event_step(struct hf_events *ev, const char *name, double ms)
{
	struct hf_json j;

	hf_event_begin(&j, "step");
	hf_json_str(&j, "name", name);
	hf_json_ms(&j, "ms", ms);
	hf_event_send(ev, &j);
}
