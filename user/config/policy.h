/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pool allows its subscribers: port blocks and limits. */
#ifndef DAISY_CONFIG_POLICY_H
#define DAISY_CONFIG_POLICY_H

#include "config/config.h"
#include "config/schema.h"

/* Port blocks of a pool that says no more than mode: blocks. */
#define DAISY_BLOCK_SIZE 512
#define DAISY_BLOCKS 4
/* Blocks of the overflow of one that says no more than mode: deterministic. */
#define DAISY_OVERFLOW_BLOCK_SIZE 64
#define DAISY_WARN_PERCENT 80

/* By the pool's mode. */
void daisy_config_policy_defaults(struct daisy_config_pool *pool);
/* Keys of pool `i`, whose mode is known. -EINVAL with its place. */
int daisy_config_policy_compile(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw,
				size_t i, struct daisy_config_pool *pool);
/* A block has to fit into the ports, or into the overflow that is asked for. doc as in config/check.h. */
int daisy_config_policy_check(const struct daisy_config_pool *pool, size_t i,
			      struct daisy_yaml_doc *doc);
/* As the packet path reads it. */
void daisy_config_policy_make(const struct daisy_config_pool *pool, struct daisy_pool *policy);

#endif
