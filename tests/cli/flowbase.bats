# flowbase: what is learned, merging in any order, what is refused, damaged baselines, reports.
# shellcheck shell=bash disable=SC2016,SC2154

load ../helper

# A conversation as two records: START_S CLIENT CPORT SERVER SPORT PROTO OUT IN [SAMPLING]; no IN: no answer.
talk() {
	local out=() s=$1

	printf '%s,%s,%s,%s,%s,%s,%s,%s,5,%s,%s\n' "$s" "$((s + 1))" "$2" "$4" "$3" "$5" "$6" "$([ "$6" = 6 ] && echo 27 || echo 0)" "$7" "${9-1}"
	[ -z "$8" ] ||
		printf '%s,%s,%s,%s,%s,%s,%s,%s,5,%s,%s\n' "$s" "$((s + 1))" "$4" "$2" "$5" "$3" "$6" "$([ "$6" = 6 ] && echo 27 || echo 0)" "$8" "${9-1}"
}

header() {
	echo start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,sampling
}

monday=1767571200 # 2026-01-05T00:00:00Z

# One hour of a working day: a browser, a resolver, a scan without answers.
hour() {
	local t=$1

	talk "$t" 10.0.0.5 40000 203.0.113.9 443 6 3000 50000
	talk "$((t + 60))" 10.0.0.5 40001 10.0.0.53 53 17 80 200
	talk "$((t + 120))" 10.0.0.66 50000 10.0.0.9 445 6 60 ""
	talk "$((t + 180))" 198.51.100.7 6000 10.0.0.9 25 6 500 900
}

day() {
	local h

	header
	for h in 9 10 11; do
		hour $((monday + $1 * 86400 + h * 3600))
	done
}

# FIELD of the record of a profile that an expression picks.
field() {
	flowfilter "$1" "${3:-b}" -o flow | flowcat -o csv -k "$2" | tail -n +2
}

@test "flowbase: what adds up to more than 64 bits stays the greatest number, learned and merged" {
	local half=9223372036854775808 most=18446744073709551615

	(header; talk $monday 10.0.0.5 40000 203.0.113.9 443 6 $half 1; talk $((monday + 60)) 10.0.0.5 40001 203.0.113.9 443 6 $half 1) |
		flowbase learn -i csv -w b
	(header; talk $monday 10.0.0.5 40000 203.0.113.9 443 6 $half 1) | flowbase learn -i csv -w once
	flowbase merge -w twice once once
	for f in b twice; do
		[ "$(flowcat -o csv -k bytes,rbytes $f | tail -n +2 | sort -u)" = $most,2 ]
	done
}

@test "flowbase: plain counters have all their digits, and the most octets come first though their sum is too great" {
	(header; talk $monday 10.0.0.5 40000 203.0.113.9 443 6 9007199254740993 7
		talk $((monday + 60)) 10.0.0.5 40001 203.0.113.8 443 6 18446744073709551615 9) | flowbase learn -i csv -w b
	flowbase show -N b 10.0.0.5 > shown
	grep -qF '18446744073709551615 octets out, 16 in' shown
	grep -A 1 '^talks to' shown | grep -q '203.0.113.8:443/tcp  1 conversation, 18446744073709551615 out, 9 in'
	flowbase show -N b 10.0.0.5 203.0.113.9 | grep -q ' 9007199254740993 out, 7 in'
}

@test "flowbase: hours are kept of flows without octets too, that nobody of ours began" {
	for d in 0 1; do
		t=$((monday + d * 86400))
		echo "$t,$((t + 1)),198.51.100.7,10.0.0.9,6000,25,6,27"
		echo "$t,$((t + 1)),10.0.0.9,198.51.100.7,25,6000,6,27"
	done | (header | cut -d, -f1-8; cat) | flowbase learn -i csv -w b
	run -0 flowbase show b
	[[ $output == *"on 2 of 2 days"*$'\n'"workday 00h       2 "* ]]
}

@test "flowbase: that no record counts octets is said, as nothing usual is learned of them" {
	day 0 | cut -d, -f 1-9 > uncounted.csv
	run -0 --separate-stderr flowbase learn -i csv -w b uncounted.csv
	[ "$stderr" = "flowbase: none of the 21 records counts octets: what hosts usually send is not learned" ]
	run -0 --separate-stderr flowbase learn -q -i csv -w b uncounted.csv
	[ -z "$stderr" ]
}

@test "flowbase: what is learned of flows of any time can be read again" {
	for zone in UTC America/New_York Asia/Tokyo; do
		for t in 0 86399 4294967294 4600000000 9223372035; do
			(header; talk $t 10.0.0.5 40000 203.0.113.9 443 6 3000 50000) | flowbase learn -i csv --tz $zone -w b
			flowbase check -q b
			[ "$(field 'profile = "host"' bytes,rbytes)" = 3000,50000 ]
			flowbase merge -w twice b b
		done
	done
}

@test "flowbase: what was answered by records that say they stand for no flow is an edge" {
	day 0 | sed 's/$/,0/; 1s/,0$/,flows/' | flowbase learn -i csv -w b
	[ "$(field 'profile = "edge"' srcip,dstip,dstport,flows)" = "10.0.0.5,10.0.0.53,53,3
10.0.0.5,203.0.113.9,443,3" ]
}

@test "flowbase: of exporters alone, where no address is ours, a baseline can be read, and that none is is said" {
	(header; for h in 0 25 26; do talk $((monday + h * 3600)) 192.0.2.7 40000 203.0.113.9 443 6 3000 50000; done) |
		sed 's/$/,198.51.100.1/; 1s/,[^,]*$/,exporter/' > foreign.csv
	run -0 --separate-stderr flowbase learn -i csv -w b foreign.csv
	[ "$stderr" = "flowbase: none of the 6 records has an address of our networks: which are ours --internal says" ]
	flowbase check -q b
	[ "$(field 'profile = "exporter"' flows,bytes)" = 6,159000 ]
	[[ "$(flowbase show b)" == "network "*", on 2 of 2 days"* ]]
	flowbase learn -q -i csv -w b --internal 192.0.2.0/24 foreign.csv
	run -1 flowbase age b
	[[ $output == *" 1 of 1 hosts"* ]]
}

@test "flowbase: hosts, edges, services and networks outside are what was answered" {
	day 0 | flowbase learn -i csv -w b
	[ "$(field 'profile = "edge"' srcip,dstip,dstport,proto,flows,bytes,rbytes)" = "10.0.0.5,10.0.0.53,53,17,3,240,600
10.0.0.5,203.0.113.9,443,6,3,9000,150000" ]
	[ "$(field 'profile = "host"' srcip,flows,clients)" = "10.0.0.5,6,2
10.0.0.9,0,0
10.0.0.53,0,0
10.0.0.66,3,0" ]
	[ "$(field 'profile = "service"' dstip,dstport,clients)" = "10.0.0.9,25,0
10.0.0.53,53,1
203.0.113.9,443,1" ]
	[ "$(field 'profile = "prefix"' dstip,dstmask,clients,bytes,rbytes)" = "198.51.100.0,24,1,2700,1500
203.0.113.0,24,1,9000,150000" ]
	[ "$(field 'profile = "network"' sampling,internalNetworks,baselineHours | tr -d '"' | cut -d, -f1,2,8)" = 1,10.0.0.0/8,48 ]
}

@test "flowbase: any grouping and order of nights merges to the same file" {
	for d in 0 1 2 3 4 7; do
		day $d | flowbase learn -i csv -w n$d
	done
	flowbase merge --no-history -w all n0 n1 n2 n3 n4 n7
	flowbase merge -w left n7 n1
	flowbase merge -w right n4 n3 n0
	cat left n2 right | flowbase merge --no-history > other
	cmp all other
	flowbase merge n4 n7 | flowbase merge --no-history -w third - n0 n3 n2 n1
	cmp all third
	# And is what is learned at once, as no conversation lasts over midnight.
	(day 0; for d in 1 2 3 4 7; do day $d | tail -n +2; done) | flowbase learn --no-history -i csv -w once
	cmp all once
}

@test "flowbase: a host that answers nobody has been seen whenever something was sent to it" {
	# One that is only sent to, and one that had a conversation at first, for four days.
	{
		talk $((monday + 600)) 10.0.0.1 50001 10.0.0.7 443 6 3000 3000
		for ((h = 0; h < 96; h++)); do
			for sink in 7 9; do
				talk $((monday + h * 3600 + 1200)) 10.0.0.1 50000 10.0.0.$sink 514 17 3000 ""
			done
		done
	} > sinks
	(header; cat sinks) | flowcat -i csv -w sinks.flow
	flowbase learn --no-history -w b sinks.flow
	[ "$(field 'profile = "host" and srcip != 10.0.0.1' srcip,start,end,days)" = "10.0.0.7,2026-01-05T00:10:00Z,2026-01-08T23:00:00Z,15
10.0.0.9,2026-01-05T00:10:00Z,2026-01-08T23:00:00Z,15" ]
	# So none is forgotten that is still there, and the nights give what the days do.
	[ "$(flowbase merge --forget 2d b | flowfilter 'profile = "host"' | flowcat -o csv -k srcip | wc -l)" = 4 ]
	for ((d = 5; d < 9; d++)); do
		flowfilter "end >= 2026-01-0${d}T00:00Z and end < 2026-01-0$((d + 1))T00:00Z" sinks.flow | flowbase learn -w n$d
	done
	flowbase merge --no-history -w nights n?
	cmp nights b
}

@test "flowbase: the same flows give the same octets" {
	day 0 | flowbase learn --no-history -i csv > a
	day 0 | flowbase learn --no-history -i csv -j 1 > b
	cmp a b
}

@test "flowbase: flows sampled at different intervals are not learned together" {
	(header; talk $monday 10.0.0.5 1 203.0.113.9 443 6 1 1 1; talk $monday 10.0.0.5 2 203.0.113.9 443 6 1 1 100) > mixed.csv
	run -3 --separate-stderr flowbase learn -i csv mixed.csv -w b
	[[ $stderr == "flowbase: "*"flows of 1 in 1 and of 1 in 100 packets"*"flowfilter 'sampling = 100'"* ]]
	[ ! -e b ]
}

@test "flowbase: baselines of different sampling, networks, hours or zone are not merged" {
	day 0 | flowbase learn -i csv -w plain
	(header; talk $monday 10.0.0.5 1 203.0.113.9 443 6 1 1 100) | flowbase learn -i csv -w sampled
	day 0 | flowbase learn -i csv --weekly -w weekly
	day 0 | flowbase learn -i csv --internal 10.0.0.0/24 -w nets
	day 0 | flowbase learn -i csv --tz +02:00 -w zone
	for other in sampled:'learned from 1 in 100 packets' weekly:'hours of the week: 168' \
		nets:'our networks are others' zone:'days of 7200 s from UTC'; do
		run -3 --separate-stderr flowbase merge plain "${other%%:*}" -w out
		[[ $stderr == "flowbase: ${other%%:*}: ${other#*:}"* ]]
		[ ! -e out ]
	done
}

@test "flowbase: what was never sampled and what has nothing in it are merged with all" {
	day 0 | flowbase learn -i csv --no-history -w plain
	header | flowbase learn -i csv -w nothing
	flowbase merge --no-history -w both nothing plain
	cmp plain both
	run -0 flowbase show nothing
	[ "$output" = "network of which nothing was learned" ]
}

# An alert as a detector writes it.
alert() {
	printf 'start,end,srcip,dstip,dstport,detector\n%s\n' "$1"
}

@test "flowbase: flows under an open alert are left out, others are not" {
	alert "$((monday + 36000)),$((monday + 36001)),10.0.0.5,203.0.113.9,443,beacon" | flowcat -i csv -w open
	day 0 | flowbase learn -i csv --open open -w b
	# 9h was before it; 10h and 11h were not.
	[ "$(field 'profile = "edge" and dst port 443' flows,bytes)" = 1,3000 ]
	[ "$(field 'profile = "edge" and dst port 53' flows)" = 3 ]
	alert ",,10.0.0.5,,,exfil" | flowcat -i csv -w open
	day 0 | flowbase learn -i csv --open open -v -w b 2> said
	[ -z "$(field 'profile = "edge"' flows)" ]
	[ -z "$(field 'profile = "host" and ip 10.0.0.5' flows)" ]
	grep -q '12 of them under 1 open alerts' said
	alert ",,,203.0.113.9,22,scan" | flowcat -i csv -w open
	day 0 | flowbase learn -i csv --open open -w b
	[ "$(field 'profile = "edge" and dst port 443' flows)" = 3 ]
	day 0 > flows.csv
	run -3 --separate-stderr flowbase learn -i csv flows.csv --open flows.csv -w c
	[ "$stderr" = "flowbase: --open flows.csv: no alerts: records have no detector" ]
	run -3 --separate-stderr flowbase learn -i csv flows.csv --open missing -w c
	[[ $stderr == *missing* ]]
	[ ! -e c ]
}

@test "flowbase: sampled flows of one direction are edges, mere attempts are none" {
	(
		header
		talk $monday 10.0.0.5 1 203.0.113.9 443 6 1000 "" 100
		echo "$monday,$monday,10.0.0.5,203.0.113.10,2,443,6,2,1,60,100"
	) | flowbase learn -i csv -w b
	[ "$(field 'profile = "edge"' dstip)" = 203.0.113.9 ]
	[ "$(field 'profile = "network"' sampling)" = 100 ]
}

@test "flowbase: octets are put into the hours in which they were sent" {
	# 4000 octets from 09:30 to 11:30: a quarter, a half, a quarter; and an answer.
	(
		header
		echo "$((monday + 34200)),$((monday + 41400)),10.0.0.5,203.0.113.9,1,443,6,27,9,4096000,1"
		echo "$((monday + 34200)),$((monday + 41400)),203.0.113.9,10.0.0.5,443,1,6,27,9,0,1"
	) | flowbase learn -i csv -w b
	flowbase show b 10.0.0.5 > report
	[ "$(awk '/^workday/ { print $2, $4 }' report)" = "09h 1.0M" ] || # flows are of 9h: 10h and 11h had none
		[ "$(awk '/^workday/ { print $2, $4 }' report | head -n 1)" = "09h 1.0M" ]
}

@test "flowbase: an hour of the week has the medians of its days" {
	(header; for d in 0 1 2 3 4; do
		t=$((monday + d * 86400 + 36000))
		talk $t 10.0.0.5 1 203.0.113.9 443 6 $(((d + 1) * 1000000)) 100
	done) | flowbase learn -i csv -w b
	flowbase show -N b 10.0.0.5 > report
	read -r _ hour days out _ < <(grep ^workday report)
	[ "$hour $days" = "10h 5" ]
	[ "$out" -gt 2870000 ] && [ "$out" -lt 3140000 ]
}

@test "flowbase: age tells what is too young, and asks for a week" {
	day 0 | flowbase learn -i csv -w b
	run -1 flowbase age b
	[[ ${lines[0]} == "b: 2026-01-05 09:00:00 to 2026-01-05 11:03:01, on 1 of 1 days, "*"too young to say what is normal" ]]
	[[ ${lines[1]} == "b: known for less than 7 days, 4 of 4 hosts, 2 of 2 edges, 3 of 3 services, 2 of 2 prefixes" ]]
	day 8 | sed 's/10\.0\.0\.5,/10.0.0.77,/' | flowbase learn -i csv -w c
	flowbase merge b c -w d
	run -0 flowbase age -v d
	[[ $output == *"d: 10.0.0.77 is young: "* ]]
	[[ $output != *"10.0.0.66 is young"* ]]
	run -1 flowbase age --max-age 1h d
	[[ $output == *": too old"* ]]
	run -1 flowbase age -q --max-age 1h d
	[ -z "$output" ]
	run -0 flowbase show d 10.0.0.77
	[[ $output == *"too young to be called normal: known for 0 of 7 days"* ]]
}

@test "flowbase: that a clock which was never set makes a baseline seem old is said" {
	(header; talk 200000 10.0.0.5 40000 203.0.113.9 443 6 3000 50000) > unset.csv
	(cat unset.csv; day 0 | tail -n +2) > both.csv
	run -0 --separate-stderr flowbase learn -i csv -w old both.csv
	[ "$stderr" = "flowbase: the first flow is of 1970-01-03 07:33:20, but of the last 64 days 1 have any: a clock that was wrong makes the baseline seem older than it is; cut such records off with --since" ]
	run -0 --separate-stderr flowbase learn -i csv --since 2020-01-01 -w young both.csv
	[ -z "$stderr" ]
	run -1 flowbase age young
	flowbase learn -i csv -w unset unset.csv
	run -0 --separate-stderr flowbase merge -w merged unset young
	[[ $stderr == "flowbase: the first flow is of 1970-01-03 "* ]]
	run -0 --separate-stderr flowbase merge -q -w merged unset young
	[ -z "$stderr" ]
}

@test "flowbase: seven whole days are a week, six are not" {
	flowgen -n 20000 --span 7d --clients 10 --servers 20 -w week.flow
	flowbase learn -w week.base week.flow
	run -0 flowbase age week.base
	[[ ${lines[0]} == *", on 7 of 7 days, "* ]]
	[[ ${lines[0]} != *"too young"* ]]
	[[ ${lines[1]} == "week.base: known for less than 7 days, 0 of "* ]]
	flowbase learn --until 2026-01-11 -w six.base week.flow
	run -1 flowbase age -v six.base
	host=$(sed -n 's/.* \([^ ]*\) is young: .*/\1/p' <<< "$output" | head -n 1)
	run -0 flowbase show week.base "$host"
	[[ $output != *"too young"* ]]
	run -0 flowbase show six.base "$host"
	[[ $output == *"too young to be called normal: known for 6 of 7 days"* ]]
}

@test "flowbase: that the input goes back in time, so that edges are missing, is said" {
	flowgen -n 20000 --clients 20 -w day.flow
	run -0 --separate-stderr flowbase learn -w sorted.base day.flow
	[ -z "$stderr" ]
	flowcat -O bytes:desc day.flow -w shuffled.flow
	run -0 --separate-stderr flowbase learn -w shuffled.base shuffled.flow
	[[ $stderr == "flowbase: the input goes back in time "*"(flowcat -O end:asc)" ]]
	run -0 --separate-stderr flowbase learn -q -w shuffled.base shuffled.flow
	[ -z "$stderr" ]
}

@test "flowbase: of as many days above as below show has the median between them" {
	echo start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes > two.csv
	echo 2026-01-05T09:00:00Z,2026-01-05T09:00:01Z,10.0.0.1,203.0.113.1,1,443,6,27,9,1247000 >> two.csv
	echo 2026-01-06T09:00:00Z,2026-01-06T09:00:01Z,10.0.0.1,203.0.113.1,2,443,6,27,9,1360000 >> two.csv
	flowbase learn -q -i csv -w two.base two.csv
	[[ $(flowbase show two.base 10.0.0.1 | grep '^workday 09h') =~ ^workday\ 09h\ +2\ +1.3M\  ]]
}

@test "flowbase: show says what there is of a host and of an edge, and what never was" {
	day 0 | flowbase learn -i csv -w b
	run -0 flowbase show b
	[[ $output == *"4 hosts, 2 edges, 3 services, 2 prefixes outside, 0 exporters"* ]]
	run -0 flowbase show b 10.0.0.5
	[[ $output == *"6 conversations begun, with 2 servers; 9.2K octets out, 150.6K in"* ]]
	[[ $output == *"talks to, 2 of 2"* ]]
	run -0 flowbase show b 10.0.0.9
	[[ $output == *"answers on :25/tcp (0 of our hosts)"* ]]
	run -0 flowbase show b 10.0.0.5 203.0.113.9:443/tcp
	[[ $output == "203.0.113.9:443/tcp  3 conversations, 9.0K out, 150.0K in, the largest 2.9K out; "*"; used by 1 of 4 hosts" ]]
	run -1 flowbase show b 10.0.0.5 203.0.113.9:80
	[ "$output" = "10.0.0.5 never talked to that" ]
	run -1 flowbase show b 192.0.2.1
	[ "$output" = "192.0.2.1 was never seen" ]
	run -0 flowbase show b 10.0.0.5 -o ndjson
	[ "$(grep -c '"profile":"edge"' <<< "$output")" = 2 ]
	flowbase show b 10.0.0.5 -w part
	flowbase check part
	run -2 flowbase show -n 1 b
	[[ $output == *"-k and -n are of records"* ]]
	run -2 flowbase show -k srcip b 10.0.0.5
	[ "$(flowbase show -n 1 -o csv -k profile b)" = $'profile\nnetwork' ]
	for wrong in "show b nobody" "show b 10.0.0.5 1.2.3.4:x" "show b 10.0.0.5 ::1:80x" "show b 10.0.0.5 1.2.3.4 5"; do
		# shellcheck disable=SC2086
		run -2 flowbase $wrong
	done
}

@test "flowbase: forgetting leaves what was seen since" {
	day 0 | flowbase learn -i csv -w a
	day 20 | sed 's/203\.0\.113\.9/203.0.114.9/' | flowbase learn -i csv -w b
	flowbase merge a b --forget 10d -w c
	[ "$(field 'profile = "edge"' dstip c)" = "10.0.0.53
203.0.114.9" ]
	[ "$(field 'profile = "prefix"' dstip c)" = "198.51.100.0
203.0.114.0" ]
	flowbase check c
}

@test "flowbase: a baseline is a flow stream whatever its name, and what -o says" {
	day 0 | flowbase learn -i csv -w b
	day 0 | flowbase learn -i csv -w b.csv
	flowbase check b.csv
	flowbase merge -o ndjson -w b.flow b
	[ "$(grep -c '^{"profile":.*}$' b.flow)" = "$(flowcat -o ndjson b | wc -l)" ]
}

@test "flowbase: check and age say what is in the others when one cannot be read" {
	day 0 | flowbase learn -i csv -w b
	head -c 1000 b > cut
	run -3 --separate-stderr flowbase check b cut nowhere b
	[ "$(grep -c '^b: sound' <<< "$output")" = 2 ]
	[[ $stderr == "flowbase: cut: "*"flowbase: nowhere: No such file or directory" ]]
	run -3 --separate-stderr flowbase age b cut
	[[ $output == "b: 2026-01-05 "* ]]
	run -3 --separate-stderr flowbase age cut b
	[[ $output == "b: 2026-01-05 "* ]]
}

@test "flowbase: what is cut, damaged or something else is refused, and names the file" {
	day 0 | flowbase learn -i csv -w b
	day 0 | flowcat -i csv -w flows
	for n in 1 64 1000 $(($(stat -c %s b) - 10)); do
		head -c "$n" b > cut
		run -3 --separate-stderr flowbase check cut
		[[ $stderr == "flowbase: cut: "* ]]
	done
	# Wherever an octet is wrong, but between sections and in numbers that are for people only.
	local missed=0 tried=0 size
	size=$(stat -c %s b)
	for ((n = 700; n < size; n += 61)); do
		cp b bad
		printf '\377\376' | dd of=bad bs=1 seek=$n conv=notrunc status=none
		cmp -s b bad && continue
		tried=$((tried + 1))
		run --separate-stderr flowbase merge b bad -w out
		[ "$status" = 3 ] || [ "$status" = 0 ]
		[ "$status" = 0 ] && missed=$((missed + 1)) && rm out && continue
		[[ $stderr == "flowbase: bad: "* ]]
		[ ! -e out ]
	done
	[ "$tried" -gt 30 ]
	[ "$missed" -le $((tried / 3)) ]
	run -3 --separate-stderr flowbase check flows
	[[ $stderr == "flowbase: flows: no baseline: it does not begin with the network's profile" ]]
	: > empty
	run -3 --separate-stderr flowbase check empty
	[[ $stderr == "flowbase: empty: "* ]]
	run -3 --separate-stderr flowbase check no-such
	[[ $stderr == "flowbase: no-such: "* ]]
	# A baseline's records out of their context.
	flowfilter 'profile != "network"' b -w headless
	run -3 --separate-stderr flowbase check headless
	[[ $stderr == *"does not begin with the network's profile" ]]
}

@test "flowbase: incomplete flows leave the baseline as it was, and what is good beside it" {
	flowgen -n 200000 -w whole.flow
	head -c -100 whole.flow > cut.flow
	echo old > b
	run -3 flowbase learn cut.flow -w b
	[ "$(cat b)" = old ]
	flowbase check b.incomplete || [ $? = 3 ]
	[ -s b.incomplete ]
}

@test "flowbase: a full disk is an error" {
	day 0 > flows.csv
	run -3 --separate-stderr flowbase learn -i csv flows.csv -w /dev/full
	[ -n "$stderr" ]
	day 0 | flowbase learn -i csv -w b
	run -3 sh -c 'flowbase show b > /dev/full'
	run -3 sh -c 'flowbase check b > /dev/full'
}

@test "flowbase: usage is explained" {
	run -2 flowbase
	[[ $output == *"say learn, merge, show, check or age first"* ]]
	run -2 flowbase lern
	[[ $output == *"did you mean learn?"* ]]
	run -2 flowbase show
	[[ $output == *"show: no baseline"* ]]
	run -2 flowbase merge -n 3 b -w c
	[[ $output == *"would leave out of a baseline"* ]]
	run -2 flowbase merge --forget soon b -w c
	for args in "learn --forget 3d flows" "show --max-age 3d b" "merge --weekly b" "age --open alerts b" "check --internal 10.0.0.0/8 b"; do
		# shellcheck disable=SC2086
		run -2 flowbase $args
		[[ $output == *" of "* ]]
	done
}

@test "flowbase: every metric of an hour is where the manual says, by an independent reading" {
	command -v python3 > /dev/null || skip "no python3"
	(header; for d in 0 1 4 5 7 8 9 10 11 12; do hour $((monday + d * 86400 + 9 * 3600)); done) |
		flowbase learn -i csv -w b
	flowfilter 'profile = "host" and ip 10.0.0.5' b | flowcat -o ndjson -k hourly > host
	python3 - <<'EOF'
import json, math
hourly = bytes.fromhex(json.load(open("host"))["hourly"].removeprefix("0x"))
assert len(hourly) == 8 * 48 * 8, len(hourly)
code = lambda v, unit: min(255, round(8 * math.log2(1 + v / unit)))
def at(metric, day, hour=9):
    days = (1767571200 // 86400 + day + 3)          # since the Monday before 1970
    week, weekday = divmod(days, 7)
    off = weekday > 4
    number = week * 2 + weekday - 5 if off else week * 5 + weekday
    return hourly[(metric * 48 + (24 if off else 0) + hour) * 8 + number % 8]
for day in (4, 5, 7, 8, 9, 10, 11, 12):             # of 8 working days the first two are too long ago
    for metric, v, unit in (0, 3000, 256), (1, 50000, 256), (2, 80, 256), (3, 200, 256), (4, 2, 1), (5, 2, 1), (6, 0, 1), (7, 80, 256):
        assert at(metric, day) == code(v, unit), (day, metric, at(metric, day), code(v, unit))
assert sum(1 for c in hourly[:48 * 8] if c) == 8, "nothing else is kept"
EOF
}

@test "flowbase: alerts about nobody leave nothing out" {
	printf 'end,srcip,dstip,bytes\n' > series.csv
	for ((b = 0; b < 720; b++)); do
		echo "$((1767571200 + b * 600)),10.0.0.1,10.0.0.2,$((b >= 600 && b < 620 ? 9000 : 1000 + b % 3))" >> series.csv
	done
	flowanom -i csv --series bytes --bin 10m -w alerts.flow series.csv
	[ "$(flowcat -o csv -k kind,srcip alerts.flow | tail -n +2)" = series, ]
	run -0 flowbase learn -i csv --open alerts.flow -w b series.csv
	echo end,bytes > none.csv && echo 1767571200,1 >> none.csv
	run -3 flowbase learn -i csv --open none.csv -w c series.csv
}

@test "flowbase: what a command would not heed of options is refused, and writes nothing" {
	day 0 | flowbase learn -q -i csv -w b
	for options in "merge -t 2026-01-06 -w c b" "merge --since 2026-01-06 -w c b" "show --until today b" "show --follow b" "age -i csv b"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowbase $options
		[[ $stderr == "flowbase: -i, -t, --since, --until and --follow are of learn: ${options%% *} reads baselines whole; "* ]]
	done
	for options in "check -o json b" "check -w c b" "age -o csv b" "age -n 1 b" "check -k profile b"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowbase $options
		[[ $stderr == "flowbase: ${options%% *} says a line of each baseline: -o, -w, -k and -n are of show; "* ]]
	done
	[ ! -e c ]
}
