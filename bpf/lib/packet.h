/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stages know of a packet. Addresses in network order as they stand in memory, ports in host order. */
#ifndef DAISY_PACKET_H
#define DAISY_PACKET_H

#include "../maps.h"
#include "net_consts.h"

/* Number of the untagged link of the device that this copy of the program is attached to. */
const volatile __u32 device_link = 0;

struct packet {
	__u32 l3;		/* offset of the IPv4 header */
	__u32 l4;		/* offset of the transport header */
	__u32 link;		/* ingress */
	__u32 saddr;
	__u32 daddr;
	__u32 now;		/* tick */
	__u32 end;		/* offset of the counter in which the packet ends */
	__u16 sport;		/* ICMP query: the id */
	__u16 dport;		/* ICMP query: the id */
	__u16 tot_len;
	__u16 frag;		/* flags and offset, host order */
	__u16 zone;
	__u16 id;		/* as on the wire */
	__u16 new_id;		/* what it becomes */
	__u16 dst_slot;		/* of an external destination */
	__u8 proto;		/* IP protocol number */
	__u8 ttl;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 side;		/* of the ingress link */
	__u8 n_tags;
	__u8 outbound;		/* comes from the inside */
	__u8 to_external : 1;	/* the destination is an external address, dst_slot says which */
	__u8 filtered : 1;		/* the external destination has address-dependent filtering */
	__u8 unremembered;	/* a no-translate rule names the destination: do not remember its next hop */
	__u8 unmapped : 1;		/* a look into the index has found no mapping of the source */
	__u8 replay;		/* held before: 1 + its class, REPLAY_OVERFLOW; 0: from the wire */
	__u8 stale : 1;		/* the daemon's stamp is old: do not trust cached next hops */
};

#define REPLAY_OVERFLOW 0x80	/* of packet.replay: there was no room to hold it */

#define END(p, name) ((p)->end = __builtin_offsetof(struct daisy_counters, name))

static __always_inline __u64 endpoint_word(__u32 addr, __u16 port, __u16 zone)
{
	return addr | (__u64)port << 32 | (__u64)zone << 48;
}

/*
 * Loads from the context in assembler: the compiler likes to compute ctx + 4
 * once and keep it, and the verifier wants the plain context pointer at each load.
 */
static __always_inline void *packet_start(struct xdp_md *ctx)
{
	void *p;

	asm volatile("%0 = *(u32 *)(%1 + 0)" : "=r"(p) : "r"(ctx));
	return p;
}

static __always_inline void *packet_end(struct xdp_md *ctx)
{
	void *p;

	asm volatile("%0 = *(u32 *)(%1 + 4)" : "=r"(p) : "r"(ctx));
	return p;
}

static __always_inline void *packet_meta(struct xdp_md *ctx)
{
	void *p;

	asm volatile("%0 = *(u32 *)(%1 + 8)" : "=r"(p) : "r"(ctx));
	return p;
}

/* Header at an offset; the mask gives the verifier its bound. NULL if the frame ends before. */
static __always_inline void *packet_at(struct xdp_md *ctx, __u32 offset, __u32 len)
{
	void *data = packet_start(ctx);

	offset &= 0xff;
	return data + offset + len <= packet_end(ctx) ? data + offset : NULL;
}

static __always_inline bool is_later_fragment(__u16 frag)
{
	return frag & IP_OFFSET;
}

static __always_inline bool is_first_fragment(__u16 frag)
{
	return (frag & (IP_MF | IP_OFFSET)) == IP_MF;
}

static __always_inline int ip_to_proto(__u8 ip_proto)
{
	return ip_proto == PROTO_UDP ? DAISY_UDP : ip_proto == PROTO_TCP ? DAISY_TCP : DAISY_ICMP;
}

#endif
