// SPDX-License-Identifier: GPL-2.0-only
/* Printing the daemon's report as tables. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report.h"

#define WORD	132	/* room for a name */
#define WORDS	512	/* room for a reason */

static const char *when(struct json_object *o, const char *key, char buf[32])
{
	time_t t = (time_t)(report_int(o, key) / 1000000000);
	struct tm tm;

	if (!t || !gmtime_r(&t, &tm))
		return "-";
	strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

/* Who is in a state, by name, as far as there is room */
static void names_in(struct json_object *o, const char *state)
{
	char name[WORD];
	size_t i, n = 0;

	for (i = 0; i < report_count(o, "clients"); i++) {
		struct json_object *c = report_at(o, "clients", i);

		if (report_is(c, "state", state) && n++ < 8)
			printf("%s%s", n > 1 ? ", " : " ",
			       report_text(c, "name", name, sizeof(name)));
	}
	if (n > 8)
		printf(" and %zu more", n - 8);
}

/* What a state means, and who it is about */
static void show_state(struct json_object *o)
{
	static const struct {
		const char *state;
		const char *words;
		const char *who[2];
	} all[] = {
		{ "idle", "nothing is preserved", { NULL } },
		{ "asking", "asked whether they can be updated:", { "asked" } },
		{ "preserved", "the kexec can come, or cancel", { NULL } },
		{ "restoring", "waiting for", { "waiting", "claimed" } },
		{ "failed", "could not be restored:", { "failed" } },
		{ "lost", "did not come through the update:", { "lost" } },
	};
	char state[WORD];
	size_t i, k;

	printf("state    %s", report_text(o, "state", state, sizeof(state)));
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!report_is(o, "state", all[i].state))
			continue;
		printf(": %s", all[i].words);
		for (k = 0; k < 2 && all[i].who[k]; k++)
			names_in(o, all[i].who[k]);
	}
	printf("\n");
}

static const char *number(struct json_object *o, const char *key, char buf[24])
{
	struct json_object *v = report_get(o, key);

	if (!json_object_is_type(v, json_type_int))
		return "-";
	snprintf(buf, 24, "%" PRId64, json_object_get_int64(v));
	return buf;
}

void show_clients(struct json_object *o)
{
	char name[WORD], state[WORD], user[48], a[24], b[24], why[WORDS];
	size_t i;

	if (!report_count(o, "clients")) {
		printf("no client\n");
		return;
	}
	printf("%-20s %-13s %-10s %8s %8s %6s  %s\n", "client", "user", "state",
	       "process", "holder", "gave", "");
	for (i = 0; i < report_count(o, "clients"); i++) {
		struct json_object *c = report_at(o, "clients", i);

		snprintf(user, sizeof(user), "%" PRId64 ":%" PRId64,
			 report_int(c, "uid"), report_int(c, "gid"));
		printf("%-20s %-13s %-10s %8s %8s %6zu  %s\n",
		       report_text(c, "name", name, sizeof(name)), user,
		       report_text(c, "state", state, sizeof(state)),
		       report_true(c, "connected") ? number(c, "pid", a) : "-",
		       number(c, "holder", b), report_count(c, "descriptors"),
		       report_get(c, "error") ?
		       report_text(c, "error", why, sizeof(why)) : "");
	}
}

static double sum_of(struct json_object *o, const char *key)
{
	double ms = 0;
	size_t i;

	for (i = 0; i < report_count(o, key); i++)
		ms += json_object_get_double(report_get(report_at(o, key, i),
							"ms"));
	return ms;
}

static void show_phases(struct json_object *u, const char *key,
			const char *title)
{
	char name[WORD], ms[24];
	size_t i;

	if (!report_count(u, key))
		return;
	printf("\n%-10s %12s\n", title, "ms");
	for (i = 0; i < report_count(u, key); i++) {
		struct json_object *p = report_at(u, key, i);

		printf("%-10s %12s\n",
		       report_text(p, "name", name, sizeof(name)),
		       report_ms(p, "ms", ms));
	}
	if (i > 1)
		printf("%-10s %12.1f\n", "all", sum_of(u, key));
}

static void show_gaps(struct json_object *u)
{
	char name[WORD], state[WORD], ms[24], why[WORDS];
	size_t i;

	printf("\n%-20s %-10s %10s\n", "client", "then", "gap ms");
	for (i = 0; i < report_count(u, "clients"); i++) {
		struct json_object *c = report_at(u, "clients", i);

		printf("%-20s %-10s %10s  %s\n",
		       report_text(c, "name", name, sizeof(name)),
		       report_text(c, "state", state, sizeof(state)),
		       report_ms(c, "gap_ms", ms),
		       report_get(c, "error") ?
		       report_text(c, "error", why, sizeof(why)) : "");
	}
}

static void show_update(struct json_object *u)
{
	char id[WORD], state[WORD], from[WORD], to[WORD], start[32], why[WORDS];

	printf("\nupdate %s: %s\nasked for %s UTC by kernel %s",
	       report_text(u, "id", id, sizeof(id)),
	       report_text(u, "state", state, sizeof(state)),
	       when(u, "started_ns", start),
	       report_text(report_get(u, "from"), "kernel", from,
			   sizeof(from)));
	if (report_get(u, "to"))
		printf(", came to %s", report_text(report_get(u, "to"),
						   "kernel", to, sizeof(to)));
	printf("\n");
	if (report_get(u, "error"))
		printf("%s\n", report_text(u, "error", why, sizeof(why)));
	show_phases(u, "phases", "phase");
	show_phases(u, "steps", "step");
	show_gaps(u);
}

static double longest_gap(struct json_object *u)
{
	double gap, most = -1;
	size_t i;

	for (i = 0; i < report_count(u, "clients"); i++) {
		struct json_object *v = report_get(report_at(u, "clients", i),
						   "gap_ms");

		gap = v ? json_object_get_double(v) : -1;
		if (gap > most)
			most = gap;
	}
	return most;
}

static void show_history(struct json_object *o)
{
	char id[WORD], state[WORD], start[32];
	size_t i;
	double gap;

	if (!report_count(o, "history"))
		return;
	printf("\n%-28s %-20s %-10s %7s %10s %12s\n", "update before", "UTC",
	       "state", "clients", "ms", "longest gap");
	for (i = 0; i < report_count(o, "history"); i++) {
		struct json_object *u = report_at(o, "history", i);

		printf("%-28s %-20s %-10s %7zu %10.1f ",
		       report_text(u, "id", id, sizeof(id)),
		       when(u, "started_ns", start),
		       report_text(u, "state", state, sizeof(state)),
		       report_count(u, "clients"), sum_of(u, "phases"));
		gap = longest_gap(u);
		if (gap < 0)
			printf("%12s\n", "-");
		else
			printf("%12.1f\n", gap);
	}
}

void show_status(struct json_object *o)
{
	struct json_object *d = report_get(o, "daemon");
	char a[WORD], b[WORD], pid[24];

	show_state(o);
	printf("kernel   %s\ndaemon   process %s, version %s\n\n",
	       report_text(o, "kernel", a, sizeof(a)), number(d, "pid", pid),
	       report_text(d, "version", b, sizeof(b)));
	show_clients(o);
	if (report_get(o, "update"))
		show_update(report_get(o, "update"));
	show_history(o);
}

/* Calls @line for each element of the array @key of each client. */
static void each(struct json_object *o, const char *key, const char *title,
		 void (*line)(struct json_object *e, const char *client))
{
	char name[WORD];
	bool first = true;
	size_t i, k;

	for (i = 0; i < report_count(o, "clients"); i++) {
		struct json_object *c = report_at(o, "clients", i);

		/* What is in a session is told in more detail than what is not */
		if (!strcmp(key, "descriptors") && report_get(c, "session"))
			continue;
		for (k = 0; k < report_count(c, key); k++) {
			if (first)
				printf("%s\n", title);
			first = false;
			line(report_at(c, key, k),
			     report_text(c, "name", name, sizeof(name)));
		}
	}
	if (!first)
		printf("\n");
}

static void descriptor_line(struct json_object *e, const char *client)
{
	char name[WORD], kind[WORD];

	printf("%-24s %-10s %s\n", report_text(e, "name", name, sizeof(name)),
	       report_text(e, "kind", kind, sizeof(kind)), client);
}

/* An ID that could not be told apart from others is 0, shown as "-". */
static const char *id(struct json_object *e, const char *key, char buf[24])
{
	return report_int(e, key) ? number(e, key, buf) : "-";
}

static void device_line(struct json_object *e, const char *client)
{
	char address[WORD], name[WORD], a[24], b[24];

	printf("%-14s %04x:%04x %-16s %4s %5s  %s\n",
	       report_text(e, "address", address, sizeof(address)),
	       (unsigned int)report_int(e, "vendor") & 0xffff,
	       (unsigned int)report_int(e, "device") & 0xffff,
	       report_text(e, "name", name, sizeof(name)),
	       id(e, "device_id", a), id(e, "ioas", b), client);
}

static void iommufd_line(struct json_object *e, const char *client)
{
	char name[WORD], a[24];
	size_t i;

	for (i = 0; i < report_count(e, "ioas"); i++) {
		struct json_object *io = report_at(e, "ioas", i);

		printf("%-16s %5s %9" PRId64 " %14" PRId64 "  %s\n",
		       report_text(e, "name", name, sizeof(name)),
		       number(io, "id", a), report_int(io, "extents"),
		       report_int(io, "bytes"), client);
	}
}

static void memfd_line(struct json_object *e, const char *client)
{
	char name[WORD];

	printf("%-24s %14" PRId64 "  %s\n",
	       report_text(e, "name", name, sizeof(name)),
	       report_int(e, "bytes"), client);
}

void show_objects(struct json_object *o)
{
	char title[96];

	snprintf(title, sizeof(title), "%-14s %-9s %-16s %4s %5s  %s",
		 "device", "type", "name", "ID", "IOAS", "client");
	each(o, "devices", title, device_line);
	snprintf(title, sizeof(title), "%-16s %5s %9s %14s  %s", "iommufd",
		 "IOAS", "extents", "bytes", "client");
	each(o, "iommufds", title, iommufd_line);
	snprintf(title, sizeof(title), "%-24s %14s  %s", "memory", "bytes",
		 "client");
	each(o, "memfds", title, memfd_line);
	snprintf(title, sizeof(title), "%-24s %-10s %s", "given, not preserved",
		 "kind", "client");
	each(o, "descriptors", title, descriptor_line);
}

void show_tables(struct json_object *o)
{
	char name[WORD], a[24], b[24];
	size_t i;

	printf("%-20s %9s %9s %9s %10s\n", "client", "extents", "pages",
	       "PA equal", "IDs equal");
	for (i = 0; i < report_count(o, "clients"); i++) {
		struct json_object *c = report_at(o, "clients", i);
		struct json_object *t = report_get(c, "tables");

		if (!t)
			continue;
		printf("%-20s %9s %9s %9s %10s\n",
		       report_text(c, "name", name, sizeof(name)),
		       number(t, "extents", a), number(t, "pages", b),
		       report_true(t, "pa_table_equal") ? "yes" : "NO",
		       report_true(t, "ids_equal") ? "yes" : "NO");
	}
}
