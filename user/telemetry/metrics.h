/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics over HTTP: GET /metrics answers Prometheus text.
 *
 * The server has a thread of its own and never touches the daemon's state: it
 * reads the instance's mapped tables and a copy of the figures published last.
 */
#ifndef DAISY_TELEMETRY_METRICS_H
#define DAISY_TELEMETRY_METRICS_H

#include "telemetry/render.h"

struct daisy_metrics;

/*
 * Serve on `listen`: ADDRESS:PORT, [IPv6]:PORT. -EINVAL: not one; others: the
 * address cannot be listened on. `inst` has to outlive daisy_metrics_stop().
 */
int daisy_metrics_start(struct daisy_metrics **m, struct daisy_instance *inst, const char *listen);
/* NULL is fine. Returns when no request is being answered any more. */
void daisy_metrics_stop(struct daisy_metrics *m);
/* Copy what the next requests shall show; any thread, any time. NULL m is fine. */
void daisy_metrics_publish(struct daisy_metrics *m, const struct daisy_figures *figures);
/* Check `listen` alone: 0 or -EINVAL with daisy_error(). */
int daisy_metrics_listen_check(const char *listen);

#endif
