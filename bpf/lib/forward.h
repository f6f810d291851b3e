/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static forwards: mappings that the configuration makes, by the program
 * sweep_forwards. A forward differs from other mappings in how it comes by its
 * port and in how it ends; it is published in the index as they are, with the
 * same search for twins, so a packet of its inside host that opens a mapping at
 * the same moment leaves one of the two.
 */
#ifndef DAISY_FORWARD_H
#define DAISY_FORWARD_H

#include "create.h"
#include "expire.h"

/* Take the port's bit, if mappings may have the port. False if a mapping has it. */
static __always_inline bool forward_claim_bit(const struct daisy_forward_item *it)
{
	__u32 index = it->slot * DAISY_N_PROTOS + it->proto;
	struct daisy_port_map *map = bpf_map_lookup_elem(&port_maps, &index);

	return map && (port_take(map, it->port) || !port_allowed(map, it->port));
}

/*
 * Make the record ours: state NEW, in *ctl. A free port is taken out of the port
 * map before, as by any creator. One at rest has no owner either: its bit is
 * clear, and whoever leaves the resting state by compare-and-swap has it. The
 * word was the same a grace period ago, so no packet looks at the record.
 * Returns 0 or minus a reason.
 */
static __always_inline int forward_claim(const struct daisy_forward_item *it, struct daisy_mapping *m,
					 __u32 now, __u64 *ctl)
{
	__u64 word = it->ctl.word;
	__u32 order = 0;

	if (ctl_state(word) == MAPPING_FREE) {
		if (!forward_claim_bit(it))
			return -REASON_NO_PORT;
	} else if (ctl_state(word) == MAPPING_HOLD || ctl_state(word) == MAPPING_ROLLED_BACK) {
		order = block_order_of_record(m->flags);
	} else {
		return -REASON_NO_PORT;
	}
	*ctl = ctl_enter(word + (1ULL << DAISY_GEN_SHIFT), MAPPING_NEW, now);
	if (ctl_cas(m, word, *ctl) != word) {
		if (ctl_state(word) == MAPPING_FREE)
			port_release(it->slot * DAISY_N_PROTOS + it->proto, it->port);
		return -REASON_NO_PORT;
	}
	if (ctl_state(word) == MAPPING_HOLD)
		port_count_held((void *)&(struct daisy_sweep_item){ .slot = it->slot, .proto = it->proto },
				MAPPING_HOLD, -1);
	/* As when the port comes free: the forward may have the same entry. */
	if (ctl_state(word) != MAPPING_FREE && unlikely(m->flags & MAPPING_INDEXED))
		index_remove(m->inside.word, it->proto, ref_make(it->slot, it->port, now));
	block_port_freed(it->slot, it->port, order);
	return 0;
}

static __always_inline void forward_fill(const struct daisy_forward_item *it, struct daisy_mapping *m,
					 __u32 now)
{
	struct daisy_tcp_mapping *t;

	m->inside.word = it->inside.word;
	m->created = now;
	m->flags = MAPPING_STATIC;
	m->link = it->link;
	if (it->proto != DAISY_TCP)
		return;
	t = vector_tcp_record(it->slot, it->port);
	if (!t)
		return;
	t->conns = 0;
	for (int i = 0; i < DAISY_INLINE_CONNS; i++)
		t->conn[i].ctl.word = 0;
}

/*
 * Returns 0 or minus a reason: NO_PORT: a mapping has the port; CREATE_RACE: one
 * has the inside endpoint.
 */
STAGE int forward_make(const struct daisy_forward_item *it, __u32 now)
{
	struct create_args a = { .now = now };
	struct daisy_mapping *m;
	__u64 ctl = 0;
	int err;

	if (!it || it->proto >= DAISY_N_PROTOS)
		return -REASON_NO_VECTOR;
	a.endpoint = it->inside.word;
	a.proto = it->proto;
	a.link = it->link;
	m = vector_record(it->proto, it->slot, it->port);
	if (!m)
		return -REASON_NO_VECTOR;
	err = subscriber_forward(it->inside.word, it->slot, 1, now);
	if (err)
		return err;
	err = forward_claim(it, m, now, &ctl);
	if (!err) {
		forward_fill(it, m, now);
		err = create_publish(&a, m, ref_make(it->slot, it->port, now), ctl);
	}
	if (err)
		subscriber_forward(it->inside.word, it->slot, -1, now);
	return err;
}

#endif
