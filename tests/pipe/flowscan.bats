# flowscan in pipes: on labelled captures, on planted incidents, and what its alerts are good for downstream.
# shellcheck shell=bash disable=SC2154

load ../helper

ours=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,147.32.0.0/16,198.18.0.0/15,fe80::/10,fc00::/7

# In the test itself: skip ends no test from within a pipeline.
need_captures() {
	[ -n "$SHARED" ] && [ -e "$SHARED/labelled" ] || skip "no ../shared/labelled"
	command -v zstd > /dev/null || skip "no zstd command"
}

# NAME [N]: a labelled capture as it is, or thinned to one packet in N.
capture() {
	zstd -dc "$SHARED/labelled/$1.csv.zst" | if [ $# -gt 1 ]; then python3 "$REPO/tests/tools/thin.py" "$2"; else cat; fi
}

# Sources that are accused, with how.
accused() {
	flowscan -i csv --internal "$ours" -o csv -k srcip,kind | tail -n +2
}

@test "flowscan: every labelled scan is found" {
	need_captures
	capture sdt_nmap | accused > got
	[ "$(cat got)" = 172.16.1.11,block ]
	capture slips_scan_horizontal | accused > got
	[ "$(cat got)" = 10.0.2.112,horizontal ]
	capture slips_scan_vertical | accused > got
	[ "$(cat got)" = 192.168.1.9,vertical ]
	capture ctu_normal40_d1 | accused > got
	grep -qx 104.156.155.13,vertical got
	grep -qx 104.152.52.193,vertical got
	grep -qx ,probed got
}

@test "flowscan: no internal source is accused in the benign captures, sampled or not" {
	local name

	need_captures
	for name in ctu_20230220_benign ctu_normal7_p2p ctu_normal_20131021 ctu_normal43_d1; do
		capture "$name" > whole.csv
		accused < whole.csv > got
		capture "$name" 10 | accused >> got
		capture "$name" 100 | accused >> got
		run grep -E '^(10|192\.168|147\.32)\.' got
		[ -z "$output" ]
	done
	[ -s got ] # those from outside are there
}

@test "flowscan: a scan of two thousand probes is found in one packet of ten" {
	need_captures
	capture sdt_nmap 10 | accused > got
	[ "$(cat got)" = 172.16.1.11,vertical ]
}

@test "flowscan: planted scans and floods are found, ordinary traffic is quiet" {
	local seed source

	for seed in 1 2 3; do
		flowgen --seed $seed -n 100000 --incident all -v -w day.flow 2> planted
		source=$(sed -n 's/.*incident: scan srcip=\([^ ]*\).*/\1/p' planted)
		flowscan -o csv -k kind,srcip,dstip,dstport day.flow | tail -n +2 > got
		[ "$(cat got)" = "$(printf 'horizontal,%s,,445\nflood,,10.255.0.36,80' "$source")" ]
	done
	[ "$(flowgen --span 7d -n 300000 --ipv6 20% --clients 1000 | flowscan -o csv | wc -l)" -eq 1 ]
}

@test "flowscan: scores are what the manual's formula makes of the numbers in why" {
	flowgen -n 100000 --incident all -w day.flow
	flowscan -o csv -k score,why day.flow > alerts.csv
	if [ -n "$SHARED" ] && [ -e "$SHARED/labelled" ] && command -v zstd > /dev/null; then
		for name in ctu_normal40_d1 sdt_nmap slips_scan_horizontal; do
			capture $name | flowscan -i csv --internal "$ours" -o csv -k score,why | tail -n +2
		done >> alerts.csv
	fi
	read -r n wrong < <(python3 "$REPO/tests/tools/scan_score.py" < alerts.csv)
	[ "$n" -ge 2 ]
	[ "$wrong" -eq 0 ]
}

@test "flowscan: alerts are records: filtered, aggregated, printed and read again" {
	flowgen -n 100000 --incident all | flowscan > alerts.flow
	[ "$(flowfilter 'score > 0.8 and severity = critical' alerts.flow | flowcat -o ndjson | grep -c '"kind":"horizontal"')" -eq 1 ]
	[ "$(flowagg -k detector,kind -v count -o csv alerts.flow | grep -c '^scan,')" -eq 2 ]
	flowcat -o csv alerts.flow > once.csv
	flowcat once.csv | flowcat -o csv | cmp - once.csv
	flowcat -o table alerts.flow | grep -q 'tried tcp port 445 of 2000 hosts in 10m00s, all in vain$'
}

@test "flowscan: the manual's example is what is printed" {
	flowgen -n 100000 --incident all -w day.flow
	flowscan -o table day.flow > got
	sed -n '/^\$ flowscan -o table day.flow$/,/^\.Ed$/p' "$REPO/man/flowscan.1" | sed '1d;$d' | diff - got
	flowscan -n 1 -o csv -k why day.flow > got
	sed -n '/^\$ flowscan -n 1 -o csv -k why day.flow$/,/^\.Ed$/p' "$REPO/man/flowscan.1" | sed '1d;$d' | diff - got
}

@test "flowscan: a flood from a million invented sources is bounded, told, and hides no scan" {
	awk 'BEGIN {
		print "start_ms,end_ms,srcip,dstip,srcport,dstport,proto,tcpflags,packets,bytes"
		for (i = 0; i < 1100000; i++) {
			t = 1767571200000 + int(i / 20)
			printf "%d,%d,%d.%d.%d.7,10.0.0.%d,1024,%d,6,2,1,40\n", t, t, 20 + i % 200, int(i / 200) % 250,
				int(i / 50000), i % 200 + 1, i % 999 + 1
			if (i % 5000 == 0)
				printf "%d,%d,10.9.9.9,10.1.%d.1,40000,22,6,2,1,40\n", t, t, i / 5000
		}
	}' > flood.csv
	run --separate-stderr flowscan -i csv -o csv -k kind,srcip,dstport flood.csv
	[ "${lines[1]}" = horizontal,10.9.9.9,22 ]
	[[ $stderr == "flowscan: "*" sources with little against them were forgotten for want of room" ]]
}
