// SPDX-License-Identifier: GPL-2.0-only
/* The ways in which kernels and modules are packed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "bzimage.h"

/* Larger than any kernel with debug information stripped */
#define MAX_OUT		((size_t)512 << 20)
#define FIRST_OUT	((size_t)32 << 20)
/* As scripts/Makefile.lib packs with "lz4 -l" */
#define LZ4_LEGACY	0x184c2102u
#define LZ4_BLOCK	(8u << 20)

struct sink {
	unsigned char *buf;
	size_t len;
	size_t cap;
};

/* Room for more at the end; false if there is no more to be had. */
static bool more_room(struct sink *s, size_t want)
{
	size_t cap = s->cap ? s->cap : FIRST_OUT;
	unsigned char *buf;

	while (cap - s->len < want)
		cap *= 2;
	if (cap == s->cap)
		return true;
	buf = cap > MAX_OUT ? NULL : realloc(s->buf, cap);
	if (!buf)
		return false;
	s->buf = buf;
	s->cap = cap;
	return true;
}

static bool unpack_gzip(const unsigned char *in, size_t len, struct sink *s)
{
	z_stream z = {};
	int ret;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return false;
	z.next_in = (unsigned char *)in;
	z.avail_in = (uInt)len;
	do {
		if (!more_room(s, 1)) {
			ret = Z_MEM_ERROR;
			break;
		}
		z.next_out = s->buf + s->len;
		z.avail_out = (uInt)(s->cap - s->len);
		ret = inflate(&z, Z_NO_FLUSH);
		s->len = s->cap - z.avail_out;
	} while (ret == Z_OK && (z.avail_in || !z.avail_out));
	inflateEnd(&z);
	return ret == Z_STREAM_END;
}

static bool unpack_lzma(const unsigned char *in, size_t len, bool xz,
			struct sink *s)
{
	lzma_stream l = LZMA_STREAM_INIT;
	lzma_ret ret;

	ret = xz ? lzma_stream_decoder(&l, MAX_OUT, 0) :
	      lzma_alone_decoder(&l, MAX_OUT);
	if (ret != LZMA_OK)
		return false;
	l.next_in = in;
	l.avail_in = len;
	do {
		if (!more_room(s, 1)) {
			ret = LZMA_MEM_ERROR;
			break;
		}
		l.next_out = s->buf + s->len;
		l.avail_out = s->cap - s->len;
		ret = lzma_code(&l, LZMA_RUN);
		s->len = s->cap - l.avail_out;
	} while (ret == LZMA_OK && (l.avail_in || !l.avail_out));
	lzma_end(&l);
	return ret == LZMA_STREAM_END;
}

static bool unpack_zstd(const unsigned char *in, size_t len, struct sink *s)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer from = { in, len, 0 };
	size_t ret = 1;

	if (!z)
		return false;
	/* Kernels are packed with --ultra. */
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 29);
	while (ret && !ZSTD_isError(ret) && more_room(s, 1)) {
		ZSTD_outBuffer to = { s->buf, s->cap, s->len };
		size_t before = from.pos;

		ret = ZSTD_decompressStream(z, &to, &from);
		if (to.pos == s->len && from.pos == before)
			break;
		s->len = to.pos;
	}
	ZSTD_freeDStream(z);
	return !ret;
}

static uint32_t le32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A magic, then blocks with their length; the kernel puts the size behind them. */
static bool unpack_lz4(const unsigned char *in, size_t len, struct sink *s)
{
	size_t at = 4;

	while (len - at >= 8) {
		uint32_t n = le32(in + at);
		int got;

		if (n == LZ4_LEGACY) {
			at += 4;
			continue;
		}
		at += 4;
		if (!n || n > len - at || !more_room(s, LZ4_BLOCK))
			return false;
		got = LZ4_decompress_safe((const char *)in + at,
					  (char *)s->buf + s->len, (int)n,
					  LZ4_BLOCK);
		if (got <= 0)
			return false;
		s->len += (size_t)got;
		at += n;
	}
	return s->len;
}

static bool starts(const void *in, size_t len, const char *magic, size_t n)
{
	return len > n && !memcmp(in, magic, n);
}

int hk_unpack(const void *in, size_t in_len, void **data, size_t *len,
	      struct hf_error *err)
{
	struct sink s = {};
	const char *how;
	bool good;

	if (starts(in, in_len, "\x1f\x8b", 2)) {
		how = "gzip";
		good = unpack_gzip(in, in_len, &s);
	} else if (starts(in, in_len, "\xfd" "7zXZ\0", 6)) {
		how = "xz";
		good = unpack_lzma(in, in_len, true, &s);
	} else if (starts(in, in_len, "\x5d\0\0", 3)) {
		how = "lzma";
		good = unpack_lzma(in, in_len, false, &s);
	} else if (starts(in, in_len, "\x28\xb5\x2f\xfd", 4)) {
		how = "zstd";
		good = unpack_zstd(in, in_len, &s);
	} else if (starts(in, in_len, "\x02\x21\x4c\x18", 4)) {
		how = "lz4";
		good = unpack_lz4(in, in_len, &s);
	} else if (starts(in, in_len, "\177ELF", 4)) {
		how = "ELF";
		good = more_room(&s, in_len);
		if (good) {
			memcpy(s.buf, in, in_len);
			s.len = in_len;
		}
	} else {
		return hf_fail(err, -EOPNOTSUPP,
			       "it is not packed by gzip, xz, lzma, zstd or lz4");
	}
	if (!good) {
		free(s.buf);
		return hf_fail(err, -EBADMSG, "what is packed by %s is damaged, or unpacks to more than %zu MiB",
			       how, MAX_OUT >> 20);
	}
	*data = s.buf;
	*len = s.len;
	return 0;
}

int hk_file_read(const char *path, void **data, size_t *len,
		 struct hf_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	struct stat st;
	char *buf;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st)) {
		n = -errno;
		if (fd >= 0)
			close(fd);
		return hf_fail(err, (int)n, "%s: %s", path, strerror((int)-n));
	}
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)MAX_OUT) {
		close(fd);
		return hf_fail(err, -EFBIG, "%s: not a file of up to %zu MiB",
			       path, MAX_OUT >> 20);
	}
	buf = malloc((size_t)st.st_size + 1);
	while (buf && have < (size_t)st.st_size) {
		n = read(fd, buf + have, (size_t)st.st_size - have);
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	if (!buf)
		return hf_fail(err, -ENOMEM, "out of memory");
	if (have != (size_t)st.st_size) {
		free(buf);
		return hf_fail(err, -EIO, "%s: cannot be read", path);
	}
	*data = buf;
	*len = have;
	return 0;
}
