# flowscan: labelled scans found, nobody else accused, sampled or not; planted ones; quiet otherwise; its cost.
# shellcheck shell=bash

# FILE SOURCE: is there a scan from this source?
scan_found() {
	flowscan --internal "$internal" -q "$1" | alerts "src ip $2 and kind in [\"horizontal\" \"vertical\" \"block\" \"slow\"]" srcip
}

# FILE: sources of ours that are accused.
scan_accused() {
	flowscan --internal "$internal" -q "$1" | alerts "src ip in $ours" srcip
}

scan_labelled() {
	local name source what file n all=0

	heading "flowscan: labelled scans"
	while read -r name source what; do
		file=$(labelled "$name") || return 0
		want "$name: $source, $what" "$(scan_found "$file" "$source")" -ge 1
	done <<-'END'
	sdt_nmap 172.16.1.11 nmap of a network
	slips_scan_horizontal 10.0.2.112 one port, 10 of 25 fail
	slips_scan_vertical 192.168.1.9 42 ports
	westermo_bottom 198.18.134.99 half open, without ports
	ctu_normal40_d1 104.156.155.13 816 ports from outside
	ctu_normal40_d1 104.152.52.193 27 UDP ports from outside
	ctu_normal43_d1 104.156.155.13 800 ports from outside
	ctu_normal43_d1 104.152.52.193 24 UDP ports from outside
	END
	for name in ctu_normal40_d1 ctu_normal43_d1; do
		n=$(flowscan --internal "$internal" -q "$(labelled "$name")" | alerts 'kind = "probed"' dstip)
		want "$name: the host that 1500 sources probed" "$n" -eq 1
	done

	heading "flowscan: internal sources accused in benign captures"
	for name in $benign; do
		n=$(scan_accused "$(labelled "$name")")
		told "$name" "$n"
		all=$((all + n))
	done
	want "all of them" "$all" -le 1
	for interval in 10 100; do
		all=0
		for name in $benign; do
			all=$((all + $(scan_accused "$(labelled "$name" $interval)")))
		done
		want "thinned to one packet in $interval" "$all" -eq 0
	done

	heading "flowscan: what sampling hides (found of the labelled scanners above)"
	for interval in 10 100; do
		n=0
		n=$((n + ($(scan_found "$(labelled sdt_nmap $interval)" 172.16.1.11) > 0)))
		n=$((n + ($(scan_found "$(labelled slips_scan_horizontal $interval)" 10.0.2.112) > 0)))
		n=$((n + ($(scan_found "$(labelled slips_scan_vertical $interval)" 192.168.1.9) > 0)))
		n=$((n + ($(scan_found "$(labelled ctu_normal40_d1 $interval)" 104.156.155.13) > 0)))
		n=$((n + ($(scan_found "$(labelled ctu_normal43_d1 $interval)" 104.156.155.13) > 0)))
		told "one packet in $interval" "$n of 5"
	done
}

scan_planted() {
	local seed found=0 file source

	heading "flowscan: flowgen's scans and floods, and its ordinary traffic"
	for seed in 1 2 3 4 5; do
		file=$(generated "incident-$seed" --seed $seed -n 200000 --incident all)
		source=$(flowgen --seed $seed -n 200000 --incident all -v -o null 2>&1 | sed -n 's/.*incident: scan srcip=\([^ ]*\).*/\1/p')
		found=$((found + $(scan_found "$file" "$source")))
		found=$((found + $(flowscan "$file" | alerts 'kind = "flood" and dst port 80' dstip)))
	done
	want "scans and floods of five seeds" "$found" -eq 10
	file=$(generated month --span 30d --clients 1000 -n 6000000)
	want "alerts in a month of 1,000 hosts, 6 M flows" "$(flowscan "$file" | alerts 'has score' srcip,dstip,kind)" -le 30
}

# KIND COLUMN OPTION... SEED: is what was planted found?
scan_blind() {
	local kind=$1 column=$2 key=srcip who

	[ "$kind" != thin-flood ] || key=dstip
	shift 2
	set -- "${@:1:$#-1}" --seed "${!#}" --clients 400
	who=$(planted "$kind" $key "$@")
	flowgen "$@" --incident "$kind" -q | flowscan -q -o csv -k "$column" | grep -qx "$who"
}

scan_blind_spots() {
	local probes answered sources got

	heading "flowscan: probes a day of one port, refused: found in percent of 20 seeds, in a day and in a week"
	for probes in 1 2 4 6 7 8 9 10 12 24; do
		printf '  %3d  %5s %5s\n' $probes "$(recall scan_blind slow-scan srcip --probes $probes -n 20000)" \
			"$(recall scan_blind slow-scan srcip --probes $probes -n 60000 --span 7d)"
	done
	heading "flowscan: share of probes that are answered: the same, of 24, 48 and 240 probes a day, in a day"
	for answered in 0 10 20 30 40 50 60 70 80; do
		printf '  %3d%%  %5s %5s %5s\n' $answered "$(recall scan_blind slow-scan srcip --probes 24 --answered $answered% -n 20000)" \
			"$(recall scan_blind slow-scan srcip --probes 48 --answered $answered% -n 20000)" \
			"$(recall scan_blind slow-scan srcip --probes 240 --answered $answered% -n 20000)"
	done
	got=$(recall scan_blind slow-scan srcip --probes 48 --answered 30% -n 20000)
	want "48 probes, of which 30% are answered" "$got" -ge 90
	heading "flowscan: invented sources a minute, for ten minutes: found in percent of 20 seeds"
	for sources in 100 300 500 580 600 620 700 1000; do
		printf '  %4d  %5s\n' $sources "$(recall scan_blind thin-flood dstip --sources $sources -n 120000)"
	done
}

scan_cost() {
	local file

	heading "flowscan: cost, one thread"
	file=$(generated ten --seed 1 -n 10000000)
	cost "10 M flows of 2,000 hosts in a day" 10000000 flowscan -j 1 -o null "$file"
	file=$(generated ten-6 --seed 2 -n 10000000 --ipv6 20% --clients 100000 --span 1h --incident all)
	cost "10 M flows of 100,000 hosts in an hour, 20% IPv6, incidents" 10000000 flowscan -j 1 -q -o null "$file"
}

detect_scan() {
	scan_labelled
	scan_planted
	scan_blind_spots
	scan_cost
}
