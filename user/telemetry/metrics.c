/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/error.h"
#include "telemetry/metrics.h"

/* Scrapers are few; strangers must not hold descriptors of the daemon. */
#define MAX_CONNECTIONS 16
#define TIMEOUT_S 10

struct daisy_metrics {
	struct daisy_instance *inst;
	struct MHD_Daemon *http;
	pthread_mutex_t lock;		/* of figures */
	struct daisy_figures figures;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status, char *text,
			      size_t size, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(size, text, mode);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				status == MHD_HTTP_OK ? "text/plain; version=0.0.4; charset=utf-8"
						      : "text/plain; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_constant(struct MHD_Connection *connection, unsigned int status,
				       const char *text)
{
	return answer(connection, status, (char *)(uintptr_t)text, strlen(text),
		      MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer_metrics(struct MHD_Connection *connection, struct daisy_metrics *m)
{
	struct daisy_figures figures;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return MHD_NO;
	pthread_mutex_lock(&m->lock);
	figures = m->figures;
	pthread_mutex_unlock(&m->lock);
	err = daisy_metrics_render(out, m->inst, &figures);
	if (fclose(out) || err) {
		free(text);
		return answer_constant(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
				       "the counters cannot be read\n");
	}
	return answer(connection, MHD_HTTP_OK, text, size, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *data_size, void **state)
{
	(void)version;
	(void)data;
	(void)data_size;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_constant(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	if (strcmp(url, "/metrics"))
		return answer_constant(connection, MHD_HTTP_NOT_FOUND, "try /metrics\n");
	return answer_metrics(connection, ctx);
}

/* getaddrinfo() cuts a larger number to 16 bits without a word. */
static bool is_port(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len && len <= 5 && !text[len] && atoi(text) <= UINT16_MAX;
}

/* Split "HOST:PORT" or "[HOST]:PORT"; numeric only, so that no resolver is asked. */
static int resolve(const char *listen, struct addrinfo **list)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(listen, ':');
	size_t len = colon ? (size_t)(colon - listen) : 0;
	char host[64];

	if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') {
		listen++;
		len -= 2;
	} else if (len && memchr(listen, ':', len)) {
		len = 0;	/* IPv6 without brackets: which colon is the port's? */
	}
	if (len && len < sizeof(host) && is_port(colon + 1)) {
		memcpy(host, listen, len);
		host[len] = '\0';
		if (!getaddrinfo(host, colon + 1, &hints, list))
			return 0;
	}
	return -EINVAL;
}

int daisy_metrics_listen_check(const char *listen)
{
	struct addrinfo *list;

	if (resolve(listen, &list)) {
		daisy_error_set("metrics \"%s\" is not ADDRESS:PORT such as 127.0.0.1:9464 or [::1]:9464",
				listen);
		return -EINVAL;
	}
	freeaddrinfo(list);
	return 0;
}

static int listen_on(const char *text)
{
	struct addrinfo *list;
	int fd, err, one = 1;

	err = daisy_metrics_listen_check(text);
	if (err || resolve(text, &list))
		return -EINVAL;
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, list->ai_addr, list->ai_addrlen) || listen(fd, MAX_CONNECTIONS)) {
		err = -errno;
		daisy_error_set("metrics \"%s\": %s", text, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = err;
	}
	freeaddrinfo(list);
	return fd;
}

/* Signals are the main thread's: the server's thread starts with all of them blocked. */
static struct MHD_Daemon *start_server(int fd, struct daisy_metrics *m)
{
	struct MHD_Daemon *http;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	http = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL,
				handle, m, MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MAX_CONNECTIONS,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)TIMEOUT_S,
				MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return http;
}

int daisy_metrics_start(struct daisy_metrics **m, struct daisy_instance *inst, const char *listen)
{
	struct daisy_metrics *new;
	int fd = listen_on(listen);

	*m = NULL;
	if (fd < 0)
		return fd;
	new = calloc(1, sizeof(*new));
	if (!new) {
		close(fd);
		daisy_error_set("metrics: no memory");
		return -ENOMEM;
	}
	new->inst = inst;
	pthread_mutex_init(&new->lock, NULL);
	new->http = start_server(fd, new);
	if (!new->http) {
		close(fd);
		pthread_mutex_destroy(&new->lock);
		free(new);
		daisy_error_set("metrics \"%s\": the HTTP server does not start", listen);
		return -EIO;
	}
	*m = new;
	return 0;
}

void daisy_metrics_stop(struct daisy_metrics *m)
{
	if (!m)
		return;
	MHD_stop_daemon(m->http);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void daisy_metrics_publish(struct daisy_metrics *m, const struct daisy_figures *figures)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->figures = *figures;
	pthread_mutex_unlock(&m->lock);
}
