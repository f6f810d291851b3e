/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the text of a file to a configuration, value by value. */
#ifndef DAISY_CONFIG_COMPILE_H
#define DAISY_CONFIG_COMPILE_H

#include "config/config.h"
#include "config/schema.h"

/* Fill a zeroed configuration; what it holds on failure, daisy_config_free releases. */
int daisy_config_compile(struct daisy_yaml_doc *doc, const struct daisy_raw *raw,
			 struct daisy_config *config);
/* The defaults: timers, sweep. */
void daisy_config_defaults(struct daisy_config *config);

#endif
