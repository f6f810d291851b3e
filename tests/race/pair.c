/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "race/pair.h"

#include <pthread.h>
#include <sched.h>

#include "lib-c/rng.h"
#include "lib-c/tap.h"

#define JITTER 300	/* turns */
#define LEAN 60		/* turns */
#define SPINS_BEFORE_YIELD 20000	/* somebody else may need this CPU for the other half to come on */

struct meeting {
	struct pair *pair;
	int32_t bias;		/* of this round */
	uint32_t go;		/* the round that both may run, from 1 on; UINT32_MAX ends */
	uint32_t done;		/* the round that the second half has run */
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		tap_bail("two CPUs are needed, and CPU %d is not there", cpu);
}

static void wait_for(const uint32_t *word, uint32_t round)
{
	for (uint32_t spins = 1; __atomic_load_n(word, __ATOMIC_ACQUIRE) < round; spins++) {
		if (spins % SPINS_BEFORE_YIELD)
			__builtin_ia32_pause();
		else
			sched_yield();
	}
}

static void dawdle(struct rng *rng, int32_t bias)
{
	for (uint32_t n = rng_below(rng, JITTER) + (bias > 0 ? bias : 0); n; n--)
		asm volatile("");
}

void pair_lean(struct pair *pair, bool half_0_was_first)
{
	pair->bias += half_0_was_first ? LEAN : -LEAN;
}

static void *second(void *arg)
{
	struct meeting *m = arg;
	struct rng rng = { 0x5ec0d };

	pin(1);
	for (uint32_t round = 1;; round++) {
		wait_for(&m->go, round);
		if (__atomic_load_n(&m->go, __ATOMIC_ACQUIRE) == UINT32_MAX)
			return NULL;
		dawdle(&rng, -m->bias);
		m->pair->half[1](m->pair->arg, round);
		__atomic_store_n(&m->done, round, __ATOMIC_RELEASE);
	}
}

uint32_t pair_run(struct pair *pair, uint32_t n_rounds)
{
	struct meeting m = { .pair = pair };
	struct rng rng = { 0xf125 };
	uint32_t round = 0;
	bool go_on = true;
	pthread_t thread;

	if (pthread_create(&thread, NULL, second, &m))
		tap_bail("cannot start a thread");
	pin(0);
	while (go_on && round < n_rounds) {
		round++;
		if (pair->before)
			pair->before(pair->arg, round);
		m.bias = pair->bias;
		__atomic_store_n(&m.go, round, __ATOMIC_RELEASE);
		dawdle(&rng, m.bias);
		pair->half[0](pair->arg, round);
		wait_for(&m.done, round);
		go_on = pair->after(pair->arg, round);
	}
	__atomic_store_n(&m.go, UINT32_MAX, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	return round;
}
