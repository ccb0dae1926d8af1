// SPDX-License-Identifier: GPL-2.0
/*
 * Updates of a Debian under systemd. The guest's side is in tests/systemd/guest, and so is what
 * makes the initramfs and the image; the image is beside the folder of the runs.
 */
#include <stddef.h>
#include <string.h>

#include "judge.h"
#include "scenario.h"

/* Native driver, as on a host; what is written does not outlive QEMU. */
#define ROOT_DISK                                                                 \
	"-drive", "file=@DIR@/../../root.img,if=none,id=root,format=raw,snapshot=on", \
		"-device", "nvme,id=root0,drive=root,serial=root,bus=pcie.0,addr=0x8"

#define CMDLINE "root=LABEL=holdfast-root ro systemd.show_status=1"

static const char *const root_disk[] = { ROOT_DISK, NULL };

/* The last -action wins: -no-reboot is one, too. */
static const char *const root_disk_reboots[] = { ROOT_DISK, "-action", "reboot=reset", NULL };

/* A measurement: what is slow here is emulation. */
static void check_gap(struct verdict *v, const struct scenario *sc)
{
	struct event *e = event_find(&v->record, 0, "driver", "finished");
	long long us = e ? event_int(e, "gap_us", 0) : 0;

	(void)sc;
	check_add(&v->checks, "gap", us > 0,
		  "%lld ms from the last frame handled before the update to the first one after it", us / 1000);
}

/*
 * When did the next kernel give the device back, before systemd began there? It does so once: what was
 * taken out in the initramfs stayed with somebody all the time.
 */
static void check_adopted(struct verdict *v, bool early)
{
	bool systemd = false, before = false;
	const char *text;
	int adopted = 0;
	size_t i;

	for (i = 0; i < v->record.n_console; i++) {
		text = v->record.console[i].text;
		if (strstr(text, "live update: none -> incoming"))
			systemd = false;
		systemd = systemd || strstr(text, "running in system mode");
		if (strstr(text, "live update: incoming -> adopted")) {
			adopted++;
			before = !systemd;
		}
	}
	check_add(&v->checks, early ? "adopted-early" : "adopted-by-unit",
		  adopted == 1 && before == early, "%d times, %s systemd", adopted,
		  before ? "before" : "after");
}

static void check_unit(struct verdict *v, const struct scenario *sc)
{
	check_adopted(v, false);
	check_gap(v, sc);
}

static void check_early(struct verdict *v, const struct scenario *sc)
{
	check_adopted(v, true);
	check_gap(v, sc);
}

/* The guest ends well only if it found what it says that it finds. */
static void check_told(struct verdict *v, const struct scenario *sc)
{
	struct event *done = event_find(&v->record, 0, "done", NULL),
		     *lost = event_find(&v->record, 0, "point", NULL);

	(void)sc;
	check_add(&v->checks, "lost-is-reported", done && !event_int(done, "status", 1) && lost,
		  "by holdfast status, in the next kernel");
}

/* That systemd-shutdown was told; the guest has looked at what was refused before. */
static void check_console(struct verdict *v, const struct scenario *sc)
{
	bool asked = false, why = false, failed = false;
	const char *text;
	size_t i;

	(void)sc;
	for (i = 0; i < v->record.n_console; i++) {
		text = v->record.console[i].text;
		asked = asked || strstr(text, "systemd-shutdown[1]: Rebooting with kexec");
		why = why || (asked && strstr(text, "live update: does not respond"));
		failed = failed || (why && strstr(text, "systemd-shutdown[1]: (sd-kexec) failed"));
	}
	check_add(&v->checks, "console-says-why", failed, "the reason for the full reboot");
}

/*
 * The ring has 65520 descriptors: 327 s at 200/s, more than systemd takes for stopping and starting
 * everything under emulation.
 */
#define SYSTEMD(name_) .name = name_, .suite = SUITE_SYSTEMD, .device = "igb", \
	.topology = TOPO_ROOT_PORT, .kernel = KERNEL_HOLDFAST, .updates = 1, .rate = 200, \
	.timeout_s = 300

const struct scenario scenarios_systemd[] = {
	{ SYSTEMD("systemd-graceful"), .guest = "graceful", .args = root_disk, .resumes = 1,
	  .judged = JUDGED_ALL, .check = check_unit, .append = CMDLINE },
	{ SYSTEMD("systemd-no-at"), .guest = "no-at", .args = root_disk,
	  .judged = JUDGED_CONTROL, .check = check_told, .append = CMDLINE },
	{ SYSTEMD("systemd-direct"), .guest = "direct", .args = root_disk, .resumes = 1,
	  .judged = JUDGED_ALL, .check = check_unit, .append = CMDLINE },
	{ SYSTEMD("systemd-refused"), .guest = "refused", .args = root_disk_reboots,
	  .judged = JUDGED_BY_GUEST, .check = check_console, .append = CMDLINE },
	{ SYSTEMD("systemd-early"), .guest = "graceful", .args = root_disk, .resumes = 1,
	  .judged = JUDGED_ALL, .check = check_early,
	  .append = CMDLINE " hf.later=holdfast.early_restore=yes" },
	{ .name = NULL },
};
