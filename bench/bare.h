/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Next hop of the bare forwarder. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

struct bare_hop {
	__u8 macs[12];	/* destination, source: as they stand in the frame */
};

#endif
