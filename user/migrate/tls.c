/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "config/config.h"
#include "lib/error.h"
#include "migrate/tls.h"

struct daisy_tls {
	SSL_CTX *ssl;
	char name[DAISY_NAME_MAX + 1];
	uint8_t key[DAISY_KEY_BYTES];
	daisy_tls_known_fn known;
	void *ctx;
};

struct daisy_tls_stream {
	struct daisy_tls *tls;
	SSL *ssl;
	bool wants_write;
	char peer[DAISY_NAME_MAX + 1];
};

/* TLS_AES_256_GCM_SHA384 (RFC 8446 appendix B.4): a key from outside belongs to one hash. */
static const unsigned char suite[] = { 0x13, 0x02 };
#define SUITE_NAME "TLS_AES_256_GCM_SHA384"

/* The key in the shape in which OpenSSL takes it: a session that never was. */
static SSL_SESSION *key_session(SSL *ssl, const struct daisy_tls *tls)
{
	const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, suite);
	SSL_SESSION *session = SSL_SESSION_new();

	if (session && cipher && SSL_SESSION_set1_master_key(session, tls->key, sizeof(tls->key)) &&
	    SSL_SESSION_set_cipher(session, cipher) &&
	    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION))
		return session;
	SSL_SESSION_free(session);
	return NULL;
}

static int use_key(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
		   SSL_SESSION **session)
{
	struct daisy_tls_stream *stream = SSL_get_app_data(ssl);

	*session = key_session(ssl, stream->tls);
	*id = (const unsigned char *)stream->tls->name;
	*id_len = strlen(stream->tls->name);
	/* Asked again with a hash that is not the suite's: then there is no key for it. */
	if (*session && md && md != SSL_CIPHER_get_handshake_digest(SSL_SESSION_get0_cipher(*session))) {
		SSL_SESSION_free(*session);
		*session = NULL;
	}
	return 1;
}

/* An identity that is no peer's gets no session, so the handshake fails for want of a certificate. */
static int find_key(SSL *ssl, const unsigned char *id, size_t id_len, SSL_SESSION **session)
{
	struct daisy_tls_stream *stream = SSL_get_app_data(ssl);
	char name[DAISY_NAME_MAX + 1];

	*session = NULL;
	if (!id_len || id_len >= sizeof(name) || memchr(id, '\0', id_len))
		return 1;
	memcpy(name, id, id_len);
	name[id_len] = '\0';
	if (!stream->tls->known(stream->tls->ctx, name))
		return 1;
	*session = key_session(ssl, stream->tls);
	if (*session)
		strcpy(stream->peer, name);
	return *session != NULL;
}

static int failed(const char *what)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	daisy_error_set("%s: %s", what, reason ? reason : "the peer hung up");
	ERR_clear_error();
	return -EPROTO;
}

static bool configure(SSL_CTX *ssl)
{
	SSL_CTX_set_psk_use_session_callback(ssl, use_key);
	SSL_CTX_set_psk_find_session_callback(ssl, find_key);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	/* Whether a message is whole, its length says: the end of a stream needs no goodbye. */
	SSL_CTX_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET |
			    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			 SSL_MODE_RELEASE_BUFFERS);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) &&
	       SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) &&
	       SSL_CTX_set_ciphersuites(ssl, SUITE_NAME) && SSL_CTX_set_num_tickets(ssl, 0);
}

int daisy_tls_open(struct daisy_tls **result, const char *name, const uint8_t key[DAISY_KEY_BYTES],
		   daisy_tls_known_fn known, void *ctx)
{
	struct daisy_tls *tls = calloc(1, sizeof(*tls));

	*result = NULL;
	if (!tls) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	tls->known = known;
	tls->ctx = ctx;
	strncpy(tls->name, name, DAISY_NAME_MAX);
	memcpy(tls->key, key, sizeof(tls->key));
	tls->ssl = SSL_CTX_new(TLS_method());
	if (!tls->ssl || !configure(tls->ssl)) {
		daisy_tls_close(tls);
		return failed("no TLS 1.3");
	}
	*result = tls;
	return 0;
}

void daisy_tls_close(struct daisy_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->ssl);
	explicit_bzero(tls->key, sizeof(tls->key));
	free(tls);
}

struct daisy_tls_stream *daisy_tls_stream_new(struct daisy_tls *tls, int fd, bool accepting)
{
	struct daisy_tls_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->tls = tls;
	stream->ssl = SSL_new(tls->ssl);
	if (!stream->ssl || !SSL_set_app_data(stream->ssl, stream) || !SSL_set_fd(stream->ssl, fd)) {
		daisy_tls_stream_free(stream);
		return NULL;
	}
	if (accepting)
		SSL_set_accept_state(stream->ssl);
	else
		SSL_set_connect_state(stream->ssl);
	return stream;
}

/* No goodbye: what counts is said by messages. */
void daisy_tls_stream_free(struct daisy_tls_stream *stream)
{
	if (!stream)
		return;
	SSL_free(stream->ssl);
	free(stream);
}

/* What an operation that returned `result` (not above 0) means. */
static int explain(struct daisy_tls_stream *stream, int result, const char *what)
{
	int error = SSL_get_error(stream->ssl, result), err = errno;

	stream->wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	if (error == SSL_ERROR_SYSCALL && err && !ERR_peek_error()) {
		daisy_error_set("%s: %s", what, strerror(err));
		return -err;
	}
	return failed(what);
}

int daisy_tls_handshake(struct daisy_tls_stream *stream)
{
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(stream->ssl);
	return result == 1 ? 0 : explain(stream, result, "no handshake");
}

ssize_t daisy_tls_read(struct daisy_tls_stream *stream, void *to, size_t n)
{
	size_t done;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_read_ex(stream->ssl, to, n, &done);
	return result == 1 ? (ssize_t)done : explain(stream, result, "connection lost");
}

ssize_t daisy_tls_write(struct daisy_tls_stream *stream, const void *from, size_t n)
{
	size_t done;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_write_ex(stream->ssl, from, n, &done);
	return result == 1 ? (ssize_t)done : explain(stream, result, "connection lost");
}

bool daisy_tls_wants_write(const struct daisy_tls_stream *stream)
{
	return stream->wants_write;
}

const char *daisy_tls_peer(const struct daisy_tls_stream *stream)
{
	return stream->peer;
}
