// SPDX-License-Identifier: GPL-2.0-or-later
#include "carrier.h"
#include "config/policy.h"
#include "contender.h"
#include "parts.h"
#include "results.h"
#include "scenarios.h"
#include "steady.h"

void carrier_open(struct daisy *daisy, const struct bench *bench)
{
	static const struct daisy_config_pool pool = {
		.mode = POOL_BLOCKS, .block_size = DAISY_BLOCK_SIZE, .blocks = DAISY_BLOCKS,
		.limits = {
			.mappings = { CARRIER_PORTS, CARRIER_PORTS, 256, 2 * CARRIER_PORTS },
			.per_second = 2 * CARRIER_PORTS,
			.warn_percent = DAISY_WARN_PERCENT,
		},
	};

	daisy_open(daisy, bench, 1);
	daisy_config_policy_make(&pool, &daisy_instance_pools(daisy->inst)[0]);
}

struct traffic_spec carrier_out(uint32_t hosts)
{
	return (struct traffic_spec){ .kind = TRAFFIC_UDP, .n = hosts * CARRIER_PORTS,
				      .host = ADDR_HOSTS, .hosts = 64,
				      .host_shift = CARRIER_HOST_SHIFT,
				      .first_port = DAISY_FIRST_PORT };
}

/* Both have every port in use, and the second in blocks. */
static void full_check(struct daisy *plain, struct daisy *carrier)
{
	struct daisy *const both[] = { plain, carrier };

	for (int i = 0; i < 2; i++)
		if (daisy_count(both[i]).created_udp != DAISY_FULL_ADDRESS)
			die("%llu mappings in an address of %u ports",
			    (unsigned long long)daisy_count(both[i]).created_udp,
			    DAISY_FULL_ADDRESS);
	if (daisy_instance_block_map(carrier->inst, carrier->slots[0])->n_free)
		die("the address is full, but not its blocks");
	if (!daisy_instance_block_map(plain->inst, plain->slots[0])->n_free)
		die("the plain address uses blocks");
}

static struct steady direction(struct contenders *all, const char *name, const char *title,
			       struct traffic_spec spec)
{
	struct steady steady = { .name = name, .contenders = 1 << DROP | 1 << BARE | 1 << DAISY |
							     1 << CARRIER };
	uint32_t first = spec.inbound ? ADDR_HOSTS : ADDR_POOL;
	uint32_t last = spec.inbound ? first + CARRIER_HOSTS - 1 : first;

	steady.traffic = traffic_open(all->bench, &spec);
	for (int kind = DAISY; kind <= CARRIER; kind++)
		if (contender_check(all, kind, steady.traffic, spec.inbound, first, last) != spec.n)
			die("%s: %s does not deliver all flows", name, all->each[kind].name);
	steady_run(all, &steady);
	plot_add("speed", "\"%s\" %.1f %.1f %.1f", title, steady.ns[DROP], steady.ns[DAISY],
		 steady.ns[CARRIER]);
	traffic_close(steady.traffic);
	return steady;
}

static void speed_report(const struct steady *out, const struct steady *in)
{
	summary_number("flows", DAISY_FULL_ADDRESS);
	summary_number("out_65k_features_vs_plain", out->ns[DAISY] / out->ns[CARRIER]);
	summary_number("in_65k_features_vs_plain", in->ns[DAISY] / in->ns[CARRIER]);
	summary_number("drop_ns", out->ns[DROP]);
	summary_number("bare_ns", out->ns[BARE]);
	summary_number("plain_ns", out->ns[DAISY]);
	summary_number("features_ns", out->ns[CARRIER]);
	summary_number("lost", out->lost[CARRIER]);
	summary_number("in_drop_ns", in->ns[DROP]);
	summary_number("in_bare_ns", in->ns[BARE]);
	summary_number("in_plain_ns", in->ns[DAISY]);
	summary_number("in_features_ns", in->ns[CARRIER]);
	summary_number("in_lost", in->lost[CARRIER]);
}

void part_speed(struct contenders *all)
{
	struct traffic_spec spec = carrier_out(CARRIER_HOSTS);
	struct daisy plain, carrier;
	struct steady out, in;

	daisy_open(&plain, all->bench, 1);
	carrier_open(&carrier, all->bench);
	contenders_daisy_set(all, &plain);
	contenders_carrier_set(all, &carrier);
	preload(all, DAISY, &spec);
	preload(all, CARRIER, &spec);
	full_check(&plain, &carrier);
	out = direction(all, "out_65k", "UDP out", spec);
	in = direction(all, "in_65k", "UDP in", full_in(TRAFFIC_UDP));
	speed_report(&out, &in);
	summary_text("program_tag", carrier.tag);
	contender_attach(all, DROP);
	daisy_close(&carrier);
	daisy_close(&plain);
}
