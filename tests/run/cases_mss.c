/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The segment size that SYNs announce: lowered if an option says so, with exact checksums. */
#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define S1 WORLD(1, 80)

#define NEW C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }
/* TCP options that arrive, and what they become. */
#define MSS(value) 2, 4, (value) >> 8, (value) & 255
#define OPTIONS(n, in) .tcp_options = in, .n_tcp_options = n
#define BECOME(n, in, out) .tcp_options = in, .n_tcp_options = n, .tcp_options_after = out
#define MSS_BECOMES(before, after) BECOME(4, BYTES(MSS(before)), BYTES(MSS(after)))
/* As Linux sends it: MSS, SACK permitted, timestamps, no-operation, window scale. */
#define LINUX(mss) BYTES(MSS(mss), 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7)

static void at_most_1400(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->mss_clamp = 1400;
}

static void by_mtu(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->mss_clamp = DAISY_MSS_AUTO;
}

static void by_mtu_1400_outside(struct bed *bed)
{
	by_mtu(bed);
	daisy_instance_links(bed->inst)[LINK_OUT].mtu = 1400;
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].mtu = 1400;
}

static void by_mtu_500_outside(struct bed *bed)
{
	by_mtu(bed);
	daisy_instance_links(bed->inst)[LINK_OUT].mtu = 500;
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].mtu = 500;
}

static const struct play plays[] = {
	{ "The segment size of a SYN is left alone unless configured",
	  STEPS(OUT(TCP(H1, S1, SYN, OPTIONS(4, BYTES(MSS(9000)))), NEW)) },
	{ "The segment size is lowered in a SYN from the inside and in its answer", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, MSS_BECOMES(1460, 1400)), NEW),
		IN(TCP(S1, H1, SYN | ACK, MSS_BECOMES(65535, 1400)), C_in_tcp)) },
	{ "It is lowered in a stranger's SYN and in the answer from the inside", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN), NEW),
		IN(TCP(WORLD(2, 80), H1, SYN, MSS_BECOMES(1401, 1400)), C_in_tcp, C_conns_created),
		OUT(TCP(H1, WORLD(2, 80), SYN | ACK, MSS_BECOMES(8960, 1400)), C_out_tcp)) },
	{ "It is lowered in hairpinned SYNs", .setup = at_most_1400,
	  STEPS(OUT(TCP(H2, S1, SYN), NEW),
		HAIRPIN(TCP(H1, H2, SYN, MSS_BECOMES(1460, 1400)), C_hairpin, C_created_tcp, C_conns_created,
			C_conns_created, C_subscribers_created)) },
	{ "A smaller segment size is never raised", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, OPTIONS(4, BYTES(MSS(1400)))), NEW),
		IN(TCP(S1, H1, SYN | ACK, OPTIONS(4, BYTES(MSS(88)))), C_in_tcp)) },
	{ "Other options keep their bytes", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, BECOME(20, LINUX(1460), LINUX(1400))), NEW)) },
	{ "A segment size at an odd place is lowered with the right checksum (R3)", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, BECOME(8, BYTES(1, MSS(1460), 1, 1, 1), BYTES(1, MSS(1400), 1, 1, 1))), NEW),
		IN(TCP(S1, H1, SYN | ACK, BECOME(8, BYTES(3, 3, 7, MSS(9000), 0), BYTES(3, 3, 7, MSS(1400), 0))),
		   C_in_tcp)) },
	{ "A segment size that stands twice is lowered twice", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, BECOME(8, BYTES(MSS(1460), MSS(1500)), BYTES(MSS(1400), MSS(1400)))), NEW)) },
	{ "It is found behind forty no-operations but four, and behind IP options", .setup = at_most_1400,
	  .options = BYTES(148, 4, 0, 0), .n_options = 4,
	  STEPS(OUT(TCP(H1, S1, SYN, BECOME(40, BYTES([0 ... 35] = 1, MSS(1460)), BYTES([0 ... 35] = 1, MSS(1400)))),
		    NEW)) },
	{ "Nothing behind the end of the options is touched", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, OPTIONS(8, BYTES(0, 4, 0, 0, MSS(1460)))), NEW)) },
	{ "Options with a length that cannot be are passed on as they came", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, OPTIONS(8, BYTES(8, 0, 1, 1, MSS(1460)))), NEW),
		OUT(TCP(H1, S1, SYN, OPTIONS(8, BYTES(8, 200, 1, 1, MSS(1460)))), C_out_tcp),
		OUT(TCP(H1, S1, SYN, OPTIONS(4, BYTES(2, 3, 255, 0))), C_out_tcp),
		OUT(TCP(H1, S1, SYN, OPTIONS(4, BYTES(2, 5, 255, 255))), C_out_tcp),
		OUT(TCP(H1, S1, SYN, OPTIONS(4, BYTES(1, 1, 2, 4))), C_out_tcp)) },
	{ "A header length beyond the packet, or below twenty bytes, is passed on as it came", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, OPTIONS(4, BYTES(MSS(1460))), .doff = 15, .payload = ZERO), NEW),
		OUT(TCP(H1, S1, SYN, OPTIONS(4, BYTES(MSS(1460))), .doff = 4), C_out_tcp)) },
	{ "The segment size of data is no segment size", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN), NEW), IN(TCP(S1, H1, SYN | ACK), C_in_tcp),
		OUT(TCP(H1, S1, ACK, OPTIONS(4, BYTES(MSS(1460)))), C_out_tcp)) },
	{ "A SYN without the option goes as it came", .setup = at_most_1400, STEPS(OUT(TCP(H1, S1, SYN), NEW)) },
	{ "A SYN in a first fragment is lowered, its checksum for the whole segment", .setup = at_most_1400,
	  STEPS(OUT(TCP(H1, S1, SYN, MSS_BECOMES(1460, 1400), .payload = 200, .fragment = true, .part = 80), NEW)) },
	{ "By the MTU: the smaller of both links less forty, in both directions", .setup = by_mtu_1400_outside,
	  STEPS(OUT(TCP(H1, S1, SYN, MSS_BECOMES(1460, 1360)), NEW),
		IN(TCP(S1, H1, SYN | ACK, MSS_BECOMES(1460, 1360)), C_in_tcp)) },
	{ "By the MTU: 1460 at 1500", .setup = by_mtu,
	  STEPS(OUT(TCP(H1, S1, SYN, OPTIONS(4, BYTES(MSS(1460)))), NEW),
		IN(TCP(S1, H1, SYN | ACK, MSS_BECOMES(8960, 1460)), C_in_tcp)) },
	{ "By the MTU: never below 536", .setup = by_mtu_500_outside,
	  STEPS(OUT(TCP(H1, S1, SYN, MSS_BECOMES(1460, 536)), NEW),
		IN(TCP(S1, H1, SYN | ACK, OPTIONS(4, BYTES(MSS(300)))), C_in_tcp)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
