// SPDX-License-Identifier: GPL-2.0-only
/* The configuration: lines "key = value", "#" begins a comment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"

/* A number of a configuration, with its limits */
struct key {
	const char *name;
	size_t at;
	unsigned int min, max, preset;
};

#define KEY(k, field, ...) { k, offsetof(struct config, field), __VA_ARGS__ }
static const struct key keys[] = {
	KEY("ready-timeout-ms", ready_timeout_ms, 1, 3600000, 30000),
	KEY("retry-ms", retry_ms, 0, 60000, 1000),
	KEY("connections", connections, 1, 4096, 256),
	KEY("connections-per-user", connections_per_uid, 1, 4096, 32),
	KEY("clients-per-user", clients_per_uid, 1, MAX_CLIENTS, 16),
	KEY("messages-per-second", messages_per_second, 10, 1000000, 5000),
	KEY("history", history, 1, 10000, 32),
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static unsigned int *value_of(struct config *c, const struct key *k)
{
	return (unsigned int *)((char *)c + k->at);
}

void config_default(struct config *c)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < N_KEYS; i++)
		*value_of(c, &keys[i]) = keys[i].preset;
}

static int set_number(struct config *c, const struct key *k, const char *value,
		      const char *where, struct hf_error *err)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || end == value || *end || *value == '-' || n < k->min ||
	    n > k->max)
		return hf_fail(err, -EINVAL, "%s: %s takes %u to %u, not \"%s\"",
			       where, k->name, k->min, k->max, value);
	*value_of(c, k) = (unsigned int)n;
	return 0;
}

static int set_debug(struct config *c, const char *value, const char *where,
		     struct hf_error *err)
{
	if (strcmp(value, "info") && strcmp(value, "debug"))
		return hf_fail(err, -EINVAL,
			       "%s: log-level takes info or debug, not \"%s\"",
			       where, value);
	c->debug = !strcmp(value, "debug");
	return 0;
}

/* "all", or users and ranges of them: "0 1000-1999" */
static int set_users(struct config *c, char *value, const char *where,
		     struct hf_error *err)
{
	unsigned long first, last;
	char *word, *end, *rest;

	c->n_user = 0;
	if (!strcmp(value, "all"))
		return 0;
	for (word = strtok_r(value, " \t", &rest); word;
	     word = strtok_r(NULL, " \t", &rest)) {
		errno = 0;
		first = strtoul(word, &end, 10);
		last = first;
		if (*end == '-' && end != word)
			last = strtoul(end + 1, &end, 10);
		if (errno || end == word || *end || *word == '-' ||
		    last < first || last >= UINT32_MAX)
			return hf_fail(err, -EINVAL,
				       "%s: users takes \"all\" or numbers and ranges of them, not \"%s\"",
				       where, word);
		if (c->n_user == MAX_USERS)
			return hf_fail(err, -EINVAL,
				       "%s: users has more than %d ranges",
				       where, MAX_USERS);
		c->user[c->n_user++] = (struct user_range){ (uid_t)first,
							    (uid_t)last };
	}
	if (!c->n_user)
		return hf_fail(err, -EINVAL, "%s: users names nobody", where);
	return 0;
}

bool config_allows(const struct config *c, uid_t uid)
{
	size_t i;

	for (i = 0; i < c->n_user; i++)
		if (uid >= c->user[i].first && uid <= c->user[i].last)
			return true;
	return !uid || !c->n_user;
}

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n");
	n = strlen(s);
	while (n && strchr(" \t\r\n", s[n - 1]))
		s[--n] = '\0';
	return s;
}

static int read_line(struct config *c, char *line, const char *where,
		     struct hf_error *err)
{
	char *eq, *key, *value;
	size_t i;

	line[strcspn(line, "#")] = '\0';
	key = trim(line);
	if (!*key)
		return 0;
	eq = strchr(key, '=');
	if (!eq)
		return hf_fail(err, -EINVAL, "%s: \"%s\" is no \"key = value\"",
			       where, key);
	*eq = '\0';
	key = trim(key);
	value = trim(eq + 1);
	if (!strcmp(key, "log-level"))
		return set_debug(c, value, where, err);
	if (!strcmp(key, "users"))
		return set_users(c, value, where, err);
	for (i = 0; i < N_KEYS; i++)
		if (!strcmp(key, keys[i].name))
			return set_number(c, &keys[i], value, where, err);
	return hf_fail(err, -EINVAL, "%s: there is no key \"%s\"", where, key);
}

int config_read(struct config *c, const char *path, bool must,
		struct hf_error *err)
{
	struct config got;
	char line[512], where[600];
	unsigned int n = 0;
	int ret = 0;
	FILE *f;

	config_default(&got);
	f = fopen(path, "re");
	if (!f && errno == ENOENT && !must) {
		*c = got;
		return 0;
	}
	if (!f)
		return hf_fail(err, -errno, "%s: %s", path, strerror(errno));
	while (!ret && fgets(line, sizeof(line), f)) {
		snprintf(where, sizeof(where), "%s:%u", path, ++n);
		if (!strchr(line, '\n') && !feof(f))
			ret = hf_fail(err, -EINVAL, "%s: the line is too long",
				      where);
		else
			ret = read_line(&got, line, where, err);
	}
	if (!ret && ferror(f))
		ret = hf_fail(err, -EIO, "%s cannot be read", path);
	fclose(f);
	if (!ret)
		*c = got;
	return ret;
}
