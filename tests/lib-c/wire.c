/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/wire.h"

#include <netinet/in.h>
#include <string.h>

uint16_t wire_get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

uint32_t wire_get32(const uint8_t *p)
{
	return (uint32_t)wire_get16(p) << 16 | wire_get16(p + 2);
}

void wire_put16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

void wire_put32(uint8_t *p, uint32_t value)
{
	wire_put16(p, value >> 16);
	wire_put16(p + 2, value);
}

uint16_t wire_sum(const uint8_t *p, size_t n, uint32_t start)
{
	uint64_t sum = start;

	for (; n > 1; p += 2, n -= 2)
		sum += wire_get16(p);
	if (n)
		sum += *p << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

uint32_t wire_pseudo(uint32_t src, uint32_t dst, uint8_t proto, size_t n)
{
	return (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff) + proto + n;
}

static bool is_icmp_error(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool is_icmp_query(uint8_t type)
{
	return type == 0 || type == 8 || type == 13 || type == 14 || type == 15 || type == 16 ||
	       type == 17 || type == 18;
}

static void parse_transport(struct wire *w, const uint8_t *frame)
{
	const uint8_t *p = frame + w->l4;
	size_t n = w->end - w->l4;

	if (w->frag_off)
		return;
	switch (w->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		if (n < 8)
			return;
		w->has_ports = true;
		w->sport = wire_get16(p);
		w->dport = wire_get16(p + 2);
		break;
	case IPPROTO_ICMP:
		if (n < 8)
			return;
		w->icmp_error = is_icmp_error(p[0]);
		if (is_icmp_query(p[0])) {
			w->has_ports = true;
			w->sport = w->dport = wire_get16(p + 4);
		}
		break;
	}
}

static void check_transport(struct wire *w, const uint8_t *frame)
{
	const uint8_t *p = frame + w->l4;
	size_t n = w->end - w->l4;
	uint32_t start = 0;

	if (w->frag_off || w->more || !w->whole || n < 8)
		return;
	switch (w->proto) {
	case IPPROTO_UDP:
		if (!wire_get16(p + 6)) {
			w->l4_sum = SUM_NONE;
			return;
		}
		/* Bytes behind the UDP length are not summed. */
		if (wire_get16(p + 4) < 8 || wire_get16(p + 4) > n)
			return;
		n = wire_get16(p + 4);
		start = wire_pseudo(w->src, w->dst, w->proto, n);
		break;
	case IPPROTO_TCP:
		if (n < 20)
			return;
		start = wire_pseudo(w->src, w->dst, w->proto, n);
		break;
	case IPPROTO_ICMP:
		break;
	default:
		return;
	}
	w->l4_sum = wire_sum(p, n, start) ? SUM_BAD : SUM_GOOD;
}

/* The IPv4 header at w->l3 of a frame that ends at `limit`. */
static bool parse_ip(struct wire *w, const uint8_t *frame, size_t limit)
{
	const uint8_t *p = frame + w->l3;
	size_t header, total;

	if (w->l3 + 20 > limit || p[0] >> 4 != 4)
		goto no;
	header = (p[0] & 15) * 4;
	total = wire_get16(p + 2);
	if (header < 20 || w->l3 + header > limit)
		goto no;
	w->l4 = w->l3 + header;
	w->whole = total >= header && w->l3 + total <= limit;
	w->end = w->whole ? w->l3 + total : limit;
	w->ttl = p[8];
	w->proto = p[9];
	w->src = wire_get32(p + 12);
	w->dst = wire_get32(p + 16);
	w->frag_off = (wire_get16(p + 6) & 0x1fff) * 8;
	w->more = p[6] & 0x20;
	w->ip_sum = wire_sum(p, header, 0) ? SUM_BAD : SUM_GOOD;
	parse_transport(w, frame);
	return true;
no:
	w->l3 = 0;
	return false;
}

bool wire_parse(struct wire *w, const uint8_t *frame, size_t len)
{
	size_t at = 12;

	memset(w, 0, sizeof(*w));
	w->len = len;
	if (len < 14)
		return false;
	while (w->n_tags < 2 && at + 6 <= len &&
	       (wire_get16(frame + at) == 0x8100 || wire_get16(frame + at) == 0x88a8)) {
		w->n_tags++;
		at += 4;
	}
	w->ethertype = wire_get16(frame + at);
	if (w->ethertype != 0x0800)
		return false;
	w->l3 = at + 2;
	if (!parse_ip(w, frame, len))
		return false;
	check_transport(w, frame);
	return true;
}

bool wire_parse_embedded(struct wire *w, const uint8_t *frame, const struct wire *outer)
{
	memset(w, 0, sizeof(*w));
	w->len = outer->len;
	w->l3 = outer->l4 + 8;
	return parse_ip(w, frame, outer->end);
}

void wire_fix_ip(uint8_t *p)
{
	wire_put16(p + 10, 0);
	wire_put16(p + 10, wire_sum(p, (p[0] & 15) * 4, 0));
}

void wire_fix_l4(uint8_t *p, size_t len)
{
	size_t header = (p[0] & 15) * 4, n = len - header;
	uint8_t *l4 = p + header;
	uint32_t start = 0;
	size_t field;
	uint16_t sum;

	switch (p[9]) {
	case IPPROTO_UDP:
		field = 6;
		break;
	case IPPROTO_TCP:
		field = 16;
		break;
	case IPPROTO_ICMP:
		field = 2;
		break;
	default:
		return;
	}
	if (p[9] != IPPROTO_ICMP)
		start = wire_pseudo(wire_get32(p + 12), wire_get32(p + 16), p[9], n);
	wire_put16(l4 + field, 0);
	sum = wire_sum(l4, n, start);
	/* RFC 768: a computed zero is sent as all ones, zero means "none". */
	if (!sum && p[9] == IPPROTO_UDP)
		sum = 0xffff;
	wire_put16(l4 + field, sum);
}
