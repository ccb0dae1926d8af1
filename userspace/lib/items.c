// SPDX-License-Identifier: LGPL-2.1-or-later
/* Descriptors under their names, see client.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

struct hf_item *hf_item_find(const struct holdfast *hf, const char *name)
{
	size_t i;

	for (i = 0; i < hf->n_item; i++)
		if (hf->item[i]->fd >= 0 && !strcmp(hf->item[i]->name, name))
			return hf->item[i];
	return NULL;
}

struct hf_item *hf_item_add(struct holdfast *hf, const char *name, int fd,
			    struct hf_error *err)
{
	struct hf_item *item = calloc(1, sizeof(*item));
	struct hf_item **v = NULL;

	if (item)
		v = realloc(hf->item, (hf->n_item + 1) * sizeof(*v));
	if (!v) {
		free(item);
		close(fd);
		hf_fail(err, -ENOMEM, "out of memory");
		return NULL;
	}
	hf->item = v;
	strncpy(item->name, name, sizeof(item->name) - 1);
	item->fd = fd;
	v[hf->n_item++] = item;
	return item;
}

static void destroy(struct hf_item *item)
{
	if (item->fd >= 0)
		close(item->fd);
	free(item);
}

/* Removes those of which @gone says so. */
static void remove_if(struct holdfast *hf,
		      bool (*gone)(const struct hf_item *item))
{
	size_t i, n = 0;

	for (i = 0; i < hf->n_item; i++)
		if (gone(hf->item[i]))
			destroy(hf->item[i]);
		else
			hf->item[n++] = hf->item[i];
	hf->n_item = n;
}

static bool is_closed(const struct hf_item *item)
{
	return item->fd < 0 && !item->claimed;
}

static bool is_claimed(const struct hf_item *item)
{
	return item->claimed;
}

void hf_item_drop(struct holdfast *hf, struct hf_item *item)
{
	close(item->fd);
	item->fd = -1;
	item->given = false;
	/* The driver may have the name of one that was claimed */
	remove_if(hf, is_closed);
}

void hf_items_unclaim(struct holdfast *hf)
{
	remove_if(hf, is_claimed);
}

void hf_items_give(struct holdfast *hf)
{
	size_t i;

	for (i = 0; i < hf->n_item; i++)
		if (hf->item[i]->claimed && hf->item[i]->fd >= 0)
			hf->item[i]->given = true;
	hf->claimed = false;
	hf->told = HOLDFAST_NEW;
}

void hf_items_free(struct holdfast *hf)
{
	size_t i;

	for (i = 0; i < hf->n_item; i++)
		destroy(hf->item[i]);
	free(hf->item);
}
