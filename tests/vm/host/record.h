/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A run's folder, read back. A run writes these files, all times CLOCK_REALTIME of the host,
 *"SEC.NSEC" first in the line:
 *
 *	run.json	scenario, kernels, QEMU's exit, why the run ended
 *	console.log	first serial port, a line a line
 *	events.log	second serial port: JSON objects
 *	frames.log	frames sent: time and sequence number
 *	trace.log	QEMU's trace
 *	drops		frames the host's UDP socket dropped before QEMU read them
 */
#ifndef HF_VM_RECORD_H
#define HF_VM_RECORD_H

#include <json-c/json.h>

#include "trace.h"
#include "util.h"

struct console_line {
	ns_t t;
	char *text;
};

/**
 * struct event - one line of the event channel
 * @t: when it arrived at the host
 * @kernel: number of the kernel it came from, by the init events before it; 0 before the first
 * @json: the object
 */
struct event {
	ns_t t;
	int kernel;
	struct json_object *json;
};

/* A frame sent: @seq at @t. */
struct sent_frame {
	ns_t t;
	uint64_t seq;
};

/**
 * struct update - the marks of one kexec
 * @preserve: begin of preserve, by its step event's length; NO_TIME if unknown
 * @preserved: its end
 * @reboot: the agent calls reboot()
 * @frozen: the kernel has frozen its sessions; NO_TIME if it did not say
 * @linux_starts: first console line of the new kernel
 * @init: first user instruction of the new kernel
 * @verified: the agent has taken everything out again and will start the drivers; NO_TIME if it did
 * not say
 * @resumed: first look of the last driver to have one; NO_TIME if one has none
 */
struct update {
	ns_t preserve, preserved, reboot, frozen, linux_starts, init, verified, resumed;
};

#define MAX_UPDATES 64

/* A driver is at work again up to so long before we hear of it. */
#define LOOK_NS (100 * NSEC_PER_MSEC)

enum driver {
	DRIVER_NIC, /* nic-rx */
	DRIVER_NVME, /* nvme-io */
	DRIVERS
};

/**
 * struct driver_marks - one driver's part of a run
 * @ready: it has the device at work; NO_TIME if never. @ready_event says so
 * @last_result: it is about to stop the device for good; end of the trace if it never was
 * @result: its last result; NULL if none
 * @resumed: its first look after each update; NO_TIME if none. @resumed_event says so
 */
struct driver_marks {
	ns_t ready, last_result;
	struct event *ready_event, *result;
	ns_t resumed[MAX_UPDATES];
	struct event *resumed_event[MAX_UPDATES];
};

struct record {
	struct json_object *info;
	struct console_line *console;
	size_t n_console, cap_console;
	struct event *event;
	size_t n_event, cap_event;
	size_t bad_events;
	struct sent_frame *sent;
	size_t n_sent, cap_sent;
	struct trace trace;
	long drops; /* -1: unknown */

	struct update update[MAX_UPDATES];
	int n_updates;
	int kernels; /* init events seen */
	struct driver_marks marks[DRIVERS];
	bool has[DRIVERS]; /* was there such a driver? */
};

/*
 * Read folder @dir. 0, or -1 with a message on stderr. Missing files are empty ones, except
 * events.log.
 */
int record_load(struct record *r, const char *dir);
void record_free(struct record *r);

/* String member @key of event @e, "" if absent. */
const char *event_string(const struct event *e, const char *key);

/* Integer member @key; @missing if absent. */
int64_t event_int(const struct event *e, const char *key, int64_t missing);

/* Is this event @ev and, when @state is not NULL, its "state", "name" or "when" @state? */
bool event_is(const struct event *e, const char *ev, const char *state);

/* Which driver an event is from. Those that do not say are from the one for NICs. */
enum driver event_driver(const struct event *e);

/* First event at or after index @from that event_is(); NULL if none. */
struct event *event_find(struct record *r, size_t from, const char *ev, const char *state);

#endif
