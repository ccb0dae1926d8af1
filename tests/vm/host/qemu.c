// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu.h"
#include "trace.h"
#include "util.h"

#define MAX_ARGS 96

struct argv {
	char *arg[MAX_ARGS];
	int n;
};

static void add(struct argv *v, const char *arg)
{
	if (v->n + 1 >= MAX_ARGS)
		die("too many arguments for QEMU");
	v->arg[v->n++] = xstrdup(arg);
}

/* Takes @value over. */
static void add_value(struct argv *v, char *value)
{
	add(v, value);
	free(value);
}

static void add_owned(struct argv *v, const char *option, char *value)
{
	add(v, option);
	add_value(v, value);
}

static void add_serial(struct argv *v, const char *id, int fd)
{
	add_owned(v, "-chardev", xasprintf("socket,id=%s,fd=%d", id, fd));
	add_owned(v, "-serial", xasprintf("chardev:%s", id));
}

static void add_trace(struct argv *v, const char *dir)
{
	FILE *f = open_in(dir, "trace.events", "we");
	int i;

	if (!f)
		die("%s/trace.events: %s", dir, strerror(errno));
	for (i = 0; trace_events[i]; i++)
		fprintf(f, "%s\n", trace_events[i]);
	fclose(f);
	add_owned(v, "-trace", xasprintf("events=%s/trace.events,file=%s/trace.log", dir, dir));
	add(v, "-msg");
	add(v, "timestamp=on");
}

/* romfile= because nobody boots from this NIC. */
static void add_nic(struct argv *v, const struct qemu_config *c, const char *bus)
{
	const struct scenario *sc = c->scenario;

	add_owned(v, "-netdev", xasprintf("dgram,id=net0,local.type=fd,local.str=%d", c->net_fd));
	add_owned(v, "-device",
		  xasprintf("%s,id=nic0,netdev=net0,bus=%s,romfile=,mac=52:54:00:00:00:02%s",
			    sc->device, bus, sc->device_more ? sc->device_more : ""));
}

/* The throttle keeps commands in flight for as long as an update takes. */
static void add_nvme(struct argv *v, const struct qemu_config *c, const char *bus)
{
	add_owned(v, "-drive",
		  xasprintf("file=%s/disk.img,if=none,id=disk0,format=raw,cache=unsafe,throttling.iops-total=%d",
			    c->dir, c->scenario->iops));
	add_owned(v, "-device",
		  xasprintf("nvme,id=nvme0,drive=disk0,serial=holdfast,bus=%s", bus));
}

static void add_devices(struct argv *v, const struct qemu_config *c)
{
	const struct scenario *sc = c->scenario;
	const char *bus = "pcie.0,addr=0x5";

	if (sc->topology != TOPO_ROOT_BUS) {
		add(v, "-device");
		add(v, "pcie-root-port,id=port0,bus=pcie.0,addr=0x4,chassis=1,slot=1");
		bus = "port0";
	}
	if (sc->topology == TOPO_SWITCH) {
		add(v, "-device");
		add(v, "x3130-upstream,id=up0,bus=port0");
		add(v, "-device");
		add(v, "xio3130-downstream,id=down0,bus=up0,chassis=2,slot=2");
		bus = "down0";
	} else if (sc->topology == TOPO_PCI_BRIDGE) {
		add(v, "-device");
		add(v, "pcie-pci-bridge,id=pci0,bus=port0");
		bus = "pci0,addr=0x1";
	}
	if (!scenario_has_nic(sc)) {
		add_nvme(v, c, bus);
		return;
	}
	add_nic(v, c, bus);
	if (sc->iops) {
		add(v, "-device");
		add(v, "pcie-root-port,id=port1,bus=pcie.0,addr=0x6,chassis=11,slot=11");
		add_nvme(v, c, "port1");
	}
}

/* Arguments of the scenario, with the run's folder put in. */
static void add_more(struct argv *v, const struct qemu_config *c)
{
	static const char mark[] = "@DIR@";
	const char *const *arg;
	const char *at;

	for (arg = c->scenario->args; arg && *arg; arg++) {
		at = strstr(*arg, mark);
		if (!at) {
			add(v, *arg);
			continue;
		}
		add_value(v, xasprintf("%.*s%s%s", (int)(at - *arg), *arg, c->dir,
					     at + strlen(mark)));
	}
}

static void build_command(struct argv *v, const struct qemu_config *c)
{
	/* la57 costs a page-table level in every emulated walk. */
	bool kvm = !strcmp(c->accel, "kvm");
	const char *const *extra;

	add(v, "qemu-system-x86_64");
	add_owned(v, "-M", xstrdup("q35"));
	add_owned(v, "-accel", xstrdup(c->accel));
	add_owned(v, "-cpu", xstrdup(kvm ? "host" : "max,la57=off"));
	add_owned(v, "-m", xasprintf("%dM", c->mem_mb));
	add_owned(v, "-smp", xasprintf("%d", c->cpus));
	add(v, "-nodefaults");
	add(v, "-no-user-config");
	add(v, "-no-reboot");
	add_owned(v, "-display", xstrdup("none"));
	add_serial(v, "console", c->console_fd);
	if (c->event_fd >= 0)
		add_serial(v, "events", c->event_fd);
	add_owned(v, "-kernel", xstrdup(c->kernel));
	if (c->initrd)
		add_owned(v, "-initrd", xstrdup(c->initrd));
	add_owned(v, "-append", xstrdup(c->append));
	if (c->qmp_fd >= 0) {
		add_owned(v, "-chardev", xasprintf("socket,id=qmp,fd=%d", c->qmp_fd));
		add_owned(v, "-mon", xstrdup("chardev=qmp,mode=control"));
	}
	if (c->scenario) {
		add_trace(v, c->dir);
		add_devices(v, c);
		add_more(v, c);
	}
	for (extra = c->extra; extra && *extra; extra++)
		add(v, *extra);
	v->arg[v->n] = NULL;
}

static void log_command(const struct argv *v, const char *dir)
{
	FILE *f = open_in(dir, "cmd", "we");
	int i;

	if (!f)
		return;
	for (i = 0; i < v->n; i++)
		fprintf(f, strpbrk(v->arg[i], " =,") ? "'%s' " : "%s ", v->arg[i]);
	fputc('\n', f);
	fclose(f);
}

void die_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
}

static void keep_open(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

static void __attribute__((noreturn))
exec_qemu(const struct qemu_config *c, struct argv *v, pid_t parent)
{
	char *path = xasprintf("%s/qemu.stderr", c->dir);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int err = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	die_with_parent(parent);
	dup2(null, 0);
	dup2(null, 1);
	dup2(err, 2);
	keep_open(c->console_fd);
	keep_open(c->event_fd);
	keep_open(c->qmp_fd);
	keep_open(c->net_fd);
	execvp(v->arg[0], v->arg);
	dprintf(2, "%s: %s\n", v->arg[0], strerror(errno));
	_exit(127);
}

pid_t qemu_start(const struct qemu_config *c)
{
	struct argv v = { .n = 0 };
	pid_t parent = getpid(), pid;
	int i;

	build_command(&v, c);
	log_command(&v, c->dir);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		exec_qemu(c, &v, parent);
	for (i = 0; i < v.n; i++)
		free(v.arg[i]);
	return pid;
}

int qemu_stop(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, WNOHANG) == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return status;
}
