/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guards of the protocol that a -DFAULT_... takes away; `check` demands that each is missed. */

/* A grace period: nobody acts any more on what he read before. */
#ifdef FAULT_COPY_EARLY
#define GRACE_BEFORE_COPY true
#else
#define GRACE_BEFORE_COPY !busy[AT(S, x)]
#endif

#ifdef FAULT_NO_CLOSING
#define AFTER_SPLIT CHAINING
#else
#define AFTER_SPLIT CLOSING
#endif

/* Hints in the index do not count for an address that moves. */
#ifdef FAULT_HINTS
#define HINTS_OFF false
#else
#define HINTS_OFF true
#endif

/* A message counts in its own session only, which has one epoch. */
#ifdef FAULT_NO_EPOCH
#define SAME_SESSION(mine) true
#define MAY_IMPORT(state) true
#else
#define SAME_SESSION(mine) (sess == mine)
#define MAY_IMPORT(state) ((state) == P_NONE || (state) == IMPORTED)
#endif

/* An acknowledgement is of one attempt. */
#ifdef FAULT_NO_ATTEMPT
#define SAME_ATTEMPT true
#else
#define SAME_ATTEMPT (b == attempt[x])
#endif

/* A group is the peer's when it has said that it has it, not when it was sent. */
#ifdef FAULT_RELEASE_BEFORE_ACK
#define AFTER_COPY LEAVING
#else
#define AFTER_COPY FROZEN
#endif

/* What was granted comes back when the peer has said so, or has been fenced. */
#ifdef FAULT_ABORT_UNACKED
#define TAKE_BACK_AT_ONCE true
#else
#define TAKE_BACK_AT_ONCE false
#endif

/* A target that has lost its maps does not go on as if it had them. */
#ifdef FAULT_NO_RESUME
#define FRESH(resumed) true
#else
#define FRESH(resumed) (!(resumed))
#endif

/* The source forgets when nothing comes any more, and the target has said that it is the owner. */
#ifdef FAULT_NO_QUIET
#define QUIET true
#else
#define QUIET !pend[AT(S, x)]
#endif

#ifdef FAULT_FORGET_EARLY
#define FORGET_AT_ONCE true
#else
#define FORGET_AT_ONCE false
#endif

/* A move begins when nothing of an earlier one, one that a takeover ended, is on its way to the target. */
#ifdef FAULT_RESTART_EARLY
#define NOTHING_LATE true
#else
#define NOTHING_LATE (!pend[AT(DST(x), x)] && !busy[AT(S, x)])
#endif

/* The flow changes when everything has moved. */
#ifdef FAULT_FLOW_EARLY
#define MAY_CHANGE_FLOW(r) ((r) == CHAINED || (r) == DRAINING)
#else
#define MAY_CHANGE_FLOW(r) ((r) == CHAINED)
#endif

/* The port is cut before anybody is granted what was behind it. */
#ifdef FAULT_GRANT_FIRST
#define GRANT_FIRST true
#else
#define GRANT_FIRST false
#endif

/* It is opened again when its box has said that it owns nothing, and the other what it owns. */
#ifdef FAULT_UNFENCE_EARLY
#define OWNS_NOTHING true
#else
#define OWNS_NOTHING (TOLD(b, 0) && TOLD(b, NX - 1) && TOLD(1 - b, 0) && TOLD(1 - b, NX - 1))
#define TOLD(b, x) (EPOCH(b, x) == flow_epoch[x])
#endif

/* A packet for what is not ours is dropped. */
#ifdef FAULT_FORWARD
#define FORWARD_FOREIGN true
#else
#define FORWARD_FOREIGN false
#endif
