/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "lib/error.h"
#include "migrate/fields.h"

static uint64_t load(const void *at, size_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

static void store(void *at, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(uint64_t *)at = value;
	}
}

static void write_one(struct daisy_frames *out, const struct daisy_field_kind *kind, const void *at)
{
	if (kind->type == FIELD_TEXT ? !*(const char *)at :
	    kind->type == FIELD_NUMBER && !load(at, kind->size))
		return;
	daisy_field_begin(out, kind->number);
	if (kind->type == FIELD_NUMBER)
		daisy_put_number(out, load(at, kind->size), kind->size);
	else
		daisy_put(out, at, kind->type == FIELD_TEXT ? strlen(at) : kind->size);
	daisy_field_end(out);
}

void daisy_fields_write(struct daisy_frames *out, const struct daisy_field_kind *kinds,
			const void *from)
{
	for (; kinds->number; kinds++)
		write_one(out, kinds, (const char *)from + kinds->offset);
}

/* One line for people: it comes from elsewhere, and goes to logs and terminals. */
static bool is_text(const struct daisy_field *field)
{
	for (size_t i = 0; i < field->len; i++)
		if (field->value[i] < ' ' || field->value[i] > '~')
			return false;
	return true;
}

static int read_one(const struct daisy_frame *frame, const struct daisy_field_kind *kind,
		    const struct daisy_field *field, void *to)
{
	if (kind->type == FIELD_TEXT && field->len < kind->size && is_text(field)) {
		memcpy(to, field->value, field->len);
		((char *)to)[field->len] = '\0';
		return 0;
	}
	if (kind->type == FIELD_NUMBER && field->len == kind->size) {
		store(to, kind->size, daisy_get_number(field->value, field->len));
		return 0;
	}
	if (kind->type == FIELD_BYTES && field->len == kind->size) {
		memcpy(to, field->value, field->len);
		return 0;
	}
	daisy_error_set("field %u of a frame of type %u has %u bytes that are none of its kind",
			field->number, frame->type, field->len);
	return -EPROTO;
}

int daisy_fields_read(const struct daisy_frame *frame, const struct daisy_field_kind *kinds, void *to)
{
	struct daisy_field field;
	size_t at = 0;
	int more;

	while ((more = daisy_frame_next(frame, &at, &field)) > 0) {
		const struct daisy_field_kind *kind = kinds;

		while (kind->number && kind->number != field.number)
			kind++;
		if (kind->number && read_one(frame, kind, &field, (char *)to + kind->offset))
			return -EPROTO;
	}
	return more;
}
