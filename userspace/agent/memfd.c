// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <holdfast/memfd.h>

int hf_memfd_sealed(const char *name, const void *data, size_t len,
		    struct hf_error *err)
{
	const char *p = data;
	ssize_t n;
	int fd, ret;

	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return hf_fail(err, -errno, "memfd_create: %s", strerror(errno));
	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			ret = n ? -errno : -EIO;
			goto fail;
		}
		p += n;
		len -= (size_t)n;
	}
	/* The position travels too: a reader in the next kernel starts at 0. */
	if (lseek(fd, 0, SEEK_SET) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
				   F_SEAL_SEAL)) {
		ret = -errno;
		goto fail;
	}
	return fd;
fail:
	close(fd);
	return hf_fail(err, ret, "memfd %s: %s", name, strerror(-ret));
}

int hf_memfd_read(int fd, size_t max, void **data, size_t *len,
		  struct hf_error *err)
{
	struct stat st;
	size_t have = 0, want;
	ssize_t n;
	char *buf;

	if (fstat(fd, &st))
		return hf_fail(err, -errno, "fstat: %s", strerror(errno));
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return hf_fail(err, -EFBIG, "it has %lld bytes, more than %zu",
			       (long long)st.st_size, max);
	want = (size_t)st.st_size;
	buf = malloc(want ? want : 1);
	if (!buf)
		return hf_fail(err, -ENOMEM, "out of memory");
	while (have < want) {
		n = pread(fd, buf + have, want - have, (off_t)have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int ret = n ? -errno : -EIO;

			free(buf);
			return hf_fail(err, ret, "cannot read it: %s",
				       strerror(-ret));
		}
		have += (size_t)n;
	}
	*data = buf;
	*len = want;
	return 0;
}

uint64_t hf_memfd_huge_page(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st) || st.f_type != HUGETLBFS_MAGIC)
		return 0;
	return (uint64_t)st.f_bsize;
}
