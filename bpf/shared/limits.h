/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounds that kernel and userspace share, each with the reason for its value. */
#ifndef DAISY_SHARED_LIMITS_H
#define DAISY_SHARED_LIMITS_H

/* The index entry has twelve bits for the address slot. */
#define DAISY_MAX_SLOTS 4096

/* A 16-bit port or ICMP query id indexes the vector. */
#define DAISY_VECTOR_SIZE 65536

/* One cache line of sixteen-byte entries. */
#define DAISY_BUCKET_ENTRIES 4

/* Entries in use at max-mappings: simulated and measured in doc/decisions/0001. */
#define DAISY_INDEX_LOAD_PERCENT 55

/* Sixteen bits a bucket: the twelve places beyond it and all of the overflow table fit in. */
#define DAISY_DISPLACED_BITS 16
#define DAISY_DISPLACED_MAX 0xffffULL
#define DAISY_DISPLACED_PER_WORD 4
#define DAISY_MAX_OVERFLOW 65000

/* A devmap entry each; more interfaces (tagged ones included) on one box is a switch. */
#define DAISY_MAX_LINKS 64

/* Inside networks that may use the same addresses. */
#define DAISY_MAX_ZONES 256

/* Neighbours on our links; those that do not fit are resolved per packet by the kernel's FIB. */
#define DAISY_MAX_NEXTHOPS 16384

/* Destinations whose next hop is remembered; direct mapped, a miss costs one FIB lookup. */
#define DAISY_ROUTE_CACHE 65536

/* 4096 lines of eight: even with every slot in use a line holds one address on average. */
#define DAISY_ADDR_BUCKETS 4096

/* Inside prefixes over all zones. */
#define DAISY_MAX_PREFIXES 4096

/*
 * Datagrams whose first fragment has been seen (bounded memory against floods,
 * RFC 4787 REQ-14). Four hosts at DAISY_UNFINISHED_DATAGRAMS for the default
 * 30 s: what they displace is over by then.
 */
#define DAISY_MAX_FRAGMENTS 32768

/* Datagrams that a host may begin within a tick and leave unfinished. */
#define DAISY_UNFINISHED_DATAGRAMS 256

/* Of those towards an inside host, what one sender may have: half, so that one alone cannot use up all. */
#define DAISY_UNFINISHED_OF_SENDER 128

/* Remote addresses that a host of a filtered pool may send to for the first time, in a tick. */
#define DAISY_NEW_PERMISSIONS 256

/* Budgets of sources, found by hash: of 100 busy hosts one in 160 shares its own. */
#define DAISY_BUDGET_BITS 14
#define DAISY_BUDGETS_HASHED (1 << DAISY_BUDGET_BITS)

/* No-translate rules; a packet that the stages look at is compared with all of them. */
#define DAISY_MAX_RULES 64

/*
 * Ranges that the reserved ports of a deterministic pool leave, a power of two: found by a
 * binary search of eight steps.
 */
#define DAISY_PLAN_RUNS 256

/*
 * An XDP program under BPF_PROG_RUN sees one page less head- and tailroom: 3520 bytes.
 * 8 bytes of header and 438 items of 8 bytes fit with room for alignment.
 */
#define DAISY_BATCH_ITEMS 438

/* Unanswered connections that strangers may open to one TCP mapping; see DESIGN.md 3.1. */
#define DAISY_MAX_STRANGERS 32

/* Groups of destinations with a counter of IPv4 ids each: a kilobyte for each CPU stays in its cache. */
#define DAISY_IDENTS 512

#endif
