/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two BPF objects. The sweep object brings all maps into being, at the
 * sizes of the instance; the packet program, loaded once per device, is given
 * the same maps by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/error.h"
#include "lib/libbpf_log.h"
#include "nat/internal.h"

/* After the shared structs: the skeletons have members of these types. */
#include "nat.skel.h"
#include "sweep.skel.h"

/* What a map's size follows from, for people. */
static const struct size_of_map {
	const char *map;
	const char *setting;
	size_t offset;		/* in struct daisy_sizes */
	uint32_t factor;
} sized_maps[] = {
	{ "slots", "limits.addresses", offsetof(struct daisy_sizes, slots), 1 },
	{ "vectors_udp", "limits.addresses", offsetof(struct daisy_sizes, slots), 1 },
	{ "vectors_tcp", "limits.addresses", offsetof(struct daisy_sizes, slots), 1 },
	{ "vectors_icmp", "limits.addresses", offsetof(struct daisy_sizes, slots), 1 },
	{ "inbound_udp", "limits.addresses", offsetof(struct daisy_sizes, slots), DAISY_VECTOR_SIZE },
	{ "port_maps", "limits.addresses", offsetof(struct daisy_sizes, slots), DAISY_N_PROTOS },
	{ "block_maps", "limits.addresses", offsetof(struct daisy_sizes, slots), 1 },
	{ "index_buckets", "limits.mappings", offsetof(struct daisy_sizes, index_buckets), 1 },
	{ "index_displaced", "limits.mappings", offsetof(struct daisy_sizes, index_displaced), 1 },
	{ "index_overflow", "limits.mappings", offsetof(struct daisy_sizes, index_overflow), 1 },
	{ "conns", "limits.connections", offsetof(struct daisy_sizes, conns), 1 },
	{ "permissions", "limits.permissions", offsetof(struct daisy_sizes, permissions), 1 },
	{ "subscribers", "limits.subscribers", offsetof(struct daisy_sizes, subscribers), 1 },
};

#define N_SIZED_MAPS (sizeof(sized_maps) / sizeof(sized_maps[0]))

struct bpf_map *daisy_object_map(const struct daisy_instance *inst, const char *name)
{
	return bpf_object__find_map_by_name(inst->sweep->obj, name);
}

/* Maps of bpf/maps.h one by one; NULL begins and ends. Sections of variables are left out. */
struct bpf_map *daisy_object_next_map(const struct daisy_instance *inst, struct bpf_map *map)
{
	do {
		map = bpf_object__next_map(inst->sweep->obj, map);
	} while (map && bpf_map__is_internal(map));
	return map;
}

int daisy_object_btf_fd(const struct daisy_instance *inst)
{
	return bpf_object__btf_fd(inst->sweep->obj);
}

/* No error line: a name that the object lacks is the caller's mistake. */
int daisy_object_program_fd(const struct daisy_instance *inst, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(inst->sweep->obj, name);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}

int daisy_instance_map_fd(const struct daisy_instance *inst, const char *name)
{
	struct bpf_map *map = daisy_object_map(inst, name);

	if (map && !bpf_map__is_internal(map))
		return bpf_map__fd(map);
	daisy_error_set("no map is called \"%s\"", name);
	return -ENOENT;
}

static int libbpf_failed(int err, const char *what)
{
	const char *cause = daisy_libbpf_log_cause();

	if (*cause)
		daisy_error_set("%s: %s (%s)", what, strerror(-err), cause);
	else
		daisy_error_set("%s: %s", what, strerror(-err));
	return err;
}

static int set_sizes(struct daisy_instance *inst)
{
	for (size_t i = 0; i < N_SIZED_MAPS; i++) {
		const struct size_of_map *s = &sized_maps[i];
		const uint32_t *size = (const void *)((const char *)&inst->sizes + s->offset);
		struct bpf_map *map = daisy_object_map(inst, s->map);
		int err = map ? bpf_map__set_max_entries(map, *size * s->factor) : -ENOENT;

		if (err)
			return libbpf_failed(err, s->map);
	}
	return 0;
}

/* libbpf forgets the template of the inner maps when it has made the outer one. */
static int learn_vector_types(struct daisy_instance *inst)
{
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
		struct daisy_vector_type *type = &inst->vector_type[proto];
		struct bpf_map *outer, *inner;
		char name[32];

		snprintf(name, sizeof(name), "vectors_%s", daisy_proto_name(proto));
		outer = daisy_object_map(inst, name);
		inner = outer ? bpf_map__inner_map(outer) : NULL;
		if (!inner) {
			daisy_error_set("map \"%s\" has no inner map", name);
			return -EINVAL;
		}
		type->record_size = bpf_map__value_size(inner);
		type->btf_key = bpf_map__btf_key_type_id(inner);
		type->btf_value = bpf_map__btf_value_type_id(inner);
	}
	return 0;
}

int daisy_object_open(struct daisy_instance *inst)
{
	int err;

	daisy_libbpf_log_start();
	inst->sweep = sweep_bpf__open();
	if (!inst->sweep)
		return libbpf_failed(-errno, "opening the sweep object");
	err = set_sizes(inst);
	return err ? err : learn_vector_types(inst);
}

static int refuse_size(const struct daisy_instance *inst, const char *map, uint32_t was,
		       uint32_t is)
{
	const char *setting = map;
	uint32_t factor = 1;

	for (size_t i = 0; i < N_SIZED_MAPS; i++) {
		if (!strcmp(sized_maps[i].map, map)) {
			setting = sized_maps[i].setting;
			factor = sized_maps[i].factor;
		}
	}
	daisy_error_set(
		"instance \"%s\": its pinned map \"%s\" has %u entries, %s now asks for %u: "
		"set %s back, or purge the instance, which ends its mappings",
		inst->name, map, was / factor, setting, is / factor, setting);
	return -EINVAL;
}

static int check_adopted(const struct daisy_instance *inst, const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return libbpf_failed(-errno, bpf_map__name(map));
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map)) {
		daisy_error_set(
			"instance \"%s\": its pinned map \"%s\" has another layout although the "
			"map format is the same: purge the instance, which ends its mappings",
			inst->name, bpf_map__name(map));
		return -EEXIST;
	}
	/* 0: the kernel chose, one for each CPU. */
	if (bpf_map__max_entries(map) && info.max_entries != bpf_map__max_entries(map))
		return refuse_size(inst, bpf_map__name(map), info.max_entries,
				   bpf_map__max_entries(map));
	return 0;
}

static int adopt_map(struct daisy_instance *inst, struct bpf_map *map, bool only_check)
{
	int fd = daisy_pin_get(inst, bpf_map__name(map)), err;

	if (fd < 0)
		return libbpf_failed(fd, bpf_map__name(map));
	err = check_adopted(inst, map, fd);
	if (!err && !only_check && (err = bpf_map__reuse_fd(map, fd)))
		libbpf_failed(err, bpf_map__name(map));
	close(fd);
	return err;
}

/*
 * Take the pinned maps in place of new ones. First those that follow from one
 * setting each are looked at: limits.addresses moves the defaults of others.
 */
int daisy_object_adopt(struct daisy_instance *inst)
{
	struct bpf_map *map = NULL;
	int err = 0;

	for (size_t i = 0; !err && i < N_SIZED_MAPS; i++)
		err = adopt_map(inst, daisy_object_map(inst, sized_maps[i].map), true);
	while (!err && (map = daisy_object_next_map(inst, map)))
		err = adopt_map(inst, map, false);
	return err;
}

int daisy_object_load(struct daisy_instance *inst)
{
	int err = sweep_bpf__load(inst->sweep);

	if (err)
		return libbpf_failed(err, "loading the sweep programs");
	inst->loaded = true;
	return 0;
}

/* `conf` is the mark of a complete set (pins.c). */
int daisy_object_pin(struct daisy_instance *inst)
{
	struct bpf_map *map = NULL;
	int err;

	while ((map = daisy_object_next_map(inst, map))) {
		if (!strcmp(bpf_map__name(map), "conf"))
			continue;
		err = daisy_pin_set(inst, bpf_map__name(map), bpf_map__fd(map));
		if (err)
			return err;
	}
	return daisy_pin_set(inst, "conf", daisy_instance_map_fd(inst, "conf"));
}

void daisy_object_close(struct daisy_instance *inst)
{
	sweep_bpf__destroy(inst->sweep);
	inst->sweep = NULL;
}

static int share_maps(const struct daisy_instance *inst, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		int fd, err;

		if (bpf_map__is_internal(map))
			continue;
		fd = daisy_instance_map_fd(inst, bpf_map__name(map));
		if (fd < 0)
			return fd;
		err = bpf_map__reuse_fd(map, fd);
		if (err)
			return libbpf_failed(err, bpf_map__name(map));
	}
	return 0;
}

int daisy_instance_program_load(struct daisy_instance *inst, uint32_t device_link)
{
	struct nat_bpf *nat;
	int fd, err;

	daisy_libbpf_log_start();
	nat = nat_bpf__open();
	if (!nat)
		return libbpf_failed(-errno, "opening the packet program");
	nat->rodata->device_link = device_link;
	fd = share_maps(inst, nat->obj);
	if (!fd) {
		err = nat_bpf__load(nat);
		if (err)
			fd = libbpf_failed(err, "loading the packet program");
		else
			fd = fcntl(bpf_program__fd(nat->progs.xdp_nat), F_DUPFD_CLOEXEC, 3);
	}
	nat_bpf__destroy(nat);
	return fd;
}
