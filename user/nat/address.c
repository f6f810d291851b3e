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
#include <string.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "lib/grace.h"
#include "nat/addrs.h"
#include "nat/blocks.h"
#include "nat/internal.h"

/* What every address of one call is given. */
struct terms {
	uint8_t pool;
	bool arriving;		/* from another box: nobody finds it yet */
	struct daisy_port_set ports;
};

/* New addresses that are installed together, for the sake of one grace period. */
struct crowd {
	size_t n;
	struct in_addr addr[DAISY_INSTALL_MAX];
	uint32_t slot[DAISY_INSTALL_MAX];
};

void daisy_slot_store(struct daisy_instance *inst, uint32_t slot, const struct daisy_slot *value)
{
	uint64_t word;

	_Static_assert(sizeof(*value) == sizeof(word), "a slot is one word");
	memcpy(&word, value, sizeof(word));
	daisy_store_word(&inst->slots[slot], word);
}

struct in_addr daisy_slot_address(const struct daisy_instance *inst, uint32_t slot)
{
	struct in_addr addr;

	memcpy(&addr, inst->slots[slot].addr, sizeof(addr));
	return addr;
}

static int enter_address(struct daisy_instance *inst, uint32_t slot)
{
	struct daisy_addr_entry entry = {
		.slot = (uint16_t)slot, .kind = ADDR_EXTERNAL,
		.filtered = inst->slots[slot].flags & (SLOT_FILTERED | SLOT_STOPPED) ? 1 : 0,
	};
	int err;

	memcpy(entry.addr, inst->slots[slot].addr, sizeof(entry.addr));
	err = daisy_addrs_insert(inst->addrs, &entry);
	/* A remembered route vouches that the address is none of ours (bpf/lib/fast.h). */
	if (!err)
		daisy_instance_nexthops_changed(inst);
	return err;
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
	return err ? err : daisy_blocks_reconcile(&inst->block_maps[slot], set);
}

static bool in_crowd(const struct crowd *crowd, uint32_t slot)
{
	for (size_t i = 0; i < crowd->n; i++)
		if (crowd->slot[i] == slot)
			return true;
	return false;
}

static int find_empty_slot(const struct daisy_instance *inst, const struct crowd *crowd)
{
	for (uint32_t slot = 0; slot < inst->sizes.slots; slot++)
		if (inst->slots[slot].state == SLOT_EMPTY && !in_crowd(crowd, slot))
			return (int)slot;
	return -ENOSPC;
}

/* Vectors are installed: the rest of an address. */
static int open_slot(struct daisy_instance *inst, uint32_t slot, struct in_addr addr,
		     const struct terms *terms)
{
	struct daisy_slot value = {
		.state = SLOT_ACTIVE, .pool = terms->pool,
		.flags = inst->conf->options & DAISY_OPT_IDENT_ALL ? SLOT_IDENT : 0,
	};
	int err;

	if (terms->arriving)
		value.flags |= SLOT_STOPPED | SLOT_ARRIVING;

	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		daisy_ports_init(daisy_instance_port_map(inst, slot, proto), &terms->ports);
	daisy_blocks_init(&inst->block_maps[slot], &terms->ports);
	memcpy(value.addr, &addr, sizeof(value.addr));
	daisy_slot_store(inst, slot, &value);
	err = terms->arriving ? 0 : enter_address(inst, slot);
	if (err) {
		daisy_slot_store(inst, slot, &(struct daisy_slot){ 0 });
		daisy_vectors_remove(inst, slot);
	}
	return err;
}

static int install_crowd(struct daisy_instance *inst, struct crowd *crowd, const struct terms *terms)
{
	int err = daisy_vectors_install(inst, crowd->slot, crowd->n);
	size_t done = 0;

	if (err)
		return err;
	while (!err && done < crowd->n) {
		err = open_slot(inst, crowd->slot[done], crowd->addr[done], terms);
		done++;
	}
	for (size_t i = done; i < crowd->n; i++)
		daisy_vectors_remove(inst, crowd->slot[i]);
	crowd->n = 0;
	return err;
}

static bool is_arriving(const struct daisy_instance *inst, struct in_addr addr)
{
	for (uint32_t slot = 0; slot < inst->sizes.slots; slot++)
		if (inst->slots[slot].state != SLOT_EMPTY && inst->slots[slot].flags & SLOT_ARRIVING &&
		    daisy_slot_address(inst, slot).s_addr == addr.s_addr)
			return true;
	return false;
}

/* Returns the slot that the address will have, or -errno. */
static int join_crowd(struct daisy_instance *inst, struct crowd *crowd, struct in_addr addr)
{
	int slot = find_empty_slot(inst, crowd);

	if (is_arriving(inst, addr)) {
		daisy_error_set("address %s is on its way here from another box", inet_ntoa(addr));
		return -EBUSY;
	}
	if (slot < 0) {
		daisy_error_set("no room for address %s: limits.addresses is %u", inet_ntoa(addr),
				inst->sizes.slots);
		return slot;
	}
	crowd->addr[crowd->n] = addr;
	crowd->slot[crowd->n++] = (uint32_t)slot;
	return slot;
}

/* The address is there, from an earlier run or an earlier configuration: its mappings stay. */
static int keep_slot(struct daisy_instance *inst, const struct daisy_addr_entry *there,
		     struct in_addr addr, const struct terms *terms)
{
	int err;

	if (there->kind == ADDR_OWN) {
		daisy_error_set("address %s is an address of the box itself", inet_ntoa(addr));
		return -EEXIST;
	}
	if (inst->slots[there->slot].pool != terms->pool) {
		daisy_error_set("address %s is in pool number %u already, not %u", inet_ntoa(addr),
				inst->slots[there->slot].pool, terms->pool);
		return -EEXIST;
	}
	err = reconcile_ports(inst, there->slot, &terms->ports);
	return err ? err : there->slot;
}

static bool is_waiting(const struct crowd *crowd, struct in_addr addr)
{
	for (size_t i = 0; i < crowd->n; i++)
		if (crowd->addr[i].s_addr == addr.s_addr)
			return true;
	return false;
}

static int add_or_keep(struct daisy_instance *inst, struct crowd *crowd, struct in_addr addr,
		       const struct terms *terms)
{
	const struct daisy_addr_entry *there;
	int err = 0;

	if (crowd->n == DAISY_INSTALL_MAX || is_waiting(crowd, addr))
		err = install_crowd(inst, crowd, terms);
	if (err)
		return err;
	there = daisy_addrs_find(inst->addrs, addr.s_addr);
	return there ? keep_slot(inst, there, addr, terms) : join_crowd(inst, crowd, addr);
}

static int fill_terms(const struct daisy_instance *inst, struct terms *terms, uint16_t first,
		      uint16_t last, const uint16_t *reserved, size_t n_reserved)
{
	const struct daisy_pool *pool = &inst->pools[terms->pool];

	if (!first || first > last) {
		daisy_error_set("ports %u-%u: a range from 1 to 65535, the lower one first", first,
				last);
		return -EINVAL;
	}
	daisy_port_set_fill(&terms->ports, first, last, inst->conf->options & DAISY_OPT_RANGE,
			    reserved, n_reserved);
	if (pool->deterministic) {
		terms->ports.block_first = pool->overflow_first;
		terms->ports.block_last = pool->overflow_last;
	}
	return 0;
}

int daisy_instance_addresses_add(struct daisy_instance *inst, const struct in_addr *addrs, size_t n,
				 uint8_t pool, uint16_t first, uint16_t last,
				 const uint16_t *reserved, size_t n_reserved, uint32_t *slots)
{
	struct terms terms = { .pool = pool };
	struct crowd crowd = { 0 };
	int slot = 0, err = fill_terms(inst, &terms, first, last, reserved, n_reserved);

	if (err)
		return err;
	for (size_t i = 0; i < n && slot >= 0; i++) {
		slot = add_or_keep(inst, &crowd, addrs[i], &terms);
		if (slot >= 0 && slots)
			slots[i] = (uint32_t)slot;
	}
	err = slot < 0 ? slot : 0;
	return err ? err : install_crowd(inst, &crowd, &terms);
}

int daisy_instance_address_add(struct daisy_instance *inst, struct in_addr addr, uint8_t pool,
			       uint16_t first, uint16_t last, const uint16_t *reserved,
			       size_t n_reserved)
{
	uint32_t slot;
	int err = daisy_instance_addresses_add(inst, &addr, 1, pool, first, last, reserved,
					       n_reserved, &slot);

	return err ? err : (int)slot;
}

int daisy_instance_arrival_open(struct daisy_instance *inst, struct in_addr addr, uint8_t pool,
				uint16_t first, uint16_t last, const uint16_t *reserved,
				size_t n_reserved)
{
	struct terms terms = { .pool = pool, .arriving = true };
	struct crowd crowd = { 0 };
	int slot, err = fill_terms(inst, &terms, first, last, reserved, n_reserved);

	if (err)
		return err;
	if (daisy_addrs_find(inst->addrs, addr.s_addr)) {
		daisy_error_set("address %s is here already", inet_ntoa(addr));
		return -EEXIST;
	}
	slot = join_crowd(inst, &crowd, addr);
	err = slot < 0 ? slot : install_crowd(inst, &crowd, &terms);
	return err ? err : slot;
}

/* The slot first: until the address can be found, nobody asks it. */
int daisy_instance_arrival_accept(struct daisy_instance *inst, uint32_t slot)
{
	struct daisy_slot value = inst->slots[slot];
	struct in_addr addr = daisy_slot_address(inst, slot);

	if (daisy_addrs_find(inst->addrs, addr.s_addr)) {
		daisy_error_set("address %s is here already", inet_ntoa(addr));
		return -EEXIST;
	}
	value.flags &= (uint16_t)~(SLOT_STOPPED | SLOT_ARRIVING);
	daisy_slot_store(inst, slot, &value);
	return enter_address(inst, slot);
}

int daisy_instance_address_stop(struct daisy_instance *inst, uint32_t slot)
{
	struct daisy_slot value = inst->slots[slot];

	value.flags |= SLOT_STOPPED;
	daisy_slot_store(inst, slot, &value);
	daisy_addrs_filter(inst->addrs, daisy_slot_address(inst, slot).s_addr, true);
	return daisy_grace_wait();
}

void daisy_instance_address_leave(struct daisy_instance *inst, uint32_t slot)
{
	struct daisy_slot value = inst->slots[slot];

	value.flags |= SLOT_LEFT;
	daisy_slot_store(inst, slot, &value);
}

void daisy_instance_address_resume(struct daisy_instance *inst, uint32_t slot)
{
	struct daisy_slot value = inst->slots[slot];

	value.flags &= (uint16_t)~(SLOT_STOPPED | SLOT_LEFT);
	daisy_slot_store(inst, slot, &value);
	daisy_addrs_filter(inst->addrs, daisy_slot_address(inst, slot).s_addr,
			   value.flags & SLOT_FILTERED);
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
	daisy_slot_store(inst, slot, &value);
	return 0;
}

/*
 * The slot first when it is switched on, so that permissions are there when they
 * are asked for; last when it is switched off.
 */
int daisy_instance_address_filter(struct daisy_instance *inst, uint32_t slot, bool filtered)
{
	struct daisy_slot value;
	uint32_t addr;

	if (slot >= inst->sizes.slots || inst->slots[slot].state == SLOT_EMPTY) {
		daisy_error_set("slot %u holds no address", slot);
		return -ENOENT;
	}
	value = inst->slots[slot];
	addr = daisy_slot_address(inst, slot).s_addr;
	value.flags = (uint16_t)(filtered ? value.flags | SLOT_FILTERED :
				 value.flags & ~SLOT_FILTERED);
	if (!filtered && !(value.flags & SLOT_STOPPED))
		daisy_addrs_filter(inst->addrs, addr, false);
	daisy_slot_store(inst, slot, &value);
	if (filtered)
		daisy_addrs_filter(inst->addrs, addr, true);
	return 0;
}

void daisy_instance_options_set(struct daisy_instance *inst, uint32_t options)
{
	bool on = options & DAISY_OPT_IDENT_ALL;

	__atomic_store_n(&inst->conf->options, options, __ATOMIC_RELEASE);
	for (uint32_t slot = 0; slot < inst->sizes.slots; slot++) {
		struct daisy_slot value = inst->slots[slot];

		value.flags = (uint16_t)(on ? value.flags | SLOT_IDENT : value.flags & ~SLOT_IDENT);
		if (value.state != SLOT_EMPTY && value.flags != inst->slots[slot].flags)
			daisy_slot_store(inst, slot, &value);
	}
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
							daisy_slot_address(inst, e.slot).s_addr == addr))
				continue;
			err = daisy_addrs_remove(inst->addrs, addr, daisy_grace_wait);
			if (err)
				return err;
			i--;	/* another entry stands here now, or none */
		}
	}
	return 0;
}

/*
 * A move that the earlier run was in the middle of. What has not been decided has
 * not happened: the source goes on as the owner, the target forgets.
 */
static int adopt_stopped(struct daisy_instance *inst, uint32_t slot)
{
	if (inst->slots[slot].flags & SLOT_ARRIVING)
		return daisy_slot_end(inst, slot);
	if (!(inst->slots[slot].flags & SLOT_LEFT))
		daisy_instance_address_resume(inst, slot);
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
		if (!err && inst->slots[slot].flags & SLOT_STOPPED) {
			err = adopt_stopped(inst, slot);
			continue;
		}
		if (!err && !daisy_addrs_find(inst->addrs, daisy_slot_address(inst, slot).s_addr))
			err = enter_address(inst, slot);
	}
	return err;
}
