# flowcat: formats both ways, what a file holds, order.
# shellcheck shell=bash

load ../helper

# Five flows, one of them hardly anything, as csv in the manner of people.
make_five() {
	cat > five.csv <<-'END'
	start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,label
	2026-01-05T10:00:00.100Z,2026-01-05T10:00:01.100Z,192.0.2.1,198.51.100.7,49152,443,6,27,10,1500,benign
	2026-01-05T10:00:02.000Z,2026-01-05T10:00:02.000Z,192.0.2.2,198.51.100.7,49153,53,17,,1,76,"quoted, ""twice"""
	2026-01-05T10:00:03.000Z,2026-01-05T10:05:03.000Z,2001:db8::1,2001:db8::2,1024,22,6,24,2000,2500000,
	2026-01-05T11:00:00.000Z,2026-01-05T11:00:10.000Z,192.0.2.1,192.0.2.9,0,2048,1,,4,336,""
	,,192.0.2.3,,,,,,,,
	END
	flowcat -i csv five.csv -w five.flow
}

@test "flowcat: csv in and out again is the same text" {
	make_five
	flowcat -o csv -k all five.flow > again.csv
	diff - again.csv <<-'END'
	start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,label
	2026-01-05T10:00:00.100Z,2026-01-05T10:00:01.100Z,192.0.2.1,198.51.100.7,49152,443,6,27,10,1500,benign
	2026-01-05T10:00:02.000Z,2026-01-05T10:00:02.000Z,192.0.2.2,198.51.100.7,49153,53,17,,1,76,"quoted, ""twice"""
	2026-01-05T10:00:03.000Z,2026-01-05T10:05:03.000Z,2001:db8::1,2001:db8::2,1024,22,6,24,2000,2500000,
	2026-01-05T11:00:00.000Z,2026-01-05T11:00:10.000Z,192.0.2.1,192.0.2.9,0,2048,1,,4,336,""
	,,192.0.2.3,,,,,,,,
	END
}

@test "flowcat: columns called as a value, or with backquotes, are read back from csv" {
	cat > odd.csv <<-'END'
	```x```,`5`,a`b,`10.0.0.1`,`::1`,nan:uint,``,5:uint
	1,2,3,4,5,6,7,8
	END
	run -3 flowcat -i csv odd.csv -o null
	sed -i 's/,5:uint$/,6:uint/' odd.csv
	flowcat -i csv odd.csv -o csv -k all > again.csv
	flowcat -i csv again.csv -o csv -k all | cmp - again.csv
	[ "$(flowcat -i csv again.csv -o csv -k '```x```,`5`,`10.0.0.1`,`nan`' | tail -n 1)" = 1,2,4,6 ]
}

@test "flowcat: csv without -k has the columns that the manual lists" {
	make_five
	flowcat -o csv five.flow > out.csv
	listed=$(sed -n '/^start end duration/,/^\.Ed/p' "$REPO/man/flowcat.1" | sed '$d' | tr '\n' ' ')
	[ "$(head -n 1 out.csv)" = "$(tr " " , <<< "${listed% }")" ]
	[ "$(wc -l < out.csv)" = 6 ]
}

@test "flowcat: -k chooses columns, + adds and - removes" {
	make_five
	run -0 flowcat -o csv -k srcip,bytes,packets,-packets,+dstport -n 2 five.flow
	[ "${lines[0]}" = srcip,bytes,dstport ]
	[ "${lines[2]}" = 192.0.2.2,76,53 ]
	[ "$(flowcat -o csv -k srcip,duration,bps,-duration -n 1 five.flow | head -n 1)" = srcip,bps ]
	flowcat -o csv -k -srcip,+ttl,-dstip,+vlan five.flow > want
	flowcat -o csv -k -srcip -k +ttl,-dstip -k +vlan five.flow | cmp want -
	run -2 --separate-stderr flowcat -o csv -k srcip,-srcip five.flow
	[[ $stderr == "flowcat: 'srcip,-srcip' leaves no field; try"* ]]
}

@test "flowcat: records without any value are rows of csv, and read back" {
	printf 'bytes\n\n\n' | flowcat -i csv -w none.flow
	printf 'bytes,packets\n,\n1,2\n,\n' | flowcat -i csv -w some.flow
	for how in '-o csv' '-o tsv' '-o csv -k all' '-o csv -k bytes' '-o csv -k bytes,packets' '-o ndjson'; do
		[ "$(flowcat $how none.flow | grep -vc '^[a-z]')" -eq 2 ]
		[ "$(flowcat $how some.flow | grep -vc '^[a-z]')" -eq 3 ]
	done
	for how in csv tsv; do
		flowcat -o $how none.flow | flowcat -i $how --verbose -o null 2> said
		grep -q '^flowcat: 2 records read' said
		flowcat -o $how -k bytes some.flow | flowcat -i $how -o ndjson | diff - <(printf '%s\n' {} '{"bytes":1}' {})
	done
}

@test "flowcat: times that IPFIX has no seconds for are left out and told, not sent as others" {
	printf '%s\n' srcip,systemInitTimeMilliseconds,observationTimeSeconds,observationTimeMicroseconds \
		192.0.2.1,2200-01-01T00:00:00Z,2200-01-01T00:00:00Z,2200-01-01T00:00:00Z \
		192.0.2.2,1960-01-01T00:00:00Z,2100-01-01T00:00:00Z,1960-01-01T00:00:00Z > times.csv
	flowcat -i csv -o ipfix times.csv > times.ipfix 2> said
	grep -q "observationTimeSeconds: 1 times before 1970 or after 2106" said
	grep -q "observationTimeMicroseconds: 2 times before 1970 or after 2104" said
	grep -q "systemInitTimeMilliseconds: 1 times before 1970 or after 2106" said
	diff - <(flowcat -o csv -k systemInitTimeMilliseconds,observationTimeSeconds,observationTimeMicroseconds times.ipfix) <<-'END'
	systemInitTimeMilliseconds,observationTimeSeconds,observationTimeMicroseconds
	2200-01-01T00:00:00.000Z,,
	,2100-01-01T00:00:00Z,
	END
}

@test "flowcat: -k all names a column for the widest numbers of all inputs, not of the first" {
	printf 'srcip,tos\n10.0.0.1,1\n' | flowcat -i csv -w narrow.flow
	printf 'srcip,tos:uint32\n10.0.0.2,70000\n' | flowcat -i csv -w wide.flow
	want="srcip,tos:uint
10.0.0.1,1
10.0.0.2,70000"
	[ "$(flowcat -o csv -k all narrow.flow wide.flow)" = "$want" ]
	[ "$(cat narrow.flow wide.flow | flowcat -o csv -k all)" = "$want" ]
	[ "$(flowcat -o csv -k all narrow.flow wide.flow | flowcat -i csv -o csv -k all)" = "$want" ]
	[ "$(flowcat -o csv -k all narrow.flow)" = "$(head -n 2 <<< "${want/:uint/}")" ]
}

@test "flowcat: -k all writes a lone column so that its name is not taken for a file of another kind" {
	for name in '#separator' 'a;b' 'a|b' 'a b c' 'a;b`c'; do
		printf '`%s`,srcip\n1,10.0.0.1\n' "${name//\`/\`\`}" | flowcat -i csv -k "\`${name//\`/\`\`}\`" -w lone.flow
		for format in csv tsv; do
			flowcat -o $format -k all lone.flow > lone
			flowcat -i $format -o ndjson lone | diff - <(echo "{\"$name\":\"1\"}")
		done
	done
	[ "$(printf 'a b c,d\n1,2\n' | flowcat -i csv -o csv -k all | head -n 1)" = "a b c,d" ]
}

@test "flowcat: -k all makes text of what is of several types" {
	printf 'srcip,x:uint\n10.0.0.1,1\n' | flowcat -i csv -w number.flow
	printf 'srcip,x:bytes\n10.0.0.2,00ff\n' | flowcat -i csv -w octets.flow
	want="srcip,x
10.0.0.1,1
10.0.0.2,00ff"
	[ "$(flowcat -o csv -k all number.flow octets.flow)" = "$want" ]
	flowcat octets.flow number.flow | flowcat -o csv -k all | flowcat -i csv -w text.flow
	[ "$(flowcat -o csv -k all -O srcip:asc text.flow)" = "$want" ]
}

@test "flowcat: -k all says of a bad line in csv what is said without it, and fails" {
	printf 'srcip,bytes\n192.0.2.1,1\n192.0.2.2,many\n192.0.2.3,3\n' > bad.csv
	run -3 --separate-stderr flowcat -o csv -k all bad.csv
	[ "$output" = $'srcip,bytes\n192.0.2.1,1' ]
	[ -n "$stderr" ]
	[ "$stderr" = "$(flowcat -o null bad.csv 2>&1)" ]
	run -0 --separate-stderr flowcat --skip-bad -o csv -k all bad.csv
	[ "${#lines[@]}" -eq 3 ]
	[[ $stderr == *"(1 bad line skipped)" ]]
}

@test "flowcat: -k all has nothing beside it that would not be printed" {
	make_five
	for list in all,duration duration,all all,+bps; do
		run -2 --separate-stderr flowcat -o csv -k "$list" five.flow
		[[ $stderr == "flowcat: '"*"' beside 'all': nothing can be added to all; try"* ]]
		[ -z "$output" ]
	done
	run -0 flowcat -o csv -k all five.flow
}

@test "flowcat: computed columns that were kept without what they are computed from are still there" {
	local k
	flowgen -n 2000 > day.flow
	for k in duration bps pps bpp duration,bps,bytes; do
		flowcat -k "$k" -o csv day.flow > want
		flowcat -k "$k" day.flow | flowcat -k "$k" -o csv | cmp want -
		flowcat -k "$k" day.flow | cat | flowcat -o csv | cmp want -
	done
	# What they make others of, questions, orders, groups; and records that have it beside records that it is computed of.
	flowcat -k duration,bytes,srcip day.flow > kept.flow
	cmp <(flowcat -k bps -o csv day.flow) <(flowcat -k bps -o csv kept.flow)
	cmp <(flowfilter 'duration > 100ms' -k srcip,bytes -o csv day.flow) \
		<(flowfilter 'duration > 100ms' -k srcip,bytes -o csv kept.flow)
	cmp <(flowcat -O duration -n 50 -k duration,bytes -o csv day.flow) \
		<(flowcat -O duration -n 50 -k duration,bytes -o csv kept.flow)
	cmp <(flowagg -k srcip -v 'max(duration),mean_bps' -o csv day.flow) \
		<(flowagg -k srcip -v 'max(duration),mean_bps' -o csv kept.flow)
	cmp <(flowagg -v 'p50_duration,count' -o csv day.flow day.flow) \
		<(flowcat day.flow kept.flow | flowagg -v 'p50_duration,count' -o csv)
}

@test "flowcat: the table is for people" {
	make_five
	flowcat -o table five.flow > people.txt
	diff - people.txt <<-'END'
	start                    duration  proto    srcip:port             dstip:port             flags     packets    bytes    flows
	2026-01-05 10:00:00.100        1s  tcp      192.0.2.1:49152        198.51.100.7:443       ...AP.SF       10     1.5K        1
	2026-01-05 10:00:02.000        0s  udp      192.0.2.2:49153        198.51.100.7:53        -               1       76        1
	2026-01-05 10:00:03.000     5m00s  tcp      [2001:db8::1]:1024     [2001:db8::2]:22       ...AP...     2.0K     2.5M        1
	2026-01-05 11:00:00.000       10s  icmp     192.0.2.1:0            192.0.2.9:2048         -               4      336        1
	-                               -  -        192.0.2.3              -                      -               -        -        1
	END
}

@test "flowcat: json and ndjson hold what each record has, and jq reads them" {
	make_five
	run -0 jq -c 'map(keys | length) | .' <(flowcat -o json five.flow)
	[ "$output" = '[11,10,10,10,1]' ]
	flowcat -o ndjson five.flow | jq -r .label > labels
	printf '%s\n' benign 'quoted, "twice"' null '' null | diff - labels
	[ "$(flowcat -o json five.flow -n 0 | jq -c .)" = '[]' ]
	[ "$(flowcat -o ndjson -k srcip,bps five.flow | jq -s -c '.[0]')" = '{"srcip":"192.0.2.1","bps":12000}' ]
}

@test "flowcat: --no-header leaves the line of names out, of what has one" {
	flowgen -n 100 -w day.flow
	for f in table tsv csv; do
		flowcat -o $f day.flow >with
		flowcat -o $f --no-header day.flow >without
		cmp without <(tail -n +2 with)
	done
	[ "$(flowcat -o csv --no-header -n 0 day.flow | wc -c)" -eq 0 ]
	for f in flow json ndjson ipfix; do
		run -2 flowcat -o $f --no-header day.flow
		[ "$output" = "flowcat: --no-header: only table, csv and tsv have one" ]
	done
	flowcat -o null --no-header day.flow
	run -2 flowcat --check --no-header day.flow
	run -3 flowcat -i csv without
	[[ $output == *"the first line must name the columns"* ]]
}

@test "flowcat: files of csv that were joined, names and all, are told" {
	printf 'ts,sa,x,td\n2026-01-05,192.0.2.1,a,1\n' > a.csv
	run -3 --separate-stderr flowcat -o csv -k srcip <(cat a.csv a.csv)
	[ "$output" = $'srcip\n192.0.2.1' ]
	[[ $stderr == *": line 3: the names of the columns again, as where files were joined; --skip-bad passes over them" ]]
	run -0 --separate-stderr flowcat --skip-bad -o csv -k srcip <(cat a.csv a.csv)
	[ "$output" = $'srcip\n192.0.2.1\n192.0.2.1' ]
	for other in 'ts,sa,y,td' 'ts,da,x,td' 'ts,sa,x'; do
		run -3 --separate-stderr flowcat -o csv <(cat a.csv; echo "$other")
		[[ $stderr != *"names of the columns"* ]]
	done
}

@test "flowcat: text that names no field is no csv of flows unless -i says so" {
	printf '%s\n' a.flow b.flow c.flow > names
	printf 'client,query\n192.0.2.1,example.org\n' > dns.csv
	printf 'client\tquery\n192.0.2.1\texample.org\n' > dns.tsv
	run -3 --separate-stderr flowstat -q names
	[ "$stderr" = "flowstat: names: line 1: no column has the name of a field; if this is csv of flows, say -i csv" ]
	run -3 --separate-stderr flowcat -o csv < names
	[[ $stderr == "flowcat: standard input: line 1: no column has the name of a field; "* ]]
	run -3 --separate-stderr flowcat -o csv dns.tsv
	[[ $stderr == *"say -i tsv" ]]
	flowcat -i csv -o csv dns.csv | cmp - dns.csv
	flowcat -i tsv -o csv dns.tsv | cmp - dns.csv
	for names in client,start client:string,query:uint8 client,duration client,bps; do
		printf '%s\n1,1\n' $names | flowcat -o null
	done
}

@test "flowcat: --raw says times as integers under the names of wires" {
	make_five
	run -0 flowcat -o ndjson --raw -n 1 five.flow
	[ "$(jq .flowStartMilliseconds <<< "$output")" = 1767607200100 ]
	[ "$(jq -r .sourceIPv4Address <<< "$output")" = 192.0.2.1 ]
	[ "$(jq -r ._kind <<< "$output")" = flow ]
}

@test "flowcat: --raw has no name twice, and calls what is computed by its own" {
	printf 'srcip,start,end,bytes,packets\n192.0.2.1,1700000000.5,1700000002.5,1000,4\n' > one.csv
	run -0 flowcat -i csv one.csv -o ndjson --raw -k srcip,duration,bps,pps,bpp,flows
	[ "$output" = '{"_kind":"flow","sourceIPv4Address":"192.0.2.1","duration":2.000,"bps":4000,"pps":2,"bpp":250,"deltaFlowCount":1}' ]
	run -0 flowcat -i csv one.csv -o ndjson --raw -k srcip,sourceIPv4Address,sourceIPv6Address,bytes,octetDeltaCount
	[ "$output" = '{"_kind":"flow","sourceIPv4Address":"192.0.2.1","octetDeltaCount":1000}' ]
}

@test "flowcat: without -o a file is of the format that its name ends in" {
	flowgen -n 50 -w day.flow
	for format in csv tsv json ndjson ipfix; do
		flowcat -w "day.$format" day.flow
		flowcat -o "$format" day.flow | cmp - "day.$format"
	done
	for name in day.null day.table day.txt csv .flow.d/csv; do
		mkdir -p .flow.d
		flowcat -w "$name" day.flow
		[ "$(flowcat --info "$name" | grep -c '^records')" = 1 ]
	done
	flowcat -o flow -w flow.csv day.flow
	[ "$(flowcat --info flow.csv | grep -c '^records')" = 1 ]
	flowagg -k proto -w sums.csv day.flow
	flowagg -k proto -o csv day.flow | cmp - sums.csv
	flowfilter tcp -w tcp.ndjson day.flow
	flowfilter tcp -o ndjson day.flow | cmp - tcp.ndjson
	run -2 --separate-stderr flowcat -w day.ipfix -k +flags day.flow
	[[ $stderr == "flowcat: -k +flags: only table, csv and tsv have columns"* ]]
	flowbase learn -w base.csv day.flow
	flowbase check base.csv
}

@test "flowcat: a time window takes what overlaps it" {
	make_five
	[ "$(flowcat -o csv -k bytes -t 2026-01-05T10:02..2026-01-05T10:03 five.flow | tr '\n' ' ')" = 'bytes 2500000 ' ]
	[ "$(flowcat -o csv -k bytes --since 2026-01-05T11:00 five.flow | tr '\n' ' ')" = 'bytes 336 ' ]
	[ "$(flowcat -o csv -k bytes --until 2026-01-05T10:00:01 five.flow | tr '\n' ' ')" = 'bytes 1500 ' ]
}

# Every window over records of every length, in nanoseconds: at its edges, beyond them, of one side only.
@test "flowcat: the edges of a time window are exact, whatever is known of a block or a file beforehand" {
	local t=2026-01-05T00:00:00.00000000 from to input
	mkdir store
	for from in 1 2 3 4; do
		for to in $(seq $from 4); do
			echo "$t${from}Z,$t${to}Z,$from$to"
		done
	done > rows
	(echo start,end,bytes && cat rows) | tee all.csv | flowcat -i csv -w all.flow
	while read -r to; do
		(echo start,end,bytes && echo "$to") | flowcat -i csv -w "store/${to##*,}.flow"
	done < rows
	for from in 0 1 2 3 4 5; do
		for to in $(seq $from 5); do
			awk -F , -v a="$t${from}Z" -v b="$t${to}Z" \
				'$2 >= a && $1 < b { print $3 }' rows > both
			awk -F , -v a="$t${from}Z" '$2 >= a { print $3 }' rows > since
			awk -F , -v b="$t${to}Z" '$1 < b { print $3 }' rows > until
			for input in all.csv all.flow store; do
				flowcat -t "$t$from..$t$to" -o csv -k bytes "$input" | tail -n +2 | sort | diff both -
				[ "$to" -lt 5 ] || flowcat --since "$t$from" -o csv -k bytes "$input" | tail -n +2 | sort | diff since -
				[ "$from" -gt 0 ] || flowcat --until "$t$to" -o csv -k bytes "$input" | tail -n +2 | sort | diff until -
			done
		done
	done
}

@test "flowcat: -O takes the direction by name, -m units with a B behind them" {
	make_five
	flowcat -O bytes:desc -o csv five.flow | cmp - <(flowcat -O bytes -o csv five.flow)
	flowcat -O bytes -m 64KB -o csv five.flow | cmp - <(flowcat -O bytes -o csv five.flow)
}

@test "flowcat: --tz moves times, not records" {
	make_five
	[ "$(flowcat -o csv -k start -n 1 --tz +01:00 five.flow | tail -n 1)" = 2026-01-05T11:00:00.100+01:00 ]
	flowcat -o csv -k all --tz +01:00 five.flow | flowcat -i csv -o csv -k all | diff - <(flowcat -o csv -k all five.flow)
}

@test "flowcat: a record without a start or an end is in no window" {
	local when f both=2026-01-05T00:00:01Z,2026-01-05T00:00:06Z,192.0.2.3
	printf 'start,end,srcip\n,2026-01-05T00:00:05Z,192.0.2.1\n2026-01-05T00:00:02Z,,192.0.2.2\n' > t.csv
	# beside those that have both, and of a block that says of its times how far they reach
	(cat t.csv && echo $both) | flowcat -i csv -w t.flow
	(sed 3d t.csv && echo $both) | flowcat -i csv -w nostart.flow
	(sed 2d t.csv && echo $both) | flowcat -i csv -w noend.flow
	for when in '--since 2026-01-05' '--until 2026-01-06' '-t 2026-01-05'; do
		[ "$(flowcat -i csv -k srcip -o csv $when t.csv)" = srcip ]
		for f in t nostart noend; do
			[ "$(flowcat -k srcip -o csv $when $f.flow | tail -n +2)" = 192.0.2.3 ]
		done
	done
}

@test "flowcat: --tz holds for times in front of it too" {
	local when
	printf 'start,end\n2026-01-05T00:00:00Z,2026-01-05T00:00:01Z\n' > z.csv
	flowcat -i csv -k start -o csv --tz +01:00 z.csv > want
	for when in '-t 2026-01-05T01:00..2026-01-05T01:01' '--since 2026-01-05T01:00 --until 2026-01-05T01:00:01' \
		'--since 2026-01-06 -t 2026-01-05T01:00'; do
		flowcat -i csv -k start -o csv $when --tz +01:00 z.csv | cmp want -
		flowcat -i csv -k start -o csv --tz +01:00 $when z.csv | cmp want -
	done
	[ "$(flowcat -i csv -k start -o csv --until 2026-01-05T01:00 --tz +01:00 z.csv | wc -l)" -eq 1 ]
	run -2 --separate-stderr flowcat --since nonsense --tz +01:00 z.csv
	[[ $stderr == "flowcat: --since: 'nonsense' is no time"* ]]
	for option in -t --since --until --tz; do
		run -2 --separate-stderr flowcat --since -1d $option nonsense day.flow
		[[ $stderr == "flowcat: $option: 'nonsense' is no time"* ]]
	done
}

@test "flowcat: times of csv that name no zone are in that of --tz" {
	cat > z.csv <<-'END'
	srcport,start
	1,2026-01-05 10:00:00
	2,2026-01-05T10:00:00.25
	3,2026/01/05.10:00:00
	4,2026-01-05
	5,2026-01-05T10:00:00Z
	6,2026-01-05T10:00:00+05:00
	7,1767607200.5
	END
	flowcat -i csv -o csv --tz +02:00 z.csv | flowcat -i csv -o csv | diff - <(cat <<-'END'
	srcport,start
	1,2026-01-05T08:00:00.000Z
	2,2026-01-05T08:00:00.250Z
	3,2026-01-05T08:00:00.000Z
	4,2026-01-04T22:00:00.000Z
	5,2026-01-05T10:00:00.000Z
	6,2026-01-05T05:00:00.000Z
	7,2026-01-05T10:00:00.500Z
	END
	)
	# what a table shows is what was read
	[[ "$(flowcat -i csv -o table --tz +02:00 -n 1 z.csv | tail -n 1)" == *"1  2026-01-05 10:00:00.000" ]]
}

@test "flowcat: csv's duration completes what a row has of start and end, and stands alone where it has none" {
	flowcat -i csv -k srcip,start,end,duration -o csv > got <<-'END'
	start,end,srcip,duration
	,,192.0.2.1,5
	2026-01-05T00:00:00Z,,192.0.2.2,3
	,2026-01-05T00:00:00Z,192.0.2.3,3
	2026-01-05T00:00:00Z,2026-01-05T00:00:01Z,192.0.2.4,
	END
	diff - got <<-'END'
	srcip,start,end,duration
	192.0.2.1,,,5.000000
	192.0.2.2,2026-01-05T00:00:00Z,2026-01-05T00:00:03Z,3.000000
	192.0.2.3,2026-01-04T23:59:57Z,2026-01-05T00:00:00Z,3.000000
	192.0.2.4,2026-01-05T00:00:00Z,2026-01-05T00:00:01Z,1.000000
	END
	printf 'start,srcip,duration\n,192.0.2.1,5\n' | flowcat -i csv -k duration -o csv | grep -qx 5.000000
	printf 'srcip,duration\n192.0.2.1,5\n' | flowcat -i csv -k duration -o csv | grep -qx 5.000000
}

@test "flowcat: a duration that leads beyond the times there are is a bad line" {
	local why="a start or end beyond what 64 bits of nanoseconds hold"
	printf 'start,duration\n2262-04-11T00:00:00Z,1000000\n' > late.csv
	printf 'end,duration\n1677-09-22T00:00:00Z,1000000\n2026-01-05T00:00:00Z,1\n' > early.csv
	run -3 --separate-stderr flowcat -i csv -o csv -k start,end late.csv
	[ "$output" = start,end ]
	[ "$stderr" = "flowcat: late.csv: line 2: $why" ]
	run -0 --separate-stderr flowcat -i csv --skip-bad -o csv -k start,end early.csv
	[ "${lines[1]}" = 2026-01-04T23:59:59Z,2026-01-05T00:00:00Z ]
	[ "$stderr" = "flowcat: early.csv: line 2: $why (1 bad line skipped)" ]
}

@test "flowcat: an IPFIX file that is cut fails, and gives what was whole" {
	local cut
	printf 'srcip,bytes\n192.0.2.1,7\n' | flowcat -i csv -o ipfix > one.ipfix
	cat one.ipfix one.ipfix > twice.ipfix
	[ "$(flowcat -o csv -k bytes twice.ipfix | tr '\n' ' ')" = 'bytes 7 7 ' ]
	for cut in 1 2 15 16 17; do
		head -c -$cut twice.ipfix > cut.ipfix
		run -3 --separate-stderr flowcat -o csv -k bytes cut.ipfix
		[ "$output" = $'bytes\n7' ]
		[[ $stderr == "flowcat: cut.ipfix: offset $(stat -c %s one.ipfix): file ends within a message" ]]
	done
}

@test "flowcat: columns of csv mean the same in any order, each of them the first once" {
	local column=(srcip start duration packets bytes) value=(192.0.2.1 2026-01-05T00:00:00Z 2 4 400)
	for _ in 1 2 3 4 5; do
		column=("${column[@]:1}" "${column[0]}") value=("${value[@]:1}" "${value[0]}")
		(IFS=, && echo "${column[*]}" && echo "${value[*]}") |
			flowcat -i csv -k srcip,start,end,duration,packets,bytes,bps,pps,bpp -o csv | sed 1d |
			diff - <(echo 192.0.2.1,2026-01-05T00:00:00Z,2026-01-05T00:00:02Z,2,4,400,1600,2,100)
	done
}

@test "flowcat: a directory is its flow files in time order" {
	make_five
	mkdir -p dir/b dir/a
	flowcat -t 2026-01-05T11:00.. five.flow -w dir/a/late.flow
	flowcat -t ..2026-01-05T10:30 five.flow -w dir/b/early.flow
	echo "not flows" > dir/README
	[ "$(flowcat -o csv -k bytes dir | tr '\n' ' ')" = 'bytes 1500 76 2500000 336 ' ]
	mkdir empty
	run -3 flowcat empty
	[ "$output" = "flowcat: empty: no flow files in this directory" ]
}

@test "flowcat: a bad line of csv ends the input with its number; --skip-bad counts" {
	printf 'srcip,bytes\n10.0.0.1,5\n10.0.0.2,many\n10.0.0.3,7\n' > bad.csv
	run -3 --separate-stderr flowcat -i csv -o csv -k srcip,bytes bad.csv
	[ "$output" = $'srcip,bytes\n10.0.0.1,5' ]
	[ "$stderr" = "flowcat: bad.csv: line 3: column 2: 'many' is no number" ]
	run -0 --separate-stderr flowcat -i csv --skip-bad -o csv -k bytes bad.csv
	[ "$output" = $'bytes\n5\n7' ]
	[ "$stderr" = "flowcat: bad.csv: line 3: column 2: 'many' is no number (1 bad line skipped)" ]
}

@test "flowcat: whole numbers of csv may be written as floats are, as pandas and R do" {
	printf 'srcip,srcport,flags,proto,bytes,x:int\n10.0.0.1,80.0,27.0,6.0,1e+05,-1e3\n10.0.0.2,,,,1.5e+06,2.\n10.0.0.3,0.000000,0e0,0.,0.0000000E+00,-0.0000\n' > floats.csv
	run -0 --separate-stderr flowcat -i csv -o csv -k 'srcip,srcport,flags,proto,bytes,`x`' floats.csv
	[ "$output" = $'srcip,srcport,flags,proto,bytes,x\n10.0.0.1,80,27,6,100000,-1000\n10.0.0.2,,,,1500000,2\n10.0.0.3,0,0,0,0,0' ]
	[ -z "$stderr" ]
}

@test "flowcat: eight threads read from csv what one does, and say the same of bad lines" {
	flowgen -n 150000 -o csv -k start,srcip,dstport,bytes > good.csv
	awk 'NR % 40000 == 7 { print "x,y" } { print }' good.csv > bad.csv
	for j in 1 8; do
		flowcat -j $j --no-history -i csv good.csv -w good.$j
		flowcat -j $j --skip-bad -i csv -o csv -k start,srcip,dstport,bytes bad.csv > skip.$j 2> skip.said.$j
		run -3 flowcat -j $j -i csv -o csv -k bytes <(sed 7d bad.csv) good.csv
		echo "$output" | sed 's,/dev/fd/[0-9]*,input,' > stop.$j
	done
	cmp good.1 good.8
	cmp skip.1 skip.8
	cmp skip.1 good.csv
	cmp skip.said.1 skip.said.8
	[[ $(< skip.said.1) == *": line 7: 2 fields instead of 4 (4 bad lines skipped)" ]]
	cmp stop.1 stop.8
	grep -q "^flowcat: input: line 40007: 2 fields instead of 4$" stop.1
	[ "$(grep -c '^[0-9]*$' stop.1)" = $((40005 + 150000)) ]
}

@test "flowcat: lines that are no records do not decide the columns" {
	{ echo srcip,bytes; yes x | head -n 70000; echo 10.0.0.1,5; } > late.csv
	run -0 --separate-stderr flowcat -j 8 --skip-bad -i csv -o csv late.csv
	[ "$output" = $'srcip,bytes\n10.0.0.1,5' ]
	[[ $stderr == *"(70000 bad lines skipped)" ]]
	run -3 --separate-stderr flowcat -j 8 -i csv -o csv -k bytes late.csv
	[ "$output" = bytes ]
}

@test "flowcat: hostile octets in csv do not reach the terminal" {
	printf 'srcip,bytes\n\033[2Jx,1\n' > bad.csv
	run -3 --separate-stderr flowcat -i csv -o csv bad.csv
	[[ $stderr == *"'\\x1b[2Jx' is no IP address" ]]
	printf 'srcip,bytes\n192.0.2.1,5\0\n' > bad.csv
	run -3 --separate-stderr flowcat -i csv -o csv bad.csv
	[ "$stderr" = "flowcat: bad.csv: line 2: column 2: '5\\x00' is no number" ]
	# What turns text around, is not seen, or is a control in two octets; and what is text.
	for c in '\xe2\x80\xae' '\xe2\x81\xa6' '\xe2\x80\x8f' '\xe2\x80\x8b' '\xef\xbb\xbf' '\xf3\xa0\x81\x81' '\xc2\x9b' '\xd8\x9c'; do
		printf "label,bytes\nexe${c}gpj,1\n" > odd.csv
		flowcat -i csv odd.csv -w odd.flow
		flowcat -o table odd.flow > table
		flowcat --info odd.flow > info
		run -1 grep -F "$(printf "$c")" table info
		grep -q 'exe\\x' table
		grep -q 'exe\\x' info
		[ "$(flowcat -o csv -k '`label`' odd.flow | tail -n 1)" = "$(printf "exe${c}gpj")" ]
	done
	printf 'label,bytes\n\xc3\xa9\xe4\xb8\xad\xd7\x90\xf0\x9f\x98\x80,1\n' > odd.csv
	flowcat -i csv -o table odd.csv | grep -qF "$(printf '\xc3\xa9\xe4\xb8\xad\xd7\x90\xf0\x9f\x98\x80')"
}

@test "flowcat: --info says what a file holds" {
	make_five
	flowcat --info five.flow > info
	grep -q '^records    5 in 1 block$' info
	grep -q '^time       2026-01-05T10:00:00.100Z .. 2026-01-05T11:00:10.000Z$' info
	grep -q '^history    flowcat -i csv five.csv -w five.flow$' info
	grep -Eq '^  srcip +ip +16 .*some missing|^  srcip +ip +16 ' info
	grep -Eq '^  bytes +uint +8 .*some missing +76 \.\. 2500000$' info
	grep -Eq '^  label +string ' info
	flowcat --info --tz +02:00 five.flow > info
	grep -q '^time       2026-01-05T12:00:00.100+02:00 .. 2026-01-05T13:00:10.000+02:00$' info
	grep -Eq '^  start .* 2026-01-05T12:00:00.100\+02:00 \.\. ' info
}

@test "flowcat: --info is aligned where a column has many encodings" {
	flowgen -n 3000 -w a.flow
	flowcat -n 5 -w b.flow a.flow
	printf 'srcip,tos,dstport\n192.0.2.1,,\n192.0.2.2,3,5\n' | flowcat -i csv -w c.flow
	cat a.flow b.flow c.flow > all.flow
	flowcat --info all.flow | sed '1,/^columns/d' > info
	grep -Eq '[0-9]%  .{29,} (-|[0-9])' info
	at=$(head -n 1 info | awk '{ print index($0, "range") }')
	grep -E '^  (tos|dstport) ' info | while IFS= read -r line; do
		[[ ${line:at-2:2} == ' '[0-9] ]] || echo "$line"
	done | diff /dev/null -
}

@test "flowcat: --info gives no range of addresses whose widths differ between blocks" {
	flowgen -n 100 -w four.flow
	flowgen -n 100 --ipv6 1 -w six.flow
	for order in "four.flow six.flow" "six.flow four.flow"; do
		# shellcheck disable=SC2086
		cat $order > both.flow
		flowcat --info both.flow > info
		grep -Eq '^  srcip +ip +16 .* 2 +-$' info
	done
	flowcat --info four.flow | grep -Eq '^  srcip +ip +4 .* [0-9.]+ \.\. [0-9.]+$'
}

@test "flowcat: --check reads everything and says so, or where it is damaged" {
	make_five
	run -0 flowcat --check five.flow
	[[ $output == "five.flow: sound, 5 records, 1 block, "* ]]
	run -0 flowcat --check -q five.flow
	[ -z "$output" ]
	head -c -1 five.flow > cut.flow
	run -3 flowcat --check cut.flow
	[[ $output == "flowcat: cut.flow: offset "* ]]
	flowcat --no-history five.flow -w plain.flow
	size=$(stat -c %s plain.flow)
	printf '\xff' | dd of=plain.flow bs=1 seek=$((size - 200)) conv=notrunc status=none
	run -3 flowcat --check plain.flow
	[[ $output == "flowcat: plain.flow: "* ]]
}

@test "flowcat: damage in the block that -n ends in is told" {
	flowgen -n 150000 -w day.flow
	printf '\xff\x55\xff' |
		dd of=day.flow bs=1 seek=$(($(stat -c %s day.flow) * 6 / 10)) conv=notrunc status=none
	for format in flow ipfix csv; do
		run -3 --separate-stderr flowcat -n 100000 -o $format -w out day.flow
		[[ $stderr == "flowcat: day.flow: offset "*"damaged section"* ]]
		[ ! -e out ]
		rm out.incomplete
	done
	run -3 bash -c 'flowcat -n 100000 -w - day.flow | flowcat --check'
}

@test "flowcat: -k all of a damaged file needs no temporary one" {
	make_five
	flowgen -q -n 100 -w good.flow
	head -c -1 five.flow > cut.flow
	run -3 --separate-stderr flowcat -T "$PWD/none" -o csv -k all cut.flow good.flow
	[ "${#lines[@]}" -eq 106 ]
	[[ $stderr == "flowcat: cut.flow: offset "* ]]
	run -3 --separate-stderr flowcat -T "$PWD/none" --recover -o csv -k all cut.flow good.flow
	[ "${#lines[@]}" -eq 106 ]
}

@test "flowcat: a FIFO is described and checked once, and not waited for where files are replaced" {
	flowgen -q -n 500 -w few.flow
	cp few.flow ./-
	mkfifo pipe
	for what in --info --check; do
		cat few.flow > pipe 3>&- &
		run -0 --separate-stderr timeout 10 flowcat $what pipe
		[[ $output == *"500"* ]]
		[ -z "$stderr" ]
	done
	run -3 --separate-stderr timeout 10 flowcat --index pipe
	[ "$stderr" = "flowcat: pipe: --index is for files" ]
	run -3 --separate-stderr timeout 10 flowcat --recompress pipe
	[ "$stderr" = "flowcat: pipe: no regular file: only those can be replaced" ]
	flowcat --index -q ./-
	flowcat few.flow | flowcat --info - > said
	run ! grep '^index' said
}

@test "flowcat: -O orders, biggest first, missing last both ways" {
	make_five
	[ "$(flowcat -O bytes -o csv -k bytes,srcip five.flow | cut -d, -f1 | tr '\n' ' ')" = 'bytes 2500000 1500 336 76  ' ]
	[ "$(flowcat -O bytes:asc -o csv -k bytes,srcip five.flow | cut -d, -f1 | tr '\n' ' ')" = 'bytes 76 336 1500 2500000  ' ]
	[ "$(flowcat -O srcip:asc,bytes -n 2 -o csv -k srcip,bytes five.flow | tr '\n' ' ')" = 'srcip,bytes 192.0.2.1,1500 192.0.2.1,336 ' ]
	flowcat -O bytes five.flow | flowcat --check -
}

@test "flowcat: tsv needs no quotes and reads back" {
	make_five
	flowcat -o tsv -k all five.flow > five.tsv
	flowcat -i tsv five.tsv -o csv -k all | diff - <(flowcat -o csv -k all five.flow)
	[ "$(sed -n 5p five.tsv | cut -f 11)" = '""' ]
}

@test "flowcat: flows whose end follows from their exporter are written so that they can be read" {
	{
		echo start,end,exporter,bytes
		for i in {10..29}; do
			echo "2026-01-05T00:00:0$((i % 7)).0${i}Z,2026-01-05T00:00:1$((i % 2)).000Z,10.0.0.$((i % 2)),$i"
		done
	} > ends.csv
	flowcat -i csv ends.csv -w ends.flow
	flowcat --check ends.flow
	flowcat -o csv -k start,end,exporter,bytes ends.flow | diff - ends.csv
	flowfilter 'exporter = 10.0.0.1' ends.flow -w one.flow
	[ "$(flowcat -o csv one.flow | wc -l)" -eq 11 ]
	flowcat --recompress ends.flow
	[ "$(flowcat -o csv ends.flow | wc -l)" -eq 21 ]
}

@test "flowcat: \N of databases is a missing value, and a string of these two characters comes back" {
	cat > null.csv <<-'END'
	start,end,srcip,srcport,username,label,rtt:float64
	\N,"2026-01-05 00:00:01","10.0.0.1",\N,\N,"a,b",\N
	\N,\N,\N,53,\\N,\Name,1.5
	END
	run -0 flowcat -i csv null.csv -o csv -k all
	[ "${lines[1]}" = '2026-01-05T00:00:01Z,10.0.0.1,,,"a,b",' ]
	[ "${lines[2]}" = ',,53,\\N,\Name,1.5' ]
	flowcat -i csv null.csv -w null.flow
	[ "$(flowfilter 'username = "\\N"' null.flow | flowcat -o csv -k username,srcport | tail -n 1)" = '\\N,53' ]
	flowcat -o tsv -k all null.flow | flowcat -i tsv -o csv -k all | diff - <(flowcat -o csv -k all null.flow)
	printf 'srcip\tsrcport\tusername\n10.0.0.1\t\\N\t\\N\n' > null.tsv
	[ "$(flowcat -i tsv null.tsv -o csv -k srcip,srcport,username | tail -n 1)" = 10.0.0.1,, ]
}

@test "flowcat: nfdump's csv is read" {
	cat > nfdump.csv <<-'END'
	ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk
	2026-01-05 10:00:00,2026-01-05 10:00:01,1.000,192.0.2.1,198.51.100.7,49152,443,TCP,...AP.SF,0,0,10,1500,0,0,1,2,64512,64513,24,16
	END
	run -0 flowcat -i csv nfdump.csv -o csv -k srcip,dstip,dstport,proto,flags,bytes,outif,dstas,dstmask,duration
	[ "${lines[1]}" = 192.0.2.1,198.51.100.7,443,6,27,1500,2,64513,16,1 ]
	cat > nfdump.csv <<-'END'
	firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows
	2026-01-05 10:00:00.250,00:01:02.500,TCP,192.0.2.1,49152,198.51.100.7,443,10,1500,1
	END
	run -0 flowcat -i csv nfdump.csv -o csv -k start,end,duration,srcip,dstip,dstport,bytes
	[ "${lines[1]}" = 2026-01-05T10:00:00.250Z,2026-01-05T10:01:02.750Z,62.500,192.0.2.1,198.51.100.7,443,1500 ]
	# An ICMP type and code there, where other programs write ports as floats.
	cat > nfdump.csv <<-'END'
	proto,dstPort
	1,0
	1,8.0
	ICMP,3.13
	58,135.0
	6,80.0
	17,53.0
	1,2048.0
	1,781
	,8.0
	END
	want="dstport 0 2048 781 34560 80 53 2048 781 8"
	[ "$(flowcat -i csv nfdump.csv -o csv -k dstport | xargs)" = "$want" ]
	[ "$(sed 's/,/","/; s/.*/"&"/' nfdump.csv | flowcat -i csv -o csv -k dstport | xargs)" = "$want" ]
	[ "$(awk -F, '{ print $2 "," $1 }' nfdump.csv | flowcat -i csv -o csv -k dstport | xargs)" = "$want" ]
	for row in 17,3.13 1,256.1 1,3.256; do
		run -3 --separate-stderr flowcat -i csv -o null - <<< "proto,dstPort
$row"
		[ "$stderr" = "flowcat: standard input: line 2: column 2: '${row#*,}' is no whole number" ]
	done
	for d in 00:60:00 0:00:60 :00:00 1:1:1 12:30 00:00: 0x1:00:00 99999999999:00:00 -1:00:00 00:00:1:1 00:00:4s 00:00:-1; do
		run -3 --separate-stderr flowcat -i csv -o null - <<< "duration,srcip
$d,192.0.2.1"
		[ "$stderr" = "flowcat: standard input: line 2: column 1: '$d' is no duration" ]
	done
}

# One record of each kind of csv, and what becomes of it.
@test "flowcat: csv of Argus, of data sets, pmacct and nprobe is read" {
	is_read() { # FIELDS WANT [ARG...]: a csv file of standard input
		run -0 --separate-stderr flowcat -i csv -o csv --no-header -k "$1" "${@:3}" -
		[ "$output" = "$2" ] || { echo "$output" "$stderr" && false; }
	}
	cat > argus.csv <<-'END'
	StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label
	2011/08/10 09:46:59.607825,1.026539,tcp,94.44.127.113,1577,   <->,147.32.84.59,6881,S_RA,0,8,4,276,156,flow=Background
	2011/08/10 09:47:00,0.000000,arp,94.44.127.113,,  who,147.32.84.59,,CON,,,2,120,60,flow=Background
	2011/08/10 09:47:00,0.000000,icmp,94.44.127.113,0x0008,   ->,147.32.84.59,0x6bb0,ECO,0,,1,60,60,flow=Background
	END
	is_read 'start,end,proto,srcip,srcport,dstip,dstport,tos,packets,bytes,`Dir`,`dTos`,`SrcBytes`' \
		"2011-08-10T09:46:59.607825Z,2011-08-10T09:47:00.634364Z,6,94.44.127.113,1577,147.32.84.59,6881,0,4,276,<->,8,156
2011-08-10T09:47:00.000000Z,2011-08-10T09:47:00.000000Z,1,94.44.127.113,8,147.32.84.59,27568,0,1,60,->,,60" --skip-bad < argus.csv
	cut -d, -f 1-11,14 argus.csv | is_read bytes $'156\n60' --skip-bad
	is_read start,end,srcip,dstip,srcport,dstport,proto,packets,bytes,flags,rpackets,rbytes,rflags \
		2016-10-28T17:07:52.625696Z,2016-10-28T17:07:57.631693Z,192.0.2.26,192.0.2.1,4000,80,6,3,272,27,2,80,18 <<-'END'
	DST_IP,SRC_IP,BYTES,BYTES_REV,TIME_FIRST,TIME_LAST,PACKETS,PACKETS_REV,DST_PORT,SRC_PORT,PROTOCOL,TCP_FLAGS,TCP_FLAGS_REV
	192.0.2.1,192.0.2.26,272,80,2016-10-28T17:07:52.625696,2016-10-28T17:07:57.631693,3,2,80,4000,6,27,18
	END
	is_read packets,bytes,rpackets,rbytes 3,300,2,80 <<-'END'
	LastTime,SrcAddr,DstAddr,SrcPkts,DstPkts,SrcBytes,DstBytes
	2011/08/10 09:46:59,94.44.127.113,147.32.84.59,3,2,300,80
	END
	is_read start,end,dstport,packets,bytes,rpackets,rbytes 2015-01-22T11:50:14Z,2015-01-22T11:50:16Z,53,2,132,3,164 <<-'END'
	srcip,sport,dstip,dsport,proto,state,dur,sbytes,dbytes,service,Sload,Spkts,Dpkts,Stime,Ltime,Label
	59.166.0.0,1390,149.171.126.6,53,udp,CON,1.001055,132,164,dns,500473.9375,2,3,1421927414,1421927416,0
	END
	is_read 'start,packets,bytes,rpackets,`spkts`,`dbytes`' 2018-05-15T00:28:41.180Z,7,1241,,4,641 <<-'END'
	stime,flgs,proto,saddr,sport,daddr,dport,pkts,bytes,ltime,dur,spkts,dpkts,sbytes,dbytes
	1526344121.18,e,tcp,192.168.100.147,49960,192.168.100.7,80,7,1241,1526344122.0,0.8,4,3,600,641
	END
	is_read start,end,srcip,packets,bytes,rpackets,rbytes 2017-07-07T03:30:00Z,2017-07-07T03:30:02.500000Z,104.16.207.165,2,12,1,6 <<-'END'
	Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, Timestamp, Flow Duration, Total Fwd Packets, Total Backward Packets,Total Length of Fwd Packets, Total Length of Bwd Packets, Label
	x,104.16.207.165,443,192.168.10.5,54865,6,2017-07-07 03:30:00,2500000,2,1,12,6,BENIGN
	END
	is_read duration,srcip,dstip,srcport,dstport,packets,bytes,flags 0.015000,149.171.126.0,59.166.0.5,62073,56082,11,9672,25 <<-'END'
	IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,IN_BYTES,OUT_BYTES,IN_PKTS,TCP_FLAGS,FLOW_DURATION_MILLISECONDS
	149.171.126.0,62073,59.166.0.5,56082,6,9672,416,11,25,15
	END
	is_read srcmac,dstmac,inif,outif,srcmask,exporter 00:00:00:00:00:01,00:00:00:00:00:02,3,4,24,192.0.2.9 <<-'END'
	SRC_MAC,DST_MAC,IN_IFACE,OUT_IFACE,SRC_MASK,PEER_SRC_IP
	00:00:00:00:00:01,00:00:00:00:00:02,3,4,24,192.0.2.9
	END
	is_read natsrcip,natdstip,natsrcport,natdstport,natevent,bgpnexthop,sampling,bytes 124.146.96.220,168.172.181.19,14536,80,1,2001:db8::1,100,64 <<-'END'
	PEER_DST_IP,SRC_IP,SAMPLING_RATE,POST_NAT_SRC_IP,POST_NAT_DST_IP,POST_NAT_SRC_PORT,POST_NAT_DST_PORT,NAT_EVENT,PACKETS,BYTES
	2001:db8::1,192.0.2.26,100,124.146.96.220,168.172.181.19,14536,80,1,2,64
	END
	is_read inif,outif,tos,posttos,packets,postbytes,nexthop,exporter,postsrcmac 3,4,8,16,10,70,10.0.0.9,192.0.2.9,00:00:00:00:00:02 <<-'END'
	input,output,srcTos,dstTos,inPackets,outBytes,nextIP,routerIP,outSrcMac
	3,4,8,16,10,70,10.0.0.9,192.0.2.9,00:00:00:00:00:02
	END
}

@test "flowcat: a name that says one thing beside another column is read back as what it was" {
	printf 'SrcAddr,Dir,timestamp\n192.0.2.1,->,2026-01-05T00:00:00Z\n' > arrow.csv
	[ "$(flowcat -i csv arrow.csv -o csv -k all)" = $'srcip,`Dir`,start\n192.0.2.1,->,2026-01-05T00:00:00Z' ]
	[ "$(flowcat -i csv arrow.csv -o csv -k all | flowcat -i csv -o csv -k all)" = "$(flowcat -i csv arrow.csv -o csv -k all)" ]
	printf 'dir,bytes\n1,5\n' | flowcat -i csv -o csv -k all | diff - <(printf 'direction,bytes\n1,5\n')
	# An element that is called as others call the start of a flow.
	printf '10704.1,12326.1,start\n1,2,1970-01-01T00:00:03Z\n' > element.csv
	flowcat -i csv element.csv -o csv -k all | diff - element.csv
	for start in start ts StartTime; do
		printf '%s,timestamp\n5,6\n' $start | flowcat -i csv -o csv -k all | head -n 1 | diff - <(echo start,10704.1)
	done
}

export_to() {
	python3 "$REPO/tests/tools/export.py" "$@"
}

# Exporters that call interface 7 eth-3, eth-4 and, the third, nothing.
make_named() {
	export_to pcap named.pcap --messages 2 --records 3 --interfaces --options --domain 3
	export_to pcap named.pcap --append --messages 1 --records 2 --interfaces --options --domain 4
	export_to pcap named.pcap --append --messages 1 --records 1 --interfaces --exporter 192.0.2.9
	flowrecv -r named.pcap -w named.flow
}

@test "flowcat: --resolve prints the names that the record's exporter and domain gave its numbers" {
	make_named
	[ "$(flowcat -o csv -k exporter,domain,inif --resolve named.flow | sort | uniq -c | xargs)" = \
		"6 192.0.2.1,3,eth-3 2 192.0.2.1,4,eth-4 1 192.0.2.9,1,7 1 exporter,domain,inif" ]
	flowcat -o ndjson -k inif,bytes --resolve named.flow | jq -c .inif | uniq -c | xargs > got
	[ "$(cat got)" = "6 eth-3 2 eth-4 1 7" ]
	[ "$(flowcat -o ndjson -k inif --resolve named.flow | jq -c .inif | tail -n 1)" = 7 ]
	flowcat -O inif,domain --resolve -o tsv -k domain,inif named.flow | tail -n +2 | uniq -c > got
	diff -w got - <<< $'2 4\teth-4\n6 3\teth-3\n1 1\t7'
}

@test "flowcat: tables have names, other formats when asked to, --no-resolve has numbers" {
	make_named
	[ "$(flowcat -o table -k inif -n 1 named.flow | tail -n 1)" = eth-3 ]
	[ "$(flowcat -o table -k inif -n 1 --no-resolve named.flow | tail -n 1)" = "      7" ]
	[ "$(flowcat -o csv -k inif -n 1 named.flow | tail -n 1)" = 7 ]
	[ "$(flowcat -o ndjson -k inif -n 1 named.flow)" = '{"inif":7}' ]
	[ "$(flowcat -o csv -k inif -n 1 --resolve --no-resolve named.flow | tail -n 1)" = 7 ]
	flowcat --no-history --resolve named.flow | cmp - <(flowcat --no-history named.flow) # records stay as they are
	run -2 flowcat -o ndjson --raw --resolve named.flow
	[ "$output" = "flowcat: --raw says what was sent, --resolve what it is called: one of them" ]
}

@test "flowcat: names are still each exporter's own behind an IPFIX file" {
	make_named
	flowcat -o ipfix -w named.ipfix named.flow
	flowcat -o csv -k bytes,inif --resolve named.flow > want
	grep -q eth want
	flowcat -o csv -k bytes,inif --resolve named.ipfix | cmp want -
}

@test "flowcat: a name holds from where it was said, on however many threads" {
	for m in $(seq 0 59); do
		export_to pcap m.pcap --messages 1 --first "$m" --records 20 --interfaces --options --name "if$m"
		flowrecv -r m.pcap -w m.flow
		cat m.flow >> all.flow
	done
	for threads in 1 8; do
		flowcat -j $threads -o csv -k bytes,inif --resolve all.flow > got
		awk -F, 'NR > 1 && $2 == "if" int(($1 - 100) / 20) { n++ } END { exit n != 1200 }' got
		flowcat -j $threads -o csv -k bytes,inif --resolve < all.flow | cmp - got
	done
}

@test "flowcat: hostile names are escaped as strings are" {
	export_to pcap evil.pcap --messages 1 --records 1 --interfaces --options --name $'a"\033[2J\377,\n'
	flowrecv -r evil.pcap -w evil.flow
	[ "$(flowcat -o csv -k inif --resolve evil.flow | tail -n 1)" = '"a""\x1b[2J\xff,\x0a"' ]
	flowcat -o ndjson -k inif --resolve evil.flow | jq -e '.inif | startswith("a\"\u001b[2J")'
	flowcat -o table -k inif evil.flow > table
	run -1 grep $'\033' table
}

@test "flowcat: the names that real exporters sent are printed" {
	[ -n "$SHARED" ] || skip "no ../shared"
	of() {
		flowrecv -q -r "$SHARED/corpus/cases/$1.pcap" 2> err | flowcat --resolve -o csv -k "$2" | sort -u | xargs
	}
	[ "$(of gen_softflowd_v9 inif)" = "capture-eth0.pca inif" ]
	[ "$(of pm106_ipfix_huawei_vrf vrf)" = "0 A4 vrf" ]
	[ "$(of cr_v9_scopes samplerid)" = "SAMPLER-A SAMPLER-B samplerid" ]
	[ "$(of cr_rfc5610 32473.7,32473.8)" = "77,hello exampleCounter,exampleName" ]
	[[ $(of pm403_mpls_v6 outif) == "0 HundredGigE0_0_0_11 "* ]]
}

@test "flowcat: the labelled sets load, every line of them" {
	[ -n "$SHARED" ] || skip "no ../shared"
	for set in "$SHARED"/labelled/*.csv.zst; do
		zstd -dcq "$set" > set.csv
		[ "$(flowcat -i csv set.csv -o ndjson | wc -l)" = "$(($(wc -l < set.csv) - 1))" ]
		cut -d, -f 3-8,9-11 set.csv | tail -n +2 > want
		flowcat -i csv set.csv -o csv -k 'srcip,dstip,srcport,dstport,proto,flags,packets,bytes,`label`' |
			tail -n +2 | cmp - want
	done
}

# A batch has one precision for its times: csv joins blocks, and with them pm111's of ms and of ns.
@test "flowcat: the records of real exporters survive csv, value by value" {
	[ -n "$SHARED" ] || skip "no ../shared"
	for capture in "$SHARED"/corpus/cases/*.pcap; do
		case $capture in *sflow* | *pm111_v4v6_mix*) continue ;; esac
		flowrecv --raw -r "$capture" -w in.flow 2> /dev/null || [ -e in.flow ] || mv in.flow.incomplete in.flow
		flowcat -o csv -k all in.flow > all.csv
		flowcat -o ndjson --raw in.flow | jq -cS . | sort > want
		flowcat -i csv all.csv -o ndjson --raw | jq -cS . | sort > got
		cmp want got || { echo "$capture"; return 1; }
	done
}

@test "flowcat: the records of all real exporters together survive csv" {
	[ -n "$SHARED" ] || skip "no ../shared"
	mkdir store
	for capture in "$SHARED"/corpus/cases/*.pcap; do
		name=store/$(basename "$capture" .pcap).flow
		flowrecv --raw -r "$capture" -w "$name" 2> /dev/null || [ -e "$name" ] || mv "$name.incomplete" "$name"
	done
	flowcat store | flowcat -o csv -k all > all.csv
	flowcat -o ndjson --raw store | jq -cS . | sort > want
	flowcat -i csv all.csv -o ndjson --raw | jq -cS . | sort > got
	[ "$(wc -l < want)" -gt 1500 ]
	cmp want got
}

@test "flowcat: links in a directory lead to no file twice" {
	mkdir -p store/2026 other
	flowgen -n 100 -w store/2026/a.flow
	flowgen -n 10 --seed 2 -w other/b.flow
	ln -s 2026 store/latest
	ln -s . store/self
	ln -s ../.. store/2026/up
	ln store/2026/a.flow store/2026/again.flow
	ln -s 2026/a.flow store/newest.flow
	ln -s ../other store/elsewhere
	[ "$(flowcat -o csv store | tail -n +2 | wc -l)" -eq 110 ]
}

@test "flowcat: a directory that cannot be read leaves the others their chance" {
	[ "$(id -u)" = 0 ] && command -v setpriv > /dev/null || skip "another user takes root and setpriv"
	mkdir -p "store/lost+found"
	flowgen -n 100 -w store/a.flow
	chmod 0700 "store/lost+found"
	chmod 0711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* . # on the way
	cp "$(command -v flowcat)" cat
	setpriv --reuid=65534 --clear-groups ./cat --help > /dev/null || skip "no way to run it as another user"
	run -3 --separate-stderr setpriv --reuid=65534 --clear-groups ./cat -o csv store
	[ "${#lines[@]}" -eq 101 ]
	[ "$stderr" = "cat: store/lost+found: Permission denied" ]
}

@test "flowcat: --live reads once a part of a directory that is renamed before its turn comes" {
	mkdir store
	flowgen -n 30000 --start 2026-01-01 -w store/a.flow
	flowgen -n 100 --start 2026-01-09 -w b.flow
	head -c -64 b.flow > store/.b.flow.part
	flowcat -j 1 --live -o csv store | { sleep 0.5; mv store/.b.flow.part store/b.flow; cat; } > out
	[ "${PIPESTATUS[*]}" = "0 0" ]
	[ "$(wc -l < out)" -eq 30101 ] || return 1
	# Merged before it was renamed, it is another file, and both were found.
	cp store/b.flow store/.b.flow.part
	cp b.flow store/b.flow
	flowcat -j 1 --live -o csv store// | { sleep 0.5; rm store/.b.flow.part; cat; } > out
	[ "${PIPESTATUS[*]}" = "0 0" ]
	[ "$(wc -l < out)" -eq 30101 ]
}

@test "flowcat: files of a directory that others replace meanwhile are all read, once each" {
	local replacer

	mkdir store
	flowgen -n 100 -w one.flow
	for i in {1..800}; do cp one.flow "store/$i.flow"; done
	# As --recompress does it: what is new has the inode of what it took the place of before.
	python3 -c 'import os
data = open("one.flow", "rb").read()
while not os.path.exists("stop"):
    for i in range(1, 801):
        with open("store/.new", "wb") as f:
            f.write(data)
        os.rename("store/.new", f"store/{i}.flow")' 3>&- &
	replacer=$!
	for i in {1..15}; do flowcat -v -o null store 2>> told; done
	touch stop
	wait $replacer
	[ "$(sed 's/;.*//' told | sort | uniq -c | xargs)" = "15 flowcat: 80000 records read" ]
}

@test "flowcat: --live reads a file that has been begun, and has no octet yet" {
	mkdir store
	: > store/.a.flow.part
	[ "$(flowcat --live -o csv -k srcip store)" = srcip ]
	run -3 flowcat -o csv store
	mv store/.a.flow.part store/.a.csv.part
	run -3 flowcat --live -o csv store
	[ "$output" = 'flowcat: store: no flow files in this directory' ]
}

@test "flowcat: a list of fields that takes away every column is refused" {
	flowgen -n 3 -w a.flow
	flowagg -k proto -v bytes a.flow -w proto.flow
	local all=-start,-end,-duration,-srcip,-dstip,-srcport,-dstport,-proto,-flags,-tos,-packets,-bytes,-flows
	all+=,-inif,-outif,-srcas,-dstas,-exporter,-domain,-sampling
	for format in csv tsv table; do
		run -2 flowcat -o $format -k $all a.flow
		[ "$output" = "flowcat: -k $all leaves no column" ]
		run -2 flowcat -o $format -k -proto,-bytes proto.flow
		[ "$output" = 'flowcat: -k -proto,-bytes leaves no column' ]
	done
	[ "$(flowcat -o csv -k -proto,-bytes,+flows proto.flow | head -n 1)" = flows ]
}

@test "flowcat: all stands alone, whatever comes before it" {
	flowgen -n 3 -w a.flow
	for list in -bytes,all bytes,-bytes,all '-bytes -k +all'; do
		run -2 flowcat -o csv -k $list a.flow
		[[ $output == "flowcat: 'all' behind fields taken away: fields cannot be taken from all; "* ]]
	done
	for list in bytes,all '+bytes -k +all' 'bytes -k +all'; do
		run -2 flowcat -o ndjson -k $list a.flow
		[[ $output == "flowcat: 'bytes' beside 'all': nothing can be added to all; "* ]]
	done
	flowcat -o csv -k -bytes -k all a.flow | cmp <(flowcat -o csv -k all a.flow) -
}

@test "flowcat: whoever is killed leaves nothing beside its output, and --live reads no other's temporary files" {
	mkdir store
	flowgen -n 100 -w store/a.flow
	cp store/a.flow store/.a.flow.XYZ123
	cp store/a.flow store/..a.flow.recompress.XYZ123
	mkdir store/.hidden && cp store/a.flow store/.hidden
	[ "$(flowcat --live -o csv store | tail -n +2 | wc -l)" -eq 100 ]
	cp store/a.flow store/.b.flow.part
	[ "$(flowcat --live -o csv store | tail -n +2 | wc -l)" -eq 200 ]
	mkdir out
	flowgen -n 100000000 -w out/day.flow 3>&- &
	sleep 0.3
	kill -KILL $!
	wait $! || true
	if grep -q "$(stat -f -c %T out)" <<< "tmpfs ext2/ext3 xfs btrfs"; then [ -z "$(ls -A out)" ]; fi
}

@test "flowcat: --options is refused where there is no place for them" {
	for format in csv tsv table; do
		run -2 --separate-stderr flowcat --options -o $format /dev/null
		[ "$stderr" = "flowcat: --options: only json and ndjson have a place for options records" ]
	done
}

@test "flowcat: files of other tools are read, or said to be what they are" {
	printf 'sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|dur|eTime\n%s\n' \
		'10.0.0.1|10.0.0.2|1|2|6|3|4|S|2026/11/26T10:00:00.250|1.500|2026/11/26T10:00:01.750' > silk
	run -3 --separate-stderr flowcat -o csv silk
	[ "$stderr" = "flowcat: silk: line 1: one column, with '|' in its name; tr '|' ',' makes it csv" ]
	tr '|' , < silk | flowcat -i csv -o csv -k start,end,duration,srcip,dstip,srcport,dstport,proto,packets,bytes,flags |
		diff - <(cat <<-'END'
	start,end,duration,srcip,dstip,srcport,dstport,proto,packets,bytes,flags
	2026-11-26T10:00:00.250Z,2026-11-26T10:00:01.750Z,1.500,10.0.0.1,10.0.0.2,1,2,6,3,4,2
	END
	)
	# As rwcut writes without being told: columns of one width, and a separator behind the last.
	sed 's/|/ |  /g; s/$/|/' silk > padded
	run -3 --separate-stderr flowcat -o csv padded
	[ "$stderr" = "flowcat: padded: line 1: one column, with '|' in its name; sed 's/|$//; y/|/,/' makes it csv" ]
	sed 's/|$//; y/|/,/' padded | flowcat -i csv -o csv -k all | diff - <(tr '|' , < silk | flowcat -i csv -o csv -k all)
	run -3 --separate-stderr flowcat -i tsv -o csv padded
	[ "$stderr" = "flowcat: padded: line 1: one column, with '|' in its name; sed 's/|$//; y/|/\t/' makes it tsv" ]
	printf '#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_ip_bytes\n%s\n' \
		"$(printf '1591367999.305988\tCMdzit\t192.168.4.76\t36844\t192.168.4.1\t53\tudp\t62')" > conn.log
	run -3 --separate-stderr flowcat -o csv conn.log
	[ "$stderr" = "flowcat: conn.log: line 1: a log of Zeek; sed -n 's/^#fields.//p; t; /^#/!p' makes it tsv" ]
	printf '"No.","Time","Source","Destination","Protocol","Length","Info"\n"1","0.0","10.0.0.1","10.0.0.2","TCP","74","x"\n' > packets.csv
	run -3 --separate-stderr flowcat -o csv packets.csv
	[ "$stderr" = "flowcat: packets.csv: line 1: packets as Wireshark lists them, no flows; softflowd -r makes flows" ]
	sed -n 's/^#fields.//p; t; /^#/!p' conn.log | flowcat -i tsv -o csv -k start,srcip,dstip,dstport,proto,bytes |
		diff - <(cat <<-'END'
	start,srcip,dstip,dstport,proto,bytes
	2020-06-05T14:39:59.305988Z,192.168.4.76,192.168.4.1,53,17,62
	END
	)
	printf 'a;b\n1;2\n' > semi
	run -3 --separate-stderr flowcat -i csv -o csv semi
	[ "$stderr" = "flowcat: semi: line 1: one column, with ';' in its name; tr ';' ',' makes it csv" ]
	for head in '"a";"b"' '"a";b' 'a;"b"'; do
		echo "$head" > semi
		run -3 --separate-stderr flowcat -i csv -o csv semi
		[ "$stderr" = "flowcat: semi: line 1: one column, with ';' in its name; tr ';' ',' makes it csv" ]
	done
	for format in csv tsv; do
		gzip -c semi > semi.gz
		run -3 --separate-stderr flowcat -i $format -o csv semi.gz
		[ "$stderr" = "flowcat: semi.gz: this is compressed with gzip; unpack it with: gzip -dc FILE | ..." ]
	done
	echo '2026-01-05 09:00:00.123,2026-01-05 09:00:00.123,10.0.0.1' > values
	run -3 --separate-stderr flowcat -i csv -o csv values
	[ "$stderr" = "flowcat: values: line 1: '2026-01-05 09:00:00.123' is no name: the first line must name the columns" ]
	printf 'a\tb\n1\t2\n' > tabs
	run -3 --separate-stderr flowcat -i csv -o csv tabs
	[ "$stderr" = "flowcat: tabs: line 1: one column, with tabs in its name: -i tsv" ]
	printf 'Source IP,Destination IP,bytes\n192.0.2.1,192.0.2.2,5\n' | flowcat -i csv -o csv > got
	[ "$(head -n 1 got)" = srcip,dstip,bytes ]
}

@test "flowcat: what is no flow stream is told so, however short it is" {
	echo 10.0.0.1 > short.txt
	flowgen -n 10 | head -c 30 > cut.flow
	run -3 --separate-stderr flowcat --check short.txt
	[ "$stderr" = "flowcat: short.txt: offset 0: no flow stream block here" ]
	run -3 --separate-stderr flowcat -i flow -o null short.txt
	[ "$stderr" = "flowcat: short.txt: offset 0: no flow stream block here" ]
	run -3 --separate-stderr flowcat --check cut.flow
	[ "$stderr" = "flowcat: cut.flow: offset 0: stream ends within a block header" ]
}

@test "flowcat: tables stay aligned behind wide characters and marks on characters" {
	printf 'note,n:uint,q\n\xe6\x97\xa5\xe6\x9c\xac,1,k\nab,2,k\n\xf0\x9f\x98\x80e\xcc\x81,3,k\nabcd,4,k\n' > wide.csv
	run -0 flowcat -i csv -o table -k all wide.csv
	[ "${lines[1]}" = $'\xe6\x97\xa5\xe6\x9c\xac        1  k' ]
	[ "${lines[2]}" = 'ab          2  k' ]
	[ "${lines[3]}" = $'\xf0\x9f\x98\x80e\xcc\x81         3  k' ]
	[ "${lines[4]}" = 'abcd        4  k' ]
}

# A start in seconds beside an end in milliseconds is how many of its digits its source had, and which element goes out.
@test "flowcat: times in files are as precise as they came, start and end each" {
	printf 'start,duration,bytes\n1700000000,0.25,1\n1700000001,1.5,2\n1700000002,0.125,3\n' > in.csv
	flowcat -i csv in.csv -o csv -k start,end > want.csv
	[ "$(sed -n 2p want.csv)" = 2023-11-14T22:13:20Z,2023-11-14T22:13:20.250Z ]
	for how in "" --fast "--level 6"; do
		flowcat -i csv in.csv $how -w out.flow
		flowcat -o csv -k start,end out.flow | cmp - want.csv
	done
	flowcat -o ndjson --raw out.flow > raw.json
	[[ $(head -1 raw.json) == *'"flowStartSeconds":1700000000,'*'"flowEndMilliseconds":1700000000250'* ]]
}

@test "flowcat: what a duration with a unit says is not lost to the precision of seconds" {
	printf 'start,duration,bytes\n2026-01-01T00:00:00Z,83ms,5\n' > unit.csv
	run -0 flowcat -o ndjson --raw unit.csv
	[ "$output" = '{"_kind":"flow","flowStartSeconds":1767225600,"octetDeltaCount":5,"flowEndMilliseconds":1767225600083}' ]
}

@test "flowcat: lines that end with carriage returns alone are told, not taken for a header without records" {
	printf 'bytes,label\r1,a\r2,b\r' > mac.csv
	run -3 --separate-stderr flowcat -i csv -o null mac.csv
	[ "$stderr" = "flowcat: mac.csv: line 1: a carriage return within the line; where they alone end lines, tr '\\r' '\\n' makes them line feeds" ]
	[ "$(tr '\r' '\n' < mac.csv | flowcat -i csv -o csv -k bytes | tr '\n' ' ')" = "bytes 1 2 " ]
}

@test "flowcat: an empty name is said to be one, and nothing is written" {
	flowgen -q -n 100 -w day.flow
	run -2 --separate-stderr flowcat -w "" day.flow
	[ "$stderr" = "flowcat: option '-w' has an empty name: FILE is expected; try 'flowcat --help'" ]
	run -3 --separate-stderr flowcat -o csv day.flow ""
	[ "$stderr" = "flowcat: the name of an input is empty" ]
	run -3 --separate-stderr flowcat --info ""
	[ "$stderr" = "flowcat: the name of an input is empty" ]
	[ -z "$(find . -name '..*')" ]
}
