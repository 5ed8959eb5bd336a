# SPDX-License-Identifier: GPL-2.0-only
#
# Makefile: one target per job, each a short command. What the kernel's build system builds
# is in Kbuild.
#
#   KDIR=   kernel to build against        KSRC=   kernel source with scripts/checkpatch.pl
#   ARGS=   arguments for run and test     NAME=   kernel for 'make kernel'

KDIR ?= /lib/modules/$(shell uname -r)/build
NAME ?= debug
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/refcdev
KSRC ?= $(lastword $(sort $(wildcard $(CACHE)/src/linux-source-*[0-9])))
KERNELDOC := $(firstword $(wildcard $(KSRC)/scripts/kernel-doc \
	/usr/src/linux-kbuild-*/scripts/kernel-doc))
SOURCES = $(shell find include drivers kunit tools -name '*.[ch]' ! -name '*.mod.c')

modules: ## build the modules for the running kernel, or KDIR= (the default)
	$(MAKE) -C $(KDIR) M="$(CURDIR)" modules

modules_install: ## install the modules
	$(MAKE) -C $(KDIR) M="$(CURDIR)" modules_install

tools: ## build the programs that the tests use
	$(MAKE) -C tools/testing/refcdev

run: ## the demonstration in a guest: a devm driver and a refcdev driver, unplugged while in use
	scripts/run $(ARGS)

test: ## the tests in a guest; ARGS=--full for all counts
	scripts/test $(ARGS)

mutate: ## break the core on purpose, and see the tests notice
	scripts/mutate $(ARGS)

kernel: ## build the debug kernel, or NAME=
	scripts/kernel build $(NAME)

# checkpatch's options are in .checkpatch.conf; TRACE_EVENT() has a layout of its own
style: ## checkpatch --strict on all C files
ifneq ($(wildcard $(KSRC)/scripts/checkpatch.pl),)
	@perl $(KSRC)/scripts/checkpatch.pl --terse --show-types -f $(filter-out %/trace.h,$(SOURCES))
else
	@echo "style: SKIPPED: no checkpatch.pl; 'make kernel' unpacks one, or say KSRC=" >&2
endif

sparse: ## the modules once more under sparse
	@command -v sparse >/dev/null || { echo "sparse: SKIPPED: package sparse is not installed" >&2; \
		exit 0; } && $(MAKE) -C $(KDIR) M="$(CURDIR)" C=2 modules

doc-check: ## kernel-doc comments, warnings are errors
ifneq ($(KERNELDOC),)
	@perl $(KERNELDOC) -none -Werror $(SOURCES)
else
	@echo "doc-check: SKIPPED: no kernel-doc script; install linux-headers-amd64" >&2
endif

clean: ## remove what builds left in the tree
	$(MAKE) -C $(KDIR) M="$(CURDIR)" clean
	$(MAKE) -C tools/testing/refcdev clean

help: ## this list
	@sed -n 's/^\([a-z_-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r target text; do \
		printf '  %-18s%s\n' "$$target" "$$text"; done

.PHONY: modules modules_install tools run test mutate kernel style sparse doc-check clean help
