# What README and flowcat(1) say can be typed to hand flows over to databases, typed as it stands.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	# Engines that the benchmark installed.
	npm=${NPM_DIR:-/tmp/flowkit-bench/npm}
	flowgen -n 3000 --seed 3 -w day.flow
	mkdir -p var/flow bin
	cp day.flow var/flow/
	as_program duckdb @duckdb/node-api
	as_program clickhouse chdb
	PATH=$PWD/bin:$PATH
}

# The engine as the program of that name: SQL is its last argument, the rows are lines of cells with a comma between.
as_program() { # NAME PACKAGE
	[ -d "$npm/node_modules/$2" ] && command -v node > /dev/null || skip "no $2 in $npm"
	cat > "bin/$1" <<-END
	#!/bin/bash
	exec 3<&0
	SQL=\${!#} python3 -c '
	import json, os
	print(json.dumps({"sql": os.environ["SQL"].replace("/dev/stdin", "/dev/fd/3"), "rows": True}))' |
		node "$REPO/tests/bench/engine.mjs" $1 "\$(mktemp -du -p .)" "$npm" | python3 -c '
	import json, sys
	reply = json.load(sys.stdin)
	sys.exit(reply["error"]) if "error" in reply else None
	for row in reply["rows"]:
	    print(*row, sep=",")'
	END
	chmod +x "bin/$1"
}

# The example whose last program is this one.
example() { # NAME
	awk '/^\.Ss Databases/ { p = 1 } p && /^\.Bd/ { b = 1; next } /^\.Ed/ { b = p = 0 } b' "$REPO/man/flowcat.1" |
		awk -v RS= -v name="$1 " 'index($0, name)'
}

check_rows() { # FILE: rows of all columns
	[ "$(wc -l < "$1")" -eq 3000 ]
	at=$(head -n 1 day.csv | tr , '\n' | grep -n '^bytes$' | cut -d: -f 1)
	diff <(cut -d, -f "$at" "$1" | sort) <(tail -n +2 day.csv | cut -d, -f "$at" | sort)
}

# Times without zeros at their end.
whole_milliseconds() {
	sed -E 's/(000)+Z/Z/g'
}

@test "databases: README hands flows over to DuckDB" {
	line=$(grep -o 'flowcat .* | duckdb .*' "$REPO/README.md")
	[ "$(bash -c "set -o pipefail; ${line//\/var\/flow/var/flow}")" = 3000 ]
}

@test "databases: flowcat(1) hands flows over to DuckDB, and reads what it writes" {
	flowcat -o csv -k all day.flow > day.csv
	bash -c "set -o pipefail; $(example duckdb)" > rows
	check_rows rows
	bash -c "set -o pipefail; $(example duckdb | sed "s/\"select/\"copy (select/; s/)\"\$/)) to 'file.csv' (header)\"/")"
	flowcat -i csv file.csv -o csv -k all | cmp - day.csv
}

@test "databases: flowcat(1) hands flows over to ClickHouse, and reads what it writes" {
	bash -c "set -o pipefail; $(example clickhouse)" > rows
	check_rows rows
	command=$(example clickhouse)
	bash -c "set -o pipefail; ${command/\"select/\"insert into function file(\'file.csv\', CSVWithNames) select}"
	flowcat -i csv file.csv -o csv -k all | whole_milliseconds | cmp - <(whole_milliseconds < day.csv)
}
