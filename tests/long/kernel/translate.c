/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that must work on every kernel: all programs load, for every kind
 * of link, and a packet of each kind is translated both ways. Run inside the
 * virtual machine of tests/long/kernel-6.1, but works anywhere.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "lib-c/check.h"
#include "lib-c/frame.h"
#include "lib-c/judge.h"
#include "lib-c/tap.h"
#include "lib-c/wire.h"

#define HOST 0x0a000001u	/* 10.0.0.1 */
#define REMOTE 0xcb007101u	/* 203.0.113.1 */

/* Run a built frame; true if it ends in the counter and is judged right. */
static bool ends_in(struct bed *bed, const struct frame_spec *s, unsigned int counter, struct bed_result *r)
{
	enum bed_link device = s->link == BED_TAGGED ? BED_INSIDE :
			       s->link == BED_STACKED ? BED_OUTSIDE : s->link;
	struct frame f;
	const char *bad;

	frame_build(&f, s);
	bed_run(bed, device, f.bytes, f.len, r);
	bad = judge(bed, device, f.bytes, f.len, r);
	if (bad)
		tap_why("%s", bad);
	if (r->end != counter)
		tap_why("ended in %s, not %s", bed_counter_name(r->end), bed_counter_name(counter));
	return !bad && r->end == counter;
}

/* Out by the inside link, and an answer back by the outside link. */
static void both_ways(struct bed *bed, struct frame_spec s, enum bed_link back, unsigned int out,
		      unsigned int in, const char *what)
{
	struct bed_result r;
	struct wire w;

	tap_ok(ends_in(bed, &s, out, &r), "%s is translated outbound", what);
	wire_parse(&w, r.out, r.len);
	s = (struct frame_spec){ .link = back, .src = s.dst, .dst = w.src, .proto = s.proto,
				 .sport = s.proto == 1 ? w.sport : s.dport, .dport = w.sport,
				 .tcp_flags = 0x12, .icmp_type = 0, .n_data = 20 };
	tap_ok(ends_in(bed, &s, in, &r), "%s is translated inbound", what);
}

static void queries(struct bed *bed)
{
	struct frame_spec s = { .link = BED_INSIDE, .src = HOST, .dst = REMOTE, .sport = 5000,
				.dport = 53, .proto = 17, .n_data = 30 };

	both_ways(bed, s, BED_OUTSIDE, BED_COUNTER(out_udp), BED_COUNTER(in_udp), "UDP");
	s.link = BED_BOTH;
	both_ways(bed, s, BED_BOTH, BED_COUNTER(out_udp), BED_COUNTER(in_udp), "UDP on a one-armed link");
	s.link = BED_TAGGED;
	both_ways(bed, s, BED_STACKED, BED_COUNTER(out_udp), BED_COUNTER(in_udp), "UDP behind VLAN tags");
	s.link = BED_INSIDE;
	s.proto = 6;
	s.tcp_flags = 2;
	both_ways(bed, s, BED_OUTSIDE, BED_COUNTER(out_tcp), BED_COUNTER(in_tcp), "TCP");
	s.proto = 1;
	s.icmp_type = 8;
	both_ways(bed, s, BED_OUTSIDE, BED_COUNTER(out_icmp), BED_COUNTER(in_icmp), "ICMP echo");
}

static void others(struct bed *bed)
{
	struct frame_spec s = { .link = BED_INSIDE, .src = HOST, .dst = REMOTE, .sport = 6000,
				.dport = 53, .proto = 17, .n_data = 400, .n_options = 8 };
	struct frame_spec error = { .link = BED_OUTSIDE, .src = REMOTE, .proto = 1, .icmp_type = 3,
				    .icmp_code = 3, .about = &s, .about_len = 36 };
	struct frame whole, part;
	struct bed_result r;
	struct wire w;

	frame_build(&whole, &s);
	frame_fragment(&part, &whole, 0, 200);
	bed_run(bed, s.link, part.bytes, part.len, &r);
	tap_ok(r.end == BED_COUNTER(out_udp) && !judge(bed, s.link, part.bytes, part.len, &r),
	       "a first fragment is translated");
	wire_parse(&w, r.out, r.len);
	frame_fragment(&part, &whole, 200, 408);
	bed_run(bed, s.link, part.bytes, part.len, &r);
	tap_ok(r.end == BED_COUNTER(fragments) && !judge(bed, s.link, part.bytes, part.len, &r),
	       "a later fragment follows it");
	error.dst = s.src = w.src;
	s.sport = w.sport;
	tap_ok(ends_in(bed, &error, BED_COUNTER(in_icmp_error), &r), "an ICMP error about it comes in");
	s.src = HOST;
	s.sport = 6001;
	s.ttl = 1;
	tap_ok(ends_in(bed, &s, BED_COUNTER(icmp_time_exceeded), &r), "TTL 1 gets Time Exceeded");
	s.ttl = 0;
	s.dst = w.src;
	s.dport = w.sport;
	tap_ok(ends_in(bed, &s, BED_COUNTER(hairpin), &r), "a hairpin is translated on both sides");
}

static void end_all(struct bed *bed)
{
	struct bed_swept swept = { 0 };
	struct check c;

	tap_ok(check_instance(bed->inst, 0, &c), "the state holds together");
	if (c.error[0])
		tap_note("%s", c.error);
	for (int i = 0; i < 3; i++) {
		bed_advance(bed, 8000);
		bed_sweep(bed, &swept);
	}
	tap_ok(check_instance(bed->inst, 0, &c) && !c.active && !c.hold && swept.freed,
	       "the sweep programs end every mapping and free its port");
}

int main(void)
{
	const struct bed_spec spec = { .n_addresses = 2, .prefix = 0x0a000000, .prefix_len = 8 };
	struct utsname kernel;
	struct bed bed;

	uname(&kernel);
	bed_open(&bed, &spec);
	tap_ok(true, "every program loads, for every kind of link, on Linux %s", kernel.release);
	queries(&bed);
	others(&bed);
	end_all(&bed);
	bed_close(&bed);
	return tap_done();
}
