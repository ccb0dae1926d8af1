// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "source.h"
#include "util.h"

/*
 * A source that fell behind (the host was busy) would send what it owes in one burst, and a burst
 * overflows the UDP buffer of about 250 frames. Beyond this it forgets what it owes.
 */
#define MAX_BEHIND_NS (20 * NSEC_PER_MSEC)

/*
 * Room for a second or two of frames: QEMU may be held up by a busy host. It takes privilege to
 * have more than the system's default, which is good for some 250 frames. Short stops of the device
 * that this hides are seen in the trace.
 */
#define RECEIVE_BUFFER (4 << 20)

static int udp_socket(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)addr, sizeof(*addr)) ||
	    getsockname(fd, (struct sockaddr *)addr, &len))
		die("UDP socket on loopback: %s", strerror(errno));
	return fd;
}

void source_set_rate(struct source *s, int rate)
{
	s->rate = rate > SOURCE_MAX_RATE ? SOURCE_MAX_RATE : rate;
}

void source_open(struct source *s, int rate, const char *dir)
{
	struct sockaddr_in ours, qemu;
	int room = RECEIVE_BUFFER;

	memset(s, 0, sizeof(*s));
	source_set_rate(s, rate);
	s->fd = udp_socket(&ours);
	s->qemu_fd = udp_socket(&qemu);
	if (setsockopt(s->qemu_fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(s->qemu_fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	s->qemu_port = ntohs(qemu.sin_port);
	if (connect(s->fd, (struct sockaddr *)&qemu, sizeof(qemu)) ||
	    connect(s->qemu_fd, (struct sockaddr *)&ours, sizeof(ours)))
		die("connect on loopback: %s", strerror(errno));
	s->log = open_in(dir, "frames.log", "we");
	if (!s->log)
		die("%s/frames.log: %s", dir, strerror(errno));
}

static void sleep_until(ns_t t)
{
	struct timespec ts = { .tv_sec = t / NSEC_PER_SEC, .tv_nsec = t % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void *send_frames(void *arg)
{
	const ns_t start = now_mono();
	struct source *s = arg;
	ns_t due = start, stamp;
	uint8_t frame[FRAME_LEN];
	uint64_t seq = 0;
	char text[32];

	while (!s->stop && seq < SOURCE_MAX_FRAMES &&
	       now_mono() - start < SOURCE_MAX_SECONDS * NSEC_PER_SEC) {
		sleep_until(due);
		due += NSEC_PER_SEC / s->rate;
		if (now_mono() - due > MAX_BEHIND_NS)
			due = now_mono();
		stamp = now_real();
		frame_fill(frame, seq, stamp);
		if (send(s->fd, frame, sizeof(frame), MSG_DONTWAIT) != sizeof(frame)) {
			/* Not sent, so the number is not used. ECONNREFUSED: QEMU is gone. */
			if (errno == ECONNREFUSED)
				break;
			continue;
		}
		fprintf(s->log, "%s %llu\n", format_time(stamp, text), (unsigned long long)seq);
		s->sent = ++seq;
	}
	return NULL;
}

void source_start(struct source *s)
{
	if (s->running || s->stop)
		return;
	if (pthread_create(&s->thread, NULL, send_frames, s))
		die("cannot start the frame source");
	s->running = 1;
}

void source_stop(struct source *s)
{
	s->stop = 1;
	if (s->running)
		pthread_join(s->thread, NULL);
	s->running = 0;
}

long source_drops(const struct source *s)
{
	FILE *f = fopen("/proc/net/udp", "re");
	char line[512], *last;
	unsigned int port;
	long drops = -1;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*d: 0100007F:%x", &port) != 1 || (int)port != s->qemu_port)
			continue;
		line[strcspn(line, "\n")] = '\0';
		last = line + strlen(line);
		while (last > line && last[-1] == ' ')
			*--last = '\0';
		last = strrchr(line, ' ');
		if (last)
			drops = strtol(last, NULL, 10);
	}
	fclose(f);
	return drops;
}

void source_close(struct source *s)
{
	source_stop(s);
	close(s->qemu_fd);
	close(s->fd);
	fclose(s->log);
}
