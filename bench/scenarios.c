// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenarios.h"

struct traffic_spec full_out(enum traffic_kind kind)
{
	return (struct traffic_spec){ .kind = kind, .n = DAISY_FULL_ADDRESS, .host = ADDR_HOSTS,
				      .hosts = 64, .first_port = DAISY_FIRST_PORT };
}

struct traffic_spec full_in(enum traffic_kind kind)
{
	return (struct traffic_spec){ .inbound = true, .kind = kind, .n = DAISY_FULL_ADDRESS,
				      .host = ADDR_POOL, .hosts = 1,
				      .first_port = DAISY_FIRST_PORT };
}

void preload(struct contenders *all, enum contender_kind kind, const struct traffic_spec *spec)
{
	struct traffic *traffic = traffic_open(all->bench, spec);
	struct sample sample;

	contender_attach(all, kind);
	for (int pass = 0; pass < 3; pass++) {
		sample = traffic_run(traffic, all->each[kind].counter, spec->n);
		if (sample.delivered == spec->n)
			break;
	}
	if (sample.delivered != spec->n)
		say("  preload: %s delivers %llu of %u flows", all->each[kind].name,
		    (unsigned long long)sample.delivered, spec->n);
	traffic_close(traffic);
}

void preload_tcp(struct contenders *all, enum contender_kind kind)
{
	struct traffic_spec syn = full_out(TRAFFIC_TCP_SYN), reply = full_in(TRAFFIC_TCP_SYN_ACK);
	struct traffic_spec ack = full_out(TRAFFIC_TCP_ACK);

	preload(all, kind, &syn);
	preload(all, kind, &reply);
	preload(all, kind, &ack);
}
