/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/grace.h"
#include "nat/ports.h"

#define N_LEAVES 1024
#define N_PORTS 65536
#define RANGE_LAST 1023		/* ports that range preservation keeps together */

static bool set_has(const __u64 *leaf, uint32_t port)
{
	return __atomic_load_n(&leaf[port / 64], __ATOMIC_ACQUIRE) >> (port & 63) & 1;
}

static void set_add(__u64 *leaf, uint32_t first, uint32_t last)
{
	for (uint32_t port = first; port <= last; port++)
		leaf[port / 64] |= 1ULL << (port & 63);
}

void daisy_port_set_fill(struct daisy_port_set *set, uint16_t first, uint16_t last,
			 bool range_preservation, const uint16_t *reserved, size_t n_reserved)
{
	memset(set, 0, sizeof(*set));
	set->first = first;
	set->last = last;
	set->block_first = first;
	set->block_last = last;
	set_add(set->leaf, first, last);
	if (range_preservation)
		set_add(set->leaf, 1, RANGE_LAST);
	set->leaf[0] &= ~1ULL;
	for (size_t i = 0; i < n_reserved; i++)
		set->leaf[reserved[i] / 64] &= ~(1ULL << (reserved[i] & 63));
}

/* The summary is a hint, but a port whose bit is not there is never found. */
static void hint(struct daisy_port_map *map, uint32_t leaf)
{
	__atomic_fetch_or(&map->summary[leaf / 64], 1ULL << (leaf & 63), __ATOMIC_ACQ_REL);
}

static int32_t count_free(const struct daisy_port_map *map)
{
	int32_t n = 0;

	for (uint32_t i = 0; i < N_LEAVES; i++)
		n += __builtin_popcountll(__atomic_load_n(&map->leaf[i], __ATOMIC_ACQUIRE));
	return n;
}

void daisy_ports_init(struct daisy_port_map *map, const struct daisy_port_set *set)
{
	memset(map, 0, sizeof(*map));
	memcpy(map->allowed, set->leaf, sizeof(map->allowed));
	memcpy(map->leaf, set->leaf, sizeof(map->leaf));
	for (uint32_t i = 0; i < N_LEAVES; i++)
		if (map->leaf[i])
			hint(map, i);
	map->n_free = count_free(map);
	map->first = set->first;
	map->last = set->last;
}

static void give_back(struct daisy_port_map *map, uint32_t port)
{
	__atomic_fetch_or(&map->leaf[port / 64], 1ULL << (port & 63), __ATOMIC_ACQ_REL);
	hint(map, port / 64);
	__atomic_fetch_add(&map->n_free, 1, __ATOMIC_ACQ_REL);
}

static void take_away(struct daisy_port_map *map, uint32_t port)
{
	uint64_t bit = 1ULL << (port & 63);

	if (__atomic_fetch_and(&map->leaf[port / 64], ~bit, __ATOMIC_ACQ_REL) & bit)
		__atomic_fetch_sub(&map->n_free, 1, __ATOMIC_ACQ_REL);
}

/*
 * Reconciling. A single look proves nothing, since packets work on at the same
 * time: a creator first claims the bit and then writes the record, a sweep
 * frees the record and then gives the bit back. Either is over after a grace
 * period. So a port that looks wrong is looked at three times, with a grace
 * period between; it is wrong if it looked the same each time, with the same
 * control word, whose generation counts the uses of the record. (Twice would
 * not do: a sweep may have been under way at the first look, and a creator at
 * the second.)
 */
#define LOOKS 3
#define COUNTS 16

enum verdict {
	GOOD,
	LOST,
	TAKEN,
	STUCK,
};

struct suspect {
	uint64_t word;
	uint16_t port;
	uint16_t verdict;
};

struct suspects {
	struct suspect *list;
	size_t n;
	int32_t miscount;	/* free bits beyond n_free */
};

struct reconciliation {
	struct daisy_port_map *map;
	char *vector;
	size_t stride;
	const struct daisy_port_set *set;
};

static uint64_t *control_of(const struct reconciliation *r, uint32_t port)
{
	return (uint64_t *)(r->vector + r->stride * port);
}

static enum verdict judge(const struct reconciliation *r, uint32_t port, uint64_t *word)
{
	uint64_t before = __atomic_load_n(control_of(r, port), __ATOMIC_ACQUIRE);
	bool is_free = set_has(r->map->leaf, port);
	uint32_t state;

	*word = __atomic_load_n(control_of(r, port), __ATOMIC_ACQUIRE);
	if (*word != before)
		return GOOD;
	state = (uint32_t)(*word >> DAISY_STATE_SHIFT);
	if (state == MAPPING_FREE)
		return !is_free && set_has(r->set->leaf, port) ? LOST : GOOD;
	if (is_free)
		return TAKEN;
	return state == MAPPING_NEW || state == MAPPING_ABORTED ? STUCK : GOOD;
}

static int32_t nearer_to_zero(int32_t a, int32_t b)
{
	if ((a < 0) != (b < 0))
		return 0;
	return abs(a) < abs(b) ? a : b;
}

/*
 * Free bits beyond n_free. The two change one after the other, and bits change
 * while they are counted: what is wrong in every one of some counts is wrong.
 */
static int32_t miscount(const struct daisy_port_map *map)
{
	int32_t difference = 0;

	for (int i = 0; i < COUNTS; i++) {
		int32_t n_free = __atomic_load_n(&map->n_free, __ATOMIC_ACQUIRE);
		int32_t now = count_free(map) - n_free;

		difference = i ? nearer_to_zero(difference, now) : now;
		if (!difference)
			return 0;
	}
	return difference;
}

static void suspect_all(const struct reconciliation *r, struct suspects *s)
{
	uint64_t word;

	for (uint32_t port = 1; port < N_PORTS; port++) {
		enum verdict verdict = judge(r, port, &word);

		if (verdict != GOOD)
			s->list[s->n++] =
				(struct suspect){ word, (uint16_t)port, (uint16_t)verdict };
	}
	s->miscount = miscount(r->map);
}

static void acquit_some(const struct reconciliation *r, struct suspects *s)
{
	size_t n = 0;
	uint64_t word;

	for (size_t i = 0; i < s->n; i++)
		if (judge(r, s->list[i].port, &word) == s->list[i].verdict &&
		    word == s->list[i].word)
			s->list[n++] = s->list[i];
	s->n = n;
	s->miscount = nearer_to_zero(s->miscount, miscount(r->map));
}

static void repair(const struct reconciliation *r, const struct suspect *s, uint32_t tick,
		   struct daisy_port_repairs *repairs)
{
	uint64_t word = s->word;

	switch (s->verdict) {
	case LOST:
		give_back(r->map, s->port);
		repairs->lost++;
		break;
	case TAKEN:
		take_away(r->map, s->port);
		repairs->taken++;
		break;
	case STUCK:
		word = (uint64_t)MAPPING_ROLLED_BACK << DAISY_STATE_SHIFT |
		       (word & DAISY_GEN_MASK << DAISY_GEN_SHIFT) | tick;
		if (__atomic_compare_exchange_n(control_of(r, s->port), &(uint64_t){ s->word },
						word, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			repairs->stuck++;
		break;
	}
}

/*
 * What is free but not in the set: no damage, the configuration has changed. What a
 * mapping has is free or not when it ends, by `allowed`; one that ends at this moment
 * gives its port back before our look at the bit, or sees what is allowed now.
 */
static void apply_set(const struct reconciliation *r)
{
	for (uint32_t i = 0; i < N_LEAVES; i++)
		__atomic_store_n(&r->map->allowed[i], r->set->leaf[i], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t port = 0; port < N_PORTS; port++)
		if (set_has(r->map->leaf, port) && !set_has(r->set->leaf, port))
			take_away(r->map, port);
	r->map->first = r->set->first;
	r->map->last = r->set->last;
	for (uint32_t i = 0; i < N_LEAVES; i++)
		if (__atomic_load_n(&r->map->leaf[i], __ATOMIC_ACQUIRE))
			hint(r->map, i);
}

static int look_again(const struct reconciliation *r, struct suspects *s)
{
	for (int look = 1; look < LOOKS && (s->n || s->miscount); look++) {
		int err = daisy_grace_wait();

		if (err)
			return err;
		acquit_some(r, s);
	}
	return 0;
}

int daisy_ports_reconcile(struct daisy_port_map *map, void *vector, size_t stride,
			  const struct daisy_port_set *set, uint32_t tick,
			  struct daisy_port_repairs *repairs)
{
	struct reconciliation r = { map, vector, stride, set };
	struct suspects s = { .list = calloc(N_PORTS, sizeof(struct suspect)) };
	int err;

	if (!s.list) {
		daisy_error_set("not enough memory to compare ports with mappings");
		return -ENOMEM;
	}
	apply_set(&r);
	suspect_all(&r, &s);
	err = look_again(&r, &s);
	if (!err && s.miscount) {
		__atomic_fetch_add(&map->n_free, s.miscount, __ATOMIC_ACQ_REL);
		repairs->miscounted++;
	}
	for (size_t i = 0; !err && i < s.n; i++)
		repair(&r, &s.list[i], tick, repairs);
	free(s.list);
	return err;
}
