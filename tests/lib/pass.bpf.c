// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Passes everything. A veth end receives the frames that XDP transmits at its
 * peer only while it runs NAPI itself, and a program of its own starts that.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
