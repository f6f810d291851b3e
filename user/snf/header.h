/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet as a vector of unsigned numbers, one for each header field (SNF,
 * "Packet unit representation"). The first N_READ_FIELDS can be asked for by
 * functions and span the space that classes divide; the rest are written only.
 */
#ifndef DAISY_SNF_HEADER_H
#define DAISY_SNF_HEADER_H

#include <stdint.h>

/* X(identifier, name, bits, what it is called in a sentence) */
#define DAISY_READ_FIELDS \
	X(SRC, "src", 32) \
	X(DST, "dst", 32) \
	X(PROTO, "proto", 8) \
	X(SPORT, "sport", 16)		/* TCP and UDP, not in later fragments; else 0 */ \
	X(DPORT, "dport", 16) \
	X(TCP_FLAGS, "tcp-flags", 8)	/* CWR ECE URG ACK PSH RST SYN FIN */ \
	X(ICMP_TYPE, "icmp-type", 8) \
	X(ICMP_CODE, "icmp-code", 8) \
	X(DSCP, "dscp", 6) \
	X(ECN, "ecn", 2) \
	X(TTL, "ttl", 8) \
	X(FRAG, "frag", 2)		/* enum daisy_fragment */ \
	X(PAINT, "paint", 8)		/* annotation of Click, 0 at an entry */
#define DAISY_WRITE_FIELDS \
	X(NEXT_HOP, "next-hop", 32)	/* destination annotation of Click; 0: none */ \
	X(ETHER_TYPE, "ether-type", 16) \
	X(ETHER_SRC, "ether-src", 48) \
	X(ETHER_DST, "ether-dst", 48)

#define X(id, name, bits) FIELD_##id,
enum daisy_field {
	DAISY_READ_FIELDS
	N_READ_FIELDS,
	FIELD_READ_LAST = N_READ_FIELDS - 1,
	DAISY_WRITE_FIELDS
	N_FIELDS,
};
#undef X

enum daisy_fragment {
	FRAGMENT_NONE = 0,
	FRAGMENT_FIRST = 1,
	FRAGMENT_LATER = 2,
	FRAGMENT_LAST = FRAGMENT_LATER,
};

/* All in host order. */
struct daisy_header {
	uint64_t value[N_FIELDS];
	/* What the reference interpreter noted on the way: */
	uint32_t written;		/* bit by field */
	uint32_t ttl_down;		/* how often TTL was lowered */
};

const char *daisy_field_name(enum daisy_field field);
/* Largest value; of FRAG the largest that exists. */
uint64_t daisy_field_max(enum daisy_field field);
/* A value as people write it: dotted, a MAC address, or decimal. */
void daisy_field_format(enum daisy_field field, uint64_t value, char text[24]);

#endif
