/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS 1.3 between boxes that share a key: no certificates, no tickets, no early
 * data, and always a Diffie-Hellman exchange beside the key (psk_dhe_ke), so that
 * the key alone does not open what was recorded. The identity of the key in the
 * handshake is the name of who connects.
 */
#ifndef DAISY_MIGRATE_TLS_H
#define DAISY_MIGRATE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "migrate/key.h"

struct daisy_tls;		/* a name with its key */
struct daisy_tls_stream;	/* one connection */

/* Is this the name of a peer? Nobody else gets past the handshake. */
typedef bool (*daisy_tls_known_fn)(void *ctx, const char *name);

int daisy_tls_open(struct daisy_tls **tls, const char *name, const uint8_t key[DAISY_KEY_BYTES],
		   daisy_tls_known_fn known, void *ctx);
/* Its streams are closed before. NULL is fine. */
void daisy_tls_close(struct daisy_tls *tls);

/* On a connected, non-blocking socket, which stays the caller's. NULL: no memory. */
struct daisy_tls_stream *daisy_tls_stream_new(struct daisy_tls *tls, int fd, bool accepting);
void daisy_tls_stream_free(struct daisy_tls_stream *stream);

/*
 * These return what they did, or -EAGAIN, and then daisy_tls_wants_write() says for
 * what to wait, or another errno with daisy_error(): the stream is over.
 */
int daisy_tls_handshake(struct daisy_tls_stream *stream);
ssize_t daisy_tls_read(struct daisy_tls_stream *stream, void *to, size_t n);
ssize_t daisy_tls_write(struct daisy_tls_stream *stream, const void *from, size_t n);
bool daisy_tls_wants_write(const struct daisy_tls_stream *stream);
/* Who connected; "" before the handshake, and for whom we connected to. */
const char *daisy_tls_peer(const struct daisy_tls_stream *stream);

#endif
