/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No-translate rules (RFC 6888 REQ-6): packets from the inside to some
 * destinations, and what these answer, are forwarded as they are. There is no
 * state: the rule is asked for every packet. The straight way does not know of
 * rules; it never gets such a packet, since the next hop of a destination that
 * any rule names is not remembered (p->unremembered), and nothing from outside
 * to an inside address has a mapping.
 *
 * An ICMP error is judged by the packet it quotes, so those of routers on the
 * way pass, too. Later fragments follow the first one.
 */
#ifndef DAISY_UNTRANSLATED_H
#define DAISY_UNTRANSLATED_H

#include "icmp_error.h"

#define UNTRANSLATED_NOT 0x10000	/* no verdict: the packet has to be translated */

/* Both ends of a packet, or of what an ICMP error quotes, as the rules see them. */
struct rule_ends {
	__u32 remote;		/* outside address, network order */
	__u32 inside;		/* inside address */
	__u16 port;		/* outside port; 0: has none */
	__u16 zone;		/* of the inside address ... */
	__u8 proto;		/* IP protocol number */
	__u8 any_zone;		/* ... unless it comes from outside: then the rule says */
	__u8 any_port;		/* a later fragment, whose port nobody sees */
	__u8 covered;		/* result: a rule names the remote address, for this packet or others */
};

/* The link behind which an inside address is, -1 if it is in no prefix of the zone. */
STAGE int inside_link(__u32 zone, __u32 addr)
{
	struct daisy_prefix_key key = { .prefixlen = 64, .zone_be = bpf_htons(zone) };
	struct daisy_prefix *v;

	__builtin_memcpy(key.addr, &addr, 4);
	v = bpf_map_lookup_elem(&inside_prefixes, &key);
	return v ? v->link & (DAISY_MAX_LINKS - 1) : -1;
}

static __always_inline bool rule_fits(const struct daisy_rule *r, struct rule_ends *e)
{
	if ((e->remote & r->mask) != r->addr)
		return false;
	e->covered = 1;
	return (!r->proto || r->proto == e->proto) &&
	       (!r->last || e->any_port || (e->port >= r->first && e->port <= r->last)) &&
	       (e->any_zone || e->zone == r->zone);
}

/* The inside link of the first rule that fits, -1 if none does. e->zone becomes the rule's. */
STAGE int rule_find(struct rule_ends *e)
{
	struct daisy_conf *c = conf_get();
	struct daisy_rules *set;
	__u32 version;

	if (!e || !c)
		return -1;
	version = c->rules;
	set = bpf_map_lookup_elem(&no_translate, &version);
	if (!set)
		return -1;
	for (__u32 i = 0; i < DAISY_MAX_RULES; i++) {
		int link;

		if (i >= set->n)
			break;
		if (!rule_fits(&set->rule[i], e))
			continue;
		link = inside_link(set->rule[i].zone, e->inside);
		if (link < 0)
			continue;
		e->zone = set->rule[i].zone;
		return link;
	}
	return -1;
}

/* What the rules have to judge. False for what no rule can be about. */
STAGE bool rule_ends_of(struct xdp_md *ctx, struct packet *p, struct rule_ends *e, bool inbound)
{
	struct quoted q = {};

	if (!p || !e)
		return false;
	e->remote = inbound ? p->saddr : p->daddr;
	e->inside = inbound ? p->daddr : p->saddr;
	e->zone = p->zone;
	e->any_zone = inbound;
	e->proto = p->proto;
	e->any_port = is_later_fragment(p->frag);
	if (e->any_port ||
	    (p->proto != PROTO_UDP && p->proto != PROTO_TCP && p->proto != PROTO_ICMP))
		return true;
	if (parse_l4(ctx, p))
		return false;
	if (p->proto != PROTO_ICMP) {
		e->port = inbound ? p->sport : p->dport;
		return true;
	}
	if (!is_icmp_error(p))
		return true;
	/* Of a packet that went the other way. */
	if (quoted_parse(ctx, p, &q))
		return false;
	e->remote = inbound ? q.daddr : q.saddr;
	e->port = q.proto == DAISY_ICMP ? 0 : inbound ? q.dport : q.sport;
	e->proto = q.proto == DAISY_UDP ? PROTO_UDP : q.proto == DAISY_TCP ? PROTO_TCP : PROTO_ICMP;
	e->inside = inbound ? q.saddr : q.daddr;
	/* It has to go to the sender of what it quotes. */
	return q.saddr == p->daddr && (inbound || inside_prefix(p->zone, p->saddr));
}

/* Send it as it is, but for its time to live. */
static __always_inline int untranslated_emit(struct xdp_md *ctx, struct packet *p,
					     const struct daisy_nexthop *nh)
{
	struct iphdr *ip = packet_at(ctx, p->l3, IP_LEN);

	if (!ip)
		return -REASON_TRUNCATED;
	rewrite_addrs(ip, p->saddr, p->daddr);
	END(p, untranslated);
	return emit(ctx, p, nh);
}

/* Out by the route of its destination, as a router would. */
STAGE int untranslated_out(struct xdp_md *ctx, struct packet *p)
{
	struct daisy_conf *c = conf_get();
	struct daisy_nexthop *nh;
	int err = 0;

	if (!p || !c)
		return -REASON_NO_ROUTE;
	if (p->ttl <= 1)
		return time_exceeded(ctx, p);
	nh = route_outside(ctx, c, p, p->saddr, &err);
	if (!nh)
		return err < 0 ? err : -REASON_UNRESOLVED;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	if (is_first_fragment(p->frag)) {
		err = fragment_remember_out(p, p->saddr);
		if (err)
			return err;
	}
	return untranslated_emit(ctx, p, nh);
}

/* In to an address behind link `link`. */
STAGE int untranslated_in(struct xdp_md *ctx, struct packet *p, __u32 zone, __u32 link)
{
	struct daisy_nexthop *nh;
	int err = 0;

	if (!p)
		return -REASON_NO_ROUTE;
	if (p->ttl <= 1)
		return time_exceeded(ctx, p);
	nh = route_inside_find(ctx, p, p->daddr, zone, link, &err);
	if (!nh)
		return err < 0 ? err : -REASON_UNRESOLVED;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	if (is_first_fragment(p->frag)) {
		err = fragment_remember_in(p, p->saddr, endpoint_word(p->daddr, 0, zone), link);
		if (err)
			return err;
	}
	return untranslated_emit(ctx, p, nh);
}

/*
 * A packet that does not go to an address of ours, while there are rules.
 * Returns a verdict, or UNTRANSLATED_NOT.
 */
STAGE int untranslated(struct xdp_md *ctx, struct packet *p)
{
	struct rule_ends e = {};
	bool inbound, known;
	int link;

	if (!p)
		return UNTRANSLATED_NOT;
	inbound = p->side == SIDE_OUTSIDE ||
		  (p->side == SIDE_BOTH && !inside_prefix(p->zone, p->saddr));
	if (inbound && addr_find(p->saddr))
		return UNTRANSLATED_NOT;
	known = rule_ends_of(ctx, p, &e, inbound);
	link = known ? rule_find(&e) : -1;
	/* By any packet to the address, also one that is translated. */
	p->unremembered = !inbound && (!known || e.covered);
	if (link < 0)
		return UNTRANSLATED_NOT;
	if (!inbound) {
		/* A later fragment knows from the first one what it is. */
		p->outbound = 1;
		return e.any_port ? UNTRANSLATED_NOT : untranslated_out(ctx, p);
	}
	if (e.any_port)
		return p->ttl > 1 ? fragment_translate(ctx, p) : -REASON_TTL;
	return untranslated_in(ctx, p, e.zone, link);
}

#endif
