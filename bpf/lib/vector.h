/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port vectors: from (protocol, slot, external port) to the record, and the words in it. */
#ifndef DAISY_VECTOR_H
#define DAISY_VECTOR_H

#include "../maps.h"
#include "net_consts.h"

static __always_inline __u32 ctl_state(__u64 word)
{
	return word >> DAISY_STATE_SHIFT;
}

static __always_inline __u32 ctl_seen(__u64 word)
{
	return word & DAISY_SEEN_MASK;
}

static __always_inline __u32 ctl_generation(__u64 word)
{
	return word >> DAISY_GEN_SHIFT & DAISY_GEN_MASK;
}

/* A new state with its time; generation kept, no packet held. */
static __always_inline __u64 ctl_enter(__u64 word, __u32 state, __u32 now)
{
	return (__u64)state << DAISY_STATE_SHIFT | (word & DAISY_GEN_MASK << DAISY_GEN_SHIFT) | now;
}

static __always_inline __u64 ctl_cas(struct daisy_mapping *m, __u64 from, __u64 to)
{
	return __sync_val_compare_and_swap(&m->ctl.word, from, to);
}

static __always_inline __u64 ctl_read(struct daisy_mapping *m)
{
	return *(volatile __u64 *)&m->ctl.word;
}

#ifndef __TARGET_ARCH_x86
#error "loads have to stay in order here: see inside_read()"
#endif

/*
 * A record's owner, for who has seen it ACTIVE. It may be no older than that state,
 * or a packet would go to the last owner. Both loads are volatile, so the compiler
 * keeps their order, and x86 lets no load overtake another one; another machine needs
 * an acquire in ctl_read().
 */
static __always_inline __u64 inside_read(const struct daisy_mapping *m)
{
	return *(const volatile __u64 *)&m->inside.word;
}

/* Flags change while others write `link` beside them: both are one word, changed as a whole. */
static __always_inline void mapping_flag(struct daisy_mapping *m, __u32 flag)
{
	__sync_fetch_and_or((__u32 *)&m->flags, flag);
}

/* How its connections fare. Not of a forward: those flags are userspace's to write. */
static __always_inline void mapping_mark(struct daisy_mapping *m, __u32 flag)
{
	if (!(m->flags & MAPPING_STATIC))
		mapping_flag(m, flag);
}

/*
 * The record of (slot, port), or NULL when no vector is installed. proto is a
 * constant in the packet path, so only one branch is left of the three.
 */
static __always_inline struct daisy_mapping *vector_record(__u32 proto, __u32 slot, __u32 port)
{
	void *vector;

	if (proto == DAISY_TCP) {
		vector = bpf_map_lookup_elem(&vectors_tcp, &slot);
		if (!vector)
			return NULL;
		struct daisy_tcp_mapping *t = bpf_map_lookup_elem(vector, &port);

		return t ? &t->m : NULL;
	}
	if (proto == DAISY_UDP) {
		struct daisy_mapping *m;

		vector = bpf_map_lookup_elem(&vectors_udp, &slot);
		if (!vector)
			return NULL;
		m = bpf_map_lookup_elem(vector, &port);
		/* Two maps by one instruction would cost a call: the kernel writes out look-ups in one. */
		barrier_var(m);
		return m;
	}
	vector = bpf_map_lookup_elem(&vectors_icmp, &slot);
	return vector ? bpf_map_lookup_elem(vector, &port) : NULL;
}

/* The same, if the record is live. */
static __always_inline struct daisy_mapping *live_record(__u32 proto, __u32 slot, __u32 port)
{
	struct daisy_mapping *m = vector_record(proto, slot, port);

	return m && ctl_state(ctl_read(m)) == MAPPING_ACTIVE ? m : NULL;
}

/* The same, as the longer TCP record, live or not. */
static __always_inline struct daisy_tcp_mapping *vector_tcp_record(__u32 slot, __u32 port)
{
	void *vector = bpf_map_lookup_elem(&vectors_tcp, &slot);

	return vector ? bpf_map_lookup_elem(vector, &port) : NULL;
}

#endif
