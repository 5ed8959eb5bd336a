# SPDX-License-Identifier: GPL-2.0-only
#
# Makefile: one target per job, each a short command. What the kernel's build system builds
# is in Kbuild.
#
#   KDIR=   kernel to build against        KSRC=   kernel source with scripts/checkpatch.pl
#   ARGS=   arguments for run, test and bench     NAME=   kernel for 'make kernel'
#   DESTDIR=, INSTALL_MOD_PATH=   another root to install to: for a package, for a machine

KDIR ?= /lib/modules/$(shell uname -r)/build
NAME ?= debug
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/refcdev
KSRC ?= $(lastword $(sort $(wildcard $(CACHE)/src/linux-source-*[0-9])))
KERNELDOC := $(firstword $(wildcard $(KSRC)/scripts/kernel-doc \
	/usr/src/linux-kbuild-*/scripts/kernel-doc))
SOURCES = $(shell find include drivers kunit tools -name '*.[ch]' ! -name '*.mod.c')

modules: ## build the modules for the running kernel, or KDIR= (the default)
	$(MAKE) -C $(KDIR) M="$(CURDIR)" modules

# Drivers are built against $(INSTALLED), as modules are against a kernel's headers, and it
# lies where those do. Not in /usr/include, which is user space's, nor in refcdev-VERSION, where
# dkms would look for sources to build. The checksums in Module.symvers are one kernel's.
INSTALLED := $(DESTDIR)/usr/src/refcdev
INSTALL_MOD_PATH ?= $(DESTDIR)
DEPMOD ?= depmod
# What modules_install and 'uname -r' say; 'make kernelrelease' does not where Debian overrides it.
RELEASE = $(or $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h), \
	$(error no kernel in $(KDIR)))
UPDATES = $(INSTALL_MOD_PATH)/lib/modules/$(RELEASE)/updates/drivers/refcdev
CORE = -C $(KDIR) M="$(CURDIR)" REFCDEV_CORE_ONLY=1 INSTALL_MOD_DIR=updates \
       INSTALL_MOD_PATH="$(INSTALL_MOD_PATH)" DEPMOD=true
# A package runs depmod where it is installed, not where it is made.
RUN_DEPMOD = $(if $(DESTDIR),true,$(DEPMOD) $(addprefix -b ,$(INSTALL_MOD_PATH)) $(RELEASE))

install: modules_install headers_install ## install what drivers elsewhere need; DESTDIR= is heeded

core:
	$(MAKE) $(CORE) modules

modules_install: core ## the core module alone, to /lib/modules/RELEASE/updates
	$(MAKE) $(CORE) modules_install
	$(RUN_DEPMOD)

headers_install: core ## headers and Module.symvers alone, to /usr/src/refcdev
	install -d "$(INSTALLED)/include/linux" "$(INSTALLED)/$(RELEASE)"
	install -m 644 include/linux/*.h "$(INSTALLED)/include/linux"
	install -m 644 Module.symvers "$(INSTALLED)/$(RELEASE)"

uninstall: ## undo install; the headers go with the last kernel
	rm -f "$(UPDATES)"/refcdev.ko* "$(INSTALLED)/$(RELEASE)/Module.symvers"
	-rmdir -p --ignore-fail-on-non-empty "$(UPDATES)"
	-rmdir "$(INSTALLED)/$(RELEASE)"
	ls "$(INSTALLED)"/*/Module.symvers >/dev/null 2>&1 || rm -rf "$(INSTALLED)"
	$(RUN_DEPMOD)

tools: ## build the programs that the tests use
	$(MAKE) -C tools/testing/refcdev

run: ## the demonstration in a guest: a devm driver and a refcdev driver, unplugged while in use
	scripts/run $(ARGS)

test: ## the tests in a guest; ARGS=--full for all counts
	scripts/test $(ARGS)

bench: ## what protection costs, beside every technique in use; ARGS=--instructions for calls alone
	scripts/bench $(ARGS)

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

.PHONY: modules install core modules_install headers_install uninstall tools run test bench mutate \
	kernel style sparse doc-check clean help
