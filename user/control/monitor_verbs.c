/* SPDX-License-Identifier: GPL-2.0-or-later */
/* monitor show: what happens, as it happens */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "control/verbs.h"
#include "daemon/events.h"
#include "lib/error.h"
#include "shared/reasons.h"

/* Names of events, and their bits in a monitor's choice. */
enum {
	CHOICE_LINK = 1 << 16,
	CHOICE_INSTANCE = 1 << 17,
};

static const struct {
	const char *name;
	uint32_t bit;
} choices[] = {
#define X(num, sym, name, help) { name, 1u << (num) },
	DAISY_EVENTS(X)
#undef X
	{ "link", CHOICE_LINK },
	{ "instance", CHOICE_INSTANCE },
};

#define N_CHOICES (sizeof(choices) / sizeof(choices[0]))

static const char *event_name(uint8_t kind)
{
	for (size_t i = 0; i < N_CHOICES; i++)
		if (choices[i].bit == 1u << kind)
			return choices[i].name;
	return "unknown";
}

static const char *reason_name(uint16_t reason)
{
	switch (reason) {
#define X(num, sym, name, help) case num: return name;
	DAISY_REASONS(X)
#undef X
	}
	return "unknown";
}

static json_t *note_item(const char *event)
{
	json_t *item = json_object();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(item, "event", json_string(event));
	json_object_set_new(item, "time",
			    json_real((double)now.tv_sec + (double)now.tv_nsec / 1e9));
	return item;
}

static const char *proto_name(uint8_t proto)
{
	static const char *const names[DAISY_N_PROTOS] = { "udp", "tcp", "icmp" };

	return proto < DAISY_N_PROTOS ? names[proto] : "unknown";
}

static void add_endpoint(json_t *item, const struct daisy_event *event)
{
	json_object_set_new(item, "proto", json_string(proto_name(event->proto)));
	json_object_set_new(item, "inside",
			    daisy_json_endpoint(event->inside.addr, event->inside.port));
	json_object_set_new(item, "zone", json_integer(event->inside.zone));
}

/* Events of a subscriber: of its blocks, or of a limit that it comes near. */
static json_t *subscriber_item(struct daisy_daemon *d, const struct daisy_event *event,
			       json_t *item)
{
	const struct daisy_config_range ports = { event->port, event->last };
	char text[DAISY_VALUE_SIZE];

	if (event->kind == EVENT_THRESHOLD)
		json_object_set_new(item, "proto", json_string(proto_name(event->proto)));
	json_object_set_new(item, "address", daisy_json_address(event->inside.addr));
	json_object_set_new(item, "zone", json_integer(event->inside.zone));
	if (event->kind == EVENT_THRESHOLD || event->slot >= daisy_instance_max_slots(d->inst))
		return item;
	daisy_value_format_ports(&ports, text);
	json_object_set_new(item, "external", daisy_json_address(
		daisy_instance_slots(d->inst)[event->slot].addr));
	json_object_set_new(item, "ports", json_string(text));
	return item;
}

static const char *link_name(struct daisy_daemon *d, uint16_t number)
{
	return number < DAISY_MAX_LINKS && d->devices.link[number].used ?
		d->devices.link[number].config.device : "";
}

static json_t *packet_item(struct daisy_daemon *d, const struct daisy_event *event)
{
	json_t *item = note_item(event_name(event->kind));
	const struct daisy_nl_link *device;

	if (event->kind == EVENT_UNRESOLVED) {
		device = daisy_interfaces_by_index(&d->interfaces, (int)event->ifindex);
		json_object_set_new(item, "address", daisy_json_address(event->inside.addr));
		json_object_set_new(item, "device", daisy_json_text(device ? device->name : ""));
		return item;
	}
	if (event->kind == EVENT_BLOCK_ALLOCATED || event->kind == EVENT_BLOCK_RELEASED ||
	    event->kind == EVENT_THRESHOLD)
		return subscriber_item(d, event, item);
	add_endpoint(item, event);
	if (event->kind == EVENT_EXHAUSTED) {
		json_object_set_new(item, "reason", json_string(reason_name(event->reason)));
		return item;
	}
	if (event->slot < daisy_instance_max_slots(d->inst))
		json_object_set_new(item, "external", daisy_json_endpoint(
			daisy_instance_slots(d->inst)[event->slot].addr, event->port));
	json_object_set_new(item, "link", daisy_json_text(link_name(d, event->link)));
	return item;
}

static void tell(struct daisy_request *request, const struct daisy_note *note)
{
	uint32_t wanted = (uint32_t)(uintptr_t)request->job;
	json_t *item = NULL;

	switch (note->kind) {
	case NOTE_PACKET:
		if (wanted & 1u << (note->event->kind & 15))
			item = packet_item(request->daemon, note->event);
		break;
	case NOTE_LINK:
		if (wanted & CHOICE_LINK) {
			item = note_item("link");
			json_object_set_new(item, "device", json_string(note->device));
			json_object_set_new(item, "change", json_string(note->change));
		}
		break;
	case NOTE_INSTANCE:
		if (wanted & CHOICE_INSTANCE) {
			item = note_item("instance");
			json_object_set_new(item, "change", json_string(note->change));
		}
		break;
	case NOTE_LOST:
		item = note_item("lost");
		json_object_set_new(item, "count", json_integer((json_int_t)note->lost));
		break;
	}
	if (item)
		daisy_reply_item(request, item);
}

static int refuse_choice(struct daisy_request *request, const char *word)
{
	daisy_error_set("\"%.64s\" is not an event, expected one of: created, expired, exhausted, "
			"unresolved, block-allocated, block-released, threshold, link, instance", word);
	return daisy_refuse(request);
}

int daisy_monitor_show(struct daisy_request *request)
{
	const json_t *list = json_object_get(request->args, "events");
	uint32_t wanted = list ? 0 : UINT32_MAX;
	char text[16];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = daisy_arg_item(list, i, text);
		size_t j = 0;

		while (j < N_CHOICES && strcmp(choices[j].name, word))
			j++;
		if (j == N_CHOICES)
			return refuse_choice(request, word);
		wanted |= choices[j].bit;
	}
	request->job = (void *)(uintptr_t)wanted;
	request->note = tell;
	return ANSWER_MORE;
}
