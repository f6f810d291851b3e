/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "lib/clock.h"
#include "nat/mapping.h"
#include "nat/timers.h"

/* Attempts to read a record that packets keep changing. */
#define READ_ATTEMPTS 8

bool daisy_mapping_read(const void *at, size_t stride, struct daisy_tcp_mapping *record)
{
	uint64_t before, after;

	memset(record, 0, sizeof(*record));
	for (int i = 0; i < READ_ATTEMPTS; i++) {
		before = __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE);
		memcpy(record, at, stride < sizeof(*record) ? stride : sizeof(*record));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
		if (before == after && record->m.ctl.word == before)
			return record->m.ctl.state == MAPPING_ACTIVE;
	}
	return false;
}

static uint32_t remaining(uint32_t limit, uint32_t age)
{
	return age < limit ? limit - age : 0;
}

uint32_t daisy_mapping_expires_in(const struct daisy_conf *conf, enum daisy_proto proto,
				  const struct daisy_tcp_mapping *record, uint32_t now)
{
	const struct daisy_mapping *m = &record->m;
	uint32_t age = daisy_tick_age(now, (uint32_t)m->ctl.seen), left = 0;

	if (m->flags & MAPPING_STATIC)
		return DAISY_EXPIRES_NEVER;
	if (proto != DAISY_TCP)
		return remaining(daisy_timer_of_mapping(conf, proto), age);
	if (m->flags & MAPPING_UNTRACKED || record->conns & 0xffff)
		left = remaining(daisy_timer_of_mapping(conf, proto), age);
	for (int i = 0; i < DAISY_INLINE_CONNS; i++) {
		const union daisy_conn_control *ctl = &record->conn[i].ctl;
		uint32_t one = ctl->state < CONN_OPENING ? 0 :
			remaining(daisy_timer_of_conn(conf, ctl->state),
				  daisy_tick_age(now, (uint32_t)ctl->seen));

		left = one > left ? one : left;
	}
	return left;
}
