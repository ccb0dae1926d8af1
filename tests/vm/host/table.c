// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include "table.h"

static void count(char *cell, long n)
{
	if (n < 0)
		snprintf(cell, TABLE_CELL, "-");
	else
		snprintf(cell, TABLE_CELL, "%ld", n);
}

static void msec(char *cell, double ms)
{
	if (ms < 0)
		snprintf(cell, TABLE_CELL, "-");
	else
		snprintf(cell, TABLE_CELL, "%.1f ms", ms);
}

static void yes(char *cell, bool value)
{
	snprintf(cell, TABLE_CELL, value ? "yes" : "no");
}

static void fill_column(struct table_row *rows, size_t offset, const struct verdict *v)
{
	const struct account *a = &v->account;
	const struct hands *h = &v->hands;
	const struct phases *p = &a->phases[0], none = { -1, -1, -1, -1, -1 };
	int n = 0;

#define CELL ((char *)&rows[n++] + offset)
	if (!v->record.n_updates)
		p = &none;
	count(CELL, a->sent);
	count(CELL, a->received >= 0 ? a->received : (long)a->n_stored);
	count(CELL, a->before);
	count(CELL, a->gap[0].stored);
	count(CELL, a->gap[0].sent);
	if (v->record.n_updates)
		snprintf(CELL, TABLE_CELL, "%ld / %ld", a->gap[0].in_flight_before,
			 a->gap[0].in_flight_after);
	else
		count(CELL, -1);
	count(CELL, a->after);
	count(CELL, a->lost);
	msec(CELL, a->longest_gap_ms);
	yes(CELL, v->pa_table_equal);
	yes(CELL, v->ids_equal);
	count(CELL, h->device_resets + h->bus_resets);
	count(CELL, h->bus_master_edges + h->bridge_bus_master_edges);
	count(CELL, h->power_changes);
	count(CELL, h->dumps ? (long)json_object_array_length(h->changes) : -1);
	msec(CELL, p->preserve);
	msec(CELL, p->freeze);
	msec(CELL, p->kexec);
	msec(CELL, p->boot);
	msec(CELL, p->restore);
#undef CELL
}

int table_fill(struct table_row *rows, const struct verdict *run, const struct verdict *control)
{
	static const char *const labels[] = {
		"frames sent",
		"frames received",
		"received before the update",
		"stored during the gap",
		"sent during the gap",
		"in flight at its begin / end",
		"received after the first look",
		"frames lost",
		"longest time without DMA",
		"PA table equal",
		"IDs equal",
		"device resets",
		"bus-master edges",
		"power-state changes",
		"config bytes changed",
		"preserve",
		"freeze",
		"kexec",
		"boot",
		"restore",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(labels); i++)
		rows[i] = (struct table_row){ .label = labels[i] };
	fill_column(rows, offsetof(struct table_row, run), run);
	fill_column(rows, offsetof(struct table_row, control), control);
	return ARRAY_SIZE(labels);
}
