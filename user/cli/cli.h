/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every command of a tool knows: the global options, and how it ends. */
#ifndef DAISY_CLI_CLI_H
#define DAISY_CLI_CLI_H

#include <stdbool.h>

/* Exit codes; commands return them. */
enum daisy_exit {
	DAISY_EXIT_DONE = 0,
	DAISY_EXIT_REFUSED = 1,		/* the daemon or the system said no */
	DAISY_EXIT_USAGE = 2,		/* typed wrongly: nothing was tried */
	DAISY_EXIT_DIFFERS = 3,		/* a comparison found a difference */
};

struct daisy_cli {
	const char *program;		/* in front of error lines; NULL: daisy */
	bool json;
	bool pretty;			/* indented JSON; implies json */
	const char *instance;		/* NULL: the only one there is */
	const char *run_dir;		/* where the control sockets are */
	char where[64];			/* "mapping show", for errors */
	bool printed;			/* something went to standard output */
};

#define DAISY_RUN_DIR "/run/daisy"

#endif
