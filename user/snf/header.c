/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "snf/header.h"

static const struct {
	const char *name;
	unsigned int bits;
} fields[N_FIELDS] = {
#define X(id, text, n) [FIELD_##id] = { text, n },
	DAISY_READ_FIELDS
	DAISY_WRITE_FIELDS
#undef X
};

const char *daisy_field_name(enum daisy_field field)
{
	return fields[field].name;
}

uint64_t daisy_field_max(enum daisy_field field)
{
	return field == FIELD_FRAG ? FRAGMENT_LAST : (UINT64_C(1) << fields[field].bits) - 1;
}

void daisy_field_format(enum daisy_field field, uint64_t value, char text[24])
{
	if (fields[field].bits == 48)
		snprintf(text, 24, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned int)(value >> 40) & 255,
			 (unsigned int)(value >> 32) & 255, (unsigned int)(value >> 24) & 255,
			 (unsigned int)(value >> 16) & 255, (unsigned int)(value >> 8) & 255,
			 (unsigned int)value & 255);
	else if (fields[field].bits == 32)
		snprintf(text, 24, "%u.%u.%u.%u", (unsigned int)(value >> 24) & 255,
			 (unsigned int)(value >> 16) & 255, (unsigned int)(value >> 8) & 255,
			 (unsigned int)value & 255);
	else
		snprintf(text, 24, "%llu", (unsigned long long)value);
}
