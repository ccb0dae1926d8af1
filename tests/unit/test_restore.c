// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers in a restore: who is started for whom, and that what goes wrong with
 * one stays with that one. The kernel is the functions below, put in place of
 * the library's by --wrap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <holdfast/vfio.h>
#include <holdfast/words.h>

#include "../../userspace/cli/restore.h"
#include "ktap.h"
#include "sample.h"

static unsigned int stopped;		/* bit N: bus mastering of device N */
static pid_t somebody;			/* has the device at ... */
static struct hf_pci_addr somebodys;

bool __wrap_hf_vfio_is_bound(int device);
int __wrap_hf_vfio_stop_dma(int device);
pid_t __wrap_hf_proc_find_device(const struct hf_pci_addr *addr, char *comm,
				 size_t len);
pid_t __wrap_spawn_driver(char *const argv[], const int *fds,
			  const char *const *names, size_t n,
			  const struct rlimit *memlock, struct hf_error *err);

bool __wrap_hf_vfio_is_bound(int device)
{
	return device >= 100;
}

int __wrap_hf_vfio_stop_dma(int device)
{
	stopped |= 1u << (device - 100);
	return 0;
}

pid_t __wrap_hf_proc_find_device(const struct hf_pci_addr *addr, char *comm,
				 size_t len)
{
	if (!somebody || !hf_pci_equal(addr, &somebodys))
		return 0;
	snprintf(comm, len, "somebody");
	return somebody;
}

/* What the drivers were started with, as "name=fd name=fd " */
static char spawned[4][512];
static unsigned int n_spawned;

pid_t __wrap_spawn_driver(char *const argv[], const int *fds,
			  const char *const *names, size_t n,
			  const struct rlimit *memlock, struct hf_error *err)
{
	char *out = spawned[n_spawned];
	size_t i, at = 0;

	(void)memlock;
	if (!strcmp(argv[0], "none"))
		return hf_fail(err, -ENOENT, "cannot start the driver none");
	at += (size_t)sprintf(out, "%s:", argv[0]);
	for (i = 0; i < n; i++)
		at += (size_t)sprintf(out + at, " %s=%d", names[i], fds[i]);
	return 1000 + (pid_t)n_spawned++;
}

/*
 * A restore of the sample with two drivers, everything retrieved: memfds are
 * 10..., iommufds 50..., devices 100...
 */
static struct cli cli = { .verb = "restore", .events.fd = -1, .json = true };
static struct hf_error err;

static void order(struct restore *r, const char *name, const char *command)
{
	struct restore_order *o = &r->order[r->n_order++];

	o->name = name;
	o->words = command ? hf_words_split(command, NULL) : NULL;
}

static int *numbers(size_t n, int first)
{
	int *v = calloc(n, sizeof(*v));
	size_t i;

	for (i = 0; i < n; i++)
		v[i] = first + (int)i;
	return v;
}

static void begin(struct restore *r)
{
	memset(r, 0, sizeof(*r));
	memset(&err, 0, sizeof(err));
	r->cli = &cli;
	r->err = &err;
	sample_two(&r->m);
	r->memfd = numbers(r->m.n_memfd, 10);
	r->iommufd = numbers(r->m.n_iommufd, 50);
	r->device = numbers(r->m.n_device, 100);
	stopped = 0;
	n_spawned = 0;
	somebody = 0;
}

static void end(struct restore *r)
{
	clients_free(r);
	free(r->memfd);
	free(r->iommufd);
	free(r->device);
	hf_manifest_free(&r->m);
}

static void assigned(void)
{
	struct restore r;

	begin(&r);
	order(&r, "nvme-io", "nvme-io --resume");
	order(&r, "nic-rx", NULL);
	CHECK(!clients_assign(&r));
	CHECK(r.client[0].dropped && !r.client[0].argv);
	CHECK(!r.client[1].dropped &&
	      !strcmp(r.client[1].argv[1], "--resume"));
	CHECK(!wanted(&r, 1) && wanted(&r, 2) && wanted(&r, 3));
	end(&r);
}

static void not_assigned(void)
{
	char *argv[] = { (char *)"nic-rx", NULL };
	struct restore r;

	begin(&r);
	order(&r, "nic-rx", "nic-rx");
	CHECK(clients_assign(&r) == EXIT_USAGE);
	CHECK_HAS(err.text, "nothing says what becomes of driver nvme-io");
	CHECK_HAS(err.text, "the session has: nic-rx,nvme-io");
	end(&r);

	begin(&r);
	order(&r, "nic-rx", "nic-rx");
	order(&r, "nvme", "nvme-io");
	CHECK(clients_assign(&r) == EXIT_USAGE);
	CHECK_HAS(err.text, "there is no driver \"nvme\"");
	end(&r);

	begin(&r);
	r.driver = argv;
	CHECK(clients_assign(&r) == EXIT_USAGE);
	CHECK_HAS(err.text, "nic-rx cannot be all of its drivers");
	end(&r);
}

/* --no-finish and --release: nobody is started, and all is wanted. */
static void nobody(void)
{
	struct restore r;

	begin(&r);
	CHECK(!clients_assign(&r));
	CHECK(wanted(&r, 1) && wanted(&r, 2));
	CHECK(clients_code(&r) == EXIT_DONE);
	end(&r);
}

static void its_own_only(void)
{
	struct restore r;

	begin(&r);
	order(&r, "nic-rx", "a");
	order(&r, "nvme-io", "b");
	CHECK(!clients_assign(&r) && !step_handover(&r));
	CHECK(n_spawned == 2);
	CHECK(!strcmp(spawned[0], "a: ring=10 buffers=11 shared=13 iommufd=50 0000_00_02.0=100 0000_01_02.0=101"));
	CHECK(!strcmp(spawned[1], "b: ring=12 shared=13 iommufd=51 0000_00_07.0=102"));
	CHECK(clients_code(&r) == EXIT_DONE);
	end(&r);
}

static void one_fails(void)
{
	struct restore r;

	begin(&r);
	order(&r, "nic-rx", "a");
	order(&r, "nvme-io", "none");
	CHECK(!clients_assign(&r) && !step_handover(&r));
	CHECK(n_spawned == 1 && r.client[0].pid == 1000);
	CHECK(r.client[1].failed == EXIT_FAILED && !r.client[1].pid);
	CHECK_HAS(r.client[1].err.text, "cannot start the driver none");
	CHECK(clients_code(&r) == EXIT_PARTLY && clients_left(&r));
	CHECK(!stopped);
	end(&r);
}

/* A false table stops the devices of that driver, and no others. */
static void mismatch(void)
{
	struct restore r;

	begin(&r);
	order(&r, "nic-rx", "a");
	order(&r, "nvme-io", "b");
	CHECK(!clients_assign(&r));
	r.device[1] = -1;	/* was not retrieved yet */
	hf_fail(&err, -EBADE, "IOAS 1: something else");
	lost(&r, 1, EXIT_MISMATCH);
	CHECK(stopped == 1);
	CHECK_HAS(r.client[0].err.text, "IOAS 1: something else");
	CHECK_HAS(r.client[0].err.text, "bus mastering of 0000:00:02.0 was switched off");
	CHECK_HAS(r.client[0].err.text, "device 0000:01:02.0 was not taken over");
	CHECK(!step_handover(&r) && n_spawned == 1);
	CHECK(!strncmp(spawned[0], "b:", 2));
	CHECK(clients_code(&r) == EXIT_PARTLY);
	/* What comes later does not change why */
	hf_fail(&err, -EIO, "later");
	lost(&r, 3, EXIT_FAILED);
	CHECK_HAS(r.client[0].err.text, "something else");
	CHECK_HAS(r.client[1].err.text, "later");
	CHECK(clients_code(&r) == EXIT_MISMATCH && !clients_left(&r));
	end(&r);
}

/* What two have is lost for both. */
static void shared(void)
{
	struct restore r;

	begin(&r);
	order(&r, "nic-rx", "a");
	order(&r, "nvme-io", "b");
	CHECK(!clients_assign(&r));
	hf_fail(&err, -EIO, "memfd shared is gone");
	lost(&r, r.m.memfd[3].clients, EXIT_FAILED);
	CHECK(!clients_left(&r) && clients_code(&r) == EXIT_FAILED);
	CHECK(!step_handover(&r) && !n_spawned);
	end(&r);
}

/* Of a driver that is dropped nothing can go wrong, and it is no success. */
static void dropped(void)
{
	struct restore r;

	begin(&r);
	order(&r, "nic-rx", NULL);
	order(&r, "nvme-io", "b");
	CHECK(!clients_assign(&r));
	lost(&r, 1, EXIT_MISMATCH);
	CHECK(!r.client[0].failed && !stopped);
	CHECK(clients_code(&r) == EXIT_DONE);
	lost(&r, 2, EXIT_FAILED);
	CHECK(clients_code(&r) == EXIT_FAILED);
	end(&r);
}

static void runs_already(void)
{
	struct restore r;

	begin(&r);
	order(&r, "nic-rx", "a");
	order(&r, "nvme-io", "b");
	somebody = 77;
	somebodys = r.m.device[2].addr;
	CHECK(!clients_assign(&r) && !step_handover(&r));
	CHECK(n_spawned == 1 && !strncmp(spawned[0], "a:", 2));
	CHECK(r.client[1].was_there && r.client[1].pid == 77);
	CHECK(clients_code(&r) == EXIT_DONE);
	end(&r);
}

static const struct ktap_test tests[] = {
	{ "restore: orders are given to their drivers", assigned },
	{ "restore: orders that do not fit", not_assigned },
	{ "restore: without a driver", nobody },
	{ "restore: each driver gets its own", its_own_only },
	{ "restore: one that cannot be started", one_fails },
	{ "restore: a false table of one", mismatch },
	{ "restore: what two have", shared },
	{ "restore: a driver that is given up", dropped },
	{ "restore: a driver that runs already", runs_already },
};

KTAP_MAIN(tests)
