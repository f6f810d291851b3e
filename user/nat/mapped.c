/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps that userspace reads and writes in place. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "lib/error.h"
#include "nat/internal.h"

static const struct mapped {
	const char *map;
	size_t member;		/* of struct daisy_instance */
	size_t value_size;	/* what this side takes it for */
} mapped[] = {
	{ "conf", offsetof(struct daisy_instance, conf), sizeof(struct daisy_conf) },
	{ "links", offsetof(struct daisy_instance, links), sizeof(struct daisy_link) },
	{ "nexthops", offsetof(struct daisy_instance, nexthops), sizeof(struct daisy_nexthop) },
	{ "slots", offsetof(struct daisy_instance, slots), sizeof(struct daisy_slot) },
	{ "addrs", offsetof(struct daisy_instance, addrs), sizeof(struct daisy_addr_bucket) },
	{ "inbound_udp", offsetof(struct daisy_instance, inbound), sizeof(union daisy_inbound) },
	{ "inside_routes", offsetof(struct daisy_instance, inside_routes),
	  sizeof(union daisy_inside_route) },
	{ "port_maps", offsetof(struct daisy_instance, port_maps), sizeof(struct daisy_port_map) },
	{ "block_maps", offsetof(struct daisy_instance, block_maps), sizeof(struct daisy_block_map) },
	{ "pools", offsetof(struct daisy_instance, pools), sizeof(struct daisy_pool) },
	{ "zones", offsetof(struct daisy_instance, zones), sizeof(struct daisy_zone) },
	{ "pool_slots", offsetof(struct daisy_instance, pool_slots), sizeof(uint32_t) },
	{ "no_translate", offsetof(struct daisy_instance, rules), sizeof(struct daisy_rules) },
	{ "hold_rings", offsetof(struct daisy_instance, hold_rings), sizeof(struct daisy_hold_ring) },
};

#define N_MAPPED (sizeof(mapped) / sizeof(mapped[0]))

static void **member_of(struct daisy_instance *inst, const struct mapped *m)
{
	return (void **)((char *)inst + m->member);
}

/* The kernel places entries of a mappable array at multiples of eight bytes. */
static size_t mapped_length(const struct bpf_map *map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t entry = (bpf_map__value_size(map) + 7) & ~(size_t)7;

	return (entry * bpf_map__max_entries(map) + page - 1) & ~(page - 1);
}

static int map_one(struct daisy_instance *inst, const struct mapped *m)
{
	const struct bpf_map *map = daisy_object_map(inst, m->map);
	void *at;
	int err;

	if (!map || bpf_map__value_size(map) != m->value_size) {
		daisy_error_set("map \"%s\": its values are not of the size this program expects",
				m->map);
		return -EINVAL;
	}
	at = mmap(NULL, mapped_length(map), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map),
		  0);
	if (at == MAP_FAILED) {
		err = -errno;
		daisy_error_set("cannot map \"%s\" into memory: %s", m->map, strerror(-err));
		return err;
	}
	*member_of(inst, m) = at;
	return 0;
}

int daisy_mapped_open(struct daisy_instance *inst)
{
	int err = 0;

	for (size_t i = 0; !err && i < N_MAPPED; i++)
		err = map_one(inst, &mapped[i]);
	return err;
}

void daisy_mapped_close(struct daisy_instance *inst)
{
	for (size_t i = 0; i < N_MAPPED; i++) {
		void **member = member_of(inst, &mapped[i]);

		if (*member)
			munmap(*member, mapped_length(daisy_object_map(inst, mapped[i].map)));
		*member = NULL;
	}
}
