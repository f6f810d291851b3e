/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inbound words: what the straight line needs of a UDP mapping, in eight bytes. A
 * full address has 512 KiB of them, which fit into the second-level cache where
 * its records do not; one load from behind that cache costs more than all else
 * that is done for such a packet (doc/decisions/0001).
 *
 * The record decides, the word follows. Its creator sets it as long as the record
 * is its alone; who ends the mapping clears it, and the port then rests for longer
 * than any CPU may still have the word. In between a change by compare-and-swap
 * cannot bring a cleared word back.
 */
#ifndef DAISY_INBOUND_H
#define DAISY_INBOUND_H

#include "index.h"

static __always_inline union daisy_inbound *inbound_at(__u32 slot, __u32 port)
{
	__u32 index = slot * DAISY_VECTOR_SIZE + port;

	return bpf_map_lookup_elem(&inbound_udp, &index);
}

/* endpoint: of the inside host (union daisy_endpoint); its zone is left out: the link has one. */
static __always_inline __u64 inbound_word(__u64 endpoint, __u32 link)
{
	return DAISY_INBOUND_LIVE | (__u64)link << DAISY_INBOUND_LINK_SHIFT |
	       (endpoint & 0xffffffffffffULL);
}

static __always_inline void inbound_set(__u32 proto, __u64 ref, __u64 word)
{
	union daisy_inbound *in;

	if (proto != DAISY_UDP)
		return;
	in = inbound_at(ref_slot(ref), ref_port(ref));
	if (in)
		*(volatile __u64 *)&in->word = word;
}

/* The mapping's host has moved from one link to another. */
static __always_inline void inbound_move(__u32 proto, __u64 ref, __u64 endpoint, __u32 from, __u32 to)
{
	union daisy_inbound *in;

	if (proto != DAISY_UDP)
		return;
	in = inbound_at(ref_slot(ref), ref_port(ref));
	if (in)
		__sync_val_compare_and_swap(&in->word, inbound_word(endpoint, from),
					    inbound_word(endpoint, to));
}

#endif
