/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test bed: an instance with three devices, run frame by frame with
 * BPF_PROG_RUN in a network namespace of its own.
 *
 *	inside hosts, zone 0 -- [ link 1           | NAT | link 2 ] ----------- outside
 *	inside hosts, zone 1 -- [ link 4, VLAN 100 |     | link 5, VLAN 200.300 ] outside
 *	                        [      link 3, one-armed          ]
 *
 * Outbound packets leave by the host's default route on link 2, so that the
 * remembered next hops are in play, unless a test sets conf.static_nexthop
 * (next hops have the numbers of their links). Towards the inside next hops are
 * static. External addresses are 198.51.100.1 and on, for both zones. Nothing
 * is pinned.
 */
#ifndef DAISY_TESTS_BED_H
#define DAISY_TESTS_BED_H

#include <stdbool.h>
#include <stdint.h>

#include "nat/instance.h"

enum bed_link {
	BED_INSIDE = 1,
	BED_OUTSIDE,
	BED_BOTH,
	BED_TAGGED,		/* on the device of BED_INSIDE */
	BED_STACKED,		/* on the device of BED_OUTSIDE */
	BED_N_LINKS,
};

#define BED_EXTERNAL 0xc6336401u	/* 198.51.100.1 */
#define BED_OWN 0xc0000201u		/* 192.0.2.1, the box itself */
#define BED_MAX_FRAME 3520		/* BPF_PROG_RUN: a page less head- and tailroom */

struct bed_spec {
	struct daisy_instance_spec instance;	/* name and bpffs are set by bed_open */
	uint32_t n_addresses;
	uint16_t first, last;		/* dynamic ports; 0, 0: 1024 to 65535 */
	uint32_t prefix;		/* inside prefix, host order */
	unsigned int prefix_len;
	uint16_t mtu;			/* of every link; 0: 1500 */
};

struct bed {
	struct daisy_instance *inst;
	uint32_t n_addresses;
	uint16_t mtu;
	int prog[BED_N_LINKS];		/* that of its device */
	int counters_fd;
	int n_cpus;
	struct daisy_counters *per_cpu;	/* room for one look-up of the counters */
	struct daisy_counters before;	/* the counters after the last frame */
};

/* Counters by position in struct daisy_counters. */
#define BED_COUNTER(name) (offsetof(struct daisy_counters, name) / sizeof(uint64_t))
#define BED_N_COUNTERS (sizeof(struct daisy_counters) / sizeof(uint64_t))

/* What became of a frame. */
struct bed_result {
	uint32_t action;	/* XDP_* */
	uint32_t len;
	int n_ends;		/* how many counters marked (end) or drop reasons went up, in all */
	unsigned int end;	/* the last of them */
	uint8_t out[4096];
};

/* MAC addresses: of a link of ours (its device's), and of the station behind it. */
void bed_mac(uint8_t mac[6], enum bed_link link);
void bed_peer_mac(uint8_t mac[6], enum bed_link link);
/* VLAN ids of a link's frames, outermost first; returns how many. */
int bed_tags(uint16_t tag[2], enum bed_link link);

/*
 * Enters a new network namespace, makes the instance and loads its programs.
 * Ends the program with a failed test if it cannot.
 */
void bed_open(struct bed *bed, const struct bed_spec *spec);
void bed_close(struct bed *bed);

/* Run one frame as if it came in by the link. */
void bed_run(struct bed *bed, enum bed_link link, const uint8_t *frame, uint32_t len,
	     struct bed_result *r);
/*
 * The same without the counters, for several threads at a time. `out` (4096
 * bytes) may be NULL. Returns the XDP action.
 */
uint32_t bed_run_raw(const struct bed *bed, enum bed_link link, const uint8_t *frame, uint32_t len,
		     uint8_t *out, uint32_t *out_len);

const char *bed_counter_name(unsigned int i);
bool bed_counter_is_end(unsigned int i);		/* an end, or a drop reason */
bool bed_counter_is_drop(unsigned int i);
/* Value of one counter, summed over the CPUs, as of now. */
uint64_t bed_counter(struct bed *bed, unsigned int i);

/* Slot of an external address (host order), or -1. */
int bed_slot(const struct bed *bed, uint32_t addr);
/* Record of a mapping. Its first member is a struct daisy_mapping, TCP or not. */
struct daisy_mapping *bed_record(const struct bed *bed, uint32_t slot, enum daisy_proto proto,
				 uint16_t port);
/* Let time pass, the daemon being alive meanwhile. */
void bed_advance(struct bed *bed, uint32_t seconds);
/* The sweep looks at one record, as it is: no more than its timers allow. */
void bed_sweep_one(struct bed *bed, uint32_t slot, enum daisy_proto proto, uint16_t port);
/* Look at every record of every vector once: what the daemon's sweep does in its time. */
struct bed_swept {
	uint64_t expired, freed, conns;
};
void bed_sweep(struct bed *bed, struct bed_swept *total);

#endif
