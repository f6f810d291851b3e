// SPDX-License-Identifier: GPL-2.0-or-later
/* Ends of the path: count and drop; or look at every frame, before anything is measured. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "frames.h"
#include "sink.h"

const volatile struct sink_expectation expect = {};

struct bench_cpu_state received[BENCH_MAX_CPUS] = {};
struct sink_verdicts verdicts = {};
__u64 marked[SINK_MARKS] = {};

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();

	if (cpu < BENCH_MAX_CPUS)
		received[cpu].value++;
	return XDP_DROP;
}

static __always_inline __u16 words_sum(const void *data, __u32 from, __u32 to, __u32 sum)
{
	for (__u32 i = from; i < to; i += 2)
		sum += *(__u16 *)(data + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Ports of the translated side, one bit each, to tell a mapping per flow from one for all. */
static __always_inline void port_note(__u16 port, __u32 addr)
{
	__u32 bit = (addr & SINK_ADDR_MASK) * 65536 + port;
	__u32 word = bit / 64;

	if (word < SINK_PORT_WORDS)
		__sync_fetch_and_or(&verdicts.ports[word], 1ULL << (bit % 64));
}

SEC("xdp")
int sink_check(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	__u16 *ports = data + sizeof(*eth) + sizeof(*ip);
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 addr, pseudo;

	if (cpu < BENCH_MAX_CPUS)
		received[cpu].value++;
	if (data + BENCH_FRAME_LEN > (void *)(long)ctx->data_end ||
	    eth->h_proto != bpf_htons(0x0800) || ip->ihl != 5) {
		verdicts.other++;
		return XDP_DROP;
	}
	addr = expect.inbound ? bpf_ntohl(ip->daddr) : bpf_ntohl(ip->saddr);
	/* 46 bytes of IP packet, 26 of them transport: pseudo header by hand */
	pseudo = bpf_htons(ip->protocol) + bpf_htons(26) + (ip->saddr & 0xffff) +
		 (ip->saddr >> 16) + (ip->daddr & 0xffff) + (ip->daddr >> 16);
	if (addr < expect.first_addr || addr > expect.last_addr)
		verdicts.bad_addr++;
	else if (ip->ttl != expect.ttl)
		verdicts.bad_ttl++;
	else if (words_sum(data, 14, 34, 0) || words_sum(data, 34, 60, pseudo))
		verdicts.bad_sum++;
	else
		verdicts.good++;
	port_note(bpf_ntohs(expect.inbound ? ports[1] : ports[0]), addr - expect.first_addr);
	return XDP_DROP;
}

/* Counts what was translated by its mark, fragments too: only the IP header is looked at. */
SEC("xdp")
int sink_marked(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	__u32 addr;

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end || eth->h_proto != bpf_htons(0x0800))
		return XDP_DROP;
	addr = bpf_ntohl(ip->saddr);
	if (addr < expect.first_addr || addr > expect.last_addr || ip->ttl != expect.ttl ||
	    words_sum(data, sizeof(*eth), sizeof(*eth) + sizeof(*ip), 0))
		return XDP_DROP;
	__sync_fetch_and_add(&marked[ip->tos >> 2 & (SINK_MARKS - 1)], 1);
	return XDP_DROP;
}

/* Lets a veth end run NAPI without doing anything. */
SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
