/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * External addresses: slot, vectors, port maps, entry in the address table.
 *
 * Adding writes them in that order of dependence: vectors and port maps while
 * the slot is EMPTY and nobody looks, then the slot, then the table. A start
 * that was killed between leaves at most pins of an EMPTY slot, which the next
 * one removes, or an ACTIVE slot without a table entry, which it adds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "lib/grace.h"
#include "nat/addrs.h"
#include "nat/internal.h"

/* Attempts to end mappings that packets refresh at that moment. */
#define END_ROUNDS 64

static void store_slot(struct daisy_instance *inst, uint32_t slot, const struct daisy_slot *value)
{
	uint64_t word;

	_Static_assert(sizeof(*value) == sizeof(word), "a slot is one word");
	memcpy(&word, value, sizeof(word));
	daisy_store_word(&inst->slots[slot], word);
}

static struct in_addr slot_address(const struct daisy_instance *inst, uint32_t slot)
{
	struct in_addr addr;

	memcpy(&addr, inst->slots[slot].addr, sizeof(addr));
	return addr;
}

static int enter_address(struct daisy_instance *inst, uint32_t slot)
{
	struct daisy_addr_entry entry = { .slot = (uint16_t)slot, .kind = ADDR_EXTERNAL };

	memcpy(entry.addr, inst->slots[slot].addr, sizeof(entry.addr));
	return daisy_addrs_insert(inst->addrs, &entry);
}

static int reconcile_ports(struct daisy_instance *inst, uint32_t slot,
			   const struct daisy_port_set *set)
{
	int err = 0;

	for (int proto = 0; !err && proto < DAISY_N_PROTOS; proto++) {
		size_t stride;
		void *vector = daisy_instance_vector(inst, slot, proto, &stride);

		err = daisy_ports_reconcile(daisy_instance_port_map(inst, slot, proto), vector,
					    stride, set, daisy_instance_tick(inst), &inst->repairs);
	}
	return err;
}

static int find_empty_slot(const struct daisy_instance *inst)
{
	for (uint32_t slot = 0; slot < inst->sizes.slots; slot++)
		if (inst->slots[slot].state == SLOT_EMPTY)
			return (int)slot;
	return -ENOSPC;
}

static int take_slot(struct daisy_instance *inst, struct in_addr addr, uint8_t pool,
		     const struct daisy_port_set *set)
{
	struct daisy_slot value = { .state = SLOT_ACTIVE, .pool = pool };
	int slot = find_empty_slot(inst), err;

	if (slot < 0) {
		daisy_error_set("no room for address %s: limits.addresses is %u", inet_ntoa(addr),
				inst->sizes.slots);
		return slot;
	}
	err = daisy_vectors_install(inst, (uint32_t)slot);
	if (err)
		return err;
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		daisy_ports_init(daisy_instance_port_map(inst, (uint32_t)slot, proto), set);
	memcpy(value.addr, &addr, sizeof(value.addr));
	store_slot(inst, (uint32_t)slot, &value);
	err = enter_address(inst, (uint32_t)slot);
	if (err) {
		store_slot(inst, (uint32_t)slot, &(struct daisy_slot){ 0 });
		daisy_vectors_remove(inst, (uint32_t)slot);
		return err;
	}
	return slot;
}

/* The address is there, from an earlier run or an earlier configuration: its mappings stay. */
static int keep_slot(struct daisy_instance *inst, const struct daisy_addr_entry *there,
		     struct in_addr addr, uint8_t pool, const struct daisy_port_set *set)
{
	int err;

	if (there->kind == ADDR_OWN) {
		daisy_error_set("address %s is an address of the box itself", inet_ntoa(addr));
		return -EEXIST;
	}
	if (inst->slots[there->slot].pool != pool) {
		daisy_error_set("address %s is in pool number %u already, not %u", inet_ntoa(addr),
				inst->slots[there->slot].pool, pool);
		return -EEXIST;
	}
	err = reconcile_ports(inst, there->slot, set);
	return err ? err : there->slot;
}

int daisy_instance_address_add(struct daisy_instance *inst, struct in_addr addr, uint8_t pool,
			       uint16_t first, uint16_t last, const uint16_t *reserved,
			       size_t n_reserved)
{
	const struct daisy_addr_entry *there = daisy_addrs_find(inst->addrs, addr.s_addr);
	struct daisy_port_set set;

	if (!first || first > last) {
		daisy_error_set("ports %u-%u: a range from 1 to 65535, the lower one first", first,
				last);
		return -EINVAL;
	}
	daisy_port_set_fill(&set, first, last, inst->conf->options & DAISY_OPT_RANGE, reserved,
			    n_reserved);
	return there ? keep_slot(inst, there, addr, pool, &set) : take_slot(inst, addr, pool, &set);
}

int daisy_instance_address_state(struct daisy_instance *inst, uint32_t slot,
				 enum daisy_slot_state state)
{
	struct daisy_slot value;

	if (slot >= inst->sizes.slots || inst->slots[slot].state == SLOT_EMPTY) {
		daisy_error_set("slot %u holds no address", slot);
		return -ENOENT;
	}
	if (state != SLOT_ACTIVE && state != SLOT_DRAINING) {
		daisy_error_set("slot %u: state %d is neither active nor draining", slot, state);
		return -EINVAL;
	}
	value = inst->slots[slot];
	value.state = (uint8_t)state;
	store_slot(inst, slot, &value);
	return 0;
}

static bool is_active(const void *record)
{
	return daisy_load_word(record) >> DAISY_STATE_SHIFT == MAPPING_ACTIVE;
}

/* One pass over a vector. Returns how many mappings it tried to end, or -errno. */
static int end_mappings_once(struct daisy_instance *inst, uint32_t slot, enum daisy_proto proto)
{
	struct daisy_sweep_item items[DAISY_BATCH_ITEMS];
	struct daisy_sweep_header header = { 0 };
	size_t stride;
	void *vector = daisy_instance_vector(inst, slot, proto, &stride);
	int tried = 0, err;

	for (uint32_t port = 0; port <= DAISY_VECTOR_SIZE; port++) {
		if (header.n == DAISY_BATCH_ITEMS || port == DAISY_VECTOR_SIZE) {
			tried += header.n;
			err = daisy_instance_sweep_batch(inst, &header, items);
			if (err)
				return err;
			header.n = 0;
		}
		if (port < DAISY_VECTOR_SIZE && is_active(daisy_record(vector, stride, port)))
			items[header.n++] = (struct daisy_sweep_item){
				.slot = (uint16_t)slot, .port = (uint16_t)port,
				.proto = (uint8_t)proto, .force = 1,
			};
	}
	return tried;
}

static int end_mappings(struct daisy_instance *inst, uint32_t slot)
{
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
		int tried = 1;

		for (int round = 0; tried && round < END_ROUNDS; round++) {
			tried = end_mappings_once(inst, slot, proto);
			if (tried < 0)
				return tried;
		}
		if (tried) {
			daisy_error_set(
				"address %s: its %s mappings are in use all the time, try again",
				inet_ntoa(slot_address(inst, slot)), daisy_proto_name(proto));
			return -EBUSY;
		}
	}
	return 0;
}

/*
 * Connections of a slot, which the next owner of the slot must not inherit:
 * its generations start anew.
 */
static int end_connections(struct daisy_instance *inst, uint32_t slot)
{
	int fd = daisy_instance_map_fd(inst, "conns"), err;
	struct daisy_conn_key key, next;
	void *previous = NULL;

	do {
		err = bpf_map_get_next_key(fd, previous, &next) ? -errno : 0;
		/* Deleted after the step: the walk goes on from a key that is there. */
		if (previous && key.slot == slot)
			bpf_map_delete_elem(fd, &key);
		key = next;
		previous = &key;
	} while (!err);
	return err == -ENOENT ? 0 : err;
}

int daisy_instance_address_del(struct daisy_instance *inst, struct in_addr addr)
{
	const struct daisy_addr_entry *there = daisy_addrs_find(inst->addrs, addr.s_addr);
	uint32_t slot;
	int err;

	if (!there || there->kind != ADDR_EXTERNAL) {
		daisy_error_set("address %s is no external address", inet_ntoa(addr));
		return -ENOENT;
	}
	slot = there->slot;
	err = daisy_zones_strip(inst, slot);
	if (!err)
		err = daisy_instance_address_state(inst, slot, SLOT_DRAINING);
	/* After this no creation that saw the slot ACTIVE is under way. */
	if (!err)
		err = daisy_grace_wait();
	if (!err)
		err = end_mappings(inst, slot);
	if (!err)
		err = daisy_addrs_remove(inst->addrs, addr.s_addr, daisy_grace_wait);
	if (err)
		return err;
	store_slot(inst, slot, &(struct daisy_slot){ 0 });
	daisy_vectors_remove(inst, slot);
	return end_connections(inst, slot);
}

/* What a removal or an addition left that was killed half-way. */
static void clear_slot(struct daisy_instance *inst, uint32_t slot)
{
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
		char name[32];
		uint32_t id;

		snprintf(name, sizeof(name), "vectors_%s", daisy_proto_name(proto));
		if (!bpf_map_lookup_elem(daisy_instance_map_fd(inst, name), &slot, &id))
			bpf_map_delete_elem(daisy_instance_map_fd(inst, name), &slot);
		snprintf(name, sizeof(name), "vector_%s_%u", daisy_proto_name(proto), slot);
		daisy_pin_unset(inst, name);
	}
}

/* Entries of the address table that no slot stands for. */
static int drop_strays(struct daisy_instance *inst)
{
	for (uint32_t b = 0; b < DAISY_ADDR_BUCKETS; b++) {
		for (uint32_t i = 0; i < 8; i++) {
			struct daisy_addr_entry e = inst->addrs[b].entry[i];
			uint32_t addr;
			int err;

			memcpy(&addr, e.addr, sizeof(addr));
			if (e.kind != ADDR_EXTERNAL || (e.slot < inst->sizes.slots &&
							inst->slots[e.slot].state != SLOT_EMPTY &&
							slot_address(inst, e.slot).s_addr == addr))
				continue;
			err = daisy_addrs_remove(inst->addrs, addr, daisy_grace_wait);
			if (err)
				return err;
			i--;	/* another entry stands here now, or none */
		}
	}
	return 0;
}

int daisy_addresses_adopt(struct daisy_instance *inst)
{
	int err = drop_strays(inst);

	for (uint32_t slot = 0; !err && slot < inst->sizes.slots; slot++) {
		if (inst->slots[slot].state == SLOT_EMPTY) {
			clear_slot(inst, slot);
			continue;
		}
		err = daisy_vectors_adopt(inst, slot);
		if (!err && !daisy_addrs_find(inst->addrs, slot_address(inst, slot).s_addr))
			err = enter_address(inst, slot);
	}
	return err;
}
