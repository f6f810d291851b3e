/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy stats: counters and drop reasons of the packet path, and the daemon's own figures. */
#include <string.h>

#include "cli/commands.h"
#include "cli/request.h"
#include "shared/counters.h"
#include "shared/reasons.h"

struct meaning {
	const char *name;
	const char *help;
};

static const struct meaning counter_meanings[] = {
#define X(name, help) { #name, help },
	DAISY_COUNTERS(X)
#undef X
	{ NULL, NULL },
};

static const struct meaning reason_meanings[] = {
#define X(num, sym, name, help) { name, help },
	DAISY_REASONS(X)
#undef X
	{ NULL, NULL },
};

static json_int_t figure(const json_t *item, const char *group, const char *key)
{
	if (group)
		item = json_object_get(item, group);
	return (json_int_t)json_number_value(json_object_get(item, key));
}

static void mappings_text(const json_t *item, char *buf, size_t size)
{
	json_int_t udp = figure(item, "mappings", "udp");
	json_int_t tcp = figure(item, "mappings", "tcp");
	json_int_t icmp = figure(item, "mappings", "icmp");
	const json_t *age_s = json_object_get(json_object_get(item, "mappings"), "age_s");

	if (!json_is_number(age_s))
		snprintf(buf, size, "not counted yet");
	else
		snprintf(buf, size, "%lld (udp %lld, tcp %lld, icmp %lld), ports in hold-down %lld, "
			 "counted %.1f s ago", udp + tcp + icmp, udp, tcp, icmp,
			 figure(item, "mappings", "hold"), json_number_value(age_s));
}

static void sweep_text(const json_t *item, char *buf, size_t size)
{
	const json_t *sweep = json_object_get(item, "sweep");

	snprintf(buf, size, "%.2f%% of one core, last round %lldms; rounds %lld, expired %lld, freed %lld",
		 json_number_value(json_object_get(sweep, "cpu_percent")),
		 figure(sweep, NULL, "last_round_ms"), figure(sweep, NULL, "rounds"),
		 figure(sweep, NULL, "expired"), figure(sweep, NULL, "freed"));
}

static void slow_path_text(const json_t *item, char *buf, size_t size)
{
	const json_t *slow = json_object_get(item, "slow_path");

	snprintf(buf, size, "%lld packets held; without room %lld, lost %lld, unsent %lld",
		 figure(slow, NULL, "held"), figure(slow, NULL, "overflows"),
		 figure(slow, NULL, "lost"), figure(slow, NULL, "unsent"));
}

static const struct daisy_column summary[] = {
	{ "mappings", "mappings", FORMAT_TEXT, mappings_text },
	{ "subscribers", "subscribers", FORMAT_TEXT, NULL },
	{ "next_hops", "next hops", FORMAT_TEXT, NULL },
	{ "sweep", "sweep", FORMAT_TEXT, sweep_text },
	{ "slow_path", "slow path", FORMAT_TEXT, slow_path_text },
	{ "memory.total_bytes", "memory of the maps", FORMAT_BYTES, NULL },
	{ "memory.per_address_bytes", "  of one address", FORMAT_BYTES, NULL },
	{ "clients", "control clients", FORMAT_TEXT, NULL },
	{ "events_lost", "events lost", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static const struct daisy_column counter_columns[] = {
	{ "name", "COUNTER", FORMAT_TEXT, NULL },
	{ "value", "VALUE", FORMAT_NUMBER, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static const struct daisy_column drop_columns[] = {
	{ "name", "DROPPED", FORMAT_TEXT, NULL },
	{ "value", "PACKETS", FORMAT_NUMBER, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

/* In the order of the shared list, which is the order of a packet's way. */
static void print_values(struct daisy_cli *cli, const struct daisy_column *columns,
			 const struct meaning *list, const json_t *values, bool all)
{
	struct daisy_table *table = daisy_table_begin(cli, columns);

	for (; list->name; list++) {
		json_int_t value = figure(values, NULL, list->name);
		json_t *row = json_pack("{sssI}", "name", list->name, "value", value);

		if (value || all)
			daisy_table_row(table, row);
		json_decref(row);
	}
	if (!daisy_table_end(table, false))
		printf("%s: all zero\n", columns[0].title);
}

static const struct daisy_column explain_columns[] = {
	{ "name", "NAME", FORMAT_TEXT, NULL },
	{ "kind", "KIND", FORMAT_TEXT, NULL },
	{ "metric", "METRIC", FORMAT_TEXT, NULL },
	{ "help", "MEANING", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static void explain_one(struct daisy_table *table, const struct meaning *meaning, bool drop)
{
	char metric[128];
	json_t *row;

	if (drop)
		snprintf(metric, sizeof(metric), "daisy_drops_total{reason=\"%s\"}", meaning->name);
	else
		snprintf(metric, sizeof(metric), "daisy_%s_total", meaning->name);
	row = json_pack("{ssssssss}", "name", meaning->name, "kind", drop ? "drop" : "counter",
			"metric", metric, "help", meaning->help);
	daisy_table_row(table, row);
	json_decref(row);
}

/* Needs no daemon: the lists are compiled in. */
static enum daisy_exit explain(struct daisy_cli *cli)
{
	struct daisy_table *table = daisy_table_begin(cli, explain_columns);

	for (const struct meaning *m = counter_meanings; m->name; m++)
		explain_one(table, m, false);
	for (const struct meaning *m = reason_meanings; m->name; m++)
		explain_one(table, m, true);
	daisy_table_end(table, false);
	return DAISY_EXIT_DONE;
}

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	bool all = daisy_args_flag(args, "all");
	enum daisy_exit code;
	json_t *item;

	if (daisy_args_flag(args, "--explain"))
		return explain(cli);
	code = daisy_request_item(cli, "stats", "show", args->send, &item);
	if (code)
		return code;
	if (cli->json) {
		daisy_print_json(cli, item);
	} else {
		daisy_print_record(cli, summary, item);
		puts("");
		print_values(cli, counter_columns, counter_meanings,
			     json_object_get(item, "counters"), all);
		puts("");
		print_values(cli, drop_columns, reason_meanings, json_object_get(item, "drops"), all);
	}
	json_decref(item);
	return DAISY_EXIT_DONE;
}

static const struct daisy_param show_params[] = {
	{ .key = "all", .type = VALUE_FLAG, .flags = PARAM_LOCAL,
	  .help = "counters that are zero, too" },
	{ .key = "--explain", .type = VALUE_FLAG, .flags = PARAM_LOCAL,
	  .help = "instead of values, one sentence for each counter and drop reason" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "Show counters, drops by reason, and the daemon's own figures.", show_params, show },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_stats = {
	"stats", "counters, drops by reason, load of the daemon", commands,
};
