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

static void order(struct restore_run *run, const char *name, const char *command)
{
	struct restore_order *o = &run->order[run->n_order++];

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

static void begin(struct restore_run *run)
{
	memset(run, 0, sizeof(*run));
	memset(&err, 0, sizeof(err));
	run->cli = &cli;
	restore_init(&run->r, -1, "holdfast", &cli.events, &err);
	sample_two(&run->r.m);
	run->r.client = calloc(run->r.m.n_client, sizeof(*run->r.client));
	run->r.memfd = numbers(run->r.m.n_memfd, 10);
	run->r.iommufd = numbers(run->r.m.n_iommufd, 50);
	run->r.device = numbers(run->r.m.n_device, 100);
	stopped = 0;
	n_spawned = 0;
	somebody = 0;
}

static void end(struct restore_run *run)
{
	clients_free(run);
	free(run->r.client);
	free(run->r.memfd);
	free(run->r.iommufd);
	free(run->r.device);
	hf_manifest_free(&run->r.m);
}

static void assigned(void)
{
	struct restore_run run;

	begin(&run);
	order(&run, "nvme-io", "nvme-io --resume");
	order(&run, "nic-rx", NULL);
	CHECK(!clients_assign(&run));
	CHECK(run.r.client[0].dropped && !run.run[0].argv);
	CHECK(!run.r.client[1].dropped &&
	      !strcmp(run.run[1].argv[1], "--resume"));
	CHECK(!restore_wanted(&run.r, 1) && restore_wanted(&run.r, 2) && restore_wanted(&run.r, 3));
	end(&run);
}

static void not_assigned(void)
{
	char *argv[] = { (char *)"nic-rx", NULL };
	struct restore_run run;

	begin(&run);
	order(&run, "nic-rx", "nic-rx");
	CHECK(clients_assign(&run) == EXIT_USAGE);
	CHECK_HAS(err.text, "nothing says what becomes of driver nvme-io");
	CHECK_HAS(err.text, "the session has: nic-rx,nvme-io");
	end(&run);

	begin(&run);
	order(&run, "nic-rx", "nic-rx");
	order(&run, "nvme", "nvme-io");
	CHECK(clients_assign(&run) == EXIT_USAGE);
	CHECK_HAS(err.text, "there is no driver \"nvme\"");
	end(&run);

	begin(&run);
	run.driver = argv;
	CHECK(clients_assign(&run) == EXIT_USAGE);
	CHECK_HAS(err.text, "nic-rx cannot be all of its drivers");
	end(&run);
}

/* --no-finish and --release: nobody is started, and all is wanted. */
static void nobody(void)
{
	struct restore_run run;

	begin(&run);
	CHECK(!clients_assign(&run));
	CHECK(restore_wanted(&run.r, 1) && restore_wanted(&run.r, 2));
	CHECK(restore_code(&run.r) == EXIT_DONE);
	end(&run);
}

static void its_own_only(void)
{
	struct restore_run run;

	begin(&run);
	order(&run, "nic-rx", "a");
	order(&run, "nvme-io", "b");
	CHECK(!clients_assign(&run) && !step_handover(&run));
	CHECK(n_spawned == 2);
	CHECK(!strcmp(spawned[0], "a: ring=10 buffers=11 shared=13 iommufd=50 0000_00_02.0=100 0000_01_02.0=101"));
	CHECK(!strcmp(spawned[1], "b: ring=12 shared=13 iommufd=51 0000_00_07.0=102"));
	CHECK(restore_code(&run.r) == EXIT_DONE);
	end(&run);
}

static void one_fails(void)
{
	struct restore_run run;

	begin(&run);
	order(&run, "nic-rx", "a");
	order(&run, "nvme-io", "none");
	CHECK(!clients_assign(&run) && !step_handover(&run));
	CHECK(n_spawned == 1 && run.run[0].pid == 1000);
	CHECK(run.r.client[1].failed == EXIT_FAILED && !run.run[1].pid);
	CHECK_HAS(run.r.client[1].err.text, "cannot start the driver none");
	CHECK(restore_code(&run.r) == EXIT_PARTLY && restore_left(&run.r));
	CHECK(!stopped);
	end(&run);
}

/* A false table stops the devices of that driver, and no others. */
static void mismatch(void)
{
	struct restore_run run;

	begin(&run);
	order(&run, "nic-rx", "a");
	order(&run, "nvme-io", "b");
	CHECK(!clients_assign(&run));
	run.r.device[1] = -1;	/* was not retrieved yet */
	hf_fail(&err, -EBADE, "IOAS 1: something else");
	restore_lost(&run.r, 1, EXIT_MISMATCH);
	CHECK(stopped == 1);
	CHECK_HAS(run.r.client[0].err.text, "IOAS 1: something else");
	CHECK_HAS(run.r.client[0].err.text, "bus mastering of 0000:00:02.0 was switched off");
	CHECK_HAS(run.r.client[0].err.text, "device 0000:01:02.0 was not taken over");
	CHECK(!step_handover(&run) && n_spawned == 1);
	CHECK(!strncmp(spawned[0], "b:", 2));
	CHECK(restore_code(&run.r) == EXIT_PARTLY);
	/* What comes later does not change why */
	hf_fail(&err, -EIO, "later");
	restore_lost(&run.r, 3, EXIT_FAILED);
	CHECK_HAS(run.r.client[0].err.text, "something else");
	CHECK_HAS(run.r.client[1].err.text, "later");
	CHECK(restore_code(&run.r) == EXIT_MISMATCH && !restore_left(&run.r));
	end(&run);
}

/* What two have is lost for both. */
static void shared(void)
{
	struct restore_run run;

	begin(&run);
	order(&run, "nic-rx", "a");
	order(&run, "nvme-io", "b");
	CHECK(!clients_assign(&run));
	hf_fail(&err, -EIO, "memfd shared is gone");
	restore_lost(&run.r, run.r.m.memfd[3].clients, EXIT_FAILED);
	CHECK(!restore_left(&run.r) && restore_code(&run.r) == EXIT_FAILED);
	CHECK(!step_handover(&run) && !n_spawned);
	end(&run);
}

/* Of a driver that is dropped nothing can go wrong, and it is no success. */
static void dropped(void)
{
	struct restore_run run;

	begin(&run);
	order(&run, "nic-rx", NULL);
	order(&run, "nvme-io", "b");
	CHECK(!clients_assign(&run));
	restore_lost(&run.r, 1, EXIT_MISMATCH);
	CHECK(!run.r.client[0].failed && !stopped);
	CHECK(restore_code(&run.r) == EXIT_DONE);
	restore_lost(&run.r, 2, EXIT_FAILED);
	CHECK(restore_code(&run.r) == EXIT_FAILED);
	end(&run);
}

static void runs_already(void)
{
	struct restore_run run;

	begin(&run);
	order(&run, "nic-rx", "a");
	order(&run, "nvme-io", "b");
	somebody = 77;
	somebodys = run.r.m.device[2].addr;
	CHECK(!clients_assign(&run) && !step_handover(&run));
	CHECK(n_spawned == 1 && !strncmp(spawned[0], "a:", 2));
	CHECK(run.run[1].was_there && run.run[1].pid == 77);
	CHECK(restore_code(&run.r) == EXIT_DONE);
	end(&run);
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
