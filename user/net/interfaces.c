/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "nat/addrs.h"
#include "net/interfaces.h"

/* Addresses of a box that we look at; beyond, those that no longer fit are answered by nobody. */
#define MAX_OWN 8192

void daisy_interfaces_clean(struct daisy_interfaces *all)
{
	free(all->link);
	free(all->addr);
	memset(all, 0, sizeof(*all));
}

void daisy_interfaces_forget(struct daisy_interfaces *all)
{
	all->n_links = 0;
	all->n_addrs = 0;
}

/* Room for one more item in a list. */
static int grow(void **list, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 16;
	void *larger;

	if (n < *room)
		return 0;
	larger = realloc(*list, more * size);
	if (!larger) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	*list = larger;
	*room = more;
	return 0;
}

int daisy_interfaces_link(struct daisy_interfaces *all, const struct daisy_nl_link *link)
{
	char name[IFNAMSIZ];
	size_t i = 0;
	int err;

	while (i < all->n_links && all->link[i].ifindex != link->ifindex)
		i++;
	if (link->gone) {
		if (i < all->n_links)
			all->link[i] = all->link[--all->n_links];
		return 0;
	}
	if (i == all->n_links) {
		err = grow((void **)&all->link, i, &all->room_links, sizeof(*all->link));
		if (err)
			return err;
		all->n_links++;
		all->link[i] = *link;
		memcpy(all->link[i].first_name, link->name, sizeof(link->name));
		return 0;
	}
	memcpy(name, all->link[i].first_name, sizeof(name));
	all->link[i] = *link;
	memcpy(all->link[i].first_name, name, sizeof(name));
	return 0;
}

/* Keeps the order of arrival: the first address of a device is its primary one. */
int daisy_interfaces_addr(struct daisy_interfaces *all, const struct daisy_nl_addr *addr)
{
	size_t i = 0;
	int err;

	while (i < all->n_addrs && (all->addr[i].ifindex != addr->ifindex ||
				    all->addr[i].addr.s_addr != addr->addr.s_addr))
		i++;
	if (addr->gone) {
		if (i < all->n_addrs) {
			all->n_addrs--;
			memmove(&all->addr[i], &all->addr[i + 1],
				(all->n_addrs - i) * sizeof(*all->addr));
		}
		return 0;
	}
	if (i == all->n_addrs) {
		err = grow((void **)&all->addr, i, &all->room_addrs, sizeof(*all->addr));
		if (err)
			return err;
		all->n_addrs++;
	}
	all->addr[i] = *addr;
	return 0;
}

const struct daisy_nl_link *daisy_interfaces_by_name(const struct daisy_interfaces *all,
						     const char *name)
{
	for (size_t i = 0; i < all->n_links; i++)
		if (!strcmp(all->link[i].name, name))
			return &all->link[i];
	for (size_t i = 0; i < all->n_links; i++)
		if (!strcmp(all->link[i].first_name, name))
			return &all->link[i];
	return NULL;
}

const struct daisy_nl_link *daisy_interfaces_by_index(const struct daisy_interfaces *all,
						      int ifindex)
{
	for (size_t i = 0; i < all->n_links; i++)
		if (all->link[i].ifindex == ifindex)
			return &all->link[i];
	return NULL;
}

const struct daisy_nl_link *daisy_interfaces_vlan(const struct daisy_interfaces *all, int parent,
						  uint16_t vlan)
{
	for (size_t i = 0; i < all->n_links; i++)
		if (all->link[i].parent == parent && all->link[i].vlan == vlan)
			return &all->link[i];
	return NULL;
}

struct in_addr daisy_interfaces_address(const struct daisy_interfaces *all, int ifindex)
{
	struct in_addr any = { INADDR_ANY };

	for (size_t i = 0; i < all->n_addrs; i++) {
		if (all->addr[i].ifindex != ifindex)
			continue;
		if (!all->addr[i].secondary)
			return all->addr[i].addr;
		if (!any.s_addr)
			any = all->addr[i].addr;
	}
	return any;
}

static int compare(const void *a, const void *b)
{
	const struct in_addr *p = a, *q = b;

	return p->s_addr < q->s_addr ? -1 : p->s_addr > q->s_addr;
}

static bool has(const struct in_addr *list, size_t n, struct in_addr addr)
{
	return bsearch(&addr, list, n, sizeof(*list), compare);
}

/* Sorted, without the twins that two devices may have. */
static size_t list_wanted(const struct daisy_interfaces *all, struct in_addr *list)
{
	size_t n = 0, unique = 0;

	for (size_t i = 0; i < all->n_addrs && n + 2 <= MAX_OWN; i++) {
		list[n++] = all->addr[i].addr;
		if (all->addr[i].broadcast.s_addr)
			list[n++] = all->addr[i].broadcast;
	}
	qsort(list, n, sizeof(*list), compare);
	for (size_t i = 0; i < n; i++)
		if (!i || list[i].s_addr != list[i - 1].s_addr)
			list[unique++] = list[i];
	return unique;
}

static int sync_lists(struct daisy_instance *inst, const struct in_addr *wanted, size_t n_wanted,
		      const struct in_addr *there, size_t n_there)
{
	int err = 0;

	for (size_t i = 0; i < n_there; i++)
		if (!has(wanted, n_wanted, there[i]))
			daisy_instance_own_del(inst, there[i]);
	for (size_t i = 0; i < n_wanted; i++) {
		int one;

		if (has(there, n_there, wanted[i]))
			continue;
		one = daisy_instance_own_add(inst, wanted[i]);
		err = err ? err : one;
	}
	return err;
}

int daisy_interfaces_own_sync(const struct daisy_interfaces *all, struct daisy_instance *inst)
{
	struct in_addr *lists = calloc(2 * MAX_OWN, sizeof(*lists));
	struct in_addr *there = lists + MAX_OWN;
	size_t n_wanted, n_there;
	int err;

	if (!lists) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	n_wanted = list_wanted(all, lists);
	n_there = daisy_instance_own_list(inst, there, MAX_OWN);
	if (n_there > MAX_OWN)
		n_there = MAX_OWN;
	qsort(there, n_there, sizeof(*there), compare);
	err = sync_lists(inst, lists, n_wanted, there, n_there);
	free(lists);
	return err;
}
