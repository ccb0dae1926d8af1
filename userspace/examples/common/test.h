/* SPDX-License-Identifier: GPL-2.0-only */
/* KTAP for the tests in this directory */
#ifndef EXAMPLE_TEST_H
#define EXAMPLE_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct test {
	const char *name;
	bool (*run)(void);
};

/* In a test function: give up, and say where */
#define EXPECT(condition) do {						\
	if (!(condition)) {						\
		printf("# %s:%d: not true: %s\n", __FILE__, __LINE__,	\
		       #condition);					\
		return false;						\
	}								\
} while (0)

static inline int run_tests(const struct test *tests, unsigned int count)
{
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..%u\n", count);
	for (unsigned int i = 0; i < count; i++) {
		bool good = tests[i].run();

		printf("%s %u %s\n", good ? "ok" : "not ok", i + 1,
		       tests[i].name);
		failed |= !good;
	}
	return failed;
}

#define TEST_MAIN(...)							\
	int main(void)							\
	{								\
		static const struct test tests[] = { __VA_ARGS__ };	\
									\
		return run_tests(tests, sizeof(tests) / sizeof(tests[0])); \
	}

#endif /* EXAMPLE_TEST_H */
