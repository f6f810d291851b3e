// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic generator: runs under BPF_PROG_RUN with live frames, and each run
 * sends one frame out of the device it is said to have come in by.
 *
 * The order of the flows is a full cycle of a linear congruential generator
 * whose state is scrambled by a bijection: each of the n flows comes once in n
 * runs, in an order that no prefetcher follows, without a table that would
 * compete with the contender for the caches.
 *
 * The page pool recycles frames which the last receiver rewrote, so the whole
 * frame is written each time.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "frames.h"

#define IP_CSUM 24
#define IP_SADDR 26
#define IP_DADDR 30
#define L4_SPORT 34
#define L4_DPORT 36
#define UDP_CSUM 40
#define TCP_CSUM 50

/* Numbers of a power-of-two cycle that exceed n are skipped: fewer than half, mostly few. */
#define MAX_SKIPS 32

const volatile struct bench_frames frames = {};

/* Place in the order, per CPU: userspace spreads the CPUs over the cycle. */
struct bench_cpu_state order[BENCH_MAX_CPUS] = {};

static __always_inline __u32 flow_scramble(__u32 x)
{
	x ^= x >> frames.order_shift;
	x = (x * 0x9e3779b1u) & frames.order_mask;
	x ^= x >> frames.order_shift;
	return x;
}

/* Next flow number, or n if none was found in MAX_SKIPS. */
static __always_inline __u32 flow_next(__u64 *state)
{
	__u32 x = *state;
	__u32 flow = frames.n;

	for (int i = 0; i < MAX_SKIPS; i++) {
		/* Full period: increment odd, multiplier 1 modulo 4 (Hull and Dobell). */
		x = (x * 1664525u + 1013904223u) & frames.order_mask;
		flow = flow_scramble(x);
		if (flow < frames.n)
			break;
	}
	*state = x;
	return flow;
}

static __always_inline __u16 sum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u32 sum_add32(__u32 sum, __u32 word)
{
	return sum + (word & 0xffff) + (word >> 16);
}

/* A UDP checksum of zero means that there is none (RFC 768). */
static __always_inline __u16 l4_sum_fold(__u32 sum)
{
	__u16 check = sum_fold(sum);

	return frames.tcp || check ? check : 0xffff;
}

static __always_inline void frame_write(void *data, __u32 flow)
{
	__u32 addr = bpf_htonl(frames.host + (flow & frames.host_mask));
	__u16 port = bpf_htons(frames.first_port + (flow >> frames.port_shift));
	__u32 ip_sum = sum_add32(frames.ip_sum, addr);
	__u32 l4_sum = sum_add32(frames.l4_sum, addr) + port;
	__u64 *words = data;

	for (int i = 0; i < 7; i++)
		words[i] = frames.template[i];
	*(__u32 *)(data + 56) = frames.template[7];
	if (frames.remote_mask) {
		/* Knuth's multiplier: neighbouring flows talk to distant remotes. */
		__u32 number = ((flow * 0x9e3779b1u) >> 8) & frames.remote_mask;
		__u32 remote = bpf_htonl(frames.remote + number);

		ip_sum = sum_add32(ip_sum, remote);
		l4_sum = sum_add32(l4_sum, remote);
		*(__u32 *)(data + (frames.inbound ? IP_SADDR : IP_DADDR)) = remote;
	}
	*(__u32 *)(data + (frames.inbound ? IP_DADDR : IP_SADDR)) = addr;
	*(__u16 *)(data + (frames.inbound ? L4_DPORT : L4_SPORT)) = port;
	*(__u16 *)(data + IP_CSUM) = sum_fold(ip_sum);
	*(__u16 *)(data + (frames.tcp ? TCP_CSUM : UDP_CSUM)) = l4_sum_fold(l4_sum);
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 flow;

	if (data + BENCH_FRAME_LEN > (void *)(long)ctx->data_end || cpu >= BENCH_MAX_CPUS)
		return XDP_ABORTED;
	flow = flow_next(&order[cpu].value);
	if (flow >= frames.n)
		return XDP_ABORTED;
	frame_write(data, flow);
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
