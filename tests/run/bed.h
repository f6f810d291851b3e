/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test bed: one unpinned instance whose programs run frame by frame under
 * BPF_PROG_RUN, in a network namespace of its own.
 *
 *	          device 0                          device 1
 *	zone 1    [ LINK_IN      untagged |         | untagged LINK_OUT      ]
 *	zone 1    [ LINK_IN_VLAN      100 |   NAT   | 100      LINK_OUT_VLAN ]
 *	zone 1    [ LINK_IN_QINQ  200.300 |         | 200.300  LINK_OUT_QINQ ]
 *	                                  |         |
 *	zone 2    [ LINK_IN2 (device 3)   |         | device 2, one-armed:
 *	zone 3    [ LINK_IN3 (VLAN 3)     |           LINK_BOTH, LINK_BOTH_VLAN 100,
 *	zone 4    [ LINK_IN4 (VLAN 4)     |           LINK_BOTH_QINQ 200.300,
 *	zone 5    [ LINK_IN5 (VLAN 5)     |           LINK_STICK_IN 110, LINK_STICK_OUT 210
 *
 * Every zone has 10.0.0.0/8 inside. External addresses:
 *
 *	zones 1, 2	203.0.113.10 and .11, ports 1024 to 65535
 *	zone 3		203.0.113.12, ports 1 to 65535
 *	zone 4		203.0.113.13, ports 40000 to 40007 without 40003
 *	zone 5		198.18.77.5 and 203.0.113.200, ports 1024 to 65535
 *
 * Next hops are static: the station behind a link is its next hop, and where
 * packets leave towards the outside is what bed_arm() says.
 */
#ifndef DAISY_TESTS_RUN_BED_H
#define DAISY_TESTS_RUN_BED_H

#include <stdbool.h>
#include <stdint.h>

#include "nat/instance.h"
#include "pkt.h"
#include "shared/hold.h"

enum bed_link {
	LINK_IN,		/* untagged links first, numbered as their devices */
	LINK_OUT,
	LINK_BOTH,
	LINK_IN2,
	LINK_IN_VLAN,
	LINK_IN_QINQ,
	LINK_OUT_VLAN,
	LINK_OUT_QINQ,
	LINK_BOTH_VLAN,
	LINK_BOTH_QINQ,
	LINK_STICK_IN,
	LINK_STICK_OUT,
	LINK_IN3,
	LINK_IN4,
	LINK_IN5,
	BED_N_LINKS,
};

#define BED_N_DEVICES 4
#define BED_N_SLOTS 6

#define EXT0 ADDR(203, 0, 113, 10)
#define EXT1 ADDR(203, 0, 113, 11)
#define EXT_LOW ADDR(203, 0, 113, 12)
#define EXT_TINY ADDR(203, 0, 113, 13)
#define OWN_ADDR ADDR(192, 0, 2, 1)

/* Counters by number, in the order of struct daisy_counters; 0 is none. */
enum counter {
	C_NONE,
#define X(name, help) C_##name,
	DAISY_COUNTERS(X)
#undef X
#define X(num, sym, name, help) C_drop_##sym,
	DAISY_REASONS(X)
#undef X
	C_END,
};

struct bed {
	struct daisy_instance *inst;
	enum bed_link in, out;		/* links of zone 1 and of the outside */
	int program[BED_N_DEVICES];
	int ifindex[BED_N_DEVICES];
	int egress;			/* the only link in the devmap */
	int tx_links_fd;
	struct daisy_conf conf;		/* as it was when the bed was made */
	struct daisy_link links[BED_N_LINKS];	/* the same */
	struct daisy_port_map *port_maps;	/* the same, by slot and protocol */
	struct daisy_block_map block_maps[BED_N_SLOTS];
	struct daisy_bucket *index;
	size_t index_bytes;
	__u64 *displaced;
	size_t displaced_bytes;
	union daisy_route *routes;
	union daisy_inside_route *inside_routes;
	uint16_t epoch;
	uint32_t forgotten;		/* a /25, host order, whose next hops are never remembered; 0: none */
	bool any_port;			/* records may be in use at ports that no port map has */
	bool warm;			/* the daemon lives, next hops are remembered: see bed_warm() */
	uint64_t warmed_ns;
	struct daisy_counters counted;	/* after the last frame ... */
	bool is_counted;		/* ... if nothing else has run since */
	int hold_socket;
	bool holds;			/* the socket is in the map */
};

/* What became of a frame. */
struct bed_run {
	uint32_t verdict;		/* XDP_* */
	uint32_t len;
	uint8_t frame[PKT_ROOM + 576];
	int64_t delta[C_END];		/* by enum counter */
};

/* spec may be NULL. Ends the program when something cannot be had. */
struct bed *bed_open(const struct daisy_instance_spec *spec);
void bed_close(struct bed *bed);
/* As new: no mapping, clock and settings as at the start, two-armed and untagged. */
void bed_reset(struct bed *bed);
/* Where the next hop of a mapping's host is remembered: as bpf/lib/route.h has it. */
union daisy_inside_route *bed_inside_route(struct bed *bed, const struct daisy_mapping *m);
/*
 * Where packets of before would have left everything: the tick published, the
 * bed's next hops remembered for an outside destination (host order, 0: none)
 * and for the host of a mapping (NULL: none). The packet path then takes its straight way
 * (bpf/lib/fast.h) for what is common. Nothing is done unless bed->warm.
 */
void bed_warm(struct bed *bed, uint32_t daddr, struct daisy_mapping *m, uint16_t zone);
/* Which links zone 1 and the outside stand for. */
void bed_arm(struct bed *bed, enum bed_link in, enum bed_link out);

/* The link that a zone's hosts are behind. */
enum bed_link bed_inside_link(const struct bed *bed, uint16_t zone);
const struct daisy_link *bed_link(enum bed_link link);
/* Fill in what the frame of p has from its link: on arrival, or when we send it. */
void bed_address_arriving(struct pkt *p, enum bed_link link);
void bed_address_leaving(struct pkt *p, enum bed_link link);

/* Run a frame that arrives by a link. A redirect succeeds only towards `egress`. */
void bed_run(struct bed *bed, enum bed_link link, enum bed_link egress, const uint8_t *frame,
	     uint32_t len, struct bed_run *run);

/* The same for a packet that was held: it is judged again, as of a class. */
void bed_replay(struct bed *bed, enum bed_link link, enum bed_link egress, enum daisy_hold_class class,
		const uint8_t *frame, uint32_t len, struct bed_run *run);
/* Whether packets can be held: the bed has sockets for them, which nobody reads. */
void bed_slow_path(struct bed *bed, bool on);

/* Name of a counter, and whether it is a packet's end. */
const char *bed_counter_name(enum counter c);
bool bed_counter_is_end(enum counter c);

/* Look at every connection and at every record once, as the daemon does in its time. */
void bed_sweep(struct bed *bed);
/* The operator's delete: end this mapping, whatever its timer says. */
void bed_delete(struct bed *bed, struct daisy_sweep_item item);
void bed_advance(struct bed *bed, uint32_t seconds);
/* Returns when a tick begins, after 1.07 s at most: what is counted by the tick has one to itself. */
void bed_await_tick(const struct bed *bed);

/* The number of a next hop of the bed is that of its link and one. */
#define BED_NEXTHOP(link) ((link) + 1)

#endif
