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

# Lines that join conditions and are not the last of FILE's blocks: bash goes on behind all but the last condition.
joined() {
	awk '
		was != "" && !/^[[:space:]]*}/ { print was; n++ }
		{ was = /^[[:space:]]*\[.*\] && \[[^|]*\]$/ ? FILENAME ":" FNR ": " $0 : "" }
		END { exit n == 0 }' "$@"
}

@test "tests: no line begins with !, which bats does not fail on" {
	printf '@test "x" {\n\t%s true\n\ttrue && %s true\n\ttrue\n}\n' ! ! > passes.bats
	run -0 negated passes.bats
	[ "${#lines[@]}" = 2 ]
	run -0 bats passes.bats
	run -1 negated "$REPO"/tests/*/*.bats "$REPO"/tests/*.bash
}

@test "tests: conditions have a line each, or bats does not fail on the first" {
	printf '@test "x" {\n\t[ 1 = 2 ] && [ 1 = 1 ]\n\t[ 1 = 1 ] && [[ 1 = 1 ]]\n}\n' > passes.bats
	run -0 joined passes.bats
	[ "${#lines[@]}" = 1 ]
	run -0 bats passes.bats
	run -1 joined "$REPO"/tests/*/*.bats
}
