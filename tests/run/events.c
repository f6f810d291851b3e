/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listen to the packet path; see events.h. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "play.h"

#define MAX_EVENTS 128

static struct perf_buffer *ring;
static struct daisy_event queue[MAX_EVENTS];
static unsigned int n_queued, n_taken;

static void came(void *context, int cpu, void *data, __u32 size)
{
	if (n_queued < MAX_EVENTS && size >= sizeof(queue[0]))
		memcpy(&queue[n_queued++], data, sizeof(queue[0]));
}

void events_listen(struct bed *bed)
{
	ring = perf_buffer__new(daisy_instance_map_fd(bed->inst, "events"), 8, came, NULL, NULL, NULL);
	if (!ring) {
		printf("Bail out! no perf buffer\n");
		exit(1);
	}
}

void events_stop(void)
{
	perf_buffer__free(ring);
}

/* BPF_PROG_RUN has returned, so what it sent lies in the ring: nothing is waited for. */
static bool take(void)
{
	if (n_taken == n_queued) {
		n_taken = n_queued = 0;
		perf_buffer__consume(ring);
	}
	return n_taken < n_queued;
}

const struct daisy_event *events_next(void)
{
	if (!take())
		play_fail("no event");
	return &queue[n_taken++];
}

void events_none(void)
{
	if (take())
		play_fail("event %u", queue[n_taken].kind);
}
