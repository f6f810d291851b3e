/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inbound words: what the straight line needs of a UDP mapping, in eight bytes. A
 * full address has 512 KiB of them, which fit into the second-level cache where
 * its records do not; one load from behind that cache costs more than all else
 * that is done for such a packet (doc/decisions/0001).
 *
 * The record decides, the word follows: the first inbound packet of a mapping takes
 * the stages and leaves the word, so a creation does not wait for its line. Who ends
 * the mapping clears it, after the record's change of state; who sets it looks at the
 * record again afterwards. Each does so with a full barrier in between, so of a packet
 * and an end that meet, one sees the other, and no word outlives its mapping.
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

/* Let the word speak for the record, which was ACTIVE. */
static __always_inline void inbound_vouch(struct daisy_mapping *m, __u32 slot, __u32 port)
{
	union daisy_inbound *in = inbound_at(slot, port);
	__u32 link = *(const volatile __u16 *)&m->link;
	__u64 word = inbound_word(inside_read(m), link);

	if (!in || *(const volatile __u64 *)&in->word == word)
		return;
	__sync_lock_test_and_set(&in->word, word);
	if (ctl_state(ctl_read(m)) != MAPPING_ACTIVE || *(const volatile __u16 *)&m->link != link)
		__sync_val_compare_and_swap(&in->word, word, 0);
}

/* The mapping has ended: its record says so already, by compare-and-swap. */
static __always_inline void inbound_clear(__u32 slot, __u32 port)
{
	union daisy_inbound *in = inbound_at(slot, port);

	if (in && *(const volatile __u64 *)&in->word)
		*(volatile __u64 *)&in->word = 0;
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
