/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inventory: what stands around the switch, and which box has which external
 * address. Written by people (daisy-ctl(8)); every part remembers its line, since
 * a rule that the switch refuses is named by it. Addresses are in host order.
 */
#ifndef DAISY_CTL_INVENTORY_H
#define DAISY_CTL_INVENTORY_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* "unix:" and the longest path of a socket, or "ssl:" with a host's name. */
#define DAISY_TARGET_MAX 127
/* Each box has rules towards every other one. */
#define DAISY_MAX_BOXES 64
#define DAISY_MAX_SEGMENTS 1024
/* Of all lists together: a switch has no room for more rules (the paper's: 80,000). */
#define DAISY_MAX_INVENTORY_PREFIXES 65536

struct daisy_inv_prefix {
	struct daisy_config_prefix net;
	size_t line;
};

struct daisy_inv_prefixes {
	struct daisy_inv_prefix *item;
	size_t n;
};

struct daisy_inv_port {
	char name[IFNAMSIZ];		/* or the number, in digits */
	uint32_t number;		/* in the switch; 0: it has not been asked */
	size_t line;
};

/* A link between a box and the switch. */
struct daisy_inv_arm {
	struct daisy_inv_port port;
	uint8_t mac[6];			/* of the box's device */
};

struct daisy_inv_box {
	char name[DAISY_NAME_MAX + 1];
	uint16_t id;			/* in cookies, from 1 */
	bool one_armed;			/* then both arms are the same */
	struct daisy_inv_arm inside, outside;
	struct daisy_inv_prefixes own;	/* addresses of the box itself, on the outside */
	size_t line;
};

/* Hosts, or a router with hosts behind it, at a port of the switch. */
struct daisy_inv_segment {
	struct daisy_inv_port port;
	struct daisy_inv_prefixes prefixes;
};

/* An external address or prefix, the box that has it, and the hosts that get it. */
struct daisy_inv_address {
	struct daisy_inv_prefix external;
	size_t box;			/* index */
	struct daisy_inv_prefixes inside;
};

struct daisy_inventory {
	char *file;			/* for error lines */
	char target[DAISY_TARGET_MAX + 1];	/* bridge or connection, for ovs-ofctl */
	size_t target_line;
	struct daisy_inv_port outside;
	struct daisy_inv_segment *segments;
	size_t n_segments;
	struct daisy_inv_box *boxes;
	size_t n_boxes;
	struct daisy_inv_address *addresses;
	size_t n_addresses;
	size_t n_prefixes;		/* of all lists */
};

/*
 * Read and check. A negative errno leaves *inventory NULL and "file:line: ..." in
 * daisy_error(). The caller frees.
 */
int daisy_inventory_load(const char *path, struct daisy_inventory **inventory);
int daisy_inventory_parse(const char *name, const char *text, size_t len,
			  struct daisy_inventory **inventory);
void daisy_inventory_free(struct daisy_inventory *inventory);

/* Set daisy_error() to "file:line: ...", and return -EINVAL. */
int daisy_inventory_refuse(const struct daisy_inventory *inventory, size_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The segment that has all of a prefix, NULL if there is none. */
const struct daisy_inv_segment *daisy_inventory_segment(const struct daisy_inventory *inventory,
							const struct daisy_config_prefix *net);

/* Call `visit` for every port of the inventory until it fails. */
int daisy_inventory_ports(struct daisy_inventory *inventory,
			  int (*visit)(struct daisy_inv_port *port, void *ctx), void *ctx);

/* inventory_read.c: the file's tree into *inventory; box names become indices. */
struct daisy_yaml_doc;
int daisy_inventory_read(struct daisy_yaml_doc *doc, struct daisy_inventory *inventory);
/* inventory_check.c: what no part alone can show. */
int daisy_inventory_check(struct daisy_inventory *inventory);

#endif
