/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of the peer protocol (doc/migration.md, "Messages"), in network order:
 *
 *	length 4	of what follows
 *	type 2		enum daisy_message_type
 *	version 2	in which its fields are written
 *	session 8	the move it belongs to; 0: none
 *	fields		number 2, length 2, value
 *
 * Whoever reads skips fields it does not know. Nothing here does any I/O.
 */
#ifndef DAISY_MIGRATE_FRAME_H
#define DAISY_MIGRATE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest frame, without its length; before HELLO nobody has more to say than this. */
#define DAISY_FRAME_MAX (1u << 20)
#define DAISY_FRAME_MAX_GREETING 1024u

struct daisy_frame {
	uint16_t type;
	uint16_t version;
	uint64_t session;
	const uint8_t *fields;	/* in the buffer that was parsed */
	size_t len;
};

struct daisy_field {
	uint16_t number;
	uint16_t len;
	const uint8_t *value;
};

/*
 * Read the frame at the beginning of `data`. Returns its bytes, 0 if it is not
 * whole yet, or -EPROTO: longer than `max`, or too short for its own header.
 */
int daisy_frame_parse(const uint8_t *data, size_t n, size_t max, struct daisy_frame *frame);
/* The field at *at (0 at first), which moves on. 1, 0 at the end, -EPROTO: it is cut off. */
int daisy_frame_next(const struct daisy_frame *frame, size_t *at, struct daisy_field *field);

/* Frames on their way out, one behind the other. */
struct daisy_frames {
	uint8_t *data;
	size_t from;		/* sent up to here */
	size_t to;
	size_t room;
	size_t frame;		/* where the open one begins */
	size_t field;		/* where the open field begins */
	bool failed;		/* no memory, or too long: nothing more is appended */
};

void daisy_frame_begin(struct daisy_frames *out, uint16_t type, uint16_t version, uint64_t session);
void daisy_frame_end(struct daisy_frames *out);
void daisy_field_begin(struct daisy_frames *out, uint16_t number);
void daisy_field_end(struct daisy_frames *out);
void daisy_put(struct daisy_frames *out, const void *bytes, size_t n);
/* The n low bytes of a number, in network order. */
void daisy_put_number(struct daisy_frames *out, uint64_t value, size_t n);
void daisy_frames_clear(struct daisy_frames *out);

/* n bytes, at most 8, in network order. */
uint64_t daisy_get_number(const uint8_t *at, size_t n);

#endif
