# flowkit: `make` builds the programs into bin/, `make check` tests them.
#
#	make [CC=clang] [SAN=1] [DEBUG=1]
#	make install PREFIX=/usr/local DESTDIR=
#	make check | lint | bench | fuzz | clean | uninstall

CC      = gcc
PREFIX  = /usr/local
DESTDIR =
B       = .build/$(notdir $(CC))$(if $(SAN),-san)$(if $(DEBUG),-debug)

VERSION  = 0.1.0
WARN     = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
OPTIMIZE = $(if $(SAN)$(DEBUG),-O1 -g -fno-omit-frame-pointer,-O2 -g -ftree-vectorize)
SANFLAGS = $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)
comma    = ,
CFLAGS   = $(OPTIMIZE)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DFLOWKIT_VERSION='"$(VERSION)"' -Icommon $(WARN) $(CFLAGS) \
	$(SANFLAGS) -pthread -MMD -MP
LDLIBS   = -lzstd -lcsv -lpcap -lxxhash -lm -pthread

PROGRAMS = $(patsubst cmd/%.c,%,$(wildcard cmd/flow*.c))
LIB_SRC  = $(wildcard common/*/*.c)
LIB_OBJ  = $(LIB_SRC:%.c=$(B)/%.o)
UNIT     = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ     = $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS    = $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c))

all: $(PROGRAMS:%=bin/%)

# A program is its main file, the parts that only it needs, and the library.
.SECONDEXPANSION:
$(B)/programs/%: $(B)/cmd/%.o $$(addprefix $(B)/,$$(subst .c,.o,$$(wildcard cmd/$$*/*.c))) $(B)/libflow.a
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

bin/%: $(B)/programs/%
	@cp -f $< $@

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

# A fuzz target replays its corpus with any compiler; `make fuzz` uses clang's libFuzzer.
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(B)/libflow.a
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.SECONDARY:
.PHONY: all check lint bench fuzz install uninstall clean unit tools programs
programs: $(PROGRAMS:%=$(B)/programs/%)
unit: $(UNIT)
tools: $(TOOLS) $(FUZZ)

clean:
	rm -rf .build $(PROGRAMS:%=bin/%)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
