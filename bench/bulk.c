// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "daisy.h"
#include "parts.h"
#include "results.h"
#include "steady.h"

#define SECONDS "3"

/* One server for one stream, in dst. Returns when it listens. */
static pid_t server_start(const struct bench *bench)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		die("no pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("cannot fork: %s", strerror(errno));
	if (!pid) {
		ns_enter(bench, NS_DST);
		cpu_pin(bench->cpu2 < 0 ? bench->cpu : bench->cpu2);
		dup2(ready[1], STDOUT_FILENO);
		execlp("iperf3", "iperf3", "-s", "-1", "--forceflush", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("iperf3 does not start; is it installed?");
	close(ready[0]);
	return pid;
}

static double stream_bits(const struct bench *bench)
{
	char cpu[16];
	const char *const argv[] = { "taskset", "-c", cpu, "iperf3", "-c", "198.19.0.1", "-B",
				     "10.64.0.1", "-t", SECONDS, "-J", NULL };
	pid_t server = server_start(bench);
	double bits = 0;
	json_t *report;
	char *text;

	snprintf(cpu, sizeof(cpu), "%d", bench->cpu);
	if (ns_run(bench, NS_SRC, &text, argv))
		die("iperf3 failed: %.400s", text);
	waitpid(server, NULL, 0);
	report = json_loads(text, 0, NULL);
	if (!report || json_unpack(report, "{s:{s:{s:F}}}", "end", "sum_received",
				   "bits_per_second", &bits))
		die("iperf3 says no rate: %.400s", text);
	json_decref(report);
	free(text);
	return bits;
}

void part_bulk(struct contenders *all)
{
	double bits[N_CONTENDERS][STEADY_MAX_ROUNDS];
	struct daisy daisy;
	int rounds = all->bench->rounds;
	double nft, ours;

	daisy_open(&daisy, all->bench, 1);
	contenders_daisy_set(all, &daisy);
	nft_set(all->bench, 1);
	sinks_pass(all);
	for (int round = 0; round < rounds; round++) {
		links_kernel(all);
		bits[NFT][round] = stream_bits(all->bench);
		results_add_value("bulk_tcp", "nft_bits_per_second", bits[NFT][round]);
		contender_attach(all, DAISY);
		daisy_alive(&daisy);
		bits[DAISY][round] = stream_bits(all->bench);
		results_add_value("bulk_tcp", "daisy_bits_per_second", bits[DAISY][round]);
	}
	nft = median(bits[NFT], rounds);
	ours = median(bits[DAISY], rounds);
	summary_number("bulk_tcp_vs_nft", ours / nft);
	summary_number("bulk_tcp_nft_gbit", nft / 1e9);
	summary_number("bulk_tcp_daisy_gbit", ours / 1e9);
	plot_add("bulk", "nft %.3f", nft / 1e9);
	plot_add("bulk", "daisy %.3f", ours / 1e9);
	say("  bulk tcp       nft %.3f Gbit/s, daisy %.3f Gbit/s: %.2f", nft / 1e9, ours / 1e9,
	    ours / nft);
	sinks_count(all);
	nft_clear(all->bench);
	contender_attach(all, DROP);
	daisy_close(&daisy);
}
