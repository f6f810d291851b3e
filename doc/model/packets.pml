/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets. Each is looked up in one step and acted on in a later one: what a
 * CPU has read may be old when it acts. Until it acts it is `busy`, which is
 * what a grace period waits for.
 */

#define V_DROP 0
#define V_XLATE 1
#define V_CREATE 2
#define V_CHAIN 3
#define V_HOLD 4
#define V_HOLD_NEW 5

/* The port of an endpoint on this box; NP: it has none. */
inline find(k)
{
	p = 0;
	do
	:: p < NP && MAPPED(R(at, x, p)) && KEY(at, x, p) == k -> break
	:: p < NP && !(MAPPED(R(at, x, p)) && KEY(at, x, p) == k) -> p++
	:: else -> break
	od
}

inline no_mapping()
{
	if
	:: inbound && ROLE(at, x) != NONE && !(ROLE(at, x) >= CHAINING && ROLE(at, x) <= CHAINED) ->
		verdict = V_DROP
	:: ROLE(at, x) == NONE && FORWARD_FOREIGN -> VIOLATED(nothing_untranslated)
	:: ROLE(at, x) == NONE && !FORWARD_FOREIGN -> verdict = V_DROP
	:: !inbound && (ROLE(at, x) == OWNER || ROLE(at, x) == SPLIT || ROLE(at, x) == ABORTING ||
			ROLE(at, x) == TARGET) -> verdict = V_CREATE
	:: !inbound && ROLE(at, x) == CLOSING -> verdict = V_HOLD_NEW
	:: ROLE(at, x) >= CHAINING && ROLE(at, x) <= CHAINED -> verdict = V_CHAIN
	fi
}

inline look_up()
{
	if
	:: inbound -> p = k
	:: else -> find(k)
	fi;
	if
	:: at == SRC(x) && !inbound && p < NP && hinted[x * NP + p] && !moving[AT(at, x)] &&
	   R(at, x, p) != P_NONE ->
		verdict = V_XLATE		/* the index vouches: the record is not looked at */
	:: else ->
		if
		:: p == NP || R(at, x, p) == P_NONE || R(at, x, p) == GRANTED -> no_mapping()
		:: p < NP && (R(at, x, p) == ACTIVE || R(at, x, p) == THAWED || R(at, x, p) == IMPORTED) ->
			verdict = V_XLATE
		:: p < NP && R(at, x, p) == FROZEN ->
			if
			:: down[at] ->
				/* Nobody holds packets: it is ours as long as nobody has decided otherwise. */
				R(at, x, p) = THAWED;
				snap[x * NP + p] = false;
				verdict = V_XLATE
			:: !down[at] && fails < FAILS && (KINDS & CAN_OVERFLOW) ->
				fails++;
				R(at, x, p) = THAWED;
				snap[x * NP + p] = false;
				verdict = V_XLATE
			:: !down[at] -> verdict = V_HOLD
			fi
		:: p < NP && (R(at, x, p) == LEAVING || R(at, x, p) == MOVED) -> verdict = V_CHAIN
		:: p < NP && (R(at, x, p) == FREE || R(at, x, p) == HOLD) -> verdict = V_DROP
		fi
	fi;
	/* What came chained never goes back. */
	if
	:: verdict == V_CHAIN && chained -> verdict = V_DROP
	:: else
	fi
}

/* It leaves the box translated. */
inline translate()
{
	if
	:: LIVE(at) ->
		if
		:: at == SRC(x) && snap[x * NP + p] -> VIOLATED(copied_is_frozen)
		:: else
		fi;
		if
		:: LIVE(1 - at) && OWNS(R(1 - at, x, p)) -> VIOLATED(one_translation)
		:: else
		fi;
		q = 0;
		do
		:: q < NP ->
			if
			:: LIVE(1 - at) && q != p && TRANSLATES(R(1 - at, x, q)) &&
			   KEY(1 - at, x, q) == KEY(at, x, p) -> VIOLATED(one_translation)
			:: else
			fi;
			q++
		:: else -> break
		od;
		q = 0;
		if
		:: VER(at, x, p) < 7 -> VER(at, x, p) = VER(at, x, p) + 1
		:: else
		fi;
		SAY(("packet %d: box %d translates, port %d\n", i, at, p))
	:: else
	fi;
	over = true
}

/* Claims a port, publishes, and uses the winner of a race. */
inline create()
{
	find(k);
	if
	:: p < NP -> over = false			/* somebody was quicker: look again */
	:: else ->
		p = 0;
		do
		:: p < NP && R(at, x, p) != FREE -> p++
		:: else -> break
		od;
		if
		:: p < NP ->
			R(at, x, p) = ACTIVE; KEY(at, x, p) = k; VER(at, x, p) = 0;
			SAY(("packet %d: box %d creates, port %d\n", i, at, p));
			translate()
		:: else -> over = true			/* no port; nothing is evicted */
		fi
	fi
}

inline dropped()
{
	if
	:: LIVE(0) && LIVE(1) && !fails && !ended && !(inbound && k >= NM) -> VIOLATED(none_lost)
	:: else
	fi;
	over = true
}

proctype packet(byte i)
{
	byte x, k, p, q, at, verdict;
	bool inbound, chained, over;

	atomic {
		/* Packets are alike: the first begins first. */
		begun == i;
		begun++;
		/* Of a mapping that is there, of a new endpoint, or from outside. */
		if
		:: k = 0
		:: k = NM
		:: inbound = true; k = 0
		fi;
#if NX > 1
		if
		:: x = 0
		:: x = 1
		fi
#endif
	}
	/* The switch. */
	atomic { at = flow[x]; pend[AT(at, x)] = pend[AT(at, x)] + 1 }
	do
	:: !over ->
		atomic {
			if
			:: lost[at] -> over = true; pend[AT(at, x)] = pend[AT(at, x)] - 1; goto with_box
			:: else
			fi;
			busy[AT(at, x)] = busy[AT(at, x)] + 1;
			look_up()
		}
		if
		:: verdict == V_HOLD || verdict == V_HOLD_NEW ->
			/* In the daemon's memory, and no longer on a CPU. */
			atomic { busy[AT(at, x)] = busy[AT(at, x)] - 1 }
			atomic {
				(down[at] || lost[at] || (verdict == V_HOLD && R(at, x, p) != FROZEN) ||
				 (verdict == V_HOLD_NEW && ROLE(at, x) != CLOSING)) ->
				if
				:: down[at] || lost[at] ->
					over = true;
					pend[AT(at, x)] = pend[AT(at, x)] - 1
				:: else
				fi
			}
		:: else ->
			atomic {
				if
				:: lost[at] -> over = true
				:: !lost[at] && verdict == V_XLATE -> translate()
				:: !lost[at] && verdict == V_CREATE -> create()
				:: !lost[at] && verdict == V_DROP -> dropped()
				:: !lost[at] && verdict == V_CHAIN -> chained = true
				fi;
				busy[AT(at, x)] = busy[AT(at, x)] - 1;
				if
				:: over || verdict == V_CHAIN ->
					pend[AT(at, x)] = pend[AT(at, x)] - 1
				:: else
				fi;
				if
				:: !over && verdict == V_CHAIN ->
					/* Through the switch, if both of its ports are open. */
					if
					:: LIVE(at) && LIVE(1 - at) ->
						at = 1 - at;
						pend[AT(at, x)] = pend[AT(at, x)] + 1
					:: else -> over = true
					fi
				:: else
				fi;
				p = 0; verdict = 0
			}
		fi
	:: over -> break
	od;
with_box:
	skip
}
