/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel memory of the maps, as the kernel accounts it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/error.h"
#include "nat/internal.h"

/* "memlock:" of the file descriptor: bytes. -ENOENT if the kernel does not tell. */
int daisy_map_memlock(int fd, uint64_t *bytes)
{
	char path[64], line[128];
	int err = -ENOENT;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return -errno;
	while (err && fgets(line, sizeof(line), info))
		if (sscanf(line, "memlock: %" SCNu64, bytes) == 1)
			err = 0;
	fclose(info);
	return err;
}

static uint64_t vectors_of_a_slot(const struct daisy_instance *inst)
{
	uint64_t sum = 0;

	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		sum += inst->vector_type[proto].memlock;
	return sum;
}

static uint64_t all_vectors(const struct daisy_instance *inst)
{
	uint64_t sum = 0;

	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		for (uint32_t slot = 0; slot < inst->sizes.slots; slot++)
			if (inst->vector[proto][slot])
				sum += inst->vector_type[proto].memlock;
	return sum;
}

/*
 * per_address: the three vectors of a slot and its part of port_maps and inbound_udp; 0 as long
 * as no address was ever added. The index is shared: its part is total's.
 */
int daisy_instance_memory(const struct daisy_instance *inst, uint64_t *total, uint64_t *per_address)
{
	struct bpf_map *map = NULL;
	uint64_t bytes;
	int err;

	*total = all_vectors(inst);
	*per_address = vectors_of_a_slot(inst);
	while ((map = daisy_object_next_map(inst, map))) {
		err = daisy_map_memlock(bpf_map__fd(map), &bytes);
		if (err) {
			daisy_error_set("memory of map \"%s\": %s", bpf_map__name(map),
					strerror(-err));
			return err;
		}
		*total += bytes;
		if (*per_address && (!strcmp(bpf_map__name(map), "port_maps") ||
				     !strcmp(bpf_map__name(map), "inbound_udp")))
			*per_address += bytes / inst->sizes.slots;
	}
	return 0;
}
