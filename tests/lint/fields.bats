# The table of fields in flowfields(7) is the one that programs have.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
}

# `name type meaning (reads)` of each alias, as --help-fields prints it, less the unit.
from_program() {
	flowcat --help-fields | awk '
		/^  [a-z]/ {
			rest = substr($0, 37)
			print $1 "\t" $2 "\t" rest
		}'
}

from_manual() {
	sed -n 's/^\.It Ic \([a-z0-9]*\) Ta \([a-z0-9]*\) Ta \(.*\)$/\1\t\2\t\3/p' "$REPO/man/flowfields.7"
}

@test "fields: flowfields(7) lists every alias as --help-fields does" {
	from_program > program
	from_manual > manual
	[ "$(wc -l < program)" -ge 90 ]
	diff program manual
}

# Are the elements of an enterprise of ours the ones in the list of a section?
same_numbers() {
	local pen=$1 section=$2 name number n=0

	while IFS=$'\t' read -r name number; do
		grep -q "^	X($pen, $number, \"$name\"," "$REPO/common/flow/element_list.h" || {
			echo "$name is not $number"
			return 1
		}
		n=$((n + 1))
	done < <(sed -n "/^\.Ss $section/,/^\.El/s/^\.It \([a-zA-Z0-9]*\) Ta \([0-9]*\) Ta .*/\1\t\2/p" \
		"$REPO/man/flowfields.7")
	[ "$n" -gt 0 ]
	[ "$n" -eq "$(grep -c "^	X($pen, " "$REPO/common/flow/element_list.h")" ]
}

@test "fields: flowfields(7) has the numbers of our own elements" {
	same_numbers PEN_OWN "Own elements"
}

@test "fields: flowfields(7) has the numbers of sFlow's elements" {
	same_numbers PEN_SFLOW "sFlow elements"
}

@test "fields: flowfields(7) has every pair of addresses" {
	local n=0 v4 v6

	while IFS=' ' read -r v4 v6; do
		grep -Eq "\\{ $v4, $v6 \\}" "$REPO/common/flow/element.c" || {
			echo "$v4 and $v6 are no pair"
			return 1
		}
		n=$((n + 1))
	done < <(sed -n 's/^\.It [a-zA-Z0-9]* \\&(\([0-9]*\)) Ta [a-zA-Z0-9]* \\&(\([0-9]*\))$/\1 \2/p' \
		"$REPO/man/flowfields.7")
	[ "$n" -ge 12 ]
}

# NUMBERS<tab>NAMES of each rule, elements by their names.
rules_of_source() {
	sed -n '/^static const struct name_rule rules/,/^};/p' "$REPO/common/flow/name_rule.c" |
		sed -n 's/^	{ .element = { \(.*\) }, .*\.name = { \([^}]*\) }.*/\1	\2/p' |
		while IFS= read -r row; do
			for element in $(grep -oE '(IE|SCOPE)\([0-9]+\)' <<< "${row%%	*}") '	' \
				$(grep -oE 'IE\([0-9]+\)' <<< "${row##*	}"); do
				case $element in
				IE*) sed -n "s/^	X(0, $(tr -cd 0-9 <<< "$element"), \"\([^\"]*\)\",.*/\1/p" "$list" ;;
				SCOPE*) sed -n "s/^	X(PEN_SCOPE, $(tr -cd 0-9 <<< "$element"), \"\([^\"]*\)\",.*/\1/p" "$list" ;;
				*) echo / ;;
				esac
			done | xargs
		done
}

@test "fields: flowfields(7) says which names from options are printed for what" {
	list=$REPO/common/flow/element_list.h
	rules_of_source > source
	sed -n '/^\.Ss Names from options/,/^\.El/s/^\(.*\) named by \(.*\)$/\1 \/ \2/p' \
		"$REPO/man/flowfields.7" | tr -d , > manual
	[ "$(wc -l < source)" -ge 7 ]
	diff source manual
}

@test "fields: --help-fields into a full disk fails" {
	run -3 --separate-stderr sh -c 'flowcat --help-fields > /dev/full'
	[ -n "$stderr" ]
}
