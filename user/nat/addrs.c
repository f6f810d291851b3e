/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/error.h"
#include "lib/grace.h"
#include "nat/addrs.h"
#include "nat/internal.h"

#define BUCKET_SIZE 8

/* Place of an entry. */
struct place {
	uint32_t bucket;
	uint32_t i;
};

static uint32_t address_of(const struct daisy_addr_entry *entry)
{
	uint32_t addr;

	memcpy(&addr, entry->addr, sizeof(addr));
	return addr;
}

static uint32_t next_bucket(uint32_t bucket)
{
	return (bucket + 1) % DAISY_ADDR_BUCKETS;
}

static uint32_t used_entries(const struct daisy_addr_bucket *bucket)
{
	uint32_t n = 0;

	while (n < BUCKET_SIZE && bucket->entry[n].kind != ADDR_NONE)
		n++;
	return n;
}

static void store(struct daisy_addr_entry *to, const struct daisy_addr_entry *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	daisy_store_word(to, word);
}

static int locate(const struct daisy_addr_bucket *table, uint32_t addr, struct place *at)
{
	at->bucket = daisy_addr_hash(addr);
	for (int n = 0; n < 2; n++) {
		const struct daisy_addr_bucket *b = &table[at->bucket];

		for (at->i = 0; at->i < BUCKET_SIZE; at->i++)
			if (b->entry[at->i].kind != ADDR_NONE &&
			    address_of(&b->entry[at->i]) == addr)
				return 0;
		at->bucket = next_bucket(at->bucket);
	}
	return -ENOENT;
}

const struct daisy_addr_entry *daisy_addrs_find(const struct daisy_addr_bucket *table,
						uint32_t addr)
{
	struct place at;

	return locate(table, addr, &at) ? NULL : &table[at.bucket].entry[at.i];
}

int daisy_addrs_insert(struct daisy_addr_bucket *table, const struct daisy_addr_entry *entry)
{
	uint32_t bucket = daisy_addr_hash(address_of(entry));

	for (int n = 0; n < 2; n++) {
		uint32_t i = used_entries(&table[bucket]);

		if (i < BUCKET_SIZE) {
			store(&table[bucket].entry[i], entry);
			return 0;
		}
		bucket = next_bucket(bucket);
	}
	daisy_error_set("no room for address %s: too many with the same hash",
			inet_ntoa((struct in_addr){ address_of(entry) }));
	return -ENOSPC;
}

void daisy_addrs_filter(struct daisy_addr_bucket *table, uint32_t addr, bool filtered)
{
	struct daisy_addr_entry entry;
	struct place at;

	if (locate(table, addr, &at))
		return;
	entry = table[at.bucket].entry[at.i];
	entry.filtered = filtered;
	store(&table[at.bucket].entry[at.i], &entry);
}

/*
 * What may take the place of a removed entry: of a full bucket, an entry that
 * went on to the next one for lack of room, since it would be looked for there
 * only as long as this bucket is full; of another, the last entry. Returns
 * false if the removed entry is the last itself.
 */
static bool replacement(const struct daisy_addr_bucket *table, struct place hole,
			struct place *from)
{
	uint32_t used = used_entries(&table[hole.bucket]);

	from->bucket = next_bucket(hole.bucket);
	for (from->i = 0; used == BUCKET_SIZE && from->i < BUCKET_SIZE; from->i++) {
		const struct daisy_addr_entry *e = &table[from->bucket].entry[from->i];

		if (e->kind != ADDR_NONE && daisy_addr_hash(address_of(e)) == hole.bucket)
			return true;
	}
	from->bucket = hole.bucket;
	from->i = used - 1;
	return from->i != hole.i;
}

/*
 * The place of each replacement is the next hole, until one needs none. The
 * walk goes on without a grace period: stopping would leave an entry twice.
 */
int daisy_addrs_remove(struct daisy_addr_bucket *table, uint32_t addr, daisy_grace_fn grace)
{
	static const struct daisy_addr_entry none;
	struct place hole, from;
	int err = locate(table, addr, &hole);

	if (err)
		return err;
	while (replacement(table, hole, &from)) {
		int failed;

		store(&table[hole.bucket].entry[hole.i], &table[from.bucket].entry[from.i]);
		/* A reader that is past the hole still finds the entry in its old place. */
		failed = grace();
		err = err ? err : failed;
		hole = from;
	}
	store(&table[hole.bucket].entry[hole.i], &none);
	return err;
}

int daisy_instance_own_add(struct daisy_instance *inst, struct in_addr addr)
{
	const struct daisy_addr_entry *there = daisy_addrs_find(inst->addrs, addr.s_addr);
	struct daisy_addr_entry entry = { .kind = ADDR_OWN };
	int err;

	if (there && there->kind == ADDR_OWN)
		return 0;
	if (there) {
		daisy_error_set("address %s is an external address of instance \"%s\"",
				inet_ntoa(addr), inst->name);
		return -EEXIST;
	}
	memcpy(entry.addr, &addr, sizeof(entry.addr));
	err = daisy_addrs_insert(inst->addrs, &entry);
	/* A remembered route vouches that the address is none of ours (bpf/lib/fast.h). */
	if (!err)
		daisy_instance_nexthops_changed(inst);
	return err;
}

int daisy_instance_own_del(struct daisy_instance *inst, struct in_addr addr)
{
	const struct daisy_addr_entry *there = daisy_addrs_find(inst->addrs, addr.s_addr);

	if (there && there->kind == ADDR_OWN)
		return daisy_addrs_remove(inst->addrs, addr.s_addr, daisy_grace_wait);
	daisy_error_set("address %s is not known as one of the box itself", inet_ntoa(addr));
	return -ENOENT;
}

size_t daisy_instance_own_list(struct daisy_instance *inst, struct in_addr *list, size_t room)
{
	size_t n = 0;

	for (uint32_t i = 0; i < DAISY_ADDR_BUCKETS * BUCKET_SIZE; i++) {
		const struct daisy_addr_entry *e =
			&inst->addrs[i / BUCKET_SIZE].entry[i % BUCKET_SIZE];

		if (e->kind != ADDR_OWN)
			continue;
		if (n < room)
			memcpy(&list[n], e->addr, sizeof(e->addr));
		n++;
	}
	return n;
}
