/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "cli/grammar.h"
#include "cli/value.h"

/* Columns of a terminal nobody has widened. */
#define WIDTH 80

static const char options[] =
	"[ -j ] [ -p ] [ -i INSTANCE ] [ --run-dir DIR ]";

static void put_param(FILE *out, const struct daisy_param *param)
{
	char *value = daisy_value_bnf(param);
	bool optional = !(param->flags & PARAM_REQUIRED);
	bool repeat = param->flags & PARAM_REPEAT;

	fprintf(out, " %s%s%s%s%s", optional ? "[ " : "", param->key, *value ? " " : "", value,
		optional ? " ]" : "");
	if (repeat && optional)
		fputs("...", out);
	else if (repeat)
		fprintf(out, " [ %s %s ]...", param->key, value);
	free(value);
}

char *daisy_help_bnf(const struct daisy_object *object, const struct daisy_command *command)
{
	bool is_default = !strcmp(command->verb, "show");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "daisy %s %s%s%s", object->name, is_default ? "[ " : "", command->verb,
		is_default ? " ]" : "");
	for (const struct daisy_param *p = command->params; p && p->key; p++)
		put_param(out, p);
	fclose(out);
	return text;
}

/* Length up to the next place where a line may break: outside of all brackets. */
static size_t unit(const char *text)
{
	size_t n = 0;
	int depth = 0;

	for (; text[n]; n++) {
		if (text[n] == '[' || text[n] == '{')
			depth++;
		else if (text[n] == ']' || text[n] == '}')
			depth--;
		else if (text[n] == ' ' && !depth)
			break;
	}
	return n;
}

/* Break between the brackets; continuation lines are indented. */
static void put_wrapped(FILE *out, const char *lead, const char *text)
{
	size_t column = strlen(lead), n;

	fputs(lead, out);
	for (bool first = true; *text; text += n + (text[n] == ' '), first = false) {
		n = unit(text);
		if (column + 1 + n > WIDTH) {
			fprintf(out, "\n%15s", "");
			column = 15;
		} else if (!first) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)n, text);
		column += n;
	}
	fputc('\n', out);
}

static void put_usage(FILE *out, const struct daisy_object *object,
		      const struct daisy_command *command, bool first)
{
	char *bnf = daisy_help_bnf(object, command);

	put_wrapped(out, first ? "Usage: " : "       ", bnf);
	free(bnf);
}

static void put_params(FILE *out, const struct daisy_command *command)
{
	for (const struct daisy_param *p = command->params; p && p->key; p++)
		fprintf(out, "  %-18s %s\n", p->key, p->help);
}

void daisy_help_command(FILE *out, const struct daisy_object *object,
			const struct daisy_command *command)
{
	put_usage(out, object, command, true);
	fprintf(out, "\n%s\n", command->help);
	if (command->params && command->params->key)
		fputc('\n', out);
	put_params(out, command);
}

void daisy_help_object(FILE *out, const struct daisy_object *object)
{
	for (const struct daisy_command *c = object->commands; c->verb; c++)
		put_usage(out, object, c, c == object->commands);
	fprintf(out, "       daisy %s help\n\n%s\n\n", object->name, object->help);
	for (const struct daisy_command *c = object->commands; c->verb; c++)
		fprintf(out, "  %-18s %s\n", c->verb, c->help);
	fprintf(out, "\nSee \"daisy %s COMMAND help\" and daisy-%s(8).\n", object->name, object->name);
}

void daisy_help_all(FILE *out, const struct daisy_object *const *objects)
{
	fprintf(out, "Usage: daisy %s OBJECT [ COMMAND ] [ ARGUMENTS ]\n", options);
	fputs("       daisy [ OBJECT [ COMMAND ] ] help\n"
	      "       daisy { --version | --help }\n\nObjects:\n", out);
	for (; *objects; objects++)
		fprintf(out, "  %-18s %s\n", (*objects)->name, (*objects)->help);
	fputs("\nOptions:\n"
	      "  -j, --json         JSON on standard output\n"
	      "  -p, --pretty       the same, indented\n"
	      "  -i, --instance     which instance, if more than one runs here\n"
	      "  --run-dir          where the control sockets are (" DAISY_RUN_DIR ")\n"
	      "\nA command that is left out means \"show\". See daisy(8).\n", out);
}
