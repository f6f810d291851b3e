/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 identification of what goes out (RFC 6864 section 5.3.1, RFC 7857 section
 * 10). Hosts count each for themselves; behind one external address two of them
 * meet in one id, and the pieces of their datagrams are put together wrongly. So
 * datagrams in pieces get an id of ours, and, if asked to, those that may be cut.
 *
 * A counter for each of 512 groups of destinations, on each CPU: an id comes
 * back to the same source, destination and protocol after 65,536 / CPUs
 * datagrams to the group at the earliest. The step is the number of CPUs as a
 * power of two, and each begins with its own number, so that they never meet.
 */
#ifndef DAISY_IDENT_H
#define DAISY_IDENT_H

#include "csum.h"
#include "packet.h"

/* With DF and in one piece: its id means nothing. frag: host order. */
static __always_inline bool ident_is_atomic(__u16 frag)
{
	return (frag & (IP_DF | IP_MF | IP_OFFSET)) == IP_DF;
}

/* A whole packet without DF that was held goes to the daemon again, which cuts it. */
static __always_inline bool ident_matters(const struct daisy_conf *c, const struct packet *p)
{
	if (ident_is_atomic(p->frag))
		return false;
	return c->options & (p->frag & IP_MF || p->replay ? DAISY_OPT_IDENT : DAISY_OPT_IDENT_ALL);
}

/* The next id towards a destination, as it stands in memory; 16 bits have no byte order here. */
static __always_inline __u16 ident_next(const struct daisy_conf *c, __u32 daddr)
{
	__u32 zero = 0, group = (daddr * 0x9e3779b1u) >> 23 & (DAISY_IDENTS - 1);
	struct daisy_idents *all = bpf_map_lookup_elem(&idents, &zero);
	__u16 id;

	if (!all)
		return 0;
	id = all->next[group];
	all->next[group] = id + c->ident_step;
	return id;
}

/* Put an id into the header. Returns the difference in its checksum. */
static __always_inline __u64 ident_write(struct iphdr *ip, __u16 id)
{
	__u64 diff = csum_diff2(ip->id, id);

	ip->id = id;
	return diff;
}

/* The same where nothing else is left to do: the checksum follows at once. */
static __always_inline void ident_put(struct iphdr *ip, __u16 id)
{
	ip->check = csum_apply(ip->check, ident_write(ip, id));
}

#endif
