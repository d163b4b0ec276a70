# What flowwire(7) says of the standards adds up, and names options that there are.
# shellcheck shell=bash

load ../helper

# Rows of a table: its standard, clause, word, how it holds.
rows() {
	awk '
		/^\.Ss RFC/ { table = $0; sub(/^\.Ss /, "", table); sub(/ Pq .*/, "", table); next }
		/^\.S[sh] / { table = "" }
		table != "" && /^\.It [0-9]/ {
			n = split(substr($0, 5), cell, / Ta /)
			print table "\t" cell[1] "\t" cell[2] "\t" cell[3] "\t" n
		}' "$REPO/man/flowwire.7"
}

@test "conformance: every rule has a clause, a word and an answer" {
	[ "$(rows | wc -l)" -gt 100 ]
	# shellcheck disable=SC2016 # awk's own
	run -0 awk -F '\t' '
		$2 !~ /^[0-9.]+$/ || $3 !~ /^(MUST|SHOULD)( NOT)?$/ || $4 !~ /^(yes|no|Fl -[a-z]+)$/ || $5 < 4 { print }' <(rows)
	[ -z "$output" ]
}

@test "conformance: the totals are those of the tables" {
	rows | awk -F '\t' '
		!($1 in seen) { seen[$1] = 1; name[++names] = $1 }
		{
			word = $3 ~ /^MUST/ ? "MUST" : "SHOULD"
			rules[$1, word]++
			holds[$1, word, $4 == "yes" || $4 == "no" ? $4 : "option"]++
		}
		END {
			for (i = 1; i <= names; i++)
				for (k = split("MUST SHOULD", of, " "); k > 0; k--)
					printf ".It %s Ta %s Ta %d Ta %d Ta %d Ta %d\n", name[i], of[k],
						rules[name[i], of[k]], holds[name[i], of[k], "yes"],
						holds[name[i], of[k], "option"], holds[name[i], of[k], "no"]
		}' | sort > want
	grep '^\.It RFC .* Ta [0-9]* Ta [0-9]* Ta [0-9]* Ta [0-9]*$' "$REPO/man/flowwire.7" | sort > got
	[ -s want ]
	diff want got
}

@test "conformance: the options that rules hold with are options" {
	for program in flowrecv flowsend; do "$program" --print-options; done | cut -f 2 > options
	rows | sed -n 's/.*	Fl \(-[a-z]*\)	.*/-\1/p' | sort -u > named
	[ -s named ]
	run grep -vxFf options named
	[ -z "$output" ]
}
