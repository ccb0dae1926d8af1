// SPDX-License-Identifier: GPL-2.0-only
/*
 * A folder with what the kernel shows in /sys/kernel/debug/kho/in or out: fdt,
 * sub_fdts/NAME, scratch_phys, scratch_len; and sessions, which is
 * /sys/kernel/debug/liveupdate/sessions. The same layout is written.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode.h"

#define MAX_FILE	((size_t)16 << 20)
#define MAX_SUBS	256

/* The whole of a file that does not say how long it is; NULL and errno */
static void *slurp(const char *path, size_t *len)
{
	size_t cap = 4096, n = 0;
	char *buf, *more;
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	buf = malloc(cap);
	while (buf) {
		got = read(fd, buf + n, cap - n - 1);
		if (got <= 0)
			break;
		n += (size_t)got;
		if (n < cap - 1)
			continue;
		cap *= 2;
		more = cap > MAX_FILE ? NULL : realloc(buf, cap);
		if (!more) {
			errno = EFBIG;
			got = -1;
			break;
		}
		buf = more;
	}
	if (buf && got < 0) {
		int code = errno;

		free(buf);
		buf = NULL;
		errno = code;
	}
	close(fd);
	if (!buf)
		return NULL;
	buf[n] = '\0';
	*len = n;
	return buf;
}

static int read_subs(struct hk_blobs *b, const char *dir, struct hf_error *err)
{
	char path[PATH_MAX];
	struct dirent *e;
	int ret = 0;
	DIR *at;

	if ((size_t)snprintf(path, sizeof(path), "%s/sub_fdts", dir) >= sizeof(path))
		return hf_fail(err, -ENAMETOOLONG, "%s: %s", dir, strerror(ENAMETOOLONG));
	at = opendir(path);
	if (!at)
		return 0;
	b->sub = calloc(MAX_SUBS, sizeof(*b->sub));
	if (!b->sub)
		ret = hf_fail(err, -ENOMEM, "out of memory");
	while (!ret && b->n_sub < MAX_SUBS && (e = readdir(at))) {
		struct hk_sub *sub = &b->sub[b->n_sub];

		if (e->d_name[0] == '.' ||
		    strlen(e->d_name) >= sizeof(sub->name))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/sub_fdts/%s", dir,
				     e->d_name) >= sizeof(path))
			continue;
		sub->data = slurp(path, &sub->len);
		if (!sub->data) {
			ret = hf_fail(err, -errno, "%s: %s", path,
				      strerror(errno));
			break;
		}
		strcpy(sub->name, e->d_name);
		b->n_sub++;
	}
	closedir(at);
	return ret;
}

/* Two files with a number in each line */
static void read_scratch(struct hk_blobs *b, const char *dir)
{
	char path[PATH_MAX], *phys, *len, *p, *l;
	size_t n;

	snprintf(path, sizeof(path), "%.4000s/scratch_phys", dir);
	phys = slurp(path, &n);
	snprintf(path, sizeof(path), "%.4000s/scratch_len", dir);
	len = slurp(path, &n);
	b->scratch = phys && len ? calloc(1024, sizeof(*b->scratch)) : NULL;
	for (p = phys, l = len; b->scratch && b->n_scratch < 1024;) {
		char *p_end, *l_end;
		struct hk_range r = {
			.phys = strtoull(p, &p_end, 0),
			.len = strtoull(l, &l_end, 0),
		};

		if (p_end == p || l_end == l)
			break;
		b->scratch[b->n_scratch++] = r;
		p = p_end;
		l = l_end;
	}
	free(phys);
	free(len);
}

int hk_blobs_read(struct hk_blobs *b, const char *dir, struct hf_error *err)
{
	char path[PATH_MAX];
	size_t n;
	int ret;

	memset(b, 0, sizeof(*b));
	snprintf(path, sizeof(path), "%.4000s/fdt", dir);
	b->fdt = slurp(path, &b->fdt_len);
	if (!b->fdt && errno != ENOENT)
		return hf_fail(err, -errno, "%s: %s", path, strerror(errno));
	ret = read_subs(b, dir, err);
	if (ret) {
		hk_blobs_free(b);
		return ret;
	}
	read_scratch(b, dir);
	snprintf(path, sizeof(path), "%.4000s/sessions", dir);
	b->sessions = slurp(path, &n);
	return 0;
}

static int put(const char *dir, const char *name, const void *data, size_t len,
	       struct hf_error *err)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return hf_fail(err, -ENAMETOOLONG, "%s: %s", dir, strerror(ENAMETOOLONG));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return hf_fail(err, -errno, "%s: %s", path, strerror(errno));
	while (len && !ret) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			ret = hf_fail(err, -errno, "%s: %s", path,
				      strerror(errno));
		else
			len -= (size_t)n;
		if (n > 0)
			data = (const char *)data + n;
	}
	close(fd);
	return ret;
}

static int make_dir(const char *path, struct hf_error *err)
{
	if (mkdir(path, 0700))
		return hf_fail(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int save_scratch(const struct hk_blobs *b, const char *dir,
			struct hf_error *err)
{
	char *phys = NULL, *len = NULL;
	size_t n_phys = 0, n_len = 0, i;
	FILE *p, *l;
	int ret;

	p = open_memstream(&phys, &n_phys);
	l = open_memstream(&len, &n_len);
	for (i = 0; p && l && i < b->n_scratch; i++) {
		fprintf(p, "%#" PRIx64 "\n", b->scratch[i].phys);
		fprintf(l, "%#" PRIx64 "\n", b->scratch[i].len);
	}
	if (p)
		fclose(p);
	if (l)
		fclose(l);
	ret = phys && len ? put(dir, "scratch_phys", phys, n_phys, err) :
	      hf_fail(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = put(dir, "scratch_len", len, n_len, err);
	free(phys);
	free(len);
	return ret;
}

int hk_blobs_save(const struct hk_blobs *b, const char *dir,
		  struct hf_error *err)
{
	char path[PATH_MAX];
	size_t i;
	int ret;

	ret = make_dir(dir, err);
	if (!ret && b->fdt)
		ret = put(dir, "fdt", b->fdt, b->fdt_len, err);
	if (!ret && b->sessions)
		ret = put(dir, "sessions", b->sessions, strlen(b->sessions), err);
	if (!ret && b->n_scratch)
		ret = save_scratch(b, dir, err);
	snprintf(path, sizeof(path), "%.4000s/sub_fdts", dir);
	if (!ret && b->n_sub)
		ret = make_dir(path, err);
	for (i = 0; !ret && i < b->n_sub; i++)
		ret = put(path, b->sub[i].name, b->sub[i].data, b->sub[i].len,
			  err);
	return ret;
}

void hk_blobs_free(struct hk_blobs *b)
{
	size_t i;

	for (i = 0; i < b->n_sub; i++)
		free(b->sub[i].data);
	free(b->sub);
	free(b->fdt);
	free(b->sessions);
	free(b->scratch);
	memset(b, 0, sizeof(*b));
}
