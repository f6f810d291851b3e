/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/census.h"
#include "daemon/loop.h"
#include "lib/error.h"

#define STEPS 100		/* of 100 ms: ten seconds */
#define TABLE_ITEMS 1024	/* of a hash table, a step */

struct table {
	const char *name;
	bool begun;
	uint32_t cursor;
	uint64_t n;
};

struct daisy_census {
	struct daisy_instance *inst;
	uint32_t vector;	/* slot * DAISY_N_PROTOS + protocol, next to be counted */
	uint64_t mappings[DAISY_N_PROTOS];
	uint64_t held[DAISY_N_PROTOS];
	struct table conns;
	struct table subscribers;
	char keys[TABLE_ITEMS * 16];
	char values[TABLE_ITEMS * 64];
};

_Static_assert(sizeof(struct daisy_conn_key) <= 16 && sizeof(struct daisy_subscriber) <= 64,
	       "items of the tables fit");

struct daisy_census *daisy_census_new(struct daisy_instance *inst)
{
	struct daisy_census *census = calloc(1, sizeof(*census));

	if (!census) {
		daisy_error_set("no memory");
		return NULL;
	}
	census->inst = inst;
	census->conns = (struct table){ .name = "conns" };
	census->subscribers = (struct table){ .name = "subscribers" };
	return census;
}

void daisy_census_free(struct daisy_census *census)
{
	free(census);
}

/* Sixty-four free ports are one word of the port map, and not looked at. */
static void count_vector(struct daisy_census *census, uint32_t slot, enum daisy_proto proto)
{
	const struct daisy_port_map *map = daisy_instance_port_map(census->inst, slot, proto);
	size_t stride;
	const char *vector = daisy_instance_vector(census->inst, slot, proto, &stride);

	for (uint32_t leaf = 0; vector && leaf < DAISY_VECTOR_SIZE / 64; leaf++) {
		if (__atomic_load_n(&map->leaf[leaf], __ATOMIC_RELAXED) == UINT64_MAX)
			continue;
		for (uint32_t port = leaf * 64; port < leaf * 64 + 64; port++) {
			uint64_t word = __atomic_load_n((const uint64_t *)(vector + stride * port),
							__ATOMIC_RELAXED);
			uint32_t state = (uint32_t)(word >> DAISY_STATE_SHIFT);

			census->mappings[proto] += state == MAPPING_ACTIVE;
			census->held[proto] += state == MAPPING_HOLD;
		}
	}
}

static void count_vectors(struct daisy_census *census, struct daisy_figures *figures)
{
	uint32_t all = daisy_instance_max_slots(census->inst) * DAISY_N_PROTOS;
	uint32_t n = (all + STEPS - 1) / STEPS;

	for (; n && census->vector < all; census->vector++) {
		uint32_t slot = census->vector / DAISY_N_PROTOS;

		if (daisy_instance_slots(census->inst)[slot].state == SLOT_EMPTY)
			continue;
		count_vector(census, slot, census->vector % DAISY_N_PROTOS);
		n--;
	}
	if (census->vector < all)
		return;
	memcpy(figures->mappings, census->mappings, sizeof(census->mappings));
	memcpy(figures->held, census->held, sizeof(census->held));
	figures->counted_ms = daisy_now_ms();
	memset(census->mappings, 0, sizeof(census->mappings));
	memset(census->held, 0, sizeof(census->held));
	census->vector = 0;
}

/* A table that changes under the walk is counted nearly right. */
static void count_table(struct daisy_census *census, struct table *table, uint64_t *result)
{
	int fd = daisy_instance_map_fd(census->inst, table->name);
	uint32_t n = TABLE_ITEMS, next;
	bool end = bpf_map_lookup_batch(fd, table->begun ? &table->cursor : NULL, &next,
					census->keys, census->values, &n, NULL);

	/* ENOENT comes with the last items; anything else, and we start anew. */
	if (end && errno != ENOENT)
		n = 0;
	table->n += n;
	table->cursor = next;
	table->begun = !end;
	if (!end)
		return;
	*result = table->n;
	table->n = 0;
}

void daisy_census_step(struct daisy_census *census, struct daisy_figures *figures)
{
	count_vectors(census, figures);
	count_table(census, &census->conns, &figures->connections);
	count_table(census, &census->subscribers, &figures->subscribers);
}
