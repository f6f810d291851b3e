/* SPDX-License-Identifier: GPL-2.0-or-later */
/* address show, set */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/verbs.h"
#include "daemon/tables.h"
#include "lib/error.h"
#include "migrate/moves.h"

static uint32_t slot_address(const struct daisy_slot *slot)
{
	uint32_t addr;

	memcpy(&addr, slot->addr, sizeof(addr));
	return ntohl(addr);
}

static json_t *free_json(struct daisy_daemon *d, uint32_t slot)
{
	static const char *const names[DAISY_N_PROTOS] = { "udp", "tcp", "icmp" };
	json_t *free_ports = json_object();

	for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
		const struct daisy_port_map *map = daisy_instance_port_map(d->inst, slot, proto);

		json_object_set_new(free_ports, names[proto],
				    json_integer(__atomic_load_n(&map->n_free, __ATOMIC_RELAXED)));
	}
	return free_ports;
}

/* Ports of a pool's range that are not reserved. */
static uint32_t count_ports(const struct daisy_config_pool *pool)
{
	uint32_t n = 0;

	for (uint32_t port = pool->first_port; port <= pool->last_port; port++) {
		size_t i = 0;

		while (i < pool->n_reserved && (port < pool->reserved[i].first ||
						port > pool->reserved[i].last))
			i++;
		n += i == pool->n_reserved;
	}
	return n;
}

static const char *state_of(const struct daisy_slot *slot)
{
	if (slot->flags & SLOT_ARRIVING)
		return "arriving";
	if (slot->flags & SLOT_STOPPED)
		return "leaving";
	return slot->state == SLOT_DRAINING ? "draining" : "active";
}

/* Of an address on its way: with whom, how far, how much there is. Null of any other. */
static json_t *move_json(struct daisy_daemon *d, const struct daisy_slot *slot)
{
	struct daisy_arrival_status arrival;
	struct daisy_move_status move;

	if (slot->flags & SLOT_ARRIVING && daisy_arrival_status(d->moves, slot_address(slot), &arrival))
		return json_pack("{s:s,s:s,s:i,s:i}", "peer", arrival.peer,
				 "stage", arrival.ready ? "copied" : "copying",
				 "done", (int)arrival.done, "mappings", (int)arrival.mappings);
	daisy_move_status(d->moves, &move);
	if (move.state == SOURCE_IDLE || move.addr != slot_address(slot) || slot->flags & SLOT_ARRIVING)
		return json_null();
	return json_pack("{s:o,s:s,s:i,s:i}", "peer", daisy_json_text(move.peer),
			 "stage", daisy_source_state_name(move.state),
			 "done", (int)move.done.mappings, "mappings", (int)move.mappings);
}

static json_t *address_item(struct daisy_daemon *d, uint32_t number)
{
	const struct daisy_slot *slot = &daisy_instance_slots(d->inst)[number];
	const struct daisy_config_pool *pool =
		daisy_config_pool_find(d->config, d->pool_name[slot->pool]);
	json_t *item = json_object();

	json_object_set_new(item, "address", daisy_json_address(slot->addr));
	json_object_set_new(item, "slot", json_integer(number));
	json_object_set_new(item, "pool", daisy_json_text(d->pool_name[slot->pool]));
	json_object_set_new(item, "state", json_string(state_of(slot)));
	json_object_set_new(item, "ports", json_integer(pool ? count_ports(pool) : 0));
	json_object_set_new(item, "free", free_json(d, number));
	json_object_set_new(item, "move", move_json(d, slot));
	return item;
}

struct listing {
	struct daisy_endpoint_filter address;
	const char *pool;
	uint32_t slot;		/* next one */
	bool found;
};

static int step(struct daisy_request *request)
{
	struct daisy_daemon *d = request->daemon;
	struct listing *listing = request->job;
	uint32_t end = listing->slot + 64;

	for (; listing->slot < daisy_instance_max_slots(d->inst); listing->slot++) {
		const struct daisy_slot *slot = &daisy_instance_slots(d->inst)[listing->slot];

		if (listing->slot == end)
			return ANSWER_MORE;
		if (slot->state == SLOT_EMPTY ||
		    (listing->address.set && slot_address(slot) != listing->address.addr) ||
		    (listing->pool && strcmp(d->pool_name[slot->pool], listing->pool)))
			continue;
		daisy_reply_item(request, address_item(d, listing->slot));
		listing->found = true;
	}
	if (listing->found || !listing->address.set)
		return ANSWER_DONE;
	daisy_error_set("no external address \"%.64s\", expected one that address show lists",
			daisy_arg_string(request, "address"));
	return -ENOENT;
}

static void finish(struct daisy_request *request)
{
	free(request->job);
}

int daisy_address_show(struct daisy_request *request)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	int err;

	request->job = listing;
	request->finish = finish;
	if (!listing) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	err = daisy_arg_address(request, "address", &listing->address);
	listing->pool = daisy_arg_string(request, "pool");
	request->step = step;
	return err ? err : ANSWER_MORE;
}

/* They do not end by themselves, so the address would never be empty. */
static void warn_forwards(struct daisy_request *request, uint32_t addr)
{
	const struct daisy_config *config = request->daemon->config;
	char text[128];
	size_t n = 0;

	for (size_t i = 0; i < config->n_pools; i++)
		for (size_t k = 0; k < config->pools[i].n_forwards; k++)
			n += config->pools[i].forwards[k].external == addr;
	snprintf(text, sizeof(text), "%zu forward%s of this address stay%s until deleted (mapping delete)",
		 n, n == 1 ? "" : "s", n == 1 ? "s" : "");
	if (n)
		daisy_reply_warning(request, text);
}

int daisy_address_set(struct daisy_request *request)
{
	const char *state = daisy_arg_string(request, "state");
	bool active = !strcmp(state, "active");
	struct daisy_endpoint_filter address;
	int err = daisy_arg_address(request, "address", &address), slot;

	if (err)
		return err;
	if (!active && strcmp(state, "draining")) {
		daisy_error_set("\"%.64s\" is not a state, expected active or draining", state);
		return daisy_refuse(request);
	}
	slot = daisy_tables_slot(request->daemon, address.addr);
	if (slot < 0) {
		daisy_error_set("no external address \"%.64s\", expected one that address show "
				"lists", daisy_arg_string(request, "address"));
		return -ENOENT;
	}
	err = daisy_instance_address_state(request->daemon->inst, (uint32_t)slot,
					   active ? SLOT_ACTIVE : SLOT_DRAINING);
	if (!err && !active)
		warn_forwards(request, address.addr);
	return err ? err : daisy_tables_zones(request->daemon, request->daemon->config);
}
