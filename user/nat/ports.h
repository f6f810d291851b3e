/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free ports of one (slot, protocol), from userspace: the first filling, and
 * the repair of a map that was adopted. Packets claim and sweeps release bits
 * at the same time; every change is one atomic operation.
 */
#ifndef DAISY_NAT_PORTS_H
#define DAISY_NAT_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/nat.h"

/* Ports that mappings may have. A bit per port, as in struct daisy_port_map. */
struct daisy_port_set {
	__u64 leaf[1024];
	uint16_t first;		/* dynamic range, inclusive, host order */
	uint16_t last;
	uint16_t block_first;	/* where port blocks may lie, inclusive; both 0: nowhere */
	uint16_t block_last;
};

/* What daisy_ports_reconcile had to put right. */
struct daisy_port_repairs {
	uint32_t lost;		/* nobody's, yet not free: given back */
	uint32_t taken;		/* in use, yet free: taken away */
	uint32_t stuck;		/* records whose creator never finished: rolled back */
	uint32_t miscounted;	/* n_free was wrong */
};

/*
 * [first, last] and, with range preservation (RFC 4787 REQ-3a), the ports below
 * 1024, without the reserved ones. Port 0 is never in it. Blocks may lie anywhere.
 */
void daisy_port_set_fill(struct daisy_port_set *set, uint16_t first, uint16_t last,
			 bool range_preservation, const uint16_t *reserved, size_t n_reserved);

/* A map that no packet uses yet, and whose records are all FREE. */
void daisy_ports_init(struct daisy_port_map *map, const struct daisy_port_set *set);

/*
 * Make the map of an address in service agree with its records and with the
 * set: a port of the set is free exactly if its record is FREE. Free ports
 * outside of the set are taken away, and what is in use there stays until it
 * ends. `vector`: 65536 records, `stride` bytes apart. tick: now. Adds to
 * *repairs; waits for two grace periods if something looks wrong. 0 or -errno.
 */
int daisy_ports_reconcile(struct daisy_port_map *map, void *vector, size_t stride,
			  const struct daisy_port_set *set, uint32_t tick,
			  struct daisy_port_repairs *repairs);

#endif
