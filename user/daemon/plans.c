/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/plan.h"
#include "config/values.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/plans.h"
#include "lib/error.h"
#include "nat/plans.h"

/* A deterministic pool serves one zone (daisy_config_plan_check): its own, or that of the links. */
static uint16_t zone_of(const struct daisy_config *config, const struct daisy_config_pool *pool)
{
	if (pool->n_zones)
		return pool->zones[0];
	for (size_t i = 0; i < config->n_links; i++)
		if (config->links[i].side != SIDE_OUTSIDE)
			return config->links[i].zone;
	return 0;
}

/* A change of the plan is all that tells later whose a port was (RFC 7422 section 2). */
static void log_plan(const struct daisy_config_pool *pool, const struct daisy_plan *plan)
{
	struct daisy_config_range range = { 0, 0 };
	char text[DAISY_VALUE_SIZE] = "none";
	uint16_t first, last;

	if (!daisy_plan_overflow(plan, &first, &last)) {
		range = (struct daisy_config_range){ first, last };
		daisy_value_format_ports(&range, text);
	}
	daisy_log(LOG_NOTICE, "pool %s: deterministic from now on, %llu subscribers on %llu addresses, "
			      "%u ports each, overflow %s, %s", pool->name,
		  (unsigned long long)plan->n_subscribers, (unsigned long long)plan->n_addresses,
		  plan->ports, text, daisy_plan_algorithm_name(pool->algorithm));
}

int daisy_plans_set(struct daisy_daemon *d, const struct daisy_config *config,
		    const struct daisy_config_pool *pool, uint8_t number)
{
	struct daisy_config_plan plan;
	bool changed = false;
	int err;

	if (pool->mode != POOL_DETERMINISTIC)
		return daisy_instance_plan_del(d->inst, number);
	err = daisy_config_plan_make(pool, &plan);
	if (!err)
		err = daisy_instance_plan_set(d->inst, number, zone_of(config, pool), &plan.plan,
					      &changed);
	if (!err && changed)
		log_plan(pool, &plan.plan);
	daisy_config_plan_clean(&plan);
	return err;
}

void daisy_plans_drop(struct daisy_daemon *d)
{
	for (int i = 0; i < DAISY_MAX_POOLS; i++)
		if (!*d->pool_name[i] && daisy_instance_plan_del(d->inst, (uint8_t)i))
			daisy_log(LOG_ERR, "plan of pool number %d: %s", i, daisy_error());
}
