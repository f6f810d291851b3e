/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of a pool that come and go one by one. */
#ifndef DAISY_CONFIG_RANGES_H
#define DAISY_CONFIG_RANGES_H

#include "config/config.h"

/*
 * Take `out` from the range that holds it: nothing, one or two ranges remain, for which the
 * list has room already. -ENOENT: none holds it.
 */
int daisy_config_ranges_subtract(struct daisy_config_pool *pool, const struct daisy_config_range *out);
/* One address more, or less. -ENOMEM, -ENOENT. */
int daisy_config_pool_join(struct daisy_config_pool *pool, uint32_t addr);
int daisy_config_pool_leave(struct daisy_config_pool *pool, uint32_t addr);

#endif
