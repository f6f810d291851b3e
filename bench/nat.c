// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The benchmarks. Started by bench/run, which makes the namespaces.
 *
 *	nat NAME [PART...]	all parts of a benchmark, or some
 *	nat nat quick [SERIES]	for tuning
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
	const char *bench;
	const char *name;
	void (*run)(struct contenders *all);
} parts[] = {
	{ "nat", "forward", part_forward },
	{ "nat", "million", part_million },
	{ "nat", "setup", part_setup },
	{ "nat", "cores", part_cores },
	{ "nat", "bulk", part_bulk },
	{ "nat", "ping", part_ping },
	{ "carrier", "speed", part_speed },
	{ "carrier", "fragments", part_fragments },
	{ "carrier", "abuser", part_abuser },
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

static bool is_part(size_t part, const char *bench, const char *name)
{
	return !strcmp(parts[part].bench, bench) && !strcmp(parts[part].name, name);
}

static void parts_check(const char *bench, int n, char **names)
{
	for (int i = 0; i < n; i++) {
		size_t part = 0;

		while (part < N_PARTS && !is_part(part, bench, names[i]))
			part++;
		if (part == N_PARTS)
			die("no part \"%s\" of %s, see bench/README.md", names[i], bench);
	}
}

static bool is_wanted(size_t part, const char *bench, int n, char **names)
{
	for (int i = 0; i < n; i++)
		if (is_part(part, bench, names[i]))
			return true;
	return !n && !strcmp(parts[part].bench, bench);
}

static void parts_run(struct contenders *all, const char *bench, int n, char **names)
{
	machine_set(all->bench);
	for (size_t i = 0; i < N_PARTS; i++) {
		if (!is_wanted(i, bench, n, names))
			continue;
		say("%s", parts[i].name);
		parts[i].run(all);
	}
	results_write(getenv("BENCH_OUT"), bench, n ? "partial" : "summary");
}

int main(int argc, char **argv)
{
	const char *prefix = getenv("BENCH_PREFIX");
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	bool quick = argc > 2 && !strcmp(argv[2], "quick");
	struct bench bench = { .seconds = quick ? 0.25 : 0.4 };
	struct contenders all;

	if (!prefix || !getenv("BENCH_OUT") || argc < 2)
		die("start this program by bench/run");
	if (!quick)
		parts_check(argv[1], argc - 2, argv + 2);
	bench.cpu = env_number("BENCH_CPU", 0, cpus - 1, cpus - 1);
	bench.cpu2 = cpus > 1 ? (bench.cpu + cpus - 1) % cpus : -1;
	bench.rounds = env_number("BENCH_ROUNDS", 1, STEADY_MAX_ROUNDS,
				  quick ? QUICK_ROUNDS : ROUNDS);
	setlinebuf(stdout);
	bench_open(&bench, prefix);
	cpu_own(bench.cpu);
	contenders_open(&all, &bench);
	if (quick)
		part_quick(&all, argv[3]);
	else
		parts_run(&all, argv[1], argc - 2, argv + 2);
	contenders_close(&all);
	return 0;
}
