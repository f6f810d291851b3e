/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the middle: the harness floor, the bare forwarder, the
 * kernel's NAT, Daisy. One is attached at a time; its mappings stay while
 * another is measured.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include "harness.h"

/* CARRIER: a second Daisy, beside the plain one. */
enum contender_kind { DROP, BARE, NFT, DAISY, CARRIER, N_CONTENDERS };

struct contender {
	const char *name;
	const struct bench_cpu_state *counter;	/* delivered frames */
	int inside_fd;				/* program of n0 */
	int outside_fd;				/* program of n1 */
	struct daisy *daisy;
};

struct daisy;
struct sink_bpf;

struct contenders {
	const struct bench *bench;
	struct contender each[N_CONTENDERS];
	struct daisy *daisy;			/* each[DAISY].daisy */
	struct sink_bpf *sink;
	struct drop_bpf *drop;
	struct bare_bpf *bare[2];	/* one per direction: a program knows one next hop */
};

/* Drop, bare and nft; Daisy joins by contenders_daisy_set. */
void contenders_open(struct contenders *all, const struct bench *bench);
void contenders_close(struct contenders *all);
void contenders_daisy_set(struct contenders *all, struct daisy *daisy);
void contenders_carrier_set(struct contenders *all, struct daisy *daisy);
/* Put it between the generators and the sinks; Daisy's daemon is alive. */
void contender_attach(struct contenders *all, enum contender_kind kind);
/* No program between the ends: the kernel forwards. */
void links_kernel(struct contenders *all);
/* Both ends pass everything to the kernel, for real programs (ping, iperf3). */
void sinks_pass(struct contenders *all);
void sinks_count(struct contenders *all);

/* The kernel's NAT: n external addresses. */
void nft_set(const struct bench *bench, unsigned int n_addrs);
void nft_clear(const struct bench *bench);
/* Entries of the connection tracker, and forgetting them. */
uint64_t nft_connections(const struct bench *bench);
void nft_flush(const struct bench *bench);

struct traffic;
/* A sink that looks at every frame: the translated side lies in first_addr .. last_addr. */
struct sink_bpf *sink_check_open(bool inbound, uint32_t first_addr, uint32_t last_addr);
/*
 * Attach it, send one full cycle and look at every frame behind the contender; die if one
 * is not translated right, or if two flows share a port. Returns the good ones.
 */
uint64_t contender_check(struct contenders *all, enum contender_kind kind,
			 struct traffic *traffic, bool inbound, uint32_t first_addr,
			 uint32_t last_addr);

#endif
