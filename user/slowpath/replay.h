/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A held packet is run through the program of its device again, by BPF_PROG_RUN,
 * and what the program makes of it is sent here, by a packet socket. So there is
 * one implementation of every verdict, with its counters. (Live frames would
 * save the second step, but go out by ndo_xdp_xmit alone, which a device in
 * generic mode need not have, and they report no failure. A packet that is cut in
 * two took 20 to 40 us of the daemon's core on veth.)
 */
#ifndef DAISY_SLOWPATH_REPLAY_H
#define DAISY_SLOWPATH_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "nat/instance.h"
#include "shared/hold.h"

struct daisy_replayer {
	struct daisy_instance *inst;
	int packet_fd;
	uint64_t runs;
	uint64_t unsent;	/* the program sent it, the device did not take it */
	uint8_t in[sizeof(struct daisy_replay) + DAISY_HOLD_FRAME];
	uint8_t out[4096];
};

struct daisy_replay_job {
	int program_fd;
	int ifindex;		/* of the device it came by */
	uint32_t queue;
	enum daisy_hold_class class;
	uint8_t flags;		/* DAISY_REPLAY_* */
	const void *frame;
	size_t len;
};

int daisy_replayer_open(struct daisy_replayer *r, struct daisy_instance *inst);
void daisy_replayer_close(struct daisy_replayer *r);
/* Judge it again, and send what comes of it, cut into fragments if need be. */
void daisy_replay(struct daisy_replayer *r, const struct daisy_replay_job *job);

#endif
