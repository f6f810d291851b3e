/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "nat/internal.h"

#define DEFAULT_SLOTS 64
#define DEFAULT_SUBSCRIBERS 65536
#define DEFAULT_CONNS 65536
#define DEFAULT_PERMISSIONS 65536
#define MIN_BUCKETS 16
#define MIN_OVERFLOW 1024
/* Preallocated hash tables: what 32 bits of memory accounting and a typing error leave room for. */
#define MAX_TABLE (1U << 26)

const char *daisy_proto_name(enum daisy_proto proto)
{
	static const char *const names[DAISY_N_PROTOS] = {
		[DAISY_UDP] = "udp", [DAISY_TCP] = "tcp", [DAISY_ICMP] = "icmp",
	};

	return names[proto];
}

static uint32_t power_of_two(uint64_t at_least)
{
	uint32_t n = 1;

	while (n < at_least)
		n *= 2;
	return n;
}

static int check_size(const char *setting, uint32_t value, uint32_t max)
{
	if (value <= max)
		return 0;
	daisy_error_set("%s %u: at most %u", setting, value, max);
	return -EINVAL;
}

static int choose_sizes(const struct daisy_instance_spec *spec, struct daisy_sizes *sizes)
{
	uint32_t slots = spec->max_slots ? spec->max_slots : DEFAULT_SLOTS;
	uint64_t mappings = spec->max_mappings;
	int err = check_size("limits.addresses", slots, DAISY_MAX_SLOTS);

	if (!err)
		err = check_size("limits.mappings", spec->max_mappings,
				 DAISY_MAX_SLOTS * DAISY_VECTOR_SIZE);
	if (!err)
		err = check_size("limits.connections", spec->max_conns, MAX_TABLE);
	if (!err)
		err = check_size("limits.permissions", spec->max_permissions, MAX_TABLE);
	if (!err)
		err = check_size("limits.subscribers", spec->max_subscribers, MAX_TABLE);
	if (err)
		return err;
	sizes->slots = power_of_two(slots);
	if (!mappings)
		mappings = (uint64_t)sizes->slots * DAISY_VECTOR_SIZE;
	/* Buckets come in neighbouring pairs. */
	sizes->index_buckets = (uint32_t)(mappings * 100 / DAISY_INDEX_LOAD_PERCENT /
					  DAISY_BUCKET_ENTRIES + 1) & ~1U;
	if (sizes->index_buckets < MIN_BUCKETS)
		sizes->index_buckets = MIN_BUCKETS;
	sizes->index_displaced = sizes->index_buckets / DAISY_DISPLACED_PER_WORD + 1;
	sizes->index_overflow = (uint32_t)(mappings / 128);
	if (sizes->index_overflow < MIN_OVERFLOW)
		sizes->index_overflow = MIN_OVERFLOW;
	if (sizes->index_overflow > DAISY_MAX_OVERFLOW)
		sizes->index_overflow = DAISY_MAX_OVERFLOW;
	sizes->conns = spec->max_conns ? spec->max_conns : DEFAULT_CONNS;
	sizes->permissions = spec->max_permissions ? spec->max_permissions : DEFAULT_PERMISSIONS;
	sizes->subscribers = spec->max_subscribers ? spec->max_subscribers : DEFAULT_SUBSCRIBERS;
	return 0;
}

static int check_name(const char *name)
{
	size_t n = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;

	if (n && n <= DAISY_NAME_MAX && !name[n])
		return 0;
	daisy_error_set("instance name \"%s\": 1 to %d of a-z, 0-9 and -", name ? name : "",
			DAISY_NAME_MAX);
	return -EINVAL;
}

static int prepare(struct daisy_instance *inst, const struct daisy_instance_spec *spec)
{
	int err = check_name(spec->name);

	inst->lock_fd = -1;
	pthread_mutex_init(&inst->vector_lock, NULL);
	if (!err)
		err = daisy_conf_check(spec);
	if (!err)
		err = choose_sizes(spec, &inst->sizes);
	if (err)
		return err;
	strcpy(inst->name, spec->name);
	if (spec->bpffs && !(inst->bpffs = strdup(spec->bpffs)))
		return -ENOMEM;
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
		inst->vector[proto] = calloc(inst->sizes.slots, sizeof(void *));
		if (!inst->vector[proto])
			return -ENOMEM;
	}
	return 0;
}

/* Next hops may have changed while nobody listened. */
static int adopt(struct daisy_instance *inst, const struct daisy_instance_spec *spec)
{
	int err = daisy_object_adopt(inst);

	if (!err)
		err = daisy_object_load(inst);
	if (!err)
		err = daisy_mapped_open(inst);
	if (!err)
		err = daisy_addresses_adopt(inst);
	if (err)
		return err;
	daisy_conf_apply(inst, spec);
	daisy_instance_nexthops_changed(inst);
	return 0;
}

static int create(struct daisy_instance *inst, const struct daisy_instance_spec *spec)
{
	int err = daisy_pins_clear(inst);

	if (!err)
		err = daisy_object_load(inst);
	if (!err)
		err = daisy_mapped_open(inst);
	if (!err)
		err = daisy_conf_create(inst, spec);
	if (!err)
		err = daisy_idents_create(inst);
	if (!err)
		err = daisy_object_pin(inst);
	if (err && inst->pin_dir)
		daisy_pins_remove(inst);
	return err;
}

static int open_or_create(struct daisy_instance *inst, const struct daisy_instance_spec *spec,
			  enum daisy_opened *opened)
{
	int err = daisy_object_open(inst);

	if (!err)
		err = daisy_pins_open(inst);
	if (err)
		return err;
	*opened = daisy_pins_complete(inst) ? DAISY_OPENED_ADOPTED : DAISY_OPENED_NEW;
	return *opened == DAISY_OPENED_ADOPTED ? adopt(inst, spec) : create(inst, spec);
}

int daisy_instance_open(const struct daisy_instance_spec *spec, struct daisy_instance **result,
			enum daisy_opened *opened)
{
	struct daisy_instance *inst = calloc(1, sizeof(*inst));
	enum daisy_opened unused;
	int err;

	if (!inst)
		return -ENOMEM;
	err = prepare(inst, spec);
	if (!err)
		err = open_or_create(inst, spec, opened ? opened : &unused);
	if (err) {
		if (err == -ENOMEM)
			daisy_error_set("instance \"%s\": not enough memory", spec->name);
		daisy_instance_close(inst);
		return err;
	}
	*result = inst;
	return 0;
}

void daisy_instance_close(struct daisy_instance *inst)
{
	if (!inst)
		return;
	daisy_attached_close(inst);
	daisy_vectors_unmap(inst);
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		free(inst->vector[proto]);
	if (inst->sweep) {
		daisy_mapped_close(inst);
		daisy_object_close(inst);
	}
	daisy_pins_close(inst);
	free(inst->bpffs);
	pthread_mutex_destroy(&inst->vector_lock);
	free(inst);
}

struct daisy_conf *daisy_instance_conf(struct daisy_instance *inst)
{
	return inst->conf;
}

struct daisy_link *daisy_instance_links(struct daisy_instance *inst)
{
	return inst->links;
}

struct daisy_nexthop *daisy_instance_nexthops(struct daisy_instance *inst)
{
	return inst->nexthops;
}

struct daisy_hold_ring *daisy_instance_hold_rings(struct daisy_instance *inst)
{
	return inst->hold_rings;
}

const struct daisy_slot *daisy_instance_slots(struct daisy_instance *inst)
{
	return inst->slots;
}

uint32_t daisy_instance_max_slots(const struct daisy_instance *inst)
{
	return inst->sizes.slots;
}

struct daisy_port_map *daisy_instance_port_map(struct daisy_instance *inst, uint32_t slot,
					       enum daisy_proto proto)
{
	return &inst->port_maps[slot * DAISY_N_PROTOS + proto];
}

struct daisy_block_map *daisy_instance_block_map(struct daisy_instance *inst, uint32_t slot)
{
	return &inst->block_maps[slot];
}

struct daisy_pool *daisy_instance_pools(struct daisy_instance *inst)
{
	return inst->pools;
}
