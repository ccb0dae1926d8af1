// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/socket.h>

#include "request.h"

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : "";
}

static int number(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_int(v) : 0;
}

/* Send {"execute": @command, "arguments": @args}, and let go of @args. */
static void execute(struct requests *r, const char *command, struct json_object *args)
{
	struct json_object *o = json_object_new_object();
	const char *text;

	json_object_object_add(o, "execute", json_object_new_string(command));
	if (args)
		json_object_object_add(o, "arguments", args);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	if (send(r->qmp.fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
		r->errors++;
	json_object_put(o);
}

static void unplug(struct requests *r, const char *id)
{
	struct json_object *args = json_object_new_object();

	json_object_object_add(args, "id", json_object_new_string(id));
	execute(r, "device_del", args);
}

static void device_is_gone(struct requests *r, const char *id)
{
	if (!r->then || strcmp(id, r->gone))
		return;
	execute(r, "device_add", r->then);
	r->then = NULL;
}

static void on_qmp(void *ctx, ns_t t, const char *line)
{
	struct json_object *o = json_tokener_parse(line), *data;
	struct requests *r = ctx;

	(void)t;
	if (o && json_object_is_type(o, json_type_object)) {
		if (json_object_object_get_ex(o, "QMP", NULL))
			execute(r, "qmp_capabilities", NULL);
		else if (json_object_object_get_ex(o, "error", NULL))
			r->errors++;
		else if (!strcmp(member(o, "event"), "DEVICE_DELETED") &&
			 json_object_object_get_ex(o, "data", &data))
			device_is_gone(r, member(data, "device"));
	}
	json_object_put(o);
}

static void carry_out(struct requests *r, struct json_object *o)
{
	const char *what = member(o, "do"), *id = member(o, "id");
	struct json_object *args = NULL;

	json_object_object_get_ex(o, "args", &args);
	if (!strcmp(what, "unplug") && *id) {
		unplug(r, id);
	} else if (!strcmp(what, "plug") && args) {
		execute(r, "device_add", json_object_get(args));
	} else if (!strcmp(what, "replace") && *id && args && !r->then) {
		snprintf(r->gone, sizeof(r->gone), "%s", id);
		r->then = json_object_get(args);
		unplug(r, id);
	} else if (!strcmp(what, "stop-source")) {
		source_stop(r->source);
	} else if (!strcmp(what, "rate") && number(o, "rate") > 0) {
		source_set_rate(r->source, number(o, "rate"));
	} else {
		fprintf(stderr, "the guest asks for what cannot be done: %s\n",
			json_object_to_json_string(o));
		r->errors++;
		return;
	}
	r->done++;
}

void requests_open(struct requests *r, int fd, const char *dir, struct source *source)
{
	memset(r, 0, sizeof(*r));
	r->source = source;
	stamper_open(&r->qmp, fd, dir, "qmp.log", on_qmp, r);
}

void requests_take(struct requests *r, struct json_object *o)
{
	if (r->n == MAX_REQUESTS) {
		r->errors++;
		return;
	}
	r->due[r->n] = now_mono() + number(o, "after_ms") * NSEC_PER_MSEC;
	r->waiting[r->n++] = json_object_get(o);
	requests_run(r);
}

void requests_run(struct requests *r)
{
	struct json_object *o;
	int i = 0;

	while (i < r->n) {
		if (r->due[i] > now_mono()) {
			i++;
			continue;
		}
		o = r->waiting[i];
		r->n--;
		memmove(&r->waiting[i], &r->waiting[i + 1], (r->n - i) * sizeof(r->waiting[0]));
		memmove(&r->due[i], &r->due[i + 1], (r->n - i) * sizeof(r->due[0]));
		carry_out(r, o);
		json_object_put(o);
	}
}

void requests_close(struct requests *r)
{
	r->errors += r->n + !!r->then;
	while (r->n)
		json_object_put(r->waiting[--r->n]);
	json_object_put(r->then);
	stamper_close(&r->qmp);
}
