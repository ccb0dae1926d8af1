// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>

#include "chart.h"

#define WIDTH 720
#define HEIGHT 320
#define LEFT 44
#define RIGHT 8
#define TOP 62
#define BOTTOM 40
#define BEFORE_MS 1000
#define AFTER_MS 1000

/* A narrow band's label goes on a row of its own above the chart. */
#define LABEL_ROWS 3

struct plot {
	FILE *out;
	const struct chart_scale *s;
};

static double x_of(const struct plot *p, double ms)
{
	double share = (ms - p->s->from_ms) / (p->s->to_ms - p->s->from_ms);

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct plot *p, double frames)
{
	return HEIGHT - BOTTOM - frames / p->s->max * (HEIGHT - TOP - BOTTOM);
}

static ns_t origin_of(const struct verdict *v)
{
	if (v->record.n_updates)
		return v->record.update[0].reboot;
	return v->record.n_sent ? v->record.sent[0].t : 0;
}

/* Times of the two series, one behind the other in memory of different shape. */
static ns_t stored_at(const struct verdict *v, size_t i)
{
	return v->account.stored[i].t;
}

static ns_t sent_at(const struct verdict *v, size_t i)
{
	return v->record.sent[i].t;
}

static int bins_of(const struct chart_scale *s)
{
	return (int)ceil((s->to_ms - s->from_ms) / CHART_BIN_MS);
}

static int *count_bins(const struct verdict *v, const struct chart_scale *s, size_t n,
		       ns_t (*at)(const struct verdict *, size_t))
{
	int bins = bins_of(s), k, *count = xrealloc(NULL, (bins + 1) * sizeof(*count));
	double ms;
	size_t i;

	for (k = 0; k <= bins; k++)
		count[k] = 0;
	for (i = 0; i < n; i++) {
		ms = ns_to_ms(at(v, i) - origin_of(v)) - s->from_ms;
		if (ms >= 0 && ms < bins * CHART_BIN_MS)
			count[(int)(ms / CHART_BIN_MS)]++;
	}
	return count;
}

void chart_fit(struct chart_scale *s, const struct verdict *v)
{
	const struct update *u = &v->record.update[0];
	double end = AFTER_MS;
	int *count, k;

	if (v->record.n_updates && u->init != NO_TIME)
		end = ns_to_ms((u->resumed != NO_TIME ? u->resumed : u->init) - u->reboot) +
		      AFTER_MS;
	if (v->record.n_updates && u->preserve != NO_TIME &&
	    ns_to_ms(u->preserve - u->reboot) - 500 < s->from_ms)
		s->from_ms = ns_to_ms(u->preserve - u->reboot) - 500;
	if (s->from_ms > -BEFORE_MS)
		s->from_ms = -BEFORE_MS;
	if (s->from_ms < -4 * BEFORE_MS)
		s->from_ms = -4 * BEFORE_MS;
	if (end > s->to_ms)
		s->to_ms = end;
	count = count_bins(v, s, v->account.n_stored, stored_at);
	for (k = 0; k < bins_of(s); k++)
		if (count[k] > s->max)
			s->max = count[k];
	if (!s->max)
		s->max = 1;
	free(count);
}

static void print_band(const struct plot *p, const char *name, double from, double to, int *row)
{
	double a = x_of(p, from), b = x_of(p, to), label = x_of(p, (from + to) / 2);
	int at = *row;

	if (to < from)
		return;
	fprintf(p->out,
		"<g class=\"band %s\"><title>%s: %.1f ms</title><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
		name, name, to - from, a, TOP, b - a < 1 ? 1 : b - a, HEIGHT - TOP - BOTTOM);
	/* Labels that could touch go on different rows. */
	fprintf(p->out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", label, label, TOP,
		TOP - 4 - at * 16);
	fprintf(p->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text></g>\n", label,
		TOP - 7 - at * 16, name);
	*row = (at + 1) % LABEL_ROWS;
}

static void print_bands(const struct plot *p, const struct verdict *v)
{
	const struct update *u = &v->record.update[0];
	ns_t o = origin_of(v), frozen;
	int row = 0;

	if (!v->record.n_updates)
		return;
	if (u->preserve != NO_TIME)
		print_band(p, "preserve", ns_to_ms(u->preserve - o), ns_to_ms(u->preserved - o),
			   &row);
	frozen = u->frozen != NO_TIME ? u->frozen : u->reboot;
	if (u->frozen != NO_TIME)
		print_band(p, "freeze", 0, ns_to_ms(frozen - o), &row);
	if (u->linux_starts != NO_TIME)
		print_band(p, "kexec", ns_to_ms(frozen - o), ns_to_ms(u->linux_starts - o), &row);
	if (u->linux_starts != NO_TIME && u->init != NO_TIME)
		print_band(p, "boot", ns_to_ms(u->linux_starts - o), ns_to_ms(u->init - o), &row);
	if (u->init != NO_TIME && u->resumed != NO_TIME)
		print_band(p, "restore", ns_to_ms(u->init - o), ns_to_ms(u->resumed - o), &row);
}

static void print_axes(const struct plot *p)
{
	int step = p->s->max > 100 ? 50 : p->s->max > 40 ? 20 : p->s->max > 10 ? 10 : 5, k;
	double ms, tick = p->s->to_ms - p->s->from_ms > 8000 ? 2000 :
			  p->s->to_ms - p->s->from_ms > 4000 ? 1000 :
							       500;

	for (k = 0; k <= p->s->max; k += step)
		fprintf(p->out,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n",
			LEFT, WIDTH - RIGHT, y_of(p, k), y_of(p, k), LEFT - 6, y_of(p, k) + 4, k);
	for (ms = ceil(p->s->from_ms / tick) * tick; ms <= p->s->to_ms; ms += tick)
		fprintf(p->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g s</text>\n",
			x_of(p, ms), HEIGHT - BOTTOM + 16, ms / 1000);
	fprintf(p->out,
		"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">time from the reboot call</text>\n",
		(LEFT + WIDTH) / 2, HEIGHT - 6);
}

/* A step line over the bins; closed down to the axis for an area. */
static void print_series(const struct plot *p, const char *class, const int *count, bool area)
{
	int bins = bins_of(p->s), k;
	double x;

	fprintf(p->out, "<path class=\"%s\" d=\"M%.1f %.1f", class, x_of(p, p->s->from_ms),
		y_of(p, area ? 0 : count[0]));
	for (k = 0; k < bins; k++) {
		x = x_of(p, p->s->from_ms + k * CHART_BIN_MS);
		fprintf(p->out, "L%.1f %.1f", x,
			y_of(p, count[k] > p->s->max ? p->s->max : count[k]));
		x = x_of(p, p->s->from_ms + (k + 1) * CHART_BIN_MS);
		fprintf(p->out, "H%.1f", x);
	}
	if (area)
		fprintf(p->out, "V%.1fZ", y_of(p, 0));
	fprintf(p->out, "\"/>\n");
}

void chart_print(FILE *out, const struct verdict *v, const struct chart_scale *s, const char *title)
{
	struct plot p = { .out = out, .s = s };
	int *stored = count_bins(v, s, v->account.n_stored, stored_at);
	int *sent = count_bins(v, s, v->record.n_sent, sent_at);

	fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT,
		title);
	print_bands(&p, v);
	print_axes(&p);
	print_series(&p, "stored", stored, true);
	print_series(&p, "sent", sent, false);
	fprintf(out, "</svg>\n");
	free(stored);
	free(sent);
}
