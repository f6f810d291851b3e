/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "nat/internal.h"
#include "nat/portable.h"
#include "nat/sweep.h"
#include "nat/timers.h"
#include "shared/reasons.h"

struct daisy_import {
	struct daisy_instance *inst;
	uint32_t slot;
	uint32_t now;
	struct daisy_sweep_header header;	/* n: items of the batch */
	struct daisy_import_item item[DAISY_IMPORT_BATCH_ITEMS];
	struct daisy_portable_counts counts;
};

int daisy_import_open(struct daisy_import **result, struct daisy_instance *inst, uint32_t slot)
{
	struct daisy_import *import = calloc(1, sizeof(*import));

	*result = import;
	if (!import) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	import->inst = inst;
	import->slot = slot;
	return 0;
}

void daisy_import_close(struct daisy_import *import)
{
	free(import);
}

static uint32_t ticks_from_ms(uint32_t ms)
{
	return (uint32_t)((uint64_t)ms * 1000000 >> DAISY_TICK_SHIFT);
}

/* The tick that leaves so much of a timer; a timer that is shorter here begins anew. */
static uint32_t seen_tick(const struct daisy_import *import, uint32_t timer, uint32_t left_ms)
{
	uint32_t left = ticks_from_ms(left_ms) + 1;

	return (import->now - (left < timer ? timer - left : 0)) & DAISY_SEEN_MASK;
}

static int refuse(const struct daisy_portable *item, const char *why, int err)
{
	char inside[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, item->addr, inside, sizeof(inside));
	daisy_error_set("%s port %u of %s:%u: %s", daisy_proto_name(item->proto), item->port, inside,
			item->inside_port, why);
	return err;
}

/* The link behind which a host is, by the inside prefixes of this box. -ENOENT: behind none. */
static int link_of(const struct daisy_import *import, const struct daisy_portable *item)
{
	struct daisy_prefix_key key = { .prefixlen = 64, .zone_be = htons(item->zone) };
	struct daisy_prefix prefix;

	memcpy(key.addr, item->addr, sizeof(key.addr));
	if (bpf_map_lookup_elem(daisy_instance_map_fd(import->inst, "inside_prefixes"), &key, &prefix))
		return -ENOENT;
	return (int)prefix.link;
}

/* Sweeps give ports back at the same time. A port that the pool does not have is not given back later. */
static void claim_bit(const struct daisy_import *import, const struct daisy_portable *item)
{
	struct daisy_port_map *map = daisy_instance_port_map(import->inst, import->slot, item->proto);
	uint32_t leaf = item->port / 64;
	uint64_t bit = 1ULL << (item->port & 63);
	uint64_t was = __atomic_fetch_and(&map->leaf[leaf], ~bit, __ATOMIC_SEQ_CST);

	if (!(was & bit))
		return;
	__atomic_fetch_sub(&map->n_free, 1, __ATOMIC_RELAXED);
	if (was == bit)
		__atomic_fetch_and(&map->summary[leaf / 64], ~(1ULL << (leaf & 63)), __ATOMIC_SEQ_CST);
}

static struct daisy_mapping *record_at(const struct daisy_import *import, const struct daisy_portable *item)
{
	size_t stride;
	void *vector = daisy_instance_vector(import->inst, import->slot, item->proto, &stride);

	return daisy_record(vector, stride, item->port);
}

/* Make a free record ours, of another generation, in a state. NULL: it is taken. */
static struct daisy_mapping *claim(const struct daisy_import *import, const struct daisy_portable *item,
				   enum daisy_mapping_state state, uint32_t seen)
{
	struct daisy_mapping *m = record_at(import, item);
	union daisy_control ctl = { .word = daisy_load_word(&m->ctl) };

	if (ctl.state != MAPPING_FREE)
		return NULL;
	claim_bit(import, item);
	ctl.generation++;
	ctl.held = 0;
	ctl.state = state;
	ctl.seen = seen & DAISY_SEEN_MASK;
	/* Nobody else looks at it: the address cannot be found. */
	m->ctl = ctl;
	return m;
}

static int take_mapping(struct daisy_import *import, const struct daisy_portable *item)
{
	const struct daisy_conf *conf = import->inst->conf;
	struct daisy_mapping *m;
	int link = link_of(import, item), err = 0;

	/* Not before its connections are there, which follow it. */
	if (import->header.n == DAISY_IMPORT_BATCH_ITEMS)
		err = daisy_import_publish(import);
	if (err)
		return err;
	if (link < 0)
		return refuse(item, "the host is in no inside prefix of this box", -ENOENT);
	m = claim(import, item, MAPPING_NEW,
		  seen_tick(import, daisy_timer_of_mapping(conf, item->proto), item->remaining_ms));
	if (!m)
		return refuse(item, "the port is taken", -EEXIST);
	memcpy(m->inside.addr, item->addr, sizeof(m->inside.addr));
	m->inside.port = item->inside_port;
	m->inside.zone = item->zone;
	m->created = (import->now - ticks_from_ms(item->age_ms)) & DAISY_SEEN_MASK;
	if (item->proto == DAISY_TCP)
		((struct daisy_tcp_mapping *)m)->conns = 0;
	m->flags = (uint16_t)((item->flags & PORTABLE_UNTRACKED ? MAPPING_UNTRACKED : 0) |
			      (item->flags & PORTABLE_IDLED ? MAPPING_IDLED : 0));
	m->link = (uint16_t)link;
	import->item[import->header.n++] = (struct daisy_import_item){
		.inside = m->inside, .slot = (uint16_t)import->slot, .port = item->port,
		.proto = item->proto,
	};
	return 0;
}

static union daisy_conn_control conn_word(const struct daisy_import *import,
					  const struct daisy_portable *item)
{
	uint32_t timer = daisy_timer_of_conn(import->inst->conf, item->conn_state);
	uint32_t lag = ticks_from_ms(item->lag_ms);

	return (union daisy_conn_control){
		.seen = seen_tick(import, timer, item->remaining_ms),
		.lag = lag < DAISY_CONN_LAG_MASK ? lag : DAISY_CONN_LAG_MASK,
		.flags = item->conn_flags, .state = item->conn_state,
	};
}

/* Beyond those in the record: in the table, counted by the mapping. */
static int take_far_conn(const struct daisy_import *import, const struct daisy_portable *item,
			 struct daisy_tcp_mapping *t)
{
	union daisy_conn_control ctl = conn_word(import, item);
	struct daisy_conn_key key = {
		.remote_port = item->remote_port, .ext_port = item->port,
		.slot = (uint16_t)import->slot, .generation = (uint16_t)t->m.ctl.generation,
	};

	memcpy(key.remote_addr, item->remote, sizeof(key.remote_addr));
	if (bpf_map_update_elem(daisy_instance_map_fd(import->inst, "conns"), &key, &ctl, BPF_NOEXIST))
		return refuse(item, "no room for its connections", -ENOSPC);
	__atomic_fetch_add(&t->conns, ctl.flags & CONN_ANSWERED ? 1u : 1u << 16, __ATOMIC_SEQ_CST);
	return 0;
}

static int take_conn(struct daisy_import *import, const struct daisy_portable *item)
{
	struct daisy_tcp_mapping *t = (void *)record_at(import, item);

	if (item->proto != DAISY_TCP || item->conn_state < CONN_OPENING || item->conn_state > CONN_RESET)
		return refuse(item, "not a connection", -EINVAL);
	if (t->m.ctl.state != MAPPING_NEW && t->m.ctl.state != MAPPING_ACTIVE)
		return 0;	/* of a mapping that has a twin here */
	for (int i = 0; i < DAISY_INLINE_CONNS && t->m.ctl.state == MAPPING_NEW; i++) {
		if (t->conn[i].ctl.word)
			continue;
		memcpy(t->conn[i].remote.addr, item->remote, sizeof(t->conn[i].remote.addr));
		t->conn[i].remote.port = item->remote_port;
		t->conn[i].remote.zone = 0;
		t->conn[i].ctl = conn_word(import, item);
		return 0;
	}
	return take_far_conn(import, item, t);
}

static int take_rest(struct daisy_import *import, const struct daisy_portable *item)
{
	uint32_t timer = daisy_timer_of_rest(import->inst, import->slot);
	struct daisy_port_map *map = daisy_instance_port_map(import->inst, import->slot, item->proto);
	struct daisy_mapping *m = claim(import, item, MAPPING_HOLD,
					seen_tick(import, timer, item->remaining_ms));

	if (!m)
		return refuse(item, "the port is taken", -EEXIST);
	m->flags = 0;
	__atomic_fetch_add(&map->n_held, 1, __ATOMIC_RELAXED);
	return 0;
}

/* One that is here already stays with its address. */
static int take_subscriber(struct daisy_import *import, const struct daisy_portable *item)
{
	struct daisy_subscriber_key key = { .zone = item->zone };
	struct daisy_subscriber value = {
		.ctl = { .slot = import->slot, .state = SUBSCRIBER_LIVE },
		.last_change = (import->now - ticks_from_ms(item->age_ms)) & DAISY_SEEN_MASK,
		/* Looked for in the prefixes of this box with its next mapping. */
		.prefix_epoch = import->inst->conf->prefix_epoch - 1,
	};

	memcpy(key.addr, item->addr, sizeof(key.addr));
	if (!bpf_map_update_elem(daisy_instance_map_fd(import->inst, "subscribers"), &key, &value,
				 BPF_NOEXIST) || errno == EEXIST)
		return 0;
	return refuse(item, "no room for its subscriber, expected larger limits.subscribers", -ENOSPC);
}

/* A permission that finds no room ends as any that is displaced does. */
static int take_permission(struct daisy_import *import, const struct daisy_portable *item)
{
	struct daisy_permission_key key = {
		.slot = (uint16_t)import->slot, .port = item->port, .proto = item->proto,
		.generation = (uint16_t)record_at(import, item)->ctl.generation,
	};
	struct daisy_permission value = {
		.seen = (import->now - ticks_from_ms(item->age_ms)) & DAISY_SEEN_MASK,
	};

	memcpy(key.remote, item->remote, sizeof(key.remote));
	bpf_map_update_elem(daisy_instance_map_fd(import->inst, "permissions"), &key, &value, BPF_ANY);
	return 0;
}

int daisy_import_item(struct daisy_import *import, const struct daisy_portable *item)
{
	static int (*const take[PORTABLE_N_KINDS])(struct daisy_import *import,
						   const struct daisy_portable *item) = {
		[PORTABLE_SUBSCRIBER] = take_subscriber, [PORTABLE_MAPPING] = take_mapping,
		[PORTABLE_CONN] = take_conn, [PORTABLE_REST] = take_rest,
		[PORTABLE_PERMISSION] = take_permission,
	};
	int err;

	if (item->kind >= PORTABLE_N_KINDS || item->proto >= DAISY_N_PROTOS ||
	    item->zone >= DAISY_MAX_ZONES || (item->kind != PORTABLE_SUBSCRIBER && !item->port)) {
		daisy_error_set("an item that is none of the state of an address");
		return -EINVAL;
	}
	import->now = daisy_instance_tick(import->inst);
	err = take[item->kind](import, item);
	if (!err)
		daisy_portable_count(&import->counts, item);
	return err;
}

static int explain(uint32_t reason)
{
	daisy_error_set("a mapping cannot be taken: %s", reason == REASON_INDEX_FULL ?
			"the index is full, expected larger limits.mappings" :
			reason == REASON_NO_SUBSCRIBER ?
			"no room for its subscriber, expected larger limits.subscribers" :
			"its subscriber changes all the time");
	return -ENOSPC;
}

int daisy_import_publish(struct daisy_import *import)
{
	uint16_t n = import->header.n;
	int err = daisy_batch_run(import->inst, "sweep_imports", &import->header, import->item,
				  sizeof(import->item[0]));

	import->counts.mappings -= err ? 0 : n - import->header.expired;
	/* Twins: the endpoint has gone on at this box, and what it has here is newer. */
	if (!err && import->header.freed && import->header.freed != REASON_CREATE_RACE)
		err = explain(import->header.freed);
	import->header.n = 0;
	return err;
}

const struct daisy_portable_counts *daisy_import_counts(const struct daisy_import *import)
{
	return &import->counts;
}
