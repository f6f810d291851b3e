/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy: the tool. Reads the global options, finds the command in the table, runs it. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/error.h"
#include "cli/print.h"
#include "shared/version.h"

enum { OPTION_RUN_DIR = 256 };

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "instance", required_argument, NULL, 'i' },
	{ "run-dir", required_argument, NULL, OPTION_RUN_DIR },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static enum daisy_exit bad_option(struct daisy_cli *cli, int result, char **argv)
{
	char letter[3] = { '-', (char)optopt, '\0' };
	const char *word = argv[optind - 1];
	bool is_long = !strncmp(word, "--", 2);

	if (result == ':')
		daisy_error_no_value(is_long ? word : letter, optopt == OPTION_RUN_DIR ? "DIR" : "INSTANCE");
	else if (is_long && optopt)
		daisy_error_set("\"%.*s\" takes no value", (int)strcspn(word, "="), word);
	else
		daisy_error_unknown(is_long ? word : letter, "-j -p -i --run-dir -V -h");
	return daisy_error_print(cli, DAISY_EXIT_USAGE);
}

/* getopt_long() takes "--js" for "--json"; keywords are exact. */
static int next_option(int argc, char **argv)
{
	const char *word = optind < argc ? argv[optind] : "";
	int i = 0, c = getopt_long(argc, argv, "+:jpi:Vh", options, &i);

	if (c == -1 || c == '?' || c == ':' || strncmp(word, "--", 2))
		return c;
	if (strlen(options[i].name) == strcspn(word + 2, "="))
		return c;
	optopt = 0;
	optind = 1;
	while (argv[optind] != word)
		optind++;
	optind++;
	return '?';
}

/* Global options; *done: nothing is left to do. */
static enum daisy_exit parse_options(struct daisy_cli *cli, int argc, char **argv, bool *done)
{
	int c;

	opterr = 0;
	while ((c = next_option(argc, argv)) != -1) {
		switch (c) {
		case 'p':
			cli->pretty = true;
			cli->json = true;
			break;
		case 'j':
			cli->json = true;
			break;
		case 'i':
			cli->instance = optarg;
			break;
		case OPTION_RUN_DIR:
			cli->run_dir = optarg;
			break;
		case 'V':
			printf("daisy %s\n", DAISY_VERSION);
			*done = true;
			return DAISY_EXIT_DONE;
		case 'h':
			daisy_help_all(stdout, daisy_objects);
			*done = true;
			return DAISY_EXIT_DONE;
		default:
			*done = true;
			return bad_option(cli, c, argv);
		}
	}
	return DAISY_EXIT_DONE;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help");
}

static enum daisy_exit run_command(struct daisy_cli *cli, const struct daisy_object *object,
				   const struct daisy_command *command, int n, char **words)
{
	struct daisy_args args = { NULL, NULL };
	enum daisy_exit code = DAISY_EXIT_USAGE;

	if (n && is_help(words[0])) {
		daisy_help_command(stdout, object, command);
		return DAISY_EXIT_DONE;
	}
	snprintf(cli->where, sizeof(cli->where), "%s %s", object->name, command->verb);
	if (!daisy_args_parse(command, n, words, &args))
		code = command->run(cli, &args);
	if (code == DAISY_EXIT_REFUSED || code == DAISY_EXIT_USAGE)
		daisy_error_print(cli, code);
	daisy_args_clear(&args);
	return code;
}

static enum daisy_exit run_object(struct daisy_cli *cli, const struct daisy_object *object, int n,
				  char **words)
{
	const struct daisy_command *command;
	int n_taken;

	snprintf(cli->where, sizeof(cli->where), "%s", object->name);
	if (n && is_help(words[0])) {
		daisy_help_object(stdout, object);
		return DAISY_EXIT_DONE;
	}
	command = daisy_command_parse(object, n, words, &n_taken);
	if (!command)
		return daisy_error_print(cli, DAISY_EXIT_USAGE);
	return run_command(cli, object, command, n - n_taken, words + n_taken);
}

static enum daisy_exit run(struct daisy_cli *cli, int n, char **words)
{
	const struct daisy_object *object;
	char choices[DAISY_ERROR_SIZE] = "";

	if (!n) {
		daisy_help_all(stderr, daisy_objects);
		return DAISY_EXIT_USAGE;
	}
	if (is_help(words[0])) {
		daisy_help_all(stdout, daisy_objects);
		return DAISY_EXIT_DONE;
	}
	object = daisy_object_find(daisy_objects, words[0]);
	if (object)
		return run_object(cli, object, n - 1, words + 1);
	for (const struct daisy_object *const *o = daisy_objects; *o; o++)
		snprintf(choices + strlen(choices), sizeof(choices) - strlen(choices), "%s ", (*o)->name);
	strcat(choices, "help");
	daisy_error_unknown(words[0], choices);
	return daisy_error_print(cli, DAISY_EXIT_USAGE);
}

int main(int argc, char **argv)
{
	struct daisy_cli cli = { .run_dir = DAISY_RUN_DIR };
	enum daisy_exit code;
	bool done = false;

	/* A reader that goes away is seen as EPIPE: the daemon's answer ends in order. */
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && !strcmp(argv[1], "--complete")) {
		daisy_complete(stdout, daisy_objects, argc - 2, argv + 2);
		return daisy_print_finish() ? DAISY_EXIT_REFUSED : DAISY_EXIT_DONE;
	}
	code = parse_options(&cli, argc, argv, &done);
	if (!done)
		code = run(&cli, argc - optind, argv + optind);
	if (daisy_print_finish())
		return daisy_error_print(&cli, DAISY_EXIT_REFUSED);
	return code;
}
