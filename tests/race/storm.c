/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything at once: two CPUs with packets of all kinds, valid and spoilt,
 * few ports and small tables, time running, and a sweep that never pauses.
 */
#include <linux/bpf.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "malformed/generate.h"
#include "race/scene.h"

struct storm {
	struct bed bed;
	bool stop;
	struct sender {
		struct storm *storm;
		int cpu;
		struct rng rng;
		uint64_t n, n_sent;
		bool untranslated;
	} sender[2];
	uint64_t n_sweeps;
	struct bed_swept swept;
};

/*
 * Where it goes and from whom: what leaves for the outside is from our
 * addresses, what leaves for the inside is to an inside host or an answer of
 * the box itself. (The one-armed link has both.)
 */
static bool translated(const struct frame *in, const uint8_t *out, uint32_t len)
{
	uint8_t outside[6], inside[6], tagged[6], stacked[6];
	struct wire w;

	bed_peer_mac(outside, BED_OUTSIDE);
	bed_peer_mac(stacked, BED_STACKED);
	bed_peer_mac(inside, BED_INSIDE);
	bed_peer_mac(tagged, BED_TAGGED);
	if (!wire_parse(&w, out, len))
		return w.ethertype == 0x0806;
	/* An answer goes back to the sender's MAC address, whatever that was spoilt to. */
	if (w.src - BED_OWN < BED_N_LINKS || !memcmp(out, in->bytes + 6, 6))
		return true;
	if (!memcmp(out, outside, 6) || !memcmp(out, stacked, 6))
		return w.src - BED_EXTERNAL < 2;
	if (!memcmp(out, inside, 6) || !memcmp(out, tagged, 6))
		return w.dst >> 24 == 10;
	return true;
}

static void *sender_run(void *arg)
{
	struct sender *me = arg;
	static const enum generate_kind kinds[] = { OUT_UDP, OUT_UDP, OUT_TCP, OUT_TCP, OUT_ICMP, IN_MAPPED,
						    IN_MAPPED, HAIRPIN, IN_ERROR, OUT_ERROR, ECHO_EXTERNAL };
	uint8_t out[4096];
	uint32_t len, action;
	struct frame f;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(me->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	while (!__atomic_load_n(&me->storm->stop, __ATOMIC_RELAXED)) {
		enum generate_kind kind = kinds[rng_below(&me->rng, sizeof(kinds) / sizeof(kinds[0]))];
		enum bed_link link = generate(&me->rng, &me->storm->bed, kind, &f);

		if (!rng_below(&me->rng, 8))
			mutate(&me->rng, &f);
		action = bed_run_raw(&me->storm->bed, link, f.bytes, f.len, out, &len);
		me->n++;
		if (action != XDP_TX && action != XDP_REDIRECT)
			continue;
		me->n_sent++;
		me->untranslated |= !translated(&f, out, len);
	}
	return NULL;
}

static void blow(struct storm *s, uint32_t seconds)
{
	pthread_t threads[2];
	time_t end = time(NULL) + seconds;
	struct rng rng = { 0x5709 };

	for (int i = 0; i < 2; i++) {
		s->sender[i] = (struct sender){ .storm = s, .cpu = i, .rng = { 0xaced + i } };
		if (pthread_create(&threads[i], NULL, sender_run, &s->sender[i]))
			tap_bail("cannot start a thread");
	}
	while (time(NULL) < end) {
		/*
		 * Rests are meant to outlast every packet under way. Here time runs
		 * faster than packets, which may be preempted: wait for them.
		 */
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
			tap_bail("membarrier failed");
		bed_advance(&s->bed, 1 + rng_below(&rng, 60));
		bed_sweep(&s->bed, &s->swept);
		s->n_sweeps++;
	}
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static uint64_t ends(struct bed *bed)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < BED_N_COUNTERS; i++)
		if (bed_counter_is_end(i))
			sum += bed_counter(bed, i);
	return sum;
}

void race_storm(uint32_t seconds)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 4, .max_mappings = 1024, .max_subscribers = 40, .max_conns = 256,
			      .icmp_rate = 1000000 },
		.n_addresses = 2, .first = GENERATE_FIRST, .last = GENERATE_LAST,
		.prefix = GENERATE_INSIDE, .prefix_len = 8,
	};
	static struct storm s;
	static struct scene end;
	struct check c;
	uint64_t n;

	bed_open(&s.bed, &spec);
	check_instance(s.bed.inst, 0, &c);
	end.free_at_start = c.free;
	blow(&s, seconds);
	n = s.sender[0].n + s.sender[1].n;
	tap_ok(!s.sender[0].untranslated && !s.sender[1].untranslated && s.sender[0].n_sent > 1000 &&
	       s.sender[1].n_sent > 1000, "in a storm of packets on two CPUs none leaves untranslated "
	       "(%u s)", seconds);
	tap_ok(ends(&s.bed) == n, "every packet of the storm is in exactly one counter or reason");
	tap_note("%lu frames, %lu sent on, %lu mappings ended, %lu ports freed in %lu sweeps", n,
		 s.sender[0].n_sent + s.sender[1].n_sent, s.swept.expired, s.swept.freed, s.n_sweeps);
	tap_note("%lu lost against a twin, %lu refused for create_race, %lu for subscriber_race",
		 bed_counter(&s.bed, BED_COUNTER(create_lost)),
		 bed_counter(&s.bed, BED_COUNTER(drop_CREATE_RACE)),
		 bed_counter(&s.bed, BED_COUNTER(drop_SUBSCRIBER_RACE)));
	end.bed = s.bed;
	scene_check(&end, &c, "the state holds together after the storm (U3, T7, G2, B7)");
	scene_end(&end, "after the storm every port is free again (G8)");
	bed_close(&s.bed);
}
