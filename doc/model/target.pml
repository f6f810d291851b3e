/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The target of a move: the daemon of box DST(x). user/migrate/target.c follows it. */

#define D DST(x)

/* Ports that were granted. Those that are here already have gone their own way since. */
inline take_ports(free, hold)
{
	q = 0;
	do
	:: q < NP ->
		if
		:: R(D, x, q) == P_NONE && BIT(free, q) -> R(D, x, q) = FREE
		:: R(D, x, q) == P_NONE && BIT(hold, q) -> R(D, x, q) = HOLD
		:: else
		fi;
		q++
	:: else -> break
	od;
	q = 0
}

/* A copy is put in place of an older copy, never of what is ours. */
inline import(first, mask, k0, k1, v)
{
	q = 0;
	do
	:: q < GROUP ->
		if
		:: BIT(mask, q) && MAY_IMPORT(R(D, x, first + q)) ->
			R(D, x, first + q) = IMPORTED;
			KEY(D, x, first + q) = (q == 0 -> k0 : k1);
			VER(D, x, first + q) = (q == 0 -> v & 15 : v >> 4)
		:: else
		fi;
		q++
	:: else -> break
	od;
	q = 0
}

inline make_own(mask)
{
	q = 0;
	do
	:: q < NP ->
		if
		:: BIT(mask, q) && R(D, x, q) == IMPORTED -> R(D, x, q) = ACTIVE
		:: else
		fi;
		q++
	:: else -> break
	od;
	q = 0
}

inline message()
{
	if
	:: !SAME_SESSION(dsess[x]) -> SAY(("target %d: ignores message %d of session %d\n", x, type, sess))
	:: else ->
		if
		:: type == HELLO && sess == dsess[x] ->
			if
			:: ROLE(D, x) == NONE && a > EPOCH(D, x) && FRESH(b) ->
				ROLE(D, x) = TARGET; EPOCH(D, x) = a;
				to_src[x]!HELLO_OK, sess, 0, 0;
				SAY(("target %d: none -> target, epoch %d\n", x, a))
			:: a == EPOCH(D, x) && ROLE(D, x) != NONE -> to_src[x]!HELLO_OK, sess, 0, 0
			/* Nothing is here to be aborted, nor will be. */
			:: b == ABORT && ROLE(D, x) == NONE && a >= EPOCH(D, x) ->
				EPOCH(D, x) = a;
				to_src[x]!HELLO_OK, sess, 0, 0
			:: else -> to_src[x]!HELLO_NO, sess, 0, 0
			fi
		:: type == PORTS && ROLE(D, x) == TARGET ->
			take_ports(a, b);
			to_src[x]!PORTS_OK, sess, 0, 0;
			SAY(("target %d: has ports %d, resting %d\n", x, a, b))
		:: type == PORTS && ROLE(D, x) == OWNER -> to_src[x]!PORTS_OK, sess, 0, 0
		:: type == STATE && ROLE(D, x) == TARGET ->
			if
			:: import(a, c, d, e, f);
			   to_src[x]!STATE_OK, sess, a, b;
			   SAY(("target %d: has group %d, attempt %d\n", x, a, b))
			:: fails < FAILS && (KINDS & CAN_REFUSE) ->
			   fails++;
			   to_src[x]!STATE_NO, sess, a, b
			fi
		:: type == COMMIT && ROLE(D, x) == TARGET -> make_own(a)
		:: type == RELEASE && ROLE(D, x) == TARGET ->
			make_own(255);
		gone[x] = gone[x] || ((silent[D] || fenced[D]) && !reborn[D]);
			ROLE(D, x) = OWNER;
			to_src[x]!RELEASE_OK, sess, 0, 0;
			SAY(("target %d: target -> owner\n", x))
		:: type == RELEASE && ROLE(D, x) == OWNER -> to_src[x]!RELEASE_OK, sess, 0, 0
		:: type == ABORT && ROLE(D, x) == TARGET ->
			forget(D, x);
			to_src[x]!ABORT_OK, sess, 0, 0;
			SAY(("target %d: forgets\n", x))
		:: type == ABORT && ROLE(D, x) == NONE -> to_src[x]!ABORT_OK, sess, 0, 0
		:: else
		fi
	fi;
	type = 0; sess = 0; a = 0; b = 0; c = 0; d = 0; e = 0; f = 0
}

proctype target(byte x)
{
	byte q, type, sess, a, b, c, d, e, f;

end:	do
	:: atomic { RUNS(D) && !silent[D] && order[AT(D, x)] == O_TAKEOVER ->
		order[AT(D, x)] = 0;
		if
		:: order_epoch[AT(D, x)] > EPOCH(D, x) ->
			take_over(D, x, order_epoch[AT(D, x)]);
			SAY(("target %d: takes over, epoch %d\n", x, EPOCH(D, x)))
		:: else
		fi }
	:: atomic { RUNS(D) && !silent[D] && order[AT(D, x)] == O_DROP && !busy[AT(D, x)] ->
		order[AT(D, x)] = 0;
		forget(D, x); dsess[x] = 0;
		EPOCH(D, x) = order_epoch[AT(D, x)] }
	:: atomic { RUNS(D) && len(to_dst[x]) > 0 && len(to_src[x]) < 2 ->
		to_dst[x]?type, sess, a, b, c, d, e, f;
		message() }
	:: atomic { RUNS(D) && len(late_dst) > 0 && len(to_src[x]) < 2 &&
		    late_dst?[eval(x), type, sess, a, b, c, d, e, f] ->
		late_dst?eval(x), type, sess, a, b, c, d, e, f;
		if
		:: sess != dsess[x] -> message()
		:: else -> type = 0; sess = 0; a = 0; b = 0; c = 0; d = 0; e = 0; f = 0
		fi }
	od
}
