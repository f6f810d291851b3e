/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pools with `mode: deterministic`: their keys, their rules, and their plan (nat/deterministic.h). */
#ifndef DAISY_CONFIG_PLAN_H
#define DAISY_CONFIG_PLAN_H

#include "config/config.h"
#include "config/schema.h"
#include "nat/deterministic.h"

/* A plan with the lists that it points to. */
struct daisy_config_plan {
	struct daisy_plan plan;
	struct daisy_plan_range *ranges;
};

/* -EINVAL: the ports do not suffice, -ENOMEM. The caller cleans in any case. */
int daisy_config_plan_make(const struct daisy_config_pool *pool, struct daisy_config_plan *plan);
void daisy_config_plan_clean(struct daisy_config_plan *plan);

/* Keys of pool `i`. -EINVAL with its place. */
int daisy_config_plan_compile(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw, size_t i,
			      struct daisy_config_pool *pool);
/* Rules of all pools and between them; doc as in config/check.h. */
int daisy_config_plan_check(const struct daisy_config *config, struct daisy_yaml_doc *doc);

#endif
