/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trace reads from the maps: mappings, subscribers, next hops. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "nat/internal.h"
#include "nat/mapping.h"
#include "nat/trace.h"

#define INDEX_PLACES 4		/* bpf/lib/index.h */
#define ROUTE_HASH 0x9e3779b1u	/* bpf/lib/route.h */

static bool look_up(const struct daisy_tracing *t, const char *map, const void *key, void *value)
{
	return !bpf_map_lookup_elem(daisy_instance_map_fd(t->inst, map), key, value);
}

bool daisy_trace_link(const struct daisy_tracing *t, uint16_t zone, struct in_addr addr,
		      uint32_t *link)
{
	struct daisy_prefix_key key = { .prefixlen = 64, .zone_be = htons(zone) };
	struct daisy_prefix value;

	memcpy(key.addr, &addr, sizeof(key.addr));
	if (!look_up(t, "inside_prefixes", &key, &value))
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

bool daisy_trace_find(const struct daisy_tracing *t, union daisy_endpoint inside, uint32_t *slot,
		      uint16_t *port)
{
	union daisy_index_key key = { .word = inside.word | (uint64_t)t->proto << 56 };
	uint64_t hash = index_hash(t->conf, key.word);
	union daisy_ref ref = { 0 };
	bool found = false;

	for (uint32_t n = 0; n < INDEX_PLACES && !found; n++) {
		uint64_t half = n & 2 ? hash >> 32 : hash & 0xffffffff;
		uint32_t line = (uint32_t)(half * t->conf->index_lines >> 32) ^ (n & 1);
		struct daisy_bucket bucket;

		if (!look_up(t, "index_buckets", &line, &bucket))
			continue;
		for (int i = 0; i < DAISY_BUCKET_ENTRIES && !found; i++) {
			ref = bucket.entry[i].ref;
			found = bucket.entry[i].key.word == key.word && is_live(t, ref, inside);
		}
	}
	if (!found && look_up(t, "index_overflow", &key, &ref))
		found = is_live(t, ref, inside);
	*slot = ref.slot;
	*port = (uint16_t)ref.port;
	return found;
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

	memcpy(key.remote, &remote, sizeof(key.remote));
	admits = (t->proto == DAISY_TCP && has_connection(record, remote)) ||
		 (look_up(t, "permissions", &key, &permission) &&
		  daisy_tick_age(t->now, permission.seen) < t->conf->timer[timers[t->proto]] +
							    DAISY_HINT_TICKS);
	daisy_trace_say(t, "filtering", "address-dependent: the mapping has %ssent to this address",
			admits ? "" : "not ");
	return admits;
}

static const struct daisy_pool *policy_of(const struct daisy_tracing *t, uint32_t slot)
{
	return &t->inst->pools[t->inst->slots[slot].pool];
}

/* Has an address a block left? */
static bool has_block(const struct daisy_tracing *t, uint32_t slot, uint32_t order)
{
	const struct daisy_block_map *map = &t->inst->block_maps[slot];
	uint32_t n = 1U << ((order - 1) & 7), run = 0;

	for (uint32_t leaf = 0; leaf < DAISY_VECTOR_SIZE / DAISY_BLOCK_LEAF_PORTS; leaf++) {
		run = leaf % n ? run : 0;
		run += daisy_load_word(&map->free[leaf / 64]) >> (leaf & 63) & 1;
		if (run == n)
			return true;
	}
	return false;
}

/* A port out of the subscriber's blocks, or out of one more? */
static int in_blocks(struct daisy_tracing *t, uint32_t slot, uint32_t addr)
{
	const struct daisy_port_map *ports = daisy_instance_port_map(t->inst, slot, t->proto);
	const struct daisy_pool *policy = policy_of(t, slot);
	uint32_t held = 0, n_free = 0;

	for (uint32_t leaf = 0; leaf < DAISY_VECTOR_SIZE / DAISY_BLOCK_LEAF_PORTS; leaf++) {
		union daisy_block block = {
			.word = daisy_load_word(&t->inst->block_maps[slot].block[leaf]),
		};

		if (!block.order || block.addr != addr || block.zone != t->link->zone)
			continue;
		held++;
		for (uint32_t i = 0; i < 1U << (block.order - 1); i++)
			n_free += (uint32_t)__builtin_popcountll(daisy_load_word(&ports->leaf[leaf + i]));
	}
	daisy_trace_say(t, "port blocks", "has %u of at most %u, with %u free ports", held,
			policy->blocks, n_free);
	if (n_free)
		return 0;
	if (held >= policy->blocks)
		return -REASON_BLOCKS_FULL;
	return has_block(t, slot, policy->block_order) ? 0 : -REASON_NO_BLOCK;
}

static bool at_limit(const struct daisy_tracing *t, uint32_t slot, uint64_t word)
{
	const uint32_t *limit = policy_of(t, slot)->limit;

	return (limit[t->proto] && daisy_subscriber_count(word, t->proto) >= limit[t->proto]) ||
	       (limit[DAISY_N_PROTOS] && daisy_subscriber_mappings(word) >= limit[DAISY_N_PROTOS]);
}

/* The range and the free ports of a protocol at an address; parity and range preservation are wishes. */
static uint32_t free_ports(const struct daisy_tracing *t, uint32_t slot)
{
	const struct daisy_port_map *map = daisy_instance_port_map(t->inst, slot, t->proto);
	uint32_t n = 0;

	for (uint32_t port = map->first; port <= map->last; port++)
		n += daisy_load_word(&map->leaf[port / 64]) >> (port & 63) & 1;
	if (!n && t->conf->options & DAISY_OPT_RANGE && t->packet->sport < 1024 &&
	    t->proto != DAISY_ICMP)
		for (uint32_t port = 1; port < 1024; port++)
			n += daisy_load_word(&map->leaf[port / 64]) >> (port & 63) & 1;
	return n;
}

/* An address for a subscriber that has none: the freer of two, so any with a free port may be it. */
static int choose(struct daisy_tracing *t, const char *who, struct in_addr *saddr)
{
	uint64_t list = daisy_load_word(&t->inst->zones[t->link->zone]);
	uint32_t first = (uint32_t)list, n = (uint32_t)(list >> 32), n_active = 0, n_free = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = t->inst->pool_slots[first + i].slot, ports;

		if (t->inst->slots[slot].state != SLOT_ACTIVE)
			continue;
		n_active++;
		ports = policy_of(t, slot)->block_order ?
			has_block(t, slot, policy_of(t, slot)->block_order) : free_ports(t, slot);
		n_free += ports ? 1 : 0;
		if (ports)
			*saddr = daisy_slot_address(t->inst, slot);
	}
	daisy_trace_say(t, "subscriber", "%s: the freer of two of the %u addresses of its zone, %u of them "
			"with free ports", who, n_active, n_free);
	if (n_free > 1)
		saddr->s_addr = 0;
	return !n_active ? -REASON_NO_ADDRESS : n_free ? 0 : -REASON_NO_PORT;
}

int daisy_trace_create(struct daisy_tracing *t, struct in_addr *saddr)
{
	struct daisy_subscriber_key key = { .zone = t->link->zone };
	struct daisy_subscriber subscriber = { 0 };
	char address[INET_ADDRSTRLEN];
	uint32_t slot, ports;

	memcpy(key.addr, &t->packet->saddr, sizeof(key.addr));
	daisy_trace_say(t, "mapping", "none: one would be created");
	if (!daisy_trace_inside(t, t->packet->saddr))
		return -REASON_NOT_INSIDE;
	if (!look_up(t, "subscribers", &key, &subscriber) || subscriber.ctl.state != SUBSCRIBER_LIVE)
		return choose(t, "new", saddr);
	slot = subscriber.ctl.slot;
	if (t->inst->slots[slot].state != SLOT_ACTIVE && !daisy_subscriber_mappings(subscriber.ctl.word))
		return choose(t, "its address takes no new mappings", saddr);
	*saddr = daisy_slot_address(t->inst, slot);
	ports = free_ports(t, slot);
	inet_ntop(AF_INET, saddr, address, sizeof(address));
	daisy_trace_say(t, "subscriber", "has %u mappings at %s, where %u ports are free",
			daisy_subscriber_mappings(subscriber.ctl.word), address, ports);
	if (t->inst->slots[slot].state != SLOT_ACTIVE)
		return -REASON_DRAINING;
	if (at_limit(t, slot, subscriber.ctl.word))
		return -REASON_LIMIT_MAPPINGS;
	if (policy_of(t, slot)->block_order)
		return in_blocks(t, slot, t->packet->saddr.s_addr);
	return ports ? 0 : -REASON_NO_PORT;
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
	if (look_up(t, "neighbours", &key, &number) && number && number < DAISY_MAX_NEXTHOPS &&
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
	if (look_up(t, "routes", &slot, &route) && (uint32_t)route.word == question.daddr.s_addr &&
	    route.epoch == t->conf->nexthop_epoch && !t->stale && route.nexthop < DAISY_MAX_NEXTHOPS &&
	    t->inst->nexthops[route.nexthop].state == NEXTHOP_RESOLVED)
		return numbered(t, route.nexthop, "remembered for the destination", hop);
	return routed(t, &question, false, hop);
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
	if (m->nexthop && m->nexthop_epoch == t->conf->nexthop_epoch && !t->stale &&
	    m->nexthop < DAISY_MAX_NEXTHOPS && t->inst->nexthops[m->nexthop].state == NEXTHOP_RESOLVED)
		return numbered(t, m->nexthop, "remembered in the mapping", hop);
	if (link->static_nexthop)
		return numbered(t, link->static_nexthop, "static", hop);
	return routed(t, &question, true, hop);
}
