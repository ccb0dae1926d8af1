// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: what the library asks VFIO for, call by call, and what it makes of
 * the answers. Linked with --wrap=ioctl: the kernel is the function below.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <holdfast/irq.h>
#include <holdfast/uapi.h>

#include "ktap.h"

#define DEVICE	7	/* never opened */
#define MAX_CALLS 8

/* A call as it came, with the descriptors behind it */
static struct {
	unsigned long op;
	struct vfio_irq_set set;
	int32_t fd[16];
} calls[MAX_CALLS];
static unsigned int n_calls;
static int answer, answer_errno;
static struct vfio_irq_info answer_info;

int __wrap_ioctl(int fd, unsigned long op, ...);

int __wrap_ioctl(int fd, unsigned long op, ...)
{
	struct vfio_irq_set *set;
	va_list ap;

	va_start(ap, op);
	set = va_arg(ap, void *);
	va_end(ap);
	CHECK(fd == DEVICE);
	if (!CHECK(n_calls < MAX_CALLS))
		return -1;
	calls[n_calls].op = op;
	if (op == VFIO_DEVICE_SET_IRQS) {
		calls[n_calls].set = *set;
		/* Exactly what argsz promises: a sanitizer sees less */
		if (set->argsz > sizeof(*set) &&
		    CHECK(set->argsz - sizeof(*set) <=
			  sizeof(calls[0].fd)))
			memcpy(calls[n_calls].fd, set->data,
			       set->argsz - sizeof(*set));
	} else if (op == VFIO_DEVICE_GET_IRQ_INFO) {
		struct vfio_irq_info *info = (void *)set;

		CHECK(info->argsz == sizeof(*info));
		answer_info.index = info->index;
		answer_info.argsz = info->argsz;
		*info = answer_info;
	}
	n_calls++;
	errno = answer_errno;
	return answer;
}

static void kernel_says(int ret, int code)
{
	n_calls = 0;
	memset(calls, 0, sizeof(calls));
	answer = ret;
	answer_errno = code;
}

static bool was(unsigned int i, uint32_t flags, uint32_t index, uint32_t start,
		uint32_t count, uint32_t extra)
{
	const struct vfio_irq_set *s = &calls[i].set;

	return calls[i].op == VFIO_DEVICE_SET_IRQS && s->flags == flags &&
	       s->index == index && s->start == start && s->count == count &&
	       s->argsz == sizeof(*s) + extra;
}

static void arm_is_one_call(void)
{
	const int fds[] = { 11, 12, -1, 14, 15 };
	struct hf_error err = {};
	unsigned int i;

	kernel_says(0, 0);
	CHECK(!hf_irq_arm(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, fds, 5, &err));
	CHECK(n_calls == 1);
	CHECK(was(0, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		  VFIO_PCI_MSIX_IRQ_INDEX, 0, 5, 20));
	for (i = 0; i < 5; i++)
		CHECK(calls[0].fd[i] == fds[i]);
}

static void arm_refuses_nonsense(void)
{
	struct hf_error err = {};
	const int fd = 11;

	kernel_says(0, 0);
	CHECK(hf_irq_arm(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, &fd, 0, &err) ==
	      -EINVAL);
	CHECK_HAS(err.text, "cannot arm 0 MSI interrupts");
	CHECK(hf_irq_arm(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, &fd, 2049, &err) ==
	      -EINVAL);
	CHECK(n_calls == 0);
}

static void kick_is_data_only(void)
{
	const uint32_t flags = VFIO_IRQ_SET_DATA_NONE |
			       VFIO_IRQ_SET_ACTION_TRIGGER;
	struct hf_error err = {};

	kernel_says(0, 0);
	CHECK(!hf_irq_kick(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, 3, &err));
	CHECK(!hf_irq_kick(DEVICE, VFIO_PCI_INTX_IRQ_INDEX, 1, &err));
	CHECK(n_calls == 2);
	CHECK(was(0, flags, VFIO_PCI_MSIX_IRQ_INDEX, 0, 3, 0));
	CHECK(was(1, flags, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, 0));

	/* These would ask the driver to stop; 0 vectors would disarm. */
	kernel_says(0, 0);
	CHECK(hf_irq_kick(DEVICE, VFIO_PCI_ERR_IRQ_INDEX, 1, &err) == -EINVAL);
	CHECK_HAS(err.text, "error");
	CHECK(hf_irq_kick(DEVICE, VFIO_PCI_REQ_IRQ_INDEX, 1, &err) == -EINVAL);
	CHECK_HAS(err.text, "request");
	CHECK(hf_irq_kick(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, 0, &err) == -EINVAL);
	CHECK(n_calls == 0);
}

static void mask_and_unmask(void)
{
	struct hf_error err = {};

	kernel_says(0, 0);
	CHECK(!hf_irq_mask(DEVICE, VFIO_PCI_INTX_IRQ_INDEX, 0, true, &err));
	CHECK(!hf_irq_mask(DEVICE, VFIO_PCI_INTX_IRQ_INDEX, 0, false, &err));
	CHECK(was(0, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK,
		  VFIO_PCI_INTX_IRQ_INDEX, 0, 1, 0));
	CHECK(was(1, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
		  VFIO_PCI_INTX_IRQ_INDEX, 0, 1, 0));
	kernel_says(-1, ENOTTY);
	CHECK(hf_irq_mask(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, 2, true, &err) ==
	      -ENOTTY);
	CHECK_HAS(err.text, "cannot mask MSI-X interrupts");
}

static void disarm(void)
{
	struct hf_error err = {};

	kernel_says(0, 0);
	CHECK(!hf_irq_disarm(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, &err));
	CHECK(was(0, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		  VFIO_PCI_MSIX_IRQ_INDEX, 0, 0, 0));
	/* That nothing was armed is no failure; that it may not be is one. */
	kernel_says(-1, EINVAL);
	CHECK(!hf_irq_disarm(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, &err));
	kernel_says(-1, EBUSY);
	CHECK(hf_irq_disarm(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, &err) == -EBUSY);
	CHECK_HAS(err.text, "preserved");
}

static void answers(void)
{
	static const struct {
		int ret, code, want;
		const char *text;
	} v[] = {
		{ -1, EBUSY, -EBUSY, "the device is preserved" },
		{ -1, EINVAL, -EINVAL, "no such vector" },
		{ -1, ENOSPC, -ENOSPC, "no vector left" },
		{ -1, EBADF, -EBADF, "an eventfd is none" },
		{ -1, EIO, -EIO, "Input/output error" },
		{ 2, 0, -ENOSPC, "only 2 vectors to give" },
	};
	const int fds[] = { 3, 4, 5 };
	struct hf_error err;
	size_t i;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		err.text[0] = '\0';
		kernel_says(v[i].ret, v[i].code);
		CHECK(hf_irq_arm(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, fds, 3,
				 &err) == v[i].want);
		CHECK_HAS(err.text, v[i].text);
		CHECK_HAS(err.text, "MSI interrupts");
		/* Nothing is tried again behind the caller's back */
		CHECK(n_calls == 1);
		CHECK(hf_irq_arm(DEVICE, VFIO_PCI_MSI_IRQ_INDEX, fds, 3,
				 NULL) == v[i].want);
	}
}

static void query(void)
{
	struct hf_irq_info info;
	struct hf_error err = {};

	kernel_says(0, 0);
	answer_info.count = 25;
	answer_info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	CHECK(!hf_irq_query(DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, &info, &err));
	CHECK(info.count == 25 && info.noresize && !info.maskable &&
	      !info.automasked);
	answer_info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
			    VFIO_IRQ_INFO_AUTOMASKED;
	CHECK(!hf_irq_query(DEVICE, VFIO_PCI_INTX_IRQ_INDEX, &info, &err));
	CHECK(info.maskable && info.automasked && !info.noresize);
	kernel_says(-1, EINVAL);
	CHECK(hf_irq_query(DEVICE, 9, &info, &err) == -EINVAL);
	CHECK(info.count == 0);
	CHECK_HAS(err.text, "unknown interrupts");
	CHECK(!strcmp(hf_irq_name(VFIO_PCI_MSIX_IRQ_INDEX), "MSI-X"));
}

static const struct ktap_test tests[] = {
	{ "irq: all vectors are armed in one call", arm_is_one_call },
	{ "irq: counts that make no sense", arm_refuses_nonsense },
	{ "irq: kicks go to data vectors only", kick_is_data_only },
	{ "irq: mask and unmask", mask_and_unmask },
	{ "irq: disarm", disarm },
	{ "irq: the kernel's answers in words", answers },
	{ "irq: query", query },
};

KTAP_MAIN(tests)
