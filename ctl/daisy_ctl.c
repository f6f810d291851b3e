/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy-ctl: the controller. Reads the options, finds the command in the table, runs it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/error.h"
#include "cli/print.h"
#include "config/values.h"
#include "ctl/commands.h"
#include "openflow/ofctl.h"
#include "shared/version.h"

static const char options[] = "[ -j ] [ -p ] [ --timeout SECONDS ]";

static void help(FILE *out)
{
	bool first = true;

	for (const struct daisy_ctl_command *c = daisy_ctl_commands; c->verb; c++, first = false)
		fprintf(out, "%s daisy-ctl %s %s %s\n", first ? "Usage:" : "      ", options, c->verb,
			c->arguments);
	fputs("       daisy-ctl [ COMMAND ] help\n"
	      "       daisy-ctl { --version | --help }\n\nCommands:\n", out);
	for (const struct daisy_ctl_command *c = daisy_ctl_commands; c->verb; c++)
		fprintf(out, "  %-18s %s\n", c->verb, c->help);
	fprintf(out, "\nOptions:\n"
		"  -j, --json         JSON on standard output\n"
		"  -p, --pretty       the same, indented\n"
		"  --timeout          seconds that the switch has for each answer (%u)\n"
		"\nSee daisy-ctl(8).\n", DAISY_SWITCH_LIMIT_S);
}

static void help_command(const struct daisy_ctl_command *command)
{
	printf("Usage: daisy-ctl %s %s %s\n\n%s\n", options, command->verb, command->arguments,
	       command->help);
	if (command->changes)
		puts("\n  lose-mappings      also where addresses go to another box, whose connections break");
}

static enum daisy_exit fail(struct daisy_ctl *ctl)
{
	return daisy_error_print(&ctl->cli, DAISY_EXIT_USAGE);
}

static int read_limit(const char *word, unsigned int *limit_s)
{
	uint32_t n;
	int err;

	if (!word) {
		daisy_error_no_value("--timeout", "SECONDS");
		return -1;
	}
	err = daisy_value_number(word, 1, DAISY_SWITCH_LIMIT_MAX_S, "a time in seconds", &n);
	if (!err)
		*limit_s = n;
	return err;
}

static bool is(const char *word, const char *one, const char *other)
{
	return !strcmp(word, one) || !strcmp(word, other);
}

/* Options in front of the command; the number of words taken, or negative. */
static int parse_options(struct daisy_ctl *ctl, int n, char **words)
{
	int i;

	for (i = 0; i < n && *words[i] == '-'; i++) {
		if (is(words[i], "-j", "--json") || is(words[i], "-p", "--pretty")) {
			ctl->cli.json = true;
			ctl->cli.pretty = ctl->cli.pretty || is(words[i], "-p", "--pretty");
		} else if (!strcmp(words[i], "--timeout")) {
			if (read_limit(i + 1 < n ? words[i + 1] : NULL, &ctl->limit_s))
				return -1;
			i++;
		} else {
			daisy_error_unknown(words[i], "-j -p --timeout -V -h");
			return -1;
		}
	}
	return i;
}

static const struct daisy_ctl_command *find(const char *verb)
{
	char choices[128] = "";
	size_t len = 0;

	for (const struct daisy_ctl_command *c = daisy_ctl_commands; c->verb; c++) {
		if (!strcmp(c->verb, verb))
			return c;
		len += (size_t)snprintf(choices + len, sizeof(choices) - len, "%s ", c->verb);
	}
	snprintf(choices + len, sizeof(choices) - len, "help");
	daisy_error_unknown(verb, choices);
	return NULL;
}

/* INVENTORY [ lose-mappings ] */
static int parse_arguments(struct daisy_ctl *ctl, const struct daisy_ctl_command *command, int n,
			   char **words)
{
	if (!n) {
		daisy_error_missing("INVENTORY", "");
		return -1;
	}
	ctl->file = words[0];
	for (int i = 1; i < n; i++) {
		if (!command->changes || strcmp(words[i], "lose-mappings")) {
			if (command->changes)
				daisy_error_unknown(words[i], "lose-mappings");
			else
				daisy_error_set("\"%s\" is unknown, expected nothing more", words[i]);
			return -1;
		}
		if (ctl->lose_mappings) {
			daisy_error_twice(words[i]);
			return -1;
		}
		ctl->lose_mappings = true;
	}
	return 0;
}

static enum daisy_exit run(struct daisy_ctl *ctl, int n, char **words)
{
	const struct daisy_ctl_command *command;
	enum daisy_exit code;

	if (!n) {
		help(stderr);
		return DAISY_EXIT_USAGE;
	}
	if (!strcmp(words[0], "help")) {
		help(stdout);
		return DAISY_EXIT_DONE;
	}
	command = find(words[0]);
	if (!command)
		return fail(ctl);
	if (n > 1 && !strcmp(words[1], "help")) {
		help_command(command);
		return DAISY_EXIT_DONE;
	}
	snprintf(ctl->cli.where, sizeof(ctl->cli.where), "%s", command->verb);
	if (parse_arguments(ctl, command, n - 1, words + 1))
		return fail(ctl);
	code = command->run(ctl);
	return code == DAISY_EXIT_REFUSED ? daisy_error_print(&ctl->cli, code) : code;
}

int main(int argc, char **argv)
{
	struct daisy_ctl ctl = {
		.cli = { .program = "daisy-ctl" }, .limit_s = DAISY_SWITCH_LIMIT_S,
	};
	enum daisy_exit code = DAISY_EXIT_DONE;
	int taken;

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && is(argv[1], "-V", "--version")) {
		printf("daisy-ctl %s\n", DAISY_VERSION);
	} else if (argc > 1 && is(argv[1], "-h", "--help")) {
		help(stdout);
	} else {
		taken = parse_options(&ctl, argc - 1, argv + 1);
		code = taken < 0 ? fail(&ctl) : run(&ctl, argc - 1 - taken, argv + 1 + taken);
	}
	if (daisy_print_finish())
		return daisy_error_print(&ctl.cli, DAISY_EXIT_REFUSED);
	return code;
}
