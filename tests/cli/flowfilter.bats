# flowfilter: what is selected, how it is said what is wrong, as grep; the manuals' examples.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
}

# Some traffic of a day, and all of it as csv without its header.
make_day() {
	flowgen -n 20000 --ipv6 20% -w day.flow
	flowcat -o csv day.flow | tail -n +2 > day.csv
	printf '10.0.3.70\n# servers\n10.255.0.0/28\n' > bad.txt
}

# Columns of day.csv: 4 srcip 5 dstip 6 srcport 7 dstport 8 proto 9 flags 11 packets 12 bytes
agrees() {
	flowfilter "$1" -o csv day.flow | tail -n +2 > got.csv
	awk -F , "$2" day.csv > want.csv
	[ -s want.csv ] || { echo "nothing to select: $1"; return 1; }
	cmp want.csv got.csv || { echo "differs: $1"; return 1; }
}

# shellcheck disable=SC2016 # backquotes of a column
@test "flowfilter: a number beyond all floats is no infinity" {
	printf 'x:float32\ninf\n1\n' > x.csv
	[ "$(flowfilter -i csv '`x` > 1e300' -o csv x.csv)" = $'x\ninf' ]
	[ "$(flowfilter -i csv '`x` = 1e300' -o csv x.csv | wc -l)" -le 1 ]
	[ "$(flowfilter -i csv '`x` != 1e300' -o csv x.csv)" = $'x\ninf\n1' ]
	[ "$(flowfilter -i csv '`x` = inf' -o csv x.csv)" = $'x\ninf' ]
}

# shellcheck disable=SC2016 # awk programs
@test "flowfilter: selects the records that awk selects from csv" {
	make_day
	agrees 'dst port 443 and bytes > 10K' '$7 == 443 && $12 > 10000'
	agrees 'port 53' '$6 == 53 || $7 == 53'
	agrees 'port != 53' '($6 != "" || $7 != "") && $6 != 53 && $7 != 53'
	agrees 'not port 53' '$6 != 53 && $7 != 53'
	agrees 'src net 10.0.0.0/8 and not dst net 10.0.0.0/8' '$4 ~ /^10\./ && $5 !~ /^10\./'
	agrees 'ipv6 and tcp' '$4 ~ /:/ && $8 == 6'
	agrees 'bytes/packets > 1400 or proto in [1 58]' '$12 / $11 > 1400 || $8 == 1 || $8 == 58'
	agrees 'dst port in [22 80 8000-9000]' '$7 == 22 || $7 == 80 || ($7 >= 8000 && $7 <= 9000)'
	agrees 'flags SA and packets < 6' '$9 % 4 >= 2 && int($9 / 16) % 2 == 1 && $11 < 6'
	agrees 'start >= 2026-01-05T08:00 and start < 2026-01-05T09:00' '$1 ~ /^2026-01-05T08/'
	agrees 'ip in @bad.txt' '
		$4 == "10.0.3.70" || $5 == "10.0.3.70" || $4 ~ /^10.255.0.([0-9]|1[0-5])$/ || $5 ~ /^10.255.0.([0-9]|1[0-5])$/'
}

@test "flowfilter: lists that editors elsewhere wrote are read" {
	printf 'srcip\n192.0.2.1\n192.0.2.2\n192.0.2.3\n' > a.csv
	printf '\357\273\277192.0.2.1\r\n192.0.2.3 # with a mark and carriage returns\r\n' > list
	[ "$(flowfilter 'srcip in @list' -o csv a.csv | tr '\n' ' ')" = "srcip 192.0.2.1 192.0.2.3 " ]
	printf '\357\273\277' > list
	flowfilter 'srcip in @list' -o csv a.csv | diff - <(head -n 1 a.csv)
}

@test "flowfilter: a list and an expression are read from standard input" {
	printf 'srcip\n192.0.2.1\n192.0.2.2\n' > a.csv
	[ "$(echo 192.0.2.2 | flowfilter 'srcip in @-' -o csv a.csv | tr '\n' ' ')" = "srcip 192.0.2.2 " ]
	[ "$(echo 'srcip 192.0.2.2' | flowfilter -f - -o csv a.csv | tr '\n' ' ')" = "srcip 192.0.2.2 " ]
	[ "$(flowfilter 'srcip in @-' -o csv a.csv < a.csv | tr '\n' ' ')" = "srcip 192.0.2.1 192.0.2.2 " ]
	echo 192.0.2.1 > ./-
	[ "$(flowfilter 'srcip in @./-' -o csv a.csv < /dev/null | tr '\n' ' ')" = "srcip 192.0.2.1 " ]
}

@test "flowfilter: a list may be csv of one column, whose name is passed over" {
	printf 'srcip,dstport,appname\n192.0.2.1,53,dstip\n192.0.2.2,80,x\n192.0.2.3,443,y\n' > a.csv
	flowfilter 'dst port 80 or dst port 443' -o csv -k srcip a.csv > list
	[ "$(flowfilter 'srcip in @list' -o csv -k dstport a.csv | tr '\n' ' ')" = "dstport 80 443 " ]
	[ "$(flowfilter 'srcip not in @list' -o csv -k dstport a.csv | tr '\n' ' ')" = "dstport 53 " ]
	[ "$(flowfilter 'ip in @list' -o csv -k dstport a.csv | tr '\n' ' ')" = "dstport 80 443 " ]
	printf 'dstport\r\n53\r\n' > list
	[ "$(flowfilter 'port in @list' -o csv -k dstport a.csv | tr '\n' ' ')" = "dstport 53 " ]
	printf 'dstip\n' > list
	[ "$(flowfilter 'appname in @list' -o csv -k dstport a.csv | tr '\n' ' ')" = "dstport 53 " ]
	[ "$(flowfilter 'srcip in @list' -o csv -k dstport a.csv | tr '\n' ' ')" = "dstport " ]
	for line in '192.0.2.1\nsrcip' 'dstport' '"srcip"' 'srcip,dstip'; do
		printf "$line\n" > list
		run -2 flowfilter 'srcip in @list' -o csv a.csv
	done
}

@test "flowfilter: a list may be a column of flowstat's for both ends, whose name is passed over too" {
	printf 'srcip,dstip,srcport,dstport,inif,outif,tos\n192.0.2.1,192.0.2.2,4000,53,1,2,3\n' > a.csv
	for end in ip port if; do
		flowstat -s $end -o csv a.csv | cut -d, -f 1 > list
		[ "$(flowfilter "$end in @list" -o csv -k tos a.csv | tr '\n' ' ')" = "tos 3 " ]
	done
	printf 'tos\n3\n' > list
	[ "$(flowfilter 'tos in @list' -o csv -k tos a.csv | tr '\n' ' ')" = "tos 3 " ]
	printf 'port\n' > list
	run -2 flowfilter 'srcip in @list' -o csv a.csv
}

@test "flowfilter: a list may begin with a value that fields are named like too" {
	printf 'proto\n1\n6\n17\n50\n' > a.csv
	for name in icmp tcp esp; do
		printf "$name\nudp\n" > list
		flowfilter 'proto in @list' -o csv a.csv | diff - <(flowfilter "proto in [$name udp]" -o csv a.csv)
	done
	printf 'proto\nicmp\n' > list
	[ "$(flowfilter 'proto in @list' -o csv a.csv | tr '\n' ' ')" = "proto 1 " ]
}

@test "flowfilter: a list of many short lines, and of many that hold nothing" {
	printf 'proto\n6\n17\n1\n' > a.csv
	for i in {1..3000}; do printf '1\n6\n\n# 17\n\r\n'; done > list
	[ "$(flowfilter 'proto in @list' -o csv a.csv | tr '\n' ' ')" = "proto 6 1 " ]
	[ "$(flowfilter 'proto not in @list' -o csv a.csv | tr '\n' ' ')" = "proto 17 " ]
}

@test "flowfilter: a list of many addresses may hold the greatest of all" {
	local last=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff

	printf 'srcip\n2001:db8:1::1\n%s\n2001:db8::99\n' $last > a.csv
	printf '2001:db8:%s::1\n' {1..20} > list
	echo $last >> list
	run -0 timeout 10 flowfilter 'srcip in @list' -o csv a.csv
	[ "$output" = "srcip"$'\n'"2001:db8:1::1"$'\n'"$last" ]
	run -0 timeout 10 flowfilter 'srcip not in @list' -o csv a.csv
	[ "$output" = "srcip"$'\n'"2001:db8::99" ]
}

@test "flowfilter: a line of a list may be text in quotes" {
	printf 'flowid,appname\n1,a#b\n2," lead"\n3,"""q"""\n4,say "x"\n5,""\n' | sed 's/say "x"/"say ""x"""/' > a.csv
	printf '%s\n' '"a#b" # not a comment' "  ' lead'" '"\"q\""' 'say "x"' '""' > list
	[ "$(flowfilter 'appname in @list' -o csv -k flowid a.csv | tr '\n' ' ')" = "flowid 1 2 3 4 5 " ]
	printf '"q"\n' > list
	[ "$(flowfilter 'appname in @list' -o csv -k flowid a.csv)" = flowid ]
	printf 'x\n"\\q"\n' > list
	run -2 --separate-stderr flowfilter 'appname in @list' -o csv a.csv
	[ "${stderr_lines[0]}" = "flowfilter: expression: line 2 of the list: the quoted text has a wrong escape" ]
}

@test "flowfilter: a filter and its inversion are all records" {
	make_day
	flowfilter 'bytes > 1000' -w a.flow day.flow
	flowfilter --invert 'bytes > 1000' -w b.flow day.flow
	flowcat -o csv a.flow b.flow | tail -n +2 | sort > both.csv
	sort day.csv | cmp - both.csv
}

@test "flowfilter: -q answers as grep does" {
	make_day
	run -0 --separate-stderr flowfilter -q 'tcp' day.flow
	[ -z "$output$stderr" ]
	run -1 --separate-stderr flowfilter -q 'proto 200' day.flow
	[ -z "$output$stderr" ]
	run -1 flowfilter -q --invert any day.flow
	run -2 flowfilter -q 'proto' day.flow
	run -2 flowfilter -q tcp -w tcp.flow day.flow
	[ ! -e tcp.flow ]
	run -2 flowfilter -q tcp -o csv day.flow
	head -c 5000 day.flow > cut.flow
	run -3 --separate-stderr flowfilter -q 'proto 200' cut.flow
	[[ $stderr == "flowfilter: cut.flow: offset "* ]]
}

@test "flowfilter: --explain prints the plan and reads nothing" {
	run -0 --separate-stderr flowfilter --explain 'bytes/packets > 1400 and not port 53 and tcp' /nonexistent
	diff - <(printf '%s\n' "$output") <<-'END'
	proto = 6 and not (srcport = 53 or dstport = 53) and (bytes / packets) > 1400

	  and
	    proto = 6                           uint; zone map, dictionary
	    not
	      or
	        srcport = 53                    uint, the first present of 3 elements; zone map, dictionary
	        dstport = 53                    uint, the first present of 3 elements; zone map, dictionary
	    (bytes / packets) > 1400            record by record
	END
	[ -z "$stderr" ]
}

@test "flowfilter: --explain says that the selection is inverted" {
	run -0 --separate-stderr flowfilter --explain --invert 'bytes > 100 and tcp'
	diff - <(printf '%s\n' "$output") <<-'END'
	not (proto = 6 and bytes > 100)

	  not
	    and
	      proto = 6                         uint; zone map, dictionary
	      bytes > 100                       uint, the first present of 3 elements; zone map, dictionary
	END
}

@test "flowfilter: what is wrong is shown in the text" {
	run -2 --separate-stderr flowfilter 'tcp and duration > 5' /nonexistent
	diff - <(printf '%s\n' "$stderr") <<-'END'
	flowfilter: expression: a duration needs a unit; '5' has none
	    tcp and duration > 5
	                       ^
	    did you mean '5s' or '5ms'?
	END
	grep -qF "flowfilter: expression: a duration needs a unit; '5' has none" "$REPO/man/flowexpr.7"
	run -2 --separate-stderr flowfilter
	[[ $stderr == "flowfilter: an expression is missing"* ]]
	touch day.flow
	run -2 --separate-stderr flowfilter day.flow 'tcp'
	[ "$stderr" = "flowfilter: expression: 'day.flow' is a file; the expression comes first" ]
	run -2 --separate-stderr flowfilter tcp and port 80 day.flow
	[ -z "$output" ]
	[ "$stderr" = "flowfilter: an expression of several words stands in quotes; try 'flowfilter --help'" ]
}

@test "flowfilter: -f reads the expression from a file, with comments" {
	make_day
	printf '# web\ndst port in [80 # plain\n 443]\nand tcp\n' > web.expr
	flowfilter -f web.expr -o csv day.flow > a.csv
	flowfilter 'tcp and (dst port 80 or dst port 443)' -o csv day.flow | cmp - a.csv
	run -3 --separate-stderr flowfilter -f /nonexistent day.flow
	[ "$stderr" = "flowfilter: /nonexistent: No such file or directory" ]
	printf 'tcp and\n' > half.expr
	run -2 --separate-stderr flowfilter -f half.expr day.flow
	[[ $stderr == "flowfilter: half.expr: expected a condition, found the end"* ]]
}

@test "flowfilter: -v counts records and columns; few are unpacked" {
	make_day
	run -0 --separate-stderr flowfilter -v -o null 'dst port 443 and bytes > 100K' day.flow
	[[ $stderr =~ ^"flowfilter: 20000 records read, "[0-9]+" selected; "([0-9]+)" of "([0-9]+)" columns unpacked"$ ]]
	[ "${BASH_REMATCH[1]}" -le 4 ]
	run -0 --separate-stderr flowfilter -v -o null 'start > 2027-01-01 and bytes/packets > 3' day.flow
	[[ $stderr == *"; 0 of "* ]]
}

# Lines of day.csv that awk selects and of day.ndjson beside them, from every kind of file and pipe, on one thread and
# on eight.  Blocks that are joined have the columns of all, so what was written is compared as csv.
comes_out() {
	local j form

	awk -F , "$2" day.csv > want.csv
	awk -F , "NR == FNR { if ($2) want[FNR] = 1; next } FNR in want" day.csv day.ndjson > want.ndjson
	for j in 1 8; do
		for form in day fast; do
			flowfilter -j "$j" "$1" -o ndjson "$form.flow" | cmp want.ndjson - || return 1
			flowfilter -j "$j" "$1" "$form.flow" -w out.flow
			flowcat -o csv out.flow | tail -n +2 | cmp want.csv - || return 1
			flowfilter -j "$j" "$1" --fast "$form.flow" -w out.flow
			flowcat -o csv out.flow | tail -n +2 | cmp want.csv - || return 1
		done
		flowcat day.flow | flowfilter -j "$j" "$1" | flowcat -o csv | tail -n +2 | cmp want.csv - || return 1
	done
}

# shellcheck disable=SC2016 # awk programs
@test "flowfilter: few records of a block, all or none come out whole" {
	flowgen -n 90000 --ipv6 20% -w day.flow
	flowcat --fast day.flow -w fast.flow
	flowcat -o csv day.flow | tail -n +2 > day.csv
	flowcat -o ndjson day.flow > day.ndjson
	comes_out 'bytes > 3M' '$12 > 3000000'
	comes_out 'dst port 25 and tcp' '$7 == 25 && $8 == 6'
	comes_out 'dst port 443' '$7 == 443'
	comes_out 'src ip 10.0.3.70' '$4 == "10.0.3.70"'
	comes_out 'bytes > 0' '1'
	comes_out 'bytes > 100T' '0'
	comes_out 'bytes > 3M and duration > 1s' '$12 > 3000000 && $3 > 1'
}

@test "flowfilter: whole blocks pass undecoded; without a match no other column is decoded" {
	flowgen -n 150000 -w day.flow
	run -0 --separate-stderr flowfilter -v 'bytes > 0 and has srcip' day.flow -w out.flow
	[[ $stderr == *"150000 selected; 0 of "* ]]
	# the last block is small, and is written anew
	run -0 --separate-stderr flowfilter --no-index -v 'dst port 23 and bytes 1 and tcp and src port 1' day.flow -o csv
	[[ $stderr =~ " 0 selected; "([0-9]+)" of "([0-9]+)" columns" ]]
	[ "${BASH_REMATCH[1]}" -le 6 ] && [ "${BASH_REMATCH[2]}" -ge 60 ]
}

@test "flowfilter: a file that is not in memory reads the same" {
	flowgen -n 150000 -w day.flow
	flowfilter 'port 443 and bytes > 10K' -o csv day.flow > want.csv
	sync day.flow
	dd if=day.flow iflag=nocache count=0 2> /dev/null || skip "dd cannot drop a file from memory"
	flowfilter 'port 443 and bytes > 10K' -o csv day.flow | cmp want.csv -
}

@test "flowfilter: a time window that blocks lie inside of unpacks nothing" {
	make_day
	run -0 --separate-stderr flowfilter -v -o null -t 2026-01-01..2026-02-01 any day.flow
	[[ $stderr == *" 20000 selected; 0 of "* ]]
	run -0 --separate-stderr flowfilter -v -o null -t 2026-02-01..2026-02-02 any day.flow
	[[ $stderr == *" 0 selected; 0 of "* ]]
	flowcat -o csv day.flow | awk -F , 'NR > 1 && $2 >= "2026-01-05T08:00" && $1 < "2026-01-05T20:00"' > want.csv
	[ -s want.csv ]
	flowfilter -o csv -t 2026-01-05T08:00..2026-01-05T20:00 any day.flow | tail -n +2 | cmp want.csv -
}

@test "flowfilter: a time window leaves few records to what comes behind" {
	make_day
	flowagg -t 2026-01-05T08:00..2026-01-05T08:02 -k dstport -v bytes,flows -o csv day.flow | sort > a.csv
	flowcat -o csv day.flow | awk -F , 'NR > 1 && $2 >= "2026-01-05T08:00" && $1 < "2026-01-05T08:02" {
		b[$7] += $12; n[$7]++ } END { for (p in b) print p "," b[p] "," n[p] }' | sort > b.csv
	[ "$(wc -l < b.csv)" -gt 2 ]
	grep -v dstport a.csv | cmp - b.csv
}

@test "flowfilter: -n counts what is written, time windows and expressions both hold" {
	make_day
	[ "$(flowfilter tcp -n 7 -o csv day.flow | wc -l)" = 8 ]
	flowfilter tcp -t 2026-01-05T08:00..2026-01-05T09:00 -o csv day.flow > a.csv
	flowcat -t 2026-01-05T08:00..2026-01-05T09:00 day.flow | flowfilter tcp -o csv | cmp - a.csv
}

@test "flowfilter: in the middle of a pipe, an incomplete input stays one" {
	make_day
	flowcat day.flow | flowfilter 'udp' | flowcat -o csv > a.csv
	flowfilter 'udp' -o csv day.flow | cmp - a.csv
	head -c -10 day.flow > cut.flow
	run -3 --separate-stderr flowfilter tcp -w out.flow cut.flow
	[ ! -e out.flow ] && [ -s out.flow.incomplete ]
}

@test "flowfilter: a full disk is an error" {
	make_day
	run -3 --separate-stderr bash -c 'flowfilter any -o csv day.flow > /dev/full'
	[[ $stderr == "flowfilter: cannot write: No space left on device"* ]]
}

@test "flowexpr(7): every example compiles" {
	sed -n '/^\.Sh EXAMPLES/,/^\.Ed/p' "$REPO/man/flowexpr.7" | grep -v '^\.' > examples
	[ "$(wc -l < examples)" -ge 15 ]
	while IFS= read -r e; do
		flowfilter --explain "$e" > /dev/null
	done < examples
}

@test "flowexpr(7): what it writes as examples in the text compiles" {
	sed -nE 's/^\.Ic (.*[=<>@&].*[^,.:;]|not .*)( [,.:;])?$/\1/p' "$REPO/man/flowexpr.7" |
		sed -e 's/ [.,:;]$//' | grep -vE '^[=!<>+*/&a-c |-]+$|Ar|Bq|Xr| in Ic|--explain| b |^a |^not in$' > examples
	[ "$(wc -l < examples)" -ge 14 ]
	while IFS= read -r e; do
		flowfilter --explain "$e" > /dev/null || { echo "$e"; return 1; }
	done < examples
}

@test "flowfilter: finding nothing is told where there is nothing to be found" {
	flowgen -n 300 > day.flow
	run -0 --separate-stderr flowfilter 'bytes > 1 and username = "x"' -o csv day.flow
	[ "$stderr" = "flowfilter: none of the records has 'username'" ]
	run -0 --separate-stderr flowfilter 'bytes > 1T' -o csv day.flow
	[ -z "$stderr" ]
	run -0 --separate-stderr flowfilter 'bytes > 1 or username = "x"' -o null day.flow
	[ -z "$stderr" ]
	run -1 --separate-stderr flowfilter -q 'username = "x"' day.flow
	[ -z "$stderr" ]
	run -0 --separate-stderr flowfilter '(username = "x" or has appname) and bytes > 1' -o csv day.flow
	[ "$stderr" = "flowfilter: none of the records has 'appname'" ]
	for e in 'not username = "x" and bytes > 1T' 'not has username and bytes > 1T' 'bytes > 1T or username = "x"' \
		'bytes > 1T and (has username or has srcip)' 'not (username = "x" and bytes > 1) and bytes > 1T'; do
		run -0 --separate-stderr flowfilter "$e" -o csv day.flow
		[ -z "$stderr" ]
	done
	run -0 --separate-stderr flowfilter --invert 'bytes > 1 or username = "x"' -o csv day.flow
	[ -z "$stderr" ]
	run -0 --separate-stderr flowfilter --invert 'not username = "x"' -o csv day.flow
	[ "$stderr" = "flowfilter: none of the records has 'username'" ]
	flowcat -k srcip,bytes -w untimed.flow day.flow
	run -0 --separate-stderr flowfilter 'bytes > 1 and duration > 5s' -o csv untimed.flow
	[ "$stderr" = "flowfilter: none of the records has 'duration'" ]
	run -0 --separate-stderr bash -c "flowagg -k srcip -v bytes day.flow | flowfilter 'packets / flows > 1' -o csv"
	[ "$stderr" = "flowfilter: none of the records has 'packets'" ]
	# One part of what is computed is not enough.
	flowcat -k srcip,bytes,start -w part.flow day.flow
	for e in bpp bps pps duration; do
		run -0 --separate-stderr flowfilter "$e > 0" -o csv part.flow
		[ "$stderr" = "flowfilter: none of the records has '$e'" ]
		flowfilter -q "not has $e" part.flow
	done
	printf 'packets,flowDurationMilliseconds\n50,1000\n' > lasting
	run -0 --separate-stderr flowfilter -i csv 'pps > 100' -o csv lasting
	[ -z "$stderr" ]
	flowfilter -q -i csv 'pps = 50 and duration = 1s' lasting
	: > none
	run -0 --separate-stderr flowfilter 'not ip in @none' -o null day.flow
	[ "$stderr" = "flowfilter: none: an empty list: nothing is in it" ]
	printf '\0\0\0' > none
	run -2 --separate-stderr flowfilter 'not ip in @none' -o null day.flow
	[[ $stderr == *"the list is no text: it holds a NUL"* ]]
	echo '# nobody yet' > none
	run -0 --separate-stderr flowfilter 'not ip in @none' -o null day.flow
	[ -z "$stderr" ]
}

@test "flowfilter: times of the expression are in the zone of --tz" {
	flowgen -n 3000 > day.flow
	flowfilter 'start >= 2026-01-05T12:00' --tz +02:00 -o csv day.flow | sed 's/+02:00//g' > local.csv
	flowfilter 'start >= 2026-01-05T12:00+02:00' -o csv day.flow --tz +02:00 | sed 's/+02:00//g' | cmp local.csv -
	flowfilter 'start >= 2026-01-05T10:00Z' --tz +02:00 -o csv day.flow | sed 's/+02:00//g' | cmp local.csv -
	[ "$(wc -l < local.csv)" -gt 100 ]
}

@test "flowfilter: several values on a line of a list in a file are told as that" {
	printf '22\n80, 443\n' > ports
	run -2 --separate-stderr flowfilter --explain 'dst port in @ports'
	[ "${stderr_lines[0]}" = "flowfilter: expression: line 2 of the list: '80, 443' is no single value" ]
	[ "${stderr_lines[3]}" = "    a list in a file has one value a line" ]
}

@test "flowfilter: --explain, which writes no records, is not asked to write them" {
	for options in "-w out.flow" "-o csv" -q; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowfilter --explain tcp $options
		[[ $stderr == "flowfilter: --explain prints a plan and reads no records: without -o, -q and -w; "* ]]
	done
	[ ! -e out.flow ]
}
