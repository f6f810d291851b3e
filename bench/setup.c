// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/error.h"
#include "nat/sweep.h"
#include "parts.h"
#include "results.h"
#include "scenarios.h"
#include "steady.h"

#define COLLIDE_HOSTS 16
#define COLLIDE_PORTS 1000
#define COLLIDE_FIRST_PORT 20000

/* Longer than the longest timer at stake, and its rounding to ticks. */
#define PAST_S 10

struct rates {
	double nft[STEADY_MAX_ROUNDS];
	double daisy[STEADY_MAX_ROUNDS];
};

/* New mappings per second: one frame for each, and all of them counted where they are kept. */
static double create(struct contenders *all, enum contender_kind kind,
		     const struct traffic_spec *spec, const char *part)
{
	struct traffic *traffic = traffic_open(all->bench, spec);
	struct sample sample;
	uint64_t created;

	contender_attach(all, kind);
	if (kind == DAISY) {
		created = daisy_count(all->daisy).created_udp;
	} else {
		nft_flush(all->bench);
		created = nft_connections(all->bench);
	}
	settle();
	sample = traffic_run(traffic, all->each[kind].counter, spec->n);
	created = (kind == DAISY ? daisy_count(all->daisy).created_udp :
				   nft_connections(all->bench)) - created;
	traffic_close(traffic);
	if (created < spec->n * 0.99)
		say("  %s: %s created %llu of %u mappings", part, all->each[kind].name,
		    (unsigned long long)created, spec->n);
	sample.delivered = created;
	results_add(part, all->each[kind].name, &sample);
	return created / sample.ns * 1e9;
}

static void setup_report(const char *part, const char *title, struct rates *rates, int rounds)
{
	double nft = median(rates->nft, rounds), daisy = median(rates->daisy, rounds);

	say("  %-14s nft %.0f/s (%.0f ns), daisy %.0f/s (%.0f ns): %.2f", part, nft, 1e9 / nft,
	    daisy, 1e9 / daisy, daisy / nft);
	plot_add("setup", "\"%s\" %.4f %.4f", title, nft / 1e6, daisy / 1e6);
}

/*
 * Remove everything the way time does: a visit after the timeout (mappings end,
 * ports rest) and one after the hold-down (ports are free). Wall time of both.
 */
static double destroy(struct daisy *daisy)
{
	const struct daisy_conf *conf = daisy_instance_conf(daisy->inst);
	struct daisy_sweeper *sweeper = daisy_sweeper_new(daisy->inst);
	struct daisy_sweeper_stats stats;
	double ns = 0, start;

	if (!sweeper)
		die("no memory for a sweeper");
	for (int visit = 0; visit < 2; visit++) {
		uint32_t ticks = conf->timer[visit ? DAISY_TIMER_HOLD : DAISY_TIMER_UDP];

		daisy_instance_clock_advance(daisy->inst, ticks * 1.08 + PAST_S);
		start = now_ns();
		if (daisy_sweeper_round(sweeper))
			die("the sweeper failed: %s", daisy_error());
		ns += now_ns() - start;
	}
	daisy_sweeper_stats(sweeper, &stats);
	daisy_sweeper_free(sweeper);
	if (stats.expired != DAISY_FULL_ADDRESS || stats.freed != DAISY_FULL_ADDRESS)
		die("the sweeper ended %llu mappings and freed %llu ports of %u",
		    (unsigned long long)stats.expired, (unsigned long long)stats.freed,
		    DAISY_FULL_ADDRESS);
	return DAISY_FULL_ADDRESS / ns * 1e9;
}

static void fresh(struct contenders *all)
{
	struct traffic_spec spec = full_out(TRAFFIC_UDP);
	double removed[STEADY_MAX_ROUNDS];
	struct rates rates;
	int rounds = all->bench->rounds;
	double teardown, setup;

	for (int round = 0; round < rounds; round++) {
		rates.nft[round] = create(all, NFT, &spec, "setup");
		rates.daisy[round] = create(all, DAISY, &spec, "setup");
		removed[round] = destroy(all->daisy);
		results_add_value("teardown", "daisy_per_second", removed[round]);
		daisy_forget(all->daisy);
	}
	setup_report("setup", "64512 new", &rates, rounds);
	teardown = median(removed, rounds);
	setup = median(rates.daisy, rounds);
	summary_number("setup_vs_nft", setup / median(rates.nft, rounds));
	summary_number("setup_per_second", setup);
	summary_number("setup_nft_per_second", median(rates.nft, rounds));
	summary_number("setup_mappings", spec.n);
	summary_number("teardown_per_second", teardown);
	summary_number("teardown_vs_setup", teardown / setup);
	plot_add("setup", "\"64512 removed\" nan %.4f", teardown / 1e6);
	say("  teardown       daisy %.0f/s (%.0f ns): %.2f of setup", teardown, 1e9 / teardown,
	    teardown / setup);
}

static void collide(struct contenders *all)
{
	struct traffic_spec spec = { .kind = TRAFFIC_UDP, .n = COLLIDE_HOSTS * COLLIDE_PORTS,
				     .host = ADDR_HOSTS, .hosts = COLLIDE_HOSTS,
				     .first_port = COLLIDE_FIRST_PORT, .port_shift = 4 };
	struct rates rates;
	int rounds = all->bench->rounds;

	for (int round = 0; round < rounds; round++) {
		rates.nft[round] = create(all, NFT, &spec, "setup_collide");
		rates.daisy[round] = create(all, DAISY, &spec, "setup_collide");
		daisy_forget(all->daisy);
	}
	setup_report("setup_collide", "16 x 1000, same ports", &rates, rounds);
	summary_number("setup_collide_vs_nft",
		       median(rates.daisy, rounds) / median(rates.nft, rounds));
	summary_number("setup_collide_per_second", median(rates.daisy, rounds));
	summary_number("setup_collide_nft_per_second", median(rates.nft, rounds));
	summary_number("setup_collide_mappings", spec.n);
}

void part_setup(struct contenders *all)
{
	struct daisy daisy;

	daisy_open(&daisy, all->bench, 1);
	contenders_daisy_set(all, &daisy);
	nft_set(all->bench, 1);
	summary_number("hold_down_s", daisy_instance_conf(daisy.inst)->timer[DAISY_TIMER_HOLD] *
		       (double)(1 << 30) / 1e9);
	fresh(all);
	collide(all);
	nft_clear(all->bench);
	contender_attach(all, DROP);
	daisy_close(&daisy);
}
