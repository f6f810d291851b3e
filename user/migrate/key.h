/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that boxes share: a file with 64 hexadecimal digits, which only root can read. */
#ifndef DAISY_MIGRATE_KEY_H
#define DAISY_MIGRATE_KEY_H

#include <stdint.h>

#define DAISY_KEY_BYTES 32

/* -EPERM: others than root may read or change the file, -EINVAL: it holds no key, or -errno. */
int daisy_key_load(const char *path, uint8_t key[DAISY_KEY_BYTES]);

#endif
