/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What would make an update fail, found before anything is touched. Each thing
 * that is wrong has a name that does not change, says what is wrong, and what to do.
 */
#ifndef HK_PREFLIGHT_H
#define HK_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/error.h>
#include <load.h>

/** enum hk_level - how bad it is */
enum hk_level {
	/* It works, but somebody should know */
	HK_WARNING,
	/* The update would fail, or lose something */
	HK_ERROR,
};

/**
 * struct hk_finding - something that is wrong
 * @level: how bad
 * @name: which check found it, in lower case with dashes; constant
 * @what: what is wrong; owned
 * @cure: what to do; owned
 */
struct hk_finding {
	enum hk_level level;
	const char *name;
	char *what;
	char *cure;
};

/**
 * struct hk_report - what was found
 * @finding: list; owned
 * @n: how many
 * @errors: how many of them are errors
 * @failed: memory ran out, something is missing
 */
struct hk_report {
	struct hk_finding *finding;
	size_t n;
	size_t errors;
	bool failed;
};

/**
 * hk_found() - add a finding
 * @r: report
 * @level: how bad
 * @name: of the check, a constant
 * @cure: what to do
 * @fmt: what is wrong
 */
void hk_found(struct hk_report *r, enum hk_level level, const char *name,
	      const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** hk_report_free() - release a report and make it empty */
void hk_report_free(struct hk_report *r);

/**
 * struct hk_preflight - what is asked for
 * @root: "" or a folder in front of /proc, /sys, /lib and /dev; what only the
 *	  kernel that runs can answer is then not asked
 * @image: the next kernel; without @image.kernel, whatever is loaded
 * @modules: folder with its modules, NULL for /lib/modules/RELEASE
 * @extents: pieces of memory that will be handed over, as far as is known
 */
struct hk_preflight {
	const char *root;
	struct hk_image image;
	const char *modules;
	uint64_t extents;
};

/** hk_preflight() - look at all of it */
void hk_preflight(const struct hk_preflight *q, struct hk_report *r);

/* The parts of it */
/* Bytes of a command line that are looked at */
#define HK_PREFLIGHT_LINE	4096

struct hk_bzimage;
void hk_check_kernel(const struct hk_preflight *q, struct hk_report *r);
void hk_check_rights(const struct hk_preflight *q, struct hk_report *r);
void hk_check_devices(const struct hk_preflight *q, bool protected,
		      const char *modules, struct hk_report *r);
void hk_check_system(const struct hk_preflight *q, struct hk_report *r);
void hk_check_cmdline(const struct hk_preflight *q, struct hk_report *r);
void hk_check_scratch(const struct hk_preflight *q, const struct hk_bzimage *b,
		      struct hk_report *r);
/* Return: does the image hold native drivers off devices that run? */
bool hk_check_image(const struct hk_preflight *q, struct hk_bzimage *b,
		    struct hk_report *r);

#endif
