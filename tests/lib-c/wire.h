/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second opinion on frames: parses and sums them from scratch, sharing no
 * code with the packet path. Multi-byte values are in host order.
 */
#ifndef DAISY_TESTS_WIRE_H
#define DAISY_TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_sum {
	SUM_UNKNOWN,		/* not in the frame as a whole: fragment, truncated, other protocol */
	SUM_NONE,		/* UDP without checksum */
	SUM_GOOD,
	SUM_BAD,
};

struct wire {
	size_t len;		/* of the frame */
	int n_tags;
	uint16_t ethertype;	/* behind the tags */
	size_t l3;		/* offset of the IPv4 header; 0: not IPv4, or cut within its header */
	size_t l4;		/* offset of what follows the IPv4 header */
	size_t end;		/* offset behind the last byte of the packet, at most len */
	bool whole;		/* the total length does not reach beyond the frame */
	uint32_t src, dst;
	uint8_t proto, ttl;
	uint16_t frag_off;	/* bytes */
	bool more;		/* more fragments */
	enum wire_sum ip_sum;
	bool has_ports;		/* first eight bytes of the transport header (ICMP: of a query) are there */
	uint16_t sport, dport;	/* ICMP query: both the id */
	bool icmp_error;	/* has_ports is false then */
	enum wire_sum l4_sum;
};

uint16_t wire_get16(const uint8_t *p);
uint32_t wire_get32(const uint8_t *p);
void wire_put16(uint8_t *p, uint16_t value);
void wire_put32(uint8_t *p, uint32_t value);

/* Internet checksum (RFC 1071) of n bytes, `start` added: 0 over data that contains a right one. */
uint16_t wire_sum(const uint8_t *p, size_t n, uint32_t start);
/* Sum of the pseudo header, to start a transport checksum with. */
uint32_t wire_pseudo(uint32_t src, uint32_t dst, uint8_t proto, size_t n);

/* false: not an IPv4 frame with a whole header; l3 is 0 then. */
bool wire_parse(struct wire *w, const uint8_t *frame, size_t len);
/* Parse what an ICMP error carries; sums of the transport are not looked at (it may be cut). */
bool wire_parse_embedded(struct wire *w, const uint8_t *frame, const struct wire *outer);

/* Write the checksum of the IPv4 header at p (its length is in it). */
void wire_fix_ip(uint8_t *p);
/* Write the transport checksum of an unfragmented packet at p, `len` bytes of it there. */
void wire_fix_l4(uint8_t *p, size_t len);

#endif
