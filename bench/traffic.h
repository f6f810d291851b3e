/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generators (gen.bpf.c) and what came of their frames. */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include "harness.h"

enum traffic_kind {
	TRAFFIC_UDP,
	TRAFFIC_TCP_SYN,
	TRAFFIC_TCP_SYN_ACK,
	TRAFFIC_TCP_ACK,
	TRAFFIC_UDP_FIRST,	/* fragments of UDP datagrams */
	TRAFFIC_UDP_LAST,
};

/* Ports and addresses in host order; see struct bench_frames for the numbering of flows. */
struct traffic_spec {
	bool inbound;
	enum traffic_kind kind;
	uint32_t n;			/* flows */
	uint32_t host;			/* first address of the varying side */
	uint32_t hosts;			/* a power of two */
	uint8_t host_shift;
	uint16_t first_port;
	uint8_t port_shift;
	uint8_t mark;			/* DSCP, which the contender leaves as it is */
	uint32_t remotes;		/* remote addresses, a power of two; 0 is 1 */
};

struct traffic;

struct sample {
	uint64_t sent;
	uint64_t delivered;
	double ns;			/* length of the generator's loop */
};

/* What a generator is told. */
void traffic_frames(const struct bench *bench, const struct traffic_spec *spec,
		    struct bench_frames *frames);
/* Run a generator `count` times. Returns the loop's nanoseconds. */
double generator_run(const struct bench *bench, int prog_fd, bool inbound, uint64_t count);

struct traffic *traffic_open(const struct bench *bench, const struct traffic_spec *spec);
void traffic_close(struct traffic *traffic);
uint32_t traffic_flows(const struct traffic *traffic);

/*
 * Send `count` frames, wait until the last has arrived, and say how many did,
 * by the counter of the sink. A full cycle over the flows if count is theirs.
 */
struct sample traffic_run(struct traffic *traffic, const struct bench_cpu_state *counter,
			  uint64_t count);
/* Only send. Returns the loop's nanoseconds. Threads on different cores may share a traffic. */
double traffic_send(struct traffic *traffic, uint64_t count);

double sample_ns(const struct sample *sample);

#endif
