// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic generator as gen.bpf.c, of several streams; on one CPU only. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "gen.h"
#include "mix.h"

const volatile struct mix_plan plan = {};

struct mix_state state = {};

SEC("xdp")
int mix(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	__u32 stream, flow;

	if (data + BENCH_FRAME_LEN > (void *)(long)ctx->data_end || !plan.n_turns)
		return XDP_ABORTED;
	stream = plan.turn[state.turns++ % plan.n_turns % MIX_TURNS] % MIX_STREAMS;
	if (state.taken[stream]++ < plan.delay[stream])
		return XDP_DROP;
	flow = flow_next(&plan.frames[stream], &state.order[stream]);
	if (flow >= plan.frames[stream].n)
		return XDP_DROP;
	frame_write(data, &plan.frames[stream], flow);
	state.sent[stream]++;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
