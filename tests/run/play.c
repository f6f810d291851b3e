/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run the rows of a table; see play.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "play.h"
#include "trace_watch.h"

/* Which form an inside host's end takes. */
enum view { VIEW_INSIDE, VIEW_OUTSIDE };

static struct bed *the_bed;
static const struct play *the_play;
static unsigned int step_number;	/* of the running case, from 1 */

void play_fail(const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fail_msg("%s, step %u: %s", the_bed->warm ? "warm" : "cold", step_number, text);
	abort();	/* fail_msg() does not come back */
}

/*
 * Places found in this step. A step that plays many packets would search the
 * vectors for each; a place that still holds the host's mapping is not searched
 * for again.
 */
static struct known_place {
	struct end host;
	struct place at;
} known[4];
static unsigned int n_known;

static bool is_known(struct bed *bed, const struct end *host, enum daisy_proto proto, struct place *at)
{
	unsigned int i;

	for (i = 0; i < n_known; i++)
		if (known[i].at.proto == proto && !memcmp(&known[i].host, host, sizeof(*host)) &&
		    state_holds(bed, &known[i].at, host)) {
			*at = known[i].at;
			return true;
		}
	return false;
}

static void look_up(struct bed *bed, const struct end *host, enum daisy_proto proto, struct place *at)
{
	unsigned int n;

	if (is_known(bed, host, proto, at))
		return;
	n = state_find(bed, proto, host, at);
	if (n != 1)
		play_fail("%u mappings of host %u.%u port %u, not one", n, host->addr >> 8 & 255,
			  host->addr & 255, host->port);
	if (n_known < sizeof(known) / sizeof(known[0]))
		known[n_known++] = (struct known_place){ *host, *at };
}

static void view_end(struct bed *bed, struct end *e, enum daisy_proto proto, enum view view)
{
	struct place at;

	if (!e->zone)
		return;
	if (view == VIEW_OUTSIDE) {
		look_up(bed, e, proto, &at);
		e->addr = state_addr(bed, at.slot);
		e->port = at.port;
	}
	e->zone = 0;
}

/* A packet and what it quotes, with literal ends. */
struct rendered {
	struct pkt pkt, inner;
};

static void add_options(struct pkt *p)
{
	if (!the_play->n_options)
		return;
	p->options = the_play->options;
	p->n_options = the_play->n_options;
}

/*
 * Render a packet whose source is seen from one side and its destination from
 * another. What an ICMP error quotes went the other way: its source is seen as
 * the error's destination is. The outer source of an error from an inside
 * host is the NAT's (RFC 5508 REQ-5): that of the quoted destination's mapping.
 */
static void render(struct bed *bed, const struct pkt *p, enum view src, enum view dst,
		   struct rendered *r)
{
	enum daisy_proto proto = state_proto(p->inner ? p->inner->proto : p->proto);

	r->pkt = *p;
	add_options(&r->pkt);
	if (!p->inner) {
		view_end(bed, &r->pkt.src, proto, src);
		view_end(bed, &r->pkt.dst, proto, dst);
		return;
	}
	r->inner = *p->inner;
	add_options(&r->inner);
	r->pkt.inner = &r->inner;
	view_end(bed, &r->inner.src, proto, dst);
	view_end(bed, &r->inner.dst, proto, src);
	if (p->src.zone)
		r->pkt.src.addr = src == VIEW_OUTSIDE ? r->inner.dst.addr : p->src.addr;
	if (p->dst.zone)
		r->pkt.dst.addr = r->inner.src.addr;
}

static enum bed_link arrival(const struct bed *bed, const struct step *s)
{
	if (s->at == AT_INSIDE)
		return bed_inside_link(bed, s->in.src.zone);
	return s->at == AT_OUTSIDE ? bed->out : (enum bed_link)s->at;
}

static bool comes_from_outside(const struct step *s)
{
	return s->at == AT_OUTSIDE || (s->at != AT_INSIDE && bed_link(s->at)->side == SIDE_OUTSIDE);
}

static void render_arriving(struct bed *bed, const struct step *s, struct rendered *r)
{
	render(bed, &s->in, comes_from_outside(s) ? VIEW_OUTSIDE : VIEW_INSIDE, VIEW_OUTSIDE, r);
	bed_address_arriving(&r->pkt, arrival(bed, s));
}

size_t play_frame(struct bed *bed, const struct step *step, uint8_t *frame)
{
	struct rendered r;

	render_arriving(bed, step, &r);
	return pkt_build(&r.pkt, frame);
}

static int forwarded_ttl(const struct pkt *p)
{
	return (p->ttl ? p->ttl : 64) - 1;
}

/* With ids of our own, any will do for what is not atomic; cases_ident.c asks more of them. */
static int new_id(const struct bed *bed, const struct step *s, const struct bed_run *run)
{
	size_t ip = pkt_ip_offset(run->frame, run->len);
	uint32_t option = s->in.fragment ? DAISY_OPT_IDENT : DAISY_OPT_IDENT_ALL;
	int id;

	if (!ip || (s->in.df && !s->in.fragment) || s->kind == STEP_IN ||
	    !(daisy_instance_conf(bed->inst)->options & option))
		return s->in.id;
	id = run->frame[ip + 4] << 8 | run->frame[ip + 5];
	return id ? id : ZERO;
}

/* The frame that has to leave, and the link it leaves by. */
static size_t expect_translated(struct bed *bed, const struct step *s, const struct bed_run *run, uint8_t *frame)
{
	enum bed_link egress = bed->out;
	struct rendered r;

	render(bed, &s->in, VIEW_OUTSIDE, s->kind == STEP_OUT ? VIEW_OUTSIDE : VIEW_INSIDE, &r);
	if (s->kind != STEP_OUT)
		egress = bed_inside_link(bed, s->in.dst.zone);
	r.pkt.ttl = forwarded_ttl(&s->in);
	r.pkt.id = new_id(bed, s, run);
	if (s->in.tcp_options_after)
		r.pkt.tcp_options = s->in.tcp_options_after;
	bed_address_leaving(&r.pkt, egress);
	/* Padding keeps its length: it grows and shrinks with the tags. */
	if (r.pkt.pad_to)
		r.pkt.pad_to += 4 * (bed_link(egress)->n_tags - bed_link(arrival(bed, s))->n_tags);
	return pkt_build(&r.pkt, frame);
}

/* RFC 792: the header and eight bytes of what was received; RFC 1812: precedence 6, our address. */
static size_t expect_icmp_error(struct bed *bed, const struct step *s, uint8_t *frame)
{
	const uint8_t *our = bed_link(arrival(bed, s))->addr;
	struct rendered r;
	struct pkt e = {
		.proto = IPPROTO_ICMP, .type = s->type, .code = s->code, .rest = s->mtu,
		.src = LITERAL(ADDR(our[0], our[1], our[2], our[3]), 0), .tos = 0xc0, .df = true,
		.id = ZERO,
	};

	render_arriving(bed, s, &r);
	e.inner = &r.pkt;
	e.inner_cut_to = 20 + r.pkt.n_options + 8;
	e.dst = r.pkt.src;
	bed_address_leaving(&e, arrival(bed, s));
	e.dmac = r.pkt.smac;
	return pkt_build(&e, frame);
}

static size_t expect_reply(struct bed *bed, const struct step *s, uint8_t *frame)
{
	struct rendered r;

	render(bed, &s->reply, VIEW_OUTSIDE, comes_from_outside(s) ? VIEW_OUTSIDE : VIEW_INSIDE, &r);
	bed_address_leaving(&r.pkt, arrival(bed, s));
	return pkt_build(&r.pkt, frame);
}

static void check_counters(const struct step *s, const struct bed_run *run)
{
	int64_t want[C_END] = { 0 };
	int ends = 0, wrong = 0;
	unsigned int i;

	for (i = 0; i < sizeof(s->counts) / sizeof(s->counts[0]); i++)
		want[s->counts[i]]++;
	for (i = 1; i < C_END; i++) {
		ends += bed_counter_is_end(i) ? run->delta[i] : 0;
		if (run->delta[i] == want[i])
			continue;
		fprintf(stderr, "# counter %s went up by %lld, not %lld\n", bed_counter_name(i),
			(long long)run->delta[i], (long long)want[i]);
		wrong++;
	}
	if (ends != 1)
		play_fail("the packet ended in %d counters", ends);
	if (wrong)
		play_fail("%d counters are wrong", wrong);
}

static const char *verdict_name(unsigned int verdict)
{
	static const char *const names[] = { "aborted", "drop", "pass", "tx", "redirect" };

	return verdict <= XDP_REDIRECT ? names[verdict] : "unknown";
}

static void check_verdict(unsigned int want, const struct bed_run *run)
{
	unsigned int i;

	if (run->verdict == want)
		return;
	for (i = 1; i < C_END; i++)
		if (run->delta[i])
			fprintf(stderr, "# counter %s went up by %lld\n", bed_counter_name(i),
				(long long)run->delta[i]);
	play_fail("verdict %s, not %s", verdict_name(run->verdict), verdict_name(want));
}

static void check_frame(const uint8_t *want, size_t want_len, const struct bed_run *run)
{
	if (want_len == run->len && !memcmp(want, run->frame, want_len))
		return;
	pkt_print_difference(want, want_len, run->frame, run->len);
	play_fail("another packet came out");
}

/* Time to live one less, or that of a message of our own. */
static void check_ttl(const struct step *s, const uint8_t *frame, size_t len, const struct bed_run *run)
{
	size_t before = pkt_ip_offset(frame, len), after = pkt_ip_offset(run->frame, run->len);

	if (s->kind != STEP_OUT && s->kind != STEP_IN && s->kind != STEP_HAIRPIN)
		return;
	if (!before || !after || frame[before + 8] - 1 != run->frame[after + 8])
		play_fail("time to live is not one less");
}

static unsigned int wanted_verdict(const struct bed *bed, const struct step *s, enum bed_link egress)
{
	switch (s->kind) {
	case STEP_OUT:
	case STEP_IN:
	case STEP_HAIRPIN:
		return bed_link(egress)->device == bed_link(arrival(bed, s))->device ? XDP_TX : XDP_REDIRECT;
	case STEP_DROP:
		return XDP_DROP;
	case STEP_PASS:
		return XDP_PASS;
	default:
		return XDP_TX;
	}
}

static bool is_right(const struct pkt *p)
{
	return !p->csum_off && !(p->inner && p->inner->csum_off);
}

/* What earlier packets would have left behind for this one. */
static void warm_up(struct bed *bed, const struct step *s)
{
	struct place at;

	if (s->kind == STEP_OUT)
		bed_warm(bed, s->in.dst.addr, NULL, 0);
	else if (s->kind != STEP_IN || s->in.inner || !s->in.dst.zone)
		bed_warm(bed, 0, NULL, 0);
	else {
		look_up(bed, &s->in.dst, state_proto(s->in.proto), &at);
		bed_warm(bed, 0, state_record(bed, &at), s->in.dst.zone);
		state_warm_inbound(bed, &at);
	}
}

static void play_packet(struct bed *bed, const struct step *s)
{
	enum bed_link egress = s->kind == STEP_OUT ? bed->out : bed_inside_link(bed, s->in.dst.zone);
	uint8_t frame[PKT_ROOM], want[PKT_ROOM];
	size_t len = play_frame(bed, s, frame), want_len = len;
	struct bed_run run;
	const char *wrong;

	memcpy(want, frame, len);
	warm_up(bed, s);
	trace_watch_before(bed, arrival(bed, s), frame, len);
	bed_run(bed, arrival(bed, s), egress, frame, len, &run);
	trace_watch_after(bed, &run);
	check_verdict(wanted_verdict(bed, s, egress), &run);
	check_counters(s, &run);
	if (s->kind == STEP_DROP)
		return;
	if (s->kind == STEP_REPLY)
		want_len = expect_reply(bed, s, want);
	else if (s->kind == STEP_ICMP_ERROR)
		want_len = expect_icmp_error(bed, s, want);
	else if (s->kind != STEP_PASS)
		want_len = expect_translated(bed, s, &run, want);
	check_frame(want, want_len, &run);
	check_ttl(s, frame, len, &run);
	wrong = s->kind != STEP_PASS && is_right(&s->in) ? pkt_checksums_wrong(run.frame, run.len) : NULL;
	if (wrong)
		play_fail("wrong %s", wrong);
}

static void check_state(struct bed *bed, const char *want)
{
	const char *got = state_dump(bed);

	if (strcmp(got, want))
		play_fail("state: %s, not: %s", *got ? got : "empty", *want ? want : "empty");
}

void play_step(struct bed *bed, const struct step *s)
{
	switch (s->kind) {
	case STEP_ADVANCE:
		bed_advance(bed, s->n);
		break;
	case STEP_SWEEP:
		bed_sweep(bed);
		break;
	case STEP_STATE:
		check_state(bed, s->text);
		break;
	case STEP_CALL:
		s->call(bed);
		break;
	default:
		play_packet(bed, s);
		break;
	}
}

static void play_case(struct bed *bed, const struct play *p)
{
	const struct step *s;
	const char *wrong;

	the_play = p;
	step_number = 0;
	bed_reset(bed);
	trace_watch_case();
	if (p->in || p->out)
		bed_arm(bed, p->in, p->out);
	if (p->setup)
		p->setup(bed);
	for (s = p->steps; s->kind != STEP_END; s++) {
		step_number++;
		n_known = 0;
		play_step(bed, s);
	}
	wrong = state_contradiction(bed);
	if (wrong)
		play_fail("%s", wrong);
}

/* Twice: with nothing remembered, so that every packet takes the stages, and warm. */
static void play_one(void **context)
{
	the_bed->warm = false;
	play_case(the_bed, *context);
	the_bed->warm = true;
	play_case(the_bed, *context);
}

int play_main(int argc, char **argv, struct bed *bed, const struct play *plays, size_t n)
{
	struct CMUnitTest *tests = calloc(n, sizeof(*tests));
	size_t i, chosen = 0;
	int failed;

	assert_non_null(tests);
	the_bed = bed;
	for (i = 0; i < n; i++) {
		if (argc > 1 && !strstr(plays[i].title, argv[1]))
			continue;
		tests[chosen++] = (struct CMUnitTest){
			.name = plays[i].title, .test_func = play_one, .initial_state = (void *)&plays[i],
		};
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests("packets", tests, chosen, NULL, NULL);
	free(tests);
	return failed ? 1 : 0;
}

int play_table(int argc, char **argv, const struct daisy_instance_spec *spec, const struct play *plays, size_t n)
{
	struct bed *bed = bed_open(spec);
	int status = play_main(argc, argv, bed, plays, n);

	bed_close(bed);
	return status;
}
