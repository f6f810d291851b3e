// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <stdio.h>

#include "parts.h"
#include "results.h"
#include "scenarios.h"
#include "steady.h"

struct sender {
	struct traffic *traffic;
	pthread_barrier_t *barrier;
	uint64_t count;
	int cpu;
	double start, end;
};

static void *sender_run(void *arg)
{
	struct sender *sender = arg;

	cpu_own(sender->cpu);
	pthread_barrier_wait(sender->barrier);
	sender->start = now_ns();
	traffic_send(sender->traffic, sender->count);
	sender->end = now_ns();
	return NULL;
}

/* Packets per second of n senders, each on its own core, from the first start to the last end. */
static double rate(struct contenders *all, enum contender_kind kind, struct traffic **traffic,
		   int n, uint64_t count)
{
	struct sender sender[2] = {};
	const struct bench_cpu_state *counter = all->each[kind].counter;
	uint64_t before = cpus_sum(counter);
	pthread_barrier_t barrier;
	pthread_t thread[2];
	double start, end;

	pthread_barrier_init(&barrier, NULL, n);
	for (int i = 0; i < n; i++) {
		sender[i] = (struct sender){ traffic[i], &barrier, count,
					     i ? all->bench->cpu2 : all->bench->cpu, 0, 0 };
		if (pthread_create(&thread[i], NULL, sender_run, &sender[i]))
			die("no thread");
	}
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&barrier);
	start = sender[0].start;
	end = sender[0].end;
	if (n > 1 && sender[1].start < start)
		start = sender[1].start;
	if (n > 1 && sender[1].end > end)
		end = sender[1].end;
	return (cpus_sum(counter) - before) / (end - start) * 1e9;
}

void part_cores(struct contenders *all)
{
	static const enum contender_kind kinds[] = { DROP, BARE, DAISY };
	static double rates[N_CONTENDERS][2][STEADY_MAX_ROUNDS];
	struct traffic_spec spec = full_out(TRAFFIC_UDP);
	struct traffic *traffic[2];
	struct daisy daisy;
	int rounds = all->bench->rounds;
	char key[64];

	if (all->bench->cpu2 < 0) {
		say("  two cores: this machine has one, two_cores_vs_one is not measured");
		return;
	}
	daisy_open(&daisy, all->bench, 1);
	contenders_daisy_set(all, &daisy);
	preload(all, DAISY, &spec);
	for (int i = 0; i < 2; i++)
		traffic[i] = traffic_open(all->bench, &spec);
	for (int round = 0; round < rounds; round++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
			contender_attach(all, kinds[k]);
			daisy_alive(&daisy);
			for (int two = 0; two < 2; two++) {
				rates[kinds[k]][two][round] =
					rate(all, kinds[k], traffic, two + 1,
					     all->bench->seconds * 3e6);
				results_add_value(two ? "cores_two" : "cores_one",
						  all->each[kinds[k]].name,
						  rates[kinds[k]][two][round]);
			}
		}
	}
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		double one = median(rates[kinds[k]][0], rounds);
		double two = median(rates[kinds[k]][1], rounds);

		snprintf(key, sizeof(key), kinds[k] == DAISY ? "two_cores_vs_one" :
			 "%s_two_cores_vs_one", all->each[kinds[k]].name);
		summary_number(key, two / one);
		plot_add("cores", "%s %.3f %.3f", all->each[kinds[k]].name, one / 1e6, two / 1e6);
		say("  two cores      %-6s %.3f Mpps, two %.3f Mpps: %.2f",
		    all->each[kinds[k]].name, one / 1e6, two / 1e6, two / one);
	}
	traffic_close(traffic[0]);
	traffic_close(traffic[1]);
	contender_attach(all, DROP);
	daisy_close(&daisy);
}
