/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build and judge frames; see pkt.h. */
#include <netinet/in.h>
#include <string.h>

#include "pkt.h"

#define ETHERTYPE_IP 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8

#define USUAL_TTL 64
#define USUAL_ID 0x1d0f
#define USUAL_PAYLOAD 18

#define ICMP_DEST_UNREACH 3
#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO 8
#define ICMP_TIMESTAMP 13
#define ICMP_TIMESTAMP_REPLY 14

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

uint32_t csum_add(uint32_t sum, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += get16(b + i);
	if (len % 2)
		sum += b[len - 1] << 8;
	return sum;
}

uint16_t csum_field(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Add an error to a right checksum the way a wrong sum of the data would. */
static uint16_t spoil(uint16_t field, uint16_t off)
{
	uint32_t sum = field + off;

	return (sum & 0xffff) + (sum >> 16);
}

static unsigned int payload_len(const struct pkt *p)
{
	if (p->payload == ZERO)
		return 0;
	return p->payload ? p->payload : USUAL_PAYLOAD;
}

static size_t put_payload(const struct pkt *p, uint8_t *at)
{
	unsigned int i, n = payload_len(p);

	for (i = 0; i < n; i++)
		at[i] = i * 7 + 13;
	if (p->first_word && n >= 2)
		put16(at, p->first_word);
	return n;
}

static bool is_query(const struct pkt *p)
{
	return p->type == ICMP_ECHO || p->type == ICMP_ECHO_REPLY || p->type == ICMP_TIMESTAMP ||
	       p->type == ICMP_TIMESTAMP_REPLY;
}

/* Query ids belong to the inside host, or where there is none to the end that has one. */
static uint16_t query_id(const struct pkt *p)
{
	return p->src.port ? p->src.port : p->dst.port;
}

static size_t build_ip(const struct pkt *p, uint8_t *at);

static size_t put_quotation(const struct pkt *p, uint8_t *at)
{
	uint8_t inner[PKT_ROOM];
	size_t n = build_ip(p->inner, inner);

	if (p->inner_cut_to && p->inner_cut_to < n)
		n = p->inner_cut_to;
	memcpy(at, inner, n);
	if (n < p->inner_pad_to) {
		memset(at + n, 0, p->inner_pad_to - n);
		n = p->inner_pad_to;
	}
	if (p->n_extension)
		memcpy(at + n, p->extension, p->n_extension);
	return n + p->n_extension;
}

static size_t put_icmp(const struct pkt *p, uint8_t *at)
{
	size_t n;

	at[0] = p->type;
	at[1] = p->code;
	put16(at + 2, 0);
	if (is_query(p)) {
		put16(at + 4, query_id(p));
		put16(at + 6, p->seq == (uint32_t)ZERO ? 0 : 1);
	} else {
		put32(at + 4, p->rest);
	}
	n = 8 + (p->inner ? put_quotation(p, at + 8) : put_payload(p, at + 8));
	put16(at + 2, spoil(csum_field(csum_add(0, at, n)), p->csum_off));
	return n;
}

static uint32_t pseudo_header(const struct pkt *p, size_t len)
{
	uint8_t pseudo[12];

	put32(pseudo, p->src.addr);
	put32(pseudo + 4, p->dst.addr);
	put16(pseudo + 8, p->proto);
	put16(pseudo + 10, len);
	return csum_add(0, pseudo, sizeof(pseudo));
}

static size_t put_udp(const struct pkt *p, uint8_t *at)
{
	size_t n = 8 + put_payload(p, at + 8);
	uint16_t check;

	put16(at, p->src.port);
	put16(at + 2, p->dst.port);
	put16(at + 4, n + p->udp_length_off);
	put16(at + 6, 0);
	if (p->no_checksum)
		return n;
	check = csum_field(csum_add(pseudo_header(p, n), at, n));
	check = spoil(check ? check : 0xffff, p->csum_off);
	put16(at + 6, check);
	return n;
}

static size_t put_tcp(const struct pkt *p, uint8_t *at)
{
	size_t header = 20 + p->n_tcp_options;
	size_t n = header + put_payload(p, at + header);

	memset(at, 0, 20);
	put16(at, p->src.port);
	put16(at + 2, p->dst.port);
	put32(at + 4, p->seq);
	put32(at + 8, p->ack);
	at[12] = (p->doff ? p->doff : header / 4) << 4;
	at[13] = p->flags;
	if (p->n_tcp_options)
		memcpy(at + 20, p->tcp_options, p->n_tcp_options);
	put16(at + 14, 0x7210);
	put16(at + 16, spoil(csum_field(csum_add(pseudo_header(p, n), at, n)), p->csum_off));
	return n;
}

static size_t put_transport(const struct pkt *p, uint8_t *at)
{
	switch (p->proto) {
	case IPPROTO_UDP:
		return put_udp(p, at);
	case IPPROTO_TCP:
		return put_tcp(p, at);
	case IPPROTO_ICMP:
		return put_icmp(p, at);
	default:
		return put_payload(p, at);
	}
}

static uint16_t fragment_field(const struct pkt *p, size_t whole, size_t part)
{
	uint16_t field = p->df ? 0x4000 : 0;

	if (p->frag_field)
		return p->frag_field;
	if (p->fragment) {
		field |= p->from / 8;
		if (p->from + part < whole)
			field |= 0x2000;
	}
	return field;
}

static size_t build_ip(const struct pkt *p, uint8_t *at)
{
	uint8_t datagram[PKT_ROOM * 2];
	size_t whole = put_transport(p, datagram);
	size_t header = 20 + p->n_options;
	size_t from = p->fragment ? p->from : 0;
	size_t part = p->fragment && p->part ? p->part : whole - from;

	memset(at, 0, header);
	at[0] = (p->version ? p->version : 4) << 4 | (p->ihl ? p->ihl : header / 4);
	at[1] = p->tos;
	put16(at + 2, header + part + p->total_length_off);
	put16(at + 4, p->id == ZERO ? 0 : p->id ? p->id : USUAL_ID);
	put16(at + 6, fragment_field(p, whole, part));
	at[8] = p->ttl == ZERO ? 0 : p->ttl ? p->ttl : USUAL_TTL;
	at[9] = p->proto;
	put32(at + 12, p->src.addr);
	put32(at + 16, p->dst.addr);
	if (p->n_options)
		memcpy(at + 20, p->options, p->n_options);
	put16(at + 10, spoil(csum_field(csum_add(0, at, header)), p->ip_csum_off));
	memcpy(at + header, datagram + from, part);
	return header + part;
}

static size_t put_arp(const struct arp *a, uint8_t *at)
{
	put16(at, 1);		/* Ethernet */
	put16(at + 2, ETHERTYPE_IP);
	at[4] = 6;
	at[5] = 4;
	put16(at + 6, a->op);
	memcpy(at + 8, a->sha.byte, 6);
	put32(at + 14, a->spa);
	memcpy(at + 18, a->tha.byte, 6);
	put32(at + 24, a->tpa);
	return 28;
}

static size_t put_ethernet(const struct pkt *p, uint8_t *at)
{
	size_t n = 12;
	unsigned int i;

	memcpy(at, p->dmac.byte, 6);
	memcpy(at + 6, p->smac.byte, 6);
	for (i = 0; i < p->n_tags; i++) {
		put16(at + n, p->n_tags == 2 && i == 0 ? ETHERTYPE_QINQ : ETHERTYPE_VLAN);
		put16(at + n + 2, p->tag[i]);
		n += 4;
	}
	put16(at + n, p->ethertype ? p->ethertype : ETHERTYPE_IP);
	return n + 2;
}

size_t pkt_build(const struct pkt *p, uint8_t *frame)
{
	size_t n = put_ethernet(p, frame);

	if (p->ethertype == ETHERTYPE_ARP)
		n += put_arp(&p->arp, frame + n);
	else if (p->ethertype && p->ethertype != ETHERTYPE_IP)
		n += put_payload(p, frame + n);
	else
		n += build_ip(p, frame + n);
	if (n < p->pad_to) {
		memset(frame + n, 0xee, p->pad_to - n);
		n = p->pad_to;
	}
	return p->cut < n ? n - p->cut : 0;
}

size_t pkt_ip_offset(const uint8_t *frame, size_t len)
{
	size_t at = 12;

	while (at + 2 <= len && (get16(frame + at) == ETHERTYPE_VLAN || get16(frame + at) == ETHERTYPE_QINQ))
		at += 4;
	if (at + 2 + 20 > len || get16(frame + at) != ETHERTYPE_IP)
		return 0;
	return at + 2;
}

static const char *transport_wrong(const uint8_t *ip, const uint8_t *l4, size_t len)
{
	uint8_t pseudo[12] = { 0 };
	uint32_t sum = 0;

	if (ip[9] == IPPROTO_UDP && len >= 8 && !get16(l4 + 6))
		return NULL;
	if (ip[9] != IPPROTO_UDP && ip[9] != IPPROTO_TCP && ip[9] != IPPROTO_ICMP)
		return NULL;
	if (ip[9] != IPPROTO_ICMP) {
		memcpy(pseudo, ip + 12, 8);
		pseudo[9] = ip[9];
		put16(pseudo + 10, len);
		sum = csum_add(0, pseudo, sizeof(pseudo));
	}
	return csum_field(csum_add(sum, l4, len)) ? "transport checksum" : NULL;
}

const char *pkt_checksums_wrong(const uint8_t *frame, size_t len)
{
	size_t at = pkt_ip_offset(frame, len);
	const uint8_t *ip = frame + at;
	size_t header, total;

	if (!at)
		return NULL;
	header = (ip[0] & 15) * 4;
	total = get16(ip + 2);
	if (at + total > len || header > total)
		return "total length";
	if (csum_field(csum_add(0, ip, header)))
		return "IP header checksum";
	if (get16(ip + 6) & 0x3fff)
		return NULL;
	return transport_wrong(ip, ip + header, total - header);
}
