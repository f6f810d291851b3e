// SPDX-License-Identifier: GPL-2.0-or-later
#include "results.h"
#include "steady.h"

/* Enough to fill the caches with the contender's own data after another one ran. */
#define WARM_UP_FRAMES 200000

static struct sample measure(struct contenders *all, struct steady *steady,
			     enum contender_kind kind)
{
	const struct bench_cpu_state *counter = all->each[kind].counter;
	struct sample warm;
	double ns;

	contender_attach(all, kind);
	warm = traffic_run(steady->traffic, counter, WARM_UP_FRAMES);
	ns = sample_ns(&warm);
	if (ns == 0)
		die("%s: nothing arrives from %s", steady->name, all->each[kind].name);
	return traffic_run(steady->traffic, counter, all->bench->seconds * 1e9 / ns);
}

void steady_run(struct contenders *all, struct steady *steady)
{
	static double ns[N_CONTENDERS][STEADY_MAX_ROUNDS];
	uint64_t sent[N_CONTENDERS] = {}, delivered[N_CONTENDERS] = {};
	int rounds = all->bench->rounds;

	for (int round = 0; round < rounds; round++) {
		for (int kind = 0; kind < N_CONTENDERS; kind++) {
			struct sample sample;

			if (!(steady->contenders & 1u << kind))
				continue;
			sample = measure(all, steady, kind);
			ns[kind][round] = sample_ns(&sample);
			sent[kind] += sample.sent;
			delivered[kind] += sample.delivered;
			results_add(steady->name, all->each[kind].name, &sample);
		}
	}
	for (int kind = 0; kind < N_CONTENDERS; kind++) {
		if (!(steady->contenders & 1u << kind))
			continue;
		steady->ns[kind] = median(ns[kind], rounds);
		steady->lost[kind] = 1 - (double)delivered[kind] / sent[kind];
		say("  %-14s %-6s %7.1f ns  %6.3f Mpps  cost %5.2f  lost %.4f %%  range %.1f-%.1f",
		    steady->name, all->each[kind].name, steady->ns[kind], 1e3 / steady->ns[kind],
		    steady_cost(steady, kind), 100 * steady->lost[kind], ns[kind][0],
		    ns[kind][rounds - 1]);
	}
}

double steady_cost(const struct steady *steady, enum contender_kind kind)
{
	if (kind == DROP)
		return 0;
	return (steady->ns[kind] - steady->ns[DROP]) / (steady->ns[BARE] - steady->ns[DROP]);
}
