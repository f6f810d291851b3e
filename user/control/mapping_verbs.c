/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mapping show, count, delete: one walk over the port vectors, a piece at a
 * time, with a function for each mapping that passes the filter. Packets change
 * records meanwhile: one that does not look the same before and after it was
 * read is read again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/verbs.h"
#include "daemon/tables.h"
#include "lib/clock.h"
#include "lib/error.h"
#include "nat/mapping.h"

/* Records looked at before the loop gets its turn: some 100 us. */
#define PIECE 16384

/* Mappings shown or ended before that. */
#define PIECE_FOUND 256

struct found {
	uint16_t slot;
	uint16_t port;
	enum daisy_proto proto;
	struct daisy_tcp_mapping record;	/* of others than TCP only the first half */
};

struct walk {
	int proto;		/* -1: all */
	int zone;		/* -1: all */
	int kind;		/* enum daisy_mapping_kind; -1: all */
	struct daisy_endpoint_filter inside;
	struct daisy_endpoint_filter external;
	uint32_t left;		/* of the limit */
	void (*fn)(struct daisy_request *request, struct walk *walk, const struct found *found);
	void (*end)(struct daisy_request *request, struct walk *walk);

	/* where the walk is */
	uint32_t slot;
	uint32_t last_slot;
	int at_proto;
	uint32_t port;

	/* results */
	uint64_t count[DAISY_N_PROTOS];
	struct daisy_sweep_header header;
	struct daisy_sweep_item items[DAISY_BATCH_ITEMS];
	int err;
};

static const char *const proto_names[DAISY_N_PROTOS] = { "udp", "tcp", "icmp" };

static bool passes(const struct walk *walk, const struct daisy_mapping *m)
{
	uint32_t addr;

	memcpy(&addr, m->inside.addr, sizeof(addr));
	return (walk->kind < 0 || walk->kind == !!(m->flags & MAPPING_STATIC)) &&
	       (walk->zone < 0 || m->inside.zone == walk->zone) &&
	       (!walk->inside.set || (ntohl(addr) == walk->inside.addr &&
				      (walk->inside.port < 0 ||
				       m->inside.port == walk->inside.port)));
}

/* Look at one port. Returns 1 if it was found. */
static uint32_t look(struct daisy_request *request, struct walk *walk, const char *vector,
		     size_t stride)
{
	const char *at = vector + stride * walk->port;
	struct found found = { .slot = (uint16_t)walk->slot, .port = (uint16_t)walk->port,
			       .proto = walk->at_proto };
	uint64_t word = __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);

	if (word >> DAISY_STATE_SHIFT != MAPPING_ACTIVE ||
	    !daisy_mapping_read(at, stride, &found.record) || !passes(walk, &found.record.m))
		return 0;
	walk->left--;
	walk->fn(request, walk, &found);
	return 1;
}

/* Some ports of one vector. Returns whether the vector is done. */
static bool walk_vector(struct daisy_request *request, struct walk *walk)
{
	struct daisy_instance *inst = request->daemon->inst;
	uint32_t end = walk->external.port < 0 ? DAISY_VECTOR_SIZE :
		(uint32_t)walk->external.port + 1;
	uint32_t looked = 0, found = 0;
	size_t stride;
	const char *vector;

	if (walk->proto >= 0 && walk->at_proto != walk->proto)
		return true;
	vector = daisy_instance_vector(inst, walk->slot, walk->at_proto, &stride);
	if (!vector || daisy_instance_slots(inst)[walk->slot].state == SLOT_EMPTY)
		return true;
	if (walk->external.port >= 0)
		walk->port = (uint32_t)walk->external.port;
	for (; walk->port < end && walk->left; walk->port++) {
		if (looked++ == PIECE || found == PIECE_FOUND)
			return false;
		found += look(request, walk, vector, stride);
	}
	return true;
}

static int step(struct daisy_request *request)
{
	struct walk *walk = request->job;

	while (walk->slot <= walk->last_slot && walk->left) {
		bool idle = daisy_instance_slots(request->daemon->inst)[walk->slot].state ==
			SLOT_EMPTY;

		if (!idle && !walk_vector(request, walk))
			return ANSWER_MORE;
		walk->port = 0;
		if (idle || ++walk->at_proto == DAISY_N_PROTOS) {
			walk->at_proto = 0;
			walk->slot++;
		}
		if (!idle)
			return ANSWER_MORE;
	}
	if (walk->end)
		walk->end(request, walk);
	return walk->err;
}

static void finish(struct daisy_request *request)
{
	free(request->job);
}

static int start(struct daisy_request *request, uint32_t limit,
		 void (*fn)(struct daisy_request *, struct walk *, const struct found *),
		 void (*end)(struct daisy_request *, struct walk *))
{
	struct walk *walk = calloc(1, sizeof(*walk));
	int err, slot;

	request->job = walk;
	request->finish = finish;
	request->step = step;
	if (!walk) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	walk->fn = fn;
	walk->end = end;
	walk->left = limit;
	walk->last_slot = daisy_instance_max_slots(request->daemon->inst) - 1;
	err = daisy_arg_proto(request, "proto", &walk->proto);
	if (!err)
		err = daisy_arg_zone(request, "zone", &walk->zone);
	if (!err)
		err = daisy_arg_kind(request, "kind", &walk->kind);
	if (!err)
		err = daisy_arg_endpoint(request, "inside", &walk->inside);
	if (!err)
		err = daisy_arg_endpoint(request, "external", &walk->external);
	if (err || !walk->external.set)
		return err ? err : ANSWER_MORE;
	slot = daisy_tables_slot(request->daemon, walk->external.addr);
	/* No address of ours: nothing is to be found, which is no error. */
	walk->slot = slot < 0 ? walk->last_slot + 1 : (uint32_t)slot;
	walk->last_slot = slot < 0 ? walk->last_slot : (uint32_t)slot;
	return ANSWER_MORE;
}

static json_t *connections_json(const struct found *found, uint32_t now)
{
	static const char *const states[] = {
		[CONN_OPENING] = "opening", [CONN_ESTABLISHED] = "established",
		[CONN_CLOSING] = "closing", [CONN_RESET] = "reset",
	};
	json_t *list = json_array();

	for (int i = 0; i < DAISY_INLINE_CONNS; i++) {
		const struct daisy_conn *conn = &found->record.conn[i];

		if (conn->ctl.state < CONN_OPENING || conn->ctl.state > CONN_RESET)
			continue;
		json_array_append_new(list, json_pack("{s:o,s:s,s:i,s:b}", "remote",
			daisy_json_endpoint(conn->remote.addr, conn->remote.port),
			"state", states[conn->ctl.state], "idle_s",
			(int)daisy_age_s(now, (uint32_t)conn->ctl.seen), "answered",
			(conn->ctl.flags & CONN_ANSWERED) != 0));
	}
	return list;
}

static void add_tcp(json_t *item, const struct found *found, uint32_t now)
{
	uint32_t conns = found->record.conns;

	json_object_set_new(item, "connections", connections_json(found, now));
	json_object_set_new(item, "more_connections",
			    json_integer((conns & 0xffff) + (conns >> 16)));
	json_object_set_new(item, "untracked",
			    json_boolean(found->record.m.flags & MAPPING_UNTRACKED));
}

static const char *link_name(struct daisy_daemon *d, uint16_t number)
{
	return number < DAISY_MAX_LINKS && d->devices.link[number].used ?
		d->devices.link[number].config.device : "";
}

static void show_one(struct daisy_request *request, struct walk *walk, const struct found *found)
{
	struct daisy_daemon *d = request->daemon;
	const struct daisy_mapping *m = &found->record.m;
	uint32_t now = daisy_instance_tick(d->inst), left;
	json_t *item = json_object();

	left = daisy_mapping_expires_in(daisy_instance_conf(d->inst), found->proto, &found->record,
					now);
	json_object_set_new(item, "kind", json_string(m->flags & MAPPING_STATIC ? "static" : "dynamic"));
	json_object_set_new(item, "proto", json_string(proto_names[found->proto]));
	json_object_set_new(item, "inside", daisy_json_endpoint(m->inside.addr, m->inside.port));
	json_object_set_new(item, "zone", json_integer(m->inside.zone));
	json_object_set_new(item, "external", daisy_json_endpoint(
		daisy_instance_slots(d->inst)[found->slot].addr, found->port));
	json_object_set_new(item, "age_s", json_integer(daisy_age_s(now, m->created)));
	json_object_set_new(item, "idle_s",
			    json_integer(daisy_age_s(now, (uint32_t)m->ctl.seen)));
	json_object_set_new(item, "expires_s", left == DAISY_EXPIRES_NEVER ? json_null() :
			    json_integer(daisy_seconds_from_ticks(left)));
	json_object_set_new(item, "link", daisy_json_text(link_name(d, m->link)));
	if (found->proto == DAISY_TCP)
		add_tcp(item, found, now);
	daisy_reply_item(request, item);
}

int daisy_mapping_show(struct daisy_request *request)
{
	return start(request, daisy_arg_number(request, "limit", UINT32_MAX), show_one, NULL);
}

static void count_one(struct daisy_request *request, struct walk *walk, const struct found *found)
{
	walk->count[found->proto]++;
}

static void end_count(struct daisy_request *request, struct walk *walk)
{
	json_t *item = json_object();
	uint64_t all = 0;

	for (int i = 0; i < DAISY_N_PROTOS; i++)
		all += walk->count[i];
	json_object_set_new(item, "count", json_integer((json_int_t)all));
	for (int i = 0; i < DAISY_N_PROTOS; i++)
		json_object_set_new(item, proto_names[i],
				    json_integer((json_int_t)walk->count[i]));
	daisy_reply_item(request, item);
}

int daisy_mapping_count(struct daisy_request *request)
{
	return start(request, UINT32_MAX, count_one, end_count);
}

/* Send a batch to the one program that ends mappings. */
static void end_batch(struct daisy_request *request, struct walk *walk)
{
	int err = walk->header.n ?
		daisy_instance_sweep_batch(request->daemon->inst, &walk->header, walk->items) : 0;

	walk->err = walk->err ? walk->err : err;
	walk->count[0] += err ? 0 : walk->header.expired;
	memset(&walk->header, 0, sizeof(walk->header));
}

static void end_one(struct daisy_request *request, struct walk *walk, const struct found *found)
{
	walk->items[walk->header.n++] = (struct daisy_sweep_item){
		.slot = found->slot, .port = found->port, .proto = (uint8_t)found->proto,
		.force = DAISY_FORCE,
	};
	if (walk->header.n == DAISY_BATCH_ITEMS)
		end_batch(request, walk);
}

static void end_last(struct daisy_request *request, struct walk *walk)
{
	end_batch(request, walk);
	if (!walk->err)
		daisy_reply_item(request, json_pack("{s:I}", "deleted",
						    (json_int_t)walk->count[0]));
}

/*
 * Mappings are ended here; forwards are taken out of the configuration, and only if
 * they are meant: by their kind, or by the external port.
 */
int daisy_mapping_end(struct daisy_request *request)
{
	static const char *const filters[] = { "proto", "inside", "external", "zone", "kind" };
	bool any = daisy_arg_bool(request, "all");
	uint64_t n_forwards = 0;
	struct walk *walk;
	int err;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		any |= daisy_arg_has(request, filters[i]);
	if (!any) {
		daisy_error_set("nothing says which mappings, expected proto, inside, external, zone, "
				"kind, or all: true");
		return daisy_refuse(request);
	}
	err = start(request, UINT32_MAX, end_one, end_last);
	walk = request->job;
	if (err < 0)
		return err;
	if (walk->kind == MAPPING_KIND_STATIC || (walk->kind < 0 && walk->external.port >= 0)) {
		const struct daisy_forward_filter filter = {
			.proto = walk->proto, .zone = walk->zone, .inside = walk->inside,
			.external = walk->external,
		};

		err = daisy_forwards_delete(request, &filter, &n_forwards);
		if (err)
			return err;
	}
	walk->count[0] = n_forwards;
	/* Whoever asked for forwards only has them; the others are the dynamic ones. */
	walk->left = walk->kind == MAPPING_KIND_STATIC ? 0 : UINT32_MAX;
	walk->kind = MAPPING_KIND_DYNAMIC;
	return ANSWER_MORE;
}
