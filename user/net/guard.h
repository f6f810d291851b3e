/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard: an nftables table `ip daisy_NAME` that drops every IPv4 packet
 * which the kernel would forward into or out of one of Daisy's devices, so that
 * nothing leaves untranslated when no program is attached. It outlives the
 * daemon: only `link delete` and a purge take it away. IPv6 is routed as ever.
 */
#ifndef DAISY_NET_GUARD_H
#define DAISY_NET_GUARD_H

#include <net/if.h>
#include <stddef.h>

/* Make the guard cover exactly these devices; in one transaction. */
int daisy_guard_set(const char *instance, const char (*devices)[IFNAMSIZ], size_t n);
/* 0 too if there is none. */
int daisy_guard_remove(const char *instance);
/* bpf_fib_lookup answers only for devices that forward. */
int daisy_guard_forward(const char *device);

#endif
