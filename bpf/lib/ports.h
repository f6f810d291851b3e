/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free ports of one (slot, protocol): a bit per port, 64 to a leaf word, and a
 * summary bit per leaf as a hint. A port is claimed by compare-and-swap from a
 * random start (RFC 6056 section 3.3.1). Bounded work in every case: whoever takes
 * the last port of a leaf clears its summary bit, so a full map is seen in at
 * most sixteen summary words.
 */
#ifndef DAISY_PORTS_H
#define DAISY_PORTS_H

#include "../maps.h"
#include "net_consts.h"

#define PORT_PROBES 160
#define PARITY_EVEN 0x5555555555555555ULL
#define WELL_KNOWN_END 1024	/* range preservation keeps 1-1023 and the rest apart */

/* What a creator asks for. */
struct port_wish {
	__u32 map;		/* index in port_maps */
	__u32 random;
	__u16 original;		/* inside port: for parity and range */
	__u16 pad;
	__u32 options;		/* DAISY_OPT_PARITY, DAISY_OPT_RANGE */
};

/* Small: the stack of eight nested functions has 512 bytes in all. */
struct port_search {
	__u64 mask;		/* ports of the wanted parity, in any leaf */
	__u32 map;		/* index in port_maps */
	__u16 first;		/* inclusive */
	__u16 last;		/* inclusive */
	__u32 leaf;		/* next leaf to look at */
	__u16 bit;		/* start inside that leaf */
	__u16 wraps;
	__u32 port;		/* the result; 0: none */
};

/*
 * Number of the lowest set bit; word is not 0. BPF has no such instruction, and
 * a ladder of branches multiplies the verifier's states: a de Bruijn sequence
 * and a table do it without one.
 */
static const __u8 lowest_bit_table[64] = {
	0,  1,	2,  53, 3,  7,	54, 27, 4,  38, 41, 8,	34, 55, 48, 28,
	62, 5,	39, 46, 44, 42, 22, 9,	24, 35, 59, 56, 49, 18, 29, 11,
	63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10,
	51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
};

static __always_inline __u32 lowest_bit(__u64 word)
{
	return lowest_bit_table[(word & -word) * 0x022fdd63cc95386dULL >> 58] & 63;
}

/* Bits of leaf `leaf` that lie in [first, last]. */
static __always_inline __u64 leaf_window(__u32 leaf, __u32 first, __u32 last)
{
	__u64 window = ~0ULL;

	if (leaf == first / 64)
		window &= ~0ULL << (first & 63);
	if (leaf == last / 64)
		window &= ~0ULL >> (63 - (last & 63));
	return window;
}

/*
 * A hint is taken away before the leaf is looked at again, and a port shows in its
 * leaf before the hint is set: of a port that is freed meanwhile the hint stays. So
 * the first step of each has to be a full barrier. For BPF it is one if it fetches,
 * and clang lets it fetch only if the result is used.
 */
static __always_inline void fetch_or(__u64 *word, __u64 bits)
{
	__u64 was = __sync_fetch_and_or(word, bits);

	barrier_var(was);
}

static __always_inline void fetch_and(__u64 *word, __u64 bits)
{
	__u64 was = __sync_fetch_and_and(word, bits);

	barrier_var(was);
}

/* Take the hint away from an empty leaf; a port freed meanwhile brings it back. */
static __always_inline void summary_clear(struct daisy_port_map *map, __u32 leaf)
{
	__u64 bit = 1ULL << (leaf & 63);
	__u64 *summary = &map->summary[leaf / 64 & 15];

	fetch_and(summary, ~bit);
	if (*(volatile __u64 *)&map->leaf[leaf & 1023])
		__sync_fetch_and_or(summary, bit);
}

/* Next leaf after `leaf` whose hint is set; 1024 if there is none up to the end. */
static __always_inline __u32 summary_next(struct daisy_port_map *map, __u32 leaf)
{
	__u32 i = leaf / 64 & 15;

	if (leaf > 1023)
		return 1024;
	__u64 word = *(volatile __u64 *)&map->summary[i] & ~0ULL << (leaf & 63);

	if (word)
		return i * 64 + lowest_bit(word);
	return (i + 1) * 64;	/* the next summary word: its first leaf is probed by the caller */
}

/* One probe. Returns 1 to end the search (found, or nothing left). */
static __always_inline long port_probe(struct port_search *s)
{
	__u32 leaf = s->leaf, index = s->map, bit;
	struct daisy_port_map *map = bpf_map_lookup_elem(&port_maps, &index);
	__u64 word, free, upper, rest;

	if (!map)
		return 1;
	if (leaf > s->last / 64) {
		if (++s->wraps > 1)
			return 1;
		leaf = s->leaf = s->first / 64;
		s->bit = 0;
	}
	word = *(volatile __u64 *)&map->leaf[leaf & 1023];
	free = word & s->mask & leaf_window(leaf, s->first, s->last);
	if (free) {
		upper = free & ~0ULL << (s->bit & 63);
		bit = lowest_bit(upper ? upper : free);
		rest = word & ~(1ULL << bit);
		if (__sync_val_compare_and_swap(&map->leaf[leaf & 1023], word, rest) != word)
			return 0;	/* somebody else changed the leaf: look again */
		if (!rest)
			summary_clear(map, leaf);
		s->port = leaf * 64 + bit;
		return 1;
	}
	if (!word)
		summary_clear(map, leaf);
	s->leaf = summary_next(map, leaf + 1);
	s->bit = 0;
	return 0;
}

static long port_probe_again(__u32 unused, struct port_search *s)
{
	return port_probe(s);
}

/* Where a search begins. Multiply and shift: uniform over the range without a division. */
static __always_inline __u32 port_start(__u32 first, __u32 last, __u32 random)
{
	return first + ((__u64)random * (last - first + 1) >> 32);
}

STAGE __u32 port_search(__u32 map, __u32 first, __u32 last, __u64 mask, __u32 random)
{
	__u32 start = port_start(first, last, random);
	struct port_search s = {
		.map = map, .mask = mask, .first = first, .last = last,
		.leaf = start / 64, .bit = start & 63,
	};

	/* Most searches end with the first probe: it is spared the calls of the loop. */
	if (!port_probe(&s))
		bpf_loop(PORT_PROBES, port_probe_again, &s, 0);
	return s.port;
}

/* Ports of the parity that is asked for, in any leaf (RFC 4787 REQ-4). */
static __always_inline __u64 port_parity(__u32 options, __u16 original)
{
	if (!(options & DAISY_OPT_PARITY))
		return ~0ULL;
	return original & 1 ? ~PARITY_EVEN : PARITY_EVEN;
}

/* Claim a port. Returns it, or 0 when every port is taken. */
static __always_inline __u32 port_claim(const struct port_wish *wish)
{
	struct daisy_port_map *map;
	__u32 index, first, port = 0;
	__u64 mask;

	if (!wish)
		return 0;
	index = wish->map;
	map = bpf_map_lookup_elem(&port_maps, &index);
	if (!map)
		return 0;
	mask = port_parity(wish->options, wish->original);
	first = map->first;
	if (wish->options & DAISY_OPT_RANGE && wish->original < WELL_KNOWN_END)
		port = port_search(index, 1, WELL_KNOWN_END - 1, mask, wish->random);
	else if (wish->options & DAISY_OPT_RANGE && first < WELL_KNOWN_END && map->last >= WELL_KNOWN_END)
		first = WELL_KNOWN_END;
	if (!port)
		port = port_search(index, first, map->last, mask, wish->random);
	/* Both are a SHOULD (RFC 4787 REQ-3 and REQ-4): another port is better than none. */
	if (!port && (mask != ~0ULL || first != map->first))
		port = port_search(index, map->first, map->last, ~0ULL, wish->random);
	if (port)
		__sync_fetch_and_add(&map->n_free, -1);
	return port;
}

/*
 * Claim a port of a range; if no free one has the parity that is asked for, any
 * (RFC 4787 REQ-4 is a SHOULD). Returns it, or 0 when none is free.
 */
static __always_inline __u32 port_claim_between(__u32 index, __u32 first, __u32 last, __u64 mask)
{
	__u32 port = port_search(index, first, last, mask, bpf_get_prandom_u32());
	struct daisy_port_map *map;

	if (!port && mask != ~0ULL)
		port = port_search(index, first, last, ~0ULL, bpf_get_prandom_u32());
	if (!port)
		return 0;
	map = bpf_map_lookup_elem(&port_maps, &index);
	if (map)
		__sync_fetch_and_add(&map->n_free, -1);
	return port;
}

/* May mappings have this port, by the ports that its address has now? */
static __always_inline bool port_allowed(struct daisy_port_map *map, __u32 port)
{
	return *(volatile __u64 *)&map->allowed[port / 64 & 1023] >> (port & 63) & 1;
}

/* Take this port's bit. False if it is not free. */
static __always_inline bool port_take(struct daisy_port_map *map, __u32 port)
{
	__u64 bit = 1ULL << (port & 63);
	__u64 was = __sync_fetch_and_and(&map->leaf[port / 64 & 1023], ~bit);

	if (!(was & bit))
		return false;
	__sync_fetch_and_add(&map->n_free, -1);
	if (was == bit)
		summary_clear(map, port / 64);
	return true;
}

/*
 * Give a port back, unless it is none for mappings any more. Only the owner of its
 * record (state FREE just set) may call this. The pool may get other ports at this
 * moment: userspace forbids a port before it looks at its bit, and we show the bit
 * before we look again, so at least one of us takes it away.
 */
static __always_inline void port_release(__u32 index, __u32 port)
{
	struct daisy_port_map *map = bpf_map_lookup_elem(&port_maps, &index);
	__u32 leaf = port / 64;

	if (!map || !port_allowed(map, port))
		return;
	fetch_or(&map->leaf[leaf & 1023], 1ULL << (port & 63));
	__sync_fetch_and_or(&map->summary[leaf / 64 & 15], 1ULL << (leaf & 63));
	__sync_fetch_and_add(&map->n_free, 1);
	if (unlikely(!port_allowed(map, port)))
		port_take(map, port);
}

#endif
