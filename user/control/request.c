/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/request.h"
#include "lib/error.h"

/* Append a name once to a list of what would be accepted. */
static void add_name(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	if (len + strlen(name) + 3 < size)
		snprintf(list + len, size - len, "%s%s", len ? ", " : "", name);
}

static void refuse_object(const char *object)
{
	const char *before = "";
	char list[256] = "";

	for (const struct daisy_verb *v = daisy_verbs; v->object; v++) {
		if (strcmp(v->object, before))
			add_name(list, sizeof(list), v->object);
		before = v->object;
	}
	daisy_error_set("\"%.64s\" is not an object, expected one of: %s", object, list);
}

static void refuse_command(const char *object, const char *command)
{
	char list[256] = "";

	for (const struct daisy_verb *v = daisy_verbs; v->object; v++)
		if (!strcmp(v->object, object))
			add_name(list, sizeof(list), v->command);
	daisy_error_set("\"%.64s\" is not a command of %s, expected one of: %s", command, object,
			list);
}

static const struct daisy_verb *find_verb(const char *object, const char *command)
{
	bool known = false;

	for (const struct daisy_verb *v = daisy_verbs; v->object; v++) {
		if (strcmp(v->object, object))
			continue;
		known = true;
		if (!strcmp(v->command, command))
			return v;
	}
	if (known)
		refuse_command(object, command);
	else
		refuse_object(object);
	return NULL;
}

static bool is_number(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
	       json_integer_value(value) <= UINT32_MAX;
}

static bool is_list(const json_t *value)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, item)
		if (!json_is_string(item) && !is_number(item))
			return false;
	return true;
}

static bool fits(const json_t *value, unsigned int type)
{
	return (type & ARG_STRING && json_is_string(value)) ||
	       (type & ARG_NUMBER && is_number(value)) ||
	       (type & ARG_BOOL && json_is_boolean(value)) ||
	       (type & ARG_LIST && (is_list(value) || json_is_string(value) || is_number(value))) ||
	       (type & ARG_OBJECT && json_is_object(value));
}

static void refuse_type(const char *name, unsigned int type)
{
	char list[96] = "";

	if (type & (ARG_STRING | ARG_LIST))
		add_name(list, sizeof(list), "text");
	if (type & (ARG_NUMBER | ARG_LIST))
		add_name(list, sizeof(list), "a number from 0 to 4294967295");
	if (type & ARG_BOOL)
		add_name(list, sizeof(list), "true or false");
	if (type & ARG_LIST)
		add_name(list, sizeof(list), "a list of these");
	if (type & ARG_OBJECT)
		add_name(list, sizeof(list), "an object");
	daisy_error_set("argument \"%s\" has the wrong type, expected %s", name, list);
}

static const struct daisy_arg *find_arg(const struct daisy_verb *verb, const char *name)
{
	const struct daisy_arg *arg;
	char list[256] = "";

	for (arg = verb->args; arg->name; arg++) {
		if (!strcmp(arg->name, name))
			return arg;
		add_name(list, sizeof(list), arg->name);
	}
	daisy_error_set("\"%.64s\" is not an argument of %s %s, expected %s%s", name, verb->object,
			verb->command, *list ? "one of: " : "none", list);
	return NULL;
}

static int check_args(const struct daisy_verb *verb, json_t *args)
{
	const struct daisy_arg *arg;
	const char *name;
	json_t *value;

	json_object_foreach(args, name, value) {
		arg = find_arg(verb, name);
		if (!arg)
			return -EINVAL;
		if (!fits(value, arg->type)) {
			refuse_type(arg->name, arg->type);
			return -EINVAL;
		}
	}
	for (arg = verb->args; arg->name; arg++) {
		value = json_object_get(args, arg->name);
		if (!value && arg->type & ARG_NEEDED) {
			daisy_error_set("argument \"%s\" is missing", arg->name);
			return -EINVAL;
		}
		/* One word for a list of one, unless the argument knows words itself. */
		if (value && arg->type & ARG_LIST && !(arg->type & ARG_STRING) &&
		    !json_is_array(value)) {
			json_t *list = json_array();

			json_array_append(list, value);
			json_object_set_new(args, arg->name, list);
		}
	}
	return 0;
}

static const char *word_of(const json_t *request, const char *name)
{
	const char *word = json_string_value(json_object_get(request, name));

	if (!word)
		daisy_error_set("\"%s\" is missing, expected text", name);
	return word;
}

static int check_keys(const json_t *request)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)request, name, value) {
		if (!strcmp(name, "object") || !strcmp(name, "command"))
			continue;
		if (strcmp(name, "args")) {
			daisy_error_set("unknown key \"%.64s\", expected object, command and args",
					name);
			return -EINVAL;
		}
		if (!json_is_object(value)) {
			daisy_error_set("\"args\" has the wrong type, expected an object");
			return -EINVAL;
		}
	}
	return 0;
}

static const struct daisy_verb *parse_object(const json_t *request, json_t **args)
{
	const struct daisy_verb *verb;
	const char *object, *command;

	if (!json_is_object(request)) {
		daisy_error_set("expected an object such as {\"object\":\"link\","
				"\"command\":\"show\"}");
		return NULL;
	}
	object = word_of(request, "object");
	command = object ? word_of(request, "command") : NULL;
	if (!command || check_keys(request))
		return NULL;
	verb = find_verb(object, command);
	if (!verb)
		return NULL;
	*args = json_incref(json_object_get(request, "args"));
	if (!*args)
		*args = json_object();
	if (!check_args(verb, *args))
		return verb;
	json_decref(*args);
	*args = NULL;
	return NULL;
}

const struct daisy_verb *daisy_request_parse(const char *line, size_t len, json_t **args)
{
	const struct daisy_verb *verb;
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	*args = NULL;
	if (!request) {
		daisy_error_set("not JSON: %s", error.text);
		return NULL;
	}
	verb = parse_object(request, args);
	json_decref(request);
	return verb;
}

void daisy_reply_item(struct daisy_request *request, json_t *item)
{
	json_t *line = json_object();

	json_object_set_new(line, "item", item);
	request->send(request->client, line);
}

void daisy_reply_warning(struct daisy_request *request, const char *text)
{
	json_t *line = json_object();

	json_object_set_new(line, "warning", json_string(text));
	request->send(request->client, line);
}

int daisy_refuse(struct daisy_request *request)
{
	request->usage = true;
	return -EINVAL;
}

const char *daisy_arg_string(const struct daisy_request *request, const char *name)
{
	return json_string_value(json_object_get(request->args, name));
}

uint32_t daisy_arg_number(const struct daisy_request *request, const char *name, uint32_t def)
{
	const json_t *value = json_object_get(request->args, name);

	return value ? (uint32_t)json_integer_value(value) : def;
}

bool daisy_arg_bool(const struct daisy_request *request, const char *name)
{
	return json_is_true(json_object_get(request->args, name));
}

bool daisy_arg_has(const struct daisy_request *request, const char *name)
{
	return json_object_get(request->args, name);
}

const char *daisy_arg_item(const json_t *list, size_t i, char text[16])
{
	const json_t *item = json_array_get(list, i);

	if (json_is_string(item))
		return json_string_value(item);
	snprintf(text, 16, "%u", (uint32_t)json_integer_value(item));
	return text;
}
