/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which external addresses a zone uses, and which inside prefixes it has.
 *
 * A zone points to a list in pool_slots. A new list is written where no zone
 * points to, then the zone's word is switched over, then we wait until no
 * packet reads the old list: from there on its place is free.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "lib/grace.h"
#include "nat/internal.h"

#define LIST_ROOM (2 * DAISY_MAX_SLOTS)

static bool overlap(const struct daisy_zone *zone, uint32_t first, size_t n)
{
	return zone->n && first < zone->first + zone->n && zone->first < first + n;
}

/* First place for n entries that no zone uses; -ENOSPC if there is none. */
static int find_room(const struct daisy_instance *inst, size_t n)
{
	uint32_t first = 0;
	int i = 0;

	while (i < DAISY_MAX_ZONES) {
		if (first + n > LIST_ROOM)
			return -ENOSPC;
		if (overlap(&inst->zones[i], first, n)) {
			first = inst->zones[i].first + inst->zones[i].n;
			i = 0;
		} else {
			i++;
		}
	}
	return (int)first;
}

static bool same_list(const struct daisy_instance *inst, const struct daisy_zone *zone,
		      const uint32_t *slots, size_t n)
{
	if (zone->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (inst->pool_slots[zone->first + i].slot != slots[i])
			return false;
	return true;
}

/* Zones with the same addresses share one list. */
static int find_list(const struct daisy_instance *inst, const uint32_t *slots, size_t n)
{
	for (int i = 0; i < DAISY_MAX_ZONES; i++)
		if (inst->zones[i].n && same_list(inst, &inst->zones[i], slots, n))
			return (int)inst->zones[i].first;
	return -ENOENT;
}

static int write_list(struct daisy_instance *inst, const uint32_t *slots, size_t n)
{
	int first = find_list(inst, slots, n);

	if (first >= 0)
		return first;
	first = find_room(inst, n);
	for (size_t i = 0; first >= 0 && i < n; i++)
		__atomic_store_n(&inst->pool_slots[(size_t)first + i].slot, slots[i],
				 __ATOMIC_RELEASE);
	return first;
}

static int check_list(const struct daisy_instance *inst, uint16_t zone, const uint32_t *slots,
		      size_t n)
{
	if (zone >= DAISY_MAX_ZONES) {
		daisy_error_set("zone %u: 0 to %d", zone, DAISY_MAX_ZONES - 1);
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		if (slots[i] < inst->sizes.slots && inst->slots[slots[i]].state != SLOT_EMPTY)
			continue;
		daisy_error_set("zone %u: slot %u holds no address", zone, slots[i]);
		return -EINVAL;
	}
	return 0;
}

int daisy_instance_zone_set(struct daisy_instance *inst, uint16_t zone, const uint32_t *slots,
			    size_t n)
{
	struct daisy_zone value = { .n = (uint32_t)n };
	uint64_t word;
	int first, err = check_list(inst, zone, slots, n);

	if (err)
		return err;
	if (same_list(inst, &inst->zones[zone], slots, n))
		return 0;
	first = n ? write_list(inst, slots, n) : 0;
	if (first < 0) {
		daisy_error_set("zone %u: no room for a list of %zu addresses beside those of the "
				"other zones", zone, n);
		return first;
	}
	value.first = (uint32_t)first;
	memcpy(&word, &value, sizeof(word));
	daisy_store_word(&inst->zones[zone], word);
	return daisy_grace_wait();
}

/* Take a slot out of every zone. */
int daisy_zones_strip(struct daisy_instance *inst, uint32_t slot)
{
	uint32_t rest[DAISY_MAX_SLOTS];
	int err = 0;

	for (uint16_t zone = 0; !err && zone < DAISY_MAX_ZONES; zone++) {
		const struct daisy_zone *z = &inst->zones[zone];
		size_t n = 0;

		for (uint32_t i = 0; i < z->n; i++)
			if (inst->pool_slots[z->first + i].slot != slot)
				rest[n++] = inst->pool_slots[z->first + i].slot;
		if (n < z->n)
			err = daisy_instance_zone_set(inst, zone, rest, n);
	}
	return err;
}

static int prefix_key(struct daisy_prefix_key *key, uint16_t zone, struct in_addr addr,
		      unsigned int len)
{
	uint32_t mask = len && len <= 32 ? htonl(~0U << (32 - len)) : 0;

	if (zone >= DAISY_MAX_ZONES || len > 32 || addr.s_addr & ~mask) {
		daisy_error_set("prefix %s/%u of zone %u: length 0 to 32 without bits beyond it, "
				"zone 0 to %d", inet_ntoa(addr), len, zone, DAISY_MAX_ZONES - 1);
		return -EINVAL;
	}
	*key = (struct daisy_prefix_key){ .prefixlen = 32 + len, .zone_be = htons(zone) };
	memcpy(key->addr, &addr, sizeof(key->addr));
	return 0;
}

static int prefix_failed(int err, uint16_t zone, struct in_addr addr, unsigned int len)
{
	daisy_error_set("prefix %s/%u of zone %u: %s", inet_ntoa(addr), len, zone,
			err == -ENOENT ? "is not there" :
			err == -ENOSPC ? "the table of prefixes is full" : strerror(-err));
	return err;
}

/* Subscribers remember for which epoch they were found inside. */
static void prefixes_changed(struct daisy_instance *inst)
{
	__atomic_fetch_add(&inst->conf->prefix_epoch, 1, __ATOMIC_RELEASE);
}

int daisy_instance_prefix_add(struct daisy_instance *inst, uint16_t zone, struct in_addr addr,
			      unsigned int len, uint32_t link)
{
	struct daisy_prefix value = { .link = link };
	struct daisy_prefix_key key;
	int err = prefix_key(&key, zone, addr, len);

	if (err)
		return err;
	if (bpf_map_update_elem(daisy_instance_map_fd(inst, "inside_prefixes"), &key, &value,
				BPF_ANY))
		return prefix_failed(-errno, zone, addr, len);
	prefixes_changed(inst);
	return 0;
}

int daisy_instance_prefix_del(struct daisy_instance *inst, uint16_t zone, struct in_addr addr,
			      unsigned int len)
{
	struct daisy_prefix_key key;
	int err = prefix_key(&key, zone, addr, len);

	if (err)
		return err;
	if (bpf_map_delete_elem(daisy_instance_map_fd(inst, "inside_prefixes"), &key))
		return prefix_failed(-errno, zone, addr, len);
	prefixes_changed(inst);
	return 0;
}
