/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cli/grammar.h"
#include "cli/value.h"

static void offer(FILE *out, const char *word, const char *prefix)
{
	if (!strncmp(word, prefix, strlen(prefix)))
		fprintf(out, "%s\n", word);
}

static const char *const options[] = {
	"-j", "--json", "-p", "--pretty", "-i", "--instance", "--run-dir",
	"-h", "--help", "-V", "--version",
};

static bool takes_value(const char *word)
{
	return !strcmp(word, "-i") || !strcmp(word, "--instance") || !strcmp(word, "--run-dir");
}

static bool has_positional(const struct daisy_command *command)
{
	for (const struct daisy_param *p = command->params; p && p->key; p++)
		if (p->flags & PARAM_POSITIONAL)
			return true;
	return false;
}

/* Keywords not yet used, and repeatable ones; after a keyword, its values. */
static void complete_args(FILE *out, const struct daisy_command *command, int n, char **words,
			  const char *run_dir)
{
	const char *last = words[n - 1];

	for (int i = 0; i < n - 1; i++) {
		const struct daisy_param *param = daisy_param_find(command, words[i]);

		if (!param && has_positional(command))
			continue;
		if (!param)
			return;
		if (param->type == VALUE_FLAG)
			continue;
		if (++i == n - 1) {
			daisy_value_complete(out, param, last, run_dir);
			return;
		}
	}
	for (const struct daisy_param *p = command->params; p && p->key; p++) {
		bool used = false;

		for (int i = 0; i < n - 1; i++)
			used |= !strcmp(words[i], p->key);
		if ((!used || (p->flags & PARAM_REPEAT)) && !(p->flags & PARAM_POSITIONAL))
			offer(out, p->key, last);
	}
	if (n == 1)
		offer(out, "help", last);
}

/* words[0] may be a command, or already an argument of "show". */
static void complete_object(FILE *out, const struct daisy_object *object, int n, char **words,
			    const char *run_dir)
{
	const struct daisy_command *command = daisy_command_find(object, words[0]);

	if (n > 1 && command) {
		complete_args(out, command, n - 1, words + 1, run_dir);
		return;
	}
	if (n == 1) {
		for (const struct daisy_command *c = object->commands; c->verb; c++)
			offer(out, c->verb, words[0]);
	}
	command = daisy_command_find(object, "show");
	if (command)
		complete_args(out, command, n, words, run_dir);
	else if (n == 1)
		offer(out, "help", words[0]);
}

void daisy_complete(FILE *out, const struct daisy_object *const *objects, int n_words, char **words)
{
	static const struct daisy_param instance = { .type = VALUE_INSTANCE };
	const char *run_dir = DAISY_RUN_DIR;
	const struct daisy_object *object;
	int i = 0;

	for (; i < n_words - 1 && words[i][0] == '-'; i++) {
		if (!takes_value(words[i]))
			continue;
		if (i + 1 == n_words - 1) {
			if (strcmp(words[i], "--run-dir"))
				daisy_value_complete(out, &instance, words[i + 1], run_dir);
			return;
		}
		i++;
		if (!strcmp(words[i - 1], "--run-dir"))
			run_dir = words[i];
	}
	if (i == n_words - 1) {
		for (const struct daisy_object *const *o = objects; *o; o++)
			offer(out, (*o)->name, words[i]);
		offer(out, "help", words[i]);
		for (size_t k = 0; words[i][0] == '-' && k < sizeof(options) / sizeof(*options); k++)
			offer(out, options[k], words[i]);
		return;
	}
	object = i < n_words ? daisy_object_find(objects, words[i]) : NULL;
	if (object)
		complete_object(out, object, n_words - i - 1, words + i + 1, run_dir);
}
