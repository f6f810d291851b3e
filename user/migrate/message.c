/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "config/values.h"
#include "lib/error.h"
#include "migrate/fields.h"
#include "migrate/message.h"

#define FIELD(n, type, in, member) \
	{ n, FIELD_##type, offsetof(struct in, member), sizeof(((struct in *)0)->member) }

static const struct daisy_field_kind hello_fields[] = {
	FIELD(1, NUMBER, daisy_hello, lowest),
	FIELD(2, NUMBER, daisy_hello, highest),
	FIELD(3, TEXT, daisy_hello, name),
	FIELD(4, TEXT, daisy_hello, software),
	FIELD(5, TEXT, daisy_hello, reason),
	{ 0 }
};

static const struct daisy_field_kind talk_fields[] = {
	FIELD(5, TEXT, daisy_talk, reason),
	FIELD(6, BYTES, daisy_talk, address),
	FIELD(7, TEXT, daisy_talk, pool),
	FIELD(8, NUMBER, daisy_talk, draining),
	FIELD(9, NUMBER, daisy_talk, mappings),
	FIELD(10, NUMBER, daisy_talk, subscribers),
	FIELD(11, NUMBER, daisy_talk, conns),
	FIELD(12, NUMBER, daisy_talk, rests),
	{ 0 }
};

const char *daisy_message_name(uint16_t type)
{
	switch (type) {
#define X(number, sym, name) case number: return name;
	DAISY_MESSAGES(X)
#undef X
	default:
		return "?";
	}
}

uint16_t daisy_hello_version(const struct daisy_hello *hello)
{
	uint16_t version = hello->highest < DAISY_PEER_VERSION_HIGHEST ?
		hello->highest : DAISY_PEER_VERSION_HIGHEST;

	if (hello->lowest <= hello->highest && version >= hello->lowest &&
	    version >= DAISY_PEER_VERSION_LOWEST)
		return version;
	daisy_error_set("\"%s\" speaks versions %u to %u of the peer protocol, expected %u to %u",
			hello->name, hello->lowest, hello->highest, DAISY_PEER_VERSION_LOWEST,
			DAISY_PEER_VERSION_HIGHEST);
	return 0;
}

/* Greetings are written so that every version reads them. */
void daisy_hello_write(struct daisy_frames *out, enum daisy_message_type type,
		       const struct daisy_hello *hello)
{
	daisy_frame_begin(out, (uint16_t)type, DAISY_PEER_VERSION_LOWEST, 0);
	daisy_fields_write(out, hello_fields, hello);
	daisy_frame_end(out);
}

int daisy_hello_read(const struct daisy_frame *frame, struct daisy_hello *hello)
{
	char name[DAISY_NAME_MAX + 1];
	int err;

	memset(hello, 0, sizeof(*hello));
	err = daisy_fields_read(frame, hello_fields, hello);
	/* It is quoted in messages and listings. */
	if (!err && daisy_value_name(hello->name, name))
		err = -EPROTO;
	return err;
}

void daisy_talk_begin(struct daisy_frames *out, enum daisy_message_type type, uint16_t version,
		      uint64_t session, const struct daisy_talk *talk)
{
	daisy_frame_begin(out, (uint16_t)type, version, session);
	daisy_fields_write(out, talk_fields, talk);
}

void daisy_talk_write(struct daisy_frames *out, enum daisy_message_type type, uint16_t version,
		      uint64_t session, const struct daisy_talk *talk)
{
	daisy_talk_begin(out, type, version, session, talk);
	daisy_frame_end(out);
}

int daisy_talk_read(const struct daisy_frame *frame, struct daisy_talk *talk)
{
	memset(talk, 0, sizeof(*talk));
	return daisy_fields_read(frame, talk_fields, talk);
}

void daisy_message_write(struct daisy_frames *out, enum daisy_message_type type, uint64_t session)
{
	daisy_frame_begin(out, (uint16_t)type, DAISY_PEER_VERSION_HIGHEST, session);
	daisy_frame_end(out);
}
