// SPDX-License-Identifier: GPL-2.0-or-later
/* One host misbehaves, the others go on. */
#include "carrier.h"
#include "parts.h"
#include "results.h"
#include "streams.h"

/*
 * Datagrams that well-behaved hosts begin between a datagram's first fragment
 * and its last. The flood begins eight times as many meanwhile: more than the
 * table of fragments holds, if each host had no share.
 */
#define FRAGMENT_DELAY 5120
#define FRAGMENT_HOSTS 64
#define FRAGMENT_TURNS 1600000

/* Every UDP port but one, to sixteen remotes each: a million flows. */
#define ABUSER_PORTS 65535
#define ABUSER_REMOTES 16
#define ABUSER_FLOWS (ABUSER_PORTS * ABUSER_REMOTES)

static void report(const struct streams *streams, const char *const names[MIX_STREAMS])
{
	for (int i = 0; i < MIX_STREAMS && names[i]; i++) {
		struct sample sample = { .sent = streams->sent[i], .delivered = streams->arrived[i] };

		results_add(names[i], "carrier", &sample);
		say("  %-20s %9llu sent, %9llu arrived", names[i],
		    (unsigned long long)sample.sent, (unsigned long long)sample.delivered);
	}
}

/* 64 hosts, eight mappings each; 65,536 datagrams, told apart by host and identification. */
static struct traffic_spec good(enum traffic_kind kind)
{
	return (struct traffic_spec){ .kind = kind, .n = 65536, .host = ADDR_HOSTS,
				      .hosts = FRAGMENT_HOSTS, .first_port = 5000,
				      .port_shift = 13 };
}

enum { WHOLE, FIRST, LAST, FLOOD };

/* Good hosts and the flood through an instance of its own; answers are added to `streams`. */
static void fragments_run(struct contenders *all, struct streams *streams, const char *const names[MIX_STREAMS])
{
	struct daisy daisy;

	carrier_open(&daisy, all->bench);
	contenders_carrier_set(all, &daisy);
	for (int round = 0; round < all->bench->rounds; round++) {
		contender_attach(all, CARRIER);
		streams_run(all, streams, FRAGMENT_TURNS);
	}
	report(streams, names);
	if (!daisy_count(&daisy).drop_FRAGMENT_QUOTA)
		die("the flood of fragments was no flood");
	if (streams_lost(streams, WHOLE, LAST) > 0)
		daisy_explain(&daisy);
	contender_attach(all, DROP);
	daisy_close(&daisy);
}

void part_fragments(struct contenders *all)
{
	static const char *const names[MIX_STREAMS] = { "fragments_whole", "fragments_first",
							"fragments_last", "fragments_flood" };
	static const char *const full_names[MIX_STREAMS] = {
		"fragments_full_whole", "fragments_full_first", "fragments_full_last", "fragments_full_flood",
	};
	struct streams half = {
		.spec = {
			[WHOLE] = good(TRAFFIC_UDP), [FIRST] = good(TRAFFIC_UDP_FIRST),
			[LAST] = good(TRAFFIC_UDP_LAST),
			[FLOOD] = { .kind = TRAFFIC_UDP_FIRST, .n = 1 << 20,
				    .host = ADDR_HOSTS + FRAGMENT_HOSTS, .hosts = 1,
				    .first_port = 5000, .port_shift = 20, .remotes = 16 },
		},
		.delay = { [LAST] = FRAGMENT_DELAY },
		.turn = { WHOLE, FLOOD, WHOLE, FLOOD, FIRST, FLOOD, WHOLE, FLOOD,
			  WHOLE, FLOOD, WHOLE, FLOOD, LAST, FLOOD, WHOLE, FLOOD },
		.n_turns = 16,
		.paced = true,
	};
	struct streams full = half;

	full.paced = false;
	fragments_run(all, &half, names);
	fragments_run(all, &full, full_names);
	summary_number("fragment_flood_loss_of_good", streams_lost(&half, WHOLE, LAST));
	summary_number("fragment_flood_full_load_loss_of_good", streams_lost(&full, WHOLE, LAST));
	summary_number("fragment_flood_good", half.sent[WHOLE] + half.sent[FIRST] + half.sent[LAST]);
	summary_number("fragment_flood_sent", half.sent[FLOOD]);
	summary_number("fragment_flood_passed", half.arrived[FLOOD]);
}

void part_abuser(struct contenders *all)
{
	enum { OTHERS, ABUSER };
	static const char *const names[MIX_STREAMS] = { "abuser_others", "abuser_itself" };
	struct streams streams = {
		.spec = {
			[OTHERS] = carrier_out(CARRIER_HOSTS - 1),
			[ABUSER] = { .kind = TRAFFIC_UDP, .n = ABUSER_FLOWS,
				     .host = ADDR_HOSTS + CARRIER_HOSTS - 1, .hosts = 1,
				     .first_port = 1, .port_shift = 4,
				     .remotes = ABUSER_REMOTES },
		},
		.turn = { OTHERS, ABUSER },
		.n_turns = 2,
	};
	uint64_t mappings = 0;

	for (int round = 0; round < all->bench->rounds; round++) {
		struct daisy daisy;

		carrier_open(&daisy, all->bench);
		contenders_carrier_set(all, &daisy);
		contender_attach(all, CARRIER);
		streams_run(all, &streams, 2 * ABUSER_FLOWS);
		mappings = daisy_count(&daisy).created_udp;
		if (streams_lost(&streams, OTHERS, OTHERS) > 0)
			daisy_explain(&daisy);
		contender_attach(all, DROP);
		daisy_close(&daisy);
	}
	report(&streams, names);
	summary_number("abuser_loss_of_others", streams_lost(&streams, OTHERS, OTHERS));
	summary_number("abuser_flows", ABUSER_FLOWS);
	summary_number("abuser_passed", streams.arrived[ABUSER]);
	summary_number("abuser_mappings_of_all", mappings);
}
