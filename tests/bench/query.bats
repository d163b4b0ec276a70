# The query benchmark at a small scale: that it runs, compares, and says so when answers differ.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	command -v /usr/bin/time > /dev/null || skip "no GNU time"
	export FLOWS=20000 DAYS=3 ROUNDS=1 THREADS=2 BENCH_DIR=$PWD/bench INSTALL=no
	# Engines that an earlier run of the benchmark installed.
	export NPM_DIR=${NPM_DIR:-/tmp/flowkit-bench/npm}
}

bench() {
	"$REPO/tests/bench/query.sh" "$@"
}

@test "bench: every query runs, and all peers that are there agree" {
	run -0 --separate-stderr bench
	[[ $output == *"20000 flows, IPv4, 2 threads"*"20000 flows, a fifth IPv6, 2 threads"* ]]
	[[ $output == *"6000 flows, IPv4, a file a day, 2 threads"* ]]
	[[ $output == *" answers agree, 0 do not" ]]
	names=$(cd "$REPO/tests/bench" && PYTHONDONTWRITEBYTECODE=1 python3 -c 'from queries import QUERIES
for q in QUERIES: print(2 - q.days, q.name)')
	while read -r sets name; do
		[ "$(grep -cF -- "$name " <<< "$output")" -ge "$sets" ]
	done <<< "$names"
}

@test "bench: --markdown writes tables for the README" {
	SETS=v4 PEERS='' run -0 --separate-stderr bench --markdown table.md
	grep -qF '| query | flowkit | flowkit --fast |' table.md
	grep -qF '| size, octets a flow |' table.md
}

@test "bench: a peer that cannot be had is left out, and said so" {
	SETS=v4 PEERS='duckdb clickhouse' NPM_DIR=$PWD/none run -0 --separate-stderr bench
	[[ $stderr == *"query: without duckdb: "*"query: without clickhouse: "* ]]
	[[ $output != *DuckDB* ]]
}

@test "bench: an answer that differs is named, and the status is 1" {
	mkdir liars
	cp "$(command -v flowgen)" "$(command -v flowcat)" "$(command -v flowfilter)" "$(command -v flowstat)" liars/
	cat > liars/flowagg <<-EOF
		#!/bin/sh
		case "\$*" in
		*"-v bytes"*fast.flow) echo bytes; echo 1 ;;
		*) exec $(command -v flowagg) "\$@" ;;
		esac
	EOF
	chmod +x liars/flowagg
	SETS=v4 PEERS='' FLOWKIT_BIN=$PWD/liars run -1 --separate-stderr bench
	[[ $stderr == *"sum of bytes: MISMATCH: flowkit --fast"*": 1 rows for 1; (1,) for ("* ]]
}
