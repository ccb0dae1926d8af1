/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dumps of PCI configuration space: what differs, where that lies, and whether it is on the list of
 * what may differ.
 */
#ifndef HF_VM_CFGSPACE_H
#define HF_VM_CFGSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CFG_SIZE 4096

/**
 * struct cfg_dump - one function's configuration space
 * @bdf: "dddd:bb:dd.f"
 * @bytes: contents
 * @len: how much of it was dumped
 */
struct cfg_dump {
	char bdf[16];
	uint8_t bytes[CFG_SIZE];
	size_t len;
};

/* Fill @d from hex digits. False when they are none, or too few for a header. */
bool cfg_parse(struct cfg_dump *d, const char *bdf, const char *hex);
bool cfg_is_bridge(const struct cfg_dump *d);
uint32_t cfg_read(const struct cfg_dump *d, unsigned int offset, unsigned int size);

/* Offset of capability @id below 0x100; 0 if there is none. */
unsigned int cfg_capability(const struct cfg_dump *d, uint8_t id);

/*
 * Name the place of @offset: "hdr+1e", "cap:05+02", "ecap:0001+10". @buf holds at least 24 bytes.
 * /
 */
const char *cfg_where(const struct cfg_dump *d, unsigned int offset, char *buf);

enum cfg_rule_kind {
	CFG_DIFF, /* these bits may differ before and after */
	CFG_WRITE, /* this place may be written while nobody owns the device */
};

struct cfg_rule {
	enum cfg_rule_kind kind;
	bool device, bridge;
	char where[24];
	uint8_t mask;
	char *reason;
};

struct cfg_rules {
	struct cfg_rule *rule;
	size_t n, cap;
};

/* Read the list. 0, or -1 with a message on stderr that names the line. */
int cfg_rules_load(struct cfg_rules *r, const char *path);
void cfg_rules_free(struct cfg_rules *r);

/*
 * Reason why bits @bits at @where of a bridge or device may differ or be written; NULL if the list
 * does not say so.
 */
const char *cfg_rule_reason(const struct cfg_rules *r, enum cfg_rule_kind kind, bool bridge,
			    const char *where, uint8_t bits);

#endif
