/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deterministic pools: the ports that a subscriber has by arithmetic. Looked up
 * anew for every creation, so a plan that has been changed holds from the next
 * one on.
 */
#ifndef DAISY_LIB_PLAN_H
#define DAISY_LIB_PLAN_H

#include "grant.h"
#include "ports.h"

/*
 * What an inside endpoint may have by plan: slot and ports as in a grant. 0: no
 * plan has it. Minus a reason: its plan is being changed at this moment.
 */
STAGE __s64 plan_grant(__u64 endpoint)
{
	union daisy_endpoint inside = { .word = endpoint };
	struct daisy_prefix_key key = { .prefixlen = 64, .zone_be = bpf_htons(inside.zone) };
	const struct daisy_plan_prefix *prefix;
	const struct daisy_plan_table *plan;
	struct daisy_plan_place place;
	__u32 addr = (__u32)endpoint, pool;

	__builtin_memcpy(key.addr, &addr, 4);
	prefix = bpf_map_lookup_elem(&plan_prefixes, &key);
	if (!prefix)
		return 0;
	pool = prefix->pool;
	plan = bpf_map_lookup_elem(&plans, &pool);
	if (!plan || plan->version != prefix->version)
		return -REASON_SUBSCRIBER_RACE;
	daisy_plan_find(&plan->numbers, prefix->number + (bpf_ntohl(addr) - prefix->addr), &place);
	return grant_make(plan->slot[place.address & (DAISY_MAX_SLOTS - 1)], place.first, place.last);
}

/* A port out of a granted range. Returns it, or 0 when none is free. */
STAGE int plan_claim(__u64 grant, __u32 proto, __u64 mask)
{
	__u32 index = grant_slot(grant) * DAISY_N_PROTOS + proto;

	return port_claim_between(index, grant_first(grant), grant_last(grant), mask);
}

#endif
