// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRESERVE_FD and a kernel that is busy: tried again for a bounded time, and
 * only for that. Linked with --wrap=ioctl: the kernel is the function below.
 */
#include <errno.h>
#include <stdarg.h>

#include <holdfast/clock.h>
#include <holdfast/luo.h>

#include "ktap.h"

static unsigned int calls;
static unsigned int busy_for;	/* so many times EBUSY */
static int then;		/* and then this errno, 0: success */

int __wrap_ioctl(int fd, unsigned long op, ...);

int __wrap_ioctl(int fd, unsigned long op, ...)
{
	CHECK(fd == 5);
	CHECK(op == LIVEUPDATE_SESSION_PRESERVE_FD);
	errno = calls++ < busy_for ? EBUSY : then;
	return errno ? -1 : 0;
}

static int preserve(unsigned int busy, int code, struct hf_patience *p,
		    struct hf_error *err)
{
	calls = 0;
	busy_for = busy;
	then = code;
	err->text[0] = '\0';
	return hf_luo_preserve_fd(5, 6, 7, HF_OBJ_IOMMUFD, "iommufd", p, err);
}

static void patient(void)
{
	struct hf_patience p = { .until_ms = hf_now_ms() + 60000 };
	struct hf_error err;

	CHECK(!preserve(0, 0, &p, &err));
	CHECK(calls == 1 && p.tries == 0);
	CHECK(!preserve(4, 0, &p, &err));
	CHECK(calls == 5 && p.tries == 4);
	/* The next object has the same patience, and adds to the count. */
	CHECK(!preserve(2, 0, &p, &err));
	CHECK(calls == 3 && p.tries == 6);
}

static void gives_up(void)
{
	struct hf_patience p = { .until_ms = hf_now_ms() + 100 };
	double t0 = hf_now_ms(), ms;
	struct hf_error err;

	CHECK(preserve(~0u, 0, &p, &err) == -EBUSY);
	ms = hf_now_ms() - t0;
	CHECK(ms >= 99 && ms < 5000);
	CHECK(calls > 3 && calls < 200 && p.tries == calls - 1);
	CHECK_HAS(err.text, "cannot preserve iommufd");
	CHECK_HAS(err.text, "given up");
	/* Its patience is at its end: the next object is asked once. */
	CHECK(preserve(~0u, 0, &p, &err) == -EBUSY);
	CHECK(calls == 1);
	CHECK(!strstr(err.text, "given up"));
}

static void impatient(void)
{
	struct hf_error err;

	CHECK(preserve(1, 0, NULL, &err) == -EBUSY);
	CHECK(calls == 1);
}

static void other_errors(void)
{
	struct hf_patience p = { .until_ms = hf_now_ms() + 60000 };
	struct hf_error err;

	CHECK(preserve(0, EOPNOTSUPP, &p, &err) == -EOPNOTSUPP);
	CHECK(calls == 1);
	/* Another answer after a while is the answer. */
	CHECK(preserve(2, ENXIO, &p, &err) == -ENXIO);
	CHECK(calls == 3);
	CHECK(!strstr(err.text, "given up"));
}

static const struct ktap_test tests[] = {
	{ "luo: busy for a while", patient },
	{ "luo: busy for too long", gives_up },
	{ "luo: busy, and nobody waits", impatient },
	{ "luo: what is not busy is not tried again", other_errors },
};

KTAP_MAIN(tests)
