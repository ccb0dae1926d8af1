// SPDX-License-Identifier: GPL-2.0-only
/* From state to state, and through the tables: see ioctl_walk.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "ioctl_walk.h"

/* Known to both kernels: it is in the memfd */
struct notes {
	__u32 ioas;
	__u32 other_ioas;
	__u32 hwpt;
	__u32 dev_id;
};

const char *ioctl_state_name(enum ioctl_state state)
{
	static const char *const names[IOCTL_STATES] = {
		"normal", "preserved", "frozen", "incoming", "retrieved", "adopted",
	};

	return names[state];
}

const char *ioctl_cell_name(int cell)
{
	switch (cell) {
	case 0:
		return "works";
	case IOCTL_WAITS:
		return "waits";
	case IOCTL_NO_FILE:
		return "-";
	}
	return strerrorname_np(-cell) ?: "?";
}

const char *ioctl_walk_setup(struct ioctl_walk *w)
{
	struct notes *notes;
	const char *why;

	memset(w, 0, sizeof(*w));
	why = vfio_setup_nth(&w->v, 0);
	if (why)
		return why;
	close(w->v.session);
	w->v.session = luo_create_session(w->v.luo, IOCTL_SESSION);
	w->event = eventfd(0, EFD_CLOEXEC);
	w->other_device = vfio_open_noiommu(1, w->other_bdf);
	if (w->other_device < 0)
		return "no second noiommu vfio-pci device";
	if (w->v.session < 0 || vfio_start(&w->v) || ioas_alloc(w->v.iommufd, &w->other_ioas) ||
	    iommufd_hwpt_alloc(w->v.iommufd, w->v.dev_id, w->v.ioas, &w->hwpt) ||
	    vfio_arm_irq(w->v.device, VFIO_PCI_MSIX_IRQ_INDEX, w->event))
		return "a device that does not start";

	notes = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, w->v.memfd, 0);
	if (notes == MAP_FAILED)
		return "no memory";
	notes->ioas = w->v.ioas;
	notes->other_ioas = w->other_ioas;
	notes->hwpt = w->hwpt;
	notes->dev_id = w->v.dev_id;
	munmap(notes, PAGE_SIZE);
	return NULL;
}

int ioctl_walk_preserve(struct ioctl_walk *w)
{
	w->state = IOCTL_PRESERVED;
	return preserve_all(&w->v);
}

int ioctl_walk_preserve_spare(struct ioctl_walk *w)
{
	enum ioctl_state state;

	for (state = IOCTL_RETRIEVED; state <= IOCTL_ADOPTED; state++) {
		int session = luo_create_session(w->v.luo, ioctl_state_name(state));
		int rc = session < 0 ? session : luo_preserve_fd(session, memfd_filled(PAGE_SIZE), MEMFD);

		if (rc)
			return rc;
	}
	return 0;
}

const char *ioctl_walk_begin(struct ioctl_walk *w, const char *bdf)
{
	memset(w, 0, sizeof(*w));
	w->state = IOCTL_INCOMING;
	w->v.luo = luo_open();
	if (w->v.luo < 0)
		return "no /dev/liveupdate";
	w->v.session = w->v.memfd = w->v.iommufd = w->v.device = -1;
	snprintf(w->v.bdf, sizeof(w->v.bdf), "%s", bdf);
	w->event = eventfd(0, EFD_CLOEXEC);
	w->other_device = vfio_open_noiommu(1, w->other_bdf);
	return w->other_device < 0 ? "no second noiommu vfio-pci device" : NULL;
}

int ioctl_walk_retrieve(struct ioctl_walk *w)
{
	const struct notes *notes;

	w->state = IOCTL_RETRIEVED;
	w->v.session = luo_retrieve_session(w->v.luo, IOCTL_SESSION);
	if (w->v.session < 0)
		return w->v.session;
	w->v.memfd = luo_retrieve_fd(w->v.session, MEMFD);
	if (w->v.memfd < 0)
		return w->v.memfd;
	w->v.iommufd = luo_retrieve_fd(w->v.session, IOMMUFD);
	if (w->v.iommufd < 0)
		return w->v.iommufd;
	w->v.device = luo_retrieve_fd(w->v.session, DEVICE);
	if (w->v.device < 0)
		return w->v.device;

	notes = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, w->v.memfd, 0);
	if (notes == MAP_FAILED)
		return -errno;
	w->v.ioas = notes->ioas;
	w->other_ioas = notes->other_ioas;
	w->hwpt = notes->hwpt;
	w->v.dev_id = notes->dev_id;
	munmap((void *)notes, PAGE_SIZE);
	return 0;
}

int ioctl_walk_adopt(struct ioctl_walk *w)
{
	w->state = IOCTL_ADOPTED;
	return vfio_attach(w->v.device, w->v.ioas);
}

/* Is the process asleep where no signal reaches it? */
static bool is_stuck(pid_t pid)
{
	char path[32], stat[256], *p;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	if (len <= 0)
		return false;
	stat[len] = '\0';
	p = strrchr(stat, ')');
	return p && p[1] == ' ' && p[2] == 'D';
}

/* In another process, as this one has to go on */
static int call_and_wait(struct ioctl_walk *w, const struct ioctl_row *row, pid_t *waiting)
{
	int result[2], rc = -EIO;
	pid_t pid;

	if (pipe(result))
		return -errno;
	pid = fork();
	if (!pid) {
		rc = row->call(w);
		_exit(write(result[1], &rc, sizeof(rc)) != sizeof(rc));
	}
	close(result[1]);
	while (pid > 0 && !waitpid(pid, NULL, WNOHANG)) {
		if (is_stuck(pid)) {
			close(result[0]);
			*waiting = pid;
			return IOCTL_WAITS;
		}
		usleep(1000);
	}
	if (read(result[0], &rc, sizeof(rc)) != sizeof(rc))
		rc = -EIO;
	close(result[0]);
	return rc;
}

int ioctl_walk_row(struct ioctl_walk *w, const struct ioctl_row *row, pid_t *waiting)
{
	switch (row->cell[w->state]) {
	case IOCTL_NO_FILE:
		return IOCTL_NO_FILE;
	case IOCTL_WAITS:
		return call_and_wait(w, row, waiting);
	}
	return row->call(w);
}
