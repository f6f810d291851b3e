/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Index: from (inside endpoint, protocol) to (slot, external port).
 *
 * A key has two places of two adjacent buckets each; a bucket is one cache line
 * of four entries. They are filled in the order first, its neighbour, second,
 * its neighbour: at the designed load of 0.55 five look-ups of six touch one
 * line. A key that finds all four full goes to the hash table index_overflow.
 *
 * Whoever looks for a key that is not there would have to look at all of that.
 * index_displaced counts, for each bucket, the keys that belong into it and stand
 * elsewhere: where it is zero, the first bucket says it all. The count is raised
 * before such a key is published and lowered after its removal, so it is never
 * zero while the key can be found.
 *
 * An entry is claimed by compare-and-swap on its word, then the key is written,
 * then the word is published; removal goes the other way. A reader takes key,
 * word, and the key again: if both reads of the key agree, the word is of that
 * key, since a new key is written before its word is published.
 *
 * The hint in the word spares the second cache line, that of the record: it is
 * set after the record was refreshed and holds for DAISY_HINT_TICKS, less than any
 * timer, so none can have ended what it vouches for. See doc/decisions/0001.
 */
#ifndef DAISY_INDEX_H
#define DAISY_INDEX_H

#include "clock.h"
#include "count.h"
#include "vector.h"

#define INDEX_PLACES 4

static __always_inline __u64 index_key(__u64 endpoint, __u32 proto)
{
	return endpoint | (__u64)proto << 56;	/* zones have eight bits */
}

/*
 * Keyed hash: two rounds of multiply by a secret odd number and fold. A
 * bijection, so different keys differ somewhere; the secret keeps subscribers
 * from choosing endpoints that fall into one bucket.
 */
static __always_inline __u64 index_hash(const struct daisy_conf *c, __u64 key)
{
	__u64 h = key ^ c->hash_key[0];

	h *= c->hash_key[1];
	h ^= h >> 32;
	h *= c->hash_key[2];
	return h ^ h >> 29;
}

/* Number of the n-th bucket of a hash: multiply and shift into the number of lines, which is even. */
static __always_inline __u32 index_line(const struct daisy_conf *c, __u64 hash, __u32 n)
{
	__u64 half = n & 2 ? hash >> 32 : hash & 0xffffffff;

	return (half * c->index_lines >> 32) ^ (n & 1);
}

/* The word that counts for a bucket; its part of it begins at displaced_shift(). */
static __always_inline __u64 *displaced_word(__u32 line)
{
	__u32 word = line / DAISY_DISPLACED_PER_WORD;

	return bpf_map_lookup_elem(&index_displaced, &word);
}

static __always_inline __u32 displaced_shift(__u32 line)
{
	return line % DAISY_DISPLACED_PER_WORD * DAISY_DISPLACED_BITS;
}

/* May a key whose first bucket this is stand elsewhere? */
static __always_inline bool index_displaced_from(__u32 line)
{
	const __u64 *word = displaced_word(line);

	return !word ||
	       (*(const volatile __u64 *)word >> displaced_shift(line) & DAISY_DISPLACED_MAX);
}

/* by: 1 or -1. A bucket's part neither overflows (DAISY_MAX_OVERFLOW) nor goes below zero. */
static __always_inline void index_displaced_add(__u32 line, __s64 by)
{
	__u64 *word = displaced_word(line);

	if (word)
		__sync_fetch_and_add(word, (__u64)by << displaced_shift(line));
}

static __always_inline __u32 ref_slot(__u64 ref)
{
	return ref >> DAISY_REF_SLOT_SHIFT & (DAISY_MAX_SLOTS - 1);
}

static __always_inline __u32 ref_port(__u64 ref)
{
	return ref >> DAISY_REF_PORT_SHIFT & 0xffff;
}

/* No hint: no tick of UDP has the top bit, and for TCP it is half a cycle old. */
static __always_inline __u32 hint_none(__u32 now)
{
	return 0x80000000 | ((now - 0x8000) & 0xffff);
}

/* A published word without a hint. */
static __always_inline __u64 ref_make(__u32 slot, __u32 port, __u32 now)
{
	return DAISY_REF_PUBLISHED | (__u64)slot << DAISY_REF_SLOT_SHIFT |
	       (__u64)port << DAISY_REF_PORT_SHIFT | hint_none(now);
}

/* Does the word need a new hint? Of whose connection the present one is does not matter. */
static __always_inline bool hint_is_old(__u64 ref, __u32 now)
{
	return ((now - (__u32)ref) & 0xffff) >= DAISY_HINT_TICKS;
}

/* The same place and mapping, whatever the hints say? */
static __always_inline bool ref_same(__u64 a, __u64 b)
{
	return (a ^ b) >> DAISY_REF_PORT_SHIFT == 0;
}

static __always_inline __u64 ref_read(const union daisy_ref *r)
{
	return *(const volatile __u64 *)&r->word;
}

static __always_inline __u64 key_read(const struct daisy_entry *e)
{
	return *(const volatile __u64 *)&e->key.word;
}

/* The word of an entry if it is published under this key, else 0. */
static __always_inline __u64 entry_match(const struct daisy_entry *e, __u64 key)
{
	__u64 ref;

	if (likely(key_read(e) != key))
		return 0;
	ref = ref_read(&e->ref);
	return ref & DAISY_REF_PUBLISHED && key_read(e) == key ? ref : 0;
}

/* The entry of this key in a bucket, NULL if there is none. The first of twins. */
static __always_inline struct daisy_entry *bucket_find(__u32 line, __u64 key, __u64 *ref)
{
	struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &line);

	if (!b)
		return NULL;
#pragma unroll
	for (int i = 0; i < DAISY_BUCKET_ENTRIES; i++) {
		*ref = entry_match(&b->entry[i], key);
		if (*ref)
			return &b->entry[i];
	}
	return NULL;
}

/* Is the record that a word leads to live, and of this endpoint? */
static __always_inline bool ref_is_live(__u64 ref, __u64 endpoint, __u32 proto)
{
	struct daisy_mapping *m = vector_record(proto, ref_slot(ref), ref_port(ref));

	return m && ctl_state(ctl_read(m)) == MAPPING_ACTIVE && inside_read(m) == endpoint;
}

/*
 * The word of the only entry of this key in a bucket, published or not; 0 if
 * there is none, or twins. Without a branch on what is loaded: which of four
 * entries matches cannot be predicted, and a wrong guess is found out only when
 * the line has come from memory, with nothing done meanwhile. Word before key:
 * an entry that loses our key in between does not match. One that gets our key in
 * between, published by another CPU, matches with the word of its last key: that
 * leads to a record of another endpoint. Only a fresh hint keeps the record from
 * being looked at, and a mapping that ends by its timers has had none for long: a
 * single packet may leave by the port of a mapping that was ended by hand at that
 * moment, and that port rests.
 */
static __always_inline __u64 bucket_select(__u32 line, __u64 key)
{
	struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &line);
	__u64 selected = 0, others = 0;

	if (!b)
		return 0;
#pragma unroll
	for (int i = 0; i < DAISY_BUCKET_ENTRIES; i++) {
		__u64 ref = ref_read(&b->entry[i].ref);
		__u64 x = key_read(&b->entry[i]) ^ key;
		__u64 differs = (x | -x) >> 63;

		barrier_var(differs);	/* clang would make a branch of it */
		selected |= ref & (differs - 1);
		others += differs;
	}
	return others == DAISY_BUCKET_ENTRIES - 1 ? selected : 0;
}

/* Number of published entries of this key in a bucket; *ref is the word of the last of them. */
static __always_inline __u32 bucket_count(__u32 line, __u64 key, __u64 *ref)
{
	struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &line);
	__u32 n_found = 0;

	if (!b)
		return 0;
#pragma unroll
	for (int i = 0; i < DAISY_BUCKET_ENTRIES; i++) {
		__u64 found = entry_match(&b->entry[i], key);

		if (found) {
			*ref = found;
			n_found++;
		}
	}
	return n_found;
}

/*
 * Number of published entries of this key in its buckets; *ref is the word of one
 * of them. *displaced: the key may stand in the overflow table, too.
 */
static __always_inline __u32 index_count(const struct daisy_conf *c, __u64 key, __u64 *ref,
					 bool *displaced)
{
	__u64 hash = index_hash(c, key);
	__u32 first = index_line(c, hash, 0), n_found = bucket_count(first, key, ref);

	*displaced = index_displaced_from(first);
	if (likely(!*displaced))
		return n_found;
#pragma unroll	/* 6.1 refuses the shape that clang gives this loop */
	for (int n = 1; n < INDEX_PLACES; n++)
		n_found += bucket_count(index_line(c, hash, n), key, ref);
	return n_found;
}

/* Several entries of one key: twins, or one whose remover has not come round. Find the live one. */
STAGE __u64 index_find_among(__u64 endpoint, __u32 proto)
{
	__u64 key = index_key(endpoint, proto), hash, ref;
	struct daisy_conf *c = conf_get();

	if (!c)
		return 0;
	hash = index_hash(c, key);
	for (int n = 0; n < INDEX_PLACES * DAISY_BUCKET_ENTRIES; n++) {
		__u32 line = index_line(c, hash, n / DAISY_BUCKET_ENTRIES);
		struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &line);

		if (!b)
			return 0;
		ref = entry_match(&b->entry[n % DAISY_BUCKET_ENTRIES], key);
		if (ref && ref_is_live(ref, endpoint, proto))
			return ref;
	}
	return 0;
}

/* Search everything: four buckets, the overflow table. The word, or 0 if there is no live mapping. */
STAGE __u64 index_find(__u64 endpoint, __u32 proto)
{
	__u64 key = index_key(endpoint, proto), ref = 0;
	struct daisy_conf *c = conf_get();
	union daisy_ref *o;
	bool displaced;
	__u32 n;

	if (!c)
		return 0;
	n = index_count(c, key, &ref, &displaced);
	if (n == 1 && ref_is_live(ref, endpoint, proto))
		return ref;
	if (n > 1) {
		ref = index_find_among(endpoint, proto);
		if (ref)
			return ref;
	}
	if (!displaced || !c->overflow_used)
		return 0;
	o = bpf_map_lookup_elem(&index_overflow, &key);
	if (!o)
		return 0;
	ref = ref_read(o);
	return ref_is_live(ref, endpoint, proto) ? ref : 0;
}

/* Enter a key in a bucket. False if it is full. */
static __always_inline bool bucket_insert(__u32 line, __u64 key, __u64 ref)
{
	struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &line);

	if (!b)
		return false;
	for (int i = 0; i < DAISY_BUCKET_ENTRIES; i++) {
		struct daisy_entry *e = &b->entry[i];

		if (ref_read(&e->ref) ||
		    __sync_val_compare_and_swap(&e->ref.word, 0, ref & ~DAISY_REF_PUBLISHED))
			continue;
		*(volatile __u64 *)&e->key.word = key;
		/* A full barrier: whoever publishes looks for twins only afterwards. */
		__sync_lock_test_and_set(&e->ref.word, ref);
		return true;
	}
	return false;
}

/*
 * Publish a word whose first bucket is full. 0, or -REASON_INDEX_FULL, or
 * -REASON_CREATE_RACE when the overflow table has the key.
 */
STAGE int index_insert_displaced(__u64 key, __u64 ref)
{
	union daisy_ref value = { .word = ref };
	struct daisy_conf *c = conf_get();
	__u64 hash, copy = key;	/* 6.1 takes no argument as a map key */
	__u32 first;
	int err;	/* int, also where the helper is long: before 6.4 its upper half is not set */

	if (!c)
		return -REASON_INDEX_FULL;
	hash = index_hash(c, key);
	first = index_line(c, hash, 0);
	index_displaced_add(first, 1);
#pragma unroll	/* 6.1 refuses the shape that clang gives these loops */
	for (int n = 1; n < INDEX_PLACES; n++) {
		__u32 line = index_line(c, hash, n);

		/* Not where it would count as not displaced. */
		if (line != first && bucket_insert(line, key, ref))
			return 0;
	}
	/* Counted first: whoever finds zero may skip the table. */
	__sync_fetch_and_add(&c->overflow_used, 1);
	err = bpf_map_update_elem(&index_overflow, &copy, &value, BPF_NOEXIST);
	if (!err) {
		/* A full barrier, as a bucket's exchange is: the search for twins comes after. */
		__sync_val_compare_and_swap(&c->overflow_used, 0, 0);
		COUNT(overflowed);
		return 0;
	}
	__sync_fetch_and_add(&c->overflow_used, -1);
	index_displaced_add(first, -1);
	return err == -17 /* EEXIST */ ? -REASON_CREATE_RACE : -REASON_INDEX_FULL;
}

/* Publish a word. 0 or minus a reason, see index_insert_displaced(). */
static __always_inline int index_insert(__u64 endpoint, __u32 proto, __u64 ref)
{
	__u64 key = index_key(endpoint, proto);
	struct daisy_conf *c = conf_get();

	if (!c)
		return -REASON_INDEX_FULL;
	if (likely(bucket_insert(index_line(c, index_hash(c, key), 0), key, ref)))
		return 0;
	return index_insert_displaced(key, ref);
}

/* Take an entry out. False if somebody gave it a hint at this moment: look again. */
static __always_inline bool entry_remove(struct daisy_entry *e, __u64 ref)
{
	if (__sync_val_compare_and_swap(&e->ref.word, ref, ref & ~DAISY_REF_PUBLISHED) != ref)
		return false;
	*(volatile __u64 *)&e->key.word = 0;
	__sync_lock_test_and_set(&e->ref.word, 0);
	return true;
}

static __always_inline bool bucket_remove(__u32 line, __u64 key, __u64 ref)
{
	struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &line);

	if (!b)
		return false;
	for (int i = 0; i < DAISY_BUCKET_ENTRIES; i++) {
		struct daisy_entry *e = &b->entry[i];
		__u64 found = entry_match(e, key);

		/* Hints change once per tick: the third attempt succeeds. */
		if (found && ref_same(found, ref))
			return entry_remove(e, found) || entry_remove(e, ref_read(&e->ref)) ||
			       entry_remove(e, ref_read(&e->ref));
	}
	return false;
}

/* Remove this mapping's entry from where displaced ones stand. True if it was there. */
static __always_inline bool displaced_remove(struct daisy_conf *c, __u64 hash, __u64 key, __u64 ref)
{
	__u32 first = index_line(c, hash, 0);
	union daisy_ref *o;

#pragma unroll	/* 6.1 refuses the shape that clang gives these loops */
	for (int n = 1; n < INDEX_PLACES; n++) {
		__u32 line = index_line(c, hash, n);

		if (line != first && bucket_remove(line, key, ref))
			return true;
	}
	if (!c->overflow_used)
		return false;
	o = bpf_map_lookup_elem(&index_overflow, &key);
	/* NOEXIST on insertion: nobody replaces the entry between this look and the removal. */
	if (!o || !ref_same(ref_read(o), ref) || bpf_map_delete_elem(&index_overflow, &key))
		return false;
	__sync_fetch_and_add(&c->overflow_used, -1);
	return true;
}

/*
 * Remove exactly this mapping's entry; another one of the same key stays. 0 if it
 * could not be removed: packets kept changing it, or the overflow table refused.
 */
STAGE int index_remove(__u64 endpoint, __u32 proto, __u64 ref)
{
	__u64 key = index_key(endpoint, proto), hash;
	struct daisy_conf *c = conf_get();
	__u32 first;

	if (!c)
		return 0;
	hash = index_hash(c, key);
	first = index_line(c, hash, 0);
	if (bucket_remove(first, key, ref))
		return 1;
	if (!index_displaced_from(first) || !displaced_remove(c, hash, key, ref))
		return 0;
	index_displaced_add(first, -1);
	return 1;
}

static __always_inline bool hint_holds_udp(__u64 ref, __u32 now)
{
	return now - (__u32)ref < DAISY_HINT_TICKS;
}

/* remote: endpoint word of the other end. Fibonacci hashing: 16 bits tell connections apart well enough. */
static __always_inline __u32 hint_tcp(__u64 remote, __u32 now)
{
	return (__u32)(remote * 0x9e3779b97f4a7c15ULL >> 48) << 16 | (now & 0xffff);
}

static __always_inline bool hint_holds_tcp(__u64 ref, __u64 remote, __u32 now)
{
	return !(((__u32)ref ^ hint_tcp(remote, now)) >> 16) && !hint_is_old(ref, now);
}

/*
 * Give a mapping's entry a hint, or take it away (hint_none). Of several
 * connections the first one keeps it while it holds, so that they do not take
 * it from each other with every packet.
 */
STAGE int index_hint(__u64 endpoint, __u32 proto, __u64 ref, __u32 hint)
{
	__u64 key = index_key(endpoint, proto), hash, found;
	struct daisy_conf *c = conf_get();
	struct daisy_entry *e;

	if (!c)
		return 0;
	hash = index_hash(c, key);
#pragma unroll	/* 6.1 refuses the shape that clang gives these loops */
	for (int n = 0; n < INDEX_PLACES; n++) {
		e = bucket_find(index_line(c, hash, n), key, &found);
		if (!e && !n && !index_displaced_from(index_line(c, hash, 0)))
			return 0;
		if (!e)
			continue;
		if (ref_same(found, ref) && hint_is_old(found, hint))
			__sync_val_compare_and_swap(&e->ref.word, found,
						    (found & ~DAISY_REF_HINT_MASK) | hint);
		return 0;
	}
	return 0;
}

#endif
