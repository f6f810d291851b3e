/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Table of our addresses (map `addrs`, bpf/shared/config.h), from userspace.
 * Packets read it at any moment, so every step leaves a table in which each
 * address that stays is found: an entry is one eight-byte store, and one that
 * moves stands in both places for a grace period.
 */
#ifndef DAISY_NAT_ADDRS_H
#define DAISY_NAT_ADDRS_H

#include <stddef.h>
#include <stdint.h>

#include "nat/instance.h"
#include "shared/config.h"

/* Waits until no reader of before is left; daisy_grace_wait, or a test's. */
typedef int (*daisy_grace_fn)(void);

/* `addr` everywhere: the four bytes as they stand in memory (in_addr.s_addr). */

/* The entry of an address, NULL if it has none. */
const struct daisy_addr_entry *daisy_addrs_find(const struct daisy_addr_bucket *table,
						uint32_t addr);
/* Add an address that is not there yet. -ENOSPC: its two buckets are full. */
int daisy_addrs_insert(struct daisy_addr_bucket *table, const struct daisy_addr_entry *entry);
/* Does the address let in only whom its mappings have sent to? Nothing, if it is not there. */
void daisy_addrs_filter(struct daisy_addr_bucket *table, uint32_t addr, bool filtered);
/* Remove an address. -ENOENT: it is not there. */
int daisy_addrs_remove(struct daisy_addr_bucket *table, uint32_t addr, daisy_grace_fn grace);

/*
 * The box's own addresses that an instance knows, at most `room` of them. An
 * adopted instance has those of its earlier run. Returns how many there are.
 */
size_t daisy_instance_own_list(struct daisy_instance *inst, struct in_addr *list, size_t room);

#endif
