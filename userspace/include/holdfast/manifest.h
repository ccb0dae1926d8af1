/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The manifest: what a session holds, written before the update and read after
 * it. Layout and rules are in docs/manifest.md.
 */
#ifndef HOLDFAST_MANIFEST_H
#define HOLDFAST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/error.h>
#include <holdfast/extents.h>
#include <holdfast/json.h>
#include <holdfast/luo.h>
#include <holdfast/pci.h>
#include <holdfast/proc.h>

/** HF_MANIFEST_TOKEN - token of the manifest in its session */
#define HF_MANIFEST_TOKEN	0

/** HF_MANIFEST_MAX - largest manifest in bytes that is read or written */
#define HF_MANIFEST_MAX		((size_t)256 << 20)

/** HF_MANIFEST_MAX_OBJECTS - most descriptors, and most IDs in one list */
#define HF_MANIFEST_MAX_OBJECTS	4096

/** HF_MANIFEST_MAX_CLIENTS - most drivers in one session: bits of a mask */
#define HF_MANIFEST_MAX_CLIENTS	64

#define HF_MANIFEST_VERSION	3
#define HF_MANIFEST_HEADER_SIZE	64
#define HF_SHA256_SIZE		32
#define HF_RELEASE_MAX		64

/**
 * struct hf_manifest_client - a driver whose descriptors are in the session
 * @name: what restore calls it; by default the name of its process
 * @has_owner: @uid and @gid are known: it is a client of the daemon
 * @uid: whose it is
 * @gid: the same
 * @session: in an index: name of the session that has its descriptors; else ""
 */
struct hf_manifest_client {
	char name[HF_NAME_MAX + 1];
	bool has_owner;
	uint32_t uid;
	uint32_t gid;
	char session[HF_LUO_NAME_MAX + 1];
};

/**
 * struct hf_manifest_memfd - a preserved memfd
 * @token: token in the session
 * @clients: drivers that have it; bit N is client N
 * @size: bytes
 * @name: what the driver calls it
 */
struct hf_manifest_memfd {
	uint64_t token;
	uint64_t clients;
	uint64_t size;
	char name[HF_NAME_MAX + 1];
};

/**
 * struct hf_manifest_ioas - an IOAS of a preserved iommufd
 * @id: its ID
 * @has_table: a noiommu page table exists for it
 * @table: that table
 */
struct hf_manifest_ioas {
	uint32_t id;
	bool has_table;
	struct hf_extents table;
};

/**
 * struct hf_manifest_iommufd - a preserved iommufd
 * @token: token in the session
 * @clients: drivers that have it
 * @name: name it is handed to the driver under
 * @ioas: IOASes by ascending ID; owned
 * @n_ioas: how many
 * @device_ids: IDs of the devices bound to it, ascending; owned
 * @n_device_ids: how many
 */
struct hf_manifest_iommufd {
	uint64_t token;
	uint64_t clients;
	char name[HF_NAME_MAX + 1];
	struct hf_manifest_ioas *ioas;
	size_t n_ioas;
	uint32_t *device_ids;
	size_t n_device_ids;
};

/**
 * struct hf_manifest_device - a preserved VFIO device
 * @token: token in the session
 * @clients: drivers that have it
 * @name: what its driver calls it, or "": its address
 * @addr: its address
 * @ids: what it says it is
 * @iommufd: token of the iommufd it is bound to, 0 when the agent could not
 *	     tell because there are several
 * @device_id: its ID there, 0 when the agent could not tell because several
 *	       devices are bound
 * @ioas: ID of the IOAS it is attached to, 0 when the agent could not tell
 *	  because several have a page table
 *
 * VFIO and iommufd tell nobody to what a device is bound. Where there is only
 * one candidate it is known all the same; where there are several, restore tries
 * them, and the kernel takes only the right one.
 */
struct hf_manifest_device {
	uint64_t token;
	uint64_t clients;
	char name[HF_NAME_MAX + 1];
	struct hf_pci_addr addr;
	struct hf_pci_ids ids;
	uint64_t iommufd;
	uint32_t device_id;
	uint32_t ioas;
};

/**
 * struct hf_manifest - contents of a manifest
 * @session: name of the session
 * @release: kernel that wrote it (uname -r)
 * @page_size: bytes
 * @tsc: time stamp counter when it was written
 * @realtime_ns: wall clock when it was written
 * @client: drivers; owned
 * @n_client: how many
 * @memfd: memfds; owned
 * @n_memfd: how many
 * @iommufd: iommufds; owned
 * @n_iommufd: how many
 * @device: devices; owned
 * @n_device: how many
 *
 * An index holds no objects: it says which sessions there are, and whose.
 */
struct hf_manifest {
	char session[HF_LUO_NAME_MAX + 1];
	char release[HF_RELEASE_MAX + 1];
	uint32_t page_size;
	uint64_t tsc;
	uint64_t realtime_ns;
	struct hf_manifest_client *client;
	size_t n_client;
	struct hf_manifest_memfd *memfd;
	size_t n_memfd;
	struct hf_manifest_iommufd *iommufd;
	size_t n_iommufd;
	struct hf_manifest_device *device;
	size_t n_device;
};

/** hf_manifest_bit() - the bit of a client in the masks of objects */
static inline uint64_t hf_manifest_bit(size_t client)
{
	return (uint64_t)1 << client;
}

/**
 * hf_manifest_names() - names of the clients of a mask, separated by commas
 * @m: manifest
 * @clients: mask
 * @buf: out; cut short if it does not fit
 * @len: size of @buf
 *
 * Return: @buf.
 */
const char *hf_manifest_names(const struct hf_manifest *m, uint64_t clients,
			      char *buf, size_t len);

/** hf_manifest_init() - make @m empty */
void hf_manifest_init(struct hf_manifest *m);

/** hf_manifest_free() - release everything @m owns and make it empty */
void hf_manifest_free(struct hf_manifest *m);

/**
 * hf_manifest_check() - is a manifest sound in itself?
 * @m: manifest
 * @err: says what is wrong
 *
 * The rules of docs/manifest.md on contents: names, tokens, references, order
 * and shape of tables. Both writer and reader call it.
 *
 * Return: 0 or -EBADMSG.
 */
int hf_manifest_check(const struct hf_manifest *m, struct hf_error *err);

/**
 * hf_manifest_encode() - write a manifest
 * @m: what to write; must pass hf_manifest_check()
 * @blob: out, malloc()ed, freed by the caller
 * @len: out, bytes
 * @err: message on failure
 *
 * The same contents always give the same bytes.
 *
 * Return: 0; -EBADMSG when @m is not sound; -EFBIG; -ENOMEM.
 */
int hf_manifest_encode(const struct hf_manifest *m, void **blob, size_t *len,
		       struct hf_error *err);

/**
 * hf_manifest_decode() - read and check a manifest
 * @blob: bytes, aligned to 8; may be anything at all
 * @len: how many
 * @m: out, on success released by hf_manifest_free(); empty on failure
 * @err: on failure names the field that is wrong
 *
 * Nothing of @blob is acted on before all of it was checked (I9).
 *
 * Return: 0; -EBADMSG when it is damaged; -EPROTONOSUPPORT when it was written
 * for a newer reader; -ENOMEM.
 */
int hf_manifest_decode(const void *blob, size_t len, struct hf_manifest *m,
		       struct hf_error *err);

/** hf_manifest_json_drivers() - write member "drivers": names of the drivers of a mask */
void hf_manifest_json_drivers(struct hf_json *j, const struct hf_manifest *m,
			      uint64_t clients);

/** hf_manifest_json_objects() - write members "devices", "iommufds", "memfds" */
void hf_manifest_json_objects(struct hf_json *j, const struct hf_manifest *m);

/**
 * hf_extents_digest() - SHA-256 over a table
 * @t: table
 * @out: digest of all (iova, phys, length), big-endian, in order
 */
void hf_extents_digest(const struct hf_extents *t, uint8_t out[HF_SHA256_SIZE]);

/**
 * hf_manifest_seal() - recompute length and checksum of a manifest's header
 * @blob: header followed by the tree
 * @len: bytes, at least HF_MANIFEST_HEADER_SIZE
 */
void hf_manifest_seal(void *blob, size_t len);

#endif
