/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command table: what can be typed, with its help. Parsing, help, completion
 * and the documentation test all read this one table. Keywords are exact; there
 * are no abbreviations.
 *
 *	daisy OBJECT [ COMMAND ] [ KEYWORD VALUE | FLAG ]...
 *
 * A command that is left out means "show".
 */
#ifndef DAISY_CLI_GRAMMAR_H
#define DAISY_CLI_GRAMMAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"

enum daisy_value_type {
	VALUE_FLAG,		/* the keyword alone */
	VALUE_CHOICE,
	VALUE_BOOL,		/* true or false */
	VALUE_NUMBER,		/* min to max */
	VALUE_NAME,
	VALUE_ADDRESS,
	VALUE_ENDPOINT,		/* ADDRESS or ADDRESS:PORT */
	VALUE_ENDPOINTS,	/* ADDRESS, ADDRESS:PORT or ADDRESS:PORT-PORT */
	VALUE_PREFIX,
	VALUE_ADDRESSES,	/* ADDRESS, ADDRESS-ADDRESS or PREFIX */
	VALUE_PORTS,		/* PORT or PORT-PORT */
	VALUE_DEVICE,
	VALUE_VLAN,		/* VID or OUTER.INNER */
	VALUE_NEXT_HOP,		/* ADDRESS, MAC or none */
	VALUE_INSTANCE,
	VALUE_FILE,
};

/* struct daisy_param.flags */
#define PARAM_REQUIRED 1
#define PARAM_REPEAT 2		/* may be given several times; the value is a list */
#define PARAM_LOCAL 4		/* for the tool itself, not sent to the daemon */
#define PARAM_POSITIONAL 8	/* a value without its keyword; `key` is for the help, in capitals */

struct daisy_param {
	const char *key;
	const char *arg;	/* name in the control protocol; NULL: the key */
	enum daisy_value_type type;
	const char *choices;	/* VALUE_CHOICE: words separated by a space */
	uint32_t min, max;	/* VALUE_NUMBER, inclusive */
	const char *metavar;	/* NULL: the type's */
	unsigned int flags;
	const char *help;
};

/* What was typed. `send` goes to the daemon under the names of the protocol, `local` stays here. */
struct daisy_args {
	json_t *send;
	json_t *local;
};

struct daisy_command {
	const char *verb;
	const char *help;
	const struct daisy_param *params;	/* ends with key NULL; NULL: none */
	enum daisy_exit (*run)(struct daisy_cli *cli, struct daisy_args *args);
};

struct daisy_object {
	const char *name;
	const char *help;
	const struct daisy_command *commands;	/* ends with verb NULL */
};

extern const struct daisy_object *const daisy_objects[];	/* ends with NULL */

const struct daisy_object *daisy_object_find(const struct daisy_object *const *objects,
					     const char *name);
const struct daisy_command *daisy_command_find(const struct daisy_object *object, const char *verb);
const struct daisy_param *daisy_param_find(const struct daisy_command *command, const char *key);

/*
 * Choose the command of an object: words[0] if it is a verb (*n_taken is 1 then), else "show".
 * NULL: neither, and daisy_error() says what is accepted.
 */
const struct daisy_command *daisy_command_parse(const struct daisy_object *object, int n_words,
						char **words, int *n_taken);
/*
 * Read keywords and values into *args, which the caller clears in any case.
 * 0 or -EINVAL, and then daisy_error() quotes the bad word.
 */
int daisy_args_parse(const struct daisy_command *command, int n_words, char **words,
		     struct daisy_args *args);
void daisy_args_clear(struct daisy_args *args);
bool daisy_args_flag(const struct daisy_args *args, const char *key);
/* A local argument's string, or NULL. */
const char *daisy_args_string(const struct daisy_args *args, const char *key);

/* help.c */
void daisy_help_all(FILE *out, const struct daisy_object *const *objects);
void daisy_help_object(FILE *out, const struct daisy_object *object);
void daisy_help_command(FILE *out, const struct daisy_object *object,
			const struct daisy_command *command);
/* Grammar of one command on one line, without a newline; the caller frees it. */
char *daisy_help_bnf(const struct daisy_object *object, const struct daisy_command *command);

/*
 * complete.c: write what may follow, one candidate a line. words are those after
 * "daisy"; the last is the one being typed and may be empty.
 */
void daisy_complete(FILE *out, const struct daisy_object *const *objects, int n_words,
		    char **words);

#endif
