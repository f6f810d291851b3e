/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every map. Each says who writes, who reads, what bounds its size, and what
 * happens when it is full. Sizes given as 1 are set by user/nat/instance.c
 * before loading. All are pinned, inner maps too.
 */
#ifndef DAISY_MAPS_H
#define DAISY_MAPS_H

#include "shared/config.h"
#include "shared/counters.h"
#include "shared/events.h"
#include "shared/hold.h"
#include "shared/nat.h"
#include "shared/plan.h"

/* Settings. Userspace writes; every packet reads. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_conf);
} conf SEC(".maps");

/* Links by number. Userspace writes (attach, address or MTU change); every packet reads. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_MAX_LINKS);
	__type(key, __u32);
	__type(value, struct daisy_link);
} links SEC(".maps");

/* Links of tagged frames. Userspace writes; tagged packets read. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DAISY_MAX_LINKS);
	__type(key, struct daisy_tag_key);
	__type(value, __u32);
} tagged_links SEC(".maps");

/* Egress by link number (tx_ifindex). Userspace writes; redirects read. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, DAISY_MAX_LINKS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} tx_links SEC(".maps");

/* Our addresses, external and own. Userspace writes; every packet reads one line. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_ADDR_BUCKETS);
	__type(key, __u32);
	__type(value, struct daisy_addr_bucket);
} addrs SEC(".maps");

/* External addresses by slot. Userspace writes; creations and outbound packets read. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_slot);
} slots SEC(".maps");

/*
 * Which slots a zone may use. Userspace writes each as one word; the first
 * packet of a subscriber reads it as one.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_MAX_ZONES);
	__type(key, __u32);
	__type(value, struct daisy_zone);
} zones SEC(".maps");

/* The lists that zones point into. Room for two: a list is written beside the one in use. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * DAISY_MAX_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} pool_slots SEC(".maps");

/* Inside prefixes by zone. Userspace writes; creations, and one-armed links for their direction, read. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DAISY_MAX_PREFIXES);
	__type(key, struct daisy_prefix_key);
	__type(value, struct daisy_prefix);
} inside_prefixes SEC(".maps");

/* No-translate rules: version 0 has none, conf.rules says which of 1 and 2 holds. Userspace writes the other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, struct daisy_rules);
} no_translate SEC(".maps");

/*
 * Port vectors by slot, one outer map per protocol. Userspace installs and
 * sweeps (reads) them; packets create, refresh and read records.
 */
struct udp_vector {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_VECTOR_SIZE);
	__type(key, __u32);
	__type(value, struct daisy_mapping);
};

struct tcp_vector {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_VECTOR_SIZE);
	__type(key, __u32);
	__type(value, struct daisy_tcp_mapping);
};

/* clang describes a type that only an inner map names as a forward declaration: name it here. */
const struct daisy_tcp_mapping record_types SEC(".rodata") __attribute__((used));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct udp_vector);
} vectors_udp SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct tcp_vector);
} vectors_tcp SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct udp_vector);
} vectors_icmp SEC(".maps");

/*
 * Inbound words of UDP, index slot * DAISY_VECTOR_SIZE + external port. The first packet
 * in, who moves and who ends a mapping write; inbound packets read.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, union daisy_inbound);
} inbound_udp SEC(".maps");

/* Free ports, index slot * DAISY_N_PROTOS + proto. Creations claim bits, sweeps give them back. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_port_map);
} port_maps SEC(".maps");

/* Port blocks by slot. Creations claim and use them, sweeps give them back. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_block_map);
} block_maps SEC(".maps");

/* Policies of the pools. Userspace writes; creations and sweeps read. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_MAX_POOLS);
	__type(key, __u32);
	__type(value, struct daisy_pool);
} pools SEC(".maps");

/*
 * Plans of deterministic pools, by pool: replaced whole. Their inside prefixes,
 * by zone. Userspace writes; creations read, if there are any (conf.plans).
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DAISY_MAX_POOLS);
	__type(key, __u32);
	__type(value, struct daisy_plan_table);
} plans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DAISY_MAX_PREFIXES);
	__type(key, struct daisy_prefix_key);
	__type(value, struct daisy_plan_prefix);
} plan_prefixes SEC(".maps");

/*
 * Index, buckets of one cache line (mmapable arrays are page aligned, plain
 * ones are not). Creations add, sweeps remove, outbound packets read, and write
 * hints. Sized by max-mappings. A key that finds its four buckets full goes to
 * index_overflow; when that is full too, the creation is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_bucket);
} index_buckets SEC(".maps");

/*
 * Keys that stand elsewhere than in their first bucket, counted by that bucket,
 * four to a word. Creations raise, sweeps lower, look-ups in vain read.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} index_displaced SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, union daisy_index_key);
	__type(value, union daisy_ref);
} index_overflow SEC(".maps");

/* TCP connections beyond those in the record. Full: translated untracked, counted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct daisy_conn_key);
	__type(value, union daisy_conn_control);
} conns SEC(".maps");

/* Subscribers. Creations add, userspace removes idle ones. Full: new subscribers are refused. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct daisy_subscriber_key);
	__type(value, struct daisy_subscriber);
} subscribers SEC(".maps");

/*
 * AF_XDP sockets of the daemon by daisy_hold_key(). The daemon writes (the kernel
 * takes an entry away with its socket); packets that are to be held read.
 */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, DAISY_HOLD_SOCKETS);
	__type(key, __u32);
	__type(value, __u32);
} hold_sockets SEC(".maps");

/* Packets on their way to a socket, same index. Packets add, the daemon takes off. Full: refused. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_HOLD_SOCKETS);
	__type(key, __u32);
	__type(value, struct daisy_hold_ring);
} hold_rings SEC(".maps");

/*
 * What a source has used of its share in the current tick, by hash; behind them,
 * the classes of held packets. BPF only.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DAISY_BUDGETS_HASHED + DAISY_HOLD_CLASSES_MAX);
	__type(key, __u32);
	__type(value, struct daisy_budget);
} budgets SEC(".maps");

/*
 * First fragments. Each host has a budget; LRU: a flood of many hosts displaces
 * the oldest, memory is bounded.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DAISY_MAX_FRAGMENTS);
	__type(key, struct daisy_fragment_key);
	__type(value, struct daisy_fragment);
} fragments SEC(".maps");

/* Who may send to mappings of filtered addresses. BPF only. LRU: when full, the least used goes (lib/filter.h). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct daisy_permission_key);
	__type(value, struct daisy_permission);
} permissions SEC(".maps");

/* Next hops by number (0 is none). Userspace mirrors the kernel's neighbours; every packet reads. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_MAX_NEXTHOPS);
	__type(key, __u32);
	__type(value, struct daisy_nexthop);
} nexthops SEC(".maps");

/* Numbers of the next hops by what bpf_fib_lookup answers. Userspace writes; route misses read. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DAISY_MAX_NEXTHOPS);
	__type(key, struct daisy_neighbour_key);
	__type(value, __u32);
} neighbours SEC(".maps");

/*
 * Next hops of inside hosts, direct mapped by address and link. BPF writes and
 * reads; a stale epoch is a miss. Userspace empties it before epochs come round.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_ROUTE_CACHE);
	__type(key, __u32);
	__type(value, union daisy_inside_route);
} inside_routes SEC(".maps");

/* Next hops of outside destinations, direct mapped. BPF writes and reads; a stale epoch is a miss. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DAISY_ROUTE_CACHE);
	__type(key, __u32);
	__type(value, union daisy_route);
} routes SEC(".maps");

/* Counters. BPF writes, userspace sums over the CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_counters);
} counters SEC(".maps");

/* Token bucket of the ICMP errors that we generate, per CPU. BPF only. */
struct daisy_icmp_tokens {
	__u64 last_ns;
	__u64 tokens;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_icmp_tokens);
} icmp_tokens SEC(".maps");

/* Next IPv4 id by group of destinations. Userspace gives each CPU its start; BPF counts on. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_idents);
} idents SEC(".maps");

/* Next hop as the kernel's FIB answered it, while no number is known for it. BPF only. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct daisy_nexthop);
} fib_answer SEC(".maps");

/* Events to userspace, one ring per CPU. Full: counted in events_lost. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

#endif
