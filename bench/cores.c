// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <stdio.h>

#include "parts.h"
#include "results.h"
#include "scenarios.h"
#include "steady.h"

#define SENDERS 2
/* About as fast as any contender, so that a round lasts as long as the others. */
#define FRAMES_PER_SECOND 3e6

struct sender {
	struct traffic *traffic;
	pthread_barrier_t *barrier;
	uint64_t count;
	int cpu;
	double ns;
};

static void *sender_run(void *arg)
{
	struct sender *sender = arg;

	cpu_own(sender->cpu);
	pthread_barrier_wait(sender->barrier);
	sender->ns = traffic_send(sender->traffic, sender->count);
	return NULL;
}

/*
 * Packets per second of the senders given, all at a time. They share one
 * program: the second to come need not wait for a grace period before it runs,
 * which the first, busy in the kernel, would hold up until it is done.
 */
static double rate(struct contenders *all, enum contender_kind kind, struct traffic *traffic,
		   unsigned int senders)
{
	const struct bench_cpu_state *counter = all->each[kind].counter;
	uint64_t before = cpus_sum(counter), sent = 0;
	struct sender sender[SENDERS] = {};
	pthread_t thread[SENDERS];
	pthread_barrier_t barrier;
	double per_second = 0;

	pthread_barrier_init(&barrier, NULL, __builtin_popcount(senders));
	for (int i = 0; i < SENDERS; i++) {
		if (!(senders & 1u << i))
			continue;
		sender[i] = (struct sender){ .traffic = traffic, .barrier = &barrier,
					     .count = all->bench->seconds * FRAMES_PER_SECOND,
					     .cpu = i ? all->bench->cpu2 : all->bench->cpu };
		if (pthread_create(&thread[i], NULL, sender_run, &sender[i]))
			die("no thread");
	}
	for (int i = 0; i < SENDERS; i++) {
		if (!(senders & 1u << i))
			continue;
		pthread_join(thread[i], NULL);
		sent += sender[i].count;
		per_second += sender[i].count / sender[i].ns * 1e9;
	}
	pthread_barrier_destroy(&barrier);
	return per_second * (cpus_sum(counter) - before) / sent;
}

static void report(struct contenders *all, enum contender_kind kind, double one, double two)
{
	const char *name = all->each[kind].name;
	char key[64];

	snprintf(key, sizeof(key), "%s%stwo_cores_vs_one", kind == DAISY ? "" : name,
		 kind == DAISY ? "" : "_");
	summary_number(key, two / one);
	plot_add("cores", "%s %.3f %.3f", name, one / 1e6, two / 1e6);
	say("  two cores      %-6s %.3f Mpps, two %.3f Mpps: %.2f", name, one / 1e6, two / 1e6,
	    two / one);
}

static void rounds_run(struct contenders *all, enum contender_kind kind, struct traffic *traffic)
{
	/* The first core alone, the second alone, both. */
	double rates[3][STEADY_MAX_ROUNDS];
	static const char *const series[] = { "cores_first", "cores_second", "cores_both" };
	int rounds = all->bench->rounds;

	rate(all, kind, traffic, 3);	/* warm-up */
	for (int round = 0; round < rounds; round++) {
		for (int which = 0; which < 3; which++) {
			daisy_alive(all->daisy);
			rates[which][round] = rate(all, kind, traffic, which + 1);
			results_add_value(series[which], all->each[kind].name,
					  rates[which][round]);
		}
	}
	report(all, kind, (median(rates[0], rounds) + median(rates[1], rounds)) / 2,
	       median(rates[2], rounds));
}

void part_cores(struct contenders *all)
{
	static const enum contender_kind kinds[] = { DROP, BARE, DAISY };
	struct traffic_spec spec = full_out(TRAFFIC_UDP);
	struct traffic *traffic;
	struct daisy daisy;

	if (all->bench->cpu2 < 0) {
		say("  two cores: this machine has one, two_cores_vs_one is not measured");
		return;
	}
	daisy_open(&daisy, all->bench, 1);
	contenders_daisy_set(all, &daisy);
	preload(all, DAISY, &spec);
	traffic = traffic_open(all->bench, &spec);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		contender_attach(all, kinds[k]);
		rounds_run(all, kinds[k], traffic);
	}
	traffic_close(traffic);
	contender_attach(all, DROP);
	daisy_close(&daisy);
}
