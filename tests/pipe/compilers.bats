# What C leaves to the compiler: clang evaluates a call's arguments from the left, gcc on x86-64 from the right.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
}

@test "compilers: flowfilter by clang selects what flowfilter by gcc does, into a file too" {
	command -v clang > /dev/null || skip "clang is not installed"
	make -s -C "$REPO" -j 2 CC=clang CFLAGS=-O0 B="$PWD/b" "$PWD/b/programs/flowfilter"
	flowgen -n 20000 --seed 1 -w day.flow
	flowfilter -j 1 'bytes > 700' -w want.flow day.flow
	b/programs/flowfilter -j 1 'bytes > 700' -w got.flow day.flow
	cmp <(flowcat -o csv -k all want.flow) <(flowcat -o csv -k all got.flow)
}
