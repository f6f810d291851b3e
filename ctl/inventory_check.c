/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no part of an inventory can show alone: each name, id, port, MAC and address
 * once, and an external address for every inside host.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "ctl/inventory.h"
#include "lib/error.h"

/* A prefix with whose it is. */
struct claim {
	uint32_t first, last;
	size_t line;
	const char *whose;	/* "of box", "outside", ... */
	const char *box;	/* its name, "" */
	char text[DAISY_VALUE_SIZE];
};

struct claims {
	struct claim *item;
	size_t n;
};

static void claim(struct claims *claims, const struct daisy_inv_prefix *prefix, const char *whose,
		  const char *box)
{
	struct claim *c = &claims->item[claims->n++];
	uint32_t hosts = prefix->net.len < 32 ? ~0u >> prefix->net.len : 0;

	c->first = prefix->net.addr;
	c->last = prefix->net.addr | hosts;
	c->line = prefix->line;
	c->whose = whose;
	c->box = box;
	if (hosts)
		daisy_value_format_prefix(&prefix->net, c->text);
	else
		daisy_value_format_address(prefix->net.addr, c->text);
}

static int by_address(const void *a, const void *b)
{
	const struct claim *one = a, *two = b;

	if (one->first != two->first)
		return one->first < two->first ? -1 : 1;
	if (one->last != two->last)
		return one->last > two->last ? -1 : 1;
	return one->line < two->line ? -1 : one->line > two->line;
}

/* Sort, and refuse the first two that overlap: prefixes are nested or apart. */
static int check_apart(const struct daisy_inventory *inv, struct claims *claims)
{
	qsort(claims->item, claims->n, sizeof(*claims->item), by_address);
	for (size_t i = 1; i < claims->n; i++) {
		const struct claim *a = &claims->item[i - 1], *b = &claims->item[i];
		const struct claim *later = a->line > b->line ? a : b, *earlier = later == a ? b : a;

		if (b->first > a->last)
			continue;
		return daisy_inventory_refuse(inv, later->line,
			"%s %s%s%s overlaps with %s %s%s%s in line %zu, expected each address once",
			later->text, later->whose, *later->box ? " " : "", later->box, earlier->text,
			earlier->whose, *earlier->box ? " " : "", earlier->box, earlier->line);
	}
	return 0;
}

/* All prefixes that stand for addresses on the wire; slices of them come apart. */
static int check_addresses(const struct daisy_inventory *inv, struct claims *claims)
{
	claims->n = 0;
	for (size_t i = 0; i < inv->n_segments; i++)
		for (size_t j = 0; j < inv->segments[i].prefixes.n; j++)
			claim(claims, &inv->segments[i].prefixes.item[j], "of the inside", "");
	for (size_t i = 0; i < inv->n_boxes; i++)
		for (size_t j = 0; j < inv->boxes[i].own.n; j++)
			claim(claims, &inv->boxes[i].own.item[j], "of the host of box",
			      inv->boxes[i].name);
	for (size_t i = 0; i < inv->n_addresses; i++)
		claim(claims, &inv->addresses[i].external, "of box",
		      inv->boxes[inv->addresses[i].box].name);
	return check_apart(inv, claims);
}

static int check_slice(const struct daisy_inventory *inv, const struct daisy_inv_prefix *slice)
{
	char text[DAISY_VALUE_SIZE];

	if (daisy_inventory_segment(inv, &slice->net))
		return 0;
	daisy_value_format_prefix(&slice->net, text);
	return daisy_inventory_refuse(inv, slice->line, "%s is not inside, expected a part of one of "
				      "the prefixes under \"inside\"", text);
}

static int refuse_gap(const struct daisy_inventory *inv, const struct daisy_inv_prefix *prefix,
		      uint32_t first, uint32_t last)
{
	struct daisy_config_range gap = { first, last };
	char text[DAISY_VALUE_SIZE];

	daisy_value_format_addresses(&gap, text);
	return daisy_inventory_refuse(inv, prefix->line, "%s has no external address, expected it under "
				      "\"inside\" of one of \"addresses\"", text);
}

/* Index of the first slice that does not end before an address; slices are sorted and apart. */
static size_t slice_at(const struct claims *slices, uint32_t addr)
{
	size_t low = 0, high = slices->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slices->item[middle].last < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A host that no slice has would be dropped by the switch without a word. */
static int check_covered(const struct daisy_inventory *inv, const struct daisy_inv_prefix *prefix,
			 const struct claims *slices)
{
	uint32_t addr = prefix->net.addr;
	uint32_t last = addr | (prefix->net.len < 32 ? ~0u >> prefix->net.len : 0);

	for (size_t i = slice_at(slices, addr);; i++) {
		const struct claim *slice = i < slices->n ? &slices->item[i] : NULL;

		if (!slice || slice->first > last)
			return refuse_gap(inv, prefix, addr, last);
		if (slice->first > addr)
			return refuse_gap(inv, prefix, addr, slice->first - 1);
		if (slice->last >= last)
			return 0;
		addr = slice->last + 1;
	}
}

static int check_slices(const struct daisy_inventory *inv, struct claims *slices)
{
	int err = 0;

	slices->n = 0;
	for (size_t i = 0; i < inv->n_addresses && !err; i++) {
		const struct daisy_inv_prefixes *list = &inv->addresses[i].inside;

		for (size_t j = 0; j < list->n && !err; j++) {
			err = check_slice(inv, &list->item[j]);
			claim(slices, &list->item[j], "of box",
			      inv->boxes[inv->addresses[i].box].name);
		}
	}
	if (!err)
		err = check_apart(inv, slices);
	for (size_t i = 0; i < inv->n_segments && !err; i++)
		for (size_t j = 0; j < inv->segments[i].prefixes.n && !err; j++)
			err = check_covered(inv, &inv->segments[i].prefixes.item[j], slices);
	return err;
}

static bool same_mac(const struct daisy_inv_arm *a, const struct daisy_inv_arm *b)
{
	return !memcmp(a->mac, b->mac, sizeof(a->mac));
}

static int refuse_mac(const struct daisy_inventory *inv, const struct daisy_inv_box *box,
		      const struct daisy_inv_box *other)
{
	return daisy_inventory_refuse(inv, box->line, "box \"%s\" has a MAC address that box \"%s\" in "
				      "line %zu has already, expected another for each link", box->name,
				      other->name, other->line);
}

static int check_boxes(const struct daisy_inventory *inv)
{
	for (size_t i = 0; i < inv->n_boxes; i++) {
		const struct daisy_inv_box *box = &inv->boxes[i];

		if (!box->one_armed && same_mac(&box->inside, &box->outside))
			return refuse_mac(inv, box, box);
		for (size_t j = 0; j < i; j++) {
			const struct daisy_inv_box *other = &inv->boxes[j];

			if (!strcmp(box->name, other->name))
				return daisy_inventory_refuse(inv, box->line,
					"box \"%s\" is there already, in line %zu, expected each once",
					box->name, other->line);
			if (box->id == other->id)
				return daisy_inventory_refuse(inv, box->line,
					"box \"%s\" has the id %u of box \"%s\" in line %zu, expected "
					"another", box->name, box->id, other->name, other->line);
			if (same_mac(&box->inside, &other->inside) ||
			    same_mac(&box->inside, &other->outside) ||
			    same_mac(&box->outside, &other->inside) ||
			    same_mac(&box->outside, &other->outside))
				return refuse_mac(inv, box, other);
		}
	}
	return 0;
}

/* Ports seen so far. */
struct seen {
	const struct daisy_inventory *inv;
	const struct daisy_inv_port *port[2 * DAISY_MAX_BOXES + DAISY_MAX_SEGMENTS + 1];
	size_t n;
};

static int check_port(struct daisy_inv_port *port, void *ctx)
{
	struct seen *seen = ctx;

	for (size_t i = 0; i < seen->n; i++)
		if (!strcmp(seen->port[i]->name, port->name))
			return daisy_inventory_refuse(seen->inv, port->line,
				"port \"%s\" is in use in line %zu, expected another", port->name,
				seen->port[i]->line);
	seen->port[seen->n++] = port;
	return 0;
}

int daisy_inventory_check(struct daisy_inventory *inv)
{
	struct claims claims = { calloc(inv->n_prefixes ? inv->n_prefixes : 1, sizeof(struct claim)), 0 };
	struct seen seen = { .inv = inv };
	int err;

	if (!claims.item) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	err = check_boxes(inv);
	if (!err)
		err = daisy_inventory_ports(inv, check_port, &seen);
	if (!err)
		err = check_addresses(inv, &claims);
	if (!err)
		err = check_slices(inv, &claims);
	free(claims.item);
	return err;
}
