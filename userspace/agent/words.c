// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <holdfast/words.h>

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/*
 * Copies a word to @out, which has room. Return: where it ends, or NULL when it
 * does not.
 */
static const char *one_word(const char *p, char **out)
{
	char quote = '\0';

	for (; *p && (quote || !blank(*p)); p++) {
		if (*p == quote) {
			quote = '\0';
		} else if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else {
			if (*p == '\\' && quote != '\'' && !*++p)
				return NULL;
			*(*out)++ = *p;
		}
	}
	*(*out)++ = '\0';
	return quote ? NULL : p;
}

char **hf_words_split(const char *text, struct hf_error *err)
{
	/* A word takes a character and a blank: no more than half are words. */
	size_t len = strlen(text), room = len / 2 + 2, n = 0;
	char **words = calloc(1, room * sizeof(*words) + len + 1);
	char *out = (char *)(words + room);
	const char *p = text;

	if (!words) {
		hf_fail(err, -ENOMEM, "out of memory");
		return NULL;
	}
	for (;;) {
		while (blank(*p))
			p++;
		if (!*p)
			break;
		words[n++] = out;
		p = one_word(p, &out);
		if (!p) {
			hf_fail(err, -EINVAL,
				"a quote or a backslash is open at the end");
			break;
		}
	}
	if (p && n)
		return words;
	if (p)
		hf_fail(err, -EINVAL, "there is no word in it");
	free(words);
	return NULL;
}
