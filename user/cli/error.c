/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/error.h"

void daisy_error_value(const char *what, const char *word, const char *accepted)
{
	daisy_error_set("%s \"%s\" is not %s", what, word, accepted);
}

/* "udp tcp icmp" -> "udp, tcp or icmp" */
static const char *join(const char *choices, char *text, size_t size)
{
	size_t n = 0;

	for (const char *p = choices; *p && n + 5 < size; p++) {
		if (*p != ' ')
			text[n++] = *p;
		else if (strchr(p + 1, ' '))
			n += (size_t)sprintf(text + n, ", ");
		else
			n += (size_t)sprintf(text + n, " or ");
	}
	text[n] = '\0';
	return text;
}

void daisy_error_choice(const char *what, const char *word, const char *choices)
{
	char text[DAISY_ERROR_SIZE];

	daisy_error_value(what, word, join(choices, text, sizeof(text)));
}

void daisy_error_unknown(const char *word, const char *choices)
{
	char text[DAISY_ERROR_SIZE];

	daisy_error_set("\"%s\" is unknown, expected %s", word, join(choices, text, sizeof(text)));
}

void daisy_error_no_value(const char *key, const char *value)
{
	daisy_error_set("\"%s\" needs a value: %s", key, value);
}

void daisy_error_missing(const char *key, const char *value)
{
	daisy_error_set("\"%s%s%s\" is missing", key, *value ? " " : "", value);
}

void daisy_error_twice(const char *key)
{
	daisy_error_set("\"%s\" is given twice", key);
}

static const char *program(const struct daisy_cli *cli)
{
	return cli->program ? cli->program : "daisy";
}

enum daisy_exit daisy_error_print(struct daisy_cli *cli, enum daisy_exit code)
{
	json_t *error;

	fflush(stdout);
	fprintf(stderr, "%s: %s%s%s\n", program(cli), cli->where, cli->where[0] ? ": " : "", daisy_error());
	if (!cli->json || cli->printed)
		return code;
	error = json_pack("{s{sssssi}}", "error", "where", cli->where, "message", daisy_error(),
			  "code", (int)code);
	json_dumpf(error, stdout, cli->pretty ? JSON_INDENT(2) : JSON_COMPACT);
	putchar('\n');
	cli->printed = true;
	json_decref(error);
	return code;
}

void daisy_error_warn(const struct daisy_cli *cli, const char *text)
{
	fprintf(stderr, "%s: %s: warning: %s\n", program(cli), cli->where, text);
}
