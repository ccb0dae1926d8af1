/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest asks the host to do, by an event:
 *
 *	{"ev":"host","do":"unplug","id":"nic0"}			device_del
 *	{"ev":"host","do":"plug","args":{"driver":...}}		device_add
 *	{"ev":"host","do":"replace","id":"nic0","args":{...}}	the one, and when it is gone the other
 *	{"ev":"host","do":"stop-source"}			no more frames
 *	{"ev":"host","do":"rate","rate":N}			so many frames per second from now on
 *
 * With "after_ms":N it is done that much later. What QEMU answers is in qmp.log.
 */
#ifndef HF_VM_REQUEST_H
#define HF_VM_REQUEST_H

#include <json-c/json.h>

#include "source.h"
#include "stamp.h"

#define MAX_REQUESTS 16

/**
 * struct requests - those of one run
 * @qmp: connection to QEMU's monitor
 * @source: the frame source
 * @waiting: requests whose time @due has not come
 * @gone: device whose end a "replace" waits for, @then what follows; @then NULL for none
 * @done: requests carried out; a device may still be on its way
 * @errors: requests that could not be
 */
struct requests {
	struct stamper qmp;
	struct source *source;
	struct json_object *waiting[MAX_REQUESTS];
	ns_t due[MAX_REQUESTS];
	int n;
	char gone[32];
	struct json_object *then;
	int done, errors;
};

void requests_open(struct requests *r, int fd, const char *dir, struct source *source);

/* Take the request that event @o is. */
void requests_take(struct requests *r, struct json_object *o);

/* Do what is due. */
void requests_run(struct requests *r);
void requests_close(struct requests *r);

#endif
