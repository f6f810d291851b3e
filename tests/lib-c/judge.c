/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/judge.h"

#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib-c/wire.h"

static char why[256];

static const char *wrong(const char *text, ...) __attribute__((format(printf, 1, 2)));

static const char *wrong(const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	vsnprintf(why, sizeof(why), text, ap);
	va_end(ap);
	return why;
}

struct trial {
	const struct bed *bed;
	enum bed_link link;
	const uint8_t *frame, *out;
	struct wire in, sent;
	unsigned int end;
};

bool judge_sent(const struct bed_result *r)
{
	return r->action == XDP_TX || r->action == XDP_REDIRECT;
}

static bool is_external(const struct bed *bed, uint32_t addr)
{
	return addr - BED_EXTERNAL < bed->n_addresses;
}

static int proto_of(uint8_t ip_proto)
{
	return ip_proto == 17 ? DAISY_UDP : ip_proto == 6 ? DAISY_TCP : DAISY_ICMP;
}

/* The live record behind an external endpoint has this inside endpoint. */
static const char *mapped(const struct trial *t, uint32_t ext, uint16_t ext_port, uint32_t inside,
			  uint16_t inside_port)
{
	int slot = bed_slot(t->bed, ext);
	struct daisy_mapping *m;

	if (slot < 0)
		return wrong("%08x is no external address", ext);
	m = bed_record(t->bed, slot, proto_of(t->in.proto), ext_port);
	if (m->ctl.state != MAPPING_ACTIVE)
		return wrong("translated by port %u, whose record is in state %u", ext_port, m->ctl.state);
	if (wire_get32(m->inside.addr) != inside || m->inside.port != inside_port)
		return wrong("port %u belongs to %08x:%u, not to %08x:%u", ext_port,
			     wire_get32(m->inside.addr), m->inside.port, inside, inside_port);
	return NULL;
}

static unsigned int zone_of(const struct trial *t)
{
	int slot = bed_slot(t->bed, t->sent.src);

	return bed_record(t->bed, slot, proto_of(t->in.proto), t->sent.sport)->inside.zone;
}

/* Bytes [from, to) after the IPv4 header: the same in both? */
static bool same(const struct trial *t, size_t from, size_t to)
{
	size_t n = t->in.len - t->in.l4;

	if (to > n)
		to = n;
	return from >= to ||
	       !memcmp(t->frame + t->in.l4 + from, t->out + t->sent.l4 + from, to - from);
}

/* The IPv4 header: only addresses, TTL and its sum may change (RFC 3022, RFC 1812 5.3.1). */
static const char *header_kept(const struct trial *t)
{
	const uint8_t *a = t->frame + t->in.l3, *b = t->out + t->sent.l3;

	if (t->in.l4 - t->in.l3 != t->sent.l4 - t->sent.l3 || memcmp(a, b, 8) || a[9] != b[9] ||
	    memcmp(a + 20, b + 20, t->in.l4 - t->in.l3 - 20))
		return wrong("changed fields of the IPv4 header that are not its to change");
	if (b[8] != a[8] - 1 || a[8] < 2)
		return wrong("TTL %u became %u", a[8], b[8]);
	if (t->sent.ip_sum != SUM_GOOD)
		return wrong("wrong IPv4 header checksum");
	if (t->in.len - t->in.l4 != t->sent.len - t->sent.l4)
		return wrong("%zu bytes behind the IPv4 header became %zu", t->in.len - t->in.l4,
			     t->sent.len - t->sent.l4);
	return NULL;
}

static const char *transport_kept(const struct trial *t)
{
	bool first = t->in.more && !t->in.frag_off, ok;

	if (t->in.proto == 17)
		ok = same(t, 4, 6) && same(t, 8, -1);
	else if (t->in.proto == 6)
		ok = same(t, 4, 16) && same(t, 18, -1);
	else
		ok = same(t, 0, 2) && same(t, 6, -1);
	if (!ok)
		return wrong("changed bytes of the transport header or of the data");
	if (!first && t->in.l4_sum != t->sent.l4_sum)
		return wrong("transport checksum went from state %d to %d", t->in.l4_sum,
			     t->sent.l4_sum);
	return NULL;
}

/*
 * Of a first fragment the whole datagram's sum cannot be computed, but the
 * field must have changed by what the words that it covers have changed.
 */
static const char *delta_right(const struct trial *t)
{
	const uint8_t *a = t->frame + t->in.l4, *b = t->out + t->sent.l4;
	size_t field = t->in.proto == 17 ? 6 : t->in.proto == 6 ? 16 : 2;
	uint32_t x, y;
	uint16_t from, to;

	if (t->in.len - t->in.l4 < field + 2)
		return NULL;
	from = wire_get16(a + field);
	to = wire_get16(b + field);
	if (t->in.proto == 17 && !from != !to)
		return wrong("UDP checksum went from %04x to %04x", from, to);
	if (t->in.proto == 17 && !from)
		return NULL;
	if (t->in.proto == 1) {
		x = wire_get16(a + 4);
		y = wire_get16(b + 4);
	} else {
		x = wire_pseudo(t->in.src, t->in.dst, 0, 0) + wire_get16(a) + wire_get16(a + 2);
		y = wire_pseudo(t->sent.src, t->sent.dst, 0, 0) + wire_get16(b) + wire_get16(b + 2);
	}
	/* from + x == to + y in one's complement; 0 and ffff are the same number there. */
	if ((x + from) % 0xffff != (y + to) % 0xffff)
		return wrong("transport checksum went from %04x to %04x, which is not by the change",
			     from, to);
	return NULL;
}

static const char *query(const struct trial *t, bool out, bool in)
{
	const char *bad = transport_kept(t);

	if (bad || (bad = delta_right(t)))
		return bad;
	if (!t->in.has_ports || !t->sent.has_ports)
		return wrong("translated a packet without ports");
	if (out) {
		if (!is_external(t->bed, t->sent.src))
			return wrong("left untranslated: source %08x", t->sent.src);
		bad = mapped(t, t->sent.src, t->sent.sport, t->in.src, t->in.sport);
		if (bad)
			return bad;
		/* Of the inside links only the one of zone 1 has tags. */
		if (zone_of(t) != !!t->in.n_tags)
			return wrong("translated by a mapping of another zone");
	}
	if (in) {
		if (is_external(t->bed, t->sent.dst))
			return wrong("went in untranslated: destination %08x", t->sent.dst);
		/* ICMP has one id for both sides: after a hairpin it is the destination's. */
		return mapped(t, t->in.dst, t->in.dport, t->sent.dst, t->sent.dport);
	}
	if (t->sent.dst != t->in.dst || (t->in.proto != 1 && t->sent.dport != t->in.dport))
		return wrong("changed the destination of an outbound packet");
	return NULL;
}

static const char *inbound(const struct trial *t)
{
	if (t->sent.src != t->in.src || (t->in.proto != 1 && t->sent.sport != t->in.sport))
		return wrong("changed the source of an inbound packet");
	return query(t, false, true);
}

/* ICMP errors: sums right, the embedded packet consistent with the outer one (RFC 5508 REQ-4, 5). */
static const char *error_message(const struct trial *t, bool out)
{
	struct wire was, is;

	if (!t->sent.icmp_error)
		return wrong("an ICMP error became something else");
	if (t->sent.l4_sum != SUM_GOOD)
		return wrong("ICMP error with a wrong checksum");
	if (!same(t, 0, 2) || !same(t, 4, 8))
		return wrong("changed type, code or rest of an ICMP error's header");
	if (!wire_parse_embedded(&was, t->frame, &t->in) ||
	    !wire_parse_embedded(&is, t->out, &t->sent))
		return wrong("ICMP error without an embedded packet");
	if (is.ip_sum != SUM_GOOD)
		return wrong("embedded packet with a wrong IPv4 checksum");
	if (out && (!is_external(t->bed, t->sent.src) || !is_external(t->bed, is.dst)))
		return wrong("ICMP error left untranslated: source %08x, embedded destination %08x",
			     t->sent.src, is.dst);
	if (!out && (is_external(t->bed, t->sent.dst) || is_external(t->bed, is.src)))
		return wrong("ICMP error went in untranslated");
	if (!out && t->sent.dst != is.src)
		return wrong("ICMP error to %08x about a packet of %08x", t->sent.dst, is.src);
	return NULL;
}

static const char *fragment(const struct trial *t)
{
	if (!t->in.frag_off)
		return wrong("counted as a later fragment, but it is not one");
	if (!same(t, 0, -1))
		return wrong("changed the data of a later fragment");
	if (is_external(t->bed, t->in.dst) ? is_external(t->bed, t->sent.dst)
					   : !is_external(t->bed, t->sent.src))
		return wrong("later fragment sent untranslated, %08x to %08x", t->sent.src, t->sent.dst);
	return NULL;
}

/* A refused packet that was answered keeps its reason (RFC 6888 REQ-11). */
static bool is_error_reply(unsigned int end)
{
	return end == BED_COUNTER(icmp_time_exceeded) || end == BED_COUNTER(icmp_frag_needed) ||
	       bed_counter_is_drop(end);
}

/* What the box itself sends: to whoever asked, all sums right. */
static const char *answer(const struct trial *t)
{
	uint32_t octet = t->in.src >> 24;

	if (t->end == BED_COUNTER(arp_replies))
		return t->sent.ethertype == 0x0806 ? NULL : wrong("answered ARP by something else");
	if (!t->sent.l3 || t->sent.proto != 1 || t->sent.ip_sum != SUM_GOOD)
		return wrong("answered by something else than ICMP, or with a wrong IPv4 checksum");
	/* An echo with a wrong sum is sent back as wrong as it came. */
	if (t->sent.l4_sum != (is_error_reply(t->end) ? SUM_GOOD : t->in.l4_sum))
		return wrong("sent an ICMP message with a wrong checksum");
	if (t->sent.dst != t->in.src)
		return wrong("answered %08x, not %08x", t->sent.dst, t->in.src);
	if (!is_external(t->bed, t->sent.src) && t->sent.src - BED_OWN >= BED_N_LINKS)
		return wrong("answered as %08x", t->sent.src);
	if (!is_error_reply(t->end))
		return NULL;
	/* RFC 1812 sections 4.3.2.3 and 4.3.2.7 */
	if (t->sent.len - t->sent.l3 > 576)
		return wrong("ICMP error of %zu bytes", t->sent.len - t->sent.l3);
	if (t->in.icmp_error || t->in.frag_off || !octet || octet == 127 || octet >= 224)
		return wrong("answered a packet that gets no ICMP error");
	return NULL;
}

static bool is_answer(unsigned int end)
{
	return is_error_reply(end) || end == BED_COUNTER(arp_replies) ||
	       end == BED_COUNTER(icmp_echo_replies);
}

static const char *forwarded(struct trial *t, uint32_t len)
{
	const char *bad;

	wire_parse(&t->sent, t->out, len);
	if (is_answer(t->end))
		return answer(t);
	if (len > t->in.len + 8)
		return wrong("%zu bytes became %u", t->in.len, len);
	if (!t->in.l3 || !t->sent.l3)
		return wrong("forwarded something that is not IPv4");
	bad = header_kept(t);
	if (bad)
		return bad;
	switch (t->end) {
	case BED_COUNTER(out_udp):
	case BED_COUNTER(out_tcp):
	case BED_COUNTER(out_icmp):
		return query(t, true, false);
	case BED_COUNTER(in_udp):
	case BED_COUNTER(in_tcp):
	case BED_COUNTER(in_icmp):
		return inbound(t);
	case BED_COUNTER(out_icmp_error):
		return error_message(t, true);
	case BED_COUNTER(in_icmp_error):
		return error_message(t, false);
	case BED_COUNTER(hairpin):
		/* ICMP: one id for both sides, judged by the addresses alone. */
		if (t->in.icmp_error || t->in.proto == 1)
			return is_external(t->bed, t->sent.src) && !is_external(t->bed, t->sent.dst) ?
				NULL : wrong("hairpin left a side untranslated");
		return query(t, true, true);
	case BED_COUNTER(fragments):
		return fragment(t);
	}
	return wrong("forwarded, but counted as %s", bed_counter_name(t->end));
}

/*
 * What the kernel gets unchanged must not be a packet that it would forward:
 * an untagged one to our MAC address and to a unicast address that is not the box's.
 */
static const char *passed_on(const struct trial *t, const struct bed_result *r)
{
	uint32_t octet = t->in.dst >> 24;
	uint8_t mac[6];

	if (r->len != t->in.len || memcmp(r->out, t->frame, t->in.len))
		return wrong("changed a frame that it passed");
	bed_mac(mac, t->link);
	if (t->in.l3 && !t->in.n_tags && !memcmp(t->frame, mac, 6) && t->in.dst != BED_OWN && octet < 224)
		return wrong("passed a packet to %08x to the kernel", t->in.dst);
	return NULL;
}

const char *judge(const struct bed *bed, enum bed_link link, const uint8_t *frame, uint32_t len,
		  const struct bed_result *r)
{
	struct trial t = { .bed = bed, .link = link, .frame = frame, .out = r->out, .end = r->end };
	bool passed = !strncmp(bed_counter_name(r->end), "pass_", 5);

	wire_parse(&t.in, frame, len);
	if (r->n_ends != 1)
		return wrong("%d counters or reasons for one frame, the last of them %s", r->n_ends,
			     bed_counter_name(r->end));
	switch (r->action) {
	case XDP_DROP:
		return bed_counter_is_drop(r->end) ? NULL : wrong("dropped, but counted as %s",
								  bed_counter_name(r->end));
	case XDP_PASS:
		return passed ? passed_on(&t, r) : wrong("passed, but counted as %s",
							 bed_counter_name(r->end));
	case XDP_TX:
	case XDP_REDIRECT:
		return forwarded(&t, r->len);
	}
	return wrong("XDP action %u", r->action);
}
