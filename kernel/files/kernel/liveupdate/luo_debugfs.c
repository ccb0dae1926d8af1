// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2026 the holdfast authors
 */

/**
 * DOC: LUO inventory
 *
 * /sys/kernel/debug/liveupdate/sessions is what the Live Update Orchestrator
 * holds: a line for each session, and below it one for each of its files, in the
 * order in which they were preserved. For people, and for root only: what is in
 * the lines may change.
 *
 * Reading it waits for whatever is being done with a session, but not for a kexec
 * that is under way. Sessions of the previous kernel are there once
 * /dev/liveupdate was opened.
 */

#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/liveupdate.h>
#include <linux/seq_file.h>
#include "luo_internal.h"

static int sessions_show(struct seq_file *m, void *unused)
{
	luo_session_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sessions);

static int __init luo_debugfs_init(void)
{
	struct dentry *dir;

	if (!liveupdate_enabled())
		return 0;

	dir = debugfs_create_dir("liveupdate", NULL);
	debugfs_create_file("sessions", 0400, dir, NULL, &sessions_fops);
	return 0;
}
late_initcall(luo_debugfs_init);
