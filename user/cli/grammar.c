/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/error.h"
#include "cli/grammar.h"
#include "cli/value.h"

const struct daisy_object *daisy_object_find(const struct daisy_object *const *objects,
					     const char *name)
{
	for (; *objects; objects++) {
		if (!strcmp((*objects)->name, name))
			return *objects;
	}
	return NULL;
}

const struct daisy_command *daisy_command_find(const struct daisy_object *object, const char *verb)
{
	for (const struct daisy_command *c = object->commands; c->verb; c++) {
		if (!strcmp(c->verb, verb))
			return c;
	}
	return NULL;
}

const struct daisy_param *daisy_param_find(const struct daisy_command *command, const char *key)
{
	for (const struct daisy_param *p = command->params; p && p->key; p++) {
		if (!(p->flags & PARAM_POSITIONAL) && !strcmp(p->key, key))
			return p;
	}
	return NULL;
}

/* The first value without a keyword that is not given yet. */
static const struct daisy_param *find_positional(const struct daisy_command *command,
						 const struct daisy_args *args)
{
	for (const struct daisy_param *p = command->params; p && p->key; p++) {
		if ((p->flags & PARAM_POSITIONAL) && !json_object_get(args->local, p->key))
			return p;
	}
	return NULL;
}

static void append(char *list, size_t size, const char *word)
{
	size_t n = strlen(list);

	snprintf(list + n, size - n, "%s%s", n ? " " : "", word);
}

static void append_params(char *list, size_t size, const struct daisy_command *command)
{
	for (const struct daisy_param *p = command->params; p && p->key; p++)
		append(list, size, p->key);
}

const struct daisy_command *daisy_command_parse(const struct daisy_object *object, int n_words,
						char **words, int *n_taken)
{
	const struct daisy_command *show = daisy_command_find(object, "show");
	const struct daisy_command *command;
	char choices[DAISY_ERROR_SIZE] = "";

	*n_taken = 0;
	if (show && (!n_words || daisy_param_find(show, words[0])))
		return show;
	command = n_words ? daisy_command_find(object, words[0]) : NULL;
	if (command) {
		*n_taken = 1;
		return command;
	}
	for (const struct daisy_command *c = object->commands; c->verb; c++)
		append(choices, sizeof(choices), c->verb);
	append(choices, sizeof(choices), "help");
	if (show)
		append_params(choices, sizeof(choices), show);
	if (n_words)
		daisy_error_unknown(words[0], choices);
	else
		daisy_error_choice("command", "", choices);
	return NULL;
}

static int unknown_param(const struct daisy_command *command, const char *word, bool first)
{
	char choices[DAISY_ERROR_SIZE] = "";

	append_params(choices, sizeof(choices), command);
	if (first)
		append(choices, sizeof(choices), "help");
	if (!strcmp(word, "-j") || !strcmp(word, "-p") || !strcmp(word, "-i"))
		daisy_error_set("\"%s\" stands before the object: daisy %s OBJECT ...", word, word);
	else if (!*choices)
		daisy_error_set("\"%s\" is unknown, expected nothing more", word);
	else
		daisy_error_unknown(word, choices);
	return -EINVAL;
}

/* Put one value where it belongs; takes the reference. */
static int store(const struct daisy_param *param, json_t *value, struct daisy_args *args)
{
	json_t *where = param->flags & PARAM_LOCAL ? args->local : args->send;
	const char *name = param->arg ? param->arg : param->key;
	json_t *old = json_object_get(where, name);

	if (old && !(param->flags & PARAM_REPEAT)) {
		json_decref(value);
		daisy_error_twice(param->key);
		return -EINVAL;
	}
	if (!(param->flags & PARAM_REPEAT))
		return json_object_set_new(where, name, value);
	if (!old) {
		json_object_set_new(where, name, json_array());
		old = json_object_get(where, name);
	}
	return json_array_append_new(old, value);
}

static int no_value(const struct daisy_param *param, bool missing)
{
	char *bnf = daisy_value_bnf(param);

	if (missing)
		daisy_error_missing(param->key, bnf);
	else
		daisy_error_no_value(param->key, bnf);
	free(bnf);
	return -EINVAL;
}

static int check_required(const struct daisy_command *command, const struct daisy_args *args)
{
	for (const struct daisy_param *p = command->params; p && p->key; p++) {
		json_t *where = p->flags & PARAM_LOCAL ? args->local : args->send;

		if ((p->flags & PARAM_REQUIRED) &&
		    !json_object_get(where, p->arg ? p->arg : p->key))
			return no_value(p, true);
	}
	return 0;
}

int daisy_args_parse(const struct daisy_command *command, int n_words, char **words,
		     struct daisy_args *args)
{
	args->send = json_object();
	args->local = json_object();
	for (int i = 0; i < n_words; i++) {
		const struct daisy_param *param = daisy_param_find(command, words[i]);
		bool keyword = param;
		json_t *value;
		int err;

		if (!param && words[i][0] != '-')
			param = find_positional(command, args);
		if (!param)
			return unknown_param(command, words[i], !i);
		if (keyword && param->type != VALUE_FLAG && ++i == n_words)
			return no_value(param, false);
		value = daisy_value_parse(param, words[i]);
		if (!value)
			return -EINVAL;
		err = store(param, value, args);
		if (err)
			return err;
	}
	return check_required(command, args);
}

void daisy_args_clear(struct daisy_args *args)
{
	json_decref(args->send);
	json_decref(args->local);
}

bool daisy_args_flag(const struct daisy_args *args, const char *key)
{
	return json_is_true(json_object_get(args->local, key));
}

const char *daisy_args_string(const struct daisy_args *args, const char *key)
{
	return json_string_value(json_object_get(args->local, key));
}
