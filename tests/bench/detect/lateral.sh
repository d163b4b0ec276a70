# flowlateral: the labelled intruder and planted ones found, benign captures and ordinary months quiet; its cost.
# shellcheck shell=bash

lateral_labelled() {
	local file name all=0 n

	heading "flowlateral: labelled captures, without a baseline"
	file=$(labelled apt29_day1) || return 0
	want "apt29_day1: ports of 10.0.1.4 to 10.0.1.6 (WinRM, SMB, RPC)" \
		"$(flowlateral --internal "$internal" -q "$file" | flowfilter 'src ip 10.0.1.4 and dst ip 10.0.1.6' |
			flowcat -o csv -k why | sed -n 's/.* ports=\([0-9]*\).*/\1/p')" -eq 3
	want "apt29_day1: other alerts" "$(flowlateral --internal "$internal" -q "$file" |
		alerts 'not (src ip 10.0.1.4 and dst ip 10.0.1.6)' srcip,dstip,dstport)" -eq 0
	for name in $benign; do
		n=$(flowlateral --internal "$internal" -q "$(labelled "$name")" | alerts 'has score' srcip,dstip,dstport)
		told "$name" "$n"
		all=$((all + n))
	done
	want "alerts in benign captures" "$all" -eq 0
	all=0
	for name in $benign; do
		all=$((all + $(flowlateral --internal "$internal" --score 0.05 -q "$(labelled "$name")" |
			alerts 'has score' srcip,dstip,dstport)))
	done
	told "new edges in them, with --score 0.05" "$all"
}

# OPTION...: a kind and how many of its attacks are found, a line each; then alerts that are about no attack.
lateral_score() {
	flowlateral -q "$@" "$dir/office-attacks.flow" | flowcat -o csv -k srcip,start,end | python3 -c '
import collections, csv, datetime, sys
at = lambda t: datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp()
alerts = [(r["srcip"], at(r["start"]), at(r["end"])) for r in csv.DictReader(sys.stdin)]
found, about = collections.Counter(), set()
for line in open(sys.argv[1]):
    kind, src, start, end = line.split()
    hits = {a for a in alerts if a[0] == src and a[1] <= float(end) + 3 and a[2] >= float(start) - 3}
    found[kind] += bool(hits)
    about |= hits
for kind in sorted(found):
    print(kind, found[kind])
print("others", len(alerts) - len(about))' "$dir/office.planted"
}

lateral_count() {
	sed -n "s/^$2 //p" <<< "$1"
}

lateral_office() {
	local office=$here/../tools/office.py score kind

	heading "flowlateral: an office of 200 PCs, 28 days learned, 20 attacks of each kind in the next 28"
	python3 "$office" --days 28 | flowcat -i csv | flowbase learn -w "$dir/office.base"
	python3 "$office" --from 28 --days 28 | flowcat -i csv -w "$dir/office-quiet.flow"
	python3 "$office" --from 28 --days 28 --attacks 20 2> "$dir/office.planted" | flowcat -i csv -w "$dir/office-attacks.flow"
	want "alerts in 28 quiet days" \
		"$(flowlateral -q -B "$dir/office.base" "$dir/office-quiet.flow" | alerts 'has score' srcip,dstip,kind,start)" -le 4
	told "the same without a baseline" \
		"$(flowlateral -q "$dir/office-quiet.flow" | alerts 'has score' srcip,dstip,kind,start)"
	score=$(lateral_score -B "$dir/office.base")
	for kind in single tools fan path home; do
		want "$kind: found of 20" "$(lateral_count "$score" $kind)" -ge 18
	done
	# Five come to the same server: it looks like a new one.
	want "server: found of 20" "$(lateral_count "$score" server)" -ge 12
	for kind in known share udp closed; do
		told "$kind: found of 20 (a blind spot)" "$(lateral_count "$score" $kind)"
	done
	want "alerts about none of them" "$(lateral_count "$score" others)" -le 4
	score=$(lateral_score)
	told "without a baseline: found of single, path, about none" \
		"$(lateral_count "$score" single) $(lateral_count "$score" path) $(lateral_count "$score" others)"
}

lateral_planted() {
	local seed file source found=0

	heading "flowlateral: flowgen's lateral movement, and its ordinary traffic"
	for seed in 1 2 3 4 5; do
		file=$(generated "incident-$seed" --seed $seed -n 200000 --incident all)
		source=$(flowgen --seed $seed -n 200000 --incident all -v -o null 2>&1 |
			sed -n 's/.*incident: lateral srcip=\([^ ]*\).*/\1/p')
		found=$((found + $(flowlateral "$file" | alerts "src ip $source" srcip)))
	done
	want "of five seeds" "$found" -eq 5
	file=$(generated month --span 30d --clients 1000 -n 6000000)
	want "alerts in a month of 1,000 hosts, 6 M flows" \
		"$(flowlateral "$file" | alerts 'has score' srcip,dstip,kind,start)" -le 30
	flowbase learn -w "$dir/month.base" "$file"
	file=$(generated next --span 30d --clients 1000 -n 6000000 --start 2026-02-04T00:00:00Z)
	want "alerts in the next, with the first as baseline" \
		"$(flowlateral -B "$dir/month.base" "$file" | alerts 'has score' srcip,dstip,kind,start)" -le 30
}

lateral_cost() {
	local file

	heading "flowlateral: cost, one thread"
	file=$(generated ten --seed 1 -n 10000000)
	cost "10 M flows of 2,000 hosts in a day" 10000000 flowlateral -j 1 -o null "$file"
	file=$(generated ten-6 --seed 2 -n 10000000 --ipv6 20% --clients 100000 --span 1h --incident all)
	cost "10 M flows of 100,000 hosts in an hour, 20% IPv6, incidents" 10000000 flowlateral -j 1 -q -o null "$file"
	flowfilter 'src net 10.0.0.0/8 and dst net 10.0.0.0/8 and proto 6' "$file" -w "$dir/inside.flow"
	cost "only its TCP inside" "$(flowcat -o csv -k bytes "$dir/inside.flow" | tail -n +2 | wc -l)" \
		flowlateral -j 1 -q -o null "$dir/inside.flow"
}

detect_lateral() {
	lateral_labelled
	lateral_office
	lateral_planted
	lateral_cost
}
