/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as the tests write them down, and the frames they stand for.
 *
 * A struct pkt says what matters and leaves the rest zero, which means the
 * usual: IPv4, time to live 64, a payload of 18 bytes (UDP: a frame of 60),
 * every checksum right. Checksums are always computed over the whole packet,
 * never by difference, so they judge the datapath, which does the latter.
 * Addresses and ports are in host order.
 */
#ifndef DAISY_TESTS_PKT_H
#define DAISY_TESTS_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* BPF_PROG_RUN takes at most 3520 bytes of frame from one page. */
#define PKT_ROOM 3520

/*
 * One end of a conversation. Zone 0: an address of the world, the same
 * everywhere. Any other zone: an inside host, which the outside knows by the
 * external endpoint of its mapping (bed_view() puts that in its place).
 * port is the query id in ICMP queries.
 */
struct end {
	uint32_t addr;
	uint16_t port;
	uint16_t zone;
};

struct mac {
	uint8_t byte[6];
};

#define ADDR(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* Value of pkt.ttl, pkt.id, pkt.payload and a query's pkt.seq for a true zero. */
#define ZERO (-1)

struct arp {
	uint16_t op;
	struct mac sha, tha;
	uint32_t spa, tpa;
};

struct pkt {
	/* Ethernet; a zero MAC and no tags are filled in from the link */
	struct mac dmac, smac;
	bool own_tags;			/* n_tags and tag are meant, also when 0 */
	unsigned int n_tags;
	uint16_t tag[2];		/* outermost first */
	uint16_t ethertype;		/* 0: IPv4; another than ARP: followed by `payload` bytes */
	unsigned int pad_to;		/* frame length filled up with 0xee */
	unsigned int cut;		/* bytes missing at the end of the frame */
	struct arp arp;

	/* IPv4 */
	struct end src, dst;
	uint8_t proto;			/* IPPROTO_*; other than UDP, TCP, ICMP: payload alone */
	int ttl;
	uint8_t tos;
	int id;				/* 0: 0x1d0f */
	bool df;
	const uint8_t *options;
	unsigned int n_options;		/* bytes, a multiple of four */
	bool fragment;			/* the part of the datagram that starts at byte `from` */
	unsigned int from;		/* a multiple of eight */
	unsigned int part;		/* bytes of it; 0: to the end */

	/* transport; payload is of the whole datagram, also in a fragment */
	int payload;
	uint16_t first_word;		/* first two bytes of the payload, when not 0 */
	bool no_checksum;		/* UDP */
	uint8_t flags;			/* TCP */
	const uint8_t *tcp_options;
	const uint8_t *tcp_options_after;	/* what they are when translated; NULL: the same */
	unsigned int n_tcp_options;	/* bytes, a multiple of four */
	uint32_t seq, ack;		/* TCP; seq of ICMP queries: ZERO, or 0 for the usual 1 */
	uint8_t type, code;		/* ICMP */
	uint32_t rest;			/* ICMP: bytes 4 to 7, where they are no query id */
	const struct pkt *inner;	/* ICMP errors: the packet they quote */
	unsigned int inner_cut_to;	/* bytes quoted of it; 0: all */
	unsigned int inner_pad_to;	/* quotation filled up with zeros (RFC 4884) */
	const uint8_t *extension;	/* after the quotation */
	unsigned int n_extension;

	/* defects */
	unsigned int version, ihl;	/* other than 4 and the true one */
	int total_length_off;		/* added to the true one */
	uint16_t ip_csum_off;		/* added, one's complement, to the right checksum */
	uint16_t csum_off;		/* the same for the transport checksum */
	uint16_t frag_field;		/* flags and offset, instead of the true ones */
	int udp_length_off;
	unsigned int doff;		/* TCP data offset other than 5 */
};

/* One's complement sum (RFC 1071) of bytes, added to sum; not folded, not complemented. */
uint32_t csum_add(uint32_t sum, const void *bytes, size_t len);
/* Checksum field of a sum, host order. */
uint16_t csum_field(uint32_t sum);

/* Build the frame of p; every end is literal by now. Returns its length. */
size_t pkt_build(const struct pkt *p, uint8_t *frame);

/*
 * Recompute every checksum of an IPv4 frame. NULL if they are right, or what
 * is wrong. A fragment's transport checksum is not judged.
 */
const char *pkt_checksums_wrong(const uint8_t *frame, size_t len);
/* Offset of the IPv4 header, behind the tags; 0 if the frame is no IPv4. */
size_t pkt_ip_offset(const uint8_t *frame, size_t len);

/* Print both frames, decoded and as bytes, as TAP diagnostics. */
void pkt_print_difference(const uint8_t *want, size_t want_len, const uint8_t *got, size_t got_len);
/* One line of what a frame is, into text. */
void pkt_describe(const uint8_t *frame, size_t len, char *text, size_t room);

#endif
