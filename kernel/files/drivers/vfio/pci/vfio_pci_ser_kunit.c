// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 *
 * What vfio_pci_ser_get() lets through.
 */

#include <kunit/test.h>
#include <linux/io.h>
#include <linux/kho/abi/vfio_pci.h>
#include <linux/kho/ser_kunit.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vfio.h>

#include "vfio_pci_priv.h"

static int ser_test_init(struct kunit *test)
{
	struct vfio_pci_ser *ser = kho_ser_alloc_page(test);

	ser->magic = VFIO_PCI_SER_MAGIC;
	ser->version = VFIO_PCI_SER_VERSION;
	ser->size = sizeof(*ser);
	ser->bus = 1;
	ser->vendor = 0x8086;
	ser->device = 0x10c9;
	ser->iommufd_token = 7;
	ser->irq_index = VFIO_PCI_NUM_IRQS;
	ser->state_size = sizeof(ser->state);
	ser->crc = vfio_pci_ser_crc(ser);
	test->priv = ser;
	return 0;
}

/* The control of all others */
static void ser_valid(struct kunit *test)
{
	struct vfio_pci_ser *ser = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, vfio_pci_ser_get(virt_to_phys(ser)), ser);

	/* What only informs, or says which device, may be anything */
	ser->domain = U32_MAX;
	ser->command = U16_MAX;
	ser->iommufd_token = U64_MAX;
	ser->iommufd_devid = U32_MAX;
	ser->nr_irqs = U16_MAX;
	ser->irq_index = 0;
	ser->state_size = 0;
	memset(ser->vconfig, 0xff, sizeof(ser->vconfig));
	ser->crc = vfio_pci_ser_crc(ser);
	KUNIT_EXPECT_PTR_EQ(test, vfio_pci_ser_get(virt_to_phys(ser)), ser);
}

static void ser_address(struct kunit *test)
{
	u64 phys = virt_to_phys(test->priv);

	for (int i = 0; i < ARRAY_SIZE(kho_ser_bad_phys); i++)
		KUNIT_EXPECT_NULL_MSG(test,
				      vfio_pci_ser_get(kho_ser_bad_phys[i]),
				      "%#llx", kho_ser_bad_phys[i]);

	for (int i = 1; i < PAGE_SIZE; i <<= 1)
		KUNIT_EXPECT_NULL_MSG(test, vfio_pci_ser_get(phys + i),
				      "%d off", i);
}

/* One bit is wrong, and the checksum is not */
static void ser_bits(struct kunit *test)
{
	struct vfio_pci_ser *ser = test->priv;
	u8 *byte = test->priv;

	for (int bit = 0; bit < 8 * sizeof(*ser); bit++) {
		byte[bit / 8] ^= BIT(bit % 8);
		KUNIT_EXPECT_NULL_MSG(test, vfio_pci_ser_get(virt_to_phys(ser)),
				      "bit %d", bit);
		byte[bit / 8] ^= BIT(bit % 8);
	}
}

#define FIELD(member, wrong) {						\
	.name = #member " = " #wrong,					\
	KHO_SER_MEMBER(struct vfio_pci_ser, member), .value = wrong }

static const struct kho_ser_field ser_fields[] = {
	FIELD(magic, 0),
	FIELD(magic, U64_MAX),
	FIELD(version, 0),
	FIELD(version, VFIO_PCI_SER_VERSION - 1),
	FIELD(version, VFIO_PCI_SER_VERSION + 1),
	FIELD(version, U32_MAX),
	FIELD(size, 0),
	FIELD(size, sizeof(struct vfio_pci_ser) - 1),
	FIELD(size, sizeof(struct vfio_pci_ser) + 1),
	FIELD(size, PAGE_SIZE),
	FIELD(size, U32_MAX),
	FIELD(flags, 1),
	FIELD(flags, BIT(31)),
	FIELD(irq_index, VFIO_PCI_NUM_IRQS + 1),
	FIELD(irq_index, U16_MAX),
	FIELD(state_size, VFIO_PCI_SER_STATE_SIZE + 1),
	FIELD(state_size, INT_MAX),
	FIELD(state_size, U32_MAX),
	FIELD(reserved, 1),
	FIELD(reserved, BIT_ULL(63)),
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
	struct vfio_pci_ser *ser = test->priv;

	kho_ser_set(ser, test->param_value);
	ser->crc = vfio_pci_ser_crc(ser);
	KUNIT_EXPECT_NULL(test, vfio_pci_ser_get(virt_to_phys(ser)));
}

static struct kunit_case ser_test_cases[] = {
	KUNIT_CASE(ser_valid),
	KUNIT_CASE(ser_address),
	KUNIT_CASE(ser_bits),
	KUNIT_CASE_PARAM_WITH_INIT(ser_field, kunit_array_gen_params,
				   ser_field_init, NULL),
	{}
};

static struct kunit_suite ser_test_suite = {
	.name = "vfio_pci_ser",
	.init = ser_test_init,
	.test_cases = ser_test_cases,
};

kunit_test_suite(ser_test_suite);

MODULE_DESCRIPTION("KUnit tests for the live update state of vfio-pci devices");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
