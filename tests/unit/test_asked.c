// SPDX-License-Identifier: GPL-2.0-only
/*
 * What preflight asks drivers and the daemon. The driver is this process; what is
 * taken from it and what the daemon tells is made up.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <json-c/json.h>
#include <linux/capability.h>

#include "../../userspace/cli/daemon.h"
#include "../../userspace/cli/preflight.h"
#include "ktap.h"
#include "sample.h"

static int take_code, tables_code, huge_code, daemon_code, status_code;
static const char *report;

int __wrap_take_from(const struct wanted *w, size_t n, struct taken *t,
		     struct hf_error *err);
void __wrap_take_free(struct taken *t);
int __wrap_preserve_read_tables(struct taken *t, struct hf_error *err);
int __wrap_huge_check(const struct taken *t, struct hf_error *err);
int __wrap_daemon_find(struct cli *cli, struct hf_control *c,
		       struct hf_error *err);
int __wrap_daemon_status(struct cli *cli, struct hf_control *c, bool verify,
			 struct hf_answer *a, struct hf_error *err);

int __wrap_take_from(const struct wanted *w, size_t n, struct taken *t,
		     struct hf_error *err)
{
	CHECK(n == 1 && w->pid == getpid());
	if (take_code)
		return hf_fail(err, take_code, "nothing to take");
	memset(t, 0, sizeof(*t));
	sample(&t->m);
	return 0;
}

void __wrap_take_free(struct taken *t)
{
	hf_manifest_free(&t->m);
}

int __wrap_preserve_read_tables(struct taken *t, struct hf_error *err)
{
	(void)t;
	return tables_code ? hf_fail(err, tables_code, "no table") : 0;
}

int __wrap_huge_check(const struct taken *t, struct hf_error *err)
{
	(void)t;
	return huge_code ? hf_fail(err, huge_code, "a huge page is left") : 0;
}

int __wrap_daemon_find(struct cli *cli, struct hf_control *c,
		       struct hf_error *err)
{
	(void)cli;
	(void)c;
	return daemon_code < 0 ? hf_fail(err, daemon_code, "it died") : daemon_code;
}

int __wrap_daemon_status(struct cli *cli, struct hf_control *c, bool verify,
			 struct hf_answer *a, struct hf_error *err)
{
	(void)cli;
	(void)c;
	CHECK(!verify);
	memset(a, 0, sizeof(*a));
	a->object = report ? json_tokener_parse(report) : NULL;
	return status_code ? hf_fail(err, status_code, "no answer") : 0;
}

static const struct hk_finding *find(const struct hk_report *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (!strcmp(r->finding[i].name, name))
			return &r->finding[i];
	return NULL;
}

static void may_lock(bool cap, rlim_t bytes)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	struct rlimit limit = { bytes, RLIM_INFINITY };

	CHECK(!syscall(SYS_capget, &head, data));
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	if (cap)
		data[0].effective |= data[0].permitted & 1u << CAP_IPC_LOCK;
	CHECK(!syscall(SYS_capset, &head, data));
	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &limit));
}

/* All that depends on the pages of this machine is left out. */
static void driver(struct hk_report *r, uint64_t *extents)
{
	struct wanted w = { .pid = getpid() };
	struct hk_preflight q = { .root = "" };

	preflight_drivers(&w, 1, &q, r);
	*extents = q.extents;
}

static void drivers(void)
{
	const struct hk_finding *f;
	struct hk_report r = {};
	struct taken t;
	uint64_t n, want = 0;
	size_t i;

	sample(&t.m);
	for (i = 0; i < t.m.iommufd[0].n_ioas; i++)
		want += t.m.iommufd[0].ioas[i].table.n;
	hf_manifest_free(&t.m);
	driver(&r, &n);
	CHECK(n == want && !find(&r, "driver"));
	hk_report_free(&r);
	huge_code = -EOPNOTSUPP;
	driver(&r, &n);
	f = find(&r, "driver-memory");
	CHECK(f && f->level == HK_ERROR && !strcmp(f->what, "a huge page is left"));
	hk_report_free(&r);
	huge_code = 0;
	tables_code = -EPERM;
	driver(&r, &n);
	f = find(&r, "driver");
	CHECK(f && !strcmp(f->what, "no table") && r.n == 1 && !n);
	hk_report_free(&r);
	tables_code = 0;
	take_code = -ESRCH;
	driver(&r, &n);
	f = find(&r, "driver");
	CHECK(f && !strcmp(f->what, "nothing to take") && r.n == 1 && !n);
	hk_report_free(&r);
	take_code = 0;
}

static void memlock(void)
{
	const struct hk_finding *f;
	struct hk_report r = {};
	uint64_t n;

	may_lock(false, 4096);
	driver(&r, &n);
	f = find(&r, "memlock");
	if (CHECK(f && f->level == HK_ERROR)) {
		CHECK_HAS(f->what, "nic-rx (process ");
		CHECK_HAS(f->what, "may lock 4 KiB");
		CHECK_HAS(f->cure, "LimitMEMLOCK=");
	}
	hk_report_free(&r);
	may_lock(true, 4096);
	if (hf_proc_has_cap(CAP_IPC_LOCK)) {
		driver(&r, &n);
		CHECK(!find(&r, "memlock"));
		hk_report_free(&r);
	}
	may_lock(false, RLIM_INFINITY);
	driver(&r, &n);
	if (getuid() == 0)
		CHECK(!find(&r, "memlock"));
	hk_report_free(&r);
}

static void clients(void)
{
	struct cli cli = {};
	struct hk_report r = {};
	const struct hk_finding *f;

	daemon_code = 0;
	preflight_clients(&cli, &r);
	CHECK(!r.n);
	daemon_code = 1;
	/* Who gave nothing is not waited for. */
	report = "{\"clients\":[{\"name\":\"a\",\"state\":\"ready\"},{\"name\":\"b\",\"state\":\"claimed\"},"
		 "{\"name\":\"c\",\"state\":\"new\",\"descriptors\":[]}]}";
	preflight_clients(&cli, &r);
	CHECK(!r.n);
	report = "{\"clients\":[{\"name\":\"a\\u001b\",\"state\":\"new\",\"descriptors\":[{}]},{\"name\":\"b\",\"state\":\"lost\"},"
		 "{\"name\":\"c\",\"state\":\"waiting\"},{\"name\":\"d\",\"state\":\"failed\"},7]}";
	preflight_clients(&cli, &r);
	CHECK(r.n == 4 && r.errors == 4);
	f = find(&r, "client-unready");
	CHECK(f && strstr(f->what, "client a? has not said"));
	f = find(&r, "client-lost");
	CHECK(f && strstr(f->what, "client b is lost"));
	f = find(&r, "client-waiting");
	CHECK(f && strstr(f->what, "client c has not taken up"));
	hk_report_free(&r);
	report = NULL;
	status_code = -ETIMEDOUT;
	preflight_clients(&cli, &r);
	f = find(&r, "daemon");
	CHECK(f && !strcmp(f->what, "no answer") && r.n == 1);
	hk_report_free(&r);
	daemon_code = -ECONNREFUSED;
	preflight_clients(&cli, &r);
	f = find(&r, "daemon");
	CHECK(f && !strcmp(f->what, "it died") && r.n == 1);
	hk_report_free(&r);
}

static const struct ktap_test tests[] = {
	{ "drivers: what is taken, and what cannot be", drivers },
	{ "drivers: memory they may lock", memlock },
	{ "clients of the daemon", clients },
};

KTAP_MAIN(tests)
