// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <holdfast/cmdline.h>

bool hf_cmdline_next(const char **p, struct hf_cmdline_word *w)
{
	bool quoted = false;
	const char *q = *p;

	q += strspn(q, " \t\n");
	if (!*q)
		return false;
	w->text = q;
	for (; *q && (quoted || !strchr(" \t\n", *q)); q++)
		if (*q == '"')
			quoted = !quoted;
	w->len = (size_t)(q - w->text);
	*p = q;
	return true;
}

bool hf_cmdline_is_end(const struct hf_cmdline_word *w)
{
	return w->len == 2 && !memcmp(w->text, "--", 2);
}

static char fold(char c)
{
	return c == '-' ? '_' : c;
}

/* Is it @name, alone or with a value? */
static bool is_param(const struct hf_cmdline_word *w, const char *name)
{
	const char *t = w->text;
	size_t i, len = w->len, n = strlen(name);

	/* "name=a value" */
	if (len && *t == '"') {
		t++;
		len--;
	}
	if (len < n || (len > n && t[n] != '=' && t[n] != '"'))
		return false;
	for (i = 0; i < n; i++)
		if (fold(t[i]) != fold(name[i]))
			return false;
	return true;
}

static void value_of(const struct hf_cmdline_word *w, char *buf, size_t len)
{
	const char *eq = memchr(w->text, '=', w->len);
	size_t n = eq ? w->len - (size_t)(eq + 1 - w->text) : 0, i, out = 0;

	for (i = 0; i < n && out + 1 < len; i++)
		if (eq[1 + i] != '"')
			buf[out++] = eq[1 + i];
	buf[out] = '\0';
}

bool hf_cmdline_get(const char *line, const char *name, char *buf, size_t len)
{
	bool found = false;
	struct hf_cmdline_word w;

	buf[0] = '\0';
	while (hf_cmdline_next(&line, &w) && !hf_cmdline_is_end(&w)) {
		if (!is_param(&w, name))
			continue;
		value_of(&w, buf, len);
		found = true;
	}
	return found;
}

/* kstrtobool() */
static bool is_true(const char *v)
{
	return *v == '1' || *v == 'y' || *v == 'Y' || *v == 't' || *v == 'T' ||
	       ((*v == 'o' || *v == 'O') && (v[1] == 'n' || v[1] == 'N'));
}

static bool word_is_bare(const struct hf_cmdline_word *w)
{
	return !memchr(w->text, '=', w->len);
}

bool hf_cmdline_bool(const char *line, const char *name, bool bare)
{
	bool kho = !strcmp(name, "kho"), on = false;
	struct hf_cmdline_word w;
	char val[32];

	while (hf_cmdline_next(&line, &w) && !hf_cmdline_is_end(&w)) {
		if (!is_param(&w, name))
			continue;
		value_of(&w, val, sizeof(val));
		if (word_is_bare(&w))
			on = bare;
		else
			on = is_true(val) || (kho && !strcmp(val, "require"));
	}
	return on;
}

bool hf_cmdline_is_on(const char *name)
{
	char buf[4097];
	ssize_t n;
	int fd;

	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return hf_cmdline_bool(buf, name, false);
}
