/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans of the deterministic pools of the configuration, written into the instance. */
#ifndef DAISY_DAEMON_PLANS_H
#define DAISY_DAEMON_PLANS_H

#include <stdint.h>

#include "config/config.h"

struct daisy_daemon;

/* The plan of a pool, whose addresses are there; none, if it is not deterministic. */
int daisy_plans_set(struct daisy_daemon *d, const struct daisy_config *config,
		    const struct daisy_config_pool *pool, uint8_t number);
/* Take away the plans of pools that are gone. */
void daisy_plans_drop(struct daisy_daemon *d);

#endif
