/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_EVENTS_H
#define HOLDFAST_EVENTS_H

#include <holdfast/error.h>
#include <holdfast/json.h>

/**
 * struct hf_events - where one JSON object per line is reported to
 * @fd: descriptor, or -1: then nothing is written
 *
 * A line is one write(), so that several processes may share a file.
 */
struct hf_events {
	int fd;
};

/**
 * hf_events_open() - open FILE for appending
 * @ev: set up on success; close with hf_events_close()
 * @path: file or tty (never made the controlling one), NULL for no events
 * @err: message on failure
 *
 * Return: 0 or a negative errno.
 */
int hf_events_open(struct hf_events *ev, const char *path, struct hf_error *err);

/** hf_events_close() - flush and close; harmless when nothing is open */
void hf_events_close(struct hf_events *ev);

/**
 * hf_events_flush() - wait until everything written has left the machine
 * @ev: events; a tty is drained, a file synced
 *
 * Called before the reboot call: what is in a UART's queue then is lost.
 */
void hf_events_flush(struct hf_events *ev);

/**
 * hf_event_begin() - start one event
 * @j: writer, initialised here
 * @name: value of the member "ev"
 */
void hf_event_begin(struct hf_json *j, const char *name);

/**
 * hf_event_send() - finish an event and write it
 * @ev: events
 * @j: writer of hf_event_begin(); freed here
 */
void hf_event_send(struct hf_events *ev, struct hf_json *j);

/** hf_event_step() - report that step @name took @ms milliseconds */
void hf_event_step(struct hf_events *ev, const char *name, double ms);

#endif
