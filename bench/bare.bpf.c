// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floor of the datapath: what any XDP router does to a packet, and nothing
 * else. Ethernet and IPv4 are parsed, the TTL is decremented with its
 * checksum, both MAC addresses are rewritten from a map, and the frame is
 * redirected through a device map. No lookup depends on the flow.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "bare.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bare_hop);
} hop SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} egress SEC(".maps");

SEC("xdp")
int bare(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 zero = 0;
	struct bare_hop *next;
	__u32 sum;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(0x0800))
		return XDP_PASS;
	if (ip->version != 4 || ip->ihl < 5 || ip->ttl <= 1)
		return XDP_PASS;
	next = bpf_map_lookup_elem(&hop, &zero);
	if (!next)
		return XDP_PASS;
	ip->ttl--;
	sum = ip->check + bpf_htons(0x0100);	/* RFC 1624 */
	ip->check = sum + (sum >> 16);
	__builtin_memcpy(eth, next->macs, sizeof(next->macs));
	return bpf_redirect_map(&egress, 0, 0);
}

char _license[] SEC("license") = "GPL";
