// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * What pci_ser_check() and pci_liveupdate_unpack_state() let through. Of the first
 * the caller makes a panic. The second is given a function that is not there.
 */

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/kho/abi/pci.h>
#include <linux/kho/ser_kunit.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci_liveupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "pci.h"

static const struct pci_dev_ser sample_devices[] = {
	{ .bus = 0, .devfn = 0x20, .hdr_type = PCI_HEADER_TYPE_BRIDGE,
	  .vendor = 0x1b36, .device = 0x000c, .class = 0x060400,
	  .flags = PCI_DEV_SER_BRIDGE, .nr_below = 2 },
	{ .bus = 1, .devfn = 0x00, .vendor = 0x8086, .device = 0x10c9,
	  .subsystem_vendor = 0x8086, .class = 0x020000 },
	{ .bus = 1, .devfn = 0x01, .vendor = 0x8086, .device = 0x10c9,
	  .subsystem_vendor = 0x8086, .class = 0x020000 },
	{ .domain = 1, .bus = 1, .devfn = 0x01, .vendor = 0x1b36,
	  .device = 0x0010, .class = 0x010802 },
};

static void ser_test_free(void *ptr)
{
	free_pages_exact(ptr, PCI_SER_SIZE);
}

static int ser_test_init(struct kunit *test)
{
	struct pci_ser *ser;

	ser = alloc_pages_exact(PCI_SER_SIZE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, ser);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, ser_test_free,
							   ser));
	ser->magic = PCI_SER_MAGIC;
	ser->version = PCI_SER_VERSION;
	ser->size = PCI_SER_SIZE;
	ser->nr_devices = ARRAY_SIZE(sample_devices);
	memcpy(ser->devices, sample_devices, sizeof(sample_devices));
	ser->crc = pci_ser_crc(ser);
	test->priv = ser;
	return 0;
}

/* The control of all others */
static void ser_valid(struct kunit *test)
{
	struct pci_ser *ser = test->priv;

	KUNIT_EXPECT_NULL(test, pci_ser_check(virt_to_phys(ser)));

	ser->nr_devices = 0;
	ser->crc = pci_ser_crc(ser);
	KUNIT_EXPECT_NULL(test, pci_ser_check(virt_to_phys(ser)));

	/* As many as there is room for */
	ser->nr_devices = PCI_SER_MAX_DEVICES;
	for (u32 i = 0; i < PCI_SER_MAX_DEVICES; i++) {
		ser->devices[i] = sample_devices[1];
		ser->devices[i].domain = i;
	}
	ser->crc = pci_ser_crc(ser);
	KUNIT_EXPECT_NULL(test, pci_ser_check(virt_to_phys(ser)));
}

static void ser_address(struct kunit *test)
{
	u64 phys = virt_to_phys(test->priv);

	for (int i = 0; i < ARRAY_SIZE(kho_ser_bad_phys); i++)
		KUNIT_EXPECT_NOT_NULL_MSG(test,
					  pci_ser_check(kho_ser_bad_phys[i]),
					  "%#llx", kho_ser_bad_phys[i]);

	for (int i = 1; i < PCI_SER_SIZE; i <<= 1)
		KUNIT_EXPECT_NOT_NULL_MSG(test, pci_ser_check(phys + i),
					  "%d off", i);
}

/* One bit is wrong in what is in use, and the checksum is not */
static void ser_bits(struct kunit *test)
{
	struct pci_ser *ser = test->priv;
	u8 *byte = test->priv;

	for (int bit = 0; bit < 8 * (sizeof(*ser) + sizeof(sample_devices));
	     bit++) {
		byte[bit / 8] ^= BIT(bit % 8);
		KUNIT_EXPECT_NOT_NULL_MSG(test,
					  pci_ser_check(virt_to_phys(ser)),
					  "bit %d", bit);
		byte[bit / 8] ^= BIT(bit % 8);
	}
}

/* Counts that reach beyond the block, which therefore have no checksum */
static void ser_counts(struct kunit *test)
{
	static const u32 counts[] = {
		PCI_SER_MAX_DEVICES + 1, PCI_SER_SIZE, 0xffff, 0x09249249,
		0x09249250, INT_MAX, 0x80000000, U32_MAX
	};
	struct pci_ser *ser = test->priv;

	for (int i = 0; i < ARRAY_SIZE(counts); i++) {
		ser->nr_devices = counts[i];
		KUNIT_EXPECT_NOT_NULL_MSG(test,
					  pci_ser_check(virt_to_phys(ser)),
					  "%#x", counts[i]);
	}
}

#define HDR(member, wrong) {						\
	.name = #member " = " #wrong,					\
	KHO_SER_MEMBER(struct pci_ser, member), .value = wrong }
#define ENTRY(index, member, wrong) {					\
	.name = "entry " #index ": " #member " = " #wrong,		\
	KHO_SER_MEMBER(struct pci_ser, devices[index].member),		\
	.value = wrong }

static const struct kho_ser_field ser_fields[] = {
	HDR(magic, 0),
	HDR(magic, U64_MAX),
	HDR(version, 0),
	HDR(version, PCI_SER_VERSION + 1),
	HDR(version, U32_MAX),
	HDR(size, 0),
	HDR(size, PCI_SER_SIZE - 1),
	HDR(size, PCI_SER_SIZE * 2),
	HDR(size, U32_MAX),
	/* One that is all 0 is no other address, and then there are two */
	HDR(nr_devices, 6),
	HDR(nr_devices, 100),
	HDR(nr_devices, PCI_SER_MAX_DEVICES),
	ENTRY(0, flags, 0),
	ENTRY(0, flags, PCI_DEV_SER_BRIDGE | 2),
	ENTRY(0, flags, BIT(31)),
	ENTRY(0, nr_below, 0),
	ENTRY(1, flags, PCI_DEV_SER_BRIDGE),
	ENTRY(1, flags, 2),
	ENTRY(1, flags, U32_MAX),
	ENTRY(1, nr_below, 1),
	ENTRY(1, nr_below, U32_MAX),
	ENTRY(2, devfn, 0),
	ENTRY(1, devfn, 1),
	ENTRY(2, domain, 1),
	ENTRY(3, domain, 0),
	ENTRY(3, flags, PCI_DEV_SER_BRIDGE),
	ENTRY(3, nr_below, 1),
};

/* With a plan, which a generator of its own would not have */
static int ser_field_init(struct kunit *test)
{
	kunit_register_params_array(test, ser_fields, ARRAY_SIZE(ser_fields),
				    kho_ser_desc);
	return 0;
}

/* One field is wrong, and everything else fits */
static void ser_field(struct kunit *test)
{
	struct pci_ser *ser = test->priv;

	kho_ser_set(ser, test->param_value);
	ser->crc = pci_ser_crc(ser);
	KUNIT_EXPECT_NOT_NULL(test, pci_ser_check(virt_to_phys(ser)));
}

static struct kunit_case ser_test_cases[] = {
	KUNIT_CASE(ser_valid),
	KUNIT_CASE(ser_address),
	KUNIT_CASE(ser_bits),
	KUNIT_CASE(ser_counts),
	KUNIT_CASE_PARAM_WITH_INIT(ser_field, kunit_array_gen_params,
				   ser_field_init, NULL),
	{}
};

static struct kunit_suite ser_test_suite = {
	.name = "pci_ser",
	.init = ser_test_init,
	.test_cases = ser_test_cases,
};

/* One page, so that what reads beyond the records is found out */
#define STATE_BUF_SIZE	PAGE_SIZE

struct state_test {
	struct pci_dev dev;
	struct pci_bus bus;
	struct pci_ops ops;
	u32 config[PCI_CFG_SPACE_SIZE / 4];
	/* What pci_liveupdate_pack_state() made of it, and its size */
	u8 packed[512];
	size_t size;
	/* The end of it is where the records are that are unpacked */
	void *area;
};

static int state_read(struct pci_bus *bus, unsigned int devfn, int where,
		      int size, u32 *val)
{
	struct state_test *t = container_of(bus, struct state_test, bus);

	*val = 0;
	memcpy(val, (u8 *)t->config + where, size);
	return PCIBIOS_SUCCESSFUL;
}

/* A capability that the core saves so many bytes of */
static void state_add_cap(struct kunit *test, u16 nr, bool extended,
			  unsigned int size)
{
	struct state_test *t = test->priv;
	struct pci_cap_saved_state *cap;

	cap = kunit_kzalloc(test, sizeof(*cap) + size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cap);
	cap->cap.cap_nr = nr;
	cap->cap.cap_extended = extended;
	cap->cap.size = size;
	memset(cap->cap.data, nr, size);
	hlist_add_head(&cap->next, &t->dev.saved_cap_space);
}

static void state_test_free(void *ptr)
{
	vfree(ptr);
}

static int state_test_init(struct kunit *test)
{
	struct pci_saved_state *state;
	struct state_test *t;
	ssize_t size;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->area = vmalloc(STATE_BUF_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, t->area);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, state_test_free,
							   t->area));

	t->ops.read = state_read;
	t->bus.ops = &t->ops;
	t->dev.bus = &t->bus;
	t->dev.dev.init_name = "kunit";
	t->dev.cfg_size = PCI_CFG_SPACE_SIZE;
	INIT_HLIST_HEAD(&t->dev.saved_cap_space);
	t->config[PCI_VENDOR_ID / 4] = 0x10c98086;
	t->config[PCI_COMMAND / 4] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	t->config[PCI_BASE_ADDRESS_0 / 4] = 0xfe800000;
	t->config[PCI_BASE_ADDRESS_4 / 4] = 0xfe820000;

	/* Their sizes are no multiples of 4, like those of some real ones */
	state_add_cap(test, PCI_CAP_ID_PCIX, false, sizeof(u16));
	state_add_cap(test, PCI_CAP_ID_EXP, false, 7 * sizeof(u16));
	state_add_cap(test, PCI_EXT_CAP_ID_LTR, true, 2 * sizeof(u32));

	pci_save_state(&t->dev);
	state = pci_store_saved_state(&t->dev);
	KUNIT_ASSERT_NOT_NULL(test, state);
	size = pci_liveupdate_pack_state(&t->dev, state, t->packed,
					 sizeof(t->packed));
	kfree(state);
	KUNIT_ASSERT_GT(test, size, 0);
	t->size = size;
	return 0;
}

/* 0 if the first @size bytes of what is packed are accepted */
static int state_unpack(struct kunit *test, size_t size)
{
	struct state_test *t = test->priv;
	struct pci_saved_state *state;
	void *buf = t->area + STATE_BUF_SIZE - size;

	memcpy(buf, t->packed, size);
	state = pci_liveupdate_unpack_state(&t->dev, buf, size);
	if (IS_ERR(state))
		return PTR_ERR(state);

	/* Whatever was handed over, it must not run again */
	KUNIT_EXPECT_EQ(test, 0, pci_load_saved_state(&t->dev, state));
	KUNIT_EXPECT_EQ(test, 0, t->dev.saved_config_space[PCI_COMMAND / 4] &
				 PCI_COMMAND_MASTER);
	kfree(state);
	return 0;
}

/* The first byte of record @index */
static struct pci_state_ser *state_record(struct state_test *t, int index)
{
	u8 *pos = t->packed;

	while (index--) {
		struct pci_state_ser *ser = (void *)pos;

		pos += ALIGN(sizeof(*ser) + ser->len, PCI_STATE_SER_ALIGN);
	}
	return (void *)pos;
}

static size_t state_record_pos(struct state_test *t, int index)
{
	return (u8 *)state_record(t, index) - t->packed;
}

/* The control of all others */
static void state_valid(struct kunit *test)
{
	struct state_test *t = test->priv;
	int i;

	KUNIT_EXPECT_EQ(test, state_record_pos(t, 4), t->size);
	KUNIT_EXPECT_EQ(test, 0, state_unpack(test, t->size));

	/* What the old kernel did not save is taken from the function */
	for (i = 1; i < 4; i++)
		KUNIT_EXPECT_EQ(test, 0,
				state_unpack(test, state_record_pos(t, i)));

	/* What this kernel does not save is ignored */
	for (i = 1; i < 4; i++)
		state_record(t, i)->cap = PCI_CAP_ID_AF;
	KUNIT_EXPECT_EQ(test, 0, state_unpack(test, t->size));
}

/* Cut off anywhere but between two records */
static void state_truncated(struct kunit *test)
{
	struct state_test *t = test->priv;
	int next = 1;

	for (size_t size = 0; size < t->size; size++) {
		if (size == state_record_pos(t, next)) {
			next++;
			continue;
		}
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, state_unpack(test, size),
				    "%zu bytes", size);
	}
}

/* Each record in turn of a length that is not its own */
static void state_lengths(struct kunit *test)
{
	static const u32 lengths[] = {
		0, 1, 3, 5, 11, 200, 0x1000, S32_MAX - 11, S32_MAX, 0x80000000,
		U32_MAX - 11, U32_MAX - 8, U32_MAX - 7, U32_MAX - 3, U32_MAX
	};
	struct state_test *t = test->priv;

	for (int i = 0; i < 4; i++) {
		struct pci_state_ser *ser = state_record(t, i);
		u32 good = ser->len;

		for (int j = 0; j < ARRAY_SIZE(lengths); j++) {
			ser->len = lengths[j];
			KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
					    state_unpack(test, t->size),
					    "record %d: %#x", i, lengths[j]);
		}
		ser->len = good + 1;
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, state_unpack(test, t->size),
				    "record %d: one more", i);
		ser->len = good - 1;
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, state_unpack(test, t->size),
				    "record %d: one less", i);
		ser->len = good;
	}
}

static void state_fields(struct kunit *test)
{
	struct state_test *t = test->priv;

	for (int i = 0; i < 4; i++) {
		struct pci_state_ser *ser = state_record(t, i);
		struct pci_state_ser good = *ser;

		ser->reserved = 1;
		KUNIT_EXPECT_EQ(test, -EINVAL, state_unpack(test, t->size));
		ser->reserved = 0;

		ser->extended = 2;
		KUNIT_EXPECT_EQ(test, -EINVAL, state_unpack(test, t->size));
		ser->extended = 255;
		KUNIT_EXPECT_EQ(test, -EINVAL, state_unpack(test, t->size));
		ser->extended = good.extended;

		/* Another one, or a second header, or no header at all */
		ser->cap = i ? PCI_STATE_SER_HEADER : PCI_CAP_ID_AF;
		ser->extended = 0;
		KUNIT_EXPECT_EQ(test, -EINVAL, state_unpack(test, t->size));
		ser->cap = good.cap;
		ser->extended = good.extended;
	}
}

/* There is one header */
static void state_twice(struct kunit *test)
{
	struct state_test *t = test->priv;
	size_t size = state_record_pos(t, 1);

	KUNIT_ASSERT_LE(test, t->size + size, sizeof(t->packed));
	memcpy(t->packed + t->size, t->packed, size);
	KUNIT_EXPECT_EQ(test, -EINVAL, state_unpack(test, t->size + size));
}

/* The state of another function, or of one that is somewhere else by now */
static void state_other(struct kunit *test)
{
	struct state_test *t = test->priv;

	for (int i = PCI_BASE_ADDRESS_0; i <= PCI_BASE_ADDRESS_5; i += 4) {
		t->config[i / 4] ^= 0x100000;
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, state_unpack(test, t->size),
				    "BAR at %#x", i);
		t->config[i / 4] ^= 0x100000;
	}

	t->config[PCI_VENDOR_ID / 4] ^= 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, state_unpack(test, t->size));
	t->config[PCI_VENDOR_ID / 4] ^= 0x10001;
	KUNIT_EXPECT_EQ(test, -EINVAL, state_unpack(test, t->size));
}

/* What does not fit is not handed over, and nothing is written beyond the end */
static void state_too_large(struct kunit *test)
{
	struct state_test *t = test->priv;
	struct pci_saved_state *state;

	pci_save_state(&t->dev);
	state = pci_store_saved_state(&t->dev);
	KUNIT_ASSERT_NOT_NULL(test, state);
	for (size_t size = 0; size < t->size; size++)
		KUNIT_EXPECT_EQ(test, -ENOSPC,
				pci_liveupdate_pack_state(&t->dev, state,
							  t->area + STATE_BUF_SIZE - size,
							  size));
	KUNIT_EXPECT_EQ(test, t->size,
			pci_liveupdate_pack_state(&t->dev, state,
						  t->area + STATE_BUF_SIZE - t->size,
						  t->size));
	kfree(state);
}

static struct kunit_case state_test_cases[] = {
	KUNIT_CASE(state_valid),
	KUNIT_CASE(state_truncated),
	KUNIT_CASE(state_lengths),
	KUNIT_CASE(state_fields),
	KUNIT_CASE(state_twice),
	KUNIT_CASE(state_other),
	KUNIT_CASE(state_too_large),
	{}
};

static struct kunit_suite state_test_suite = {
	.name = "pci_state_ser",
	.init = state_test_init,
	.test_cases = state_test_cases,
};

kunit_test_suites(&ser_test_suite, &state_test_suite);

MODULE_DESCRIPTION("KUnit tests for what is handed over of PCI functions");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
