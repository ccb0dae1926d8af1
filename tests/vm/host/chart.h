/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The chart of a run: frames written to memory over time, with the phases of the update, as an SVG
 * element.
 */
#ifndef HF_VM_CHART_H
#define HF_VM_CHART_H

#include <stdio.h>

#include "judge.h"

/*
 * Time on the x axis in ms relative to the reboot call; y in frames per bin. Shared by charts that
 * are compared.
 */
struct chart_scale {
	double from_ms, to_ms;
	int max;
};

#define CHART_BIN_MS 20

/* Widen @scale, which begins as zeros, so that the update of @v fits. */
void chart_fit(struct chart_scale *scale, const struct verdict *v);

/* Print the chart of the first update of @v. @title is for those who cannot see it. */
void chart_print(FILE *out, const struct verdict *v, const struct chart_scale *scale,
		 const char *title);

#endif
