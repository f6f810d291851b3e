/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller, what fails, and the end. The controller keeps nothing: each of
 * its steps follows from what the boxes and the switch say, so that its death
 * is a pause. Only what it has begun to send may still arrive.
 */

#ifndef STARTS
#define STARTS 1	/* moves of an address */
#endif

bool stays[2];			/* a lost box that does not come back */
bool disturbed;			/* a box was lost, or taken for lost: what only it knew may be gone */
bool granted[2];		/* a planted fault: before the fence */

#define ALL_WELL (!fenced[0] && !fenced[1] && !MISSED(0) && !MISSED(1))

inline give(box, x, what, e)
{
	order[AT(box, x)] = what; order_epoch[AT(box, x)] = e
}

/* One for each address. Its steps and those of `keeper` are one process's: it may die between any two. */
proctype controller(byte x)
{
end:	do
	/* Begin: the epoch is written in the switch before anybody is told. */
	:: atomic { !ctl_down && starts[x] < STARTS && flow[x] == SRC(x) && ROLE(SRC(x), x) == OWNER &&
		    EPOCH(SRC(x), x) == flow_epoch[x] && ALL_WELL ->
		starts[x]++;
		flow_epoch[x]++ }
	:: atomic { !ctl_down && flow[x] == SRC(x) && ROLE(SRC(x), x) == OWNER &&
		    EPOCH(SRC(x), x) < flow_epoch[x] && !order[AT(SRC(x), x)] && ALL_WELL ->
		give(SRC(x), x, O_MOVE, flow_epoch[x]) }
	/* One bundle: no packet meets a gap. */
	:: atomic { !ctl_down && MAY_CHANGE_FLOW(ROLE(SRC(x), x)) && flow[x] == SRC(x) && ALL_WELL ->
		flow[x] = DST(x);
		SAY(("controller: flow of %d changed\n", x)) }
	:: atomic { !ctl_down && ROLE(SRC(x), x) == CHAINED && flow[x] == DST(x) && !order[AT(SRC(x), x)] &&
		    !silent[SRC(x)] ->
		give(SRC(x), x, O_FLOWS, EPOCH(SRC(x), x)) }
	od
}

/* Only who answers can be granted something: the last box is never cut off. */
#define ANSWERS(b) (!fenced[b] && !MISSED(b))
#define TO_TELL(b, x, what) (EPOCH(b, x) < flow_epoch[x] && order[AT(b, x)] != (what))

/*
 * What only this box had goes with it. A target that does not own yet has nothing of its
 * own; for one that has come back empty it was said when it went.
 */
inline note_gone(box)
{
	x = 0;
	do
	:: x < NX -> gone[x] = gone[x] || (!reborn[box] && (box == SRC(x) || ROLE(box, x) == OWNER)); x++
	:: else -> break
	od;
	x = 0
}

/* Takeover from box b, and its return. */
proctype keeper(byte b)
{
	byte x;

end:	do
	/* One bundle: its port is cut, its addresses go to the other, the epoch rises. */
	:: atomic { !ctl_down && MISSED(b) && !fenced[b] && ANSWERS(1 - b) &&
		    (!GRANT_FIRST || granted[b]) ->
		fenced[b] = true;
		note_gone(b);
		x = 0;
		do
		:: x < NX ->
			flow[x] = 1 - b;
			flow_epoch[x] = flow_epoch[x] + !GRANT_FIRST;
			x++
		:: else -> break
		od;
		x = 0;
		SAY(("controller: box %d is cut off\n", b)) }
	:: atomic { GRANT_FIRST && !ctl_down && MISSED(b) && !fenced[b] && ANSWERS(1 - b) && !granted[b] ->
		granted[b] = true;
		flow_epoch[0]++;
		give(1 - b, 0, O_TAKEOVER, flow_epoch[0]) }
	:: atomic { !ctl_down && fenced[b] && TO_TELL(1 - b, 0, O_TAKEOVER) ->
		give(1 - b, 0, O_TAKEOVER, flow_epoch[0]) }
	:: atomic { !ctl_down && fenced[b] && NX > 1 && TO_TELL(1 - b, NX - 1, O_TAKEOVER) ->
		give(1 - b, NX - 1, O_TAKEOVER, flow_epoch[NX - 1]) }
	/* It is back. It owns nothing until it is granted something. */
	:: atomic { !ctl_down && fenced[b] && !lost[b] && !silent[b] && TO_TELL(b, 0, O_DROP) ->
		give(b, 0, O_DROP, flow_epoch[0]) }
	:: atomic { !ctl_down && fenced[b] && !lost[b] && !silent[b] && NX > 1 && TO_TELL(b, NX - 1, O_DROP) ->
		give(b, NX - 1, O_DROP, flow_epoch[NX - 1]) }
	:: atomic { !ctl_down && fenced[b] && !lost[b] && !silent[b] &&
		    OWNS_NOTHING ->
		fenced[b] = false; reborn[b] = false;
		SAY(("controller: box %d is back\n", b)) }
	od
}

/* What a daemon knows and has not written into a map. */
inline forget_volatile(box)
{
	x = 0;
	do
	:: x < NX ->
		if
		:: SRC(x) == box -> end_session(x)
		:: else
		fi;
		drop_session(x);
		x++
	:: else -> break
	od;
	x = 0
}

/* A message that is under way arrives (again) when its session is long over. */
inline keep_late()
{
	if
	:: len(to_dst[0]) > 0 && len(late_dst) == 0 ->
		to_dst[0]?<m0, m1, m2, m3, m4, m5, m6, m7>;
		late_dst!0, m0, m1, m2, m3, m4, m5, m6, m7
	:: len(to_src[0]) > 0 && len(late_src) == 0 ->
		to_src[0]?<m0, m1, m2, m3>;
		late_src!0, m0, m1, m2, m3
	:: skip
	fi;
	m0 = 0; m1 = 0; m2 = 0; m3 = 0; m4 = 0; m5 = 0; m6 = 0; m7 = 0
}

/* The packets in a box go with it. */
#define NOTHING_IN(b) (!pend[AT(b, 0)] && !pend[AT(b, NX - 1)])
#define MAY(kind) (fails < FAILS && (KINDS & (kind)))

proctype failures()
{
	byte b, x, q, m0, m1, m2, m3, m4, m5, m6, m7;

end:	do
	:: atomic { MAY(CAN_KILL) ->
		fails++;
		if
		:: b = 0
		:: b = 1
		fi;
		if
		:: RUNS(b) ->
			down[b] = true;
			keep_late();
			forget_volatile(b);
			SAY(("daemon %d dies\n", b))
		:: else
		fi;
		b = 0 }
	:: down[0] -> down[0] = false
	:: down[1] -> down[1] = false
	:: atomic { MAY(CAN_CUT) && linked ->
		fails++;
		linked = false;
		keep_late();
		do
		:: x < NX -> drop_session(x); x++
		:: else -> break
		od;
		x = 0;
		SAY(("the connection is cut\n")) }
	:: !linked -> linked = true
	:: atomic { MAY(CAN_LOSE) && !disturbed ->
		fails++;
		if
		:: b = 0
		:: b = 1
		fi;
		lost[b] = true; disturbed = true;
		note_gone(b);
		x = 0;
		do
		:: x < NX ->
			forget(b, x); EPOCH(b, x) = 0; order[AT(b, x)] = 0;
			x++
		:: else -> break
		od;
		forget_volatile(b);
		if
		:: stays[b] = true
		:: skip
		fi;
		SAY(("box %d is lost\n", b));
		b = 0 }
	:: atomic { lost[0] && !stays[0] && NOTHING_IN(0) -> lost[0] = false; reborn[0] = true; down[0] = false }
	:: atomic { lost[1] && !stays[1] && NOTHING_IN(1) -> lost[1] = false; reborn[1] = true; down[1] = false }
	:: atomic { MAY(CAN_ISOLATE) && !disturbed ->
		fails++;
		disturbed = true;
		if
		:: silent[0] = true
		:: silent[1] = true
		fi;
		SAY(("box %d %d is silent\n", silent[0], silent[1])) }
	:: silent[0] -> silent[0] = false
	:: silent[1] -> silent[1] = false
	:: atomic { MAY(CAN_CTL) && !ctl_down -> fails++; ctl_down = true }
	:: ctl_down -> ctl_down = false
	od
}

/* A mapping's time is up, where it is owned; no packet is looking at it. */
#define MAY_END(b, p) (ended < ENDS && RUNS(b) && R(b, 0, p) == ACTIVE && !busy[AT(b, 0)])

proctype sweep()
{
end:	do
	:: atomic { MAY_END(0, 0) -> R(0, 0, 0) = HOLD; KEY(0, 0, 0) = NOBODY; ended++; SAY(("box 0: mapping ends\n")) }
	:: atomic { MAY_END(1, 0) -> R(1, 0, 0) = HOLD; KEY(1, 0, 0) = NOBODY; ended++; SAY(("box 1: mapping ends\n")) }
	od
}

#define BOTH_LIVE (LIVE(0) && LIVE(1))
#define BOTH_OWN(x, p) (p < NP && OWNS(R(0, x, p)) && OWNS(R(1, x, p)))
#define TWO_WAYS(x, p, o) (p < NP && o < NP && KEY(0, x, p) == KEY(1, x, o) && TRANSLATES(R(0, x, p)) && \
			   TRANSLATES(R(1, x, o)))
#define OTHER_WAYS(x, p) (TWO_WAYS(x, p, (p + 1) % 4) || TWO_WAYS(x, p, (p + 2) % 4) || TWO_WAYS(x, p, (p + 3) % 4))

/* What holds at all times. */
proctype watch(byte x)
{
end:	do
	:: atomic { BOTH_LIVE && (BOTH_OWN(x, 0) || BOTH_OWN(x, 1) || BOTH_OWN(x, 2) || BOTH_OWN(x, 3)) ->
		VIOLATED(port_owned_once) }
	:: atomic { BOTH_LIVE && (OTHER_WAYS(x, 0) || OTHER_WAYS(x, 1) || OTHER_WAYS(x, 2) || OTHER_WAYS(x, 3)) ->
		VIOLATED(one_translation) }
	od
}

/* Nothing can happen any more: the move has ended, and everything has one owner. */
proctype judge()
{
	byte x, q, o;

	timeout ->
	d_step {
	do
	:: x < NX ->
		o = flow[x];
		if
		:: LIVE(o) && ROLE(o, x) == OWNER && (fenced[1 - o] || ROLE(1 - o, x) == NONE)
		:: else -> VIOLATED(move_ends)
		fi;
		if
		:: disturbed || o == DST(x) || starts[x] < STARTS || asked
		:: else -> VIOLATED(move_ends)
		fi;
		q = 0;
		do
		:: q < NP ->
			if
			:: R(o, x, q) == FREE || R(o, x, q) == ACTIVE || R(o, x, q) == HOLD
			:: else -> VIOLATED(one_owner_at_the_end)
			fi;
			if
			:: LIVE(1 - o) && R(1 - o, x, q) != P_NONE -> VIOLATED(one_owner_at_the_end)
			:: else
			fi;
			if
			:: q < NM && !gone[x] && !ended && !(R(o, x, q) == ACTIVE && KEY(o, x, q) == q) ->
				VIOLATED(one_owner_at_the_end)
			:: else
			fi;
			q++
		:: else -> break
		od;
		x++
	:: else -> break
	od
	}
	judged = true
}

init
{
	byte x, q;

	atomic {
		do
		:: x < NX ->
			flow[x] = SRC(x); flow_epoch[x] = 1;
			ROLE(SRC(x), x) = OWNER; EPOCH(SRC(x), x) = 1;
			cur[x] = NOBODY;
			q = 0;
			do
			:: q < NP ->
				KEY(0, x, q) = NOBODY; KEY(1, x, q) = NOBODY;
				if
				:: q < NM -> R(SRC(x), x, q) = ACTIVE; KEY(SRC(x), x, q) = q
				:: else -> R(SRC(x), x, q) = FREE
				fi;
				hinted[x * NP + q] = (q < NM);
				q++
			:: else -> break
			od;
			run controller(x);
			run source(x);
			run target(x);
			run watch(x);
			x++
		:: else -> break
		od;
		run keeper(0);
		run keeper(1);
		run failures();
		run sweep();
		q = 0; x = 0;
		do
		:: q < NPKT -> run packet(q); q++
		:: else -> break
		od;
		q = 0;
		run judge()
	}
}
