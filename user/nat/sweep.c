/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A round in four phases: connections of the table, then records, so that a
 * mapping goes in the same round as its last connection, then port blocks, then
 * subscribers. It may stop after any chunk or batch, and goes on there.
 *
 * A chunk is 4096 records of one vector, scanned under the instance's lock,
 * which keeps it mapped. The scan decides with one comparison per record: age
 * against the limit of its state. A leaf word of the port map with all bits set
 * says that 64 records are FREE, and they are not read.
 *
 * A port must not go from one mapping to the next within one grace period,
 * since a packet may still hold the old record. The sweep programs let every
 * record rest for two ticks, which is longer; but ticks can be skipped, by the
 * offset of the clock. So what rests no longer than that is collected, then we
 * wait for a grace period once, and submit it.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "lib/grace.h"
#include "nat/internal.h"
#include "nat/sweep.h"

#define CHUNK 4096U
#define CHUNKS_PER_VECTOR (DAISY_VECTOR_SIZE / CHUNK)
#define TABLE_BATCH 1024U

/* Records that wait for one grace period together: half an address. */
#define N_RESTING 32768U
/* As in bpf/lib/expire.h. */
#define REST_TICKS 2U

#define ROUND_MIN_US (500 * 1000ULL)
#define ROUND_MAX_US (8 * 1000 * 1000ULL)
#define ROUND_COST_FACTOR 200	/* a round that costs 1 ms comes every 200 ms */

/* Ages end far below. */
#define NEVER UINT32_MAX

/* Ahead of the scan: one page of short records, since the hardware does not look beyond a page. */
#define PREFETCH_BYTES 2048

enum phase {
	PHASE_IDLE,
	PHASE_CONNS,
	PHASE_RECORDS,
	PHASE_BLOCKS,
	PHASE_SUBSCRIBERS,
};

struct vector_ref {
	uint16_t slot;
	uint16_t proto;
};

struct batch {
	uint32_t n;
	struct daisy_sweep_item item[DAISY_BATCH_ITEMS];
};

struct daisy_sweeper {
	struct daisy_instance *inst;
	struct daisy_sweeper_stats stats;

	/* the round */
	enum phase phase;
	uint64_t round_start_us;
	uint64_t round_cpu_us;
	uint64_t last_run_us;
	struct vector_ref *vectors;	/* those installed when the round began */
	uint32_t n_vectors;
	uint32_t chunk;			/* next one, of n_vectors * CHUNKS_PER_VECTOR */
	uint32_t block_slot;		/* next one whose blocks are looked at */
	uint32_t cursor;		/* of the table under way */
	bool cursor_set;

	/* this run */
	uint32_t now;			/* tick */
	uint32_t limit[DAISY_N_PROTOS][8]; /* by mapping state: ages from here on are looked at */
	uint32_t conn_limit[8];		/* by connection state */
	bool short_hold;		/* the hold-down of this chunk is no longer than the rest */

	uint64_t (*idle_blocks)[16];	/* by slot: leaves of blocks without ports in use, a round ago */

	struct batch batch;
	uint32_t n_resting;
	struct daisy_sweep_item resting[N_RESTING];
};

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct daisy_sweeper *daisy_sweeper_new(struct daisy_instance *inst)
{
	struct daisy_sweeper *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->inst = inst;
	s->vectors = calloc((size_t)inst->sizes.slots * DAISY_N_PROTOS, sizeof(*s->vectors));
	s->idle_blocks = calloc(inst->sizes.slots, sizeof(*s->idle_blocks));
	if (!s->vectors || !s->idle_blocks) {
		daisy_sweeper_free(s);
		return NULL;
	}
	return s;
}

void daisy_sweeper_free(struct daisy_sweeper *s)
{
	if (!s)
		return;
	free(s->vectors);
	free(s->idle_blocks);
	free(s);
}

void daisy_sweeper_stats(const struct daisy_sweeper *s, struct daisy_sweeper_stats *stats)
{
	*stats = s->stats;
}

static void read_timers(struct daisy_sweeper *s)
{
	const uint32_t *timer = s->inst->conf->timer;

	s->now = daisy_instance_tick(s->inst);
	memset(s->limit, 0xff, sizeof(s->limit));
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		s->limit[proto][MAPPING_ROLLED_BACK] = REST_TICKS;
	s->limit[DAISY_UDP][MAPPING_ACTIVE] = timer[DAISY_TIMER_UDP];
	s->limit[DAISY_ICMP][MAPPING_ACTIVE] = timer[DAISY_TIMER_ICMP];
	memset(s->conn_limit, 0xff, sizeof(s->conn_limit));
	s->conn_limit[CONN_OPENING] = timer[DAISY_TIMER_TCP_OPENING];
	s->conn_limit[CONN_ESTABLISHED] = timer[DAISY_TIMER_TCP_ESTABLISHED];
	s->conn_limit[CONN_CLOSING] = timer[DAISY_TIMER_TCP_CLOSING];
	s->conn_limit[CONN_RESET] = timer[DAISY_TIMER_TCP_RESET];
}

/* The hold-down of an address is its pool's, which may change while we run. */
static void read_hold(struct daisy_sweeper *s, struct vector_ref v)
{
	const struct daisy_pool *pool = &s->inst->pools[s->inst->slots[v.slot].pool];
	uint32_t hold = __atomic_load_n(&pool->flags, __ATOMIC_RELAXED) & POOL_HOLD ?
		pool->hold : s->inst->conf->timer[DAISY_TIMER_HOLD];

	s->short_hold = hold <= REST_TICKS;
	s->limit[v.proto][MAPPING_HOLD] = s->short_hold ? REST_TICKS : hold;
}

/* Of a control word's stamp; one ahead of our clock looks older than any timer. */
static inline uint32_t raw_age(const struct daisy_sweeper *s, uint64_t word)
{
	return (s->now - (uint32_t)word) & DAISY_SEEN_MASK;
}

static inline uint32_t age_of(const struct daisy_sweeper *s, uint64_t word)
{
	return daisy_tick_age(s->now, (uint32_t)word & DAISY_SEEN_MASK);
}

/* Batches */

static int submit(struct daisy_sweeper *s, const struct daisy_sweep_item *items, uint32_t n)
{
	struct daisy_sweep_header header = { .n = (uint16_t)n };
	int err = daisy_instance_sweep_batch(s->inst, &header, items);

	s->stats.expired += header.expired;
	s->stats.freed += header.freed;
	return err;
}

static int flush(struct daisy_sweeper *s)
{
	int err = submit(s, s->batch.item, s->batch.n);

	s->batch.n = 0;
	return err;
}

static int flush_resting(struct daisy_sweeper *s)
{
	int err = s->n_resting ? daisy_grace_wait() : 0;

	for (uint32_t i = 0; !err && i < s->n_resting; i += DAISY_BATCH_ITEMS) {
		uint32_t rest = s->n_resting - i;

		err = submit(s, &s->resting[i],
			     rest < DAISY_BATCH_ITEMS ? rest : DAISY_BATCH_ITEMS);
	}
	s->n_resting = 0;
	return err;
}

static bool has_to_rest(const struct daisy_sweeper *s, uint64_t ctl)
{
	uint32_t state = (uint32_t)(ctl >> DAISY_STATE_SHIFT);

	return state == MAPPING_ROLLED_BACK || (state == MAPPING_HOLD && s->short_hold);
}

/* Records */

/*
 * Is a TCP mapping worth a look: a connection inside the record is over, or
 * none is left anywhere (mapping_is_over in bpf/lib/expire.h)?
 */
static inline bool tcp_is_due(const struct daisy_sweeper *s, const struct daisy_tcp_mapping *t,
			      uint64_t ctl)
{
	uint64_t any = 0;

	for (int i = 0; i < DAISY_INLINE_CONNS; i++) {
		uint64_t word = daisy_load_word(&t->conn[i].ctl);

		any |= word;
		if (raw_age(s, word) >= s->conn_limit[word >> DAISY_CONN_STATE_SHIFT & 7] &&
		    age_of(s, word))
			return true;
	}
	if (any || t->conns & 0xffff || age_of(s, ctl) < REST_TICKS)
		return false;
	if (t->m.flags & MAPPING_STATIC)
		return false;
	return !(t->m.flags & MAPPING_UNTRACKED) ||
	       age_of(s, ctl) >= s->conn_limit[CONN_ESTABLISHED];
}

/* A forward in use has no timer. */
static inline bool is_forward(const void *record, uint64_t ctl)
{
	return ctl >> DAISY_STATE_SHIFT == MAPPING_ACTIVE &&
	       ((const struct daisy_mapping *)record)->flags & MAPPING_STATIC;
}

static inline bool ctl_is_due(const struct daisy_sweeper *s, const uint32_t *limit, uint64_t ctl)
{
	uint32_t age = raw_age(s, ctl);

	return age >= limit[ctl >> DAISY_STATE_SHIFT & 7] && age <= DAISY_SEEN_MASK / 2;
}

static int add_candidate(struct daisy_sweeper *s, struct vector_ref v, uint32_t port, uint64_t ctl)
{
	struct daisy_sweep_item item = {
		.slot = v.slot, .port = (uint16_t)port, .proto = (uint8_t)v.proto,
	};

	if (has_to_rest(s, ctl)) {
		s->resting[s->n_resting++] = item;
		return s->n_resting == N_RESTING ? flush_resting(s) : 0;
	}
	s->batch.item[s->batch.n++] = item;
	return s->batch.n == DAISY_BATCH_ITEMS ? flush(s) : 0;
}

/* 64 records. Always inlined, so that proto and stride are constants of the loop. */
static inline __attribute__((always_inline))
int scan_leaf(struct daisy_sweeper *s, struct vector_ref v, const char *vector, uint32_t first,
	      const bool tcp, const size_t stride)
{
	const uint32_t *limit = s->limit[v.proto];

	for (uint32_t port = first; port < first + 64; port++) {
		const char *record = vector + stride * port;
		uint64_t ctl = __atomic_load_n((const uint64_t *)record, __ATOMIC_RELAXED);
		bool due;
		int err;

		if (stride * port % 64 == 0)
			__builtin_prefetch(record + PREFETCH_BYTES);
		due = ctl_is_due(s, limit, ctl);
		if (tcp && ctl >> DAISY_STATE_SHIFT == MAPPING_ACTIVE)
			due = tcp_is_due(s, (const void *)record, ctl);
		if (__builtin_expect(!due, 1))
			continue;
		if (!tcp && is_forward(record, ctl))
			continue;
		err = add_candidate(s, v, port, ctl);
		if (err)
			return err;
	}
	return 0;
}

static int scan_chunk_locked(struct daisy_sweeper *s, struct vector_ref v, uint32_t first)
{
	const struct daisy_port_map *map = daisy_instance_port_map(s->inst, v.slot, v.proto);
	const char *vector = s->inst->vector[v.proto][v.slot];
	int err = 0;

	/* Removed since the round began. */
	if (!vector)
		return 0;
	read_hold(s, v);
	for (uint32_t port = first; !err && port < first + CHUNK; port += 64) {
		if (__atomic_load_n(&map->leaf[port / 64], __ATOMIC_RELAXED) == ~0ULL)
			continue;
		if (v.proto == DAISY_TCP)
			err = scan_leaf(s, v, vector, port, true, sizeof(struct daisy_tcp_mapping));
		else
			err = scan_leaf(s, v, vector, port, false, sizeof(struct daisy_mapping));
	}
	s->stats.visited += CHUNK;
	return err;
}

static int scan_chunk(struct daisy_sweeper *s)
{
	struct vector_ref v = s->vectors[s->chunk / CHUNKS_PER_VECTOR];
	uint32_t first = s->chunk % CHUNKS_PER_VECTOR * CHUNK;
	int err;

	pthread_mutex_lock(&s->inst->vector_lock);
	err = scan_chunk_locked(s, v, first);
	pthread_mutex_unlock(&s->inst->vector_lock);
	s->chunk++;
	return err;
}

/* Blocks */

/*
 * Is a block without ports in use, and was it in the last round? A creator that
 * has just claimed one has not taken its port yet. A block that is given back
 * is forgotten: the next one at its place has a round of its own.
 */
static bool block_is_due(struct daisy_sweeper *s, uint32_t slot, uint32_t leaf)
{
	const struct daisy_block_map *map = &s->inst->block_maps[slot];
	union daisy_block block = { .word = daisy_load_word(&map->block[leaf]) };
	uint64_t *idle = &s->idle_blocks[slot][leaf / 64], bit = 1ULL << (leaf & 63);
	bool was_idle = *idle & bit, is_idle = block.order && !block.used;

	*idle = is_idle && !was_idle ? *idle | bit : *idle & ~bit;
	return is_idle && was_idle;
}

static int submit_blocks(struct daisy_sweeper *s, const struct daisy_block_item *items, uint32_t n)
{
	struct daisy_sweep_header header = { .n = (uint16_t)n };
	int err = daisy_instance_sweep_blocks_batch(s->inst, &header, items);

	s->stats.blocks += header.freed;
	return err;
}

/* The blocks of one address. Returns 1 when all addresses are through. */
static int scan_blocks(struct daisy_sweeper *s)
{
	struct daisy_block_item items[DAISY_BATCH_ITEMS];
	uint32_t slot = s->block_slot++, n = 0;
	int err = 0;

	if (slot == s->inst->sizes.slots)
		return 1;
	if (s->inst->slots[slot].state == SLOT_EMPTY) {
		memset(s->idle_blocks[slot], 0, sizeof(s->idle_blocks[slot]));
		return 0;
	}
	for (uint32_t leaf = 0; !err && leaf < DAISY_VECTOR_SIZE / DAISY_BLOCK_LEAF_PORTS; leaf++) {
		if (!block_is_due(s, slot, leaf))
			continue;
		items[n++] = (struct daisy_block_item){
			.slot = (uint16_t)slot, .port = (uint16_t)(leaf * DAISY_BLOCK_LEAF_PORTS),
		};
		if (n == DAISY_BATCH_ITEMS) {
			err = submit_blocks(s, items, n);
			n = 0;
		}
	}
	return err ? err : submit_blocks(s, items, n);
}

/* Tables */

/* What a phase over a hash table looks for. */
struct table {
	const char *map;
	const char *program;
	size_t key_size;
	size_t value_size;
	size_t item_size;
	uint32_t batch_items;
	bool (*is_due)(struct daisy_sweeper *s, const void *key, const void *value);
	size_t count;		/* offset in the statistics */
};

static bool is_orphan(struct daisy_sweeper *s, const struct daisy_conn_key *key)
{
	const char *vector;
	uint64_t ctl = 0;

	pthread_mutex_lock(&s->inst->vector_lock);
	vector = key->slot < s->inst->sizes.slots ? s->inst->vector[DAISY_TCP][key->slot] : NULL;
	if (vector)
		ctl = daisy_load_word(vector + sizeof(struct daisy_tcp_mapping) * key->ext_port);
	pthread_mutex_unlock(&s->inst->vector_lock);
	return ctl >> DAISY_STATE_SHIFT != MAPPING_ACTIVE ||
	       (ctl >> DAISY_GEN_SHIFT & DAISY_GEN_MASK) != key->generation;
}

static bool conn_is_due(struct daisy_sweeper *s, const void *key, const void *value)
{
	uint64_t word = daisy_load_word(value);

	return age_of(s, word) >= s->conn_limit[word >> DAISY_CONN_STATE_SHIFT & 7] ||
	       is_orphan(s, key);
}

static bool subscriber_is_due(struct daisy_sweeper *s, const void *key, const void *value)
{
	const struct daisy_subscriber *sub = value;

	if (sub->ctl.state == SUBSCRIBER_DEAD)	/* its removal failed */
		return true;
	return !daisy_subscriber_mappings(sub->ctl.word) && !sub->forwards &&
	       daisy_tick_age(s->now, sub->last_change) >=
		       s->inst->conf->timer[DAISY_TIMER_SUBSCRIBER];
}

static const struct table conn_table = {
	"conns", "sweep_conns", sizeof(struct daisy_conn_key), sizeof(union daisy_conn_control),
	sizeof(struct daisy_conn_item), DAISY_CONN_BATCH_ITEMS, conn_is_due,
	offsetof(struct daisy_sweeper_stats, conns),
};

static const struct table subscriber_table = {
	"subscribers", "sweep_subscribers", sizeof(struct daisy_subscriber_key),
	sizeof(struct daisy_subscriber), sizeof(struct daisy_subscriber_key), DAISY_BATCH_ITEMS,
	subscriber_is_due, offsetof(struct daisy_sweeper_stats, subscribers),
};

static int submit_items(struct daisy_sweeper *s, const struct table *t, const void *items,
			uint32_t *n)
{
	struct daisy_sweep_header header = { .n = (uint16_t)*n };
	int err = daisy_batch_run(s->inst, t->program, &header, items, t->item_size);

	*(uint64_t *)((char *)&s->stats + t->count) += header.expired;
	*n = 0;
	return err;
}

static int submit_due(struct daisy_sweeper *s, const struct table *t, const char *keys,
		      const char *values, uint32_t count)
{
	char items[DAISY_BATCH_ITEMS * sizeof(struct daisy_sweep_item)] __attribute__((aligned(8)));
	uint32_t n = 0;
	int err = 0;

	for (uint32_t i = 0; !err && i < count; i++) {
		const char *key = keys + i * t->key_size;
		char *item = items + n * t->item_size;

		if (!t->is_due(s, key, values + i * t->value_size))
			continue;
		memset(item, 0, t->item_size);
		memcpy(item, key, t->key_size);
		if (++n == t->batch_items)
			err = submit_items(s, t, items, &n);
	}
	return err ? err : submit_items(s, t, items, &n);
}

/* One batch of a table. Returns 1 when the table is through. */
static int scan_table(struct daisy_sweeper *s, const struct table *t)
{
	char keys[TABLE_BATCH * sizeof(struct daisy_conn_key)] __attribute__((aligned(8)));
	char values[TABLE_BATCH * sizeof(struct daisy_subscriber)] __attribute__((aligned(8)));
	uint32_t count = TABLE_BATCH, next = 0;
	int fd = daisy_instance_map_fd(s->inst, t->map), err = 0, last;

	if (bpf_map_lookup_batch(fd, s->cursor_set ? &s->cursor : NULL, &next, keys, values, &count,
				 NULL))
		err = -errno;
	last = err == -ENOENT;
	if (err && !last) {
		daisy_error_set("cannot read map \"%s\": %s", t->map, strerror(-err));
		return err;
	}
	s->cursor = next;
	s->cursor_set = !last;
	err = submit_due(s, t, keys, values, count);
	return err ? err : last;
}

/* Rounds */

static void list_vectors(struct daisy_sweeper *s)
{
	s->n_vectors = 0;
	pthread_mutex_lock(&s->inst->vector_lock);
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		for (uint32_t slot = 0; slot < s->inst->sizes.slots; slot++)
			if (s->inst->vector[proto][slot])
				s->vectors[s->n_vectors++] =
					(struct vector_ref){ (uint16_t)slot, (uint16_t)proto };
	pthread_mutex_unlock(&s->inst->vector_lock);
}

static void begin_round(struct daisy_sweeper *s, uint64_t now_us)
{
	list_vectors(s);
	s->chunk = 0;
	s->block_slot = 0;
	s->cursor_set = false;
	s->phase = PHASE_CONNS;
	s->round_start_us = now_us;
	s->round_cpu_us = 0;
}

static void end_round(struct daisy_sweeper *s)
{
	s->phase = PHASE_IDLE;
	s->stats.rounds++;
	s->stats.round_ms = (uint32_t)((clock_us(CLOCK_MONOTONIC) - s->round_start_us) / 1000);
}

static uint32_t all_chunks(const struct daisy_sweeper *s)
{
	return s->n_vectors * CHUNKS_PER_VECTOR;
}

/* One step; chunks up to `until` are due. Returns 1 if nothing more is due. */
static int step(struct daisy_sweeper *s, uint32_t until)
{
	int result;

	switch (s->phase) {
	case PHASE_CONNS:
		result = scan_table(s, &conn_table);
		if (result > 0)
			s->phase = PHASE_RECORDS;
		return result < 0 ? result : 0;
	case PHASE_RECORDS:
		if (s->chunk < until && s->chunk < all_chunks(s))
			return scan_chunk(s);
		if (s->chunk < all_chunks(s))
			return 1;
		/* Ports that this round frees may be the last of their blocks. */
		result = flush(s);
		s->phase = PHASE_BLOCKS;
		return result;
	case PHASE_BLOCKS:
		result = scan_blocks(s);
		if (result > 0)
			s->phase = PHASE_SUBSCRIBERS;
		return result < 0 ? result : 0;
	case PHASE_SUBSCRIBERS:
		result = scan_table(s, &subscriber_table);
		if (result > 0)
			end_round(s);
		return result;
	case PHASE_IDLE:
		break;
	}
	return 1;
}

static int run_until(struct daisy_sweeper *s, uint32_t chunk, uint64_t deadline_us)
{
	uint64_t cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
	int result = 0, err;

	read_timers(s);
	do {
		result = step(s, chunk);
	} while (!result && clock_us(CLOCK_MONOTONIC) < deadline_us);
	err = flush(s);
	if (!err)
		err = flush_resting(s);
	cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us;
	s->round_cpu_us += cpu_us;
	s->stats.cpu_us += cpu_us;
	if (s->phase == PHASE_IDLE)
		s->stats.round_cpu_us = (uint32_t)s->round_cpu_us;
	return result < 0 ? result : err;
}

static uint64_t round_period_us(const struct daisy_sweeper *s)
{
	uint64_t period = (uint64_t)s->stats.round_cpu_us * ROUND_COST_FACTOR;

	return period < ROUND_MIN_US ? ROUND_MIN_US : period > ROUND_MAX_US ? ROUND_MAX_US : period;
}

/* Chunks that should be behind us before the next call: the round takes 4/5 of its time. */
static uint32_t chunks_due(const struct daisy_sweeper *s, uint64_t now_us)
{
	uint64_t elapsed = now_us - s->round_start_us + (now_us - s->last_run_us);
	uint64_t whole = round_period_us(s) * 4 / 5;

	if (elapsed >= whole)
		return all_chunks(s);
	return (uint32_t)(all_chunks(s) * elapsed / whole) + 1;
}

int daisy_sweeper_run(struct daisy_sweeper *s, uint32_t budget_us)
{
	uint64_t now_us = clock_us(CLOCK_MONOTONIC);
	int err = 0;

	if (s->phase == PHASE_IDLE && now_us >= s->round_start_us + round_period_us(s))
		begin_round(s, now_us);
	if (s->phase != PHASE_IDLE)
		err = run_until(s, chunks_due(s, now_us), now_us + budget_us);
	s->last_run_us = now_us;
	return err;
}

int daisy_sweeper_round(struct daisy_sweeper *s)
{
	begin_round(s, clock_us(CLOCK_MONOTONIC));
	return run_until(s, UINT32_MAX, UINT64_MAX);
}
