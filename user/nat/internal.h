/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of an instance: shared by the files of user/nat, by nobody else.
 *
 * Threads: one thread owns the instance. A sweeper (user/nat/sweep.h) may run
 * in another one; it reads `vector` and the records under `vector_lock`, which
 * the owner holds while it maps or unmaps them.
 */
#ifndef DAISY_NAT_INTERNAL_H
#define DAISY_NAT_INTERNAL_H

#include <pthread.h>

#include "nat/instance.h"
#include "nat/ports.h"

#define DAISY_NAME_MAX 32
#define DAISY_PATH_SIZE 512
/* Vectors of so many slots are installed at once; as many file descriptors are open then. */
#define DAISY_INSTALL_MAX 64

struct bpf_map;
struct sweep_bpf;

/* max_entries of the maps whose size is chosen at creation. */
struct daisy_sizes {
	uint32_t slots;
	uint32_t index_buckets;		/* even */
	uint32_t index_displaced;	/* words */
	uint32_t index_overflow;
	uint32_t conns;
	uint32_t permissions;
	uint32_t subscribers;
};

/* How the records of a protocol's vectors are described to bpftool. */
struct daisy_vector_type {
	uint32_t record_size;		/* bytes */
	uint32_t btf_key;
	uint32_t btf_value;
	uint64_t memlock;		/* bytes of one vector; 0: none was made yet */
};

/* Entries of a mappable array stand eight bytes apart at least. */
struct daisy_pool_slot {
	uint32_t slot;
	uint32_t gap;
};

/* A program of ours on a device, where nothing is pinned. */
struct daisy_attached_program {
	int ifindex;			/* 0: unused */
	int fd;
};

struct daisy_instance {
	char name[DAISY_NAME_MAX + 1];
	char *bpffs;			/* NULL: nothing is pinned */
	char *pin_dir;			/* NULL: nothing is pinned */
	int lock_fd;			/* open directory of the pins, locked; -1 */
	struct daisy_sizes sizes;
	struct sweep_bpf *sweep;	/* owns the file descriptors of all maps */
	bool loaded;
	struct daisy_vector_type vector_type[DAISY_N_PROTOS];

	/* mapped; each has as many entries as its map */
	struct daisy_conf *conf;
	struct daisy_link *links;
	struct daisy_nexthop *nexthops;
	struct daisy_slot *slots;
	struct daisy_addr_bucket *addrs;
	union daisy_inbound *inbound;	/* [sizes.slots * DAISY_VECTOR_SIZE] */
	union daisy_inside_route *inside_routes;	/* [DAISY_ROUTE_CACHE] */
	struct daisy_port_map *port_maps;
	struct daisy_block_map *block_maps;
	struct daisy_pool *pools;
	struct daisy_zone *zones;
	struct daisy_pool_slot *pool_slots;
	struct daisy_rules *rules;	/* [3], see bpf/maps.h */
	struct daisy_hold_ring *hold_rings;

	pthread_mutex_t vector_lock;
	void **vector[DAISY_N_PROTOS];	/* [sizes.slots], NULL: not installed */

	struct daisy_attached_program attached[DAISY_MAX_LINKS];
	struct daisy_port_repairs repairs;	/* since the instance was opened */
};

static inline void *daisy_record(void *vector, size_t stride, uint32_t port)
{
	return (char *)vector + stride * port;
}

/* Writers of words that packets read at the same time. */
static inline void daisy_store_word(void *to, uint64_t word)
{
	__atomic_store_n((uint64_t *)to, word, __ATOMIC_RELEASE);
}

static inline uint64_t daisy_load_word(const void *from)
{
	return __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE);
}

/* "udp", "tcp", "icmp" */
const char *daisy_proto_name(enum daisy_proto proto);

/* pins.c */
int daisy_pins_open(struct daisy_instance *inst);
void daisy_pins_close(struct daisy_instance *inst);
bool daisy_pins_complete(const struct daisy_instance *inst);
int daisy_pins_clear(const struct daisy_instance *inst);
int daisy_pins_remove(struct daisy_instance *inst);
int daisy_pin_get(const struct daisy_instance *inst, const char *name);
int daisy_pin_set(const struct daisy_instance *inst, const char *name, int fd);
int daisy_pin_rename(const struct daisy_instance *inst, const char *from, const char *to);
void daisy_pin_unset(const struct daisy_instance *inst, const char *name);

/* object.c */
int daisy_object_open(struct daisy_instance *inst);
int daisy_object_adopt(struct daisy_instance *inst);
int daisy_object_load(struct daisy_instance *inst);
int daisy_object_pin(struct daisy_instance *inst);
void daisy_object_close(struct daisy_instance *inst);
int daisy_object_btf_fd(const struct daisy_instance *inst);
struct bpf_map *daisy_object_map(const struct daisy_instance *inst, const char *name);
struct bpf_map *daisy_object_next_map(const struct daisy_instance *inst, struct bpf_map *map);
int daisy_object_program_fd(const struct daisy_instance *inst, const char *name);

/* mapped.c */
int daisy_mapped_open(struct daisy_instance *inst);
void daisy_mapped_close(struct daisy_instance *inst);

/* conf.c */
int daisy_conf_check(const struct daisy_instance_spec *spec);
int daisy_conf_create(struct daisy_instance *inst, const struct daisy_instance_spec *spec);
void daisy_conf_apply(struct daisy_instance *inst, const struct daisy_instance_spec *spec);

/* idents.c */
int daisy_idents_create(struct daisy_instance *inst);

/* vector.c */
int daisy_vectors_install(struct daisy_instance *inst, const uint32_t *slots, size_t n);
int daisy_vectors_adopt(struct daisy_instance *inst, uint32_t slot);
void daisy_vectors_remove(struct daisy_instance *inst, uint32_t slot);
void daisy_vectors_unmap(struct daisy_instance *inst);

/* address.c */
void daisy_slot_store(struct daisy_instance *inst, uint32_t slot, const struct daisy_slot *value);
struct in_addr daisy_slot_address(const struct daisy_instance *inst, uint32_t slot);
int daisy_addresses_adopt(struct daisy_instance *inst);

/* address_del.c: take a slot away with all its mappings */
int daisy_slot_end(struct daisy_instance *inst, uint32_t slot);

/* zones.c */
int daisy_zones_strip(struct daisy_instance *inst, uint32_t slot);

/* batch.c */
int daisy_batch_run(const struct daisy_instance *inst, const char *program,
		    struct daisy_sweep_header *header, const void *items, size_t item_size);

int daisy_mapping_force(struct daisy_instance *inst, uint32_t slot, uint16_t port,
			enum daisy_proto proto, uint8_t force);

/* memory.c */
int daisy_map_memlock(int fd, uint64_t *bytes);

/* attach.c */
void daisy_attached_close(struct daisy_instance *inst);
void daisy_attached_purge(struct daisy_instance *inst, const char *pin);

#endif
