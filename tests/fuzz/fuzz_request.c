/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parser of the control protocol under libFuzzer: any line is either refused
 * with an error that can be sent as JSON, or is a known command whose
 * arguments have the types of its table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "control/request.h"
#include "nat/instance.h"

/* As the server sends it (PROTOCOL.md). */
static void refused_well(void)
{
	const char *why = daisy_error();
	json_t *line = json_pack("{s:s,s:i}", "error", why, "code", 2);

	MUST(why && *why && !strchr(why, '\n'));
	MUST(line);
	json_decref(line);
}

static const struct daisy_arg *arg_of(const struct daisy_verb *verb, const char *name)
{
	for (const struct daisy_arg *arg = verb->args; arg->name; arg++)
		if (!strcmp(arg->name, name))
			return arg;
	return NULL;
}

static bool has_type(const json_t *value, unsigned int type)
{
	return (type & ARG_STRING && json_is_string(value)) ||
	       (type & ARG_NUMBER && json_is_integer(value) && json_integer_value(value) >= 0 &&
		json_integer_value(value) <= UINT32_MAX) ||
	       (type & ARG_BOOL && json_is_boolean(value)) ||
	       (type & ARG_LIST && json_is_array(value)) || (type & ARG_OBJECT && json_is_object(value));
}

static void accepted_well(const struct daisy_verb *verb, json_t *args)
{
	const char *name;
	json_t *value;

	MUST(verb->object && verb->command && verb->start && json_is_object(args));
	json_object_foreach(args, name, value) {
		const struct daisy_arg *arg = arg_of(verb, name);

		MUST(arg);
		MUST(has_type(value, arg->type) ||
		     (arg->type & ARG_LIST && arg->type & ARG_STRING && json_is_integer(value)));
	}
	for (const struct daisy_arg *arg = verb->args; arg->name; arg++)
		MUST(!(arg->type & ARG_NEEDED) || json_object_get(args, arg->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct daisy_verb *verb;
	json_t *args = NULL;
	/* A buffer of its own, so that a byte read behind the end is seen. */
	char *line = malloc(size ? size : 1);

	if (!line)
		return 0;
	if (size)
		memcpy(line, data, size);
	verb = daisy_request_parse(line, size, &args);
	if (verb) {
		accepted_well(verb, args);
		json_decref(args);
	} else {
		refused_well();
	}
	free(line);
	return 0;
}
