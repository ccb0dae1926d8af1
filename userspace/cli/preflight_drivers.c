// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/kernel-page-flags.h>

#include <holdfast/preserve.h>

#include "daemon.h"
#include "preflight.h"
#include "report.h"

#define PAGE_SHIFT	12
/* Flags of that many pages are read at a time */
#define BATCH		4096

/* What iommufd's handler refuses, as far as the flags of a page tell */
static const char *refused_page(uint64_t flags)
{
	const uint64_t carried = 1ull << KPF_ANON | 1ull << KPF_SWAPBACKED |
				 1ull << KPF_HUGE;

	if (flags & 1ull << KPF_HWPOISON)
		return "is broken (the hardware said so)";
	if (flags & 1ull << KPF_NOPAGE)
		return "is no memory of this machine, but of a device";
	if (flags & 1ull << KPF_ZERO_PAGE)
		return "is the zero page: it was never written to";
	if (!(flags & carried))
		return "is neither anonymous nor shared memory nor a huge page: of a file, or of the kernel";
	return NULL;
}

/* Looks at all pages of an extent, returns false at the first that is refused. */
static bool check_extent(int fd, const struct hf_extent *e, const char *whose,
			 struct hk_report *r)
{
	uint64_t pages = e->length >> PAGE_SHIFT, at = 0, n, i;
	static uint64_t flags[BATCH];
	const char *why;

	for (; at < pages; at += n) {
		n = pages - at < BATCH ? pages - at : BATCH;
		if (pread(fd, flags, n * sizeof(*flags),
			  (off_t)(((e->phys >> PAGE_SHIFT) + at) *
				  sizeof(*flags))) != (ssize_t)(n * sizeof(*flags)))
			return true;
		for (i = 0; i < n; i++) {
			why = refused_page(flags[i]);
			if (!why)
				continue;
			hk_found(r, HK_ERROR, "driver-memory",
				 "let the driver use memfds, anonymous memory or huge pages for DMA",
				 "%s: the memory at IOVA %#" PRIx64 " cannot be carried: it %s",
				 whose, e->iova + ((at + i) << PAGE_SHIFT), why);
			return false;
		}
	}
	return true;
}

/* The kernel says so at preserve, and names the area; this is before that. */
static void check_memory(const struct hf_manifest *m, struct hk_preflight *q,
			 struct hk_report *r)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	size_t i, k, x;
	char names[256];

	if (fd < 0)
		hk_found(r, HK_WARNING, "memory-unknown",
			 "take a kernel with CONFIG_PROC_PAGE_MONITOR, and run this as root",
			 "/proc/kpageflags: %s: what the drivers' memory is was not looked at",
			 strerror(errno));
	for (i = 0; i < m->n_iommufd; i++)
		for (k = 0; k < m->iommufd[i].n_ioas; k++) {
			const struct hf_extents *t = &m->iommufd[i].ioas[k].table;

			q->extents += t->n;
			for (x = 0; fd >= 0 && x < t->n; x++)
				if (!check_extent(fd, &t->v[x], hf_manifest_names(m,
						  m->iommufd[i].clients, names,
						  sizeof(names)), r))
					break;
		}
	if (fd >= 0)
		close(fd);
}

/* A number in a line of a small file of a process, in the given base */
static bool proc_number(pid_t pid, const char *file, const char *key, int base,
			uint64_t *val)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		char *p = line + strlen(key), *end;

		if (strncmp(line, key, strlen(key)))
			continue;
		*val = strtoull(p, &end, base);
		found = end != p;
		break;
	}
	fclose(f);
	return found;
}

/* The next kernel charges the memory again, to a process with the same limit. */
static void check_memlock(const struct hf_manifest *m, const struct wanted *w,
			  size_t n, struct hk_report *r)
{
	uint64_t limit, caps, bytes;
	size_t i, k, x;

	for (i = 0; i < n; i++) {
		/* "unlimited" is no number */
		if (!proc_number(w[i].pid, "limits", "Max locked memory", 10, &limit) ||
		    !proc_number(w[i].pid, "status", "CapEff:", 16, &caps) ||
		    caps & 1ull << CAP_IPC_LOCK)
			continue;
		bytes = 0;
		for (k = 0; k < m->n_iommufd; k++)
			for (x = 0; x < m->iommufd[k].n_ioas; x++)
				if (m->iommufd[k].clients & hf_manifest_bit(i))
					bytes += m->iommufd[k].ioas[x].table.bytes;
		if (bytes > limit)
			hk_found(r, HK_ERROR, "memlock",
				 "raise its limit, with LimitMEMLOCK= of its unit",
				 "%s (process %d) has %" PRIu64 " KiB mapped for DMA, and may lock %" PRIu64 " KiB: it could not take them over in the next kernel",
				 m->client[i].name, w[i].pid, bytes >> 10,
				 limit >> 10);
	}
}

void preflight_drivers(const struct wanted *w, size_t n, struct hk_preflight *q,
		       struct hk_report *r)
{
	struct hf_error err;
	struct taken t;

	if (take_from(w, n, &t, &err)) {
		hk_found(r, HK_ERROR, "driver",
			 "see \"holdfast preserve --help\" for what a driver has to have open",
			 "%s", err.text);
		return;
	}
	if (preserve_read_tables(&t, &err)) {
		hk_found(r, HK_ERROR, "driver",
			 "run this as root, on a kernel with the holdfast series",
			 "%s", err.text);
	} else {
		if (huge_check(&t, &err))
			hk_found(r, HK_ERROR, "driver-memory",
				 "let the driver map all of it for DMA, or close it",
				 "%s", err.text);
		check_memory(&t.m, q, r);
		check_memlock(&t.m, w, n, r);
	}
	take_free(&t);
}

static void check_client(struct json_object *c, struct hk_report *r)
{
	char name[128], state[32];

	/* Who gave nothing is not waited for. */
	if (report_is(c, "state", "new") && report_count(c, "descriptors"))
		hk_found(r, HK_ERROR, "client-unready",
			 "wait until it is, or end it",
			 "client %s has not said that it is ready: an update waits for it",
			 report_text(c, "name", name, sizeof(name)));
	else if (report_is(c, "state", "lost") || report_is(c, "state", "failed"))
		hk_found(r, HK_ERROR, "client-lost",
			 "see \"holdfast status\"; start it again, and forget what was lost by \"holdfast finish NAME\"",
			 "client %s is %s since the last update",
			 report_text(c, "name", name, sizeof(name)),
			 report_text(c, "state", state, sizeof(state)));
	else if (report_is(c, "state", "waiting"))
		hk_found(r, HK_ERROR, "client-waiting",
			 "start its driver, or give it up by \"holdfast finish NAME\"",
			 "client %s has not taken up again what the last update brought",
			 report_text(c, "name", name, sizeof(name)));
}

void preflight_clients(struct cli *cli, struct hk_report *r)
{
	struct hf_control c = { .sock = -1 };
	struct hf_answer a = {};
	struct hf_error err;
	size_t i;
	int ret;

	ret = daemon_find(cli, &c, &err);
	if (ret > 0)
		ret = daemon_status(cli, &c, false, &a, &err) ? -EIO : 1;
	if (ret < 0)
		hk_found(r, HK_ERROR, "daemon",
			 "systemctl start holdfastd", "%s", err.text);
	for (i = 0; ret > 0 && i < report_count(a.object, "clients"); i++)
		check_client(report_at(a.object, "clients", i), r);
	hf_answer_free(&a);
	hf_control_close(&c);
}
