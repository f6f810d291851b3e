/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What userspace tells the packet path: settings, links, next hops, addresses.
 * Userspace writes, BPF reads, unless a member says otherwise.
 */
#ifndef DAISY_SHARED_CONFIG_H
#define DAISY_SHARED_CONFIG_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "limits.h"

/*
 * Timers: symbol, name in the configuration (kebab case) , default in seconds,
 * least value the configuration accepts, sentence.
 */
#define DAISY_TIMERS(X) \
	X(UDP, "udp", 300, 120, "UDP mapping without outbound packets (RFC 4787 REQ-5)") \
	X(ICMP, "icmp", 60, 60, "ICMP query mapping without outbound packets (RFC 5508 REQ-2)") \
	X(TCP_OPENING, "tcp-opening", 240, 4, "partially open TCP connection (RFC 5382 REQ-5, RFC 7857 section 2.1)") \
	X(TCP_ESTABLISHED, "tcp-established", 7440, 7440, "idle established TCP connection (RFC 5382 REQ-5)") \
	X(TCP_CLOSING, "tcp-closing", 240, 4, "TCP connection with FIN in both directions (RFC 7857 section 2.1)") \
	X(TCP_RESET, "tcp-reset", 240, 240, "TCP connection after RST (RFC 7857 section 2.2)") \
	X(HOLD, "hold-down", 120, 0, "freed port before its next use (RFC 6888 REQ-8)") \
	X(FRAGMENT, "fragment", 30, 1, "translation of later fragments after the first one") \
	X(SUBSCRIBER, "subscriber", 3600, 0, "pairing of a subscriber without mappings with its address")

enum daisy_timer {
#define X(sym, name, def, min, help) DAISY_TIMER_##sym,
	DAISY_TIMERS(X)
#undef X
	DAISY_N_TIMERS,
};

/* daisy_conf.options */
#define DAISY_OPT_PARITY 1		/* port parity preservation (RFC 4787 REQ-4) */
#define DAISY_OPT_RANGE 2		/* range preservation, 1-1023 (RFC 4787 REQ-3a) */
#define DAISY_OPT_SILENT_SYN 8		/* unsolicited inbound SYNs are not answered (RFC 5382 REQ-4a) */
#define DAISY_OPT_IDENT 16		/* IPv4 ids of our own for datagrams in pieces (RFC 6864 section 5.3.1) */
#define DAISY_OPT_IDENT_ALL 32		/* for whole ones without DF, too: others may cut them */
#define DAISY_OPT_EVENTS 4		/* somebody listens: write events for every creation */

/* What a sender is told when no mapping can be made for it: ICMP Destination Unreachable. */
enum daisy_exhaustion {
	EXHAUSTION_HOST_UNREACHABLE,	/* code 1 (RFC 6888 REQ-11) */
	EXHAUSTION_ADMIN_PROHIBITED,	/* code 13 (RFC 5508 REQ-8) */
	EXHAUSTION_SILENT,
};

struct daisy_conf {
	__u64 hash_key[4];	/* secret of the index; odd multipliers; pinned with the index */
	__s64 clock_offset_ns;	/* added to the monotonic clock; tests set it */
	__u32 alive_tick;	/* daemon's liveness stamp; older than DAISY_ALIVE_TICKS: do not trust next hops */
	__u16 nexthop_epoch;	/* raised whenever a route or a neighbour changed; never 0 */
	__u16 static_nexthop;	/* towards the outside, 0: by route */
	__u32 timer[DAISY_N_TIMERS];	/* ticks */
	__u32 options;
	__u32 index_lines;	/* number of buckets, even */
	__u32 prefix_epoch;	/* raised whenever an inside prefix came or went */
	__u32 rules;		/* version in no_translate that holds; 0: there are no rules */
	__u32 overflow_used;	/* BPF writes: entries in index_overflow (atomic) */
	__u32 icmp_rate;	/* ICMP errors that we generate, per second and CPU (RFC 1812 4.3.2.8) */
	__u32 exhaustion;	/* enum daisy_exhaustion */
	__u32 mss_clamp;	/* TCP: greatest MSS that a SYN announces; 0: any, DAISY_MSS_AUTO: by the MTUs */
	__u32 ident_step;	/* from one IPv4 id of a CPU to the next: a power of two not below the CPUs */
	__u32 hold_full;	/* bit n: the daemon has no room for more packets of enum daisy_hold_class n */
	__u32 tick;		/* BPF writes: the current tick, for packets that come within ... */
	__u64 tick_jiffies;	/* BPF writes: ... DAISY_TICK_JIFFIES of this; 0: look at the clock */
	__u32 plans;		/* deterministic pools; 0: nobody looks for a plan */
	__u32 pad;
};

#define DAISY_MSS_AUTO 1
#define DAISY_MSS_MIN 536	/* RFC 9293 section 3.7.1 */
#define DAISY_MSS_MAX 65495	/* the longest IPv4 packet without its headers */

#define DAISY_ALIVE_TICKS 10

/* The clock is read once in so many jiffies: 16 to 160 ms late is early enough for timers of seconds. */
#define DAISY_TICK_JIFFIES 16

/*
 * Ticks for which a hint in the index spares a look at the record. A record may
 * look so much older than its last packet; the timers of UDP and of established
 * TCP are longer by as much, so that none ends early.
 */
#define DAISY_HINT_TICKS 8

enum daisy_side {
	SIDE_NONE,		/* frames pass to the kernel */
	SIDE_INSIDE,
	SIDE_OUTSIDE,
	SIDE_BOTH,
};

struct daisy_link {
	__u8 mac[6];
	__u8 side;		/* enum daisy_side */
	__u8 n_tags;		/* VLAN tags of its frames, 0 to 2 */
	__u16 tag[2];		/* outermost first, TPID 802.1Q for a single tag, 802.1ad outside of two */
	__u16 zone;
	__u16 mtu;		/* of the IP packet */
	__u32 ifindex;		/* of the device that owns the addresses and routes (eth0.100) */
	__u32 tx_ifindex;	/* of the device frames leave by (eth0) */
	__u8 addr[4];		/* source of the ICMP errors that we generate; 0.0.0.0: none is generated */
	__u16 static_nexthop;	/* towards the inside for mappings created from this link, 0: by route */
	__u16 device;		/* number of the untagged link of the same device */
};

/* Tagged frames: which link. */
struct daisy_tag_key {
	__u16 device;
	__u16 tag[2];
	__u16 pad;
};

enum daisy_nexthop_state {
	NEXTHOP_NONE,
	NEXTHOP_RESOLVED,
	NEXTHOP_UNRESOLVED,
};

struct daisy_nexthop {
	__u8 dmac[6];		/* adjacent to smac: copied as twelve bytes */
	__u8 smac[6];
	__u16 link;		/* egress */
	__u16 mtu;
	__u8 state;		/* enum daisy_nexthop_state */
	__u8 n_tags;
	__u16 tag[2];
	__u16 pad;
	__u8 addr[4];
	__u32 ifindex;
};

/* Neighbour, as bpf_fib_lookup answers it, to its number in nexthops. */
struct daisy_neighbour_key {
	__u32 ifindex;
	__u8 addr[4];
};

/* Remembered next hop of an outside destination; BPF writes and reads, one word. */
union daisy_route {
	__u64 word;
	struct {
		__u8 addr[4];
		__u16 nexthop;
		__u16 epoch;
	};
};

/*
 * Remembered next hop of an inside host by the link it is behind; BPF writes and
 * reads, one word. Eight bits of the epoch: userspace empties the table every 128.
 */
union daisy_inside_route {
	__u64 word;
	struct {
		__u8 addr[4];
		__u16 nexthop;
		__u8 link;
		__u8 epoch;
	};
};

enum daisy_addr_kind {
	ADDR_NONE,
	ADDR_EXTERNAL,		/* an address of the pool; slot says which */
	ADDR_OWN,		/* the box's: to the kernel */
};

struct daisy_addr_entry {
	__u8 addr[4];
	__u16 slot;
	__u8 kind;		/* enum daisy_addr_kind */
	__u8 filtered;		/* 1: the slot has SLOT_FILTERED or SLOT_STOPPED: it has to be looked at */
} __attribute__((aligned(8)));	/* read and written as one word */

/*
 * Open addressing: bucket daisy_addr_hash(addr), entries filled from the first
 * on, a full bucket goes on in the next (once).
 */
struct daisy_addr_bucket {
	struct daisy_addr_entry entry[8];
};

/* addr: the four bytes as they stand in memory. */
static inline __u32 daisy_addr_hash(__u32 addr)
{
	return (addr * 0x9e3779b1u) >> 20;	/* Knuth's multiplier, twelve bits: DAISY_ADDR_BUCKETS */
}

struct daisy_prefix_key {
	__u32 prefixlen;	/* 32 (zone) + length of the prefix */
	__u16 zone_be;		/* network order: the trie compares bytes */
	__u16 pad;
	__u8 addr[4];
};

struct daisy_prefix {
	__u32 link;		/* link that announced it, for listings */
};

/* What is not translated (RFC 6888 REQ-6): packets of a zone to this prefix, and back. */
struct daisy_rule {
	__u32 addr;		/* as they stand in memory */
	__u32 mask;
	__u16 first;		/* ports of TCP or UDP, inclusive */
	__u16 last;		/* 0: any port, and packets without */
	__u16 zone;
	__u8 proto;		/* IP protocol number, 0: any */
	__u8 pad;
};

struct daisy_rules {
	__u32 n;
	__u32 pad;
	struct daisy_rule rule[DAISY_MAX_RULES];
};

/*
 * Policy of a pool, by daisy_slot.pool. Limits are for each subscriber and for
 * new mappings: those that are there stay. 0: no limit.
 */
struct daisy_pool {
	__u32 limit[4];		/* mappings by enum daisy_proto, then of all of them */
	__u32 warn[4];		/* a subscriber that comes to have so many is reported; 0: none is */
	__u32 rate;		/* new mappings in a tick */
	__u8 block_order;	/* 1 + binary logarithm of a block's leaves (64 ports); 0: dynamic ports */
	__u8 blocks;		/* most of a subscriber, up to DAISY_SUB_BLOCKS */
	__u16 max_held;		/* ports of an address and protocol in hold-down; 0: any number */
	__u32 hold;		/* ticks that a freed port rests, with POOL_HOLD */
	__u32 flags;		/* POOL_* below */
	__u8 deterministic;	/* ports by plan (map plans), blocks for their overflow only */
	__u8 pad[3];
	__u16 overflow_first;	/* where those blocks lie, for userspace; both 0: nowhere */
	__u16 overflow_last;
};

#define POOL_HOLD 1		/* a hold-down of its own, instead of the timer's */
#define POOL_REUSE_CLOSED 2	/* ports of closed TCP connections do not rest (RFC 6888 REQ-8 A) */

#define DAISY_MAX_POOLS 256	/* daisy_slot.pool */

/* External addresses a zone may use: pool_slots[first .. first + n - 1]. */
struct daisy_zone {
	__u32 first;
	__u32 n;
};

_Static_assert(DAISY_ADDR_BUCKETS == 1 << 12, "daisy_addr_hash yields twelve bits");
_Static_assert(sizeof(struct daisy_link) == 32, "link");
_Static_assert(sizeof(struct daisy_rule) == 16, "rule");
_Static_assert(sizeof(struct daisy_zone) == 8, "zone: one word");
_Static_assert(sizeof(struct daisy_nexthop) == 32, "next hop");
_Static_assert(sizeof(struct daisy_pool) == 56, "pool");
_Static_assert(sizeof(union daisy_route) == 8, "route");
_Static_assert(sizeof(union daisy_inside_route) == 8, "inside route");
_Static_assert(DAISY_MAX_LINKS <= 256, "link of an inside route");
_Static_assert(sizeof(struct daisy_addr_bucket) == 64, "address bucket: one line");
_Static_assert(sizeof(struct daisy_prefix_key) == 12, "prefix key");

#endif
