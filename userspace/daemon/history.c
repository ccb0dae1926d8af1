// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates on disk: one file for each in the history, and the record of intent
 * while one is under way. Files are replaced as a whole and are on the disk when
 * a function returns: what follows may be a reboot.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include <holdfast/clock.h>
#include <holdfast/message.h>

#include "daemon.h"

#define MAX_FILE	((size_t)1 << 20)
#define DEPTH		8

static const char *const phase_name[UPDATE_PHASES] = {
	[PHASE_PRESERVE] = "preserve",
	[PHASE_HOLD] = "hold",
	[PHASE_KEXEC] = "kexec",
	[PHASE_BOOT] = "boot",
	[PHASE_RESTORE] = "restore",
	[PHASE_CLAIM] = "claim",
};

/* --- the time stamp counter --- */

static uint64_t tsc_then;
static double ms_then;

/* Milliseconds since this kernel began, suspended or not */
static double since_boot_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

void tsc_start(void)
{
	tsc_then = hf_tsc();
	ms_then = since_boot_ms();
}

/* Ticks in a millisecond: the longer the daemon runs, the better it knows. */
static double ticks(void)
{
	const struct timespec a_while = { .tv_nsec = 20000000 };

	if (since_boot_ms() - ms_then < 20)
		nanosleep(&a_while, NULL);
	return (double)(hf_tsc() - tsc_then) / (since_boot_ms() - ms_then);
}

double tsc_ms(uint64_t from, uint64_t to)
{
	if (!from || to <= from)
		return -1;
	return (double)(to - from) / ticks();
}

uint64_t tsc_at_boot(void)
{
	double t = ticks() * since_boot_ms();
	uint64_t now = hf_tsc();

	return (double)now > t ? now - (uint64_t)t : 0;
}

/* --- an update --- */

struct update *update_new(struct daemon *d, uint64_t realtime_ns)
{
	time_t t = (time_t)(realtime_ns / 1000000000u);
	struct update *u = calloc(1, sizeof(*u));
	struct tm tm = {};
	size_t i, n;

	if (!u)
		return NULL;
	gmtime_r(&t, &tm);
	n = strftime(u->id, sizeof(u->id), "%Y%m%dT%H%M%S", &tm);
	snprintf(u->id + n, sizeof(u->id) - n, ".%03u",
		 (unsigned int)(realtime_ns / 1000000 % 1000));
	strcpy(u->state, "preserved");
	u->started_ns = realtime_ns;
	strcpy(u->from_kernel, d->release);
	strcpy(u->from_boot, d->boot_id);
	for (i = 0; i < UPDATE_PHASES; i++)
		u->phase[i] = -1;
	return u;
}

void update_free(struct update *u)
{
	size_t i;

	for (i = 0; u && i < u->n_client; i++)
		free(u->client[i].error);
	if (u) {
		free(u->client);
		free(u->error);
	}
	free(u);
}

static void set_error(char **dst, const char *error)
{
	char *copy = error && *error ? strdup(error) : NULL;

	free(*dst);
	*dst = copy;
}

void update_set(struct update *u, const char *state, const char *error)
{
	if (!u)
		return;
	snprintf(u->state, sizeof(u->state), "%s", state);
	set_error(&u->error, error);
}

struct update_client *update_client(struct update *u, const char *name)
{
	struct update_client *v;
	size_t i;

	for (i = 0; i < u->n_client; i++)
		if (!strcmp(u->client[i].name, name))
			return &u->client[i];
	v = realloc(u->client, (u->n_client + 1) * sizeof(*v));
	if (!v)
		return NULL;
	u->client = v;
	v += u->n_client++;
	memset(v, 0, sizeof(*v));
	snprintf(v->name, sizeof(v->name), "%s", name);
	return v;
}

void update_client_set(struct update *u, const struct client *c,
		       const char *state, const char *error)
{
	struct update_client *v = update_client(u, c->name);

	if (!v)
		return;
	v->uid = c->uid;
	v->gid = c->gid;
	snprintf(v->state, sizeof(v->state), "%s", state);
	set_error(&v->error, error);
}

void update_step(struct update *u, const char *name, double ms)
{
	size_t i;

	for (i = 0; i < u->n_step && strcmp(u->step[i].name, name); i++)
		;
	if (i == sizeof(u->step) / sizeof(u->step[0]))
		return;
	if (i == u->n_step) {
		snprintf(u->step[i].name, sizeof(u->step[i].name), "%s", name);
		u->step[i].ms = 0;
		u->n_step++;
	}
	u->step[i].ms += ms;
}

/* --- writing --- */

static void kernel_json(struct hf_json *j, const char *key, const char *kernel,
			const char *boot_id)
{
	hf_json_object(j, key);
	hf_json_str(j, "kernel", kernel);
	hf_json_str(j, "boot_id", boot_id);
	hf_json_object_end(j);
}

static void client_json(struct hf_json *j, const struct update_client *c)
{
	hf_json_object(j, NULL);
	hf_json_str(j, "name", c->name);
	hf_json_u64(j, "uid", c->uid);
	hf_json_u64(j, "gid", c->gid);
	hf_json_str(j, "state", c->state);
	if (c->gap_ms > 0)
		hf_json_ms(j, "gap_ms", c->gap_ms);
	if (c->error)
		hf_json_str(j, "error", c->error);
	hf_json_object_end(j);
}

static void named_ms(struct hf_json *j, const char *name, double ms)
{
	hf_json_object(j, NULL);
	hf_json_str(j, "name", name);
	hf_json_ms(j, "ms", ms);
	hf_json_object_end(j);
}

void update_json(struct hf_json *j, const struct update *u)
{
	size_t i;

	hf_json_str(j, "id", u->id);
	hf_json_str(j, "state", u->state);
	hf_json_u64(j, "started_ns", u->started_ns);
	kernel_json(j, "from", u->from_kernel, u->from_boot);
	if (u->to_kernel[0])
		kernel_json(j, "to", u->to_kernel, u->to_boot);
	if (u->error)
		hf_json_str(j, "error", u->error);
	hf_json_u64(j, "preserved_tsc", u->preserved_tsc);
	hf_json_u64(j, "reboot_tsc", u->reboot_tsc);
	hf_json_u64(j, "restored_tsc", u->restored_tsc);
	hf_json_array(j, "phases");
	for (i = 0; i < UPDATE_PHASES; i++)
		if (u->phase[i] >= 0)
			named_ms(j, phase_name[i], u->phase[i]);
	hf_json_array_end(j);
	hf_json_array(j, "steps");
	for (i = 0; i < u->n_step; i++)
		named_ms(j, u->step[i].name, u->step[i].ms);
	hf_json_array_end(j);
	hf_json_array(j, "clients");
	for (i = 0; i < u->n_client; i++)
		client_json(j, &u->client[i]);
	hf_json_array_end(j);
}

static int sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

static int write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Replaces DIR/NAME.json. */
static int write_file(const char *dir, const char *name, const char *text,
		      struct hf_error *err)
{
	char path[600], tmp[616];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s.json", dir, name);
	snprintf(tmp, sizeof(tmp), "%s.new", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return hf_fail(err, -errno, "%s: %s", tmp, strerror(errno));
	ret = write_all(fd, text, strlen(text));
	if (!ret && fsync(fd))
		ret = -errno;
	close(fd);
	if (!ret && rename(tmp, path))
		ret = -errno;
	if (!ret)
		ret = sync_dir(dir);
	if (ret) {
		unlink(tmp);
		return hf_fail(err, ret, "%s: %s", path, strerror(-ret));
	}
	return 0;
}

static void history_dir(const struct daemon *d, char dir[512])
{
	snprintf(dir, 512, "%s/history", d->state_dir);
}

static char *update_text(const struct update *u)
{
	struct hf_json j;

	hf_json_init(&j);
	hf_json_object(&j, NULL);
	hf_json_u64(&j, "version", 1);
	update_json(&j, u);
	hf_json_object_end(&j);
	return j.buf;
}

/* --- the history --- */

/* Those that are updates, oldest first: their names sort by time. */
static int is_update(const struct dirent *de)
{
	size_t n = strlen(de->d_name);

	return n > 5 && n < 37 && de->d_name[0] != '.' &&
	       !strcmp(de->d_name + n - 5, ".json");
}

static int list(const struct daemon *d, struct dirent ***v)
{
	char dir[512];

	history_dir(d, dir);
	return scandir(dir, v, is_update, alphasort);
}

static void free_list(struct dirent **v, int n)
{
	while (n > 0)
		free(v[--n]);
	free(v);
}

static void forget_oldest(struct daemon *d)
{
	struct dirent **v;
	char path[800], dir[512];
	int n = list(d, &v), i;

	if (n < 0)
		return;
	history_dir(d, dir);
	for (i = 0; i < n - (int)d->cfg.history; i++) {
		/* By a clock that was behind it may be the oldest. */
		if (d->update && !strncmp(v[i]->d_name, d->update->id,
					  strlen(d->update->id)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, v[i]->d_name);
		unlink(path);
	}
	free_list(v, n);
}

int history_save(struct daemon *d)
{
	struct hf_error err;
	char dir[512], *text;
	int ret;

	if (!d->update)
		return -ENOENT;
	history_dir(d, dir);
	text = update_text(d->update);
	ret = text ? write_file(dir, d->update->id, text, &err) :
		     hf_fail(&err, -ENOMEM, "out of memory");
	if (ret)
		log_line(LOG_ERR, NULL, "the update cannot be recorded: %s",
			 err.text);
	free(text);
	forget_oldest(d);
	return ret;
}

/* --- reading --- */

static char *slurp(const char *path, size_t *len)
{
	struct stat st;
	char *buf = NULL;
	ssize_t n = -1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    (size_t)st.st_size <= MAX_FILE)
		buf = malloc((size_t)st.st_size + 1);
	if (buf)
		n = read(fd, buf, (size_t)st.st_size);
	close(fd);
	if (n < 0) {
		free(buf);
		return NULL;
	}
	buf[n] = '\0';
	*len = (size_t)n;
	return buf;
}

static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(DEPTH);
	struct json_object *o = NULL, *v;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(tok, text, (int)len);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    !json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, "version", &v) ||
	    json_object_get_int64(v) != 1) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(tok);
	return o;
}

static struct json_object *read_object(const char *path)
{
	struct json_object *o;
	size_t len;
	char *text = slurp(path, &len);

	if (!text)
		return NULL;
	o = parse(text, len);
	if (!o)
		log_line(LOG_ERR, NULL, "%s is damaged and is not used", path);
	free(text);
	return o;
}

static const char *get_str(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_string))
		return "";
	return json_object_get_string(v);
}

static void copy_str(struct json_object *o, const char *key, char *dst,
		     size_t len)
{
	snprintf(dst, len, "%s", get_str(o, key));
}

static uint64_t get_u64(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_int))
		return 0;
	return json_object_get_uint64(v);
}

static double get_ms(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    (!json_object_is_type(v, json_type_double) &&
	     !json_object_is_type(v, json_type_int)))
		return -1;
	return json_object_get_double(v);
}

static struct json_object *get_array(struct json_object *o, const char *key,
				     size_t *n)
{
	struct json_object *v;

	*n = 0;
	if (json_object_object_get_ex(o, key, &v) &&
	    json_object_is_type(v, json_type_array))
		*n = json_object_array_length(v);
	return v;
}

static void read_clients(struct update *u, struct json_object *o)
{
	size_t n, i;
	struct json_object *v = get_array(o, "clients", &n);

	for (i = 0; i < n && i < MAX_CLIENTS; i++) {
		struct json_object *k = json_object_array_get_idx(v, i);
		struct update_client *c;

		if (!json_object_is_type(k, json_type_object) ||
		    !hf_client_name_valid(get_str(k, "name")))
			continue;
		c = update_client(u, get_str(k, "name"));
		if (!c)
			return;
		c->uid = (uid_t)get_u64(k, "uid");
		c->gid = (gid_t)get_u64(k, "gid");
		c->gap_ms = get_ms(k, "gap_ms");
		copy_str(k, "state", c->state, sizeof(c->state));
		set_error(&c->error, get_str(k, "error"));
	}
}

static void read_phases(struct update *u, struct json_object *o)
{
	size_t n, i, k;
	struct json_object *v = get_array(o, "phases", &n);

	for (i = 0; i < n; i++) {
		struct json_object *p = json_object_array_get_idx(v, i);

		for (k = 0; k < UPDATE_PHASES; k++)
			if (json_object_is_type(p, json_type_object) &&
			    !strcmp(get_str(p, "name"), phase_name[k]))
				u->phase[k] = get_ms(p, "ms");
	}
	v = get_array(o, "steps", &n);
	for (i = 0; i < n; i++) {
		struct json_object *p = json_object_array_get_idx(v, i);

		if (json_object_is_type(p, json_type_object))
			update_step(u, get_str(p, "name"), get_ms(p, "ms"));
	}
}

static void read_kernel(struct json_object *o, const char *key, char *kernel,
			size_t len, char boot_id[40])
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_object))
		return;
	copy_str(v, "kernel", kernel, len);
	copy_str(v, "boot_id", boot_id, 40);
}

static struct update *to_update(struct daemon *d, struct json_object *o)
{
	struct update *u = update_new(d, 0);

	if (!u)
		return NULL;
	copy_str(o, "id", u->id, sizeof(u->id));
	copy_str(o, "state", u->state, sizeof(u->state));
	set_error(&u->error, get_str(o, "error"));
	u->started_ns = get_u64(o, "started_ns");
	u->preserved_tsc = get_u64(o, "preserved_tsc");
	u->reboot_tsc = get_u64(o, "reboot_tsc");
	u->restored_tsc = get_u64(o, "restored_tsc");
	u->from_boot[0] = '\0';
	read_kernel(o, "from", u->from_kernel, sizeof(u->from_kernel),
		    u->from_boot);
	read_kernel(o, "to", u->to_kernel, sizeof(u->to_kernel), u->to_boot);
	read_phases(u, o);
	read_clients(u, o);
	return u;
}

static struct update *load(struct daemon *d, const char *path)
{
	struct json_object *o = read_object(path);
	struct update *u = o ? to_update(d, o) : NULL;

	json_object_put(o);
	return u;
}

struct update *history_load(struct daemon *d, const char *id)
{
	char dir[512], path[600];

	history_dir(d, dir);
	snprintf(path, sizeof(path), "%s/%s.json", dir, id);
	return load(d, path);
}

struct update *history_last(struct daemon *d)
{
	struct update *u = NULL;
	struct dirent **v;
	char dir[512], path[800];
	int n = list(d, &v), i;

	history_dir(d, dir);
	for (i = n; i-- > 0 && !u;) {
		snprintf(path, sizeof(path), "%s/%s", dir, v[i]->d_name);
		u = load(d, path);
	}
	if (n >= 0)
		free_list(v, n);
	return u;
}

void history_json(const struct daemon *d, struct hf_json *j)
{
	char dir[512], path[800], name[64];
	struct json_object *o;
	struct dirent **v;
	int n = list(d, &v), i;

	history_dir(d, dir);
	for (i = n; i-- > 0;) {
		if (d->update) {
			snprintf(name, sizeof(name), "%s.json", d->update->id);
			if (!strcmp(name, v[i]->d_name))
				continue;
		}
		snprintf(path, sizeof(path), "%s/%s", dir, v[i]->d_name);
		o = read_object(path);
		if (!o)
			continue;
		hf_json_raw(j, NULL, json_object_to_json_string_ext(o,
						JSON_C_TO_STRING_PLAIN));
		json_object_put(o);
	}
	if (n >= 0)
		free_list(v, n);
}

/* --- the record of intent --- */

int pending_write(struct daemon *d, struct hf_error *err)
{
	struct hf_json j;
	int ret;

	hf_json_init(&j);
	hf_json_object(&j, NULL);
	hf_json_u64(&j, "version", 1);
	hf_json_str(&j, "written_by", d->boot_id);
	update_json(&j, d->update);
	hf_json_object_end(&j);
	ret = j.buf ? write_file(d->state_dir, "pending", j.buf, err) :
		      hf_fail(err, -ENOMEM, "out of memory");
	hf_json_free(&j);
	return ret;
}

void pending_remove(struct daemon *d)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/pending.json", d->state_dir);
	if (unlink(path) && errno != ENOENT)
		log_line(LOG_ERR, NULL, "%s: %s", path, strerror(errno));
	sync_dir(d->state_dir);
}

struct update *pending_read(struct daemon *d, char boot_id[40])
{
	struct json_object *o;
	struct update *u;
	char path[600];

	snprintf(path, sizeof(path), "%s/pending.json", d->state_dir);
	o = read_object(path);
	if (!o)
		return NULL;
	copy_str(o, "written_by", boot_id, 40);
	u = to_update(d, o);
	json_object_put(o);
	return u;
}
