# flowanom: planted floods, outages, surges, drops and shifts; quiet otherwise; what is too small to be found; its cost.
# shellcheck shell=bash

# SECONDS-FROM WHAT ...: flows of one kind, as csv, of an hour that begins at FROM (since 1970).
anom_plant() {
	python3 - "$@" <<'PY'
import random, sys
start, what = int(sys.argv[1]), sys.argv[2]
rng = random.Random(1)
print("start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes")
if what == "syn":  # RATE a second for two minutes, to a server of ours
    rate = int(sys.argv[3])
    for k in range(rate * 120):
        t = start + k // rate
        src = ".".join(str(rng.randrange(1, 224)) for _ in range(4))
        print(f"{t},{t},{src},10.255.0.36,{rng.randrange(1024, 65536)},80,6,2,1,40")
elif what == "one":  # N flows in ten minutes from one host to one server, from always new ports
    n = int(sys.argv[3])
    for k in range(n):
        t = start + k * 600 // n
        print(f"{t},{t},10.0.9.9,203.0.113.9,{1024 + k * 7 % 60000},8080,6,27,5,1000")
PY
}

# FILE PLANTED-ARGUMENTS: FILE with what was planted, in order.
anom_with() {
	local file=$1

	shift
	anom_plant "$@" | flowcat -i csv -w "$dir/anom-planted.flow"
	flowcat -O end:asc "$file" "$dir/anom-planted.flow" -w "$dir/anom-with.flow"
	echo "$dir/anom-with.flow"
}

anom_floods() {
	local seed file n found=0 others=0 rate

	heading "flowanom: flowgen's flood, at default settings"
	for seed in 1 2 3 4 5; do
		file=$(generated "incident-$seed" --seed $seed -n 200000 --incident all)
		found=$((found + $(flowanom -q "$file" | alerts 'kind = "flood" and dst ip 10.255.0.36 and dst port 80' dstip)))
		others=$((others + $(flowanom -q "$file" | alerts 'kind = "flood" and not dst ip 10.255.0.36' dstip)))
	done
	want "of five seeds" "$found" -eq 5
	want "floods of others" "$others" -eq 0
	heading "flowanom: how small a SYN flood is found, two minutes in a day of 400,000 flows"
	file=$(generated day-400k -n 400000)
	for rate in 5 9 11 20 100; do
		n=$(flowanom -q "$(anom_with "$file" $((1767571200 + 50400)) syn $rate)" | alerts 'kind = "flood"' dstip)
		told "$rate SYN a second: as a flood" "$n"
		if [ $rate -ge 11 ]; then want "  found" "$n" -eq 1; fi
	done
}

anom_silence() {
	local file cut minutes n

	heading "flowanom: an exporter of four that stops, on the third day of 600,000 flows"
	file=$(generated exporters --exporters 4 --span 3d -n 600000)
	for minutes in 5 9 11 30 90; do
		cut=$dir/anom-outage.flow
		flowfilter "not (exporter = 10.254.255.3 and end >= 2026-01-07T10:00:00Z and end < $((1767780000 + minutes * 60)))" \
			"$file" -w "$cut"
		n=$(flowanom -q "$cut" | alerts 'kind = "silence" and src ip 10.254.255.3' srcip)
		told "for $minutes minutes" "$n"
		if [ $minutes -ge 11 ]; then want "  found" "$n" -eq 1; fi
	done
	want "alerts where nobody stops" "$(flowanom -q "$file" | alerts 'has score' kind,srcip)" -eq 0
}

# FACTOR BINS: found of 20 series of ten days with a noise of 10 %, in which bins from 2300 on are FACTOR as much.
anom_series_found() {
	python3 - "$@" <<'PY' | flowcat -i csv -w "$dir/anom-series.flow"
import math, random, sys
factor, bins = float(sys.argv[1]), int(sys.argv[2])
print("end,srcip,dstip,bytes")
rng = random.Random(3)
for b in range(10 * 288):
    for host in range(20):
        v = 1e6 * (2 + math.sin((b + 40 * host) * 2 * math.pi / 288)) * rng.gauss(1, .1)
        v *= factor if 2300 <= b < 2300 + bins else 1
        print(f"{1767571200 + b * 300 + 7},10.0.0.{host},10.1.0.1,{max(0, int(v))}")
PY
	flowanom -q --series bytes --by srcip "$dir/anom-series.flow" |
		alerts 'start >= 2026-01-12T23:00:00Z and start < 2026-01-13T01:00:00Z' srcip
}

anom_series() {
	local factor bins n file

	heading "flowanom --series: of 20 series of ten days (a day's sine, noise of 10 %), those found"
	for factor in 1.2 1.4 1.6 2 0.8 0.6 0.4 0; do
		for bins in 6 12; do
			n=$(anom_series_found $factor $bins)
			told "$factor times for $((bins * 5)) minutes" "$n"
			case $factor/$bins in
			1.6/12 | 2/12 | 0.4/12 | 0/12) want "  found" "$n" -ge 18 ;;
			esac
		done
	done
	want "alarms where nothing is odd" "$(anom_series_found 1 1 > /dev/null
		flowanom -q --series bytes --by srcip "$dir/anom-series.flow" | alerts 'has score' srcip,start)" -le 1
	file=$(generated month --span 30d --clients 1000 -n 6000000)
	told "in a clean month of flowgen's: flows, bytes, packets by proto" "$(for v in flows bytes packets; do
		flowanom -q --series $v --by proto "$file" | alerts 'has score' start,why
	done | tr '\n' ' ')"
}

anom_entropy() {
	local file n share

	heading "flowanom: ten minutes in which one host has this share of the flows, all to one server"
	file=$(generated day-400k -n 400000)
	for n in 100 300 600 1200 2500 5000; do
		share=$((n * 100 / (n + 4200)))
		told "$n flows, $share %" \
			"$(flowanom -q "$(anom_with "$file" $((1767571200 + 50400)) one $n)" | alerts 'kind = "entropy" and src ip 10.0.9.9' srcip)"
	done
	want "5000 flows" "$(flowanom -q "$dir/anom-with.flow" | alerts 'kind = "entropy" and src ip 10.0.9.9' srcip)" -eq 1
	want "in the day as it is" "$(flowanom -q "$file" | alerts 'has score' kind,start)" -eq 0
}

# FILE: flows of season.py as a flow file, in order, of a hundred times the octets.
anom_hundred() {
	awk -F, 'BEGIN { OFS = "," } NR > 1 { $NF = sprintf("%.0f", $NF * 100) } { print }' |
		flowcat -i csv -O end:asc -w "$1"
}

# FACTOR: found of the hours planted by season.py --uploads FACTOR (octets 100 times as many), and other surges.
anom_surges() {
	local season=$here/../tools/season.py factor

	heading "flowanom: an hour of a host with so many times its usual (season.py, 40 hosts, 8 weeks known)"
	python3 "$season" --days 56 | anom_hundred "$dir/anom-past.flow"
	flowbase learn -w "$dir/anom.base" "$dir/anom-past.flow"
	for factor in 5 10 20 50; do
		python3 "$season" --days 14 --from 56 --uploads $factor 2> "$dir/anom.planted" | anom_hundred "$dir/anom-up.flow"
		told "$factor times: found of 1000, other alerts a day" "$(flowanom -q -B "$dir/anom.base" "$dir/anom-up.flow" |
			flowfilter 'kind = "surge" and has srcip' | flowcat -o csv -k srcip,start,end | python3 -c '
import csv, datetime, sys
hour = lambda t: int(datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp() // 3600)
got = [{(r["srcip"], h) for h in range(hour(r["start"]), hour(r["end"]) + 1)} for r in csv.DictReader(sys.stdin)]
planted = {(ip, int(h)) for ip, h in (line.split() for line in open(sys.argv[1]))}
hit = set().union(*got) & planted if got else set()
print(round(1000 * len(hit) / len(planted)), round(sum(not g & planted for g in got) / 14, 2))' "$dir/anom.planted")"
	done
}

anom_quiet() {
	local name file

	heading "flowanom: alerts in benign captures"
	for name in $benign; do
		file=$(labelled "$name") || break
		want "$name" "$(flowanom --internal "$internal" -q "$file" | alerts 'has score' kind,srcip,dstip,start)" -eq 0
	done
	heading "flowanom: alerts in clean months of 1,000 hosts, 6 M flows"
	file=$(generated month --span 30d --clients 1000 -n 6000000)
	want "with its own earlier weeks" "$(flowanom -q "$file" | alerts 'has score' srcip,kind,start,reason)" -le 30
	flowbase learn -w "$dir/month.base" "$file"
	file=$(generated next --span 30d --clients 1000 -n 6000000 --start 2026-02-04T00:00:00Z)
	want "the next, with the first as baseline" \
		"$(flowanom -q -B "$dir/month.base" "$file" | alerts 'has score' srcip,kind,start,reason)" -le 30
}

anom_cost() {
	local file

	heading "flowanom: cost, one thread"
	file=$(generated ten --seed 1 -n 10000000)
	cost "10 M flows of 2,000 hosts in a day" 10000000 flowanom -q -j 1 -o null "$file"
	cost "the same as --series bytes" 10000000 flowanom -q -j 1 --series bytes -o null "$file"
	file=$(generated ten-6 --seed 2 -n 10000000 --ipv6 20% --clients 100000 --span 1h --incident all)
	cost "10 M flows of 100,000 hosts in an hour, 20% IPv6, incidents" 10000000 flowanom -q -j 1 -o null "$file"
}

detect_anom() {
	anom_floods
	anom_silence
	anom_series
	anom_entropy
	anom_surges
	anom_quiet
	anom_cost
}
