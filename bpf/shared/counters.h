/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of the packet path: name, sentence. Each packet ends in exactly one
 * of the counters marked (end) or in one drop reason.
 */
#ifndef DAISY_SHARED_COUNTERS_H
#define DAISY_SHARED_COUNTERS_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "reasons.h"

#define DAISY_COUNTERS(X) \
	X(out_udp, "(end) UDP packets translated from inside to outside") \
	X(out_tcp, "(end) TCP packets translated from inside to outside") \
	X(out_icmp, "(end) ICMP queries and replies translated from inside to outside") \
	X(out_icmp_error, "(end) ICMP errors translated from inside to outside") \
	X(in_udp, "(end) UDP packets translated from outside to inside") \
	X(in_tcp, "(end) TCP packets translated from outside to inside") \
	X(in_icmp, "(end) ICMP queries and replies translated from outside to inside") \
	X(in_icmp_error, "(end) ICMP errors translated from outside to inside") \
	X(hairpin, "(end) packets translated on both sides, inside to inside (RFC 4787 REQ-9)") \
	X(untranslated, "(end) packets forwarded as they are by a no-translate rule (RFC 6888 REQ-6)") \
	X(fragments, "(end) later fragments translated with the first one's mapping") \
	X(arp_replies, "(end) ARP requests for external addresses answered") \
	X(icmp_time_exceeded, "(end) ICMP Time Exceeded sent instead of forwarding") \
	X(icmp_frag_needed, "(end) ICMP Fragmentation Needed sent instead of forwarding") \
	X(icmp_echo_replies, "(end) ICMP echo requests to an external address answered") \
	X(pass_arp, "(end) ARP left to the kernel") \
	X(pass_own, "(end) packets to the box's own addresses left to the kernel") \
	X(pass_multicast, "(end) multicast and broadcast left to the kernel") \
	X(pass_ipv6, "(end) IPv6 left to the kernel") \
	X(pass_other, "(end) other frames left to the kernel: not IP, or of a VLAN that is no link") \
	X(pass_other_host, "(end) frames to another station's MAC address, left to the kernel, which ignores them") \
	X(held_fragments, "(end) later fragments held until the first one comes; counted again when they go on") \
	X(held_too_big, "(end) packets handed to the daemon to be cut for the next link; counted again when they go on") \
	X(held_syns, "(end) unsolicited inbound SYNs held for six seconds (RFC 5382 REQ-4); counted again when they end") \
	X(replays, "held packets that were judged again") \
	X(icmp_unreachable, "ICMP Destination Unreachable sent, besides the drop reason, to senders that got no mapping") \
	X(created_udp, "UDP mappings created") \
	X(created_tcp, "TCP mappings created") \
	X(created_icmp, "ICMP query mappings created") \
	X(create_lost, "creations that lost against a twin on another CPU and used its mapping") \
	X(expired, "mappings whose time was up, their ports now in hold-down") \
	X(freed, "ports whose hold-down ended") \
	X(overflowed, "mappings whose index entry went to the overflow table") \
	X(subscribers_created, "subscribers paired with an external address") \
	X(conns_created, "TCP connections tracked") \
	X(conns_untracked, "TCP packets of connections that found no room to be tracked") \
	X(strangers_capped, "inbound connections not tracked because the mapping's cap was reached") \
	X(route_misses, "next hops that had to be asked of the kernel's FIB") \
	X(events_lost, "events that found the ring full")

struct daisy_counters {
#define X(name, help) __u64 name;
	DAISY_COUNTERS(X)
#undef X
#define X(num, sym, name, help) __u64 drop_##sym;
	DAISY_REASONS(X)
#undef X
};

#endif
