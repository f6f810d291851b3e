/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source of a move: the daemon of box SRC(x). user/migrate/source.c follows it. */

#define S SRC(x)
#define IN_MOVE(r) ((r) >= SPLIT && (r) <= ABORTING)
#define ROOM (len(to_dst[x]) < 3)

/* Set m to the mask of the ports in a state. */
inline ports_in(m, state)
{
	m = 0; q = 0;
	do
	:: q < NP -> m = m | ((R(S, x, q) == state) << q); q++
	:: else -> break
	od;
	q = 0
}

inline change(from, to)
{
	q = 0;
	do
	:: q < NP ->
		if
		:: R(S, x, q) == from -> R(S, x, q) = to
		:: else
		fi;
		q++
	:: else -> break
	od;
	q = 0
}

/* Ports of the group that begins at cur, from a state to another; the copy of a thawed one is void. */
inline change_group(from, to)
{
	q = cur[x];
	do
	:: q < cur[x] + GROUP && q < NP ->
		if
		:: R(S, x, q) == from ->
			R(S, x, q) = to;
			if
			:: to == THAWED -> snap[x * NP + q] = false
			:: else
			fi
		:: else
		fi;
		q++
	:: else -> break
	od;
	q = 0
}

/* Nothing is left to give: every port of the address is granted or moved. */
#define ALL_OUT (IS_OUT(S, x, 0) && IS_OUT(S, x, 1) && IS_OUT(S, x, 2) && IS_OUT(S, x, 3))

/* First group with a mapping that translates here; NOBODY: none. */
inline next_group(g)
{
	g = NOBODY; q = 0;
	do
	:: q < NP && g == NOBODY ->
		if
		:: R(S, x, q) == ACTIVE || R(S, x, q) == THAWED -> g = q - q % GROUP
		:: else
		fi;
		q++
	:: else -> break
	od;
	q = 0
}

/* Copy what is frozen of the group. */
inline send_group()
{
	attempt[x] = attempt[x] % 7 + 1;
	m = 0; q = 0;
	do
	:: q < GROUP && cur[x] + q < NP ->
		if
		:: R(S, x, cur[x] + q) == FROZEN ->
			m = m | (1 << q);
			snap[x * NP + cur[x] + q] = true
		:: else
		fi;
		q++
	:: else -> break
	od;
	to_dst[x]!STATE, ssess[x], cur[x], attempt[x], m, KEY(S, x, cur[x]),
		KEY(S, x, cur[x] + GROUP - 1), VER(S, x, cur[x]) | (VER(S, x, cur[x] + GROUP - 1) << 4);
	m = 0; q = 0
}

/* The decision. Whatever the target has is the last that the mapping was here. */
inline decide()
{
	q = cur[x];
	do
	:: q < cur[x] + GROUP && q < NP ->
		if
		:: R(S, x, q) == FROZEN ->
			if
			:: LIVE(S) && LIVE(DST(x)) && (R(DST(x), x, q) != IMPORTED ||
			   KEY(DST(x), x, q) != KEY(S, x, q) || VER(DST(x), x, q) != VER(S, x, q)) ->
				VIOLATED(copy_is_current)
			:: else
			fi;
			R(S, x, q) = LEAVING
		:: else
		fi;
		q++
	:: else -> break
	od;
	q = 0
}

/* An answer of the target. One of another session, or of another attempt, says nothing. */
inline answer()
{
	if
	:: !SAME_SESSION(ssess[x]) -> SAY(("source %d: ignores message %d of session %d\n", x, type, sess))
	:: else ->
		if
		:: type == HELLO_OK && awaits[x] == HELLO && sess == ssess[x] ->
			greeted[x] = true; awaits[x] = 0;
			/* Say again what the target may not have heard. */
			if
			:: ROLE(S, x) == ABORTING ->
				to_dst[x]!ABORT, ssess[x], 0, 0, 0, 0, 0, 0;
				awaits[x] = ABORT
			:: else ->
				ports_in(m, MOVED);
				if
				:: m -> to_dst[x]!COMMIT, ssess[x], m, 0, 0, 0, 0, 0
				:: else
				fi;
				ports_in(m, GRANTED);
				if
				:: m -> to_dst[x]!PORTS, ssess[x], 0, m, 0, 0, 0, 0; awaits[x] = PORTS
				:: else
				fi;
				m = 0
			fi
		/* Refused. Nothing has been given: the move is over. Else only the controller can tell. */
		:: type == HELLO_NO && awaits[x] == HELLO && sess == ssess[x] ->
			awaits[x] = HELLO_NO;
			SAY(("source %d: refused\n", x));
			if
			:: ROLE(S, x) == SPLIT && !ANY(S, x, GRANTED) ->
				ROLE(S, x) = OWNER; moving[AT(S, x)] = false;
				end_session(x); dsess[x] = 0
			:: else
			fi
		:: type == PORTS_OK && awaits[x] == PORTS -> awaits[x] = 0
		:: type == STATE_OK && awaits[x] == STATE && a == cur[x] && SAME_ATTEMPT ->
			awaits[x] = 0;
			decide();
			stage[x] = S_LEAVE;
			SAY(("source %d: the target has group %d\n", x, cur[x]))
		:: type == STATE_NO && awaits[x] == STATE && b == attempt[x] ->
			change_group(FROZEN, THAWED);
			cur[x] = NOBODY; stage[x] = S_IDLE; awaits[x] = 0
		:: type == RELEASE_OK && awaits[x] == RELEASE && ROLE(S, x) == CHAINED ->
			forget(S, x); end_session(x); dsess[x] = 0;
			SAY(("source %d: released\n", x))
		:: type == ABORT_OK && awaits[x] == ABORT && ROLE(S, x) == ABORTING ->
			change(GRANTED, FREE);
			ROLE(S, x) = OWNER; moving[AT(S, x)] = false;
			end_session(x); dsess[x] = 0;
			SAY(("source %d: aborted\n", x))
		:: else
		fi
	fi;
	type = 0; sess = 0; a = 0; b = 0
}

proctype source(byte x)
{
	byte q, m, m2, type, sess, a, b;

end:	do
	/* ---- commands ---- */
	:: atomic { RUNS(S) && !silent[S] && order[AT(S, x)] == O_MOVE &&
		    NOTHING_LATE ->
		order[AT(S, x)] = 0;
		if
		:: ROLE(S, x) == OWNER && order_epoch[AT(S, x)] > EPOCH(S, x) ->
			EPOCH(S, x) = order_epoch[AT(S, x)];
			ROLE(S, x) = SPLIT;
			moving[AT(S, x)] = HINTS_OFF;
			SAY(("source %d: owner -> split, epoch %d\n", x, EPOCH(S, x)))
		:: else
		fi }
	:: atomic { RUNS(S) && !silent[S] && order[AT(S, x)] == O_TAKEOVER ->
		order[AT(S, x)] = 0;
		if
		:: order_epoch[AT(S, x)] > EPOCH(S, x) ->
			take_over(S, x, order_epoch[AT(S, x)]);
			SAY(("source %d: takes over, epoch %d\n", x, EPOCH(S, x)))
		:: else
		fi }
	:: atomic { RUNS(S) && !silent[S] && order[AT(S, x)] == O_DROP && !busy[AT(S, x)] ->
		order[AT(S, x)] = 0;
		forget(S, x); end_session(x);
		EPOCH(S, x) = order_epoch[AT(S, x)] }

	/* ---- session ---- */
	:: atomic { RUNS(S) && IN_MOVE(ROLE(S, x)) && !ssess[x] && linked && RUNS(DST(x)) ->
		sessions++;
		drop_session(x);
		ssess[x] = sessions; dsess[x] = sessions;
		ports_in(m, GRANTED);
		m2 = (ROLE(S, x) == ABORTING -> ABORT : (m || ROLE(S, x) != SPLIT -> 1 : 0));
		to_dst[x]!HELLO, ssess[x], EPOCH(S, x), m2, 0, 0, 0, 0;
		m = 0; m2 = 0;
		awaits[x] = HELLO }
	/* It is gone: what is frozen is ours, for nobody has decided otherwise. */
	:: atomic { RUNS(S) && ssess[x] && ssess[x] != dsess[x] ->
		if
		:: cur[x] != NOBODY -> change_group(FROZEN, THAWED)
		:: else
		fi;
		end_session(x);
		SAY(("source %d: session lost\n", x)) }
	/* Left by a daemon that died. */
	:: atomic { RUNS(S) && IN_MOVE(ROLE(S, x)) && cur[x] == NOBODY &&
		    (ANY(S, x, FROZEN) || ANY(S, x, LEAVING)) ->
		q = 0;
		do
		:: q < NP ->
			if
			:: R(S, x, q) == FROZEN -> R(S, x, q) = THAWED; snap[x * NP + q] = false
			:: else
			fi;
			q++
		:: else -> break
		od;
		change(LEAVING, MOVED);
		SAY(("source %d: recovers\n", x)) }

	/* ---- answers ---- */
	:: atomic { RUNS(S) && len(to_src[x]) > 0 ->
		to_src[x]?type, sess, a, b; answer() }
	:: atomic { RUNS(S) && len(late_src) > 0 && late_src?[eval(x), type, sess, a, b] ->
		late_src?eval(x), type, sess, a, b;
		if
		:: sess != ssess[x] -> answer()
		:: else -> type = 0; sess = 0; a = 0; b = 0
		fi }

	/* ---- split: half of the free ports ---- */
	:: atomic { RUNS(S) && ROLE(S, x) == SPLIT && greeted[x] && !awaits[x] && ROOM ->
		ports_in(m, GRANTED);
		if
		:: !m ->
			ports_in(m, FREE);
			if
			:: m ->
				q = 0;
				do
				:: R(S, x, q) == FREE -> break
				:: else -> q++
				od;
				R(S, x, q) = GRANTED;
				m = 1 << q; q = 0;
				to_dst[x]!PORTS, ssess[x], m, 0, 0, 0, 0, 0;
				awaits[x] = PORTS;
				SAY(("source %d: grants %d\n", x, m))
			:: else -> ROLE(S, x) = CLOSING
			fi
		:: else ->
			ROLE(S, x) = AFTER_SPLIT;
			SAY(("source %d: split -> closing\n", x))
		fi;
		m = 0 }
	:: atomic { RUNS(S) && ROLE(S, x) == SPLIT && fails < FAILS && (KINDS & CAN_ABORT) ->
		fails++;
		asked = true;
		ROLE(S, x) = ABORTING;
		end_session(x);
		dsess[x] = 0;
		if
		:: TAKE_BACK_AT_ONCE ->
			change(GRANTED, FREE);
			ROLE(S, x) = OWNER; moving[AT(S, x)] = false
		:: else
		fi;
		SAY(("source %d: split -> aborting\n", x)) }

	/* ---- closing: no packet creates any more, once those under way have ended ---- */
	:: atomic { RUNS(S) && ROLE(S, x) == CLOSING && !busy[AT(S, x)] ->
		ROLE(S, x) = CHAINING;
		SAY(("source %d: closing -> chaining\n", x)) }

	/* ---- chaining, draining: the rest, then what becomes free or rests ---- */
	:: atomic { RUNS(S) && (ROLE(S, x) == CHAINING || ROLE(S, x) == DRAINING) && greeted[x] &&
		    !awaits[x] && ROOM && (ROLE(S, x) == CHAINING || ANY(S, x, FREE) || ANY(S, x, HOLD)) ->
		ports_in(m, FREE); ports_in(m2, HOLD);
		if
		:: m | m2 ->
			change(FREE, GRANTED); change(HOLD, GRANTED);
			to_dst[x]!PORTS, ssess[x], m, m2, 0, 0, 0, 0;
			awaits[x] = PORTS;
			SAY(("source %d: grants %d, resting %d\n", x, m, m2))
		:: else -> ROLE(S, x) = DRAINING
		fi;
		m = 0; m2 = 0 }

	/* ---- draining: freeze, copy, decide, release, group by group ---- */
	:: atomic { RUNS(S) && ROLE(S, x) == DRAINING && greeted[x] && !awaits[x] && stage[x] == S_IDLE &&
		    (ANY(S, x, ACTIVE) || ANY(S, x, THAWED)) ->
		next_group(m);
		cur[x] = m; m = 0;
		change_group(ACTIVE, FROZEN); change_group(THAWED, FROZEN);
		stage[x] = S_FREEZE;
		SAY(("source %d: freezes group %d\n", x, cur[x])) }
	:: atomic { RUNS(S) && stage[x] == S_FREEZE && greeted[x] && !awaits[x] && ROOM &&
		    GRACE_BEFORE_COPY ->
		stage[x] = S_COPY; awaits[x] = STATE;
		send_group();
		change_group(FROZEN, AFTER_COPY);
		SAY(("source %d: copies group %d, attempt %d\n", x, cur[x], attempt[x])) }
	/* The answer takes too long for those who wait: thaw, try again later. */
	:: atomic { RUNS(S) && awaits[x] == STATE && fails < FAILS && (KINDS & CAN_DEADLINE) ->
		fails++;
		change_group(FROZEN, THAWED);
		cur[x] = NOBODY; stage[x] = S_IDLE; awaits[x] = 0;
		SAY(("source %d: deadline, thaws\n", x)) }
	/* Held packets have left: what comes now is chained by the packet path. */
	:: atomic { RUNS(S) && stage[x] == S_LEAVE && ROOM ->
		m = 0; q = cur[x];
		do
		:: q < cur[x] + GROUP && q < NP ->
			m = m | ((R(S, x, q) == LEAVING) << q); q++
		:: else -> break
		od;
		change_group(LEAVING, MOVED);
		to_dst[x]!COMMIT, ssess[x], m, 0, 0, 0, 0, 0;
		cur[x] = NOBODY; stage[x] = S_IDLE; m = 0;
		SAY(("source %d: group moved\n", x)) }
	:: atomic { RUNS(S) && ROLE(S, x) == DRAINING && greeted[x] && !awaits[x] && stage[x] == S_IDLE &&
		    ALL_OUT ->
		ROLE(S, x) = CHAINED;
		SAY(("source %d: draining -> chained\n", x)) }

	/* ---- chained: the switch has been changed, and nothing comes any more ---- */
	:: atomic { RUNS(S) && !silent[S] && order[AT(S, x)] == O_FLOWS && greeted[x] && !awaits[x] && ROOM &&
		    QUIET ->
		order[AT(S, x)] = 0;
		if
		:: ROLE(S, x) == CHAINED && order_epoch[AT(S, x)] == EPOCH(S, x) ->
			to_dst[x]!RELEASE, ssess[x], 0, 0, 0, 0, 0, 0;
			awaits[x] = RELEASE;
			if
			:: FORGET_AT_ONCE -> forget(S, x); end_session(x)
			:: else
			fi;
			SAY(("source %d: asks for the release\n", x))
		:: else
		fi }
	od
}
