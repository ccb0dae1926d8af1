// SPDX-License-Identifier: GPL-2.0-only
/* What every part of the decoder uses: notes of problems, blocks of memory. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "decode.h"

/* More are counted, but not listed: who reads a thousand lines has a dump. */
#define MAX_LISTED	1000

static const char *const kind_name[HK_PROBLEM_KINDS] = {
	[HK_DAMAGED] = "damaged",
	[HK_UNREADABLE] = "unreadable",
	[HK_STALE] = "stale",
};

static void note(struct hk_decode *d, enum hk_problem_kind kind, char *text)
{
	struct hk_problem *more;

	d->n_kind[kind]++;
	if (!text || d->n_problems >= MAX_LISTED) {
		free(text);
		return;
	}
	more = realloc(d->problem, (d->n_problems + 1) * sizeof(*more));
	if (!more) {
		free(text);
		return;
	}
	d->problem = more;
	d->problem[d->n_problems++] = (struct hk_problem){ kind, text };
}

bool hk_damaged(struct hk_decode *d, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	note(d, d->stale ? HK_STALE : HK_DAMAGED, text);
	return false;
}

bool hk_unreadable(struct hk_decode *d, uint64_t phys, const char *what)
{
	char *text = NULL;

	if (asprintf(&text, "%s at %#" PRIx64 ": %s", what, phys,
		     hk_mem_why(d->mem)) < 0)
		text = NULL;
	note(d, HK_UNREADABLE, text);
	return false;
}

void hk_problems(struct hk_decode *d)
{
	size_t i, listed = d->n_problems;
	unsigned int all = 0;

	for (i = 0; i < HK_PROBLEM_KINDS; i++)
		all += d->n_kind[i];
	hk_out_list(d->out, "problems");
	for (i = 0; i < listed; i++) {
		hk_out_row(d->out);
		hk_out_str(d->out, "kind", kind_name[d->problem[i].kind]);
		hk_out_str(d->out, "text", d->problem[i].text);
		hk_out_row_end(d->out);
	}
	hk_out_list_end(d->out);
	for (i = 0; i < HK_PROBLEM_KINDS; i++)
		hk_out_u64(d->out, kind_name[i], d->n_kind[i]);
	if (all > listed)
		hk_out_u64(d->out, "not_listed", all - listed);
}

void hk_decode_free(struct hk_decode *d)
{
	size_t i;

	for (i = 0; i < d->n_problems; i++)
		free(d->problem[i].text);
	free(d->problem);
	free(d->seen);
	d->problem = NULL;
	d->n_problems = 0;
	d->seen = NULL;
	d->n_seen = 0;
}

void *hk_block(struct hk_decode *d, uint64_t phys, uint64_t len, uint64_t max,
	       const char *what)
{
	void *buf;

	if (!phys || phys % HK_PAGE || phys + len < phys) {
		hk_damaged(d, "%s: %#" PRIx64 " is no address of a page", what,
			   phys);
		return NULL;
	}
	if (len > max) {
		hk_damaged(d, "%s at %#" PRIx64 ": %" PRIu64 " bytes are more than the %" PRIu64 " it may have",
			   what, phys, len, max);
		return NULL;
	}
	buf = malloc(len ? len : 1);
	if (buf && hk_mem_read(d->mem, phys, buf, len))
		return buf;
	free(buf);
	hk_unreadable(d, phys, what);
	return NULL;
}

bool hk_seen(struct hk_decode *d, uint64_t phys)
{
	uint64_t *more;
	size_t i;

	for (i = 0; i < d->n_seen; i++)
		if (d->seen[i] == phys)
			return true;
	more = realloc(d->seen, (d->n_seen + 1) * sizeof(*more));
	if (!more)
		return false;
	d->seen = more;
	d->seen[d->n_seen++] = phys;
	return false;
}
