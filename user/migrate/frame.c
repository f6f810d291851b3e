/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "migrate/frame.h"

#define LENGTH 4
#define HEADER 12	/* type, version, session */
#define FIELD 4		/* number, length */

uint64_t daisy_get_number(const uint8_t *at, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | at[i];
	return value;
}

int daisy_frame_parse(const uint8_t *data, size_t n, size_t max, struct daisy_frame *frame)
{
	size_t len;

	if (n < LENGTH)
		return 0;
	len = (size_t)daisy_get_number(data, LENGTH);
	if (len < HEADER || len > max) {
		daisy_error_set("frame of %zu bytes, expected %d to %zu", len, HEADER, max);
		return -EPROTO;
	}
	if (n < LENGTH + len)
		return 0;
	data += LENGTH;
	*frame = (struct daisy_frame){
		.type = (uint16_t)daisy_get_number(data, 2),
		.version = (uint16_t)daisy_get_number(data + 2, 2),
		.session = daisy_get_number(data + 4, 8),
		.fields = data + HEADER, .len = len - HEADER,
	};
	return (int)(LENGTH + len);
}

int daisy_frame_next(const struct daisy_frame *frame, size_t *at, struct daisy_field *field)
{
	const uint8_t *from = frame->fields + *at;
	size_t left = frame->len - *at;

	if (!left)
		return 0;
	if (left >= FIELD) {
		field->number = (uint16_t)daisy_get_number(from, 2);
		field->len = (uint16_t)daisy_get_number(from + 2, 2);
		field->value = from + FIELD;
		if (field->len <= left - FIELD) {
			*at += FIELD + field->len;
			return 1;
		}
	}
	daisy_error_set("frame of type %u ends within a field", frame->type);
	return -EPROTO;
}

static bool make_room(struct daisy_frames *out, size_t n)
{
	size_t room = out->room ? out->room : 4096;
	uint8_t *larger;

	if (out->failed)
		return false;
	while (room < out->to + n)
		room *= 2;
	if (room == out->room)
		return true;
	larger = realloc(out->data, room);
	if (!larger) {
		out->failed = true;
		return false;
	}
	out->data = larger;
	out->room = room;
	return true;
}

void daisy_put(struct daisy_frames *out, const void *bytes, size_t n)
{
	if (!n || !make_room(out, n))
		return;
	memcpy(out->data + out->to, bytes, n);
	out->to += n;
}

void daisy_put_number(struct daisy_frames *out, uint64_t value, size_t n)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(value >> 8 * (n - 1 - i));
	daisy_put(out, bytes, n);
}

/* Write a length that is known only now. */
static void patch(struct daisy_frames *out, size_t at, size_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out->data[at + i] = (uint8_t)(value >> 8 * (n - 1 - i));
}

void daisy_frame_begin(struct daisy_frames *out, uint16_t type, uint16_t version, uint64_t session)
{
	/* What has been sent makes room. */
	if (out->from) {
		memmove(out->data, out->data + out->from, out->to - out->from);
		out->to -= out->from;
		out->from = 0;
	}
	out->frame = out->to;
	daisy_put_number(out, 0, LENGTH);
	daisy_put_number(out, type, 2);
	daisy_put_number(out, version, 2);
	daisy_put_number(out, session, 8);
}

void daisy_frame_end(struct daisy_frames *out)
{
	size_t len = out->to - out->frame - LENGTH;

	if (len > DAISY_FRAME_MAX)
		out->failed = true;
	if (!out->failed)
		patch(out, out->frame, len, LENGTH);
}

void daisy_field_begin(struct daisy_frames *out, uint16_t number)
{
	out->field = out->to;
	daisy_put_number(out, number, 2);
	daisy_put_number(out, 0, 2);
}

void daisy_field_end(struct daisy_frames *out)
{
	size_t len = out->to - out->field - FIELD;

	if (len > UINT16_MAX)
		out->failed = true;
	if (!out->failed)
		patch(out, out->field + 2, len, 2);
}

void daisy_frames_clear(struct daisy_frames *out)
{
	free(out->data);
	memset(out, 0, sizeof(*out));
}
