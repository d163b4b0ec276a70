# flowagg: groups, values, order, what it does with bad and empty input.
# shellcheck shell=bash

load ../helper

# Six flows of three hosts, both families; one without ports, one that stands for three.
make_six() {
	cat > six.csv <<-'END'
	start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,flows,username
	2026-01-05T10:00:00Z,2026-01-05T10:00:01Z,192.0.2.1,198.51.100.7,49152,443,6,2,10,1500,,web
	2026-01-05T10:00:01Z,2026-01-05T10:00:02Z,198.51.100.7,192.0.2.1,443,49152,6,18,8,9000,,web
	2026-01-05T10:02:00Z,2026-01-05T10:07:00Z,192.0.2.1,198.51.100.8,49153,53,17,,1,76,,
	2026-01-05T10:03:00Z,2026-01-05T10:03:00Z,2001:db8::1,2001:db8::2,1024,22,6,24,2000,2500000,3,ssh
	2026-01-05T11:00:00Z,2026-01-05T11:00:10Z,192.0.2.129,192.0.2.1,,,1,,4,336,,
	2026-01-05T11:00:00Z,2026-01-05T11:00:30Z,192.0.2.1,198.51.100.7,49154,443,6,27,,50,,""
	END
	flowcat -i csv six.csv -w six.flow
}

@test "flowagg: sums by key, the biggest first, equal ones by key" {
	make_six
	flowagg -k srcip -o csv six.flow > got
	diff - got <<-'END'
	srcip,flows,packets,bytes
	192.0.2.1,3,11,1626
	2001:db8::1,3,2000,2500000
	192.0.2.129,1,4,336
	198.51.100.7,1,8,9000
	END
}

@test "flowagg: missing keys are a group, sums of none are missing, an empty string is a value" {
	make_six
	flowagg -k username,dstport -v bytes,packets -O username:asc,dstport:asc -o csv six.flow > got
	diff - got <<-'END'
	username,dstport,bytes,packets
	"",443,50,
	ssh,22,2500000,2000
	web,443,1500,10
	web,49152,9000,8
	,53,76,1
	,,336,4
	END
}

@test "flowagg: prefixes of both families and bins of time" {
	make_six
	flowagg -k srcip/25 -v count -o csv six.flow > got
	diff - got <<-'END'
	srcip,count
	192.0.2.0,3
	192.0.2.128,1
	198.51.100.0,1
	2001:db8::,1
	END
	flowagg -k end/5m -v bytes,last -o csv six.flow > got
	diff - got <<-'END'
	end,bytes,max_end
	2026-01-05T10:00:00Z,2510500,2026-01-05T10:03:00Z
	2026-01-05T10:05:00Z,76,2026-01-05T10:07:00Z
	2026-01-05T11:00:00Z,386,2026-01-05T11:00:30Z
	END
}

@test "flowagg: a prefix or a multiple of a named column, whichever its values are" {
	printf '%s\n' peer:ip,n:uint,bytes 192.0.2.1,24,1 192.0.2.77,47,2 2001:db8::1,48,4 2001:db8::2,,8 > a.csv
	flowcat -i csv a.csv -w a.flow
	flowagg -k '`peer`/24' -v bytes -o csv a.flow | diff - <(printf '%s\n' peer,bytes 2001:db8::,12 192.0.2.0,3)
	flowagg -k '`peer`/0:128' -v bytes -o csv a.flow |
		diff - <(printf '%s\n' peer,bytes 2001:db8::2,8 2001:db8::1,4 0.0.0.0,3)
	flowagg -k '`peer`/0' -v bytes -o csv a.flow | diff - <(printf '%s\n' peer,bytes 2001:db8::,12 0.0.0.0,3)
	flowagg -k '`n`/24' -v bytes -o csv a.flow | diff - <(printf '%s\n' n,bytes ,8 48,4 24,3)
	flowstat -s '`peer`/24/bytes' -o csv a.flow | cut -d, -f1,4 |
		diff - <(printf '%s\n' peer,bytes 2001:db8::,12 192.0.2.0,3)
	run -2 flowagg -k '`peer`/x' a.flow
	[[ $output == "flowagg: \`peer\`/x: 'x' is no whole number to bin by;"* ]]
}

@test "flowagg: many flows of one bin, and those that stand just behind its end" {
	{
		echo end,bytes
		for minute in 00:00 04:59.999999999 05:00 09:59 10:00; do
			for i in {1..40}; do echo "2026-01-05T08:$minute,1"; done
		done
	} | flowcat -i csv -w ends.flow
	diff <(flowagg -k end/5m -v bytes -o csv ends.flow) - <<-'E'
		end,bytes
		2026-01-05T08:00:00Z,80
		2026-01-05T08:05:00Z,80
		2026-01-05T08:10:00Z,40
	E
	diff <(flowagg -k end/5m,proto -v bytes -o csv ends.flow | cut -d, -f 1,3) \
		<(flowagg -k end/5m -v bytes -o csv ends.flow)
}

@test "flowagg: a bin that begins before the least time or number begins with that" {
	cat > a.csv <<-'END'
	t:time,n:int64,d:duration
	1677-09-21T00:12:43.2Z,-9223372036854775808,-9223372036.5
	1677-09-21T00:12:46.2Z,-9223372036854775801,-9223372030.5
	1677-09-21T00:12:50.2Z,0,1
	END
	flowcat a.csv -w a.flow
	for file in a.csv a.flow; do
		flowagg -k '`t`/7s' -v count -O '`t`:asc' -o csv "$file" | diff - <(cat <<-'END'
		t,count
		1677-09-21T00:12:43.145224192Z,2
		1677-09-21T00:12:48Z,1
		END
		)
		flowagg -k '`n`/10' -v count -O '`n`:asc' -o csv "$file" | diff - <(cat <<-'END'
		n,count
		-9223372036854775808,2
		0,1
		END
		)
		flowagg -k '`d`/7s' -v count -O '`d`:asc' -o csv "$file" | diff - <(cat <<-'END'
		d,count
		-9223372036.854775808,1
		-9223372032,1
		0,1
		END
		)
	done
}

@test "flowagg: from a bin of time to a first or last is no duration, nor are there rates over it" {
	make_six
	flowagg -k end/5m -v first,bytes six.flow | flowcat -o csv -k end,min_start,start,duration,bps > got
	diff - got <<-'END'
	end,min_start,start,duration,bps
	2026-01-05T10:00:00Z,2026-01-05T10:00:00Z,,,
	2026-01-05T10:05:00Z,2026-01-05T10:02:00Z,,,
	2026-01-05T11:00:00Z,2026-01-05T11:00:00Z,,,
	END
	flowagg -k start/1h -v last,bytes six.flow | flowcat -o csv | head -n 1 | grep -qx start,max_end,bytes
	flowagg -k end -v first,bytes six.flow | flowcat -o csv | head -n 1 | grep -qx end,start,bytes
}

@test "flowagg: first and last of groups with bins of time are of the records, not of the bins" {
	flowgen -n 3000 > day.flow
	flowagg -k srcip -v first,last,flows -O srcip:asc -o csv day.flow > once.csv
	flowagg -k srcip,start/1h -v first,last,flows day.flow |
		flowagg -k srcip -v first,last,flows -O srcip:asc -o csv | cmp once.csv -
	flowagg -k srcip,end/5m,dstport -v first,last,flows day.flow | flowagg -k srcip,end/1d -v first,last,flows |
		flowagg -k srcip -v first,last,flows -O srcip:asc -o csv | cmp once.csv -
}

@test "flowagg: every function" {
	make_six
	flowagg -k proto -O proto:asc -o csv six.flow \
		-v 'min(bytes),max(bytes),mean(packets),distinct(srcip),first(username),last(dstip),flags,first,last' > got
	diff - got <<-'END'
	proto,min_bytes,max_bytes,mean_packets,distinct_srcip,first_username,last_dstip,flags,start,end
	1,336,336,4,1,,192.0.2.1,,2026-01-05T11:00:00Z,2026-01-05T11:00:10Z
	6,50,2500000,672.6666666666666,3,web,198.51.100.7,27,2026-01-05T10:00:00Z,2026-01-05T11:00:30Z
	17,76,76,1,1,,198.51.100.8,,2026-01-05T10:02:00Z,2026-01-05T10:07:00Z
	END
}

@test "flowagg: percentiles are exact, as flowstat's, whatever the memory and threads" {
	flowgen -n 50000 > day.flow
	flowstat --percentiles bytes,duration -o csv day.flow | cut -d, -f4-7 > want
	flowagg -v p50_bytes,p90_bytes,p95_bytes,p99_bytes -o csv day.flow | tail -n 1 > got
	flowagg -v 'p50(duration),p90(duration),p95(duration),p99(duration)' -o csv day.flow | tail -n 1 >> got
	diff <(tail -n +2 want) got
	for p in 1 6 17; do
		flowfilter "proto $p" day.flow | flowstat --percentiles bytes -o csv | sed -n "2s/.*/$p,&/p"
	done | cut -d, -f1,5,7 > want
	for with in "-j 1" "-j 8" "-j 1 -m 200K" "-j 3 -m 1M"; do
		flowagg -k proto -v p50_bytes,p95_bytes -O proto:asc $with -o csv day.flow | tail -n +2 | diff want -
	done
	run -0 flowagg -v 'p5(bytes),p99.9(bytes),p99.99(bytes),p2.5(bytes)' -o csv day.flow
	[ "${lines[0]}" = "p5_bytes,p999_bytes,p9999_bytes,p025_bytes" ]
	run -0 flowagg -k proto -v p95_bytes --having 'p95_bytes > 10000' -O p95_bytes -o csv day.flow
	[ "${#lines[@]}" -eq 3 ]
}

@test "flowagg: percentiles of any precision are named again, in the result and behind it" {
	flowgen -n 3000 > day.flow
	flowagg -k proto -v 'p99.9(bytes),p2.5(bytes)' -O 'p99.9(bytes)' -o csv day.flow > want
	[ "$(head -n 1 want)" = proto,p999_bytes,p025_bytes ]
	flowagg -k proto -v p999_bytes,p025_bytes -O p999_bytes -o csv day.flow | cmp want -
	flowagg -k proto -v p999_bytes,p025_bytes --having 'p999_bytes > 0' -O p999_bytes -o csv day.flow | cmp want -
	flowagg -k proto -v p999_bytes,p025_bytes day.flow | flowfilter 'p999_bytes > 0' |
		flowcat -O p999_bytes -k 'proto,p99.9(bytes),p025_bytes' -o csv | cmp want -
}

@test "flowagg: a sum beyond 64 bits stays at the greatest number, and is told of" {
	printf 'srcip,bytes\n192.0.2.1,18446744073709551615\n192.0.2.1,2\n192.0.2.2,7\n' > o.csv
	run -0 --separate-stderr flowagg -k srcip -v bytes -O bytes -o csv o.csv
	[ "${lines[1]} ${lines[2]}" = "192.0.2.1,18446744073709551615 192.0.2.2,7" ]
	[ "$stderr" = "flowagg: a sum is too large for 64 bits: the greatest number stands for it" ]
	run -0 --separate-stderr flowagg -q -k srcip -v bytes -o csv o.csv
	[ -z "$stderr" ]
	run -0 --separate-stderr flowstat o.csv
	[ "$stderr" = "flowstat: a sum is too large for 64 bits: the greatest number stands for it" ]
	[[ $output == *18446744073709551615* || $output == *18.4E* ]]
	printf 'srcip,bytes,sampling\n192.0.2.1,18446744073709551,1000\n192.0.2.1,18446744073709551,1000\n' |
		flowagg -i csv -k srcip --scale -v bytes -o csv -q > got
	[ "$(tail -n 1 got | cut -d, -f2)" = 18446744073709551615 ]
	# durations: a century each
	printf 'srcip,duration\n192.0.2.1,3153600000\n192.0.2.1,3153600000\n192.0.2.1,3153600000\n192.0.2.2,3\n' |
		flowagg -i csv -k srcip -v 'sum(duration)' -O sum_duration -o csv -q > got
	[[ "$(sed -n 2p got)" == 192.0.2.1,922337203[67]* ]]
	[ "$(sed -n 3p got)" = 192.0.2.2,3.000000 ]
}

@test "flowagg: sums beyond 64 bits are the same however they are made" {
	python3 - > o.csv <<-'END'
	import random
	r = random.Random(5)
	print("srcip,dstip,dstport,username,flows,bytes")
	for i in range(300000):
	    huge = r.random() < (0.3 if i % 150000 > 100000 else 0)
	    v = r.randrange(2**60, 2**64) if huge else r.choice([0, 40, 1500, 10**6, 2**33, 2**45])
	    print(f"10.0.{r.randrange(8)}.{r.randrange(256)},192.0.2.{r.randrange(256)},{r.choice([53, 80, 443, 8080])},"
	          f"{r.choice('abc')},{r.choice([1, 2, 2**63 if huge else 3])},{v}")
	END
	flowcat -q -i csv -w o.flow o.csv
	for keys in dstport srcip username dstport,username srcip,dstip,dstport; do
		python3 - $keys > want <<-'END'
		import csv, sys
		keys = sys.argv[1].split(",")
		sums = {}
		for row in csv.DictReader(open("o.csv")):
		    at = sums.setdefault(tuple(row[k] for k in keys), [0, 0])
		    at[0] += int(row["flows"])
		    at[1] += int(row["bytes"])
		for k, (f, b) in sums.items():
		    print(",".join(k) + f",{min(f, 2**64 - 1)},{min(b, 2**64 - 1)}")
		END
		sort -o want want
		grep -q ,18446744073709551615 want
		for how in "-j 1" "-j 2" "-j 2 -m 1M"; do
			flowagg -q $how -k $keys -v flows,bytes -o csv o.flow | tail -n +2 | sort | cmp - want
			flowcat -q o.flow | flowagg -q $how -k $keys -v flows,bytes -o csv | tail -n +2 | sort | cmp - want
		done
		n=$(cut -d, -f$((1 + $(tr , '\n' <<< $keys | wc -l) + 1)) want | sort -rn | sed -n 3p)
		for j in 1 2; do
			[ "$(flowagg -q -j $j -k $keys -v bytes -O bytes -n 3 -o csv o.flow | tail -n 1 | sed 's/.*,//')" = "$n" ]
		done
	done
}

@test "flowagg: --scale is of what is added up" {
	printf 'srcip,bytes,sampling\n192.0.2.1,10,100\n192.0.2.1,5,100\n' |
		flowagg -i csv -k srcip --scale -v 'bytes,max(bytes),mean(bytes),p50(bytes)' -o csv > got
	[ "$(tail -n 1 got | cut -d, -f1-5)" = 192.0.2.1,1500,10,7.5,5 ]
}

@test "flowagg: what is ordered by is in the result" {
	flowgen -n 300 > day.flow
	run -2 --separate-stderr flowagg -k srcip -v 'sum(duration)' -O duration day.flow
	[[ $stderr == "flowagg: -O duration: not in the result; it is computed of first and last"* ]]
	run -0 flowagg -k srcip -v 'sum(duration)' -O sum_duration -n 1 -o csv day.flow
	[ "${lines[0]}" = srcip,sum_duration ]
	flowagg -k srcip -v packets,bytes -O bpp -n 3 -o csv day.flow > /dev/null
}

@test "flowagg: first and last order too, whatever their column is called" {
	flowcat -i csv -w o.flow <<-'END'
	dstport,start,end
	1,2026-01-05T00:00:00Z,2026-01-05T00:00:04Z
	2,2026-01-05T00:00:08Z,2026-01-05T00:00:09Z
	3,2026-01-05T00:00:03Z,2026-01-05T00:00:12Z
	END
	[ "$(flowagg -k dstport -v first,last -O first:asc -o csv o.flow | cut -d, -f1 | xargs)" = 'dstport 1 3 2' ]
	[ "$(flowagg -k dstport -v last -O Last -o csv o.flow | cut -d, -f1 | xargs)" = 'dstport 3 2 1' ]
	[ "$(flowagg -k start/1m,dstport -v first -O first -o csv o.flow | cut -d, -f2 | xargs)" = 'dstport 2 3 1' ]
	[ "$(flowagg -k start/1m,dstport -v first o.flow | flowcat -O first:asc -k dstport -o csv | xargs)" = 'dstport 1 3 2' ]
	run -2 --separate-stderr flowagg -k dstport -v first -O last o.flow
	[[ $stderr == "flowagg: -O last: not in the result; add it to -k or -v"* ]]
}

@test "flowagg: a key of durations is itself, beside the group's first and last" {
	flowcat -i csv -w o.flow <<-'END'
	start,end
	2026-01-05T00:00:00Z,2026-01-05T00:00:00Z
	2026-01-05T00:00:09Z,2026-01-05T00:00:09Z
	2026-01-05T00:00:03Z,2026-01-05T00:00:05Z
	END
	flowagg -k duration/1s -v first,last,count -O duration:asc o.flow > groups.flow
	diff - <(flowcat -k duration,count -o csv groups.flow) <<-'END'
	duration,count
	0,2
	2,1
	END
	[ "$(flowagg -k duration/1s -v first,last,count --having 'duration = 0s' -o csv o.flow | wc -l)" -eq 2 ]
}

@test "flowagg: percentiles that there are not are refused" {
	local bad
	for bad in p0 p100 p50.0 p95. p99.999; do
		run -2 --separate-stderr flowagg -v "$bad(bytes)"
		[[ $stderr == "flowagg: $bad(bytes): '$bad' is no percentile; p1 to p99 are"* ]]
	done
	run -2 --separate-stderr flowagg -v 'p95(srcip)'
	[[ $stderr == "flowagg: srcip: type ip has no percentiles"* ]]
	run -2 --separate-stderr flowagg -v p95_nothing
	[[ $stderr == "flowagg: unknown field 'p95_nothing'"* ]]
	run -2 --separate-stderr flowagg -v 'p95(bytes),p95_bytes'
	[[ $stderr == *"'p95_bytes' would be in the result twice"* ]]
}

@test "flowagg: a sum beyond 64 bits stays there, and is told, whatever sign follows" {
	local threads
	printf 'x:int\n9223372036854775000\n1000\n' > plus.csv
	printf 'x:int\n-5\n-1000\n' > minus.csv
	for threads in 1 2; do
		run -0 --separate-stderr flowagg -j $threads -i csv -v 'sum(`x`)' -o csv plus.csv minus.csv
		[ "${lines[1]}" = 9223372036854775807 ]
		[[ $stderr == *"a sum is too large for 64 bits"* ]]
	done
	run -0 --separate-stderr flowagg -i csv -v 'sum(`x`)' -o csv minus.csv
	[ "${lines[1]}" = -1005 ]
	[ -z "$stderr" ]
}

@test "flowagg: --scale multiplies signed counters as such" {
	local bytes
	for bytes in -5:-50 -4611686018427387904:-9223372036854775808 4611686018427387904:9223372036854775807; do
		printf 'bytes:int,sampling\n%s,10\n' "${bytes%:*}" > signed.csv
		[ "$(flowagg -q -i csv --scale -v bytes -o csv signed.csv | tail -n 1)" = "${bytes#*:}" ]
	done
}

@test "flowagg: a result whose column would have too long a name is refused" {
	local name value
	name=$(printf 'n%.0s' {1..116})
	printf '%s:uint,srcip\n1,10.0.0.1\n2,10.0.0.1\n' "$name" > long.csv
	flowagg -i csv -k srcip -v "distinct(\`$name\`)" -w fits.flow long.csv
	flowcat -o csv fits.flow | grep '^10.0.0.1,2$'
	name=nnnnnnnnn$name
	for value in distinct first p9999; do
		run -2 --separate-stderr flowagg -i csv -k srcip -v "$value(\`$name\`)" -w out.flow long.csv
		[[ $stderr == "flowagg: a name of 1"*" octets would be in the result, ${value}_\`nnnnnn"*"...; at most 127 are allowed"* ]]
		[ ! -e out.flow ]
	done
	run -2 --separate-stderr flowagg -i csv -b -k srcip,dstip -v "sum(\`$name\`)" long.csv
	[[ $stderr == *"octets would be in the result, reverse_"* ]]
}

@test "flowagg: the first of many are the same without looking at the rest" {
	flowgen -n 200000 > day.flow
	local keys value n
	for keys in srcip dstport,proto srcip,dstip,dstport,proto end/5m; do
		for value in flows bytes distinct_dstip p95_bytes min_bytes mean_bytes; do
			flowagg -k $keys -v flows,$value -O $value -o csv day.flow > all 2> err ||
				flowagg -k $keys -v $value -O $value -o csv day.flow > all
			for n in 1 7 300; do
				flowagg -k $keys -v "$(head -n 1 all | cut -d, -f$(($(tr -cd , <<< $keys | wc -c) + 2))-)" \
					-O $value -n $n -j $((n % 3 + 1)) -o csv day.flow |
					diff <(head -n $((n + 1)) all) -
			done
		done
	done
}

@test "flowagg: by any number of threads, from pipes and files of each kind, in any memory: the same groups" {
	flowgen -n 150000 -w day.flow
	flowcat day.flow --fast -w fast.flow
	flowcat day.flow > piped.flow
	local keys with
	for keys in proto dstport,proto end/5m srcip srcip/24 srcip,dstip srcip,dstip,dstport,proto start/10s,dstport inif,outif,flags; do
		flowagg -k $keys -v flows,bytes,count -j 1 -o csv day.flow > want
		flowagg -k $keys -v flows,bytes,count -j 8 -o csv day.flow | cmp - want
		flowagg -k $keys -v flows,bytes,count -j 1 -o csv fast.flow | cmp - want
		cat piped.flow | flowagg -k $keys -v flows,bytes,count -j 3 -o csv | cmp - want
		flowagg -k $keys -v flows,bytes,count -j 2 -m 1M -o csv day.flow | cmp - want
		flowfilter 'proto 6' day.flow | flowagg -k $keys -v flows,bytes,count,min_bytes -j 1 -o csv > want
		flowfilter 'proto 6' fast.flow | flowagg -k $keys -v flows,bytes,count,min_bytes -j 8 -m 2M -o csv | cmp - want
	done
}

@test "flowagg: both families of addresses, by any number of threads, in any memory: the same groups" {
	flowgen -n 60000 > four.flow
	flowgen -n 60000 --seed 2 --ipv6 30% > both.flow
	local keys
	for keys in srcip,dstip srcip,dstip,dstport,proto srcip/16:32,dstport dstip,start/10s srcip,nexthop,flags; do
		flowagg -k $keys -v flows,bytes,max_bytes -j 1 -o csv four.flow both.flow four.flow > want
		grep -qE '^[0-9a-f]+:[0-9a-f]*:' want
		flowagg -k $keys -v flows,bytes,max_bytes -j 8 -o csv both.flow four.flow four.flow | cmp - want
		flowagg -k $keys -v flows,bytes,max_bytes -j 2 -m 1M -o csv four.flow four.flow both.flow | cmp - want
		flowagg -k $keys -v flows,bytes,max_bytes -j 3 -n 40 -o csv four.flow both.flow four.flow | cmp - <(head -n 41 want)
	done
	flowagg -b -v flows,bytes -j 1 -o csv both.flow four.flow > want
	flowagg -b -v flows,bytes -j 4 -m 2M -o csv four.flow both.flow | cmp - want
}

@test "flowagg: keys that are mostly new need not be looked for, and come to the same" {
	flowgen -n 200000 > many.flow
	flowgen -n 30000 --seed 2 --ipv6 50% > six.flow
	local keys=srcip,dstip,srcport,dstport,proto with
	# A least is no sum, so here they are looked for.
	flowagg -k $keys -v flows,bytes,min_bytes -j 1 -o csv many.flow six.flow many.flow | cut -d, -f1-7 > want
	for with in "-j 1" "-j 2" "-j 1 -m 4M" "-j 1 -m 24M"; do
		flowagg -k $keys -v flows,bytes $with -o csv many.flow six.flow many.flow | cmp - want
		flowagg -k $keys -v flows,bytes $with -n 20 -o csv many.flow six.flow many.flow | cmp - <(head -n 21 want)
	done
	flowagg -k $keys -v flows,bytes,min_bytes -j 1 -o csv many.flow | cut -d, -f1-7 > want
	for with in "-j 1" "-j 2" "-j 1 -m 24M"; do
		flowagg -k $keys -v flows,bytes $with -o csv many.flow | cmp - want
	done
}

@test "flowagg: both directions are one group with the initiator first" {
	make_six
	flowagg -b -v bytes,flows -O bytes -n 2 -o csv six.flow > got
	diff - got <<-'END'
	srcip,dstip,srcport,dstport,proto,bytes,rbytes,flows,rflows
	2001:db8::1,2001:db8::2,1024,22,6,2500000,,3,
	192.0.2.1,198.51.100.7,49152,443,6,1500,9000,1,1
	END
	# a second time changes nothing
	flowagg -b -v bytes,flows six.flow | flowagg -b -v bytes,flows -O bytes -n 2 -o csv > again
	diff got again
}

@test "flowagg: keys and values stand in the order asked for, in any memory" {
	awk 'BEGIN { print "srcport,dstport,proto,tos,srcas,dstas,packets"
		for (i = 0; i < 30000; i++) {
			for (k = 0; k < 6; k++) printf "%s,", i % 6 == k ? k + 1 : ""
			print i
		} }' | flowcat -i csv -w some.flow
	flowagg -j 1 -k srcport,dstport,proto,tos,srcas,dstas -v 'distinct(packets),count' \
		-o ndjson some.flow > whole
	for how in '-j 1 -m 64Ki' '-j 3 -m 64Ki'; do
		flowagg $how --verbose -k srcport,dstport,proto,tos,srcas,dstas -v 'distinct(packets),count' \
			some.flow 2> said | flowcat -o ndjson | cmp - whole
		grep -q '[1-9][0-9]* times to disk' said
	done
	[ "$(sort whole | head -n 1)" = '{"dstas":6,"distinct_packets":5000,"count":5000}' ]
}

@test "flowagg: keys of two types stand in the order asked for, in blocks of a stream too" {
	for kind in applicationId applicationName; do
		awk -v kind=$kind 'BEGIN { print "inif," kind ",packets"
			for (i = 0; i < 3000; i++) print i % 40 "," (i % 4 ? "" : sprintf("03%06x", i % 30)) "," i }' |
			flowcat -i csv -w $kind.flow
	done
	for how in '-j 1' '-j 1 -m 64Ki' '-j 3 -m 64Ki'; do
		flowagg $how -k app,inif -v p95_packets,count ./*.flow | flowcat -o ndjson > got
		[ -z "$(grep -vE '^\{("app":"[^"]*",)?"inif":[0-9]+,"p95_packets":[0-9]+,"count":[0-9]+\}$' got)" ]
		[ "$(wc -l < got)" -gt 80 ]
	done
}

@test "flowagg: groups without a value keep their sampling interval, in any memory" {
	for interval in 10 200 3000; do
		awk -v s=$interval 'BEGIN { print "dstport,srcport,sampling"
			for (i = 0; i < 3000; i++) print i * 7 % 3000 + s "," (i % 3 ? "" : i) "," s }' |
			flowcat -i csv -w $interval.flow
	done
	for values in bytes distinct_srcport min_srcport,flows; do
		flowagg -q -j 1 -k dstport -v $values ./*.flow | flowcat -o csv -k dstport,sampling > whole
		[ "$(grep -c ',.' whole)" -gt 500 ]
		for how in '-j 3 -m 64Ki' '-j 1 -m 64Ki' '-j 3'; do
			flowagg -q $how -k dstport -v $values ./*.flow |
				flowcat -o csv -k dstport,sampling | cmp - whole
		done
	done
}

@test "flowagg: aggregates of aggregates add up, by any number of threads" {
	flowgen -n 30000 --ipv6 20% > day.flow
	values='flows,packets,bytes,first,last,min(packets),max(bytes)'
	flowagg -j 1 -k srcip -v "$values" -o csv day.flow > direct
	flowagg -j 1 -k srcip,dstip -v "$values" day.flow | flowagg -k srcip -v "$values" -o csv > twice
	flowagg -j 3 -k srcip -v "$values" -o csv day.flow > threads
	[ "$(wc -l < direct)" -gt 1000 ]
	cmp direct twice
	cmp direct threads
}

@test "flowagg: sums of what is computed add up again, whatever stands beside them" {
	local v
	flowgen -n 3000 -w day.flow
	for v in duration duration,first,last first,last,bytes,duration; do
		flowagg -k proto -v "$v" -O proto:asc -o csv day.flow > expected
		flowagg -k proto,dstport -v "$v" day.flow | flowagg -k proto -v "$v" -O proto:asc -o csv | diff expected -
	done
	flowagg -b -v duration -O srcip,dstip,srcport -o csv day.flow > expected
	flowagg -b -v duration day.flow | flowagg -b -v duration -O srcip,dstip,srcport -o csv | diff expected -
}

@test "flowagg: little memory gives the same result by way of the disk" {
	flowgen -n 100000 --ipv6 20% > day.flow
	flowagg -k srcip,dstip,srcport -v 'bytes,distinct(dstport),first(proto),flags' -o csv day.flow > whole
	flowagg -k srcip,dstip,srcport -v 'bytes,distinct(dstport),first(proto),flags' -o csv -m 1M --verbose \
		day.flow > little 2> said
	cmp whole little
	grep -qE '^flowagg: 100000 records, [0-9]+ groups, [1-9][0-9]* times to disk$' said
}

# Rows on their way to disk are part of what -m gives, in each thread.
@test "flowagg: many threads that go to disk take little more than -m" {
	[ -z "${FLOWKIT_SAN-}" ] || skip "a sanitizer's memory is its own"
	flowgen -n 1000000 --clients 100000 --servers 200000 -w day.flow
	flowagg -k srcip,dstip,srcport,start -o csv day.flow > want
	cat > peak.py <<-'END'
		import resource, subprocess, sys
		subprocess.run(sys.argv[1:], check=True, timeout=120, stdout=open("got", "wb"))
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
	END
	run -0 python3 peak.py flowagg -k srcip,dstip,srcport,start -m 4M -j 8 -o csv day.flow
	cmp got want
	[ "$output" -lt 128 ]
}

@test "flowagg: a directory that takes no temporary file is an error" {
	flowgen -n 20000 > day.flow
	run -3 --separate-stderr flowagg -k srcip,srcport -m 200K -T "$PWD/none" -o csv day.flow
	[[ $stderr == "flowagg: "*"$PWD/none"* ]]
	[ "$output" = srcip,srcport,flows,packets,bytes ]
}

@test "flowagg: a full temporary disk is an error, not a smaller total" {
	flowgen -n 100000 > day.flow
	run -3 --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 512
		flowagg -k srcip,srcport -m 1M -o csv day.flow'
	[[ $stderr == *"temporary file: "* ]]
	[ "$output" = srcip,srcport,flows,packets,bytes ]
}

@test "flowagg: --having selects among the groups" {
	make_six
	flowagg -k srcip -v bytes,distinct_dstip --having 'distinct_dstip > 1 and bytes < 1M' -o csv six.flow > got
	diff - got <<-'END'
	srcip,bytes,distinct_dstip
	192.0.2.1,1626,2
	END
	run -2 --separate-stderr flowagg -k srcip --having 'bytes >' six.flow
	[[ $stderr == "flowagg: --having: "* ]]
}

@test "flowagg: without keys all is one group, and nothing is none" {
	make_six
	[ "$(flowagg -o csv six.flow)" = $'flows,packets,bytes\n8,2023,2510962' ]
	flowcat -n 0 six.flow > none.flow
	[ "$(flowagg -o csv none.flow)" = flows,packets,bytes ]
	flowagg -k srcip none.flow | flowcat --check
}

@test "flowagg: sampling goes with the counters, is scaled when asked, and mixing is told" {
	cat > sampled.csv <<-'END'
	srcip,bytes,packets,sampling
	192.0.2.1,100,1,10
	192.0.2.1,50,2,10
	192.0.2.2,7,1,1000
	END
	flowcat -i csv sampled.csv -w s.flow
	flowagg -k srcip -v bytes s.flow | flowcat -o csv -k srcip,bytes,sampling > got
	diff - got <<-'END'
	srcip,bytes,sampling
	192.0.2.1,150,10
	192.0.2.2,7,1000
	END
	flowagg -k srcip -v bytes,flows --scale s.flow | flowcat -o csv -k srcip,bytes,flows,sampling > got
	diff - got <<-'END'
	srcip,bytes,flows,sampling
	192.0.2.2,7000,1,1
	192.0.2.1,1500,2,1
	END
	run -0 --separate-stderr flowagg -v bytes -o csv s.flow
	[ "$stderr" = "flowagg: counters sampled at different intervals were added up; --scale multiplies them" ]
	run -0 --separate-stderr flowagg -v bytes -o csv --scale s.flow
	[ -z "$stderr" ] && [ "${lines[1]}" = 8500 ]
}

@test "flowagg: mixed intervals are told of counters that were added up, and of nothing else" {
	printf 'srcip,bytes,sampling\n192.0.2.1,10,100\n192.0.2.1,5,1000\n' | flowcat -i csv -w s.flow
	run -0 --separate-stderr flowagg -v 'flows,count,distinct(bytes),mean(bytes),p95(bytes)' -o csv s.flow
	[ -z "$stderr" ]
	[ "${lines[1]}" = 2,2,2,7.5,10 ]
	run -0 --separate-stderr flowagg -v flows,bytes -o csv s.flow
	[[ $stderr == "flowagg: counters sampled at different intervals"* ]]
}

@test "flowagg: --scale tells of records whose interval is not known" {
	printf 'srcip,bytes,sampling\n192.0.2.1,10,100\n192.0.2.1,5,\n192.0.2.2,3,\n192.0.2.2,,\n' |
		flowcat -i csv -w s.flow
	unknown='flowagg: --scale: records that do not say how they were sampled were not multiplied'
	for options in '-k srcip' '-b -k srcip,dstip' '-k srcip -m 64Ki'; do
		run -0 --separate-stderr flowagg --scale -v bytes $options s.flow
		[ "$stderr" = "$unknown" ]
	done
	run -0 --separate-stderr flowagg --scale -v bytes -o csv s.flow
	[ "$stderr" = "$unknown" ]
	[ "${lines[1]}" = 1008 ]
	flowfilter 'not has sampling' s.flow > none.flow
	run -0 --separate-stderr flowagg --scale -v bytes -o csv none.flow
	[ "$stderr" = "$unknown" ]
	run -0 --separate-stderr flowstat --scale none.flow
	[ "$stderr" = "${unknown/flowagg/flowstat}" ]
	run -0 --separate-stderr flowagg --scale -q -v bytes none.flow
	[ -z "$stderr" ]
	run -0 --separate-stderr flowagg --scale -v flows none.flow
	[ -z "$stderr" ]
	# nothing is said of records that were not asked for
	flowfilter 'has sampling' s.flow > some.flow
	run -0 --separate-stderr flowagg --scale -v bytes some.flow
	[ -z "$stderr" ]
}

@test "flowagg: what --scale multiplied is not multiplied again" {
	printf 'srcip,bytes,sampling\n192.0.2.1,10,100\n192.0.2.1,5,1000\n' | flowcat -i csv -w s.flow
	flowagg -k srcip --scale -v bytes s.flow | flowagg --scale -v bytes -o csv > got
	[ "$(tail -n 1 got)" = 6000 ]
	for spec in '-k sampling' '-k srcip,sampling'; do
		run -2 --separate-stderr flowagg --scale $spec s.flow
		[[ $stderr == "flowagg: --scale makes sampling 1; leave it out of -k;"* ]]
	done
	flowagg -k sampling -v bytes s.flow | flowagg --scale -v bytes -o csv > got
	[ "$(tail -n 1 got)" = 6000 ]
}

@test "flowagg: wrong keys, values and orders are refused with a reason" {
	run -2 --separate-stderr flowagg -k srcipp
	[ "$stderr" = "flowagg: unknown field 'srcipp'; did you mean 'srcip'?; try 'flowagg --help'" ]
	run -2 --separate-stderr flowagg -k srcip -v dstport
	[[ $stderr == "flowagg: dstport: not a quantity that adds up; write distinct(dstport)"* ]]
	run -2 --separate-stderr flowagg -k srcip -O dstip
	[[ $stderr == "flowagg: -O dstip: not in the result"* ]]
	run -2 --separate-stderr flowagg -b -k srcip
	[[ $stderr == *"dstip must be a key too"* ]]
	run -2 --separate-stderr flowagg -m lots
	[[ $stderr == "flowagg: -m: 'lots' is no size"* ]]
}

@test "flowagg: of truncated input the good part is aggregated, with exit 3" {
	flowgen -n 200000 > day.flow
	head -c -100000 day.flow > cut.flow
	run -3 --separate-stderr flowagg -v flows -o csv cut.flow
	[[ $stderr == "flowagg: cut.flow: offset "* ]]
	[ "${lines[1]}" -ge 65536 ]
	run -3 --separate-stderr flowagg -k srcip -w out.flow cut.flow
	[ ! -e out.flow ]
	[ -s out.flow.incomplete ]
	run -3 --separate-stderr bash -c 'flowagg -k srcip cut.flow 2> /dev/null | flowcat --check'
}

@test "flowagg: a full disk is an error, a closed pipe is not" {
	flowgen -n 20000 > day.flow
	run -3 --separate-stderr bash -c 'flowagg -k srcip,srcport -o csv day.flow > /dev/full'
	[[ $stderr == "flowagg: "*"No space left on device" ]]
	run -0 --separate-stderr bash -c 'flowagg -k srcip,srcport -o csv day.flow | head -n 1'
	[ -z "$stderr" ]
}

# Two routers call interface 7 otherwise, a third by the name of the first.
make_named() {
	for k in 1 2 3; do
		python3 "$REPO/tests/tools/export.py" pcap $k.pcap --messages 1 --records $k --interfaces --options \
			--exporter 192.0.2.$k --name "$1"
		flowrecv -r $k.pcap -w $k.flow
		shift
	done
}

@test "flowagg: keys have their names where the exporter is one, or all agree" {
	make_named core edge core
	flowagg -k exporter,inif -v count --resolve -o csv [123].flow > got
	diff - got <<-'END'
	exporter,inif,count
	192.0.2.3,core,3
	192.0.2.2,edge,2
	192.0.2.1,core,1
	END
	flowfilter 'bytes > 0' [123].flow | flowagg -k exporter,inif -v count | flowcat --resolve -o csv | cmp - got
	[ "$(flowagg -k inif -v count --resolve -o csv [123].flow | tail -n 1)" = 7,6 ]
	[ "$(flowagg -k inif -v count --resolve -o csv [13].flow | tail -n 1)" = core,4 ]
	[ "$(flowagg -k inif -v count -o csv [13].flow | tail -n 1)" = 7,4 ]
	[ "$(flowagg -k inif -v count -o table [13].flow | tail -n 1 | xargs)" = "core 4" ]
	[ "$(cat [13].flow | flowagg -k inif -v count | flowcat -O count -o ndjson --resolve)" = '{"inif":"core","count":4}' ]
}

# A port of any number beside protocols far apart: from block to block more of them, more than a list holds, and few again.
@test "flowagg: few protocols in a wide range, then many, are counted as by awk" {
	awk 'BEGIN {
		n = split("6 17 58 112", few, " ")
		print "srcip,dstip,dstport,proto,bytes"
		for (i = 0; i < 5 * 65536; i++) {
			block = int(i / 65536)
			p = block == 0 ? few[1 + i % 2] : block == 1 || block == 4 ? few[1 + i % n] : block == 2 ? 6 : i * 7 % 253
			v6 = block == 4 && i % 3 == 0
			print (v6 ? "2001:db8::1" : "192.0.2.1") "," (v6 ? "2001:db8::2" : "192.0.2.2") "," i * 40503 % 65536 "," p "," i % 1000
		}
	}' > all.csv
	flowcat -i csv all.csv -w all.flow
	awk -F, 'NR > 1 && $3 < 300 { k = $3 "," $4; flows[k]++; bytes[k] += $5 }
		END { for (k in flows) print k "," flows[k] "," bytes[k] }' all.csv | sort > want
	for jobs in 1 8; do
		flowagg -j $jobs -k dstport,proto -v flows,bytes -o csv all.flow | awk -F, 'NR > 1 && $1 < 300' | sort | cmp - want
		flowagg -j $jobs -k proto -v flows -o csv all.flow | sort > protos
		cmp protos <(awk -F, 'NR > 1 { n[$4]++ } END { print "proto,flows"; for (p in n) print p "," n[p] }' all.csv | sort)
	done
}

# Mostly new keys go unlooked for into rows of 32 bits a value; larger values, and records without one, go elsewhere.
@test "flowagg: hundreds of thousands of groups, values above 32 bits and missing ones among them, as by awk" {
	awk 'BEGIN {
		print "srcip,dstport,bytes"
		for (i = 0; i < 300000; i++) {
			k = i % 5 ? i : int(i / 3)
			a = k * 2654435761 % 4294967296
			print int(a / 16777216) "." int(a / 65536) % 256 "." int(a / 256) % 256 "." a % 256 "," k % 7 "," (i % 1000 == 7 ? sprintf("%.0f", 4294967296 + i) : i % 997)
		}
	}' > all.csv
	awk -F, 'NR == 1 || NR % 3 == 0 { print $1 "," $2 }' all.csv > none.csv
	flowcat -i csv all.csv -w all.flow
	flowcat -i csv none.csv -w none.flow
	awk -F, 'FNR > 1 { k = $1 "," $2; flows[k]++; if (NF > 2) { bytes[k] += $3; has[k] = 1 } }
		END { for (k in flows) print k "," flows[k] "," (has[k] ? sprintf("%.0f", bytes[k]) : "") }' all.csv none.csv | sort > want
	[ "$(wc -l < want)" -gt 200000 ]
	for jobs in 1 8; do
		flowagg -j $jobs -k srcip,dstport -v flows,bytes -o csv all.flow none.flow | tail -n +2 | sort | cmp - want
		flowagg -j $jobs -k srcip,dstport -v flows,bytes -o csv none.flow all.flow | tail -n +2 | sort | cmp - want
	done
}

@test "flowagg: options records pass into a flow output, text leaves them out" {
	[ -n "$SHARED" ] || skip "no ../shared"
	for f in "$SHARED"/corpus/*/*options*.pcap "$SHARED"/corpus/*options*.pcap; do
		[ -e "$f" ] || continue
		n=$(flowrecv --raw -r "$f" -w - 2> /dev/null | flowcat -o ndjson --options | grep -c '"_kind":"options"') || continue
		m=$(flowrecv --raw -r "$f" -w - 2> /dev/null | flowagg -k srcip | flowcat -o ndjson --options |
			grep -c '"_kind":"options"')
		[ "$n" -eq "$m" ]
		found=1
	done
	[ -n "${found:-}" ] || skip "no capture with options records"
}

@test "flowagg: --having of what is not in the result says so where nothing is left" {
	flowgen -n 300 > day.flow
	run -0 --separate-stderr flowagg -k srcip -v flows --having 'distinct_dstip > 100' -o csv day.flow
	[ "$stderr" = "flowagg: --having: 'distinct_dstip' is not in the result; add it to -k or -v" ]
	run -0 --separate-stderr flowagg -k srcip -v flows --having 'flows > 100K' -o csv day.flow
	[ -z "$stderr" ]
	flowcat -k srcip,bytes -w unpacked.flow day.flow
	run -0 --separate-stderr flowagg -k srcip -v packets,bytes --having 'packets > 1' -o csv unpacked.flow
	[ "$stderr" = "flowagg: --having: none of the groups has 'packets'" ]
}

@test "flowagg: -O of what would be computed of a column that is not in the result is refused" {
	flowgen -n 300 > day.flow
	declare -A parts=([bpp]='bytes and packets' [bps]='bytes, first and last' [pps]='packets, first and last'
		[duration]='first and last')
	for of in "bytes bpp" "packets bpp" "bytes,first bps" "first,last pps" "last duration" "bytes bps"; do
		run -2 --separate-stderr flowagg -k srcip -v "${of% *}" -O "${of#* }" -o csv day.flow
		[ "$stderr" = "flowagg: -O ${of#* }: not in the result; it is computed of ${parts[${of#* }]}; add them to -v; try 'flowagg --help'" ]
	done
	for of in "bytes,packets bpp" "bytes,first,last bps" "packets,last,first pps" "first,last duration"; do
		run -0 flowagg -k srcip -v "${of% *}" -O "${of#* }" -o csv day.flow
	done
	run -0 --separate-stderr flowagg -k srcip -v bytes --having 'bpp > 0' -o csv day.flow
	[ "$stderr" = "flowagg: --having: 'bpp' is not in the result; it is computed of bytes and packets; add them to -v" ]
}

@test "flowagg: --having of flows that are not in the result is refused: each group would be one" {
	flowgen -n 300 > day.flow
	for e in 'flows > 3' 'flows = 1' 'bytes > 0 and not flows < 2' 'flows * 2 > 4'; do
		run -2 --separate-stderr flowagg -k srcip -v bytes --having "$e" -o csv day.flow
		[ "$stderr" = "flowagg: --having: 'flows' is not in the result; add it to -k or -v" ]
		[ -z "$output" ]
	done
	run -0 --separate-stderr flowagg -k srcip -v bytes,flows --having 'flows > 3' -o csv day.flow
	[ "${#lines[@]}" -gt 1 ]
}

@test "flowagg: bins of weeks begin on Mondays" {
	printf 'end,bytes\n2026-01-04T23:59:59,1\n2026-01-05T00:00:00,2\n2026-01-11T23:30:00,4\n2026-01-12T00:00:00,8\n' > a.csv
	flowagg -k end/1w -v bytes -o csv a.csv | diff - <(printf '%s\n' end,bytes 2025-12-29T00:00:00Z,1 \
		2026-01-05T00:00:00Z,6 2026-01-12T00:00:00Z,8)
	flowagg --tz Europe/Zurich -k end/7d -v bytes -o csv -i csv - < a.csv | diff - <(printf '%s\n' end,bytes \
		2025-12-29T00:00:00+01:00,1 2026-01-05T00:00:00+01:00,6 2026-01-12T00:00:00+01:00,8)
	flowstat --series 1w -o csv a.csv | cut -d, -f1 | diff - <(printf '%s\n' end 2025-12-29T00:00:00Z \
		2026-01-05T00:00:00Z 2026-01-12T00:00:00Z)
}

@test "flowagg: -b of a host with itself has one direction" {
	printf 'srcip,dstip,proto,flags,packets,bytes\n192.0.2.1,192.0.2.1,6,SA,3,180\n192.0.2.1,192.0.2.1,6,SA,1,60\n' > a.csv
	flowagg -b -k srcip,dstip -v flows,packets,bytes -o csv a.csv | diff - <(cat <<-'END'
	srcip,dstip,flows,rflows,packets,rpackets,bytes,rbytes
	192.0.2.1,192.0.2.1,2,,4,,240,
	END
	)
}

@test "flowagg: -b of a conversation whose answers alone were seen is no flow of its initiator" {
	printf '%s\n' srcip,dstip,srcport,dstport,proto,bytes 192.0.2.53,192.0.2.1,53,40000,17,100 \
		192.0.2.53,192.0.2.1,53,40000,17,100 192.0.2.2,192.0.2.53,40001,53,17,60 > a.csv
	flowcat -i csv a.csv -w a.flow
	cat > expected <<-'END'
	srcip,dstip,srcport,dstport,proto,flows,rflows,bytes,rbytes
	192.0.2.2,192.0.2.53,40001,53,17,1,,60,
	192.0.2.1,192.0.2.53,40000,53,17,0,2,,200
	END
	flowagg -b -v flows,bytes -o csv a.flow | diff expected -
	flowagg -b -v 'sum(flows),bytes' -o csv a.flow | diff expected -
	flowagg -b -v flows,bytes a.flow | flowagg -b -v flows,bytes -o csv | diff expected -
	flowagg -b -v flows,bytes -n 2 -O flows -o csv a.flow | diff expected -
	flowagg -b -v flows,bytes -o csv --having 'flows >= 1' a.flow | diff <(head -n 2 expected) -
	flowagg -b -v flows,bytes a.flow | flowagg -v flows,rflows -o csv | diff - <(printf 'flows,rflows\n1,2\n')
}

@test "flowagg: NaN is one value, above all numbers, and minus zero is zero" {
	printf 'proto,samplingProbability\n6,nan\n6,inf\n6,1\n6,-0\n6,0\n6,\n' > x.csv
	flowagg -i csv -k samplingProbability -v count -O samplingProbability -o csv x.csv > got
	diff - got <<-'END'
	samplingProbability,count
	inf,1
	1,1
	0,2
	nan,1
	,1
	END
	flowagg -i csv -k proto -o csv x.csv -v 'min(samplingProbability),max(samplingProbability)' > got
	diff - got <<-'END'
	proto,min_samplingProbability,max_samplingProbability
	6,0,nan
	END
	run -0 flowagg -i csv -k proto -o csv x.csv \
		-v 'distinct(samplingProbability),mean(samplingProbability),p50(samplingProbability)'
	[ "${lines[1]}" = 6,4,nan,1 ]
}

@test "flowagg: --having reads what is made of a column that has only a name or a number, or that is repeated" {
	local v
	printf 'proto,my score:uint,35632.1077:uint,mpls1,mpls1#2:bytes\n6,4,4,000001,000002\n6,9,9,000003,000004\n' |
		flowcat -i csv -o flow > x.flow
	for v in 'max(`my score`)' 'max_`my score`' 'max(35632.1077)' max_35632.1077; do
		run -0 flowagg -k proto -v "$v" --having "$v = 9" -o csv x.flow
		[ "${lines[1]}" = 6,9 ]
		run -0 flowagg -k proto -v "$v" --having "$v > 9" -o csv x.flow
		[ "${#lines[@]}" -eq 1 ]
	done
	for v in 'max(mpls1#2)' max_mpls1#2; do
		run -0 flowagg -k proto -v "$v" --having "$v = 0x000004" -o csv x.flow
		[ "${lines[1]}" = 6,000004 ]
	done
}
