/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables in ioctls.md: what each ioctl does in each state of a live update.
 * Conventions are those of util.h.
 */
#ifndef HOLDFAST_IOCTL_WALK_H
#define HOLDFAST_IOCTL_WALK_H

#include "vfio_use.h"

/* The columns of the tables, in their order */
enum ioctl_state {
	IOCTL_NORMAL,
	IOCTL_PRESERVED,
	IOCTL_FROZEN,
	IOCTL_INCOMING,
	IOCTL_RETRIEVED,
	IOCTL_ADOPTED,
	IOCTL_STATES,
};

/* What a cell says besides 0 and negative errnos */
enum {
	/* It does not come back */
	IOCTL_WAITS = 1,
	/* There is nothing it could be called on */
	IOCTL_NO_FILE,
};

#define IOCTL_SESSION	"ioctls"

/* Something to call them on. Closed descriptors are -1. */
struct ioctl_walk {
	enum ioctl_state state;
	struct vfio v;
	/* A second device, and its group, for which v is another one */
	int other_device;
	char other_bdf[16];
	__u32 other_ioas;
	__u32 hwpt;
	int event;
};

struct ioctl_row {
	const char *name;
	/* If there are several rows of that name */
	const char *more;
	/* Leaves everything open that was open, but need not undo what it did */
	int (*call)(struct ioctl_walk *w);
	int cell[IOCTL_STATES];
};

extern const struct ioctl_row ioctl_rows[];
extern const unsigned int nr_ioctl_rows;
/* What the kernel's headers define */
extern const char *const ioctls_defined[];
extern const unsigned int nr_ioctls_defined;

const char *ioctl_state_name(enum ioctl_state state);
/* As the table has it; not reentrant */
const char *ioctl_cell_name(int cell);

/* Everything up to the normal state. Returns why not, or NULL */
const char *ioctl_walk_setup(struct ioctl_walk *w);
int ioctl_walk_preserve(struct ioctl_walk *w);

/* Sessions that are there to be finished, one for each state of the next kernel */
int ioctl_walk_preserve_spare(struct ioctl_walk *w);

/*
 * In the next kernel: up to the incoming state of the device @bdf, which is the
 * first one. Then retrieve the session, and what is in it; then attach it, which
 * the walk has bound.
 */
const char *ioctl_walk_begin(struct ioctl_walk *w, const char *bdf);
int ioctl_walk_retrieve(struct ioctl_walk *w);
int ioctl_walk_adopt(struct ioctl_walk *w);

/*
 * Do what the row says, and compare. *@waiting is a process for which it goes on
 * waiting, or left alone. Returns what it did, as a cell.
 */
int ioctl_walk_row(struct ioctl_walk *w, const struct ioctl_row *row, pid_t *waiting);

/* A number of an iommufd that no header has, but which it knows; 0 is none */
unsigned int ioctl_walk_unknown(struct ioctl_walk *w);

#endif
