/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the peer protocol with fields of one value each (doc/migration.md,
 * "Messages"); those that carry state are in migrate/state.h. A table says which
 * fields a message has, for writing and for reading.
 */
#ifndef DAISY_MIGRATE_MESSAGE_H
#define DAISY_MIGRATE_MESSAGE_H

#include "config/config.h"
#include "migrate/frame.h"

/* What this build speaks. The version of a session is the highest that both do. */
#define DAISY_PEER_VERSION_LOWEST 1
#define DAISY_PEER_VERSION_HIGHEST 1

/* Number, symbol, name. A number is never used again. */
#define DAISY_MESSAGES(X) \
	X(1, HELLO, "HELLO") \
	X(2, HELLO_OK, "HELLO_OK") \
	X(3, HELLO_NO, "HELLO_NO") \
	X(4, PING, "PING")

enum daisy_message_type {
#define X(number, sym, name) MESSAGE_##sym = number,
	DAISY_MESSAGES(X)
#undef X
};

/* Whoever does not know a type with this bit goes on; any other ends the session. */
#define DAISY_MESSAGE_MAY_BE_IGNORED 0x8000

#define DAISY_REASON_SIZE 256

/* HELLO and HELLO_OK: who speaks, and in which versions; HELLO_NO: why not. */
struct daisy_hello {
	uint16_t lowest;
	uint16_t highest;
	char name[DAISY_NAME_MAX + 1];
	char software[32];	/* version of the program, for listings */
	char reason[DAISY_REASON_SIZE];
};

/* "HELLO"; "?" for a type that has no name. */
const char *daisy_message_name(uint16_t type);
/* The version that both speak; 0 if there is none, and daisy_error() says so. */
uint16_t daisy_hello_version(const struct daisy_hello *hello);

/* Append a whole frame. */
void daisy_hello_write(struct daisy_frames *out, enum daisy_message_type type,
		       const struct daisy_hello *hello);
/* -EPROTO with daisy_error(): a field is missing, or is none of its kind. */
int daisy_hello_read(const struct daisy_frame *frame, struct daisy_hello *hello);
/* A frame without fields. */
void daisy_message_write(struct daisy_frames *out, enum daisy_message_type type, uint64_t session);

#endif
