/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links and next hops. Packets read the entries while we write them: the word
 * that makes an entry valid is stored last, and first when it becomes invalid.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "nat/internal.h"

#define N_WORDS 4		/* of a link and of a next hop */
#define LINK_SIDE_WORD 0	/* mac, side, n_tags */
#define NEXTHOP_STATE_WORD 2

_Static_assert(sizeof(struct daisy_link) == N_WORDS * 8, "link");
_Static_assert(offsetof(struct daisy_link, side) / 8 == LINK_SIDE_WORD, "side");
_Static_assert(sizeof(struct daisy_nexthop) == N_WORDS * 8, "next hop");
_Static_assert(offsetof(struct daisy_nexthop, state) / 8 == NEXTHOP_STATE_WORD, "state");

static void store_words(void *to, const void *from, int key_word, bool becomes_valid)
{
	uint64_t words[N_WORDS];
	uint64_t *out = to;

	memcpy(words, from, sizeof(words));
	if (!becomes_valid)
		daisy_store_word(&out[key_word], words[key_word]);
	for (int i = 0; i < N_WORDS; i++)
		if (i != key_word)
			daisy_store_word(&out[i], words[i]);
	if (becomes_valid)
		daisy_store_word(&out[key_word], words[key_word]);
}

static int check_link(uint32_t number)
{
	if (number < DAISY_MAX_LINKS)
		return 0;
	daisy_error_set("link number %u: 0 to %d", number, DAISY_MAX_LINKS - 1);
	return -EINVAL;
}

static struct daisy_tag_key tag_key(const struct daisy_link *link)
{
	return (struct daisy_tag_key){ .device = link->device,
				       .tag = { link->tag[0], link->tag[1] } };
}

static bool has_tags(const struct daisy_link *link)
{
	return link->side != SIDE_NONE && link->n_tags;
}

static int untag(struct daisy_instance *inst, uint32_t number)
{
	struct daisy_tag_key key = tag_key(&inst->links[number]);
	int fd = daisy_instance_map_fd(inst, "tagged_links");
	uint32_t there;

	if (has_tags(&inst->links[number]) && !bpf_map_lookup_elem(fd, &key, &there) &&
	    there == number)
		return bpf_map_delete_elem(fd, &key) ? -errno : 0;
	return 0;
}

static int set_device(struct daisy_instance *inst, uint32_t number, uint32_t tx_ifindex)
{
	int fd = daisy_instance_map_fd(inst, "tx_links");

	if (tx_ifindex)
		return bpf_map_update_elem(fd, &number, &tx_ifindex, BPF_ANY) ? -errno : 0;
	/* ENOENT: it was of a device that is gone, and so is its entry. */
	return bpf_map_delete_elem(fd, &number) && errno != ENOENT ? -errno : 0;
}

static int link_failed(int err, uint32_t number, const char *what)
{
	daisy_error_set("link %u: %s: %s", number, what, strerror(-err));
	return err;
}

int daisy_instance_link_set(struct daisy_instance *inst, uint32_t number,
			    const struct daisy_link *link)
{
	struct daisy_tag_key key = tag_key(link);
	struct daisy_tag_key old;
	int err = check_link(number);

	if (err)
		return err;
	old = tag_key(&inst->links[number]);
	if (link->tx_ifindex)
		err = set_device(inst, number, link->tx_ifindex);
	if (err)
		return link_failed(err, number, "device map");
	if (!has_tags(link) || memcmp(&old, &key, sizeof(key)))
		err = untag(inst, number);
	store_words(&inst->links[number], link, LINK_SIDE_WORD, link->side != SIDE_NONE);
	if (!err && has_tags(link) &&
	    bpf_map_update_elem(daisy_instance_map_fd(inst, "tagged_links"), &key, &number,
				BPF_ANY))
		err = -errno;
	return err ? link_failed(err, number, "tags") : 0;
}

int daisy_instance_link_del(struct daisy_instance *inst, uint32_t number)
{
	static const struct daisy_link none;
	int err = check_link(number);

	if (err)
		return err;
	err = untag(inst, number);
	if (err)
		return link_failed(err, number, "tags");
	store_words(&inst->links[number], &none, LINK_SIDE_WORD, false);
	err = set_device(inst, number, 0);
	return err ? link_failed(err, number, "device map") : 0;
}

static struct daisy_neighbour_key neighbour_key(const struct daisy_nexthop *nh)
{
	struct daisy_neighbour_key key = { .ifindex = nh->ifindex };

	memcpy(key.addr, nh->addr, sizeof(key.addr));
	return key;
}

/* The neighbour that had this number has another now, or none. */
static int forget_neighbour(struct daisy_instance *inst, uint32_t number)
{
	struct daisy_neighbour_key key = neighbour_key(&inst->nexthops[number]);
	int fd = daisy_instance_map_fd(inst, "neighbours");
	uint32_t there;

	if (!key.ifindex || bpf_map_lookup_elem(fd, &key, &there) || there != number)
		return 0;
	return bpf_map_delete_elem(fd, &key) && errno != ENOENT ? -errno : 0;
}

static int nexthop_failed(int err, uint32_t number)
{
	daisy_error_set("next hop %u: %s", number, strerror(-err));
	return err;
}

static int nexthop_remove(struct daisy_instance *inst, uint32_t number)
{
	static const struct daisy_nexthop none;
	int err = forget_neighbour(inst, number);

	if (err)
		return nexthop_failed(err, number);
	store_words(&inst->nexthops[number], &none, NEXTHOP_STATE_WORD, false);
	return 0;
}

/*
 * A new MAC address is seen whole: all of dmac lies in the first word. What a
 * packet can see torn is a change of the egress link under the same number:
 * callers take another number for that.
 */
int daisy_instance_nexthop_set(struct daisy_instance *inst, uint32_t number,
			       const struct daisy_nexthop *nh)
{
	struct daisy_neighbour_key key = neighbour_key(nh), old;
	int err = 0;

	if (!number || number >= DAISY_MAX_NEXTHOPS) {
		daisy_error_set("next hop number %u: 1 to %d", number, DAISY_MAX_NEXTHOPS - 1);
		return -EINVAL;
	}
	if (nh->state == NEXTHOP_NONE)
		return nexthop_remove(inst, number);
	old = neighbour_key(&inst->nexthops[number]);
	if (memcmp(&old, &key, sizeof(key)))
		err = forget_neighbour(inst, number);
	store_words(&inst->nexthops[number], nh, NEXTHOP_STATE_WORD, nh->state == NEXTHOP_RESOLVED);
	if (!err && key.ifindex &&
	    bpf_map_update_elem(daisy_instance_map_fd(inst, "neighbours"), &key, &number, BPF_ANY))
		err = -errno;
	return err ? nexthop_failed(err, number) : 0;
}
