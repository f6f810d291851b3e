/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mapping trace: what would become of a packet. One item for each stage, the last one says the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "control/verbs.h"
#include "lib/error.h"
#include "nat/trace.h"
#include "net/fib.h"

#define DEFAULT_SIZE 60
#define DEFAULT_TTL 64
#define ECHO_REQUEST 8
#define SOURCE_ROUTE_SIZE 8	/* one address, padded */

static int refuse(struct daisy_request *request, const char *name)
{
	daisy_error_prefix("%s", name);
	return daisy_refuse(request);
}

static int read_flags(struct daisy_request *request, struct daisy_trace_packet *packet)
{
	static const struct {
		const char *name;
		uint8_t flags;
	} all[] = {
		{ "syn", 0x02 }, { "syn-ack", 0x12 }, { "ack", 0x10 }, { "fin", 0x11 },
		{ "rst", 0x04 },
	};
	const char *text = daisy_arg_string(request, "flags");

	if (text && packet->proto != IPPROTO_TCP) {
		daisy_error_set("\"%.64s\" is for tcp, expected no flags", text);
		return refuse(request, "flags");
	}
	packet->tcp_flags = all[0].flags;
	for (size_t i = 0; text && i < sizeof(all) / sizeof(all[0]); i++) {
		packet->tcp_flags = all[i].flags;
		if (!strcmp(text, all[i].name))
			return 0;
	}
	if (!text)
		return 0;
	daisy_error_set("\"%.64s\" is not known, expected syn, syn-ack, ack, fin or rst", text);
	return refuse(request, "flags");
}

static int read_number(struct daisy_request *request, const char *name, uint32_t def, uint32_t min,
		       uint32_t max, uint32_t *value)
{
	*value = daisy_arg_number(request, name, def);
	if (*value >= min && *value <= max)
		return 0;
	daisy_error_set("\"%u\" is out of range, expected %u to %u", *value, min, max);
	return refuse(request, name);
}

/* Fields of the IPv4 header that are about fragments and options. */
static int read_header(struct daisy_request *request, struct daisy_trace_packet *packet)
{
	uint32_t offset, id, options;
	int err = read_number(request, "offset", 0, 0, 65528, &offset);

	if (!err)
		err = read_number(request, "id", 0, 0, 65535, &id);
	if (!err)
		err = read_number(request, "options", 0, 0, 40, &options);
	if (err)
		return err;
	if (offset % 8 || options % 4) {
		daisy_error_set("\"%u\" is no multiple of %u", offset % 8 ? offset : options,
				offset % 8 ? 8 : 4);
		return refuse(request, offset % 8 ? "offset" : "options");
	}
	packet->offset = (uint16_t)offset;
	packet->id = (uint16_t)id;
	packet->source_route = daisy_arg_bool(request, "source_route");
	packet->options = (uint8_t)(options || !packet->source_route ? options : SOURCE_ROUTE_SIZE);
	packet->more = daisy_arg_bool(request, "more");
	packet->df = daisy_arg_bool(request, "df");
	return 0;
}

static int read_numbers(struct daisy_request *request, struct daisy_trace_packet *packet)
{
	uint32_t ttl, size, type;
	int err = read_number(request, "ttl", DEFAULT_TTL, 0, 255, &ttl);

	if (!err)
		err = read_number(request, "size", DEFAULT_SIZE, 20, 65535, &size);
	if (!err)
		err = read_number(request, "icmp_type", ECHO_REQUEST, 0, 255, &type);
	if (!err)
		err = read_header(request, packet);
	if (err)
		return err;
	if (daisy_arg_has(request, "icmp_type") && packet->proto != IPPROTO_ICMP) {
		daisy_error_set("\"%u\" is for icmp, expected no type", type);
		return refuse(request, "icmp_type");
	}
	packet->ttl = (uint8_t)ttl;
	packet->size = (uint16_t)size;
	packet->icmp_type = (uint8_t)type;
	return 0;
}

/* TCP and UDP need both ports, but in a later fragment; of ICMP there is one id, at either end. */
static int read_endpoints(struct daisy_request *request, struct daisy_trace_packet *packet)
{
	struct daisy_endpoint_filter from, to;
	int err = daisy_arg_endpoint(request, "from", &from);
	bool icmp = packet->proto == IPPROTO_ICMP;

	if (!err)
		err = daisy_arg_endpoint(request, "to", &to);
	if (err)
		return err;
	if (!icmp && !packet->offset && (from.port < 0 || to.port < 0)) {
		daisy_error_set("\"%.64s\" has no port, expected ADDRESS:PORT",
				daisy_arg_string(request, from.port < 0 ? "from" : "to"));
		return refuse(request, from.port < 0 ? "from" : "to");
	}
	if (icmp && from.port >= 0 && to.port >= 0 && from.port != to.port) {
		daisy_error_set("\"%.64s\" has another query id than from, expected one",
				daisy_arg_string(request, "to"));
		return refuse(request, "to");
	}
	packet->saddr.s_addr = htonl(from.addr);
	packet->daddr.s_addr = htonl(to.addr);
	packet->sport = (uint16_t)(from.port >= 0 ? from.port : to.port >= 0 ? to.port : 0);
	packet->dport = (uint16_t)(to.port >= 0 ? to.port : packet->sport);
	return 0;
}

static int read_link(struct daisy_request *request, struct daisy_trace_packet *packet)
{
	struct daisy_daemon *d = request->daemon;
	struct daisy_config_link name;
	int err = daisy_arg_link(request, &name), number;

	if (err)
		return err;
	number = daisy_devices_find(d, &name);
	if (number < 0) {
		daisy_error_set("no link on \"%s\" with these tags, expected one that link show lists",
				name.device);
		return -ENOENT;
	}
	packet->link = (uint32_t)number;
	packet->hold_queues = daisy_slowpath_queues(d->slowpath,
						    daisy_instance_links(d->inst)[number].device);
	packet->subscribers = d->figures.subscribers;
	return 0;
}

static int read_packet(struct daisy_request *request, struct daisy_trace_packet *packet)
{
	static const uint8_t protos[DAISY_N_PROTOS] = {
		[DAISY_UDP] = IPPROTO_UDP, [DAISY_TCP] = IPPROTO_TCP, [DAISY_ICMP] = IPPROTO_ICMP,
	};
	int proto, err = daisy_arg_proto(request, "proto", &proto);

	if (err)
		return err;
	packet->proto = protos[proto];
	err = read_numbers(request, packet);
	if (!err)
		err = read_endpoints(request, packet);
	if (!err)
		err = read_flags(request, packet);
	return err ? err : read_link(request, packet);
}

/* null where the trace cannot know: chosen at random. */
static json_t *endpoint_json(struct in_addr addr, uint16_t port, bool random)
{
	uint8_t bytes[4];

	memcpy(bytes, &addr, sizeof(bytes));
	if (!addr.s_addr)
		return json_null();
	return random ? daisy_json_address(bytes) : daisy_json_endpoint(bytes, port);
}

static const char *verdict_name(const struct daisy_trace *trace)
{
	static const char *const names[] = {
		[TRACE_DROP] = "drop", [TRACE_PASS] = "pass", [TRACE_ANSWER] = "answer",
		[TRACE_HOLD] = "hold", [TRACE_FORWARD] = "forward",
	};

	return names[trace->end];
}

/* "forward, out_udp: translated ...; leaves by e1" */
static json_t *end_text(const struct daisy_request *request, const struct daisy_trace *trace)
{
	bool forward = trace->end == TRACE_FORWARD;
	const struct daisy_device_link *egress = &request->daemon->devices.link[trace->egress];

	return json_sprintf("%s, %s: %s%s%s", verdict_name(trace), trace->counter, trace->why,
			    forward ? "; leaves by " : "", forward ? egress->config.device : "");
}

static void set_end(const struct daisy_request *request, const struct daisy_trace *trace, json_t *item)
{
	bool forward = trace->end == TRACE_FORWARD;
	const struct daisy_device_link *egress = &request->daemon->devices.link[trace->egress];

	json_object_set_new(item, "verdict", json_string(verdict_name(trace)));
	json_object_set_new(item, "counter", trace->reason ? json_null() :
							     json_string(trace->counter));
	json_object_set_new(item, "reason", trace->reason ? json_string(trace->counter) :
							    json_null());
	json_object_set_new(item, "device", forward ? json_string(egress->config.device) :
						      json_null());
}

static void reply_end(struct daisy_request *request, const struct daisy_trace *trace)
{
	bool forward = trace->end == TRACE_FORWARD;
	json_t *item = json_pack("{s:s,s:o}", "stage", "end", "text", end_text(request, trace));

	set_end(request, trace, item);
	json_object_set_new(item, "creates", json_boolean(trace->creates));
	json_object_set_new(item, "source", forward ? endpoint_json(trace->saddr, trace->sport,
								    trace->creates) : json_null());
	json_object_set_new(item, "destination", forward ? endpoint_json(trace->daddr, trace->dport,
									 false) : json_null());
	daisy_reply_item(request, item);
}

/* What the program would say of it at the end of its wait, if everything stayed as it is. */
static void reply_later(struct daisy_request *request, const struct daisy_trace_packet *packet,
			enum daisy_hold_class class)
{
	struct daisy_trace_packet again = *packet;
	struct daisy_trace trace;
	json_t *item;

	again.replay = (uint8_t)(1 + class);
	if (daisy_trace(request->daemon->inst, &again, daisy_fib_ask, NULL, &trace))
		return;
	item = json_pack("{s:s,s:o}", "stage", "later", "text", end_text(request, &trace));
	set_end(request, &trace, item);
	daisy_reply_item(request, item);
}

int daisy_mapping_trace(struct daisy_request *request)
{
	struct daisy_trace_packet packet = { 0 };
	struct daisy_trace trace;
	int err = read_packet(request, &packet);

	if (err)
		return err;
	if (daisy_trace(request->daemon->inst, &packet, daisy_fib_ask, NULL, &trace))
		return refuse(request, "icmp_type");
	for (size_t i = 0; i < trace.n_steps; i++)
		daisy_reply_item(request, json_pack("{s:s,s:s}", "stage", trace.step[i].stage, "text",
						    trace.step[i].text));
	if (trace.end == TRACE_HOLD)
		reply_later(request, &packet, trace.class);
	reply_end(request, &trace);
	return ANSWER_DONE;
}
