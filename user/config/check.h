/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that concern more than one value, and this host. */
#ifndef DAISY_CONFIG_CHECK_H
#define DAISY_CONFIG_CHECK_H

#include "config/config.h"
#include "config/yaml_doc.h"

/*
 * Between the parts of a configuration. doc NULL: a change at run time, whose
 * errors have no place, and where a zone may wait for its pool.
 */
int daisy_config_check_parts(const struct daisy_config *config, struct daisy_yaml_doc *doc);
int daisy_config_check_host(const struct daisy_config *config, struct daisy_yaml_doc *doc);
/* "file:line: path: " in front of the error if there is a doc. Returns -EINVAL. */
int daisy_config_place(struct daisy_yaml_doc *doc, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
