// SPDX-License-Identifier: GPL-2.0-only
/* holdfastd: sessions for many clients. See docs/daemon.md. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

#include <holdfast/clock.h>
#include <holdfast/exitcode.h>
#include <holdfast/fdpass.h>
#include <holdfast/launcher.h>
#include <holdfast/version.h>

#include "daemon.h"
#include "keeper.h"
#include "stranger.h"

#define CONFIG		"/etc/holdfast/holdfastd.conf"
#define STATE_DIR	"/var/lib/holdfast"
#define RUN_DIR		"/run/holdfast"

static const char help[] =
"usage: holdfastd [OPTIONS]\n"
"\n"
"Keeps the descriptors of userspace drivers through a kexec, each client's in a\n"
"session of the Live Update Orchestrator.\n"
"\n"
"  --config FILE      configuration (default " CONFIG ")\n"
"  --socket PATH      socket for clients and operator\n"
"                     (default " HF_PROTO_SOCKET ")\n"
"  --state-dir DIR    record of intent and history (default " STATE_DIR ")\n"
"  --run-dir DIR      sockets of the holders (default " RUN_DIR ")\n"
"  --check            only read the configuration\n"
"  --help, --version\n"
"\n"
"SIGHUP reads the configuration again; SIGTERM ends the daemon, sessions that are\n"
"held stay with their holders.\n";

static void read_boot_id(char boot_id[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, boot_id, 39);

	boot_id[n > 0 ? n : 0] = '\0';
	boot_id[strcspn(boot_id, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static int make_dir(const char *path, mode_t mode, struct hf_error *err)
{
	struct stat st;

	/* As others made it, or else with this mode, whatever the umask */
	if (mkdir(path, mode) ? errno != EEXIST : chmod(path, mode))
		return hf_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (lstat(path, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return hf_fail(err, -ENOTDIR,
			       "%s is no folder of this user", path);
	/* Whoever can put a socket or a record there says what is preserved. */
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return hf_fail(err, -EPERM,
			       "%s can be written by others than its owner: chmod go-w it, and look at what is in there",
			       path);
	return 0;
}

static int make_dirs(const struct daemon *d, struct hf_error *err)
{
	char path[600];
	int ret;

	ret = make_dir(d->run_dir, 0755, err);
	if (!ret)
		ret = make_dir(d->state_dir, 0700, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/sessions", d->run_dir);
	ret = make_dir(path, 0700, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/history", d->state_dir);
	return make_dir(path, 0700, err);
}

/*
 * Descriptors of all clients, of what was taken out for them, and of what waits to
 * be closed: as many as the kernel allows at all.
 */
static void lift_nofile(void)
{
	const rlim_t need = 3 * MAX_CLIENTS * MAX_ITEMS + 4096;
	struct rlimit r = { need, need };
	char text[32] = "";
	int fd = open("/proc/sys/fs/nr_open", O_RDONLY | O_CLOEXEC);
	rlim_t most;

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0) {
		most = strtoul(text, NULL, 10);
		if (most > need)
			r.rlim_cur = r.rlim_max = most;
	}
	if (fd >= 0)
		close(fd);
	if (!setrlimit(RLIMIT_NOFILE, &r))
		return;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur < need)
		log_line(LOG_WARNING, NULL,
			 "it may have %llu descriptors open, %llu are needed for %d clients (LimitNOFILE=)",
			 (unsigned long long)r.rlim_cur,
			 (unsigned long long)need, MAX_CLIENTS);
}

static int open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start(struct daemon *d, struct hf_error *err)
{
	struct utsname uts;
	int ret;

	uname(&uts);
	snprintf(d->release, sizeof(d->release), "%.*s", HF_RELEASE_MAX,
		 uts.release);
	read_boot_id(d->boot_id);
	umask(077);
	ret = make_dirs(d, err);
	if (!ret) {
		lift_nofile();
		ret = caps_drop(err);
	}
	/*
	 * With these rights, and before the socket: it would have that open until
	 * it is a program of its own, and somebody connect to nobody.
	 */
	if (!ret)
		ret = launcher_start(err);
	if (!ret)
		/* The socket is what makes it the only one. */
		ret = conn_listen(d, err);
	return ret;
}

static int serve(struct daemon *d)
{
	int signals = open_signals(), ret;

	/* Holders end by themselves or are told to; nobody waits for them. */
	signal(SIGCHLD, SIG_IGN);
	update_find_holders(d);
	resume_start(d);
	log_line(LOG_NOTICE, NULL, "version " HOLDFAST_VERSION ", kernel %s",
		 d->release);
	notify_systemd("READY=1");
	for (;;) {
		ret = conn_loop(d, signals);
		if (ret != SIGHUP)
			break;
		notify_systemd("RELOADING=1\nMONOTONIC_USEC=%llu",
			       (unsigned long long)(hf_now_ms() * 1000));
		control_reload(d);
		notify_systemd("READY=1");
	}
	notify_systemd("STOPPING=1");
	log_line(LOG_NOTICE, NULL, "ends; %s",
		 update_preserved(d) ? "what is preserved stays with its holders" :
				       "nothing is preserved");
	unlink(d->socket_path);
	/* After a failure the service manager starts it anew. */
	return ret < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int usage(const char *what)
{
	fprintf(stderr, "holdfastd: %s\nTry \"holdfastd --help\".\n", what);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "state-dir", required_argument, NULL, 'd' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "check", no_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{}
	};
	static struct daemon d = {
		.config_path = CONFIG,
		.socket_path = HF_PROTO_SOCKET,
		.state_dir = STATE_DIR,
		.run_dir = RUN_DIR,
		.luo = -1,
		.listener = -1,
		.incoming = -1,
		.index.sock = -1,
	};
	struct hf_error err;
	bool check = false;
	int opt;

	if (argc > 1 && !strcmp(argv[1], "holder"))
		return holder_main(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "keeper"))
		return keeper_main(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "launcher"))
		return launcher_main(argc - 1, argv + 1);
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			d.config_path = optarg;
			d.config_given = true;
			break;
		case 's':
			d.socket_path = optarg;
			break;
		case 'd':
			d.state_dir = optarg;
			break;
		case 'r':
			d.run_dir = optarg;
			break;
		case 'k':
			check = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_DONE;
		case 'v':
			puts("holdfastd " HOLDFAST_VERSION);
			return EXIT_DONE;
		default:
			return usage("what is that?");
		}
	}
	if (optind < argc)
		return usage("it takes no arguments");
	if (strlen(d.state_dir) > 400 || strlen(d.run_dir) > 40)
		return usage("the path of a folder is too long");
	if (config_read(&d.cfg, d.config_path, d.config_given, &err)) {
		fprintf(stderr, "holdfastd: %s\n", err.text);
		return EXIT_FAILED;
	}
	if (check)
		return EXIT_DONE;
	log_open(d.cfg.debug);
	tsc_start();
	hf_fdpass_discard = conn_discard;
	if (start(&d, &err)) {
		log_line(LOG_ERR, NULL, "%s", err.text);
		return EXIT_FAILED;
	}
	return serve(&d);
}
