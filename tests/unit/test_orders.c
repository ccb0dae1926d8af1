// SPDX-License-Identifier: GPL-2.0-only
/* What steers an example driver: signals and the daemon are the same to it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <holdfast.h>

#include "../../userspace/examples/common/event.h"
#include "../../userspace/examples/common/orders.h"
#include "ktap.h"
#include "model_daemon.h"

#define SOON	20000000000ll	/* ns: much longer than anything takes here */

static unsigned int failures;

/* What the drivers say on stderr and as an event */
int fail(const char *format, ...)
{
	(void)format;
	failures++;
	return -1;
}

static void by_signals(void)
{
	struct pollfd p[ORDERS_FDS];

	orders_follow(NULL);
	CHECK(orders_next() == ORDER_NONE);
	CHECK(orders_wait(1000000) == ORDER_NONE);
	raise(SIGUSR2);
	CHECK(!orders_poll(p) && p[1].fd == -1);
	CHECK(poll(p, ORDERS_FDS, 20000) == 1 && p[0].revents);
	CHECK(orders_next() == ORDER_LET_GO);
	/* Nobody waits for an answer */
	CHECK(orders_let_go());
	raise(SIGUSR1);
	CHECK(orders_wait(-1) == ORDER_GO_ON);
	raise(SIGTERM);
	CHECK(orders_wait(SOON) == ORDER_END);
	raise(SIGINT);
	CHECK(orders_next() == ORDER_END);
	CHECK(orders_next() == ORDER_NONE);
}

static struct holdfast *followed(struct model *m)
{
	struct holdfast *hf;

	model_start(m);
	CHECK(!holdfast_open(&hf, "me", m->path));
	CHECK(!holdfast_put(hf, "ring", 0));
	CHECK(!holdfast_ready(hf, 0));
	orders_follow(hf);
	return hf;
}

static void unfollow(struct model *m, struct holdfast *hf)
{
	orders_follow(NULL);
	holdfast_close(hf);
	model_stop(m);
}

static void by_daemon(void)
{
	struct pollfd p[ORDERS_FDS];
	struct model m = { 0 };
	struct holdfast *hf = followed(&m);

	CHECK(orders_next() == ORDER_NONE);
	CHECK(!orders_poll(p) && poll(p, ORDERS_FDS, 0) == 0);
	CHECK(model_tell(&m, HF_EV_UPDATE, 1000));
	CHECK(poll(p, ORDERS_FDS, 20000) == 1 && p[1].revents);
	CHECK(orders_next() == ORDER_LET_GO);
	CHECK(orders_let_go());
	CHECK(holdfast_state(hf) == HOLDFAST_AGREED);
	CHECK(model_tell(&m, HF_EV_PRESERVED, 0));
	CHECK(orders_wait(SOON) == ORDER_NONE);
	/* The service is stopped for the kexec: the device is not */
	raise(SIGTERM);
	CHECK(orders_wait(SOON) == ORDER_LEAVE);
	CHECK(model_tell(&m, HF_EV_CANCELLED, 0));
	CHECK(orders_wait(SOON) == ORDER_GO_ON);
	unfollow(&m, hf);
}

static void too_late(void)
{
	struct model m = { 0 };
	struct holdfast *hf = followed(&m);

	CHECK(model_tell(&m, HF_EV_UPDATE, 1));
	CHECK(orders_wait(SOON) == ORDER_LET_GO);
	pthread_mutex_lock(&m.lock);
	m.state = HF_CLIENT_READY;
	pthread_mutex_unlock(&m.lock);
	/* Given up meanwhile: the driver goes on */
	failures = 0;
	CHECK(!orders_let_go() && failures == 1);
	CHECK(orders_let_go() && failures == 1);
	unfollow(&m, hf);
}

static void restarted(void)
{
	struct model m = { 0 };
	struct holdfast *hf = followed(&m);
	enum order order = ORDER_NONE;

	CHECK(model_tell(&m, HF_EV_UPDATE, 1));
	CHECK(orders_wait(SOON) == ORDER_LET_GO);
	CHECK(orders_let_go());
	model_restart(&m);
	/* Lost is no order; that the update is off is one */
	for (int i = 0; i < 50 && order == ORDER_NONE; i++)
		order = orders_wait(SOON);
	CHECK(order == ORDER_GO_ON);
	CHECK(model_has(&m, "ring"));
	unfollow(&m, hf);
}

static void free_to_stop(void)
{
	struct model m = { 0 };
	struct holdfast *hf = followed(&m);

	CHECK(!holdfast_unready(hf));
	raise(SIGTERM);
	CHECK(orders_wait(SOON) == ORDER_END);
	unfollow(&m, hf);
}

static void quiet_by_signals(void)
{
	orders_block();
	by_signals();
}

static const struct ktap_test tests[] = {
	{ "orders: each signal", quiet_by_signals },
	{ "orders: an update, asked and cancelled", by_daemon },
	{ "orders: let go too late", too_late },
	{ "orders: the daemon is restarted in the middle", restarted },
	{ "orders: who withdrew is ended like anybody", free_to_stop },
};

KTAP_MAIN(tests)
