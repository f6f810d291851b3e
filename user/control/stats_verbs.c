/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats show */
#include "control/server.h"
#include "control/verbs.h"
#include "daemon/events.h"

static json_t *counters_json(const struct daisy_counters *counters)
{
	json_t *list = json_object();

#define X(name, help) json_object_set_new(list, #name, json_integer((json_int_t)counters->name));
	DAISY_COUNTERS(X)
#undef X
	return list;
}

static json_t *drops_json(const struct daisy_counters *counters)
{
	json_t *list = json_object();

#define X(num, sym, name, help) \
	json_object_set_new(list, name, json_integer((json_int_t)counters->drop_##sym));
	DAISY_REASONS(X)
#undef X
	return list;
}

static json_t *mappings_json(const struct daisy_figures *figures)
{
	uint64_t held = 0;
	json_t *age_s = figures->counted_ms ?
		json_real((double)(daisy_now_ms() - figures->counted_ms) / 1e3) : json_null();

	for (int i = 0; i < DAISY_N_PROTOS; i++)
		held += figures->held[i];
	return json_pack("{s:I,s:I,s:I,s:I,s:o}", "udp", (json_int_t)figures->mappings[DAISY_UDP],
			 "tcp", (json_int_t)figures->mappings[DAISY_TCP],
			 "icmp", (json_int_t)figures->mappings[DAISY_ICMP],
			 "hold", (json_int_t)held, "age_s", age_s);
}

static json_t *sweep_json(struct daisy_daemon *d)
{
	uint64_t up_ms = daisy_now_ms() - d->start_ms;
	struct daisy_sweeper_stats stats;

	daisy_sweeper_stats(d->sweeper, &stats);
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:f}", "items", (json_int_t)stats.visited,
			 "expired", (json_int_t)stats.expired, "freed", (json_int_t)stats.freed,
			 "rounds", (json_int_t)stats.rounds,
			 "last_round_ms", (json_int_t)stats.round_ms, "cpu_percent",
			 up_ms ? (double)stats.cpu_us / (double)up_ms / 10 : 0.0);
}

static json_t *slow_path_json(const struct daisy_daemon *d)
{
	struct daisy_slowpath_figures figures;

	daisy_slowpath_figures(d->slowpath, &figures);
	return json_pack("{s:I,s:I,s:I,s:I}", "held", (json_int_t)figures.waiting, "overflows",
			 (json_int_t)figures.overflows, "lost", (json_int_t)figures.lost,
			 "unsent", (json_int_t)figures.unsent);
}

int daisy_stats_show(struct daisy_request *request)
{
	struct daisy_daemon *d = request->daemon;
	uint64_t total, per_address;
	struct daisy_counters counters;
	json_t *item;
	int err = daisy_instance_counters(d->inst, &counters);

	if (!err)
		err = daisy_instance_memory(d->inst, &total, &per_address);
	if (err)
		return err;
	item = json_object();
	json_object_set_new(item, "counters", counters_json(&counters));
	json_object_set_new(item, "drops", drops_json(&counters));
	json_object_set_new(item, "mappings", mappings_json(&d->figures));
	json_object_set_new(item, "subscribers",
			    json_integer((json_int_t)d->figures.subscribers));
	json_object_set_new(item, "sweep", sweep_json(d));
	json_object_set_new(item, "slow_path", slow_path_json(d));
	json_object_set_new(item, "memory", json_pack("{s:I,s:I}", "total_bytes",
						      (json_int_t)total, "per_address_bytes",
						      (json_int_t)per_address));
	json_object_set_new(item, "next_hops",
			    json_integer((json_int_t)daisy_nexthops_count(d->nexthops)));
	json_object_set_new(item, "events_lost",
			    json_integer((json_int_t)daisy_events_lost(d->events)));
	json_object_set_new(item, "clients",
			    json_integer((json_int_t)daisy_server_clients(d->server)));
	daisy_reply_item(request, item);
	return ANSWER_DONE;
}
