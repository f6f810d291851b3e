// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "parts.h"
#include "results.h"
#include "scenarios.h"
#include "steady.h"

static void check(struct contenders *all, enum contender_kind kind, struct traffic *traffic,
		  const struct traffic_spec *spec)
{
	uint32_t first = spec->inbound ? ADDR_HOSTS : ADDR_POOL;
	uint64_t good = contender_check(all, kind, traffic, spec->inbound, first,
					spec->inbound ? first + 63 : first);

	if (good < spec->n * 0.999)
		die("%s delivers %llu of %u flows", all->each[kind].name,
		    (unsigned long long)good, spec->n);
}

static struct steady forward(struct contenders *all, const char *name, const char *title,
			     struct traffic_spec spec)
{
	struct steady steady = { .name = name, .contenders = 1 << DROP | 1 << BARE | 1 << NFT |
							     1 << DAISY };

	steady.traffic = traffic_open(all->bench, &spec);
	check(all, NFT, steady.traffic, &spec);
	check(all, DAISY, steady.traffic, &spec);
	steady_run(all, &steady);
	plot_add("forward", "\"%s\" %.1f %.1f %.1f %.1f", title, steady.ns[DROP], steady.ns[BARE],
		 steady.ns[NFT], steady.ns[DAISY]);
	traffic_close(steady.traffic);
	return steady;
}

static void raw_set(const char *prefix, const struct steady *steady)
{
	static const char *const names[] = { "drop", "bare", "nft", "daisy" };
	char key[64];

	for (int kind = DROP; kind <= DAISY; kind++) {
		snprintf(key, sizeof(key), "%s%s_ns", prefix, names[kind]);
		summary_number(key, steady->ns[kind]);
	}
	snprintf(key, sizeof(key), "%slost", prefix);
	summary_number(key, steady->lost[DAISY]);
}

static void udp(struct contenders *all)
{
	struct traffic_spec spec = full_out(TRAFFIC_UDP);
	struct steady out, in;

	preload(all, NFT, &spec);
	preload(all, DAISY, &spec);
	out = forward(all, "out_65k", "UDP out", spec);
	in = forward(all, "in_65k", "UDP in", full_in(TRAFFIC_UDP));
	raw_set("", &out);
	raw_set("in_", &in);
	summary_number("flows", spec.n);
	summary_number("out_65k_vs_nft", out.ns[NFT] / out.ns[DAISY]);
	summary_number("in_65k_vs_nft", in.ns[NFT] / in.ns[DAISY]);
	summary_number("out_65k_cost_vs_bare", steady_cost(&out, DAISY));
	summary_number("in_65k_cost_vs_bare", steady_cost(&in, DAISY));
}

static void udp_remotes(struct contenders *all)
{
	struct traffic_spec spec = full_out(TRAFFIC_UDP);
	struct steady out;

	spec.remotes = 65536;
	nft_flush(all->bench);
	preload(all, NFT, &spec);
	preload(all, DAISY, &spec);
	out = forward(all, "out_65k_remotes", "UDP out,\\n65,536 remotes", spec);
	raw_set("remotes_", &out);
	summary_number("out_65k_remotes_vs_nft", out.ns[NFT] / out.ns[DAISY]);
	summary_number("out_65k_remotes_cost_vs_bare", steady_cost(&out, DAISY));
}

static void tcp(struct contenders *all)
{
	struct steady out;

	nft_flush(all->bench);
	daisy_forget(all->daisy);
	preload_tcp(all, NFT);
	preload_tcp(all, DAISY);
	out = forward(all, "tcp_out_65k", "TCP out", full_out(TRAFFIC_TCP_ACK));
	raw_set("tcp_", &out);
	summary_number("tcp_out_65k_vs_nft", out.ns[NFT] / out.ns[DAISY]);
	summary_number("tcp_out_65k_cost_vs_bare", steady_cost(&out, DAISY));
}

void part_forward(struct contenders *all)
{
	struct daisy daisy;

	daisy_open(&daisy, all->bench, 1);
	contenders_daisy_set(all, &daisy);
	nft_set(all->bench, 1);
	udp(all);
	udp_remotes(all);
	tcp(all);
	summary_text("program_tag", daisy.tag);
	nft_clear(all->bench);
	contender_attach(all, DROP);
	daisy_close(&daisy);
}
