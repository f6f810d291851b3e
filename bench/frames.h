/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the generator sends, told by userspace before the program is loaded. */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* Smallest Ethernet frame without its checksum. */
#define BENCH_FRAME_LEN 60

/* Generators, sinks: one state each per CPU, a cache line apart. */
#define BENCH_MAX_CPUS 64

enum bench_fragment {
	BENCH_WHOLE,
	BENCH_FIRST,
	BENCH_LAST,		/* no ports */
};

/*
 * Flow number f, 0 .. n - 1, is an endpoint of the varying side (source of
 * outbound, destination of inbound frames): host (f >> host_shift) & host_mask,
 * and port first_port + (f >> port_shift). Addresses and ports in host order.
 * The datagram of a fragment has the low 16 bits of f as its identification.
 */
struct bench_frames {
	__u64 template[8];	/* the frame; varying fields and their checksums are zero */
	__u32 ip_sum;		/* of the template's header, 16-bit words as they stand, not folded */
	__u32 l4_sum;		/* of pseudo header, header and payload; not folded */
	__u32 n;		/* flows */
	__u32 order_mask;	/* smallest 2^k - 1 >= n - 1 */
	__u32 order_shift;	/* k / 2, at least 1 */
	__u32 host;		/* address of host 0 */
	__u32 host_mask;
	__u32 host_shift;
	__u32 first_port;
	__u32 port_shift;
	__u32 remote_mask;	/* remote addresses minus one, a power of two minus one */
	__u32 remote;		/* address of remote 0 (in the template already) when remote_mask is set */
	__u8 inbound;		/* vary the destination */
	__u8 tcp;
	__u8 fragment;		/* enum bench_fragment; fragments have no UDP checksum */
};

struct bench_cpu_state {
	__u64 value;
	__u64 pad[31];
};

#endif
