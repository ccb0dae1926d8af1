// SPDX-License-Identifier: GPL-2.0
/*
 * The harness' own test: would it see what it is there to see? A small record of a good run is
 * judged, then the same with one thing broken at a time; exactly the checks for that thing must
 * fail.
 */
#include <stdlib.h>
#include <string.h>

#include "cfgspace.h"
#include "judge.h"
#include "memory.h"
#include "mutate.h"
#include "selftest.h"
#include "trace.h"

struct damage {
	const char *name;
	const char *scenario; /* judged as */
	struct mutation m;
	const char *failing; /* checks that must fail, separated by blanks; "" for none */
};

#define TRACE(ms, line)                                                               \
	{                                                                             \
		.kind = MUTATE_INSERT, .file = "trace.log", .at_ms = ms, .text = line \
	}
#define CONSOLE(ms, line)                                                               \
	{                                                                               \
		.kind = MUTATE_INSERT, .file = "console.log", .at_ms = ms, .text = line \
	}
#define EVENT(ms, old, new)                                                             \
	{                                                                               \
		.kind = MUTATE_REPLACE, .file = "events.log", .at_ms = ms, .from = old, \
		.text = new                                                             \
	}

/* Record: igb at 01:00.0 behind a root port at 00:04.0. */
static const struct damage damages[] = {
	{ "good-run", "igb-root-port", { .kind = MUTATE_NOTHING }, "" },
	{ "good-run-is-no-control", "control", { .kind = MUTATE_NOTHING }, "control-loses" },

	{ "device-loses-bus-mastering", "igb-root-port",
	  TRACE(300, "pci_cfg_write igb 01:00.0 @0x4 <- 0x503"), "bus-master-device" },
	{ "device-says-no-bus-mastering", "igb-root-port",
	  TRACE(300, "e1000x_rx_can_recv_disabled link_up: 1, rx_enabled 1, pci_master 0"),
	  "bus-master-device" },
	{ "bridge-loses-bus-mastering", "igb-root-port",
	  TRACE(300, "pci_cfg_write pcie-root-port 00:04.0 @0x4 <- 0x103"), "bus-master-bridges" },
	{ "function-level-reset", "igb-root-port",
	  TRACE(300, "resettable_phase_hold_exec obj=0x55(igb) method=1"), "device-not-reset" },
	{ "reset-by-register", "igb-root-port",
	  TRACE(300, "e1000e_core_ctrl_sw_reset Doing SW reset"), "device-not-reset" },
	{ "bridge-reset", "igb-root-port",
	  TRACE(300, "resettable_phase_hold_exec obj=0x55(pcie-root-port) method=1"),
	  "device-not-reset" },
	{ "secondary-bus-reset", "igb-root-port",
	  TRACE(300, "pci_cfg_write pcie-root-port 00:04.0 @0x3e <- 0x42"), "device-not-reset" },
	{ "d3", "igb-root-port", TRACE(300, "pci_pm_transition igb 01:00.0 PM transition D0->D3"),
	  "power-state" },
	{ "d3-asked-for", "igb-root-port", TRACE(300, "pci_cfg_write igb 01:00.0 @0x44 <- 0x3"),
	  "power-state config-writes" },
	{ "bus-numbers-cleared", "igb-root-port",
	  TRACE(300, "pci_cfg_write pcie-root-port 00:04.0 @0x18 <- 0x0"),
	  "bus-numbers config-writes" },
	{ "link-retrained", "igb-root-port",
	  TRACE(300, "pci_cfg_write pcie-root-port 00:04.0 @0x64 <- 0x20"), "link" },
	{ "write-not-on-the-list", "igb-root-port",
	  TRACE(300, "pci_cfg_write igb 01:00.0 @0xc <- 0x4000"), "config-writes" },
	{ "payload-size-changed", "igb-root-port",
	  TRACE(300, "pci_cfg_write igb 01:00.0 @0xa8 <- 0x810"), "config-writes" },
	{ "register-written-in-gap", "igb-root-port",
	  TRACE(300, "e1000e_core_write Write to register 0x100, 4 byte(s), value: 0x0"),
	  "registers-untouched" },
	{ "interrupt-mask-written-in-gap", "igb-root-port",
	  TRACE(300, "e1000e_core_write Write to register 0x1524, 4 byte(s), value: 0x1"),
	  "registers-untouched" },
	{ "intx-let-through-in-gap", "igb-root-port",
	  TRACE(300, "pci_cfg_write igb 01:00.0 @0x4 <- 0x107"), "interrupts-quiet" },
	{ "vectors-let-through-in-gap", "igb-root-port",
	  TRACE(300, "pci_cfg_write igb 01:00.0 @0x72 <- 0x8009"), "interrupts-quiet" },
	{ "tail-written-in-gap", "igb-root-port",
	  TRACE(300, "e1000e_core_write Write to register 0xc018, 4 byte(s), value: 0x1"),
	  "registers-untouched" },

	{ "frame-lost",
	  "igb-root-port",
	  { .kind = MUTATE_INSERT, .file = "frames.log", .at_ms = -50, .text = "999999" },
	  "frames-lost frames-stored" },
	{ "frame-not-stored",
	  "igb-root-port",
	  { .kind = MUTATE_REMOVE, .file = "trace.log", .at_ms = -50, .from = "e1000e_rx_descr" },
	  "frames-stored ring-in-order" },
	{ "descriptor-skipped",
	  "igb-root-port",
	  { .kind = MUTATE_REPLACE,
	    .file = "trace.log",
	    .at_ms = -50,
	    .from = "ring #0, PA: 0x36",
	    .text = "ring #0, PA: 0x35" },
	  "ring-in-order" },
	{ "dma-stops-for-a-while",
	  "igb-root-port",
	  { .kind = MUTATE_DELAY, .file = "trace.log", .at_ms = 100, .until_ms = 600 },
	  "dma-continuous" },
	{ "dma-stops-to-the-end-of-gap",
	  "igb-root-port",
	  { .kind = MUTATE_DELAY, .file = "trace.log", .at_ms = 100, .until_ms = 3500 },
	  "dma-continuous frames-in-gap" },
	{ "frame-twice", "igb-root-port", EVENT(0, "\"duplicated\":0", "\"duplicated\":1"),
	  "frames-good" },
	{ "frame-corrupt", "igb-root-port",
	  EVENT(0, "\"corrupt\":0,\"foreign\":0,\"beyond\":0,\"first\"",
		"\"corrupt\":1,\"foreign\":0,\"beyond\":0,\"first\""),
	  "frames-good" },
	{ "driver-finds-too-few", "igb-root-port",
	  EVENT(0, "\"received\":112,", "\"received\":90,"), "driver-agrees" },

	{ "counter-began-anew", "igb-root-port", EVENT(0, "\"tpr\":", "\"tpr\":1,\"was\":"),
	  "statistics-count-on" },
	{ "head-moved-back", "igb-root-port", EVENT(0, "\"rdh\":", "\"rdh\":0,\"was\":"),
	  "statistics-count-on" },
	{ "address-moved", "igb-root-port",
	  EVENT(0, "\"pa_table_equal\":true", "\"pa_table_equal\":false"), "pa-table-equal" },
	{ "id-changed", "igb-root-port", EVENT(0, "\"ids_equal\":true", "\"ids_equal\":false"),
	  "ids-equal" },
	{ "config-byte-changed", "igb-root-port",
	  EVENT(0, "\"when\":\"restored\",\"kernel\":2,\"bdf\":\"0000:01:00.0\",\"hex\":\"8680",
		"\"when\":\"restored\",\"kernel\":2,\"bdf\":\"0000:01:00.0\",\"hex\":\"8681"),
	  "config-space" },
	{ "memory-leaked", "igb-root-port",
	  EVENT(0, "\"when\":\"end\",\"kernel\":2,\"MemTotal_kB\":2053",
		"\"when\":\"end\",\"kernel\":2,\"MemTotal_kB\":2043"),
	  "memory-back" },
	{ "kernel-warns", "igb-root-port",
	  CONSOLE(500, "[    0.5] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1 x+0x1/0x2"),
	  "console-clean" },
	{ "lockdep-complains", "igb-root-port",
	  CONSOLE(500, "[    0.5] INFO: possible circular locking dependency detected"),
	  "console-clean" },
	{ "guest-failed", "igb-root-port",
	  EVENT(0, "\"ev\":\"done\",\"status\":0", "\"ev\":\"done\",\"status\":1"), "guest-done" },
	{ "guest-hung",
	  "igb-root-port",
	  { .kind = MUTATE_REMOVE, .file = "events.log", .from = "\"ev\":\"done\"" },
	  "guest-done" },
	{ "registers-not-reported",
	  "igb-root-port",
	  { .kind = MUTATE_REMOVE, .file = "events.log", .from = "\"when\":\"after\"" },
	  "statistics-count-on" },
};

static int points, failures;

static void point(bool ok, const char *name, const char *detail)
{
	failures += !ok;
	printf("%s %d %s%s%s\n", ok ? "ok" : "not ok", ++points, name, *detail ? " # " : "",
	       detail);
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *p;

	for (p = strstr(list, word); p; p = strstr(p + 1, word))
		if ((p == list || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

/* The names of the checks that failed. The caller frees it. */
static char *failed_checks(const struct checks *c)
{
	char *list = xstrdup(""), *longer;
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (c->check[i].ok)
			continue;
		longer = xasprintf("%s%s%s", list, *list ? " " : "", c->check[i].name);
		free(list);
		list = longer;
	}
	return list;
}

static bool same_words(const char *a, const char *b, const struct checks *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (has_word(a, c->check[i].name) != has_word(b, c->check[i].name))
			return false;
	return true;
}

void selftest_point_checks(const struct checks *c, const char *name, const char *failing)
{
	char *failed = failed_checks(c);
	char *detail = xasprintf("failing: %s; expected: %s", *failed ? failed : "none",
				 *failing ? failing : "none");

	point(same_words(failed, failing, c), name, detail);
	free(failed);
	free(detail);
}

static void test_damage(const struct damage *d, const char *dir, const struct cfg_rules *rules)
{
	const struct scenario *sc = scenario_find(d->scenario);
	char *to = xasprintf("%s/%s", dir, d->name);
	struct verdict v;

	if (!mutate_record(SAMPLE, to, &d->m)) {
		point(false, d->name, "the record has nothing to damage in this way");
	} else if (judge(&v, to, sc, rules)) {
		point(false, d->name, "no verdict");
	} else {
		selftest_point_checks(&v.checks, d->name, d->failing);
		verdict_free(&v);
	}
	free(to);
}

static void test_trace_lines(void)
{
	struct trace_record r;

	point(trace_parse_line("12@1700000000.000001:pci_cfg_write igb 01:00.0 @0x4 <- 0x103\n",
			       &r) &&
		      r.kind == TRACE_CONFIG_WRITE && r.bdf == 0x100 && r.offset == 4 &&
		      r.value == 0x103 && r.t == 1700000000LL * NSEC_PER_SEC + 1000,
	      "trace-config-write", "");
	point(trace_parse_line("12@1.5:pci_cfg_write pcie-root-port 00:1f.7 @0x3e <- 0x2\n", &r) &&
		      r.bdf == 0xff && !strcmp(r.model, "pcie-root-port"),
	      "trace-location", "");
	point(trace_parse_line("12@1.5:pci_pm_transition igb 01:00.0 PM transition D0->D3\n", &r) &&
		      r.kind == TRACE_POWER && !r.from && r.to == 3,
	      "trace-power", "");
	point(trace_parse_line(
		      "12@1.5:pci_pm_bad_transition igb 01:00.0 REJECTED PM transition D3->D1\n",
		      &r) &&
		      r.from == 3 && r.to == 1,
	      "trace-power-rejected", "");
	point(trace_parse_line(
		      "12@1.5:e1000e_core_write Write to register 0xc018, 4 byte(s), value: 0xffee\n",
		      &r) &&
		      r.kind == TRACE_REGISTER_WRITE && r.address == 0xc018 && r.value == 0xffee,
	      "trace-register-write", "");
	point(trace_parse_line(
		      "12@1.5:e1000e_rx_descr Next RX descriptor: ring #0, PA: 0x3a200010, length: 16\n",
		      &r) &&
		      r.kind == TRACE_DESCRIPTOR && r.address == 0x3a200010,
	      "trace-descriptor", "");
	point(trace_parse_line(
		      "12@1.5:resettable_phase_hold_exec obj=0x557a8983b1f0(e1000e) method=1\n",
		      &r) &&
		      r.kind == TRACE_RESET && !strcmp(r.model, "e1000e"),
	      "trace-reset", "");
	point(!trace_parse_line("12@1.5:pci_cfg_write igb 01:0\n", &r) &&
		      !trace_parse_line("12@1.5:pci_cfg_wri", &r) &&
		      !trace_parse_line("pci_cfg_write igb 01:00.0 @0x4 <- 0x103\n", &r) &&
		      !trace_parse_line("", &r) &&
		      !trace_parse_line("12@x:pci_cfg_write igb 01:00.0 @0x4 <- 0x103\n", &r) &&
		      !trace_parse_line(
			      "12@1.5:resettable_phase_hold_exec obj=0x1(a-name-that-is-longer-than-any-we-know) method=1\n",
			      &r),
	      "trace-damaged-lines", "");
}

static void test_config_places(void)
{
	struct cfg_dump d = { .bdf = "0000:01:00.0", .len = CFG_SIZE };
	char where[24];

	d.bytes[0x06] = 0x10;
	d.bytes[0x34] = 0x40;
	d.bytes[0x40] = 0x01;
	d.bytes[0x41] = 0x50;
	d.bytes[0x50] = 0x05;
	d.bytes[0x51] = 0x50; /* a loop */
	d.bytes[0x100] = 0x01;
	d.bytes[0x103] = 0x14; /* next at 0x140 */
	d.bytes[0x140] = 0x10;
	point(cfg_capability(&d, 0x01) == 0x40 && cfg_capability(&d, 0x05) == 0x50 &&
		      !cfg_capability(&d, 0x11),
	      "config-capabilities", "");
	point(!strcmp(cfg_where(&d, 0x04, where), "hdr+04") &&
		      !strcmp(cfg_where(&d, 0x44, where), "cap:01+04") &&
		      !strcmp(cfg_where(&d, 0x52, where), "cap:05+02") &&
		      !strcmp(cfg_where(&d, 0x104, where), "ecap:0001+04") &&
		      !strcmp(cfg_where(&d, 0x148, where), "ecap:0010+08"),
	      "config-places", "");
	point(!cfg_parse(&d, "0000:01:00.0", "8680c9") && !cfg_parse(&d, "0000:01:00.0", "xx"),
	      "config-damaged-dump", "");
}

/* A record of nothing but what kernels say about memory: @lost kB less in each. */
static bool memory_is_flat(const char *dir, long lost_available, long lost_total)
{
	const struct scenario *sc = scenario_find("many");
	struct checks checks = { 0 };
	struct record r;
	bool flat;
	FILE *f;
	int k;

	make_dirs(dir);
	f = open_in(dir, "events.log", "we");
	if (!f)
		return false;
	for (k = 1; k <= sc->updates + 1; k++)
		fprintf(f,
			"%d.0 {\"ev\":\"init\"}\n%d.1 {\"ev\":\"meminfo\",\"when\":\"restored\",\"MemTotal_kB\":%ld,\"MemAvailable_kB\":%ld}\n",
			k, k, 2053000 - k * lost_total, 1950000 - k * lost_available + k % 2 * 100);
	fprintf(f,
		"1.2 {\"ev\":\"meminfo\",\"when\":\"start\"}\n99.0 {\"ev\":\"meminfo\",\"when\":\"end\"}\n");
	fclose(f);
	if (record_load(&r, dir))
		return false;
	/* The order of lines is that of time, but for these two. */
	for (k = 0; k < (int)r.n_event; k++)
		if (event_is(&r.event[k], "meminfo", "start"))
			r.event[k].kernel = 1;
	memory_check(&r, sc, &checks);
	flat = check_find(&checks, "memory-flat") && check_find(&checks, "memory-flat")->ok;
	checks_free(&checks);
	record_free(&r);
	return flat;
}

static void test_memory_slope(const char *dir)
{
	char *to = xasprintf("%s/memory-slope", dir);

	point(memory_is_flat(to, 0, 0), "memory-flat", "");
	point(!memory_is_flat(to, 500, 0), "memory-lost-with-each-update", "");
	point(!memory_is_flat(to, 0, 4), "page-lost-with-each-update", "");
	free(to);
}

/* What drivers say of their interrupts, and which checks must fail then. */
static const struct {
	const char *name, *failing;
	int received, interrupts, wakeups, woken, kicked, kicks, nvme_wakeups;
} sleepers[] = {
	{ "interrupts-woke-them", "", 100, 60, 50, 90, 10, 4, 7 },
	{ "found-without-interrupt", "found-by-interrupt", 100, 60, 50, 80, 10, 4, 7 },
	{ "woken-by-no-interrupt", "interrupts", 100, 40, 50, 90, 10, 4, 7 },
	{ "not-armed-again", "armed-again", 100, 60, 50, 90, 10, 3, 7 },
	{ "disk-without-interrupt", "nvme-interrupts", 100, 60, 50, 90, 10, 4, 0 },
};

static void test_interrupts(const char *dir)
{
	const struct scenario *sc = scenario_find("updates-both");
	char *to = xasprintf("%s/interrupts", dir);
	struct verdict v;
	size_t i;
	FILE *f;

	make_dirs(to);
	for (i = 0; i < ARRAY_SIZE(sleepers); i++) {
		f = open_in(to, "events.log", "we");
		fprintf(f,
			"1.0 {\"ev\":\"result\",\"driver\":\"nic-rx\",\"received\":%d,\"interrupts\":%d,\"wakeups\":%d,\"woken_frames\":%d,\"kick_frames\":%d,\"kicks\":%d}\n",
			sleepers[i].received, sleepers[i].interrupts, sleepers[i].wakeups,
			sleepers[i].woken, sleepers[i].kicked, sleepers[i].kicks);
		fprintf(f, "1.1 {\"ev\":\"result\",\"driver\":\"nvme-io\",\"wakeups\":%d}\n",
			sleepers[i].nvme_wakeups);
		fclose(f);
		memset(&v, 0, sizeof(v));
		if (record_load(&v.record, to))
			continue;
		sc->check(&v, sc);
		selftest_point_checks(&v.checks, sleepers[i].name, sleepers[i].failing);
		verdict_free(&v);
	}
	free(to);
}

int main(int argc, char **argv)
{
	struct cfg_rules rules;
	size_t i;

	if (argc != 2)
		die("usage: selftest DIR");
	if (cfg_rules_load(&rules, CFG_RULES))
		return 1;
	printf("KTAP version 1\n");
	test_trace_lines();
	test_config_places();
	test_memory_slope(argv[1]);
	test_interrupts(argv[1]);
	for (i = 0; i < ARRAY_SIZE(damages); i++)
		test_damage(&damages[i], argv[1], &rules);
	selftest_nvme(argv[1]);
	printf("1..%d\n", points);
	cfg_rules_free(&rules);
	return failures != 0;
}
