/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is an address one of ours: external or the box's own. One line in nearly every case. */
#ifndef DAISY_ADDRS_H
#define DAISY_ADDRS_H

#include "../maps.h"
#include "net_consts.h"

/* The entry of an address as one word: address, slot, kind. */
static __always_inline __u32 addr_word_kind(__u64 word)
{
	return word >> 48 & 0xff;
}

static __always_inline __u32 addr_word_slot(__u64 word)
{
	return word >> 32 & 0xffff;
}

static __always_inline bool addr_word_filtered(__u64 word)
{
	return word >> 56;
}

/* External, and without filtering: what needs no further question. */
static __always_inline bool addr_word_open(__u64 word)
{
	return word >> 48 == ADDR_EXTERNAL;
}

STAGE __u64 addr_find_on(__u32 bucket, __u32 addr)
{
	struct daisy_addr_bucket *b;

#pragma unroll
	for (int n = 0; n < 2; n++) {
		__u32 i = (bucket + n) & (DAISY_ADDR_BUCKETS - 1);

		b = bpf_map_lookup_elem(&addrs, &i);
		if (!b)
			return 0;
#pragma unroll
		for (int e = 0; e < 8; e++) {
			__u64 word = *(volatile __u64 *)&b->entry[e];

			if ((__u32)word == addr && addr_word_kind(word))
				return word;
		}
	}
	return 0;
}

/* addr: network order. Returns the entry's word, 0 if the address is none of ours. */
static __always_inline __u64 addr_find(__u32 addr)
{
	__u32 i = daisy_addr_hash(addr);
	struct daisy_addr_bucket *b = bpf_map_lookup_elem(&addrs, &i);
	__u64 word;

	if (!b)
		return 0;
	word = *(volatile __u64 *)&b->entry[0];
	if (likely(!word))
		return 0;
	if (likely((__u32)word == addr && addr_word_kind(word)))
		return word;
	return addr_find_on(i, addr);
}

/* First octet, from an address in network order on a little-endian machine. */
static __always_inline __u32 addr_octet(__u32 addr)
{
	return addr & 0xff;
}

/* RFC 1122 section 3.2.1.3, RFC 6890: never a source on the wire between hosts. */
static __always_inline bool addr_bad_source(__u32 addr)
{
	__u32 octet = addr_octet(addr);

	return octet == 0 || octet == 127 || octet >= 224;
}

#endif
