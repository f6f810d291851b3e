/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/grace.h"
#include "nat/forward.h"
#include "nat/internal.h"
#include "nat/mapping.h"
#include "nat/sweep.h"
#include "shared/reasons.h"

/*
 * A creator claims a port's bit and then writes the record, a sweep frees the record
 * and then gives the bit back: what lies between is over after a grace period.
 */
#define ATTEMPTS 3

/* One batch, on its way. */
struct making {
	struct daisy_instance *inst;
	const struct daisy_forward *list;
	size_t n;
	struct daisy_forward_item item[DAISY_FORWARD_BATCH_ITEMS];
};

static struct daisy_mapping *record_of(struct daisy_instance *inst, const struct daisy_forward *forward)
{
	size_t stride;
	void *vector = daisy_instance_vector(inst, forward->slot, forward->proto, &stride);

	return vector ? daisy_record(vector, stride, forward->port) : NULL;
}

static bool is_forward(const struct daisy_mapping *m)
{
	return daisy_load_word(&m->ctl) >> DAISY_STATE_SHIFT == MAPPING_ACTIVE &&
	       m->flags & MAPPING_STATIC;
}

/* "tcp 203.0.113.10:443" */
static const char *name_of(const struct daisy_instance *inst, const struct daisy_forward *forward,
			   char text[64])
{
	snprintf(text, 64, "%s %s:%u", daisy_proto_name(forward->proto),
		 inet_ntoa(daisy_slot_address(inst, forward->slot)), forward->port);
	return text;
}

static int refuse_port(struct daisy_instance *inst, const struct daisy_forward *forward)
{
	const struct daisy_mapping *m = record_of(inst, forward);
	char text[64], inside[INET_ADDRSTRLEN] = "another host";
	union daisy_endpoint holder = { .word = m ? m->inside.word : 0 };

	if (m)
		inet_ntop(AF_INET, holder.addr, inside, sizeof(inside));
	daisy_error_set("forward %s: a mapping of %s:%u has this port, expected another port, or none "
			"there (mapping delete)", name_of(inst, forward, text), inside, holder.port);
	return -EEXIST;
}

static int refuse(struct daisy_instance *inst, const struct daisy_forward *forward, uint32_t reason)
{
	char text[64], inside[INET_ADDRSTRLEN];

	name_of(inst, forward, text);
	inet_ntop(AF_INET, forward->inside.addr, inside, sizeof(inside));
	switch (reason) {
	case REASON_NO_PORT:
		return refuse_port(inst, forward);
	case REASON_CREATE_RACE:
		daisy_error_set("forward %s: %s:%u has a mapping already, expected another inside port, or "
				"none there (mapping delete)", text, inside, forward->inside.port);
		return -EEXIST;
	case REASON_NO_SUBSCRIBER:
		daisy_error_set("forward %s: no room for subscriber %s, expected larger limits.subscribers",
				text, inside);
		return -ENOSPC;
	case REASON_INDEX_FULL:
		daisy_error_set("forward %s: the index is full, expected larger limits.mappings", text);
		return -ENOSPC;
	default:
		daisy_error_set("forward %s: no such address", text);
		return -ENOENT;
	}
}

/* To another inside link. First the record, then the word: as mapping_follow() in bpf/lib/create.h. */
static void move(struct daisy_instance *inst, const struct daisy_forward *forward, struct daisy_mapping *m)
{
	union daisy_inbound *at = daisy_instance_inbound(inst, forward->slot) + forward->port;
	union daisy_inbound from, to;

	__atomic_exchange_n(&m->link, forward->link, __ATOMIC_SEQ_CST);
	from.word = __atomic_load_n(&at->word, __ATOMIC_RELAXED);
	to = from;
	to.link = (uint8_t)forward->link;
	if (forward->proto == DAISY_UDP && from.live)
		__atomic_compare_exchange_n(&at->word, &from.word, to.word, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
}

/* What is there already: 1, what is not: 0. */
static int look(struct daisy_instance *inst, const struct daisy_forward *forward)
{
	struct daisy_mapping *m = record_of(inst, forward);
	char text[64];

	if (!m)
		return refuse(inst, forward, REASON_NO_VECTOR);
	if (is_forward(m) && m->inside.word == forward->inside.word) {
		/* Nobody else writes the flags of a forward (bpf/lib/conn.h). */
		m->flags = MAPPING_STATIC;
		if (m->link != forward->link)
			move(inst, forward, m);
		return 1;
	}
	if (daisy_load_word(&m->ctl) >> DAISY_STATE_SHIFT == MAPPING_ACTIVE)
		return refuse_port(inst, forward);
	if (inst->slots[forward->slot].state != SLOT_DRAINING)
		return 0;
	daisy_error_set("forward %s: its address is draining, expected an active one",
			name_of(inst, forward, text));
	return -EBUSY;
}

/* The next forwards that are to be made: *n_there were there before them. */
static int collect(struct making *making, size_t *n_there)
{
	int there = 1;

	for (*n_there = 0; *n_there < making->n; ++*n_there) {
		there = look(making->inst, &making->list[*n_there]);
		if (there <= 0)
			break;
	}
	if (there < 0)
		return there;
	making->list += *n_there;
	making->n -= *n_there;
	if (making->n > DAISY_FORWARD_BATCH_ITEMS)
		making->n = DAISY_FORWARD_BATCH_ITEMS;
	for (size_t i = 0; i < making->n; i++) {
		const struct daisy_forward *forward = &making->list[i];
		const struct daisy_mapping *m = record_of(making->inst, forward);

		if (!m || look(making->inst, forward)) {
			making->n = i;	/* the next batch sees to it */
			break;
		}
		making->item[i] = (struct daisy_forward_item){
			.inside = forward->inside, .ctl.word = daisy_load_word(&m->ctl),
			.slot = (uint16_t)forward->slot, .port = forward->port, .link = forward->link,
			.proto = (uint8_t)forward->proto,
		};
	}
	return 0;
}

/* After a grace period the records that look the same have no reader. *n_made of the batch are made. */
static int submit(struct making *making, size_t *n_made, uint32_t *reason)
{
	struct daisy_sweep_header header = { .n = (uint16_t)making->n };
	int err = daisy_grace_wait();

	if (!err)
		err = daisy_instance_sweep_forwards_batch(making->inst, &header, making->item);
	*n_made = err ? 0 : header.expired;
	*reason = err ? 0 : header.freed;
	return err;
}

int daisy_instance_forwards_add(struct daisy_instance *inst, const struct daisy_forward *list, size_t n,
				size_t *n_made)
{
	int attempts = 0, err = 0;

	*n_made = 0;
	while (!err && *n_made < n) {
		struct making making = { .inst = inst, .list = list + *n_made, .n = n - *n_made };
		uint32_t reason = 0;
		size_t k;

		err = collect(&making, &k);
		*n_made += k;
		if (err || !making.n)
			continue;
		err = submit(&making, &k, &reason);
		*n_made += k;
		attempts = k ? 0 : attempts + 1;
		if (reason && (reason != REASON_NO_PORT || attempts == ATTEMPTS))
			err = refuse(inst, &list[*n_made], reason);
	}
	return err;
}

int daisy_instance_forward_del(struct daisy_instance *inst, const struct daisy_forward *forward)
{
	const struct daisy_mapping *m = record_of(inst, forward);
	int err;

	if (!m || !is_forward(m))
		return 0;
	err = daisy_mapping_force(inst, forward->slot, forward->port, forward->proto,
				  DAISY_FORCE_STATIC);
	return err == -ENOENT ? 0 : err;
}

static int append(struct daisy_forward **list, size_t *n, const struct daisy_forward *forward)
{
	struct daisy_forward *larger = *list;

	/* Grows by doubling. */
	if (!(*n & (*n - 1)))
		larger = realloc(*list, (*n ? 2 * *n : 1) * sizeof(*larger));
	if (!larger) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	*list = larger;
	larger[(*n)++] = *forward;
	return 0;
}

static int list_vector(struct daisy_instance *inst, uint32_t slot, enum daisy_proto proto,
		       struct daisy_forward **list, size_t *n)
{
	size_t stride;
	void *vector = daisy_instance_vector(inst, slot, proto, &stride);
	int err = 0;

	for (uint32_t port = 1; vector && port < DAISY_VECTOR_SIZE && !err; port++) {
		const struct daisy_mapping *m = daisy_record(vector, stride, port);
		struct daisy_forward forward = { .slot = slot, .proto = proto, .port = (uint16_t)port };

		if (!is_forward(m))
			continue;
		forward.inside = m->inside;
		err = append(list, n, &forward);
	}
	return err;
}

int daisy_instance_forwards_list(struct daisy_instance *inst, struct daisy_forward **list, size_t *n)
{
	int err = 0;

	*list = NULL;
	*n = 0;
	for (uint32_t slot = 0; slot < inst->sizes.slots && !err; slot++)
		for (int proto = 0; proto < DAISY_N_PROTOS && !err; proto++)
			err = list_vector(inst, slot, (enum daisy_proto)proto, list, n);
	if (err)
		free(*list);
	return err;
}
