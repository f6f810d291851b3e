// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daisy.h"
#include "parts.h"
#include "results.h"
#include "steady.h"

#define PINGS 1000
#define PING_GAP_US 500
#define PING_ID 0x4441

/*
 * A ping of our own: ping(8) rounds to a microsecond, which here would be as
 * much as the difference that is looked for.
 */
static int ping_open(const struct bench *bench)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = { htonl(ADDR_CLIENT) } };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(ADDR_REMOTE) } };
	struct timeval patience = { .tv_sec = 1 };
	int fd;

	ns_enter(bench, NS_SRC);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		die("no socket for pings: %s", strerror(errno));
	return fd;
}

/* One round trip in nanoseconds, 0 if it was lost. */
static double ping(int fd, uint16_t sequence)
{
	struct icmphdr query = { .type = ICMP_ECHO, .un.echo = { htons(PING_ID), htons(sequence) } };
	uint8_t packet[256];
	const struct icmphdr *reply;
	double start = now_ns();
	ssize_t n;

	query.checksum = ~(uint16_t)htons(((ICMP_ECHO << 8) + PING_ID + sequence) % 0xffff);
	if (send(fd, &query, sizeof(query), 0) != sizeof(query))
		die("cannot ping: %s", strerror(errno));
	while ((n = recv(fd, packet, sizeof(packet), 0)) > 0) {
		size_t header = (packet[0] & 15) * 4;

		reply = (const struct icmphdr *)(packet + header);
		if ((size_t)n >= header + sizeof(*reply) && reply->type == ICMP_ECHOREPLY &&
		    reply->un.echo.sequence == query.un.echo.sequence)
			return now_ns() - start;
	}
	return 0;
}

/* Median of a series, the first ones (neighbours, caches, the mapping) not counted. */
static double series(const struct bench *bench, const char *name)
{
	static double ns[PINGS];
	int fd = ping_open(bench), n = 0;
	double middle;

	for (int i = 0; i < PINGS + 20; i++) {
		double rtt = ping(fd, i + 1);

		if (!rtt && i >= 20)
			die("%s lost a ping", name);
		if (i >= 20)
			ns[n++] = rtt;
		usleep(PING_GAP_US);
	}
	close(fd);
	middle = median(ns, n);
	results_add_value("ping_ns", name, middle);
	return middle;
}

void part_ping(struct contenders *all)
{
	double routed[STEADY_MAX_ROUNDS], nft[STEADY_MAX_ROUNDS], daisied[STEADY_MAX_ROUNDS];
	struct daisy daisy;
	int rounds = all->bench->rounds;

	daisy_open(&daisy, all->bench, 1);
	contenders_daisy_set(all, &daisy);
	sinks_pass(all);
	for (int round = 0; round < rounds; round++) {
		links_kernel(all);
		routed[round] = series(all->bench, "routed");
		nft_set(all->bench, 1);
		nft[round] = series(all->bench, "nft");
		nft_clear(all->bench);
		contender_attach(all, DAISY);
		daisy_alive(&daisy);
		daisied[round] = series(all->bench, "daisy");
	}
	summary_number("ping_vs_routed", median(daisied, rounds) / median(routed, rounds));
	summary_number("ping_routed_us", median(routed, rounds) / 1e3);
	summary_number("ping_nft_us", median(nft, rounds) / 1e3);
	summary_number("ping_daisy_us", median(daisied, rounds) / 1e3);
	plot_add("ping", "routed %.2f", median(routed, rounds) / 1e3);
	plot_add("ping", "nft %.2f", median(nft, rounds) / 1e3);
	plot_add("ping", "daisy %.2f", median(daisied, rounds) / 1e3);
	say("  ping           routed %.2f us, nft %.2f us, daisy %.2f us: %.3f",
	    median(routed, rounds) / 1e3, median(nft, rounds) / 1e3, median(daisied, rounds) / 1e3,
	    median(daisied, rounds) / median(routed, rounds));
	sinks_count(all);
	contender_attach(all, DROP);
	daisy_close(&daisy);
}
