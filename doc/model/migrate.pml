/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ownership during a move: who may translate, create and free what, whatever
 * dies at whatever step. README.md says what is modelled; the states and
 * messages are those of doc/migration.md. Every atomic block is one step of one
 * process; anything may happen between two of them.
 */

/* Sizes and budgets of failures; `check` sets them. */
#ifndef NX
#define NX 1		/* addresses: 0 moves from box 0 to box 1, 1 from box 1 to box 0 */
#endif
#ifndef NP
#define NP 4		/* ports of an address */
#endif
#ifndef NM
#define NM 2		/* mappings at the start: endpoint k has port k */
#endif
#ifndef GROUP
#define GROUP 1		/* ports in a group */
#endif
#ifndef NPKT
#define NPKT 2
#endif
#ifndef FAILS
#define FAILS 1		/* failures altogether, of the kinds below */
#endif
#ifndef KINDS
#define KINDS 65535	/* mask of CAN_* */
#endif
#ifndef ENDS
#define ENDS 0		/* mappings that may end */
#endif

#define CAN_KILL	1	/* a daemon dies; its maps live on */
#define CAN_LOSE	2	/* a box goes, with its maps */
#define CAN_CUT		4	/* the connection between the daemons */
#define CAN_CTL		8	/* the controller dies */
#define CAN_ISOLATE	16	/* a box looks dead and is not */
#define CAN_ABORT	32	/* somebody asks for an abort */
#define CAN_DEADLINE	64	/* an answer takes too long: what happens when only one direction is cut */
#define CAN_OVERFLOW	128	/* no room to hold a packet */
#define CAN_REFUSE	256	/* the target has no room for a group */

#define SRC(x) (x)
#define DST(x) (1 - (x))
#define AT(b, x) ((b) * NX + (x))
#define ROLE(b, x) role[AT(b, x)]
#define EPOCH(b, x) epoch[AT(b, x)]
#define R(b, x, p) rec[AT(b, x) * NP + (p)]
#define KEY(b, x, p) key[AT(b, x) * NP + (p)]
#define VER(b, x, p) ver[AT(b, x) * NP + (p)]
#define BIT(m, p) (((m) >> (p)) & 1)
#define NOBODY 15

/* Role of a box for an address. In the slot: it outlives the daemon. */
#define NONE 0
#define OWNER 1
#define SPLIT 2
#define CLOSING 3
#define CHAINING 4
#define DRAINING 5
#define CHAINED 6
#define ABORTING 7
#define TARGET 8

/* State of a port, in its record (or in the port map). It outlives the daemon. */
#define P_NONE 0	/* not ours */
#define FREE 1
#define GRANTED 2	/* the peer's to use, until it has given it back or has been fenced */
#define ACTIVE 3
#define FROZEN 4	/* packets wait; about to be copied, or copied */
#define LEAVING 5	/* decided: the peer's; held packets go first */
#define MOVED 6		/* the peer's; a shadow is left */
#define THAWED 7	/* as ACTIVE, but the peer may have a copy: may not end */
#define IMPORTED 8	/* a copy: translates what comes, may neither end nor be copied on */
#define HOLD 9		/* hold-down */

#define MAPPED(r) ((r) == ACTIVE || (r) == THAWED || (r) == FROZEN || (r) == LEAVING || \
		   (r) == MOVED || (r) == IMPORTED)
/* Its box decides the port's fate: may end its mapping, or give it to a new one. */
#define OWNS(r) ((r) == FREE || (r) == ACTIVE || (r) == THAWED || (r) == FROZEN || (r) == HOLD)
/* Its box would translate by it. */
#define TRANSLATES(r) ((r) == ACTIVE || (r) == THAWED || (r) == FROZEN || (r) == IMPORTED)

/* What lives in the maps: gone with the box only. */
byte role[2 * NX];
byte epoch[2 * NX];
byte rec[2 * NX * NP];
byte key[2 * NX * NP];		/* inside endpoint; the outbound index, too */
byte ver[2 * NX * NP];		/* what else the mapping has: counts its translations */
bool moving[2 * NX];		/* flag of the slot: hints do not count */
bool hinted[NX * NP];		/* the index vouches for the record (source) */

/* What lives in the daemons: gone with the process. 0: no session. */
byte ssess[NX];			/* source's end of the session */
byte dsess[NX];			/* target's end */
bool greeted[NX];
byte awaits[NX];		/* message type */
byte cur[NX];			/* first port of the group under way */
byte stage[NX];
byte attempt[NX];
#define S_IDLE 0
#define S_FREEZE 1
#define S_COPY 2
#define S_LEAVE 3

/* The world. */
bool down[2];			/* daemon is not running */
bool lost[2];			/* box is gone */
bool silent[2];			/* neither heartbeat arrives at the controller */
bool reborn[2];			/* it is back, and empty */
bool fenced[2];			/* its port of the switch is cut */
bool linked = true;
bool ctl_down;
byte flow[NX];			/* the switch: who gets the address's packets */
byte flow_epoch[NX];		/* cookie of that rule */
byte order[2 * NX];		/* command of the controller that a box has yet to read */
byte order_epoch[2 * NX];
#define O_MOVE 1
#define O_FLOWS 2
#define O_TAKEOVER 3
#define O_DROP 4

/* Ghosts: what only the properties look at. */
byte fails;
byte ended;
byte begun;			/* packets */
byte sessions;
byte starts[NX];
byte busy[2 * NX];		/* packets between look-up and their end: what a grace period waits for */
byte pend[2 * NX];		/* packets on their way to, or in, a box */
bool snap[NX * NP];		/* copied, and not thawed since */
bool gone[NX];			/* mappings that only a box had that is gone */
bool asked;			/* for an abort */
bool judged;

/* Messages between the daemons. Each carries its session; the epoch is the session's. */
#define HELLO 1
#define PORTS 2
#define STATE 3
#define COMMIT 4
#define RELEASE 5
#define ABORT 6
#define HELLO_OK 7
#define HELLO_NO 8
#define PORTS_OK 9
#define STATE_OK 10
#define STATE_NO 11
#define RELEASE_OK 12
#define ABORT_OK 13

/* type, session, then: epoch | free, hold masks | first port, attempt, keys and versions | mask */
chan to_dst[NX] = [3] of { byte, byte, byte, byte, byte, byte, byte, byte };
chan to_src[NX] = [2] of { byte, byte, byte, byte };
/* One message of a session that is over, which arrives after all. */
chan late_dst = [1] of { byte, byte, byte, byte, byte, byte, byte, byte, byte };
chan late_src = [1] of { byte, byte, byte, byte, byte };

/* A box that is gone, that neither heartbeat reaches, or that has come back empty. */
#define MISSED(b) (lost[b] || silent[b] || reborn[b])

#define SAY(text) printf text

mtype = {
	port_owned_once, one_translation, copied_is_frozen, copy_is_current, nothing_untranslated,
	none_lost, one_owner_at_the_end, move_ends
};

#define VIOLATED(property) printf("VIOLATED %e\n", property); assert(false)

#define LIVE(b) (!lost[b] && !fenced[b])
#define RUNS(b) (!lost[b] && !down[b])

/* Is a port of the address in this state on this box? Guards have to be expressions. */
#define ANY(b, x, s) (R(b, x, 0) == (s) || R(b, x, 1) == (s) || \
		      (NP > 2 && R(b, x, 2) == (s)) || (NP > 3 && R(b, x, 3) == (s)))
#define IS_OUT(b, x, p) (NP <= p || R(b, x, p) == GRANTED || R(b, x, p) == MOVED)

/* All of a box's state of an address. */
inline forget(box, x)
{
	q = 0;
	do
	:: q < NP -> R(box, x, q) = P_NONE; KEY(box, x, q) = NOBODY; VER(box, x, q) = 0; q++
	:: else -> break
	od;
	q = 0;
	ROLE(box, x) = NONE;
	moving[AT(box, x)] = false
}

/* The source's session and what it keeps of the group under way. */
inline end_session(x)
{
	ssess[x] = 0; greeted[x] = false; awaits[x] = 0; cur[x] = NOBODY; stage[x] = S_IDLE
}

/*
 * The switch has cut the other box's port, and the epoch has risen: what is
 * here, as shadow or as copy, is ours; what the other may have used rests.
 */
inline take_over(box, x, risen)
{
	q = 0;
	do
	:: q < NP ->
		if
		:: R(box, x, q) == P_NONE || R(box, x, q) == GRANTED -> R(box, x, q) = HOLD
		:: MAPPED(R(box, x, q)) -> R(box, x, q) = ACTIVE
		:: else
		fi;
		if
		:: box == SRC(x) -> snap[x * NP + q] = false
		:: else
		fi;
		q++
	:: else -> break
	od;
	q = 0;
	ROLE(box, x) = OWNER; EPOCH(box, x) = risen; moving[AT(box, x)] = false;
	if
	:: box == SRC(x) -> end_session(x)
	:: else -> dsess[x] = 0
	fi
}

/* Messages under way are lost with their session. */
inline drop_session(x)
{
	do
	:: len(to_dst[x]) > 0 -> to_dst[x]?_, _, _, _, _, _, _, _
	:: len(to_src[x]) > 0 -> to_src[x]?_, _, _, _
	:: else -> break
	od;
	dsess[x] = 0
}

#include "faults.pml"
#include "source.pml"
#include "target.pml"
#include "packets.pml"
#include "world.pml"
