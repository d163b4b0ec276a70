# Tests fail when what they say is not so.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
}

# Lines of FILE ... that begin with `!`: bash, and so bats, goes on behind them whatever comes out.
negated() {
	awk '/(^|&&|\|\||;)[[:space:]]*![[:space:]]/ { print FILENAME ":" FNR ": " $0; n++ } END { exit n == 0 }' "$@"
}

@test "tests: no line begins with !, which bats does not fail on" {
	printf '@test "x" {\n\t%s true\n\ttrue && %s true\n\ttrue\n}\n' ! ! > passes.bats
	run -0 negated passes.bats
	[ "${#lines[@]}" = 2 ]
	run -0 bats passes.bats
	run -1 negated "$REPO"/tests/*/*.bats "$REPO"/tests/*.bash
}
