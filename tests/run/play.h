/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases of the packet tests: tables of rows, each a title and its steps.
 *
 * A packet is written down once, with its ends as they are: inside hosts are
 * known by their inside address (HOST), the world by its own (WORLD). What it
 * looks like on each side follows: outside, a host's end shows the external
 * endpoint of its mapping, which is looked up in the port vectors. So the row
 *
 *	OUT(UDP(HOST(1, 5000), WORLD(1, 53)), C_out_udp, C_created_udp)
 *
 * sends a packet from the inside and demands the same packet outside, whole,
 * with the mapping's endpoint as its source, a time to live one less, the next
 * hop's Ethernet header and right checksums, and exactly these counters.
 *
 * Every step also demands that the packet ended in exactly one counter, that
 * no other counter changed, that its checksums are right, and that a trace of it
 * (nat/trace.h) told its end before (trace_watch.c).
 */
#ifndef DAISY_TESTS_RUN_PLAY_H
#define DAISY_TESTS_RUN_PLAY_H

#include <linux/bpf.h>
#include <netinet/in.h>

#include "bed.h"
#include "state.h"

enum step_kind {
	STEP_END,
	STEP_OUT,		/* from inside, translated to the outside */
	STEP_IN,		/* from outside, translated to the inside */
	STEP_HAIRPIN,		/* from inside, translated to the inside */
	STEP_DROP,
	STEP_PASS,		/* to the kernel, unchanged */
	STEP_REPLY,		/* sent back by the same link: `reply` */
	STEP_ICMP_ERROR,	/* sent back: ICMP error type/code quoting the packet */
	STEP_ADVANCE,		/* the clock by `n` seconds */
	STEP_SWEEP,
	STEP_STATE,		/* state_dump() is `text` */
	STEP_CALL,
};

/* Where a packet arrives, besides a bed_link by number. */
#define AT_INSIDE 100		/* the link of its source's zone */
#define AT_OUTSIDE 101

struct step {
	enum step_kind kind;
	unsigned int at;
	struct pkt in;
	struct pkt reply;
	uint8_t type, code;		/* STEP_ICMP_ERROR */
	uint16_t mtu;
	enum counter counts[8];
	unsigned int n;
	const char *text;
	void (*call)(struct bed *bed);
};

struct play {
	const char *title;		/* a sentence with the requirement it tests */
	enum bed_link in, out;		/* both 0: two-armed, untagged */
	const uint8_t *options;		/* IPv4 options of every packet and of what errors quote */
	unsigned int n_options;
	void (*setup)(struct bed *bed);
	const struct step *steps;	/* up to STEP_END */
};

#define STEPS(...) .steps = (const struct step[]){ __VA_ARGS__, { .kind = STEP_END } }

#define OUT(pkt, ...) { .kind = STEP_OUT, .at = AT_INSIDE, .in = pkt, .counts = { __VA_ARGS__ } }
#define IN(pkt, ...) { .kind = STEP_IN, .at = AT_OUTSIDE, .in = pkt, .counts = { __VA_ARGS__ } }
#define HAIRPIN(pkt, ...) { .kind = STEP_HAIRPIN, .at = AT_INSIDE, .in = pkt, .counts = { __VA_ARGS__ } }
#define DROP(where, pkt, reason) \
	{ .kind = STEP_DROP, .at = where, .in = pkt, .counts = { C_drop_##reason } }
#define DROP_COUNTING(where, pkt, ...) { .kind = STEP_DROP, .at = where, .in = pkt, .counts = { __VA_ARGS__ } }
#define PASS(where, pkt, count) { .kind = STEP_PASS, .at = where, .in = pkt, .counts = { C_pass_##count } }
#define REPLY(where, pkt, answer, ...) \
	{ .kind = STEP_REPLY, .at = where, .in = pkt, .reply = answer, .counts = { __VA_ARGS__ } }
#define TIME_EXCEEDED(where, pkt) \
	{ .kind = STEP_ICMP_ERROR, .at = where, .in = pkt, .type = 11, \
	  .counts = { C_icmp_time_exceeded } }
#define FRAG_NEEDED(where, pkt, next_mtu, ...) \
	{ .kind = STEP_ICMP_ERROR, .at = where, .in = pkt, .type = 3, .code = 4, .mtu = next_mtu, \
	  .counts = { C_icmp_frag_needed, ##__VA_ARGS__ } }
/* Refused for a lack, and told so. */
#define REFUSED(where, pkt, reason, ...) \
	{ .kind = STEP_ICMP_ERROR, .at = where, .in = pkt, .type = 3, .code = 1, \
	  .counts = { C_drop_##reason, C_icmp_unreachable, ##__VA_ARGS__ } }
#define ADVANCE(seconds) { .kind = STEP_ADVANCE, .n = seconds }
#define SWEEP { .kind = STEP_SWEEP }
#define STATE(dump) { .kind = STEP_STATE, .text = dump }
#define CALL(function) { .kind = STEP_CALL, .call = function }

#define HOST_OF(in_zone, host, its_port) \
	{ .addr = ADDR(10, 0, 0, host), .port = its_port, .zone = in_zone }
#define HOST(host, its_port) HOST_OF(1, host, its_port)
#define WORLD(host, its_port) { .addr = ADDR(198, 51, 100, host), .port = its_port }
#define LITERAL(address, its_port) { .addr = address, .port = its_port }

#define UDP(from, to, ...) { .proto = IPPROTO_UDP, .src = from, .dst = to, ##__VA_ARGS__ }
#define TCP(from, to, tcp_flags, ...) \
	{ .proto = IPPROTO_TCP, .src = from, .dst = to, .flags = tcp_flags, .seq = 0x12345678, ##__VA_ARGS__ }
/* The query id is the port of the inside host. */
#define ECHO(from, to, ...) { .proto = IPPROTO_ICMP, .type = 8, .src = from, .dst = to, ##__VA_ARGS__ }
#define ECHO_REPLY(from, to, ...) { .proto = IPPROTO_ICMP, .src = from, .dst = to, ##__VA_ARGS__ }
#define ICMP_ERROR(from, to, its_type, its_code, quoted, ...) \
	{ .proto = IPPROTO_ICMP, .src = from, .dst = to, .type = its_type, .code = its_code, \
	  .inner = &(const struct pkt)quoted, ##__VA_ARGS__ }
/* A packet for ICMP_ERROR: braces of a macro's argument. */
#define QUOTED(...) __VA_ARGS__

#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16

/* Timers as shipped, seconds; a tick is 1.07 s, and timers are rounded up by at most two. */
#define UDP_S 300
#define ICMP_S 60
#define OPENING_S 240
#define ESTABLISHED_S 7440
#define CLOSING_S 240
#define RESET_S 240
#define HOLD_S 120
#define FRAGMENT_S 30
#define SUBSCRIBER_S 3600
/* Rounding up to ticks: 2 s at most; hints (DAISY_HINT_TICKS): 8.6 s. */
#define MARGIN_S 12

/* Run a table as a TAP test; argv[1], if given, must occur in a title. Returns the exit status. */
int play_main(int argc, char **argv, struct bed *bed, const struct play *plays, size_t n);
/* The same on a bed of its own; spec as for bed_open(). */
int play_table(int argc, char **argv, const struct daisy_instance_spec *spec, const struct play *plays, size_t n);

/* Fail the running case with a diagnostic. */
void play_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* For STEP_CALL and for tests of many packets: one step, checked as in a table. */
void play_step(struct bed *bed, const struct step *step);
/* The packet as its arrival side shows it, as a frame. */
size_t play_frame(struct bed *bed, const struct step *step, uint8_t *frame);

#endif
