/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every packet of the tables is traced before the program sees it: the end that
 * the trace tells has to be the one that comes, and the trace must leave no trace.
 *
 * The bed has a slow path: sockets that nobody reads. What would be held is held
 * first, and then judged as a replay, both as traced; the table's step goes on
 * without sockets, since it says what a box without a daemon does.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "nat/trace.h"
#include "net/fib.h"
#include "play.h"
#include "trace_watch.h"

/*
 * Of each case: packets that are traced, and those before and after which the
 * state is compared. Cases that count by the tick have to be fast behind that.
 */
#define TRACED 80
#define STATES_COMPARED 16

static struct daisy_trace told;
static bool is_told;
static unsigned int n_traced;
static bool ended[C_END];

static struct {
	struct daisy_trace_packet packet;
	uint8_t frame[PKT_ROOM];
	size_t len;
} kept;

static uint16_t word_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* The packet that is with the program, as it came. */
static struct {
	const uint8_t *ip;
	uint64_t ids;		/* ids_taken() before it */
} arrived;

/* Changes with each IPv4 id of the box's own. */
static uint64_t ids_taken(struct bed *bed)
{
	static struct daisy_idents all[256];
	int fd = daisy_instance_map_fd(bed->inst, "idents"), n_cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;
	uint64_t sum = 0;

	if (n_cpus > 256 || bpf_map_lookup_elem(fd, &zero, all))
		play_fail("cannot read the ids");
	for (int cpu = 0; cpu < n_cpus; cpu++)
		for (int group = 0; group < DAISY_IDENTS; group++)
			sum += all[cpu].next[group];
	return sum;
}

static void read_transport(const uint8_t *l4, size_t len, struct daisy_trace_packet *packet)
{
	if (packet->proto == IPPROTO_ICMP && len >= 6) {
		packet->icmp_type = l4[0];
		packet->sport = packet->dport = word_at(l4 + 4);
	} else if (len >= 4) {
		packet->sport = word_at(l4);
		packet->dport = word_at(l4 + 2);
	}
	if (packet->proto == IPPROTO_TCP && len >= 14)
		packet->tcp_flags = l4[13];
}

static uint64_t count_subscribers(struct bed *bed)
{
	int fd = daisy_instance_map_fd(bed->inst, "subscribers");
	struct daisy_subscriber_key key, *at = NULL;
	uint64_t n = 0;

	for (; !bpf_map_get_next_key(fd, at, &key); at = &key)
		n++;
	return n;
}

static bool has_source_route(const uint8_t *options, size_t len)
{
	for (size_t i = 0; i < len && options[i]; i += options[i] == 1 ? 1 : options[i + 1]) {
		if (options[i] == 131 || options[i] == 137)
			return true;
		if (options[i] != 1 && (i + 1 == len || !options[i + 1]))
			return false;
	}
	return false;
}

/* A packet to our MAC address, without defects in what a trace cannot say? */
static bool describe(struct bed *bed, enum bed_link link, const uint8_t *frame, size_t len,
		     struct daisy_trace_packet *packet)
{
	size_t l3 = 14 + 4u * bed_link(link)->n_tags, header;
	const uint8_t *ip = frame + l3;
	bool error;

	if (len < l3 + 20 || pkt_ip_offset(frame, len) != l3 || memcmp(frame, bed_link(link)->mac, 6))
		return false;
	header = (ip[0] & 15) * 4u;
	if (ip[0] >> 4 != 4 || header < 20 || l3 + header > len || csum_field(csum_add(0, ip, header)) ||
	    word_at(ip + 2) < header || l3 + word_at(ip + 2) > len)
		return false;
	*packet = (struct daisy_trace_packet){
		.link = link, .proto = ip[9], .ttl = ip[8], .df = ip[6] & 0x40, .more = ip[6] & 0x20,
		.offset = (word_at(ip + 6) & 0x1fff) * 8, .id = word_at(ip + 4), .size = word_at(ip + 2),
		.options = header - 20, .source_route = has_source_route(ip + 20, header - 20),
		.subscribers = count_subscribers(bed),
	};
	memcpy(&packet->saddr, ip + 12, 4);
	memcpy(&packet->daddr, ip + 16, 4);
	if (!packet->offset)
		read_transport(ip + header, packet->size - header, packet);
	error = packet->proto == IPPROTO_ICMP && !packet->offset &&
		(packet->icmp_type == 3 || packet->icmp_type == 11 || packet->icmp_type == 12);
	return !error;
}

static void trace(struct bed *bed, const struct daisy_trace_packet *packet)
{
	if (daisy_trace(bed->inst, packet, daisy_fib_ask, NULL, &told))
		play_fail("%s", daisy_error());
}

/* The same, and nothing has changed. */
static void trace_without_trace(struct bed *bed, const struct daisy_trace_packet *packet)
{
	char *state;

	if (++n_traced > STATES_COMPARED) {
		trace(bed, packet);
		return;
	}
	state = strdup(state_dump(bed));
	trace(bed, packet);
	if (strcmp(state, state_dump(bed)))
		play_fail("the trace changed the state");
	free(state);
}

static void print_trace(void)
{
	for (size_t i = 0; i < told.n_steps; i++)
		fprintf(stderr, "# %s: %s\n", told.step[i].stage, told.step[i].text);
}

static const char *told_name(const struct bed_run *run)
{
	/* The bed stays on one CPU, so it is the one that may send no more. */
	if (told.end == TRACE_ANSWER && told.withheld && run->verdict == XDP_DROP)
		return told.reason ? told.counter : "icmp_rate";
	return told.counter;
}

static void check_end(const struct bed_run *run)
{
	unsigned int verdict = run->verdict == XDP_TX ? XDP_REDIRECT : run->verdict;
	unsigned int want = told.end == TRACE_DROP || (told.end == TRACE_ANSWER && told.withheld) ? XDP_DROP :
			    told.end == TRACE_PASS ? XDP_PASS : XDP_REDIRECT;
	const char *name;
	enum counter c = 1;

	while (c < C_END && !(run->delta[c] && bed_counter_is_end(c)))
		c++;
	if (c == C_END)
		return;
	ended[c] = true;
	name = bed_counter_name(c);
	if (verdict == want && !strcmp(told_name(run), strncmp(name, "drop_", 5) ? name : name + 5))
		return;
	print_trace();
	play_fail("the trace ends in %s (%u), the packet in %s (%u)", told.counter, told.end,
		  name, run->verdict);
}

/* An id is taken for a datagram, and its later fragments have it. */
static void check_id(struct bed *bed, const uint8_t *ip)
{
	bool later = word_at(ip + 6) & 0x1fff, same = word_at(ip + 4) == word_at(arrived.ip + 4);

	if ((later ? !same : ids_taken(bed) != arrived.ids) != told.new_id || (!told.new_id && !same)) {
		print_trace();
		play_fail("the packet has %s id of the box's own", told.new_id ? "no" : "an");
	}
}

/* Each segment size of a SYN is the smaller of what came and what the trace says. */
static void check_mss(const uint8_t *ip)
{
	const uint8_t *before = arrived.ip + (arrived.ip[0] & 15) * 4, *after = ip + (ip[0] & 15) * 4;
	size_t header = (before[12] >> 4) * 4u, size = word_at(arrived.ip + 2) - (arrived.ip[0] & 15) * 4u;

	if (ip[9] != IPPROTO_TCP || word_at(ip + 6) & 0x1fff || size < 20 || header > size)
		return;
	for (size_t at = 20; at + 2 <= header && before[at]; at += before[at] == 1 ? 1 : before[at + 1]) {
		uint16_t came = word_at(before + at + 2), limit = told.mss ? told.mss : UINT16_MAX;

		if (before[at] != 1 && (!before[at + 1] || at + before[at + 1] > header))
			return;
		if (before[at] != 2 || before[at + 1] != 4 || word_at(after + at + 2) == (came < limit ? came : limit))
			continue;
		print_trace();
		play_fail("segment size %u of %u, at most %u in the trace", word_at(after + at + 2), came, told.mss);
	}
}

static void check_headers(struct bed *bed, const struct bed_run *run)
{
	const uint8_t *ip = run->frame + pkt_ip_offset(run->frame, run->len);

	if (told.end != TRACE_FORWARD)
		return;
	check_id(bed, ip);
	check_mss(ip);
}

static void watch_headers(struct bed *bed, enum bed_link link, const uint8_t *frame)
{
	arrived.ip = frame + 14 + 4u * bed_link(link)->n_tags;
	arrived.ids = ids_taken(bed);
}

static void judge_again(struct bed *bed, struct daisy_trace_packet packet, enum daisy_hold_class class,
			const uint8_t *frame, size_t len)
{
	struct bed_run run;

	packet.replay = 1 + class;
	trace(bed, &packet);
	watch_headers(bed, packet.link, frame);
	bed_replay(bed, packet.link, told.end == TRACE_FORWARD ? told.egress : bed->out, class, frame, len,
		   &run);
	check_end(&run);
	check_headers(bed, &run);
}

void trace_watch_replay(struct bed *bed, enum bed_link link, enum daisy_hold_class class,
			const uint8_t *frame, size_t len)
{
	struct daisy_trace_packet packet;

	if (!describe(bed, link, frame, len, &packet))
		play_fail("the packet cannot be traced");
	judge_again(bed, packet, class, frame, len);
}

/* It is held, then judged again. */
static void hold(struct bed *bed, struct daisy_trace_packet packet, const uint8_t *frame, size_t len)
{
	enum daisy_hold_class class = told.class;
	bool held = told.end == TRACE_HOLD;
	struct bed_run run;

	bed_run(bed, packet.link, bed->out, frame, len, &run);
	check_end(&run);
	if (!held)
		return;
	judge_again(bed, packet, class, frame, len);
}

/* Until its step is over: before it is held to be cut, its mapping is made and its fragment noted. */
static void keep(const struct daisy_trace_packet *packet, const uint8_t *frame, size_t len)
{
	kept.packet = *packet;
	kept.len = len;
	memcpy(kept.frame, frame, len);
}

static void hold_kept(struct bed *bed)
{
	if (!kept.len)
		return;
	bed_slow_path(bed, true);
	trace(bed, &kept.packet);
	hold(bed, kept.packet, kept.frame, kept.len);
	kept.len = 0;
}

void trace_watch_before(struct bed *bed, enum bed_link link, const uint8_t *frame, size_t len)
{
	struct daisy_trace_packet packet;

	is_told = n_traced < TRACED && describe(bed, link, frame, len, &packet);
	bed_slow_path(bed, is_told);
	if (!is_told)
		return;
	packet.hold_queues = 1;
	trace_without_trace(bed, &packet);
	watch_headers(bed, link, frame);
	if (told.end != TRACE_HOLD && told.reason != REASON_HOLD_FULL && told.reason != REASON_HOLD_SOURCE)
		return;
	if (told.end == TRACE_HOLD && told.class == DAISY_HOLD_TOO_BIG)
		keep(&packet, frame, len);
	else
		hold(bed, packet, frame, len);
	bed_slow_path(bed, false);
	packet.hold_queues = 0;
	trace(bed, &packet);
	watch_headers(bed, link, frame);
}

static void check_endpoints(const struct bed_run *run)
{
	size_t l3 = pkt_ip_offset(run->frame, run->len);
	const uint8_t *ip = run->frame + l3, *l4 = ip + (ip[0] & 15) * 4;
	bool icmp = ip[9] == IPPROTO_ICMP, later = word_at(ip + 6) & 0x1fff;
	uint16_t sport = word_at(icmp ? l4 + 4 : l4), dport = word_at(icmp ? l4 + 4 : l4 + 2);

	if ((told.saddr.s_addr || !told.creates) && memcmp(&told.saddr, ip + 12, 4))
		play_fail("the trace has another source than the packet");
	if (memcmp(&told.daddr, ip + 16, 4))
		play_fail("the trace has another destination than the packet");
	if (later)
		return;
	if (!told.creates && sport != told.sport)
		play_fail("source port %u in the trace, %u in the packet", told.sport, sport);
	if (!icmp && dport != told.dport)
		play_fail("destination port %u in the trace, %u in the packet", told.dport, dport);
}

void trace_watch_after(struct bed *bed, const struct bed_run *run)
{
	if (!is_told)
		return;
	check_end(run);
	if (told.end == TRACE_FORWARD)
		check_endpoints(run);
	check_headers(bed, run);
	hold_kept(bed);
}

void trace_watch_case(void)
{
	n_traced = 0;
	kept.len = 0;
}

bool trace_watch_saw(enum counter end)
{
	return ended[end];
}
