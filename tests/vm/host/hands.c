// SPDX-License-Identifier: GPL-2.0
/*
 * The window: from a driver's "ready" to its last result. Before it the driver
 * resets the device itself, after it closing the device does. Writes to configuration space and
 * registers are judged in the narrower window from each reboot call to the driver's first look in
 * the new kernel (I5), where nobody owns the device.
 */
#include <stdlib.h>
#include <string.h>

#include "hands.h"

#define COMMAND 0x04
#define COMMAND_MASTER 0x0004
#define BRIDGE_BUS_NUMBERS 0x18
#define BRIDGE_SECONDARY 0x19
#define BRIDGE_SUBORDINATE 0x1a
#define BRIDGE_CONTROL 0x3e
#define BRIDGE_CONTROL_RESET 0x40
#define COMMAND_INTX_DISABLE 0x0400
#define CAP_MSI 0x05
#define CAP_MSIX 0x11
#define MESSAGE_CONTROL 2
#define MSI_ENABLE 0x0001
#define MSIX_ENABLE 0x8000
#define MSIX_MASK_ALL 0x4000
#define CAP_PM 0x01
#define PM_CSR 4
#define PM_STATE 0x3
#define CAP_EXPRESS 0x10
#define EXPRESS_DEVICE_CONTROL 0x08
#define EXPRESS_ERROR_REPORTING 0x000f
#define EXPRESS_LINK_CONTROL 0x10
#define LINK_DISABLE 0x10
#define LINK_RETRAIN 0x20

/*
 * What a driver at work writes. The receive tail: igb queue 0, and where e1000e has it (igb answers
 * there too). Interrupt masks: igb's extended one, e1000e's.
 */
#define IGB_RDT0 0xc018
#define E1000_RDT0 0x2818
#define IGB_EIMS 0x1524
#define E1000_IMS 0x00d0
#define E1000_IMC 0x00d8

/* A PCI function as the trace knows it. */
struct function {
	char model[24];
	int bdf;
	bool bridge;
	int master; /* COMMAND.BUS_MASTER, -1 unknown */
	uint32_t bus_numbers; /* bits 0-23 of offset 0x18; 0 after the machine's reset */
	const struct cfg_dump *dump; /* any dump, for where capabilities are */
};

#define MAX_FUNCTIONS 16

struct look {
	struct hands *h;
	struct record *r;
	const struct scenario *sc;
	const struct cfg_rules *rules;
	struct function fn[MAX_FUNCTIONS];
	int n_fn;
	struct cfg_dump *dump;
	struct event **dump_event;
	size_t n_dump, cap_dump, cap_dump_event;
	bool in_window; /* the driver owns the device */
	bool nobody; /* between reboot call and resume */
	bool quiet; /* between reboot call and the start of the drivers */
	bool resumed; /* the driver may be at work again, though we have not heard of it yet */
};

static void note(char *first, const struct trace_record *t, const char *what)
{
	if (!first[0])
		snprintf(first, 128, "trace.log:%d %s%s%s", t->line, t->model,
			 t->model[0] ? " " : "", what);
}

static int parse_bdf(const char *s)
{
	unsigned int domain, bus, dev, fn;

	if (sscanf(s, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) == 4)
		return bus << 8 | dev << 3 | fn;
	return -1;
}

static void collect_dumps(struct look *l)
{
	size_t i;

	for (i = 0; i < l->r->n_event; i++) {
		struct event *e = &l->r->event[i];

		if (!event_is(e, "cfg", NULL))
			continue;
		VEC_RESERVE(l->dump, l->n_dump, l->cap_dump);
		VEC_RESERVE(l->dump_event, l->n_dump, l->cap_dump_event);
		if (!cfg_parse(&l->dump[l->n_dump], event_string(e, "bdf"), event_string(e, "hex")))
			continue;
		l->dump_event[l->n_dump++] = e;
	}
}

/*
 * The function @t is about, if it is judged: the guest dumps those that are carried and the bridges
 * above them. Others of the same model may be there.
 */
static struct function *function_of(struct look *l, const struct trace_record *t)
{
	bool bridge = is_bridge_model(t->model);
	const struct cfg_dump *dump = NULL;
	struct function *f;
	size_t i;
	int k;

	if (!bridge && !scenario_carries(l->sc, t->model))
		return NULL;
	for (k = 0; k < l->n_fn; k++)
		if (l->fn[k].bdf == t->bdf && !strcmp(l->fn[k].model, t->model))
			return &l->fn[k];
	if (l->n_fn == MAX_FUNCTIONS)
		return NULL;
	for (i = 0; i < l->n_dump; i++)
		if (parse_bdf(l->dump[i].bdf) == t->bdf)
			dump = &l->dump[i];
	if (l->n_dump && !dump)
		return NULL;
	f = &l->fn[l->n_fn++];
	*f = (struct function){ .bdf = t->bdf, .bridge = bridge, .master = -1, .dump = dump };
	memcpy(f->model, t->model, sizeof(f->model));
	return f;
}

static void look_at_command(struct look *l, struct function *f, const struct trace_record *t)
{
	int master = !!(t->value & COMMAND_MASTER);

	if (l->in_window && f->master == 1 && !master) {
		if (f->bridge)
			l->h->bridge_bus_master_edges++;
		else
			l->h->bus_master_edges++;
		note(l->h->first_edge, t, "bus mastering cleared");
	}
	f->master = master;
}

/*
 * The trace does not say how wide a write was. Linux writes the three numbers as one dword at 0x18,
 * or single ones as a byte; 0x1b is the latency timer.
 */
static void look_at_bus_numbers(struct look *l, struct function *f, const struct trace_record *t)
{
	int shift = 8 * (t->offset - BRIDGE_BUS_NUMBERS);
	uint32_t new = t->value & 0xffffff;

	if (shift)
		new = (f->bus_numbers & ~(0xffU << shift)) | (t->value & 0xff) << shift;
	if (l->in_window && new != f->bus_numbers) {
		l->h->bus_number_changes++;
		note(l->h->first_bus, t, "bus numbers changed");
	}
	f->bus_numbers = new;
}

static void look_at_power_write(struct look *l, struct function *f, const struct trace_record *t)
{
	unsigned int pm = f->dump ? cfg_capability(f->dump, CAP_PM) : 0;

	if (!l->in_window || !pm || t->offset != pm + PM_CSR || !(t->value & PM_STATE))
		return;
	l->h->power_changes++;
	note(l->h->first_power, t, "D-state written");
}

static void look_at_link_write(struct look *l, struct function *f, const struct trace_record *t)
{
	unsigned int express = f->dump ? cfg_capability(f->dump, CAP_EXPRESS) : 0;

	if (!l->in_window || !express || t->offset != express + EXPRESS_LINK_CONTROL ||
	    !(t->value & (LINK_DISABLE | LINK_RETRAIN)))
		return;
	l->h->link_changes++;
	note(l->h->first_link, t, "link disabled or retrained");
}

/*
 * From freeze until the driver arms its interrupts again none may reach a processor: nobody is there
 * for it. Each write to what lets them through must leave it shut.
 */
static void look_at_interrupts(struct look *l, struct function *f, const struct trace_record *t)
{
	unsigned int msi = f->dump ? cfg_capability(f->dump, CAP_MSI) : 0;
	unsigned int msix = f->dump ? cfg_capability(f->dump, CAP_MSIX) : 0;
	bool loud = false;

	if (!l->quiet || f->bridge)
		return;
	if (t->offset == COMMAND)
		loud = !(t->value & COMMAND_INTX_DISABLE);
	else if (msi && t->offset == msi + MESSAGE_CONTROL)
		loud = t->value & MSI_ENABLE;
	else if (msix && t->offset == msix + MESSAGE_CONTROL)
		loud = (t->value & MSIX_ENABLE) && !(t->value & MSIX_MASK_ALL);
	if (!loud)
		return;
	l->h->loud++;
	note(l->h->first_loud, t, "interrupts let through");
}

static const char *where_of(const struct function *f, unsigned int offset, char *buf)
{
	if (f->dump)
		return cfg_where(f->dump, offset, buf);
	snprintf(buf, 24, "hdr+%02x", offset);
	return buf;
}

/*
 * Payload size, tags and ordering share a register with the enables of error reporting, which the
 * new kernel writes. It may be written, but only those enables may change.
 */
static bool changes_device_control(const struct function *f, const struct trace_record *t)
{
	unsigned int at = f->dump ? cfg_capability(f->dump, CAP_EXPRESS) : 0;
	unsigned int was;

	if (!at || t->offset != at + EXPRESS_DEVICE_CONTROL)
		return false;
	at += EXPRESS_DEVICE_CONTROL;
	was = cfg_read(f->dump, at, 2);
	return ((t->value ^ was) & 0xffff & ~EXPRESS_ERROR_REPORTING) != 0;
}

/*
 * Writes are counted by place: the report has one line for each. A value that must not be written
 * to a place makes it one of its own, which no rule knows.
 */
static void count_write(struct look *l, const struct function *f, const struct trace_record *t)
{
	struct json_object *o, *v;
	char where[40];
	const char *reason;
	size_t i;

	where_of(f, t->offset, where);
	if (changes_device_control(f, t))
		strcat(where, " changed");
	for (i = 0; i < json_object_array_length(l->h->writes); i++) {
		o = json_object_array_get_idx(l->h->writes, i);
		json_object_object_get_ex(o, "model", &v);
		if (strcmp(json_object_get_string(v), f->model))
			continue;
		json_object_object_get_ex(o, "where", &v);
		if (strcmp(json_object_get_string(v), where))
			continue;
		json_object_object_get_ex(o, "count", &v);
		json_object_int_inc(v, 1);
		return;
	}
	reason = cfg_rule_reason(l->rules, CFG_WRITE, f->bridge, where, 0);
	o = json_object_new_object();
	json_object_object_add(o, "model", json_object_new_string(f->model));
	json_object_object_add(o, "where", json_object_new_string(where));
	json_object_object_add(o, "offset", json_object_new_int(t->offset));
	json_object_object_add(o, "count", json_object_new_int(1));
	json_object_object_add(o, "reason", reason ? json_object_new_string(reason) : NULL);
	json_object_array_add(l->h->writes, o);
	if (!reason) {
		l->h->unlisted_writes++;
		if (!l->h->first_write[0])
			snprintf(l->h->first_write, 128, "trace.log:%d %s %s <- 0x%llx", t->line,
				 f->model, where, (unsigned long long)t->value);
	}
}

static void look_at_config_write(struct look *l, const struct trace_record *t)
{
	struct function *f = function_of(l, t);

	if (!f)
		return;
	if (t->offset == COMMAND)
		look_at_command(l, f, t);
	if (f->bridge && t->offset >= BRIDGE_BUS_NUMBERS && t->offset <= BRIDGE_SUBORDINATE)
		look_at_bus_numbers(l, f, t);
	if (f->bridge && t->offset == BRIDGE_CONTROL && (t->value & BRIDGE_CONTROL_RESET) &&
	    l->in_window) {
		l->h->bus_resets++;
		note(l->h->first_reset, t, "secondary bus reset");
	}
	look_at_power_write(l, f, t);
	look_at_link_write(l, f, t);
	look_at_interrupts(l, f, t);
	if (l->nobody)
		count_write(l, f, t);
}

static void look_at_power(struct look *l, const struct trace_record *t)
{
	if (!l->in_window || !function_of(l, t))
		return;
	l->h->power_changes++;
	note(l->h->first_power, t, "D-state changed");
}

static void look_at_reset(struct look *l, const struct trace_record *t)
{
	if (!l->in_window)
		return;
	if (t->kind == TRACE_RESET && !scenario_carries(l->sc, t->model) &&
	    !is_bridge_model(t->model))
		return;
	l->h->device_resets++;
	note(l->h->first_reset, t, t->kind == TRACE_RESET ? "reset" : "device reset by register");
}

static bool is_work(uint64_t address)
{
	return address == IGB_RDT0 || address == E1000_RDT0 || address == IGB_EIMS ||
	       address == E1000_IMS || address == E1000_IMC;
}

/*
 * While nobody owns the device no register is written; afterwards the driver moves the tail, unmasks
 * interrupts, and nothing else.
 */
static void look_at_register(struct look *l, const struct trace_record *t, bool after_reboot)
{
	char text[64];

	if (!l->in_window || !after_reboot)
		return;
	if (l->resumed && is_work(t->address))
		return;
	l->h->register_writes++;
	snprintf(text, sizeof(text), "register 0x%llx <- 0x%llx", (unsigned long long)t->address,
		 (unsigned long long)t->value);
	note(l->h->first_register, t, text);
}

static void look_at_rx_off(struct look *l, const struct trace_record *t)
{
	static ns_t last;

	/* The NIC says so at each poll: one edge is one spell. */
	if (!l->in_window || t->to)
		return;
	if (t->t - last > NSEC_PER_SEC || t->t < last) {
		if (!l->h->bus_master_edges)
			l->h->bus_master_edges++;
		note(l->h->first_edge, t, "NIC refuses frames: bus mastering off");
	}
	last = t->t;
}

/* A bridge belongs to all drivers; what has no model is the NIC. */
static bool belongs_to(const char *model, enum driver driver)
{
	if (is_bridge_model(model))
		return true;
	return driver == (strcmp(model, "nvme") ? DRIVER_NIC : DRIVER_NVME);
}

static bool is_owned(const struct record *r, const struct trace_record *t)
{
	bool owned = false;
	enum driver d;

	for (d = 0; d < DRIVERS; d++) {
		if (!r->has[d] || !belongs_to(t->model, d))
			continue;
		if (r->marks[d].ready == NO_TIME || t->t < r->marks[d].ready ||
		    t->t > r->marks[d].last_result)
			return false;
		owned = true;
	}
	return owned;
}

/* @early: an event arrives that much later than it was sent. */
static bool between_reboot_and_resume(const struct record *r, const struct trace_record *t,
				      ns_t early)
{
	ns_t resumed;
	enum driver d;
	int i;

	for (i = 0; i < r->n_updates; i++) {
		if (t->t < r->update[i].reboot)
			break;
		for (d = 0; d < DRIVERS; d++) {
			if (!r->has[d] || !belongs_to(t->model, d))
				continue;
			resumed = r->marks[d].resumed[i];
			if (resumed == NO_TIME || t->t <= resumed - early)
				return true;
		}
	}
	return false;
}

/* A driver arms its interrupts some time before its first look, and after this. */
static bool before_drivers(const struct record *r, ns_t t)
{
	int i = r->n_updates - 1;

	while (i > 0 && t < r->update[i].reboot)
		i--;
	return r->update[i].verified == NO_TIME || t < r->update[i].verified;
}

static void look_at_trace(struct look *l)
{
	const struct record *r = l->r;
	bool after_reboot;
	size_t i;

	for (i = 0; i < r->trace.n; i++) {
		const struct trace_record *t = &r->trace.rec[i];

		l->in_window = is_owned(r, t);
		l->nobody = l->in_window && between_reboot_and_resume(r, t, 0);
		l->quiet = l->nobody && before_drivers(r, t->t);
		l->resumed = !between_reboot_and_resume(r, t, LOOK_NS);
		after_reboot = r->n_updates && t->t >= r->update[0].reboot;
		switch (t->kind) {
		case TRACE_CONFIG_WRITE:
			look_at_config_write(l, t);
			break;
		case TRACE_POWER:
			look_at_power(l, t);
			break;
		case TRACE_RESET:
		case TRACE_SW_RESET:
			look_at_reset(l, t);
			break;
		case TRACE_REGISTER_WRITE:
			look_at_register(l, t, after_reboot);
			break;
		case TRACE_RX_OFF:
			look_at_rx_off(l, t);
			break;
		default:
			break;
		}
	}
}

/* Compare two dumps of one function, and put each byte that differs on the list. */
static void compare(struct look *l, const struct cfg_dump *a, const struct cfg_dump *b, int update)
{
	size_t len = a->len > b->len ? a->len : b->len, i;
	const char *reason;
	struct json_object *o;
	char where[24];

	for (i = 0; i < len; i++) {
		if (a->bytes[i] == b->bytes[i])
			continue;
		cfg_where(a, i, where);
		reason = cfg_rule_reason(l->rules, CFG_DIFF, cfg_is_bridge(a), where,
					 a->bytes[i] ^ b->bytes[i]);
		o = json_object_new_object();
		json_object_object_add(o, "update", json_object_new_int(update + 1));
		json_object_object_add(o, "bdf", json_object_new_string(a->bdf));
		json_object_object_add(o, "function",
				       json_object_new_string(cfg_is_bridge(a) ? "bridge" :
										 "device"));
		json_object_object_add(o, "offset", json_object_new_int(i));
		json_object_object_add(o, "where", json_object_new_string(where));
		json_object_object_add(o, "before", json_object_new_int(a->bytes[i]));
		json_object_object_add(o, "after", json_object_new_int(b->bytes[i]));
		json_object_object_add(o, "reason", reason ? json_object_new_string(reason) : NULL);
		json_object_array_add(l->h->changes, o);
		if (!reason) {
			l->h->unlisted_changes++;
			if (!l->h->first_change[0])
				snprintf(l->h->first_change, 128, "%s %s: %02x -> %02x", a->bdf,
					 where, a->bytes[i], b->bytes[i]);
		}
	}
}

/*
 * The dump of @bdf in kernel @kernel that was taken when the driver had (again) taken up its work;
 * NULL if none.
 */
static const struct cfg_dump *dump_at_work(const struct look *l, const char *bdf, int kernel)
{
	size_t i;

	for (i = 0; i < l->n_dump; i++)
		if (l->dump_event[i]->kernel == kernel && !strcmp(l->dump[i].bdf, bdf) &&
		    event_is(l->dump_event[i], "cfg", kernel > 1 ? "restored" : "running"))
			return &l->dump[i];
	return NULL;
}

static void look_at_dumps(struct look *l)
{
	const struct cfg_dump *a, *b;
	int u;
	size_t i;

	for (u = 0; u < l->r->n_updates; u++) {
		for (i = 0; i < l->n_dump; i++) {
			if (l->dump_event[i]->kernel != u + 1)
				continue;
			a = dump_at_work(l, l->dump[i].bdf, u + 1);
			if (a != &l->dump[i])
				continue;
			b = dump_at_work(l, a->bdf, u + 2);
			if (!b) {
				l->h->unlisted_changes++;
				snprintf(l->h->first_change, 128, "%s: no dump after update %d",
					 a->bdf, u + 1);
				continue;
			}
			l->h->dumps++;
			compare(l, a, b, u);
		}
	}
}

void hands_look(struct hands *h, struct record *r, const struct scenario *sc,
		const struct cfg_rules *rules)
{
	struct look l = { .h = h, .r = r, .sc = sc, .rules = rules };

	memset(h, 0, sizeof(*h));
	h->changes = json_object_new_array();
	h->writes = json_object_new_array();
	collect_dumps(&l);
	look_at_trace(&l);
	look_at_dumps(&l);
	free(l.dump);
	free(l.dump_event);
}

void hands_check(const struct hands *h, const struct scenario *sc, struct checks *c)
{
	int functions = scenario_functions(sc);

	check_add(c, "device-not-reset", !h->device_resets && !h->bus_resets,
		  "%d device resets, %d bus resets %s", h->device_resets, h->bus_resets,
		  h->first_reset);
	check_add(c, "bus-master-device", !h->bus_master_edges, "%d edges %s", h->bus_master_edges,
		  h->bus_master_edges ? h->first_edge : "");
	if (sc->topology == TOPO_ROOT_BUS)
		check_skip(c, "bus-master-bridges", "no bridge above the device");
	else
		check_add(c, "bus-master-bridges", !h->bridge_bus_master_edges, "%d edges %s",
			  h->bridge_bus_master_edges,
			  h->bridge_bus_master_edges ? h->first_edge : "");
	check_add(c, "power-state", !h->power_changes, "%d changes %s", h->power_changes,
		  h->first_power);
	if (sc->topology == TOPO_ROOT_BUS)
		check_skip(c, "bus-numbers", "no bridge above the device");
	else
		check_add(c, "bus-numbers", !h->bus_number_changes, "%d changes %s",
			  h->bus_number_changes, h->first_bus);
	check_add(c, "link", !h->link_changes, "%d times disabled or retrained %s", h->link_changes,
		  h->first_link);
	if (!sc->updates)
		return;
	check_add(c, "interrupts-quiet", !h->loud, "%d times let through %s", h->loud,
		  h->first_loud);
	check_add(c, "registers-untouched", !h->register_writes, "%d writes other than tail and interrupt mask %s",
		  h->register_writes, h->first_register);
	check_add(c, "config-space", !h->unlisted_changes && h->dumps >= functions * sc->updates,
		  "%d of %d dumps compared, %zu differences, %d not on the list %s", h->dumps,
		  functions * sc->updates, json_object_array_length(h->changes),
		  h->unlisted_changes, h->first_change);
	check_add(c, "config-writes", !h->unlisted_writes,
		  "%zu places written while nobody owned the device, %d not on the list %s",
		  json_object_array_length(h->writes), h->unlisted_writes, h->first_write);
}

void hands_free(struct hands *h)
{
	json_object_put(h->changes);
	json_object_put(h->writes);
}
