// SPDX-License-Identifier: GPL-2.0-or-later
/* The NAT benchmark. Started by bench/run, which makes the namespaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daisy.h"
#include "parts.h"
#include "results.h"

static int env_number(const char *name, int value)
{
	const char *text = getenv(name);

	return text && *text ? atoi(text) : value;
}

int main(int argc, char **argv)
{
	const char *prefix = getenv("BENCH_PREFIX"), *out = getenv("BENCH_OUT");
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct bench bench = { .out = out ? out : "." };
	struct contenders all;

	if (!prefix)
		die("start this program by bench/run");
	bench.cpu = env_number("BENCH_CPU", cpus - 1);
	bench.cpu2 = cpus > 1 ? (bench.cpu + cpus - 1) % cpus : -1;
	bench.rounds = env_number("BENCH_ROUNDS", 5);
	bench.seconds = 0.4;
	setlinebuf(stdout);
	bench_open(&bench, prefix);
	cpu_own(bench.cpu);
	contenders_open(&all, &bench);
	if (argc > 1 && !strcmp(argv[1], "quick")) {
		bench.rounds = env_number("BENCH_ROUNDS", 3);
		bench.seconds = 0.25;
		part_quick(&all, argv[2]);
	}
	contenders_close(&all);
	return 0;
}
