# mfx: `make` builds into bin/, `make check` tests, `make demo` shows.
# One Makefile, not recursive.  config.mk comes from ./configure, which is
# made and run here when it is missing.  Programs and what they need are
# rows of cmd/programs.
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

# not for what needs no configuration, or what calls scripts/setup first
ifeq ($(filter clean distclean check demo bench,$(MAKECMDGOALS)),)
-include config.mk
endif

# WERROR=1 makes warnings errors (CI does); SANITIZE=1 builds with ASan and
# UBSan into a tree of its own, SANITIZE=thread with TSan into another
tsan := $(filter thread,$(SANITIZE))
BUILD := build$(if $(SANITIZE),/$(or $(tsan),sanitize))
BIN := $(if $(SANITIZE),$(BUILD)/bin,bin)
asan = address,undefined
sanitizers := -fsanitize=$(or $(tsan),$(asan))
MFX_CFLAGS = -std=c11 $(WARN_CFLAGS) $(if $(WERROR),-Werror) $(CFLAGS) \
	$(HARDEN_CFLAGS) \
	$(if $(SANITIZE),$(sanitizers) -fno-sanitize-recover=all -O1)
# with --enable-posix-only all but these do without what only GNU declares
linux = lib/net/% lib/http/% lib/ws/% lib/coap/% lib/mqtt/% lib/api/% cmd/mfx-adapt-% tests/%
features = $(if $(filter-out 0,$(OS_LINUX))$(filter $(linux),$<), \
	-D_GNU_SOURCE,-D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700)
MFX_CPPFLAGS = $(features) $(HARDEN_CPPFLAGS) -I. -Ilib \
	-include config.h -include lib/banned.h $(LIBRARY_CFLAGS) $(CPPFLAGS)
MFX_LDFLAGS = $(HARDEN_LDFLAGS) $(LDFLAGS) $(if $(SANITIZE),$(sanitizers))

# V=1 shows the whole commands, make -s none
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo "  $(1) $@")
run = $(if $(V),$(2),@$(say); $(2))

CMDS := $(filter-out %.so,$(PROGRAMS))
# what mosquitto and programs load; a sanitized tree has none for mosquitto, as
# that is not sanitized
MODULES := $(filter $(if $(SANITIZE),$(tsan:thread=mfx_bus_%.so),%.so), \
	$(PROGRAMS))
# what reads in place of the C library, for the one program that wants it
WIRE := lib/coap/interpose.c
LIB_SRC := $(filter-out $(WIRE) $(LEFT_OUT_SOURCES), \
	$(wildcard lib/*/*.c lib/*/*/*.c))
# What the C library has of mathematics, as glibc has frexp(3), is taken from
# there: libm is 0.3 MiB resident.
PROGRAM_LIBS = $(libs.$(@F)) $(LIBS) -lc -lm

all: config.mk $(CMDS:%=$(BIN)/%) $(MODULES:%=$(BIN)/%)
	@$(AWK) -v have='$(HAVE)' -v say=1 -f scripts/needs.awk cmd/programs

# a second time with what ./configure was given the first time
config.mk: config.mk.in configure scripts/needs.awk
	$(if $(wildcard config.status),./config.status --recheck --quiet && \
	    ./config.status --quiet,./configure --quiet $(CONFIGURE_FLAGS))
	@touch $@
config.h: | config.mk ;
configure: configure.ac cmd/programs
	@command -v autoconf >/dev/null || \
	    { echo 'autoconf is missing: run scripts/setup' >&2; exit 1; }
	autoconf --force
	@autoheader --force 2>/dev/null

$(BUILD)/%.o: %.c config.h
	@mkdir -p $(@D)
	$(call run,CC,$(CC) $(MFX_CPPFLAGS) $(MFX_CFLAGS) -MMD -MP -c -o $@ $<)

# what `mfx --help` lists: the .Nd line of each page
programs_h = awk '/^\.Nd / { name = FILENAME; gsub(/.*\/mfx-|\.1$$/, "", name); \
	sub(/^\.Nd /, ""); gsub(/["\\]/, "\\\\&"); \
	printf "{ \"%s\", .summary = \"%s\" },\n", name, $$0 }'
$(BUILD)/cmd/programs.h: man $(sort $(wildcard man/mfx-*.1))
	@mkdir -p $(@D)
	$(call run,GEN,$(programs_h) $(wordlist 2,999,$^) /dev/null >$@)
$(BUILD)/cmd/mfx.o: $(BUILD)/cmd/programs.h
$(BUILD)/cmd/mfx.o: MFX_CPPFLAGS += -I$(BUILD)

# the document that mfx-api gives, as C strings, one for each of its parts
openapi := $(patsubst %,lib/api/openapi/%.json,info components schemas \
	paths-users paths-grants paths-things paths-channels paths-groups \
	paths-bootstrap paths-certs paths-messages paths-service)
openapi_h = awk '{ if (FNR == 1 && NR > 1) print ","; sub(/^\t+/, ""); \
	gsub(/["\\]/, "\\\\&"); printf "\"%s\\n\"\n", $$0 }'
$(BUILD)/lib/api/openapi_text.h: $(openapi)
	@mkdir -p $(@D)
	$(call run,GEN,$(openapi_h) $^ >$@)
openapi_o = $(BUILD)/lib/api/openapi.o $(BUILD)/pic/lib/api/openapi.o
$(openapi_o): $(BUILD)/lib/api/openapi_text.h
$(openapi_o): MFX_CPPFLAGS += -I$(BUILD)/lib

$(BUILD)/libmfx.a: $(LIB_SRC:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(call run,AR,$(AR) rcs $@ $^)

# a command of several files has the others in a folder: cmd/bus of mfx-bus
$(foreach c,$(CMDS),$(eval $(BIN)/$(c): \
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard cmd/$(c:mfx-%=%)/*.c))))
$(BIN)/mfx-adapt-coap: $(WIRE:%.c=$(BUILD)/%.o)
# and some share theirs
$(BIN)/mfx-fmt: $(addprefix $(BUILD)/cmd/plot/, \
	chart.o curves.o scale.o text.o)
$(BIN)/mfx-status: $(addprefix $(BUILD)/cmd/export/, \
	collect.o families.o processes.o streams.o units.o)
$(BIN)/mfx-things $(BIN)/mfx-channels: $(BUILD)/cmd/items/items.o
$(BIN)/%: $(BUILD)/cmd/%.o $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $(filter %.o,$^) \
	    $(filter %.a,$^) $(PROGRAM_LIBS))

# The broker's plugin: the same sources once more, as a shared object may
# have them, and nothing of them visible but what the broker calls.
$(BUILD)/pic/%.o: %.c config.h
	@mkdir -p $(@D)
	$(call run,PIC,$(CC) $(MFX_CPPFLAGS) $(MFX_CFLAGS:-fPIE=-fPIC) \
	    -fvisibility=hidden -MMD -MP -c -o $@ $<)
$(BUILD)/pic/libmfx.a: $(patsubst %.c,$(BUILD)/pic/%.o, \
	$(filter-out lib/http/% lib/store/% lib/client/% lib/certs/% lib/cql/% \
	lib/redis/%,$(LIB_SRC)))
	@rm -f $@
	$(call run,AR,$(AR) rcs $@ $^)
$(BIN)/mfx_mosquitto.so: $(BUILD)/pic/lib/mqtt/plugin.o $(BUILD)/pic/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -shared $(filter-out -pie,$(MFX_LDFLAGS)) -o $@ \
	    $^ $(PROGRAM_LIBS))

# a kind of bus that needs a library: loaded when a bus is of that kind
$(BIN)/mfx_bus_nats.so: $(BUILD)/pic/lib/bus/nats/driver.o \
	$(BUILD)/pic/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -shared $(filter-out -pie,$(MFX_LDFLAGS)) -o $@ \
	    $^ $(PROGRAM_LIBS))
$(BUILD)/lib/bus/module.o $(BUILD)/pic/lib/bus/module.o: \
	MFX_CPPFLAGS += -DMODULE_DIR='"$(plugindir)"'

# where the templates of scripts/deploy are installed
$(BUILD)/cmd/init/plan.o: MFX_CPPFLAGS += -DDEPLOY_DIR='"$(datadir)/mfx/deploy"'

include tests/tests.mk

plugindir = $(libdir)/mfx
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
# of what is built
pages = $(filter-out $(foreach p,$(LEFT_OUT:.so=),man/$p.1 man/$p.8), \
	$(wildcard man/*.[1-8]))
# what runs the programs
deploy = $(sort $(shell find scripts/deploy -type f))
# texts name the paths that the programs are installed under
text = sed -e 's,/usr/local/bin,$(bindir),g' \
	-e 's,/usr/local/lib/mfx,$(plugindir),g' \
	-e 's,/usr/local/share/mfx,$(datadir)/mfx,g' -e 's,/usr/local,$(prefix),g'
# $(call put,MODE,FILES,DIRECTORY,FILTER): as install(1), which POSIX does
# not have; $$f is the file in hand
put = umask 022; for f in $(2); do d="$(DESTDIR)$(strip $(3))"; \
	t="$$d/$${f\#\#*/}"; mkdir -p "$$d" && rm -f "$$t" && $(4) "$$f" >"$$t" && \
	chmod $(1) "$$t" || exit; done
# the same under another name, for each program
link = cd "$(DESTDIR)$(1)" && for c in $(filter-out mfx,$(CMDS)); do \
	ln -s -f $(2) "$$c$(3)" || exit; done

install: all
	$(call put,755,$(CMDS:%=$(BIN)/%),$(bindir),cat)
	$(call put,644,$(MODULES:%=$(BIN)/%),$(plugindir),cat)
	$(call put,644,$(pages),$(mandir)/man$${f##*.},$(text))
	$(call put,644,completions/mfx.bash,$(bashcompdir),cat)
	cd "$(DESTDIR)$(bashcompdir)" && mv -f mfx.bash mfx
	$(call link,$(bashcompdir),mfx)
	$(call put,644,completions/_mfx,$(zshcompdir),cat)
	$(call put,644,completions/mfx.fish,$(fishcompdir),cat)
	$(call link,$(fishcompdir),mfx.fish,.fish)
	$(call put,$$([ -x $$f ] && echo 755 || echo 644),$(deploy), \
	    $(datadir)/mfx/$$(dirname $${f#scripts/}),$(text))

uninstall:
	cd "$(DESTDIR)/" && rm -f $(addprefix .,$(CMDS:%=$(bindir)/%) \
	    $(MODULES:%=$(plugindir)/%) \
	    $(foreach p,$(pages:man/%=%),$(mandir)/man$(lastword \
	    $(subst ., ,$p))/$p) \
	    $(CMDS:%=$(bashcompdir)/%) $(zshcompdir)/_mfx \
	    $(CMDS:%=$(fishcompdir)/%.fish) \
	    $(deploy:scripts/%=$(datadir)/mfx/%))

version = $(shell sed -n 's/^AC_INIT(\[mfx\], \[\(.*\)\])/\1/p' configure.ac)
dist: configure
	@mkdir -p build
	git archive --prefix=mfx-$(version)/ --add-file=configure \
	    --add-file=config.h.in -o build/mfx-$(version).tar.gz HEAD
	@echo build/mfx-$(version).tar.gz

clean:
	rm -rf build bin
distclean: clean
	rm -rf config.mk config.h config.h.in config.log config.status \
	    configure autom4te.cache

-include $(wildcard $(BUILD)/cmd/*.d $(BUILD)/cmd/*/*.d \
	$(BUILD)/lib/*/*.d $(BUILD)/lib/*/*/*.d $(BUILD)/tests/*/*.d \
	$(BUILD)/pic/lib/*/*.d $(BUILD)/pic/lib/*/*/*.d)
.PHONY: all install uninstall dist clean distclean
