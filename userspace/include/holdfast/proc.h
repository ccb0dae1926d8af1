/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_PROC_H
#define HOLDFAST_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <holdfast/error.h>
#include <holdfast/pci.h>

/** HF_NAME_MAX - longest name of a descriptor, in bytes */
#define HF_NAME_MAX	127

/** enum hf_proc_kind - descriptors of a driver that matter here */
enum hf_proc_kind {
	HF_PROC_MEMFD,
	HF_PROC_IOMMUFD,
	HF_PROC_DEVICE,
};

/**
 * struct hf_proc_fd - one open descriptor of another process
 * @kind: what it looks like from outside
 * @fd: its number there
 * @name: memfd: the name it was created or handed over with; else ""
 * @addr: device: its address
 */
struct hf_proc_fd {
	enum hf_proc_kind kind;
	int fd;
	char name[HF_NAME_MAX + 1];
	struct hf_pci_addr addr;
};

/**
 * hf_proc_scan() - list the memfds, iommufds and VFIO devices of a process
 * @pid: process
 * @list: out, malloc()ed, by descriptor number
 * @n: out
 * @err: message on failure
 *
 * A memfd that came through an update has lost its name in /proc; its name is
 * then taken from LISTEN_FDNAMES in the environment the process was started
 * with.
 *
 * Return: 0; -ESRCH when there is no such process; or a negative errno.
 */
int hf_proc_scan(pid_t pid, struct hf_proc_fd **list, size_t *n,
		 struct hf_error *err);

/**
 * hf_proc_own() - what is a descriptor of this very process?
 * @fd: descriptor
 * @out: out
 *
 * By how it looks in /proc: the kind is to be confirmed by asking it. Nothing is
 * asked of the file itself, which may be anybody's.
 *
 * Return: is it one of these kinds?
 */
bool hf_proc_own(int fd, struct hf_proc_fd *out);

/**
 * hf_proc_pidfd() - pidfd_open()
 * @pid: process
 * @err: message on failure
 *
 * Return: descriptor owned by the caller, or a negative errno.
 */
int hf_proc_pidfd(pid_t pid, struct hf_error *err);

/**
 * hf_proc_getfd() - pidfd_getfd()
 * @pidfd: process
 * @fd: number of the descriptor in it
 * @err: message on failure
 *
 * Return: descriptor owned by the caller, close-on-exec; or a negative errno.
 */
int hf_proc_getfd(int pidfd, int fd, struct hf_error *err);

/** hf_proc_same_file() - are two descriptors the same open file? */
bool hf_proc_same_file(int a, int b);

/**
 * hf_proc_comm() - name of a process
 * @pid: process
 * @buf: out, "?" when unknown
 * @len: size of @buf
 */
void hf_proc_comm(pid_t pid, char *buf, size_t len);

/**
 * hf_proc_find_open() - which process has a file open?
 * @path: as /proc/PID/fd shows it
 * @comm: out, name of the process, or NULL
 * @len: size of @comm
 *
 * Return: a process other than the caller, or 0.
 */
pid_t hf_proc_find_open(const char *path, char *comm, size_t len);

/**
 * hf_proc_find_device() - which process has a VFIO device open?
 * @addr: device
 * @comm: out, name of the process, or NULL
 * @len: size of @comm
 *
 * Return: a process other than the caller, or 0.
 */
pid_t hf_proc_find_device(const struct hf_pci_addr *addr, char *comm,
			  size_t len);

/** hf_proc_has_cap() - is a capability (CAP_...) effective here? */
bool hf_proc_has_cap(int cap);

#endif
