/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "config/check.h"
#include "config/plan.h"
#include "config/policy.h"
#include "config/values.h"
#include "lib/clock.h"
#include "lib/error.h"

/* A subscriber has one address, and that 65535 ports for each protocol. */
#define MAX_OF_ADDRESS 65535
/* Counted in sixteen bits for a tick of 1.07 s. */
#define MAX_RATE 60000

void daisy_config_policy_defaults(struct daisy_config_pool *pool)
{
	pool->block_size = pool->mode == POOL_DETERMINISTIC ? DAISY_OVERFLOW_BLOCK_SIZE :
							      DAISY_BLOCK_SIZE;
	pool->blocks = DAISY_BLOCKS;
	pool->hold_s = DAISY_HOLD_TIMER;
	pool->limits.warn_percent = DAISY_WARN_PERCENT;
}

static int compile_blocks(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw, size_t i,
			  struct daisy_config_pool *pool)
{
	const char *stray = raw->block_size ? "block-size" : raw->blocks ? "blocks" : NULL;
	uint32_t most;

	if (stray && pool->mode == POOL_DYNAMIC) {
		daisy_error_set("key \"%s\" is for modes blocks and deterministic, expected it there "
				"only", stray);
		return daisy_config_place(doc, "pools[%zu].%s", i, stray);
	}
	if (raw->block_size && daisy_value_block_size(raw->block_size, &pool->block_size))
		return daisy_config_place(doc, "pools[%zu].block-size", i);
	if (!raw->blocks)
		return 0;
	if (daisy_value_number(raw->blocks, 1, DAISY_SUB_BLOCKS, "a number of blocks", &most))
		return daisy_config_place(doc, "pools[%zu].blocks", i);
	pool->blocks = (uint8_t)most;
	return 0;
}

static int compile_limits(struct daisy_yaml_doc *doc, const struct daisy_raw_pool_limits *raw,
			  size_t i, struct daisy_config_limits *limits)
{
	if (!raw)
		return 0;
	const struct {
		const char *name, *text;
		uint32_t max, *value;
	} list[] = {
		{ "udp", raw->udp, MAX_OF_ADDRESS, &limits->mappings[DAISY_UDP] },
		{ "tcp", raw->tcp, MAX_OF_ADDRESS, &limits->mappings[DAISY_TCP] },
		{ "icmp", raw->icmp, MAX_OF_ADDRESS, &limits->mappings[DAISY_ICMP] },
		{ "mappings", raw->mappings, DAISY_N_PROTOS * MAX_OF_ADDRESS,
		  &limits->mappings[DAISY_N_PROTOS] },
		{ "mappings-per-second", raw->per_second, MAX_RATE, &limits->per_second },
		{ "warn-percent", raw->warn_percent, 100, &limits->warn_percent },
	};

	for (size_t k = 0; k < sizeof(list) / sizeof(list[0]); k++)
		if (list[k].text && daisy_value_number(list[k].text, 1, list[k].max, "a limit",
						       list[k].value))
			return daisy_config_place(doc, "pools[%zu].limits.%s", i, list[k].name);
	return 0;
}

/* What becomes of freed ports. */
static int compile_hold(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw, size_t i,
			struct daisy_config_pool *pool)
{
	uint32_t held = 0;

	if (raw->max_held &&
	    daisy_value_number(raw->max_held, 1, MAX_OF_ADDRESS, "a number of ports", &held))
		return daisy_config_place(doc, "pools[%zu].max-held", i);
	pool->max_held = (uint16_t)held;
	if (raw->hold_down && daisy_value_number(raw->hold_down, 0, DAISY_CONFIG_MAX_TIMER_S,
						 "a time in seconds", &pool->hold_s))
		return daisy_config_place(doc, "pools[%zu].hold-down", i);
	if (raw->reuse_closed && daisy_value_bool(raw->reuse_closed, &pool->reuse_closed))
		return daisy_config_place(doc, "pools[%zu].reuse-closed", i);
	return 0;
}

int daisy_config_policy_compile(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw,
				size_t i, struct daisy_config_pool *pool)
{
	int err = compile_blocks(doc, raw, i, pool);

	if (!err)
		err = compile_hold(doc, raw, i, pool);
	return err ? err : compile_limits(doc, raw->limits, i, &pool->limits);
}

/* Blocks are aligned to their size: does one lie whole in these ports? */
static bool has_block(uint32_t first, uint32_t last, uint32_t size)
{
	first = (first + size - 1) / size * size;
	return first + size - 1 <= last;
}

/* Ports of the overflow. False: no block fits into it, or there is none. */
static bool find_overflow(const struct daisy_config_pool *pool, uint16_t *first, uint16_t *last)
{
	struct daisy_config_plan plan;
	bool found = !daisy_config_plan_make(pool, &plan) &&
		     !daisy_plan_overflow(&plan.plan, first, last) &&
		     has_block(*first, *last, pool->block_size);

	daisy_config_plan_clean(&plan);
	return found;
}

/* One that is asked for has to hold a block; what rounding leaves need not. */
static int check_overflow(const struct daisy_config_pool *pool, size_t i,
			  struct daisy_yaml_doc *doc)
{
	uint16_t first = 0, last = 0;

	if (!pool->overflow || find_overflow(pool, &first, &last) || !first)
		return 0;
	daisy_error_set("overflow of ports %u-%u holds no aligned block of %u ports, expected more "
			"ports or smaller blocks", first, last, pool->block_size);
	return daisy_config_place(doc, "pools[%zu].overflow", i);
}

/* Blocks lie whole in the dynamic ports: one at least, wherever those begin. */
int daisy_config_policy_check(const struct daisy_config_pool *pool, size_t i,
			      struct daisy_yaml_doc *doc)
{
	uint32_t size = pool->block_size;

	if (pool->mode == POOL_DETERMINISTIC)
		return check_overflow(pool, i, doc);
	if (pool->mode != POOL_BLOCKS || has_block(pool->first_port, pool->last_port, size))
		return 0;
	daisy_error_set("\"%u\" is larger than any aligned part of ports %u-%u, expected a smaller "
			"size of port blocks, or mode dynamic", size, pool->first_port, pool->last_port);
	return daisy_config_place(doc, "pools[%zu].block-size", i);
}

/* The event comes before the first refusal, whatever the limit. */
static uint32_t warn_at(uint32_t limit, uint32_t percent)
{
	uint32_t n = (uint32_t)((uint64_t)limit * percent / 100);

	return limit && !n ? 1 : n;
}

/* In one assignment: the packet path reads it meanwhile, and knows no limit of 0. */
void daisy_config_policy_make(const struct daisy_config_pool *pool, struct daisy_pool *policy)
{
	const struct daisy_config_limits *limits = &pool->limits;
	uint32_t size = pool->mode == POOL_BLOCKS ? pool->block_size : 0;
	struct daisy_pool made = {
		.blocks = pool->blocks, .max_held = pool->max_held,
		.flags = pool->reuse_closed ? POOL_REUSE_CLOSED : 0,
		.deterministic = pool->mode == POOL_DETERMINISTIC,
	};
	uint16_t first, last;

	if (pool->hold_s != DAISY_HOLD_TIMER) {
		made.hold = daisy_ticks_from_seconds(pool->hold_s);
		made.flags |= POOL_HOLD;
	}
	if (made.deterministic && find_overflow(pool, &first, &last)) {
		made.overflow_first = first;
		made.overflow_last = last;
		size = pool->block_size;
	}
	for (; size >= DAISY_BLOCK_LEAF_PORTS; size /= 2)
		made.block_order++;
	for (int i = 0; i <= DAISY_N_PROTOS; i++) {
		made.limit[i] = limits->mappings[i];
		made.warn[i] = warn_at(limits->mappings[i], limits->warn_percent);
	}
	made.rate = (uint32_t)(((uint64_t)limits->per_second << DAISY_TICK_SHIFT) / DAISY_NS_PER_S);
	*policy = made;
}
