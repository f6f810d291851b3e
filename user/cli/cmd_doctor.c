/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy doctor: what is wrong with this host, a device, a daemon. Needs no daemon. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/error.h"
#include "cli/request.h"
#include "doctor/finding.h"

struct report {
	struct daisy_table *table;
	unsigned int n_failed;
	unsigned int n_warned;
};

static const char *const levels[] = {
	[FINDING_OK] = "ok",
	[FINDING_WARN] = "warn",
	[FINDING_FAIL] = "fail",
};

static const struct daisy_column columns[] = {
	{ "level", "RESULT", FORMAT_TEXT, NULL },
	{ "subject", "SUBJECT", FORMAT_TEXT, NULL },
	{ "check", "CHECK", FORMAT_TEXT, NULL },
	{ "text", "FOUND", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static void add(void *ctx, const struct daisy_finding *finding)
{
	struct report *report = ctx;
	json_t *item = json_pack("{ssssssssss}", "level", levels[finding->level], "subject",
				 finding->subject, "check", finding->check, "text", finding->text,
				 "todo", finding->todo);
	char todo[DAISY_FINDING_SIZE + 16];

	daisy_table_row(report->table, item);
	json_decref(item);
	report->n_failed += finding->level == FINDING_FAIL;
	report->n_warned += finding->level == FINDING_WARN;
	if (!*finding->todo)
		return;
	snprintf(todo, sizeof(todo), "      do: %s", finding->todo);
	daisy_table_note(report->table, todo);
}

/* What is checked of an instance. */
struct visit {
	struct daisy_findings *out;
	const char *instance;
	const char *device;	/* only this link; NULL: all, with their devices */
};

static int check_link(void *ctx, json_t *item)
{
	const char *device = json_string_value(json_object_get(item, "device"));
	const char *error = json_string_value(json_object_get(item, "error"));
	struct visit *visit = ctx;

	if (!device || (visit->device && strcmp(visit->device, device)))
		return 0;
	if (!visit->device)
		daisy_doctor_device(visit->out, device);
	visit->out->subject = device;
	if (error)
		daisy_finding_fail(visit->out, "link", "not attached: %s|see the other findings of this "
				   "device", error);
	else
		daisy_finding_ok(visit->out, "link", "of instance %s", visit->instance);
	daisy_doctor_guard(visit->out, visit->instance, device);
	return 0;
}

/* The daemon of one instance answers, and its links. */
static void check_instance(const struct daisy_cli *cli, struct visit *visit)
{
	struct daisy_cli one = *cli;
	struct daisy_client *client;

	one.instance = visit->instance;
	visit->out->subject = visit->instance;
	if (daisy_client_open(&one, &client)) {
		daisy_finding_fail(visit->out, "daemon", "does not run, its mappings do|"
				   "systemctl start daisyd@%s", visit->instance);
		return;
	}
	if (daisy_client_call(client, "instance", "show", NULL, NULL, NULL))
		daisy_finding_fail(visit->out, "daemon", "does not answer: %s|journalctl -u daisyd@%s",
				   daisy_error(), visit->instance);
	else
		daisy_finding_ok(visit->out, "daemon", "runs and answers");
	daisy_client_call(client, "link", "show", NULL, check_link, visit);
	daisy_client_close(client);
}

static int is_socket_name(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && !strcmp(dot, ".sock");
}

static void check_instances(const struct daisy_cli *cli, struct daisy_findings *out,
			    const char *device)
{
	struct dirent **names;
	int n = scandir(cli->run_dir, &names, is_socket_name, alphasort), found = 0;

	for (int i = 0; i < n; i++) {
		char *name = names[i]->d_name;
		struct visit visit = { .out = out, .instance = name, .device = device };

		*strrchr(name, '.') = '\0';
		if (!cli->instance || !strcmp(cli->instance, name)) {
			check_instance(cli, &visit);
			found++;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	out->subject = "host";
	if (!found)
		daisy_finding_warn(out, "daemon", "no daemon runs: nothing is attached, nothing expires|"
				   "systemctl start daisyd@NAME, or daisyd --config FILE");
}

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	struct report report = { .table = daisy_table_begin(cli, columns) };
	struct daisy_findings out = { .add = add, .ctx = &report };
	const char *device = daisy_args_string(args, "device");

	daisy_doctor_host(&out);
	if (device)
		daisy_doctor_device(&out, device);
	check_instances(cli, &out, device);
	daisy_table_end(report.table, false);
	if (!report.n_failed)
		return DAISY_EXIT_DONE;
	daisy_error_set("%u failed, %u warned", report.n_failed, report.n_warned);
	return DAISY_EXIT_REFUSED;
}

static const struct daisy_param show_params[] = {
	{ .key = "dev", .arg = "device", .type = VALUE_DEVICE, .flags = PARAM_LOCAL,
	  .help = "this device; without it: the links of the running daemons" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "Check the host, the daemons and devices; exit code 1 if something fails.",
	  show_params, show },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_doctor = {
	"doctor", "what is wrong with the host, a device, an offload", commands,
};
