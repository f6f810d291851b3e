/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookies of our rules: whose a rule is can be read off the switch, so the
 * controller keeps nothing (openflow/README.md).
 *
 *	63      48 47  40 39    24 23     0
 *	  0xda15    kind   owner    epoch
 *
 * Rules without 0xda15 in front are somebody else's.
 */
#ifndef DAISY_OPENFLOW_COOKIE_H
#define DAISY_OPENFLOW_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#define DAISY_COOKIE_OURS (0xda15ULL << 48)
#define DAISY_COOKIE_EPOCH_MAX 0xffffffu

/* Kinds of rules (openflow/README.md): name, and number, which never becomes another's. */
#define DAISY_FLOW_KINDS(X) \
	X(GUARD, "guard", 1) \
	X(CHAIN, "chain", 2) \
	X(OUTBOUND, "outbound", 3) \
	X(INBOUND, "inbound", 4) \
	X(RETURN, "return", 5) \
	X(ARP, "arp", 6) \
	X(REST, "rest", 7)

enum daisy_flow_kind {
#define DAISY_FLOW_KIND_ENUM(id, name, number) FLOW_##id = number,
	DAISY_FLOW_KINDS(DAISY_FLOW_KIND_ENUM)
#undef DAISY_FLOW_KIND_ENUM
};

static inline uint64_t daisy_cookie(enum daisy_flow_kind kind, uint16_t owner, uint32_t epoch)
{
	return DAISY_COOKIE_OURS | (uint64_t)kind << 40 | (uint64_t)owner << 24 |
	       (epoch & DAISY_COOKIE_EPOCH_MAX);
}

static inline bool daisy_cookie_ours(uint64_t cookie)
{
	return cookie >> 48 == DAISY_COOKIE_OURS >> 48;
}

static inline enum daisy_flow_kind daisy_cookie_kind(uint64_t cookie)
{
	return (enum daisy_flow_kind)(cookie >> 40 & 0xff);
}

/* Id of a box, 0: of none. */
static inline uint16_t daisy_cookie_owner(uint64_t cookie)
{
	return (uint16_t)(cookie >> 24);
}

static inline uint32_t daisy_cookie_epoch(uint64_t cookie)
{
	return (uint32_t)cookie & DAISY_COOKIE_EPOCH_MAX;
}

#endif
