# Loops that are compiled for wider units too: the plain ones find the same.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
}

# Unit tests of what has such loops, compiled without clones, or without the widest: they pass.
pass_with() { # PLAIN_LOOPS|NARROW_LOOPS
	local tests=(expr_differential stream thin csv text_tiles base_mem) name

	[ "$(uname -m)" = x86_64 ] || skip "no loops of wider units here"
	command -v gcc > /dev/null || skip "gcc is not installed"
	printf '%s\0' "$REPO"/common/{base,flow,expr,stream,text}/*.c "${tests[@]/#/$REPO/tests/unit/test_}" |
		loops=$1 xargs -0 -P 2 -I '{}' sh -c 'gcc -std=c11 -D_GNU_SOURCE -D"$loops" -DFLOWKIT_VERSION=\"\" \
			-I"$REPO/common" -O1 -c -o "$(echo "${1%.c}" | tr / -).o" "${1%.c}.c"' sh '{}'
	ar rc loops.a ./*-common-*.o
	for name in "${tests[@]}"; do
		gcc -o "$name" ./*-unit-test_"$name".o loops.a -lzstd -lcsv -lm -pthread
		"./$name" > tap
		run -1 grep '^not ok' tap
		grep -q '^1\.\.[1-9]' tap
	done
	nm expr_differential > symbols
	run -1 grep -F .arch_x86_64_v4 symbols
	if [ "$1" = NARROW_LOOPS ]; then
		grep -qF .avx2 symbols
	else
		run -1 grep -F .avx2 symbols
	fi
}

@test "loops: the plain ones select and read what those of wider units do" {
	pass_with PLAIN_LOOPS
}

@test "loops: so do those of 256 bits where the processor would take wider ones" {
	grep -qw avx512vl /proc/cpuinfo || skip "this processor has none"
	pass_with NARROW_LOOPS
}

@test "loops: programs have those of wider units, which this processor takes" {
	local loops

	[ "$(uname -m)" = x86_64 ] || skip "no loops of wider units here"
	loops=$(nm "$(command -v flowfilter)" | grep -cF .avx2) || skip "the programs were built without"
	[ "$loops" -gt 20 ]
	[ "$(gcc -dumpversion)" -lt 12 ] || [ "$(nm "$(command -v flowfilter)" | grep -cF .arch_x86_64_v4)" -gt 20 ]
	grep -qw avx2 /proc/cpuinfo || skip "this processor has none"
}
