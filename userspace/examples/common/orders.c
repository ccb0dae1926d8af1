// SPDX-License-Identifier: GPL-2.0-only
/* What steers a driver, see orders.h */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "event.h"
#include "orders.h"

static int signal_fd = -1;
static struct holdfast *daemon_hf;
/* The last order to let go came from the daemon, which waits for an answer */
static bool asked;

static void fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGUSR2);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

void orders_block(void)
{
	sigset_t set;

	fill(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

void orders_follow(struct holdfast *hf)
{
	daemon_hf = hf;
	asked = false;
}

int orders_poll(struct pollfd fds[ORDERS_FDS])
{
	sigset_t set;

	if (signal_fd < 0) {
		fill(&set);
		signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
		if (signal_fd < 0)
			return fail("signalfd: %m");
	}
	fds[0] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	fds[1] = (struct pollfd){
		.fd = daemon_hf ? holdfast_fd(daemon_hf) : -1,
		.events = POLLIN,
	};
	return 0;
}

static enum order by_signal(void)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return ORDER_NONE;
	switch (info.ssi_signo) {
	case SIGUSR2:
		return ORDER_LET_GO;
	case SIGUSR1:
		return ORDER_GO_ON;
	case SIGTERM:
		/* Perhaps the service is stopped because of an update */
		if (daemon_hf && holdfast_detached(daemon_hf))
			return ORDER_LEAVE;
		return ORDER_END;
	}
	return ORDER_END;
}

static enum order by_daemon(void)
{
	struct holdfast_event ev;
	int ret = holdfast_next(daemon_hf, &ev, 0);

	if (ret < 0 && ret != -EINTR)
		fail("holdfastd: %s", holdfast_error());
	if (ret <= 0)
		return ORDER_NONE;
	switch (ev.type) {
	case HOLDFAST_EV_UPDATE:
		asked = true;
		return ORDER_LET_GO;
	case HOLDFAST_EV_CANCELLED:
		asked = false;
		return ORDER_GO_ON;
	}
	return ORDER_NONE;
}

enum order orders_next(void)
{
	struct pollfd fds[ORDERS_FDS];
	enum order order;

	if (orders_poll(fds))
		return ORDER_NONE;
	order = by_signal();
	if (order == ORDER_NONE && daemon_hf)
		order = by_daemon();
	return order;
}

enum order orders_wait(int64_t ns)
{
	struct timespec timeout = {
		.tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000,
	};
	struct pollfd fds[ORDERS_FDS];

	if (orders_poll(fds) ||
	    ppoll(fds, ORDERS_FDS, ns < 0 ? NULL : &timeout, NULL) <= 0)
		return ORDER_NONE;
	return orders_next();
}

bool orders_let_go(void)
{
	int ret;

	if (!asked)
		return true;
	asked = false;
	ret = holdfast_answer(daemon_hf, 0, NULL);
	if (ret)
		fail("holdfastd: %s", holdfast_error());
	return !ret;
}
