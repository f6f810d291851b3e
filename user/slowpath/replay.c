/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "slowpath/cut.h"
#include "slowpath/replay.h"

int daisy_replayer_open(struct daisy_replayer *r, struct daisy_instance *inst)
{
	int err;

	memset(r, 0, sizeof(*r));
	r->inst = inst;
	r->packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->packet_fd >= 0)
		return 0;
	err = -errno;
	daisy_error_set("cannot open a packet socket for held packets: %s", strerror(-err));
	return err;
}

void daisy_replayer_close(struct daisy_replayer *r)
{
	if (r->packet_fd >= 0)
		close(r->packet_fd);
	r->packet_fd = -1;
}

struct target {
	struct daisy_replayer *replayer;
	int ifindex;
};

static void send_frame(void *ctx, const void *frame, size_t len)
{
	struct target *t = ctx;
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = t->ifindex };

	if (sendto(t->replayer->packet_fd, frame, len, 0, (struct sockaddr *)&to,
		   sizeof(to)) != (ssize_t)len)
		t->replayer->unsent++;
}

/* What the program made of it: its order, and the frame behind. */
static void forward(struct daisy_replayer *r, const struct daisy_replay_job *job, uint32_t verdict,
		    size_t len)
{
	struct target to = { r, job->ifindex };
	const uint8_t *frame = r->out + sizeof(struct daisy_replay);
	struct daisy_replay order;

	if (len < sizeof(order)) {
		r->unsent++;
		return;
	}
	memcpy(&order, r->out, sizeof(order));
	/* The straight path tells no device: its way has become free meanwhile. Not back where it came from. */
	if (verdict == XDP_REDIRECT && !order.link) {
		r->unsent++;
		return;
	}
	if (order.link && order.link < DAISY_MAX_LINKS)
		to.ifindex = (int)daisy_instance_links(r->inst)[order.link].tx_ifindex;
	len -= sizeof(order);
	if (order.mtu) {
		if (daisy_cut(frame, len, order.mtu, send_frame, &to))
			r->unsent++;
		return;
	}
	send_frame(&to, frame, len);
}

void daisy_replay(struct daisy_replayer *r, const struct daisy_replay_job *job)
{
	const struct daisy_replay order = {
		.magic = DAISY_REPLAY_MAGIC, .class = (uint8_t)job->class, .flags = job->flags,
	};
	struct xdp_md md = {
		.data = sizeof(order), .data_end = (uint32_t)(sizeof(order) + job->len),
		.ingress_ifindex = (uint32_t)job->ifindex, .rx_queue_index = job->queue,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = r->in,
		    .data_size_in = (uint32_t)(sizeof(order) + job->len), .data_out = r->out,
		    .data_size_out = sizeof(r->out), .ctx_in = &md, .ctx_size_in = sizeof(md),
		    .repeat = 1);

	if (job->len > DAISY_HOLD_FRAME)
		return;
	memcpy(r->in, &order, sizeof(order));
	memcpy(r->in + sizeof(order), job->frame, job->len);
	r->runs++;
	if (bpf_prog_test_run_opts(job->program_fd, &opts)) {
		r->unsent++;
		return;
	}
	if (opts.retval == XDP_TX || opts.retval == XDP_REDIRECT)
		forward(r, job, opts.retval, opts.data_size_out);
}
