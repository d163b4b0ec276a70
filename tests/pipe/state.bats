# Detectors that go on from run to run: a day in 288 pieces beside the whole of it, and runs that are killed.
# shellcheck shell=bash disable=SC2154

load ../helper

# A day of an office with a bit of everything wrong, as day.csv, and pieces/0 ... by the five minutes in which records end.
day() {
	flowgen -n 60000 --clients 60 --seed 5 --incident beacon,exfiltration,drip,surplus --period 10m --jitter 20% \
		--hourly 500K -o csv -k start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes > day.csv
	mkdir pieces
	awk -F, 'NR == 1 { head = $0; next } {
		m = substr($2, 12, 2) * 60 + substr($2, 15, 2)
		file = sprintf("pieces/%03d", substr($2, 9, 2) == "05" ? m / 5 : 288)
		if (!(file in seen)) { print head > file; seen[file] }
		print > file
	}' day.csv
	[ "$(find pieces -type f | wc -l)" -ge 288 ]
}

# DETECTOR FIELDS: what all the runs together told.
in_pieces() {
	local detector=$1 fields=$2 piece

	shift 2
	for piece in pieces/*; do
		"$detector" -i csv -q --state "$detector.state" -o csv -N -k "$fields" "$@" "$piece" | tail -n +2
	done
}

@test "state: flowexfil in 288 runs tells what one run over the day does, a few times, bigger each time" {
	day
	in_pieces flowexfil kind,srcip,dstip,dstport,bytes --least 1M > told
	flowexfil -i csv -q --least 1M -o csv -N -k kind,srcip,dstip,dstport,bytes day.csv | tail -n +2 > whole
	[ "$(wc -l < whole)" -ge 2 ]
	diff <(cut -d, -f 1-4 told | sort -u) <(cut -d, -f 1-4 whole | sort -u)
	awk -F, '{ k = $1 $2 $3 $4; if (k in last && $5 < 4 * last[k]) exit 1; last[k] = $5 }' told
}

@test "state: flowbeacon in 288 runs tells what one run over the day does" {
	day
	in_pieces flowbeacon kind,srcip,dstip,dstport > told
	flowbeacon -i csv -q -o csv -N -k kind,srcip,dstip,dstport day.csv | tail -n +2 > whole
	[ "$(wc -l < whole)" -ge 2 ]
	diff <(sort -u told) <(sort -u whole)
	[ "$(wc -l < told)" -le $((3 * $(wc -l < whole))) ]
}

@test "state: a run that is killed leaves the state that it found, whole, and the next goes on" {
	local detector pid piece

	day
	mkfifo pipe
	for detector in flowbeacon flowexfil flowscan; do
		for piece in pieces/04?; do
			"$detector" -i csv -q --state x.state -o null "$piece"
		done
		cp x.state before
		"$detector" -i csv -q --state x.state -o null < pipe 3>&- &
		pid=$!
		{ cat pieces/050; kill -9 $pid; } > pipe
		wait $pid || true
		cmp before x.state
		"$detector" -i csv -q --state x.state -o null pieces/050
		run ! cmp -s before x.state
		[ -z "$(find . -name '.*state*' -o -name '*.incomplete')" ]
		rm x.state
	done
}
