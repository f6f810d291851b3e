/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/timers.h"

uint32_t daisy_timer_of_conn(const struct daisy_conf *conf, uint32_t state)
{
	switch (state) {
	case CONN_ESTABLISHED:
		return conf->timer[DAISY_TIMER_TCP_ESTABLISHED];
	case CONN_CLOSING:
		return conf->timer[DAISY_TIMER_TCP_CLOSING];
	case CONN_RESET:
		return conf->timer[DAISY_TIMER_TCP_RESET];
	default:
		return conf->timer[DAISY_TIMER_TCP_OPENING];
	}
}

uint32_t daisy_timer_of_mapping(const struct daisy_conf *conf, enum daisy_proto proto)
{
	static const enum daisy_timer timers[DAISY_N_PROTOS] = {
		[DAISY_UDP] = DAISY_TIMER_UDP, [DAISY_TCP] = DAISY_TIMER_TCP_ESTABLISHED,
		[DAISY_ICMP] = DAISY_TIMER_ICMP,
	};

	return conf->timer[timers[proto]];
}

uint32_t daisy_timer_of_rest(struct daisy_instance *inst, uint32_t slot)
{
	const struct daisy_pool *pool =
		&daisy_instance_pools(inst)[daisy_instance_slots(inst)[slot].pool];

	return pool->flags & POOL_HOLD ? pool->hold :
	       daisy_instance_conf(inst)->timer[DAISY_TIMER_HOLD];
}
