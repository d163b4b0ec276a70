# flowanom: floods, silence, entropy, hours beside their past, series, state, what is none of these.
# shellcheck shell=bash disable=SC2016,SC2154

load ../helper

monday=1767571200 # 2026-01-05T00:00:00Z

setup() {
	flowkit_setup
	cat > make.py <<'PY'
"""make.py WHAT ...: flows as csv, of which each test has a use; times are seconds since a Monday."""
import sys
MONDAY = 1767571200
HEAD = "start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,exporter,inif,outif,sampling"


def flow(at, src, dst, sport=40000, dport=443, proto=6, flags=27, packets=10, octets=5000, exporter="192.0.2.1",
         inif=1, outif=2, last=1, sampling=1):
    t = MONDAY + at
    print(f"{t},{t + last},{src},{dst},{sport},{dport},{proto},{flags},{packets},{octets},{exporter},{inif},{outif},{sampling}")


def quiet(minutes=300, dst="10.0.0.80"):
    for m in range(minutes):
        for k in range(5):
            flow(m * 60 + k, f"198.51.100.{k}", dst, 40000 + k, 80, flags=27)
            flow(m * 60 + k, dst, f"198.51.100.{k}", 80, 40000 + k, flags=27)


def flood(kind, at=300 * 60, sampling=1, sources=1000):
    for k in range(2000):
        src = f"203.0.{k % sources // 250}.{k % sources % 250}"
        if kind == "syn":
            flow(at + k // 40, src, "10.0.0.80", 1024 + k, 80, flags=2, packets=1, octets=40, last=0, sampling=sampling)
        elif kind == "ping":
            flow(at + k // 40, src, "10.0.0.80", 0, 2048, 1, 0, 400, 40000, last=0)
        elif kind == "scan":
            flow(at + k // 40, "203.0.113.9", "10.0.0.80", 50000, 1 + k, flags=2, packets=1, octets=40, last=0)
        elif kind == "udp":
            flow(at + k // 40, src, "10.0.0.80", 53, 5000, 17, 0, 400, 400000, last=0)
        elif kind == "download":
            flow(at + k // 40, src, "10.0.0.80", 443, 50000, 6, 27, 400, 600000, last=0)
            flow(at + k // 40, "10.0.0.80", src, 50000, 443, 6, 27, 200, 10000, last=0)
        elif kind == "many":
            for j in range(2):
                flow(at + k // 40, src, "10.0.0.80", 1024 + k, 80, flags=27, packets=5, octets=500, last=0)
                flow(at + k // 40, "10.0.0.80", src, 80, 1024 + k, flags=27, packets=5, octets=900, last=0)
        elif kind == "answers":
            for j in range(2):
                flow(at + k // 40, src, "10.0.0.80", 80, 1024 + k, flags=18, packets=1, octets=40, last=0)


def long_download():
    """Five minutes of one connection in one record a direction, beside two hundred that are small."""
    at = 300 * 60
    for k in range(200):
        flow(at + k * 3 // 2, "10.0.0.80", f"203.0.113.{k % 50}", 30000 + k, 443, packets=5, octets=500, last=0)
        flow(at + k * 3 // 2, f"203.0.113.{k % 50}", "10.0.0.80", 443, 30000 + k, packets=5, octets=2000, last=0)
    flow(at, "10.0.0.80", "203.0.113.99", 50000, 443, flags=24, packets=1500000, octets=78000000, last=299)
    flow(at, "203.0.113.99", "10.0.0.80", 443, 50000, flags=24, packets=3000000, octets=4500000000, last=299)


def upload():
    """To a server outside, which acknowledges every second packet."""
    for m in range(14):
        for k in range(40):
            packets = 10000 if m >= 10 else 10
            flow(m * 60 + k, f"10.0.0.{k}", "203.0.113.9", 40000 + m, 443, packets=packets, octets=packets * 1400)
            flow(m * 60 + k, "203.0.113.9", f"10.0.0.{k}", 443, 40000 + m, packets=packets // 2, octets=packets * 26)


def hours(days, surge="", factor=20):
    """A host with 300 to 400 MB out in each hour of working days, another with a little; what is odd in `surge`."""
    odd = {int(h) for h in str(surge).split(",") if h}
    for h in range(days * 24):
        day, hour = divmod(h, 24)
        work = day % 7 < 5 and 8 <= hour < 18
        octets = (300 + (day * 7 + hour * 3) % 11 * 10) * 1000000 if work else 20000000
        if h in odd:
            octets = int(octets * factor)
        flow(h * 3600 + 60, "10.0.0.5", "203.0.113.9", octets=octets, packets=octets // 1400)
        flow(h * 3600 + 120, "10.0.0.6", "203.0.113.9", octets=100000)


def outage(exporters, minutes, first, last, silent):
    for m in range(minutes):
        for e in range(1, exporters + 1):
            if not (e == silent and first <= m < last):
                flow(m * 60 + e, f"10.0.{e}.5", "203.0.113.9", exporter=f"192.0.2.{e}", inif=e, outif=100 + e)


print(HEAD)
globals()[sys.argv[1]](*[int(a) if a.lstrip("-").isdigit() else a for a in sys.argv[2:]])
PY
}

make_flows() {
	python3 make.py "$@"
}

# The alerts on flows from standard input, FIELDS of them.
alerts() {
	local fields=$1

	shift
	flowanom -q -i csv "$@" -o flow > found || return
	flowcat -o csv -k "$fields" found | tail -n +2
}

# What happens after five hours of quiet.
after_quiet() {
	make_flows quiet > quiet.csv
	make_flows flood "$@" | tail -n +2 | cat quiet.csv -
}

@test "flowanom: many SYNs from many sources to one port are a flood" {
	[ "$(after_quiet syn | alerts kind,dstip,dstport,proto,attack,flows,start,end)" = \
		flood,10.0.0.80,80,6,T1498.001,2000,2026-01-05T05:00:00.000Z,2026-01-05T05:00:59.999Z ]
	[[ $(flowcat -o csv -k reason found) == *"33 SYN/s, more than 1000 times its highest minute, from more than 150 sources, for 1m00s"* ]] ||
		[[ $(flowcat -o csv -k reason found) == *"33 SYN/s"*"from more than 150 sources, for 1m00s"* ]]
}

@test "flowanom: where no record has what tells a SYN that is said" {
	local said="none of the 5000 records that may be TCP has a protocol and flags: no SYN flood can be seen"

	after_quiet syn > all.csv
	awk -F, -v OFS=, 'NR > 1 { $8 = "" } { print }' all.csv > flagless.csv
	awk -F, -v OFS=, 'NR > 1 { $7 = "" } { print }' all.csv > protoless.csv
	awk -F, -v OFS=, 'NR > 1 { $7 = 17; $8 = "" } { print }' all.csv > udp.csv
	for kind in flagless protoless; do
		run -0 --separate-stderr flowanom -i csv -o null $kind.csv
		[[ $stderr == *"flowanom: $said"* ]]
		run -0 --separate-stderr flowanom -q -i csv -o null $kind.csv
		[ -z "$stderr" ]
	done
	for kind in all udp; do
		run -0 --separate-stderr flowanom -i csv -o null $kind.csv
		[[ $stderr != *"SYN flood"* ]]
	done
}

@test "flowanom: a flood of UDP answers that nobody asked for is one, one in which all is answered is told by its flows" {
	[ "$(after_quiet udp | alerts kind,dstip,proto,packets,bytes,rpackets)" = flood,10.0.0.80,,800000,800000000,0 ]
	[ "$(after_quiet many | alerts kind,dstip,dstport,attack)" = 'flood,10.0.0.80,80,"T1498,T1499"' ]
	# Of a destination never seen before one cannot say that it is too many.
	[ -z "$(make_flows flood many | alerts kind)" ]
}

@test "flowanom: how many sources a flood has is the same in every run over the same flows" {
	make_flows flood syn 0 1 60 > flood.csv
	for _ in 1 2 3 4 5 6; do alerts why < flood.csv | grep -o ' sources=[0-9]*'; done | sort -u > counts
	[ "$(wc -l < counts)" -eq 1 ]
	read -r _ n < <(tr = ' ' < counts)
	[ "$n" -ge 48 ] && [ "$n" -le 72 ]
}

@test "flowanom: a flood of pings, or of records without ports, is of no port" {
	after_quiet ping | alerts kind,dstip,dstport,proto | grep -qx 'flood,10.0.0.80,,1'
	after_quiet syn | awk -F, -v OFS=, 'NR > 1 { $5 = $6 = "" } { print }' > portless.csv
	alerts kind,dstip,dstport,proto < portless.csv | grep -qx 'flood,10.0.0.80,,6'
	flowgen -q -n 60000 --span 10h -o csv -k start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes > day.csv
	make_flows flood ping $((8 * 3600)) | tail -n +2 | cut -d, -f 1-10 >> day.csv
	flowcat -q -O end:asc -i csv -w day.flow day.csv
	flowanom -q -o csv -k kind,dstport,reason day.flow > told
	[[ $(grep '^entropy' told) == entropy,,*'destination ports concentrate ('*'% have none)'* ]]
}

@test "flowanom: scans, downloads and answers to one's own scan are no floods" {
	for other in scan download answers; do
		[ -z "$(after_quiet $other | alerts kind)" ]
	done
	# What goes out is answered from there.
	make_flows upload > upload.csv
	[ -z "$(alerts kind < upload.csv)" ]
	[[ $(grep -v ',203.0.113.9,10.0' upload.csv | alerts kind,dstip,reason) == flood,203.0.113.9,*'next to nothing back'* ]]
	# What is answered in a record of minutes is answered in each of them.
	(make_flows quiet; make_flows long_download | tail -n +2) > long.csv
	[ -z "$(alerts kind < long.csv)" ]
	grep -v '10.0.0.80,203.0.113.99' long.csv | alerts kind,dstip,reason > got
	[[ $(cat got) == flood,10.0.0.80,*'next to nothing back'* ]]
}

@test "flowanom: a flood in sampled flows is multiplied, and says what cannot be seen" {
	make_flows quiet 300 > quiet.csv
	(sed 's/,1$/,100/' quiet.csv; make_flows flood syn $((300 * 60)) 100 | tail -n +2) > sampled.csv
	[ "$(alerts kind,sampling,limits < sampled.csv)" = \
		'flood,100,"sampled 1 in 100: amounts are estimates, and what is short and small is not seen"' ]
	[[ $(flowcat -o csv -k why found) == *"syn=200000 "* ]]
	# Its counters are those of packets picked: the sampling times that is what why has.
	[ "$(flowcat -o csv -k flows,packets,bytes,rpackets,rbytes found | tail -n +2)" = 2000,2000,80000,0, ]
	# Thirty records of one in 100 are the least that is believed.
	(sed 's/,1$/,100/' quiet.csv; make_flows flood syn $((300 * 60)) 100 | tail -n +2 | head -29) > few.csv
	[ -z "$(alerts kind < few.csv)" ]
}

@test "flowanom: a flood counts as its own exporter does, whatever another samples" {
	local of=kind,flows,packets,bytes,sampling,limits

	make_flows quiet 300 > quiet.csv
	make_flows flood syn $((300 * 60)) 1 | tail -n +2 > flood.csv
	cat quiet.csv flood.csv | alerts $of > alone
	(sed 's/,1$/,100/' quiet.csv; cat flood.csv) | alerts $of > mixed
	[ "$(cat alone)" = flood,2000,2000,80000,, ]
	diff alone mixed
}

@test "flowanom: what is allowed is not told" {
	after_quiet syn > flows.csv
	echo 10.0.0.80:443 > allow
	[ "$(alerts kind -a allow < flows.csv)" = flood ]
	echo 10.0.0.80:80 > allow
	[ -z "$(alerts kind -a allow < flows.csv)" ]
}

@test "flowanom: an exporter that stops for half an hour is told, and its interfaces are not told too" {
	[ "$(make_flows outage 3 900 600 630 2 | alerts kind,srcip,start,end,reason)" = \
		'silence,192.0.2.2,2026-01-05T09:59:00.000Z,2026-01-05T10:30:00.000Z,"exporter 192.0.2.2: sent nothing for 30m00s, never more than 1m00s before; back since"' ]
	# Nine minutes are none, nor what was not there for six hours.
	[ -z "$(make_flows outage 3 900 600 609 2 | alerts kind)" ]
	[ -z "$(make_flows outage 3 900 300 330 2 | alerts kind)" ]
}

@test "flowanom: an exporter that is not back yet is told, by the others' time or by the time that was asked for" {
	[ "$(make_flows outage 3 900 840 900 2 | alerts kind,srcip,reason)" = \
		'silence,192.0.2.2,"exporter 192.0.2.2: nothing for 59m00s, never more than 1m00s before; not back yet"' ]
	make_flows outage 1 900 840 900 1 > alone.csv
	[ -z "$(alerts kind < alone.csv)" ]
	[ "$(alerts reason --until 2026-01-05T18:00:00Z < alone.csv)" = \
		'"exporter 192.0.2.1: nothing for 4h00m, never more than 1m00s before; not back yet"' ]
}

@test "flowanom: an interface that stops while its exporter goes on is told" {
	(make_flows outage 1 900 900 900 1; make_flows outage 1 900 600 660 1 | tail -n +2 | sed 's/,1,101,/,7,8,/') |
		(read -r head; echo "$head"; sort -t, -n -k 2) > two.csv
	[ "$(alerts kind,srcip,reason < two.csv | sort)" = \
		'silence,192.0.2.1,"interface 7 of 192.0.2.1: sent nothing for 1h00m, never more than 1m00s before; back since"
silence,192.0.2.1,"interface 8 of 192.0.2.1: sent nothing for 1h00m, never more than 1m00s before; back since"' ]
}

@test "flowanom: an hour of twenty times the usual is a surge, of which the numbers are those of Python" {
	at=$((28 * 24 + 10))
	make_flows hours 29 $at > month.csv
	[ "$(alerts kind,srcip,bytes,start < month.csv | grep 10.0.0)" = surge,10.0.0.5,7000000000,2026-02-02T10:00:00.000Z ] ||
		[[ $(alerts kind,srcip,start < month.csv | grep 10.0.0) == surge,10.0.0.5,2026-02-02T10:00:00.000Z ]]
	flowfilter 'src ip 10.0.0.5' found | flowcat -o csv -k why | tail -n +2 | tr ' ' '\n' > why
	want=$(python3 "$REPO/tests/tools/anom_score.py" hour 10.0.0.5 $((monday / 3600 + at)) < month.csv)
	[ "$(for k in x usual spread least most z samples; do sed -n "s/^$k=//p" why; done | tr '\n' ' ')" = "$want " ]
	[ "$(flowfilter 'src ip 10.0.0.5' found | flowcat -o csv -k limits | tail -1)" = \
		'"compared with the earlier weeks of these flows, without a baseline"' ]
}

@test "flowanom: what is multiplied in why is as counted in the alert, and what was not counted is missing" {
	make_flows hours 29 $((28 * 24 + 10)) > all.csv
	awk -F, -v OFS=, 'NR > 1 { $10 /= 10; $14 = 10 } { print }' all.csv > tenth.csv
	alerts kind < all.csv > /dev/null
	flowfilter 'src ip 10.0.0.5' found | flowcat -o csv -k flows,packets,bytes,rpackets,rbytes,sampling > of_all
	alerts kind < tenth.csv > /dev/null
	flowfilter 'src ip 10.0.0.5' found | flowcat -o csv -k flows,packets,bytes,rpackets,rbytes,sampling > of_tenth
	of=$(sed -n 's/^0,,\([0-9]*\),,,$/\1/p' of_all)
	[ "$of" -gt 5000000000 ]
	[ "$(tail -n +2 of_tenth)" = "0,,$((of / 10)),,,10" ]
}

@test "flowanom: twice as much, or as much at night as by day, are judged by their hour" {
	[ -z "$(make_flows hours 29 $((28 * 24 + 10)) 2 | alerts kind)" ]
	# At three in the night 400 MB are twenty times the usual; at ten they are not worth a word.
	[[ $(make_flows hours 29 $((28 * 24 + 3)) | alerts kind,srcip,start) == *surge,10.0.0.5,2026-02-02T03:00:00.000Z* ]]
}

@test "flowanom: a host that sends nothing where it always did is a drop" {
	[[ $(make_flows hours 29 $((28 * 24 + 10)),$((28 * 24 + 11)) 0 | alerts kind,srcip,start) == *drop,10.0.0.5,2026-02-02T10:00:00.000Z* ]]
}

@test "flowanom: with a baseline its habits are asked, and sampling is not mixed" {
	make_flows hours 28 > past.csv
	flowbase learn -i csv -w b past.csv
	make_flows hours 30 $((28 * 24 + 10)) | awk -F, -v from=$((monday + 28 * 86400)) 'NR == 1 || $1 >= from' > now.csv
	[[ $(alerts kind,srcip,start,limits -B b < now.csv) == *surge,10.0.0.5,2026-02-02T10:00:00.000Z,\"\"* ]] ||
		[[ $(alerts kind,srcip,start -B b < now.csv) == *surge,10.0.0.5,2026-02-02T10:00:00.000Z* ]]
	[ -z "$(alerts kind < now.csv)" ]
	run -3 --separate-stderr sh -c "sed 's/,1\$/,10/' now.csv | flowanom -i csv -B b -o csv"
	[[ $stderr == *"b was learned from every packet, these flows are of 1 in 10"* ]]
}

@test "flowanom: entropies that shift are told with the direction, and with whom" {
	flowgen -q -n 300000 --span 12h --start 2026-01-05T06:00:00Z -o csv > usual.csv
	[ -z "$(alerts kind < usual.csv)" ]
	# For ten minutes one host asks one server of always new ports.
	python3 - <<'PY' > odd.csv
start = 1767571200 + 15 * 3600
print("start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes")
for k in range(8000):
    t = start + k * 600 // 8000
    print(f"{t},{t},10.0.9.9,203.0.113.9,{1024 + k * 7 % 60000},8080,6,27,5,1000")
PY
	flowcat -i csv usual.csv -w a.flow && flowcat -i csv odd.csv -w b.flow
	flowcat -O end:asc a.flow b.flow -w both.flow
	flowanom -q both.flow -o flow | flowfilter 'kind = "entropy"' > found
	[ "$(flowcat -o csv -k srcip,dstip,dstport,start found | tail -n +2)" = 10.0.9.9,203.0.113.9,8080,2026-01-05T15:00:00.000Z ]
	reason=$(flowcat -o csv -k reason found | tail -1)
	[[ $reason == *"sources concentrate"*"are 10.0.9.9"*"destinations concentrate"*"are 203.0.113.9"* ]]
	[[ $reason == *"destination ports concentrate"*"are 8080"* ]]
}

# Ten days of a series by five minutes that goes up and down with the day: END_S,OCTETS.  FROM TO FACTOR: what is odd.
season() {
	python3 - "$@" <<'PY'
import math, random, sys
rng = random.Random(7)
first, last, factor = (float(a) for a in sys.argv[1:])
for b in range(10 * 288):
    v = 1e6 * (2 + math.sin(b * 2 * math.pi / 288)) * rng.uniform(.9, 1.1)
    if first <= b < last:
        v *= factor
    print(f"{1767571200 + b * 300 + 7},{int(v)}")
PY
}
series_csv() {
	(echo end,srcip,dstip,bytes; sed 's/,/,10.0.0.1,10.0.0.2,/')
}

@test "flowanom: surges and drops of a series are found by Holt-Winters, with the numbers of Python" {
	[ -z "$(season 0 0 1 | series_csv | alerts kind --series bytes)" ]
	for odd in "2300 2340 1.6" "2300 2340 0.4"; do
		# shellcheck disable=SC2086
		season $odd > values
		[ "$(series_csv < values | alerts kind,start --series bytes | cut -c1-26)" = "series,2026-01-12T23:40:00" ]
		flowcat -o csv -k start,end,why found | tail -n +2 | python3 -c '
import csv, datetime, sys
for start, end, why in csv.reader(sys.stdin):
    at = [round(datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp()) for t in (start, end)]
    w = dict(p.split("=") for p in why.split())
    print(*at, w["value"], w["forecast"], w["band"])' > got
		python3 "$REPO/tests/tools/anom_score.py" series 300 86400 < values > want
		[ -s want ]
		diff got want
	done
}

@test "flowanom: a series of sampled records says so" {
	season 2300 2340 1.6 | series_csv | sed 's/$/,100/; 1s/,100$/,sampling/' > sampled.csv
	[ "$(alerts kind,sampling,limits --series bytes < sampled.csv)" = \
		'series,100,"sampled 1 in 100: amounts are estimates, and what is short and small is not seen"' ]
}

@test "flowanom: a series for each value of a field, only one of which is odd" {
	(season 0 0 1 | series_csv; season 2300 2340 0.3 | series_csv | tail -n +2 | sed 's/10.0.0.1/10.0.0.9/') > two.csv
	[ "$(alerts kind,srcip --series bytes --by srcip < two.csv)" = series,10.0.0.9 ]
	[[ $(flowcat -o csv -k reason found) == *"srcip=10.0.0.9: bytes drop to "* ]]
}

@test "flowanom: a series of an address that is allowed is not told" {
	season 2300 2340 0.3 | series_csv > odd.csv
	echo 10.0.0.1 > allowed
	[ "$(alerts kind --series bytes --by srcip < odd.csv)" = series ]
	[ -z "$(alerts kind --series bytes --by srcip -a allowed < odd.csv)" ]
	[ -z "$(alerts kind --series bytes --by srcip/24,proto -a <(echo 10.0.0.0/24) < odd.csv)" ]
	echo 10.0.0.2 > allowed
	[ -z "$(alerts kind --series bytes --by dstip -a allowed < odd.csv)" ]
	[ "$(alerts kind --series bytes --by srcip -a allowed < odd.csv)" = series ]
}

@test "flowanom: records without what a series is of are said to be no series" {
	season 0 0 1 | series_csv | awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "bytes") $i = "packets" } 1' > uncounted.csv
	run -0 --separate-stderr flowanom -i csv --series bytes -o null uncounted.csv
	[ "$stderr" = "flowanom: none of the 2880 records has an end and a value for --series bytes: nothing was looked at" ]
	run -0 --separate-stderr flowanom -q -i csv --series bytes -o null uncounted.csv
	[ -z "$stderr" ]
}

@test "flowanom: a short series says that it is short, and a wrong one what is wrong" {
	season 0 0 1 | head -500 | series_csv > short.csv
	run -0 --separate-stderr flowanom -i csv --series bytes -o csv short.csv
	[ "$stderr" = "flowanom: the input is too short: a series says something after two seasons, 48 hours" ]
	run -2 --separate-stderr flowanom --series nonsense short.csv
	[[ $stderr == "flowanom: "*nonsense* ]]
	run -2 flowanom --series bytes,packets short.csv
	run -2 flowanom --by proto short.csv
	run -2 flowanom --series bytes --state s short.csv
	run -2 flowanom --series bytes --bin 1h --period 2h short.csv
	(season 0 0 1 | series_csv; echo 4000000000,10.0.0.1,10.0.0.2,1) > far.csv
	run -3 --separate-stderr flowanom -i csv --series bytes -o csv far.csv
	[[ $stderr == *"more than 1048576 bins"* ]]
}

@test "flowanom: with a state five minutes at a time find what the whole does" {
	flowgen -q -n 120000 --span 10h --exporters 3 --incident flood -o flow |
		flowfilter 'not (exporter = 10.254.255.2 and end >= 2026-01-05T06:30:00Z and end < 2026-01-05T07:20:00Z)' -w day.flow
	flowanom -q -o csv -k kind,srcip,dstip,start,end day.flow | sort > whole
	[ "$(cut -d, -f1 whole | sort -u | tr '\n' ' ')" = "entropy flood kind silence " ]
	for ((h = 0; h < 10; h++)); do
		for m in 00-30 30-60; do
			until=$((monday + h * 3600 + ${m#*-} * 60))
			flowanom -q --state s -o csv -k kind,srcip,dstip,start -t $((monday + h * 3600 + 10#${m%-*} * 60))..$until day.flow >> parts
		done
	done
	# A silence is told while it lasts, and not again when it is over.
	[ "$(grep -v ^kind parts | cut -d, -f1-3 | sort)" = "$(grep -v ^kind whole | cut -d, -f1-3 | sort)" ]
	[ "$(flowcat -o ndjson s | head -1 | grep -c version)" = 1 ]
}

@test "flowanom: hours and bins that are not over wait in the state" {
	make_flows hours 29 $((28 * 24 + 10)) > month.csv
	flowcat -i csv month.csv -w month.flow
	for day in 0 7 14 21 28; do
		from=$((monday + day * 86400))
		flowanom -q --state s -o csv -k kind,srcip,start -t $from..$((from + 604800)) month.flow >> parts
	done
	[[ $(cat parts) == *surge,10.0.0.5,2026-02-02T10:00:00.000Z* ]]
	[ "$(grep -c 10.0.0.5 parts)" = 1 ]
}

@test "flowanom: a flood is found wherever in its minutes a run ends and the next goes on" {
	flowgen -q -n 20000 --clients 10 --servers 60 --span 6h --incident flood -o flow | flowcat -O end:asc -w day.flow
	flowanom -q -o csv -k kind,dstip,start,end,flows day.flow | grep ^flood > whole
	[[ $(cat whole) == flood,10.255.0.36,2026-01-05T04:48:00.000Z,2026-01-05T04:49:59.999Z,* ]]
	for at in 04:48:10 04:48:30 04:48:50 04:49:30; do
		rm -f s
		for part in "end < 2026-01-05T${at}Z" "end >= 2026-01-05T${at}Z"; do
			flowfilter "$part" day.flow | flowanom -q --state s -o csv -k kind,dstip,start,end,flows
		done | grep ^flood > parts
		cmp parts whole
	done
}

@test "flowanom: what is no state, or of other hours, is refused, and stays" {
	make_flows quiet > quiet.csv
	cp quiet.csv s
	run -3 --separate-stderr flowanom -q -i csv --state s -o csv quiet.csv
	cmp quiet.csv s
	rm s
	run -0 flowanom -q -i csv --state s -o csv quiet.csv
	run -3 --separate-stderr flowanom -q -i csv --state s --tz +02:00 -o csv quiet.csv
	[[ $stderr == "flowanom: s: "*"hours of the week"* ]]
	flowcat -o csv -k all s | sed '2s/^1,/9,/' | flowcat -i csv -w later
	run -3 --separate-stderr flowanom -q -i csv --state later -o csv quiet.csv
	[ "$stderr" = "flowanom: later: of version 9; this program knows 1" ]
	head -c -100 s > cut
	run -3 --separate-stderr flowanom -q -i csv --state cut -o csv quiet.csv
	[[ $stderr == *cut* ]]
}

@test "flowanom: what is too young to be normal is said, unless asked to be quiet" {
	make_flows quiet > quiet.csv
	run -0 --separate-stderr flowanom -i csv -o csv quiet.csv
	[ "$stderr" = "flowanom: 0.2 days are known, 7 are needed to say what is usual: looked for floods, entropy and silence only (-B, --state or more input)" ]
	[ "${#lines[@]}" = 1 ]
	run -0 --separate-stderr flowanom -q -i csv -o csv quiet.csv
	[ -z "$stderr" ]
}

@test "flowanom: input that is not in order of time is told, and times that cannot be are left out" {
	make_flows hours 3 > hours.csv
	(head -1 hours.csv; tail -n +2 hours.csv | sort -r) > back.csv
	run -0 --separate-stderr flowanom -i csv -o csv back.csv
	[[ $stderr == *" came too late for their hour or 5 minutes: input is best in order of time"* ]]
	(head -100 hours.csv; echo 4000000000,4000000000,10.0.0.5,203.0.113.9,1,2,6,2,1,1,192.0.2.1,1,2,1; tail -n +101 hours.csv) > odd.csv
	run -0 --separate-stderr flowanom -v -i csv -o csv odd.csv
	[[ $stderr == *"145 records (1 without addresses or times)"* ]]
	[[ $stderr != *"too late"* ]]
}

@test "flowanom: who scans all our addresses makes no hosts of them" {
	(
		make_flows quiet 2
		for ((k = 0; k < 3000; k++)); do
			echo "$monday,$monday,10.0.0.66,10.9.$((k / 250)).$((k % 250)),40000,445,6,2,1,40,192.0.2.1,1,2,1"
		done
	) > scan.csv
	run -0 --separate-stderr flowanom -v -i csv -o csv scan.csv
	# The network, the exporter, two interfaces, services 80 and 445, the scanner, and the server of `quiet`.
	[[ $stderr == *" 8 tracks, "* ]]
}

@test "flowanom: empty, cut and hopeless input, and a full disk" {
	head -1 < <(make_flows quiet 1) > none.csv
	run -0 --separate-stderr flowanom -i csv -o csv none.csv
	[ "${#lines[@]}" = 1 ]
	[ -z "$stderr" ]
	printf 'a,b\n1,2\n' > other.csv
	run -0 flowanom -q -i csv -o csv other.csv
	flowgen -q -n 100000 --incident flood -w whole.flow
	head -c -100 whole.flow > cut.flow
	run -3 --separate-stderr flowanom -q -o csv -k kind --state s cut.flow
	[[ $stderr == *cut.flow* ]]
	[ ! -e s ]
	run -3 sh -c 'flowanom -q whole.flow > /dev/full'
	run -2 flowanom --internal x whole.flow
}

@test "flowanom: benign captures and labelled scans have no alarm" {
	[ -n "$SHARED" ] && [ -d "$SHARED/labelled" ] || skip "no ../shared/labelled"
	nets=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,147.32.0.0/16
	for name in ctu_20230220_benign ctu_normal40_d1 ctu_normal43_d1 ctu_normal7_p2p ctu_normal_20131021 sdt_nmap; do
		[ -z "$(zstd -dc "$SHARED/labelled/$name.csv.zst" | alerts kind,srcip,dstip --internal $nets)" ]
	done
}

# A flow at each of these times.
at_times() {
	echo end,srcip,dstip,dstport,proto,packets,bytes
	for t; do echo "$t,10.0.0.1,192.0.2.9,443,6,10,5000"; done
}

@test "flowanom: a state is one that the next run takes, wherever the first clock stood" {
	for t in 2105-12-31T00:00:00Z 2106-02-07T06:28:14Z 2106-02-08T00:00:00Z 2200-01-01T00:00:00Z; do
		at_times $t 2026-03-01T10:00:00Z | flowcat -i csv -w odd.flow
		rm -f s
		flowanom -q --state s -o null odd.flow
		run -0 --separate-stderr flowanom -q --state s -o null odd.flow
	done
}

@test "flowanom: a series of more years than times can be apart is too long, not out of memory" {
	at_times 1700-01-01T00:00:00Z 2262-01-01T00:00:00Z | flowcat -i csv -w odd.flow
	run -3 --separate-stderr flowanom --series bytes -o csv odd.flow
	[[ $stderr == "flowanom: more than 1048576 bins from the first record to the last: "* ]]
}
