# SPDX-License-Identifier: GPL-2.0-or-later
#
# Daisy. `make help` lists the targets.
#
# A folder adds programs of its own in a Makefile.inc (see "Programs" below),
# for instance tests/unit/Makefile.inc:
#
#	$(eval $(call test-program,tests/unit/checksum,tests/unit/checksum.c,-lcmocka))
#
# Every FOLDER/NAME.bpf.c is built to $(BUILD)/FOLDER/NAME.bpf.o, and its
# skeleton `struct NAME_bpf` to $(BUILD)/include/FOLDER/NAME.skel.h
# (for bpf/NAME.bpf.c: $(BUILD)/include/NAME.skel.h).

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/daisy
UNITDIR ?= $(PREFIX)/lib/systemd/system
COMPDIR ?= $(PREFIX)/share/bash-completion/completions
SYSCONFDIR ?= /etc

# Out-of-tree builds: make BUILD=/some/folder
ifdef SAN
BUILD ?= build-san
else
BUILD ?= build
endif

# What `make bench` measures.
BENCH ?= nat

# Packages that `make deps` looks after: groups of scripts/deps.list
GROUPS ?= build

CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(shell command -v bpftool 2>/dev/null) /usr/sbin/bpftool)
PKG_CONFIG ?= pkg-config
SCDOC ?= scdoc

.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Sub-makes of demo, test and bench use every CPU unless -j says otherwise.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

ifeq ($(V),1)
Q :=
say =
else
Q := @
say = @printf '  %-7s %s\n' $(1) '$(2)';
endif

# ---------------------------------------------------------------------------
# Flags

PKGS := libbpf libxdp libcyaml yaml-0.1 jansson libmnl libmicrohttpd libnftables libcap-ng libsystemd openssl
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)

WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wold-style-definition -Wpointer-arith -Wwrite-strings -Wvla -Wundef \
	-Wno-unused-parameter

ifdef SAN
OPTIMIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
HARDEN_LD := -fsanitize=address,undefined
else
OPTIMIZE := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
HARDEN_LD := -pie -Wl,-z,relro,-z,now
endif

# user/ first: userspace means its own lib/clock.h, not the one of bpf/lib.
# -iquote: <bpf/...> is libbpf, not bpf/ here.
INCLUDES := -Iuser -Ibpf -I$(BUILD)/include -iquote .
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(OPTIMIZE) -fPIE $(WARNINGS) $(INCLUDES) $(PKG_CFLAGS) \
	$(CFLAGS) -MMD -MP
ALL_LDFLAGS = $(HARDEN_LD) $(LDFLAGS)
LIBS = $(PKG_LIBS) -lpthread

BPF_CFLAGS ?=
ALL_BPF_CFLAGS = -O2 -g -target bpf -fno-strict-aliasing -mcpu=v3 -D__TARGET_ARCH_x86 -std=gnu11 -Wall -Wextra \
	-Wshadow -Wno-unused-parameter -Wno-missing-declarations -Ibpf -I. $(BPF_CFLAGS) -MMD -MP

# ---------------------------------------------------------------------------
# What is built

MAIN_SRC := user/daisyd.c
CLI_SRCS := $(wildcard user/cli/*.c)
CTL_MAIN := ctl/daisy_ctl.c
# daisy-ctl prints as daisy does.
CTL_SRCS := $(CTL_MAIN) ctl/commands.c user/cli/print.c user/cli/error.c
LIB_SRCS := $(filter-out $(MAIN_SRC) $(CLI_SRCS) $(CTL_SRCS),$(wildcard user/*.c user/*/*.c \
	user/*/*/*.c ctl/*.c openflow/*.c))
BPF_SRCS := $(wildcard bpf/*.bpf.c)
MAN_SRCS := $(wildcard man/*.scd)

LIB := $(BUILD)/libdaisy.a
LIB_OBJS := $(LIB_SRCS:%.c=$(BUILD)/%.o)
CLI_OBJS := $(CLI_SRCS:%.c=$(BUILD)/%.o)
CTL_OBJS := $(CTL_SRCS:%.c=$(BUILD)/%.o)
MAIN_OBJ := $(MAIN_SRC:%.c=$(BUILD)/%.o)
SKELS := $(BPF_SRCS:bpf/%.bpf.c=$(BUILD)/include/%.skel.h)
MANS := $(MAN_SRCS:%.scd=$(BUILD)/%)
BINARIES := $(if $(wildcard $(MAIN_SRC)),$(BUILD)/bin/daisyd) $(if $(CLI_SRCS),$(BUILD)/bin/daisy) \
	$(if $(wildcard $(CTL_MAIN)),$(BUILD)/bin/daisy-ctl)
UNIT := $(BUILD)/packaging/systemd/daisyd@.service

TEST_PROGRAMS :=
BENCH_PROGRAMS :=
DEP_FILES := $(LIB_OBJS:.o=.d) $(CLI_OBJS:.o=.d) $(CTL_OBJS:.o=.d) $(MAIN_OBJ:.o=.d) \
	$(BPF_SRCS:%.c=$(BUILD)/%.d)

all: $(SKELS) $(BINARIES) $(MANS)

# ---------------------------------------------------------------------------
# Programs of other folders
#
# $(eval $(call test-program,PATH,SOURCES,LIBRARIES)) links $(BUILD)/PATH from
# SOURCES and libdaisy; bench-program the same for `make bench`. Skeletons of
# the *.bpf.c files beside the first source are made before it is compiled.

skels-beside = $(patsubst %.bpf.c,$(BUILD)/include/%.skel.h,$(wildcard $(dir $(1))*.bpf.c))

define program
$(2:%.c=$(BUILD)/%.o): | $(call skels-beside,$(firstword $(2)))
$(BUILD)/$(1): $(2:%.c=$(BUILD)/%.o) $(LIB)
	$$(call say,LD,$(1))
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $(2:%.c=$(BUILD)/%.o) $(LIB) $(3) $$(LIBS)
DEP_FILES += $(2:%.c=$(BUILD)/%.d)
DEP_FILES += $$(patsubst %.c,$(BUILD)/%.d,$$(wildcard $(dir $(firstword $(2)))*.bpf.c))
endef

define test-program
$(call program,$(1),$(2),$(3))
TEST_PROGRAMS += $(BUILD)/$(1)
endef

define bench-program
$(call program,$(1),$(2),$(3))
BENCH_PROGRAMS += $(BUILD)/$(1)
endef

-include $(wildcard tests/*/Makefile.inc bench/Makefile.inc demo/Makefile.inc)

test-programs: all $(TEST_PROGRAMS)
bench-programs: all $(BENCH_PROGRAMS)

# ---------------------------------------------------------------------------
# Rules

# Names what is missing before the first compiler error would.
CHECKED := $(BUILD)/tools.checked
$(CHECKED): Makefile scripts/check-tools
	$(Q)scripts/check-tools '$(CC) $(CLANG) $(LLVM_STRIP) $(BPFTOOL) $(SCDOC)' '$(PKGS)'
	$(Q)mkdir -p $(@D) && touch $@

$(BUILD)/%.o: %.c | $(CHECKED) $(SKELS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/%.bpf.o: %.bpf.c | $(CHECKED)
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(ALL_BPF_CFLAGS) -MF $(@:.o=.d) -MT $@ -c -o $@.raw $<
	$(Q)$(LLVM_STRIP) -g $@.raw
	$(Q)$(BPFTOOL) gen object $@ $@.raw
	$(Q)rm -f $@.raw

define skeleton
	$(call say,SKEL,$(<:$(BUILD)/%=%))
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf > $@
endef

$(BUILD)/include/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(skeleton)

$(BUILD)/include/%.skel.h: $(BUILD)/%.bpf.o
	$(skeleton)

$(LIB): $(LIB_OBJS)
	$(call say,AR,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/bin/daisyd: $(MAIN_OBJ) $(LIB)
	$(call say,LD,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bin/daisy: $(CLI_OBJS) $(LIB)
	$(call say,LD,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bin/daisy-ctl: $(CTL_OBJS) $(LIB)
	$(call say,LD,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/man/%: man/%.scd | $(CHECKED)
	$(call say,MAN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(SCDOC) < $< > $@

$(UNIT): packaging/systemd/daisyd@.service.in Makefile
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@BINDIR@|$(BINDIR)|g' \
		-e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' $< > $@

# ---------------------------------------------------------------------------
# Commands. Tools find what was built through $BUILD.

deps:
	@scripts/deps $(GROUPS)

demo:
	@scripts/deps build demo
	+@$(MAKE) $(JOBS) all
	@BUILD='$(abspath $(BUILD))' KEEP='$(KEEP)' demo/run

demo-clean:
	@demo/run clean

test:
	@scripts/deps build demo test
	+@$(MAKE) $(JOBS) test-programs
	@BUILD='$(abspath $(BUILD))' tests/run-all tests/suites $(ONLY)

# From the results of the last `make test`.
conformance:
	@BUILD='$(abspath $(BUILD))' scripts/conformance write

test-long:
	@scripts/deps build demo test long
	+@$(MAKE) $(JOBS) test-programs
	@BUILD='$(abspath $(BUILD))' tests/run-all tests/suites-long $(ONLY)

bench:
	@scripts/deps build demo bench
	+@$(MAKE) $(JOBS) bench-programs
	@BUILD='$(abspath $(BUILD))' bench/run $(BENCH)

install: all $(UNIT)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(COMPDIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(SYSCONFDIR)/daisy
	install -m 755 $(BUILD)/bin/daisy $(DESTDIR)$(BINDIR)/daisy
	install -m 755 $(BUILD)/bin/daisyd $(DESTDIR)$(SBINDIR)/daisyd
	install -m 755 $(BUILD)/bin/daisy-ctl $(DESTDIR)$(SBINDIR)/daisy-ctl
	install -m 644 $(UNIT) $(DESTDIR)$(UNITDIR)/daisyd@.service
	install -m 644 packaging/completion/daisy $(DESTDIR)$(COMPDIR)/daisy
	install -m 644 packaging/default/example.yaml $(DESTDIR)$(SYSCONFDIR)/daisy/example.yaml
	install -m 644 README.md NEWS.md LICENSE $(wildcard doc/*.md) packaging/default/inventory.yaml \
		$(DESTDIR)$(DOCDIR)
	set -e; for page in $(MANS); do \
		install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; \
	done

# The configuration files of the operator stay.
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/daisy $(DESTDIR)$(SBINDIR)/daisyd $(DESTDIR)$(SBINDIR)/daisy-ctl \
		$(DESTDIR)$(UNITDIR)/daisyd@.service $(DESTDIR)$(COMPDIR)/daisy \
		$(DESTDIR)$(SYSCONFDIR)/daisy/example.yaml
	rm -f $(foreach m,$(MANS),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
	rm -rf $(DESTDIR)$(DOCDIR)

clean:
	rm -rf $(BUILD)

help:
	@echo 'make              build daisyd, daisy, daisy-ctl and the manual pages into $(BUILD)/'
	@echo 'make deps         install missing packages (GROUPS="build demo test bench long", default build)'
	@echo 'make demo         run real clients through a NAT in network namespaces and report'
	@echo '                  (KEEP=1 leaves it running, make demo-clean ends it)'
	@echo 'make test         run every test: units, packets, topologies (ONLY=word)'
	@echo 'make test-long    the rest: soaks, planted faults, other kernels'
	@echo 'make conformance  write doc/conformance.md from the results of make test'
	@echo 'make bench        measure against the kernel (BENCH=nat), or with port blocks and limits (BENCH=carrier)'
	@echo 'make install      install (PREFIX=$(PREFIX), DESTDIR=)'
	@echo 'make uninstall    remove what install put there'
	@echo 'make clean        remove $(BUILD)/'
	@echo
	@echo 'V=1 shows full commands, BUILD=folder builds elsewhere, SAN=1 builds with'
	@echo 'AddressSanitizer and UndefinedBehaviorSanitizer into build-san/.'
	@echo 'deps, demo, test, test-long and bench need root.'

.PHONY: all deps demo demo-clean test conformance test-long test-programs bench bench-programs install \
	uninstall clean help

-include $(sort $(DEP_FILES))
