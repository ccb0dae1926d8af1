// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <holdfast/error.h>

int hf_fail(struct hf_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

void hf_fail_add(struct hf_error *err, const char *fmt, ...)
{
	size_t at;
	va_list ap;

	if (!err)
		return;
	at = strnlen(err->text, sizeof(err->text) - 1);
	if (at && at + 1 < sizeof(err->text))
		err->text[at++] = '\n';
	va_start(ap, fmt);
	vsnprintf(err->text + at, sizeof(err->text) - at, fmt, ap);
	va_end(ap);
}
