# make check: all of it, after scripts/setup; the last line is
# "N passed, N failed".  CI=true makes warnings errors.
# make test: with this one build, and none of the servers that scripts/setup
# --stores brings.
# make test T=tests/bus.bats: one suite, with what is built; beside SANITIZE=thread
# it fails for a data race, too.
# make lint, unit, fuzz FUZZ_SECONDS=60, nightly, coverage, bench, demo: as
# they say.

# those that include nothing of what is left out
space := $() $()
left_out = $(subst $(space),|,$(strip \
	$(patsubst lib/%,%,$(subst %,,$(LEFT_OUT_SOURCES))) \
	$(patsubst mfx-%,cmd/%/,$(filter mfx-%,$(LEFT_OUT)))))
testing = $(patsubst tests/$(1)/%.c,%,$(filter-out \
	$(if $(EXPAT_LIBS),,tests/$(1)/xml.c) $(if $(left_out),$(shell grep -lE '^.include "($(left_out))' \
	tests/$(1)/*.c)),$(wildcard tests/$(1)/*.c)))
UNITS := $(addprefix $(BUILD)/unit/,$(call testing,unit))
FUZZERS := $(call testing,fuzz)
BENCHES := $(patsubst tests/bench/%,$(BUILD)/bench/%,$(basename \
	$(wildcard tests/bench/*.c tests/bench/*.cc)))

# preloaded by tests/inject.bats and others, so of functions
# as they are in the library
INJECT := $(addprefix $(BUILD)/,inject.so resolver.so clock.so)
$(INJECT): $(BUILD)/%.so: tests/inject/%.c
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -std=c11 -D_GNU_SOURCE -U_FORTIFY_SOURCE -O1 -g \
	    -Wall -Wextra -fPIC -shared -o $@ $< -ldl)

# the core of lib/http as a server, and as one parser among others
HTTP_CORE := $(addprefix $(BUILD)/http/,$(call testing,http))
$(BUILD)/http/%: $(BUILD)/tests/http/%.o $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $^ $(ALL_LIBS) $(LIBS) -lm)

# devices that come and go, for tests/soak.bats
SOAK := $(BUILD)/soak/devices
$(SOAK): tests/soak/devices.c
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -o $@ $<)

# what the scripts and the suites ask for
test_env = MAKE="$(MAKE)" CC="$(CC)" BUILD="$(BUILD)" MFX_BIN="$(abspath $(BIN))" \
	$(if $(tsan),TSAN_OPTIONS="suppressions=$(CURDIR)/tests/threads.supp \
	log_path=$(abspath $(BUILD))/race")

$(BUILD)/unit/% $(BUILD)/bench/%: PROGRAM_LIBS = $(ALL_LIBS) $(LIBS) -lm
# the parts of commands that have a folder, for the tests of these parts
parts = $(wildcard $(CMDS:mfx-%=cmd/%/*.c) \
	$(if $(filter mfx-things,$(CMDS)),cmd/items/*.c))
$(BUILD)/libcmd.a: $(patsubst %.c,$(BUILD)/%.o,$(parts))
	@rm -f $@
	$(call run,AR,$(AR) rcs $@ $^)
$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libcmd.a $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $^ $(PROGRAM_LIBS))
# peers with libraries of their own
$(BUILD)/bench/ws_broadcast: PROGRAM_LIBS += -lwebsockets
$(BUILD)/bench/nats_bare: PROGRAM_LIBS += -lnats
$(BUILD)/bench/dom_minify: tests/bench/dom_minify.cc
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) -O2 -Wall -Wextra -o $@ $< -lsimdjson)
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $^ $(PROGRAM_LIBS))

# stores that only tests have
$(BUILD)/stores/%: $(BUILD)/tests/stores/%.o $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $^ $(ALL_LIBS) $(LIBS) -lm)
# lib/cql, for its suite
$(BUILD)/cql/%: $(BUILD)/tests/cql/%.o $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $^ $(OPENSSL_LIBS) $(LIBS) -lm)
# the store of mfx-extend(7), for the suite that all stores pass
EXTEND := $(addprefix $(BUILD)/extend/mfx-,$(addsuffix -tsv,write read prune))
$(BUILD)/extend/%: $(BUILD)/tests/extend/%.o $(BUILD)/tests/extend/tsv.o \
	$(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $^ $(EXPAT_LIBS) $(LIBS) -lm)

units: $(UNITS)
unit: $(UNITS)
	@status=0; for u in $(UNITS); do echo "# $$u"; $(test_env) $$u || status=1; \
	done; exit $$status

ifdef T
test: all unit $(INJECT) $(HTTP_CORE) $(SOAK)
	@$(if $(tsan),rm -f $(BUILD)/race.*;) $(test_env) bats $(T) $(if $(tsan), \
	    && ! cat $(BUILD)/race.* 2>/dev/null)
else
# with all processors, where it was not said how many
test:
	@+$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,\
		-j$$(nproc)) all $(UNITS) $(INJECT) $(HTTP_CORE) $(SOAK) \
		$(if $(ALL),fuzzers)
	@$(test_env) scripts/check$(if $(ALL), --all)
endif

lint: all $(BUILD)/libmfx.a
	@$(test_env) scripts/lint

# what clang warns of and gcc does not; nothing is built
clang_ok = $(patsubst %.c,build/clang/%.ok,$(LIB_SRC) \
	$(filter-out $(LEFT_OUT_SOURCES),$(WIRE)) \
	$(wildcard cmd/*.c cmd/*/*.c))
build/clang/%.ok: %.c config.h | all
	@mkdir -p $(@D)
	$(call run,CLANG,clang $(MFX_CPPFLAGS) -I$(BUILD) -I$(BUILD)/lib $(MFX_CFLAGS) \
	    -Wno-unknown-warning-option -Werror -fsyntax-only $< && touch $@)
build/clang/lib/bus/module.ok: MFX_CPPFLAGS += -DMODULE_DIR='"$(plugindir)"'
build/clang/cmd/init/plan.ok: MFX_CPPFLAGS += -DDEPLOY_DIR='"$(datadir)/mfx/deploy"'
clang: $(clang_ok)
	@echo 'ok 1 clang: no warning'

check:
	scripts/setup test
	@+$(MAKE) --no-print-directory ALL=1 \
		$(if $(filter true,$(CI)),WERROR=1) test

# libFuzzer needs clang and a library of its own, all of it instrumented.  The
# programs that are made of that, too, are those of the sanitized suites.
fuzz_make = $(MAKE) --no-print-directory BUILD=build/fuzz BIN=build/fuzz/bin \
	MODULES= CC=clang SANITIZE= WERROR= LDFLAGS="$(LDFLAGS) $(sanitizers)" \
	CFLAGS="-w -g -O1 -fno-sanitize-recover=all \
	-fsanitize=fuzzer-no-link,address,undefined"
build/fuzz/%: build/fuzz/tests/fuzz/%.o build/fuzz/libcmd.a build/fuzz/libmfx.a
	$(call run,LINK,clang -fsanitize=fuzzer$(comma)address$(comma)undefined \
	    -pie -o $@ $^ $(ALL_LIBS) $(LIBS) -lm)
comma := ,
fuzzers:
	@+$(fuzz_make) all $(FUZZERS:%=build/fuzz/%)
FUZZ_SECONDS ?= 10
fuzz: fuzzers
	@scripts/fuzz $(FUZZ_SECONDS) $(FUZZERS)

# what takes hours: CONTRIBUTING.md
nightly: all $(INJECT) $(HTTP_CORE) $(SOAK)
	@$(test_env) scripts/nightly $(PARTS)

# numbers, beside the peers where there are any: tests/bench/README.md
bench:
	scripts/setup bench
	@+$(MAKE) --no-print-directory all $(BENCHES)
	@$(test_env) scripts/bench $(B)

# the lines that tests execute, by gcov
coverage:
	@$(test_env) scripts/coverage

demo:
	@scripts/demo

.PHONY: unit units test lint clang check fuzz fuzzers nightly coverage bench \
	demo
