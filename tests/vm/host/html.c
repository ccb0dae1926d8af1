// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "chart.h"
#include "html.h"
#include "table.h"

static const char head[] =
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	"<title>holdfast: a device across a live update</title>\n"
	"<style>\n"
	":root{color-scheme:light dark;--bg:#fcfcfb;--ink:#1b1b1a;--dim:#5d5c58;--line:#e1e0d9;--card:#fff;--dma:#2a78d6;--src:#52514e;"
	"--gap:#eda10026;--side:#8583791f;--ok:#0a7d0a;--bad:#c22f2f}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#161615;--ink:#f2f1ee;--dim:#b5b3aa;--line:#33322f;--card:#1f1f1d;--dma:#3987e5;"
	"--src:#c3c2b7;--gap:#c9850033;--side:#8583792b;--ok:#4cc04c;--bad:#f07070}}\n"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:1500px;padding:24px;background:var(--bg);color:var(--ink);"
	"font:15px/1.45 system-ui,sans-serif}\n"
	"h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:28px 0 8px}p{margin:4px 0;max-width:75ch}p.wide{max-width:none}\n"
	".dim{color:var(--dim)}.ok{color:var(--ok)}.bad{color:var(--bad)}.pair{display:grid;gap:16px}\n"
	"@media(min-width:1100px){.pair{grid-template-columns:1fr 1fr}}\n"
	"figure{margin:0;padding:12px;background:var(--card);border:1px solid var(--line);border-radius:8px}\n"
	"figcaption{margin-bottom:6px}svg{display:block;width:100%;height:auto}svg text{fill:var(--dim);font-size:12px}\n"
	".grid{stroke:var(--line)}.stored{fill:var(--dma);fill-opacity:.75}.sent{fill:none;stroke:var(--src);stroke-width:1.2;stroke-dasharray:3 3}\n"
	".band rect{fill:var(--side)}.band line{stroke:var(--dim);stroke-width:.7}.band text{fill:var(--ink)}\n"
	".freeze rect,.kexec rect,.boot rect{fill:var(--gap)}.kexec rect{stroke:var(--dim);stroke-opacity:.4}\n"
	".key{display:inline-block;width:22px;height:10px;margin:0 6px 0 16px;vertical-align:baseline}\n"
	".scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
	"th,td{text-align:left;padding:4px 16px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right}\n"
	"code{font-family:ui-monospace,monospace;font-size:13px}details{margin-top:8px}summary{cursor:pointer}\n"
	"</style></head><body>\n";

static void text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			fputs("&lt;", out);
		else if (*s == '>')
			fputs("&gt;", out);
		else if (*s == '&')
			fputs("&amp;", out);
		else if (*s == '"')
			fputs("&quot;", out);
		else
			fputc(*s, out);
	}
}

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !v)
		return NULL;
	return json_object_get_string(v);
}

static void print_charts(FILE *out, const struct verdict *run, const struct verdict *control)
{
	struct chart_scale scale = { 0 };

	chart_fit(&scale, run);
	chart_fit(&scale, control);
	fprintf(out,
		"<p class=\"dim wide\"><span class=\"key\" style=\"margin-left:0;background:var(--dma)\"></span>frames the NIC wrote to memory"
		"<span class=\"key\" style=\"height:0;border-top:2px dashed var(--src);vertical-align:middle\"></span>frames sent to it"
		"<span class=\"key\" style=\"background:var(--gap);border:1px solid var(--line)\"></span>the gap, from the reboot call "
		"to the first user instruction of the new kernel &mdash; frames per %d ms, both charts on one scale</p>\n<div class=\"pair\">\n",
		CHART_BIN_MS);
	fputs("<figure><figcaption><b>With holdfast</b> <span class=\"dim\">the NIC goes on writing while the kernel is replaced</span>"
	      "</figcaption>\n",
	      out);
	chart_print(out, run, &scale, "Frames written to memory over time, with holdfast");
	fputs("</figure>\n<figure><figcaption><b>Control: stock kernel</b> <span class=\"dim\">the same run without our series</span>"
	      "</figcaption>\n",
	      out);
	chart_print(out, control, &scale, "Frames written to memory over time, stock kernel");
	fputs("</figure>\n</div>\n", out);
}

static void print_table(FILE *out, const struct verdict *run, const struct verdict *control)
{
	struct table_row rows[TABLE_MAX];
	int n = table_fill(rows, run, control), i;

	fputs("<h2>Numbers</h2><div class=\"scroll\"><table><tr><th></th><th class=\"n\">holdfast</th><th class=\"n\">control</th></tr>\n",
	      out);
	for (i = 0; i < n; i++)
		fprintf(out, "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
			rows[i].label, rows[i].run, rows[i].control);
	fputs("</table></div>\n", out);
}

static void print_checks(FILE *out, const char *title, const struct checks *c)
{
	size_t i;

	fprintf(out, "<h2>%s</h2><div class=\"scroll\"><table>\n", title);
	for (i = 0; i < c->n; i++) {
		const struct check *k = &c->check[i];

		fprintf(out, "<tr><td class=\"%s\">%s</td><td><code>%s</code></td><td>",
			k->ok ? "ok" : "bad",
			k->skip ? "not applicable" :
			k->ok	? "held" :
				  "failed",
			k->name);
		text(out, k->detail);
		fputs("</td></tr>\n", out);
	}
	fputs("</table></div>\n", out);
}

static void print_changes(FILE *out, struct json_object *changes)
{
	size_t n = json_object_array_length(changes), i;
	struct json_object *o;
	const char *reason;

	fputs("<h2>Configuration space, before preserve and after restore</h2>\n", out);
	if (!n) {
		fputs("<p>No byte differs, in the device or in the bridges above it.</p>\n", out);
		return;
	}
	fputs("<div class=\"scroll\"><table><tr><th>function</th><th></th><th>place</th><th>before</th><th>after</th><th>why</th></tr>\n",
	      out);
	for (i = 0; i < n; i++) {
		o = json_object_array_get_idx(changes, i);
		reason = member(o, "reason");
		fprintf(out, "<tr><td><code>%s</code></td><td>%s</td><td><code>%s</code></td>",
			member(o, "bdf"), member(o, "function"), member(o, "where"));
		fprintf(out, "<td><code>%02x</code></td>",
			(unsigned int)json_object_get_int(json_object_object_get(o, "before")));
		fprintf(out, "<td><code>%02x</code></td><td class=\"%s\">",
			(unsigned int)json_object_get_int(json_object_object_get(o, "after")),
			reason ? "" : "bad");
		text(out, reason ? reason : "not on the list");
		fputs("</td></tr>\n", out);
	}
	fputs("</table></div>\n", out);
}

static void print_writes(FILE *out, struct json_object *writes)
{
	struct json_object *o;
	const char *reason;
	size_t i;

	fprintf(out,
		"<details><summary>Places of configuration space written between reboot call and restore: %zu</summary>\n"
		"<div class=\"scroll\"><table><tr><th>function</th><th>place</th><th class=\"n\">writes</th><th>why</th></tr>\n",
		json_object_array_length(writes));
	for (i = 0; i < json_object_array_length(writes); i++) {
		o = json_object_array_get_idx(writes, i);
		reason = member(o, "reason");
		fprintf(out,
			"<tr><td>%s</td><td><code>%s</code></td><td class=\"n\">%s</td><td class=\"%s\">",
			member(o, "model"), member(o, "where"), member(o, "count"),
			reason ? "" : "bad");
		text(out, reason ? reason : "not on the list");
		fputs("</td></tr>\n", out);
	}
	fputs("</table></div></details>\n", out);
}

int html_write(const char *path, struct verdict *run, struct verdict *control, bool passed)
{
	FILE *out = fopen(path, "we");

	if (!out)
		return -1;
	fputs(head, out);
	fputs("<h1>A device keeps its DMA running while the kernel is replaced</h1>\n", out);
	fprintf(out, "<p class=\"%s\"><b>%s</b></p>\n", passed ? "ok" : "bad",
		passed ?
			"Nothing lost, all checks held, and the control lost the device as it must." :
			"Failed: see the checks below.");
	fprintf(out,
		"<p class=\"dim\">%ld frames sent to the NIC, %ld lost; %ld written to memory between the reboot call and the first "
		"user instruction of the new kernel. Times are the host's, from QEMU's trace.</p>\n",
		run->account.sent, run->account.lost, run->account.gap[0].stored);
	print_charts(out, run, control);
	print_table(out, run, control);
	print_checks(out, "Checks", &run->checks);
	print_checks(out, "Checks of the control", &control->checks);
	print_changes(out, run->hands.changes);
	print_writes(out, run->hands.writes);
	fputs("</body></html>\n", out);
	return fclose(out);
}
