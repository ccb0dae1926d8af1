// SPDX-License-Identifier: GPL-2.0-only
/* holdfast restore --dry-run: looks, and leaves everything in the session. */
#include <string.h>
#include <unistd.h>

#include "restore.h"

/* Adds a line for each device that is not what and where it should be. */
static int look_at_devices(struct restore *r, struct hf_error *all)
{
	char bdf[HF_PCI_ADDR_LEN], driver[64];
	int code = EXIT_DONE, ret;
	size_t i;

	all->text[0] = '\0';
	for (i = 0; i < r->m.n_device; i++) {
		const struct hf_manifest_device *d = &r->m.device[i];

		ret = restore_check_device(r, d);
		if (ret) {
			hf_fail_add(all, "%s", r->err->text);
			if (code != EXIT_MISMATCH)
				code = ret;
			continue;
		}
		hf_pci_driver(&d->addr, driver, sizeof(driver));
		if (!strcmp(driver, "vfio-pci"))
			continue;
		hf_fail_add(all, "device %s is bound to %s: bind vfio-pci to it (driver_override) before restore; nothing is lost",
			    hf_pci_format(&d->addr, bdf),
			    driver[0] ? driver : "no driver");
		if (!code)
			code = EXIT_FAILED;
	}
	return code;
}

int restore_look(struct restore_run *run)
{
	struct restore *r = &run->r;
	struct hf_error all = {};
	struct hf_json j;
	int ret = EXIT_FAILED;

	r->luo = hf_luo_open(r->err);
	if (r->luo >= 0)
		ret = step_manifest(r);
	if (ret)
		goto out;
	ret = look_at_devices(r, &all);
	*r->err = all;
	if (run->cli->json) {
		cli_begin_json(run->cli, &j, ret, &all);
		hf_json_bool(&j, "dry_run", true);
		show_manifest_json(&j, &r->m);
		hf_json_object_end(&j);
		show_json(&j);
	} else {
		show_manifest(&r->m, NULL);
	}
	/* Said here: the object was printed already. */
	cli_complain(run->cli, &all);
	restore_release(r);
	close(r->luo);
	return ret;
out:
	restore_release(r);
	if (r->luo >= 0)
		close(r->luo);
	return cli_failed(run->cli, ret, r->err);
}
