/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of daisy-ctl: one table for parsing and help. */
#ifndef DAISY_CTL_COMMANDS_H
#define DAISY_CTL_COMMANDS_H

#include "cli/cli.h"

struct daisy_ctl {
	struct daisy_cli cli;		/* output, errors */
	unsigned int limit_s;		/* for each answer of the switch */
	const char *file;		/* the inventory */
	bool lose_mappings;
};

struct daisy_ctl_command {
	const char *verb;
	const char *arguments;		/* for the usage line */
	const char *help;
	bool changes;			/* takes "lose-mappings" */
	enum daisy_exit (*run)(struct daisy_ctl *ctl);
};

extern const struct daisy_ctl_command daisy_ctl_commands[];	/* ends with verb NULL */

#endif
