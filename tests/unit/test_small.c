// SPDX-License-Identifier: GPL-2.0-only
/*
 * The small modules: JSON, PCI addresses, command line, words, passing
 * descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <holdfast/cmdline.h>
#include <holdfast/error.h>
#include <holdfast/events.h>
#include <holdfast/fdpass.h>
#include <holdfast/json.h>
#include <holdfast/luo.h>
#include <holdfast/memfd.h>
#include <holdfast/pci.h>
#include <holdfast/proc.h>
#include <holdfast/words.h>

#include "ktap.h"

static void json(void)
{
	struct hf_json j;

	hf_json_init(&j);
	hf_json_object(&j, NULL);
	hf_json_str(&j, "a", "x\"\\\n\x7f\xc3");
	hf_json_u64(&j, "b", UINT64_MAX);
	hf_json_array(&j, "c");
	hf_json_int(&j, NULL, -1);
	hf_json_object(&j, NULL);
	hf_json_object_end(&j);
	hf_json_bool(&j, NULL, true);
	hf_json_array_end(&j);
	hf_json_hex(&j, "d", 0x1000);
	hf_json_ms(&j, "e", 1.5);
	hf_json_object_end(&j);
	CHECK(!strcmp(j.buf, "{\"a\":\"x\\\"\\\\\\u000a\\u007f\\u00c3\",\"b\":18446744073709551615,\"c\":[-1,{},true],\"d\":\"0x1000\",\"e\":1.500}"));
	hf_json_free(&j);
	CHECK(!j.buf);
}

static void events(void)
{
	char path[] = "/tmp/hf-events-XXXXXX", buf[256] = "";
	struct hf_events ev;
	struct hf_json j;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK(!hf_events_open(&ev, path, NULL));
	hf_event_step(&ev, "bind", 2.25);
	hf_event_begin(&j, "reboot");
	hf_event_send(&ev, &j);
	hf_events_flush(&ev);
	hf_events_close(&ev);
	CHECK(read(fd, buf, sizeof(buf) - 1) > 0);
	CHECK(!strcmp(buf, "{\"ev\":\"step\",\"name\":\"bind\",\"ms\":2.250}\n{\"ev\":\"reboot\"}\n"));
	close(fd);
	unlink(path);
	/* None wanted: nothing happens, nothing leaks. */
	CHECK(!hf_events_open(&ev, NULL, NULL));
	hf_event_step(&ev, "bind", 1);
	hf_events_close(&ev);
	CHECK(hf_events_open(&ev, "/nonexistent/x", NULL) == -ENOENT);
}

static void pci(void)
{
	static const char *const bad[] = {
		"", "0000:00:02", "00:02.0", "0000:00:02.8", "0000:00:20.0",
		"0000:0A:02.0", " 0000:00:02.0", "0000:00:02.0 ", "+000:00:02.0",
		"0:00:02.0", "0000:00:2.0", "0000:00:02.0x", "00000:00:02.0",
		"0000:100:02.0", "123456789:00:02.0",
	};
	char buf[HF_PCI_ADDR_LEN];
	struct hf_pci_addr a = {}, b;
	size_t i;

	CHECK(!hf_pci_parse("0000:00:02.0", &a));
	CHECK(a.domain == 0 && a.bus == 0 && a.dev == 2 && a.fn == 0);
	CHECK(!hf_pci_parse("10000:e1:1f.7", &b));
	CHECK(b.domain == 0x10000 && b.bus == 0xe1 && b.dev == 31 && b.fn == 7);
	CHECK(!strcmp(hf_pci_format(&b, buf), "10000:e1:1f.7"));
	CHECK(!hf_pci_equal(&a, &b) && hf_pci_equal(&a, &a));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!CHECK(hf_pci_parse(bad[i], &a) == -EINVAL))
			printf("# \"%s\"\n", bad[i]);
}

static void cmdline(void)
{
	CHECK(hf_cmdline_bool("ro kho=on quiet\n", "kho", false));
	CHECK(hf_cmdline_bool("kho=1", "kho", false));
	CHECK(hf_cmdline_bool("kho=off kho=Y", "kho", false));
	CHECK(!hf_cmdline_bool("kho=on kho=off", "kho", false));
	CHECK(!hf_cmdline_bool("kho", "kho", false));
	CHECK(!hf_cmdline_bool("kho=", "kho", false));
	CHECK(!hf_cmdline_bool("mykho=on kho.x=on", "kho", false));
	CHECK(!hf_cmdline_bool("", "kho", false));
	CHECK(hf_cmdline_bool("liveupdate=on", "liveupdate", false));
	CHECK(hf_cmdline_bool("kho=require", "kho", false));
	CHECK(!hf_cmdline_bool("liveupdate=require", "liveupdate", false));
	CHECK(!hf_cmdline_bool("ro -- kho=on", "kho", false));
	CHECK(hf_cmdline_bool("a-b.c_d", "a_b.c-d", true));
	CHECK(hf_cmdline_bool("x=\"kho=off kho=off\" kho=on", "kho", false));
	CHECK(hf_cmdline_bool("\"kho=on\" ro", "kho", false));
}

static void error_text(void)
{
	struct hf_error err = {};
	char big[4096];
	int i;

	CHECK(hf_fail(&err, -EBUSY, "a %d", 1) == -EBUSY);
	hf_fail_add(&err, "b");
	CHECK(!strcmp(err.text, "a 1\nb"));
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (i = 0; i < 3; i++)
		hf_fail_add(&err, "%s", big);
	CHECK(strlen(err.text) < sizeof(err.text));
	CHECK(hf_fail(NULL, -EIO, "x") == -EIO);
	hf_fail_add(NULL, "x");
}

/* Every errno the kernel is known to give has its own words for each kind. */
static void reasons(void)
{
	static const int codes[] = { ENOENT, EOPNOTSUPP, EBUSY, ENOMEM, EPERM };
	static const int dev[] = { ENXIO, ENOTCONN, EOPNOTSUPP, EPERM, EBUSY };
	const char *other = hf_preserve_reason(HF_OBJ_DEVICE, 9999);
	size_t i, k;

	for (i = 0; i < 5; i++) {
		CHECK(hf_preserve_reason(HF_OBJ_MEMFD, codes[i]) != other);
		CHECK(hf_preserve_reason(HF_OBJ_IOMMUFD, codes[i]) != other);
		for (k = 0; k < i; k++)
			CHECK(strcmp(hf_preserve_reason(HF_OBJ_DEVICE, dev[i]),
				     hf_preserve_reason(HF_OBJ_DEVICE, dev[k])));
	}
	CHECK_HAS(hf_preserve_reason(HF_OBJ_DEVICE, ENOTCONN), "not bound");
	CHECK_HAS(hf_preserve_reason(HF_OBJ_IOMMUFD, ENXIO), "not preserved in this session");
	CHECK_HAS(hf_preserve_reason(HF_OBJ_IOMMUFD, EEXIST), "memory is preserved already");
	CHECK_HAS(hf_preserve_reason(HF_OBJ_MEMFD, EEXIST), "memory is preserved already");
	CHECK_HAS(hf_retrieve_reason(HF_OBJ_DEVICE, EUNATCH), "module");
	CHECK_HAS(hf_retrieve_reason(HF_OBJ_IOMMUFD, EUNATCH), "module");
}

static void fdpass(void)
{
	int s[2], fds[3], got[3];
	char buf[8];
	size_t n;

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
	fds[0] = fds[1] = fds[2] = s[0];
	CHECK(!hf_fdpass_send(s[0], "hello", 5, fds, 3));
	n = 3;
	CHECK(hf_fdpass_recv(s[1], buf, sizeof(buf), got, &n) == 5 && n == 3);
	while (n)
		close(got[--n]);
	/* More descriptors than wanted are closed, not leaked */
	CHECK(!hf_fdpass_send(s[0], "hello", 5, fds, 3));
	n = 2;
	CHECK(hf_fdpass_recv(s[1], buf, sizeof(buf), got, &n) == -EMSGSIZE);
	CHECK(n == 0);
	/* and so is a longer message */
	CHECK(!hf_fdpass_send(s[0], "hello world", 11, fds, 1));
	n = 3;
	CHECK(hf_fdpass_recv(s[1], buf, sizeof(buf), got, &n) == -EMSGSIZE);
	CHECK(hf_fdpass_send(s[0], "x", 1, fds, HF_FDPASS_MAX + 1) == -EINVAL);
	close(s[0]);
	n = 0;
	CHECK(hf_fdpass_recv(s[1], buf, sizeof(buf), NULL, &n) == 0);
	close(s[1]);
	/* No descriptor is left over: the next one has a low number again */
	fds[0] = dup(0);
	CHECK(fds[0] == s[0]);
	close(fds[0]);
}

static void sealed(void)
{
	struct hf_error err = {};
	void *data = NULL;
	size_t len = 0;
	int fd = hf_memfd_sealed("t", "contents", 8, &err);

	CHECK(fd >= 0);
	CHECK(write(fd, "x", 1) < 0 && errno == EPERM);
	CHECK(ftruncate(fd, 1) < 0 && errno == EPERM);
	CHECK(!hf_memfd_read(fd, 100, &data, &len, &err));
	CHECK(len == 8 && !memcmp(data, "contents", 8));
	free(data);
	CHECK(hf_memfd_read(fd, 7, &data, &len, &err) == -EFBIG);
	close(fd);
}

static void scan_self(void)
{
	struct hf_proc_fd *list = NULL;
	struct hf_error err = {};
	size_t n = 0, i, seen = 0;
	int fd = hf_memfd_sealed("my name", "x", 1, &err);

	CHECK(!hf_proc_scan(getpid(), &list, &n, &err));
	for (i = 0; i < n; i++)
		if (list[i].fd == fd && list[i].kind == HF_PROC_MEMFD &&
		    !strcmp(list[i].name, "my name"))
			seen++;
	CHECK(seen == 1);
	free(list);
	close(fd);
	CHECK(hf_proc_scan(0x7ffffffe, &list, &n, &err) == -ESRCH);
	CHECK_HAS(err.text, "no process");
	CHECK(hf_proc_pidfd(0x7ffffffe, &err) == -ESRCH);
}

static bool words_are(const char *cmd, const char *const *want)
{
	struct hf_error err = {};
	char **got = hf_words_split(cmd, &err);
	size_t i;
	bool ok = got;

	for (i = 0; ok && want[i]; i++)
		ok = got[i] && !strcmp(got[i], want[i]);
	if (ok)
		ok = !got[i];
	if (!ok)
		printf("# %s: %s\n", cmd, err.text);
	free(got);
	return ok;
}

#define WORDS(cmd, ...) \
	CHECK(words_are(cmd, (const char *const[]){ __VA_ARGS__, NULL }))

static void words(void)
{
	struct hf_error err = {};

	WORDS("a", "a");
	WORDS("  nic-rx --irq\t--resume \n", "nic-rx", "--irq", "--resume");
	WORDS("a 'b c' d", "a", "b c", "d");
	WORDS("a \"b 'c\" d", "a", "b 'c", "d");
	WORDS("a'b'\"c\"d", "abcd");
	WORDS("'' x \"\"", "", "x", "");
	WORDS("a\\ b '\\' \"\\\"\"", "a b", "\\", "\"");
	WORDS("$HOME * a;b", "$HOME", "*", "a;b");
	WORDS("a b c d e f g h i j", "a", "b", "c", "d", "e", "f", "g", "h",
	      "i", "j");
	CHECK(!hf_words_split("", &err));
	CHECK_HAS(err.text, "no word");
	CHECK(!hf_words_split(" \t", &err));
	CHECK(!hf_words_split("a 'b", &err));
	CHECK_HAS(err.text, "open at the end");
	CHECK(!hf_words_split("a \"b", &err));
	CHECK(!hf_words_split("a b\\", &err));
}

/* Exit code of a child in which /dev/iommu is a plain file */
static int forged_iommu(void)
{
	struct hf_proc_fd what;
	int fd;

	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/dev", "tmpfs", 0, NULL))
		return 4;
	fd = open("/dev/iommu", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return 5;
	return hf_proc_own(fd, &what);
}

/* A path is what somebody calls it: nothing is asked of a file on its account. */
static void forged(void)
{
	int status;
	pid_t pid;

	if (geteuid())
		SKIP("not root");
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(forged_iommu());
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 4)
		SKIP("no mount name space");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static const struct ktap_test tests[] = {
	{ "words: a command line", words },
	{ "json: escapes and nesting", json },
	{ "events: one line each", events },
	{ "pci: only the kernel's spelling", pci },
	{ "cmdline: what the kernel takes for on", cmdline },
	{ "error: text stays within its bounds", error_text },
	{ "luo: words for each errno", reasons },
	{ "fdpass: descriptors neither lost nor leaked", fdpass },
	{ "memfd: sealed contents", sealed },
	{ "proc: own descriptors", scan_self },
	{ "proc: a file called /dev/iommu", forged },
};

KTAP_MAIN(tests)
