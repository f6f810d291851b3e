/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deterministic pools of an instance (nat/deterministic.h says what a plan is). */
#ifndef DAISY_NAT_PLANS_H
#define DAISY_NAT_PLANS_H

#include "nat/deterministic.h"
#include "nat/instance.h"

/*
 * Let the hosts of a zone that a plan numbers have their ports by it, from the
 * next mapping on. The plan's addresses are there, and pool `pool` is theirs.
 * `changed`: it is not the plan that the pool has had. -ENOSPC: too many prefixes.
 */
int daisy_instance_plan_set(struct daisy_instance *inst, uint8_t pool, uint16_t zone,
			    const struct daisy_plan *plan, bool *changed);
/* Forget the plan of a pool; it need not have one. */
int daisy_instance_plan_del(struct daisy_instance *inst, uint8_t pool);

#endif
