/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the packet path would do with a packet, stage by stage, and why. The
 * stages are those of bpf/nat.bpf.c, in its order, read from the maps: nothing
 * is changed, no mapping refreshed, no port taken. tests/run/cases_trace.c holds it to
 * what the program does.
 */
#ifndef DAISY_NAT_TRACE_H
#define DAISY_NAT_TRACE_H

#include "nat/instance.h"
#include "shared/hold.h"

/* A TCP or UDP packet, an ICMP query, or a fragment of one, as it arrives at the box's MAC address. */
struct daisy_trace_packet {
	uint32_t link;		/* number of the one it arrives by */
	uint8_t proto;		/* IP protocol number */
	uint8_t tcp_flags;
	uint8_t icmp_type;
	uint8_t ttl;
	uint8_t options;	/* bytes of IP options */
	bool source_route;	/* one of them is a source route */
	bool df;
	bool more;		/* fragments follow */
	uint16_t offset;	/* of a fragment in its datagram, bytes, a multiple of eight */
	uint16_t id;		/* of the datagram */
	uint16_t size;		/* of the IP packet, bytes */
	uint8_t replay;		/* was held before: 1 + enum daisy_hold_class; 0: from the wire */
	uint32_t hold_queues;	/* receive queues of the device that have a slow path */
	uint64_t subscribers;	/* that there are, all told; 0: not known */
	struct in_addr saddr;
	struct in_addr daddr;
	uint16_t sport;		/* ICMP: the query id, in both */
	uint16_t dport;
};

/* What the kernel's routes are asked when no next hop is remembered. */
struct daisy_trace_question {
	struct in_addr daddr;
	struct in_addr saddr;
	uint32_t ifindex;
	bool by_link;		/* only routes over that device */
};

struct daisy_trace_route {
	uint32_t ifindex;
	struct in_addr neighbour;
	bool resolved;
};

/* -ENETUNREACH: no route. */
typedef int (*daisy_trace_route_fn)(void *ctx, const struct daisy_trace_question *question,
				    struct daisy_trace_route *route);

enum daisy_trace_end {
	TRACE_DROP,
	TRACE_PASS,		/* to the kernel */
	TRACE_ANSWER,		/* by the NAT itself */
	TRACE_HOLD,		/* by the slow path, for `class`; trace it as a replay to know what comes of it */
	TRACE_FORWARD,
};

struct daisy_trace_step {
	const char *stage;
	char text[192];
};

#define DAISY_TRACE_STEPS 20

struct daisy_trace {
	size_t n_steps;
	struct daisy_trace_step step[DAISY_TRACE_STEPS];
	enum daisy_trace_end end;
	const char *counter;	/* the counter or the drop reason in which it ends, by name */
	const char *why;	/* its sentence */
	int reason;		/* enum daisy_reason; 0: the counter is none of a reason */
	enum daisy_hold_class class;	/* TRACE_HOLD */
	unsigned int withheld;	/* TRACE_ANSWER: CPUs that may send no error any more in this second */
	/* TRACE_FORWARD: as it leaves */
	uint32_t egress;	/* link */
	bool creates;		/* a mapping: sport is chosen at random, 0 here */
	struct in_addr saddr;	/* 0.0.0.0: chosen at random, too */
	struct in_addr daddr;
	uint16_t sport;
	uint16_t dport;
	uint16_t mss;		/* a SYN that announces a greater segment size announces this one; 0: as it came */
	bool new_id;		/* with an IPv4 identification of the box's own, or the first fragment's */
};

/* -EINVAL: an ICMP error, which is translated by what it quotes. */
int daisy_trace(struct daisy_instance *inst, const struct daisy_trace_packet *packet,
		daisy_trace_route_fn route, void *ctx, struct daisy_trace *trace);

#endif
