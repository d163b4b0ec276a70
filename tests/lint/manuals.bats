# Tables of the manuals: man(1) runs what does not fit a column into the next one.
# shellcheck shell=bash

load ../helper

@test "manuals: cells fit their columns, and no macro reaches into the next cell" {
	run awk '
		/^\.Bl -column/ { n = split($0, width, "\"") }
		/^\.El/ { n = 0 }
		n > 0 && /^\.It / {
			if (/ Pq [^ ]+ Ta /)
				print FILENAME ":" FNR ": Pq before Ta"
			cells = split(substr($0, 5), cell, /(^| )Ta /)
			for (i = 1; i < cells && 2 * i <= n; i++) {
				gsub(/(^| )(Ic|Em|Cm|Fl|Ar|No|Ns|Pa|Sy|Va|Xr) /, " ", cell[i])
				gsub(/\\&|^ +| +$/, "", cell[i])
				if (length(cell[i]) > length(width[2 * i]))
					print FILENAME ":" FNR ": wider than its column: " cell[i]
			}
		}' "$REPO"/man/*
	[ "$output" = "" ]
}

@test "manuals: man(1) breaks every line at a blank on a terminal of 80 columns" {
	command -v groff > /dev/null || skip "groff is not installed"
	for m in "$REPO"/man/*; do
		groff -mandoc -Tutf8 -ww -rLL=78n "$m" 2>&1 > /dev/null | grep -F "can't break line" || continue
		return 1
	done
}

@test "manuals: what follows an option on its line is not printed as one" {
	run grep -nE '(^\.| )Fl -?[a-z-]+ (, )?[a-z0-9]' "$REPO"/man/*
	[ "$output" = "" ]
}

@test "manuals: a line for a crontab has a backslash before each %, which begins its input otherwise" {
	run grep -nE '([0-9*/]+ +)([0-9*]+ +){3}[0-9*]+ .*([^e]|[^\\]e)%' "$REPO"/man/* "$REPO"/README.md
	[ "$output" = "" ]
}
