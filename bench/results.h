/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw data of every round, and the figures of the summary, as JSON files. */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "traffic.h"

/* One round of packets: part and contender name the series. */
void results_add(const char *part, const char *contender, const struct sample *sample);
/* One round of something else, in the unit that the name ends with. */
void results_add_value(const char *part, const char *contender, double value);
/* A figure of the summary. */
void summary_number(const char *key, double value);
void summary_text(const char *key, const char *value);
/* One line of the data of a plot (plot.gp), FOLDER/BENCH-PLOT.dat. */
void plot_add(const char *plot, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* FOLDER/BENCH-PART.json for every part, plots, and FOLDER/BENCH-NAME.json with the figures. */
void results_write(const char *folder, const char *bench, const char *name);

#endif
