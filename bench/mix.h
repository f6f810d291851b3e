/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several streams of frames at once, taking turns frame by frame. Each has its
 * number as its mark, by which the sink counts what arrived of it.
 */
#ifndef BENCH_MIX_H
#define BENCH_MIX_H

#include "frames.h"
#include "sink.h"

#define MIX_STREAMS SINK_MARKS
#define MIX_TURNS 16

struct mix_plan {
	struct bench_frames frames[MIX_STREAMS];
	__u32 delay[MIX_STREAMS];	/* turns of its own that a stream lets pass first */
	__u8 turn[MIX_TURNS];		/* whose turn it is, over and over ... */
	__u32 n_turns;			/* ... these, at least 1 */
};

struct mix_state {
	__u64 turns;
	__u64 taken[MIX_STREAMS];	/* turns of each stream */
	__u64 sent[MIX_STREAMS];
	__u64 order[MIX_STREAMS];
};

#endif
