// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where descriptions come from: a live kernel, a folder, a core file, single files.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libfdt.h>

#include <holdfast/manifest.h>
#include <holdfast/memfd.h>

#include "abi.h"
#include "decode.h"

#define DEBUGFS		"/sys/kernel/debug"
#define MEMORY		"memory.elf"
/* A tree of KHO is a page; one that is damaged may say anything. */
#define MAX_TREE	(1u << 20)
/* Pages that are searched at most: 16 GiB */
#define MAX_SEARCH	(1u << 22)

/* The two sides of a live kernel or of a folder, and what is common to them */
struct source {
	struct hk_blobs top;
	struct hk_blobs in;
	struct hk_blobs out;
	struct hk_mem *mem;
	bool live;
};

static void source_free(struct source *s)
{
	hk_blobs_free(&s->top);
	hk_blobs_free(&s->in);
	hk_blobs_free(&s->out);
	hk_mem_close(s->mem);
}

static bool exists(const char *dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s%s", dir, name);
	return !access(path, F_OK);
}

static int need_debugfs(const char *root, struct hf_error *err)
{
	if (exists(root, DEBUGFS "/kho"))
		return 0;
	if (geteuid())
		return hf_fail(err, -EACCES,
			       DEBUGFS "/kho cannot be read: run this as root");
	/* There is always something in it when it is mounted. */
	if (!exists(root, DEBUGFS "/bdi") && !exists(root, DEBUGFS "/memblock") &&
	    !exists(root, DEBUGFS "/sched") && !exists(root, DEBUGFS "/clear_warn_once"))
		return hf_fail(err, -EOPNOTSUPP,
			       "debugfs is not mounted: mount -t debugfs none " DEBUGFS);
	return hf_fail(err, -ENOENT,
		       DEBUGFS "/kho does not exist: kexec handover is off, or the kernel shows nothing of it.\nBoot with \"kho=on liveupdate=on\", a kernel with CONFIG_KEXEC_HANDOVER_DEBUGFS");
}

static int open_live(struct source *s, const char *root, struct hf_error *err)
{
	char path[PATH_MAX];
	int ret = need_debugfs(root, err);

	if (ret)
		return ret;
	s->live = true;
	s->mem = hk_mem_live(root);
	if (!s->mem)
		return hf_fail(err, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "%.4000s" DEBUGFS "/liveupdate", root);
	ret = hk_blobs_read(&s->top, path, err);
	snprintf(path, sizeof(path), "%.4000s" DEBUGFS "/kho/in", root);
	if (!ret)
		ret = hk_blobs_read(&s->in, path, err);
	snprintf(path, sizeof(path), "%.4000s" DEBUGFS "/kho/out", root);
	if (!ret)
		ret = hk_blobs_read(&s->out, path, err);
	return ret;
}

static int open_folder(struct source *s, const char *dir, struct hf_error *err)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%.4000s/" MEMORY, dir);
	s->mem = access(path, F_OK) ? hk_mem_none("the dump has no memory") :
		 hk_mem_core(path, err);
	if (!s->mem)
		return -EBADMSG;
	ret = hk_blobs_read(&s->top, dir, err);
	/* A copy of one side */
	if (!ret && s->top.fdt) {
		s->in = s->top;
		memset(&s->top, 0, sizeof(s->top));
		return 0;
	}
	snprintf(path, sizeof(path), "%.4000s/in", dir);
	if (!ret)
		ret = hk_blobs_read(&s->in, path, err);
	snprintf(path, sizeof(path), "%.4000s/out", dir);
	if (!ret)
		ret = hk_blobs_read(&s->out, path, err);
	return ret;
}

static int save(const struct source *s, const char *dir, struct hf_error *err)
{
	char path[PATH_MAX];
	int ret = hk_blobs_save(&s->top, dir, err);

	snprintf(path, sizeof(path), "%.4000s/in", dir);
	if (!ret && s->in.fdt)
		ret = hk_blobs_save(&s->in, path, err);
	snprintf(path, sizeof(path), "%.4000s/out", dir);
	if (!ret && s->out.fdt)
		ret = hk_blobs_save(&s->out, path, err);
	snprintf(path, sizeof(path), "%.4000s/" MEMORY, dir);
	return ret ? ret : hk_mem_save(s->mem, path, err);
}

/*
 * Some kernels show no more of their own tree than it had when they booted, and
 * there are users of KHO that come later. It is a page, which is looked for.
 */
static void complete(const struct source *s, struct hk_blobs *b)
{
	unsigned int budget = MAX_SEARCH;
	uint64_t phys = 0;
	char head[sizeof(struct fdt_header)];
	size_t len;
	char *all;

	if (b->fdt_len < sizeof(head) || fdt_magic(b->fdt) != FDT_MAGIC)
		return;
	len = fdt_totalsize(b->fdt);
	if (len <= b->fdt_len || len > HK_PAGE)
		return;
	for (; budget-- && hk_mem_next(s->mem, &phys); phys += HK_PAGE) {
		if (!hk_mem_peek(s->mem, phys, head, sizeof(head)) ||
		    memcmp(head, b->fdt, sizeof(head)))
			continue;
		all = malloc(len);
		if (all && hk_mem_peek(s->mem, phys, all, len) &&
		    !memcmp(all, b->fdt, b->fdt_len)) {
			free(b->fdt);
			b->fdt = all;
			b->fdt_len = len;
			return;
		}
		free(all);
	}
}

static void decode_side(struct hk_decode *d, const struct hk_blobs *b,
			const char *name, bool stale)
{
	if (!b->fdt)
		return;
	hk_out_object(d->out, name);
	d->stale = stale;
	hk_decode_kho(d, b);
	d->stale = false;
	hk_out_object_end(d->out);
	/* What one side has the other may have, too. */
	d->n_seen = 0;
}

static int decode_source(const struct hk_inspect *q, struct source *s,
			 struct hk_decode *d, struct hf_error *err)
{
	bool both = q->in == q->out;

	if ((both || q->in) && s->live)
		hk_out_bool(d->out, "handed_over", s->in.fdt);
	if (both || q->in)
		decode_side(d, &s->in, "in", s->live);
	if (both || q->out) {
		if (s->live)
			complete(s, &s->out);
		decode_side(d, &s->out, "out", false);
	}
	if (s->top.sessions)
		hk_decode_sessions(d, s->top.sessions);
	if (!s->live && !(both || q->in ? s->in.fdt : NULL) &&
	    !(both || q->out ? s->out.fdt : NULL))
		return hf_fail(err, -ENOENT, "%s: there is no \"fdt\" in it: this is no dump, or of the other side",
			       q->dump);
	if (!s->live || both || q->out || s->in.fdt)
		return 0;
	return hf_fail(err, -ENOENT,
		       "nothing was handed over to this kernel: it was not started by kexec, or without kexec handover");
}

/* A core file says nowhere where the trees are: they begin pages. */
static int decode_core(const char *path, struct hk_decode *d,
		       struct hf_error *err)
{
	struct hk_blobs b = {};
	uint64_t phys = 0;
	unsigned int n = 0;
	char head[40], *name;
	const char *p;
	int len;

	hk_out_list(d->out, "trees");
	for (; hk_mem_next(d->mem, &phys); phys += HK_PAGE) {
		if (!hk_mem_peek(d->mem, phys, head, sizeof(head)) ||
		    fdt_magic(head) != FDT_MAGIC ||
		    fdt_totalsize(head) < sizeof(struct fdt_header) ||
		    fdt_totalsize(head) > MAX_TREE)
			continue;
		b.fdt_len = fdt_totalsize(head);
		b.fdt = malloc(b.fdt_len);
		if (!b.fdt)
			continue;
		p = NULL;
		if (hk_mem_read(d->mem, phys, b.fdt, b.fdt_len) &&
		    fdt_version(b.fdt) == 17 &&
		    !fdt_check_full(b.fdt, b.fdt_len))
			p = fdt_getprop(b.fdt, 0, "compatible", &len);
		/* Of any version: that it is not known is worth a message. */
		name = p ? strndup(p, (size_t)len) : NULL;
		if (name && !strncmp(name, "kho-v", 5)) {
			hk_out_object(d->out, NULL);
			hk_out_hex(d->out, "phys", phys);
			hk_decode_kho(d, &b);
			hk_out_object_end(d->out);
			d->n_seen = 0;
			n++;
		}
		free(name);
		free(b.fdt);
	}
	hk_out_list_end(d->out);
	if (n)
		return 0;
	return hf_fail(err, -ENOENT, "%s: there is no tree of kexec handover in it",
		       path);
}

static int decode_manifest(const void *blob, size_t len, struct hk_decode *d)
{
	struct hf_manifest m;
	struct hf_error err;

	if (hf_manifest_decode(blob, len, &m, &err)) {
		hk_damaged(d, "manifest: %s", err.text);
		return 0;
	}
	hk_out_object(d->out, "manifest");
	hk_show_manifest(d->out, &m, d->ranges);
	hk_out_object_end(d->out);
	hf_manifest_free(&m);
	return 0;
}

static int decode_file(const struct hk_inspect *q, struct hk_decode *d,
		       struct hf_error *err)
{
	int fd = open(q->dump, O_RDONLY | O_CLOEXEC), ret;
	struct hk_blobs b = {};
	struct stat st;
	char magic[8];
	size_t len;
	void *all;

	if (fd < 0 || fstat(fd, &st))
		ret = hf_fail(err, -errno, "%s: %s", q->dump, strerror(errno));
	else if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic))
		ret = hf_fail(err, -EBADMSG, "%s: too short for anything that can be shown",
			      q->dump);
	else if (!memcmp(magic, "\177ELF", 4))
		ret = -ENOEXEC;
	else
		ret = hf_memfd_read(fd, HF_MANIFEST_MAX, &all, &len, err);
	if (fd >= 0)
		close(fd);
	if (ret == -ENOEXEC) {
		d->mem = hk_mem_core(q->dump, err);
		return d->mem ? decode_core(q->dump, d, err) : -EBADMSG;
	}
	if (ret)
		return ret;
	d->mem = hk_mem_none("there is only this file");
	if (!d->mem) {
		ret = hf_fail(err, -ENOMEM, "out of memory");
	} else if (!memcmp(magic, "HOLDFAST", sizeof(magic))) {
		ret = decode_manifest(all, len, d);
	} else if (len >= sizeof(struct fdt_header) && fdt_magic(all) == FDT_MAGIC) {
		b.fdt = all;
		b.fdt_len = len;
		decode_side(d, &b, "tree", false);
	} else {
		ret = hf_fail(err, -EBADMSG,
			      "%s: neither a core file, nor a tree of kexec handover, nor a manifest",
			      q->dump);
	}
	free(all);
	return ret;
}

static int inspect(const struct hk_inspect *q, struct hk_decode *d,
		   struct hf_error *err)
{
	struct source s = {};
	struct stat st;
	int ret;

	if (q->dump && stat(q->dump, &st))
		return hf_fail(err, -errno, "%s: %s", q->dump, strerror(errno));
	if (q->dump && !S_ISDIR(st.st_mode)) {
		ret = decode_file(q, d, err);
		if (!ret)
			hk_problems(d);
		hk_mem_close(d->mem);
		return ret;
	}
	ret = q->dump ? open_folder(&s, q->dump, err) :
	      open_live(&s, q->root, err);
	d->mem = s.mem;
	if (!ret)
		ret = decode_source(q, &s, d, err);
	if (!ret && q->save)
		ret = save(&s, q->save, err);
	if (!ret)
		hk_problems(d);
	source_free(&s);
	return ret;
}

int hk_inspect(const struct hk_inspect *q, struct hk_out *o,
	       unsigned int problems[HK_PROBLEM_KINDS], struct hf_error *err)
{
	struct hk_decode d = { .out = o, .ranges = q->ranges };
	int ret = inspect(q, &d, err);

	memcpy(problems, d.n_kind, sizeof(d.n_kind));
	hk_decode_free(&d);
	return ret;
}
