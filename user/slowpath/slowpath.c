/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/clock.h"
#include "lib/error.h"
#include "nat/attach.h"
#include "slowpath/cut.h"
#include "slowpath/device.h"
#include "slowpath/fragments.h"
#include "slowpath/held.h"
#include "slowpath/replay.h"
#include "slowpath/slowpath.h"

#define NS_PER_MS 1000000ULL
#define STEP_MAX_MS 100		/* tests move the clock */

/*
 * What may wait: a megabyte and a half of fragments, a datagram of 64 KB from each source. The first
 * one is mostly a packet away: looks after 5 ms, then 10 and so on, from 160 ms on as often as that.
 */
static const struct daisy_held_spec fragments_spec = {
	.max = 1024, .source_max = 64, .wait_ns = 2 * DAISY_NS_PER_S, .look_ns = 5 * NS_PER_MS, .doublings = 5,
};

/* SYNs are short: half a megabyte. Scanners knock at many ports; clients at one or two. */
static const struct daisy_held_spec syns_spec = {
	.max = 4096, .source_max = 32, .wait_ns = 6 * DAISY_NS_PER_S, .look_ns = 6 * DAISY_NS_PER_S,
};

struct daisy_slowpath {
	struct daisy_instance *inst;
	struct daisy_loop *loop;
	struct daisy_timer_watch timer;
	struct daisy_hold_device device[DAISY_MAX_LINKS];	/* by number */
	struct daisy_held_list fragments;
	struct daisy_held_list syns;
	struct daisy_replayer replayer;
	uint64_t overflows;
	uint64_t lost;
};

static uint64_t now_ns(const struct daisy_slowpath *s)
{
	return daisy_clock_ns(daisy_instance_conf(s->inst)->clock_offset_ns);
}

static void replay(struct daisy_slowpath *s, const struct daisy_hold_origin *origin,
		   enum daisy_hold_class class, uint8_t flags, const void *frame, size_t len)
{
	const struct daisy_replay_job job = {
		.program_fd = origin->device->program_fd, .ifindex = origin->device->ifindex,
		.queue = origin->queue, .class = class, .flags = flags, .frame = frame, .len = len,
	};

	daisy_replay(&s->replayer, &job);
}

static uint32_t source_of(const void *frame, size_t len)
{
	unsigned int n_tags;
	uint16_t tag[2];
	size_t l3 = daisy_frame_l3(frame, len, tag, &n_tags);
	struct iphdr ip = { 0 };

	if (l3)
		memcpy(&ip, (const char *)frame + l3, sizeof(ip));
	return ip.saddr;
}

static uint64_t next_ns(const struct daisy_slowpath *s)
{
	uint64_t fragments = daisy_held_next_ns(&s->fragments), syns = daisy_held_next_ns(&s->syns);

	return fragments < syns ? fragments : syns;
}

/* The next look at what waits. */
static void arm(struct daisy_slowpath *s)
{
	uint64_t due = next_ns(s), now = now_ns(s), ms;

	if (due == UINT64_MAX)
		return;
	ms = due > now ? (due - now + NS_PER_MS - 1) / NS_PER_MS : 1;
	daisy_timer_once(&s->timer, ms < STEP_MAX_MS ? ms : STEP_MAX_MS);
}

/* What finds a list full would come here only to go back: the program says so itself meanwhile. */
static void tell_full(struct daisy_slowpath *s)
{
	uint32_t *told = &daisy_instance_conf(s->inst)->hold_full, full = 0;

	if (s->fragments.n >= s->fragments.spec.max)
		full |= 1U << DAISY_HOLD_FRAGMENT;
	if (s->syns.n >= s->syns.spec.max)
		full |= 1U << DAISY_HOLD_SYN;
	/* Every packet reads the line that it stands in. */
	if (*told != full)
		__atomic_store_n(told, full, __ATOMIC_RELAXED);
}

static void wait_for(struct daisy_slowpath *s, struct daisy_hold_origin *origin,
		     enum daisy_hold_class class, const void *frame, size_t len)
{
	struct daisy_held_list *list = class == DAISY_HOLD_SYN ? &s->syns : &s->fragments;
	struct daisy_held *held = daisy_held_add(list, now_ns(s), source_of(frame, len), frame, len);

	if (!held) {
		s->overflows++;
		replay(s, origin, class, DAISY_REPLAY_OVERFLOW, frame, len);
		return;
	}
	held->origin = origin;
	if (next_ns(s) == held->due_ns)
		arm(s);
	tell_full(s);
}

/* The first one may have come while this one was on its way to us. */
static void receive_fragment(struct daisy_slowpath *s, struct daisy_hold_origin *origin,
			     const void *frame, size_t len)
{
	if (daisy_fragment_known(s->inst, origin->device->number, frame, len))
		replay(s, origin, DAISY_HOLD_FRAGMENT, 0, frame, len);
	else
		wait_for(s, origin, DAISY_HOLD_FRAGMENT, frame, len);
}

static void receive(void *ctx, enum daisy_hold_class class, const void *frame, size_t len)
{
	struct daisy_hold_origin *origin = ctx;

	if (class == DAISY_HOLD_FRAGMENT)
		receive_fragment(origin->owner, origin, frame, len);
	else if (class == DAISY_HOLD_SYN)
		wait_for(origin->owner, origin, class, frame, len);
	else
		replay(origin->owner, origin, class, 0, frame, len);
}

#define X(sym, quota, source, total, help)                                        \
	static void readable_##sym(void *ctx, uint32_t events)                    \
	{                                                                         \
		struct daisy_hold_origin *origin = ctx;                           \
										  \
		daisy_hold_queue_receive(origin->sockets, DAISY_HOLD_##sym, receive, origin); \
	}
DAISY_HOLD_CLASSES(X)
#undef X

static bool is_over(const struct daisy_slowpath *s, const struct daisy_held *held, uint64_t now)
{
	const struct daisy_hold_origin *origin = held->origin;

	return now >= held->deadline_ns ||
	       daisy_fragment_known(s->inst, origin->device->number, held->frame, held->len);
}

/* Whatever the program now says of a packet whose wait is over, is its end. */
static void end(struct daisy_slowpath *s, struct daisy_held_list *list, enum daisy_hold_class class,
		struct daisy_held *held)
{
	replay(s, held->origin, class, 0, held->frame, held->len);
	daisy_held_remove(list, held);
}

static void step(void *ctx)
{
	struct daisy_slowpath *s = ctx;
	uint64_t now = now_ns(s);
	struct daisy_held *held;

	while ((held = daisy_held_due(&s->fragments, now))) {
		if (is_over(s, held, now))
			end(s, &s->fragments, DAISY_HOLD_FRAGMENT, held);
		else
			daisy_held_look_again(&s->fragments, held, now);
	}
	while ((held = daisy_held_due(&s->syns, now)))
		end(s, &s->syns, DAISY_HOLD_SYN, held);
	tell_full(s);
	arm(s);
}

int daisy_slowpath_open(struct daisy_slowpath **slowpath, struct daisy_instance *inst,
			struct daisy_loop *loop)
{
	struct daisy_slowpath *s = calloc(1, sizeof(*s));
	int err;

	*slowpath = s;
	if (!s) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	s->inst = inst;
	s->loop = loop;
	s->timer = (struct daisy_timer_watch){ .fn = step, .ctx = s };
	daisy_held_init(&s->fragments, &fragments_spec);
	daisy_held_init(&s->syns, &syns_spec);
	tell_full(s);
	err = daisy_replayer_open(&s->replayer, inst);
	return err ? err : daisy_timer_add(loop, &s->timer, 0);
}

static void close_device(struct daisy_slowpath *s, struct daisy_hold_device *device)
{
	for (unsigned int i = 0; i < device->n_queues; i++) {
		daisy_held_clear(&s->fragments, &device->origin[i]);
		daisy_held_clear(&s->syns, &device->origin[i]);
	}
	tell_full(s);
	daisy_hold_device_close(device, s->loop);
}

void daisy_slowpath_close(struct daisy_slowpath *s)
{
	if (!s)
		return;
	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (s->device[i].used)
			close_device(s, &s->device[i]);
	daisy_timer_remove(&s->timer);
	daisy_replayer_close(&s->replayer);
	free(s);
}

static void open_device(struct daisy_slowpath *s, uint32_t number, int ifindex, const char *name)
{
	const struct daisy_hold_device_spec spec = {
		.inst = s->inst, .loop = s->loop, .number = number, .ifindex = ifindex,
		.owner = s, .readable = {
#define X(sym, quota, source, total, help) readable_##sym,
			DAISY_HOLD_CLASSES(X)
#undef X
		},
	};
	struct daisy_hold_device *device = &s->device[number];
	bool said = device->refused;

	if (!daisy_hold_device_open(device, &spec))
		return;
	device->refused = true;
	if (!said)
		daisy_log(LOG_WARNING, "link %s: no packets are held, they are judged at once: %s",
			  name, daisy_error());
}

/* The program that runs on a device; it changes with every start and reload. */
static void sync_device(struct daisy_slowpath *s, uint32_t number, int ifindex)
{
	struct daisy_hold_device *device = &s->device[number];
	char name[IF_NAMESIZE];
	int fd = -ENODEV;

	if (ifindex && if_indextoname((unsigned int)ifindex, name))
		fd = daisy_attached_program(s->inst, name);
	if (device->used && (fd < 0 || device->ifindex != ifindex))
		close_device(s, device);
	if (fd < 0)
		return;
	if (!device->used)
		open_device(s, number, ifindex, name);
	if (!device->used) {
		close(fd);
		return;
	}
	if (device->program_fd >= 0)
		close(device->program_fd);
	device->program_fd = fd;
}

void daisy_slowpath_sync(struct daisy_slowpath *s)
{
	const struct daisy_link *links = daisy_instance_links(s->inst);
	int ifindex[DAISY_MAX_LINKS] = { 0 };

	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (links[i].tx_ifindex && links[i].device < DAISY_MAX_LINKS)
			ifindex[links[i].device] = (int)links[i].tx_ifindex;
	for (uint32_t i = 0; i < DAISY_MAX_LINKS; i++)
		sync_device(s, i, ifindex[i]);
}

void daisy_slowpath_second(struct daisy_slowpath *s)
{
	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		for (unsigned int q = 0; q < s->device[i].n_queues; q++)
			s->lost += daisy_hold_queue_recover(s->device[i].origin[q].sockets);
}

unsigned int daisy_slowpath_queues(const struct daisy_slowpath *s, uint32_t number)
{
	return s && number < DAISY_MAX_LINKS && s->device[number].used ? s->device[number].n_queues : 0;
}

void daisy_slowpath_figures(const struct daisy_slowpath *s, struct daisy_slowpath_figures *figures)
{
	*figures = (struct daisy_slowpath_figures){
		.waiting = s->fragments.n + s->syns.n, .overflows = s->overflows, .lost = s->lost,
		.unsent = s->replayer.unsent,
	};
}
