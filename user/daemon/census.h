/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many mappings, ports in hold-down, connections and subscribers there are.
 * The maps do not say: they are counted, a piece at a time, all within ten
 * seconds. A figure is of the last complete count.
 */
#ifndef DAISY_DAEMON_CENSUS_H
#define DAISY_DAEMON_CENSUS_H

#include "nat/instance.h"
#include "telemetry/render.h"

struct daisy_census;

/* NULL: no memory. */
struct daisy_census *daisy_census_new(struct daisy_instance *inst);
void daisy_census_free(struct daisy_census *census);
/* Every 100 ms. Writes mappings, held, counted_ms, connections and subscribers of the figures. */
void daisy_census_step(struct daisy_census *census, struct daisy_figures *figures);

#endif
