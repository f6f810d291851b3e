/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/frame.h"

#include <string.h>

#include "lib-c/wire.h"

static uint32_t ethernet_build(uint8_t *p, const struct frame_spec *s)
{
	uint32_t at = 12;
	uint16_t tag[2];
	int n_tags = bed_tags(tag, s->link);

	bed_mac(p, s->link);
	bed_peer_mac(p + 6, s->link);
	for (int i = 0; i < n_tags; i++) {
		wire_put16(p + at, n_tags == 2 && !i ? 0x88a8 : 0x8100);
		wire_put16(p + at + 2, tag[i]);
		at += 4;
	}
	wire_put16(p + at, 0x0800);
	return at + 2;
}

static uint32_t ip_build(uint8_t *p, const struct frame_spec *s)
{
	uint32_t n = 20 + s->n_options;

	memset(p, 0, 20);
	p[0] = 0x40 | n / 4;
	wire_put16(p + 4, s->id);
	wire_put16(p + 6, s->frag);
	p[8] = s->ttl ? s->ttl : 64;
	p[9] = s->proto;
	wire_put32(p + 12, s->src);
	wire_put32(p + 16, s->dst);
	memset(p + 20, 1, s->n_options);	/* 1: no operation */
	return n;
}

static uint32_t transport_build(uint8_t *p, const struct frame_spec *s)
{
	memset(p, 0, 20);
	switch (s->proto) {
	case 17:
		wire_put16(p, s->sport);
		wire_put16(p + 2, s->dport);
		wire_put16(p + 4, 8 + s->n_data);
		return 8;
	case 6:
		wire_put16(p, s->sport);
		wire_put16(p + 2, s->dport);
		wire_put32(p + 4, 0x10203040);
		p[12] = 5 << 4;
		p[13] = s->tcp_flags;
		wire_put16(p + 14, 0xffff);
		return 20;
	}
	p[0] = s->icmp_type;
	p[1] = s->icmp_code;
	if (!s->about)
		wire_put16(p + 4, s->sport);
	return 8;
}

/* The packet from its IPv4 header on; returns its length. */
static uint32_t packet_build(uint8_t *p, const struct frame_spec *s)
{
	uint32_t header = ip_build(p, s), n = header + transport_build(p + header, s);

	if (s->about) {
		uint32_t m = packet_build(p + n, s->about);

		n += s->about_len && s->about_len < m ? s->about_len : m;
	} else {
		for (int i = 0; i < s->n_data; i++)
			p[n++] = i * 7 + 1;
	}
	wire_put16(p + 2, n);
	wire_fix_ip(p);
	wire_fix_l4(p, n);
	if (s->proto == 17 && s->no_sum)
		wire_put16(p + header + 6, 0);
	return n;
}

void frame_build(struct frame *f, const struct frame_spec *s)
{
	f->l3 = ethernet_build(f->bytes, s);
	f->l4 = f->l3 + 20 + s->n_options;
	f->len = f->l3 + packet_build(f->bytes + f->l3, s);
}

void frame_fragment(struct frame *part, const struct frame *whole, uint32_t from, uint32_t to)
{
	uint32_t n = whole->len - whole->l4;
	uint8_t *ip = part->bytes + whole->l3;

	if (to > n)
		to = n;
	part->l3 = whole->l3;
	part->l4 = whole->l4;
	memcpy(part->bytes, whole->bytes, whole->l4);
	memcpy(part->bytes + part->l4, whole->bytes + whole->l4 + from, to - from);
	part->len = part->l4 + to - from;
	wire_put16(ip + 2, part->len - part->l3);
	wire_put16(ip + 6, from / 8 | (to < n ? 0x2000 : 0));
	wire_fix_ip(ip);
}
