/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request: one line of a client, checked against the table of commands, and
 * the answer under way. A command answers at once, or leaves a job that goes on
 * a piece at a time while the client reads.
 */
#ifndef DAISY_CONTROL_REQUEST_H
#define DAISY_CONTROL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Longest line of a client, with its newline. */
#define DAISY_REQUEST_MAX 65536

struct daisy_daemon;
struct daisy_note;
struct daisy_request;

/* Types of arguments, to be combined. A list takes one string or number for a list of one. */
enum {
	ARG_STRING = 1,
	ARG_NUMBER = 2,		/* not negative, fits 32 bits */
	ARG_BOOL = 4,
	ARG_LIST = 8,		/* of strings and numbers */
	ARG_OBJECT = 16,
	ARG_NEEDED = 32,
};

struct daisy_arg {
	const char *name;	/* NULL ends the table */
	unsigned int type;
};

/* What a command or a step of its job returns. */
enum {
	ANSWER_DONE = 0,
	ANSWER_MORE = 1,	/* the job goes on */
	/* negative errno: refused or failed, with daisy_error() */
};

struct daisy_verb {
	const char *object;
	const char *command;
	const struct daisy_arg *args;
	int (*start)(struct daisy_request *request);
};

struct daisy_request {
	struct daisy_daemon *daemon;
	json_t *args;		/* an object; lists are arrays */
	bool usage;		/* the error is the client's typing: code 2 */
	bool stop;		/* after the answer the daemon ends */

	/* the job, if any */
	int (*step)(struct daisy_request *request);
	void (*finish)(struct daisy_request *request);	/* frees `job`; may be NULL */
	void *job;
	uint64_t number;	/* instead of a job, where one suffices */
	/* Is there something for `step` to do? NULL: always. Asked in every turn of the loop. */
	bool (*ready)(const struct daisy_request *request);
	/* events for a monitor; NULL: not one */
	void (*note)(struct daisy_request *request, const struct daisy_note *note);

	/* where lines go: appends to the client's buffer, takes the reference */
	void (*send)(void *client, json_t *line);
	void *client;
};

/* Line by line, NULL object ends the table. */
extern const struct daisy_verb daisy_verbs[];

/*
 * Read a line: fill `args` and return its verb, or NULL with daisy_error(). The
 * line need not end in NUL, and may hold anything.
 */
const struct daisy_verb *daisy_request_parse(const char *line, size_t len, json_t **args);

/* One item of the answer; takes the reference. */
void daisy_reply_item(struct daisy_request *request, json_t *item);
void daisy_reply_warning(struct daisy_request *request, const char *text);
/* For `return`: the error in daisy_error() is about what the client typed. */
int daisy_refuse(struct daisy_request *request);

/* Arguments; NULL, or the default, if left out. */
const char *daisy_arg_string(const struct daisy_request *request, const char *name);
uint32_t daisy_arg_number(const struct daisy_request *request, const char *name, uint32_t def);
bool daisy_arg_bool(const struct daisy_request *request, const char *name);
bool daisy_arg_has(const struct daisy_request *request, const char *name);
/* Item of a list as text, in `text` if it is a number. */
const char *daisy_arg_item(const json_t *list, size_t i, char text[16]);

#endif
