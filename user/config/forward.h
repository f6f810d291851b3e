/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static forwards of the pools. */
#ifndef DAISY_CONFIG_FORWARD_H
#define DAISY_CONFIG_FORWARD_H

#include "config/config.h"
#include "config/schema.h"
#include "config/values.h"

/*
 * From words: external "ADDR", "ADDR:PORT" or "ADDR:PORT-PORT"; inside "ADDR" (the
 * same ports) or "ADDR:PORT" (of the first); protocol and zone may be NULL. -EINVAL;
 * *key is then the name of the bad word.
 */
int daisy_config_forward_parse(const char *protocol, const char *external, const char *inside,
			       const char *zone, struct daisy_config_forward *forward,
			       const char **key);
/* Key `forwards` of pool `i`. -EINVAL with its place. */
int daisy_config_forwards_compile(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw,
				  size_t i, struct daisy_config_pool *pool);
/*
 * Each one is of its pool's addresses and zones, and has its external and inside
 * ports for itself. doc as in config/check.h.
 */
int daisy_config_forwards_check(const struct daisy_config *config, struct daisy_yaml_doc *doc);
/* Each host is in an inside prefix of its zone. */
int daisy_config_forwards_check_hosts(const struct daisy_config *config, struct daisy_yaml_doc *doc);

bool daisy_config_forward_equal(const struct daisy_config_forward *a,
				const struct daisy_config_forward *b);
/* Is it for this protocol? */
bool daisy_config_forward_has(const struct daisy_config_forward *forward, enum daisy_proto proto);
/* Is an external port one that a pool's mappings may have? */
bool daisy_config_pool_allots(const struct daisy_config_pool *pool, uint32_t options, uint32_t port);
bool daisy_config_pool_has(const struct daisy_config_pool *pool, uint32_t addr);
/* The link whose prefix an inside host is in, NULL if there is none. */
const struct daisy_config_link *daisy_config_host_link(const struct daisy_config *config, uint32_t addr,
						       uint16_t zone);
/* At the end of the pool's list. -ENOMEM. */
int daisy_config_forward_append(struct daisy_config_pool *pool,
				const struct daisy_config_forward *forward);
/* Out of the pool's list. */
void daisy_config_forward_drop(struct daisy_config_pool *pool, size_t i);

void daisy_config_forward_external(const struct daisy_config_forward *forward,
				   char text[DAISY_VALUE_SIZE]);
void daisy_config_forward_inside(const struct daisy_config_forward *forward,
				 char text[DAISY_VALUE_SIZE]);

#endif
