/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NAT remembers, read straight from the port vectors: the oracle of
 * the packet tests. The index is not used, so it is judged too.
 */
#ifndef DAISY_TESTS_RUN_STATE_H
#define DAISY_TESTS_RUN_STATE_H

#include "bed.h"

/* A mapping's place. */
struct place {
	uint32_t slot;
	uint16_t port;
	enum daisy_proto proto;
};

/* Number of ACTIVE mappings of an inside endpoint; the last one found to *at. */
unsigned int state_find(struct bed *bed, enum daisy_proto proto, const struct end *inside,
			struct place *at);
/* Does the record still hold the ACTIVE mapping of this endpoint? */
bool state_holds(struct bed *bed, const struct place *at, const struct end *inside);
/* What an earlier packet in would have left for the straight line, if the bed is warm. */
void state_warm_inbound(struct bed *bed, const struct place *at);
struct daisy_mapping *state_record(struct bed *bed, const struct place *at);
/* External address of a slot, host order. */
uint32_t state_addr(struct bed *bed, uint32_t slot);

/*
 * Everything that is remembered as text, sorted, "; " between the mappings:
 *
 *	udp 1/10.0.0.1:5000
 *	tcp 1/10.0.0.1:5000 [198.51.100.1:80 established]
 *	icmp hold
 *
 * Zone/inside address:port, then a TCP mapping's connections in the record and
 * in the table. External ports, chosen at random, are left out; what is not
 * ACTIVE shows its state instead of its endpoint.
 */
const char *state_dump(struct bed *bed);

/* What cannot be: ports, counts, or index entries that contradict each other. NULL if all is well. */
const char *state_contradiction(struct bed *bed);

enum daisy_proto state_proto(uint8_t ip_proto);

#endif
