/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two-choice index: from the inside endpoint to (slot, external port).
 *
 * Two buckets of one cache line per key; an entry is one word with a
 * fingerprint of the key, so one compare-and-swap publishes or removes it and
 * nothing can be torn. The key stands in the record, which is compared in
 * full: a wrong fingerprint costs a line, never a wrong translation. The first
 * bucket is filled first, so that a lookup nearly always touches one line. A
 * key that finds both full goes to the hash table index_overflow.
 *
 * An entry whose generation is not the record's, or whose record is not ACTIVE,
 * is stale: its remover has not come round yet. It is a miss.
 */
#ifndef DAISY_INDEX_H
#define DAISY_INDEX_H

#include "clock.h"
#include "count.h"
#include "vector.h"

struct index_place {
	__u64 fingerprint;	/* 1 .. 2^23 - 1: the top bit stays 0, so that an entry is a positive __s64 */
	__u32 bucket[2];
};

/*
 * Keyed hash of an endpoint: two rounds of multiply by a secret odd number and
 * fold. A bijection of the 64-bit endpoint for each protocol, so different
 * endpoints differ somewhere; the secret keeps subscribers from choosing
 * endpoints that fall into one bucket.
 */
static __always_inline __u64 endpoint_hash(const struct daisy_conf *c, __u64 endpoint, __u32 proto)
{
	__u64 h = (endpoint ^ c->hash_key[0]) + proto * c->hash_key[3];

	h *= c->hash_key[1];
	h ^= h >> 32;
	h *= c->hash_key[2];
	return h ^ h >> 29;
}

static __always_inline void index_place(const struct daisy_conf *c, __u64 hash, struct index_place *p)
{
	p->fingerprint = hash >> (DAISY_ENTRY_FP_SHIFT + 1);
	if (!p->fingerprint)
		p->fingerprint = 1;
	p->bucket[0] = hash & c->index_mask;
	p->bucket[1] = hash >> 20 & c->index_mask;
}

static __always_inline __u32 entry_slot(__u64 entry)
{
	return entry >> DAISY_ENTRY_SLOT_SHIFT & (DAISY_MAX_SLOTS - 1);
}

static __always_inline __u32 entry_port(__u64 entry)
{
	return entry >> DAISY_ENTRY_PORT_SHIFT & 0xffff;
}

static __always_inline __u64 entry_make(__u64 fp, __u32 slot, __u32 port, __u32 generation)
{
	return fp << DAISY_ENTRY_FP_SHIFT | (__u64)slot << DAISY_ENTRY_SLOT_SHIFT |
	       (__u64)port << DAISY_ENTRY_PORT_SHIFT | (generation & DAISY_ENTRY_GEN_MASK);
}

static __always_inline __u64 entry_read(const union daisy_entry *e)
{
	return *(volatile const __u64 *)&e->word;
}

/* First entry of the bucket with this fingerprint, 0 if none. */
static __always_inline __u64 bucket_match(__u32 bucket, __u64 fingerprint)
{
	struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &bucket);

	if (!b)
		return 0;
#pragma unroll
	for (int i = 0; i < DAISY_BUCKET_ENTRIES; i++) {
		__u64 e = entry_read(&b->entry[i]);

		if (e >> DAISY_ENTRY_FP_SHIFT == fingerprint)
			return e;
	}
	return 0;
}

/* Is this the live record of the endpoint that the entry promised? */
static __always_inline bool record_is(struct daisy_mapping *m, __u64 ctl, __u64 entry, __u64 endpoint)
{
	return ctl_state(ctl) == MAPPING_ACTIVE &&
	       ((ctl >> DAISY_GEN_SHIFT ^ entry) & DAISY_ENTRY_GEN_MASK) == 0 &&
	       m->inside.word == endpoint;
}

static __always_inline bool entry_is_live(__u64 entry, __u64 endpoint, __u32 proto)
{
	struct daisy_mapping *m = vector_record(proto, entry_slot(entry), entry_port(entry));

	return m && record_is(m, ctl_read(m), entry, endpoint);
}

/* Search everything: both buckets, every entry, the overflow table. 0 if there is no mapping. */
STAGE __u64 index_find(__u64 endpoint, __u32 proto)
{
	struct daisy_conf *c = conf_get();
	struct daisy_overflow_key key = { .inside.word = endpoint, .proto = proto };
	struct index_place p;
	union daisy_entry *e;

	if (!c)
		return 0;
	index_place(c, endpoint_hash(c, endpoint, proto), &p);
	for (int n = 0; n < 2; n++) {
		__u32 i = p.bucket[n & 1];
		struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &i);

		if (!b)
			return 0;
		for (int k = 0; k < DAISY_BUCKET_ENTRIES; k++) {
			__u64 w = entry_read(&b->entry[k]);

			if (w >> DAISY_ENTRY_FP_SHIFT == p.fingerprint &&
			    entry_is_live(w, endpoint, proto))
				return w;
		}
	}
	if (!c->overflow_used)
		return 0;
	e = bpf_map_lookup_elem(&index_overflow, &key);
	if (!e)
		return 0;
	__u64 w = entry_read(e);

	return entry_is_live(w, endpoint, proto) ? w : 0;
}

static __always_inline bool bucket_replace(__u32 bucket, __u64 from, __u64 to)
{
	struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &bucket);

	if (!b)
		return false;
	for (int k = 0; k < DAISY_BUCKET_ENTRIES; k++)
		if (entry_read(&b->entry[k]) == from &&
		    __sync_val_compare_and_swap(&b->entry[k].word, from, to) == from)
			return true;
	return false;
}

/* Publish an entry. 0, or -REASON_INDEX_FULL, or -REASON_CREATE_RACE when the overflow table has the key. */
STAGE int index_insert(__u64 endpoint, __u32 proto, __u64 entry)
{
	struct daisy_conf *c = conf_get();
	struct daisy_overflow_key key = { .inside.word = endpoint, .proto = proto };
	union daisy_entry value = { .word = entry };
	struct index_place p;
	long err;

	if (!c)
		return -REASON_INDEX_FULL;
	index_place(c, endpoint_hash(c, endpoint, proto), &p);
	if (bucket_replace(p.bucket[0], 0, entry) || bucket_replace(p.bucket[1], 0, entry))
		return 0;
	/* Raised first: whoever finds it 0 may skip the table. */
	__sync_fetch_and_add(&c->overflow_used, 1);
	err = bpf_map_update_elem(&index_overflow, &key, &value, BPF_NOEXIST);
	if (!err) {
		COUNT(overflowed);
		return 0;
	}
	__sync_fetch_and_add(&c->overflow_used, -1);
	return err == -17 /* EEXIST */ ? -REASON_CREATE_RACE : -REASON_INDEX_FULL;
}

/* Remove exactly this entry; another one of the same key stays. */
STAGE int index_remove(__u64 endpoint, __u32 proto, __u64 entry)
{
	struct daisy_conf *c = conf_get();
	struct daisy_overflow_key key = { .inside.word = endpoint, .proto = proto };
	struct index_place p;
	union daisy_entry *e;

	if (!c)
		return 0;
	index_place(c, endpoint_hash(c, endpoint, proto), &p);
	if (bucket_replace(p.bucket[0], entry, 0) || bucket_replace(p.bucket[1], entry, 0))
		return 0;
	if (!c->overflow_used)
		return 0;
	e = bpf_map_lookup_elem(&index_overflow, &key);
	/* NOEXIST on insertion: nobody replaces the entry between this look and the removal. */
	if (e && entry_read(e) == entry && !bpf_map_delete_elem(&index_overflow, &key))
		__sync_fetch_and_add(&c->overflow_used, -1);
	return 0;
}

#endif
