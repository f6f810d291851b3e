// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "streams.h"	/* the skeletons want its types beforehand */

#include "bench/mix.skel.h"
#include "bench/sink.skel.h"

static struct mix_bpf *mix_open(const struct bench *bench, const struct streams *streams)
{
	struct mix_bpf *skel = mix_bpf__open();
	struct mix_plan *plan;

	if (!skel)
		die("cannot open the generator of streams: %s", strerror(errno));
	plan = (struct mix_plan *)&skel->rodata->plan;
	for (int i = 0; i < MIX_STREAMS; i++) {
		struct traffic_spec spec = streams->spec[i];

		if (!spec.n)
			continue;
		spec.mark = i;
		traffic_frames(bench, &spec, &plan->frames[i]);
	}
	memcpy(plan->delay, streams->delay, sizeof(plan->delay));
	plan->n_turns = streams->n_turns;
	memcpy(plan->turn, streams->turn, sizeof(plan->turn));
	if (mix_bpf__load(skel))
		die("cannot load the generator of streams: %s", strerror(errno));
	return skel;
}

/* Turns of a burst: some 5 ms. */
#define BURST 8192

/*
 * The generator waits for the contender, so a burst takes as long as all of it
 * takes to be forwarded. Grace periods around it count as idle.
 */
static void burst_paced(const struct bench *bench, int prog_fd, uint64_t turns)
{
	double from_ns = now_ns(), busy_ns = generator_run(bench, prog_fd, false, turns);
	double idle_ns = from_ns + 2 * busy_ns - now_ns();
	const struct timespec pause = { .tv_nsec = idle_ns > 0 ? idle_ns : 0 };

	nanosleep(&pause, NULL);
}

void streams_run(struct contenders *all, struct streams *streams, uint64_t turns)
{
	struct sink_bpf *sink = sink_check_open(false, ADDR_POOL, ADDR_POOL);
	struct mix_bpf *mix = mix_open(all->bench, streams);

	link_attach(all->bench, LINK_D0, bpf_program__fd(sink->progs.sink_marked));
	while (streams->paced && turns > BURST) {
		burst_paced(all->bench, bpf_program__fd(mix->progs.mix), BURST);
		turns -= BURST;
	}
	generator_run(all->bench, bpf_program__fd(mix->progs.mix), false, turns);
	settle();
	link_attach(all->bench, LINK_D0, bpf_program__fd(all->sink->progs.sink));
	for (int i = 0; i < MIX_STREAMS; i++) {
		streams->sent[i] += mix->bss->state.sent[i];
		streams->arrived[i] += sink->bss->marked[i];
	}
	mix_bpf__destroy(mix);
	sink_bpf__destroy(sink);
}

double streams_lost(const struct streams *streams, int first, int last)
{
	uint64_t sent = 0, arrived = 0;

	for (int i = first; i <= last; i++) {
		sent += streams->sent[i];
		arrived += streams->arrived[i];
	}
	return 1 - (double)arrived / sent;
}
