/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read mappings from the vectors; see state.h. */
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib-c/blocks.h"
#include "state.h"

#define MAX_LINES 512
#define LINE 1024

static const char *const proto_names[] = { "udp", "tcp", "icmp" };
static const char *const state_names[] = { "free", "new", "aborted", "active", "hold", "rolled-back" };
static const char *const conn_names[] = { "free", "claimed", "opening", "established", "closing", "reset" };

enum daisy_proto state_proto(uint8_t ip_proto)
{
	return ip_proto == IPPROTO_UDP ? DAISY_UDP : ip_proto == IPPROTO_TCP ? DAISY_TCP : DAISY_ICMP;
}

struct daisy_mapping *state_record(struct bed *bed, const struct place *at)
{
	size_t stride;
	char *records = daisy_instance_vector(bed->inst, at->slot, at->proto, &stride);

	return (void *)(records + at->port * stride);
}

uint32_t state_addr(struct bed *bed, uint32_t slot)
{
	const uint8_t *a = daisy_instance_slots(bed->inst)[slot].addr;

	return ADDR(a[0], a[1], a[2], a[3]);
}

static uint64_t endpoint_word(const struct end *e)
{
	union daisy_endpoint w = {
		.addr = { e->addr >> 24, e->addr >> 16, e->addr >> 8, e->addr },
		.port = e->port, .zone = e->zone,
	};

	return w.word;
}

bool state_holds(struct bed *bed, const struct place *at, const struct end *inside)
{
	const struct daisy_mapping *m = state_record(bed, at);

	return m->ctl.state == MAPPING_ACTIVE && m->inside.word == endpoint_word(inside);
}

/* A pool whose port map is as it was at the start has no mapping. */
static bool is_untouched(struct bed *bed, uint32_t slot, enum daisy_proto proto)
{
	return !bed->any_port &&
	       !memcmp(daisy_instance_port_map(bed->inst, slot, proto),
		       &bed->port_maps[slot * DAISY_N_PROTOS + proto], sizeof(struct daisy_port_map));
}

unsigned int state_find(struct bed *bed, enum daisy_proto proto, const struct end *inside,
			struct place *at)
{
	uint64_t word = endpoint_word(inside);
	unsigned int n = 0, port;
	uint32_t slot;

	for (slot = 0; slot < BED_N_SLOTS; slot++) {
		size_t stride;
		const char *records = daisy_instance_vector(bed->inst, slot, proto, &stride);

		if (is_untouched(bed, slot, proto))
			continue;
		for (port = 0; port < DAISY_VECTOR_SIZE; port++) {
			const struct daisy_mapping *m = (const void *)(records + port * stride);

			if (m->ctl.state != MAPPING_ACTIVE || m->inside.word != word)
				continue;
			*at = (struct place){ slot, port, proto };
			n++;
		}
	}
	return n;
}

static size_t print_end(char *text, size_t room, const uint8_t *addr, uint16_t port)
{
	return snprintf(text, room, "%u.%u.%u.%u:%u", addr[0], addr[1], addr[2], addr[3], port);
}

static size_t print_conn(char *text, size_t room, const uint8_t *addr, uint16_t port, unsigned int state)
{
	size_t n = snprintf(text, room, " [");

	n += print_end(text + n, room - n, addr, port);
	return n + snprintf(text + n, room - n, " %s]", conn_names[state]);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct daisy_conn_key));
}

/* Connections of a mapping in the table, in the order of their remote end. */
static size_t print_table_conns(struct bed *bed, const struct place *at, char *text, size_t room)
{
	int fd = daisy_instance_map_fd(bed->inst, "conns");
	struct daisy_conn_key keys[MAX_LINES], *last = NULL;
	union daisy_conn_control ctl;
	unsigned int n = 0, i;
	size_t len = 0;

	while (n < MAX_LINES && !bpf_map_get_next_key(fd, last, &keys[n])) {
		last = &keys[n];
		n++;
	}
	qsort(keys, n, sizeof(keys[0]), by_key);
	for (i = 0; i < n && len + 64 < room; i++) {
		const struct daisy_conn_key *k = &keys[i];

		if (k->slot == at->slot && k->ext_port == at->port && !bpf_map_lookup_elem(fd, k, &ctl))
			len += print_conn(text + len, room - len, k->remote_addr, k->remote_port, ctl.state);
	}
	return len;
}

static void print_mapping(struct bed *bed, const struct place *at, char *text)
{
	const struct daisy_mapping *m = state_record(bed, at);
	const struct daisy_tcp_mapping *t = (const void *)m;
	size_t n = snprintf(text, LINE, "%s ", proto_names[at->proto]);
	unsigned int i;

	if (m->ctl.state != MAPPING_ACTIVE) {
		snprintf(text + n, LINE - n, "%s", state_names[m->ctl.state]);
		return;
	}
	n += snprintf(text + n, LINE - n, "%u/", m->inside.zone);
	n += print_end(text + n, LINE - n, m->inside.addr, m->inside.port);
	if (at->proto != DAISY_TCP)
		return;
	for (i = 0; i < DAISY_INLINE_CONNS; i++)
		if (t->conn[i].ctl.state != CONN_FREE)
			n += print_conn(text + n, LINE - n, t->conn[i].remote.addr,
					t->conn[i].remote.port, t->conn[i].ctl.state);
	print_table_conns(bed, at, text + n, LINE - n);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

const char *state_dump(struct bed *bed)
{
	static char lines[MAX_LINES][LINE], text[MAX_LINES * LINE];
	unsigned int i, n = 0, port;

	for (i = 0; i < BED_N_SLOTS * DAISY_N_PROTOS; i++) {
		struct place at = { .slot = i / DAISY_N_PROTOS, .proto = i % DAISY_N_PROTOS };

		if (is_untouched(bed, at.slot, at.proto))
			continue;
		for (port = 0; port < DAISY_VECTOR_SIZE && n < MAX_LINES; port++) {
			at.port = port;
			if (state_record(bed, &at)->ctl.state != MAPPING_FREE)
				print_mapping(bed, &at, lines[n++]);
		}
	}
	qsort(lines, n, LINE, by_text);
	text[0] = '\0';
	for (i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%s", i ? "; " : "", lines[i]);
	return text;
}

/* Free bits and free records must be the same ports, and n_free their number. */
static const char *ports_contradiction(struct bed *bed, uint32_t slot, enum daisy_proto proto)
{
	static char text[200];
	const struct daisy_port_map *now = daisy_instance_port_map(bed->inst, slot, proto);
	const struct daisy_port_map *start = &bed->port_maps[slot * DAISY_N_PROTOS + proto];
	struct place at = { slot, 0, proto };
	int taken = 0;
	unsigned int port;

	for (port = 0; port < DAISY_VECTOR_SIZE; port++) {
		uint64_t bit = 1ULL << (port % 64);
		bool was_free = start->leaf[port / 64] & bit, is_free = now->leaf[port / 64] & bit;
		bool used;

		at.port = port;
		used = state_record(bed, &at)->ctl.state != MAPPING_FREE &&
		       (was_free || !(state_record(bed, &at)->flags & MAPPING_STATIC));
		taken += used;
		if (is_free != (was_free && !used) || (used && !was_free)) {
			snprintf(text, sizeof(text), "%s port %u of slot %u is %s, its record is %s",
				 proto_names[proto], port, slot, is_free ? "free" : "taken",
				 used ? "in use" : "free");
			return text;
		}
	}
	if (start->n_free - taken == now->n_free)
		return NULL;
	snprintf(text, sizeof(text), "%s: n_free of slot %u is %d, not %d", proto_names[proto], slot,
		 now->n_free, start->n_free - taken);
	return text;
}

static unsigned int count_active(struct bed *bed)
{
	unsigned int i, port, n = 0;

	for (i = 0; i < BED_N_SLOTS * DAISY_N_PROTOS; i++) {
		struct place at = { .slot = i / DAISY_N_PROTOS, .proto = i % DAISY_N_PROTOS };

		if (is_untouched(bed, at.slot, at.proto))
			continue;
		for (port = 0; port < DAISY_VECTOR_SIZE; port++) {
			at.port = port;
			n += state_record(bed, &at)->ctl.state == MAPPING_ACTIVE;
		}
	}
	return n;
}

static unsigned int count_index(struct bed *bed)
{
	unsigned int bucket, e, n = 0;

	for (bucket = 0; bucket < bed->conf.index_lines; bucket++)
		for (e = 0; e < DAISY_BUCKET_ENTRIES; e++)
			n += bed->index[bucket].entry[e].ref.word != 0;
	return n;
}

static unsigned int count_overflow(struct bed *bed)
{
	int fd = daisy_instance_map_fd(bed->inst, "index_overflow");
	union daisy_index_key key, *at = NULL;
	unsigned int n = 0;

	while (!bpf_map_get_next_key(fd, at, &key)) {
		at = &key;
		n++;
	}
	return n;
}

static unsigned int count_subscribers(struct bed *bed)
{
	int fd = daisy_instance_map_fd(bed->inst, "subscribers");
	struct daisy_subscriber_key key, *at = NULL;
	struct daisy_subscriber s;
	unsigned int n = 0;

	while (!bpf_map_get_next_key(fd, at, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &s))
			n += daisy_subscriber_mappings(s.ctl.word) + s.forwards;
		at = &key;
	}
	return n;
}

/* A TCP mapping counts its connections in the table: those the inside answered, and strangers'. */
static const char *conns_contradiction(struct bed *bed, const struct place *at)
{
	static char text[200];
	const struct daisy_tcp_mapping *t = (const void *)state_record(bed, at);
	int fd = daisy_instance_map_fd(bed->inst, "conns");
	struct daisy_conn_key key, *last = NULL;
	union daisy_conn_control ctl;
	uint32_t conns = 0;

	while (!bpf_map_get_next_key(fd, last, &key)) {
		last = &key;
		if (key.slot == at->slot && key.ext_port == at->port && key.generation == t->m.ctl.generation &&
		    !bpf_map_lookup_elem(fd, &key, &ctl))
			conns += ctl.flags & CONN_ANSWERED ? 1 : 0x10000;
	}
	if (conns == t->conns)
		return NULL;
	snprintf(text, sizeof(text), "a mapping counts %08x connections in the table, there are %08x", t->conns,
		 conns);
	return text;
}

static union daisy_inbound inbound_of(const struct daisy_mapping *m)
{
	union daisy_inbound in = { .port = m->inside.port, .link = (uint8_t)m->link, .live = 1 };

	memcpy(in.addr, m->inside.addr, sizeof(in.addr));
	return in;
}

void state_warm_inbound(struct bed *bed, const struct place *at)
{
	const struct daisy_mapping *m = state_record(bed, at);

	if (bed->warm && at->proto == DAISY_UDP && m->ctl.state == MAPPING_ACTIVE)
		daisy_instance_inbound(bed->inst, at->slot)[at->port] = inbound_of(m);
}

/* The inbound word of a UDP port is what its record says, or 0: of one that is not live always. */
static const char *inbound_contradiction(struct bed *bed, uint32_t slot)
{
	static char text[200];
	const union daisy_inbound *words = daisy_instance_inbound(bed->inst, slot);
	struct place at = { slot, 0, DAISY_UDP };

	for (uint32_t port = 0; port < DAISY_VECTOR_SIZE; port++) {
		const struct daisy_mapping *m;
		union daisy_inbound want = { 0 };

		at.port = port;
		m = state_record(bed, &at);
		if (m->ctl.state == MAPPING_ACTIVE)
			want = inbound_of(m);
		if (!words[port].word || words[port].word == want.word)
			continue;
		snprintf(text, sizeof(text), "inbound word of port %u, slot %u: %016llx, not %016llx", port,
			 slot, (unsigned long long)words[port].word, (unsigned long long)want.word);
		return text;
	}
	return NULL;
}

static const char *all_conns_contradiction(struct bed *bed)
{
	struct place at = { .proto = DAISY_TCP };
	const char *wrong = NULL;

	for (at.slot = 0; at.slot < BED_N_SLOTS && !wrong; at.slot++) {
		unsigned int port;

		if (is_untouched(bed, at.slot, DAISY_TCP))
			continue;
		for (port = 0; port < DAISY_VECTOR_SIZE && !wrong; port++) {
			at.port = port;
			if (state_record(bed, &at)->ctl.state == MAPPING_ACTIVE)
				wrong = conns_contradiction(bed, &at);
		}
	}
	return wrong;
}

const char *state_contradiction(struct bed *bed)
{
	static char text[200];
	unsigned int i, active, indexed, overflow, counted;
	const char *wrong = NULL;

	for (i = 0; i < BED_N_SLOTS * DAISY_N_PROTOS; i++) {
		if (!is_untouched(bed, i / DAISY_N_PROTOS, i % DAISY_N_PROTOS))
			wrong = ports_contradiction(bed, i / DAISY_N_PROTOS, i % DAISY_N_PROTOS);
		if (wrong)
			return wrong;
	}
	for (i = 0; i < BED_N_SLOTS && !wrong; i++)
		wrong = blocks_contradiction(bed->inst, i);
	for (i = 0; i < BED_N_SLOTS && !wrong; i++)
		if (!is_untouched(bed, i, DAISY_UDP))
			wrong = inbound_contradiction(bed, i);
	if (!wrong)
		wrong = all_conns_contradiction(bed);
	if (wrong)
		return wrong;
	active = count_active(bed);
	indexed = count_index(bed);
	overflow = count_overflow(bed);
	counted = count_subscribers(bed);
	if (active == indexed + overflow && active == counted &&
	    overflow == daisy_instance_conf(bed->inst)->overflow_used)
		return NULL;
	snprintf(text, sizeof(text),
		 "%u mappings, %u in the index, %u in its overflow (%u by its count), %u by the subscribers",
		 active, indexed, overflow, daisy_instance_conf(bed->inst)->overflow_used, counted);
	return text;
}
