/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of doc/verdicts.md: what becomes of a frame that is not translated, and why. */
#include "play.h"

#define H1 HOST(1, 5000)
#define S1 WORLD(1, 80)
#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)

#define PEER_MAC(link) { { 2, 0, 0, 0, 1, link } }
#define OUR_MAC(device) { { 2, 0, 0, 0, 0, device } }
#define OTHER_MAC { { 2, 9, 9, 9, 9, 9 } }
#define BROADCAST { { 255, 255, 255, 255, 255, 255 } }
#define MULTICAST { { 1, 0, 0x5e, 0, 0, 5 } }
#define LLDP_MAC { { 1, 0x80, 0xc2, 0, 0, 14 } }

#define ARP(operation, from, from_mac, to, to_mac, ...) \
	{ .ethertype = 0x0806, .dmac = BROADCAST, .pad_to = 60, \
	  .arp = { .op = operation, .sha = from_mac, .tha = to_mac, .spa = from, .tpa = to }, ##__VA_ARGS__ }
#define NO_MAC { { 0 } }
#define NEIGHBOUR ADDR(192, 0, 2, 55)
#define ARP_REQUEST(link, target, ...) \
	ARP(1, NEIGHBOUR, PEER_MAC(link), target, NO_MAC, ##__VA_ARGS__)
#define ARP_REPLY_FROM(device, link, target, ...) \
	ARP(2, target, OUR_MAC(device), NEIGHBOUR, PEER_MAC(link), ##__VA_ARGS__)

/* The answer is the request turned round: its padding and tags stay. */
#define ANSWERS(where, device, link, target) \
	REPLY(where, ARP_REQUEST(link, target), ARP_REPLY_FROM(device, link, target), C_arp_replies)

#define OTHER(type, ...) { .ethertype = type, .payload = 46, ##__VA_ARGS__ }
#define TAGS(n, ...) .own_tags = true, .n_tags = n, .tag = { __VA_ARGS__ }

#define NOBODY(last) LITERAL(ADDR(172, 16, 0, last), 5000)
#define OWN LITERAL(OWN_ADDR, 22)

static const uint8_t loose_route[] = { 131, 7, 4, 192, 0, 2, 9, 0 };
static const uint8_t strict_route[] = { 1, 137, 7, 4, 192, 0, 2, 9 };
static const uint8_t record_route[] = { 7, 7, 4, 0, 0, 0, 0, 0 };
static const uint8_t endless_option[] = { 148, 0, 131, 7 };
static const uint8_t after_the_end[] = { 0, 131, 7, 4 };

static void no_side(struct bed *bed)
{
	daisy_instance_links(bed->inst)[LINK_IN].side = SIDE_NONE;
}

static const struct play plays[] = {
	/* ARP */
	{ "An ARP request for an external address is answered outside (verdict table)",
	  STEPS(ANSWERS(AT_OUTSIDE, 1, LINK_OUT, EXT0), ANSWERS(AT_OUTSIDE, 1, LINK_OUT, EXT1),
		ANSWERS(AT_OUTSIDE, 1, LINK_OUT, ADDR(198, 18, 77, 5))) },
	{ "A unicast ARP request for an external address is answered outside (verdict table)",
	  STEPS(REPLY(AT_OUTSIDE, ARP_REQUEST(LINK_OUT, EXT0, .dmac = OUR_MAC(1)),
		      ARP_REPLY_FROM(1, LINK_OUT, EXT0), C_arp_replies)) },
	{ "An unpadded ARP request is answered (verdict table)",
	  STEPS(REPLY(AT_OUTSIDE, ARP_REQUEST(LINK_OUT, EXT0, .pad_to = 0),
		      ARP_REPLY_FROM(1, LINK_OUT, EXT0, .pad_to = 0), C_arp_replies)) },
	{ "An ARP request for an external address is answered on one arm (verdict table)", LINK_BOTH, LINK_BOTH,
	  STEPS(ANSWERS(AT_OUTSIDE, 2, LINK_BOTH, EXT0)) },
	{ "An ARP request for an external address is answered with its VLAN tag (verdict table)",
	  LINK_IN_VLAN, LINK_OUT_VLAN, STEPS(ANSWERS(AT_OUTSIDE, 1, LINK_OUT_VLAN, EXT0)) },
	{ "An ARP request for an external address is answered with both its VLAN tags (verdict table)",
	  LINK_IN_QINQ, LINK_OUT_QINQ, STEPS(ANSWERS(AT_OUTSIDE, 1, LINK_OUT_QINQ, EXT0)) },
	{ "An ARP request for an external address from inside is left to the kernel (verdict table)",
	  STEPS(PASS(LINK_IN, ARP_REQUEST(LINK_IN, EXT0), arp)) },
	{ "An ARP request for another address is left to the kernel, in and outside (verdict table)",
	  STEPS(PASS(AT_OUTSIDE, ARP_REQUEST(LINK_OUT, OWN_ADDR), arp),
		PASS(AT_OUTSIDE, ARP_REQUEST(LINK_OUT, ADDR(192, 0, 2, 200)), arp),
		PASS(LINK_IN, ARP_REQUEST(LINK_IN, ADDR(10, 0, 0, 254)), arp)) },
	{ "Gratuitous ARP is left to the kernel, request and reply, also for an external address (verdict table)",
	  STEPS(PASS(AT_OUTSIDE, ARP(1, NEIGHBOUR, PEER_MAC(1), NEIGHBOUR, NO_MAC), arp),
		PASS(AT_OUTSIDE, ARP(2, NEIGHBOUR, PEER_MAC(1), NEIGHBOUR, BROADCAST), arp),
		PASS(AT_OUTSIDE, ARP(1, EXT0, PEER_MAC(1), EXT0, NO_MAC), arp)) },
	{ "An ARP reply is left to the kernel (verdict table)",
	  STEPS(PASS(AT_OUTSIDE, ARP(2, NEIGHBOUR, PEER_MAC(1), OWN_ADDR, OUR_MAC(1)), arp),
		PASS(AT_OUTSIDE, ARP(2, NEIGHBOUR, PEER_MAC(1), EXT0, OUR_MAC(1)), arp)) },
	{ "A truncated ARP request is left to the kernel (verdict table)",
	  STEPS(PASS(AT_OUTSIDE, ARP_REQUEST(LINK_OUT, EXT0, .pad_to = 0, .cut = 1), arp)) },
	{ "An ARP probe for an external address is answered: the address is in use (RFC 5227)",
	  STEPS(REPLY(AT_OUTSIDE, ARP(1, 0, PEER_MAC(1), EXT0, NO_MAC), ARP(2, EXT0, OUR_MAC(1), 0, PEER_MAC(1)),
		      C_arp_replies)) },

	/* other frames */
	{ "IPv6 is left to the kernel, in and outside (verdict table)",
	  STEPS(PASS(LINK_IN, OTHER(0x86dd), ipv6), PASS(LINK_OUT, OTHER(0x86dd), ipv6),
		PASS(LINK_BOTH_VLAN, OTHER(0x86dd, .dmac = MULTICAST), ipv6)) },
	{ "LLDP, LACP, PPPoE and MPLS are left to the kernel (verdict table)",
	  STEPS(PASS(LINK_OUT, OTHER(0x88cc, .dmac = LLDP_MAC), other), PASS(LINK_IN, OTHER(0x8809), other),
		PASS(LINK_IN, OTHER(0x8864), other), PASS(LINK_OUT, OTHER(0x8847), other)) },
	{ "IEEE 802.3 length frames such as spanning tree are left to the kernel (verdict table)",
	  STEPS(PASS(LINK_OUT, OTHER(46, .dmac = LLDP_MAC), other)) },
	{ "A VLAN that is no link is left to the kernel, whatever it carries (verdict table)",
	  STEPS(PASS(LINK_IN, UDP(H1, S1, TAGS(1, 999)), other), PASS(LINK_OUT, UDP(S1, LITERAL(EXT0, 1), TAGS(1, 999)), other),
		PASS(LINK_IN, UDP(H1, S1, TAGS(2, 200, 301)), other),
		PASS(LINK_IN, UDP(H1, S1, TAGS(2, 300, 200)), other),
		PASS(LINK_IN2, UDP(HOST_OF(2, 1, 1), S1, TAGS(1, 100)), other)) },
	{ "A link without a side leaves its frames to the kernel (verdict table)",
	  STEPS(CALL(no_side), PASS(LINK_IN, UDP(H1, S1), other),
		PASS(LINK_IN, ARP_REQUEST(LINK_IN, EXT0), other)) },
	{ "IPv4 to another station's MAC address is left to the kernel (verdict table)",
	  STEPS(PASS(LINK_IN, UDP(H1, S1, .dmac = OTHER_MAC), other_host),
		PASS(LINK_OUT, UDP(S1, LITERAL(EXT0, 9), .dmac = OTHER_MAC), other_host),
		PASS(LINK_IN, UDP(H1, S1, .dmac = OUR_MAC(1)), other_host), STATE("")) },
	{ "IPv4 to a broadcast or multicast MAC address is left to the kernel (verdict table)",
	  STEPS(PASS(LINK_IN, UDP(H1, S1, .dmac = BROADCAST), multicast),
		PASS(LINK_OUT, UDP(S1, LITERAL(EXT0, 9), .dmac = BROADCAST), multicast),
		PASS(LINK_IN, UDP(H1, LITERAL(ADDR(224, 0, 0, 5), 1), .dmac = MULTICAST), multicast), STATE("")) },
	{ "A frame shorter than its Ethernet header is dropped (verdict table)",
	  STEPS(DROP(LINK_IN, UDP(H1, S1, .cut = 60 - 14), TRUNCATED)) },
	{ "A frame that ends in its VLAN tag is dropped (verdict table)",
	  STEPS(DROP(LINK_IN, UDP(H1, S1, TAGS(1, 100), .cut = 64 - 16), TRUNCATED),
		DROP(LINK_IN, UDP(H1, S1, TAGS(2, 200, 300), .cut = 68 - 20), TRUNCATED)) },

	/* the box itself */
	{ "TCP, UDP and ICMP to an address of the box are left to the kernel, from outside (verdict table)",
	  STEPS(PASS(AT_OUTSIDE, TCP(S1, OWN, SYN), own), PASS(AT_OUTSIDE, UDP(S1, OWN), own),
		PASS(AT_OUTSIDE, ECHO(WORLD(1, 7), LITERAL(OWN_ADDR, 0)), own)) },
	{ "TCP, UDP and ICMP to an address of the box are left to the kernel, from inside (verdict table)",
	  STEPS(PASS(AT_INSIDE, TCP(H1, OWN, SYN), own), PASS(AT_INSIDE, UDP(H1, OWN), own),
		PASS(AT_INSIDE, ECHO(H1, LITERAL(OWN_ADDR, 0)), own), STATE("")) },
	{ "Any protocol and fragments to an address of the box are left to the kernel (verdict table)",
	  STEPS(PASS(AT_OUTSIDE, UDP(S1, OWN, .proto = 89), own), PASS(AT_OUTSIDE, UDP(S1, OWN, .frag_field = 185), own),
		PASS(LINK_BOTH, UDP(S1, OWN), own), PASS(AT_OUTSIDE, UDP(S1, OWN, .ttl = 1), own)) },
	{ "Multicast and limited broadcast are left to the kernel: OSPF, VRRP, DHCP (verdict table)",
	  STEPS(PASS(AT_INSIDE, UDP(H1, LITERAL(ADDR(224, 0, 0, 5), 0), .proto = 89), multicast),
		PASS(AT_OUTSIDE, UDP(S1, LITERAL(ADDR(239, 255, 255, 255), 9)), multicast),
		PASS(LINK_IN, UDP(LITERAL(0, 68), LITERAL(0xffffffff, 67)), multicast), STATE("")) },

	/* headers that cannot be */
	{ "A wrong IP version is dropped (verdict table)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .version = 5), BAD_HEADER)) },
	{ "An IP header length below twenty is dropped (verdict table)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .ihl = 4), BAD_HEADER)) },
	{ "An IP header that ends beyond its packet is dropped (verdict table)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .ihl = 15), BAD_HEADER),
		DROP(AT_INSIDE, UDP(H1, S1, .total_length_off = -27), BAD_HEADER)) },
	{ "A total length below the header length is dropped (verdict table)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .total_length_off = -30), BAD_HEADER)) },
	{ "A total length beyond the frame is dropped (verdict table)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .total_length_off = 1), TRUNCATED),
		DROP(AT_INSIDE, UDP(H1, S1, .cut = 1), TRUNCATED),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 9), .cut = 20), TRUNCATED),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 9), .cut = 27), TRUNCATED)) },
	{ "A total length that leaves less than the transport header is dropped (verdict table)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .payload = ZERO, .total_length_off = -1, .pad_to = 60), TRUNCATED),
		DROP(AT_INSIDE, TCP(H1, S1, SYN, .payload = ZERO, .total_length_off = -1, .pad_to = 60), TRUNCATED),
		DROP(AT_INSIDE, ECHO(H1, WORLD(1, 0), .payload = ZERO, .total_length_off = -1, .pad_to = 60), TRUNCATED)) },
	{ "A wrong IP header checksum is dropped, both ways (verdict table, R3)",
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, UDP(H1, S1, .ip_csum_off = 1), BAD_CHECKSUM),
		DROP(AT_OUTSIDE, UDP(S1, H1, .ip_csum_off = 0x8000), BAD_CHECKSUM)) },
	{ "A wrong IP checksum in the options is dropped (verdict table, R3)",
	  .options = record_route, .n_options = sizeof(record_route),
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .ip_csum_off = 1), BAD_CHECKSUM)) },
	{ "A loose source route is dropped (verdict table)", .options = loose_route, .n_options = sizeof(loose_route),
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1), SOURCE_ROUTE), DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 9)), SOURCE_ROUTE)) },
	{ "A strict source route behind another option is dropped (verdict table)",
	  .options = strict_route, .n_options = sizeof(strict_route), STEPS(DROP(AT_INSIDE, UDP(H1, S1), SOURCE_ROUTE)) },
	{ "A record route option is no source route: it is translated (verdict table)",
	  .options = record_route, .n_options = sizeof(record_route), STEPS(OPEN_UDP) },
	{ "An option of length zero ends the search: it is translated (verdict table)",
	  .options = endless_option, .n_options = sizeof(endless_option), STEPS(OPEN_UDP) },
	{ "What follows the end of the options is no option: it is translated (verdict table)",
	  .options = after_the_end, .n_options = sizeof(after_the_end), STEPS(OPEN_UDP) },

	/* addresses */
	{ "A source in no inside prefix is dropped (verdict table)",
	  STEPS(DROP(LINK_IN, UDP(NOBODY(1), S1), NOT_INSIDE), DROP(LINK_IN, TCP(NOBODY(1), S1, SYN), NOT_INSIDE),
		DROP(LINK_IN, ECHO(NOBODY(1), WORLD(1, 0)), NOT_INSIDE), STATE("")) },
	{ "A source outside of the inside prefixes gets no Time Exceeded (R4)",
	  STEPS(DROP(LINK_IN, UDP(NOBODY(1), S1, .ttl = 1), NOT_INSIDE),
		DROP(LINK_IN, ECHO(NOBODY(1), WORLD(1, 0), .ttl = 1), NOT_INSIDE)) },
	{ "A source in no inside prefix is dropped on one arm (verdict table)",
	  STEPS(DROP(LINK_BOTH, UDP(NOBODY(1), S1), NOT_INSIDE)) },
	{ "From outside to no external address is dropped, an inside one included (verdict table)",
	  STEPS(DROP(AT_OUTSIDE, UDP(S1, LITERAL(ADDR(203, 0, 113, 99), 9)), NOT_POOL),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(ADDR(10, 0, 0, 1), 5000)), NOT_POOL),
		DROP(AT_OUTSIDE, TCP(S1, LITERAL(ADDR(10, 0, 0, 1), 5000), SYN), NOT_POOL)) },
	{ "From outside with an external address as source is dropped (verdict table)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, UDP(LITERAL(EXT1, 9), H1), SPOOFED),
		DROP(AT_OUTSIDE, ECHO(LITERAL(EXT0, 9), LITERAL(EXT0, 0)), SPOOFED)) },
	{ "From outside with the box's own address as source is dropped (verdict table)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, UDP(LITERAL(OWN_ADDR, 9), H1), SPOOFED),
		DROP(AT_OUTSIDE, ECHO(LITERAL(OWN_ADDR, 9), LITERAL(EXT0, 0)), SPOOFED)) },
	{ "On one arm an external address as source is dropped (verdict table)", LINK_BOTH, LINK_BOTH,
	  STEPS(DROP(AT_OUTSIDE, UDP(LITERAL(EXT0, 9), LITERAL(EXT0, 9)), SPOOFED),
		DROP(AT_OUTSIDE, UDP(LITERAL(EXT0, 9), S1), NOT_INSIDE)) },
	{ "From inside with an external address as source is dropped (U7, verdict table)",
	  STEPS(DROP(LINK_IN, UDP(LITERAL(EXT0, 9), S1), NOT_INSIDE)) },
	{ "To 127/8, 0/8 and 240/4 is dropped, both ways (verdict table)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, LITERAL(ADDR(127, 0, 0, 1), 9)), BAD_ADDRESS),
		DROP(AT_INSIDE, UDP(H1, LITERAL(ADDR(0, 1, 2, 3), 9)), BAD_ADDRESS),
		DROP(AT_INSIDE, UDP(H1, LITERAL(ADDR(240, 0, 0, 1), 9)), BAD_ADDRESS),
		DROP(AT_INSIDE, UDP(H1, LITERAL(ADDR(255, 255, 255, 254), 9)), BAD_ADDRESS),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(ADDR(127, 0, 0, 1), 9)), BAD_ADDRESS)) },
	{ "From 127/8, 0/8, multicast and 240/4 is dropped, both ways (verdict table)",
	  STEPS(DROP(LINK_IN, UDP(LITERAL(ADDR(127, 0, 0, 1), 9), S1), BAD_ADDRESS),
		DROP(LINK_IN, UDP(LITERAL(ADDR(0, 0, 0, 0), 9), S1), BAD_ADDRESS),
		DROP(LINK_OUT, UDP(LITERAL(ADDR(127, 9, 9, 9), 9), LITERAL(EXT0, 9)), BAD_ADDRESS),
		DROP(LINK_OUT, UDP(LITERAL(ADDR(224, 0, 0, 1), 9), LITERAL(EXT0, 9)), BAD_ADDRESS),
		DROP(LINK_OUT, UDP(LITERAL(ADDR(255, 255, 255, 255), 9), LITERAL(EXT0, 9)), BAD_ADDRESS)) },
	{ "An echo request from a bad source is not answered (I10e, verdict table)",
	  STEPS(DROP(LINK_OUT, ECHO(LITERAL(ADDR(255, 255, 255, 255), 9), LITERAL(EXT0, 0)), BAD_ADDRESS)) },
	{ "Protocols without translation are dropped, both ways: SCTP, GRE, ESP, IPv6 (G1, verdict table)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .proto = 132), UNSUPPORTED_PROTO),
		DROP(AT_INSIDE, UDP(H1, S1, .proto = 47), UNSUPPORTED_PROTO),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 0), .proto = 50), UNSUPPORTED_PROTO),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 0), .proto = 41), UNSUPPORTED_PROTO)) },

	/* hairpin */
	{ "UDP to an external port without a mapping is dropped and makes none (U9)",
	  STEPS(DROP(AT_INSIDE, UDP(H1, LITERAL(EXT0, 4000)), NO_MAPPING), STATE("")) },
	{ "UDP to its own external endpoint is dropped (U9)",
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, UDP(H1, H1), HAIRPIN_LOOP), STATE("udp 1/10.0.0.1:5000")) },
	{ "UDP to its own external endpoint is dropped on one arm (U9)", LINK_BOTH, LINK_BOTH,
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, UDP(H1, H1), HAIRPIN_LOOP)) },
	{ "Another port of the same host is hairpinned (U9)",
	  STEPS(OPEN_UDP, HAIRPIN(UDP(HOST(1, 5001), H1), C_hairpin, C_created_udp)) },
	{ "Hairpinned UDP refreshes its source's mapping and not its destination's (U6, D-15)",
	  STEPS(OPEN_UDP, OUT(UDP(HOST(2, 6000), S1), C_out_udp, C_created_udp, C_subscribers_created),
		ADVANCE(UDP_S - 1), HAIRPIN(UDP(H1, HOST(2, 6000)), C_hairpin), ADVANCE(1 + MARGIN_S), SWEEP,
		STATE("udp 1/10.0.0.1:5000; udp hold")) },
	{ "A source in no inside prefix is not hairpinned (U9)",
	  STEPS(OPEN_UDP, DROP(LINK_IN, UDP(NOBODY(1), H1), NOT_INSIDE)) },

	/* on the way out */
	{ "Padding of a short frame survives, both ways (verdict table)",
	  STEPS(OUT(UDP(H1, S1, .payload = 1, .pad_to = 60), C_out_udp, C_created_udp, C_subscribers_created),
		IN(UDP(S1, H1, .payload = 1, .pad_to = 60), C_in_udp)) },
	{ "Padding of a short tagged frame survives (verdict table)", LINK_IN_QINQ, LINK_OUT_VLAN,
	  STEPS(OUT(UDP(H1, S1, .payload = 1, .pad_to = 68), C_out_udp, C_created_udp, C_subscribers_created),
		IN(UDP(S1, H1, .payload = 1, .pad_to = 64), C_in_udp)) },
	{ "The type of service, the id and DF survive (I10d)",
	  STEPS(OUT(UDP(H1, S1, .tos = 0xb8, .id = 0xabcd, .df = true), C_out_udp, C_created_udp, C_subscribers_created),
		IN(UDP(S1, H1, .tos = 0x03, .id = 0x0001, .df = true), C_in_udp)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
