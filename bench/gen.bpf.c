// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic generator: runs under BPF_PROG_RUN with live frames, and each run
 * sends one frame out of the device it is said to have come in by.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "gen.h"

const volatile struct bench_frames frames = {};

/* Place in the order, per CPU: userspace spreads the CPUs over the cycle. */
struct bench_cpu_state order[BENCH_MAX_CPUS] = {};

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 flow;

	if (data + BENCH_FRAME_LEN > (void *)(long)ctx->data_end || cpu >= BENCH_MAX_CPUS)
		return XDP_ABORTED;
	flow = flow_next(&frames, &order[cpu].value);
	if (flow >= frames.n)
		return XDP_ABORTED;
	frame_write(data, &frames, flow);
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
