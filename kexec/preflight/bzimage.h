/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel image of x86 and what is in it: Documentation/arch/x86/boot.rst */
#ifndef HK_BZIMAGE_H
#define HK_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/error.h>

/**
 * struct hk_bzimage - an image
 * @data: the file; owned
 * @len: bytes
 * @init_size: bytes that it needs in one piece to start
 * @release: as "uname -r" would say; "" if it does not tell
 * @is_signed: has a signature, whoever made it
 * @protocol: version of the boot protocol
 * @takes_5level: can run with page tables of five levels
 * @loadable: the kernel can load it by file
 */
struct hk_bzimage {
	void *data;
	size_t len;
	uint32_t init_size;
	char release[128];
	bool is_signed;
	uint16_t protocol;
	bool takes_5level;
	bool loadable;
};

/**
 * hk_bzimage_open() - read an image, and its header
 * @b: out; release with hk_bzimage_close()
 * @path: file
 * @err: message on failure
 *
 * Return: 0; -ENOEXEC if it is none; or a negative errno.
 */
int hk_bzimage_open(struct hk_bzimage *b, const char *path,
		    struct hf_error *err);

/** hk_bzimage_close() - release it; nothing is done to one of zeros */
void hk_bzimage_close(struct hk_bzimage *b);

/**
 * hk_bzimage_vmlinux() - unpack the kernel in it
 * @b: image
 * @data: out, malloc()ed
 * @len: out, bytes
 * @err: message on failure
 *
 * Return: 0; -EOPNOTSUPP if it is packed in a way that is not known here; or
 * -EBADMSG.
 */
int hk_bzimage_vmlinux(const struct hk_bzimage *b, void **data, size_t *len,
		       struct hf_error *err);

/**
 * hk_unpack() - unpack gzip, xz, lzma, zstd or lz4; what is neither is copied if it
 *		 is an ELF file
 * @in: bytes; what follows the packed ones is ignored
 * @in_len: how many
 * @data: out, malloc()ed
 * @len: out, bytes
 * @err: message on failure
 *
 * Return: as hk_bzimage_vmlinux().
 */
int hk_unpack(const void *in, size_t in_len, void **data, size_t *len,
	      struct hf_error *err);

/** hk_file_read() - a whole file, malloc()ed; up to 512 MiB */
int hk_file_read(const char *path, void **data, size_t *len,
		 struct hf_error *err);

/** enum hk_abi - what is handed over in a format of its own */
enum hk_abi {
	HK_ABI_KHO, HK_ABI_LUO, HK_ABI_MEMFD, HK_ABI_PCI, HK_ABI_IOMMUFD,
	HK_ABI_VFIO, HK_ABIS
};

/**
 * hk_abi_find() - which version of a format does some code know?
 * @data: code: a kernel, or a module
 * @len: bytes
 * @abi: format
 * @found: out, the text that names it, if there is one; the one that is known here
 *	   if there are several
 * @size: of @found
 *
 * Versions are strings in the code, "iommufd-noiommu-v3".
 *
 * Return: is it the version that is known here?
 */
bool hk_abi_find(const void *data, size_t len, enum hk_abi abi, char *found,
		 size_t size);

/** hk_abi_known() - the version that is known here */
const char *hk_abi_known(enum hk_abi abi);

/** hk_abi_what() - what it is, for messages */
const char *hk_abi_what(enum hk_abi abi);

#endif
