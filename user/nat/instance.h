/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A NAT instance: its maps, its programs, and what they are told.
 *
 * The daemon, the packet tests and the benchmark all build the datapath through
 * this interface, so what is tested and measured is what is shipped. Nothing
 * here attaches to a device (user/nat/attach.h) or listens to the kernel
 * (user/nat/route.h). Addresses are struct in_addr (network order) unless a
 * comment says otherwise; ports are host order; ranges are inclusive. Functions
 * return 0 or a negative errno, and then daisy_error() holds one line for people.
 */
#ifndef DAISY_NAT_INSTANCE_H
#define DAISY_NAT_INSTANCE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/config.h"
#include "shared/counters.h"
#include "shared/hold.h"
#include "shared/nat.h"

struct daisy_instance;

/* Sizes and settings fixed at creation; 0 means the default. Times in seconds. */
struct daisy_instance_spec {
	const char *name;		/* [a-z0-9-]{1,32} */
	const char *bpffs;		/* e.g. /sys/fs/bpf; NULL: nothing is pinned */
	uint32_t max_slots;		/* external addresses; default 64, rounded up to a power of two */
	uint32_t max_mappings;		/* default 65536 per slot */
	uint32_t max_subscribers;	/* default 65536 */
	uint32_t max_conns;		/* TCP connections beyond the two in each record; default 65536 */
	uint32_t max_permissions;	/* remote addresses that filtered mappings hear from; default 65536 */
	uint32_t timer_s[DAISY_N_TIMERS];	/* 0: the default of DAISY_TIMERS; hold-down 0 s: UINT32_MAX */
	uint32_t options;		/* DAISY_OPT_* */
	uint32_t icmp_rate;		/* default 100 per second and CPU */
	uint64_t hash_key[4];		/* all zero: random (tests fix it) */
};

/* What daisy_instance_open found. */
enum daisy_opened {
	DAISY_OPENED_NEW,		/* fresh maps */
	DAISY_OPENED_ADOPTED,		/* pinned maps of an earlier run, with their mappings */
};

/*
 * Create the maps, or adopt the pinned ones of this name, and load the sweep
 * programs. -EEXIST: pinned by another map format, -EINVAL: pinned with other
 * sizes; nothing is changed then.
 */
int daisy_instance_open(const struct daisy_instance_spec *spec, struct daisy_instance **inst,
			enum daisy_opened *opened);
/* Close the file descriptors. Pins and attached programs stay. NULL is fine. */
void daisy_instance_close(struct daisy_instance *inst);
/* Remove the pins of a name: its mappings are gone. -ENOENT if there are none. */
int daisy_instance_purge(const char *bpffs, const char *name);

/* Last error of this thread, one line without a newline. */
const char *daisy_error(void);

/* Mapped settings and tables: read and written in place. */
struct daisy_conf *daisy_instance_conf(struct daisy_instance *inst);
struct daisy_link *daisy_instance_links(struct daisy_instance *inst);		/* [DAISY_MAX_LINKS] */
struct daisy_nexthop *daisy_instance_nexthops(struct daisy_instance *inst);	/* [DAISY_MAX_NEXTHOPS] */
struct daisy_hold_ring *daisy_instance_hold_rings(struct daisy_instance *inst);	/* [DAISY_HOLD_SOCKETS] */
const struct daisy_slot *daisy_instance_slots(struct daisy_instance *inst);	/* [max_slots] */
uint32_t daisy_instance_max_slots(const struct daisy_instance *inst);
struct daisy_port_map *daisy_instance_port_map(struct daisy_instance *inst, uint32_t slot,
					       enum daisy_proto proto);
/* Port blocks of a slot. */
struct daisy_block_map *daisy_instance_block_map(struct daisy_instance *inst, uint32_t slot);
/* Policies of the pools, by the number that addresses are added with: what 0 says is no policy. */
struct daisy_pool *daisy_instance_pools(struct daisy_instance *inst);	/* [DAISY_MAX_POOLS] */
/*
 * Records of one vector, 65536 of them, `*stride` bytes apart (24 or, TCP, 64).
 * NULL if it is not installed.
 */
void *daisy_instance_vector(struct daisy_instance *inst, uint32_t slot, enum daisy_proto proto,
			    size_t *stride);
/* Inbound words of a slot, by external UDP port [DAISY_VECTOR_SIZE]: bpf/lib/inbound.h. */
union daisy_inbound *daisy_instance_inbound(struct daisy_instance *inst, uint32_t slot);
/* File descriptor of a map by its name in bpf/maps.h, -ENOENT if there is none. */
int daisy_instance_map_fd(const struct daisy_instance *inst, const char *name);

/*
 * Give the instance an external address with a range of dynamic ports, minus
 * reserved ones (`n_reserved` of them). The vectors of all three protocols are
 * installed. An adopted address keeps its mappings. The pool's policy says where
 * port blocks may lie, if it is deterministic. Returns the slot.
 * -EEXIST: it is there already with another pool, -ENOSPC: no slot.
 */
int daisy_instance_address_add(struct daisy_instance *inst, struct in_addr addr, uint8_t pool,
			       uint16_t first, uint16_t last, const uint16_t *reserved,
			       size_t n_reserved);
/*
 * The same for n addresses at once, far faster than one by one. slots[i] becomes
 * the slot of addrs[i]; slots may be NULL. On an error some may be there.
 */
int daisy_instance_addresses_add(struct daisy_instance *inst, const struct in_addr *addrs, size_t n,
				 uint8_t pool, uint16_t first, uint16_t last,
				 const uint16_t *reserved, size_t n_reserved, uint32_t *slots);
/* SLOT_DRAINING or SLOT_ACTIVE. */
int daisy_instance_address_state(struct daisy_instance *inst, uint32_t slot, enum daisy_slot_state state);
/*
 * Address-dependent filtering of an address, or not. Its mappings let in whom they have sent to
 * since.
 */
int daisy_instance_address_filter(struct daisy_instance *inst, uint32_t slot, bool filtered);
/* Take an address away with all its mappings. */
int daisy_instance_address_del(struct daisy_instance *inst, struct in_addr addr);
/*
 * An address on its way between boxes (SLOT_STOPPED). At the source: stop translating
 * it; note that it is no longer ours (SLOT_LEFT); or go on, whatever was noted. The caller
 * sees to it that the slot has an address. A start that finds it stopped, and not left, goes on.
 */
int daisy_instance_address_stop(struct daisy_instance *inst, uint32_t slot);
void daisy_instance_address_leave(struct daisy_instance *inst, uint32_t slot);
void daisy_instance_address_resume(struct daisy_instance *inst, uint32_t slot);
/*
 * At the target: a slot that nobody finds, as daisy_instance_address_add (SLOT_ARRIVING); put it
 * in service; or forget it, as a start does that finds it.
 */
int daisy_instance_arrival_open(struct daisy_instance *inst, struct in_addr addr, uint8_t pool,
				uint16_t first, uint16_t last, const uint16_t *reserved,
				size_t n_reserved);
int daisy_instance_arrival_accept(struct daisy_instance *inst, uint32_t slot);
int daisy_instance_arrival_drop(struct daisy_instance *inst, uint32_t slot);
/* Slots that new subscribers of a zone are spread over. */
int daisy_instance_zone_set(struct daisy_instance *inst, uint16_t zone, const uint32_t *slots, size_t n);
/* Addresses of the box itself: packets to them pass to the kernel. */
int daisy_instance_own_add(struct daisy_instance *inst, struct in_addr addr);
int daisy_instance_own_del(struct daisy_instance *inst, struct in_addr addr);
int daisy_instance_prefix_add(struct daisy_instance *inst, uint16_t zone, struct in_addr addr,
			      unsigned int len, uint32_t link);
int daisy_instance_prefix_del(struct daisy_instance *inst, uint16_t zone, struct in_addr addr,
			      unsigned int len);

/* Timers, for the mappings that are there, too. 0 is 0, unlike in struct daisy_instance_spec. */
void daisy_instance_timers_set(struct daisy_instance *inst, const uint32_t seconds[DAISY_N_TIMERS]);
/* DAISY_OPT_*, also for the addresses that are there. */
void daisy_instance_options_set(struct daisy_instance *inst, uint32_t options);
/* The no-translate rules, all at once. -ENOSPC: more than DAISY_MAX_RULES. */
int daisy_instance_rules_set(struct daisy_instance *inst, const struct daisy_rule *rules, size_t n);

/*
 * Tell the packet path about link `number` (its fields as in struct
 * daisy_link; `device` names the untagged link of the same device, itself if
 * untagged). tx_ifindex 0 leaves the devmap alone (packet tests).
 */
int daisy_instance_link_set(struct daisy_instance *inst, uint32_t number, const struct daisy_link *link);
int daisy_instance_link_del(struct daisy_instance *inst, uint32_t number);
/* Load the packet program for a device; returns a program fd that the caller closes. */
int daisy_instance_program_load(struct daisy_instance *inst, uint32_t device_link);

/*
 * Next hop `number` (1 .. DAISY_MAX_NEXTHOPS - 1) and its entry in
 * `neighbours` (when nh->ifindex is set). state NEXTHOP_NONE removes.
 * Does not raise the epoch.
 */
int daisy_instance_nexthop_set(struct daisy_instance *inst, uint32_t number, const struct daisy_nexthop *nh);
/* Forget every remembered next hop: a route or a neighbour changed. */
void daisy_instance_nexthops_changed(struct daisy_instance *inst);

/* Set of counters, summed over the CPUs. */
int daisy_instance_counters(const struct daisy_instance *inst, struct daisy_counters *sum);

/* Current tick of the daisy clock, as the packet path sees it. */
uint32_t daisy_instance_tick(const struct daisy_instance *inst);
/* Move the clock forward by seconds (tests). */
void daisy_instance_clock_advance(struct daisy_instance *inst, uint32_t seconds);

/* Kernel memory of all maps in bytes, from their memlock; `per_address` of one slot's own maps. */
int daisy_instance_memory(const struct daisy_instance *inst, uint64_t *total, uint64_t *per_address);

/* Run a batch through the sweep programs; the header's counts come back in it. */
int daisy_instance_sweep_batch(struct daisy_instance *inst, struct daisy_sweep_header *header,
			       const struct daisy_sweep_item *items);
int daisy_instance_sweep_blocks_batch(struct daisy_instance *inst, struct daisy_sweep_header *header,
				      const struct daisy_block_item *items);
/* `expired`: forwards made; `freed`: the enum daisy_reason why the next one was not. */
int daisy_instance_sweep_forwards_batch(struct daisy_instance *inst, struct daisy_sweep_header *header,
					const struct daisy_forward_item *items);
int daisy_instance_sweep_conns_batch(struct daisy_instance *inst, struct daisy_sweep_header *header,
				     const struct daisy_conn_item *items);

#endif
