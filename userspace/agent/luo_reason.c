// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the errnos of a session's ioctls mean for each kind of object, in words
 * that say what to do. Tables, so that docs/agent.md can list them.
 */
#include <errno.h>
#include <stddef.h>

#include <holdfast/luo.h>

struct reason {
	int code;
	const char *text;
};

static const char *const names[] = {
	[HF_OBJ_MANIFEST] = "manifest",
	[HF_OBJ_MEMFD] = "memfd",
	[HF_OBJ_IOMMUFD] = "iommufd",
	[HF_OBJ_DEVICE] = "device",
};

static const struct reason preserve_any[] = {
	{ EEXIST, "its token is used already in this session" },
	{ EBUSY, "it is preserved already, in this session or another" },
	{ ENOMEM, "not enough memory for the description handed to the next kernel" },
	{ EPERM, "no permission: CAP_SYS_RAWIO is needed" },
	{ EINVAL, "the kernel found its state invalid; the reason is in dmesg" },
	{}
};

static const struct reason preserve_memfd[] = {
	{ ENOENT, "the kernel carries no such file: only memfds on shmem are" },
	{ EOPNOTSUPP, "it has seals this kernel does not carry" },
	{ EFBIG, "it is too large" },
	{ ENOSPC, "its memory is in more ranges than the next kernel has room to note (dmesg has the numbers): boot with a larger kho_scratch=, or use larger pages" },
	{ EBUSY, "it is preserved already, in this session or another" },
	{ EEXIST, "its token is used already in this session, or some of its memory is preserved already by an iommufd; memfds go before the iommufd that maps them" },
	{}
};

static const struct reason preserve_iommufd[] = {
	{ ENOENT, "the kernel cannot preserve iommufds: it lacks the holdfast series or CONFIG_IOMMUFD_LIVEUPDATE" },
	{ EOPNOTSUPP, "it holds an object or a kind of memory that is not carried; use anonymous, shmem or hugetlb memory and only noiommu HWPTs (dmesg says which area)" },
	{ ENOTCONN, "a device bound to it is not attached to an IOAS" },
	{ ENXIO, "an IOAS that no device uses maps a memfd that is not preserved in this session: nothing holds that memory (dmesg says which area)" },
	{ EEXIST, "its token is used already in this session, or some of its memory is preserved already, by another iommufd or in another session (dmesg says which area)" },
	{ EBUSY, "it is preserved already, or is just being changed" },
	{ ENOSPC, "its memory is in more ranges than the next kernel has room to note (dmesg has the numbers): boot with a larger kho_scratch=, or use larger pages" },
	{}
};

static const struct reason preserve_device[] = {
	{ ENOENT, "the kernel cannot preserve VFIO devices: it lacks the holdfast series or CONFIG_VFIO_PCI_LIVEUPDATE" },
	{ EOPNOTSUPP, "its present state is not carried (virtual functions, a kind of function or of place that is refused; dmesg says which)" },
	{ ENXIO, "its iommufd is not preserved in this session; the iommufd goes before its devices" },
	{ ENOTCONN, "it is not bound to an iommufd, or not attached to an IOAS" },
	{ EBUSY, "it is preserved already, or is just being reset or reconfigured" },
	{ ENODEV, "it does not answer, or it is gone" },
	{}
};

static const struct reason retrieve_any[] = {
	{ ENOENT, "the session has no such token" },
	{ EUNATCH, "the kernel's code for it is in a module that is not loaded: load iommufd and vfio-pci and run this again" },
	{ ENOMEM, "not enough memory" },
	{ EPERM, "no permission: CAP_SYS_RAWIO is needed" },
	{ EINVAL, "the kernel found what was handed over invalid (dmesg has the reason)" },
	{}
};

static const struct reason retrieve_iommufd[] = {
	{ ENXIO, "a memfd it maps cannot be retrieved" },
	{ ESTALE, "its page table differs from the one it had before the update; it was closed again, the memory stays where it is" },
	{ EOPNOTSUPP, "this kernel does not know the layout the previous one wrote" },
	{}
};

static const struct reason retrieve_device[] = {
	{ ENODEV, "the device is not there, or vfio-pci is not bound to it; bind vfio-pci (driver_override) with vfio.enable_unsafe_noiommu_mode=1 and run this again" },
	{ EAGAIN, "vfio-pci is not bound to it yet: bind it (driver_override) with vfio.enable_unsafe_noiommu_mode=1 and run this again" },
	{ ENXIO, "its iommufd cannot be retrieved" },
	{ EOPNOTSUPP, "the device is not a noiommu one in this kernel (vfio.enable_unsafe_noiommu_mode must be set before vfio-pci binds; no IOMMU may have appeared), or the layout is not known" },
	{}
};

static const char *find(const struct reason *r, int code)
{
	for (; r->text; r++)
		if (r->code == code)
			return r->text;
	return NULL;
}

const char *hf_object_name(enum hf_object kind)
{
	return names[kind];
}

const char *hf_preserve_reason(enum hf_object kind, int code)
{
	static const struct reason *const by_kind[] = {
		[HF_OBJ_MANIFEST] = preserve_memfd,
		[HF_OBJ_MEMFD] = preserve_memfd,
		[HF_OBJ_IOMMUFD] = preserve_iommufd,
		[HF_OBJ_DEVICE] = preserve_device,
	};
	const char *text = find(by_kind[kind], code);

	if (!text)
		text = find(preserve_any, code);
	return text ? text : "the kernel refused it (dmesg has the reason)";
}

const char *hf_retrieve_reason(enum hf_object kind, int code)
{
	const char *text = NULL;

	if (kind == HF_OBJ_IOMMUFD)
		text = find(retrieve_iommufd, code);
	else if (kind == HF_OBJ_DEVICE)
		text = find(retrieve_device, code);
	if (!text)
		text = find(retrieve_any, code);
	return text ? text : "the kernel refused it (dmesg has the reason)";
}
