/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trace reads from the maps: mappings, permissions, next hops. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "nat/internal.h"
#include "nat/mapping.h"
#include "nat/tracing.h"

#define INDEX_PLACES 4		/* bpf/lib/index.h */
#define ROUTE_HASH 0x9e3779b1u	/* bpf/lib/route.h */

bool daisy_trace_look_up(const struct daisy_tracing *t, const char *map, const void *key, void *value)
{
	return !bpf_map_lookup_elem(daisy_instance_map_fd(t->inst, map), key, value);
}

bool daisy_trace_link(const struct daisy_tracing *t, uint16_t zone, struct in_addr addr,
		      uint32_t *link)
{
	struct daisy_prefix_key key = { .prefixlen = 64, .zone_be = htons(zone) };
	struct daisy_prefix value;

	memcpy(key.addr, &addr, sizeof(key.addr));
	if (!daisy_trace_look_up(t, "inside_prefixes", &key, &value))
		return false;
	*link = value.link & (DAISY_MAX_LINKS - 1);
	return true;
}

bool daisy_trace_inside(const struct daisy_tracing *t, struct in_addr addr)
{
	uint32_t link;

	return daisy_trace_link(t, t->link->zone, addr, &link);
}

bool daisy_trace_record(const struct daisy_tracing *t, uint32_t slot, uint16_t port,
			struct daisy_tcp_mapping *record)
{
	size_t stride;
	void *vector = daisy_instance_vector(t->inst, slot, t->proto, &stride);

	return vector && daisy_mapping_read(daisy_record(vector, stride, port), stride, record);
}

/* Is the record that a word leads to live, and of this endpoint? */
static bool is_live(const struct daisy_tracing *t, union daisy_ref ref, union daisy_endpoint inside)
{
	struct daisy_tcp_mapping record;

	return ref.published && ref.slot < t->inst->sizes.slots &&
	       daisy_trace_record(t, ref.slot, (uint16_t)ref.port, &record) &&
	       record.m.inside.word == inside.word;
}

/* The keyed hash of bpf/lib/index.h. */
static uint64_t index_hash(const struct daisy_conf *conf, uint64_t key)
{
	uint64_t h = key ^ conf->hash_key[0];

	h *= conf->hash_key[1];
	h ^= h >> 32;
	h *= conf->hash_key[2];
	return h ^ h >> 29;
}

/* Number of the n-th bucket of a hash. */
static uint32_t index_place(const struct daisy_conf *conf, uint64_t hash, uint32_t n)
{
	uint64_t half = n & 2 ? hash >> 32 : hash & 0xffffffff;

	return (uint32_t)(half * conf->index_lines >> 32) ^ (n & 1);
}

bool daisy_trace_find(const struct daisy_tracing *t, union daisy_endpoint inside, uint32_t *slot,
		      uint16_t *port)
{
	union daisy_index_key key = { .word = inside.word | (uint64_t)t->proto << 56 };
	uint64_t hash = index_hash(t->conf, key.word);
	union daisy_ref ref = { 0 };
	bool found = false;

	for (uint32_t n = 0; n < INDEX_PLACES && !found; n++) {
		uint32_t line = index_place(t->conf, hash, n);
		struct daisy_bucket bucket;

		if (!daisy_trace_look_up(t, "index_buckets", &line, &bucket))
			continue;
		for (int i = 0; i < DAISY_BUCKET_ENTRIES && !found; i++) {
			ref = bucket.entry[i].ref;
			found = bucket.entry[i].key.word == key.word && is_live(t, ref, inside);
		}
	}
	if (!found && daisy_trace_look_up(t, "index_overflow", &key, &ref))
		found = is_live(t, ref, inside);
	*slot = ref.slot;
	*port = (uint16_t)ref.port;
	return found;
}

bool daisy_trace_index_full(const struct daisy_tracing *t, union daisy_endpoint inside)
{
	uint64_t hash = index_hash(t->conf, inside.word | (uint64_t)t->proto << 56);
	struct daisy_bucket bucket;

	for (uint32_t n = 0; n < INDEX_PLACES; n++) {
		uint32_t line = index_place(t->conf, hash, n);

		if (!daisy_trace_look_up(t, "index_buckets", &line, &bucket))
			return false;
		for (int i = 0; i < DAISY_BUCKET_ENTRIES; i++)
			if (!bucket.entry[i].ref.word)
				return false;
	}
	return t->conf->overflow_used >= t->inst->sizes.index_overflow;
}

/* Has the inside sent to this address by a connection that stands in the record? */
static bool has_connection(const struct daisy_tcp_mapping *record, struct in_addr remote)
{
	for (int i = 0; i < DAISY_INLINE_CONNS; i++)
		if (record->conn[i].ctl.state >= CONN_OPENING &&
		    record->conn[i].ctl.flags & CONN_ANSWERED &&
		    !memcmp(record->conn[i].remote.addr, &remote, sizeof(remote)))
			return true;
	return false;
}

bool daisy_trace_admits(struct daisy_tracing *t, struct in_addr remote,
			const struct daisy_tcp_mapping *record)
{
	static const enum daisy_timer timers[DAISY_N_PROTOS] = {
		[DAISY_UDP] = DAISY_TIMER_UDP, [DAISY_TCP] = DAISY_TIMER_TCP_ESTABLISHED,
		[DAISY_ICMP] = DAISY_TIMER_ICMP,
	};
	struct daisy_permission_key key = {
		.slot = (uint16_t)t->dst_slot, .port = t->packet->dport,
		.generation = (uint16_t)record->m.ctl.generation, .proto = (uint8_t)t->proto,
	};
	struct daisy_permission permission;
	bool admits;

	if (record->m.flags & MAPPING_STATIC) {
		daisy_trace_say(t, "filtering", "address-dependent, but a forward is open to all");
		return true;
	}
	memcpy(key.remote, &remote, sizeof(key.remote));
	admits = (t->proto == DAISY_TCP && has_connection(record, remote)) ||
		 (daisy_trace_look_up(t, "permissions", &key, &permission) &&
		  daisy_tick_age(t->now, permission.seen) < t->conf->timer[timers[t->proto]] +
							    DAISY_HINT_TICKS);
	daisy_trace_say(t, "filtering", "address-dependent: the mapping has %ssent to this address",
			admits ? "" : "not ");
	return admits;
}

/* A next hop by number. */
static int numbered(struct daisy_tracing *t, uint32_t number, const char *how,
		    struct daisy_trace_hop *hop)
{
	const struct daisy_nexthop *n = &t->inst->nexthops[number];

	daisy_trace_say(t, "next hop", "%s: number %u, %02x:%02x:%02x:%02x:%02x:%02x by link %u%s", how,
			number, n->dmac[0], n->dmac[1], n->dmac[2], n->dmac[3], n->dmac[4], n->dmac[5],
			n->link, n->state == NEXTHOP_RESOLVED ? "" : ", not resolved");
	hop->link = n->link;
	hop->mtu = n->mtu;
	return n->state == NEXTHOP_RESOLVED ? 0 : -REASON_UNRESOLVED;
}

/* The link of ours whose device has this index, -1 if none. */
static int link_of(const struct daisy_tracing *t, uint32_t ifindex)
{
	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (t->inst->links[i].ifindex == ifindex && t->inst->links[i].side != SIDE_NONE)
			return i;
	return -1;
}

/* By the kernel's routes. */
static int routed(struct daisy_tracing *t, const struct daisy_trace_question *question,
		  bool to_inside, struct daisy_trace_hop *hop)
{
	struct daisy_neighbour_key key;
	struct daisy_trace_route route = { 0 };
	char by[INET_ADDRSTRLEN];
	uint32_t number;
	int link;

	if (t->route(t->ctx, question, &route)) {
		daisy_trace_say(t, "next hop", "by route: there is none");
		return -REASON_NO_ROUTE;
	}
	link = link_of(t, route.ifindex);
	inet_ntop(AF_INET, &route.neighbour, by, sizeof(by));
	daisy_trace_say(t, "next hop", "by route: %s over device %u, %s%s", by, route.ifindex,
			link < 0 ? "which is no link" : "a link",
			route.resolved ? "" : ", not resolved");
	if (!route.resolved)
		return -REASON_UNRESOLVED;
	if (link < 0 || (t->inst->links[link].side != SIDE_BOTH &&
			 t->inst->links[link].side != (to_inside ? SIDE_INSIDE : SIDE_OUTSIDE)))
		return -REASON_NO_ROUTE;
	hop->link = (uint32_t)link;
	hop->mtu = t->inst->links[link].mtu;
	key.ifindex = route.ifindex;
	memcpy(key.addr, &route.neighbour, sizeof(key.addr));
	if (daisy_trace_look_up(t, "neighbours", &key, &number) && number && number < DAISY_MAX_NEXTHOPS &&
	    t->inst->nexthops[number].state == NEXTHOP_RESOLVED) {
		hop->link = t->inst->nexthops[number].link;
		hop->mtu = t->inst->nexthops[number].mtu;
	}
	return 0;
}

int daisy_trace_outside(struct daisy_tracing *t, struct in_addr saddr, struct daisy_trace_hop *hop)
{
	struct daisy_trace_question question = {
		.daddr = t->packet->daddr, .saddr = saddr, .ifindex = t->link->ifindex,
	};
	uint32_t slot = t->packet->daddr.s_addr * ROUTE_HASH >> 16 & (DAISY_ROUTE_CACHE - 1);
	union daisy_route route;

	if (t->conf->static_nexthop)
		return numbered(t, t->conf->static_nexthop, "static", hop);
	if (daisy_trace_look_up(t, "routes", &slot, &route) && (uint32_t)route.word == question.daddr.s_addr &&
	    route.epoch == t->conf->nexthop_epoch && !t->stale && route.nexthop < DAISY_MAX_NEXTHOPS &&
	    t->inst->nexthops[route.nexthop].state == NEXTHOP_RESOLVED)
		return numbered(t, route.nexthop, "remembered for the destination", hop);
	return routed(t, &question, false, hop);
}

/* Number of the next hop remembered for a host behind a link, 0 if none is. */
static uint16_t remembered(const struct daisy_tracing *t, const struct daisy_mapping *m)
{
	uint32_t slot = ((uint32_t)m->inside.word + m->link) * ROUTE_HASH >> 16 & (DAISY_ROUTE_CACHE - 1);
	union daisy_inside_route route = {
		.word = __atomic_load_n(&t->inst->inside_routes[slot].word, __ATOMIC_RELAXED),
	};
	bool holds = !memcmp(route.addr, m->inside.addr, sizeof(route.addr)) && route.link == m->link &&
		     route.epoch == (t->conf->nexthop_epoch & 0xff);

	return holds && route.nexthop < DAISY_MAX_NEXTHOPS &&
	       t->inst->nexthops[route.nexthop].state == NEXTHOP_RESOLVED ? route.nexthop : 0;
}

int daisy_trace_mapping_hop(struct daisy_tracing *t, const struct daisy_mapping *m,
			    struct daisy_trace_hop *hop)
{
	uint16_t number = t->stale ? 0 : remembered(t, m);

	return number ? numbered(t, number, "remembered for the host", hop) :
			daisy_trace_inside_hop(t, m, hop);
}

int daisy_trace_inside_hop(struct daisy_tracing *t, const struct daisy_mapping *m,
			   struct daisy_trace_hop *hop)
{
	const struct daisy_link *link = &t->inst->links[m->link];
	struct daisy_trace_question question = {
		.saddr = t->packet->saddr, .by_link = m->inside.zone,
		.ifindex = m->inside.zone ? link->ifindex : t->link->ifindex,
	};

	memcpy(&question.daddr, m->inside.addr, sizeof(question.daddr));
	if (link->static_nexthop)
		return numbered(t, link->static_nexthop, "static", hop);
	return routed(t, &question, true, hop);
}
