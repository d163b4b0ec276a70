# The layers hold: who may include whom, who may print, who may use which library.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	cd "$REPO" || return 1
}

# FILE INCLUDED, for every #include "…" of the toolkit.
includes() {
	grep -rHoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]+"' cmd common --include='*.[ch]' |
		sed -E 's/^([^:]+):[^"]*"([^"]+)"$/\1 \2/'
}

# A file's C text without comments and strings, so that only code is looked at.
code() {
	perl -0pe 's{/\*.*?\*/}{ }gs; s{//[^\n]*}{}g; s{"(\\.|[^"\\])*"}{""}g; s{\x27(\\.|[^\x27\\])*\x27}{0}g' "$1"
}

# Print what is found and fail when it is anything.
none() {
	[ -z "$1" ] || {
		printf '%s\n' "$1"
		return 1
	}
}

@test "layers: a folder of common/ includes only itself and lower ranks" {
	[ "$(includes | wc -l)" -gt 100 ]
	none "$(includes | awk '
		BEGIN {
			rank["base"] = 0; rank["flow"] = 1; rank["io"] = rank["detect"] = 3
			split("stream wire expr ops text net daemon", two)
			for (i in two) rank[two[i]] = 2
		}
		$1 ~ /^common\// {
			split($1, own, "/"); n = split($2, to, "/")
			if (!(own[2] in rank)) print $1 ": no such layer"
			else if (n == 1 || to[1] == own[2]) next
			else if (!(to[1] in rank)) print $1 " includes " $2 ", which is no layer"
			else if (rank[to[1]] >= rank[own[2]]) print $1 " includes " $2
		}')"
}

@test "layers: a program includes layers and its own folder, no other program" {
	none "$(includes | awk '
		$1 ~ /^cmd\// {
			split($1, own, "/"); program = own[2]; sub(/\.c$/, "", program)
			n = split($2, to, "/")
			if (to[1] == ".." || $2 ~ /\.\.\//) print $1 " includes " $2
			if (n > 1 && to[1] == "cmd" && to[2] != program) print $1 " includes " $2
			if (n > 1 && to[1] ~ /^flow./ && to[1] != program) print $1 " includes " $2
			if ($2 ~ /\.c$/) print $1 " includes a source file, " $2
		}')"
}

@test "layers: no program's function has a name that the library has" {
	command -v nm > /dev/null || skip "no nm"
	cd "$FLOWKIT_BIN/.." || return 1
	nm -g --defined-only libflow.a | awk 'NF == 3 { print $3 }' | sort -u > "$BATS_TEST_TMPDIR/library"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/library")" -gt 300 ]
	none "$(find cmd -name '*.o' -exec nm -g --defined-only {} + | awk 'NF == 3 && $3 != "main" { print $3 }' |
		sort -u | comm -12 - "$BATS_TEST_TMPDIR/library" | grep -v '^__' || true)"
}

@test "layers: only flowrecv, flowsend and flowmeter use net, only io and they use wire" {
	none "$(includes | awk '
		$1 ~ /^cmd\/(flowrecv|flowsend|flowmeter)(\.c$|\/)/ { next }
		$2 ~ /^net\// && $1 !~ /^common\/net\// { print $1 " includes " $2 }
		$2 ~ /^wire\// && $1 !~ /^common\/(wire|io)\// { print $1 " includes " $2 }')"
}

@test "layers: each library is included by one file" {
	local found header

	for header in 'zstd\.h' 'xxhash\.h' 'csv\.h' 'pcap(/pcap)?\.h' 'openssl/[a-z0-9_]+\.h'; do
		found=$(grep -rlE "#[[:space:]]*include[[:space:]]*<$header>" cmd common)
		echo "$header: $found"
		[ "$(wc -w <<< "$found")" -eq 1 ]
	done
	none "$(grep -rlE '#[[:space:]]*include[[:space:]]*<(pthread|threads)\.h>' common | grep -vx 'common/base/ordered.c')"
}

@test "layers: every other header is the toolkit's, C's or POSIX's" {
	none "$(grep -rhoE '#[[:space:]]*include[[:space:]]*<[^>]+>' cmd common | sed -E 's/.*<(.*)>/\1/' | sort -u |
		grep -vxE 'zstd\.h|xxhash\.h|csv\.h|pcap(/pcap)?\.h|openssl/[a-z0-9_]+\.h' | while read -r h; do
			[ -e "/usr/include/$h" ] || [ -e "/usr/include/$(gcc -dumpmachine 2> /dev/null)/$h" ] ||
				echo "#include <$h>" | "${CC:-cc}" -E - > /dev/null 2>&1 || echo "$h"
		done)"
}

# The runner's process is none of the program's: its end is its own.
@test "layers: common/ does not print and does not exit" {
	local file

	none "$(find common -name '*.c' | grep -vE '^common/(base/(die|opt|opt_help|mem)|daemon/runner_child)\.c$' | while read -r file; do
		code "$file" | grep -nE '(^|[^A-Za-z0-9_.>])(printf|vprintf|puts|putchar|perror|exit|_exit|_Exit|abort|diag|diag_err|die|err|errx|warn|warnx)[[:space:]]*\(|(^|[^A-Za-z0-9_])(stdout|stderr|STDERR_FILENO)([^A-Za-z0-9_]|$)' |
			sed "s|^|$file:|"
	done)"
}

@test "layers: no header defines data" {
	local file

	none "$(find common cmd -name '*.h' | while read -r file; do
		code "$file" | grep -nE '^[a-z][a-z0-9_ *]* \*?[a-z0-9_]+(\[[^]]*\])* *= ' | grep -v 'static' | sed "s|^|$file:|"
	done)"
}

@test "layers: the top level holds only what it may" {
	local names

	if git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
		names=$(git ls-files | cut -d/ -f1 | sort -u)
	else
		names=$(ls)
	fi
	[ -n "$names" ]
	none "$(grep -vE '^(bin|cmd|common|tests|man|completions|Makefile|README\.md|\..*)$' <<< "$names")"
}

@test "layers: bin/ holds in git its scripts, all of them, and nothing else but programs outside" {
	git rev-parse --is-inside-work-tree > /dev/null 2>&1 || skip "no git"
	local built
	[ "$(git ls-files bin | xargs)" = "bin/check bin/demo bin/flowwatch bin/setup.sh" ]
	built=$(basename -s .c cmd/*.c | sed 's|^|bin/|')
	none "$(git ls-files --others bin | grep -vxF "$built")"
}
