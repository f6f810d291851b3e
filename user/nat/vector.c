/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port vectors: one array of 65536 records for each (slot, protocol), pinned as
 * vector_<protocol>_<slot> and standing in the outer map vectors_<protocol>. It
 * is mapped here, so that sweeps and listings read it without system calls; no
 * file descriptor stays open, since 4096 addresses would need 12288.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "nat/internal.h"

static int outer_fd(const struct daisy_instance *inst, enum daisy_proto proto)
{
	char name[32];

	snprintf(name, sizeof(name), "vectors_%s", daisy_proto_name(proto));
	return daisy_instance_map_fd(inst, name);
}

static void vector_name(char name[32], enum daisy_proto proto, uint32_t slot)
{
	snprintf(name, 32, "vector_%s_%u", daisy_proto_name(proto), slot);
}

static size_t vector_bytes(const struct daisy_instance *inst, enum daisy_proto proto)
{
	return (size_t)inst->vector_type[proto].record_size * DAISY_VECTOR_SIZE;
}

static int failed(int err, enum daisy_proto proto, uint32_t slot, const char *what)
{
	daisy_error_set("cannot %s the %s port vector of slot %u: %s", what,
			daisy_proto_name(proto), slot, strerror(-err));
	return err;
}

/* Equal to the template inside the outer map, BTF included: bpftool dumps records by name. */
static int create_vector(const struct daisy_instance *inst, enum daisy_proto proto)
{
	const struct daisy_vector_type *type = &inst->vector_type[proto];
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE,
		    .btf_fd = (uint32_t)daisy_object_btf_fd(inst),
		    .btf_key_type_id = type->btf_key, .btf_value_type_id = type->btf_value);
	char name[BPF_OBJ_NAME_LEN];
	int fd;

	snprintf(name, sizeof(name), "%s_vector", daisy_proto_name(proto));
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), type->record_size,
			    DAISY_VECTOR_SIZE, &opts);
	return fd < 0 ? -errno : fd;
}

static int map_vector(struct daisy_instance *inst, enum daisy_proto proto, uint32_t slot, int fd)
{
	void *at = mmap(NULL, vector_bytes(inst, proto), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	daisy_map_memlock(fd, &inst->vector_type[proto].memlock);
	pthread_mutex_lock(&inst->vector_lock);
	inst->vector[proto][slot] = at;
	pthread_mutex_unlock(&inst->vector_lock);
	return 0;
}

static void unmap_vector(struct daisy_instance *inst, enum daisy_proto proto, uint32_t slot)
{
	void *at;

	pthread_mutex_lock(&inst->vector_lock);
	at = inst->vector[proto][slot];
	inst->vector[proto][slot] = NULL;
	pthread_mutex_unlock(&inst->vector_lock);
	if (at)
		munmap(at, vector_bytes(inst, proto));
}

/* Create, pin and map; returns the file descriptor, for the outer map. */
static int prepare_vector(struct daisy_instance *inst, enum daisy_proto proto, uint32_t slot)
{
	char name[32];
	int fd, err;

	fd = create_vector(inst, proto);
	if (fd < 0)
		return failed(fd, proto, slot, "create");
	vector_name(name, proto, slot);
	daisy_pin_unset(inst, name);
	err = daisy_pin_set(inst, name, fd);
	if (!err && (err = map_vector(inst, proto, slot, fd)))
		failed(err, proto, slot, "map");
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* One update for all of them, since each waits for a grace period (10 ms and more). */
static int insert_vectors(const struct daisy_instance *inst, enum daisy_proto proto,
			  const uint32_t *slots, const int *fds, size_t n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t count = (uint32_t)n;

	if (!n || !bpf_map_update_batch(outer_fd(inst, proto), slots, fds, &count, &opts))
		return 0;
	return failed(-errno, proto, slots[0], "install");
}

/* Pinned before they are inserted: whatever stands in the outer map can be adopted. */
static int install_vectors(struct daisy_instance *inst, enum daisy_proto proto,
			   const uint32_t *slots, size_t n)
{
	int fds[DAISY_INSTALL_MAX], err = 0;
	size_t ready = 0;

	while (!err && ready < n) {
		fds[ready] = prepare_vector(inst, proto, slots[ready]);
		if (fds[ready] < 0)
			err = fds[ready];
		else
			ready++;
	}
	if (!err)
		err = insert_vectors(inst, proto, slots, fds, n);
	while (ready)
		close(fds[--ready]);
	return err;
}

static void remove_vector(struct daisy_instance *inst, enum daisy_proto proto, uint32_t slot)
{
	char name[32];

	/* Waits for a grace period: no packet looks at the vector any more. */
	bpf_map_delete_elem(outer_fd(inst, proto), &slot);
	unmap_vector(inst, proto, slot);
	vector_name(name, proto, slot);
	daisy_pin_unset(inst, name);
}

void daisy_vectors_remove(struct daisy_instance *inst, uint32_t slot)
{
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		remove_vector(inst, proto, slot);
}

/* At most DAISY_INSTALL_MAX slots; all of them or none. */
int daisy_vectors_install(struct daisy_instance *inst, const uint32_t *slots, size_t n)
{
	int err = 0;

	/* No mapping left a word there: whoever ends one clears it. A lost one would translate. */
	for (size_t i = 0; i < n; i++)
		memset(daisy_instance_inbound(inst, slots[i]), 0,
		       DAISY_VECTOR_SIZE * sizeof(union daisy_inbound));
	for (int proto = 0; !err && proto < DAISY_N_PROTOS; proto++)
		err = install_vectors(inst, proto, slots, n);
	for (size_t i = 0; err && i < n; i++)
		daisy_vectors_remove(inst, slots[i]);
	return err;
}

static int map_id(int fd, uint32_t *id)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	*id = info.id;
	return 0;
}

/* The pinned vector of an earlier run; inserted again only if the outer map holds another. */
static int adopt_vector(struct daisy_instance *inst, enum daisy_proto proto, uint32_t slot)
{
	int outer = outer_fd(inst, proto), fd, err;
	uint32_t installed = 0, id = 0;
	char name[32];

	vector_name(name, proto, slot);
	fd = daisy_pin_get(inst, name);
	if (fd < 0)
		return failed(fd, proto, slot, "adopt");
	err = map_id(fd, &id);
	if (!err)
		err = map_vector(inst, proto, slot, fd);
	if (!err && (bpf_map_lookup_elem(outer, &slot, &installed) || installed != id) &&
	    bpf_map_update_elem(outer, &slot, &fd, BPF_ANY))
		err = -errno;
	if (err)
		failed(err, proto, slot, "adopt");
	close(fd);
	return err;
}

int daisy_vectors_adopt(struct daisy_instance *inst, uint32_t slot)
{
	int err = 0;

	for (int proto = 0; !err && proto < DAISY_N_PROTOS; proto++)
		err = adopt_vector(inst, proto, slot);
	return err;
}

void daisy_vectors_unmap(struct daisy_instance *inst)
{
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		for (uint32_t slot = 0; inst->vector[proto] && slot < inst->sizes.slots; slot++)
			unmap_vector(inst, proto, slot);
}

void *daisy_instance_vector(struct daisy_instance *inst, uint32_t slot, enum daisy_proto proto,
			    size_t *stride)
{
	if (stride)
		*stride = inst->vector_type[proto].record_size;
	return slot < inst->sizes.slots ? inst->vector[proto][slot] : NULL;
}

union daisy_inbound *daisy_instance_inbound(struct daisy_instance *inst, uint32_t slot)
{
	return inst->inbound + (size_t)slot * DAISY_VECTOR_SIZE;
}
