# flowgen: the same records every time, as many and of the kind that was asked for.
# shellcheck shell=bash

load ../helper

gen() {
	flowgen --no-history "$@"
}

# Records of csv input that an awk condition over named columns selects.
count_csv() { # CONDITION
	awk -F , 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { if ('"$1"') n++ } END { print n + 0 }'
}

@test "flowgen: two runs give the same octets, another seed other ones" {
	gen -n 5000 --incident all --ipv6 20% > a.flow
	gen -n 5000 --incident all --ipv6 20% > b.flow
	cmp a.flow b.flow
	gen -n 5000 --incident all --ipv6 20% --seed 2 > c.flow
	run ! cmp -s a.flow c.flow
}

@test "flowgen: the first records are those that every machine must give" {
	gen -n 4 -o csv -k start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes > got.csv
	diff "$DATA/flowgen.csv" got.csv
}

@test "flowgen: -n is the number of records, incidents included" {
	for n in 0 1 7 65536 70001; do
		[ "$(gen -n $n --incident all --ipv6 0.3 -o csv | count_csv 1)" -eq $n ]
	done
}

@test "flowgen: the share of IPv6 is about what was asked for" {
	got=$(gen -n 20000 --ipv6 20% -o csv | count_csv '$(at["srcip"]) ~ /:/')
	[ "$got" -gt 3500 ]
	[ "$got" -lt 4500 ]
	[ "$(gen -n 2000 --ipv6 1 -o csv | count_csv '$(at["srcip"]) ~ /:/')" -eq 2000 ]
	[ "$(gen -n 2000 -o csv | count_csv '$(at["srcip"]) ~ /:/')" -eq 0 ]
}

@test "flowgen: packets agree with octets, start comes before end, all is within the span" {
	gen -n 30000 --ipv6 20% --incident all --span 2h --start 2026-03-01T00:00:00Z -o csv > all.csv
	[ "$(count_csv '$(at["packets"]) < 1 || $(at["bytes"]) / $(at["packets"]) > 1500 ||
		$(at["bytes"]) / $(at["packets"]) < 28' < all.csv)" -eq 0 ]
	[ "$(count_csv '$(at["end"]) < $(at["start"])' < all.csv)" -eq 0 ]
	[ "$(count_csv '$(at["end"]) < "2026-03-01T00:00:00" || $(at["end"]) > "2026-03-01T02:00:02"' < all.csv)" -eq 0 ]
}

@test "flowgen: traffic beyond what times can say is refused, and before 1970 it is received after it ended" {
	for start in 2262-04-11T23:00:00Z 2262-04-11 1677-09-21T01:12:43Z; do
		run -2 --separate-stderr flowgen --start $start
		[[ $stderr == "flowgen: --start, --span: traffic may be from 1677-09-21T01:12:44Z to 2262-04-11T22:47:16Z"* ]]
	done
	run -2 flowgen --start 2026-01-05 --span 106751d
	for start in 1960-01-01 1969-12-31T12:00:00Z 1677-09-21T01:12:45Z 2262-04-10T22:47:16Z; do
		flowgen -n 2000 --incident all --start $start -w all.flow
		run -1 flowfilter -q 'start > end or received < end or received - end > 172800' all.flow
	done
}

@test "flowgen: nearly half of the conversations are https, a fifth is dns" {
	gen -n 20000 -o csv > all.csv
	https=$(count_csv '$(at["srcport"]) == 443 || $(at["dstport"]) == 443' < all.csv)
	dns=$(count_csv '$(at["srcport"]) == 53 || $(at["dstport"]) == 53' < all.csv)
	[ "$https" -gt 8000 ]
	[ "$https" -lt 10000 ]
	[ "$dns" -gt 4000 ] && [ "$dns" -lt 5500 ]
}

# The value of a key in what -v says of an incident.
told() { # KIND KEY
	sed -n "s/^flowgen: incident: $1 .*\b$2=\([^ :]*\).*/\1/p" told.txt
}

@test "flowgen: incidents are where -v says they are" {
	gen -n 40000 --incident all -v -o csv 2> told.txt > all.csv
	[ "$(wc -l < told.txt)" -eq 5 ]

	src=$(told beacon srcip) dst=$(told beacon dstip)
	[ "$(count_csv '$(at["srcip"]) == "'"$src"'" && $(at["dstip"]) == "'"$dst"'"' < all.csv)" -eq "$(told beacon events)" ]
	src=$(told scan srcip)
	got=$(count_csv '$(at["srcip"]) == "'"$src"'" && $(at["dstport"]) == 445 && $(at["flags"]) == 2' < all.csv)
	[ "$got" -ge "$(told scan events)" ]
	src=$(told exfiltration srcip) dst=$(told exfiltration dstip)
	[ "$(count_csv '$(at["srcip"]) == "'"$src"'" && $(at["dstip"]) == "'"$dst"'" && $(at["bytes"]) > 15e6' < all.csv)" -eq 36 ]
	src=$(told lateral srcip)
	got=$(count_csv '$(at["srcip"]) == "'"$src"'" && $(at["dstport"]) == 5985' < all.csv)
	[ "$got" -eq $(($(told lateral events) / 4)) ]
	dst=$(told flood dstip)
	got=$(count_csv '$(at["dstip"]) == "'"$dst"'" && $(at["dstport"]) == 80 && $(at["flags"]) == 2' < all.csv)
	[ "$got" -ge "$(told flood events)" ]
}

@test "flowgen: a jittered beacon waits as long as was asked for, more or less, and records are as many as ever" {
	gen -n 40000 --incident beacon --period 5m --jitter 40% -v -o csv 2> told.txt > all.csv
	[ "$(wc -l < all.csv)" -eq 40001 ]
	src=$(told beacon srcip) dst=$(told beacon dstip)
	awk -F, -v src="$src" -v dst="$dst" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["srcip"] == src && $at["dstip"] == dst { print $at["end"] }' all.csv > ends
	[ "$(wc -l < ends)" -eq "$(told beacon events)" ]
	python3 - <<'EOF'
from datetime import datetime
ends = [datetime.fromisoformat(line.strip().rstrip("Z")).timestamp() for line in open("ends")]
waits = [b - a for a, b in zip(ends, ends[1:])]
assert 240 < len(waits) < 340 and min(waits) >= 180 and max(waits) <= 420, (len(waits), min(waits), max(waits))
assert min(waits) < 200 and max(waits) > 400 and abs(sum(waits) / len(waits) - 300) < 15
EOF
	grep -q " end=$(tail -n 1 ends) " told.txt
	run -2 --separate-stderr flowgen --jitter 2
	[[ $stderr == "flowgen: --jitter '2': a share from 0 to 1, or 0% to 100%"* ]]
	run -2 --separate-stderr flowgen --period 8d
	[[ $stderr == "flowgen: --period '8d': a duration from 1s to 7d, as 10m"* ]]
}

@test "flowgen: hidden incidents are as dense as was asked for, and all has none of them" {
	gen -n 60000 --incident hidden --probes 96 --answered 25% --hourly 300K --sources 50 -v -o csv 2> told.txt > all.csv
	[ "$(wc -l < all.csv)" -eq 60001 ]
	[ "$(wc -l < told.txt)" -eq 5 ]

	src=$(told slow-scan srcip)
	probes='$(at["srcip"]) == "'$src'" && $(at["dstport"]) == 445 && $(at["dstip"]) !~ /^10[.]255/'
	[ "$(count_csv "$probes" < all.csv)" -eq 96 ]
	refused=$(count_csv "$probes"' && $(at["flags"]) == 2' < all.csv)
	[ "$refused" -gt 60 ]
	[ "$refused" -lt 84 ]
	[ "$(count_csv '$(at["dstip"]) == "'"$src"'" && $(at["srcport"]) == 445 && $(at["flags"]) == 20' < all.csv)" -eq "$refused" ]

	for kind in drip surplus; do
		src=$(told $kind srcip) dst=$(told $kind dstip)
		[ "$(count_csv '$(at["srcip"]) == "'"$src"'" && $(at["dstip"]) == "'"$dst"'" && $(at["bytes"]) == 310160' < all.csv)" -eq 24 ]
	done
	# to a server that others use
	[ "$(count_csv '$(at["dstip"]) == "'"$dst"'"' < all.csv)" -gt 100 ]
	[ "$(count_csv '$(at["dstip"]) == "'"$(told drip dstip)"'"' < all.csv)" -eq 24 ]

	dst=$(told thin-flood dstip)
	[ "$(count_csv '$(at["dstip"]) == "'"$dst"'" && $(at["dstport"]) == 80 && $(at["bytes"]) == 40' < all.csv)" -eq 500 ]

	gen -n 60000 --incident all -v -o null 2> told.txt
	run ! grep -E 'incident: (slow-scan|drip|surplus|known-lateral|thin-flood)' told.txt
}

@test "flowgen: sessions of a known-lateral go only where that client goes anyhow" {
	gen -n 400000 --clients 50 --incident known-lateral -v -w all.flow 2> told.txt
	src=$(told known-lateral srcip)
	flowfilter "src ip $src and dst port in [22 445 3389]" all.flow | flowagg -k dstip,dstport -v flows -o csv | sort > with
	gen -n 400000 --clients 50 | flowfilter "src ip $src and dst port in [22 445 3389]" | flowagg -k dstip,dstport -v flows -o csv | sort > without
	[ "$(wc -l < without)" -eq 13 ]
	diff <(cut -d , -f 1,2 with) <(cut -d , -f 1,2 without)
	run ! cmp -s with without
}

@test "flowgen: exporters share the records, each with its domain" {
	gen -n 3000 --exporters 3 -o csv > all.csv
	for i in 1 2 3; do
		[ "$(count_csv '$(at["exporter"]) == "10.254.255.'$i'" && $(at["domain"]) == '$i < all.csv)" -gt 500 ]
	done
}

@test "flowgen: wrong usage says what is allowed" {
	run -2 --separate-stderr flowgen --incident heist
	[[ $stderr == "flowgen: 'heist' is no incident: beacon, scan, exfiltration, lateral, flood or all of them, slow-scan, drip,"* ]]
	run -2 --separate-stderr flowgen --hourly 5G
	[[ $stderr == "flowgen: --hourly '5G': a number from 1 to 4294967295"* ]]
	run -2 --separate-stderr flowgen --probes 0
	[[ $stderr == "flowgen: --probes '0': a number from 1 to 86400"* ]]
	run -2 --separate-stderr flowgen --ipv6 120%
	[[ $stderr == "flowgen: --ipv6 '120%': a share from 0 to 1, or 0% to 100%"* ]]
	run -2 --separate-stderr flowgen --clients 0
	[[ $stderr == "flowgen: --clients '0': a number from 1 to 1000000"* ]]
	run -2 --separate-stderr flowgen day.flow
	[[ $stderr == "flowgen: 'day.flow': no files are read here"* ]]
}

@test "flowgen: a full disk is an error" {
	run -3 --separate-stderr flowgen -n 100000 -o csv -w /dev/full
	[[ $stderr == *"No space left on device"* ]]
}

@test "flowgen: a reader that leaves is no error" {
	set -o pipefail
	flowgen -n 1000000 -o csv 2> err | head -n 1 > /dev/null || true
	[ ! -s err ]
}

@test "flowgen: options of an incident that is not planted are refused" {
	for options in "--period 5m" "--jitter 20% --incident scan" "--probes 5 --incident drip" "--answered 0.5" "--hourly 1M --incident beacon" "--sources 9 --incident flood"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowgen -n 10 -w out.flow $options
		[[ $stderr == "flowgen: ${options%% *} is of --incident "* ]]
	done
	[ ! -e out.flow ]
	run -0 flowgen -n 10 -o null --probes 5 --answered 0.5 --hourly 1M --sources 9 --incident hidden
	run -0 flowgen -n 10 -o null --jitter 20% --period 5m --incident all
}
