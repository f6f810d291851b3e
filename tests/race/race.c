/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Races between two CPUs: the same mapping created twice, the last port
 * claimed twice, a refresh against a sweep, subscribers coming and going.
 *
 *	race [SECONDS [RACE]]		length of the storm at the end; one of the others alone
 */
#include <stdlib.h>
#include <string.h>

#include "race/scene.h"

#define SECONDS 6

static const struct {
	const char *name;
	void (*run)(void);
} races[] = {
	{ "twins", race_twins },
	{ "last-port", race_last_port },
	{ "refresh", race_refresh },
	{ "subscribers", race_subscribers },
	{ "blocks", race_blocks },
	{ "forwards", race_forwards },
};

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : SECONDS;
	unsigned int n_run = 0;

	if (seconds < 1)
		tap_bail("SECONDS is a number above 0");
	for (unsigned int i = 0; i < sizeof(races) / sizeof(races[0]); i++) {
		if (argc > 2 && strcmp(argv[2], races[i].name) != 0)
			continue;
		races[i].run();
		n_run++;
	}
	if (!n_run)
		tap_bail("no race is called %s", argv[2]);
	if (argc <= 2)
		race_storm(seconds);
	return tap_done();
}
