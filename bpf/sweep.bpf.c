/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweep programs. Userspace runs them by BPF_PROG_RUN with a batch as packet
 * data: struct daisy_sweep_header, then n items. Each writes done, expired and
 * freed back into the header. They are XDP programs, not "syscall" ones, since
 * they work on hash maps and per-CPU counters as the packet path does.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "lib/expire.h"
#include "lib/forward.h"
#include "lib/import.h"

enum batch_kind {
	BATCH_MAPPINGS,
	BATCH_CONNS,
	BATCH_SUBSCRIBERS,
	BATCH_BLOCKS,
	BATCH_FORWARDS,
	BATCH_IMPORTS,
};

struct batch {
	struct xdp_md *ctx;
	__u32 kind;
	__u32 now;
	__u16 n;
	__u16 done;
	__u16 expired;
	__u16 freed;
};

static __always_inline void *item_at(struct batch *b, __u32 i, __u32 size)
{
	void *data = (void *)(long)b->ctx->data, *data_end = (void *)(long)b->ctx->data_end;
	__u32 offset = sizeof(struct daisy_sweep_header) + i * size;

	if (offset > 4096)
		return NULL;
	barrier_var(offset);
	return data + offset + size <= data_end ? data + offset : NULL;
}

static __always_inline int run_mapping(struct batch *b, __u32 i)
{
	struct daisy_sweep_item *in = item_at(b, i, sizeof(*in)), it;

	if (!in)
		return -1;
	it = *in;
	return sweep_one(b->ctx, &it, b->now);
}

static __always_inline int run_conn(struct batch *b, __u32 i)
{
	struct daisy_conn_item *in = item_at(b, i, sizeof(*in));
	struct daisy_conn_key key;

	if (!in)
		return -1;
	key = in->key;
	return sweep_one_conn(&key, b->now);
}

static __always_inline int run_subscriber(struct batch *b, __u32 i)
{
	struct daisy_subscriber_key *in = item_at(b, i, sizeof(*in)), key;

	if (!in)
		return -1;
	key = *in;
	return sweep_one_subscriber(&key, b->now);
}

static __always_inline int run_block(struct batch *b, __u32 i)
{
	struct daisy_block_item *in = item_at(b, i, sizeof(*in));

	return in ? sweep_one_block(b->ctx, in->slot, in->port) : -1;
}

/*
 * After the first that cannot be made, none is: what was made is counted, and
 * the reason stands where other batches count what they freed.
 */
static __always_inline int run_forward(struct batch *b, __u32 i)
{
	struct daisy_forward_item *in = item_at(b, i, sizeof(*in)), it;
	int err;

	if (!in)
		return -1;
	if (b->freed)
		return EXPIRE_NOTHING;
	it = *in;
	err = forward_make(&it, b->now);
	if (!err)
		return EXPIRE_ENDED;
	b->freed = -err;
	return EXPIRE_NOTHING;
}

/* Each for itself: `freed` becomes the reason of the last that was not published. */
static __always_inline int run_import(struct batch *b, __u32 i)
{
	struct daisy_import_item *in = item_at(b, i, sizeof(*in)), it;
	int err;

	if (!in)
		return -1;
	it = *in;
	err = import_publish(&it, b->now);
	if (!err)
		return EXPIRE_ENDED;
	b->freed = -err;
	return EXPIRE_NOTHING;
}

static long run_item(__u32 i, struct batch *b)
{
	int result;

	if (i >= b->n)
		return 1;
	if (b->kind == BATCH_MAPPINGS)
		result = run_mapping(b, i);
	else if (b->kind == BATCH_CONNS)
		result = run_conn(b, i);
	else if (b->kind == BATCH_BLOCKS)
		result = run_block(b, i);
	else if (b->kind == BATCH_FORWARDS)
		result = run_forward(b, i);
	else if (b->kind == BATCH_IMPORTS)
		result = run_import(b, i);
	else
		result = run_subscriber(b, i);
	if (result < 0)
		return 1;
	b->done++;
	if (result == EXPIRE_ENDED)
		b->expired++;
	if (result == EXPIRE_FREED)
		b->freed++;
	return 0;
}

static __always_inline int run_batch(struct xdp_md *ctx, __u32 kind)
{
	struct daisy_sweep_header *h = (void *)(long)ctx->data;
	struct daisy_conf *c = conf_get();
	struct batch b = { .ctx = ctx, .kind = kind };

	if ((void *)(h + 1) > (void *)(long)ctx->data_end || !c)
		return XDP_ABORTED;
	b.now = clock_tick(c);
	b.n = h->n;
	bpf_loop(DAISY_BATCH_ITEMS, run_item, &b, 0);
	h = (void *)(long)ctx->data;
	if ((void *)(h + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	h->done = b.done;
	h->expired = b.expired;
	h->freed = b.freed;
	return XDP_PASS;
}

SEC("xdp")
int sweep(struct xdp_md *ctx)
{
	return run_batch(ctx, BATCH_MAPPINGS);
}

SEC("xdp")
int sweep_conns(struct xdp_md *ctx)
{
	return run_batch(ctx, BATCH_CONNS);
}

SEC("xdp")
int sweep_subscribers(struct xdp_md *ctx)
{
	return run_batch(ctx, BATCH_SUBSCRIBERS);
}

SEC("xdp")
int sweep_blocks(struct xdp_md *ctx)
{
	return run_batch(ctx, BATCH_BLOCKS);
}

SEC("xdp")
int sweep_forwards(struct xdp_md *ctx)
{
	return run_batch(ctx, BATCH_FORWARDS);
}

SEC("xdp")
int sweep_imports(struct xdp_md *ctx)
{
	return run_batch(ctx, BATCH_IMPORTS);
}

char LICENSE[] SEC("license") = "GPL";
