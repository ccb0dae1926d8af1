/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libholdfast - survive the replacement of the kernel under a userspace driver
 *
 * A driver gives holdfastd the descriptors that are to survive, each under a name,
 * and declares itself ready. After the update, in the next kernel, it claims them
 * by name and goes on: the device was never stopped. docs/driver-guide.md has it
 * on one page.
 *
 * Errors: functions that return int return 0 (or what is said) or a negative
 * errno; holdfast_error() then says in words what was wrong and what to do.
 *
 * Threads: a struct holdfast may be used by several threads, calls on it wait for
 * each other; only holdfast_close() must be the last. After fork() it is the
 * parent's alone. A struct holdfast_table does
 * not change and may be read by any number of threads. Nothing here changes signal
 * handlers, and a lost connection raises no SIGPIPE.
 *
 * Units: addresses and lengths are bytes, times are milliseconds, unless said
 * otherwise. All descriptors that are returned are close-on-exec and owned by the
 * caller; those that are passed in stay the caller's.
 */
#ifndef HOLDFAST_H
#define HOLDFAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this header; holdfast_version() is that of the library. */
#define HOLDFAST_VERSION_MAJOR	1
#define HOLDFAST_VERSION_MINOR	0

/** holdfast_version() - "1.0" */
const char *holdfast_version(void);

/**
 * holdfast_error() - why the last call of this thread failed
 *
 * Return: text without a newline at its end, "" if none failed; valid until the
 * next call of this thread.
 */
const char *holdfast_error(void);

/* --- the connection --- */

struct holdfast;

/**
 * enum holdfast_state - where a client is in the life of an update
 * @HOLDFAST_NEW: nothing is preserved; descriptors can be given
 * @HOLDFAST_READY: declared ready for an update
 * @HOLDFAST_ASKED: an update is coming and waits for holdfast_answer()
 * @HOLDFAST_AGREED: answered
 * @HOLDFAST_PRESERVED: preserved: mappings and bindings are frozen by the kernel
 * @HOLDFAST_WAITING: descriptors of before the update wait for holdfast_claim()
 * @HOLDFAST_CLAIMED: they were claimed; holdfast_resumed() is next
 * @HOLDFAST_FAILED: they could not be restored; their memory is kept
 * @HOLDFAST_LOST: they were preserved, and did not come through
 */
enum holdfast_state {
	HOLDFAST_NEW,
	HOLDFAST_READY,
	HOLDFAST_ASKED,
	HOLDFAST_AGREED,
	HOLDFAST_PRESERVED,
	HOLDFAST_WAITING,
	HOLDFAST_CLAIMED,
	HOLDFAST_FAILED,
	HOLDFAST_LOST,
};

/**
 * holdfast_open() - connect to holdfastd
 * @hf: out; release with holdfast_close()
 * @name: of this client: 1 to 48 characters of [A-Za-z0-9._-]. Only processes of
 *	  the same user and group can claim what was preserved under it
 * @socket: path of the daemon's socket; NULL: $HOLDFAST_SOCKET, or else the
 *	    default
 *
 * Started by "holdfast restore", which passes descriptors by itself (the
 * LISTEN_FDS protocol), no daemon is needed: the state is HOLDFAST_WAITING, and
 * holdfast_claim() gives those. They keep their numbers until holdfast_close(), so
 * "holdfast preserve --pid" knows them by their names again.
 *
 * If the daemon is restarted, the next call connects again and gives it
 * everything once more. A driver that polls holdfast_fd() is woken for that.
 *
 * A call waits for the daemon for 30 s at most ($HOLDFAST_TIMEOUT_MS, in
 * milliseconds), and then ends the connection and returns -ETIMEDOUT. While the
 * daemon is being restarted, calls return -ECONNREFUSED or -ECONNRESET: nothing
 * is lost, and they can be tried again.
 *
 * Return: 0; -ECONNREFUSED when no daemon runs; -EBUSY when a client
 * of that name is connected; -EPERM when the name belongs to another user;
 * -EINVAL; -EPROTONOSUPPORT when the daemon is of another version.
 */
int holdfast_open(struct holdfast **hf, const char *name, const char *socket);

/**
 * holdfast_close() - disconnect and release
 * @hf: connection or NULL
 *
 * What is preserved stays preserved. What is not is forgotten.
 */
void holdfast_close(struct holdfast *hf);

/** holdfast_state() - one of enum holdfast_state, or a negative errno */
int holdfast_state(struct holdfast *hf);

/**
 * holdfast_fd() - descriptor to poll for POLLIN
 *
 * When it is readable, call holdfast_next(): there is an event, or a connection
 * that was lost can be made anew. It stays the same until holdfast_close().
 *
 * Return: descriptor owned by the library, or -1 as long as there was no
 * connection to a daemon (after a start by "holdfast restore").
 */
int holdfast_fd(struct holdfast *hf);

/* --- before the update --- */

/**
 * holdfast_put() - give a descriptor that is to survive
 * @hf: connection
 * @name: what to claim it by: 1 to 127 printable characters without blanks and
 *	  colons, different for each
 * @fd: memfd, iommufd (/dev/iommu), VFIO device character device, or anything the
 *	kernel's live update takes. An iommufd needs the devices bound to it, and
 *	those need it
 *
 * Library and daemon keep duplicates: the file is closed only after
 * holdfast_drop() or holdfast_close() as well. A PCI device is best called by its
 * address with '_' for ':' ("0000_00_02.0"), as "holdfast preserve --pid" does.
 *
 * Return: 0; -EINVAL: no name; -EEXIST: there is one of that name; -EBUSY while
 * preserved; -EOPNOTSUPP when it is nothing that can be preserved; -EBADF; or
 * another negative errno.
 */
int holdfast_put(struct holdfast *hf, const char *name, int fd);

/** holdfast_drop() - take a descriptor back. Return: 0, -ENOENT, -EBUSY */
int holdfast_drop(struct holdfast *hf, const char *name);

/* Flags of holdfast_ready() */
/** HOLDFAST_UNASKED - preserve without asking: no HOLDFAST_EV_UPDATE */
#define HOLDFAST_UNASKED	1u

/**
 * holdfast_ready() - everything was given: an update may come
 * @hf: connection
 * @flags: 0 or HOLDFAST_UNASKED
 *
 * From here on the driver is *detached*: it must not stop its device when it
 * ends, be it by a signal, for the end may be that of the service before the
 * kexec. If there is no update, the kernel stops the device when its last
 * descriptor is closed.
 *
 * Return: 0; -ENODATA if more than 1 MiB of the memfds is neither written nor
 * allocated; or another negative errno.
 */
int holdfast_ready(struct holdfast *hf, unsigned int flags);

/**
 * holdfast_unready() - no update now; the driver is not detached any more
 *
 * Return: 0; -EBUSY while preserved; or another negative errno.
 */
int holdfast_unready(struct holdfast *hf);

/**
 * holdfast_detached() - must the driver leave its device running when it ends?
 *
 * Return: true from holdfast_ready() to holdfast_unready(), and from
 * holdfast_claim() to holdfast_resumed(). Asks nobody and waits for nothing: it may
 * be called by a signal handler.
 */
bool holdfast_detached(struct holdfast *hf);

/**
 * enum holdfast_event_type - what the daemon tells
 * @HOLDFAST_EV_UPDATE: an update is coming: bring memory into a state from which
 *	to go on, and holdfast_answer()
 * @HOLDFAST_EV_PRESERVED: preserved. The kexec may come at any instruction
 * @HOLDFAST_EV_CANCELLED: no update after all: go on as before
 * @HOLDFAST_EV_LOST: the connection to the daemon was lost; the library makes it
 *	anew with the next call. If an update was under way, PRESERVED or
 *	CANCELLED follows then
 */
enum holdfast_event_type {
	HOLDFAST_EV_UPDATE = 1,
	HOLDFAST_EV_PRESERVED,
	HOLDFAST_EV_CANCELLED,
	HOLDFAST_EV_LOST,
};

/**
 * struct holdfast_event - something the daemon tells
 * @type: enum holdfast_event_type
 * @timeout_ms: HOLDFAST_EV_UPDATE: the answer is waited for so long
 */
struct holdfast_event {
	int type;
	unsigned int timeout_ms;
};

/**
 * holdfast_next() - the next event
 * @hf: connection
 * @ev: out
 * @timeout_ms: how long to wait; 0: not at all, -1: without an end. Other
 *		threads can use the connection meanwhile
 *
 * Return: 1: there is one; 0: time is over; -EINTR after a signal; -ENOTCONN when
 * there never was a connection; or another negative errno, if the connection
 * cannot be made anew. The next call tries again.
 */
int holdfast_next(struct holdfast *hf, struct holdfast_event *ev,
		  int timeout_ms);

/**
 * holdfast_answer() - answer HOLDFAST_EV_UPDATE
 * @hf: connection
 * @status: 0: go on; a negative errno: this driver cannot now, and there will be
 *	    no update
 * @why: words for the operator if @status is not 0, or NULL
 *
 * Return: 0; -ETIMEDOUT when nobody waits for it any more; or another negative
 * errno.
 */
int holdfast_answer(struct holdfast *hf, int status, const char *why);

/* --- after the update --- */

/** enum holdfast_kind - what a claimed descriptor is */
enum holdfast_kind {
	HOLDFAST_MEMFD = 1,
	HOLDFAST_IOMMUFD,
	HOLDFAST_DEVICE,
	HOLDFAST_OTHER,
};

/**
 * holdfast_claim() - get what was preserved under this client's name
 * @hf: connection
 *
 * Devices are bound to their iommufd and attached, tables were compared. May be
 * called again by a driver that was killed, until holdfast_resumed().
 *
 * Return: how many descriptors; -ENOENT: nothing was preserved, start anew;
 * -ENODATA: it was, and is lost: start anew, the device has been reset;
 * -EAGAIN: not yet, as a device has no vfio-pci: try again; -EBADE: it is not
 * what it was, and must not be used; or another negative errno.
 */
int holdfast_claim(struct holdfast *hf);

/**
 * holdfast_claimed() - what was claimed
 * @hf: connection
 * @i: 0 to the number that holdfast_claim() returned, less one
 * @name: out, its name, valid until holdfast_close(); or NULL
 * @kind: out, enum holdfast_kind; or NULL
 *
 * Return: 0 or -ENOENT.
 */
int holdfast_claimed(struct holdfast *hf, size_t i, const char **name,
		     int *kind);

/**
 * holdfast_take() - a claimed descriptor, by name
 * @hf: connection
 * @name: as given to holdfast_put()
 *
 * Can be called again; each call returns a duplicate.
 *
 * Return: descriptor owned by the caller, or -ENOENT.
 */
int holdfast_take(struct holdfast *hf, const char *name);

/**
 * struct holdfast_gap - how long the client saw nothing
 * @last_tsc: time stamp counter (holdfast_tsc()) when the last transfer before
 *	      the update was handled, or 0
 * @first_tsc: when the first one after it was, or 0
 */
struct holdfast_gap {
	uint64_t last_tsc;
	uint64_t first_tsc;
};

/**
 * holdfast_resumed() - the driver has taken up again
 * @hf: connection
 * @gap: for the operator's report, or NULL
 *
 * The daemon finishes the session: the descriptors are ordinary ones from here
 * on, mappings can be changed again. They count as given by holdfast_put() under
 * their names, for the next update.
 *
 * Return: 0 or a negative errno; nothing is lost then, and it can be tried again.
 */
int holdfast_resumed(struct holdfast *hf, const struct holdfast_gap *gap);

/** holdfast_tsc() - the time stamp counter, which goes on across a kexec */
uint64_t holdfast_tsc(void);

/* --- tables --- */

/**
 * struct holdfast_extent - a run contiguous in both address spaces
 * @iova: first I/O virtual address
 * @phys: physical address it maps to: what to program the device with
 * @length: bytes
 */
struct holdfast_extent {
	uint64_t iova;
	uint64_t phys;
	uint64_t length;
};

struct holdfast_table;

/**
 * holdfast_table_read() - read the IOVA-to-PA table of an IOAS
 * @table: out; release with holdfast_table_free()
 * @iommufd: descriptor
 * @ioas: ID
 *
 * Return: 0; -ENOENT: no such IOAS; -ENODEV: it has no noiommu page table;
 * -EPERM without CAP_SYS_RAWIO; -ENOMEM; -ENOTTY: this kernel does not tell what
 * is mapped where, see holdfast_table_read_range().
 */
int holdfast_table_read(struct holdfast_table **table, int iommufd,
			uint32_t ioas);

/**
 * holdfast_table_read_range() - read part of it
 * @table: out; release with holdfast_table_free()
 * @iommufd: descriptor
 * @ioas: ID
 * @iova: first address
 * @length: bytes; what is mapped beyond is cut off
 *
 * This works on kernels without our ioctl as well, for up to 64 GiB: they are
 * asked for one address after the other.
 *
 * Return: as holdfast_table_read().
 */
int holdfast_table_read_range(struct holdfast_table **table, int iommufd,
			      uint32_t ioas, uint64_t iova, uint64_t length);

/** holdfast_table_free() - release; NULL is allowed */
void holdfast_table_free(struct holdfast_table *table);

/** holdfast_table_count() - extents in a table, sorted by IOVA */
size_t holdfast_table_count(const struct holdfast_table *table);

/** holdfast_table_get() - extent @i. Return: 0 or -ENOENT */
int holdfast_table_get(const struct holdfast_table *table, size_t i,
		       struct holdfast_extent *extent);

/**
 * holdfast_table_find() - translate an address, in O(log n)
 * @table: table
 * @iova: address
 * @phys: out, its physical address
 * @length: out, bytes contiguous from there on; or NULL
 *
 * Return: 0, or -ENOENT when it is not mapped.
 */
int holdfast_table_find(const struct holdfast_table *table, uint64_t iova,
			uint64_t *phys, uint64_t *length);

/**
 * holdfast_memory() - memory of an IOAS that was in no file before the update
 * @iommufd: claimed descriptor
 * @ioas: ID
 * @iova: address
 * @offset: out, where in the returned file that address is
 * @length: out, bytes from there on
 *
 * Anonymous memory and huge pages come back in this way; mmap() the file
 * MAP_SHARED. It outlives the IOAS.
 *
 * Return: descriptor or a negative errno.
 */
int holdfast_memory(int iommufd, uint32_t ioas, uint64_t iova,
		    uint64_t *offset, uint64_t *length);

/* --- interrupts --- */

/**
 * holdfast_irq_arm() - let vectors 0 to @n - 1 signal eventfds
 * @device: bound VFIO device
 * @index: VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX or
 *	   VFIO_PCI_MSIX_IRQ_INDEX
 * @eventfd: one for each vector; -1 leaves a vector out
 * @n: how many
 *
 * All of them in one call and in their order. What signalled another eventfd does
 * so no more.
 *
 * Return: 0; -EBUSY while preserved; -EINVAL when the device has not so many;
 * -ENOSPC when the system has none to give; or another negative errno, and then
 * none is armed.
 */
int holdfast_irq_arm(int device, unsigned int index, const int *eventfd,
		     unsigned int n);

/**
 * holdfast_irq_resume() - arm after an update, losing nothing
 *
 * As holdfast_irq_arm(), and then signals each vector once: what became due while
 * nothing was armed may be lost, so the driver has to look at each queue once.
 */
int holdfast_irq_resume(int device, unsigned int index, const int *eventfd,
			unsigned int n);

/**
 * holdfast_irq_kick() - signal vectors 0 to @n - 1 once, as if each had fired
 *
 * Vectors that are not armed are left out. Return: 0 or a negative errno.
 */
int holdfast_irq_kick(int device, unsigned int index, unsigned int n);

/**
 * holdfast_irq_unmask() - let a level interrupt (INTx) fire again
 *
 * VFIO masks it each time it fired. Return: 0 or a negative errno.
 */
int holdfast_irq_unmask(int device, unsigned int index, unsigned int vector);

/**
 * holdfast_irq_disarm() - tear all vectors of an index down
 *
 * Return: 0, also when none was armed; -EBUSY while preserved; or another
 * negative errno.
 */
int holdfast_irq_disarm(int device, unsigned int index);

#ifdef __cplusplus
}
#endif

#endif
