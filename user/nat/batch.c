/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Batches of items through the sweep programs, by BPF_PROG_RUN. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "nat/internal.h"
#include "nat/sweep.h"

/* What an XDP program sees of a page under BPF_PROG_RUN (limits.h). */
#define BATCH_BYTES 3520
#define XDP_RESULT_PASS 2

#define DELETE_ATTEMPTS 64

#define HEADER_BYTES sizeof(struct daisy_sweep_header)

_Static_assert(HEADER_BYTES + DAISY_BATCH_ITEMS * sizeof(struct daisy_sweep_item) <= BATCH_BYTES,
	       "a batch fits");
_Static_assert(HEADER_BYTES + DAISY_FORWARD_BATCH_ITEMS * sizeof(struct daisy_forward_item) <=
		       BATCH_BYTES, "a batch of forwards fits");
_Static_assert(HEADER_BYTES + DAISY_CONN_BATCH_ITEMS * sizeof(struct daisy_conn_item) <=
		       BATCH_BYTES, "a batch of connections fits");

_Static_assert(HEADER_BYTES + DAISY_IMPORT_BATCH_ITEMS * sizeof(struct daisy_import_item) <=
		       BATCH_BYTES, "a batch of imports fits");

static int failed(int err, const char *program)
{
	daisy_error_set("program \"%s\" failed: %s", program, strerror(-err));
	return err;
}

/*
 * Run header->n items. `done` comes back equal to n: a program that stops early
 * has not understood the batch.
 */
int daisy_batch_run(const struct daisy_instance *inst, const char *program,
		    struct daisy_sweep_header *header, const void *items, size_t item_size)
{
	size_t bytes = sizeof(*header) + header->n * item_size;
	unsigned char data[BATCH_BYTES] __attribute__((aligned(8)));
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = data, .data_out = data, .repeat = 1);
	int fd = daisy_object_program_fd(inst, program), err;

	header->done = header->expired = header->freed = 0;
	if (!header->n)
		return 0;
	if (fd < 0)
		return failed(fd, program);
	if (bytes > sizeof(data))
		return failed(-E2BIG, program);
	memcpy(data, header, sizeof(*header));
	memcpy(data + sizeof(*header), items, header->n * item_size);
	run.data_size_in = run.data_size_out = (uint32_t)bytes;
	err = bpf_prog_test_run_opts(fd, &run);
	if (err)
		return failed(err, program);
	memcpy(header, data, sizeof(*header));
	if (run.retval != XDP_RESULT_PASS || header->done != header->n)
		return failed(-EIO, program);
	return 0;
}

int daisy_instance_sweep_batch(struct daisy_instance *inst, struct daisy_sweep_header *header,
			       const struct daisy_sweep_item *items)
{
	return daisy_batch_run(inst, "sweep", header, items, sizeof(*items));
}

int daisy_instance_sweep_blocks_batch(struct daisy_instance *inst, struct daisy_sweep_header *header,
				      const struct daisy_block_item *items)
{
	return daisy_batch_run(inst, "sweep_blocks", header, items, sizeof(*items));
}

int daisy_instance_sweep_forwards_batch(struct daisy_instance *inst, struct daisy_sweep_header *header,
					const struct daisy_forward_item *items)
{
	return daisy_batch_run(inst, "sweep_forwards", header, items, sizeof(*items));
}

int daisy_instance_sweep_conns_batch(struct daisy_instance *inst, struct daisy_sweep_header *header,
				     const struct daisy_conn_item *items)
{
	return daisy_batch_run(inst, "sweep_conns", header, items, sizeof(*items));
}

static bool is_active(struct daisy_instance *inst, uint32_t slot, uint16_t port,
		      enum daisy_proto proto)
{
	size_t stride;
	void *vector = daisy_instance_vector(inst, slot, proto, &stride);

	return vector && daisy_load_word(daisy_record(vector, stride, port)) >> DAISY_STATE_SHIFT ==
				 MAPPING_ACTIVE;
}

/* Whatever its timer says. Returns -ENOENT without an error if it is not there. */
int daisy_mapping_force(struct daisy_instance *inst, uint32_t slot, uint16_t port,
			enum daisy_proto proto, uint8_t force)
{
	struct daisy_sweep_item item = {
		.slot = (uint16_t)slot, .port = port, .proto = (uint8_t)proto, .force = force,
	};
	struct daisy_sweep_header header;
	int err;

	/* A packet that refreshes it at that moment makes an attempt fail. */
	for (int i = 0; i < DELETE_ATTEMPTS; i++) {
		if (!is_active(inst, slot, port, proto))
			return -ENOENT;
		header = (struct daisy_sweep_header){ .n = 1 };
		err = daisy_instance_sweep_batch(inst, &header, &item);
		if (err || header.expired)
			return err;
	}
	daisy_error_set("%s mapping of port %u of slot %u: packets use it all the time, try again",
			daisy_proto_name(proto), port, slot);
	return -EBUSY;
}

int daisy_mapping_delete(struct daisy_instance *inst, uint32_t slot, uint16_t port,
			 enum daisy_proto proto)
{
	int err = daisy_mapping_force(inst, slot, port, proto, DAISY_FORCE);

	if (err == -ENOENT)
		daisy_error_set("no %s mapping has port %u of slot %u", daisy_proto_name(proto), port,
				slot);
	return err;
}
