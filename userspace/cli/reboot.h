/* SPDX-License-Identifier: GPL-2.0-only */
/* The last step of the old kernel. */
#ifndef REBOOT_H
#define REBOOT_H

#include "cli.h"
#include "daemon.h"

/**
 * reboot_direct() - sync, and have the kernel start the loaded one
 * @cli: options
 * @alive: a last look at what is held, or NULL
 * @err: why it came back: the kernel refused, or @alive did
 *
 * Services are not stopped and file systems not unmounted.
 *
 * Return: a negative errno, if at all; everything is as before then.
 */
int reboot_direct(struct cli *cli, const struct held *alive,
		  struct hf_error *err);

/**
 * reboot_graceful() - have systemd stop everything, and start it then
 * @err: why it does not
 *
 * Return: 0 when systemd is on its way, or a negative errno.
 */
int reboot_graceful(struct hf_error *err);

/** REBOOT_NO_SYSTEMD - usage error of --graceful */
#define REBOOT_NO_SYSTEMD "--graceful is for systemd, which does not run here; stop your services, and use --direct"

/** reboot_is_near() - say so: systemd is on its way */
void reboot_is_near(const struct cli *cli);

/** reboot_has_systemd() - is systemd what stops and starts this machine? */
bool reboot_has_systemd(void);

/**
 * reboot_agreed() - ask the daemon whether all is held and as it was
 * @cli: options
 * @c: connection
 * @err: message on failure
 *
 * It takes down that the reboot is next.
 *
 * Return: 0, or an exit code.
 */
int reboot_agreed(struct cli *cli, struct hf_control *c, struct hf_error *err);

/**
 * reboot_came_back() - tell the daemon that there was no reboot
 * @cli: options
 * @c: connection
 * @err: why; a line is appended if the daemon cannot be told
 */
void reboot_came_back(struct cli *cli, struct hf_control *c,
		      struct hf_error *err);

#endif
