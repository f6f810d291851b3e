/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy monitor: events as they happen. */
#include <string.h>
#include <time.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/request.h"
#include "shared/events.h"

/* Local time with its offset, to the millisecond. */
static void time_text(double seconds, char *buf, size_t size)
{
	time_t whole = (time_t)seconds;
	int ms = (int)((seconds - (double)whole) * 1000);
	struct tm tm;
	char day[32], zone[8];

	localtime_r(&whole, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(buf, size, "%s.%03d%s", day, ms, zone);
}

/* Members in the order of the protocol; those an event has not are left out. */
static const struct {
	const char *key;
	const char *word;	/* in front of the value; NULL: none */
} members[] = {
	{ "proto", NULL }, { "inside", NULL }, { "address", NULL }, { "external", "to" },
	{ "ports", "ports" }, { "zone", "zone" }, { "device", "dev" }, { "link", "link" }, { "change", NULL },
	{ "reason", "reason" }, { "count", NULL },
};

static void print_event(const json_t *item)
{
	char text[DAISY_FIELD_SIZE];

	time_text(json_number_value(json_object_get(item, "time")), text, sizeof(text));
	printf("%s %s", text, json_string_value(json_object_get(item, "event")));
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		struct daisy_column column = { .key = members[i].key };
		const json_t *value = json_object_get(item, members[i].key);

		if (!value || json_is_null(value))
			continue;
		daisy_field_text(&column, item, text, sizeof(text));
		printf(" %s%s%s", members[i].word ? members[i].word : "",
		       members[i].word ? " " : "", text);
	}
	putchar('\n');
}

static int take_event(void *ctx, json_t *item)
{
	struct daisy_cli *cli = ctx;

	if (cli->json)
		daisy_print_json(cli, item);
	else
		print_event(item);
	/* A line at a time: the reader may be a pipe. */
	return daisy_print_finish() || daisy_print_broken();
}

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	struct daisy_client *client;
	enum daisy_exit code = daisy_client_open(cli, &client);

	if (code)
		return code;
	code = daisy_client_call(client, "monitor", "show", args->send, take_event, cli);
	daisy_client_close(client);
	return code;
}

/* The packet path's events, and the daemon's own. */
#define X(num, sym, name, help) name " "
static const char events[] = DAISY_EVENTS(X) "link instance";
#undef X

static const struct daisy_param show_params[] = {
	{ .key = "event", .arg = "events", .type = VALUE_CHOICE, .choices = events,
	  .flags = PARAM_REPEAT, .help = "only events of this kind" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "Print events until interrupted; with -j one object a line.", show_params, show },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_monitor = {
	"monitor", "events as they happen", commands,
};
