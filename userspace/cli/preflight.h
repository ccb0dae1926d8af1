/* SPDX-License-Identifier: GPL-2.0-only */
/* What a preflight asks drivers, by themselves or by the daemon. */
#ifndef CLI_PREFLIGHT_H
#define CLI_PREFLIGHT_H

#include <stdio.h>

#include <preflight/preflight.h>

#include "wanted.h"

/**
 * preflight_drivers() - can what these drivers have be carried?
 * @w: drivers
 * @n: how many
 * @q: gets how many pieces their memory is in
 * @r: report
 *
 * Their descriptors are duplicated, looked at and closed; nothing is preserved.
 */
void preflight_drivers(const struct wanted *w, size_t n, struct hk_preflight *q,
		       struct hk_report *r);

/** preflight_clients() - are the daemon's clients ready, if there is a daemon? */
void preflight_clients(struct cli *cli, struct hk_report *r);

/** preflight_show() - what was found, for people */
void preflight_show(FILE *to, const struct hk_report *r);

/** preflight_json() - members "errors", "warnings", "findings" */
void preflight_json(struct hf_json *j, const struct hk_report *r);

#endif
