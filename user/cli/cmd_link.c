/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy link: devices that Daisy is attached to. */
#include <string.h>

#include "cli/commands.h"
#include "cli/error.h"
#include "cli/request.h"

/* "native", and when the kernel runs another mode than was asked for, both. */
static void mode_text(const json_t *item, char *buf, size_t size)
{
	const char *wanted = json_string_value(json_object_get(item, "mode"));
	const char *attached = json_string_value(json_object_get(item, "attached"));

	snprintf(buf, size, "%s%s", wanted ? wanted : "-", attached ? "" : ",not-attached");
	if (wanted && attached && strcmp(wanted, attached))
		snprintf(buf, size, "%s,runs-%s", wanted, attached);
}

static void next_hop_text(const json_t *item, char *buf, size_t size)
{
	const json_t *hop = json_object_get(item, "next_hop");
	const char *inside = json_string_value(json_object_get(hop, "inside"));
	const char *outside = json_string_value(json_object_get(hop, "outside"));

	if (json_is_object(hop))
		snprintf(buf, size, "inside:%s,outside:%s", inside ? inside : "by-route",
			 outside ? outside : "by-route");
	else
		snprintf(buf, size, "%s",
			 json_is_string(hop) ? json_string_value(hop) : "by-route");
}

/* What is not as in the file: unsaved, or to be undone. */
static void note_text(const json_t *item, char *buf, size_t size)
{
	const json_t *confirm = json_object_get(item, "confirm_s");
	const char *error = json_string_value(json_object_get(item, "error"));
	int n = 0;

	snprintf(buf, size, "-");
	if (json_is_true(json_object_get(item, "unsaved")))
		n = snprintf(buf, size, "unsaved");
	if (json_is_integer(confirm))
		n += snprintf(buf + n, size - (size_t)n, "%sundone-in-%llds", n ? "," : "",
			      json_integer_value(confirm));
	if (error)
		snprintf(buf + n, size - (size_t)n, "%s%s", n ? "," : "", error);
}

static const struct daisy_column columns[] = {
	{ "device", "DEVICE", FORMAT_TEXT, NULL },
	{ "vlan", "VLAN", FORMAT_TEXT, NULL },
	{ "side", "SIDE", FORMAT_TEXT, NULL },
	{ "mode", "MODE", FORMAT_TEXT, mode_text },
	{ "state", "STATE", FORMAT_TEXT, NULL },
	{ "zone", "ZONE", FORMAT_NUMBER, NULL },
	{ "mtu", "MTU", FORMAT_NUMBER, NULL },
	{ "address", "ADDRESS", FORMAT_TEXT, NULL },
	{ "prefixes", "PREFIXES", FORMAT_TEXT, NULL },
	{ "next_hop", "NEXT-HOP", FORMAT_TEXT, next_hop_text },
	{ "unsaved", "NOTE", FORMAT_TEXT, note_text },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_list(cli, "link", "show", args->send, columns);
}

/* next-hop-inside and next-hop-outside make one object, as the protocol has it. */
static int join_next_hops(struct daisy_args *args)
{
	json_t *inside = json_object_get(args->local, "next-hop-inside");
	json_t *outside = json_object_get(args->local, "next-hop-outside");
	json_t *both;

	if (!inside && !outside)
		return 0;
	if (json_object_get(args->send, "next_hop")) {
		daisy_error_set("\"next-hop\" is for one side, \"next-hop-inside\" and "
				"\"next-hop-outside\" for both, not together");
		return -1;
	}
	both = json_object();
	if (inside)
		json_object_set(both, "inside", inside);
	if (outside)
		json_object_set(both, "outside", outside);
	return json_object_set_new(args->send, "next_hop", both);
}

static enum daisy_exit set(struct daisy_cli *cli, struct daisy_args *args)
{
	if (daisy_args_string(args, "instance"))
		cli->instance = daisy_args_string(args, "instance");
	if (join_next_hops(args))
		return DAISY_EXIT_USAGE;
	return daisy_request_one(cli, "link", "set", args->send, NULL);
}

static enum daisy_exit confirm(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "link", "confirm", args->send, NULL);
}

static enum daisy_exit delete(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "link", "delete", args->send, NULL);
}

static const struct daisy_param show_params[] = {
	{ .key = "dev", .arg = "device", .type = VALUE_DEVICE, .help = "only this device" },
	{ .key = NULL },
};

static const struct daisy_param set_params[] = {
	{ .key = "dev", .arg = "device", .type = VALUE_DEVICE, .flags = PARAM_REQUIRED,
	  .help = "the device" },
	{ .key = "vlan", .type = VALUE_VLAN, .help = "frames with this tag, or OUTER.INNER; none: untagged frames" },
	{ .key = "instance", .type = VALUE_INSTANCE, .flags = PARAM_LOCAL,
	  .help = "as option -i" },
	{ .key = "side", .type = VALUE_CHOICE, .choices = "inside outside both",
	  .help = "where it leads; both: one-armed" },
	{ .key = "mode", .type = VALUE_CHOICE, .choices = "native generic",
	  .help = "XDP in the driver (default) or in the stack; never changed silently" },
	{ .key = "prefix", .arg = "prefixes", .type = VALUE_PREFIX, .flags = PARAM_REPEAT,
	  .help = "inside network behind it; those given replace those it had" },
	{ .key = "zone", .type = VALUE_NUMBER, .min = 0, .max = DAISY_MAX_ZONES - 1,
	  .metavar = "ZONE", .help = "inside networks with the same addresses differ by zone, 0-255" },
	{ .key = "next-hop", .arg = "next_hop", .type = VALUE_NEXT_HOP,
	  .help = "where everything goes that leaves by it; none: by the kernel's routes" },
	{ .key = "next-hop-inside", .type = VALUE_NEXT_HOP, .flags = PARAM_LOCAL,
	  .help = "the same on side both, towards the inside" },
	{ .key = "next-hop-outside", .type = VALUE_NEXT_HOP, .flags = PARAM_LOCAL,
	  .help = "the same on side both, towards the outside" },
	{ .key = "confirm", .type = VALUE_NUMBER, .min = 1, .max = 86400, .metavar = "SECONDS",
	  .help = "undo by itself after so many seconds unless \"link confirm\" follows" },
	{ .key = NULL },
};

static const struct daisy_param confirm_params[] = {
	{ .key = "dev", .arg = "device", .type = VALUE_DEVICE,
	  .help = "only this device; without it: all" },
	{ .key = "vlan", .type = VALUE_VLAN, .help = "only frames with this tag, or OUTER.INNER" },
	{ .key = NULL },
};

static const struct daisy_param delete_params[] = {
	{ .key = "dev", .arg = "device", .type = VALUE_DEVICE, .flags = PARAM_REQUIRED,
	  .help = "the device" },
	{ .key = "vlan", .type = VALUE_VLAN, .help = "frames with this tag, or OUTER.INNER; none: untagged frames" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "List links: mode asked for and running, side, prefixes, next hop.", show_params, show },
	{ "set", "Attach to a device, or change the settings given.", set_params, set },
	{ "confirm", "Keep what \"link set ... confirm\" did.", confirm_params, confirm },
	{ "delete", "Detach from a device; the kernel may forward for it again.", delete_params, delete },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_link = {
	"link", "devices that Daisy is attached to", commands,
};
