/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removal of an external address: no new mapping, then the end of those it
 * has, by the sweep programs as always, and only then the vectors.
 */
#include <arpa/inet.h>
#include <errno.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "lib/grace.h"
#include "nat/addrs.h"
#include "nat/internal.h"

/* Attempts to end mappings that packets refresh at that moment. */
#define END_ROUNDS 64

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
				.proto = (uint8_t)proto, .force = DAISY_FORCE_STATIC,
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
				inet_ntoa(daisy_slot_address(inst, slot)), daisy_proto_name(proto));
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

int daisy_slot_end(struct daisy_instance *inst, uint32_t slot)
{
	struct in_addr addr = daisy_slot_address(inst, slot);
	const struct daisy_addr_entry *there = daisy_addrs_find(inst->addrs, addr.s_addr);
	int err = daisy_zones_strip(inst, slot);

	if (!err)
		err = daisy_instance_address_state(inst, slot, SLOT_DRAINING);
	/* After this no creation that saw the slot ACTIVE is under way. */
	if (!err)
		err = daisy_grace_wait();
	if (!err)
		err = end_mappings(inst, slot);
	/* One that is arriving has no entry. */
	if (!err && there && there->kind == ADDR_EXTERNAL && there->slot == slot)
		err = daisy_addrs_remove(inst->addrs, addr.s_addr, daisy_grace_wait);
	if (err)
		return err;
	daisy_slot_store(inst, slot, &(struct daisy_slot){ 0 });
	daisy_vectors_remove(inst, slot);
	return end_connections(inst, slot);
}

int daisy_instance_address_del(struct daisy_instance *inst, struct in_addr addr)
{
	const struct daisy_addr_entry *there = daisy_addrs_find(inst->addrs, addr.s_addr);

	if (there && there->kind == ADDR_EXTERNAL)
		return daisy_slot_end(inst, there->slot);
	daisy_error_set("address %s is no external address", inet_ntoa(addr));
	return -ENOENT;
}

int daisy_instance_arrival_drop(struct daisy_instance *inst, uint32_t slot)
{
	return daisy_slot_end(inst, slot);
}
