// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "frames.h"	/* the skeleton wants its types beforehand */

#include "bench/gen.skel.h"
#include "traffic.h"

/* Longer runs are cut, so that a signal or a watchdog never meets a loop of minutes. */
#define MAX_REPEAT (1u << 24)

/* After the loop the last frames may still be in a ring. */
#define SETTLE_NS 2e6

/* Payload of either fragment of a datagram. */
#define FRAGMENT_BYTES 24

/* The kernel's average per frame is in whole nanoseconds, rounded down. */
#define DURATION_ROUNDING 0.5

struct traffic {
	struct gen_bpf *skel;
	const struct bench *bench;
	bool inbound;
	uint32_t n;
};

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	union {
		struct udphdr udp;
		struct tcphdr tcp;
		uint8_t payload[BENCH_FRAME_LEN - sizeof(struct ethhdr) - sizeof(struct iphdr)];
	} __attribute__((packed));
} __attribute__((packed));

static uint32_t words_sum(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i < len; i += 2) {
		memcpy(&word, bytes + i, 2);
		sum += word;
	}
	return sum;
}

static struct tcphdr tcp_header(enum traffic_kind kind)
{
	return (struct tcphdr){
		.doff = sizeof(struct tcphdr) / 4,
		.window = htons(8192),
		.seq = htonl(1000),
		.syn = kind != TRAFFIC_TCP_ACK,
		.ack = kind != TRAFFIC_TCP_SYN,
		.ack_seq = kind != TRAFFIC_TCP_SYN ? htonl(1001) : 0,
	};
}

static bool kind_is_tcp(enum traffic_kind kind)
{
	return kind == TRAFFIC_TCP_SYN || kind == TRAFFIC_TCP_SYN_ACK || kind == TRAFFIC_TCP_ACK;
}

/* The frame's padding is not of the packet: a first fragment has a multiple of eight bytes. */
static void fragment_make(enum traffic_kind kind, struct frame *frame)
{
	frame->ip.tot_len = htons(sizeof(frame->ip) + FRAGMENT_BYTES);
	if (kind == TRAFFIC_UDP_LAST) {
		frame->ip.frag_off = htons(FRAGMENT_BYTES / 8);
		memset(frame->payload, 0x5a, sizeof(frame->payload));
	} else {
		frame->ip.frag_off = htons(IP_MF);
		frame->udp.len = htons(2 * FRAGMENT_BYTES);
	}
}

/* The frame with its varying address, port and both checksums left zero. */
static void template_fill(const struct bench *bench, const struct traffic_spec *spec,
			  struct frame *frame)
{
	enum bench_link from = spec->inbound ? LINK_D0 : LINK_S0;
	enum bench_link to = spec->inbound ? LINK_N1 : LINK_N0;
	uint32_t remote = spec->remotes > 1 ? 0 : htonl(ADDR_REMOTE);
	uint16_t port = htons(PORT_REMOTE);

	memcpy(frame->eth.h_source, bench->mac[from], 6);
	memcpy(frame->eth.h_dest, bench->mac[to], 6);
	frame->eth.h_proto = htons(ETH_P_IP);
	frame->ip.version = 4;
	frame->ip.ihl = 5;
	frame->ip.ttl = 64;
	frame->ip.tos = spec->mark << 2;
	frame->ip.tot_len = htons(BENCH_FRAME_LEN - ETH_HLEN);
	frame->ip.protocol = kind_is_tcp(spec->kind) ? IPPROTO_TCP : IPPROTO_UDP;
	*(spec->inbound ? &frame->ip.saddr : &frame->ip.daddr) = remote;
	memset(frame->payload, 0x5a, sizeof(frame->payload));
	if (!kind_is_tcp(spec->kind)) {
		memset(&frame->udp, 0, sizeof(frame->udp));
		frame->udp.len = htons(sizeof(frame->payload));
	} else {
		frame->tcp = tcp_header(spec->kind);
	}
	/* The ports are the first two words of either header. */
	*(spec->inbound ? &frame->udp.source : &frame->udp.dest) = port;
	if (spec->kind == TRAFFIC_UDP_FIRST || spec->kind == TRAFFIC_UDP_LAST)
		fragment_make(spec->kind, frame);
}

void traffic_frames(const struct bench *bench, const struct traffic_spec *spec,
		    struct bench_frames *frames)
{
	struct frame frame = {};
	unsigned int bits = 0;

	template_fill(bench, spec, &frame);
	memcpy(frames->template, &frame, sizeof(frame));
	frames->ip_sum = words_sum(&frame.ip, sizeof(frame.ip));
	frames->l4_sum = words_sum(frame.payload, sizeof(frame.payload)) +
			 words_sum(&frame.ip.saddr, 8) + htons(frame.ip.protocol) +
			 htons(sizeof(frame.payload));
	while (bits < 31 && (1u << bits) < spec->n)
		bits++;
	frames->n = spec->n;
	frames->order_mask = (1u << bits) - 1;
	frames->order_shift = bits > 3 ? bits / 2 : 1;
	frames->host = spec->host;
	frames->host_mask = spec->hosts - 1;
	frames->host_shift = spec->host_shift;
	frames->first_port = spec->first_port;
	frames->port_shift = spec->port_shift;
	frames->remote_mask = spec->remotes > 1 ? spec->remotes - 1 : 0;
	frames->remote = ADDR_REMOTE;
	frames->inbound = spec->inbound;
	frames->tcp = kind_is_tcp(spec->kind);
	frames->fragment = spec->kind == TRAFFIC_UDP_FIRST ? BENCH_FIRST :
			   spec->kind == TRAFFIC_UDP_LAST ? BENCH_LAST : BENCH_WHOLE;
}

struct traffic *traffic_open(const struct bench *bench, const struct traffic_spec *spec)
{
	struct traffic *traffic = calloc(1, sizeof(*traffic));

	_Static_assert(sizeof(struct frame) == BENCH_FRAME_LEN, "frame");
	if (!traffic)
		die("no memory");
	traffic->skel = gen_bpf__open();
	if (!traffic->skel)
		die("cannot open the generator: %s", strerror(errno));
	traffic_frames(bench, spec, (struct bench_frames *)&traffic->skel->rodata->frames);
	/* CPUs begin at different places of the same order. */
	for (int i = 0; i < BENCH_MAX_CPUS; i++)
		traffic->skel->bss->order[i].value = 0x9e3779b1u * (i + 1) %
			(traffic->skel->rodata->frames.order_mask + 1ull);
	if (gen_bpf__load(traffic->skel))
		die("cannot load the generator: %s", strerror(errno));
	traffic->bench = bench;
	traffic->inbound = spec->inbound;
	traffic->n = spec->n;
	return traffic;
}

void traffic_close(struct traffic *traffic)
{
	if (!traffic)
		return;
	gen_bpf__destroy(traffic->skel);
	free(traffic);
}

uint32_t traffic_flows(const struct traffic *traffic)
{
	return traffic->n;
}

double generator_run(const struct bench *bench, int prog_fd, bool inbound, uint64_t count)
{
	struct xdp_md ctx = { .data_end = BENCH_FRAME_LEN };
	uint8_t frame[BENCH_FRAME_LEN] = {};
	double ns = 0;

	ctx.ingress_ifindex = bench->ifindex[inbound ? LINK_D0 : LINK_S0];
	ns_enter(bench, inbound ? NS_DST : NS_SRC);
	while (count) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
			    .data_size_in = sizeof(frame), .ctx_in = &ctx,
			    .ctx_size_in = sizeof(ctx), .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
		opts.repeat = count < MAX_REPEAT ? count : MAX_REPEAT;
		if (bpf_prog_test_run_opts(prog_fd, &opts))
			die("the generator failed: %s", strerror(errno));
		/* The loop alone: before and after it the kernel waits for grace periods. */
		ns += (opts.duration + DURATION_ROUNDING) * opts.repeat;
		count -= opts.repeat;
	}
	return ns;
}

double traffic_send(struct traffic *traffic, uint64_t count)
{
	return generator_run(traffic->bench, bpf_program__fd(traffic->skel->progs.generate),
			     traffic->inbound, count);
}

struct sample traffic_run(struct traffic *traffic, const struct bench_cpu_state *counter,
			  uint64_t count)
{
	uint64_t before = cpus_sum(counter), last = before, seen;
	struct sample sample = { .sent = count };
	double changed;

	sample.ns = traffic_send(traffic, count);
	changed = now_ns();
	while (now_ns() - changed < SETTLE_NS) {
		seen = cpus_sum(counter);
		if (seen - before >= count)
			break;
		if (seen != last)
			changed = now_ns();
		last = seen;
		sched_yield();
	}
	sample.delivered = cpus_sum(counter) - before;
	return sample;
}

double sample_ns(const struct sample *sample)
{
	return sample->delivered ? sample->ns / sample->delivered : 0;
}
