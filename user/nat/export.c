/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "nat/internal.h"
#include "nat/mapping.h"
#include "nat/portable.h"
#include "nat/timers.h"

#define BATCH 1024

/* Items of a hash table that are the address's. */
struct list {
	struct daisy_portable *item;
	size_t n;
	size_t room;
};

enum phase {
	PHASE_SUBSCRIBERS,
	PHASE_VECTORS,
	PHASE_CONNS,
	PHASE_PERMISSIONS,
	PHASE_END,
};

struct daisy_export {
	struct daisy_instance *inst;
	uint32_t slot;
	uint32_t now;
	enum phase phase;
	struct list list[PHASE_END];
	size_t at;		/* in the list, or the next port of the vector */
	enum daisy_proto proto;
	struct daisy_portable pending[DAISY_INLINE_CONNS];	/* connections of the last mapping */
	int n_pending;
	struct daisy_portable_counts counts;
};

static uint32_t ms_from_ticks(uint32_t ticks)
{
	uint64_t ms = ((uint64_t)ticks << DAISY_TICK_SHIFT) / 1000000;

	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static uint32_t remaining_ms(uint32_t timer, uint32_t now, uint32_t seen)
{
	uint32_t age = daisy_tick_age(now, seen);

	return age < timer ? ms_from_ticks(timer - age) : 0;
}

static int append(struct list *list, const struct daisy_portable *item)
{
	struct daisy_portable *larger;

	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 256;
		larger = realloc(list->item, list->room * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		list->item = larger;
	}
	list->item[list->n++] = *item;
	return 0;
}

static bool subscriber_item(const struct daisy_export *e, const void *key, const void *value,
			    struct daisy_portable *item)
{
	const struct daisy_subscriber_key *k = key;
	const struct daisy_subscriber *s = value;

	if (s->ctl.state != SUBSCRIBER_LIVE || s->ctl.slot != e->slot)
		return false;
	*item = (struct daisy_portable){ .kind = PORTABLE_SUBSCRIBER, .zone = k->zone };
	memcpy(item->addr, k->addr, sizeof(item->addr));
	item->age_ms = ms_from_ticks(daisy_tick_age(e->now, s->last_change));
	return true;
}

static bool conn_portable(const struct daisy_export *e, uint64_t word, struct daisy_portable *item)
{
	const union daisy_conn_control ctl = { .word = word };

	if (ctl.state < CONN_OPENING)
		return false;
	item->kind = PORTABLE_CONN;
	item->proto = DAISY_TCP;
	item->conn_state = (uint8_t)ctl.state;
	item->conn_flags = (uint8_t)ctl.flags;
	item->lag_ms = ms_from_ticks((uint32_t)ctl.lag);
	item->remaining_ms = remaining_ms(daisy_timer_of_conn(e->inst->conf, ctl.state), e->now,
					  (uint32_t)ctl.seen);
	return true;
}

/* The record that a key of a generation belongs to, if it is still that one. */
static bool is_current(const struct daisy_export *e, enum daisy_proto proto, uint16_t port,
		       uint16_t generation)
{
	size_t stride;
	void *vector = daisy_instance_vector(e->inst, e->slot, proto, &stride);
	union daisy_control ctl = { .word = daisy_load_word(daisy_record(vector, stride, port)) };

	return ctl.state == MAPPING_ACTIVE && ctl.generation == generation;
}

static bool conn_item(const struct daisy_export *e, const void *key, const void *value,
		      struct daisy_portable *item)
{
	const struct daisy_conn_key *k = key;
	uint64_t word;

	if (k->slot != e->slot || !is_current(e, DAISY_TCP, k->ext_port, k->generation))
		return false;
	memcpy(&word, value, sizeof(word));
	*item = (struct daisy_portable){ .port = k->ext_port, .remote_port = k->remote_port };
	memcpy(item->remote, k->remote_addr, sizeof(item->remote));
	return conn_portable(e, word, item);
}

static bool permission_item(const struct daisy_export *e, const void *key, const void *value,
			    struct daisy_portable *item)
{
	const struct daisy_permission_key *k = key;
	const struct daisy_permission *permission = value;

	if (k->slot != e->slot || k->proto >= DAISY_N_PROTOS ||
	    !is_current(e, k->proto, k->port, k->generation))
		return false;
	*item = (struct daisy_portable){ .kind = PORTABLE_PERMISSION, .proto = k->proto,
					 .port = k->port };
	memcpy(item->remote, k->remote, sizeof(item->remote));
	item->age_ms = ms_from_ticks(daisy_tick_age(e->now, permission->seen));
	return true;
}

static const struct table {
	const char *map;
	enum phase phase;
	size_t key_size;
	size_t value_size;
	bool (*item)(const struct daisy_export *e, const void *key, const void *value,
		     struct daisy_portable *item);
} tables[] = {
	{ "subscribers", PHASE_SUBSCRIBERS, sizeof(struct daisy_subscriber_key),
	  sizeof(struct daisy_subscriber), subscriber_item },
	{ "conns", PHASE_CONNS, sizeof(struct daisy_conn_key), sizeof(union daisy_conn_control),
	  conn_item },
	{ "permissions", PHASE_PERMISSIONS, sizeof(struct daisy_permission_key),
	  sizeof(struct daisy_permission), permission_item },
};

/* Every item of a table that is the address's. */
static int collect(struct daisy_export *e, const struct table *table)
{
	static _Alignas(8) char keys[BATCH * 16], values[BATCH * 64];
	int fd = daisy_instance_map_fd(e->inst, table->map), err = 0;
	uint32_t cursor, next, count;
	bool begun = false, end = false;

	while (!end && !err) {
		count = BATCH;
		end = bpf_map_lookup_batch(fd, begun ? &cursor : NULL, &next, keys, values, &count, NULL);
		if (end && errno != ENOENT)
			return -errno;
		for (uint32_t i = 0; i < count && !err; i++) {
			struct daisy_portable item;

			if (table->item(e, keys + i * table->key_size, values + i * table->value_size,
					&item))
				err = append(&e->list[table->phase], &item);
		}
		cursor = next;
		begun = true;
	}
	return err;
}

int daisy_export_open(struct daisy_export **result, struct daisy_instance *inst, uint32_t slot)
{
	struct daisy_export *e = calloc(1, sizeof(*e));
	int err = e ? 0 : -ENOMEM;

	*result = e;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !err; i++) {
		e->inst = inst;
		e->slot = slot;
		e->now = daisy_instance_tick(inst);
		err = collect(e, &tables[i]);
	}
	if (!err)
		return 0;
	daisy_error_set("cannot read the state of slot %u: %s", slot, strerror(-err));
	daisy_export_close(e);
	*result = NULL;
	return err;
}

void daisy_export_close(struct daisy_export *e)
{
	if (!e)
		return;
	for (int i = 0; i < PHASE_END; i++)
		free(e->list[i].item);
	free(e);
}

static void note_conns(struct daisy_export *e, uint16_t port, const struct daisy_tcp_mapping *record)
{
	e->n_pending = 0;
	for (int i = DAISY_INLINE_CONNS - 1; i >= 0; i--) {
		const struct daisy_conn *conn = &record->conn[i];
		struct daisy_portable *item = &e->pending[e->n_pending];

		*item = (struct daisy_portable){ .port = port, .remote_port = conn->remote.port };
		memcpy(item->remote, conn->remote.addr, sizeof(item->remote));
		e->n_pending += conn_portable(e, conn->ctl.word, item);
	}
}

static bool mapping_item(struct daisy_export *e, uint16_t port, const struct daisy_tcp_mapping *record,
			 struct daisy_portable *item)
{
	const struct daisy_mapping *m = &record->m;

	if (m->flags & MAPPING_STATIC)
		return false;
	*item = (struct daisy_portable){
		.kind = PORTABLE_MAPPING, .proto = (uint8_t)e->proto, .port = port,
		.inside_port = m->inside.port, .zone = m->inside.zone,
		.flags = (uint8_t)((m->flags & MAPPING_UNTRACKED ? PORTABLE_UNTRACKED : 0) |
				   (m->flags & MAPPING_IDLED ? PORTABLE_IDLED : 0)),
		.age_ms = ms_from_ticks(daisy_tick_age(e->now, m->created)),
		.remaining_ms = remaining_ms(daisy_timer_of_mapping(e->inst->conf, e->proto), e->now,
					     (uint32_t)m->ctl.seen),
	};
	memcpy(item->addr, m->inside.addr, sizeof(item->addr));
	if (e->proto == DAISY_TCP)
		note_conns(e, port, record);
	return true;
}

/* What stands at a port of the vector that is under way. */
static bool record_item(struct daisy_export *e, uint16_t port, struct daisy_portable *item)
{
	struct daisy_tcp_mapping record;
	union daisy_control ctl;
	size_t stride;
	void *vector = daisy_instance_vector(e->inst, e->slot, e->proto, &stride);
	void *at = daisy_record(vector, stride, port);

	if (daisy_mapping_read(at, stride, &record))
		return mapping_item(e, port, &record, item);
	ctl.word = daisy_load_word(at);
	if (ctl.state != MAPPING_HOLD)
		return false;
	*item = (struct daisy_portable){
		.kind = PORTABLE_REST, .proto = (uint8_t)e->proto, .port = port,
		.remaining_ms = remaining_ms(daisy_timer_of_rest(e->inst, e->slot), e->now,
					     (uint32_t)ctl.seen),
	};
	return item->remaining_ms;
}

static bool next_record(struct daisy_export *e, struct daisy_portable *item)
{
	if (e->n_pending) {
		*item = e->pending[--e->n_pending];
		return true;
	}
	for (; e->proto < DAISY_N_PROTOS; e->proto++, e->at = 0)
		while (e->at < DAISY_VECTOR_SIZE)
			if (record_item(e, (uint16_t)e->at++, item))
				return true;
	return false;
}

static bool next_of_phase(struct daisy_export *e, struct daisy_portable *item)
{
	const struct list *list = &e->list[e->phase];

	if (e->phase == PHASE_VECTORS)
		return next_record(e, item);
	if (e->at == list->n)
		return false;
	*item = list->item[e->at++];
	return true;
}

void daisy_portable_count(struct daisy_portable_counts *counts, const struct daisy_portable *item)
{
	uint32_t *const by_kind[PORTABLE_N_KINDS] = {
		[PORTABLE_SUBSCRIBER] = &counts->subscribers, [PORTABLE_MAPPING] = &counts->mappings,
		[PORTABLE_CONN] = &counts->conns, [PORTABLE_REST] = &counts->rests,
		[PORTABLE_PERMISSION] = &counts->permissions,
	};

	++*by_kind[item->kind];
}

bool daisy_export_next(struct daisy_export *e, struct daisy_portable *item)
{
	for (; e->phase < PHASE_END; e->phase++, e->at = 0)
		if (next_of_phase(e, item)) {
			daisy_portable_count(&e->counts, item);
			return true;
		}
	return false;
}

bool daisy_export_is_between(const struct daisy_export *e)
{
	return !e->n_pending;
}

const struct daisy_portable_counts *daisy_export_counts(const struct daisy_export *e)
{
	return &e->counts;
}

int daisy_export_count(struct daisy_instance *inst, uint32_t slot, uint32_t *mappings,
		       uint32_t *subscribers)
{
	struct daisy_export *e;
	struct daisy_portable item;
	int err = daisy_export_open(&e, inst, slot);

	if (err)
		return err;
	while (daisy_export_next(e, &item))
		;
	*mappings = e->counts.mappings;
	*subscribers = e->counts.subscribers;
	daisy_export_close(e);
	return 0;
}
