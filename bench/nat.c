// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The NAT benchmark. Started by bench/run, which makes the namespaces.
 *
 *	nat [PART...]		all parts, or some
 *	nat quick [SERIES]	for tuning
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "daisy.h"
#include "parts.h"
#include "results.h"
#include "steady.h"

#define QUICK_ROUNDS 3
#define ROUNDS 7

static const struct {
	const char *name;
	void (*run)(struct contenders *all);
} parts[] = {
	{ "forward", part_forward },
	{ "million", part_million },
	{ "setup", part_setup },
	{ "cores", part_cores },
	{ "bulk", part_bulk },
	{ "ping", part_ping },
};

#define N_PARTS (sizeof(parts) / sizeof(*parts))

static int env_number(const char *name, int first, int last, int value)
{
	const char *text = getenv(name);

	if (!text || !*text)
		return value;
	value = atoi(text);
	if (value < first || value > last)
		die("%s=\"%s\": a number from %d to %d", name, text, first, last);
	return value;
}

static void cpu_model_set(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];
	char *value;

	while (file && fgets(line, sizeof(line), file)) {
		value = strchr(line, ':');
		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n")] = '\0';
		summary_text("cpu", value + 2);
		break;
	}
	if (file)
		fclose(file);
}

static void machine_set(const struct bench *bench)
{
	struct utsname name;
	time_t now = time(NULL);
	char date[32];

	uname(&name);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	summary_text("date", date);
	summary_text("kernel", name.release);
	cpu_model_set();
	summary_number("cores", sysconf(_SC_NPROCESSORS_ONLN));
	summary_number("rounds", bench->rounds);
	summary_number("frame_bytes", BENCH_FRAME_LEN);
}

static void parts_check(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t part = 0;

		while (part < N_PARTS && strcmp(argv[i], parts[part].name))
			part++;
		if (part == N_PARTS)
			die("no part \"%s\": forward, million, setup, cores, bulk, ping, or quick",
			    argv[i]);
	}
}

static bool is_wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	const char *prefix = getenv("BENCH_PREFIX"), *out = getenv("BENCH_OUT");
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	bool quick = argc > 1 && !strcmp(argv[1], "quick");
	struct bench bench = { .seconds = quick ? 0.25 : 0.4 };
	struct contenders all;

	if (!prefix || !out)
		die("start this program by bench/run");
	if (!quick)
		parts_check(argc, argv);
	bench.cpu = env_number("BENCH_CPU", 0, cpus - 1, cpus - 1);
	bench.cpu2 = cpus > 1 ? (bench.cpu + cpus - 1) % cpus : -1;
	bench.rounds = env_number("BENCH_ROUNDS", 1, STEADY_MAX_ROUNDS,
				  quick ? QUICK_ROUNDS : ROUNDS);
	setlinebuf(stdout);
	bench_open(&bench, prefix);
	cpu_own(bench.cpu);
	contenders_open(&all, &bench);
	if (quick) {
		part_quick(&all, argv[2]);
	} else {
		machine_set(&bench);
		for (size_t i = 0; i < N_PARTS; i++) {
			if (!is_wanted(argc, argv, parts[i].name))
				continue;
			say("%s", parts[i].name);
			parts[i].run(&all);
		}
		results_write(out, argc < 2 ? "summary" : "partial");
	}
	contenders_close(&all);
	return 0;
}
