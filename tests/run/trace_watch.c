/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every packet of the tables is traced before the program sees it: the end that
 * the trace tells has to be the one that comes, and the trace must leave no trace.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nat/trace.h"
#include "net/fib.h"
#include "play.h"
#include "trace_watch.h"

static struct daisy_trace told;
static bool is_told;
static bool ended[C_END];

static uint16_t word_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
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

/* A whole packet to our MAC address, without options and defects in what a trace cannot say? */
static bool describe(enum bed_link link, const uint8_t *frame, size_t len,
		     struct daisy_trace_packet *packet)
{
	size_t l3 = 14 + 4u * bed_link(link)->n_tags;
	const uint8_t *ip = frame + l3;
	bool error;

	if (len < l3 + 20 || pkt_ip_offset(frame, len) != l3 || memcmp(frame, bed_link(link)->mac, 6) ||
	    ip[0] != 0x45 || word_at(ip + 6) & 0x3fff || csum_field(csum_add(0, ip, 20)) ||
	    word_at(ip + 2) < 20 || l3 + word_at(ip + 2) > len)
		return false;
	*packet = (struct daisy_trace_packet){
		.link = link, .proto = ip[9], .ttl = ip[8], .df = ip[6] & 0x40, .size = word_at(ip + 2),
	};
	memcpy(&packet->saddr, ip + 12, 4);
	memcpy(&packet->daddr, ip + 16, 4);
	read_transport(ip + 20, packet->size - 20u, packet);
	error = packet->proto == IPPROTO_ICMP &&
		(packet->icmp_type == 3 || packet->icmp_type == 11 || packet->icmp_type == 12);
	return !error;
}

static void before(struct bed *bed, enum bed_link link, const uint8_t *frame, size_t len)
{
	struct daisy_trace_packet packet;
	char *state;

	is_told = describe(link, frame, len, &packet);
	if (!is_told)
		return;
	memset(&told, 0, sizeof(told));
	state = strdup(state_dump(bed));
	if (daisy_trace(bed->inst, &packet, daisy_fib_ask, NULL, &told))
		play_fail("%s", daisy_error());
	if (strcmp(state, state_dump(bed)))
		play_fail("the trace changed the state");
	free(state);
}

static void print_trace(void)
{
	for (size_t i = 0; i < told.n_steps; i++)
		fprintf(stderr, "# %s: %s\n", told.step[i].stage, told.step[i].text);
}

static void check_end(const struct bed_run *run)
{
	unsigned int verdict = run->verdict == XDP_TX ? XDP_REDIRECT : run->verdict;
	unsigned int want = told.end == TRACE_DROP ? XDP_DROP : told.end == TRACE_PASS ? XDP_PASS :
			    XDP_REDIRECT;
	const char *name;
	enum counter c = 1;

	while (c < C_END && !(run->delta[c] && bed_counter_is_end(c)))
		c++;
	if (c == C_END)
		return;
	ended[c] = true;
	name = bed_counter_name(c);
	if (verdict == want && !strcmp(told.counter, strncmp(name, "drop_", 5) ? name : name + 5))
		return;
	print_trace();
	play_fail("the trace ends in %s (%u), the packet in %s (%u)", told.counter, told.end,
		  name, run->verdict);
}

static void check_endpoints(const struct bed_run *run)
{
	size_t l3 = pkt_ip_offset(run->frame, run->len);
	const uint8_t *ip = run->frame + l3, *l4 = ip + 20;
	bool icmp = ip[9] == IPPROTO_ICMP;
	uint16_t sport = word_at(icmp ? l4 + 4 : l4), dport = word_at(icmp ? l4 + 4 : l4 + 2);

	if ((told.saddr.s_addr || !told.creates) && memcmp(&told.saddr, ip + 12, 4))
		play_fail("the trace has another source than the packet");
	if (memcmp(&told.daddr, ip + 16, 4))
		play_fail("the trace has another destination than the packet");
	if (!told.creates && sport != told.sport)
		play_fail("source port %u in the trace, %u in the packet", told.sport, sport);
	if (!icmp && dport != told.dport)
		play_fail("destination port %u in the trace, %u in the packet", told.dport, dport);
}

static void after(struct bed *bed, const struct bed_run *run)
{
	if (!is_told)
		return;
	check_end(run);
	if (told.end == TRACE_FORWARD)
		check_endpoints(run);
}

void trace_watch_start(void)
{
	play_before = before;
	play_after = after;
}

bool trace_watch_saw(enum counter end)
{
	return ended[end];
}
