/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which timer holds for what, in ticks: twin of the choices in bpf/lib/expire.h. */
#ifndef DAISY_NAT_TIMERS_H
#define DAISY_NAT_TIMERS_H

#include "nat/instance.h"

/* A connection of enum daisy_conn_state. */
uint32_t daisy_timer_of_conn(const struct daisy_conf *conf, uint32_t state);
/* A mapping by itself: a TCP one lives by it only if it has connections beyond those in its record. */
uint32_t daisy_timer_of_mapping(const struct daisy_conf *conf, enum daisy_proto proto);
/* A port of a slot in hold-down. */
uint32_t daisy_timer_of_rest(struct daisy_instance *inst, uint32_t slot);

#endif
