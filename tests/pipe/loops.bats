# Loops that are compiled for wider units too: the plain ones find the same.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
}

# A unit test, of the folders that it needs, without clones; it passes.
plain_passes() { # TEST FOLDER ...
	local test=$1 folder sources=()

	shift
	for folder; do
		sources+=("$REPO"/common/"$folder"/*.c)
	done
	printf '%s\0' "${sources[@]}" "$REPO/tests/unit/$test.c" |
		xargs -0 -P 2 -I '{}' sh -c 'gcc -std=c11 -D_GNU_SOURCE -DPLAIN_LOOPS -DFLOWKIT_VERSION=\"\" -I"$REPO/common" -O1 \
			-c -o "$(echo "$1" | tr / -).o" "$1"' sh '{}'
	gcc -o "$test" ./*.o -lzstd -lcsv -lm -pthread
	nm "$test" > symbols
	run -1 grep -F .avx2 symbols
	"./$test" > tap
	run -1 grep '^not ok' tap
	grep -q '^1\.\.[1-9]' tap
	rm -f ./*.o
}

@test "loops: the plain ones select and read what those of wider units do" {
	[ "$(uname -m)" = x86_64 ] || skip "no loops of wider units here"
	command -v gcc > /dev/null || skip "gcc is not installed"
	plain_passes test_expr_differential base flow expr stream
	plain_passes test_stream base flow stream
	plain_passes test_thin base flow stream
	plain_passes test_csv base flow text
	plain_passes test_text_tiles base flow stream text
	plain_passes test_base_mem base
}

@test "loops: programs have those of wider units, which this processor takes" {
	local loops

	[ "$(uname -m)" = x86_64 ] || skip "no loops of wider units here"
	loops=$(nm "$(command -v flowfilter)" | grep -cF .avx2) || skip "the programs were built without"
	[ "$loops" -gt 20 ]
	grep -qw avx2 /proc/cpuinfo || skip "this processor has none"
}
