/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/blocks.h"
#include "lib-c/check.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* One ACTIVE record. */
struct live {
	uint64_t inside;
	uint32_t slot;
	uint16_t port;
	uint16_t generation;
	uint32_t proto;
	uint32_t n_entries;	/* index entries that lead to it */
	uint32_t conns;		/* as the record has it: answered, strangers' */
	uint32_t found_conns;	/* as the table has it */
	bool forward;
};

struct walk {
	struct daisy_instance *inst;
	struct check *c;
	struct live *live;	/* open addressing by (slot, proto, port) */
	uint32_t room;		/* power of two */
	uint32_t *displaced;	/* by bucket: keys that belong there and stand elsewhere */
};

static void contradict(struct check *c, const char *text, ...) __attribute__((format(printf, 2, 3)));

static void contradict(struct check *c, const char *text, ...)
{
	va_list ap;

	if (c->error[0])
		return;
	va_start(ap, text);
	vsnprintf(c->error, sizeof(c->error), text, ap);
	va_end(ap);
}

static uint32_t live_hash(uint32_t slot, uint32_t proto, uint16_t port)
{
	return (slot * DAISY_N_PROTOS + proto) * 65536u + port;
}

/* Its place, or the empty one (n_entries and inside 0) where it would stand. */
static struct live *live_at(struct walk *w, uint32_t slot, uint32_t proto, uint16_t port)
{
	uint32_t i = live_hash(slot, proto, port) * 0x9e3779b1u;

	for (;; i++) {
		struct live *l = &w->live[i & (w->room - 1)];

		if (!l->inside || (l->slot == slot && l->proto == proto && l->port == port))
			return l;
	}
}

/* An inbound word says what its record says, or nothing: of one that is not live always. */
static void inbound_check(struct check *c, const struct daisy_mapping *m, union daisy_inbound in,
			  uint32_t slot, uint32_t port)
{
	bool same = !memcmp(in.addr, m->inside.addr, sizeof(in.addr)) && in.port == m->inside.port &&
		    in.link == m->link && in.live == 1;

	if (in.word && (m->ctl.state != MAPPING_ACTIVE || !same))
		contradict(c, "slot %u UDP port %u: inbound word %016llx in state %u", slot, port,
			   (unsigned long long)in.word, m->ctl.state);
}

static void records_check(struct walk *w, uint32_t slot, uint32_t proto)
{
	const struct daisy_port_map *map = daisy_instance_port_map(w->inst, slot, proto);
	const union daisy_inbound *inbound = daisy_instance_inbound(w->inst, slot);
	struct check *c = w->c;
	int32_t n_free = 0;
	size_t stride;
	char *p = daisy_instance_vector(w->inst, slot, proto, &stride);

	for (uint32_t port = 0; p && port < DAISY_VECTOR_SIZE; port++, p += stride) {
		const struct daisy_mapping *m = (void *)p;
		bool bit = map->leaf[port / 64] >> (port & 63) & 1;
		struct live *l;

		n_free += bit;
		if (proto == DAISY_UDP)
			inbound_check(c, m, inbound[port], slot, port);
		if (bit && m->ctl.state != MAPPING_FREE)
			contradict(c, "slot %u proto %u port %u: free in the map, but in state %u",
				   slot, proto, port, m->ctl.state);
		switch (m->ctl.state) {
		case MAPPING_FREE:
			if (!bit && port >= map->first && port <= map->last)
				c->unclaimed++;
			break;
		case MAPPING_ACTIVE:
			c->active++;
			l = live_at(w, slot, proto, port);
			*l = (struct live){ .inside = m->inside.word, .slot = slot, .port = port,
					    .generation = m->ctl.generation, .proto = proto,
					    .forward = m->flags & MAPPING_STATIC };
			if (proto == DAISY_TCP)
				l->conns = ((const struct daisy_tcp_mapping *)p)->conns;
			if (!l->inside)
				contradict(c, "slot %u proto %u port %u: active for nobody", slot,
					   proto, port);
			break;
		case MAPPING_HOLD:
			c->hold++;
			break;
		case MAPPING_ROLLED_BACK:
			c->rolled_back++;
			break;
		default:
			contradict(c, "slot %u proto %u port %u: in state %u while nobody works on it",
				   slot, proto, port, m->ctl.state);
		}
	}
	c->free += n_free;
	if (p && n_free != map->n_free)
		contradict(c, "slot %u proto %u: %d ports are free, %d are counted", slot, proto,
			   n_free, map->n_free);
	for (int i = 0; p && i < 1024; i++)
		if (map->leaf[i] && !(map->summary[i / 64] >> (i & 63) & 1))
			contradict(c, "slot %u proto %u: no hint leads to the free ports at %d", slot,
				   proto, i * 64);
}

/* The hash of bpf/lib/index.h, as its comment describes it. */
static uint64_t index_hash(const struct daisy_conf *conf, uint64_t key)
{
	uint64_t h = key ^ conf->hash_key[0];

	h *= conf->hash_key[1];
	h ^= h >> 32;
	h *= conf->hash_key[2];
	return h ^ h >> 29;
}

static uint32_t first_place(const struct daisy_conf *conf, uint64_t key)
{
	return (index_hash(conf, key) & 0xffffffff) * conf->index_lines >> 32;
}

/* Is a bucket one of the four in which a look-up searches the key? */
static bool is_place(const struct daisy_conf *conf, uint64_t key, uint32_t bucket)
{
	uint32_t first = first_place(conf, key);
	uint32_t second = (index_hash(conf, key) >> 32) * conf->index_lines >> 32;

	return bucket == first || bucket == (first ^ 1) || bucket == second || bucket == (second ^ 1);
}

static uint64_t key_of(const struct live *l)
{
	union daisy_endpoint e = { .word = l->inside };
	union daisy_index_key key = { .port = e.port, .zone = e.zone, .proto = l->proto };

	memcpy(key.addr, e.addr, 4);
	return key.word;
}

/* bucket UINT32_MAX: from the overflow table. */
static void entry_check(struct walk *w, union daisy_index_key key, union daisy_ref ref, uint32_t bucket)
{
	const struct daisy_conf *conf = daisy_instance_conf(w->inst);
	struct live *l = NULL;

	if (bucket != first_place(conf, key.word))
		w->displaced[first_place(conf, key.word)]++;
	if (!ref.published)
		contradict(w->c, "an index entry is being written while nobody works on it");
	if (key.proto < DAISY_N_PROTOS)
		l = live_at(w, ref.slot, key.proto, ref.port);
	if (!l || !l->inside || key_of(l) != key.word) {
		w->c->stale++;
		return;
	}
	if (bucket != UINT32_MAX && !is_place(conf, key.word, bucket)) {
		contradict(w->c, "port %u: index entry where no look-up finds it", l->port);
		return;
	}
	l->n_entries++;
	w->c->entries++;
}

static void index_check(struct walk *w)
{
	uint32_t n = daisy_instance_conf(w->inst)->index_lines;
	struct daisy_bucket *b;

	b = mmap(NULL, (size_t)n * sizeof(*b), PROT_READ, MAP_SHARED,
		 daisy_instance_map_fd(w->inst, "index_buckets"), 0);
	if (b == MAP_FAILED) {
		contradict(w->c, "cannot map the index");
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		for (int k = 0; k < DAISY_BUCKET_ENTRIES; k++)
			if (b[i].entry[k].ref.word)
				entry_check(w, b[i].entry[k].key, b[i].entry[k].ref, i);
	munmap(b, (size_t)n * sizeof(*b));
}

static void overflow_check(struct walk *w)
{
	int fd = daisy_instance_map_fd(w->inst, "index_overflow");
	uint32_t counted = daisy_instance_conf(w->inst)->overflow_used;
	union daisy_index_key key, *from = NULL;
	union daisy_ref ref;

	for (; !bpf_map_get_next_key(fd, from, &key); from = &key) {
		if (bpf_map_lookup_elem(fd, &key, &ref))
			continue;
		w->c->overflow++;
		entry_check(w, key, ref, UINT32_MAX);
	}
	if (w->c->overflow != counted)
		contradict(w->c, "%lu entries in the overflow table, %u are counted", w->c->overflow,
			   counted);
}

/* What the index counts as displaced is what stands elsewhere than in its first bucket. */
static void displaced_check(struct walk *w)
{
	uint32_t n = daisy_instance_conf(w->inst)->index_lines;
	size_t bytes = (n / DAISY_DISPLACED_PER_WORD + 1) * sizeof(uint64_t);
	uint64_t *words = mmap(NULL, bytes, PROT_READ, MAP_SHARED,
			       daisy_instance_map_fd(w->inst, "index_displaced"), 0);

	if (words == MAP_FAILED) {
		contradict(w->c, "cannot map the counts of displaced keys");
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t counted = words[i / DAISY_DISPLACED_PER_WORD] >>
				   i % DAISY_DISPLACED_PER_WORD * DAISY_DISPLACED_BITS &
				   DAISY_DISPLACED_MAX;

		if (counted != w->displaced[i])
			contradict(w->c, "bucket %u: %u keys stand elsewhere, %u are counted", i,
				   w->displaced[i], counted);
	}
	munmap(words, bytes);
}

static int by_endpoint(const void *a, const void *b)
{
	const struct live *x = a, *y = b;

	if (x->inside != y->inside)
		return x->inside < y->inside ? -1 : 1;
	return (int)x->proto - (int)y->proto;
}

/* Empties come first, then each endpoint's mappings side by side. The table is no longer searchable. */
static void twins_check(struct walk *w)
{
	qsort(w->live, w->room, sizeof(*w->live), by_endpoint);
	for (uint32_t i = 0; i < w->room; i++) {
		struct live *l = &w->live[i];

		if (!l->inside)
			continue;
		if (l->n_entries != 1)
			contradict(w->c, "slot %u proto %u port %u: active, with %u index entries",
				   l->slot, l->proto, l->port, l->n_entries);
		if (i && !by_endpoint(l, l - 1))
			contradict(w->c, "two mappings of one endpoint: ports %u and %u, proto %u",
				   l[-1].port, l->port, l->proto);
		if (l->proto == DAISY_TCP && l->conns != l->found_conns)
			contradict(w->c, "port %u counts connections %08x, the table has %08x",
				   l->port, l->conns, l->found_conns);
	}
}

/* Count and place of a subscriber's mappings. */
struct tally {
	uint64_t key;		/* address and zone */
	uint64_t mappings;
	uint64_t forwards;
	uint32_t slot;		/* of the mappings */
};

static int by_key(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static uint64_t subscriber_of(union daisy_endpoint e)
{
	e.port = 0;
	return e.word;
}

/* Mappings of each subscriber, sorted by key. Returns how many subscribers. */
static size_t tally_make(struct walk *w, struct tally *t)
{
	size_t n = 0, kept = 0;

	for (uint32_t i = 0; i < w->room; i++) {
		union daisy_endpoint e = { .word = w->live[i].inside };

		if (e.word)
			t[n++] = (struct tally){ subscriber_of(e), !w->live[i].forward,
						 w->live[i].forward, w->live[i].slot };
	}
	qsort(t, n, sizeof(*t), by_key);
	for (size_t i = 0; i < n; i++) {
		if (kept && t[kept - 1].key == t[i].key) {
			if (!t[kept - 1].mappings)
				t[kept - 1].slot = t[i].slot;
			if (t[kept - 1].slot != t[i].slot && t[i].mappings)
				contradict(w->c, "subscriber %016lx is on slots %u and %u", t[i].key,
					   t[i].slot, t[kept - 1].slot);
			t[kept - 1].mappings += t[i].mappings;
			t[kept - 1].forwards += t[i].forwards;
		} else {
			t[kept++] = t[i];
		}
	}
	return kept;
}

static void subscribers_check(struct walk *w)
{
	int fd = daisy_instance_map_fd(w->inst, "subscribers");
	struct tally *t = calloc(w->c->active + 1, sizeof(*t)), *found;
	struct daisy_subscriber_key key, *from = NULL;
	struct daisy_subscriber s;
	size_t n, seen = 0;

	if (!t)
		abort();
	n = tally_make(w, t);
	for (; !bpf_map_get_next_key(fd, from, &key); from = &key) {
		union daisy_endpoint e = { .zone = key.zone };
		struct tally want;

		if (bpf_map_lookup_elem(fd, &key, &s))
			continue;
		w->c->subscribers++;
		memcpy(e.addr, key.addr, 4);
		want.key = e.word;
		found = bsearch(&want, t, n, sizeof(*t), by_key);
		if (daisy_subscriber_mappings(s.ctl.word) != (found ? found->mappings : 0))
			contradict(w->c, "subscriber %016lx counts %u mappings, but has %lu", want.key,
				   daisy_subscriber_mappings(s.ctl.word), found ? found->mappings : 0);
		if (s.forwards != (found ? found->forwards : 0))
			contradict(w->c, "subscriber %016lx counts %u forwards, but has %lu", want.key,
				   s.forwards, found ? found->forwards : 0);
		if (found && found->mappings && s.ctl.slot != found->slot)
			contradict(w->c, "subscriber %016lx is on slot %u, its mappings on %u",
				   want.key, (uint32_t)s.ctl.slot, found->slot);
		seen += !!found;
	}
	if (seen != n)
		contradict(w->c, "%zu of %zu subscribers with mappings are in the table", seen, n);
	free(t);
}

static void conns_check(struct walk *w)
{
	int fd = daisy_instance_map_fd(w->inst, "conns");
	struct daisy_conn_key key, *from = NULL;
	union daisy_conn_control v;

	for (; !bpf_map_get_next_key(fd, from, &key); from = &key) {
		struct live *l = live_at(w, key.slot, DAISY_TCP, key.ext_port);

		if (bpf_map_lookup_elem(fd, &key, &v))
			continue;
		if (!l->inside || l->generation != key.generation) {
			w->c->orphans++;
			continue;
		}
		w->c->conns++;
		l->found_conns += v.flags & CONN_ANSWERED ? 1 : 0x10000;
	}
}

bool check_instance(struct daisy_instance *inst, uint64_t n_reserved, struct check *c)
{
	const struct daisy_slot *slots = daisy_instance_slots(inst);
	uint32_t n = daisy_instance_max_slots(inst), used = 0;
	struct walk w = { .inst = inst, .c = c, .room = 1 };

	memset(c, 0, sizeof(*c));
	for (uint32_t i = 0; i < n; i++)
		used += slots[i].state != SLOT_EMPTY;
	while (w.room < 2 * used * DAISY_N_PROTOS * DAISY_VECTOR_SIZE)
		w.room *= 2;
	w.live = calloc(w.room, sizeof(*w.live));
	w.displaced = calloc(daisy_instance_conf(inst)->index_lines, sizeof(*w.displaced));
	if (!w.live || !w.displaced)
		abort();
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t proto = 0; slots[i].state != SLOT_EMPTY && proto < DAISY_N_PROTOS; proto++)
			records_check(&w, i, proto);
	for (uint32_t i = 0; i < n; i++) {
		const char *wrong = slots[i].state != SLOT_EMPTY ? blocks_contradiction(inst, i) : NULL;

		if (wrong)
			contradict(c, "%s", wrong);
	}
	if (c->unclaimed != n_reserved)
		contradict(c, "%lu ports are neither free nor used, %lu are reserved", c->unclaimed,
			   n_reserved);
	index_check(&w);
	overflow_check(&w);
	displaced_check(&w);
	conns_check(&w);
	subscribers_check(&w);
	twins_check(&w);
	free(w.displaced);
	free(w.live);
	return !c->error[0];
}
