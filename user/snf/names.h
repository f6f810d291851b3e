/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of protocols, ports, TCP flags and ICMP types that expressions may use. */
#ifndef DAISY_SNF_NAMES_H
#define DAISY_SNF_NAMES_H

#include "snf/source.h"

struct daisy_name {
	const char *name;
	uint32_t value;
};

/* Lists end with a NULL name. */
extern const struct daisy_name daisy_name_protocols[], daisy_name_ports[], daisy_name_flags[],
	daisy_name_icmp_types[];

/* NULL: no such name. */
const struct daisy_name *daisy_name_find(const struct daisy_name *list, const char *word, size_t n);

#endif
