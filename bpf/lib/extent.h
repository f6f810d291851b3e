/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bytes of a datagram have been seen, in one word: all before `front`, those
 * of one island behind it, and nothing from `end` on. Exact for fragments that
 * come in order, in reverse order, or with one hole; a second island is not kept.
 * In units of eight bytes, as fragments count; the last one is rounded up.
 *
 *	63       56 55    42 41   28 27   14 13    0
 *	+----------+--------+-------+-------+-------+
 *	|    0     |  end   |  hi   |  lo   | front |   lo == hi == 0: no island
 *	+----------+--------+-------+-------+-------+
 */
#ifndef DAISY_EXTENT_H
#define DAISY_EXTENT_H

#define EXTENT_BITS 14
#define EXTENT_MASK ((1ULL << EXTENT_BITS) - 1)

static __always_inline __u64 extent_word(__u64 front, __u64 lo, __u64 hi, __u64 end)
{
	return front | lo << EXTENT_BITS | hi << 2 * EXTENT_BITS | end << 3 * EXTENT_BITS;
}

static __always_inline __u32 extent_end(__u64 word)
{
	return word >> 3 * EXTENT_BITS & EXTENT_MASK;
}

/* With [from, to) added; 0: some of it had been seen. */
static __always_inline __u64 extent_add(__u64 word, __u32 from, __u32 to)
{
	__u32 front = word & EXTENT_MASK, lo = word >> EXTENT_BITS & EXTENT_MASK;
	__u32 hi = word >> 2 * EXTENT_BITS & EXTENT_MASK, end = extent_end(word);

	if (from < front || (from < hi && to > lo))
		return 0;
	if (from == front) {
		front = to;
	} else if (from == hi) {
		hi = to;
	} else if (to == lo) {
		lo = from;
	} else if (!hi) {
		lo = from;
		hi = to;
	}
	if (front == lo) {
		front = hi;
		lo = 0;
		hi = 0;
	}
	return extent_word(front, lo, hi, to > end ? to : end);
}

#endif
