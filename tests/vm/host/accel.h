/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HF_VM_ACCEL_H
#define HF_VM_ACCEL_H

/*
 * Which accelerator works here: "kvm" if a machine with @kernel and no initramfs gets under KVM to
 * the point where the kernel looks for its first program, "tcg" otherwise. Takes up to 20 s where
 * KVM pretends to work. @dir is for its files.
 */
const char *accel_probe(const char *kernel, const char *dir);

#endif
