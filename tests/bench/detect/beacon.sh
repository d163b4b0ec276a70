# flowbeacon: scores computed again, recall and false alerts of both methods, chance, jitter, quiet days, cost.
# shellcheck shell=bash disable=SC2154 # detect.sh's variables

beacon_columns=kind,score,srcip,dstip,dstport,proto,why

# As tests/tools/beacon_score.py has them: the emulated attacker of one capture has a private address.
beacon_networks() {
	case $1 in
	apt29_day1) echo 10.0.0.0/8 ;;
	*) echo 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10 ;;
	esac
}

beacon_labelled() {
	local file name method differ=0 pairs=0 last work score

	[ -d "$shared/labelled" ] || { echo "  skipped: no ../shared/labelled" >&2; return 0; }
	heading "flowbeacon: labelled captures, each pair's score beside the same formula in Python"
	work=$(mktemp -d)
	for file in "$shared"/labelled/*.csv.zst; do
		name=$(basename "$file" .csv.zst)
		zstd -qdc "$file" > "$work/$name.csv"
		"$FLOWKIT_TOOLS/conversations" "$work/$name.csv" > "$work/$name.conversations"
		for method in fb rita; do
			flowbeacon -q --method $method --starts 1M --score 0 --internal "$(beacon_networks "$name")" \
				-o csv -N -k $beacon_columns "$work/$name.csv" > "$work/$name.$method"
			last=$(python3 "$here/../tools/beacon_score.py" check $method "$work/$name".{csv,conversations,$method} |
				tail -n 1)
			differ=$((differ + $(cut -d ' ' -f 3 <<< "${last:-0 pairs, 1 differ}")))
			pairs=$((pairs + $(cut -d ' ' -f 1 <<< "${last:-0}")))
		done
	done
	told "pairs, by both methods" "$pairs"
	want "of these with another score, to 3 decimals" "$differ" -eq 0
	score=$(grep '^beacon,[^,]*,73.54.23.243,64.225.56.201,' "$work/rita_missing_host.rita" | cut -d, -f2)
	want "RITA's golden pair, n=331, thousandths of its score" "$(grep -q '73.54.23.243.*n=331' "$work/rita_missing_host.rita" &&
		python3 -c "print(round($score * 1000))")" -eq 963
	heading "flowbeacon: recall of 5 beacons, false alerts in benign captures"
	python3 "$here/../tools/beacon_score.py" rate "$work" | tee "$work/rates" | sed 's/^/  /'
	want "AUC of fb, thousandths" "$(awk '$1 == "fb" { print int($3 * 1000) }' "$work/rates")" -ge 977
	rm -rf "$work"
}

beacon_chance() {
	heading "flowbeacon: chance, 10,000 pairs for each number of starts in a day"
	local out

	out=$("${FLOWKIT_TOOLS%/tools}/unit/test_periodicity" 10000)
	sed -n 's/^\(not \)*ok [0-9]* - chance: \(10000\)/  \1\2/p' <<< "$out"
	want "checks of it that failed" "$(grep -c '^not ok' <<< "$out")" -eq 0
}

# RECORDS OPTION... SEED: is the planted beacon found?
beacon_found() {
	local n=$1 pair

	shift
	set -- "${@:1:$#-1}" --seed "${!#}" -n "$n"
	pair=$(planted beacon srcip "$@"),$(planted beacon dstip "$@")
	flowgen "$@" --incident beacon -q | flowbeacon -q -n 1 -o csv -k srcip,dstip | grep -qx "$pair"
}

beacon_jitter() {
	local jitter at=()

	heading "flowbeacon: a beacon whose waits vary, of 20 seeds found in percent: a day every minute, 10 minutes and hour; a week every hour"
	for jitter in 0 10 20 30 40 50 60 70 80 90 100; do
		at=("$(recall beacon_found 120000 --jitter $jitter%)" "$(recall beacon_found 10000 --jitter $jitter% --period 10m)"
			"$(recall beacon_found 10000 --jitter $jitter% --period 1h)"
			"$(recall beacon_found 20000 --jitter $jitter% --period 1h --span 7d)")
		printf '  %3d%%  %6s %6s %6s %6s\n' $jitter "${at[@]}"
		[ $jitter -ne 30 ] || set -- "${at[@]}"
	done
	want "jitter of 30%, every minute" "$1" -eq 100
	want "jitter of 30%, every hour of a week" "$4" -ge 95
}

beacon_planted() {
	local seed file found=0

	heading "flowbeacon: flowgen's beacons, and its ordinary traffic"
	for seed in 1 2 3 4 5; do
		file=$(generated "incident-$seed" --seed $seed -n 200000 --incident all)
		found=$((found + $(flowbeacon -q "$file" | alerts 'kind = "beacon" and dst port 443' srcip)))
	done
	want "beacons of five seeds" "$found" -eq 5
	file=$(generated month --span 30d --clients 1000 -n 6000000)
	want "alerts in a month of 1,000 hosts, 6 M flows" "$(flowbeacon -q "$file" | alerts 'has score' srcip,dstip,kind)" -le 30
}

beacon_cost() {
	local file

	heading "flowbeacon: cost, one thread"
	file=$(generated ten --seed 1 -n 10000000)
	cost "10 M flows of 2,000 hosts in a day, a file" 10000000 flowbeacon -j 1 -q -o null "$file"
	cost "the same, only once" 10000000 sh -c "flowbeacon -j 1 -q -o null < '$file'"
	file=$(generated ten-7 --seed 1 -n 10000000 --clients 10000)
	cost "10 M flows of 10,000 hosts in a day" 10000000 flowbeacon -j 1 -q -o null "$file"
}

detect_beacon() {
	beacon_labelled
	beacon_chance
	beacon_planted
	beacon_jitter
	beacon_cost
}
