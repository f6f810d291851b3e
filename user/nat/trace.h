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

/* A whole TCP or UDP packet or ICMP query, as it arrives at the box's MAC address. */
struct daisy_trace_packet {
	uint32_t link;		/* number of the one it arrives by */
	uint8_t proto;		/* IP protocol number */
	uint8_t tcp_flags;
	uint8_t icmp_type;
	uint8_t ttl;
	bool df;
	bool held;		/* the slow path has a socket on the device */
	uint16_t size;		/* of the IP packet, bytes */
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
	TRACE_HOLD,		/* by the slow path: cut, and sent on in parts */
	TRACE_FORWARD,
};

struct daisy_trace_step {
	const char *stage;
	char text[192];
};

#define DAISY_TRACE_STEPS 16

struct daisy_trace {
	size_t n_steps;
	struct daisy_trace_step step[DAISY_TRACE_STEPS];
	enum daisy_trace_end end;
	const char *counter;	/* the counter or the drop reason in which it ends, by name */
	const char *why;	/* its sentence */
	int reason;		/* enum daisy_reason; 0: the counter is none of a reason */
	/* TRACE_FORWARD: as it leaves */
	uint32_t egress;	/* link */
	bool creates;		/* a mapping: sport is chosen at random, 0 here */
	struct in_addr saddr;	/* 0.0.0.0: chosen at random, too */
	struct in_addr daddr;
	uint16_t sport;
	uint16_t dport;
};

/* -EINVAL: an ICMP error, which is translated by what it quotes. */
int daisy_trace(struct daisy_instance *inst, const struct daisy_trace_packet *packet,
		daisy_trace_route_fn route, void *ctx, struct daisy_trace *trace);

/* Inside of a trace: trace.c has the order, trace_find.c and trace_create.c the look-ups. */
struct daisy_tracing {
	struct daisy_instance *inst;
	const struct daisy_conf *conf;
	const struct daisy_trace_packet *packet;
	const struct daisy_link *link;
	struct daisy_trace *trace;
	daisy_trace_route_fn route;
	void *ctx;
	uint32_t now;
	bool stale;		/* the daemon's stamp is old */
	bool to_external;
	uint32_t dst_slot;
	bool filtered;		/* the destination has address-dependent filtering */
	enum daisy_proto proto;
};

/* Where a packet leaves, or minus a reason. */
struct daisy_trace_hop {
	uint32_t link;
	uint32_t mtu;
};

void daisy_trace_say(struct daisy_tracing *t, const char *stage, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool daisy_trace_look_up(const struct daisy_tracing *t, const char *map, const void *key,
			 void *value);
/* The link behind which an inside address is; false if it is in no prefix of the zone. */
bool daisy_trace_link(const struct daisy_tracing *t, uint16_t zone, struct in_addr addr,
		      uint32_t *link);
bool daisy_trace_inside(const struct daisy_tracing *t, struct in_addr addr);
/* The live mapping of an inside endpoint; false if there is none. */
bool daisy_trace_find(const struct daisy_tracing *t, union daisy_endpoint inside, uint32_t *slot,
		      uint16_t *port);
/* The mapping of an external port; false if there is none. */
bool daisy_trace_record(const struct daisy_tracing *t, uint32_t slot, uint16_t port,
			struct daisy_tcp_mapping *record);
/* May a packet from a remote address come in to the mapping of its destination? */
bool daisy_trace_admits(struct daisy_tracing *t, struct in_addr remote,
			const struct daisy_tcp_mapping *record);
/* Could a mapping be created for the packet's source? 0 or minus a reason; *saddr as in the result. */
int daisy_trace_create(struct daisy_tracing *t, struct in_addr *saddr);
int daisy_trace_outside(struct daisy_tracing *t, struct in_addr saddr, struct daisy_trace_hop *hop);
int daisy_trace_inside_hop(struct daisy_tracing *t, const struct daisy_mapping *m,
			   struct daisy_trace_hop *hop);

#endif
