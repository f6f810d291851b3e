/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deterministic NAT (RFC 7422): from an inside address follow its external
 * address and its range of ports, and back, by arithmetic alone. So nothing has to be
 * logged but the configuration, and the ports taken from the overflow.
 *
 * The inside addresses are numbered from 0 in the order in which their ranges
 * are listed, the external addresses likewise, and the ports of an external address
 * that may be given out (its range without the reserved ones) from 0 upwards. With
 *
 *	ratio = inside addresses / external addresses, rounded up
 *	ports = ports of a subscriber, (usable - overflow) / ratio at most
 *
 * block b of an address is its usable ports b * ports to (b + 1) * ports - 1,
 * and the ports from ratio * ports upwards are overflow. A reserved port
 * within a block is left out, it does not make the block smaller. The arithmetic
 * itself is in bpf/shared/plan.h, which the packet path has, too.
 *
 * Nothing here does any I/O or keeps any state. Addresses and ports are in host
 * order, ranges include both ends.
 */
#ifndef DAISY_NAT_DETERMINISTIC_H
#define DAISY_NAT_DETERMINISTIC_H

#include <stddef.h>
#include <stdint.h>

#include "shared/plan.h"

struct daisy_plan_range {
	uint32_t first;
	uint32_t last;
};

/* Which block of which address a subscriber gets (doc/decisions/0003). */
enum daisy_plan_algorithm {
	PLAN_SEQUENTIAL,	/* fills one address, then the next */
	PLAN_ROUND_ROBIN,	/* one subscriber to each address in turn */
};

/* Inputs; the lists are the caller's and have to outlive the plan. */
struct daisy_plan_input {
	const struct daisy_plan_range *inside;
	size_t n_inside;
	const struct daisy_plan_range *outside;
	size_t n_outside;
	const struct daisy_plan_range *reserved;	/* ports; may overlap, may lie outside */
	size_t n_reserved;
	uint16_t first_port;
	uint16_t last_port;
	uint32_t ports;		/* of each subscriber; 0: as many as fit */
	uint32_t overflow;	/* ports of each address that remain for overflow, at least */
	enum daisy_plan_algorithm algorithm;
};

struct daisy_plan {
	struct daisy_plan_input in;
	uint64_t n_subscribers;
	uint64_t n_addresses;
	uint32_t ratio;		/* subscribers of an address at most */
	uint32_t usable;	/* ports of an address */
	uint32_t ports;		/* of each subscriber */
	uint32_t overflow;	/* what the blocks leave of an address */
	uint64_t usable_bits[1024];
	struct daisy_plan_numbers numbers;	/* the same, for the arithmetic */
};

struct daisy_plan_block {
	uint32_t address;
	uint16_t first;
	uint16_t last;
};

enum daisy_plan_owner {
	PLAN_SUBSCRIBER,
	PLAN_OVERFLOW,
	PLAN_UNASSIGNED,	/* of a block that no inside address has */
	PLAN_RESERVED,		/* reserved, or out of the range: never given out */
};

/*
 * -EINVAL if there are no addresses, or if the ports do not suffice; daisy_error() then says what
 * would fit. Ranges of one list must be disjoint, which is the caller's to check.
 */
int daisy_plan_make(struct daisy_plan *plan, const struct daisy_plan_input *input);
/* The block of an inside address. -ENOENT: it is none of the plan's. */
int daisy_plan_forward(const struct daisy_plan *plan, uint32_t inside,
		       struct daisy_plan_block *block);
/*
 * Whose an external port is; *inside is set for PLAN_SUBSCRIBER only. -ENOENT: the address is none
 * of the plan's.
 */
int daisy_plan_reverse(const struct daisy_plan *plan, uint32_t address, uint16_t port,
		       enum daisy_plan_owner *owner, uint32_t *inside);
/* The overflow ports of every address. -ENOENT: there are none. */
int daisy_plan_overflow(const struct daisy_plan *plan, uint16_t *first, uint16_t *last);

/* "sequential", "round-robin" */
const char *daisy_plan_algorithm_name(enum daisy_plan_algorithm algorithm);
/* -EINVAL, and daisy_error() quotes the word. */
int daisy_plan_algorithm_parse(const char *word, enum daisy_plan_algorithm *algorithm);

#endif
