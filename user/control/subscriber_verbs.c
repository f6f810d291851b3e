/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subscriber show */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/verbs.h"
#include "lib/error.h"

#define BATCH 256

struct listing {
	struct daisy_endpoint_filter address;
	struct daisy_endpoint_filter external;
	int zone;
	uint32_t left;		/* of the limit */
	bool begun;
	uint32_t cursor;	/* of the kernel's walk */
	struct daisy_subscriber_key key[BATCH];
	struct daisy_subscriber value[BATCH];
};

/* NULL: its address was taken away, the next packet pairs it anew. */
static const uint8_t *external_of(struct daisy_daemon *d, const struct daisy_subscriber *value)
{
	const struct daisy_slot *slots = daisy_instance_slots(d->inst);
	uint32_t slot = value->ctl.slot;

	return slot < daisy_instance_max_slots(d->inst) && slots[slot].state != SLOT_EMPTY ?
		slots[slot].addr : NULL;
}

static bool equals(const struct daisy_endpoint_filter *filter, const uint8_t *addr)
{
	uint32_t n = 0;

	if (addr)
		memcpy(&n, addr, sizeof(n));
	return !filter->set || (addr && ntohl(n) == filter->addr);
}

/* Its port blocks at the address it is paired with. A range may be one of long ago: the block's word says. */
static json_t *blocks_json(struct daisy_daemon *d, const struct daisy_subscriber_key *key,
			   const struct daisy_subscriber *value)
{
	const struct daisy_block_map *map = daisy_instance_block_map(d->inst, value->ctl.slot);
	json_t *list = json_array();
	uint32_t addr;

	memcpy(&addr, key->addr, sizeof(addr));
	for (int i = 0; i < DAISY_SUB_BLOCKS; i++) {
		uint32_t first = value->range[i] & 0xffff, last = value->range[i] >> 16;
		union daisy_block block = map->block[first / DAISY_BLOCK_LEAF_PORTS];

		if (last && block.order && block.addr == addr && block.zone == key->zone)
			json_array_append_new(list, json_sprintf("%u-%u", first, last));
	}
	return list;
}

/* Of the pool of its address; empty if there is none. */
static json_t *limits_of(struct daisy_daemon *d, const struct daisy_subscriber *value)
{
	uint8_t number = daisy_instance_slots(d->inst)[value->ctl.slot].pool;
	const struct daisy_config_pool *pool = daisy_config_pool_find(d->config, d->pool_name[number]);

	return pool ? daisy_limits_json(&pool->limits) : json_object();
}

static void show_one(struct daisy_request *request, struct listing *listing, uint32_t i)
{
	struct daisy_daemon *d = request->daemon;
	const struct daisy_subscriber_key *key = &listing->key[i];
	const struct daisy_subscriber *value = &listing->value[i];
	const uint8_t *external = external_of(d, value);
	json_t *item;

	if (value->ctl.state != SUBSCRIBER_LIVE || !listing->left ||
	    (listing->zone >= 0 && key->zone != listing->zone) ||
	    !equals(&listing->address, key->addr) || !equals(&listing->external, external))
		return;
	listing->left--;
	item = json_object();
	json_object_set_new(item, "address", daisy_json_address(key->addr));
	json_object_set_new(item, "zone", json_integer(key->zone));
	json_object_set_new(item, "external",
			    external ? daisy_json_address(external) : json_null());
	json_object_set_new(item, "mappings", json_integer(daisy_subscriber_mappings(value->ctl.word)));
	json_object_set_new(item, "udp", json_integer(value->ctl.udp));
	json_object_set_new(item, "tcp", json_integer(value->ctl.tcp));
	json_object_set_new(item, "icmp", json_integer(value->ctl.icmp));
	json_object_set_new(item, "forwards", json_integer(value->forwards));
	json_object_set_new(item, "limits", external ? limits_of(d, value) : json_object());
	json_object_set_new(item, "blocks", external ? blocks_json(d, key, value) : json_array());
	json_object_set_new(item, "idle_s",
			    json_integer(daisy_age_s(daisy_instance_tick(d->inst),
						     value->last_change)));
	daisy_reply_item(request, item);
}

static int step(struct daisy_request *request)
{
	struct listing *listing = request->job;
	uint32_t n = BATCH, next;
	int fd = daisy_instance_map_fd(request->daemon->inst, "subscribers");
	bool end = bpf_map_lookup_batch(fd, listing->begun ? &listing->cursor : NULL, &next,
					listing->key, listing->value, &n, NULL);

	/* ENOENT comes with the last ones. ENOSPC: a bucket of the hash holds more than fit. */
	if (end && errno != ENOENT) {
		daisy_error_set("cannot list the subscribers: %s", strerror(errno));
		return -errno;
	}
	listing->begun = true;
	listing->cursor = next;
	for (uint32_t i = 0; i < n; i++)
		show_one(request, listing, i);
	return end || !listing->left ? ANSWER_DONE : ANSWER_MORE;
}

static void finish(struct daisy_request *request)
{
	free(request->job);
}

int daisy_subscriber_show(struct daisy_request *request)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	int err;

	request->job = listing;
	request->finish = finish;
	request->step = step;
	if (!listing) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	listing->left = daisy_arg_number(request, "limit", UINT32_MAX);
	err = daisy_arg_address(request, "address", &listing->address);
	if (!err)
		err = daisy_arg_address(request, "external", &listing->external);
	if (!err)
		err = daisy_arg_zone(request, "zone", &listing->zone);
	return err ? err : ANSWER_MORE;
}
