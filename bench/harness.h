/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bench's ground: three namespaces in a row, made by bench/run,
 *
 *	src: s0 --- n0 :nat: n1 --- d0 :dst
 *
 * entering them, attaching programs, counting. A failure ends the program with
 * one line on stderr: a benchmark that goes on after an error measures
 * something else.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"

enum bench_ns { NS_SRC, NS_NAT, NS_DST, N_NS };
enum bench_link { LINK_S0, LINK_N0, LINK_N1, LINK_D0, N_LINKS };

/* Addresses of the topology, host order. bench/run sets the same. */
#define ADDR_NAT_INSIDE 0x0a000001u	/* 10.0.0.1, n0 */
#define ADDR_ACCESS_ROUTER 0x0a000002u	/* 10.0.0.2, s0: 10.64.0.0/10 is behind it */
#define ADDR_NAT_OUTSIDE 0xc6336401u	/* 198.51.100.1, n1 */
#define ADDR_UPSTREAM 0xc6336402u	/* 198.51.100.2, d0: the default gateway */
#define ADDR_HOSTS 0x0a400000u		/* 10.64.0.0, the first inside host */
#define ADDR_CLIENT (ADDR_HOSTS + 1)	/* 10.64.0.1, programs in src */
#define ADDR_REMOTE 0xc6130001u		/* 198.19.0.1, what the hosts talk to */
#define ADDR_POOL 0xcb007100u		/* 203.0.113.0, the first external address */
#define PORT_REMOTE 53

struct bench {
	int ns_fd[N_NS];
	unsigned int ifindex[N_LINKS];
	uint8_t mac[N_LINKS][6];
	int rounds;
	int cpu;		/* everything runs here */
	int cpu2;		/* the second core of the scaling figure, -1: there is none */
	double seconds;		/* wanted length of one measurement */
};

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

void bench_open(struct bench *bench, const char *prefix);
void ns_enter(const struct bench *bench, enum bench_ns ns);
/* Run a command inside a namespace; its stdout, if `out` is given (malloc'ed). Returns its exit code. */
int ns_run(const struct bench *bench, enum bench_ns ns, char **out, const char *const argv[]);
/* Attach in native mode, replacing what is there; fd -1 detaches. */
void link_attach(const struct bench *bench, enum bench_link link, int prog_fd);

void cpu_pin(int cpu);
/* The same, and before every ordinary process: a measurement is short, its children are ordinary. */
void cpu_own(int cpu);
double now_ns(void);
/* CPU time of this thread. */
double cpu_ns(void);
uint64_t cpus_sum(const struct bench_cpu_state *states);
/* Leave the core to the kernel for a moment: what was deleted is freed now, not while we measure. */
void settle(void);
double median(double *values, size_t n);
/* Bytes of kernel memory of a map, from its memlock. */
uint64_t map_memlock(int fd);

#endif
