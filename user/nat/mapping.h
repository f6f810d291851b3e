/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mapping as userspace reads it, while packets change it. */
#ifndef DAISY_NAT_MAPPING_H
#define DAISY_NAT_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/config.h"
#include "shared/nat.h"

/*
 * The record at `at`, of `stride` bytes, as it was at one moment, as far as can
 * be told; of others than TCP only the first half is filled. False if there is
 * no mapping (any more).
 */
bool daisy_mapping_read(const void *at, size_t stride, struct daisy_tcp_mapping *record);
/*
 * Ticks until a mapping may go if nothing refreshes it. A TCP mapping goes with
 * its last connection, a forward never.
 */
#define DAISY_EXPIRES_NEVER UINT32_MAX
uint32_t daisy_mapping_expires_in(const struct daisy_conf *conf, enum daisy_proto proto,
				  const struct daisy_tcp_mapping *record, uint32_t now);

#endif
