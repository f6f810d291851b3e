/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP connections under a mapping (RFC 5382 REQ-5, RFC 6146 section 3.5.2.2,
 * RFC 7857 section 2). Two stand in the record, so that the common packet
 * touches one line; more go to the table `conns`.
 *
 * Outbound packets refresh a connection; inbound ones only change its state,
 * so that strangers cannot keep it. Nor does an outbound RST: whoever can make
 * the inside send one could (RFC 7857 section 7). A connection opened from outside counts as
 * a stranger's until the inside answers: it does not keep the mapping, and
 * each mapping has at most DAISY_MAX_STRANGERS of them. What finds no room is
 * translated untracked, and counted.
 *
 * Two CPUs that see the first packets of one connection may enter it twice, in
 * the record and in the table. The first one found is used, the other one ends
 * by its timer; nothing is translated wrongly.
 */
#ifndef DAISY_CONN_H
#define DAISY_CONN_H

#include "clock.h"
#include "count.h"
#include "vector.h"

#define CONN_BOTH_SYN (CONN_SYN_OUT | CONN_SYN_IN)
#define CONN_BOTH_FIN (CONN_FIN_OUT | CONN_FIN_IN)
#define TCP_CONTROL (TCP_SYN | TCP_FIN | TCP_RST)

static __always_inline __u32 conn_state(__u64 word)
{
	return word >> DAISY_CONN_STATE_SHIFT;
}

static __always_inline __u32 conn_flags(__u64 word)
{
	return word >> DAISY_CONN_FLAGS_SHIFT & 0xff;
}

static __always_inline __u64 conn_word(__u32 state, __u32 flags, __u32 seen)
{
	return (__u64)state << DAISY_CONN_STATE_SHIFT |
	       (__u64)(flags & 0xff) << DAISY_CONN_FLAGS_SHIFT | seen;
}

static __always_inline __u64 conn_lag(__u64 word)
{
	return word >> DAISY_CONN_LAG_SHIFT & DAISY_CONN_LAG_MASK;
}

/* A packet as the connections see it. */
struct conn_packet {
	__u64 remote;		/* endpoint word */
	__u32 now;		/* tick */
	__u16 slot;
	__u16 port;		/* external */
	__u8 flags;		/* of the TCP header */
	__u8 outbound;
	__u16 pad;
};

/* Does a packet show that the inside wants the connection? A RST may answer anybody's packet. */
static __always_inline bool conn_wanted(const struct conn_packet *p)
{
	return p->outbound && !(p->flags & TCP_RST);
}

/*
 * A new class with its timer. What an inbound packet (or a RST) began, a later
 * inbound packet may take back (RFC 7857 section 2.2), but not the time: `lag`
 * keeps how long before the inside had last sent. Classes that follow each other
 * do not prolong a connection for ever: when the inside has been silent for as
 * long as an established one may be idle, the timer no longer starts anew.
 */
static __always_inline __u64 conn_class(__u64 word, __u32 state, __u32 flags, const struct conn_packet *p)
{
	__u64 lag = conn_lag(word) + tick_age(p->now, word & DAISY_SEEN_MASK);
	const struct daisy_conf *c = conf_get();

	if (conn_wanted(p))
		lag = 0;
	if (c && lag >= c->timer[DAISY_TIMER_TCP_ESTABLISHED])
		return conn_word(state, flags, (p->now - lag) & DAISY_SEEN_MASK);
	if (lag > DAISY_CONN_LAG_MASK)
		lag = DAISY_CONN_LAG_MASK;
	return conn_word(state, flags, p->now) | lag << DAISY_CONN_LAG_SHIFT;
}

/*
 * SYN on a connection that has closed: the endpoints begin anew. An inbound one
 * is only noted, by taking SYN_OUT away: the class and its timer stay until the
 * inside answers.
 */
static __always_inline __u64 conn_reopen(__u64 word, __u32 flags, const struct conn_packet *p)
{
	__u32 noted = flags & CONN_SYN_OUT ? 0 : flags & CONN_SYN_IN;

	if (!p->outbound)
		return (word & ~((__u64)CONN_SYN_OUT << DAISY_CONN_FLAGS_SHIFT)) |
		       (__u64)CONN_SYN_IN << DAISY_CONN_FLAGS_SHIFT;
	return conn_word(noted ? CONN_ESTABLISHED : CONN_OPENING,
			 CONN_ANSWERED | CONN_SYN_OUT | noted, p->now);
}

/* State of a connection after a packet. */
static __always_inline __u64 conn_next(__u64 word, const struct conn_packet *p)
{
	__u32 state = conn_state(word), flags = conn_flags(word);
	__u32 seen = (word - conn_lag(word)) & DAISY_SEEN_MASK;

	if (conn_wanted(p))
		flags |= CONN_ANSWERED;
	if (p->flags & TCP_RST) {
		if (state != CONN_RESET)
			return conn_class(word, CONN_RESET, flags, p);
		return word;
	}
	if (p->flags & TCP_SYN) {
		if (state == CONN_CLOSING)
			return conn_reopen(word, flags, p);
		flags |= p->outbound ? CONN_SYN_OUT : CONN_SYN_IN;
	}
	if (state == CONN_CLOSING)
		return word | (__u64)flags << DAISY_CONN_FLAGS_SHIFT;
	if (p->flags & TCP_FIN)
		flags |= p->outbound ? CONN_FIN_OUT : CONN_FIN_IN;
	if ((flags & CONN_BOTH_FIN) == CONN_BOTH_FIN)
		return conn_class(word, CONN_CLOSING, flags, p);
	state = (flags & CONN_BOTH_SYN) == CONN_BOTH_SYN ? CONN_ESTABLISHED : CONN_OPENING;
	return conn_word(state, flags, p->outbound ? p->now : seen);
}

/* Apply a packet to a connection word. False if the connection ended meanwhile. */
static __always_inline bool conn_update(__u64 *ctl, const struct conn_packet *p, __u64 *before)
{
	for (int i = 0; i < 4; i++) {
		__u64 word = *(volatile __u64 *)ctl;
		__u64 next;

		if (conn_state(word) < CONN_OPENING)
			return false;
		*before = word;
		next = conn_next(word, p);
		if (next == word || __sync_val_compare_and_swap(ctl, word, next) == word)
			return true;
	}
	/* Others keep changing it: they refreshed it, too, and counted what there was to count. */
	*before |= (__u64)CONN_ANSWERED << DAISY_CONN_FLAGS_SHIFT;
	return true;
}

static __always_inline void conn_key(struct daisy_conn_key *key, const struct conn_packet *p,
				     __u64 ctl)
{
	union daisy_endpoint remote = { .word = p->remote };

	__builtin_memcpy(key->remote_addr, remote.addr, 4);
	key->remote_port = remote.port;
	key->ext_port = p->port;
	key->slot = p->slot;
	key->generation = ctl_generation(ctl);
}

/*
 * Keep the record from being swept while a connection is entered: the sweep
 * removes only what was not seen for two ticks, by compare-and-swap on the
 * same word. False if the mapping has just ended.
 */
static __always_inline bool conn_hold_mapping(struct daisy_mapping *m, __u32 now)
{
	for (int i = 0; i < 4; i++) {
		__u64 word = ctl_read(m);

		if (ctl_state(word) != MAPPING_ACTIVE)
			return false;
		if (ctl_seen(word) == now ||
		    ctl_cas(m, word, (word & ~DAISY_SEEN_MASK) | now) == word)
			return true;
	}
	return ctl_state(ctl_read(m)) == MAPPING_ACTIVE;
}

/* Enter an outbound connection in the record. False if both places are taken. */
static __always_inline bool conn_enter_inline(struct daisy_tcp_mapping *t,
					      const struct conn_packet *p, __u64 word)
{
	for (int i = 0; i < DAISY_INLINE_CONNS; i++) {
		struct daisy_conn *c = &t->conn[i];
		__u64 claimed = conn_word(CONN_CLAIMED, 0, p->now);

		if (c->ctl.word || __sync_val_compare_and_swap(&c->ctl.word, 0, claimed))
			continue;
		c->remote.word = p->remote;
		/* The exchange is a full barrier: readers of the state find the endpoint. */
		__sync_lock_test_and_set(&c->ctl.word, word);
		return true;
	}
	return false;
}

/*
 * Most connections of one mapping in the table. Both halves of its count stay
 * below sixteen bits, also when every stranger is answered, with room for each
 * CPU that enters one at the same moment.
 */
#define CONNS_MOST 0xf000

/* Enter a connection in the table. False if there is no room. */
static __always_inline bool conn_enter_table(struct daisy_tcp_mapping *t,
					     const struct conn_packet *p, __u64 word)
{
	union daisy_conn_control value = { .word = word };
	struct daisy_conn_key key;

	if ((t->conns & 0xffff) + (t->conns >> 16) >= CONNS_MOST)
		return false;
	conn_key(&key, p, t->m.ctl.word);
	if (bpf_map_update_elem(&conns, &key, &value, BPF_NOEXIST))
		return false;
	__sync_fetch_and_add(&t->conns, p->outbound ? 1 : 0x10000);
	return true;
}

static __always_inline void conn_untracked(struct daisy_tcp_mapping *t, const struct conn_packet *p)
{
	COUNT(conns_untracked);
	if (p->outbound)
		mapping_mark(&t->m, MAPPING_UNTRACKED);
}

/* A packet, no RST, of a connection that is not known. */
static __always_inline void conn_enter(struct daisy_tcp_mapping *t, const struct conn_packet *p)
{
	__u32 flags = 0;
	__u64 word;

	if (p->flags & TCP_SYN)
		flags = p->outbound ? CONN_SYN_OUT : CONN_SYN_IN;
	if (p->outbound)
		flags |= CONN_ANSWERED;
	word = conn_word(CONN_OPENING, flags, p->now);
	if (p->outbound) {
		if (conn_enter_inline(t, p, word) || conn_enter_table(t, p, word))
			COUNT(conns_created);
		else
			conn_untracked(t, p);
		return;
	}
	if (!(p->flags & TCP_SYN)) {
		conn_untracked(t, p);
		return;
	}
	if (t->conns >> 16 >= DAISY_MAX_STRANGERS) {
		COUNT(strangers_capped);
		return;
	}
	if (conn_enter_table(t, p, word))
		COUNT(conns_created);
	else
		conn_untracked(t, p);
}

/* A packet of a connection in the table. False if it is not there. */
static __always_inline bool conn_update_table(struct daisy_tcp_mapping *t, const struct conn_packet *p)
{
	union daisy_conn_control *c;
	struct daisy_conn_key key;
	__u64 before = 0;

	if (!t->conns)
		return false;
	conn_key(&key, p, t->m.ctl.word);
	c = bpf_map_lookup_elem(&conns, &key);
	if (!c || !conn_update(&c->word, p, &before))
		return false;
	/* The inside answers a stranger: from now on the connection keeps the mapping. */
	if (conn_wanted(p) && !(conn_flags(before) & CONN_ANSWERED))
		__sync_fetch_and_add(&t->conns, 1 - 0x10000);
	return true;
}

/*
 * Track a packet that changes a connection, or whose connection is not the
 * first of its mapping. Returns 0, or -REASON_NO_MAPPING if the mapping ended
 * at this moment.
 */
STAGE int conn_track(struct daisy_tcp_mapping *t, const struct conn_packet *p)
{
	__u64 before;

	if (!t || !p)
		return 0;
	for (int i = 0; i < DAISY_INLINE_CONNS; i++) {
		struct daisy_conn *c = &t->conn[i];

		if (conn_state(c->ctl.word) >= CONN_OPENING && c->remote.word == p->remote &&
		    conn_update(&c->ctl.word, p, &before))
			return 0;
	}
	if (conn_update_table(t, p) || p->flags & TCP_RST)
		return 0;
	if (p->outbound && !conn_hold_mapping(&t->m, p->now))
		return -REASON_NO_MAPPING;
	conn_enter(t, p);
	return 0;
}

/* Is this a plain segment of the established first connection of the mapping? */
static __always_inline bool conn_is_quiet(const struct daisy_tcp_mapping *t, __u64 remote,
					  __u32 tcp_flags)
{
	__u64 word = *(const volatile __u64 *)&t->conn[0].ctl.word;

	return conn_state(word) == CONN_ESTABLISHED && t->conn[0].remote.word == remote &&
	       !(tcp_flags & TCP_CONTROL);
}

#endif
