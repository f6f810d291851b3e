/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of a generator.
 *
 * The order of the flows is a full cycle of a linear congruential generator
 * whose state is scrambled by a bijection: each of the n flows comes once in n
 * runs, in an order that no prefetcher follows, without a table that would
 * compete with the contender for the caches.
 *
 * The page pool recycles frames which the last receiver rewrote, so the whole
 * frame is written each time.
 */
#ifndef BENCH_GEN_H
#define BENCH_GEN_H

#include "frames.h"

#define IP_ID 18
#define IP_CSUM 24
#define IP_SADDR 26
#define IP_DADDR 30
#define L4_SPORT 34
#define L4_DPORT 36
#define UDP_CSUM 40
#define TCP_CSUM 50

/* Numbers of a power-of-two cycle that exceed n are skipped: fewer than half, mostly few. */
#define MAX_SKIPS 32

typedef const volatile struct bench_frames *frames_ptr;

static __always_inline __u32 flow_scramble(frames_ptr f, __u32 x)
{
	x ^= x >> f->order_shift;
	x = (x * 0x9e3779b1u) & f->order_mask;
	x ^= x >> f->order_shift;
	return x;
}

/* Next flow number, or n if none was found in MAX_SKIPS. */
static __always_inline __u32 flow_next(frames_ptr f, __u64 *state)
{
	__u32 x = *state;
	__u32 flow = f->n;

	for (int i = 0; i < MAX_SKIPS; i++) {
		/* Full period: increment odd, multiplier 1 modulo 4 (Hull and Dobell). */
		x = (x * 1664525u + 1013904223u) & f->order_mask;
		flow = flow_scramble(f, x);
		if (flow < f->n)
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
static __always_inline __u16 l4_sum_fold(frames_ptr f, __u32 sum)
{
	__u16 check = sum_fold(sum);

	return f->tcp || check ? check : 0xffff;
}

static __always_inline void frame_write(void *data, frames_ptr f, __u32 flow)
{
	__u32 addr = bpf_htonl(f->host + (flow >> f->host_shift & f->host_mask));
	__u16 port = bpf_htons(f->first_port + (flow >> f->port_shift));
	__u32 ip_sum = sum_add32(f->ip_sum, addr);
	__u32 l4_sum = sum_add32(f->l4_sum, addr) + port;
	__u64 *words = data;

	for (int i = 0; i < 7; i++)
		words[i] = f->template[i];
	*(__u32 *)(data + 56) = f->template[7];
	if (f->remote_mask) {
		/* Knuth's multiplier: neighbouring flows talk to distant remotes. */
		__u32 number = ((flow * 0x9e3779b1u) >> 8) & f->remote_mask;
		__u32 remote = bpf_htonl(f->remote + number);

		ip_sum = sum_add32(ip_sum, remote);
		l4_sum = sum_add32(l4_sum, remote);
		*(__u32 *)(data + (f->inbound ? IP_SADDR : IP_DADDR)) = remote;
	}
	*(__u32 *)(data + (f->inbound ? IP_DADDR : IP_SADDR)) = addr;
	if (f->fragment) {
		*(__u16 *)(data + IP_ID) = flow;
		ip_sum += (__u16)flow;
	}
	*(__u16 *)(data + IP_CSUM) = sum_fold(ip_sum);
	if (f->fragment == BENCH_LAST)
		return;
	*(__u16 *)(data + (f->inbound ? L4_DPORT : L4_SPORT)) = port;
	if (f->fragment == BENCH_WHOLE)
		*(__u16 *)(data + (f->tcp ? TCP_CSUM : UDP_CSUM)) = l4_sum_fold(f, l4_sum);
}

#endif
