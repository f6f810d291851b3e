/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping state, shared by the packet path and userspace.
 *
 * A port vector is an array indexed by the external port (or ICMP query id);
 * its record is the mapping. The index finds the record from the inside
 * endpoint. Every change of a mapping's state is one compare-and-swap on its
 * control word. Addresses are bytes in network order, ports are in host order,
 * times are ticks of 2^30 ns (1.07 s) of the daisy clock (bpf/lib/clock.h,
 * user/lib/clock.h).
 */
#ifndef DAISY_SHARED_NAT_H
#define DAISY_SHARED_NAT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "limits.h"

enum daisy_proto {
	DAISY_UDP,
	DAISY_TCP,
	DAISY_ICMP,
	DAISY_N_PROTOS,
};

/* Life of a record: FREE -> NEW -> ACTIVE -> HOLD -> FREE, or NEW -> (ABORTED ->) ROLLED_BACK -> FREE. */
enum daisy_mapping_state {
	MAPPING_FREE,		/* nobody's; its bit in the port map says "free" */
	MAPPING_NEW,		/* claimed by a creator, not yet visible to packets */
	MAPPING_ABORTED,	/* lost against a twin, the creator has yet to notice */
	MAPPING_ACTIVE,		/* translates */
	MAPPING_HOLD,		/* expired, the port rests (RFC 6888 REQ-8) */
	MAPPING_ROLLED_BACK,	/* never translated, or no room in hold-down; rests for one grace period */
};

/* bits of the control word */
#define DAISY_SEEN_MASK 0xfffffffULL
#define DAISY_GEN_SHIFT 40
#define DAISY_GEN_MASK 0xffffULL
#define DAISY_STATE_SHIFT 56

union daisy_control {
	__u64 word;
	struct {
		__u64 seen : 28;	/* tick of the last outbound packet, or of the last state change */
		__u64 held : 12;	/* packets held while frozen (live migration) */
		__u64 generation : 16;	/* counts the uses of this record */
		__u64 state : 8;	/* enum daisy_mapping_state */
	};
};

union daisy_endpoint {
	__u64 word;
	struct {
		__u8 addr[4];
		__u16 port;
		__u16 zone;		/* for remote endpoints: 0 */
	};
};

/* daisy_mapping.flags */
#define MAPPING_UNTRACKED 1	/* TCP: carried connections that found no room; lives by the established timer */
#define MAPPING_INDEXED 2	/* has ended, and could not be removed from the index: once more */
#define MAPPING_STATIC 4	/* a forward: the configuration made it, and nothing else ends it */
#define MAPPING_IDLED 8		/* TCP: one of its connections ended by silence, not by FIN or RST */
#define DAISY_BLOCK_FLAG_SHIFT 12	/* order of the block its port is of; 0: of none */

struct daisy_mapping {
	union daisy_control ctl;
	union daisy_endpoint inside;
	__u32 created;		/* tick */
	__u16 flags;
	__u16 link;		/* the inside link its host was last seen on */
};

enum daisy_conn_state {
	CONN_FREE,
	CONN_CLAIMED,		/* its creator is filling it in */
	CONN_OPENING,		/* partially open: SYN seen in one direction */
	CONN_ESTABLISHED,	/* SYN seen in both directions */
	CONN_CLOSING,		/* FIN seen in both directions */
	CONN_RESET,		/* RST seen; any other packet takes it back (RFC 7857 section 2.2) */
};

/* daisy_conn_control.flags */
#define CONN_SYN_OUT 1
#define CONN_SYN_IN 2
#define CONN_FIN_OUT 4
#define CONN_FIN_IN 8
#define CONN_ANSWERED 16	/* the inside has sent; only such connections keep the mapping alive */

#define DAISY_CONN_LAG_SHIFT 28
#define DAISY_CONN_LAG_MASK 0xfffffULL
#define DAISY_CONN_FLAGS_SHIFT 48
#define DAISY_CONN_STATE_SHIFT 56

union daisy_conn_control {
	__u64 word;
	struct {
		__u64 seen : 28;	/* tick of the last outbound packet, or of the class */
		__u64 lag : 20;		/* ticks from the last outbound packet to `seen` */
		__u64 flags : 8;
		__u64 state : 8;	/* enum daisy_conn_state */
	};
};

struct daisy_conn {
	union daisy_conn_control ctl;
	union daisy_endpoint remote;
};

#define DAISY_INLINE_CONNS 2

struct daisy_tcp_mapping {
	struct daisy_mapping m;
	__u32 conns;		/* beyond those in the record: answered, low 16 bits; strangers', high 16 bits */
	__u32 pad;
	struct daisy_conn conn[DAISY_INLINE_CONNS];
};

/*
 * All that an inbound UDP packet needs of its mapping, one word for each external
 * port. 0 until one has come in, and when the record is not ACTIVE. See bpf/lib/inbound.h.
 */
#define DAISY_INBOUND_LINK_SHIFT 48
#define DAISY_INBOUND_LIVE (1ULL << 56)

union daisy_inbound {
	__u64 word;
	struct {
		__u8 addr[4];		/* of the inside host */
		__u16 port;
		__u8 link;		/* as in the record */
		__u8 live;
	};
};

/* Connections beyond the ones in the record. The generation is the mapping's. */
struct daisy_conn_key {
	__u8 remote_addr[4];
	__u16 remote_port;
	__u16 ext_port;
	__u16 slot;
	__u16 generation;
};

/*
 * Index: from the inside endpoint and protocol to (slot, external port). The
 * word changes by compare-and-swap; a word of zero is an empty entry, one
 * without `published` is being written. The hint spares a packet the look at the
 * record for DAISY_HINT_TICKS: UDP and ICMP: the tick of a refresh; TCP: its low 16
 * bits, and above them 16 bits of the connection's hash.
 */
union daisy_index_key {
	__u64 word;
	struct {
		__u8 addr[4];
		__u16 port;
		__u8 zone;
		__u8 proto;		/* enum daisy_proto */
	};
};

#define DAISY_REF_PORT_SHIFT 32
#define DAISY_REF_SLOT_SHIFT 48
#define DAISY_REF_PUBLISHED (1ULL << 62)	/* bit 63 stays 0: BPF functions return refs as __s64 */
#define DAISY_REF_HINT_MASK 0xffffffffULL

union daisy_ref {
	__u64 word;
	struct {
		__u64 hint : 32;
		__u64 port : 16;
		__u64 slot : 12;
		__u64 unused : 2;
		__u64 published : 1;
		__u64 zero : 1;
	};
};

struct daisy_entry {
	union daisy_index_key key;
	union daisy_ref ref;
};

/* One cache line. */
struct daisy_bucket {
	struct daisy_entry entry[DAISY_BUCKET_ENTRIES];
};

/* One per (slot, protocol), index slot * DAISY_N_PROTOS + proto. Bit set: the port is free. */
struct daisy_port_map {
	__u64 summary[16];	/* bit w of summary[w / 64]: leaf[w] may have a free port (a hint) */
	__u64 leaf[1024];
	__s32 n_free;
	__u16 first;		/* dynamic range, inclusive */
	__u16 last;
	__s32 n_held;		/* in hold-down */
	__u32 pad;
	__u64 allowed[1024];	/* ports that mappings may have: others are not given back when they end */
};

/*
 * Port blocks of one slot. A block is 1 to 64 whole leaves (64 ports each) of the
 * port maps of all protocols, aligned to its size; its word stands at its first
 * leaf. Nobody's: 0. The word says whose a block is, and changes by
 * compare-and-swap: a port is taken and a block given back by the same word, so
 * never both.
 */
#define DAISY_BLOCK_LEAF_PORTS 64
#define DAISY_BLOCK_ORDERS 7	/* 64 << 0 to 64 << 6 ports */
#define DAISY_BLOCK_OWNER_SHIFT 16
#define DAISY_BLOCK_OWNER_MASK 0xffffffffffULL
#define DAISY_BLOCK_ORDER_SHIFT 56
#define DAISY_BLOCK_USED_MASK 0xffffULL
#define DAISY_BLOCK_LEAVING (1ULL << 60)

union daisy_block {
	__u64 word;
	struct {
		__u64 used : 16;	/* ports in use or at rest, of all protocols */
		__u64 addr : 32;	/* subscriber, as it stands in memory */
		__u64 zone : 8;
		__u64 order : 4;	/* 1 + binary logarithm of its leaves; 0: nobody's */
		__u64 leaving : 1;	/* being given back */
		__u64 unused : 3;
	};
};

struct daisy_block_map {
	__u64 free[16];		/* bit w of free[w / 64]: leaf w is in no block, and is allowed */
	union daisy_block block[1024];	/* by first leaf */
	__u64 allowed[16];	/* leaves that may come into a block; in others no port is given out */
	__s32 n_free;		/* bits set in free */
	__u32 pad;
};

enum daisy_slot_state {
	SLOT_EMPTY,
	SLOT_ACTIVE,
	SLOT_DRAINING,		/* translates, takes no new mapping */
};

struct daisy_slot {
	__u8 addr[4];
	__u8 state;		/* enum daisy_slot_state */
	__u8 pool;		/* number of the pool, for listings */
	__u16 flags;		/* SLOT_* below; the address and they are read as one word */
} __attribute__((aligned(8)));

#define SLOT_FILTERED 1		/* address-dependent filtering (RFC 4787 REQ-8) */
#define SLOT_IDENT 2	/* DAISY_OPT_IDENT_ALL, where the straight line looks anyway */
#define SLOT_STOPPED 4	/* on its way between boxes: nothing is translated */
#define SLOT_ARRIVING 8	/* SLOT_STOPPED at the box that it goes to, which does not own it yet */
#define SLOT_LEFT 16	/* SLOT_STOPPED at the box that it comes from, which no longer owns it */
#define DAISY_SLOT_FLAGS_SHIFT 48

/* Does it take new mappings? */
static inline int daisy_slot_is_open(const struct daisy_slot *slot)
{
	return slot->state == SLOT_ACTIVE && !(slot->flags & SLOT_STOPPED);
}

/* Subscriber: an inside address of a zone. One external address for all its protocols (RFC 6888 REQ-2). */
struct daisy_subscriber_key {
	__u8 addr[4];
	__u16 zone;
	__u16 pad;
};

#define SUBSCRIBER_LIVE 1
#define SUBSCRIBER_DEAD 2
#define DAISY_SUB_COUNT_BITS 16
#define DAISY_SUB_COUNT_MASK 0xffffULL
#define DAISY_SUB_SLOT_SHIFT 48
#define DAISY_SUB_STATE_SHIFT 60
#define DAISY_SUB_BLOCKS 8

/* Its mappings cannot be more than its one address has ports: sixteen bits for each protocol. */
union daisy_subscriber_control {
	__u64 word;
	struct {
		__u64 udp : 16;		/* mappings, in the order of enum daisy_proto */
		__u64 tcp : 16;
		__u64 icmp : 16;
		__u64 slot : 12;
		__u64 state : 4;	/* SUBSCRIBER_* */
	};
};

struct daisy_subscriber {
	union daisy_subscriber_control ctl;
	__u32 last_change;	/* tick of the last creation or removal */
	__u32 prefix_epoch;	/* for which its address was found inside */
	__u32 rate;		/* new mappings in a tick: number, low 16 bits; the tick's low bits above */
	__u32 forwards;		/* atomic; not counted as mappings */
	/* Blocks: first port, last port << 16; 0: none. Hints: whose a block is, its own word says. */
	__u32 range[DAISY_SUB_BLOCKS];
	__u32 warned;		/* bit n: reported to have come near daisy_pool.limit[n] (atomic) */
	__u32 gap;
};

/* A mapping has sent to a remote address, and so lets packets from there in (bpf/lib/filter.h). */
struct daisy_permission_key {
	__u16 slot;
	__u16 port;		/* external */
	__u16 generation;	/* the mapping's */
	__u8 proto;		/* enum daisy_proto */
	__u8 pad;
	__u8 remote[4];
};

struct daisy_permission {
	__u32 seen;		/* tick of an outbound packet */
};

static inline __u32 daisy_subscriber_count(__u64 word, __u32 proto)
{
	return word >> proto * DAISY_SUB_COUNT_BITS & DAISY_SUB_COUNT_MASK;
}

static inline __u32 daisy_subscriber_mappings(__u64 word)
{
	return daisy_subscriber_count(word, DAISY_UDP) + daisy_subscriber_count(word, DAISY_TCP) +
	       daisy_subscriber_count(word, DAISY_ICMP);
}

/* Fragmented datagram whose first fragment was translated. */
struct daisy_fragment_key {
	__u8 saddr[4];
	__u8 daddr[4];
	__u16 id;		/* as on the wire */
	__u16 zone;
	__u8 proto;		/* IP protocol number */
	__u8 outbound;
	__u16 pad;
};

struct daisy_fragment {
	struct daisy_fragment_key key;	/* again: an LRU element may change its owner under a reader */
	__u8 saddr[4];		/* after translation */
	__u8 daddr[4];
	__u32 seen;		/* tick */
	__u16 id;		/* after translation, as on the wire */
	__u8 to_inside;		/* direction after translation: 1 towards the inside */
	__u8 link;		/* inside link, for the route towards the inside */
	__u64 pieces;		/* bit n: the piece at n times `first` has been seen */
	__u64 extent;		/* what has been seen, in units of eight bytes (lib/extent.h) */
	__u16 first;		/* bytes of payload in the first fragment */
	__u16 total;		/* bytes of payload in the datagram; 0: the last fragment has not been seen */
	__u32 bytes;		/* of payload seen (atomic); `total`: complete */
	__u32 waiting;		/* pieces on their way to be cut (atomic): they come back and ask */
	__u16 budget;		/* whose the datagram is, by its place in `budgets` */
	__u16 sender;		/* inbound: who sends it, the same; else as `budget` */
};

/* Next IPv4 id by group of destinations, as it stands in memory; each CPU has its own. */
struct daisy_idents {
	__u16 next[DAISY_IDENTS];
};

/* daisy_sweep_item.force: end a mapping whatever its timer says */
#define DAISY_FORCE 1		/* the operator's delete; forwards stay */
#define DAISY_FORCE_STATIC 2	/* forwards, too */

/* One item of a sweep batch (BPF_PROG_RUN): "look at this record, its time may have come". */
struct daisy_sweep_item {
	__u16 slot;
	__u16 port;
	__u8 proto;		/* enum daisy_proto */
	__u8 force;		/* DAISY_FORCE_* */
	__u16 pad;
};

/* Header of a batch; the program writes `done` and `freed` back. */
struct daisy_sweep_header {
	__u16 n;		/* items that follow */
	__u16 done;
	__u16 expired;		/* ACTIVE -> HOLD; forwards made */
	__u16 freed;		/* HOLD or ROLLED_BACK -> FREE; blocks given back; why the next forward was not made */
};

/* Item of a block batch, program sweep_blocks. */
struct daisy_block_item {
	__u16 slot;
	__u16 port;		/* first of the block */
	__u32 pad;
};

/* Item of a batch of forwards to be made, program sweep_forwards. */
struct daisy_forward_item {
	union daisy_endpoint inside;
	union daisy_control ctl;	/* of the record, read a grace period ago: FREE, or at rest */
	__u16 slot;
	__u16 port;
	__u16 link;			/* inside, for routes towards the host */
	__u8 proto;			/* enum daisy_proto */
	__u8 pad;
};

/* Item of a batch of mappings that have come from another box, program sweep_imports. */
struct daisy_import_item {
	union daisy_endpoint inside;
	__u16 slot;			/* SLOT_ARRIVING */
	__u16 port;			/* its record is filled in, and NEW */
	__u8 proto;			/* enum daisy_proto */
	__u8 pad[3];
};

/* Item of a connection batch, program sweep_conns. */
struct daisy_conn_item {
	struct daisy_conn_key key;
	__u32 pad;
};

_Static_assert(sizeof(union daisy_control) == 8, "control word");
_Static_assert(sizeof(struct daisy_mapping) == 24, "UDP record");
_Static_assert(sizeof(union daisy_inbound) == 8, "inbound: one word");
_Static_assert(sizeof(struct daisy_tcp_mapping) == 64, "TCP record: one line");
_Static_assert(sizeof(struct daisy_bucket) == 64, "bucket: one line");
_Static_assert(sizeof(struct daisy_conn_key) == 12, "no padding in a key");
_Static_assert(sizeof(struct daisy_port_map) == 16528, "port map");
_Static_assert(sizeof(struct daisy_subscriber_key) == 8, "no padding in a key");
_Static_assert(sizeof(struct daisy_subscriber) == 64, "subscriber: one line");
_Static_assert(sizeof(union daisy_block) == 8, "block: one word");
_Static_assert(sizeof(struct daisy_block_map) == 8456, "blocks of a slot");
_Static_assert(sizeof(struct daisy_slot) == 8, "slot: one word");
_Static_assert(sizeof(struct daisy_permission_key) == 12, "no padding in a key");
_Static_assert(sizeof(struct daisy_fragment_key) == 16, "no padding in a key");
_Static_assert(DAISY_MAX_LINKS <= 256, "a fragment's link");
_Static_assert(sizeof(struct daisy_fragment) == 64, "fragment: one line");
_Static_assert(sizeof(struct daisy_sweep_item) == 8, "batch item");
_Static_assert(sizeof(struct daisy_sweep_header) == 8, "batch header");
_Static_assert(sizeof(struct daisy_block_item) == 8, "block batch item");
_Static_assert(sizeof(struct daisy_forward_item) == 24, "forward batch item");
_Static_assert(sizeof(struct daisy_import_item) == 16, "import batch item");
_Static_assert(sizeof(struct daisy_conn_item) == 16, "connection batch item");

#endif
