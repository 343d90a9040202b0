# mfx: `make` builds into bin/, `make check` tests, `make demo` shows.
# One Makefile, not recursive.  config.mk comes from ./configure, which is
# made and run here when it is missing.
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
SHELL := /bin/bash -o pipefail

# not for what needs no configuration, or what calls scripts/setup first
ifeq ($(filter clean distclean check demo bench,$(MAKECMDGOALS)),)
-include config.mk
endif

# WERROR=1 makes warnings errors (CI does); SANITIZE=1 builds with ASan and
# UBSan into a tree of its own
BUILD := build$(if $(SANITIZE),/sanitize)
BIN := $(if $(SANITIZE),$(BUILD)/bin,bin)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wvla -Wcast-qual -Wformat=2 -Wundef \
	-Wpointer-arith -Wimplicit-fallthrough $(if $(WERROR),-Werror)
sanitizers := -fsanitize=address,undefined
MFX_CFLAGS := -std=c11 $(WARN) $(CFLAGS) -fstack-protector-strong -fPIE \
	$(if $(SANITIZE),$(sanitizers) -fno-sanitize-recover=all -O1)
MFX_CPPFLAGS := -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -I. -Ilib \
	-include config.h -include lib/banned.h $(CPPFLAGS)
MFX_LDFLAGS := -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS) \
	$(if $(SANITIZE),$(sanitizers))

# V=1 shows the whole commands
run = $(if $(V),$(2),@echo "  $(1) $@"; $(2))

CMDS := $(filter-out $(LEFT_OUT),$(patsubst cmd/%.c,%,$(wildcard cmd/*.c)))
# what stands on a library that is missing is left out with its programs
LIB_SRC := $(filter-out $(if $(MICROHTTPD_LIBS),,lib/http/% lib/api/%) \
	$(if $(GNUTLS_LIBS),,lib/http/% lib/api/%) \
	$(if $(SQLITE_LIBS),,lib/store/sqlite%) \
	$(if $(and $(SQLITE_LIBS),$(SODIUM_LIBS)),,lib/registry/% lib/remote/% \
	lib/http/% lib/api/% lib/coap/% lib/mqtt/%) \
	$(if $(CURL_LIBS),,lib/remote/%) \
	$(if $(and $(WEBSOCKETS_LIBS),$(EV_LIBS),$(OPENSSL_LIBS)),,lib/http/ws%) \
	$(if $(and $(COAP_LIBS),$(CRYPTO_LIBS),$(OPENSSL_LIBS)),,lib/coap/%) \
	$(if $(and $(MOSQUITTO_PLUGIN),$(MOSQUITTO_LIBS),$(OPENSSL_LIBS)),,lib/mqtt/%), \
	$(wildcard lib/*/*.c))
PROGRAMS := $(CMDS:%=$(BIN)/%)
# what mosquitto loads; of a sanitized tree it is none
PLUGIN := $(if $(MOSQUITTO_PLUGIN),$(if $(SANITIZE),,$(BIN)/mfx_mosquitto.so))

# What a program links with beside lib/.
identity := mfx-users mfx-things mfx-channels mfx-can mfx-events mfx-token
$(identity:%=$(BIN)/%): LIBS = $(SQLITE_LIBS) $(SODIUM_LIBS)
$(BIN)/mfx-adapt-http $(BIN)/mfx-api: LIBS = $(MICROHTTPD_LIBS) \
	$(GNUTLS_LIBS) $(SQLITE_LIBS) $(SODIUM_LIBS)
$(BIN)/mfx-adapt-mqtt: LIBS = $(MOSQUITTO_LIBS) $(OPENSSL_LIBS) $(SODIUM_LIBS)
$(BIN)/mfx-adapt-ws: LIBS = $(WEBSOCKETS_LIBS) $(EV_LIBS) $(OPENSSL_LIBS) \
	$(MICROHTTPD_LIBS) $(GNUTLS_LIBS) $(SQLITE_LIBS) $(SODIUM_LIBS) \
	$(EXPAT_LIBS)
$(BIN)/mfx-adapt-coap: LIBS = $(COAP_LIBS) $(OPENSSL_LIBS) $(CRYPTO_LIBS) \
	$(MICROHTTPD_LIBS) $(GNUTLS_LIBS) $(SQLITE_LIBS) $(SODIUM_LIBS) \
	$(EXPAT_LIBS)
$(BIN)/mfx-write-sqlite $(BIN)/mfx-read-sqlite: LIBS = $(SQLITE_LIBS)
$(BIN)/mfx-normalize $(BIN)/mfx-check: LIBS = $(EXPAT_LIBS)

all: config.mk $(PROGRAMS) $(PLUGIN)
	@$(if $(strip $(LEFT_OUT)),echo "left out for want of a library: \
	$(LEFT_OUT) (scripts/setup installs it)")

# a second time with what it was given the first time
config.mk: config.mk.in configure
	$(if $(wildcard config.status),./config.status --recheck --quiet && \
	    ./config.status --quiet,./configure --quiet $(CONFIGURE_FLAGS))
	@touch $@
config.h: config.mk ;
configure: configure.ac
	@command -v autoconf >/dev/null || \
	    { echo 'autoconf is missing: run scripts/setup' >&2; exit 1; }
	autoconf
	@autoheader 2>/dev/null

$(BUILD)/%.o: %.c config.h
	@mkdir -p $(@D)
	$(call run,CC,$(CC) $(MFX_CPPFLAGS) $(MFX_CFLAGS) -MMD -MP -c -o $@ $<)

# what `mfx --help` lists: the .Nd line of each page
programs_h = awk '/^\.Nd / { name = FILENAME; gsub(/.*\/mfx-|\.1$$/, "", name); \
	sub(/^\.Nd /, ""); gsub(/["\\]/, "\\\\&"); \
	printf "{ \"%s\", NULL, \"%s\", NULL, NULL },\n", name, $$0 }'
$(BUILD)/cmd/programs.h: man $(sort $(wildcard man/mfx-*.1))
	@mkdir -p $(@D)
	$(call run,GEN,$(programs_h) $(wordlist 2,999,$^) /dev/null >$@)
$(BUILD)/cmd/mfx.o: $(BUILD)/cmd/programs.h
$(BUILD)/cmd/mfx.o: MFX_CPPFLAGS += -I$(BUILD)

# the document that mfx-api gives, as C strings, one for each of its parts
openapi := $(patsubst %,lib/api/openapi/%.json,info components paths-users \
	paths-things paths-channels paths-messages paths-service)
openapi_h = awk '{ if (FNR == 1 && NR > 1) print ","; sub(/^\t+/, ""); \
	gsub(/["\\]/, "\\\\&"); printf "\"%s\\n\"\n", $$0 }'
$(BUILD)/lib/api/openapi_text.h: $(openapi)
	@mkdir -p $(@D)
	$(call run,GEN,$(openapi_h) $^ >$@)
$(BUILD)/lib/api/openapi.o $(BUILD)/pic/lib/api/openapi.o: \
	$(BUILD)/lib/api/openapi_text.h
$(BUILD)/lib/api/openapi.o $(BUILD)/pic/lib/api/openapi.o: \
	MFX_CPPFLAGS += -I$(BUILD)/lib

$(BUILD)/libmfx.a: $(LIB_SRC:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(call run,AR,$(AR) rcs $@ $^)

# a command of several files has the others in a folder: cmd/bus of mfx-bus
$(foreach c,$(CMDS),$(eval $(BIN)/$(c): \
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard cmd/$(c:mfx-%=%)/*.c))))
$(BIN)/%: $(BUILD)/cmd/%.o $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $(filter %.o,$^) \
	    $(filter %.a,$^) $(LIBS) -lm)

# The broker's plugin: the same sources once more, as a shared object may
# have them, and nothing of them visible but what the broker calls.
$(BUILD)/pic/%.o: %.c config.h
	@mkdir -p $(@D)
	$(call run,PIC,$(CC) $(MFX_CPPFLAGS) $(MFX_CFLAGS:-fPIE=-fPIC) \
	    -fvisibility=hidden -MMD -MP -c -o $@ $<)
$(BUILD)/pic/libmfx.a: $(patsubst %.c,$(BUILD)/pic/%.o, \
	$(filter-out lib/http/% lib/store/% lib/remote/%,$(LIB_SRC)))
	@rm -f $@
	$(call run,AR,$(AR) rcs $@ $^)
$(BIN)/mfx_mosquitto.so: $(BUILD)/pic/lib/mqtt/plugin.o $(BUILD)/pic/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -shared $(filter-out -pie,$(MFX_LDFLAGS)) -o $@ \
	    $^ $(SQLITE_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS) -lm)

include tests/tests.mk

prefix ?= /usr/local
# what runs the programs, with the paths that they are installed under
deploy := $(shell cd scripts && find deploy -type f | sort)
install: all
	install -d $(DESTDIR)$(prefix)/bin \
	    $(DESTDIR)$(prefix)/share/man/man1 \
	    $(DESTDIR)$(prefix)/share/man/man5 \
	    $(DESTDIR)$(prefix)/share/man/man7 \
	    $(DESTDIR)$(prefix)/share/man/man8 \
	    $(DESTDIR)$(prefix)/share/bash-completion/completions \
	    $(DESTDIR)$(prefix)/share/zsh/site-functions \
	    $(DESTDIR)$(prefix)/share/fish/vendor_completions.d
	install -m 755 $(PROGRAMS) $(DESTDIR)$(prefix)/bin
	$(if $(PLUGIN),install -D -m 644 $(PLUGIN) \
	    $(DESTDIR)$(prefix)/lib/mfx/mfx_mosquitto.so)
	for s in 1 5 7 8; do install -m 644 man/*.$$s \
	    $(DESTDIR)$(prefix)/share/man/man$$s; done
	install -m 644 completions/mfx.bash \
	    $(DESTDIR)$(prefix)/share/bash-completion/completions/mfx
	install -m 644 completions/_mfx \
	    $(DESTDIR)$(prefix)/share/zsh/site-functions/_mfx
	install -m 644 completions/mfx.fish \
	    $(DESTDIR)$(prefix)/share/fish/vendor_completions.d/mfx.fish
	cd $(DESTDIR)$(prefix)/share && for c in $(filter-out mfx,$(CMDS)); do \
	    ln -sf mfx bash-completion/completions/$$c; \
	    ln -sf mfx.fish fish/vendor_completions.d/$$c.fish; done
	for f in $(deploy); do mode=644; [ ! -x scripts/$$f ] || mode=755; \
	    install -D -m $$mode scripts/$$f \
	    $(DESTDIR)$(prefix)/share/mfx/$$f && \
	    sed -i 's,/usr/local,$(prefix),g' \
	    $(DESTDIR)$(prefix)/share/mfx/$$f || exit; done

uninstall:
	cd $(DESTDIR)$(prefix) && rm -f $(CMDS:%=bin/%) \
	    lib/mfx/mfx_mosquitto.so \
	    $(patsubst man/%.1,share/man/man1/%.1,$(wildcard man/*.1)) \
	    $(patsubst man/%.5,share/man/man5/%.5,$(wildcard man/*.5)) \
	    $(patsubst man/%.7,share/man/man7/%.7,$(wildcard man/*.7)) \
	    $(patsubst man/%.8,share/man/man8/%.8,$(wildcard man/*.8)) \
	    $(CMDS:%=share/bash-completion/completions/%) \
	    share/zsh/site-functions/_mfx \
	    $(CMDS:%=share/fish/vendor_completions.d/%.fish) \
	    $(deploy:%=share/mfx/%)

version = $(shell sed -n 's/^AC_INIT(\[mfx\], \[\(.*\)\])/\1/p' configure.ac)
dist: configure
	@mkdir -p build
	git archive --prefix=mfx-$(version)/ --add-file=configure \
	    --add-file=config.h.in HEAD | gzip -9 >build/mfx-$(version).tar.gz
	@echo build/mfx-$(version).tar.gz

clean:
	rm -rf build bin
distclean: clean
	rm -rf config.mk config.h config.h.in config.log config.status \
	    configure autom4te.cache

-include $(wildcard $(BUILD)/cmd/*.d $(BUILD)/cmd/*/*.d \
	$(BUILD)/lib/*/*.d $(BUILD)/tests/*/*.d \
	$(BUILD)/pic/lib/*/*.d)
.PHONY: all install uninstall dist clean distclean
