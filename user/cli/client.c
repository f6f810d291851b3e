/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/error.h"

struct daisy_client {
	const struct daisy_cli *cli;
	FILE *stream;
	char *line;
	size_t size;
};

static int is_socket_name(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && entry->d_name[0] != '.' && !strcmp(entry->d_name + len - 5, ".sock");
}

/* Name of the only instance of the run directory. */
static enum daisy_exit find_instance(const struct daisy_cli *cli, char *name, size_t size)
{
	enum daisy_exit code = DAISY_EXIT_DONE;
	struct dirent **names;
	char list[256] = "";
	size_t used = 0;
	int n = scandir(cli->run_dir, &names, is_socket_name, alphasort);

	if (n <= 0) {
		daisy_error_set("no daemon is running: %s holds no control socket; start one with "
				"\"systemctl start daisyd@NAME\" or \"daisyd --config FILE\"",
				cli->run_dir);
		code = DAISY_EXIT_REFUSED;
	}
	for (int i = 0; i < n; i++) {
		int len = (int)strlen(names[i]->d_name) - 5;

		snprintf(name, size, "%.*s", len, names[i]->d_name);
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 i ? ", " : "", name);
		free(names[i]);
	}
	if (n > 1) {
		daisy_error_set("more than one instance runs here, say which: -i with one of %s", list);
		code = DAISY_EXIT_USAGE;
	}
	if (n >= 0)
		free(names);
	return code;
}

static enum daisy_exit connect_failed(const char *name, const char *path, int err)
{
	if (err == ENOENT)
		daisy_error_set("no daemon of instance \"%s\": %s does not exist; start it with "
				"\"systemctl start daisyd@%s\"", name, path, name);
	else if (err == ECONNREFUSED)
		daisy_error_set("daemon of instance \"%s\" has ended (its mappings still translate); "
				"start it with \"systemctl start daisyd@%s\"", name, name);
	else if (err == EACCES || err == EPERM)
		daisy_error_set("%s: permission denied; run as root", path);
	else
		daisy_error_set("%s: %s", path, strerror(err));
	return DAISY_EXIT_REFUSED;
}

enum daisy_exit daisy_client_open(const struct daisy_cli *cli, struct daisy_client **client)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char name[NAME_MAX + 1];
	enum daisy_exit code;
	int fd, len;

	*client = NULL;
	snprintf(name, sizeof(name), "%s", cli->instance ? cli->instance : "");
	if (!cli->instance) {
		code = find_instance(cli, name, sizeof(name));
		if (code)
			return code;
	}
	len = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s.sock", cli->run_dir, name);
	if (len < 0 || (size_t)len >= sizeof(addr.sun_path))
		return connect_failed(name, cli->run_dir, ENAMETOOLONG);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		code = connect_failed(name, addr.sun_path, errno);
		if (fd >= 0)
			close(fd);
		return code;
	}
	*client = calloc(1, sizeof(**client));
	if (!*client)
		abort();
	(*client)->cli = cli;
	(*client)->stream = fdopen(fd, "r");
	if (!(*client)->stream)
		abort();
	return DAISY_EXIT_DONE;
}

void daisy_client_close(struct daisy_client *client)
{
	if (!client)
		return;
	fclose(client->stream);
	free(client->line);
	free(client);
}

static enum daisy_exit send_request(struct daisy_client *client, const char *object,
				    const char *command, json_t *args)
{
	json_t *request = json_pack("{ssss}", "object", object, "command", command);
	char *text;
	ssize_t n, len;
	int fd = fileno(client->stream);

	if (args && json_object_size(args))
		json_object_set(request, "args", args);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text)
		abort();
	len = (ssize_t)strlen(text);
	text[len++] = '\n';	/* in place of the terminator: sent by length */
	n = send(fd, text, (size_t)len, MSG_NOSIGNAL);
	free(text);
	if (n == len)
		return DAISY_EXIT_DONE;
	daisy_error_set("control socket: %s", n < 0 ? strerror(errno) : "request not taken whole");
	return DAISY_EXIT_REFUSED;
}

/* The next line of the answer; NULL at the end of the stream or on rubbish. */
static json_t *read_answer(struct daisy_client *client)
{
	json_error_t error;
	json_t *answer;
	ssize_t n;

	errno = 0;
	n = getline(&client->line, &client->size, client->stream);
	if (n < 0 && errno == EINTR) {
		daisy_error_set("interrupted");
		return NULL;
	}
	if (n <= 0) {
		daisy_error_set("the daemon closed the connection before its answer was complete");
		return NULL;
	}
	answer = json_loadb(client->line, (size_t)n, 0, &error);
	if (!answer)
		daisy_error_set("the daemon sent what is not JSON: %s", error.text);
	return answer;
}

static enum daisy_exit take_error(const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "error"));
	json_int_t code = json_integer_value(json_object_get(answer, "code"));

	daisy_error_set("%s", text ? text : "the daemon sent an answer without meaning");
	return code == DAISY_EXIT_USAGE ? DAISY_EXIT_USAGE : DAISY_EXIT_REFUSED;
}

enum daisy_exit daisy_client_call(struct daisy_client *client, const char *object,
				  const char *command, json_t *args, daisy_item_fn fn, void *ctx)
{
	enum daisy_exit code = send_request(client, object, command, args);
	bool done = false;

	while (code == DAISY_EXIT_DONE && !done) {
		json_t *answer = read_answer(client);
		json_t *item = json_object_get(answer, "item");
		json_t *warning = json_object_get(answer, "warning");

		if (!answer)
			return DAISY_EXIT_REFUSED;
		if (item)
			done = fn && fn(ctx, item);
		else if (json_is_true(json_object_get(answer, "done")))
			done = true;
		else if (json_is_string(warning))
			daisy_error_warn(client->cli, json_string_value(warning));
		else
			code = take_error(answer);
		json_decref(answer);
	}
	return code;
}
