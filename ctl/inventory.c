/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml_doc.h"
#include "ctl/inventory.h"
#include "lib/error.h"
#include "lib/file.h"

int daisy_inventory_parse(const char *name, const char *text, size_t len,
			  struct daisy_inventory **inventory)
{
	struct daisy_inventory *inv = calloc(1, sizeof(*inv));
	struct daisy_yaml_doc doc;
	int err;

	*inventory = NULL;
	if (inv)
		inv->file = strdup(name);
	if (!inv || !inv->file) {
		free(inv);
		daisy_error_set("%s: no memory", name);
		return -ENOMEM;
	}
	err = daisy_yaml_doc_read(&doc, name, text, len);
	if (!err) {
		err = daisy_inventory_read(&doc, inv);
		daisy_yaml_doc_clean(&doc);
	}
	if (!err)
		err = daisy_inventory_check(inv);
	if (err)
		daisy_inventory_free(inv);
	else
		*inventory = inv;
	return err;
}

int daisy_inventory_load(const char *path, struct daisy_inventory **inventory)
{
	char *text;
	size_t len;
	int err = daisy_file_read(path, &text, &len);

	*inventory = NULL;
	if (err)
		return err;
	err = daisy_inventory_parse(path, text, len, inventory);
	free(text);
	return err;
}

void daisy_inventory_free(struct daisy_inventory *inventory)
{
	if (!inventory)
		return;
	for (size_t i = 0; i < inventory->n_segments; i++)
		free(inventory->segments[i].prefixes.item);
	for (size_t i = 0; i < inventory->n_boxes; i++)
		free(inventory->boxes[i].own.item);
	for (size_t i = 0; i < inventory->n_addresses; i++)
		free(inventory->addresses[i].inside.item);
	free(inventory->segments);
	free(inventory->boxes);
	free(inventory->addresses);
	free(inventory->file);
	free(inventory);
}

int daisy_inventory_refuse(const struct daisy_inventory *inventory, size_t line, const char *fmt, ...)
{
	char text[DAISY_ERROR_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	daisy_error_set("%s:%zu: %s", inventory->file, line, text);
	return -EINVAL;
}

static bool contains(const struct daisy_config_prefix *outer, const struct daisy_config_prefix *net)
{
	uint32_t mask = outer->len ? ~0u << (32 - outer->len) : 0;

	return net->len >= outer->len && (net->addr & mask) == outer->addr;
}

const struct daisy_inv_segment *daisy_inventory_segment(const struct daisy_inventory *inventory,
							const struct daisy_config_prefix *net)
{
	for (size_t i = 0; i < inventory->n_segments; i++) {
		const struct daisy_inv_prefixes *list = &inventory->segments[i].prefixes;

		for (size_t j = 0; j < list->n; j++)
			if (contains(&list->item[j].net, net))
				return &inventory->segments[i];
	}
	return NULL;
}

int daisy_inventory_ports(struct daisy_inventory *inventory,
			  int (*visit)(struct daisy_inv_port *port, void *ctx), void *ctx)
{
	int err = visit(&inventory->outside, ctx);

	for (size_t i = 0; i < inventory->n_segments && !err; i++)
		err = visit(&inventory->segments[i].port, ctx);
	for (size_t i = 0; i < inventory->n_boxes && !err; i++) {
		struct daisy_inv_box *box = &inventory->boxes[i];

		err = visit(&box->inside.port, ctx);
		if (!err && !box->one_armed)
			err = visit(&box->outside.port, ctx);
		if (!err && box->one_armed)
			box->outside.port = box->inside.port;
	}
	return err;
}
