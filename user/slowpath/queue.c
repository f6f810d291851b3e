/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <xdp/xsk.h>

#include "lib/error.h"
#include "slowpath/queue.h"

#define FRAME_SIZE 4096		/* a page: DAISY_HOLD_FRAME and the kernel's headroom of 256 */
/*
 * Power of two. Twice DAISY_HOLD_FRAMES: the kernel shows received frames before it shows that it has
 * taken them out of the fill ring, so for a moment a frame that goes back is counted twice.
 */
#define FILL_SIZE 1024
#define BATCH 32

_Static_assert(FILL_SIZE >= 2 * DAISY_HOLD_FRAMES, "the fill ring holds every frame twice");
_Static_assert(FRAME_SIZE >= DAISY_HOLD_FRAME + 256, "a frame holds the longest packet");

static const uint32_t quotas[] = {
#define X(sym, quota, source, total, help) quota,
	DAISY_HOLD_CLASSES(X)
#undef X
};

struct class_socket {
	struct xsk_socket *xsk;
	struct xsk_ring_cons rx;
	struct daisy_hold_ring *ring;
	uint32_t key;
	uint32_t sent_before;	/* a second ago */
};

struct daisy_hold_queue {
	struct xsk_umem *umem;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion;	/* never used: nothing is sent by these sockets */
	void *memory;
	int sockets_fd;
	struct class_socket class[DAISY_N_HOLD_CLASSES];
};

static int open_umem(struct daisy_hold_queue *q)
{
	const struct xsk_umem_config config = {
		.fill_size = FILL_SIZE, .comp_size = 64, .frame_size = FRAME_SIZE,
	};
	uint32_t at = 0;
	int err;

	q->memory = mmap(NULL, (size_t)DAISY_HOLD_FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (q->memory == MAP_FAILED) {
		q->memory = NULL;
		return -ENOMEM;
	}
	err = xsk_umem__create(&q->umem, q->memory, (uint64_t)DAISY_HOLD_FRAMES * FRAME_SIZE,
			       &q->fill, &q->completion, &config);
	if (err) {
		q->umem = NULL;
		return err;
	}
	xsk_ring_prod__reserve(&q->fill, DAISY_HOLD_FRAMES, &at);
	for (uint32_t i = 0; i < DAISY_HOLD_FRAMES; i++)
		*xsk_ring_prod__fill_addr(&q->fill, at + i) = (uint64_t)i * FRAME_SIZE;
	xsk_ring_prod__submit(&q->fill, DAISY_HOLD_FRAMES);
	return 0;
}

static int open_class(struct daisy_hold_queue *q, const struct daisy_hold_queue_spec *spec,
		      enum daisy_hold_class class)
{
	const struct xsk_socket_config config = {
		.rx_size = quotas[class], .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY,
	};
	struct class_socket *c = &q->class[class];
	uint32_t sent;
	int fd, err;

	err = xsk_socket__create_shared(&c->xsk, spec->device, spec->queue, q->umem, &c->rx, NULL,
					&q->fill, &q->completion, &config);
	if (err) {
		c->xsk = NULL;
		return err;
	}
	c->key = daisy_hold_key(spec->number, spec->queue, class);
	c->ring = &spec->rings[c->key];
	/* What an earlier daemon's socket took along is gone. */
	sent = __atomic_load_n(&c->ring->sent, __ATOMIC_ACQUIRE);
	__atomic_store_n(&c->ring->taken, sent, __ATOMIC_RELEASE);
	c->sent_before = sent;
	fd = xsk_socket__fd(c->xsk);
	return bpf_map_update_elem(q->sockets_fd, &c->key, &fd, BPF_ANY) ? -errno : 0;
}

int daisy_hold_queue_open(struct daisy_hold_queue **queue, const struct daisy_hold_queue_spec *spec)
{
	struct daisy_hold_queue *q = calloc(1, sizeof(*q));
	int err = q ? 0 : -ENOMEM;

	*queue = q;
	if (!err) {
		q->sockets_fd = spec->sockets_fd;
		err = open_umem(q);
	}
	for (int i = 0; i < DAISY_N_HOLD_CLASSES && !err; i++)
		err = open_class(q, spec, i);
	if (!err)
		return 0;
	daisy_error_set("queue %u: no AF_XDP socket: %s", spec->queue, strerror(-err));
	daisy_hold_queue_close(q);
	*queue = NULL;
	return err;
}

/* The sockets leave the map by themselves, but the program need not see them until then. */
void daisy_hold_queue_close(struct daisy_hold_queue *q)
{
	if (!q)
		return;
	for (int i = DAISY_N_HOLD_CLASSES - 1; i >= 0; i--) {
		if (!q->class[i].xsk)
			continue;
		bpf_map_delete_elem(q->sockets_fd, &q->class[i].key);
		xsk_socket__delete(q->class[i].xsk);
	}
	if (q->umem)
		xsk_umem__delete(q->umem);
	if (q->memory)
		munmap(q->memory, (size_t)DAISY_HOLD_FRAMES * FRAME_SIZE);
	free(q);
}

int daisy_hold_queue_fd(const struct daisy_hold_queue *q, enum daisy_hold_class class)
{
	return xsk_socket__fd(q->class[class].xsk);
}

/* The frame is free again before its place on the way is. */
static uint32_t receive_batch(struct daisy_hold_queue *q, enum daisy_hold_class class,
			      daisy_hold_fn fn, void *ctx)
{
	struct class_socket *c = &q->class[class];
	uint32_t at = 0, fill = 0, n = xsk_ring_cons__peek(&c->rx, BATCH, &at);

	if (!n)
		return 0;
	xsk_ring_prod__reserve(&q->fill, n, &fill);
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&c->rx, at + i);

		fn(ctx, class, xsk_umem__get_data(q->memory, desc->addr), desc->len);
		*xsk_ring_prod__fill_addr(&q->fill, fill + i) =
			desc->addr & ~(uint64_t)(FRAME_SIZE - 1);
	}
	xsk_ring_prod__submit(&q->fill, n);
	xsk_ring_cons__release(&c->rx, n);
	__atomic_fetch_add(&c->ring->taken, n, __ATOMIC_RELEASE);
	return n;
}

void daisy_hold_queue_receive(struct daisy_hold_queue *q, enum daisy_hold_class class,
			      daisy_hold_fn fn, void *ctx)
{
	uint32_t left = quotas[class];

	while (left) {
		uint32_t n = receive_batch(q, class, fn, ctx);

		if (!n)
			break;
		left -= n < left ? n : left;
	}
}

uint32_t daisy_hold_queue_recover(struct daisy_hold_queue *q)
{
	uint32_t lost = 0;

	for (int i = 0; i < DAISY_N_HOLD_CLASSES; i++) {
		struct class_socket *c = &q->class[i];
		uint32_t taken = __atomic_load_n(&c->ring->taken, __ATOMIC_ACQUIRE);
		int32_t missing = (int32_t)(c->sent_before - taken);

		if (xsk_cons_nb_avail(&c->rx, 1))
			missing = 0;
		if (missing > 0) {
			__atomic_fetch_add(&c->ring->taken, (uint32_t)missing, __ATOMIC_RELEASE);
			lost += (uint32_t)missing;
		}
		c->sent_before = __atomic_load_n(&c->ring->sent, __ATOMIC_ACQUIRE);
	}
	return lost;
}
