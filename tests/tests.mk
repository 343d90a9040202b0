# make check: all of it, after scripts/setup; the last line is
# "N passed, N failed".  CI=true makes warnings errors.
# make test T=tests/bus.bats: one suite, with what is built.
# make lint, unit, fuzz FUZZ_SECONDS=60, bench, demo: as they say.
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
BENCHES := $(patsubst tests/bench/%,$(BUILD)/bench/%,$(basename \
	$(wildcard tests/bench/*.c tests/bench/*.cc)))
ALL_LIBS = $(MICROHTTPD_LIBS) $(GNUTLS_LIBS) $(SQLITE_LIBS) $(SODIUM_LIBS) \
	$(EXPAT_LIBS) $(WEBSOCKETS_LIBS) $(EV_LIBS) $(OPENSSL_LIBS) \
	$(MOSQUITTO_LIBS) $(COAP_LIBS) $(CRYPTO_LIBS)

# what the scripts and the suites ask for
test_env = MAKE="$(MAKE)" CC="$(CC)" BUILD="$(BUILD)" MFX_BIN="$(abspath $(BIN))"

$(BUILD)/unit/% $(BUILD)/bench/%: LIBS = $(ALL_LIBS)
$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $^ $(LIBS) -lm)
# a peer in C++, with its own library
$(BUILD)/bench/dom_minify: tests/bench/dom_minify.cc
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) -O2 -Wall -Wextra -o $@ $< -lsimdjson)
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libmfx.a
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) $(MFX_LDFLAGS) -o $@ $^ $(LIBS) -lm)

unit: $(UNITS)
	@status=0; for u in $(UNITS); do echo "# $$u"; $$u || status=1; done; \
	exit $$status

T ?= $(wildcard tests/*.bats)
test: all unit
	@$(test_env) bats $(T)

lint: all $(BUILD)/libmfx.a
	@$(test_env) scripts/lint

check:
	scripts/setup test
	@+$(MAKE) --no-print-directory $(if $(filter true,$(CI)),WERROR=1) \
	    all $(UNITS) fuzzers
	@+$(MAKE) --no-print-directory SANITIZE=1 all
	@+$(test_env) scripts/check

# libFuzzer needs clang and a library of its own, all of it instrumented
fuzz_make = $(MAKE) --no-print-directory BUILD=build/fuzz CC=clang SANITIZE= \
	WERROR= CFLAGS="-w -g -O1 -fno-sanitize-recover=all \
	-fsanitize=fuzzer-no-link,address,undefined"
build/fuzz/%: build/fuzz/tests/fuzz/%.o build/fuzz/libmfx.a
	$(call run,LINK,clang -fsanitize=fuzzer$(comma)address$(comma)undefined \
	    -pie -o $@ $^ $(ALL_LIBS) -lm)
comma := ,
fuzzers:
	@+$(if $(FUZZERS),$(fuzz_make) $(FUZZERS:%=build/fuzz/%))
FUZZ_SECONDS ?= 10
fuzz: fuzzers
	@scripts/fuzz $(FUZZ_SECONDS) $(FUZZERS)

# numbers, beside the peers where there are any: tests/bench/README
bench:
	scripts/setup bench
	@+$(MAKE) --no-print-directory all $(BENCHES)
	@$(test_env) scripts/bench $(B)

demo:
	@scripts/demo

.PHONY: unit test lint check fuzz fuzzers bench demo
