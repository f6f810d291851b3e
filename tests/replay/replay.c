/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replay of real captures, in both directions. From inside, each frame goes
 * through as it is, but for its destination MAC address: every source counts
 * as a subscriber. Then each frame comes once more, from outside, aimed at the
 * mapping that its destination got: what arrives must be the captured packet.
 *
 *	replay CAPTURE...
 */
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "lib-c/capture.h"
#include "lib-c/check.h"
#include "lib-c/judge.h"
#include "lib-c/tap.h"
#include "lib-c/wire.h"

/* An inside endpoint that was translated; port 0 with is_address: all its ports, for fragments. */
struct endpoint {
	uint8_t proto;
	bool is_address;
	uint16_t port, ext_port;
	uint32_t addr, ext_addr;
};

struct replay {
	struct bed bed;
	const char *name;		/* of the capture */
	struct endpoint *known;
	size_t n_known, room;
	uint64_t ends[BED_N_COUNTERS];
	uint64_t n_restored;		/* inbound frames that arrived as captured */
	uint64_t n_cut;			/* frames longer than BPF_PROG_RUN takes */
};

static struct endpoint *endpoint_find(struct replay *rp, uint8_t proto, uint32_t addr, uint16_t port)
{
	for (size_t i = rp->n_known; i--;) {
		struct endpoint *e = &rp->known[i];

		if (!e->is_address && e->proto == proto && e->addr == addr && e->port == port)
			return e;
	}
	return NULL;
}

static struct endpoint *address_find(struct replay *rp, uint32_t addr)
{
	for (size_t i = rp->n_known; i--;)
		if (rp->known[i].is_address && rp->known[i].addr == addr)
			return &rp->known[i];
	return NULL;
}

static void endpoint_add(struct replay *rp, struct endpoint e)
{
	if (rp->n_known == rp->room) {
		rp->room = rp->room ? 2 * rp->room : 1024;
		rp->known = realloc(rp->known, rp->room * sizeof(*rp->known));
		if (!rp->known)
			abort();
	}
	rp->known[rp->n_known++] = e;
}

/* What a query became on its way out. */
static void learn(struct replay *rp, const struct wire *in, const struct bed_result *r)
{
	struct wire out;

	if (r->end != BED_COUNTER(out_udp) && r->end != BED_COUNTER(out_tcp) &&
	    r->end != BED_COUNTER(out_icmp))
		return;
	wire_parse(&out, r->out, r->len);
	if (!endpoint_find(rp, in->proto, in->src, in->sport))
		endpoint_add(rp, (struct endpoint){ in->proto, false, in->sport, out.sport, in->src,
						    out.src });
	if (!address_find(rp, in->src))
		endpoint_add(rp, (struct endpoint){ .is_address = true, .addr = in->src,
						    .ext_addr = out.src });
}

static bool is_unicast(uint32_t addr)
{
	uint32_t octet = addr >> 24;

	return octet && octet != 127 && octet < 224;
}

/* A packet that nothing speaks against: it has to be translated. */
static bool must_leave(const struct replay *rp, const struct wire *w, const uint8_t *frame)
{
	if (!w->l3 || w->n_tags || !w->whole || w->ip_sum != SUM_GOOD || !is_unicast(w->src) ||
	    !is_unicast(w->dst) || w->ttl < 2 || w->frag_off || w->more || !w->has_ports ||
	    w->l4 - w->l3 != 20 || w->end - w->l3 > rp->bed.mtu)
		return false;
	if (w->proto == 17)
		return w->sport && w->dport && wire_get16(frame + w->l4 + 4) == w->end - w->l4;
	if (w->proto == 6)
		return (frame[w->l4 + 13] & 0x17) == 2 && w->end - w->l4 >= 20 && w->sport && w->dport;
	return frame[w->l4] == 8 && w->l4_sum == SUM_GOOD;
}

/* Run a frame and judge it; false if something is wrong with what became of it. */
static bool run(struct replay *rp, size_t number, enum bed_link link, const uint8_t *frame, uint32_t len,
		struct bed_result *r)
{
	const char *bad;

	if (len > BED_MAX_FRAME) {
		len = BED_MAX_FRAME;
		rp->n_cut++;
	}
	bed_run(&rp->bed, link, frame, len, r);
	if (r->end < BED_N_COUNTERS)
		rp->ends[r->end]++;
	bad = judge(&rp->bed, link, frame, len, r);
	if (!bad)
		return true;
	tap_why("frame %zu of %u bytes, counted as %s: %s", number, len, bed_counter_name(r->end), bad);
	return false;
}

/* Without its VLAN tags: none of them is a link here, and what they carry is to be tried, too. */
static uint32_t untag(uint8_t *frame, uint32_t len, int n_tags)
{
	memmove(frame + 12, frame + 12 + 4 * n_tags, len - 12 - 4 * n_tags);
	return len - 4 * n_tags;
}

static bool outbound_frame(struct replay *rp, size_t number, const struct capture_frame *f)
{
	static struct bed_result r;
	uint8_t copy[65536 + 64];
	uint32_t len = f->len;
	struct wire w;
	bool good;

	if (len < 14 || len > sizeof(copy))
		return true;
	memcpy(copy, f->bytes, len);
	bed_mac(copy, BED_INSIDE);
	wire_parse(&w, copy, len);
	good = run(rp, number, BED_INSIDE, copy, len, &r);
	if (w.n_tags) {
		len = untag(copy, len, w.n_tags);
		wire_parse(&w, copy, len);
		good &= run(rp, number, BED_INSIDE, copy, len, &r);
	}
	if (must_leave(rp, &w, copy) && len <= BED_MAX_FRAME && !judge_sent(&r)) {
		tap_why("frame %zu should have been translated, but ended in %s", number,
			bed_counter_name(r.end));
		good = false;
	}
	learn(rp, &w, &r);
	return good;
}

/* Change 16-bit words under a checksum as RFC 1624 does; what was wrong stays wrong. */
static void patch(uint8_t *at, const uint8_t *to, uint32_t n, uint8_t *sum, bool udp)
{
	uint32_t s = (uint16_t)~wire_get16(sum);
	bool skip = udp && !wire_get16(sum);

	for (uint32_t i = 0; i < n; i += 2)
		s += (uint16_t)~wire_get16(at + i) + wire_get16(to + i);
	memcpy(at, to, n);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	s = (uint16_t)~s;
	if (!skip)
		wire_put16(sum, udp && !s ? 0xffff : s);
}

/* Replace a 32-bit word under the header's sum and the transport's at once (pseudo header). */
static void patch_address(uint8_t *ip, uint32_t offset, uint32_t addr, uint8_t *l4_sum, bool udp)
{
	uint8_t to[4], was[4];

	wire_put32(to, addr);
	memcpy(was, ip + offset, 4);
	patch(ip + offset, to, 4, ip + 10, false);
	if (!l4_sum)
		return;
	memcpy(ip + offset, was, 4);
	patch(ip + offset, to, 4, l4_sum, udp);
}

static uint8_t *l4_sum_of(uint8_t *frame, const struct wire *w)
{
	uint32_t at = w->l4 + (w->proto == 17 ? 6 : w->proto == 6 ? 16 : 2);

	return at + 2 <= w->end ? frame + at : NULL;
}

/* Aim a query at an external endpoint. */
static void aim_query(uint8_t *frame, const struct wire *w, const struct endpoint *e)
{
	uint8_t *sum = l4_sum_of(frame, w), port[2];
	bool udp = w->proto == 17;

	patch_address(frame + w->l3, 16, e->ext_addr, w->proto == 1 ? NULL : sum, udp);
	wire_put16(port, e->ext_port);
	if (sum)
		patch(frame + w->l4 + (w->proto == 1 ? 4 : 2), port, 2, sum, udp);
}

/* Aim an ICMP error, whose embedded packet's source is known, at its external endpoint. */
static bool aim_error(struct replay *rp, uint8_t *frame, const struct wire *w)
{
	const struct endpoint *e;
	struct wire inner;
	uint8_t *ip;

	if (!wire_parse_embedded(&inner, frame, w) || !inner.has_ports)
		return false;
	e = endpoint_find(rp, inner.proto, inner.src, inner.sport);
	if (!e)
		return false;
	patch_address(frame + w->l3, 16, e->ext_addr, NULL, false);
	ip = frame + inner.l3;
	wire_put32(ip + 12, e->ext_addr);
	wire_put16(frame + inner.l4 + (inner.proto == 1 ? 4 : 0), e->ext_port);
	wire_fix_ip(ip);
	wire_put16(frame + w->l4 + 2, 0);
	wire_put16(frame + w->l4 + 2, wire_sum(frame + w->l4, w->end - w->l4, 0));
	return true;
}

enum aimed {
	AIMED_NOWHERE,
	AIMED_ANY,		/* at somebody's mapping: must go in */
	AIMED_HOME,		/* at the mapping of its destination: must arrive as captured */
};

/* Nothing speaks against the packet's going in. */
static bool must_enter(const struct replay *rp, const struct wire *w, const uint8_t *frame)
{
	if (!w->whole || w->ip_sum != SUM_GOOD || w->ttl < 2 || w->more || !is_unicast(w->src) ||
	    w->l4 - w->l3 != 20 || w->end - w->l3 > rp->bed.mtu || w->len > BED_MAX_FRAME)
		return false;
	if (w->proto == 17)
		return w->sport && wire_get16(frame + w->l4 + 4) == w->end - w->l4;
	if (w->proto == 6)
		return w->sport && w->end - w->l4 >= 20;
	return frame[w->l4] == 0 && w->l4_sum == SUM_GOOD;
}

/* The newest endpoint of a protocol. */
static struct endpoint *endpoint_any(struct replay *rp, uint8_t proto)
{
	for (size_t i = rp->n_known; i--;)
		if (!rp->known[i].is_address && rp->known[i].proto == proto)
			return &rp->known[i];
	return NULL;
}

/* Aim a frame at the mapping of its destination, or else at any. */
static enum aimed aim(struct replay *rp, uint8_t *frame, const struct wire *w)
{
	const struct endpoint *home, *e;

	if (w->icmp_error) {
		if (!aim_error(rp, frame, w))
			patch_address(frame + w->l3, 16, BED_EXTERNAL, NULL, false);
		return AIMED_NOWHERE;
	}
	if (w->has_ports) {
		home = endpoint_find(rp, w->proto, w->dst, w->dport);
		e = home ? home : endpoint_any(rp, w->proto);
		if (e) {
			aim_query(frame, w, e);
			return !must_enter(rp, w, frame) ? AIMED_NOWHERE : home ? AIMED_HOME : AIMED_ANY;
		}
	}
	e = address_find(rp, w->dst);
	patch_address(frame + w->l3, 16, e ? e->ext_addr : BED_EXTERNAL, NULL, false);
	return AIMED_NOWHERE;
}

/* Has the captured packet arrived: all but MAC addresses, TTL and the header's sum? */
static bool arrived(const struct capture_frame *f, uint32_t skip, const struct wire *w,
		    const struct bed_result *r)
{
	static uint8_t got[4096], want[4096];
	uint32_t n = w->len - w->l3;

	if (!judge_sent(r) || r->len != w->len)
		return false;
	memcpy(got, r->out + w->l3, n);
	memcpy(want, f->bytes + skip + w->l3, n);
	want[8] = got[8];
	memset(want + 10, 0, 2);
	memset(got + 10, 0, 2);
	/* One's complement has two zeros; both are right, or both wrong. */
	if (l4_sum_of(got, w) && w->len <= sizeof(got)) {
		uint32_t at = w->l4 - w->l3 + (w->proto == 17 ? 6 : w->proto == 6 ? 16 : 2);

		if (wire_get16(got + at) % 0xffff == wire_get16(want + at) % 0xffff)
			memcpy(want + at, got + at, 2);
	}
	return !memcmp(got, want, n);
}

static bool inbound_frame(struct replay *rp, size_t number, const struct capture_frame *f)
{
	static struct bed_result r;
	uint8_t copy[65536 + 64];
	uint32_t len = f->len;
	enum aimed aimed = AIMED_NOWHERE;
	struct wire w;
	int n_tags;
	bool good;

	if (len < 14 || len > sizeof(copy))
		return true;
	memcpy(copy, f->bytes, len);
	bed_mac(copy, BED_OUTSIDE);
	wire_parse(&w, copy, len);
	n_tags = w.n_tags;
	if (n_tags) {
		len = untag(copy, len, n_tags);
		wire_parse(&w, copy, len);
	}
	if (w.l3)
		aimed = aim(rp, copy, &w);
	good = run(rp, number, BED_OUTSIDE, copy, len, &r);
	if (aimed == AIMED_NOWHERE)
		return good;
	if (!judge_sent(&r) || (aimed == AIMED_HOME && !arrived(f, 4 * n_tags, &w, &r))) {
		tap_why("frame %zu should have gone in%s, but ended in %s", number,
			aimed == AIMED_HOME ? " as captured" : "", bed_counter_name(r.end));
		return false;
	}
	rp->n_restored += aimed == AIMED_HOME;
	return good;
}

static void replay(struct replay *rp, const char *path)
{
	size_t n_bad = 0;
	struct capture cap;
	char error[256];

	rp->name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	if (capture_read(&cap, path, error)) {
		tap_ok(false, "%s can be read", rp->name);
		tap_note("%s", error);
		return;
	}
	for (size_t i = 0; i < cap.n && n_bad < 5; i++)
		n_bad += !outbound_frame(rp, i + 1, &cap.frames[i]);
	tap_ok(!n_bad && cap.n && !cap.n_skipped, "%s: all of %zu frames from inside get a verdict and a "
	       "counter or reason, and leave translated with right checksums (U1, T1, I1, R3)",
	       rp->name, cap.n);
	n_bad = 0;
	for (size_t i = 0; i < cap.n && n_bad < 5; i++)
		n_bad += !inbound_frame(rp, i + 1, &cap.frames[i]);
	tap_ok(!n_bad, "%s: the same frames from outside get a verdict and a counter or reason, and those "
	       "for a mapping arrive as they were captured (U8, T3, R3)", rp->name);
	capture_free(&cap);
}

/* The captures together hold something for each of these; if not, the replay has gone blind. */
static void reached(const struct replay *rp)
{
	static const unsigned int wanted[] = {
		BED_COUNTER(out_udp), BED_COUNTER(out_tcp), BED_COUNTER(out_icmp), BED_COUNTER(in_udp),
		BED_COUNTER(in_tcp), BED_COUNTER(in_icmp), BED_COUNTER(in_icmp_error),
		BED_COUNTER(fragments), BED_COUNTER(pass_arp), BED_COUNTER(pass_ipv6),
		BED_COUNTER(drop_UNSUPPORTED_PROTO), BED_COUNTER(drop_TCP_NO_SYN),
		BED_COUNTER(drop_FRAGMENT_ORPHAN),
	};
	bool all = true;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (rp->ends[wanted[i]])
			continue;
		all = false;
		tap_why("no frame ended in %s", bed_counter_name(wanted[i]));
	}
	tap_ok(all && rp->n_restored > 1000, "the captures hold traffic of every kind, in both directions");
	tap_note("%" PRIu64 " frames came back as captured, %" PRIu64 " were too long for BPF_PROG_RUN "
		 "and were cut", rp->n_restored, rp->n_cut);
	for (unsigned int i = 0; i < BED_N_COUNTERS; i++)
		if (rp->ends[i])
			tap_note("%8" PRIu64 " %s", rp->ends[i], bed_counter_name(i));
}

int main(int argc, char **argv)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 4, .icmp_rate = 1000000 },
		.n_addresses = 4, .prefix = 0, .prefix_len = 0, .mtu = 3500,
	};
	struct replay rp = { 0 };
	struct check c;

	if (argc < 2)
		tap_bail("usage: replay CAPTURE...");
	bed_open(&rp.bed, &spec);
	for (int i = 1; i < argc; i++)
		replay(&rp, argv[i]);
	reached(&rp);
	tap_ok(check_instance(rp.bed.inst, 0, &c), "mapping state holds together after the replay");
	if (c.error[0])
		tap_note("%s", c.error);
	bed_close(&rp.bed);
	free(rp.known);
	return tap_done();
}
