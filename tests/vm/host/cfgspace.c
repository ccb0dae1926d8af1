// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cfgspace.h"
#include "util.h"

#define HEADER_SIZE 0x40
#define HEADER_TYPE 0x0e
#define CAP_POINTER 0x34
#define STATUS 0x06
#define STATUS_CAP_LIST 0x10
#define EXTENDED 0x100

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool cfg_parse(struct cfg_dump *d, const char *bdf, const char *hex)
{
	int hi, lo;

	memset(d, 0, sizeof(*d));
	snprintf(d->bdf, sizeof(d->bdf), "%s", bdf);
	while (d->len < CFG_SIZE && (hi = hex_digit(hex[0])) >= 0 &&
	       (lo = hex_digit(hex[1])) >= 0) {
		d->bytes[d->len++] = hi << 4 | lo;
		hex += 2;
	}
	return !*hex && d->len >= HEADER_SIZE;
}

bool cfg_is_bridge(const struct cfg_dump *d)
{
	return (d->bytes[HEADER_TYPE] & 0x7f) == 1;
}

uint32_t cfg_read(const struct cfg_dump *d, unsigned int offset, unsigned int size)
{
	uint32_t v = 0;
	unsigned int i;

	for (i = 0; i < size && offset + i < CFG_SIZE; i++)
		v |= (uint32_t)d->bytes[offset + i] << (8 * i);
	return v;
}

/*
 * Walk the two capability lists and call it a day after as many entries as fit. Calls @fn until it
 * returns true.
 */
typedef bool (*cap_fn)(void *ctx, unsigned int start, unsigned int id, bool extended);

static void walk_caps(const struct cfg_dump *d, cap_fn fn, void *ctx)
{
	unsigned int at = d->bytes[CAP_POINTER] & ~3u, left = 48;
	uint32_t head;

	if (d->bytes[STATUS] & STATUS_CAP_LIST) {
		for (; at >= HEADER_SIZE && left--; at = d->bytes[at + 1] & ~3u)
			if (fn(ctx, at, d->bytes[at], false))
				return;
	}
	for (at = EXTENDED, left = 128; at >= EXTENDED && at + 4 <= d->len && left--;
	     at = head >> 20) {
		head = cfg_read(d, at, 4);
		if (!head || fn(ctx, at, head & 0xffff, true))
			return;
	}
}

struct cap_search {
	unsigned int id, offset, start;
	bool extended;
};

static bool match_id(void *ctx, unsigned int start, unsigned int id, bool extended)
{
	struct cap_search *s = ctx;

	if (extended || id != s->id)
		return false;
	s->start = start;
	return true;
}

unsigned int cfg_capability(const struct cfg_dump *d, uint8_t id)
{
	struct cap_search s = { .id = id };

	walk_caps(d, match_id, &s);
	return s.start;
}

/* The capability that starts last before the offset holds it. */
static bool match_offset(void *ctx, unsigned int start, unsigned int id, bool extended)
{
	struct cap_search *s = ctx;

	if (extended != (s->offset >= EXTENDED) || start > s->offset || start < s->start)
		return false;
	s->start = start;
	s->id = id;
	s->extended = extended;
	return false;
}

const char *cfg_where(const struct cfg_dump *d, unsigned int offset, char *buf)
{
	struct cap_search s = { .offset = offset };

	if (offset >= HEADER_SIZE)
		walk_caps(d, match_offset, &s);
	if (!s.start)
		snprintf(buf, 24, "hdr+%02x", offset);
	else if (s.extended)
		snprintf(buf, 24, "ecap:%04x+%02x", s.id, offset - s.start);
	else
		snprintf(buf, 24, "cap:%02x+%02x", s.id, offset - s.start);
	return buf;
}

/*
 * Lines of the list, # begins a comment:
 *
 *	diff  WHO WHERE MASK REASON...
 *	write WHO WHERE REASON...
 *
 * WHO is device, bridge or any; WHERE as cfg_where() prints it; MASK a hexadecimal byte.
 */
static bool parse_rule(struct cfg_rule *r, char *line)
{
	char kind[8], who[8];
	unsigned int mask = 0xff;
	int used = 0;

	if (sscanf(line, "%7s %7s %23s %n", kind, who, r->where, &used) != 3 || !used)
		return false;
	line += used;
	if (!strcmp(kind, "diff")) {
		r->kind = CFG_DIFF;
		if (sscanf(line, "%x %n", &mask, &used) != 1 || !mask || mask > 0xff)
			return false;
		line += used;
	} else if (!strcmp(kind, "write")) {
		r->kind = CFG_WRITE;
	} else {
		return false;
	}
	r->mask = mask;
	r->device = strcmp(who, "bridge");
	r->bridge = strcmp(who, "device");
	if (r->device && r->bridge && strcmp(who, "any"))
		return false;
	if (strlen(line) < 8) /* a rule without a reason is none */
		return false;
	r->reason = xstrdup(line);
	return true;
}

int cfg_rules_load(struct cfg_rules *r, const char *path)
{
	FILE *f = fopen(path, "re");
	struct cfg_rule rule;
	char line[512];
	int number = 0;

	memset(r, 0, sizeof(*r));
	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	while (fgets(line, sizeof(line), f)) {
		number++;
		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, " \t")])
			continue;
		if (!parse_rule(&rule, line)) {
			fprintf(stderr, "%s:%d: not a rule\n", path, number);
			fclose(f);
			return -1;
		}
		VEC_RESERVE(r->rule, r->n, r->cap);
		r->rule[r->n++] = rule;
	}
	fclose(f);
	return 0;
}

void cfg_rules_free(struct cfg_rules *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		free(r->rule[i].reason);
	free(r->rule);
	memset(r, 0, sizeof(*r));
}

const char *cfg_rule_reason(const struct cfg_rules *r, enum cfg_rule_kind kind, bool bridge,
			    const char *where, uint8_t bits)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct cfg_rule *k = &r->rule[i];

		if (k->kind == kind && (bridge ? k->bridge : k->device) &&
		    !strcmp(k->where, where) && !(bits & ~k->mask))
			return k->reason;
	}
	return NULL;
}
