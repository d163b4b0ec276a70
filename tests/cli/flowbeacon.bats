# flowbeacon: what beats and what does not, how usual it is, its options, bad, empty and endless input.
# shellcheck shell=bash disable=SC2154

load ../helper

# PERIOD COUNT [OPTION=VALUE ...]: conversations with their answers, as csv: src, dst, sport, dport, proto, jitter (a
# share of the period), from (seconds), bytes, lasts (seconds), silent (no answer, SYN only), sampling.
beats() {
	python3 - "$@" <<'PY'
import random, sys
o = dict(src="10.0.0.5", dst="198.51.100.7", sport="40000", dport="443", proto="6", jitter="0", bytes="500",
         lasts="0.2", silent="", sampling="1", seed="1")
o["from"] = "0"
o.update(a.split("=", 1) for a in sys.argv[3:])
random.seed(int(o["seed"]))
period, at = float(sys.argv[1]), float(o["from"])
for i in range(int(sys.argv[2])):
    start = 1767571200 + at
    times = f"{start:.3f},{start + float(o['lasts']):.3f}"
    port = int(o["sport"]) if o["sport"] == o["dport"] else int(o["sport"]) + i % 20000
    flags = "2" if o["silent"] else "27"
    print(f"{times},{o['src']},{o['dst']},{port},{o['dport']},{o['proto']},{flags},5,{o['bytes']},{o['sampling']}")
    if not o["silent"]:
        print(f"{times},{o['dst']},{o['src']},{o['dport']},{port},{o['proto']},27,4,900,{o['sampling']}")
    at += period * (1 + float(o["jitter"]) * random.uniform(-1, 1))
PY
}

# FIRST LAST DST [COUNT [STEP [FROM]]]: hosts 10.0.0.FIRST to LAST who talk to DST now and then.
hosts() {
	awk -v first="$1" -v last="$2" -v dst="$3" -v n="${4:-3}" -v step="${5:-1000}" -v from="${6:-0}" 'BEGIN {
		srand(from + 1)
		for (h = first; h <= last; h++)
			for (i = 0; i < n; i++) {
				at = 1767571200 + from + h + step * (i + rand())
				times = sprintf("%.3f,%.3f", at, at + 0.2)
				src = "10.0.0." h
				print times "," src "," dst "," 40000 + i ",443,6,27,5,500,1"
				print times "," dst "," src ",443," 40000 + i ",6,27,4,900,1"
			}
	}'
}

# Records that arrived by chance: COUNT in a day.
chance() {
	python3 - "$@" <<'PY'
import random, sys
random.seed(3)
for at in sorted(random.uniform(0, 86400) for _ in range(int(sys.argv[1]))):
    t = f"{1767571200 + at:.3f},{1767571200.2 + at:.3f}"
    print(f"{t},10.0.0.6,198.51.100.8,40000,443,6,27,5,500,1")
    print(f"{t},198.51.100.8,10.0.0.6,443,40000,6,27,4,900,1")
PY
}

csv() {
	echo start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,sampling
	sort -n
}

found() {
	csv > in.csv
	flowbeacon -q -o csv -N -k "${fields:-kind,srcip,dstip,dstport,reason}" "$@" in.csv | tail -n +2
}

score() {
	fields=score found "$@" | head -n 1
}

# A B: A is greater.
above() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > b) }'
}

@test "flowbeacon: a request every five minutes is a beacon, and says so in a sentence" {
	[ "$(beats 300 288 jitter=0.05 | found)" = \
		'beacon,10.0.0.5,198.51.100.7,443,"every 5m00s ± 8s, 24 of 24 hours, same size"' ]
	above "$(beats 300 288 jitter=0.05 | score)" 0.95
}

@test "flowbeacon: of records without ports no port is told, nor that it is an unusual one" {
	portless() { awk -F, -v OFS=, '{ $5 = $6 = ""; print }'; }
	[ "$(beats 300 288 dport=4444 | fields=dstport,proto,attack found)" = 4444,6,T1571 ]
	[ "$(beats 300 288 dport=4444 | portless | fields=dstport,proto,attack found)" = ,6,T1071 ]
}

@test "flowbeacon: chance is no beacon, few or many" {
	for n in 10 100 1000 10000; do
		[ -z "$(chance $n | found)" ]
	done
	[ -n "$(chance 100 | found --score 0)" ]
}

@test "flowbeacon: six starts are judged, five are not" {
	[ "$(beats 3600 6 | found --score 0 | wc -l)" -eq 1 ]
	[ -z "$(beats 3600 5 | found --score 0)" ]
}

@test "flowbeacon: why has what is needed to compute the score again" {
	beats 300 200 jitter=0.1 | csv > in.csv
	flowbeacon --score 0 -o csv -N -k score,why in.csv | tail -n 1 | python3 -c '
import math, re, sys
score, why = sys.stdin.read().split(",", 1)
w = {k: v for k, v in (p.split("=") for p in why.strip().strip("\"").split())}
g = lambda k: float(w[k])
sig = min(1, g("evidence") / 8)
reg = max(0, (g("share") - g("chance")) / (1 - g("chance")))
disp = max(0, 1 - g("jitter") / (g("period") - g("merge")))
size = max(0, 1 - g("bytes_spread") / g("bytes"))
per = (g("span") + g("hours") / 24) / 2
s = (.4 * (reg + disp) / 2 + .25 * per + .2 * size + .15 * sig) * (.2 + .8 * sig)
assert abs(s - float(score)) < .0005 and abs(s - g("periodicity")) < .0005, (s, score, why)'
}

@test "flowbeacon: what is never answered counts less and says so" {
	beats 60 600 silent=1 | found > got
	[[ $(cat got) == *", not answered"* ]]
	above "$(beats 60 600 | score)" "$(beats 60 600 silent=1 | score)"
}

@test "flowbeacon: only one direction in the records is enough for TCP" {
	beats 60 600 | grep ,10.0.0.5,198 | found > got
	[[ $(cat got) == *'same size"' ]]
}

@test "flowbeacon: bursts of connections are one beat each" {
	for i in 0 1 2 3 4 5; do beats 600 144 "from=$i.3" jitter=0; done | found > got
	[[ $(cat got) == *"every 10m00s ± 0s"* ]]
}

@test "flowbeacon: which pairs are looked at is a matter of direction" {
	beats 60 100 src=10.0.0.5 dst=10.0.0.9 dport=80 > within
	beats 60 100 src=203.0.113.4 dst=10.0.0.9 > in
	beats 60 100 > out
	where() { cat within in out | fields=srcip,dstip found --direction "$1" | sort | tr '\n' ' '; }
	[ "$(where out)" = "10.0.0.5,198.51.100.7 " ]
	[ "$(where in)" = "203.0.113.4,10.0.0.9 " ]
	[ "$(where within)" = "10.0.0.5,10.0.0.9 " ]
	[ "$(where all | wc -w)" -eq 3 ]
	cat within in out | fields=srcip found --internal 198.51.100.0/24 | sort -u > got
	[ "$(tr '\n' ' ' < got)" = "10.0.0.5 203.0.113.4 " ]
}

@test "flowbeacon: multicast and broadcast are no servers" {
	{
		beats 60 100 dst=239.255.255.250 proto=17 dport=1900
		beats 60 100 dst=255.255.255.255 proto=17 dport=67
		beats 60 100 src=fe80::1 dst=ff02::fb proto=17 dport=5353
	} | found --direction all > got
	[ ! -s got ]
}

@test "flowbeacon: where both ends have one port ours is the client" {
	beats 64 200 src=203.0.113.123 dst=10.0.0.5 sport=123 dport=123 proto=17 | found > got
	[[ $(cat got) == beacon,10.0.0.5,203.0.113.123,123,* ]]
}

@test "flowbeacon: allowed clients, servers and ports are left out" {
	printf '10.0.0.5 # monitoring\n' > allow
	[ -z "$(beats 60 100 | found -a allow)" ]
	printf '198.51.100.0/24:443\n' > allow
	[ -z "$(beats 60 100 | found -a allow)" ]
	printf '*:123\n' > allow
	[ -n "$(beats 60 100 | found -a allow)" ]
	run -3 --separate-stderr flowbeacon -a nowhere in.csv
}

@test "flowbeacon: a server that few talk to weighs more, one that all talk to less" {
	others() { hosts 20 69 192.0.2.1; }
	everybody() { hosts 20 69 198.51.100.7; }
	alone=$(beats 600 100 jitter=0.4 | score --score 0)
	rare=$(cat <(beats 600 100 jitter=0.4) <(others) | score --score 0)
	common=$(cat <(beats 600 100 jitter=0.4) <(everybody) | score --score 0)
	echo "$alone $rare $common"
	above "$rare" "$alone"
	above "$alone" "$common"
	cat <(beats 600 100) <(others) | found > got
	[[ $(cat got) == *", 1 of 51 hosts talks to it"* ]]
	cat <(beats 600 100) <(everybody) | found --score 0 > got
	[[ $(cat got) == *", 51 of 51 hosts talk to it"* ]]
}

@test "flowbeacon: hours of connection and polling stand beside it where peers are rare" {
	others() { hosts 20 69 192.0.2.1; }
	cat <(beats 30000 2 lasts=20000) <(others) | found > got
	[[ $(cat got) == long,10.0.0.5,198.51.100.7,443,"\"connected for 11h07m in 2 conversations, the longest 5h33m, 1 of 51 "* ]]
	cat <(beats 3 700 jitter=0.95) <(others) | found > got
	[[ $(cat got) == strobe,10.0.0.5,*"700 conversations, "*" apart, 1 of 1 hours, same size, 1 of 51 hosts"* ]]
	# Nobody knows what is rare: shown when asked for.
	[ -z "$(beats 30000 2 lasts=20000 | found)" ]
	[[ $(beats 30000 2 lasts=20000 | found --score 0.3) == long,* ]]
}

@test "flowbeacon: a baseline says what was there and what is new" {
	day() { hosts 20 49 192.0.2.1 12 7000 $(($1 * 86400)); }
	for d in 0 1 2 3 4 5 6 7 8; do
		day $d
		beats 300 280 src=10.0.0.21 dst=192.0.2.9 "from=$((d * 86400))"
	done | csv > past.csv
	flowbase learn past.csv -w normal.base
	{
		day 9
		beats 300 280 src=10.0.0.21 dst=192.0.2.9 "from=$((9 * 86400))"
		beats 300 280 src=10.0.0.20 "from=$((9 * 86400))"
	} | found -B normal.base > got
	[ "$(cut -d, -f 2,3 got)" = 10.0.0.20,198.51.100.7 ]
	[[ $(cat got) == *"1 of 30 hosts talks to it, never before"* ]]
	flowbeacon -q -B normal.base --score 0.4 -o csv -k srcip,reason in.csv | grep -q '10.0.0.21,.*known since 2026-01-05'
	run -3 --separate-stderr flowbeacon -B past.csv in.csv
	[[ $stderr == "flowbeacon: "*past.csv* ]]
}

@test "flowbeacon: a pipe is looked at once, and finds the same" {
	{ beats 300 288 jitter=0.05; chance 300; } | csv > in.csv
	flowbeacon -q -o csv -k srcip,dstip,reason in.csv > twice
	flowbeacon -q -o csv -k srcip,dstip,reason - < in.csv > once
	[ "$(wc -l < twice)" -eq 2 ]
	[ "$(cut -d, -f 1-2 once)" = "$(cut -d, -f 1-2 twice)" ]
}

@test "flowbeacon: of many starts a part is enough" {
	beats 2 40000 jitter=0.1 | csv > in.csv
	flowbeacon -q -o csv -N -k reason,flows in.csv > got
	grep -q '^"every 2s ± .*",40000$' got
	flowbeacon -q --starts 64 -o csv -N -k reason,flows in.csv > got
	grep -q '^"every 2s ± .*",40000$' got
}

@test "flowbeacon: RITA's method has no ports, and no silence" {
	{ beats 120 300; beats 120 300 dport=80 from=60; } | fields=kind,dstport,reason found --method rita > got
	[[ $(cat got) == 'beacon,,"600 conversations, every 1m00s ± 0s, in '*' of 24 hours"' ]]
	[ -n "$(beats 120 300 silent=1 | found --method rita)" ]
}

@test "flowbeacon: sampled records are judged from twenty beats on, and limits says what that hides" {
	beats 300 288 sampling=100 | fields=sampling,limits found > got
	[[ $(cat got) == '100,"sampled 1 in 100: beats were missed'* ]]
	beats 300 19 sampling=100 | csv > in.csv
	run -0 --separate-stderr flowbeacon --score 0 -o csv in.csv
	[ "${#lines[@]}" -eq 1 ]
	[ "$stderr" = "flowbeacon: sampled 1 in 100: beats are missed; 1 pairs with fewer than 20 were not judged" ]
}

@test "flowbeacon: ICMP has no port" {
	beats 60 100 proto=1 sport=0 dport=2048 | grep ,10.0.0.5,198 > pings
	sed 's/10.0.0.5,198.51.100.7,0,2048/198.51.100.7,10.0.0.5,0,0/' pings >> pings.back
	cat pings pings.back | fields=dstport,proto,attack found > got
	[[ $(cat got) == ,1,T1095 ]]
}

@test "flowbeacon: what there is no memory for is counted and told" {
	hosts 1 40 198.51.100.7 50 300 | csv > in.csv
	run -0 --separate-stderr flowbeacon -m 4K -o csv in.csv
	[[ $stderr =~ "out of memory (-m): "[1-9][0-9]*" conversations of new pairs and "[0-9]+" starts were not kept" ]]
	run -0 --separate-stderr flowbeacon --score 0 -o csv in.csv
	[ "${#lines[@]}" -eq 41 ]
	[ -z "$stderr" ]
}

@test "flowbeacon: -n is how many alerts are written, the best ones" {
	for i in $(seq 1 5); do beats 300 100 "src=10.0.0.$i" "jitter=0.$i"; done | csv > in.csv
	run -0 flowbeacon -q --score 0 -n 2 -o csv -k srcip in.csv
	[ "${lines[*]}" = "srcip 10.0.0.1 10.0.0.2" ]
	run -0 flowbeacon -q --score 0 -n 0 -o csv -k srcip in.csv
}

@test "flowbeacon: -v says how much there was and what it took" {
	beats 300 288 | csv > in.csv
	run -0 --separate-stderr flowbeacon -v -o null in.csv
	[[ $stderr == *"576 records, 1 pairs of addresses, 1 hosts of ours"* ]]
	[[ $stderr == *"288 conversations put together, 0 without an answer kept; 1 pairs kept, 1 judged, 1 alerts"* ]]
	[[ $stderr == *"memory: "*" MB who talks to whom, "*" MB pairs and starts, "*" MB open ones"* ]]
}

@test "flowbeacon: nothing to read is no alert and no error" {
	csv < /dev/null > in.csv
	run -0 --separate-stderr flowbeacon -o csv in.csv
	[ "${#lines[@]}" -eq 1 ]
	[ -z "$stderr" ]
	flowcat -i csv in.csv | flowbeacon | flowcat -o ndjson > got
	[ ! -s got ]
}

@test "flowbeacon: what is cut short is judged as far as it goes, and fails" {
	beats 300 288 | csv | flowcat -i csv -w whole.flow
	head -c -40 whole.flow > cut.flow
	run -3 --separate-stderr flowbeacon -o csv -k srcip cut.flow
	[ "${lines[1]}" = 10.0.0.5 ]
	[ "$(wc -l <<< "$stderr")" -eq 1 ]
	run -3 flowbeacon -w alerts.flow cut.flow
	[ ! -e alerts.flow ]
	[ -s alerts.flow.incomplete ]
	run -3 --separate-stderr flowbeacon nowhere.flow
	[[ $stderr == "flowbeacon: nowhere.flow: "* ]]
}

@test "flowbeacon: records of strange times and without addresses do no harm" {
	{
		beats 300 288
		echo '0,0,10.0.0.5,198.51.100.7,1,443,6,27,1,1,1'
		echo ',,10.0.0.5,198.51.100.7,1,443,6,27,1,1,1'
		echo '1767571200,1767571100,,198.51.100.7,1,443,6,27,1,1,1'
		echo '9000000000,9000000000,10.0.0.5,198.51.100.7,1,443,6,27,1,1,1'
	} | found --score 0 > got
	[[ $(cat got) == *"every 5m00s"* ]]
}

@test "flowbeacon: a full disk is an error, a reader that leaves is none" {
	[ -e /dev/full ] || skip "no /dev/full"
	beats 300 288 | csv > in.csv
	run -3 bash -c 'flowbeacon -o csv in.csv > /dev/full'
	run -0 --separate-stderr bash -c 'flowbeacon -o csv in.csv | true'
	[ -z "$stderr" ]
}

@test "flowbeacon: wrong usage says what is allowed" {
	run -2 --separate-stderr flowbeacon --method guess
	[[ $stderr == "flowbeacon: --method 'guess': fb or rita"* ]]
	run -2 --separate-stderr flowbeacon --score 2
	[[ $stderr == "flowbeacon: --score '2': a number from 0 to 1"* ]]
	run -2 --separate-stderr flowbeacon --score nan
	run -2 --separate-stderr flowbeacon --direction up
	[[ $stderr == "flowbeacon: --direction 'up': out, in, within or all"* ]]
	run -2 --separate-stderr flowbeacon --starts 5
	[[ $stderr == "flowbeacon: --starts '5': a number from 64 to 1048576"* ]]
	run -2 --separate-stderr flowbeacon -m 0
	run -2 --separate-stderr flowbeacon --internal x
}

# FROM TO: the records of day.csv that end in these minutes, with a head.
minutes() {
	echo start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,sampling
	awk -F, -v from="$1" -v to="$2" '{ m = ($2 - 1767571200) / 60 } m >= from && m < to' day.csv
}

@test "flowbeacon: a state finds a beacon of which every run sees one beat, and tells it again only when it is graver" {
	(beats 600 144 jitter=0.1; hosts 20 60 198.51.100.99 40 2000) | sort -n > day.csv
	for ((m = 0; m < 1440; m += 10)); do
		minutes $m $((m + 10)) | flowbeacon -i csv -q --state b.state -o csv -N -k kind,srcip,dstip,severity | tail -n +2
	done > told
	[ "$(cat told)" = $'beacon,10.0.0.5,198.51.100.7,2\nbeacon,10.0.0.5,198.51.100.7,3\nbeacon,10.0.0.5,198.51.100.7,4' ]
	minutes 0 1441 | flowbeacon -i csv -q -o csv -N -k kind,srcip,dstip,severity | tail -n +2 > whole
	[ "$(cat whole)" = "$(tail -n 1 told)" ]
	# a day and more later all of it is forgotten
	grep 198.51.100.99 day.csv | sed 's/^1767/1768/; s/,1767/,1768/' > later.csv
	mv later.csv day.csv
	minutes 0 1000000 | flowbeacon -i csv -q --state b.state -o null
	[ "$(flowcat -o ndjson b.state | grep -c '"told":[1-4]')" -eq 0 ]
	[ "$(flowcat -o ndjson b.state | grep -c '"dstip":"198.51.100.7"')" -eq 0 ]
}

@test "flowbeacon: pieces of a long flow in many runs are no beat, and it is told while it lasts" {
	local m

	hosts 20 60 198.51.100.99 40 2000 > day.csv
	for ((m = 0; m < 300; m += 5)); do
		t=$((1767571200 + m * 60))
		echo "$t,$((t + 300)),10.0.0.5,198.51.100.7,40000,443,6,24,50,5000,1"
		echo "$t,$((t + 300)),198.51.100.7,10.0.0.5,443,40000,6,24,50,5000,1"
	done >> day.csv
	for ((m = 5; m <= 300; m += 5)); do
		minutes $m $((m + 5)) | flowbeacon -i csv -q --state b.state -o csv -N -k kind,srcip,dstip,flows | tail -n +2
	done > told
	[ "$(cat told)" = long,10.0.0.5,198.51.100.7,1 ]
}

@test "flowbeacon: with a state a long connection is told that ended well before the input did, once" {
	hosts 20 60 198.51.100.99 40 2000 > day.csv
	echo "$((1767571200 + 600)),$((1767571200 + 14400)),10.0.0.5,198.51.100.7,40000,443,6,27,50,5000,1" >> day.csv
	echo "$((1767571200 + 600)),$((1767571200 + 14400)),198.51.100.7,10.0.0.5,443,40000,6,27,50,5000,1" >> day.csv
	# The clock goes on, and the connection is silent for most of the day.
	echo "$((1767571200 + 86000)),$((1767571200 + 86001)),10.0.0.6,198.51.100.99,40000,443,6,27,50,5000,1" >> day.csv
	minutes 0 1441 | flowbeacon -i csv -q -o csv -N -k kind,srcip,dstip,flows | tail -n +2 > whole
	[ "$(cat whole)" = long,10.0.0.5,198.51.100.7,1 ]
	minutes 0 1441 | flowbeacon -i csv -q --state b.state -o csv -N -k kind,srcip,dstip,flows | tail -n +2 > told
	cmp told whole
	minutes 2000 3000 | flowbeacon -i csv -q --state b.state -o csv -N -k kind | tail -n +2 > again
	[ ! -s again ]
}

@test "flowbeacon: time goes on: a state of weeks is no larger than one of a window, and finds what is new" {
	local day

	for day in 0 1 2 40 41; do
		(beats 600 144 from=$((day * 86400)); hosts 20 60 198.51.100.99 40 2000 $((day * 86400))) | sort -n > day.csv
		minutes $((day * 1440)) $((day * 1440 + 1440)) |
			flowbeacon -i csv -q --state b.state -o csv -N -k srcip,dstip,flows | tail -n +2 > told.$day
		flowcat -o ndjson b.state | wc -l >> sizes
	done
	[ "$(cat told.0)" = "$(cat told.40)" ]
	[[ $(cat told.0) == 10.0.0.5,198.51.100.7,14? ]]
	[ ! -s told.1 ]
	[ ! -s told.2 ]
	[ ! -s told.41 ]
	[ "$(sort -n sizes | tail -n 1)" -lt $(($(head -n 1 sizes) * 5 / 4)) ]
	# one record's odd clock makes nothing forgotten
	echo 'start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes
4000000000,4000000001,10.0.0.9,198.51.100.66,40000,443,6,27,5,500' > odd.csv
	flowbeacon -i csv -q --state b.state -o null odd.csv
	flowcat -o ndjson b.state | grep '"dstip":"198.51.100.7"' | grep -q '"told":4'
}

# MEMBER: what b.state has of the pair of 198.51.100.7, without quotes.
pair_member() {
	flowcat -o ndjson b.state | grep '"state":1' | grep '"dstip":"198.51.100.7"' | sed -n "s/.*\"$1\":\"*\([0-9a-f]*\).*/\1/p"
}

@test "flowbeacon: hours of a state are those in which anything began, whatever starts are kept" {
	local h

	(beats 10 2880 from=57600; beats 60 480 from=144000) | sort -n > day.csv
	for ((h = 16; h < 48; h += 2)); do
		minutes $((h * 60)) $((h * 60 + 120)) | flowbeacon -i csv -q --state b.state -o null
	done
	[ "$(pair_member hours)" -eq $((0xff0000)) ]
	# of 480 starts some dozens are left after the dense past, and the sums are of all, by what a part says
	[ "$(pair_member beats | wc -c)" -lt 2560 ]
	[ "$(pair_member conversations)" -ge 400 ]
	[ "$(pair_member conversations)" -le 600 ]
	[ "$(pair_member first_ns)" -lt $(((1767571200 + 41 * 3600) * 1000000000)) ]
	# and they are forgotten as it is
	echo 1767819600,1767819601,10.0.0.9,198.51.100.9,40000,443,6,27,5,500,1 > day.csv
	minutes 0 10000 | flowbeacon -i csv -q --state b.state -o null
	[ "$(pair_member hours)" -eq $((0xe00000)) ]
}

@test "flowbeacon: a state of before hours were kept goes on" {
	gunzip -c "$DATA/flowbeacon-before-hours.state.gz" > b.state
	beats 600 12 from=46800 | csv > in.csv
	flowbeacon -i csv -q --state b.state -o csv -k start,reason in.csv > got
	[ "$(tail -n +2 got)" = '2026-01-05T10:00:00.000Z,"every 10m00s ± 0s, 5 of 24 hours, same size"' ]
	echo 1767704700,1767704701,10.0.0.9,198.51.100.9,40000,443,6,27,5,500,1 > day.csv
	minutes 0 10000 | flowbeacon -i csv -q --state b.state -o null
	[ "$(pair_member hours)" -eq $((0x6000)) ]
}

@test "flowbeacon: a state that is none, cut, or made otherwise is refused and left alone" {
	flowgen -n 2000 -w day.flow
	cp day.flow other.state
	run -3 --separate-stderr flowbeacon --state other.state -o csv day.flow
	[[ $stderr == "flowbeacon: other.state: no state of flowbeacon" ]]
	cmp day.flow other.state
	flowbeacon --state b.state -o null day.flow
	cp b.state before
	for other in "--window 48h:made with --window 86400s, not 172800s" "--internal 10.0.0.0/8:made with another --internal" \
		"--method rita:made with another --method" "--direction all:made with another --direction" \
		"--starts 64:made with --starts 512, not 64"; do
		# shellcheck disable=SC2086
		run -3 --separate-stderr flowbeacon --state b.state ${other%%:*} -o csv day.flow
		[ "$stderr" = "flowbeacon: b.state: ${other#*:}" ]
	done
	head -c -1 b.state > cut.state
	run -3 --separate-stderr flowbeacon --state cut.state -o csv day.flow
	[[ $stderr == *"cut.state: no whole state of flowbeacon; remove it to begin anew" ]]
	cat b.state b.state > twice.state
	run -3 --separate-stderr flowbeacon --state twice.state -o csv day.flow
	[[ $stderr == "flowbeacon: twice.state: no state of flowbeacon" ]]
	run -2 --separate-stderr flowbeacon --window 1h day.flow
	[[ $stderr == "flowbeacon: --window is how much a --state remembers"* ]]
	run -3 bash -c 'flowbeacon --score 0 --state b.state -o csv day.flow > /dev/full'
	head -c -1 day.flow > cut.flow
	run -3 flowbeacon --state b.state -o csv cut.flow
	cmp b.state before
}

@test "flowbeacon: a state has room for as many pairs as -m, those with the fewest conversations go first" {
	(beats 300 100; hosts 20 60 198.51.100.99 40 700; awk 'BEGIN { for (i = 0; i < 3000; i++) {
		t = 1767571200 + 10 * i; printf "%d,%d,10.0.0.7,198.18.%d.%d,40000,443,6,27,5,500,1\n", t, t, i / 250, i % 250 } }') |
		sort -n > day.csv
	minutes 0 1440 | flowbeacon -i csv -m 1M --state b.state -o csv -k srcip,dstip 2> err > told
	grep -q 'pairs with few conversations and 0 contacts were forgotten for want of room' err
	[ "$(tail -n 1 told)" = 10.0.0.5,198.51.100.7 ]
	[ "$(flowcat -o ndjson b.state | grep -c '"state":1')" -lt 2600 ]
	flowcat -o ndjson b.state | grep '"state":1' | grep -q '"dstip":"198.51.100.7"'
}
