/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structs as the fields of a frame, by a table. */
#ifndef DAISY_MIGRATE_FIELDS_H
#define DAISY_MIGRATE_FIELDS_H

#include "migrate/frame.h"

enum daisy_field_type {
	FIELD_NUMBER,		/* of 1, 2, 4 or 8 bytes */
	FIELD_TEXT,		/* char[], printable; on the wire without its NUL */
	FIELD_BYTES,		/* as they stand in memory, always as many */
};

struct daisy_field_kind {
	uint16_t number;	/* 0 ends the table */
	enum daisy_field_type type;
	size_t offset;
	size_t size;
};

/* Numbers of 0 and empty texts are left out: absent means that. */
void daisy_fields_write(struct daisy_frames *out, const struct daisy_field_kind *kinds,
			const void *from);
/* Into a struct of zeros. -EPROTO with daisy_error(); what it does not know is skipped. */
int daisy_fields_read(const struct daisy_frame *frame, const struct daisy_field_kind *kinds, void *to);

#endif
