# The option tables agree with each other, with the manuals and with the completions.
# shellcheck shell=bash

load ../helper

programs() {
	basename -s .c "$REPO"/cmd/flow*.c
	echo flowwatch
}

# The one that is a script.
flowwatch() {
	"$REPO/bin/flowwatch" "$@"
}

# PROGRAM and its row, for every option of every program.
rows() {
	local p

	for p in $(programs); do
		"$p" --print-options | sed "s/^/$p	/" || return 1
	done
}

none() {
	[ -z "$1" ] || {
		printf '%s\n' "$1"
		return 1
	}
}

@test "options: every program prints its rows" {
	local p

	for p in $(programs); do
		"$p" --print-options > rows
		[ "$(wc -l < rows)" -ge 3 ]
		none "$(awk -F '\t' -v p="$p" 'NF != 6 || $6 == "" { print p ": " $0 }' rows)"
	done
}

@test "options: no program has a letter or a name twice" {
	none "$(rows | awk -F '\t' '
		$2 != "-" && seen[$1, $2]++ { print $1 ": -" $2 " twice" }
		$3 != "-" && seen[$1, $3]++ { print $1 ": " $3 " twice" }')"
}

# The exceptions: flowstat's -s is nfdump's, and flowagg's -v are its values, so that its --verbose has no letter.
exceptions='
	$1 == "flowstat" && $2 == "s" { next }
	$1 == "flowagg" && ($2 == "v" || $3 == "--verbose") { next }'

@test "options: the same letter has the same name everywhere, flowstat's -s and flowagg's -v aside" {
	none "$(rows | awk -F '\t' "$exceptions"'
		$2 == "-" { next }
		!($2 in name) { name[$2] = $3; first[$2] = $1; next }
		name[$2] != $3 { print "-" $2 " is " name[$2] " in " first[$2] " and " $3 " in " $1 }')"
}

@test "options: the same name has the same letter and takes the same everywhere" {
	none "$(rows | awk -F '\t' "$exceptions"'
		$3 == "-" { next }
		{ is = "letter " $2 ", argument " ($4 == "none" ? "none" : "one") }
		!($3 in was) { was[$3] = is; first[$3] = $1; next }
		was[$3] != is { print $3 " has " was[$3] " in " first[$3] " and " is " in " $1 }')"
}

@test "options: help is one line, lower case, without full stop" {
	none "$(rows | awk -F '\t' '$7 ~ /^[A-Z][a-z]/ || $7 ~ /\.$/ { print $1 " " $3 ": " $7 }')"
}

@test "options: every option is in its program's manual" {
	none "$(rows | while IFS=$'\t' read -r p letter name _; do
		man=$REPO/man/$p.1
		[ -e "$man" ] || { echo "$p.1 is missing"; continue; }
		[ "$letter" = - ] || grep -qE "^\.It .*Fl $letter( |$)" "$man" || echo "$p.1: -$letter is missing"
		[ "$name" = - ] || grep -qE "^\.It .*Fl (Fl |-)${name#--}( |$)" "$man" || echo "$p.1: $name is missing"
	done | sort -u)"
}

@test "options: a manual lists no option that the program has not" {
	none "$(for p in $(programs); do
		"$p" --print-options | cut -f 2 | sort > have
		grep -E '^\.It .*Fl ' "$REPO/man/$p.1" | grep -oE 'Fl (Fl |-)[a-z][a-z0-9-]+' |
			sed -E 's/Fl (Fl |-)/--/' | sort -u | comm -23 - have | sed "s/^/$p.1: /"
	done)"
}

@test "options: every option is in the completions" {
	local c=$REPO/completions

	none "$(rows | cut -f 3 | grep -vx -- - | sort -u | while read -r name; do
		grep -qF -- "$name" "$c/flowkit.bash" || echo "bash: $name"
		grep -qF -- "$name" "$c/_flowkit" || echo "zsh: $name"
		grep -qE -- "-l ['\"]?${name#--}['\"]?( |$)" "$c/flowkit.fish" || echo "fish: $name"
	done)"
}

@test "options: every program has a manual, every manual a program or a subject" {
	local p

	for p in $(programs); do
		[ -e "$REPO/man/$p.1" ] || { echo "$p.1 is missing"; return 1; }
	done
	none "$(basename -s .1 "$REPO"/man/*.1 | grep -vxF "$(programs)")"
}
