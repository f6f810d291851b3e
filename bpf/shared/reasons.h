/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a packet was refused. One list for BPF, metrics, logs and CLI: number,
 * symbol, name, sentence. A number is never used again after its reason is gone.
 */
#ifndef DAISY_SHARED_REASONS_H
#define DAISY_SHARED_REASONS_H

#define DAISY_REASONS(X) \
	X(1, TRUNCATED, "truncated", "a header or the total length reaches beyond the end of the frame") \
	X(2, BAD_HEADER, "bad_header", "IP version, header length or fragment fields that cannot be") \
	X(3, BAD_CHECKSUM, "bad_checksum", "wrong checksum of an IPv4 header") \
	X(4, BAD_ICMP_CHECKSUM, "bad_icmp_checksum", "wrong checksum of an ICMP error message (RFC 5508 REQ-3)") \
	X(5, BAD_EMBEDDED, "bad_embedded", "ICMP error whose embedded packet is cut short or has a wrong header checksum") \
	X(6, BAD_ADDRESS, "bad_address", "source or destination that must not be forwarded, such as 127.0.0.1 or 0.0.0.0") \
	X(7, UNSUPPORTED_PROTO, "unsupported_proto", "neither TCP, UDP nor ICMP") \
	X(8, UNSUPPORTED_ICMP, "unsupported_icmp", "ICMP type that is neither a query, a reply nor an error to translate") \
	X(9, NOT_INSIDE, "not_inside", "from the inside link, but the source is in none of its prefixes") \
	X(10, NOT_POOL, "not_pool", "from the outside link, but to no external address of ours") \
	X(11, SPOOFED, "spoofed", "source is one of our external addresses, or the box's own") \
	X(12, NO_MAPPING, "no_mapping", "inbound packet to a port without a mapping") \
	X(13, NO_MAPPING_ERROR, "no_mapping_error", "ICMP error about a packet of no mapping") \
	X(14, TCP_NO_SYN, "tcp_no_syn", "TCP without mapping does not begin with SYN (RFC 6146 section 3.5.2.2)") \
	X(15, NO_PORT, "no_port", "every port of the subscriber's external address is taken (RFC 6888 REQ-11)") \
	X(16, NO_ADDRESS, "no_address", "the zone has no external address") \
	X(17, NO_SUBSCRIBER, "no_subscriber", "the subscriber table is full") \
	X(18, INDEX_FULL, "index_full", "both buckets and the overflow table are full") \
	X(19, NO_VECTOR, "no_vector", "the port vector of the protocol is not installed") \
	X(20, CREATE_RACE, "create_race", "two CPUs created the same mapping and this one did not see the winner in time") \
	X(21, TTL, "ttl", "time to live ran out and no ICMP Time Exceeded may answer it") \
	X(22, TOO_BIG, "too_big", "larger than the MTU of the next link") \
	X(23, NO_ROUTE, "no_route", "no route, or one that leaves by a link of the wrong side") \
	X(24, UNRESOLVED, "unresolved", "next hop not resolved yet; the daemon has been told") \
	X(25, FRAGMENT_ORPHAN, "fragment_orphan", "later fragment before the first one") \
	X(26, FRAGMENT_TINY, "fragment_tiny", "first fragment too short for the transport header, or overlapping it (RFC 1858)") \
	X(27, FRAGMENT_FULL, "fragment_full", "no room to remember the first fragment") \
	X(28, ADJUST_FAILED, "adjust_failed", "no room to change the frame's length") \
	X(29, HAIRPIN_LOOP, "hairpin_loop", "hairpinned packet that would return to its own source endpoint") \
	X(30, DRAINING, "draining", "the external address takes no new mappings") \
	X(31, ICMP_RATE, "icmp_rate", "ICMP error that we owed was withheld by the rate limit (RFC 1812 4.3.2.8)") \
	X(32, SUBSCRIBER_RACE, "subscriber_race", "the subscriber was being removed at that moment") \
	X(33, SOURCE_ROUTE, "source_route", "IPv4 source route option: would bypass the translation") \
	X(34, FILTERED, "filtered", "inbound packet from an address that the mapping has not sent to (RFC 4787 REQ-8)") \
	X(35, FRAGMENT_OVERLAP, "fragment_overlap", "fragment that overlaps another of its datagram, or reaches beyond its last one") \
	X(36, FRAGMENT_QUOTA, "fragment_quota", "first fragment of a host that has left too many datagrams unfinished") \
	X(37, HOLD_FULL, "hold_full", "no room to hold the packet until it can be judged, or enough of its kind held in this second") \
	X(38, HOLD_SOURCE, "hold_source", "the source has had its share of held packets for this second") \
	X(39, NO_BLOCK, "no_block", "every port block of the subscriber's external address is taken (RFC 6888 REQ-11)") \
	X(40, BLOCKS_FULL, "blocks_full", "the subscriber has as many port blocks as it may have, and they are full") \
	X(41, LIMIT_MAPPINGS, "limit_mappings", "the subscriber has as many mappings as it may have (RFC 6888 REQ-4)") \
	X(42, LIMIT_RATE, "limit_rate", "the subscriber makes new mappings faster than it may (RFC 6888 REQ-5)") \
	X(43, SYN_SUPERSEDED, "syn_superseded", "held inbound SYN whose port the inside has opened meanwhile (RFC 5382 REQ-4)") \
	X(44, NOT_PLANNED, "not_planned", "in no inside prefix of a deterministic pool, and its zone has no other pool") \
	X(45, RANGE_FULL, "range_full", "the subscriber's deterministic ports are all taken, and its pool has no overflow") \
	X(46, MOVING, "moving", "the external address is on its way to another box")

enum daisy_reason {
	REASON_NONE,
#define X(num, sym, name, help) REASON_##sym = num,
	DAISY_REASONS(X)
#undef X
	DAISY_N_REASONS,
};

#endif
