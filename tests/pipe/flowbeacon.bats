# flowbeacon in pipes: its scores against the same formulas in Python on real captures, planted and quiet traffic.
# shellcheck shell=bash disable=SC2154

load ../helper

# NAME [N]: a labelled capture as csv, or thinned to one packet in N.
capture() {
	[ -e "${SHARED:-/none}/labelled/$1.csv.zst" ] || skip "no ../shared/labelled"
	command -v zstd > /dev/null || skip "no zstd command"
	zstd -dc "$SHARED/labelled/$1.csv.zst" | if [ $# -gt 1 ]; then python3 "$REPO/tests/tools/thin.py" "$2"; else cat; fi
}

@test "flowbeacon: every pair of real captures has the score that the formula gives in Python" {
	local name method

	for name in ctu_20230220_benign ctu_normal40_d1 sdt_njrat westermo_bottom; do
		capture $name > $name.csv
		"$TOOLS/conversations" $name.csv > $name.conversations
		for method in fb rita; do
			flowbeacon -q --method $method --starts 1M --score 0 -o csv -N -k kind,score,srcip,dstip,dstport,proto,why \
				$name.csv > $name.$method
			run -0 python3 "$REPO/tests/tools/beacon_score.py" check $method $name.csv $name.conversations $name.$method
			[[ $output == *" pairs, 0 differ" ]]
			[[ $output != "0 pairs"* ]]
		done
	done
}

@test "flowbeacon: RITA's own beacon has RITA's own score" {
	capture rita_missing_host > rita.csv
	flowbeacon -q --method rita -o csv -N -k srcip,dstip,score,why rita.csv | grep '^73.54.23.243,64.225.56.201,' > got
	[[ $(cat got) == 73.54.23.243,64.225.56.201,0.963,*" n=331 "* ]]
	flowbeacon -q -o csv -N -k srcip,dstport,reason rita.csv | grep '^73.54.23.243,' > got
	[[ $(cat got) == '73.54.23.243,80,"every 4m33s ± 38.5s, 24 of 24 hours, same size"' ]]
}

@test "flowbeacon: a sampled beacon is still one at one packet in ten, and says what it is" {
	capture rita_missing_host 10 > thin.csv
	flowbeacon -q -o csv -k srcip,sampling,limits thin.csv | grep '^73.54.23.243,10,"sampled 1 in 10: ' > got
	[ -s got ]
}

@test "flowbeacon: planted beacons are found with who and where, and nothing else is" {
	local seed told

	for seed in 1 2 3; do
		flowgen -n 100000 --seed $seed --incident all -v -w day.flow 2> told
		told=$(sed -n 's/.*beacon srcip=\([^ ]*\) dstip=\([^ ]*\) dstport=\([^ ]*\).*/\1,\2,\3/p' told)
		[ "$(flowbeacon day.flow | flowfilter 'kind = "beacon"' | flowcat -o csv -k srcip,dstip,dstport | tail -n +2)" = "$told" ]
	done
}

@test "flowbeacon: ordinary traffic is quiet" {
	flowgen -n 400000 --clients 1000 --span 4d -w days.flow
	[ -z "$(flowbeacon days.flow | flowcat -o csv | tail -n +2)" ]
	[ -z "$(flowcat days.flow | flowbeacon | flowcat -o csv | tail -n +2)" ]
}

@test "flowbeacon: alerts go through pipes like any record" {
	flowgen -n 50000 --incident beacon -w day.flow
	flowbeacon day.flow | flowfilter 'score > 0.8 and severity >= high and dst port 443' | flowagg -k detector,kind -v flows |
		flowcat -o csv -k detector,kind > got
	[ "$(tail -n 1 got)" = beacon,beacon ]
	flowbeacon -w alerts.flow day.flow
	flowcat --check alerts.flow
}

@test "flowbeacon: the order of files and threads is no matter" {
	flowgen -n 60000 --incident beacon -w day.flow
	flowcat -t ..2026-01-05T12:00:00 -w a.flow day.flow
	flowcat -t 2026-01-05T12:00:00.. -w b.flow day.flow
	flowbeacon -q -j 1 -o csv -k srcip,dstip,kind a.flow b.flow > forth
	flowbeacon -q -j 4 -o csv -k srcip,dstip,kind b.flow a.flow > back
	[ "$(wc -l < forth)" -eq 2 ]
	cmp forth back
}
