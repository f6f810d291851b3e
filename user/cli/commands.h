/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects of the tool, one cmd_OBJECT.c each. */
#ifndef DAISY_CLI_COMMANDS_H
#define DAISY_CLI_COMMANDS_H

#include "cli/grammar.h"
#include "shared/limits.h"

extern const struct daisy_object daisy_object_link;
extern const struct daisy_object daisy_object_pool;
extern const struct daisy_object daisy_object_address;
extern const struct daisy_object daisy_object_peer;
extern const struct daisy_object daisy_object_subscriber;
extern const struct daisy_object daisy_object_mapping;
extern const struct daisy_object daisy_object_stats;
extern const struct daisy_object daisy_object_monitor;
extern const struct daisy_object daisy_object_instance;
extern const struct daisy_object daisy_object_config;
extern const struct daisy_object daisy_object_chain;
extern const struct daisy_object daisy_object_doctor;

#endif
