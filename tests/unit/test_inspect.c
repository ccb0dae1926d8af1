// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where what is inspected comes from: a machine made of files, its dump, a core file,
 * single files; and what is none of these.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handover.h"
#include "ktap.h"
#include "sample.h"

static char root[] = "/tmp/hf-inspect-XXXXXX";
static struct handover good;
static unsigned int kinds[HK_PROBLEM_KINDS];
static struct hf_error err;

static const char *at(const char *path)
{
	static char full[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(full[turn], PATH_MAX, "%s%s", root, path);
	return full[turn];
}

static void put(const char *path, const void *data, size_t len)
{
	char dir[PATH_MAX], *p;
	FILE *f;

	snprintf(dir, sizeof(dir), "%s", at(path));
	for (p = dir + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(dir, 0755);
		*p = '/';
	}
	f = fopen(at(path), "w");
	CHECK(f && fwrite(data, 1, len, f) == len);
	if (f)
		fclose(f);
}

/* Returns what hk_inspect() does; *text is the caller's. */
static int look(struct hk_inspect q, char **text)
{
	struct hk_out o = {};
	size_t len;
	int ret;

	if (!q.root)
		q.root = root;
	*text = NULL;
	o.text = open_memstream(text, &len);
	ret = hk_inspect(&q, &o, kinds, &err);
	fclose(o.text);
	return ret;
}

#define LOOK(...) look((struct hk_inspect){ __VA_ARGS__ }, &text)

/* The memory of the machine: /proc/kcore is a core file, too */
static void put_memory(const char *path)
{
	struct hk_mem *m = hk_mem_buffer(&good, sizeof(good), BASE);
	unsigned int i;

	put(path, "", 0);
	unlink(at(path));
	for (i = 0; i < PAGES; i++)
		CHECK(hk_mem_page(m, PHYS(i)));
	CHECK(!hk_mem_save(m, at(path), &err));
	hk_mem_close(m);
}

#define KHO "/sys/kernel/debug/kho/"

static void live(void)
{
	static const char sessions[] = "session=hf.one outgoing files=1\n"
		"\ttoken=0x1 handler=iommufd-noiommu-v3 preserved ioas=2 data=0x40005000\n"
		"\ttoken=0x2 handler=iommufd-noiommu-v3 retrieved ioas=2 data=0x40006000\n";
	const size_t len = fdt_totalsize(good.page[P_FDT]);
	char *text;

	CHECK(LOOK(.in = false) == (geteuid() ? -EACCES : -EOPNOTSUPP));
	put("/sys/kernel/debug/clear_warn_once", "", 0);
	if (!geteuid()) {
		free(text);
		CHECK(LOOK(.in = false) == -ENOENT);
		CHECK_HAS(err.text, "kho=on liveupdate=on");
	}
	free(text);
	put(KHO "out/fdt", good.page[P_FDT], len);
	put(KHO "out/scratch_phys", "0x1000000\n0x9000000\n", 20);
	put(KHO "out/scratch_len", "0x800000\n0x100000\n", 18);
	put(KHO "out/sub_fdts/LUO", good.page[P_LUO], sizeof(struct hk_luo));
	put("/sys/kernel/debug/liveupdate/sessions", sessions, sizeof(sessions) - 1);
	/* Without memory: what is in debugfs is shown, the rest is named. */
	CHECK(!LOOK(.in = false));
	CHECK_HAS(text, "handed_over: no");
	CHECK_HAS(text, "phys=0x9000000 bytes=1048576");
	CHECK_HAS(text, "update: 3");
	CHECK_HAS(text, "neither /proc/kcore nor /dev/mem can be opened");
	CHECK(!kinds[HK_DAMAGED] && kinds[HK_UNREADABLE]);
	free(text);
	CHECK(LOOK(.in = true) == -ENOENT);
	CHECK_HAS(err.text, "nothing was handed over to this kernel");
	free(text);

	put_memory("/proc/kcore");
	CHECK(!LOOK(.out = true));
	CHECK_HAS(text, "session: hf.one");
	CHECK_HAS(text, "handler: vfio-pci-noiommu-v2");
	CHECK_HAS(text, "state: preserved ioas=2 data=0x40005000");
	CHECK_HAS(text, "charged_to: user");
	/* What was retrieved is not damaged, even if it is something else by now. */
	CHECK_HAS(text, "kind=stale text=iommufd at 0x40006000");
	CHECK(!kinds[HK_DAMAGED] && !kinds[HK_UNREADABLE] && kinds[HK_STALE] == 1);
	free(text);

	/* Kernels that show only the beginning of it */
	put(KHO "out/fdt", good.page[P_FDT], len - 70);
	CHECK(!LOOK(.out = true));
	CHECK_HAS(text, "name=kexec-metadata");
	CHECK(!kinds[HK_DAMAGED]);
	free(text);
	put(KHO "out/fdt", good.page[P_FDT], len);
}

static void stale(void)
{
	char *text;

	put(KHO "in/fdt", good.page[P_FDT], fdt_totalsize(good.page[P_FDT]));
	put(KHO "in/sub_fdts/LUO", "something else by now, of any length", 37);
	CHECK(!LOOK(.in = true));
	CHECK_HAS(text, "handed_over: yes");
	CHECK_HAS(text, "kind=stale text=LUO's header");
	CHECK(!kinds[HK_DAMAGED]);
	free(text);
	unlink(at(KHO "in/sub_fdts/LUO"));
	unlink(at(KHO "in/fdt"));
}

static void dumps(void)
{
	char *first, *text;
	struct stat st;

	CHECK(!LOOK(.ranges = true, .save = at("/dump")));
	first = text;
	CHECK(!stat(at("/dump"), &st) && (st.st_mode & 0777) == 0700);
	CHECK(!LOOK(.ranges = true, .dump = at("/dump")));
	/* Whether anything was handed over is a question to a live kernel. */
	CHECK(!strcmp(strchr(first, '\n') + 1, text));
	free(first);
	free(text);
	CHECK(LOOK(.save = at("/dump")) == -EEXIST);
	free(text);
	CHECK(LOOK(.dump = at("/dump"), .in = true) == -ENOENT);
	free(text);
	CHECK(LOOK(.dump = at("/nonexistent")) == -ENOENT);
	free(text);
	put("/empty/x", "", 0);
	CHECK(LOOK(.dump = at("/empty")) == -ENOENT);
	CHECK_HAS(err.text, "this is no dump");
	free(text);
	put("/dump/memory.elf", "x", 1);
	CHECK(LOOK(.dump = at("/dump")) == -EBADMSG);
	CHECK_HAS(err.text, "memory.elf: this is no ELF core file");
	free(text);
	/* A copy of one side, without memory */
	put("/copy/fdt", good.page[P_FDT], fdt_totalsize(good.page[P_FDT]));
	CHECK(!LOOK(.dump = at("/copy")));
	CHECK_HAS(text, "the dump has no memory");
	free(text);
}

static void files(void)
{
	struct hf_manifest m;
	void *blob;
	char *text;
	size_t len;

	put_memory("/core");
	CHECK(!LOOK(.dump = at("/core")));
	CHECK_HAS(text, "trees:");
	CHECK_HAS(text, "phys: 0x40000000");
	CHECK_HAS(text, "session: hf.one");
	CHECK(!kinds[HK_DAMAGED]);
	free(text);
	put("/tree", good.page[P_FDT], fdt_totalsize(good.page[P_FDT]));
	CHECK(!LOOK(.dump = at("/tree")));
	CHECK_HAS(text, "there is only this file");
	free(text);
	sample(&m);
	CHECK(!hf_manifest_encode(&m, &blob, &len, &err));
	put("/manifest", blob, len);
	CHECK(!LOOK(.dump = at("/manifest"), .ranges = true));
	CHECK_HAS(text, "session: holdfast");
	CHECK_HAS(text, "name=nic-rx");
	CHECK_HAS(text, "memfd=buffers bytes=16777216 of=nic-rx");
	CHECK_HAS(text, "iova=");
	CHECK(!kinds[HK_DAMAGED]);
	free(text);
	((char *)blob)[len - 1] ^= 1;
	put("/manifest", blob, len);
	CHECK(!LOOK(.dump = at("/manifest")));
	CHECK(kinds[HK_DAMAGED] == 1);
	free(text);
	free(blob);
	hf_manifest_free(&m);
	put("/junk", "neither this nor that", 21);
	CHECK(LOOK(.dump = at("/junk")) == -EBADMSG);
	CHECK_HAS(err.text, "neither a core file, nor a tree");
	free(text);
	put("/junk", "x", 1);
	CHECK(LOOK(.dump = at("/junk")) == -EBADMSG);
	CHECK_HAS(err.text, "too short");
	free(text);
	/* A core file without anything */
	memset(&good, 0, sizeof(good));
	unlink(at("/core"));
	put_memory("/core");
	CHECK(LOOK(.dump = at("/core")) == -ENOENT);
	CHECK_HAS(err.text, "there is no tree of kexec handover in it");
	free(text);
}

static const struct ktap_test tests[] = {
	{ "a live kernel", live },
	{ "what this kernel got, and gave back", stale },
	{ "a dump", dumps },
	{ "single files", files },
};

int main(void)
{
	char command[64];
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(root))
		return 1;
	handover_make(&good);
	ret = ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (system(command))
		printf("# %s is left over\n", root);
	return ret;
}
