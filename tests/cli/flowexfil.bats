# flowexfil: what is an upload and what is none, habits, channels, sampling, bounds of what it says.
# shellcheck shell=bash disable=SC2016,SC2154

load ../helper

monday=1767571200 # 2026-01-05T00:00:00Z

header() {
	echo start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,sampling
}

# A conversation as two records: START_S CLIENT SERVER SPORT PROTO OUT IN [PACKETS [SAMPLING]].
talk() {
	local flags=0

	[ "$5" != 6 ] || flags=27
	printf '%s,%s,%s,%s,40000,%s,%s,%s,%s,%s,%s\n' "$1" $(($1 + 9)) "$2" "$3" "$4" "$5" $flags "${8-100}" "$6" "${9-1}"
	printf '%s,%s,%s,%s,%s,40000,%s,%s,%s,%s,%s\n' "$1" $(($1 + 9)) "$3" "$2" "$4" "$5" $flags "${8-100}" "$7" "${9-1}"
}

# The alerts on flows from standard input, FIELDS of them.
alerts() {
	local fields=$1

	shift
	flowexfil -i csv "$@" -o flow > found || return
	flowcat -o csv -k "$fields" found | tail -n +2
}

# Four weeks of habits: 2 to 3 MB in each working hour from 9 to 16, to one destination; another host whispers always.
weeks() {
	local d h

	header
	for ((d = 0; d < 28; d++)); do
		((d % 7 < 5)) || continue
		for ((h = 9; h < 17; h++)); do
			talk $((monday + d * 86400 + h * 3600)) 10.0.0.5 203.0.113.9 443 6 $((2000000 + (d * 7 + h * 3) % 11 * 100000)) 4000000
		done
		for ((h = 0; h < 24; h++)); do
			talk $((monday + d * 86400 + h * 3600)) 10.0.0.6 203.0.113.9 443 6 1000 2000
		done
	done
}

@test "flowexfil: 5 MB out and little back is an upload, less or as much back is none" {
	[ "$( (header; talk $monday 10.0.0.5 203.0.113.9 443 6 5000000 100000) | alerts kind,srcip,dstip,dstport,proto,bytes,rbytes,attack)" = \
		'destination,10.0.0.5,203.0.113.9,443,6,5000000,100000,"T1567,T1041"' ]
	for other in "4999999 0" "5000000 720000" "9000000 90000000"; do
		# shellcheck disable=SC2086
		[ -z "$( (header; talk $monday 10.0.0.5 203.0.113.9 443 6 $other) | alerts kind)" ]
	done
	[ "$( (header; talk $monday 10.0.0.5 203.0.113.9 443 6 3000 1700) | alerts kind --least 3K --pcr 0.2)" = destination ]
}

@test "flowexfil: what adds up to more than 64 bits, or is multiplied to it, is no less" {
	local half=9223372036854775808

	(header; talk $monday 10.0.0.5 203.0.113.9 22 6 $half 9; talk $((monday + 600)) 10.0.0.5 203.0.113.9 22 6 $half 9) > sum.csv
	(header; talk $monday 10.0.0.5 203.0.113.9 22 6 $half 9 100 2) > sampled.csv
	for f in sum sampled; do
		[[ "$(alerts kind,why < $f.csv)" == "destination,out=18446744073709551615 in="*volume,out=* ]]
	done
}

@test "flowexfil: records that say they stand for no flow add up like others, and leave a state that can be read" {
	(header; for h in 1 2 3 4 5 6; do talk $((monday + h * 3600)) 10.0.0.5 203.0.113.9 22 6 1000000 1000; done) |
		sed 's/$/,0/; 1s/,0$/,flows/' > none.csv
	[ "$(alerts kind,bytes,flows --state s < none.csv)" = destination,6000000,12 ]
	[ -z "$(alerts kind --state s < none.csv)" ]
}

@test "flowexfil: what many flows add up to counts, in a window" {
	(header; for h in 1 2 3 4 5 6; do talk $((monday + h * 3600)) 10.0.0.5 203.0.113.9 22 6 1000000 1000; done) > slow.csv
	[ "$(alerts kind,flows,attack < slow.csv)" = destination,12,T1048 ]
	[ -z "$(alerts kind --window 2h < slow.csv)" ]
	[ "$(alerts flows --window 5h --least 4M < slow.csv)" = 10 ]
}

@test "flowexfil: answers of a server of ours and traffic inside are no upload" {
	(
		header
		talk $monday 203.0.113.9 10.0.0.5 443 6 1000 90000000
		talk $monday 10.0.0.5 10.0.0.9 445 6 90000000 1000
		talk $monday 203.0.113.9 198.51.100.4 443 6 90000000 1000
		echo "$monday,$monday,10.0.0.5,239.1.1.1,5000,5000,17,0,900,90000000,1"
	) > flows.csv
	[ -z "$(alerts kind < flows.csv)" ]
	# Of both ports nothing is known: the flags say who began.
	echo "$monday,$monday,203.0.113.9,10.0.0.5,50000,50001,6,2,9,900,1" > syn
	echo "$monday,$monday,10.0.0.5,203.0.113.9,50001,50000,6,18,9,9000000,1" > answer
	[ -z "$( (header; cat syn answer) | alerts kind)" ]
}

@test "flowexfil: biflows are read as they are" {
	printf 'start,end,srcip,dstip,srcport,dstport,proto,packets,bytes,rpackets,rbytes\n%s,%s,10.0.0.5,203.0.113.9,4000,443,6,9,9000000,9,100\n%s,%s,203.0.113.9,10.0.0.7,4000,443,6,9,100,9,9000000\n' \
		$monday $monday $monday $monday > bi.csv
	[ "$(alerts srcip,bytes,rbytes < bi.csv)" = 10.0.0.5,9000000,100 ]
}

@test "flowexfil: our networks and what is allowed are said by options" {
	(header; talk $monday 192.0.2.5 203.0.113.9 443 6 9000000 1) > up.csv
	[ -z "$(alerts kind < up.csv)" ]
	[ "$(alerts srcip --internal 192.0.2.0/24 < up.csv)" = 192.0.2.5 ]
	echo "203.0.113.0/24:443 # conferences" > allow
	[ -z "$(alerts srcip --internal 192.0.2.0/24 -a allow < up.csv)" ]
	echo "203.0.113.0/24:80" > allow
	[ -n "$(alerts srcip --internal 192.0.2.0/24 -a allow < up.csv)" ]
	echo "192.0.2.5" > allow
	[ -z "$(alerts srcip --internal 192.0.2.0/24 -a allow < up.csv)" ]
}

@test "flowexfil: a destination in the baseline is silent, one that is new says how new" {
	weeks | flowbase learn -i csv -w b
	(
		header
		talk $((monday + 28 * 86400)) 10.0.0.6 203.0.113.9 443 6 9000000 1000
		talk $((monday + 28 * 86400)) 10.0.0.6 203.0.113.77 443 6 9000000 1000
		talk $((monday + 28 * 86400)) 10.0.0.6 198.51.100.7 8443 6 9000000 1000
		talk $((monday + 28 * 86400)) 10.0.0.99 198.51.100.7 8443 6 9000000 1000
	) > day.csv
	alerts srcip,dstip,why -B b < day.csv | grep pcr > out
	[ "$(cut -d, -f1,2 out)" = "10.0.0.6,198.51.100.7
10.0.0.6,203.0.113.77
10.0.0.99,198.51.100.7" ]
	[[ $(sed -n 1p out) == *"new=1 prefix_known=0 host_young=0"* ]]
	[[ $(sed -n 2p out) == *"new=0.7 prefix_known=1"* ]]
	[[ $(sed -n 3p out) == *"new=0.5 prefix_known=0 host_young=1"* ]]
	[ "$(alerts limits < day.csv | sort -u)" = "no baseline: every destination counts as new" ]
	[ -z "$(alerts limits -B b < day.csv | tr -d '\n"')" ]
}

@test "flowexfil: more than a host's habit at that hour is strange, to whatever destination" {
	weeks | flowbase learn -i csv -w b
	(header; talk $((monday + 28 * 86400 + 36000)) 10.0.0.5 203.0.113.9 443 6 30000000 1000) > ten.csv
	[ "$(alerts kind,srcip,dstip,bytes,start,end -B b < ten.csv)" = \
		volume,10.0.0.5,,30000000,2026-02-02T10:00:00.000Z,2026-02-02T10:59:59.999Z ]
	# Packets of an hour are not known: they are missing, not none.
	[ "$(alerts flows,packets,bytes,rpackets,rbytes -B b < ten.csv)" = 0,,30000000,,1000 ]
	# The same at its usual size, twice as much, or on an hour that has never seen any, below the floor.
	(header; talk $((monday + 28 * 86400 + 36000)) 10.0.0.5 203.0.113.9 443 6 5000000 1000) > usual.csv
	[ -z "$(alerts kind -B b < usual.csv)" ]
	(header; talk $((monday + 28 * 86400 + 3600)) 10.0.0.5 203.0.113.9 443 6 4000000 1000) > night.csv
	[ -z "$(alerts kind -B b < night.csv)" ]
	[ "$(alerts kind -B b --floor 4M < night.csv)" = volume ]
	# And without a baseline only beyond the ceiling.
	[ -z "$(alerts kind --least 1G < ten.csv)" ]
	[ "$(alerts kind --least 1G --ceiling 30M < ten.csv)" = volume ]
}

@test "flowexfil: strange hours of a host close to each other are one alert" {
	weeks | flowbase learn -i csv -w b
	(header; for h in 9 10 12 16; do talk $((monday + 28 * 86400 + h * 3600)) 10.0.0.5 203.0.113.9 443 6 ${h}0000000 1000; done) > day.csv
	[ "$(alerts start,bytes,reason -B b < day.csv | sort | cut -c1-90)" = \
		"2026-02-02T09:00:00.000Z,310000000,120.0MB sent out in an hour, usually 2.4MB at this time
2026-02-02T16:00:00.000Z,160000000,160.0MB sent out in an hour, usually 2.4MB at this time" ] || {
		alerts start,bytes,reason -B b < day.csv
		[ "$(alerts bytes -B b < day.csv | sort)" = "160000000
310000000" ]
	}
}

@test "flowexfil: queries that are too long and too many are a channel, a resolver's are not" {
	(header; talk $monday 10.0.0.5 10.0.0.53 53 17 1500000 2000000 8000) > tunnel.csv
	[ "$(alerts kind,srcip,dstip,attack < tunnel.csv)" = 'dns,10.0.0.5,10.0.0.53,"T1048.003,T1071.004"' ]
	(header; talk $monday 10.0.0.5 10.0.0.53 53 17 1500000 2000000 20000) > queries.csv
	[ -z "$(alerts kind < queries.csv)" ]
	# More than 110 octets on average, and half of what came back.
	[ -z "$( (header; talk $monday 10.0.0.5 10.0.0.53 53 17 1100000 2000000 10000) | alerts kind)" ]
	[ "$( (header; talk $monday 10.0.0.5 10.0.0.53 53 17 1100001 2200002 10000) | alerts kind)" = dns ]
	[ -z "$( (header; talk $monday 10.0.0.5 10.0.0.53 53 17 1100001 2200003 10000) | alerts kind)" ]
	(cat tunnel.csv; talk $monday 10.0.0.53 198.51.100.1 53 17 1500000 2000000 8000 | sed 's/40000/40001/') > resolver.csv
	[ "$(alerts kind,srcip < resolver.csv)" = dns,10.0.0.5 ]
}

@test "flowexfil: large pings are a channel, many small ones are not" {
	(header; talk $monday 10.0.0.5 198.51.100.1 0 1 900000 900000 900) > large.csv
	[ "$(alerts kind,srcip,dstip,dstport,proto < large.csv)" = icmp,10.0.0.5,198.51.100.1,,1 ]
	(header; talk $monday 10.0.0.5 198.51.100.1 0 1 900000 900000 10700) > small.csv
	[ -z "$(alerts kind < small.csv)" ]
	[ -z "$( (header; talk $monday 10.0.0.5 198.51.100.1 0 1 640000 640000 5000) | alerts kind)" ]
	[ "$( (header; talk $monday 10.0.0.5 198.51.100.1 0 1 640001 640000 5000) | alerts kind)" = icmp ]
	(header; talk $monday 10.0.0.5 10.0.0.1 0 1 900000 900000 900) > inside.csv
	[ -z "$(alerts kind < inside.csv)" ]
}

@test "flowexfil: sampled volumes are multiplied, and the alert says that they are estimates" {
	(header; talk $monday 10.0.0.5 203.0.113.9 443 6 60000 100 40 100) > sampled.csv
	[ "$(alerts bytes,sampling,limits < sampled.csv)" = \
		'60000,100,"no baseline: every destination counts as new; sampled 1 in 100: volumes are estimates, and small uploads are not seen"' ]
	[[ $(alerts why < sampled.csv) == "out=6000000 in=10000 "*" sampling=100 "* ]]
	weeks | flowbase learn -i csv -w b
	run -3 --separate-stderr flowexfil -i csv -B b sampled.csv
	[[ $stderr == "flowexfil: b was learned from every packet, these flows are of 1 in 100 packets" ]]
}

@test "flowexfil: an hour is of the octets that there were, whatever another exporter samples" {
	(header; talk $monday 10.0.0.5 203.0.113.9 22 6 150000000 140000000
		talk $monday 10.0.0.6 203.0.113.9 22 6 130000000 120000000 100 100) > mixed.csv
	[ "$(alerts srcip,sampling,bytes,rbytes,reason < mixed.csv)" = \
		"10.0.0.6,100,130000000,120000000,13.0GB sent out in an hour" ]
	[[ $(alerts limits < mixed.csv) == *"sampled 1 in 100 (and less): volumes are estimates"* ]]
	[[ $(alerts why < mixed.csv) == "out=13000000000 in=12000000000 sampling=100 "* ]]
	# So it is from run to run.
	head -n 3 mixed.csv | alerts srcip --state s
	[ "$( (header; tail -n 2 mixed.csv) | alerts srcip --state s)" = 10.0.0.6 ]
	# A habit is of octets as they were counted.
	sampled() { sed '1!s/1$/100/'; }
	weeks | sampled | flowbase learn -i csv -w b
	(header; talk $((monday + 28 * 86400 + 36000)) 10.0.0.5 203.0.113.9 443 6 300000000 9000000) | sampled > day.csv
	[[ $(alerts why -B b < day.csv) == *"out=30000000000 in=900000000 sampling=100 "* ]]
	python3 - "$(alerts why -B b < day.csv)" <<-'END'
	import math, sys
	why = dict(w.split("=") for w in sys.argv[1].split())
	x = math.log10(1 + float(why["out"]) / float(why["sampling"]) / 256)
	z = (x - float(why["usual"])) / max(0.15, 1.4826 * float(why["spread"]))
	assert abs(z - float(why["z"])) < 1e-3, (z, why)
	END
}

@test "flowexfil: records that count no octets have no uploads, which is said" {
	(header; talk $monday 10.0.0.5 203.0.113.9 443 6 9000000 100) | cut -d, -f 1-9 > uncounted.csv
	run -0 --separate-stderr flowexfil -i csv -o null uncounted.csv
	[ "$stderr" = "flowexfil: none of the 2 records counts octets: no upload can be seen" ]
}

@test "flowexfil: of records without ports an alert has none" {
	(header; talk $monday 10.0.0.5 203.0.113.9 443 6 6000000 1000) | cut -d, -f1-4,7- > portless.csv
	[ "$(alerts dstip,dstport,kind < portless.csv)" = 203.0.113.9,,destination ]
}

@test "flowexfil: the planted upload is the first of the alerts, and clean traffic has none" {
	flowgen -n 100000 --clients 200 --incident exfiltration -v -w bad.flow 2> where
	flowgen -n 100000 --clients 200 -w clean.flow
	src=$(sed -n 's/.*srcip=\([^ ]*\).*/\1/p' where) dst=$(sed -n 's/.*dstip=\([^ ]*\).*/\1/p' where)
	[ "$(flowexfil bad.flow -n 1 | flowcat -o csv -k srcip,dstip,severity | tail -n 1)" = "$src,$dst,3" ]
	[ "$(flowexfil clean.flow | flowcat -o csv -k kind | wc -l)" = 1 ]
}

@test "flowexfil: the floor is lower for a host that usually sends at that hour, in proportion" {
	# 10.0.0.7 sends 250 kB every hour of a working day, 10.0.0.6 a hundredth of the floor's fiftieth
	(weeks; for ((d = 0; d < 28; d++)); do
		((d % 7 < 5)) || continue
		for ((h = 0; h < 24; h++)); do
			talk $((monday + d * 86400 + h * 3600)) 10.0.0.7 203.0.113.9 443 6 250000 500000
		done
	done) > weeks.csv
	flowbase learn -i csv -w normal.base weeks.csv
	next=$((monday + 28 * 86400 + 10 * 3600))
	# its floor is 5M * 100K / 250K = 2M, in steps of the baseline's octets (4.5 %)
	for hour in "10.0.0.7 1900000" "10.0.0.6 4990000"; do
		# shellcheck disable=SC2086
		[ -z "$( (header; set -- $hour; talk $next $1 203.0.113.9 443 6 $2 1000) | alerts kind -B normal.base)" ]
	done
	for hour in "10.0.0.7 2100000" "10.0.0.6 5000000"; do
		# shellcheck disable=SC2086
		[ "$( (header; set -- $hour; talk $next $1 203.0.113.9 443 6 $2 1000) | alerts kind -B normal.base)" = volume ]
	done
	[ -z "$( (header; talk $next 10.0.0.7 203.0.113.9 443 6 2100000 1000) | alerts kind -B normal.base --floor 6M)" ]
}

@test "flowexfil: scores, z and what is usual are what an independent reading of the manual makes of them" {
	command -v python3 > /dev/null || skip "no python3"
	weeks | flowbase learn -i csv -w b
	(
		header
		talk $((monday + 28 * 86400 + 36000)) 10.0.0.5 203.0.113.9 443 6 23000000 1000
		talk $((monday + 29 * 86400 + 32400)) 10.0.0.5 203.0.113.9 443 6 17000000 1000
		talk $((monday + 29 * 86400)) 10.0.0.5 198.51.100.9 443 6 77000000 9000000
	) > day.csv
	alerts why -B b < day.csv > /dev/null
	flowcat -o ndjson -k start,kind,score,why,bytes found > found.json
	flowfilter 'profile = "host" and ip 10.0.0.5' b | flowcat -o ndjson -k hourly > host.json
	flowfilter 'profile = "network"' b | flowcat -o ndjson -k hourly > network.json
	python3 - <<'EOF'
import datetime, json, math, statistics
B, S = 48, 8
hex_of = lambda f: bytes.fromhex(json.load(open(f))["hourly"].removeprefix("0x"))
host, network = hex_of("host.json"), hex_of("network.json")
def values(day, hour):
    """Codes of this hour of the week on its last 8 days, less `day` itself."""
    day, hour = day + hour // 24, hour % 24
    weekday = (day + 3) % 7
    off = weekday > 4
    bucket = (24 if off else 0) + hour
    got = []
    latest = 1767571200 // 86400 + 25                # the last day with flows, a Friday
    d, n = latest, 0
    while n < S:
        if ((d + 3) % 7 > 4) == off:
            week, w = divmod(d + 3, 7)
            number = week * 2 + w - 5 if off else week * 5 + w
            at = bucket * S + number % S
            n += 1
            if network[4 * B * S + at]:              # something was learned in it
                got.append(host[at] * math.log10(2) / 8)
        d -= 1
    return got
cut = lambda v: max(0, min(1, v))
size = lambda octets, least: cut(.5 + math.log10(octets / least) / 4)
n = 0
for line in open("found.json"):
    a = json.loads(line)
    why = {k: float(v) for k, v in (w.split("=") for w in a["why"].split())}
    if a["kind"] == "volume":
        t = datetime.datetime.fromisoformat(a["start"].replace("Z", "+00:00")).timestamp()
        day, hour = int(t // 86400), int(t % 86400 // 3600)
        near = [v for k in (-1, 0, 1) for v in values(day, hour + k)]
        far = []
        for k in range(-3, 4):
            v = values(day, hour + k)
            if len(v) > 1:
                far += [abs(x - statistics.median(v)) / math.sqrt(1 - 1 / len(v)) for x in v]
        usual, spread = statistics.median(near), statistics.median(far)
        z = min(100, (math.log10(1 + why["out"] / 256) - usual) / max(.15, 1.4826 * spread))
        assert abs(usual - why["usual"]) < 1e-4 and abs(spread - why["spread"]) < 1e-4, (usual, spread, why)
        assert abs(z - why["z"]) < 1e-3 and len(near) == why["samples"], (z, why)
        score = .45 * size(why["out"], 5e6) + .4 * cut(z / 12) + .05 * min(3, why["hours"])
    else:
        pcr = (why["out"] - why["in"]) / (why["out"] + why["in"])
        score = .45 * size(why["out"], 5e6) + .2 * pcr + .35 * (1 if not why["prefix_known"] else .7) * (1 - cut(why["prevalence"] / .5))
    assert abs(cut(score) - a["score"]) < 1e-3, (a, score)
    n += 1
assert n == 4, (n, open("found.json").read())
EOF
}

@test "flowexfil: bad options, bad baselines and cut input are told" {
	for o in "--least x" "--pcr 2" "--floor -1" "--z -3" "--window 0s" "--internal x"; do
		# shellcheck disable=SC2086
		run -2 flowexfil $o < /dev/null
	done
	header > none.csv
	run -3 --separate-stderr flowexfil -i csv -B none.csv none.csv
	[[ $stderr == "flowexfil: none.csv: "* ]]
	run -0 --separate-stderr flowexfil -i csv -o csv none.csv
	[ "${#lines[@]}" = 1 ]
	[ -z "$stderr" ]
	flowgen -n 100000 --incident exfiltration -w whole.flow
	head -c -100 whole.flow > cut.flow
	run -3 --separate-stderr flowexfil -o csv -k kind cut.flow
	[[ $stderr == *cut.flow* ]]
	run -3 sh -c 'flowexfil whole.flow > /dev/full'
}

@test "flowexfil: a young baseline is told, and says nothing of volumes" {
	(header; talk $monday 10.0.0.5 203.0.113.9 443 6 1000 1000) | flowbase learn -i csv -w young
	(header; talk $((monday + 86400)) 10.0.0.5 203.0.113.9 443 6 90000000 1000) > up.csv
	run -0 --separate-stderr flowexfil -i csv -B young -o csv -k kind up.csv
	[ "$stderr" = "flowexfil: young: knows less than 7 days: what is new to it says little, and no volume is unusual" ]
	[ "$output" = kind ]
	(header; talk $((monday + 86400)) 10.0.0.5 198.51.100.1 443 6 90000000 1000) > new.csv
	[[ $(alerts kind,why -q -B young < new.csv) == destination,*"new=0.5 prefix_known=0 host_young=1"* ]]
}

@test "flowexfil: benign captures have no alarm, but for a speed test where that is asked for" {
	[ -n "$SHARED" ] && [ -d "$SHARED/labelled" ] || skip "no ../shared/labelled"
	nets=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,147.32.0.0/16
	for name in ctu_20230220_benign ctu_normal40_d1 ctu_normal43_d1 ctu_normal7_p2p ctu_normal_20131021; do
		zstd -dc "$SHARED/labelled/$name.csv.zst" > capture.csv
		[ -z "$(alerts kind,srcip,dstip --internal $nets < capture.csv)" ]
		alerts srcip,dstip,dstport --internal $nets --pcr 0.5 < capture.csv >> half
	done
	[ "$(cat half)" = 192.168.1.109,217.75.208.140,8080 ]
}

@test "flowexfil: a window of centuries is refused" {
	run -2 --separate-stderr flowexfil --window 400d
	[[ $stderr == "flowexfil: --window: at most 366d"* ]]
}

@test "flowexfil: a state adds up what runs saw, tells it again at four times as much, and forgets what a window is over" {
	local out=()

	# 3 MB an hour: 5 MB at the second, four times as much as the 6 at the eighth, a new window a day later
	for hour in 0 1 2 3 4 5 6 7 8 24 25; do
		out+=("$hour:$( (header; talk $((monday + hour * 3600)) 10.0.0.5 203.0.113.9 443 6 3000000 1000) |
			alerts bytes --state x.state)")
	done
	[ "${out[*]}" = "0: 1:6000000 2: 3: 4: 5: 6: 7:24000000 8: 24: 25:6000000" ]
	# nothing is left of it another day later
	(header; talk $((monday + 3 * 86400)) 10.0.0.6 203.0.113.9 443 6 30 10) | alerts kind --state x.state
	[ "$(flowcat -o ndjson x.state | grep -c '"srcip":"10.0.0.5"')" -eq 0 ]
}

@test "flowexfil: a state goes on after weeks without input, and after a record from the future or from long ago" {
	local i out=() month=$((monday + 30 * 86400)) future=2082758400 # 2036-01-01

	(header; for i in {1..30}; do talk $monday 10.0.1.$i 203.0.113.9 443 6 30 10; done) | alerts kind --state x.state
	# 3 MB in each piece of a quarter of an hour, less hosts than there were before
	for i in {0..8}; do
		out+=("$i:$( (
			header
			talk $((month + i * 900)) 10.0.0.5 203.0.113.9 443 6 3000000 1000
			talk $((month + i * 900)) 10.0.0.6 203.0.113.9 443 6 30 10
			[ $i != 2 ] || talk $future 10.0.0.7 203.0.113.9 443 6 30 10
		) | alerts bytes --state x.state)")
	done
	[ "${out[*]}" = "0: 1:6000000 2: 3: 4: 5: 6: 7:24000000 8:" ]
	(header; talk $monday 10.0.0.7 203.0.113.9 443 6 30 10) | alerts kind --state x.state
	[ "$(flowcat -o ndjson x.state | grep -c '"out":27000000')" -ge 1 ]
}

@test "flowexfil: a state knows the strange hours of a host: one alert as they go on" {
	weeks > weeks.csv
	flowbase learn -i csv -w normal.base weeks.csv
	next=$((monday + 28 * 86400 + 10 * 3600))
	for minute in 0 5 10 15 60 65 120; do
		(header; talk $((next + minute * 60)) 10.0.0.5 203.0.113.9 443 6 20000000 1000) |
			alerts kind,start,bytes -B normal.base --state x.state
	done > told
	[ "$(cat told)" = $'volume,2026-02-02T10:00:00.000Z,20000000\nvolume,2026-02-02T10:00:00.000Z,80000000' ]
	# a far clock of one record is not the input's: what was told stays told
	(header; talk 4000000000 10.0.0.7 203.0.113.9 443 6 20 10; talk $((next + 7300)) 10.0.0.5 203.0.113.9 443 6 2000000 1000) |
		alerts kind -B normal.base --state x.state > told
	[ ! -s told ]
	[ "$(flowcat -o ndjson x.state | grep -c '"srcip":"10.0.0.7"')" -eq 0 ]
	[ "$(flowcat -o ndjson x.state | grep -c '"state":4')" -ge 3 ]
}

@test "flowexfil: a state that is none, cut, of another version, window or network is refused and left alone" {
	flowgen -n 1000 -w day.flow
	cp day.flow other.state
	run -3 --separate-stderr flowexfil --state other.state -o csv day.flow
	[[ $stderr == "flowexfil: other.state: no state of flowexfil" ]]
	cmp day.flow other.state
	flowscan --state other.state -q day.flow -o null 2> /dev/null || rm other.state
	flowscan --state other.state -q day.flow -o null
	run -3 --separate-stderr flowexfil --state other.state -o csv day.flow
	[[ $stderr == "flowexfil: other.state: no state of flowexfil" ]]
	flowexfil --state x.state -o null day.flow
	cp x.state before
	run -3 --separate-stderr flowexfil --state x.state --window 1h -o csv day.flow
	[[ $stderr == "flowexfil: x.state: made with --window 86400s, not 3600s" ]]
	run -3 --separate-stderr flowexfil --state x.state --internal 10.0.0.0/8 -o csv day.flow
	[[ $stderr == "flowexfil: x.state: made with another --internal" ]]
	head -c -1 x.state > cut.state
	run -3 --separate-stderr flowexfil --state cut.state -o csv day.flow
	[[ $stderr == *"cut.state: no whole state of flowexfil; remove it to begin anew" ]]
	cat x.state x.state > twice.state
	run -3 --separate-stderr flowexfil --state twice.state -o csv day.flow
	[[ $stderr == "flowexfil: twice.state: no state of flowexfil" ]]
	# in every place one octet is another: it is refused, or it was of no matter
	for at in 100 1000 3000 5000; do
		python3 -c 'import sys; d = bytearray(open("x.state", "rb").read()); d[int(sys.argv[1])] ^= 64; open("bad.state", "wb").write(d)' $at
		run flowexfil --state bad.state -o null day.flow
		[ "$status" -eq 3 ] || [ "$status" -eq 0 ]
	done
	cmp x.state before
}

@test "flowexfil: the state stays as it was when input is incomplete or alerts cannot be written" {
	(header; talk $monday 10.0.0.5 203.0.113.9 443 6 9000000 1000) | flowcat -i csv -w day.flow
	head -c -1 day.flow > cut.flow
	run -3 flowexfil --state x.state -o csv cut.flow
	[ ! -e x.state ]
	run -3 bash -c 'flowexfil --state x.state -o csv day.flow > /dev/full'
	[ ! -e x.state ]
	flowexfil --state x.state -o null day.flow
	cp x.state before
	run -3 bash -c 'flowexfil --state x.state -o csv day.flow > /dev/full'
	cmp before x.state
	run -3 --separate-stderr flowexfil --state /nonexistent/x.state -o null day.flow
	[[ $stderr == *"/nonexistent/x.state"* ]]
}

@test "flowexfil: more destinations than there is room for, with any --least" {
	awk 'BEGIN {
		print "end,srcip,dstip,dstport,proto,packets,bytes"
		for (i = 0; i < 1050000; i++)
			printf "2026-01-05T10:00:00Z,10.0.0.%d,20.%d.%d.1,443,6,1,5\n", i % 32, i / 8192, i / 32 % 256
	}' | flowcat -i csv -w many.flow
	for least in 0 10; do
		run -0 --separate-stderr timeout 60 flowexfil --least $least -o null many.flow
		echo "$stderr"
	done
	[[ $stderr == "flowexfil: "*" destinations with little sent to them and 0 hours were forgotten for want of room" ]]
}
