// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manifest: what is written is read back, and of what is not as written
 * nothing is accepted. Each way to be wrong has its own message.
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>

#include <libfdt.h>

#include <holdfast/manifest.h>

#include "ktap.h"
#include "sample.h"

#define HEADER	HF_MANIFEST_HEADER_SIZE
#define ROOM	4096

/* Offsets in the header */
enum { VERSION = 8, COMPAT = 12, HEADER_SIZE = 16, RESERVED = 20,
       TREE_SIZE = 24, SHA256 = 32 };

static void *encode(const struct hf_manifest *m, size_t *len)
{
	struct hf_error err = {};
	void *blob = NULL;

	if (hf_manifest_encode(m, &blob, len, &err)) {
		printf("# %s\n", err.text);
		ktap_failed = true;
		return NULL;
	}
	return blob;
}

/* With two drivers unless said otherwise */
static bool one_driver;

static void *good_blob(size_t *len)
{
	struct hf_manifest m;
	void *blob;

	if (one_driver)
		sample(&m);
	else
		sample_two(&m);
	blob = encode(&m, len);
	hf_manifest_free(&m);
	if (!blob)
		exit(1);
	return blob;
}

static int decode(const void *blob, size_t len, struct hf_error *err)
{
	struct hf_manifest m;
	/* An allocation of its own: a sanitizer sees any byte read too far. */
	void *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, blob, len);
	ret = hf_manifest_decode(copy, len, &m, err);
	if (!ret)
		hf_manifest_free(&m);
	free(copy);
	return ret;
}

/* --- good ones --- */

static void round_trip(void)
{
	struct hf_error err = {};
	struct hf_manifest m;
	size_t len, len2 = 0;
	void *blob = good_blob(&len), *again;
	char names[64];

	if (!CHECK(!hf_manifest_decode(blob, len, &m, &err))) {
		printf("# %s\n", err.text);
		free(blob);
		return;
	}
	CHECK(!strcmp(m.session, "holdfast") && !strcmp(m.release, "7.3.4"));
	CHECK(m.n_client == 2 && m.page_size == 4096);
	CHECK(!strcmp(m.client[0].name, "nic-rx"));
	CHECK(!strcmp(m.client[1].name, "nvme-io"));
	CHECK(m.tsc == 0x123456789abcull);
	CHECK(m.realtime_ns == 1764000000123456789ull);
	CHECK(m.n_memfd == 4 && m.n_iommufd == 2 && m.n_device == 3);
	CHECK(m.memfd[1].clients == 1 && m.memfd[2].clients == 2 &&
	      m.memfd[3].clients == 3);
	CHECK(m.iommufd[0].clients == 1 && m.iommufd[1].clients == 2);
	CHECK(m.device[1].clients == 1 && m.device[2].clients == 2);
	CHECK(!strcmp(hf_manifest_names(&m, 3, names, sizeof(names)),
		      "nic-rx,nvme-io"));
	CHECK(!strcmp(hf_manifest_names(&m, 2, names, sizeof(names)),
		      "nvme-io"));
	CHECK(!strcmp(hf_manifest_names(&m, 3, names, 9), "nic-rx,n"));
	CHECK(!strcmp(m.memfd[1].name, "buffers"));
	CHECK(m.memfd[1].size == 0x1000000 && m.memfd[1].token == 2);
	CHECK(m.iommufd[0].n_device_ids == 2);
	CHECK(m.iommufd[0].device_ids[1] == 5);
	CHECK(m.iommufd[0].n_ioas == 3);
	CHECK(m.iommufd[0].ioas[0].table.n == 3);
	CHECK(m.iommufd[0].ioas[0].table.v[2].phys == 0x123000);
	CHECK(m.iommufd[0].ioas[1].has_table && !m.iommufd[0].ioas[1].table.n);
	CHECK(!m.iommufd[0].ioas[2].has_table);
	CHECK(m.device[0].addr.dev == 2 && m.device[0].ids.device == 0x10c9);
	CHECK(m.device[1].device_id == 5 && !m.device[1].ioas);
	again = encode(&m, &len2);
	CHECK(again && len == len2 && !memcmp(blob, again, len));
	free(again);
	free(blob);
	hf_manifest_free(&m);
}

static uint32_t word(const void *blob, size_t at)
{
	uint32_t v;

	memcpy(&v, (const char *)blob + at, sizeof(v));
	return le32toh(v);
}

/* One driver: a reader of version 1 may have it; several: it may not. */
static void old_readers(void)
{
	size_t len;
	uint8_t *blob = good_blob(&len);

	CHECK(word(blob, VERSION) == 3 && word(blob, COMPAT) == 2);
	CHECK(!fdt_getprop(blob + HEADER, 0, "driver", NULL));
	free(blob);
	one_driver = true;
	blob = good_blob(&len);
	one_driver = false;
	CHECK(word(blob, VERSION) == 3 && word(blob, COMPAT) == 1);
	CHECK(fdt_getprop(blob + HEADER, 0, "driver", NULL) &&
	      !strcmp(fdt_getprop(blob + HEADER, 0, "driver", NULL),
		      "nic-rx"));
	free(blob);
}

/* What version 3 adds: owners, names of devices, sessions without a device. */
static void owners(void)
{
	struct hf_error err = {};
	struct hf_manifest m, got;
	uint8_t *blob;
	size_t len;

	sample(&m);
	m.client[0].has_owner = true;
	m.client[0].uid = 1000;
	m.client[0].gid = 0xffffffff;
	strcpy(m.device[1].name, "nic");
	blob = encode(&m, &len);
	CHECK(word(blob, COMPAT) == 1);
	if (CHECK(!hf_manifest_decode(blob, len, &got, &err))) {
		CHECK(got.client[0].has_owner && got.client[0].uid == 1000 &&
		      got.client[0].gid == 0xffffffff);
		CHECK(!got.device[0].name[0] &&
		      !strcmp(got.device[1].name, "nic"));
		hf_manifest_free(&got);
	}
	free(blob);
	strcpy(m.device[0].name, "ring");
	CHECK(hf_manifest_check(&m, &err) == -EBADMSG);
	CHECK_HAS(err.text, "name \"ring\" is used twice");
	strcpy(m.device[0].name, "a b");
	CHECK(hf_manifest_check(&m, &err) == -EBADMSG);
	CHECK_HAS(err.text, "name of device 0000:00:02.0");
	m.device[0].name[0] = '\0';
	m.n_device = 0;
	blob = encode(&m, &len);
	CHECK(word(blob, COMPAT) == 3);
	free(blob);
	m.n_device = 2;
	hf_manifest_free(&m);
}

static void index_of_sessions(void)
{
	struct hf_error err = {};
	struct hf_manifest m, got;
	uint8_t *blob;
	size_t len;

	sample_index(&m);
	blob = encode(&m, &len);
	CHECK(word(blob, COMPAT) == 3);
	if (CHECK(!hf_manifest_decode(blob, len, &got, &err))) {
		CHECK(got.n_client == 2 && !got.n_memfd && !got.n_device);
		CHECK(!strcmp(got.client[0].session, "hf.nic-rx"));
		CHECK(!strcmp(got.client[1].session, "hf.nvme-io"));
		CHECK(got.client[1].uid == 1001 && got.client[1].gid == 101);
		hf_manifest_free(&got);
	}
	free(blob);
	strcpy(m.client[1].session, "hf.nic-rx");
	CHECK(hf_manifest_check(&m, &err) == -EBADMSG);
	CHECK_HAS(err.text, "two drivers have session \"hf.nic-rx\"");
	strcpy(m.client[1].session, m.session);
	CHECK(hf_manifest_check(&m, &err) == -EBADMSG);
	CHECK_HAS(err.text, "the session of driver nvme-io is this one");
	m.client[1].session[0] = '\0';
	CHECK(hf_manifest_check(&m, &err) == -EBADMSG);
	CHECK_HAS(err.text, "does not say where all drivers are");
	m.client[0].session[0] = '\0';
	CHECK(hf_manifest_check(&m, &err) == -EBADMSG);
	CHECK_HAS(err.text, "it lists nothing");
	strcpy(m.client[0].session, "hf.nic-rx");
	m.client[0].has_owner = false;
	CHECK(hf_manifest_check(&m, &err) == -EBADMSG);
	CHECK_HAS(err.text, "driver nic-rx has a session and no owner");
	hf_manifest_free(&m);

	sample(&m);
	m.client[0].has_owner = true;
	strcpy(m.client[0].session, "hf.nic-rx");
	CHECK(hf_manifest_check(&m, &err) == -EBADMSG);
	CHECK_HAS(err.text, "it lists objects, and drivers with sessions");
	hf_manifest_free(&m);
}

static void most_clients(void)
{
	struct hf_error err = {};
	struct hf_manifest m, got;
	uint64_t all = ~0ull;
	size_t len, i;
	void *blob;

	sample(&m);
	m.client = realloc(m.client, 65 * sizeof(*m.client));
	m.n_client = 64;
	memset(m.client, 0, 65 * sizeof(*m.client));
	for (i = 0; i < 65; i++)
		snprintf(m.client[i].name, sizeof(m.client[i].name),
			 "driver=%zu", i);
	m.memfd[0].clients = all;
	m.memfd[1].clients = 1ull << 63;
	m.iommufd[0].clients = all;
	m.device[0].clients = all;
	blob = encode(&m, &len);
	if (blob && CHECK(!hf_manifest_decode(blob, len, &got, &err))) {
		CHECK(got.n_client == 64);
		CHECK(!strcmp(got.client[63].name, "driver=63"));
		CHECK(got.memfd[1].clients == 1ull << 63);
		hf_manifest_free(&got);
	}
	free(blob);
	m.n_client = 65;
	CHECK(hf_manifest_encode(&m, &blob, &len, &err) == -EBADMSG);
	CHECK_HAS(err.text, "more than 64 drivers");
	hf_manifest_free(&m);
}

static void large_table(void)
{
	struct hf_error err = {};
	struct hf_manifest m, got;
	uint64_t i;
	size_t len;
	void *blob;

	sample(&m);
	for (i = 0; i < 200000; i++)
		sample_extent(&m.iommufd[0].ioas[0], 0x10000000 + i * 0x2000,
			      (i * 7919 % 1000003) << 12, 0x1000);
	blob = encode(&m, &len);
	if (blob && CHECK(!hf_manifest_decode(blob, len, &got, &err))) {
		CHECK(hf_extents_compare(&m.iommufd[0].ioas[0].table,
					 &got.iommufd[0].ioas[0].table, NULL));
		hf_manifest_free(&got);
	}
	free(blob);
	hf_manifest_free(&m);
}

static void writer_checks(void)
{
	struct hf_error err = {};
	struct hf_manifest m;
	void *blob = NULL;
	size_t len;

	sample(&m);
	m.memfd[1].token = 1;
	CHECK(hf_manifest_encode(&m, &blob, &len, &err) == -EBADMSG);
	CHECK_HAS(err.text, "token 1 is used twice");
	CHECK(!blob);
	hf_manifest_free(&m);
}

/* --- damage in general --- */

static void truncated(void)
{
	size_t len, n;
	uint8_t *blob = good_blob(&len);

	for (n = 0; n < len; n++)
		if (!CHECK(decode(blob, n, NULL) == -EBADMSG))
			break;
	free(blob);
}

static void grown(void)
{
	struct hf_error err = {};
	size_t len;
	uint8_t *blob = good_blob(&len);

	blob = realloc(blob, len + 8);
	memset(blob + len, 0, 8);
	CHECK(decode(blob, len + 1, &err) == -EBADMSG);
	CHECK(decode(blob, len + 8, &err) == -EBADMSG);
	CHECK_HAS(err.text, "cut short or grown");
	free(blob);
}

static void flipped(void)
{
	size_t len, at;
	uint8_t *blob = good_blob(&len);
	int bit;

	for (at = 0; at < len; at++)
		for (bit = 0; bit < 9; bit++) {
			uint8_t mask = bit < 8 ? (uint8_t)(1 << bit) : 0xff;

			blob[at] ^= mask;
			if (!CHECK(decode(blob, len, NULL) < 0)) {
				printf("# byte %zu ^ %02x was accepted\n", at,
				       mask);
				free(blob);
				return;
			}
			blob[at] ^= mask;
		}
	CHECK(!decode(blob, len, NULL));
	free(blob);
}

/*
 * With a right checksum: many flips only change a value and are then rightly
 * accepted. What is accepted must come out the same when written and read again.
 */
static void accept_or_refuse(const uint8_t *blob, size_t len)
{
	struct hf_manifest m, got;
	size_t len2;
	void *again;

	if (hf_manifest_decode(blob, len, &m, NULL))
		return;
	again = encode(&m, &len2);
	if (CHECK(again) &&
	    CHECK(!hf_manifest_decode(again, len2, &got, NULL)))
		hf_manifest_free(&got);
	free(again);
	hf_manifest_free(&m);
}

static void resealed_flips(void)
{
	size_t len, at;
	uint8_t *blob = good_blob(&len);
	int bit;

	for (at = HEADER; at < len && !ktap_failed; at++)
		for (bit = 0; bit < 9; bit++) {
			uint8_t mask = bit < 8 ? (uint8_t)(1 << bit) : 0xff;

			blob[at] ^= mask;
			hf_manifest_seal(blob, len);
			accept_or_refuse(blob, len);
			blob[at] ^= mask;
		}
	free(blob);
}

static void resealed_truncation(void)
{
	size_t len, n;
	uint8_t *blob = good_blob(&len);

	for (n = HEADER; n < len; n++) {
		uint8_t *copy = malloc(n);

		memcpy(copy, blob, n);
		hf_manifest_seal(copy, n);
		CHECK(decode(copy, n, NULL) == -EBADMSG);
		free(copy);
	}
	free(blob);
}

static void random_words(void)
{
	/* Values at which offset arithmetic goes wrong */
	static const uint32_t evil[] = {
		0, 1, 3, 4, 0x28, 0x7fffffff, 0x80000000, 0xfffffffc,
		0xffffffff, FDT_BEGIN_NODE, FDT_END_NODE, FDT_PROP, FDT_NOP,
		FDT_END,
	};
	size_t len;
	uint8_t *blob = good_blob(&len), *copy = malloc(len);
	unsigned int seed = 7, round;

	for (round = 0; round < 20000 && !ktap_failed; round++) {
		unsigned int k, n = 1 + (unsigned int)rand_r(&seed) % 4;

		memcpy(copy, blob, len);
		for (k = 0; k < n; k++) {
			size_t words = (len - HEADER) / 4;
			uint32_t v = htobe32(evil[(size_t)rand_r(&seed) %
				(sizeof(evil) / sizeof(evil[0]))]);

			if (!(rand_r(&seed) % 3))
				v = (uint32_t)rand_r(&seed);
			memcpy(copy + HEADER +
			       4 * ((size_t)rand_r(&seed) % words), &v, 4);
		}
		hf_manifest_seal(copy, len);
		accept_or_refuse(copy, len);
	}
	free(copy);
	free(blob);
}

static void noise(void)
{
	unsigned int seed = 3, round, i;
	uint8_t buf[512] __attribute__((aligned(8)));

	for (round = 0; round < 5000; round++) {
		size_t n = (size_t)rand_r(&seed) % sizeof(buf);

		for (i = 0; i < n; i++)
			buf[i] = (uint8_t)rand_r(&seed);
		CHECK(decode(buf, n, NULL) == -EBADMSG);
	}
}

/* --- one kind of damage each --- */

struct damage {
	const char *name;
	/* changes the tree; NULL: see @header */
	int (*tree)(void *fdt);
	/* changes the finished blob */
	void (*header)(uint8_t *blob);
	bool reseal;		/* after @header */
	const char *want;	/* in the message */
	int code;
};

static int at(void *fdt, const char *path)
{
	int node = fdt_path_offset(fdt, path);

	if (node < 0)
		printf("# no %s in the sample\n", path);
	return node;
}

#define CLIENT	"/clients/client@0"
#define CLIENT2	"/clients/client@1"
#define MEMFD	"/memfds/memfd@1"
#define MEMFD2	"/memfds/memfd@2"
#define IOMMUFD	"/iommufds/iommufd@3"
#define IOMMUFD2 "/iommufds/iommufd@8"
#define IOAS	IOMMUFD "/ioas@1"
#define IOAS7	IOMMUFD "/ioas@7"
#define DEV	"/devices/device@4"
#define DEV2	"/devices/device@5"
#define DEV3	"/devices/device@9"

static int set32(void *fdt, const char *path, const char *prop, uint32_t v)
{
	return fdt_setprop_u32(fdt, at(fdt, path), prop, v);
}

static int set64(void *fdt, const char *path, const char *prop, uint64_t v)
{
	return fdt_setprop_u64(fdt, at(fdt, path), prop, v);
}

static int set_str(void *fdt, const char *path, const char *prop,
		   const char *v)
{
	return fdt_setprop_string(fdt, at(fdt, path), prop, v);
}

static int set_raw(void *fdt, const char *path, const char *prop,
		   const char *v, int len)
{
	return fdt_setprop(fdt, at(fdt, path), prop, v, len);
}

static int drop(void *fdt, const char *path, const char *prop)
{
	return fdt_delprop(fdt, at(fdt, path), prop);
}

static int drop_node(void *fdt, const char *path)
{
	return fdt_del_node(fdt, at(fdt, path));
}

/* Replaces the table of IOAS 1, with a digest and a sum that fit. */
static int set_table(void *fdt, const struct hf_extent *v, size_t n)
{
	struct hf_extents t = { .v = (struct hf_extent *)v, .n = n };
	uint8_t digest[HF_SHA256_SIZE];
	uint64_t be[24], bytes = 0;
	size_t i;
	int ret;

	for (i = 0; i < n; i++) {
		be[3 * i] = htobe64(v[i].iova);
		be[3 * i + 1] = htobe64(v[i].phys);
		be[3 * i + 2] = htobe64(v[i].length);
		bytes += v[i].length;
	}
	hf_extents_digest(&t, digest);
	ret = fdt_setprop(fdt, at(fdt, IOAS), "extents", be, (int)(n * 24));
	if (!ret)
		ret = set64(fdt, IOAS, "bytes", bytes);
	return ret ? ret : set_raw(fdt, IOAS, "sha256", (char *)digest, 32);
}

#define TABLE(name, ...) \
	static int name(void *f) \
	{ \
		const struct hf_extent v[] = { __VA_ARGS__ }; \
		return set_table(f, v, sizeof(v) / sizeof(v[0])); \
	}

#define TREE(name, expr) static int name(void *f) { return (expr); }

TREE(root_compatible, set_str(f, "/", "compatible", "holdfast,other"))
TREE(root_compatible_long, set_str(f, "/", "compatible", "holdfast,manifest-9"))
TREE(root_no_compatible, drop(f, "/", "compatible"))
TREE(root_no_session, drop(f, "/", "session"))
TREE(session_open, set_raw(f, "/", "session", "holdfast", 8))
TREE(session_two, set_raw(f, "/", "session", "hold\0fast", 10))
TREE(session_none, set_raw(f, "/", "session", "", 0))
TREE(session_empty, set_str(f, "/", "session", ""))
TREE(session_blank, set_str(f, "/", "session", "hold fast"))
TREE(session_long, set_str(f, "/", "session",
	"0123456789012345678901234567890123456789012345678901234567890123"))
TREE(release_control, set_str(f, "/", "kernel-release", "7.3\033[2J"))
TREE(driver_empty, set_str(f, "/", "driver", ""))
TREE(driver_of_two, set_str(f, "/", "driver", "nic-rx"))
TREE(no_clients, drop_node(f, "/clients"))
TREE(clients_prop, set32(f, "/clients", "count", 2))
TREE(clients_stranger, fdt_set_name(f, at(f, CLIENT2), "clinet@1"))
TREE(clients_none, drop_node(f, CLIENT2) || drop_node(f, CLIENT))
TREE(client_gone, drop_node(f, CLIENT2))
TREE(client_misnamed, fdt_set_name(f, at(f, CLIENT2), "client@2"))
TREE(client_id, set32(f, CLIENT2, "id", 2) ||
	fdt_set_name(f, at(f, CLIENT2), "client@2"))
TREE(client_no_id, drop(f, CLIENT, "id"))
TREE(client_no_name, drop(f, CLIENT, "name"))
TREE(client_name_empty, set_str(f, CLIENT, "name", ""))
TREE(client_name_twice, set_str(f, CLIENT, "name", "nvme-io"))
TREE(client_subnode, fdt_add_subnode(f, at(f, CLIENT), "x") < 0)
TREE(client_uid_alone, set32(f, CLIENT, "uid", 5))
TREE(client_uid_long, set64(f, CLIENT, "uid", 5) || set32(f, CLIENT, "gid", 5))
TREE(client_session_empty, set32(f, CLIENT, "uid", 5) ||
	set32(f, CLIENT, "gid", 5) || set_str(f, CLIENT, "session", ""))
TREE(client_session_alone, set_str(f, CLIENT, "session", "hf.nic-rx"))
TREE(client_no_iommufd, set64(f, IOMMUFD2, "clients", 1) ||
	set_str(f, IOMMUFD2, "name", "iommufd.2"))
TREE(memfd_no_clients, drop(f, MEMFD, "clients"))
TREE(memfd_clients_short, set32(f, MEMFD, "clients", 1))
TREE(memfd_nobodys, set64(f, MEMFD, "clients", 0))
TREE(memfd_strangers, set64(f, MEMFD, "clients", 5))
TREE(iommufd_nobodys, set64(f, IOMMUFD2, "clients", 0))
TREE(iommufd_strangers, set64(f, IOMMUFD2, "clients", 1ull << 63 | 2))
TREE(iommufd_no_clients, drop(f, IOMMUFD, "clients"))
TREE(dev_nobodys, set64(f, DEV, "clients", 0))
TREE(dev_strangers, set64(f, DEV, "clients", 4))
TREE(dev_no_clients, drop(f, DEV, "clients"))
TREE(dev_of_another, set64(f, DEV2, "clients", 2))
TREE(name_twice_in_one, set64(f, "/memfds/memfd@6", "clients", 3))
TREE(no_driver, drop(f, "/", "driver"))
TREE(add_clients, fdt_add_subnode(f, 0, "clients") < 0)
TREE(add_mask, set64(f, MEMFD, "clients", 1))
TREE(page_size_zero, set32(f, "/", "page-size", 0))
TREE(page_size_odd, set32(f, "/", "page-size", 5000))
TREE(page_size_short, set_raw(f, "/", "page-size", "\0\x10\0", 3))
TREE(tsc_short, set32(f, "/", "tsc", 5))
TREE(root_unknown_prop, set32(f, "/", "colour", 5))
TREE(root_unknown_node, fdt_add_subnode(f, 0, "extra") < 0)
TREE(no_memfds, drop_node(f, "/memfds"))
TREE(no_iommufds, drop_node(f, "/iommufds"))
TREE(no_devices, drop_node(f, "/devices"))
TREE(memfds_prop, set32(f, "/memfds", "count", 2))
TREE(memfds_stranger, fdt_set_name(f, at(f, MEMFD), "file@1"))
TREE(memfd_misnamed, fdt_set_name(f, at(f, MEMFD), "memfd@9"))
TREE(memfd_token_zero, set64(f, MEMFD, "token", 0) ||
	fdt_set_name(f, at(f, MEMFD), "memfd@0"))
TREE(memfd_token_short, set32(f, MEMFD, "token", 1))
TREE(memfd_no_name, drop(f, MEMFD, "name"))
TREE(memfd_name_colon, set_str(f, MEMFD, "name", "a:b"))
TREE(memfd_name_twice, set_str(f, MEMFD2, "name", "ring"))
TREE(memfd_name_iommufd, set_str(f, MEMFD2, "name", "iommufd"))
TREE(memfd_size_long, set_raw(f, MEMFD, "size", "123456789", 9))
TREE(memfd_subnode, fdt_add_subnode(f, at(f, MEMFD), "x") < 0)
TREE(token_twice, set64(f, DEV2, "token", 1) ||
	fdt_set_name(f, at(f, DEV2), "device@1"))
TREE(iommufd_gone, drop_node(f, IOMMUFD2) || drop_node(f, IOMMUFD))
TREE(dev_name, set_str(f, DEV, "name", "nic"))
TREE(dev_name_twice, set_str(f, DEV, "name", "buffers"))
TREE(client_uid, set32(f, CLIENT, "uid", 5))
TREE(iommufd_token, set64(f, IOMMUFD, "token", 9))
TREE(iommufd_ids_odd, set_raw(f, IOMMUFD, "device-ids", "\0\0\0\2\0", 5))
TREE(iommufd_ids_order, set_raw(f, IOMMUFD, "device-ids",
	"\0\0\0\5\0\0\0\2", 8))
TREE(iommufd_ids_zero, set_raw(f, IOMMUFD, "device-ids",
	"\0\0\0\0\0\0\0\2", 8))
TREE(iommufd_no_ids, drop(f, IOMMUFD, "device-ids"))
TREE(iommufd_stranger, fdt_add_subnode(f, at(f, IOMMUFD), "hwpt@1") < 0)
TREE(ioas_id_zero, set32(f, IOAS7, "id", 0) ||
	fdt_set_name(f, at(f, IOAS7), "ioas@0"))
TREE(ioas_misnamed, set32(f, IOAS7, "id", 8))
TREE(ioas_order, set32(f, IOAS7, "id", 2) ||
	fdt_set_name(f, at(f, IOAS7), "ioas@2"))
TREE(ioas_no_digest, drop(f, IOAS, "sha256"))
TREE(ioas_no_extents, drop(f, IOAS, "extents"))
TREE(ioas_digest_short, set_raw(f, IOAS, "sha256", "1234", 4))
TREE(ioas_digest_wrong, set_raw(f, IOAS, "sha256",
	"01234567890123456789012345678901", 32))
TREE(ioas_extents_odd, set_raw(f, IOAS, "extents", "0123456789", 10))
TREE(ioas_bytes, set64(f, IOAS, "bytes", 4096))
TREE(ioas_subnode, fdt_add_subnode(f, at(f, IOAS), "extents") < 0)
TABLE(extent_unaligned, { 0x1000, 0x1234, 0x1000 })
TABLE(extent_empty, { 0x1000, 0x1000, 0 })
TABLE(extent_wraps, { 0xfffffffffffff000, 0, 0x2000 })
TABLE(extent_phys_wraps, { 0, 0xfffffffffffff000, 0x2000 })
TABLE(extent_overlap, { 0, 0, 0x2000 }, { 0x1000, 0x9000, 0x1000 })
TABLE(extent_order, { 0x8000, 0, 0x1000 }, { 0x1000, 0x9000, 0x1000 })
TABLE(extent_split, { 0, 0, 0x1000 }, { 0x1000, 0x1000, 0x1000 })
TREE(dev_no_address, drop(f, DEV, "address"))
TREE(dev_address_bad, set_str(f, DEV, "address", "0000:00:02"))
TREE(dev_address_case, set_str(f, DEV, "address", "0000:0A:02.0"))
TREE(dev_address_slot, set_str(f, DEV, "address", "0000:00:20.0"))
TREE(dev_twice, set_str(f, DEV2, "address", "0000:00:02.0"))
TREE(dev_vendor, set32(f, DEV, "vendor", 0x18086))
TREE(dev_class, set32(f, DEV, "class", 0x1020000))
TREE(dev_iommufd, set64(f, DEV, "iommufd", 1))
TREE(dev_no_iommufd, drop(f, DEV, "iommufd"))
TREE(dev_id, set32(f, DEV, "device-id", 3))
TREE(dev_ioas, set32(f, DEV, "ioas", 3))
TREE(dev_ioas_no_table, set32(f, DEV, "ioas", 7))
TREE(dev_extra, set_str(f, DEV, "driver", "vfio-pci"))

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, 4);
}

static void put_be(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, 4);
}

#define HEAD(name, expr) static void name(uint8_t *b) { expr; }

HEAD(h_magic, b[0] = 'h')
HEAD(h_version, put32(b + VERSION, 0))
HEAD(h_compat, put32(b + COMPAT, 0))
HEAD(h_compat_above, put32(b + COMPAT, 4))
HEAD(h_claims_old, (put32(b + VERSION, 1), put32(b + COMPAT, 1)))
HEAD(h_newer, (put32(b + VERSION, 5), put32(b + COMPAT, 4)))
HEAD(h_size, put32(b + HEADER_SIZE, 128))
HEAD(h_reserved, put32(b + RESERVED, 1))
HEAD(h_tree_small, put32(b + TREE_SIZE, 100))
HEAD(h_tree_huge, memset(b + TREE_SIZE, 0xff, 8))
HEAD(h_sum, b[SHA256 + 31] ^= 1)
HEAD(h_contents, b[HEADER + 200] ^= 1)
HEAD(f_magic, put_be(b + HEADER, 0))
HEAD(f_version, put_be(b + HEADER + 20, 99))
HEAD(f_version_old, put_be(b + HEADER + 20, 3))
HEAD(f_last_comp, put_be(b + HEADER + 24, 99))
HEAD(f_total_small, put_be(b + HEADER + 4, 64))
HEAD(f_total_large, put_be(b + HEADER + 4, 0x7fffffff))
HEAD(f_struct, put_be(b + HEADER + 8, 0x7ffffff0))
HEAD(f_strings, put_be(b + HEADER + 12, 0xfffffff0))
HEAD(f_rsvmap, put_be(b + HEADER + 16, 0x10000000))
HEAD(f_strings_size, put_be(b + HEADER + 32, 0xffffffff))
HEAD(f_struct_size, put_be(b + HEADER + 36, 8))

static const struct damage damages[] = {
	{ "magic", NULL, h_magic, true, "does not begin with", 0 },
	{ "version 0", NULL, h_version, true, "makes no sense", 0 },
	{ "readable from version 0", NULL, h_compat, true, "makes no sense", 0 },
	{ "readable from a version above its own", NULL, h_compat_above, true,
	  "makes no sense", 0 },
	{ "says it is of version 1", NULL, h_claims_old, true,
	  "driver of / is missing", 0 },
	{ "newer format", NULL, h_newer, true, "newer holdfast",
	  -EPROTONOSUPPORT },
	{ "header size", NULL, h_size, true, "header claims 128", 0 },
	{ "reserved field", NULL, h_reserved, true, "reserved", 0 },
	{ "tree size too small", NULL, h_tree_small, false, "claims a tree of 100", 0 },
	{ "tree size huge", NULL, h_tree_huge, false, "claims a tree of 18446744073709551615", 0 },
	{ "checksum itself", NULL, h_sum, false, "checksum", 0 },
	{ "contents", NULL, h_contents, false, "checksum", 0 },
	{ "tree magic", NULL, f_magic, true, "magic of one", 0 },
	{ "tree version", NULL, f_version, true, "tree has version 99", 0 },
	{ "tree version of old", NULL, f_version_old, true, "tree has version 3", 0 },
	{ "tree readable from 99", NULL, f_last_comp, true, "tree is broken", 0 },
	{ "tree total too small", NULL, f_total_small, true, "tree is broken", 0 },
	{ "tree total too large", NULL, f_total_large, true, "tree is broken", 0 },
	{ "structure offset", NULL, f_struct, true, "tree is broken", 0 },
	{ "strings offset", NULL, f_strings, true, "tree is broken", 0 },
	{ "reserve map offset", NULL, f_rsvmap, true, "tree is broken", 0 },
	{ "strings size", NULL, f_strings_size, true, "tree is broken", 0 },
	{ "structure size", NULL, f_struct_size, true, "tree is broken", 0 },
#define T(fn, want) { #fn, fn, NULL, false, want, 0 }
	T(root_compatible, "the tree is \"holdfast,other\""),
	T(root_compatible_long, "compatible of / is too long"),
	T(root_no_compatible, "compatible of / is missing"),
	T(root_no_session, "session of / is missing"),
	T(session_open, "session of / is not one terminated string"),
	T(session_two, "session of / is not one terminated string"),
	T(session_none, "session of / is not one terminated string"),
	T(session_empty, "session name is empty"),
	T(session_blank, "session name is empty, too long or has odd"),
	T(session_long, "session of / is too long (65 bytes)"),
	T(release_control, "kernel release is empty, too long or has odd"),
	T(driver_empty, "not what its clients say"),
	T(driver_of_two, "driver of / is \"nic-rx\", which is not"),
	T(no_clients, "node clients is missing"),
	T(clients_prop, "/clients has an unknown property count"),
	T(clients_stranger, "/clients has an unknown node clinet@1"),
	T(clients_none, "lists no driver"),
	T(client_gone, "belongs to a driver that is not listed"),
	T(client_misnamed, "client@2 should be called client@1"),
	T(client_id, "driver nvme-io has ID 2 instead of 1"),
	T(client_no_id, "id of /clients/client@0 is missing"),
	T(client_no_name, "name of /clients/client@0 is missing"),
	T(client_name_empty, "a driver's name is empty"),
	T(client_name_twice, "two drivers are called \"nvme-io\""),
	T(client_subnode, "/clients/client@0 has a subnode"),
	T(client_uid_alone, "driver nic-rx: uid and gid come together"),
	T(client_uid_long, "uid of /clients/client@0 has 8 bytes"),
	T(client_session_empty, "driver nic-rx: its session has no name"),
	T(client_session_alone, "driver nic-rx has a session and no owner"),
	T(client_no_iommufd, "driver nvme-io has a device and no iommufd"),
	T(dev_name_twice, "name \"buffers\" is used twice"),
	T(memfd_no_clients, "clients of /memfds/memfd@1 is missing"),
	T(memfd_clients_short, "clients of /memfds/memfd@1 has 4 bytes"),
	T(memfd_nobodys, "belongs to no driver"),
	T(memfd_strangers, "belongs to a driver that is not listed"),
	T(iommufd_nobodys, "belongs to no driver"),
	T(iommufd_strangers, "belongs to a driver that is not listed"),
	T(iommufd_no_clients, "clients of /iommufds/iommufd@3 is missing"),
	T(dev_nobodys, "belongs to no driver"),
	T(dev_strangers, "belongs to a driver that is not listed"),
	T(dev_no_clients, "clients of /devices/device@4 is missing"),
	T(dev_of_another, "refers to iommufd iommufd of another driver"),
	T(name_twice_in_one, "name \"ring\" is used twice"),
	T(page_size_zero, "page size 0"),
	T(page_size_odd, "page size 5000"),
	T(page_size_short, "page-size of / has 3 bytes"),
	T(tsc_short, "tsc of / has 4 bytes instead of 8"),
	T(root_unknown_prop, "unknown property colour"),
	T(root_unknown_node, "unknown node extra"),
	T(no_memfds, "node memfds is missing"),
	T(no_iommufds, "node iommufds is missing"),
	T(no_devices, "node devices is missing"),
	T(memfds_prop, "/memfds has an unknown property count"),
	T(memfds_stranger, "/memfds has an unknown node file@1"),
	T(memfd_misnamed, "memfd@9 should be called memfd@1"),
	T(memfd_token_zero, "token 0 is the manifest's own"),
	T(memfd_token_short, "token of /memfds/memfd@1 has 4 bytes"),
	T(memfd_no_name, "name of /memfds/memfd@1 is missing"),
	T(memfd_name_colon, "a memfd's name"),
	T(memfd_name_twice, "name \"ring\" is used twice"),
	T(memfd_name_iommufd, "name \"iommufd\" is used twice"),
	T(memfd_size_long, "size of /memfds/memfd@1 has 9 bytes"),
	T(memfd_subnode, "/memfds/memfd@1 has a subnode"),
	T(token_twice, "token 1 is used twice"),
	T(iommufd_gone, "driver nic-rx has a device and no iommufd"),
	T(iommufd_token, "iommufd@3 should be called iommufd@9"),
	T(iommufd_ids_odd, "device-ids of /iommufds/iommufd@3 has 5 bytes"),
	T(iommufd_ids_order, "device IDs of iommufd are not in order"),
	T(iommufd_ids_zero, "device ID 0"),
	T(iommufd_no_ids, "device-ids of /iommufds/iommufd@3 is missing"),
	T(iommufd_stranger, "unknown node hwpt@1"),
	T(ioas_id_zero, "IOAS ID 0"),
	T(ioas_misnamed, "ioas@7 should be called ioas@8"),
	T(ioas_order, "IOAS IDs of iommufd are not in order"),
	T(ioas_no_digest, "come together"),
	T(ioas_no_extents, "come together"),
	T(ioas_digest_short, "digest has 4 bytes"),
	T(ioas_digest_wrong, "digest does not match its extents"),
	T(ioas_extents_odd, "has 10 bytes, not a multiple of 24"),
	T(ioas_bytes, "extents do not add up"),
	T(ioas_subnode, "ioas@1 has a subnode"),
	T(extent_unaligned, "extent 0 is not made of pages"),
	T(extent_empty, "extent 0 is not made of pages"),
	T(extent_wraps, "extent 0 wraps around"),
	T(extent_phys_wraps, "extent 0 wraps around"),
	T(extent_overlap, "extent 1 is out of order"),
	T(extent_order, "extent 1 is out of order"),
	T(extent_split, "extents 0 and 1 are one"),
	T(dev_no_address, "address of /devices/device@4 is missing"),
	T(dev_address_bad, "\"0000:00:02\" is no PCI address"),
	T(dev_address_case, "\"0000:0A:02.0\" is no PCI address"),
	T(dev_address_slot, "\"0000:00:20.0\" is no PCI address"),
	T(dev_twice, "device 0000:00:02.0 is listed twice"),
	T(dev_vendor, "an identification is too large"),
	T(dev_class, "an identification is too large"),
	T(dev_iommufd, "refers to iommufd 1, which is not listed"),
	T(dev_no_iommufd, "IDs without an iommufd"),
	T(dev_id, "ID 3 is not one of iommufd"),
	T(dev_ioas, "IOAS 3 is not one of iommufd"),
	T(dev_ioas_no_table, "IOAS 7 has no table"),
	T(dev_extra, "unknown property driver"),
#undef T
};

/* Opens the tree of a blob for change; the result has ROOM more bytes. */
static uint8_t *open_tree(const uint8_t *blob, size_t len)
{
	uint8_t *big = calloc(1, len + ROOM);

	memcpy(big, blob, HEADER);
	if (!CHECK(!fdt_open_into(blob + HEADER, big + HEADER,
				  (int)(len - HEADER + ROOM))))
		exit(1);
	return big;
}

static size_t close_tree(uint8_t *big)
{
	size_t len;

	CHECK(!fdt_pack(big + HEADER));
	len = HEADER + fdt_totalsize(big + HEADER);
	hf_manifest_seal(big, len);
	return len;
}

static void one_damage(const struct damage *d)
{
	struct hf_error err = {};
	size_t len;
	uint8_t *good = good_blob(&len), *blob;

	if (d->tree) {
		blob = open_tree(good, len);
		CHECK(!d->tree(blob + HEADER));
		len = close_tree(blob);
	} else {
		blob = malloc(len);
		memcpy(blob, good, len);
		d->header(blob);
		if (d->reseal)
			hf_manifest_seal(blob, len);
	}
	CHECK(decode(blob, len, &err) == (d->code ? d->code : -EBADMSG));
	CHECK_HAS(err.text, d->want);
	free(blob);
	free(good);
}

/* The detour through open_tree() alone does no damage. */
static void no_damage(void)
{
	struct hf_error err = {};
	size_t len;
	uint8_t *good = good_blob(&len);
	uint8_t *big = open_tree(good, len);

	len = close_tree(big);
	CHECK(!decode(big, len, &err));
	free(big);
	free(good);
}

/* A newer agent's additions are skipped if it says that they may be. */
static void newer_compatible(void)
{
	struct hf_error err = {};
	size_t len;
	uint8_t *good = good_blob(&len);
	uint8_t *big = open_tree(good, len);

	CHECK(!set32(big + HEADER, "/", "colour", 5));
	CHECK(!set32(big + HEADER, DEV, "colour", 5));
	CHECK(fdt_add_subnode(big + HEADER, 0, "extra") >= 0);
	CHECK(fdt_add_subnode(big + HEADER, at(big + HEADER, MEMFD), "x") >= 0);
	put32(big + VERSION, 4);
	len = close_tree(big);
	CHECK(!decode(big, len, &err));
	if (err.text[0])
		printf("# %s\n", err.text);
	/* But what it must not do is still refused. */
	big = realloc(big, len + ROOM);
	CHECK(!fdt_open_into(big + HEADER, big + HEADER,
			     (int)(len - HEADER + ROOM)));
	CHECK(!drop(big + HEADER, "/", "session"));
	len = close_tree(big);
	CHECK(decode(big, len, &err) == -EBADMSG);
	free(big);
	free(good);
}

/*
 * As version 1 wrote it: one driver, and nothing says whose an object is.
 * Returns the length; *blob has room for more.
 */
static size_t version_1(uint8_t **blob)
{
	const char *const objects[] = { MEMFD, MEMFD2, IOMMUFD, DEV, DEV2 };
	uint8_t *good;
	size_t len, i;

	one_driver = true;
	good = good_blob(&len);
	one_driver = false;
	*blob = open_tree(good, len);
	free(good);
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		CHECK(!drop(*blob + HEADER, objects[i], "clients"));
	CHECK(!drop_node(*blob + HEADER, "/clients"));
	put32(*blob + VERSION, 1);
	put32(*blob + COMPAT, 1);
	return close_tree(*blob);
}

static void reads_version_1(void)
{
	struct hf_error err = {};
	struct hf_manifest m;
	uint8_t *blob;
	size_t len = version_1(&blob);

	if (CHECK(!hf_manifest_decode(blob, len, &m, &err))) {
		CHECK(m.n_client == 1 && !strcmp(m.client[0].name, "nic-rx"));
		CHECK(m.memfd[0].clients == 1 && m.memfd[1].clients == 1);
		CHECK(m.iommufd[0].clients == 1);
		CHECK(m.device[0].clients == 1 && m.device[1].clients == 1);
		hf_manifest_free(&m);
	} else {
		printf("# %s\n", err.text);
	}
	free(blob);
}

/* As version 2 wrote it: what came with 3 is damage in it. */
static void reads_version_2(void)
{
	static const struct {
		int (*fn)(void *f);
		const char *want;
	} v[] = {
		{ dev_name, "unknown property name" },
		{ client_uid, "unknown property uid" },
		{ client_session_alone, "unknown property session" },
	};
	struct hf_error err = {};
	uint8_t *good, *blob;
	size_t i, len, n;

	good = good_blob(&len);
	put32(good + VERSION, 2);
	hf_manifest_seal(good, len);
	CHECK(!decode(good, len, &err));
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		blob = open_tree(good, len);
		CHECK(!v[i].fn(blob + HEADER));
		n = close_tree(blob);
		CHECK(decode(blob, n, &err) == -EBADMSG);
		CHECK_HAS(err.text, v[i].want);
		free(blob);
	}
	free(good);
}

/* What version 1 did not know is damage in it, and what it needs is needed. */
static void damaged_version_1(void)
{
	static const struct {
		int (*fn)(void *f);
		const char *want;
	} v[] = {
		{ no_driver, "driver of / is missing" },
		{ driver_empty, "a driver's name is empty" },
		{ add_clients, "unknown node clients" },
		{ add_mask, "unknown property clients" },
		{ memfd_name_twice, "name \"ring\" is used twice" },
	};
	struct hf_error err = {};
	uint8_t *blob;
	size_t i, len;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		len = version_1(&blob);
		blob = realloc(blob, len + ROOM);
		CHECK(!fdt_open_into(blob + HEADER, blob + HEADER,
				     (int)(len - HEADER + ROOM)));
		CHECK(!v[i].fn(blob + HEADER));
		len = close_tree(blob);
		CHECK(decode(blob, len, &err) == -EBADMSG);
		CHECK_HAS(err.text, v[i].want);
		free(blob);
	}
}

static const struct ktap_test general[] = {
	{ "manifest: round trip", round_trip },
	{ "manifest: what old readers may read", old_readers },
	{ "manifest: owners and names of devices", owners },
	{ "manifest: an index", index_of_sessions },
	{ "manifest: version 1 is read", reads_version_1 },
	{ "manifest: version 2 is read", reads_version_2 },
	{ "manifest: version 1, damaged", damaged_version_1 },
	{ "manifest: 64 drivers and no more", most_clients },
	{ "manifest: 200000 extents", large_table },
	{ "manifest: the writer checks too", writer_checks },
	{ "manifest: newer but compatible", newer_compatible },
	{ "manifest: tree opened and packed", no_damage },
	{ "manifest: truncated at every length", truncated },
	{ "manifest: grown", grown },
	{ "manifest: every bit flipped", flipped },
	{ "manifest: every bit of the tree flipped, checksum right", resealed_flips },
	{ "manifest: truncated at every length, checksum right", resealed_truncation },
	{ "manifest: 20000 times bad words, checksum right", random_words },
	{ "manifest: 5000 times noise", noise },
};

#define N_GENERAL (sizeof(general) / sizeof(general[0]))
#define N_DAMAGES (sizeof(damages) / sizeof(damages[0]))

int main(void)
{
	size_t i, bad = 0, n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..%zu\n", N_GENERAL + N_DAMAGES);
	for (i = 0; i < N_GENERAL; i++) {
		ktap_failed = false;
		general[i].fn();
		printf("%sok %zu %s\n", ktap_failed ? "not " : "", ++n,
		       general[i].name);
		bad += ktap_failed;
	}
	for (i = 0; i < N_DAMAGES; i++) {
		ktap_failed = false;
		one_damage(&damages[i]);
		printf("%sok %zu manifest damaged: %s\n",
		       ktap_failed ? "not " : "", ++n, damages[i].name);
		bad += ktap_failed;
	}
	return bad ? 1 : 0;
}
