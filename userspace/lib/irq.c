// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <holdfast/irq.h>
#include <holdfast/uapi.h>

/* No device has more MSI-X vectors. */
#define MAX_VECTORS	2048

static const char *const names[] = {
	[VFIO_PCI_INTX_IRQ_INDEX] = "INTx",
	[VFIO_PCI_MSI_IRQ_INDEX] = "MSI",
	[VFIO_PCI_MSIX_IRQ_INDEX] = "MSI-X",
	[VFIO_PCI_ERR_IRQ_INDEX] = "error",
	[VFIO_PCI_REQ_IRQ_INDEX] = "request",
};

const char *hf_irq_name(unsigned int index)
{
	return index < sizeof(names) / sizeof(names[0]) ? names[index] :
							  "unknown";
}

/* What an errno of SET_IRQS means, and what to do about it */
static const char *reason(int code)
{
	switch (code) {
	case EBUSY:
		return "the device is preserved: what is armed stays as it is until the update, or until it is cancelled";
	case EINVAL:
		return "the device has no such vector, it is not armed, or interrupts of another kind are armed: disarm those first";
	case ENOTTY:
		return "the device cannot do this with such an interrupt";
	case ENOSPC:
		return "the system has no vector left";
	case EBADF:
		return "an eventfd is none, or closed";
	default:
		return strerror(code);
	}
}

/* Sends @set with @n descriptors behind it, if any. */
static int set_irqs(int device, struct vfio_irq_set *set, const char *verb,
		    struct hf_error *err)
{
	int ret = ioctl(device, VFIO_DEVICE_SET_IRQS, set);

	if (!ret)
		return 0;
	/* Positive: so many vectors could be had, and none was taken. */
	if (ret > 0)
		return hf_fail(err, -ENOSPC,
			       "cannot %s %u %s interrupts: the system has only %d vectors to give",
			       verb, set->count, hf_irq_name(set->index), ret);
	ret = -errno;
	return hf_fail(err, ret, "cannot %s %s interrupts: %s (%s)", verb,
		       hf_irq_name(set->index), reason(-ret), strerror(-ret));
}

int hf_irq_query(int device, unsigned int index, struct hf_irq_info *info,
		 struct hf_error *err)
{
	struct vfio_irq_info arg = {
		.argsz = sizeof(arg),
		.index = index,
	};
	int ret;

	memset(info, 0, sizeof(*info));
	if (ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &arg)) {
		ret = -errno;
		return hf_fail(err, ret,
			       "cannot ask for %s interrupts: %s",
			       hf_irq_name(index), strerror(-ret));
	}
	info->count = arg.count;
	info->maskable = arg.flags & VFIO_IRQ_INFO_MASKABLE;
	info->automasked = arg.flags & VFIO_IRQ_INFO_AUTOMASKED;
	info->noresize = arg.flags & VFIO_IRQ_INFO_NORESIZE;
	return 0;
}

int hf_irq_arm(int device, unsigned int index, const int *eventfd,
	       unsigned int n, struct hf_error *err)
{
	struct vfio_irq_set *set;
	unsigned int i;
	int32_t fd;
	int ret;

	if (!n || n > MAX_VECTORS)
		return hf_fail(err, -EINVAL,
			       "cannot arm %u %s interrupts: 1 to %d can be",
			       n, hf_irq_name(index), MAX_VECTORS);
	set = calloc(1, sizeof(*set) + n * sizeof(fd));
	if (!set)
		return hf_fail(err, -ENOMEM, "out of memory");
	set->argsz = (uint32_t)(sizeof(*set) + n * sizeof(fd));
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = n;
	for (i = 0; i < n; i++) {
		fd = eventfd[i];
		memcpy(set->data + i * sizeof(fd), &fd, sizeof(fd));
	}
	ret = set_irqs(device, set, "arm", err);
	free(set);
	return ret;
}

int hf_irq_kick(int device, unsigned int index, unsigned int n,
		struct hf_error *err)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
		.count = n,
	};

	/* A count of 0 is what disarms. */
	if (!n || index > VFIO_PCI_MSIX_IRQ_INDEX)
		return hf_fail(err, -EINVAL, "cannot kick %u %s interrupts", n,
			       hf_irq_name(index));
	return set_irqs(device, &set, "kick", err);
}

int hf_irq_mask(int device, unsigned int index, unsigned int vector, bool mask,
		struct hf_error *err)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE |
			 (mask ? VFIO_IRQ_SET_ACTION_MASK :
				 VFIO_IRQ_SET_ACTION_UNMASK),
		.index = index,
		.start = vector,
		.count = 1,
	};

	return set_irqs(device, &set, mask ? "mask" : "unmask", err);
}

int hf_irq_disarm(int device, unsigned int index, struct hf_error *err)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
	};
	int ret = set_irqs(device, &set, "disarm", err);

	/* Nothing was armed: that is what was asked for. */
	return ret == -EINVAL ? 0 : ret;
}
