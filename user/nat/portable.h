/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of an external address apart from the layout of the maps: what goes
 * from box to box. Addresses are bytes in network order, ports are in host order,
 * times are milliseconds; `remaining` is what is left of the timer of its kind.
 */
#ifndef DAISY_NAT_PORTABLE_H
#define DAISY_NAT_PORTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "nat/instance.h"

enum daisy_portable_kind {
	PORTABLE_SUBSCRIBER,	/* paired with the address: inside.addr, zone, age_ms of its last change */
	PORTABLE_MAPPING,	/* dynamic; what its timers say follows in its connections if it is TCP */
	PORTABLE_CONN,		/* of the TCP mapping at `port` */
	PORTABLE_REST,		/* a port in hold-down */
	PORTABLE_PERMISSION,	/* of the mapping at `port`: may hear from `remote` */
	PORTABLE_N_KINDS,
};

/* daisy_portable.flags of a mapping */
#define PORTABLE_UNTRACKED 1	/* TCP: had connections that found no room */
#define PORTABLE_IDLED 2	/* TCP: one of its connections ended by silence */

struct daisy_portable {
	uint8_t kind;		/* enum daisy_portable_kind */
	uint8_t proto;		/* enum daisy_proto */
	uint8_t flags;
	uint16_t port;		/* external */
	uint8_t addr[4];	/* inside */
	uint16_t inside_port;
	uint16_t zone;
	uint32_t age_ms;
	uint32_t remaining_ms;
	/* of a connection or permission */
	uint8_t remote[4];
	uint16_t remote_port;
	uint8_t conn_state;	/* enum daisy_conn_state, OPENING to RESET */
	uint8_t conn_flags;	/* CONN_SYN_OUT to CONN_ANSWERED */
	uint32_t lag_ms;	/* from the last outbound packet to the last change of class */
};

/* What an address has. */
struct daisy_portable_counts {
	uint32_t subscribers;
	uint32_t mappings;
	uint32_t conns;
	uint32_t rests;
	uint32_t permissions;
};

/* Count an item. */
void daisy_portable_count(struct daisy_portable_counts *counts, const struct daisy_portable *item);

/*
 * The state of a stopped address, item by item: subscribers; mappings, each before
 * up to two of its connections, and ports at rest; other connections; permissions.
 */
struct daisy_export;
int daisy_export_open(struct daisy_export **export, struct daisy_instance *inst, uint32_t slot);
void daisy_export_close(struct daisy_export *export);
/* False at the end. */
bool daisy_export_next(struct daisy_export *export, struct daisy_portable *item);
/* Is the last item whole, and not one whose connections are still to come? */
bool daisy_export_is_between(const struct daisy_export *export);
/* What has been exported so far. */
const struct daisy_portable_counts *daisy_export_counts(const struct daisy_export *export);
/* Mappings (not forwards) and subscribers of an address in service, for an offer. */
int daisy_export_count(struct daisy_instance *inst, uint32_t slot, uint32_t *mappings,
		       uint32_t *subscribers);

/*
 * The same items into an arriving address, in that order; at the end
 * daisy_import_publish, which makes mappings of the last ones.
 */
struct daisy_import;
int daisy_import_open(struct daisy_import **import, struct daisy_instance *inst, uint32_t slot);
void daisy_import_close(struct daisy_import *import);
/* -EINVAL: nonsense, -EEXIST: the port is taken, -ENOENT: no such host here, -ENOSPC: a table is full. */
int daisy_import_item(struct daisy_import *import, const struct daisy_portable *item);
int daisy_import_publish(struct daisy_import *import);
/* What has been taken; mappings whose endpoint has one here already are not. */
const struct daisy_portable_counts *daisy_import_counts(const struct daisy_import *import);

#endif
