/* SPDX-License-Identifier: GPL-2.0-only */
/* A test program: a table of functions, printed as KTAP. */
#ifndef KTAP_H
#define KTAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct ktap_test {
	const char *name;
	void (*fn)(void);
};

static bool ktap_failed;
static const char *ktap_skipped;
/* What is done after each test, and may fail it */
static void (*ktap_after)(void);

/* Notes a failure and goes on: the rest of the test still tells something. */
#define CHECK(cond) ktap_check((cond), #cond, __FILE__, __LINE__)

static inline bool ktap_check(bool ok, const char *text, const char *file,
			      int line)
{
	if (!ok) {
		printf("# %s:%d: %s\n", file, line, text);
		ktap_failed = true;
	}
	return ok;
}

/* Does @text have @part in it? Shows both when not. */
static inline bool ktap_has(const char *text, const char *part,
			    const char *file, int line)
{
	if (strstr(text, part))
		return true;
	printf("# %s:%d: \"%s\" lacks \"%s\"\n", file, line, text, part);
	ktap_failed = true;
	return false;
}

#define CHECK_HAS(text, part) ktap_has(text, part, __FILE__, __LINE__)
#define SKIP(why) do { ktap_skipped = (why); return; } while (0)

static inline int ktap_run(const struct ktap_test *t, size_t n)
{
	size_t i, bad = 0;

	printf("KTAP version 1\n1..%zu\n", n);
	for (i = 0; i < n; i++) {
		ktap_failed = false;
		ktap_skipped = NULL;
		t[i].fn();
		if (ktap_after)
			ktap_after();
		printf("%sok %zu %s", ktap_failed ? "not " : "", i + 1,
		       t[i].name);
		if (ktap_skipped)
			printf(" # SKIP %s", ktap_skipped);
		printf("\n");
		fflush(stdout);
		bad += ktap_failed;
	}
	return bad ? 1 : 0;
}

#define KTAP_MAIN(tests) \
	int main(void) \
	{ \
		setvbuf(stdout, NULL, _IOLBF, 0); \
		return ktap_run(tests, sizeof(tests) / sizeof((tests)[0])); \
	}

#endif
