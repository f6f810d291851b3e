/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, zones, prefixes and settings of the configuration, written into
 * the instance. Each function makes the instance equal to the configuration
 * whatever was there before: a fresh start, an adopted instance and a reload
 * are one case.
 */
#ifndef DAISY_DAEMON_TABLES_H
#define DAISY_DAEMON_TABLES_H

#include "config/config.h"

struct daisy_daemon;

/* Add the addresses of all pools, and zones. What is there too much stays. */
int daisy_tables_add(struct daisy_daemon *d, const struct daisy_config *config);
/* Take away addresses that no pool has, with their mappings, and prefixes that no link has. */
void daisy_tables_drop(struct daisy_daemon *d, const struct daisy_config *config);
/* Inside prefixes of the links, which have numbers by now. */
int daisy_tables_prefixes(struct daisy_daemon *d, const struct daisy_config *config);
/* What is not translated. */
int daisy_tables_rules(struct daisy_daemon *d, const struct daisy_config *config);
/* Timers and options. */
void daisy_tables_settings(struct daisy_daemon *d, const struct daisy_config *config);
/* Zones again, after the state of an address has changed. */
int daisy_tables_zones(struct daisy_daemon *d, const struct daisy_config *config);
/* A slot for an address of a pool that arrives from another box, or -errno. Host order. */
int daisy_tables_arrival(struct daisy_daemon *d, const struct daisy_config_pool *pool, uint32_t addr);
/* Slot of an external address, -1 if it has none. Host order. */
int daisy_tables_slot(struct daisy_daemon *d, uint32_t addr);

#endif
