/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Internet checksums by difference (RFC 1624 equation 3). A sum is kept in 64
 * bits, of words in memory order; byte order does not matter to the one's
 * complement sum (RFC 1071 section 2(B)).
 */
#ifndef DAISY_CSUM_H
#define DAISY_CSUM_H

/* sum: below 2^48, which 65,536 words of 32 bits do not reach. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* Difference that replacing a 32-bit (16-bit) word makes. */
static __always_inline __u64 csum_diff4(__u32 from, __u32 to)
{
	return (__u64)(__u32)~from + to;
}

static __always_inline __u64 csum_diff2(__u16 from, __u16 to)
{
	return (__u64)(__u16)~from + to;
}

/* New checksum field after a difference. */
static __always_inline __u16 csum_apply(__u16 check, __u64 diff)
{
	return ~csum_fold((__u16)~check + diff);
}

/* The same for UDP: 0 means "none" and stays (RFC 768), a computed 0 is sent as 0xffff. */
static __always_inline __u16 csum_apply_udp(__u16 check, __u64 diff)
{
	__u16 sum;

	if (!check)
		return 0;
	sum = csum_apply(check, diff);
	return sum ? sum : 0xffff;
}

#endif
