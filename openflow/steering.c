/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "config/values.h"
#include "openflow/cookie.h"
#include "openflow/steering.h"

/* Errors have their text already: hand them on. */
#define TRY(expression) \
	do { \
		int try_err = (expression); \
\
		if (try_err < 0) \
			return try_err; \
	} while (0)

#define PART_SIZE 64

struct context {
	const struct daisy_inventory *inv;
	struct daisy_flows *flows;
};

/* One part of a match or an action, by value so that several fit one call. */
struct part {
	char text[PART_SIZE];
};

static struct part port(const struct daisy_inv_port *port)
{
	struct part part;

	if (port->number)
		snprintf(part.text, PART_SIZE, "%u", port->number);
	else
		snprintf(part.text, PART_SIZE, "%s", port->name);
	return part;
}

static struct part mac(const struct daisy_inv_arm *arm)
{
	const uint8_t *m = arm->mac;
	struct part part;

	snprintf(part.text, PART_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		 m[5]);
	return part;
}

static struct part net(const struct daisy_inv_prefix *prefix)
{
	struct part part;

	if (prefix->net.len == 32)
		daisy_value_format_address(prefix->net.addr, part.text);
	else
		daisy_value_format_prefix(&prefix->net, part.text);
	return part;
}

static struct part to_port(const struct daisy_inv_port *to)
{
	struct part part;

	snprintf(part.text, PART_SIZE, "output:%.15s", port(to).text);
	return part;
}

/* Packets for a box: to its MAC, whatever station the sender took for its router. */
static struct part to_box(const struct daisy_inv_arm *arm)
{
	struct part part;

	snprintf(part.text, PART_SIZE, "set_field:%.17s->eth_dst,output:%.15s", mac(arm).text,
		 port(&arm->port).text);
	return part;
}

/* A rule: whose it is, where the inventory asks for it, action, match. */
static int rule(struct context *ctx, enum daisy_flow_kind kind, uint16_t priority,
		const struct daisy_inv_box *box, size_t line, const char *actions, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));

static int rule(struct context *ctx, enum daisy_flow_kind kind, uint16_t priority,
		const struct daisy_inv_box *box, size_t line, const char *actions, const char *fmt, ...)
{
	char match[DAISY_FLOW_TEXT_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(match, sizeof(match), fmt, args);
	va_end(args);
	return daisy_flows_add(ctx->flows, daisy_cookie(kind, box ? box->id : 0, 1), priority, line,
			       match, actions);
}

/* Addresses that no packet from the outside may claim to come from. */
static int guard(struct context *ctx, const struct daisy_inv_prefix *prefix)
{
	const struct part outside = port(&ctx->inv->outside);

	TRY(rule(ctx, FLOW_GUARD, PRIORITY_GUARD, NULL, prefix->line, "drop",
		 "ip,in_port=%s,nw_src=%s", outside.text, net(prefix).text));
	return rule(ctx, FLOW_GUARD, PRIORITY_GUARD, NULL, prefix->line, "drop",
		    "arp,in_port=%s,arp_spa=%s", outside.text, net(prefix).text);
}

/* Of an address: inbound packets, questions for its MAC, and the box's own word about it. */
static int inbound(struct context *ctx, const struct daisy_inv_prefix *prefix,
		   const struct daisy_inv_box *box)
{
	TRY(guard(ctx, prefix));
	TRY(rule(ctx, FLOW_INBOUND, PRIORITY_INBOUND, box, prefix->line, to_box(&box->outside).text,
		 "ip,nw_dst=%s", net(prefix).text));
	TRY(rule(ctx, FLOW_ARP, PRIORITY_ARP_EXTERNAL, box, prefix->line, to_box(&box->outside).text,
		 "arp,arp_tpa=%s", net(prefix).text));
	return rule(ctx, FLOW_ARP, PRIORITY_ARP_ANNOUNCE, box, prefix->line,
		    to_port(&ctx->inv->outside).text, "arp,in_port=%s,dl_src=%s,arp_spa=%s,arp_tpa=%s",
		    port(&box->outside.port).text, mac(&box->outside).text, net(prefix).text,
		    net(prefix).text);
}

/* Hosts that get an address: what they send, and their questions for the router's MAC. */
static int outbound(struct context *ctx, const struct daisy_inv_prefix *slice,
		    const struct daisy_inv_box *box)
{
	const struct daisy_inv_segment *segment = daisy_inventory_segment(ctx->inv, &slice->net);

	TRY(rule(ctx, FLOW_OUTBOUND, PRIORITY_OUTBOUND, box, slice->line, to_box(&box->inside).text,
		 "ip,in_port=%s,nw_src=%s", port(&segment->port).text, net(slice).text));
	return rule(ctx, FLOW_ARP, PRIORITY_ARP_INSIDE, box, slice->line, to_box(&box->inside).text,
		    "arp,in_port=%s,arp_spa=%s", port(&segment->port).text, net(slice).text);
}

static int address(struct context *ctx, const struct daisy_inv_address *address)
{
	const struct daisy_inv_box *box = &ctx->inv->boxes[address->box];

	TRY(inbound(ctx, &address->external, box));
	for (size_t i = 0; i < address->inside.n; i++)
		TRY(outbound(ctx, &address->inside.item[i], box));
	return 0;
}

/* Between a box and one prefix of the inside. */
static int box_and_inside(struct context *ctx, const struct daisy_inv_box *box,
			  const struct daisy_inv_segment *segment,
			  const struct daisy_inv_prefix *prefix)
{
	const struct part arm = port(&box->inside.port), its_mac = mac(&box->inside);

	TRY(rule(ctx, FLOW_RETURN, PRIORITY_TO_INSIDE, box, box->line, to_port(&segment->port).text,
		 "ip,in_port=%s,dl_src=%s,nw_dst=%s", arm.text, its_mac.text, net(prefix).text));
	TRY(rule(ctx, FLOW_ARP, PRIORITY_ARP_INSIDE, box, box->line, to_port(&segment->port).text,
		 "arp,in_port=%s,dl_src=%s,arp_tpa=%s", arm.text, its_mac.text, net(prefix).text));
	return rule(ctx, FLOW_ARP, PRIORITY_ARP_ANSWER, box, box->line,
		    to_port(&box->inside.port).text, "arp,in_port=%s,dl_dst=%s,arp_spa=%s,arp_op=2",
		    port(&segment->port).text, its_mac.text, net(prefix).text);
}

static int box_and_outside(struct context *ctx, const struct daisy_inv_box *box)
{
	const struct part arm = port(&box->outside.port), its_mac = mac(&box->outside);
	const struct daisy_inv_port *outside = &ctx->inv->outside;

	TRY(rule(ctx, FLOW_RETURN, PRIORITY_TO_OUTSIDE, box, box->line, to_port(outside).text,
		 "ip,in_port=%s,dl_src=%s", arm.text, its_mac.text));
	TRY(rule(ctx, FLOW_ARP, PRIORITY_ARP_OUTSIDE, box, box->line, to_port(outside).text,
		 "arp,in_port=%s,dl_src=%s", arm.text, its_mac.text));
	return rule(ctx, FLOW_ARP, PRIORITY_ARP_ANSWER, box, box->line,
		    to_port(&box->outside.port).text, "arp,in_port=%s,dl_dst=%s,arp_op=2",
		    port(outside).text, its_mac.text);
}

/* Frames from a link of one box for a link of another. */
static int chain(struct context *ctx, const struct daisy_inv_arm *from,
		 const struct daisy_inv_arm *to, const struct daisy_inv_box *box)
{
	return rule(ctx, FLOW_CHAIN, PRIORITY_CHAIN, box, box->line, to_port(&to->port).text,
		    "in_port=%s,dl_src=%s,dl_dst=%s", port(&from->port).text, mac(from).text,
		    mac(to).text);
}

static int box_to_box(struct context *ctx, const struct daisy_inv_box *from,
		      const struct daisy_inv_box *to)
{
	TRY(chain(ctx, &from->inside, &to->inside, to));
	return from->one_armed && to->one_armed ? 0 : chain(ctx, &from->outside, &to->outside, to);
}

static int rest(struct context *ctx, const struct daisy_inv_port *of)
{
	return rule(ctx, FLOW_REST, PRIORITY_REST, NULL, of->line, "drop", "in_port=%s", port(of).text);
}

static int box(struct context *ctx, const struct daisy_inv_box *box)
{
	const struct daisy_inventory *inv = ctx->inv;

	for (size_t i = 0; i < inv->n_segments; i++)
		for (size_t j = 0; j < inv->segments[i].prefixes.n; j++)
			TRY(box_and_inside(ctx, box, &inv->segments[i],
					   &inv->segments[i].prefixes.item[j]));
	TRY(box_and_outside(ctx, box));
	for (size_t i = 0; i < box->own.n; i++)
		TRY(inbound(ctx, &box->own.item[i], box));
	for (size_t i = 0; i < inv->n_boxes; i++)
		if (box != &inv->boxes[i])
			TRY(box_to_box(ctx, box, &inv->boxes[i]));
	TRY(rest(ctx, &box->inside.port));
	return box->one_armed ? 0 : rest(ctx, &box->outside.port);
}

static int segment(struct context *ctx, const struct daisy_inv_segment *segment)
{
	for (size_t i = 0; i < segment->prefixes.n; i++)
		TRY(guard(ctx, &segment->prefixes.item[i]));
	TRY(rule(ctx, FLOW_GUARD, PRIORITY_FOREIGN, NULL, segment->port.line, "drop", "ip,in_port=%s",
		 port(&segment->port).text));
	TRY(rule(ctx, FLOW_GUARD, PRIORITY_ARP_FOREIGN, NULL, segment->port.line, "drop",
		 "arp,in_port=%s", port(&segment->port).text));
	return rest(ctx, &segment->port);
}

int daisy_steering(const struct daisy_inventory *inventory, struct daisy_flows *flows)
{
	struct context ctx = { inventory, flows };

	for (size_t i = 0; i < inventory->n_segments; i++)
		TRY(segment(&ctx, &inventory->segments[i]));
	TRY(rest(&ctx, &inventory->outside));
	for (size_t i = 0; i < inventory->n_boxes; i++)
		TRY(box(&ctx, &inventory->boxes[i]));
	for (size_t i = 0; i < inventory->n_addresses; i++)
		TRY(address(&ctx, &inventory->addresses[i]));
	daisy_flows_sort(flows);
	return 0;
}

const char *daisy_flow_kind_name(uint64_t cookie)
{
	switch (daisy_cookie_kind(cookie)) {
#define KIND_NAME(id, name, number) case FLOW_##id: return name;
	DAISY_FLOW_KINDS(KIND_NAME)
#undef KIND_NAME
	}
	return "unknown";
}
