// SPDX-License-Identifier: GPL-2.0-or-later
/* Floor of the harness: the first device behind the generator counts and drops. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "frames.h"

struct bench_cpu_state received[BENCH_MAX_CPUS] = {};

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();

	if (cpu < BENCH_MAX_CPUS)
		received[cpu].value++;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
