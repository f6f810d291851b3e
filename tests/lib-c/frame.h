/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builder of valid IPv4 frames with right checksums. Host order everywhere. */
#ifndef DAISY_TESTS_FRAME_H
#define DAISY_TESTS_FRAME_H

#include "lib-c/bed.h"

struct frame {
	uint32_t len;
	uint32_t l3;		/* offset of the IPv4 header */
	uint32_t l4;
	uint8_t bytes[BED_MAX_FRAME];
};

struct frame_spec {
	enum bed_link link;	/* gives the MAC addresses and tags */
	uint32_t src, dst;
	uint8_t proto;		/* 6, 17, 1 */
	uint8_t ttl;		/* 0: 64 */
	uint16_t id;
	uint16_t frag;		/* flags and offset as in the header; the data is cut by the caller */
	uint16_t n_options;	/* bytes, a multiple of four, of no-operation options */
	uint16_t sport, dport;	/* ICMP query: sport is the id */
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	bool no_sum;		/* UDP without checksum */
	uint16_t n_data;	/* bytes behind the transport header; a pattern */
	const struct frame_spec *about;	/* ICMP error: the packet it is about */
	uint16_t about_len;	/* bytes of it that are carried, from its IPv4 header on; 0: all */
};

void frame_build(struct frame *f, const struct frame_spec *s);
/*
 * One fragment of a built packet: `from` and `to` in bytes behind the IPv4
 * header, from a multiple of eight.
 */
void frame_fragment(struct frame *part, const struct frame *whole, uint32_t from, uint32_t to);

#endif
