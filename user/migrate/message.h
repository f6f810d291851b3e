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
	X(4, PING, "PING") \
	X(16, OFFER, "OFFER") \
	X(17, OFFER_OK, "OFFER_OK") \
	X(18, STATE, "STATE") \
	X(19, END, "END") \
	X(20, READY, "READY") \
	X(21, REFUSED, "REFUSED") \
	X(22, COMMIT, "COMMIT") \
	X(23, COMMIT_OK, "COMMIT_OK") \
	X(24, UNKNOWN, "UNKNOWN") \
	X(25, ABORT, "ABORT")

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

/*
 * Whatever else is said about an address: OFFER: what there is of it, READY: what was
 * taken, REFUSED: why not, COMMIT: which one.
 */
struct daisy_talk {
	uint8_t address[4];
	char pool[DAISY_NAME_MAX + 1];
	uint8_t draining;
	uint32_t mappings;
	uint32_t subscribers;
	uint32_t conns;
	uint32_t rests;
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
void daisy_talk_write(struct daisy_frames *out, enum daisy_message_type type, uint16_t version,
		      uint64_t session, const struct daisy_talk *talk);
/* The same, and the frame stays open for more fields. */
void daisy_talk_begin(struct daisy_frames *out, enum daisy_message_type type, uint16_t version,
		      uint64_t session, const struct daisy_talk *talk);
int daisy_talk_read(const struct daisy_frame *frame, struct daisy_talk *talk);
/* A frame without fields. */
void daisy_message_write(struct daisy_frames *out, enum daisy_message_type type, uint64_t session);

#endif
