/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checking sink is told and what it answers. */
#ifndef BENCH_SINK_H
#define BENCH_SINK_H

#define SINK_ADDR_MASK 63		/* addresses whose ports are told apart */
#define SINK_MARKS 4			/* told apart by their DSCP */
#define SINK_PORT_WORDS ((SINK_ADDR_MASK + 1) * 65536 / 64)

/* Addresses in host order, inclusive. */
struct sink_expectation {
	__u32 first_addr;
	__u32 last_addr;
	__u8 ttl;
	__u8 inbound;		/* the translated side is the destination */
};

struct sink_verdicts {
	__u64 good;
	__u64 bad_addr;
	__u64 bad_ttl;
	__u64 bad_sum;
	__u64 other;		/* not an IPv4 frame of ours */
	__u64 ports[SINK_PORT_WORDS];
};

#endif
