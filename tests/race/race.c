/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Races between two CPUs: the same mapping created twice, the last port
 * claimed twice, a refresh against a sweep, subscribers coming and going.
 *
 *	race [SECONDS]		length of the storm at the end
 */
#include <stdlib.h>

#include "race/scene.h"

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 6;

	if (seconds < 1)
		tap_bail("SECONDS is a number above 0");
	race_twins();
	race_last_port();
	race_refresh();
	race_subscribers();
	race_blocks();
	race_forwards();
	race_storm(seconds);
	return tap_done();
}
