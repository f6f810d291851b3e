/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/ip.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lib/clock.h"
#include "slowpath/cut.h"
#include "slowpath/fragments.h"

/* The link of a frame by its device and tags; NULL: it has gone meanwhile. */
static const struct daisy_link *link_of(struct daisy_instance *inst, uint32_t number,
					const uint16_t *tag, unsigned int n_tags)
{
	const struct daisy_link *links = daisy_instance_links(inst);

	if (!n_tags)
		return &links[number];
	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (links[i].device == number && links[i].n_tags == n_tags &&
		    !memcmp(links[i].tag, tag, n_tags * sizeof(*tag)))
			return &links[i];
	return NULL;
}

/* As bpf/lib/frag.h judges it: not over, and not complete. */
static bool known(struct daisy_instance *inst, const struct daisy_fragment_key *key)
{
	const struct daisy_conf *conf = daisy_instance_conf(inst);
	struct daisy_fragment value;

	if (bpf_map_lookup_elem(daisy_instance_map_fd(inst, "fragments"), key, &value))
		return false;
	return daisy_tick_age(daisy_instance_tick(inst), value.seen) <
		conf->timer[DAISY_TIMER_FRAGMENT] &&
		!(value.total && value.bytes >= value.total);
}

/* On a one-armed link the first one may have gone either way. */
bool daisy_fragment_known(struct daisy_instance *inst, uint32_t number, const void *frame,
			  size_t len)
{
	struct daisy_fragment_key key = { 0 };
	const struct daisy_link *link;
	unsigned int n_tags;
	struct iphdr ip;
	uint16_t tag[2];
	size_t l3 = daisy_frame_l3(frame, len, tag, &n_tags);

	link = l3 ? link_of(inst, number, tag, n_tags) : NULL;
	if (!link)
		return false;
	memcpy(&ip, (const char *)frame + l3, sizeof(ip));
	memcpy(key.saddr, &ip.saddr, sizeof(key.saddr));
	memcpy(key.daddr, &ip.daddr, sizeof(key.daddr));
	key.id = ip.id;
	key.proto = ip.protocol;
	if (link->side != SIDE_INSIDE && known(inst, &key))
		return true;
	key.zone = link->zone;
	key.outbound = 1;
	return link->side != SIDE_OUTSIDE && known(inst, &key);
}
