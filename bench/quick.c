// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "parts.h"
#include "scenarios.h"
#include "steady.h"

static void direction_run(struct contenders *all, const char *name, struct traffic_spec spec)
{
	struct steady steady = { .name = name, .contenders = 1 << DROP | 1 << BARE | 1 << DAISY };

	steady.traffic = traffic_open(all->bench, &spec);
	contender_check(all, DAISY, steady.traffic, spec.inbound,
			spec.inbound ? ADDR_HOSTS : ADDR_POOL,
			spec.inbound ? ADDR_HOSTS + 63 : ADDR_POOL);
	steady_run(all, &steady);
	traffic_close(steady.traffic);
}

static bool wanted(const char *only, const char *name)
{
	return !only || !strcmp(only, name);
}

void part_quick(struct contenders *all, const char *only)
{
	struct traffic_spec udp = full_out(TRAFFIC_UDP);
	struct daisy daisy;

	daisy_open(&daisy, all->bench, 1);
	contenders_daisy_set(all, &daisy);
	say("program %s", daisy.tag);
	preload(all, DAISY, &udp);
	if (wanted(only, "out_65k"))
		direction_run(all, "out_65k", udp);
	if (wanted(only, "in_65k"))
		direction_run(all, "in_65k", full_in(TRAFFIC_UDP));
	daisy_forget(&daisy);
	preload_tcp(all, DAISY);
	if (wanted(only, "tcp_out_65k"))
		direction_run(all, "tcp_out_65k", full_out(TRAFFIC_TCP_ACK));
	daisy_explain(&daisy);
	daisy_close(&daisy);
}
