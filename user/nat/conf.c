/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of the packet path: map `conf`. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "nat/internal.h"

/* Half of what eight bits of an epoch tell apart. */
#define INSIDE_ROUTE_EPOCHS 128

static const uint32_t default_seconds[DAISY_N_TIMERS] = {
#define X(sym, name, def, min, help) [DAISY_TIMER_##sym] = (def),
	DAISY_TIMERS(X)
#undef X
};

static const char *const timer_names[DAISY_N_TIMERS] = {
#define X(sym, name, def, min, help) [DAISY_TIMER_##sym] = (name),
	DAISY_TIMERS(X)
#undef X
};

#define DEFAULT_ICMP_RATE 100	/* per second and CPU */

int daisy_conf_check(const struct daisy_instance_spec *spec)
{
	for (int i = 0; i < DAISY_N_TIMERS; i++) {
		uint32_t seconds = spec->timer_s[i];

		if (seconds <= DAISY_TIMER_MAX_S ||
		    (i == DAISY_TIMER_HOLD && seconds == UINT32_MAX))
			continue;
		daisy_error_set("timer \"%s\": %u seconds, at most %u (a year)", timer_names[i],
				seconds, DAISY_TIMER_MAX_S);
		return -EINVAL;
	}
	return 0;
}

/* Records of the hinted ones are refreshed once in so many ticks (bpf/lib/fast.h). */
static uint32_t ticks_of(enum daisy_timer timer, uint32_t seconds)
{
	bool hinted = timer == DAISY_TIMER_UDP || timer == DAISY_TIMER_TCP_ESTABLISHED;

	return daisy_ticks_from_seconds(seconds) + (hinted ? DAISY_HINT_TICKS : 0);
}

static uint32_t timer_ticks(enum daisy_timer timer, uint32_t seconds)
{
	if (timer == DAISY_TIMER_HOLD && seconds == UINT32_MAX)
		return 0;
	return ticks_of(timer, seconds ? seconds : default_seconds[timer]);
}

void daisy_instance_timers_set(struct daisy_instance *inst, const uint32_t seconds[DAISY_N_TIMERS])
{
	for (int i = 0; i < DAISY_N_TIMERS; i++)
		__atomic_store_n(&inst->conf->timer[i], ticks_of(i, seconds[i]), __ATOMIC_RELAXED);
}

/* Settings that may differ from run to run; those that the mappings depend on are left alone. */
void daisy_conf_apply(struct daisy_instance *inst, const struct daisy_instance_spec *spec)
{
	struct daisy_conf *conf = inst->conf;

	for (int i = 0; i < DAISY_N_TIMERS; i++)
		conf->timer[i] = timer_ticks(i, spec->timer_s[i]);
	daisy_instance_options_set(inst, spec->options);
	conf->icmp_rate = spec->icmp_rate ? spec->icmp_rate : DEFAULT_ICMP_RATE;
}

/* The hash multiplies by all words but the first: odd numbers lose nothing. */
static int set_hash_key(struct daisy_conf *conf, const uint64_t given[4])
{
	uint64_t key[4];
	uint64_t any = given[0] | given[1] | given[2] | given[3];

	memcpy(key, given, sizeof(key));
	if (!any && getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		int err = -errno;

		daisy_error_set("no random numbers for the index: %s", strerror(-err));
		return err;
	}
	conf->hash_key[0] = key[0];
	for (int i = 1; i < 4; i++)
		conf->hash_key[i] = key[i] | 1;
	return 0;
}

/* Settings of a fresh instance. */
int daisy_conf_create(struct daisy_instance *inst, const struct daisy_instance_spec *spec)
{
	int err = set_hash_key(inst->conf, spec->hash_key);

	if (err)
		return err;
	inst->conf->index_lines = inst->sizes.index_buckets;
	inst->conf->nexthop_epoch = 1;
	daisy_conf_apply(inst, spec);
	return 0;
}

uint32_t daisy_instance_tick(const struct daisy_instance *inst)
{
	return daisy_tick(daisy_clock_ns(__atomic_load_n(&inst->conf->clock_offset_ns,
							 __ATOMIC_RELAXED)));
}

void daisy_instance_clock_advance(struct daisy_instance *inst, uint32_t seconds)
{
	__atomic_fetch_add(&inst->conf->clock_offset_ns, (int64_t)(seconds * DAISY_NS_PER_S),
			   __ATOMIC_RELEASE);
	/* The tick that the packet path has published is over. */
	__atomic_store_n(&inst->conf->tick_jiffies, 0, __ATOMIC_RELEASE);
}

/*
 * 0 is what an empty entry holds. A next hop of an inside host is remembered with eight
 * bits of the epoch: emptied twice in their cycle, the table has none that is old enough
 * to look current, not even one written by a packet that was under way.
 */
void daisy_instance_nexthops_changed(struct daisy_instance *inst)
{
	uint16_t epoch = (uint16_t)(inst->conf->nexthop_epoch + 1);

	epoch = epoch ? epoch : 1;
	__atomic_store_n(&inst->conf->nexthop_epoch, epoch, __ATOMIC_RELEASE);
	if (epoch % INSIDE_ROUTE_EPOCHS != 1)
		return;
	for (uint32_t i = 0; i < DAISY_ROUTE_CACHE; i++)
		__atomic_store_n(&inst->inside_routes[i].word, 0, __ATOMIC_RELAXED);
}
