/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of a trace: trace.c has the order, trace_find.c and trace_create.c the
 * look-ups, trace_fragment.c what is about fragments, trace_end.c the ends.
 */
#ifndef DAISY_NAT_TRACING_H
#define DAISY_NAT_TRACING_H

#include "nat/trace.h"

#define IP_HEADER 20
#define TCP_HEADER 20
#define L4_LEAST 8
#define TCP_OPENS 0x17		/* SYN, ACK, RST, FIN: of these SYN alone opens a mapping */
#define TCP_SYN 2

enum icmp_type {
	ECHO_REPLY = 0,
	UNREACHABLE = 3,
	ECHO = 8,
	EXCEEDED = 11,
	PARAMETER = 12,
	TIMESTAMP = 13,
	TIMESTAMP_REPLY = 14,
};

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
	bool from_inside;
	bool to_external;
	uint16_t to_zone;	/* of the inside address that it goes to */
	uint32_t dst_slot;
	bool filtered;		/* the destination has address-dependent filtering */
	enum daisy_proto proto;
};

/* Where a packet leaves, or minus a reason. */
struct daisy_trace_hop {
	uint32_t link;
	uint32_t mtu;
};

enum daisy_trace_counter {
#define X(name, help) COUNTER_##name,
	DAISY_COUNTERS(X)
#undef X
};

void daisy_trace_say(struct daisy_tracing *t, const char *stage, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void daisy_trace_drop(struct daisy_tracing *t, int reason);
void daisy_trace_finish(struct daisy_tracing *t, enum daisy_trace_end how,
			enum daisy_trace_counter counter);
/* It is not forwarded, and its sender is told, if an ICMP error may be sent; else: refused, a reason. */
void daisy_trace_owe(struct daisy_tracing *t, enum daisy_trace_counter counter, int refused);
/* No mapping can be made. */
void daisy_trace_refuse(struct daisy_tracing *t, int reason);
/* To the slow path, or dropped for the reason if it cannot be held. */
void daisy_trace_hold(struct daisy_tracing *t, enum daisy_hold_class class, int reason);
/* An inbound TCP segment that no mapping admits, for a reason. */
void daisy_trace_unsolicited(struct daisy_tracing *t, int reason);
void daisy_trace_time_exceeded(struct daisy_tracing *t);
/* It leaves with the endpoints in t->trace, if it fits. */
void daisy_trace_leave(struct daisy_tracing *t, const struct daisy_trace_hop *hop,
		       enum daisy_trace_counter counter);
/* Options and fragment fields: 0 or minus a reason. */
int daisy_trace_header(const struct daisy_tracing *t);
/* A fragment that is not the first one. */
void daisy_trace_fragment(struct daisy_tracing *t);
/* Would a first fragment be remembered? 0 or minus a reason. */
int daisy_trace_remember(struct daisy_tracing *t);
/* Of its share in this tick, has a source nothing left? what: BUDGET_* or a class of held packets. */
bool daisy_trace_spent(const struct daisy_tracing *t, struct in_addr addr, uint32_t zone,
		       uint32_t what, uint32_t limit);
bool daisy_trace_look_up(const struct daisy_tracing *t, const char *map, const void *key,
			 void *value);
/* The link behind which an inside address is; false if it is in no prefix of the zone. */
bool daisy_trace_link(const struct daisy_tracing *t, uint16_t zone, struct in_addr addr,
		      uint32_t *link);
bool daisy_trace_inside(const struct daisy_tracing *t, struct in_addr addr);
/* The live mapping of an inside endpoint; false if there is none. */
bool daisy_trace_find(const struct daisy_tracing *t, union daisy_endpoint inside, uint32_t *slot,
		      uint16_t *port);
/* Is there no place in the index for a mapping of this inside endpoint? */
bool daisy_trace_index_full(const struct daisy_tracing *t, union daisy_endpoint inside);
/* The mapping of an external port; false if there is none. */
bool daisy_trace_record(const struct daisy_tracing *t, uint32_t slot, uint16_t port,
			struct daisy_tcp_mapping *record);
/* May a packet from a remote address come in to the mapping of its destination? */
bool daisy_trace_admits(struct daisy_tracing *t, struct in_addr remote,
			const struct daisy_tcp_mapping *record);
/* Could a mapping be created for the packet's source? 0 or minus a reason; *saddr as in the result. */
int daisy_trace_create(struct daisy_tracing *t, struct in_addr *saddr);
int daisy_trace_outside(struct daisy_tracing *t, struct in_addr saddr, struct daisy_trace_hop *hop);
/* Towards the host of a mapping; inside_hop: towards a host that no mapping vouches for. */
int daisy_trace_mapping_hop(struct daisy_tracing *t, const struct daisy_mapping *m,
			    struct daisy_trace_hop *hop);
int daisy_trace_inside_hop(struct daisy_tracing *t, const struct daisy_mapping *m,
			   struct daisy_trace_hop *hop);

#endif
