# flowscan: what it finds and leaves alone, its options, what it does with bad, empty and endless input.
# shellcheck shell=bash disable=SC2154

load ../helper

setup() {
	flowkit_setup
	# shellcheck disable=SC2034
	header=start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes
}

# N [FIRST [SRC [PORT]]]: SRC tries PORT of N hosts, one a second, and gets no answer.
tries() {
	local i src=${3:-10.0.0.66} port=${4:-22}

	for ((i = ${2:-0}; i < ${2:-0} + $1; i++)); do
		printf '2026-01-05T10:%02d:%02dZ,2026-01-05T10:%02d:%02dZ,%s,10.1.%d.%d,%d,%d,6,2,1,44\n' \
			$((i / 60 % 60)) $((i % 60)) $((i / 60 % 60)) $((i % 60)) "$src" $((i / 250)) $((i % 250 + 1)) \
			$((40000 + i)) "$port"
	done
}

# The same, but every one is answered.
talks() {
	tries "$@" | awk -F, -v OFS=, '{ $8 = 27; print; t = $3; $3 = $4; $4 = t; t = $5; $5 = $6; $6 = t; print }'
}

scan() {
	(echo "$header"; cat) | flowscan -i csv -o csv -k kind,srcip,dstip,dstport,reason "$@" | tail -n +2
}

@test "flowscan: eight hosts on a port without an answer are a scan, seven are none" {
	[ -z "$(tries 7 | scan)" ]
	[ "$(tries 8 | scan)" = 'horizontal,10.0.0.66,,22,"tried tcp port 22 of 8 hosts in 7s, all in vain"' ]
}

@test "flowscan: fifteen ports of a host are a scan, fourteen are none" {
	ports() {
		tries "$1" | awk -F, -v OFS=, '{ $4 = "10.9.9.9"; $6 = NR; print }'
	}
	[ -z "$(ports 14 | scan)" ]
	[ "$(ports 15 | scan)" = 'vertical,10.0.0.66,10.9.9.9,,"tried 15 tcp ports of 10.9.9.9 in 14s, all in vain"' ]
}

@test "flowscan: some ports of some hosts are a block" {
	for port in 21 22 23 80 443; do
		tries 6 0 10.0.0.66 $port
	done | scan > got
	[ "$(cat got)" = 'block,10.0.0.66,,,"tried 5 ports of 6 hosts in 5s, all in vain"' ]
}

@test "flowscan: refusals fail like silence, half-open connections like refusals" {
	tries 10 | awk -F, -v OFS=, '{ print; t = $3; $3 = $4; $4 = t; t = $5; $5 = $6; $6 = t; $8 = 20; print }' > refused
	[[ $(scan < refused) == horizontal,10.0.0.66,*"all in vain"* ]]
	tries 10 | awk -F, -v OFS=, '{ $8 = 6; print; t = $3; $3 = $4; $4 = t; t = $5; $5 = $6; $6 = t; $8 = 18; print }' > half
	[[ $(scan < half) == horizontal,10.0.0.66,*"all in vain"* ]]
	(echo "$header"; cat half) | flowscan -i csv -o csv -k why | grep -q ' half_open=10 '
}

@test "flowscan: who is answered is no scanner, whatever the number, nor who fails now and then" {
	[ -z "$(talks 400 | scan)" ]
	for i in 0 40 80 120 160 200 240 280; do
		talks 38 $i
		tries 2 $((i + 38))
	done > mixed
	[ -z "$(scan < mixed)" ]
}

@test "flowscan: a contact counts once, and not when it is answered later" {
	for _ in 1 2 3 4 5; do tries 7; done > again
	[ -z "$(scan < again)" ]
	(tries 20; talks 20 | sed 's/T10:/T11:/g') > late
	[ -z "$(scan < late)" ]
	[[ $(tries 20 | scan) == horizontal* ]]
	# Nor when it was the only one that had failed until then.
	(tries 1; talks 1 | sed 's/T10:/T11:/g'; tries 7 1 | sed 's/T10:/T12:/g') > first
	[ -z "$(scan < first)" ]
	(cat first; tries 1 8 | sed 's/T10:/T12:/g') > eight
	(echo "$header"; cat eight) | flowscan -i csv -o csv -k why | grep ' failed=8 .* line_tried=9 line_failed=8 '
}

@test "flowscan: connections of which only one direction is recorded are no scan" {
	[ -z "$(tries 100 | sed 's/,6,2,1,44/,6,27,9,900/' | scan)" ]
	tries 300 | sed 's/,6,2,1,44/,17,,1,44/' > udp
	[ -z "$(scan < udp)" ]
	(cat udp; tries 20 400 10.0.0.99) > both
	[[ $(scan < both) == horizontal,10.0.0.99,* ]]
	(echo "$header"; cat both) | flowscan -i csv -o csv -k limits | grep -q 'no answers over UDP are in the records'
}

@test "flowscan: of records without ports no port is named, and limits says what is not seen" {
	portless() { awk -F, -v OFS=, '{ $5 = $6 = ""; print }'; }
	tries 20 | portless > hosts
	[ "$(scan < hosts)" = 'horizontal,10.0.0.66,,,"tried 20 hosts over tcp in 19s, all in vain"' ]
	(echo "$header"; cat hosts) | flowscan -i csv -o csv -k limits | grep -q '^"most records have no ports, '
	for ((i = 0; i < 1200; i++)); do
		printf '2026-01-05T10:00:%02dZ,2026-01-05T10:00:%02dZ,198.18.%d.%d,10.0.0.80,,,6,2,1,44\n' \
			$((i / 20)) $((i / 20)) $((i / 250)) $((i % 250 + 1))
	done > flood
	[[ $(scan < flood) == flood,,10.0.0.80,,'"1200 hosts tried it in vain, '* ]]
	# From run to run; and records that have ports are named by them, port 0 too.
	tries 10 | portless | scan --state st > /dev/null
	[[ $(tries 20 | portless | scan --state st) == *'hosts over tcp'* ]]
	[[ $(tries 20 0 10.0.0.66 0 | scan) == *'tried tcp port 0 of 20 hosts'* ]]
	# And each by what its exporter says, whichever way the others do.
	(tries 20 | portless; tries 40 400 10.0.0.99) > most
	(tries 40 | portless; tries 20 400 10.0.0.99) > few
	[ "$(scan < most | sort)" = 'horizontal,10.0.0.66,,,"tried 20 hosts over tcp in 19s, all in vain"
horizontal,10.0.0.99,,22,"tried tcp port 22 of 40 hosts in 39s, all in vain"' ]
	[ "$(scan < few | sort)" = 'horizontal,10.0.0.66,,,"tried 40 hosts over tcp in 39s, all in vain"
horizontal,10.0.0.99,,22,"tried tcp port 22 of 20 hosts in 19s, all in vain"' ]
	# So it is of a flood, and of several ports of several hosts.
	(cat flood; talks 1300 0 10.0.0.1 443) > most
	[[ $(scan < most) == flood,,10.0.0.80,,'"1200 hosts tried it in vain, '* ]]
	(awk -F, -v OFS=, '{ $5 = 40000; $6 = 80; print }' flood
		for port in 21 22 23 80 443; do tries 6 0 10.0.0.66 $port; done
		talks 1300 0 10.0.0.1 443 | portless) > few
	[[ $(scan < few) == *flood,,10.0.0.80,80,'"1200 hosts tried port 80 in vain, '* ]]
	[[ $(scan < few) == *block,10.0.0.66,,,'"tried 5 ports of 6 hosts '* ]]
}

@test "flowscan: of records without a protocol nothing is told, which is said" {
	(echo "$header"; tries 20 | awk -F, -v OFS=, '{ $7 = ""; print }') > none.csv
	run -0 --separate-stderr flowscan -i csv -o null none.csv
	[ "$stderr" = "flowscan: none of the 20 records has a protocol: no scan can be seen" ]
	tries 1 >> none.csv
	run -0 --separate-stderr flowscan -i csv -o null none.csv
	[ -z "$stderr" ]
}

@test "flowscan: multicast, broadcast and answers alone are no tries" {
	tries 30 | awk -F, -v OFS=, '{ $4 = "224.0.0." NR; $7 = 17; $8 = ""; print }' > many
	tries 30 | awk -F, -v OFS=, '{ $4 = "10.0." NR ".255"; $7 = 17; $8 = ""; print }' >> many
	tries 30 | awk -F, -v OFS=, '{ $8 = 20; print }' >> many
	[ -z "$(scan < many)" ]
}

@test "flowscan: scattered failures of a file sharer are no scan, the same among many more are none either" {
	tries 200 | awk -F, -v OFS=, '{ $6 = 1024 + NR * 37; print }' > peers
	[ -z "$(scan < peers)" ]
	tries 20 300 10.0.0.66 6881 >> peers
	[ -z "$(scan < peers)" ]
	tries 80 400 10.0.0.66 445 >> peers
	[[ $(scan < peers) == horizontal,10.0.0.66,,,*'tried 2 ports (6881, 445) of 300 hosts'* ]]
}

@test "flowscan: ports of several protocols are told apart, and a ping is no port" {
	proto() { awk -F, -v OFS=, -v proto="$1" -v port="$2" '{ $6 = port; $7 = proto; $8 = ""; print }'; }
	tries 20 > sweep
	tries 20 100 | proto 17 22 >> sweep
	tries 20 200 | proto 1 2048 >> sweep
	[[ $(scan < sweep) == horizontal,10.0.0.66,*'tried 2 ports and ping ('*') of 60 hosts'* ]]
	for port in tcp/22 udp/22 ping; do [[ $(scan < sweep) == *[\(\ ]"$port"[,\)]* ]]; done
	[[ $(scan < sweep) != *2048* ]]
	(echo "$header"; tries 20 200 | proto 1 2048) | flowscan -i csv -o csv -k why | grep -q ' line_port=ping '
	(echo "$header"; cat sweep) | flowscan -i csv -o csv -k why | grep -q ' ports=2 .* scanned_ports=2 '
	for port in 21 22 23 80 443; do tries 6 0 10.0.0.66 $port; done > grid
	tries 6 | proto 1 2048 >> grid
	[[ $(scan < grid) == block,10.0.0.66,*'tried 5 ports and ping of '* ]]
	for ((i = 0; i < 1200; i++)); do
		printf '2026-01-05T10:00:%02dZ,2026-01-05T10:00:%02dZ,198.18.%d.%d,10.0.0.80,0,2048,1,,1,44\n' \
			$((i / 20)) $((i / 20)) $((i / 250)) $((i % 250 + 1))
	done > pings
	[[ $(scan < pings) == flood,,10.0.0.80,,'"1200 hosts pinged it in vain, '* ]]
}

@test "flowscan: input that goes back in time is judged as it comes, which is said" {
	flowgen -n 20000 --clients 20 -w day.flow
	flowfilter 'end < 2026-01-05T12:00:00Z' day.flow -w early.flow
	flowfilter 'end >= 2026-01-05T12:00:00Z' day.flow -w late.flow
	run --separate-stderr flowscan -o null day.flow
	[ -z "$stderr" ]
	for program in flowscan flowlateral flowbeacon; do
		run -0 --separate-stderr $program -o null late.flow early.flow
		[[ $stderr == "$program: the input goes back in time 1 time: "*"(flowcat -O end:asc)" ]]
		run -0 --separate-stderr $program -q -o null late.flow early.flow
		[ -z "$stderr" ]
	done
	flowcat -O end:asc late.flow early.flow > sorted.flow
	run --separate-stderr flowscan -o null sorted.flow
	[ -z "$stderr" ]
}

@test "flowscan: a host counts once, whatever the protocols by which it was tried" {
	proto() { awk -F, -v OFS=, -v proto="$1" '{ $7 = proto; $8 = ""; print }'; }
	tries 20 > both
	tries 20 | proto 17 >> both
	tries 20 | awk -F, -v OFS=, '{ $6 = 2048; print }' | proto 1 >> both
	[[ $(scan < both) == block,10.0.0.66,*'tried 2 ports and ping of 20 hosts in 19s, all in vain'* ]]
	tries 20 | awk -F, -v OFS=, '{ $4 = "10.9.9.9"; $6 = NR; print }' > ports
	proto 17 < ports > udp
	(echo "$header"; cat ports udp) | flowscan -i csv -o csv -k proto | diff - <(printf 'proto\n\n')
	[ "$(cat ports udp | scan)" = 'vertical,10.0.0.66,10.9.9.9,,"tried 40 ports of 10.9.9.9 in 19s, all in vain"' ]
	# So does a source with a host that many try.
	for ((i = 0; i < 40; i++)); do
		tries 1 0 198.51.100.$i $((100 + i))
		tries 1 0 198.51.100.$i $((200 + i)) | proto 17
	done | scan > probed
	[[ $(cat probed) == probed,,10.1.0.1,,'was tried in vain by 40 hosts on '* ]]
	# A few ports and pings of a few hosts are as much of a block as the ports would be.
	for port in 21 22 23 80; do tries 6 0 10.0.0.66 $port; done > grid
	tries 6 | awk -F, -v OFS=, '{ $6 = 2048; print }' | proto 1 >> grid
	[[ $(scan < grid) == block,10.0.0.66,*'tried 4 ports and ping of 6 hosts'* ]]
}

@test "flowscan: a slow scan is found over a day" {
	tries 40 | awk -F, -v OFS=, '{ split($1, t, "T"); h = sprintf("T%02d:%02d:00Z", NR / 2, NR % 2 * 30)
		$1 = "2026-01-05" h; $2 = $1; print }' > slow
	[ "$(scan < slow)" = 'slow,10.0.0.66,,22,"slowly tried tcp port 22 of 40 hosts in 19h30m, all in vain"' ]
}

# Failures of 10.0.0.66 on the port of its scan and on another; sent to another hour by at().
strays() {
	tries 1 500 10.0.0.66 22
	tries 2 600 10.0.0.66 8080
}
at() {
	sed "s/T10:/T$1:/g"
}

@test "flowscan: an alert's times are those of the scan that it tells of, whatever failed hours before or after" {
	ports() {
		tries "$1" | awk -F, -v OFS=, '{ $4 = "10.9.9.9"; $6 = NR; print }'
	}
	times() {
		(echo "$header"; cat) | flowscan -i csv -o csv -k kind,start,end,reason "$@" | tail -n +2
	}
	scan='horizontal,2026-01-05T10:00:00.000Z,2026-01-05T10:00:29.000Z,"tried tcp port 22 of 30 hosts in 29s, all in vain"'
	[ "$( (strays | at 04; tries 30; strays | at 16) | times)" = "$scan" ]
	[ "$( (strays | at 04; ports 30; strays | at 16) | times)" = \
		'vertical,2026-01-05T10:00:00.000Z,2026-01-05T10:00:29.000Z,"tried 30 tcp ports of 10.9.9.9 in 29s, all in vain"' ]
	(strays | at 04; tries 30; tries 30 0 10.0.0.66 23; strays | at 16) | times > got
	[[ $(cat got) == 'horizontal,2026-01-05T10:00:00.000Z,2026-01-05T10:00:29.000Z,"tried 2 ports (2'[23]', 2'[23]') of '*' hosts in 29s, '* ]]
	# file by file too, and each burst that is told is that of the run
	[ -z "$(strays | at 04 | times --state scan.state)" ]
	[ "$(tries 30 | times --state scan.state)" = "$scan" ]
	[[ $(tries 40 700 | at 20 | times --state scan.state) == \
		'horizontal,2026-01-05T20:11:40.000Z,2026-01-05T20:12:19.000Z,"tried tcp port 22 of 40 hosts in 39s, all in vain"' ]]
	# but what is spread over the day is all of it
	[ "$( (tries 8 | at 02; tries 8 10; tries 8 20 | at 18) | times | cut -d, -f 2,3)" = 2026-01-05T02:00:00.000Z,2026-01-05T18:00:27.000Z ]
}

@test "flowscan: an alert counts the tries that failed, not what its source does otherwise" {
	(echo "$header"; tries 30; tries 30; talks 20 100 10.0.0.66 443 | sed 's/,44$/,100000/') > work.csv
	[ "$(flowscan -i csv -o csv -k kind,flows,packets,bytes,rpackets,rbytes work.csv | tail -n +2)" = horizontal,60,60,2640,0,0 ]
	flowfilter -i csv 'src ip 10.0.0.66 and dst port 22' work.csv | flowagg -v flows,packets,bytes -o csv > sums
	[ "$(tail -n 1 sums)" = 60,60,2640 ]
	# At a target too, whether its sources tried another of its ports or the same again.
	(echo "$header"; for hour in 10 11 12; do for ((i = 0; i < 1200; i++)); do
		t=2026-01-05T$hour:00:$((i / 24 + 10))Z
		echo "$t,$t,198.18.$((i / 250)).$((i % 250 + 1)),10.0.0.80,40000,80,6,2,1,44"
	done; done) > flood.csv
	[ "$(flowscan -i csv -o csv -k kind,flows,packets,bytes flood.csv | tail -n +2)" = flood,3600,3600,158400 ]
	(head -n 121 flood.csv; tail -n +2 flood.csv | head -n 120) |
		awk -F, -v OFS=, 'NR > 1 { $3 = "198.18.0." NR % 30 + 1; $6 = (NR - 2) % 120 + 80 } 1' > probed.csv
	[ "$(flowscan -i csv -o csv -k kind,flows,packets,bytes probed.csv | tail -n +2)" = probed,240,240,10560 ]
}

@test "flowscan: that there are more hosts than are watched for floods and backscatter is said" {
	# One that answers alone: SYN and ACK without a SYN before.
	lines() {
		awk -v n="$1" -v flags="$2" -v OFS=, 'BEGIN { t = "2026-01-05T10:00:00Z"; for (i = 0; i < n; i++)
			print t, t, "192.0.2.1", "10." int(i / 65536) "." int(i / 256) % 256 "." i % 256, 40000, 80, 6, flags, 1, 44 }'
	}
	(echo "$header"; lines 131072 2) > many.csv
	run -0 --separate-stderr flowscan -i csv -o null many.csv
	[ -z "$stderr" ]
	(echo "$header"; lines 140000 2) > many.csv
	run -0 --separate-stderr flowscan -i csv -o null many.csv
	[[ $stderr =~ ^"flowscan: "[0-9]+" contacts of hosts beyond 131072 count towards no flood, beyond 32768 towards no backscatter"$ ]]
	(echo "$header"; lines 32769 18 | awk -F, -v OFS=, '{ t = $3; $3 = $4; $4 = t; t = $5; $5 = $6; $6 = t; print }') > alone.csv
	run -0 --separate-stderr flowscan -i csv -o null alone.csv
	[[ $stderr == "flowscan: 1 contact of hosts beyond "* ]]
}

@test "flowscan: a flood's times are those of the flood" {
	syn() {
		echo "2026-01-05T$1,2026-01-05T$1,198.$(($2 / 200)).$(($2 % 200)).7,10.1.1.1,40000,80,6,2,1,40"
	}
	(echo "$header"; syn 03:00:00Z 5000; for ((i = 0; i < 3000; i++)); do syn "10:00:$((i % 50 + 10))Z" $i; done; syn 20:00:00Z 6000) |
		flowscan -i csv -o csv -k kind,start,end > got
	[ "$(tail -n +2 got)" = flood,2026-01-05T10:00:10.000Z,2026-01-05T10:00:59.000Z ]
}

@test "flowscan: one probe each from many sources is told of the target, in one line" {
	for ((i = 0; i < 200; i++)); do
		printf '2026-01-05T10:%02d:00Z,2026-01-05T10:%02d:00Z,198.51.%d.%d,10.1.1.1,40000,%d,6,2,1,44\n' \
			$((i % 60)) $((i % 60)) $((i / 100)) $((i % 100 + 1)) $((i + 1))
	done > probes
	[[ $(scan < probes) == 'probed,,10.1.1.1,,was tried in vain by 200 hosts on '* ]]
	[ -z "$(scan --internal 192.0.2.0/24 < probes)" ]
}

@test "flowscan: a flood is no scan, and neither is who is flooded elsewhere" {
	for ((i = 0; i < 3000; i++)); do
		echo "2026-01-05T10:00:$((i % 50 + 10))Z,2026-01-05T10:01:00Z,198.$((i / 200)).$((i % 200)).7,10.1.1.1,40000,80,6,2,1,40"
	done > flood
	[[ $(scan < flood) == 'flood,,10.1.1.1,80,'*'a flood, or a service that is down"' ]]
	tries 60 0 192.0.2.7 22 | awk -F, -v OFS=, '{ $5 = 80; $6 = 50000 + NR; $8 = 18; print }' > backscatter
	[[ $(scan < backscatter) == 'backscatter,192.0.2.7,,,answers '*' hosts that asked it nothing'* ]]
	# Where some router samples, questions may be missing.
	[ -z "$( (echo "$header,sampling"; sed 's/$/,1/' backscatter; tries 1 | sed 's/$/,100/') | flowscan -i csv -o csv --no-header -k kind)" ]
}

@test "flowscan: sampled records are judged by SYNs alone, and the alert says what that hides" {
	sampled() {
		(echo "$header,sampling"; sed 's/$/,100/') | flowscan -i csv -o csv -k kind,sampling,limits | tail -n +2
	}
	[ -z "$(tries 14 | sampled)" ]
	[[ $(tries 15 | sampled) == 'horizontal,100,"sampled 1 in 100: judged by packets that are nothing but a SYN'* ]]
	[ -z "$(tries 100 | sed 's/,6,2,1,44/,17,,1,44/' | sampled)" ]
	[ -z "$(tries 100 | sed 's/,6,2,1,44/,6,16,1,44/' | sampled)" ]
}

@test "flowscan: allowed sources and targets are left out, our own networks are what is said" {
	tries 20 > log
	echo 10.0.0.66 > allow
	[ -z "$(scan -a allow < log)" ]
	echo 10.0.0.67 > allow
	[ -n "$(scan -a allow < log)" ]
	printf '\0\0\0' > allow
	run -3 --separate-stderr flowscan -i csv -a allow -o null log
	[ "$stderr" = "flowscan: allow: not a text: it holds a NUL" ]
	(echo "$header"; cat log) | flowscan -i csv -o csv -k severity,attack > ours
	(echo "$header"; cat log) | flowscan -i csv --internal 10.1.0.0/16 -o csv -k severity,attack > outside
	[ "$(tail -1 ours)" = '3,"T1046,T1018"' ]
	[ "$(tail -1 outside)" = 1,T1595.001 ]
}

@test "flowscan: a state carries a scan over runs, tells it again only when it has grown, and can be read" {
	tries 5 | scan --state scan.state > first
	[ ! -s first ]
	[[ $(tries 5 5 | scan --state scan.state) == *"of 10 hosts"* ]]
	[ -z "$(tries 3 10 | scan --state scan.state)" ]
	[[ $(tries 3 13 | scan --state scan.state) == *"of 16 hosts"* ]]
	[ "$(flowcat -o ndjson scan.state | grep -c '"state":2')" -eq 16 ]
	# all at once gives what the runs together gave
	tries 16 | scan --state whole.state > /dev/null
	flowcat -o ndjson scan.state | sed 's/"told":[0-9]*/"told":0/' | sort > a
	flowcat -o ndjson whole.state | sed 's/"told":[0-9]*/"told":0/' | sort > b
	diff a b
	[ -z "$(tries 16 | scan --state scan.state)" ]
}

@test "flowscan: a state of before bursts were kept goes on" {
	gunzip -c "$DATA/flowscan-before-bursts.state.gz" > scan.state
	[[ $(tries 5 7 | scan --state scan.state) == *'"tried tcp port 22 of 12 hosts in 11s, all in vain"' ]]
}

@test "flowscan: an answer that comes with the next file repairs what failed" {
	tries 20 | scan --state scan.state > /dev/null
	[ -z "$(talks 20 | sed 's/T10:/T11:/g' | scan --state scan.state)" ]
	flowcat -o ndjson scan.state | grep '"state":1' | grep -q '"walk.failed":0'
}

@test "flowscan: a state that is closed to others stays closed, and alerts written anew too" {
	tries 20 > log
	(umask 022; scan --state state -w alerts < log)
	[ "$(stat -c %a state alerts | xargs)" = "644 644" ]
	chmod 600 state
	chmod 640 alerts
	(umask 022; scan --state state -w alerts < log)
	[ "$(stat -c %a state alerts | xargs)" = "600 640" ]
}

@test "flowscan: what is written anew is open to the group that it was, and to no other in its place" {
	[ "$(id -u)" = 0 ] || skip "giving files away takes root"
	tries 20 > log
	for mode in 640 644 604; do
		scan -w alerts < log
		chgrp 4321 alerts
		chmod $mode alerts
		(umask 022; scan -w alerts < log)
		[ "$(stat -c '%a %g' alerts)" = "$mode 4321" ]
		# Whose is not ours to give.
		(
			umask 022
			(echo "$header"; cat log) | setpriv --bounding-set -chown flowscan -q -i csv -w alerts
		)
		[ "$(stat -c '%a %g' alerts)" = "$(case $mode in 640) echo 600 ;; 644) echo 644 ;; 604) echo 600 ;; esac) 0" ]
	done
}

@test "flowscan: a state that is none, cut or of another window is refused and left alone" {
	flowgen -n 1000 -w day.flow
	cp day.flow other.state
	run -3 --separate-stderr flowscan --state other.state -o csv day.flow
	[[ $stderr == "flowscan: other.state: no state of flowscan"* ]]
	cmp day.flow other.state
	tries 20 | scan --state scan.state > /dev/null
	run -3 --separate-stderr flowscan --state scan.state --window 10m -o csv day.flow
	[[ $stderr == "flowscan: scan.state: made with --window 3600s, not 600s" ]]
	flowcat -o csv -k all scan.state | sed '2s/^1,/9,/' | flowcat -i csv -w later.state
	run -3 --separate-stderr flowscan --state later.state -o csv day.flow
	[ "$stderr" = "flowscan: later.state: of version 9; this program knows 1" ]
	head -c -1 scan.state > cut.state
	run -3 --separate-stderr flowscan --state cut.state -o csv day.flow
	[[ $stderr == *"cut.state: no whole state of flowscan; remove it to begin anew" ]]
	run -3 --separate-stderr flowscan --state nowhere/scan.state -o csv day.flow
	[ "$stderr" = "flowscan: cannot write nowhere/scan.state: No such file or directory" ]
	run -3 --separate-stderr flowscan --state cut.state/scan.state -o csv day.flow
	[ "$stderr" = "flowscan: cut.state/scan.state: Not a directory" ]
	[ "$(id -u)" -ne 0 ] || return 0
	chmod 0 scan.state
	run -3 --separate-stderr flowscan --state scan.state -o csv day.flow
	[ "$stderr" = "flowscan: scan.state: Permission denied" ]
}

@test "flowscan: incomplete input gives the alerts of what was good, exit 3, and no new state" {
	(echo "$header"; tries 400) | flowcat -i csv -w whole.flow
	head -c -1 whole.flow > cut.flow
	run -3 --separate-stderr flowscan --state scan.state -o csv -k kind cut.flow
	[ "$output" = $'kind\nhorizontal' ]
	[ ! -e scan.state ]
	run -3 --separate-stderr flowscan -w alerts.flow cut.flow
	[ ! -e alerts.flow ] && [ -s alerts.flow.incomplete ]
}

@test "flowscan: empty input is no alert and a complete stream" {
	echo "$header" | flowscan -i csv > alerts.flow
	[ "$(flowcat -o csv alerts.flow | wc -l)" -eq 1 ]
	echo "$header" | flowscan -i csv -o csv | grep -q ,score,severity,
	echo "$header" | flowscan -i csv -o table | grep -q '^score  severity '
}

@test "flowscan: alerts do not depend on the number of threads, nor on blocks" {
	flowgen -n 200000 --incident all --seed 4 -w day.flow
	flowscan -j 1 -o csv day.flow > one
	flowscan -j 3 -o csv day.flow > three
	flowcat day.flow | flowscan -o csv > pipe
	[ "$(wc -l < one)" -ge 3 ]
	cmp one three
	cmp one pipe
	flowgen -n 200000 --clients 60 --servers 100 --span 3d --incident all | flowcat -o csv > day.csv
	tail -n +2 day.csv > body
	split -n l/7 body part.
	for part in part.*; do
		(head -n 1 day.csv; cat "$part") | flowcat -i csv -w "$part.flow"
	done
	flowscan -i csv -o csv day.csv > csv
	flowscan -o csv part.*.flow > parts
	cmp csv parts
}

@test "flowscan and the others: that no record could be looked at is said" {
	printf '%s\n' srcip,dstip,srcport,dstport,proto,flags,bytes \
		10.0.0.1,10.0.0.2,40000,443,6,27,100 10.0.0.1,10.0.0.3,40001,443,6,27,100 > timeless.csv
	for program in "flowscan -o csv" "flowbeacon -o csv" "flowexfil -o csv" "flowlateral -o csv" "flowanom -o csv" \
		"flowbase learn -w base"; do
		run -0 --separate-stderr $program -i csv timeless.csv
		[ "$stderr" = "${program%% *}: none of the 2 records has two addresses and a time: nothing was looked at" ]
		run -0 --separate-stderr $program -q -i csv timeless.csv
		[ -z "$stderr" ]
		# Some are enough.
		sed '1s/$/,start/; 2s/$/,2026-01-05/; 3s/$/,/' timeless.csv > some.csv
		run -0 --separate-stderr $program -i csv some.csv
		[[ $stderr != *"nothing was looked at"* ]]
	done
}

@test "flowscan and the others: counters that add up to more than 64 bits are not small ones" {
	local half=9223372036854775808 h

	header() { echo start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes; }
	line() { echo "$1,$1,$2,$3,$4,$5,$6,$7,${8-$half},$half"; }
	talk() { line "$1" "$2" "$3" 40000 "$4" 6 27 9; line "$1" "$3" "$2" "$4" 40000 6 27 9; }
	# What an alert cannot say is missing; 0 is what twice, or eight times, the half wraps to.
	found() { "$1" -q -i csv -o csv -k kind,packets,bytes "$1.csv" | tail -n +2; }

	(header; for ((h = 0; h < 40; h++)); do line $((1767571200 + h)) 198.51.100.7 10.0.1.$h 40000 445 6 2; done) > flowscan.csv
	(header; for ((h = 0; h < 40; h++)); do talk $((1767571200 + h * 600)) 10.0.0.5 203.0.113.9 443; done) > flowbeacon.csv
	(header; for ((h = 0; h < 16; h++)); do talk $((1767571200 + h * 60)) 10.0.0.5 10.0.0.$((20 + h % 8)) 445; done) > flowlateral.csv
	(header; for ((h = 0; h < 200; h++)); do line $((1767571200 + h / 10)) 198.51.$h.7 10.0.1.1 40000 53 17 0; done) > flowanom.csv
	[ "$(found flowscan)" = horizontal,, ]
	[ "$(found flowbeacon)" = beacon,360, ]
	[ "$(found flowlateral)" = fan,144, ]
	[ "$(found flowanom)" = flood,, ]
}

@test "flowscan: -n gives the best alerts only, after all records were read" {
	flowgen -n 200000 --incident all --seed 4 -w day.flow
	flowscan -n 1 -o csv -k kind day.flow > got
	[ "$(tail -1 got)" = horizontal ]
	[ "$(wc -l < got)" -eq 2 ]
}

@test "flowscan: a full disk is an error, a closed pipe is not" {
	(echo "$header"; tries 20) | flowcat -i csv -w scan.flow
	run -3 --separate-stderr bash -c 'flowscan -o csv scan.flow > /dev/full'
	[[ $stderr == "flowscan: "*"No space left on device"* ]]
	run --separate-stderr bash -c 'set -o pipefail; flowscan -o ndjson scan.flow | true'
	[ -z "$stderr" ]
	run -3 --separate-stderr flowscan --state /nonexistent/scan.state -o null scan.flow
	[[ $stderr == *"/nonexistent/scan.state"* ]]
}

@test "flowscan: wrong usage is refused with a reason" {
	run -2 --separate-stderr flowscan --internal 10.0.0.0/40
	[[ $stderr == "flowscan: --internal: '10.0.0.0/40' is no prefix"* ]]
	run -2 --separate-stderr flowscan --window soon
	[[ $stderr == "flowscan: --window: 'soon' is no duration; write 10m, 1h or 1d"* ]]
	local window
	for window in 999ms 367d 100000d; do
		run -2 --separate-stderr flowscan --window $window
		[[ $stderr == "flowscan: --window: a duration of 1s to 366d"* ]]
	done
	run -3 --separate-stderr flowscan -a /nonexistent/list
	[[ $stderr == "flowscan: /nonexistent/list: No such file or directory" ]]
	echo 'nobody' > bad
	run -3 --separate-stderr flowscan -a bad
	[[ $stderr == "flowscan: bad: line 1: 'nobody' is no ADDRESS, PREFIX, or either:PORT"* ]]
}

@test "flowscan: text behind an allowed address that is no comment is refused, with file and line" {
	printf '\t10.0.0.67 \r\n10.0.0.1# x y\n\n # z\n10.0.0.2 10.0.0.3 # both\n' > allow
	run -3 --separate-stderr flowscan -a allow
	[ "$stderr" = "flowscan: allow: line 5: '10.0.0.2 10.0.0.3' is more than one in a line, and a comment begins with #" ]
	printf '10.0.0.2\tthe scanner' > allow
	run -3 --separate-stderr flowscan -a allow
	[[ $stderr == "flowscan: allow: line 1: '10.0.0.2\x09the scanner' is more than one in a line"* ]]
	printf '\t10.0.0.67 \r\n10.0.0.1# x y\n\n # z' > allow
	flowgen -n 10 | flowscan -a allow -o csv > /dev/null
}

@test "flowscan: of a source that goes over the same hosts again the alert is of the first pass, to the millisecond" {
	flowgen -n 30000 --seed 3 --span 9d --clients 60 --incident all | flowcat -O end:asc -w days.flow
	flowfilter 'src ip 10.0.0.32 and dst port 445 and flags = S' days.flow |
		flowagg -k dstip -v min_start | flowcat -o csv -k min_start | tail -n +2 | sort > firsts
	[ "$(wc -l < firsts)" = 60 ]
	[ "$(flowscan -o csv -k kind,start,end,reason days.flow | grep horizontal)" = \
		"horizontal,$(head -n 1 firsts),$(tail -n 1 firsts),\"tried tcp port 445 of 60 hosts in 23.6s, all in vain\"" ]
}

@test "flowscan: a device is no state, and nobody is told to remove it" {
	run -3 --separate-stderr flowscan -q --state /dev/null -o null <<< ''
	[[ $stderr == *$'\n'"flowscan: /dev/null: no whole state of flowscan" ]]
}

@test "flowscan: a directory is no state, and not the states of all its files" {
	mkdir -p dir && mkfifo dir/never.flow && flowgen -q -n 100 -w day.flow
	run -3 --separate-stderr timeout 5 flowscan --state dir day.flow
	[[ $stderr == "flowscan: dir: a directory, and no file for a state of flowscan"* ]]
}

@test "flowscan: standard output is no state of any program, whose octets would stand among its records" {
	flowgen -q -n 100 -w day.flow
	for program in flowalert flowanom flowbeacon flowexfil flowlateral flowscan; do
		run -3 --separate-stderr "$program" --state - -o csv day.flow
		[[ $stderr == "$program: -: standard output, and no file for a "* ]]
		[ -z "$output" ]
	done
}
