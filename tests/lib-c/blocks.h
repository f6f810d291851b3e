/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port blocks must agree with the records, for moments without traffic:
 *
 *   - a leaf is free, or in one block, or may come into none
 *   - each port that was taken from a block lies in one of its subscriber's
 *   - each block counts the ports in use in it, of all protocols
 */
#ifndef DAISY_TESTS_BLOCKS_H
#define DAISY_TESTS_BLOCKS_H

#include "nat/instance.h"

/* What contradicts in a slot; NULL: nothing. */
const char *blocks_contradiction(struct daisy_instance *inst, uint32_t slot);
/* Blocks of a slot that are somebody's; of this subscriber (address as in memory, zone) if addr. */
unsigned int blocks_count(struct daisy_instance *inst, uint32_t slot, uint32_t addr, uint16_t zone);

#endif
