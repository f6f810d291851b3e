/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings that come from another box. Userspace has claimed the port and filled
 * in the record, state NEW, at an address that no packet finds yet; what is left is
 * what creations do, too: count it for its subscriber, and publish it in the index
 * with the search for twins.
 */
#ifndef DAISY_IMPORT_H
#define DAISY_IMPORT_H

#include "create.h"

/* As subscriber_forward pairs: with the address, unless it has mappings elsewhere. */
static __always_inline int import_count(const struct daisy_import_item *it, __u32 now)
{
	struct daisy_subscriber_key key;
	struct daisy_subscriber *s;

	subscriber_key(&key, it->inside.word);
	s = bpf_map_lookup_elem(&subscribers, &key);
	if (!s) {
		/* EEXIST is as good: the second look settles it. */
		if (!bpf_map_update_elem(&subscribers, &key, &subscriber_fresh, BPF_NOEXIST))
			COUNT(subscribers_created);
		s = bpf_map_lookup_elem(&subscribers, &key);
	}
	if (!s)
		return -REASON_NO_SUBSCRIBER;
	for (int i = 0; i < 8; i++) {
		__u64 word = *(volatile __u64 *)&s->ctl.word, next = word;

		if (!s->forwards && !(word & SUB_COUNTS_MASK))
			next = sub_word(it->slot);
		if (__sync_val_compare_and_swap(&s->ctl.word, word, next + sub_one(it->proto)) == word) {
			s->last_change = now;
			return 0;
		}
	}
	return -REASON_SUBSCRIBER_RACE;
}

/*
 * Returns 0 or minus a reason: CREATE_RACE: the endpoint has a mapping already. The
 * record keeps the tick that it was given.
 */
STAGE int import_publish(const struct daisy_import_item *it, __u32 now)
{
	struct create_args a = {};
	struct daisy_mapping *m;
	__u64 ctl;
	int err;

	if (!it || it->proto >= DAISY_N_PROTOS)
		return -REASON_NO_VECTOR;
	m = vector_record(it->proto, it->slot, it->port);
	if (!m)
		return -REASON_NO_VECTOR;
	ctl = ctl_read(m);
	if (ctl_state(ctl) != MAPPING_NEW)
		return -REASON_NO_PORT;
	err = import_count(it, now);
	if (err)
		return err;
	a.endpoint = it->inside.word;
	a.proto = it->proto;
	a.link = m->link;
	a.now = ctl_seen(ctl);
	err = create_publish(&a, m, ref_make(it->slot, it->port, now), ctl);
	if (err)
		subscriber_release(it->inside.word, it->proto, now);
	return err;
}

#endif
