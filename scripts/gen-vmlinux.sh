#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gen-vmlinux.sh [BTF]: write vmlinux.h on stdout, from the running kernel's
# BTF or another file of type information. It holds the types listed in
# scripts/vmlinux.types. CO-RE relocates their fields at load time, so a header
# made on one kernel serves the others.
#
#	scripts/gen-vmlinux.sh > vmlinux.h.new && mv vmlinux.h.new vmlinux.h
set -eu

here=$(dirname "$0")
btf=${1:-/sys/kernel/btf/vmlinux}
bpftool=$(command -v bpftool || echo /usr/sbin/bpftool)

cat <<END
/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Kernel types that the BPF programs use. Generated: do not edit, add to
 * scripts/vmlinux.types and run scripts/gen-vmlinux.sh.
 *
 * From: Linux $(uname -r | sed 's/-.*//'), $(uname -m), by bpftool btf dump file $btf format c
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

END
"$bpftool" btf dump file "$btf" format c | "$here/reduce-types" "$here/vmlinux.types"
cat <<'END'

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
END
