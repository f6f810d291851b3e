/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checker of an instance's state, for moments without traffic. It walks every
 * record, port map, index entry, subscriber and connection, and demands that
 * they agree:
 *
 *   - a port's bit is set if and only if its record is FREE, and the counts
 *     and hints of the port map fit its bits
 *   - no record is NEW or ABORTED: creators have come to an end
 *   - no two ACTIVE records have the same inside endpoint (RFC 4787 REQ-1)
 *   - each ACTIVE record has exactly one index entry, where a look-up finds it
 *   - each subscriber counts its mappings, and they are all on its address
 *     (RFC 6888 REQ-2)
 *   - port blocks agree with the records (lib-c/blocks.h)
 *   - each TCP mapping counts its connections in the table
 */
#ifndef DAISY_TESTS_CHECK_H
#define DAISY_TESTS_CHECK_H

#include "nat/instance.h"

struct check {
	uint64_t active, hold, rolled_back;	/* records */
	uint64_t free;			/* ports a creator may have */
	uint64_t unclaimed;		/* ports in no map, whose record is FREE: reserved, or lost */
	uint64_t entries;		/* index entries of live mappings, overflow included */
	uint64_t stale;			/* index entries of none */
	uint64_t overflow;
	uint64_t subscribers;
	uint64_t conns;			/* in the table, of live mappings */
	uint64_t orphans;		/* in the table, of ended mappings: a sweep takes them */
	char error[256];		/* the first contradiction; empty: none */
};

/* True if nothing contradicts. n_reserved: ports that address_add was told to leave alone, over all. */
bool check_instance(struct daisy_instance *inst, uint64_t n_reserved, struct check *c);

#endif
