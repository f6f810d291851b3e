/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisyd: one NAT instance. What it does is in user/daemon/daemon.h. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/values.h"
#include "daemon/daemon.h"
#include "lib/error.h"
#include "shared/version.h"

#define EXIT_REFUSED 1
#define EXIT_USAGE 2

static const char usage[] =
	"Usage: daisyd --config FILE [ --bpffs DIR ] [ --run-dir DIR ] [ --test-clock ]\n"
	"       daisyd --check --config FILE\n"
	"       daisyd --purge NAME [ --bpffs DIR ]\n"
	"\n"
	"  --config FILE   run the instance that FILE describes, in the foreground\n"
	"  --check         only read FILE, print \"ok\" or what is wrong with it\n"
	"  --purge NAME    detach an instance that no daemon runs, and end its mappings\n"
	"  --bpffs DIR     where instances are pinned (/sys/fs/bpf)\n"
	"  --run-dir DIR   where the control socket is made (/run/daisy)\n"
	"  --test-clock    let `daisy instance clock-advance` move the clock: tests only\n"
	"  --help, --version\n";

enum {
	OPT_CONFIG = 1,
	OPT_CHECK,
	OPT_PURGE,
	OPT_BPFFS,
	OPT_RUN_DIR,
	OPT_TEST_CLOCK,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "purge", required_argument, NULL, OPT_PURGE },
	{ "bpffs", required_argument, NULL, OPT_BPFFS },
	{ "run-dir", required_argument, NULL, OPT_RUN_DIR },
	{ "test-clock", no_argument, NULL, OPT_TEST_CLOCK },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

struct arguments {
	struct daisy_daemon_options daemon;
	bool check;
	const char *purge;
	int n_modes;
	bool done;		/* help or version */
};

static int read_option(struct arguments *args, int option)
{
	switch (option) {
	case OPT_CONFIG:
		args->daemon.config = optarg;
		args->n_modes++;
		return 0;
	case OPT_CHECK:
		args->check = true;
		return 0;
	case OPT_PURGE:
		args->purge = optarg;
		args->n_modes++;
		return 0;
	case OPT_BPFFS:
		args->daemon.bpffs = optarg;
		return 0;
	case OPT_RUN_DIR:
		args->daemon.run_dir = optarg;
		return 0;
	case OPT_TEST_CLOCK:
		args->daemon.test_clock = true;
		return 0;
	case OPT_HELP:
		fputs(usage, stdout);
		args->done = true;
		return 0;
	case OPT_VERSION:
		printf("daisyd %s, map format %d\n", DAISY_VERSION, DAISY_MAP_FORMAT);
		args->done = true;
		return 0;
	}
	return -EINVAL;
}

/* getopt has printed what is wrong with the word itself. */
static int read_arguments(int argc, char **argv, struct arguments *args)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (read_option(args, option))
			return -EINVAL;
	if (args->done)
		return 0;
	if (optind < argc) {
		fprintf(stderr, "daisyd: \"%s\" is not an option, expected one of: --config, "
			"--check, --purge, --bpffs, --run-dir, --test-clock\n", argv[optind]);
		return -EINVAL;
	}
	if (args->n_modes != 1 || (args->check && args->purge)) {
		fprintf(stderr, "daisyd: expected --config FILE, --check --config FILE or "
			"--purge NAME\n");
		return -EINVAL;
	}
	return 0;
}

static int check(const char *path)
{
	struct daisy_config *config;

	if (daisy_config_load(path, true, &config)) {
		fprintf(stderr, "%s\n", daisy_error());
		return EXIT_REFUSED;
	}
	daisy_config_free(config);
	puts("ok");
	return 0;
}

static int purge(const struct arguments *args)
{
	char name[DAISY_NAME_MAX + 1];

	if (daisy_value_name(args->purge, name)) {
		fprintf(stderr, "daisyd: --purge: %s\n", daisy_error());
		return EXIT_USAGE;
	}
	if (!daisy_daemon_purge(args->daemon.bpffs, name))
		return 0;
	fprintf(stderr, "daisyd: %s\n", daisy_error());
	return EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	struct arguments args = {
		.daemon = { .bpffs = "/sys/fs/bpf", .run_dir = "/run/daisy" },
	};

	if (read_arguments(argc, argv, &args))
		return EXIT_USAGE;
	if (args.done)
		return 0;
	if (args.check)
		return check(args.daemon.config);
	if (args.purge)
		return purge(&args);
	return daisy_daemon_run(&args.daemon);
}
