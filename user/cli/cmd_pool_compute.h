/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAISY_CLI_CMD_POOL_COMPUTE_H
#define DAISY_CLI_CMD_POOL_COMPUTE_H

#include "cli/grammar.h"

/* All of its arguments are local: "config" and "name", or those of a pool; "inside" or "external". */
enum daisy_exit daisy_pool_compute(struct daisy_cli *cli, struct daisy_args *args);

#endif
