// SPDX-License-Identifier: GPL-2.0-only
/* The command line of a kernel that something is handed to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <holdfast/cmdline.h>

#include "cmdline.h"

static const struct {
	const char *name;
	bool bare;
	const char *text;
} wanted[] = {
	{ "kho", false, "kho=on kho=require" },
	{ "liveupdate", false, "liveupdate=on" },
	{ "vfio.enable_unsafe_noiommu_mode", true,
	  "vfio.enable_unsafe_noiommu_mode=1" },
};

static bool is_required(const char *line)
{
	char val[32];

	return hf_cmdline_get(line, "kho", val, sizeof(val)) &&
	       !strcmp(val, "require");
}

/* What is missing is put together in @add; false if it is forbidden. */
static bool missing(const char *base, char *add, size_t len,
		    struct hf_error *err)
{
	size_t i, n = 0;
	char val[64];

	add[0] = '\0';
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const char *name = wanted[i].name, *text = wanted[i].text;
		bool on = hf_cmdline_bool(base, name, wanted[i].bare);

		if (!on && hf_cmdline_get(base, name, val, sizeof(val))) {
			hf_fail(err, -EINVAL, "the next kernel's command line has \"%s=%s\": with that it cannot take over what is handed to it; leave it out",
				name, val);
			return false;
		}
		if (on && strcmp(name, "kho"))
			continue;
		/* The first kernel's own "kho=on" is no reason to forget the rest. */
		if (on)
			text = is_required(base) ? "" : "kho=require";
		n += (size_t)snprintf(add + n, len - n, "%s%s", *text ? " " : "",
				      text);
	}
	return true;
}

char *hk_cmdline_next(const char *base, struct hf_error *err)
{
	char add[128], *out;
	const char *p = base;
	struct hf_cmdline_word w;
	size_t n = 0, room = strlen(base) + sizeof(add) + 1;
	bool ended = false;

	if (!missing(base, add, sizeof(add), err))
		return NULL;
	out = malloc(room);
	if (!out) {
		hf_fail(err, -ENOMEM, "out of memory");
		return NULL;
	}
	out[0] = '\0';
	while (hf_cmdline_next(&p, &w)) {
		if (!ended && hf_cmdline_is_end(&w)) {
			ended = true;
			n += (size_t)snprintf(out + n, room - n, "%s", add);
		}
		if (!ended && w.len > 11 && !memcmp(w.text, "BOOT_IMAGE=", 11))
			continue;
		n += (size_t)snprintf(out + n, room - n, "%s%.*s", n ? " " : "",
				      (int)w.len, w.text);
	}
	if (!ended)
		n += (size_t)snprintf(out + n, room - n, "%s", add);
	if (out[0] == ' ')
		memmove(out, out + 1, n--);
	if (n < HK_CMDLINE_MAX)
		return out;
	hf_fail(err, -E2BIG, "the next kernel's command line would have %zu bytes; it takes up to %d: shorten it",
		n, HK_CMDLINE_MAX - 1);
	free(out);
	return NULL;
}
