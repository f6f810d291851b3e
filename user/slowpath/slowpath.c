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

#define STEP_MS 5		/* while a fragment waits for another */
#define SYN_STEP_MS 100

/* What may wait: a megabyte and a half of fragments, a datagram of 64 KB from each source. */
#define FRAGMENTS_MAX 1024
#define FRAGMENTS_SOURCE_MAX 64
#define FRAGMENT_WAIT_S 2

/* SYNs are short: half a megabyte. Scanners knock at many ports; clients at one or two. */
#define SYNS_MAX 4096
#define SYNS_SOURCE_MAX 32
#define SYN_WAIT_S 6

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

/* The next look at what waits. */
static void arm(struct daisy_slowpath *s)
{
	if (s->fragments.n || s->syns.n)
		daisy_timer_once(&s->timer, s->fragments.n ? STEP_MS : SYN_STEP_MS);
}

static void wait_for(struct daisy_slowpath *s, struct daisy_hold_origin *origin,
		     enum daisy_hold_class class, const void *frame, size_t len)
{
	struct daisy_held_list *list = class == DAISY_HOLD_SYN ? &s->syns : &s->fragments;
	uint64_t wait_s = class == DAISY_HOLD_SYN ? SYN_WAIT_S : FRAGMENT_WAIT_S;
	struct daisy_held *held = daisy_held_add(list, source_of(frame, len), frame, len);

	if (!held) {
		s->overflows++;
		replay(s, origin, class, DAISY_REPLAY_OVERFLOW, frame, len);
		return;
	}
	held->origin = origin;
	held->deadline_ns = now_ns(s) + wait_s * DAISY_NS_PER_S;
	if (list->n == 1)
		arm(s);
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

#define X(sym, quota, source, help)                                               \
	static void readable_##sym(void *ctx, uint32_t events)                    \
	{                                                                         \
		struct daisy_hold_origin *origin = ctx;                           \
										  \
		daisy_hold_queue_receive(origin->sockets, DAISY_HOLD_##sym, receive, origin); \
	}
DAISY_HOLD_CLASSES(X)
#undef X

/* In the order in which they came, all wait as long. */
static void step_syns(struct daisy_slowpath *s, uint64_t now)
{
	while (s->syns.first && now >= s->syns.first->deadline_ns) {
		struct daisy_held *held = s->syns.first;

		replay(s, held->origin, DAISY_HOLD_SYN, 0, held->frame, held->len);
		daisy_held_remove(&s->syns, &s->syns.first);
	}
}

/* Whatever the program now says of a packet whose time is up, is its end. */
static void step(void *ctx)
{
	struct daisy_slowpath *s = ctx;
	struct daisy_held **at = &s->fragments.first;
	uint64_t now = now_ns(s);

	while (*at) {
		struct daisy_held *held = *at;
		struct daisy_hold_origin *origin = held->origin;

		if (now < held->deadline_ns &&
		    !daisy_fragment_known(s->inst, origin->device->number, held->frame, held->len)) {
			at = &held->next;
			continue;
		}
		replay(s, origin, DAISY_HOLD_FRAGMENT, 0, held->frame, held->len);
		daisy_held_remove(&s->fragments, at);
	}
	step_syns(s, now);
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
	daisy_held_init(&s->fragments, FRAGMENTS_MAX, FRAGMENTS_SOURCE_MAX);
	daisy_held_init(&s->syns, SYNS_MAX, SYNS_SOURCE_MAX);
	err = daisy_replayer_open(&s->replayer, inst);
	return err ? err : daisy_timer_add(loop, &s->timer, 0);
}

static void close_device(struct daisy_slowpath *s, struct daisy_hold_device *device)
{
	for (unsigned int i = 0; i < device->n_queues; i++) {
		daisy_held_clear(&s->fragments, &device->origin[i]);
		daisy_held_clear(&s->syns, &device->origin[i]);
	}
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
#define X(sym, quota, source, help) readable_##sym,
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
