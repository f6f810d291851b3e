/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link show, set, confirm, delete */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/verbs.h"
#include "daemon/advice.h"
#include "lib/error.h"

static json_t *vlan_json(const struct daisy_config_link *link)
{
	json_t *vlan = json_array();

	for (unsigned int i = 0; i < link->n_tags; i++)
		json_array_append_new(vlan, json_integer(link->tag[i]));
	return vlan;
}

static json_t *prefixes_json(const struct daisy_config_link *link)
{
	json_t *prefixes = json_array();
	char text[DAISY_VALUE_SIZE];

	for (size_t i = 0; i < link->n_prefixes; i++) {
		daisy_value_format_prefix(&link->prefixes[i], text);
		json_array_append_new(prefixes, json_string(text));
	}
	return prefixes;
}

static json_t *nexthop_json(const struct daisy_config_link *link)
{
	char inside[DAISY_VALUE_SIZE], outside[DAISY_VALUE_SIZE];

	daisy_value_format_nexthop(&link->to_inside, inside);
	daisy_value_format_nexthop(&link->to_outside, outside);
	if (!*inside && !*outside)
		return json_null();
	if (link->side != SIDE_BOTH)
		return json_string(*inside ? inside : outside);
	return json_pack("{s:o,s:o}", "inside", daisy_json_text(inside), "outside",
			 daisy_json_text(outside));
}

/* What the kernel knows of the link's device, as the packet path is told. */
static void add_device(json_t *item, struct daisy_daemon *d, int number)
{
	const struct daisy_device_link *state = &d->devices.link[number];
	const struct daisy_link *link = &daisy_instance_links(d->inst)[number];
	const uint8_t *m = link->mac;
	static const uint8_t none[4];

	json_object_set_new(item, "state", json_string(!state->device ? "missing" :
						       state->up ? "up" : "down"));
	json_object_set_new(item, "number", json_integer(number));
	json_object_set_new(item, "ifindex", json_integer(link->ifindex));
	json_object_set_new(item, "mtu", json_integer(link->mtu));
	json_object_set_new(item, "mac", json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
						      m[2], m[3], m[4], m[5]));
	json_object_set_new(item, "address", memcmp(link->addr, none, 4) ?
			    daisy_json_address(link->addr) : json_null());
}

/* Asks the kernel, not our memory: somebody may have detached the program. */
static void add_attachment(json_t *item, struct daisy_daemon *d, const char *device)
{
	const struct daisy_device_program *program = daisy_devices_program(d, device);
	const struct daisy_nl_link *found = daisy_interfaces_by_name(&d->interfaces, device);
	const char *error = program ? program->error : "";
	struct daisy_attachment now;
	json_t *attached = NULL;

	if (found && strcmp(found->name, device))
		error = "the device has another name now, expected the one of the configuration";
	else if (!daisy_attachment_get(d->inst, device, &now) && now.ours)
		attached = json_string(daisy_xdp_mode_name(now.mode));
	else if (program && program->ifindex && !*error)
		error = "the program was detached by somebody else";
	json_object_set_new(item, "attached", attached ? attached : json_null());
	json_object_set_new(item, "error", daisy_json_text(error));
}

static bool link_unsaved(struct daisy_daemon *d, const struct daisy_config_link *link)
{
	const struct daisy_config_link *saved =
		daisy_config_link_find(d->saved, link->device, link->n_tags, link->tag);

	return !saved || !daisy_config_link_equal(saved, link);
}

static json_t *link_item(struct daisy_daemon *d, const struct daisy_config_link *link)
{
	const struct daisy_pending *pending = daisy_daemon_pending(d, link);
	int64_t left = pending ? (int64_t)(pending->deadline_ms - daisy_now_ms()) : 0;
	int number = daisy_devices_find(d, link);
	json_t *item = json_object();

	json_object_set_new(item, "device", json_string(link->device));
	json_object_set_new(item, "vlan", vlan_json(link));
	json_object_set_new(item, "side", json_string(daisy_value_side_name(link->side)));
	json_object_set_new(item, "mode", json_string(link->generic ? "generic" : "native"));
	add_attachment(item, d, link->device);
	json_object_set_new(item, "zone", json_integer(link->zone));
	json_object_set_new(item, "prefixes", prefixes_json(link));
	json_object_set_new(item, "next_hop", nexthop_json(link));
	if (number >= 0)
		add_device(item, d, number);
	json_object_set_new(item, "unsaved", json_boolean(link_unsaved(d, link)));
	json_object_set_new(item, "confirm_s", pending ? json_integer(left > 0 ? (left + 999) / 1000 : 0) :
			    json_null());
	return item;
}

int daisy_link_show(struct daisy_request *request)
{
	struct daisy_daemon *d = request->daemon;
	const char *device = daisy_arg_string(request, "device");
	bool found = !device;

	for (size_t i = 0; i < d->config->n_links; i++) {
		if (device && strcmp(d->config->links[i].device, device))
			continue;
		daisy_reply_item(request, link_item(d, &d->config->links[i]));
		found = true;
	}
	if (found)
		return ANSWER_DONE;
	daisy_error_set("no link on \"%.64s\", expected a device that link show lists", device);
	return -ENOENT;
}

/* Device and tags: which link is meant. */
int daisy_arg_link(struct daisy_request *request, struct daisy_config_link *link)
{
	const json_t *vlan = json_object_get(request->args, "vlan");
	char text[16];
	uint32_t tag;

	memset(link, 0, sizeof(*link));
	if (daisy_value_device(daisy_arg_string(request, "device"), link->device))
		return daisy_refuse(request);
	if (json_array_size(vlan) > 2) {
		daisy_error_set("vlan: %zu tags, expected one, or outer and inner",
				json_array_size(vlan));
		return daisy_refuse(request);
	}
	for (; link->n_tags < json_array_size(vlan); link->n_tags++) {
		if (daisy_value_number(daisy_arg_item(vlan, link->n_tags, text), 1, 4094, "a VLAN",
				       &tag))
			return daisy_refuse(request);
		link->tag[link->n_tags] = (uint16_t)tag;
	}
	return 0;
}

static int read_prefixes(struct daisy_request *request, struct daisy_config_link *link)
{
	const json_t *list = json_object_get(request->args, "prefixes");
	size_t n = json_array_size(list);
	char text[16];

	if (!list)
		return 0;
	daisy_config_link_clean(link);
	link->prefixes = calloc(n ? n : 1, sizeof(*link->prefixes));
	if (!link->prefixes) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	for (; link->n_prefixes < n; link->n_prefixes++)
		if (daisy_value_prefix(daisy_arg_item(list, link->n_prefixes, text),
				       &link->prefixes[link->n_prefixes]))
			return daisy_refuse(request);
	return 0;
}

/* One for the only side there is, or one for each. */
static int read_nexthop(struct daisy_request *request, struct daisy_config_link *link)
{
	const json_t *value = json_object_get(request->args, "next_hop");
	const char *inside = json_string_value(value), *outside = inside;
	struct daisy_config_nexthop to_inside = { 0 }, to_outside = { 0 };

	if (!value)
		return 0;
	if (json_is_object(value)) {
		inside = json_string_value(json_object_get(value, "inside"));
		outside = json_string_value(json_object_get(value, "outside"));
	} else if (link->side == SIDE_OUTSIDE) {
		inside = NULL;
	} else if (link->side == SIDE_INSIDE) {
		outside = NULL;
	}
	if ((inside && daisy_value_nexthop(inside, &to_inside)) ||
	    (outside && daisy_value_nexthop(outside, &to_outside)))
		return daisy_refuse(request);
	link->to_inside = to_inside;
	link->to_outside = to_outside;
	return 0;
}

static int read_settings(struct daisy_request *request, struct daisy_config_link *link)
{
	const char *side = daisy_arg_string(request, "side");
	const char *mode = daisy_arg_string(request, "mode");
	int zone, err;

	if (side && daisy_value_side(side, &link->side))
		return daisy_refuse(request);
	if (mode && daisy_value_mode(mode, &link->generic))
		return daisy_refuse(request);
	if (!side && link->side == SIDE_NONE) {
		daisy_error_set("argument \"side\" is missing, expected inside, outside or both "
				"for a new link");
		return daisy_refuse(request);
	}
	err = daisy_arg_zone(request, "zone", &zone);
	if (err)
		return err;
	if (zone >= 0)
		link->zone = (uint16_t)zone;
	err = read_prefixes(request, link);
	return err ? err : read_nexthop(request, link);
}

/* The link of this name in a configuration, added if it is not there. */
static struct daisy_config_link *find_or_add(struct daisy_config *config,
					     const struct daisy_config_link *name)
{
	struct daisy_config_link *link =
		daisy_config_link_find(config, name->device, name->n_tags, name->tag);

	if (link)
		return link;
	if (config->n_links == DAISY_MAX_LINKS) {
		daisy_error_set("no room for link \"%s\", expected at most %d", name->device,
				DAISY_MAX_LINKS);
		return NULL;
	}
	config->links[config->n_links] = *name;
	return &config->links[config->n_links++];
}

/* The mode is the device's: links of other VLANs on it follow. */
static void spread_mode(struct daisy_config *config, const struct daisy_config_link *link)
{
	for (size_t i = 0; i < config->n_links; i++)
		if (!strcmp(config->links[i].device, link->device))
			config->links[i].generic = link->generic;
}

static void warn_client(void *ctx, const char *text)
{
	daisy_reply_warning(ctx, text);
}

/* First the promise to undo, then the change, which without it may lock somebody out. */
static int set_link(struct daisy_request *request, const struct daisy_config_link *name)
{
	struct daisy_config *config = daisy_config_copy(request->daemon->config);
	bool is_new = config && !daisy_config_link_find(config, name->device, name->n_tags,
							name->tag);
	struct daisy_config_link *link = config ? find_or_add(config, name) : NULL;
	int err = link ? read_settings(request, link) : -ENOMEM;

	if (!err) {
		spread_mode(config, link);
		err = daisy_config_check(config);
	}
	if (err) {
		daisy_config_free(config);
		return err;
	}
	if (is_new)
		daisy_advice(name->device, warn_client, request);
	return daisy_daemon_apply(request->daemon, config);
}

int daisy_link_set(struct daisy_request *request)
{
	struct daisy_daemon *d = request->daemon;
	uint32_t confirm = daisy_arg_number(request, "confirm", 0);
	bool pended = false;
	struct daisy_config_link name;
	int err = daisy_arg_link(request, &name);

	if (err)
		return err;
	if (confirm > 86400) {
		daisy_error_set("\"%u\" is not a time to confirm, expected 1 to 86400 seconds",
				confirm);
		return daisy_refuse(request);
	}
	if (confirm) {
		pended = !daisy_daemon_pending(d, &name);
		err = daisy_daemon_pend(d, &name, daisy_config_link_find(d->config, name.device,
									 name.n_tags, name.tag),
					confirm);
	}
	if (!err)
		err = set_link(request, &name);
	if (err && pended)
		daisy_daemon_confirm(d, &name);
	return err;
}

int daisy_link_confirm(struct daisy_request *request)
{
	struct daisy_config_link name;
	bool all = !daisy_arg_has(request, "device");
	int err = all ? 0 : daisy_arg_link(request, &name);

	if (err)
		return err;
	if (daisy_daemon_confirm(request->daemon, all ? NULL : &name))
		return ANSWER_DONE;
	daisy_error_set("no change of %s waits to be confirmed", all ? "any link" : name.device);
	return -ENOENT;
}

int daisy_link_delete(struct daisy_request *request)
{
	struct daisy_daemon *d = request->daemon;
	struct daisy_config *config;
	struct daisy_config_link name, *link;
	int err = daisy_arg_link(request, &name);

	if (err)
		return err;
	config = daisy_config_copy(d->config);
	link = config ? daisy_config_link_find(config, name.device, name.n_tags, name.tag) : NULL;
	if (!link) {
		if (config)
			daisy_error_set("no link on \"%s\" with these tags, expected one that "
					"link show lists", name.device);
		daisy_config_free(config);
		return config ? -ENOENT : -ENOMEM;
	}
	daisy_config_link_clean(link);
	*link = config->links[--config->n_links];
	memset(&config->links[config->n_links], 0, sizeof(*link));
	err = daisy_daemon_apply(d, config);
	if (!err)
		daisy_daemon_confirm(d, &name);
	return err;
}
