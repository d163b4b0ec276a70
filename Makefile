# flowkit: `make` builds the programs into bin/, `make check` tests them.
#
#	make [CC=clang] [SAN=1] [DEBUG=1] [DYNAMIC=1]
#	make install PREFIX=/usr/local DESTDIR=
#	make check | lint | bench | bench-detect | fuzz | clean | uninstall

CC      = gcc
PREFIX  = /usr/local
DESTDIR =
B       = .build/$(notdir $(CC))$(if $(SAN),-san)$(if $(DEBUG),-debug)$(if $(DYNAMIC),-dynamic)

VERSION  = 0.1.0
WARN     = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
# Loops begin where the processor fetches: their speed is not a matter of what stands in front of them.
OPTIMIZE = $(if $(SAN)$(DEBUG),-O1 -g -fno-omit-frame-pointer,-O3 -g -falign-functions=32 -falign-loops=32)
SANFLAGS = $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)
comma    = ,
# CFLAGS, CPPFLAGS and LDFLAGS may come from the environment, as a distribution gives its own.
CFLAGS  ?= $(OPTIMIZE)
# What is built does not say where: it is the same in every directory.
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DFLOWKIT_VERSION='"$(VERSION)"' -Icommon $(WARN) $(CPPFLAGS) $(CFLAGS) \
	$(SANFLAGS) $(if $(FUZZING),-fsanitize=fuzzer-no-link) -fPIE -pthread -MMD -MP -ffile-prefix-map="$$PWD"=.
# Programs load only the libraries that they use.
LDLIBS   = -Wl,--as-needed -lzstd -lcsv -lpcap -lssl -lcrypto -lxxhash -lm -pthread
# Libraries are linked in where the system has them so: a quarter of the time that a program takes to start is spent
# loading them.  Not in what asks the system for names or for certificates, which loads more as it runs.
STATIC   = $(if $(SAN)$(DYNAMIC),,-static-pie)
NAMES    = flowalert flowrecv flowsend

PROGRAMS = $(patsubst cmd/%.c,%,$(wildcard cmd/flow*.c))
SCRIPTS  = flowwatch
LIB_SRC  = $(wildcard common/*/*.c)
LIB_OBJ  = $(LIB_SRC:%.c=$(B)/%.o)
UNIT     = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ     = $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS    = $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c))

all: .build/bin

# A program is its main file, the parts that only it needs, and the library.
.SECONDEXPANSION:
$(B)/programs/%: $(B)/cmd/%.o $$(addprefix $(B)/,$$(subst .c,.o,$$(wildcard cmd/$$*/*.c))) $(B)/libflow.a | $(B)/static
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDFLAGS) $(if $(filter $*,$(NAMES)),,$$(cat $(B)/static)) -o $@ $^ $(LDLIBS)

# What links a program whole, or nothing.
$(B)/static:
	@mkdir -p $(@D)
	@echo 'int main(void) { return 0; }' | $(CC) $(LDFLAGS) -x c -fPIE -o $@.out $(STATIC) - -x none $(LDLIBS) 2>/dev/null && \
		echo '$(STATIC)' >$@ || : >$@
	@rm -f $@.out

$(PROGRAMS:%=bin/%): bin/%: $(B)/programs/%
	@cp -f $< $@

# bin/ is of the build that was asked for last, whichever is newer.
ifneq ($(file <.build/bin),$(B))
.PHONY: $(PROGRAMS:%=bin/%)
endif
.build/bin: $(PROGRAMS:%=bin/%)
	@mkdir -p $(@D)
	@echo '$(B)' >$@

$(B)/libflow.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/unit/%: $(B)/tests/unit/%.o $(B)/libflow.a
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tools/%: $(B)/tests/tools/%.o $(B)/libflow.a
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A fuzz target replays its corpus with any compiler; `make fuzz` uses clang's libFuzzer.  fuzz_PROGRAM_PART looks at
# a part of that program.
parts_of = $(foreach p,$(PROGRAMS),$(if $(filter fuzz_$(p)_%,$1),$(patsubst %.c,$(B)/%.o,$(wildcard cmd/$(p)/*.c))))
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(if $(FUZZING),,$(B)/tests/fuzz/replay.o) $$(call parts_of,$$*) $(B)/libflow.a
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(if $(FUZZING),-fsanitize=fuzzer) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.SECONDARY:
.PHONY: all check lint bench bench-detect fuzz fuzz-run install uninstall clean unit tools programs
programs: $(PROGRAMS:%=$(B)/programs/%)
unit: $(UNIT)
tools: $(TOOLS) $(FUZZ)

check: programs unit tools
	@FLOWKIT_BIN='$(abspath $(B))/programs' FLOWKIT_TOOLS='$(abspath $(B))/tools' FLOWKIT_SAN='$(SAN)' \
		tests/run '$(abspath $(B))'

lint:
	@tests/lint/run

bench: programs tools
	@for b in tests/bench/*.sh; do \
		FLOWKIT_BIN='$(abspath $(B))/programs' FLOWKIT_TOOLS='$(abspath $(B))/tools' "$$b" || exit 1; \
	done

# What the detectors find, on ../shared/labelled and on planted incidents; skips what is not there.
bench-detect: programs unit tools
	@FLOWKIT_BIN='$(abspath $(B))/programs' FLOWKIT_TOOLS='$(abspath $(B))/tools' tests/bench/detect.sh $(DETECTORS)

# Look for new inputs that fail, FUZZ_SECONDS for each target; see tests/fuzz/run.
fuzz:
	$(MAKE) CC=clang SAN=1 FUZZING=1 B=.build/fuzz fuzz-run

fuzz-run: $(FUZZ) $(B)/unit/test_wire_hostile $(B)/tools/hostile
	@tests/fuzz/run $(B)

BINDIR  = $(DESTDIR)$(PREFIX)/bin
MANDIR  = $(DESTDIR)$(PREFIX)/share/man
BASHDIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR  = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISHDIR = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
MAN     = $(notdir $(wildcard man/*.[157]))

# bash and fish look for completions under the name of the command.
install: programs
	install -d "$(BINDIR)" "$(MANDIR)/man1" "$(MANDIR)/man5" "$(MANDIR)/man7" "$(BASHDIR)" "$(ZSHDIR)" "$(FISHDIR)"
	install -m 755 $(PROGRAMS:%=$(B)/programs/%) $(SCRIPTS:%=bin/%) "$(BINDIR)"
	for m in $(MAN); do install -m 644 man/$$m "$(MANDIR)/man$${m##*.}" || exit 1; done
	install -m 644 completions/_flowkit "$(ZSHDIR)"
	install -m 644 completions/flowkit.bash "$(BASHDIR)/flowkit"
	install -m 644 completions/flowkit.fish "$(FISHDIR)/flowkit.fish"
	for p in $(PROGRAMS) $(SCRIPTS); do \
		ln -sf flowkit "$(BASHDIR)/$$p" && ln -sf flowkit.fish "$(FISHDIR)/$$p.fish" || exit 1; \
	done

uninstall:
	for m in $(MAN); do rm -f "$(MANDIR)/man$${m##*.}/$$m" || exit 1; done
	for p in $(PROGRAMS) $(SCRIPTS); do \
		rm -f "$(BINDIR)/$$p" "$(BASHDIR)/$$p" "$(FISHDIR)/$$p.fish" || exit 1; \
	done
	rm -f "$(ZSHDIR)/_flowkit" "$(BASHDIR)/flowkit" "$(FISHDIR)/flowkit.fish"

clean:
	rm -rf .build $(PROGRAMS:%=bin/%)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
