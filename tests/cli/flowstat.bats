# flowstat: every report in every format, from small inputs that can be added up by hand.
# shellcheck shell=bash

load ../helper

make_five() {
	cat > five.csv <<-'END'
	start,end,srcip,dstip,srcport,dstport,proto,packets,bytes
	2026-01-05T10:00:00Z,2026-01-05T10:00:10Z,192.0.2.1,198.51.100.7,49152,443,6,10,1000
	2026-01-05T10:00:00Z,2026-01-05T10:00:20Z,192.0.2.1,198.51.100.8,49153,53,17,20,2000
	2026-01-05T10:04:00Z,2026-01-05T10:06:00Z,2001:db8::1,2001:db8::2,1024,22,6,40,5000
	2026-01-05T10:16:00Z,2026-01-05T10:16:40Z,192.0.2.2,192.0.2.1,1025,443,6,30,2000
	,,192.0.2.3,192.0.2.1,,,1,,
	END
	flowcat -i csv five.csv -w five.flow
}

@test "flowstat: the summary" {
	make_five
	flowstat five.flow > got
	diff - got <<-'END'
	flows         5
	packets       100
	bytes         10.0K
	first         2026-01-05 10:00:00
	last          2026-01-05 10:16:40
	span          16m40s
	flows/s       0.005
	packets/s     0.1
	bits/s        80
	bytes/packet  100
	packets/flow  20
	bytes/flow    2.0K
	exporters     0

	proto/flows
	proto  flows       %  packets       %  bytes       %   sum %  bps   pps  bpp
	tcp        3   60.0%       80   80.0%   8.0K   80.0%   60.0%   64  0.08  100
	icmp       1   20.0%        0    0.0%      0    0.0%   80.0%    -     -    -
	udp        1   20.0%       20   20.0%   2.0K   20.0%  100.0%  800     1  100
	total      5  100.0%      100  100.0%  10.0K  100.0%
	END
}

@test "flowstat: a list with shares, their sum, what is not listed, and the whole" {
	make_five
	flowstat -s srcip/bytes -n 2 -N five.flow > got
	diff - got <<-'END'
	srcip/bytes
	srcip        flows       %  packets       %  bytes       %  sum %      bps    pps  bpp
	2001:db8::1      1   20.0%       40   40.0%   5000   50.0%  50.0%  333.333  0.333  125
	192.0.2.1        2   40.0%       30   30.0%   3000   30.0%  80.0%     1200    1.5  100
	other (2)        2   40.0%       30   30.0%   2000   20.0%
	total            5  100.0%      100  100.0%  10000  100.0%
	END
}

@test "flowstat: what is not listed is unknown where the sum of all is too large" {
	cat > big.csv <<-'END'
	start,end,srcip,packets,bytes
	2026-01-05T10:00:00Z,2026-01-05T10:00:01Z,10.0.0.1,1,18446744073709551615
	2026-01-05T10:00:00Z,2026-01-05T10:00:01Z,10.0.2.1,10,1000
	2026-01-05T10:00:00Z,2026-01-05T10:00:01Z,10.0.3.1,9,1000
	END
	flowstat -q -i csv -s srcip/bytes -n 1 -N big.csv > got
	[[ $(grep '^other (2)' got) =~ ^"other (2)"\ +2\ +66.7%\ +19\ +95.0%\ +-\ +-$ ]]
}

@test "flowstat: several lists in one pass, as records" {
	make_five
	flowstat -s srcip,dstip/packets -s ip -n 1 -o csv five.flow > got
	diff - got <<-'END'
	srcip,dstip,flows,packets,bytes,start,end,share_flows,share_packets,share_bytes,cumulative,bps,pps,bpp
	2001:db8::1,2001:db8::2,1,40,5000,2026-01-05T10:04:00Z,2026-01-05T10:06:00Z,0.2,0.4,0.5,0.4,333.3333333333333,0.3333333333333333,125

	ip,flows,packets,bytes,start,end,share_flows,share_packets,share_bytes,bps,pps,bpp
	192.0.2.1,4,60,5000,2026-01-05T10:00:00Z,2026-01-05T10:16:40Z,0.8,0.6,0.5,40,0.06,83.33333333333333
	END
	[ "$(flowstat -s srcip/bytes -s dstport -o json five.flow | jq -c 'keys, (."dstport/flows" | length)')" = \
		$'["dstport/flows","srcip/bytes"]\n4' ]
	[ "$(flowstat -s srcip/bytes -n 0 -o ndjson five.flow | jq -r .report | sort | uniq -c)" = \
		"      4 srcip/bytes" ]
}

@test "flowstat: lists agree with flowagg" {
	flowgen -n 20000 --ipv6 20% > day.flow
	flowstat -s dstip/packets -n 50 -o ndjson day.flow | jq -r '[.dstip, .flows, .packets, .bytes] | @csv' |
		tr -d '"' > got
	flowagg -k dstip -O packets -n 50 -o csv day.flow | sed 1d > want
	diff want got
	[ "$(wc -l < got)" -eq 50 ]
}

@test "flowstat: a series has every bin, and the records without a time last" {
	make_five
	flowstat --series 5m -o csv five.flow > got
	diff - got <<-'END'
	end,flows,packets,bytes
	2026-01-05T10:00:00Z,2,30,3000
	2026-01-05T10:05:00Z,1,40,5000
	2026-01-05T10:10:00Z,0,0,0
	2026-01-05T10:15:00Z,1,30,2000
	,1,0,0
	END
	flowstat --series 5m --by start -o csv five.flow > got
	diff - got <<-'END'
	start,flows,packets,bytes
	2026-01-05T10:00:00Z,3,70,8000
	2026-01-05T10:05:00Z,0,0,0
	2026-01-05T10:10:00Z,0,0,0
	2026-01-05T10:15:00Z,1,30,2000
	,1,0,0
	END
}

@test "flowstat: a series of a window has all its bins, where nothing was too" {
	make_five
	flowstat --series 5m -t 2026-01-05T09:55..2026-01-05T10:30 -o csv five.flow > got
	diff - got <<-'END'
	end,flows,packets,bytes
	2026-01-05T09:55:00Z,0,0,0
	2026-01-05T10:00:00Z,2,30,3000
	2026-01-05T10:05:00Z,1,40,5000
	2026-01-05T10:10:00Z,0,0,0
	2026-01-05T10:15:00Z,1,30,2000
	2026-01-05T10:20:00Z,0,0,0
	2026-01-05T10:25:00Z,0,0,0
	END
	# A record that is in the window ends behind it.
	flowstat --series 2m -t 2026-01-05T09:59..2026-01-05T10:05 -o csv five.flow > got
	cut -d, -f1,2 got | diff <(printf '%s\n' end,flows 2026-01-05T09:58:00Z,0 2026-01-05T10:00:00Z,2 \
		2026-01-05T10:02:00Z,0 2026-01-05T10:04:00Z,0 2026-01-05T10:06:00Z,1) -
	# Nothing at all, a day of 23 hours, what has not begun, and one end only.
	flowstat --series 1h -t 2026-03-29 --tz Europe/Zurich -o csv five.flow > got
	[ "$(wc -l < got)" -eq 24 ]
	[ "$(sed -n 2p got)" = 2026-03-29T00:00:00+01:00,0,0,0 ]
	[ "$(tail -n 1 got)" = 2026-03-29T23:00:00+02:00,0,0,0 ]
	[ "$(flowstat --series 500ms -t 2026-01-05T09:00:00..2026-01-05T09:00:01 -o csv five.flow | tail -n 1)" = \
		2026-01-05T09:00:00.500000000Z,0,0,0 ]
	[ "$(flowstat --series 1d -t yesterday..2200-01-01 -o csv five.flow | wc -l)" -eq 3 ]
	[ "$(flowstat --series 1d -t 2190-01-01..2200-01-01 -o csv five.flow | wc -l)" -eq 1 ]
	[ "$(flowstat --series 5m --since 2026-01-05T09:55 -o csv five.flow | wc -l)" -eq 5 ]
	[ "$(flowstat --series 1s -t 1990-01-01..2026-02-01 -o csv five.flow | wc -l)" -eq \
		"$(flowstat --series 1s --since 1990-01-01 -o csv five.flow | wc -l)" ]
}

@test "flowstat: sparklines and bars" {
	make_five
	flowstat --series 5m --spark five.flow > got
	diff - got <<-'END'
	flows    █▄ ▄  most 2
	packets  ▆█ ▆  most 40
	bytes    ▅█ ▃  most 5.0K

	end                  flows  packets  bytes
	2026-01-05 10:00:00      2       30   3.0K  ███████████████████▎
	2026-01-05 10:05:00      1       40   5.0K  ████████████████████████████████
	2026-01-05 10:10:00      0        0      0
	2026-01-05 10:15:00      1       30   2.0K  ████████████▊
	-                        1        0      0
	END
	run -0 flowstat --series 5m five.flow
	[[ ${lines[0]} == end* ]]
}

@test "flowstat: columns of any type: those that are no numbers have no distribution, and floats have one" {
	local x
	for x in 'x\nhello' 'x:ip\n192.0.2.1' 'x:bytes\n0aff' 'x:bool\ntrue' 'x:mac\n00:11:22:33:44:55'; do
		printf "$x\n" > x.csv
		run -0 flowstat -i csv --percentiles '`x`' -o csv x.csv
		[ "${lines[1]}" = '`x`,0,,,,,,,' ]
		run -0 flowstat -i csv --hist '`x`' -o csv x.csv
		[ "${#lines[@]}" -eq 0 ]
		flowstat -i csv --percentiles '`x`' --hist '`x`' x.csv > table
	done
	printf 'x\nhello\nz\n' | flowcat -i csv -w 1.flow
	printf 'x:uint8\n5\n7\n' | flowcat -i csv -w 2.flow
	printf 'x:float32\n0.5\n2.75\n' | flowcat -i csv -w 3.flow
	run -0 flowstat --percentiles '`x`' -o csv 3.flow
	[ "${lines[1]}" = '`x`,2,0.5,0.5,2.75,2.75,2.75,2.75,1.625' ]
	run -0 flowstat --percentiles '`x`' -o csv 1.flow 2.flow 3.flow
	[ "${lines[1]}" = '`x`,4,0.5,2.75,7,7,7,7,3.8125' ]
}

@test "flowstat: numbers beyond what a double holds are in the bin that they are in" {
	printf 'bytes\n1152921504606846975\n1152921504606846976\n18446744073709551615\n' |
		flowstat -i csv --hist bytes -o csv | cut -d, -f3 | tail -n +2 | paste -sd, > got
	[ "$(cat got)" = 1,1,0,0,1 ]
}

@test "flowstat: of floats infinity is in the last bin of a histogram, what is negative in the first, NaN in none" {
	printf 'samplingProbability\nnan\ninf\n3.4e38\n-inf\n-1\n-0\n0.5\n' > x.csv
	flowstat -i csv --hist samplingProbability -o csv x.csv | awk -F, 'NR == 1 || $3 > 0' > got
	diff - got <<-'END'
	from,below,count
	0,1,4
	1.8446744073709552e+19,inf,2
	END
	flowstat -i csv --hist samplingProbability x.csv | awk 'NR == 3 || $3 > 0 { print $1, $2, $3, $4 }' |
		tail -n 2 > got
	diff - got <<-'END'
	0 1 4 66.7%
	18.4E inf 2 33.3%
	END
	printf 'samplingProbability\nnan\n' > x.csv
	run -0 flowstat -i csv --hist samplingProbability -o csv x.csv
	[ -z "$output" ]
}

@test "flowstat: percentiles are values that records have" {
	seq 1 200 | sed '1i bytes' > many.csv
	flowcat -i csv many.csv -w many.flow
	flowstat --percentiles bytes -o csv many.flow > got
	diff - got <<-'END'
	field,count,min,p50,p90,p95,p99,max,mean
	bytes,200,1,100,180,190,198,200,100.5
	END
	make_five
	flowstat --percentiles bytes,duration -N five.flow > got
	diff - got <<-'END'
	field     count   min   p50    p90    p95    p99    max   mean
	bytes         4  1000  2000   5000   5000   5000   5000   2500
	duration      4   10s   20s  2m00s  2m00s  2m00s  2m00s  47.5s
	END
}

@test "flowstat: -N has whole numbers and small rates as they are, in every report" {
	printf 'start,end,packets,bytes\n2026-01-05T10:00:00Z,2026-01-05T10:04:10Z,1,123456\n' > one.csv
	flowstat -N one.csv -s proto --hist bytes --series 1h --spark --percentiles pps > got
	grep -Eq '^- +1 +100.0% +1 +100.0% +123456 +100.0% +100.0% +3950.592 +0.004 +123456$' got
	grep -Eq '^ *65536 +131072 +1 ' got
	grep -Eq '^bytes .* most 123456$' got
	grep -Eq '^pps +1 +0.004 ' got
	flowstat -N one.csv | grep -Eq '^flows/s +0.004$'
}

@test "flowstat: a histogram by powers of two" {
	make_five
	flowstat --hist packets -o csv five.flow > got
	diff - got <<-'END'
	from,below,count
	8,16,1
	16,32,2
	32,64,1
	END
	flowstat --hist duration five.flow > got
	diff - got <<-'END'
	hist/duration
	 from  below  records      %
	 8.2s  16.4s        1  25.0%  ████████████████████████████████
	16.4s  32.8s        1  25.0%  ████████████████████████████████
	32.8s  1m06s        1  25.0%  ████████████████████████████████
	1m06s  2m11s        1  25.0%  ████████████████████████████████
	END
}

@test "flowstat: little memory gives the same report by way of the disk" {
	flowgen -n 60000 > day.flow
	flowstat -s srcip,srcport/bytes --percentiles bytes -o csv day.flow > whole
	flowstat -s srcip,srcport/bytes --percentiles bytes -o csv -m 2M day.flow > little
	cmp whole little
}

@test "flowstat: nothing is a report too" {
	flowgen -n 0 > none.flow
	run -0 --separate-stderr flowstat none.flow
	[ "${lines[0]}" = "flows    0" ]
	[ -z "$stderr" ]
	[ "$(flowstat -o csv none.flow | sed -n 1,2p)" = "flows,packets,bytes,start,end,distinct_exporter
0,0,0,,,0" ]
	[ "$(flowstat -o ndjson none.flow)" = '{"report":"summary","flows":0,"packets":0,"bytes":0,"distinct_exporter":0}' ]
	[ "$(flowstat -o json none.flow | jq -c .summary)" = '[{"flows":0,"packets":0,"bytes":0,"distinct_exporter":0}]' ]
	[ "$(flowstat -s srcip --series 5m --hist bytes --percentiles bytes -o json none.flow | jq -c keys)" = \
		'["end/5m","hist/bytes","percentiles","srcip/flows"]' ]
}

@test "flowstat: of truncated input the good part is reported, with exit 3" {
	flowgen -n 200000 > day.flow
	head -c -100000 day.flow > cut.flow
	run -3 --separate-stderr flowstat -N cut.flow
	[[ $stderr == "flowstat: cut.flow: offset "* ]]
	[ "$(awk '$1 == "flows" {print $2}' <<< "$output")" -ge 65536 ]
	run -3 --separate-stderr flowstat cut.flow -w report.txt
	[ ! -e report.txt ]
	[ -s report.txt.incomplete ]
	[[ $stderr == *"flowstat: report.txt: not written; the part that is good is in report.txt.incomplete" ]]
}

@test "flowstat: -w writes a file that appears whole" {
	make_five
	flowstat five.flow > got
	flowstat five.flow -w report.txt
	cmp got report.txt
	run -3 flowstat nosuch.flow -w other.txt
	[ -z "$(find . -name '*other.txt*' ! -name other.txt.incomplete)" ]
}

@test "flowstat: without -o a file is of the format that its name ends in" {
	make_five
	for format in csv tsv json ndjson; do
		flowstat -w "five.$format" five.flow
		flowstat -o "$format" five.flow | cmp - "five.$format"
	done
	flowstat -o text -w text.csv five.flow
	flowstat -w five.txt five.flow
	cmp text.csv five.txt
	run -2 --separate-stderr flowstat -w five.ipfix five.flow
	[[ $stderr == "flowstat: without -o a file's name says ipfix: a report is text, csv"* ]]
	[ ! -e five.ipfix ]
}

@test "flowstat: that -w cannot be written is told before anything is read" {
	mkfifo never
	run -3 --separate-stderr timeout 20 flowstat -w nosuch/report.txt never
	[[ $stderr == "flowstat: "*"nosuch/report.txt: No such file or directory" ]]
}

@test "flowstat: wrong options are refused with a reason" {
	run -2 --separate-stderr flowstat -s nonsense
	[[ $stderr == "flowstat: unknown field 'nonsense'"* ]]
	run -2 --separate-stderr flowstat -s ip/octets
	[[ $stderr == "flowstat: unknown order 'octets'; known are: flows packets bytes bps pps bpp"* ]]
	run -2 --separate-stderr flowstat -s ip/flows/bytes day.flow
	[[ $stderr == "flowstat: 'ip/flows/bytes': a list has one order; write -s ip/flows -s ip/bytes;"* ]]
	run -2 --separate-stderr flowstat -s ip/99
	[[ $stderr == "flowstat: srcip/99: a prefix length is"* ]]
	run -2 --separate-stderr flowstat -s srcip -s srcip/flows
	[[ $stderr == "flowstat: srcip/flows is asked for twice"* ]]
	run -2 --separate-stderr flowstat --series 5x
	[[ $stderr == "flowstat: end/5x: '5x' is no time bin"* ]]
	run -2 --separate-stderr flowstat --by received
	[[ $stderr == "flowstat: --by received: a record has a start and an end"* ]]
	for args in "--by start" "--spark -s srcip"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowstat $args
		[[ $stderr == "flowstat: --by and --spark are of --series"* ]]
	done
	run -2 --separate-stderr flowstat --hist srcip
	[[ $stderr == "flowstat: --hist: srcip has no distribution of numbers"* ]]
	run -2 --separate-stderr flowstat --hist bytes,packets
	[[ $stderr == "flowstat: --hist bytes,packets: a histogram is of one field"* ]]
	run -2 --separate-stderr flowstat -o flow
	[[ $stderr == "flowstat: -o flow: a report is text, csv, tsv, json or ndjson"* ]]
}

@test "flowstat: a list of what each list has as a counter or rate is refused" {
	make_five
	for key in bytes packets bps pps bpp; do
		for keys in "$key" "proto,$key/bytes"; do
			run -2 --separate-stderr flowstat -s "$keys" five.flow
			[ "$stderr" = "flowstat: '$key' would be in the result twice; try 'flowstat --help'" ]
		done
	done
}

@test "flowstat: a full disk is an error" {
	make_five
	run -3 --separate-stderr bash -c 'flowstat five.flow > /dev/full'
	[[ $stderr == "flowstat: standard output: cannot write: No space left on device" ]]
}

@test "flowstat: bins between times that are far apart are not filled" {
	printf 'srcip,start,end,bytes\n10.0.0.1,1900-01-01T00:00:00Z,1900-01-01T00:00:01Z,5\n10.0.0.1,2260-01-01T00:00:00Z,2260-01-01T00:00:01Z,5\n' > far.csv
	[ "$(flowstat --series 1h -o csv far.csv | wc -l)" -eq 3 ]
}

@test "flowstat: times further apart than a duration can say have no span and no rates" {
	printf 'start,end,bytes\n1677-09-21T00:12:44Z,2262-04-11T23:47:16Z,5\n' > far.csv
	flowstat far.csv > got
	grep -q '^first  *1677-09-21 00:12:44$' got
	grep -q '^last  *2262-04-11 23:47:16$' got
	run ! grep -E '^(span|flows/s|bits/s)' got
}

@test "flowstat: rates of bins are over the bin, of groups by other times over the time from their first start to their last end" {
	printf '%s\n' srcip,start,end,packets,bytes 10.0.0.1,2026-01-04T23:59:59.9Z,2026-01-05T00:00:10Z,10,1350 \
		10.0.0.1,2026-01-05T00:00:20Z,2026-01-05T00:01:39.9Z,44,4050 10.0.0.2,2026-01-05T07:00:00Z,,1,5 \
		10.0.0.3,2026-01-05T07:00:00Z,2026-01-05T07:00:10Z,27,2700 > times.csv
	for keys in end/6h end/6h,proto end/6h,start/30d; do
		flowstat -s "$keys/bps" -o ndjson times.csv | jq -c '[.bytes, .bps, .pps]' > got
		printf '%s\n' '[5400,2,0.0025]' '[2700,1,0.00125]' '[5,null,null]' | diff - got
	done
	flowstat -s srcip,end/5m/bps -n 1 -o ndjson times.csv | jq -c '[.srcip, .bytes, .bps]' > got
	echo '["10.0.0.1",5400,144]' | diff - got
	flowstat -s end/bps -n 1 -o ndjson times.csv | jq -c '[.bytes, .bps]' > got
	echo '[2700,2160]' | diff - got
	[ "$(flowstat -s end/1d,duration/1m -o ndjson times.csv | jq -c '[.duration, .bps]' | sort)" = "[0,null]
[60,540]
[null,null]" ]

	# A day of 25 hours.
	printf 'end,packets,bytes\n2026-10-25T12:00:00Z,90000,9000000\n2026-10-26T12:00:00Z,86400,8640000\n' > days.csv
	flowstat --tz Europe/Zurich -s end/1d -o ndjson days.csv | jq -c '[.bps, .pps]' > got
	printf '[800,1]\n[800,1]\n' | diff - got
}

@test "flowstat: that counters were added up is said only where they were" {
	printf 'srcip,bytes,sampling\n10.0.0.1,5,1\n10.0.0.1,7,100\n' > mixed.csv
	for report in "--percentiles bytes" "--hist bytes"; do
		run -0 --separate-stderr flowstat $report mixed.csv
		[ -z "$stderr" ]
	done
	for report in "" "-s srcip" "--series 1h" "--hist bytes -s srcip"; do
		run -0 --separate-stderr flowstat $report mixed.csv
		[[ $stderr == "flowstat: counters sampled at different intervals were added up"* ]]
	done
}

@test "flowstat: so little memory that parts of it are none is refused, by all that have -m" {
	flowgen -n 10 > day.flow
	for command in "flowagg -k srcip" flowstat flowcat flowbeacon; do
		run -2 --separate-stderr $command -m 3 day.flow
		[[ $stderr == *": -m: '3' is no size of 4K or more; write 512M or 4Gi"* ]]
	done
	flowagg -k srcip,dstip -m 4Ki -o csv day.flow | sort | cmp - <(flowagg -k srcip,dstip -o csv day.flow | sort)
}

@test "flowstat: of no input that could be read nothing is printed" {
	run -3 --separate-stderr flowstat -o ndjson --series 1d missing.flow
	[ -z "$output" ]
	[ "$stderr" = "flowstat: missing.flow: No such file or directory" ]
}
