// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bzimage.h"
#include "preflight.h"

void hk_found(struct hk_report *r, enum hk_level level, const char *name,
	      const char *cure, const char *fmt, ...)
{
	struct hk_finding f = { .level = level, .name = name }, *more;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&f.what, fmt, ap) < 0)
		f.what = NULL;
	va_end(ap);
	f.cure = strdup(cure);
	more = realloc(r->finding, (r->n + 1) * sizeof(*more));
	if (more)
		r->finding = more;
	if (!more || !f.what || !f.cure) {
		free(f.what);
		free(f.cure);
		r->failed = true;
		return;
	}
	r->finding[r->n++] = f;
	if (level == HK_ERROR)
		r->errors++;
}

void hk_report_free(struct hk_report *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->finding[i].what);
		free(r->finding[i].cure);
	}
	free(r->finding);
	memset(r, 0, sizeof(*r));
}

void hk_preflight(const struct hk_preflight *q, struct hk_report *r)
{
	char modules[4200] = "";
	struct hk_bzimage b = {};
	bool protected = true;

	hk_check_kernel(q, r);
	hk_check_rights(q, r);
	if (q->image.kernel)
		protected = hk_check_image(q, &b, r);
	else if (!hk_image_is_loaded(q->root))
		hk_found(r, HK_WARNING, "no-image",
			 "name it: --kernel IMAGE --initrd FILE",
			 "no kernel is given, and none is loaded: the next kernel was not looked at");
	else
		hk_found(r, HK_WARNING, "no-image",
			 "name it: --kernel IMAGE --initrd FILE",
			 "a kernel is loaded, but nobody can see which: it was not looked at");
	if (q->modules)
		snprintf(modules, sizeof(modules), "%.4000s", q->modules);
	else if (*b.release)
		snprintf(modules, sizeof(modules), "%.4000s/lib/modules/%s",
			 q->root, b.release);
	hk_check_devices(q, protected, modules, r);
	hk_check_scratch(q, &b, r);
	if (q->image.kernel)
		hk_check_cmdline(q, r);
	hk_check_system(q, r);
	hk_bzimage_close(&b);
}
