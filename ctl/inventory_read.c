/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "ctl/yaml_fields.h"
#include "ctl/inventory.h"
#include "lib/error.h"

/* Errors have their text already: hand them on. */
#define TRY(expression) \
	do { \
		int try_err = (expression); \
\
		if (try_err < 0) \
			return try_err; \
	} while (0)

/* 0, or the error with its place in front. */
static int at(struct daisy_yaml_doc *doc, int err, const yaml_node_t *node, const char *where)
{
	return err < 0 ? daisy_yaml_refuse(doc, node, where) : 0;
}

/* "WHERE.KEY", or "KEY" at the top. */
static const char *below(char path[DAISY_PATH_SIZE], const char *where, const char *key)
{
	snprintf(path, DAISY_PATH_SIZE, "%.100s%s%.20s", where, *where ? "." : "", key);
	return path;
}

/* The length of a range that is one prefix. */
static int prefix_of(const struct daisy_config_range *range, struct daisy_config_prefix *net)
{
	uint32_t size = range->last - range->first;

	net->addr = range->first;
	net->len = 32;
	while (size) {
		size >>= 1;
		net->len--;
	}
	return 0;
}

static int read_prefix(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
		       struct daisy_inv_prefix *prefix)
{
	struct daisy_config_range range;
	const char *text;

	TRY(daisy_yaml_word(doc, node, where, &text));
	prefix->line = daisy_yaml_line(node);
	if (strchr(text, '-')) {
		daisy_error_set("\"%.64s\" is not one rule in a switch, expected an address or a prefix",
				text);
		return daisy_yaml_refuse(doc, node, where);
	}
	TRY(at(doc, daisy_value_addresses(text, &range), node, where));
	return prefix_of(&range, &prefix->net);
}

static int read_prefixes(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
			 struct daisy_inventory *inv, struct daisy_inv_prefixes *list)
{
	char path[DAISY_PATH_SIZE];
	size_t n;

	TRY(daisy_yaml_list(doc, node, where, &n));
	inv->n_prefixes += n;
	if (inv->n_prefixes > DAISY_MAX_INVENTORY_PREFIXES) {
		daisy_error_set("%zu prefixes in all, expected %u at most", inv->n_prefixes,
				DAISY_MAX_INVENTORY_PREFIXES);
		return daisy_yaml_refuse(doc, node, where);
	}
	list->item = calloc(n ? n : 1, sizeof(*list->item));
	if (!list->item) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	for (; list->n < n; list->n++) {
		snprintf(path, sizeof(path), "%.100s[%zu]", where, list->n);
		TRY(read_prefix(doc, daisy_yaml_item(doc, node, list->n), path,
				&list->item[list->n]));
	}
	return 0;
}

static int read_port(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
		     struct daisy_inv_port *port)
{
	const char *text;

	port->line = daisy_yaml_line(node);
	TRY(daisy_yaml_word(doc, node, where, &text));
	return at(doc, daisy_value_device(text, port->name), node, where);
}

static int read_mac(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where, uint8_t mac[6])
{
	struct daisy_config_nexthop hop;
	const char *text;

	TRY(daisy_yaml_word(doc, node, where, &text));
	TRY(at(doc, daisy_value_nexthop(text, &hop), node, where));
	if (hop.kind != NEXTHOP_MAC) {
		daisy_error_set("\"%.64s\" is not a MAC address, expected one such as "
				"02:00:00:00:00:0a", text);
		return daisy_yaml_refuse(doc, node, where);
	}
	memcpy(mac, hop.mac, 6);
	return 0;
}

static int read_arm(struct daisy_yaml_doc *doc, yaml_node_t *port, yaml_node_t *mac,
		    const char *where, struct daisy_inv_arm *arm)
{
	char path[DAISY_PATH_SIZE];

	TRY(read_port(doc, port, below(path, where, "port"), &arm->port));
	return read_mac(doc, mac, below(path, where, "mac"), arm->mac);
}

/* { port: NAME, mac: MAC } */
static int read_arm_part(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
			 struct daisy_inv_arm *arm)
{
	struct daisy_yaml_field fields[] = { { "port", true, NULL }, { "mac", true, NULL } };

	TRY(daisy_yaml_fields(doc, node, where, fields, 2));
	return read_arm(doc, fields[0].node, fields[1].node, where, arm);
}

enum { BOX_NAME, BOX_ID, BOX_PORT, BOX_MAC, BOX_INSIDE, BOX_OUTSIDE, BOX_OWN, BOX_FIELDS };

/* One arm (port, mac), or two (inside, outside). */
static int read_arms(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
		     const struct daisy_yaml_field *fields, struct daisy_inv_box *box)
{
	char path[DAISY_PATH_SIZE];
	bool one = fields[BOX_PORT].node || fields[BOX_MAC].node;
	bool two = fields[BOX_INSIDE].node || fields[BOX_OUTSIDE].node;

	if (one == two || (one && (!fields[BOX_PORT].node || !fields[BOX_MAC].node)) ||
	    (two && (!fields[BOX_INSIDE].node || !fields[BOX_OUTSIDE].node))) {
		daisy_error_set("box \"%s\" has no whole link, expected port and mac, or inside and "
				"outside with a port and mac each", box->name);
		return daisy_yaml_refuse(doc, node, where);
	}
	box->one_armed = one;
	if (one) {
		TRY(read_arm(doc, fields[BOX_PORT].node, fields[BOX_MAC].node, where, &box->inside));
		box->outside = box->inside;
		return 0;
	}
	TRY(read_arm_part(doc, fields[BOX_INSIDE].node, below(path, where, "inside"), &box->inside));
	return read_arm_part(doc, fields[BOX_OUTSIDE].node, below(path, where, "outside"),
			     &box->outside);
}

static int read_box(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
		    struct daisy_inventory *inv, struct daisy_inv_box *box)
{
	struct daisy_yaml_field fields[BOX_FIELDS] = {
		[BOX_NAME] = { "name", true, NULL }, [BOX_ID] = { "id", true, NULL },
		[BOX_PORT] = { "port", false, NULL }, [BOX_MAC] = { "mac", false, NULL },
		[BOX_INSIDE] = { "inside", false, NULL }, [BOX_OUTSIDE] = { "outside", false, NULL },
		[BOX_OWN] = { "addresses", false, NULL },
	};
	char path[DAISY_PATH_SIZE];
	const char *text;
	uint32_t id;

	TRY(daisy_yaml_fields(doc, node, where, fields, BOX_FIELDS));
	box->line = daisy_yaml_line(node);
	TRY(daisy_yaml_word(doc, fields[BOX_NAME].node, below(path, where, "name"), &text));
	TRY(at(doc, daisy_value_name(text, box->name), fields[BOX_NAME].node, path));
	TRY(daisy_yaml_word(doc, fields[BOX_ID].node, below(path, where, "id"), &text));
	TRY(at(doc, daisy_value_number(text, 1, UINT16_MAX, "the id of a box", &id),
	       fields[BOX_ID].node, path));
	box->id = (uint16_t)id;
	TRY(read_arms(doc, node, where, fields, box));
	return fields[BOX_OWN].node ?
		read_prefixes(doc, fields[BOX_OWN].node, below(path, where, "addresses"), inv,
			      &box->own) : 0;
}

static int find_box(const struct daisy_inventory *inv, const char *name, size_t *box)
{
	char names[256] = "";
	size_t len = 0;

	for (*box = 0; *box < inv->n_boxes; (*box)++) {
		const char *other = inv->boxes[*box].name;

		if (!strcmp(other, name))
			return 0;
		if (len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
						len ? ", " : "", other);
	}
	daisy_error_set("no box \"%.64s\", expected one of: %s", name, names);
	return -EINVAL;
}

static int read_address(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
			struct daisy_inventory *inv, struct daisy_inv_address *address)
{
	struct daisy_yaml_field fields[] = {
		{ "external", true, NULL }, { "box", false, NULL }, { "inside", false, NULL },
	};
	char path[DAISY_PATH_SIZE];
	const char *text;

	TRY(daisy_yaml_fields(doc, node, where, fields, 3));
	TRY(read_prefix(doc, fields[0].node, below(path, where, "external"), &address->external));
	inv->n_prefixes++;
	/* Without a name the first box: one starts with one box (paper, section 3). */
	address->box = 0;
	if (fields[1].node) {
		TRY(daisy_yaml_word(doc, fields[1].node, below(path, where, "box"), &text));
		TRY(at(doc, find_box(inv, text, &address->box), fields[1].node, path));
	}
	return fields[2].node ?
		read_prefixes(doc, fields[2].node, below(path, where, "inside"), inv,
			      &address->inside) : 0;
}

static int read_segment(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
			struct daisy_inventory *inv, struct daisy_inv_segment *segment)
{
	struct daisy_yaml_field fields[] = { { "port", true, NULL }, { "prefixes", true, NULL } };
	char path[DAISY_PATH_SIZE];

	TRY(daisy_yaml_fields(doc, node, where, fields, 2));
	TRY(read_port(doc, fields[0].node, below(path, where, "port"), &segment->port));
	return read_prefixes(doc, fields[1].node, below(path, where, "prefixes"), inv,
			     &segment->prefixes);
}

/* A list of the top: at least one item, at most `max`; *items gets room for them. */
static int begin_list(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *key, size_t max,
		      size_t size, size_t *n, void *items)
{
	void *room;

	TRY(daisy_yaml_list(doc, node, key, n));
	if (!*n || *n > max) {
		daisy_error_set("%zu items, expected 1 to %zu", *n, max);
		return daisy_yaml_refuse(doc, node, key);
	}
	room = calloc(*n, size);
	if (!room) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	memcpy(items, &room, sizeof(room));
	return 0;
}

/* One such function for each list of the top. */
#define READ_LIST(name, key, type, member, max, read_item) \
static int name(struct daisy_yaml_doc *doc, yaml_node_t *node, struct daisy_inventory *inv) \
{ \
	char path[DAISY_PATH_SIZE]; \
	size_t n; \
\
	TRY(begin_list(doc, node, key, max, sizeof(struct type), &n, &inv->member)); \
	while (inv->n_##member < n) { \
		size_t i = inv->n_##member++; \
\
		snprintf(path, sizeof(path), key "[%zu]", i); \
		TRY(read_item(doc, daisy_yaml_item(doc, node, i), path, inv, &inv->member[i])); \
	} \
	return 0; \
}

READ_LIST(read_segments, "inside", daisy_inv_segment, segments, (size_t)DAISY_MAX_SEGMENTS, read_segment)
READ_LIST(read_boxes, "boxes", daisy_inv_box, boxes, (size_t)DAISY_MAX_BOXES, read_box)
READ_LIST(read_addresses, "addresses", daisy_inv_address, addresses,
	  (size_t)DAISY_MAX_INVENTORY_PREFIXES, read_address)

/*
 * A bridge of this host, or "unix:PATH", "tcp:HOST[:PORT]", "ssl:HOST[:PORT]". It becomes an
 * argument of ovs-ofctl: nothing that could be an option or something else's syntax.
 */
static int read_target(struct daisy_yaml_doc *doc, yaml_node_t *node, struct daisy_inventory *inv)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._-:/[]";
	const char *text;
	size_t len;

	inv->target_line = daisy_yaml_line(node);
	TRY(daisy_yaml_word(doc, node, "switch", &text));
	len = strlen(text);
	if (!len || len > DAISY_TARGET_MAX || strspn(text, usual) != len || *text == '-' ||
	    (strpbrk(text, ":/[]") && strncmp(text, "unix:/", 6) && strncmp(text, "tcp:", 4) &&
	     strncmp(text, "ssl:", 4))) {
		daisy_error_set("\"%.64s\" is not a switch, expected the name of a bridge, "
				"unix:/PATH, tcp:HOST:PORT or ssl:HOST:PORT", text);
		return daisy_yaml_refuse(doc, node, "switch");
	}
	memcpy(inv->target, text, len + 1);
	return 0;
}

int daisy_inventory_read(struct daisy_yaml_doc *doc, struct daisy_inventory *inv)
{
	struct daisy_yaml_field fields[] = {
		{ "switch", true, NULL }, { "inside", true, NULL }, { "outside", true, NULL },
		{ "boxes", true, NULL }, { "addresses", true, NULL },
	};
	struct daisy_yaml_field outside[] = { { "port", true, NULL } };

	TRY(daisy_yaml_fields(doc, daisy_yaml_doc_node(doc, ""), "", fields, 5));
	TRY(read_target(doc, fields[0].node, inv));
	TRY(read_segments(doc, fields[1].node, inv));
	TRY(daisy_yaml_fields(doc, fields[2].node, "outside", outside, 1));
	TRY(read_port(doc, outside[0].node, "outside.port", &inv->outside));
	TRY(read_boxes(doc, fields[3].node, inv));
	return read_addresses(doc, fields[4].node, inv);
}
