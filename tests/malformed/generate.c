/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "malformed/generate.h"

#include <string.h>

#include "lib-c/wire.h"

static uint32_t inside_host(struct rng *rng)
{
	return GENERATE_INSIDE + 1 + rng_below(rng, GENERATE_HOSTS);
}

static uint32_t outside_host(struct rng *rng)
{
	return 0xcb007100u + rng_below(rng, 16);	/* 203.0.113.0/28 */
}

static uint16_t data_length(struct rng *rng)
{
	return rng_below(rng, 16) ? rng_below(rng, 64) : rng_below(rng, 1800);
}

/* External endpoint of a live mapping, or, when eight looks find none, of any. */
static struct daisy_mapping *mapping_draw(struct rng *rng, const struct bed *bed, int proto,
					  uint32_t *addr, uint16_t *port)
{
	struct daisy_mapping *m = NULL;

	for (int i = 0; i < 8; i++) {
		uint32_t a = rng_below(rng, bed->n_addresses);

		*addr = BED_EXTERNAL + a;
		*port = GENERATE_FIRST + rng_below(rng, GENERATE_LAST - GENERATE_FIRST + 1);
		m = bed_record(bed, bed_slot(bed, *addr), proto, *port);
		if (m->ctl.state == MAPPING_ACTIVE)
			break;
	}
	return m;
}

static uint8_t ip_proto(int proto)
{
	return proto == DAISY_UDP ? 17 : proto == DAISY_TCP ? 6 : 1;
}

static uint8_t tcp_flags(struct rng *rng)
{
	static const uint8_t usual[] = { 2, 2, 2, 0x10, 0x18, 0x12, 0x11, 4, 0x14, 0, 0x29, 0xff };

	return usual[rng_below(rng, sizeof(usual))];
}

static enum bed_link inside_link(struct rng *rng)
{
	static const enum bed_link links[] = { BED_INSIDE, BED_INSIDE, BED_TAGGED, BED_BOTH };

	return links[rng_below(rng, 4)];
}

static enum bed_link outside_link(struct rng *rng)
{
	static const enum bed_link links[] = { BED_OUTSIDE, BED_OUTSIDE, BED_STACKED, BED_BOTH };

	return links[rng_below(rng, 4)];
}

static void outbound(struct rng *rng, struct frame_spec *s, const struct bed *bed, int proto)
{
	struct daisy_mapping *m;
	uint32_t ext;
	uint16_t port;

	s->link = inside_link(rng);
	s->src = inside_host(rng);
	s->dst = outside_host(rng);
	s->proto = ip_proto(proto);
	s->sport = 5000 + rng_below(rng, 200);
	s->dport = rng_below(rng, 2) ? 53 : rng_next(rng);
	/* Half of the packets are of mappings that exist: what is common has a path of its own. */
	m = mapping_draw(rng, bed, proto, &ext, &port);
	if (m->ctl.state == MAPPING_ACTIVE && rng_below(rng, 2)) {
		s->src = wire_get32(m->inside.addr);
		s->sport = m->inside.port;
		s->link = m->inside.zone ? BED_TAGGED : BED_INSIDE;
	}
	s->tcp_flags = tcp_flags(rng);
	s->icmp_type = rng_below(rng, 8) ? 8 : 13;
}

static void inbound(struct rng *rng, struct frame_spec *s, const struct bed *bed, bool mapped)
{
	int proto = rng_below(rng, DAISY_N_PROTOS);

	s->link = outside_link(rng);
	s->src = outside_host(rng);
	mapping_draw(rng, bed, proto, &s->dst, &s->dport);
	if (!mapped)
		s->dport = rng_next(rng);
	s->proto = ip_proto(proto);
	s->sport = proto == DAISY_ICMP ? s->dport : 53;
	s->tcp_flags = tcp_flags(rng);
	s->icmp_type = rng_below(rng, 8) ? 0 : 14;
}

/*
 * About a packet that the NAT had sent out (towards the error's receiver it is
 * inbound), or had sent in.
 */
static void error_about(struct rng *rng, struct frame_spec *s, struct frame_spec *about,
			const struct bed *bed, bool towards_inside)
{
	static const uint8_t types[] = { 3, 3, 3, 11, 12, 4, 5 };
	int proto = rng_below(rng, DAISY_N_PROTOS);
	struct daisy_mapping *m;
	uint32_t ext;
	uint16_t port;

	m = mapping_draw(rng, bed, proto, &ext, &port);
	*about = (struct frame_spec){ .proto = ip_proto(proto), .n_data = rng_below(rng, 100),
				      .icmp_type = towards_inside ? 8 : 0, .tcp_flags = 2 };
	if (towards_inside) {
		about->src = ext;
		about->sport = port;
		about->dst = outside_host(rng);
		about->dport = 53;
	} else {
		about->src = outside_host(rng);
		about->sport = proto == DAISY_ICMP ? m->inside.port : 53;
		about->dst = wire_get32(m->inside.addr);
		about->dport = m->inside.port;
	}
	s->link = towards_inside ? outside_link(rng) : inside_link(rng);
	s->src = towards_inside ? outside_host(rng) : about->dst;
	s->dst = about->src;
	s->proto = 1;
	s->icmp_type = types[rng_below(rng, sizeof(types))];
	s->icmp_code = rng_below(rng, 5);
	s->about = about;
	s->about_len = rng_below(rng, 2) ? 28 : 0;
}

static void to_self(struct rng *rng, struct frame_spec *s, const struct bed *bed)
{
	static const uint32_t to[] = { BED_OWN, BED_OWN + 1, 0xe0000001, 0xffffffff, 0x7f000001, 0,
				       0xf0000001, 0x0a0000ff };

	outbound(rng, s, bed, rng_below(rng, DAISY_N_PROTOS));
	s->link = 1 + rng_below(rng, BED_N_LINKS - 1);
	s->dst = to[rng_below(rng, sizeof(to) / sizeof(to[0]))];
	if (!rng_below(rng, 4))
		s->src = to[rng_below(rng, sizeof(to) / sizeof(to[0]))];
}

/* ARP for an external address, IPv6, or an unknown type, in the frame's bytes after the MACs. */
static void not_ipv4(struct rng *rng, struct frame *f)
{
	static const uint8_t arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
	static const uint16_t types[] = { 0x86dd, 0x8863, 0x88cc, 0x0042, 0x0805 };
	uint32_t at = f->l3 - 2;

	if (rng_below(rng, 2)) {
		wire_put16(f->bytes + at, types[rng_below(rng, 5)]);
		return;
	}
	if (rng_below(rng, 2))
		memset(f->bytes, 0xff, 6);
	memcpy(f->bytes + at, arp, sizeof(arp));
	memset(f->bytes + at + 10, 0, 20);
	memcpy(f->bytes + at + 10, f->bytes + 6, 6);
	wire_put32(f->bytes + at + 16, outside_host(rng));
	wire_put32(f->bytes + at + 26, BED_EXTERNAL + rng_below(rng, 4));
	f->len = at + 30;
}

enum bed_link generate(struct rng *rng, const struct bed *bed, enum generate_kind kind, struct frame *f)
{
	struct frame_spec s = { .id = rng_next(rng), .n_data = data_length(rng) };
	struct frame_spec about, inner;

	if (!rng_below(rng, 8))
		s.n_options = 4 * (1 + rng_below(rng, 10));
	if (!rng_below(rng, 16))
		s.ttl = 1 + rng_below(rng, 2);
	if (!rng_below(rng, 4))
		s.frag = 0x4000;	/* DF */
	s.no_sum = !rng_below(rng, 8);
	switch (kind) {
	case OUT_UDP:
		outbound(rng, &s, bed, DAISY_UDP);
		break;
	case OUT_TCP:
		outbound(rng, &s, bed, DAISY_TCP);
		break;
	case OUT_ICMP:
		outbound(rng, &s, bed, DAISY_ICMP);
		break;
	case IN_MAPPED:
	case IN_ANY:
		inbound(rng, &s, bed, kind == IN_MAPPED);
		break;
	case HAIRPIN:
		outbound(rng, &s, bed, rng_below(rng, DAISY_N_PROTOS));
		mapping_draw(rng, bed, s.proto == 17 ? DAISY_UDP : DAISY_TCP, &s.dst, &s.dport);
		break;
	case IN_ERROR:
	case OUT_ERROR:
		error_about(rng, &s, &about, bed, kind == IN_ERROR);
		break;
	case NESTED_ERROR:
		error_about(rng, &s, &about, bed, rng_below(rng, 2));
		inner = about;
		about = (struct frame_spec){ .proto = 1, .icmp_type = 3, .src = inner.dst,
					     .dst = inner.src, .about = &inner };
		break;
	case ECHO_EXTERNAL:
		outbound(rng, &s, bed, DAISY_ICMP);
		if (rng_below(rng, 2)) {
			s.link = outside_link(rng);
			s.src = outside_host(rng);
		}
		s.dst = BED_EXTERNAL + rng_below(rng, bed->n_addresses);
		break;
	default:
		to_self(rng, &s, bed);
	}
	frame_build(f, &s);
	if (kind == NOT_IPV4)
		not_ipv4(rng, f);
	return s.link == BED_TAGGED ? BED_INSIDE : s.link == BED_STACKED ? BED_OUTSIDE : s.link;
}

/* Header fields worth lying about: from the IPv4 header, from the transport header, and embedded. */
struct field {
	uint8_t layer;		/* 0: Ethernet, 3, 4; 7: IPv4 header in an ICMP error; 8: its transport */
	uint8_t offset;
	uint8_t size;
};

static const struct field fields[] = {
	{ 0, 0, 1 }, { 0, 12, 2 }, { 0, 14, 2 }, { 0, 16, 2 },
	{ 3, 0, 1 }, { 3, 1, 1 }, { 3, 2, 2 }, { 3, 2, 2 }, { 3, 4, 2 }, { 3, 6, 2 }, { 3, 6, 2 },
	{ 3, 8, 1 }, { 3, 9, 1 }, { 3, 10, 2 }, { 3, 12, 4 }, { 3, 16, 4 }, { 3, 20, 1 }, { 3, 21, 1 },
	{ 4, 0, 1 }, { 4, 0, 2 }, { 4, 1, 1 }, { 4, 2, 2 }, { 4, 4, 2 }, { 4, 6, 2 }, { 4, 12, 1 },
	{ 4, 13, 1 }, { 4, 16, 2 },
	{ 7, 0, 1 }, { 7, 2, 2 }, { 7, 6, 2 }, { 7, 8, 1 }, { 7, 9, 1 }, { 7, 10, 2 }, { 7, 12, 4 },
	{ 7, 16, 4 }, { 8, 0, 2 }, { 8, 2, 2 }, { 8, 4, 2 }, { 8, 6, 2 },
};

static uint32_t layer_offset(const struct frame *f, int layer)
{
	return layer == 3 ? f->l3 : layer == 4 ? f->l4 : layer == 7 ? f->l4 + 8 :
	       layer == 8 ? f->l4 + 28 : 0;
}

static void lie(struct rng *rng, struct frame *f)
{
	const struct field *d = &fields[rng_below(rng, sizeof(fields) / sizeof(fields[0]))];
	uint32_t at = layer_offset(f, d->layer) + d->offset, value = 0;

	if (at + d->size > f->len)
		return;
	for (int i = 0; i < d->size; i++)
		value = value << 8 | f->bytes[at + i];
	switch (rng_below(rng, 6)) {
	case 0:
		value = 0;
		break;
	case 1:
		value = ~0u;
		break;
	case 2:
		value++;
		break;
	case 3:
		value--;
		break;
	case 4:
		value += rng_below(rng, 64);
		break;
	default:
		value = rng_next(rng);
	}
	for (int i = d->size; i--; value >>= 8)
		f->bytes[at + i] = value;
}

static void insert(struct frame *f, uint32_t at, uint32_t n)
{
	if (f->len + n > BED_MAX_FRAME || at > f->len)
		return;
	memmove(f->bytes + at + n, f->bytes + at, f->len - at);
	f->len += n;
}

static void stack_tags(struct rng *rng, struct frame *f)
{
	static const uint16_t types[] = { 0x8100, 0x88a8, 0x9100 };
	static const uint16_t ids[] = { 100, 200, 300, 0, 4095 };

	for (int n = 1 + rng_below(rng, 4); n; n--) {
		insert(f, 12, 4);
		wire_put16(f->bytes + 12, types[rng_below(rng, 3)]);
		wire_put16(f->bytes + 14, ids[rng_below(rng, 5)]);
		f->l3 += 4;
		f->l4 += 4;
	}
}

/* Options of any content; the header length tells the truth, unless another way lies about it. */
static void garbage_options(struct rng *rng, struct frame *f)
{
	static const uint8_t kinds[] = { 0, 1, 7, 68, 131, 137, 148 };
	uint32_t n = 4 * (1 + rng_below(rng, 10)), at = f->l3 + 20;

	if (f->l4 != at || f->len < at || f->bytes[f->l3] != 0x45)
		return;
	insert(f, at, n);
	for (uint32_t i = 0; i < n; i++)
		f->bytes[at + i] = rng_next(rng) >> 32;
	if (rng_below(rng, 2)) {
		f->bytes[at] = kinds[rng_below(rng, sizeof(kinds))];
		f->bytes[at + 1] = rng_below(rng, n + 2);
	}
	f->bytes[f->l3] = 0x40 | (20 + n) / 4;
	wire_put16(f->bytes + f->l3 + 2, wire_get16(f->bytes + f->l3 + 2) + n);
	f->l4 += n;
}

static void spoil(struct rng *rng, struct frame *f)
{
	uint32_t n;

	switch (rng_below(rng, 12)) {
	case 0:
	case 1:
		f->len = 14 + rng_below(rng, f->len - 13);
		break;
	case 2:
	case 3:
	case 4:
		n = f->l4 + 64 < f->len ? f->l4 + 64 : f->len;
		n = rng_below(rng, n * 8);
		f->bytes[n / 8] ^= 1 << (n & 7);
		break;
	case 5:
		stack_tags(rng, f);
		break;
	case 6:
		garbage_options(rng, f);
		break;
	case 7:
		n = rng_below(rng, 200);
		if (f->len + n <= BED_MAX_FRAME) {
			memset(f->bytes + f->len, 0x5a, n);
			f->len += n;
		}
		break;
	default:
		lie(rng, f);
	}
}

/* Make the sums right again where there is a whole header, so that the lie gets past them. */
static void amend(struct rng *rng, struct frame *f)
{
	uint8_t *ip = f->bytes + f->l3;
	uint32_t header, total;

	if (f->len < f->l3 + 20)
		return;
	header = (ip[0] & 15) * 4;
	total = wire_get16(ip + 2);
	if (header < 20 || f->l3 + header > f->len)
		return;
	if (total >= header + 20 && f->l3 + total <= f->len && rng_below(rng, 2))
		wire_fix_l4(ip, total);
	wire_fix_ip(ip);
}

void mutate(struct rng *rng, struct frame *f)
{
	for (int n = rng_below(rng, 4); n; n--)
		spoil(rng, f);
	if (rng_below(rng, 4))
		amend(rng, f);
}

int shatter(struct rng *rng, const struct frame *whole, struct frame *parts, int n)
{
	uint32_t len = whole->len > whole->l4 ? whole->len - whole->l4 : 0, from = 0, to;
	int made = 0;

	while (from < len && made < n) {
		to = from + 8 * (1 + rng_below(rng, 1 + len / 16));
		frame_fragment(&parts[made], whole, from, made == n - 1 ? len : to);
		made++;
		from = to;
		/* Teardrop: the next one begins inside this one, or behind a hole. */
		if (!rng_below(rng, 8) && from >= 16)
			from -= 8;
		if (!rng_below(rng, 8))
			from += 8;
	}
	/* Out of order. */
	if (made > 1 && !rng_below(rng, 4)) {
		struct frame swap = parts[0];

		parts[0] = parts[1];
		parts[1] = swap;
	}
	return made;
}
