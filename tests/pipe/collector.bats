# A collector at work: what it keeps over restarts, what it loses and how it counts that, where it writes.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of collector.bash

load ../collector

@test "collector: restarting one whose exporters resend templates seldom loses nothing" {
	mkdir out
	for first in 0 10 20 30; do # a template in the very first message only
		collect -w out --rotate 1h --templates state
		export_to udp "$port" --messages 10 --templates 100 --first $first --source-port 47211
		finish
		[ ! -s err ]
	done
	[ "$(records out)" = 800 ]
	[ "$(bytes out)" = "$(octets_of 0 800)" ]
	run -0 flowcat -o ndjson --options state
	[[ $output == *'"_kind":"options"'*templateFields* ]]
}

@test "collector: a killed one has remembered its templates too" {
	mkdir out
	collect -w out --rotate 1h --templates state --flush 0.1s
	export_to udp "$port" --messages 10 --templates 100 --source-port 47212
	until_true [ -s state ]
	sleep 0.3
	kill -KILL "$collector"
	wait "$collector" || true
	collect -w out --rotate 1h --templates state -q
	export_to udp "$port" --messages 10 --templates 100 --first 10 --source-port 47212
	finish
	[ "$(records out)" = 400 ]
}

@test "collector: without them, data waits for its template and keeps the time it was received" {
	collect -w out.flow -v
	export_to udp "$port" --messages 5 --templates 100 --first 1 --source-port 47213
	sleep 1.2
	export_to udp "$port" --messages 5 --templates 6 --first 6 --source-port 47213
	finish
	[ "$(records out.flow)" = 200 ]
	[ "$(bytes out.flow)" = "$(octets_of 20 200)" ]
	[ "$(counted 'sets without template')" = 5 ]
	[ "$(counted 'replayed when it came')" = 5 ]
	run -0 flowagg -k received -v flows -o csv out.flow
	[ "${#lines[@]}" -ge 3 ]

	# What never gets one is lost, and counted.
	collect -w none.flow -v
	export_to udp "$port" --messages 5 --templates 100 --first 1 --source-port 47213
	finish
	[ "$(records none.flow)" = 0 ]
	[ "$(counted 'of them held')" = 5 ]
	[[ $(cat err) == *"5 sets without template"* ]]
}

@test "collector: the first output of one that was started again has the options that it remembers" {
	collect -w before.flow --templates state
	export_to udp "$port" --messages 2 --options --name uplink --source-port 47223
	finish
	mkdir out
	for out in out.flow out; do
		cp state again
		collect -w $out --templates again
		export_to udp "$port" --messages 2 --templates 100 --first 2 --source-port 47223
		finish
		[ "$(flowcat -o ndjson --options $out | grep -c '"ifname":"uplink"')" -eq 1 ]
		[ "$(records $out)" = 40 ]
	done
}

@test "collector: a damaged or newer state file is told and does no harm" {
	collect -w out.flow --templates state
	export_to udp "$port" --messages 5
	finish
	head -c -40 state > cut
	echo "this is some text" > text
	for state in cut text; do
		collect -w out.flow --templates $state
		export_to udp "$port" --messages 5
		finish
		[[ $(cat err) == "flowrecv: $state: "* ]]
		[ "$(records out.flow)" = 100 ]
	done
	run -3 --separate-stderr flowrecv -r x -w out.flow --templates missing/state
	[[ $stderr == *"missing"* ]]
}

@test "collector: one worker and four give the same records, each exporter's by one of them" {
	for j in 1 4; do
		collect -w $j.flow -j $j -v
		for host in 2 3 4 5 6 7 8 9; do
			export_to udp "$port" --messages 20 --templates 100 --source-address 127.0.0.$host &
		done
		wait $(jobs -p | grep -vx "$collector")
		finish
		[ "$(records $j.flow)" = 3200 ]
		[ "$(counted 'dropped by the kernel')" = 0 ]
		flowcat -o csv -k exporter,srcip,dstip,srcport,bytes,packets $j.flow | sort > $j.csv
	done
	diff 1.csv 4.csv
	# A template came once: whoever had it decoded all of that exporter's.
	[ "$(grep -c ': 20 messages, 400 records' err)" = 8 ]
}

@test "collector: --subdir and --partition make directories; names are UTC" {
	mkdir out
	for a in 1 2; do
		export_to pcap $a.pcap --messages 5 --exporter 192.0.2.$a --domain $a --time 1700000000 --options
	done
	TZ=Pacific/Auckland flowrecv -r 1.pcap -r 2.pcap -w out -S %Y/%m/%d --partition domain --rotate 1h
	run -0 find out -name '*.flow'
	[ "$(sort <<< "$output")" = "out/192.0.2.1/1/2023/11/14/20231114T220000Z.flow
out/192.0.2.2/2/2023/11/14/20231114T220000Z.flow" ]
	[ "$(records out/192.0.2.1)" = 100 ]
	# Each has its own exporter's options.
	run -0 bash -c "flowcat -o ndjson --options out/192.0.2.1 | grep _kind | grep -o 'eth-.' | sort -u"
	[ "$output" = eth-1 ]
	[ "$(records out)" = 200 ]

	mkdir named
	flowrecv -r 1.pcap -r 2.pcap -w named --partition exporter --rotate 1h \
		--source core=192.0.2.1 --source rest=0.0.0.0/0
	[ "$(cd named && find . -type f | sort | tr '\n' ' ')" = \
		"./core/20231114T220000Z.flow ./rest/20231114T220000Z.flow " ]
	for bad in ../x /etc .hidden a//b ''; do
		run -2 --separate-stderr flowrecv -r 1.pcap -w named -S "$bad"
		[[ $stderr == *"--subdir"* ]]
	done
}

@test "collector: a partition has the options of all its exporters, in every file" {
	mkdir out
	for a in 1 2; do
		export_to pcap $a.pcap --messages 1 --exporter 192.0.2.$a --time 1700000000 --options --name name-$a
		export_to pcap later-$a.pcap --messages 1 --exporter 192.0.2.$a --time 1700000600 --first 1
	done
	flowrecv -r 1.pcap -r 2.pcap -r later-1.pcap -r later-2.pcap -w out --partition exporter \
		--source lyon=192.0.2.0/24
	for file in out/lyon/20231114T221000Z.flow out/lyon/20231114T222000Z.flow; do
		[ "$(flowcat -o ndjson --options $file | grep -o 'name-.' | sort | tr '\n' ' ')" = "name-1 name-2 " ]
	done

	# Those that have no file of their own share one.
	mkdir many
	python3 - 1.pcap <<- 'END' > many.pcap
		import struct, sys
		data = open(sys.argv[1], "rb").read()
		parts = [data[:24]]
		for i in range(1100):
		    parts += [data[24:66], struct.pack(">I", 0x0A000000 + i), data[70:]]
		sys.stdout.buffer.write(b"".join(parts))
	END
	flowrecv -r many.pcap -w many --partition exporter
	flowcat -o ndjson many/other/*.flow | grep -o '"exporterAddress":"[^"]*"' | sort -u > flows
	flowcat -o ndjson --options many/other/*.flow | grep name-1 | grep -o '"exporterAddress":"[^"]*"' | sort -u > options
	[ "$(wc -l < flows)" -gt 70 ]
	[ -z "$(comm -23 flows options)" ]
}

@test "collector: partitions while listening, more of them than files may be open" {
	mkdir out
	collect -w out --partition exporter --rotate 1s -j 2
	for round in 1 2 3; do
		for host in $(seq 2 40); do
			export_to udp "$port" --messages 1 --first $round --source-address 127.0.0.$host
		done
	done
	finish
	[ ! -s err ]
	[ "$(find out -mindepth 1 -maxdepth 1 -type d | wc -l)" = 39 ]
	[ "$(records out)" = $((39 * 3 * 20)) ]
}

@test "collector: sources have names, others are not listened to, SIGHUP reads the list again" {
	printf '# exporters\ncore=127.0.0.2,127.0.0.4/31,sampling=64\n' > sources
	collect -w out.flow -v --source @sources
	for host in 2 3 4; do export_to udp "$port" --messages 2 --source-address 127.0.0.$host; done
	echo 'edge=127.0.0.3' >> sources
	sleep 0.3
	kill -HUP "$collector"
	until_true grep -q 'exporters read again' err
	for host in 2 3 4; do export_to udp "$port" --messages 2 --first 2 --source-address 127.0.0.$host; done
	echo 'nonsense' >> sources
	kill -HUP "$collector"
	until_true grep -q 'sources: line 4' err
	export_to udp "$port" --messages 1 --first 4 --source-address 127.0.0.3
	finish
	grep -q 'the exporters stay as they were' err
	[ "$(counted denied)" = 2 ]
	flowagg -k source,exporter,sampling,samplingsrc -v flows -o csv out.flow | sort > got
	diff got - <<-END
		core,127.0.0.2,64,4,80
		core,127.0.0.4,64,4,80
		edge,127.0.0.3,,,60
		source,exporter,sampling,samplingsrc,flows
	END
}

@test "collector: an expression filters at the door, and what it leaves out is counted" {
	collect -w out.flow -v 'bytes >= 200'
	export_to udp "$port" --messages 10
	finish
	[ "$(records out.flow)" = 100 ]
	[ "$(counted filtered)" = 100 ]
	grep -q 'total: 10 messages, 200 records and 0 options decoded; 100 and 0 written' err
}

@test "collector: datagrams are repeated onward, with their exporters' addresses where privileged" {
	flowrecv -l udp:127.0.0.1:0 --port-file second -w second.flow 2> second.err 3>&- &
	second=$!
	until_true [ -e second ]
	collect -w first.flow -R "$(cat second)"
	export_to udp "$port" --messages 5 --source-address 127.0.0.7
	sleep 0.3
	finish
	if [ "$(id -u)" = 0 ]; then
		collect -w first.flow -R "$(cat second)" --spoof
		export_to udp "$port" --messages 5 --first 5 --source-address 127.0.0.7
		sleep 0.3
		finish
	fi
	kill -TERM $second
	wait $second
	[ "$(records first.flow)" = 100 ]
	flowagg -k exporter -v flows -o csv second.flow | sort > got
	[ "$(sed -n 1p got)" = "127.0.0.1,100" ]
	[ "$(id -u)" != 0 ] || [ "$(sed -n 2p got)" = "127.0.0.7,100" ]
}

@test "collector: a command runs for every complete file, whatever its name" {
	mkdir "out dir"
	collect -w "out dir" --rotate 1s -x 'printf "%s\n" "$1" >> done; flowcat -o null "$1" && echo good >> done'
	export_to udp "$port" --messages 5
	sleep 2.2
	finish
	[ ! -s err ]
	[ "$(grep -c '^out dir/.*\.flow$' done)" = "$(find "out dir" -name '*.flow' | wc -l)" ]
	[ "$(grep -c good done)" = "$(grep -c flow done)" ]
	mkdir failing
	collect -w failing --rotate 1h -x 'exit 7'
	finish
	[[ $(cat err) == *"--exec: failing/"*"status 7"* ]]
}

@test "collector: metrics that cannot be written do not keep it quiet about commands that fail" {
	mkdir out gone path
	for program in flowrecv rm seq sleep; do ln -s "$(command -v "$program")" path; done
	PATH=$PWD/path collect -w out --rotate 2s --metrics gone/prom -x 'exit 7' -e files=9
	rm -rf gone
	until_true grep -q 'gone/prom: ' err
	until_true grep -q -- '--exec: .*exit status 7' err
	until_true grep -q -- '--expire: out: cannot run flowexpire: No such file' err
	finish || [ $? = 3 ]
}

@test "collector: templates and metrics that cannot be written at the end are a failure, of which the records are no part" {
	for option in --templates --metrics; do
		mkdir there
		collect -w out.flow $option there/file
		export_to udp "$port" --messages 3
		until_true compgen -G 'there/*' > name
		rm -r there
		status=0
		finish || status=$?
		[ "$status" = 3 ]
		tail -n 1 err | grep -q '^flowrecv: there/file: .*No such file or directory$'
		[ "$(records out.flow)" = 60 ]
	done
}

@test "collector: -e keeps the store within limits" {
	mkdir out
	collect -w out --rotate 1s -e files=2
	for first in 0 5 10 15 20; do
		export_to udp "$port" --messages 5 --first $first
		sleep 1
	done
	finish
	[ "$(find out -name '*.flow' | wc -l)" -le 3 ]
	run -2 --separate-stderr flowrecv -l udp:127.0.0.1:0 -w out -e size=5
	[[ $stderr == "flowrecv: --expire 'size=5'"* ]]
}

@test "collector: the longest datagram there is comes whole" {
	collect -w out.flow -v
	export_to udp "$port" --as ipfix --messages 2 --records 1765
	finish
	[ "$(records out.flow)" = 3530 ]
	[ "$(counted truncated)" = 0 ]
	[ "$(counted octets)" -gt 130000 ]
}

@test "collector: metrics are whole, and say what statistics say" {
	collect -w out.flow --metrics metrics -v
	export_to udp "$port" --messages 10 --source-port 47214
	export_to udp "$port" --messages 5 --first 13 --source-port 47214
	finish
	grep -qx 'flowrecv_records_total{exporter="127.0.0.1",port="47214",version="9",domain="1"} 300' metrics
	grep -qx 'flowrecv_lost_total{exporter="127.0.0.1",port="47214",version="9",domain="1"} 3' metrics
	grep -qx 'flowrecv_written_records_total 300' metrics
	# Every line is a comment or NAME{LABELS} NUMBER; every name has its HELP and TYPE before it.
	run -0 awk '
		/^# HELP / { help[$3] = 1; next }
		/^# TYPE / { if (!help[$3] || ($4 != "counter" && $4 != "gauge")) print "type: " $0; type[$3] = 1; next }
		{ name = $1; sub(/\{.*/, "", name); if (!type[name] || $NF !~ /^[0-9]+$/) print "bad: " $0 }' metrics
	[ -z "$output" ]
}

@test "collector: agents of sFlow that send by one address are counted each for itself" {
	collect -w out.flow --metrics metrics -v
	exec {out}> "/dev/udp/${port%:*}/${port##*:}"
	for i in 1 2 3; do
		# version 5, an agent by its IPv4 address, sub agent, sequence, uptime, no samples
		printf '\0\0\0\5\0\0\0\1\300\0\2\1\0\0\0\0\0\0\3%b\0\0\1\0\0\0\0\0' "\\0$i" >&"$out"
		printf '\0\0\0\5\0\0\0\1\300\0\2\2\0\0\0\0\0\0\0%b\0\0\0\0\0\0\0\0' "\\0$i" >&"$out"
	done
	exec {out}>&-
	finish
	[ "$(grep -c 'sFlow 5, agent 192\.0\.2\.[12], domain 0: 3 messages, .* 0 templates$' err)" -eq 2 ]
	[ "$(grep -c '^flowrecv_lost_total.*,agent="192\.0\.2\.[12]"} 0$' metrics)" -eq 2 ]
	[ -z "$(grep -v '^#' metrics | cut -d ' ' -f 1 | sort | uniq -d)" ]
}

@test "collector: metrics tell a connection from the datagrams of the same port" {
	listen="udp:127.0.0.1:0 tcp:127.0.0.1:0" collect -w out.flow --metrics metrics
	export_to udp "$port" --as ipfix --messages 2 --source-port 47217
	export_to tcp "${ports[1]}" --as ipfix --messages 3 --source-port 47217
	until_true grep -q '^flowrecv_messages_total.*transport' metrics
	finish
	grep -qx 'flowrecv_messages_total{exporter="127.0.0.1",port="47217",version="10",domain="1",to="'"${port##*:}"'"} 2' metrics
	grep -qx 'flowrecv_messages_total{exporter="127.0.0.1",port="47217",version="10",domain="1",to="'"${ports[1]##*:}"'",transport="tcp"} 3' metrics
	[ -z "$(grep -v '^#' metrics | cut -d ' ' -f 1 | sort | uniq -d)" ]
}

@test "collector: two ports that one port of an exporter sends to are told apart" {
	listen="udp:127.0.0.1:0 udp:127.0.0.1:0" collect -w out.flow --metrics metrics --stats -j 1
	export_to udp "$port" --as ipfix --messages 2 --source-port 47219
	export_to udp "${ports[1]}" --as ipfix --messages 3 --source-port 47219
	finish
	grep -qx 'flowrecv_messages_total{.*,to="'"${port##*:}"'"} 2' metrics
	grep -qx 'flowrecv_messages_total{.*,to="'"${ports[1]##*:}"'"} 3' metrics
	[ "$(grep -c '^flowrecv_duplicate_total.* 0$' metrics)" -eq 2 ]
	grep -qx "flowrecv: 127.0.0.1:47219: version 10, domain 1, to udp:${port##*:}: 2 messages, .*" err
	grep -qx "flowrecv: 127.0.0.1:47219: version 10, domain 1, to udp:${ports[1]##*:}: 3 messages, .*" err
	[ -z "$(grep -v '^#' metrics | cut -d ' ' -f 1 | sort | uniq -d)" ]
}

@test "collector: two addresses of ours that one port of an exporter sends to are told apart" {
	local one number to

	listen="udp:127.0.0.1:0" collect -w first.flow
	number=${port##*:}
	finish
	listen="udp:127.0.0.1:$number udp:127.0.0.2:$number" collect -w out.flow --metrics metrics --stats -j 2
	export_to udp "127.0.0.1:$number" --as ipfix --messages 2 --source-port 47221
	export_to udp "127.0.0.2:$number" --as ipfix --messages 3 --source-port 47221
	finish
	for to in 1,2 2,3; do
		one=127.0.0.${to%,*}:$number
		grep -qx "flowrecv_messages_total{.*,to=\"$one\"} ${to#*,}" metrics
		grep -qx "flowrecv: 127.0.0.1:47221: version 10, domain 1, to udp:$one: ${to#*,} messages, .*" err
	done
	[ "$(grep -c '^flowrecv_duplicate_total.* 0$' metrics)" -eq 2 ]
	[ -z "$(grep -v '^#' metrics | cut -d ' ' -f 1 | sort | uniq -d)" ]
}

@test "collector: what is remembered of another port of ours is told apart in metrics, the one port goes without saying" {
	local labels='exporter="127.0.0.1",port="47220",version="10",domain="1"' before

	collect -w out.flow --templates state
	before=${port##*:}
	export_to udp "$port" --as ipfix --messages 2 --source-port 47220
	finish
	collect -w out.flow --templates state --metrics metrics
	export_to udp "$port" --as ipfix --messages 3 --source-port 47220
	finish
	grep -qx "flowrecv_messages_total{$labels,to=\"127.0.0.1:$before\"} 0" metrics
	grep -qx "flowrecv_messages_total{$labels} 3" metrics
	[ -z "$(grep -v '^#' metrics | cut -d ' ' -f 1 | sort | uniq -d)" ]
}

@test "collector: metrics say what became of connections" {
	listen="udp:127.0.0.1:0 tcp:127.0.0.1:0" collect -w out.flow --metrics metrics -j 1 -v
	export_to tcp "${ports[1]}" --as ipfix --messages 1
	export_to tcp "${ports[1]}" --as v9 --messages 1
	until_true grep -q 'no IPFIX message' err
	finish
	grep -qx "flowrecv_connections_total{socket=\"tcp:${ports[1]}\",worker=\"0\"} 2" metrics
	grep -qx "flowrecv_connections_failed_total{socket=\"tcp:${ports[1]}\",worker=\"0\"} 1" metrics
	grep -qx "flowrecv_connections_open{socket=\"tcp:${ports[1]}\",worker=\"0\"} 0" metrics
	[ -z "$(grep "connections.*socket=\"$port" metrics)" ]
	grep -qx 'flowrecv_unwritten_options_total 0' metrics
}

@test "collector: problems are logged per exporter and class, once, with their number" {
	collect -w out.flow
	for first in 0 20 40 60 80; do
		export_to udp "$port" --messages 2 --first $first --source-port 47215
		printf 'garbage' > /dev/udp/127.0.0.1/"${port##*:}"
		sleep 0.5
	done
	until_true grep -q 'lost by sequence number' err
	finish
	[ "$(grep -c '47215: version 9, domain 1: .* messages lost by sequence number' err)" = 1 ]
	[ "$(grep -c 'datagrams\? of no export message' err)" -le 5 ]
}

@test "collector: what our own sockets lose is logged while it runs, not at its end only" {
	[ -x "$TOOLS/blast" ] || skip "no blast"
	export_to pcap many.pcap --messages 3000 --records 20
	listen="udp:127.0.0.1:0 tcp:127.0.0.1:0" collect -w out.flow --rcvbuf 64Ki --connections 1
	kill -STOP "$collector"
	"$TOOLS/blast" send many.pcap "$port" 0
	kill -CONT "$collector"
	until_true grep -q "^flowrecv: $port: [1-9][0-9]* datagrams dropped by the kernel$" err
	export_to tcp "${ports[1]}" --as ipfix --messages 2 --linger 3 &
	exporter=$!
	sleep 1
	export_to tcp "${ports[1]}" --as ipfix --messages 2 2> /dev/null || true
	until_true grep -q "^flowrecv: tcp:${ports[1]}: 1 connection refused$" err
	wait $exporter
	[ "$(grep -c 'dropped by the kernel$' err)" = 1 ]
	finish
}

@test "collector: datagrams that could not be repeated are logged" {
	[ "$(id -u)" = 0 ] || skip "keeping addresses takes root"
	python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2> /dev/null || skip "no IPv6"
	listen="udp:[::1]:0" collect -w out.flow -R 127.0.0.1:9 --spoof
	python3 -c 'import socket, sys
socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("::1", int(sys.argv[1].rsplit(":", 1)[1])))' "$port"
	until_true grep -q '^flowrecv: 1 datagram not repeated$' err
	finish
}

@test "collector: rotation under load loses nothing" {
	[ -x "$TOOLS/blast" ] || skip "no blast"
	export_to pcap load.pcap --messages 3000 --records 30 --templates 50
	mkdir out
	collect -w out --rotate 1s -v
	"$TOOLS/blast" send load.pcap "$port" 4000 5 > sent
	sleep 0.5
	finish
	[ "$(counted 'dropped by the kernel')" = 0 ]
	[ "$(records out)" = $((3000 * 5 * 30)) ]
	[ "$(find out -name '*.flow' | wc -l)" -ge 3 ]
	[ -z "$(find out -name '.*' -type f)" ]
	for file in out/*.flow; do flowcat --check "$file"; done
}

@test "collector: a reader that stalls: every record is written or counted as discarded" {
	[ -x "$TOOLS/blast" ] || skip "no blast"
	export_to pcap load.pcap --messages 5000 --records 30 --templates 50
	mkfifo pipe
	(exec < pipe; sleep 4; exec flowcat -o null -v --recover - 2> read.err) 3>&- &
	reader=$!
	collect -w pipe --queue 1Mi --rcvbuf 1Mi -v
	"$TOOLS/blast" send load.pcap "$port" 5000 3 > sent
	finish
	wait $reader
	sent=$((5000 * 3))
	received=$(counted 'datagrams received')
	dropped=$(counted 'dropped by the kernel')
	[ $((received + dropped)) = $sent ]
	decoded=$(sed -n 's/.*total: [0-9]* messages, \([0-9]*\) records and.*/\1/p' err)
	written=$(sed -n 's/.*options decoded; \([0-9]*\) and.*/\1/p' err)
	discarded=$(sed -n 's/.* \([0-9]*\) discarded while.*/\1/p' err)
	[ "$discarded" -gt 0 ]
	[ $((decoded + discarded)) = $((received * 30)) ]
	[ "$written" = "$decoded" ]
}

@test "collector: kill -9 at any moment loses the last flush interval at most" {
	[ -x "$TOOLS/blast" ] || skip "no blast"
	export_to pcap load.pcap --messages 2000 --records 20 --templates 50
	for wait in 0.35 0.61 0.87 1.13; do
		rm -rf out
		mkdir out
		collect -w out --rotate 1s --flush 0.2s -q
		"$TOOLS/blast" send load.pcap "$port" 1000 1 > sent 3>&- &
		sender=$!
		sleep $wait
		kill -KILL "$collector"
		wait "$collector" || true
		collector=
		wait $sender
		collect -w out --rotate 1h -q
		finish
		[ -z "$(find out -name '.*' -type f)" ]
		for file in out/*.flow; do flowcat --check "$file"; done
		# 20,000 records a second; what 0.2 s and a busy machine may hold is gone.
		got=$(records out)
		least=$(awk -v w=$wait 'BEGIN { n = (w - 0.45) * 20000; print (n > 0 ? int(n) : 0) }')
		[ "$got" -ge "$least" ]
		# Nothing is there twice or with a hole: v9 message numbers are the records' own.
		flowcat -o csv -k bytes out | sort -n | uniq -d > twice
		[ "$(wc -l < twice)" -le 1 ]
	done
}

@test "collector: a full disk is told, waited for, and loses what the queue cannot hold, counted" {
	[ -x "$TOOLS/blast" ] || skip "no blast"
	small_disk disk 2m
	export_to pcap load.pcap --messages 3000 --records 30 --templates 50
	head -c 1700000 /dev/urandom > disk/ballast
	mkdir disk/out
	collect -w disk/out --rotate 1h --queue 256Ki --rcvbuf 512Ki --flush 0.2s -v --fast
	"$TOOLS/blast" send load.pcap "$port" 3000 3 > sent
	until_true grep -q 'No space left on device; .*trying again every second' err
	rm disk/ballast
	until_true grep -q 'writing again' err
	export_to udp "$port" --messages 10 --domain 9 --source-port 47216
	sleep 1.5
	finish
	decoded=$(sed -n 's/.*total: [0-9]* messages, \([0-9]*\) records and.*/\1/p' err)
	written=$(sed -n 's/.*options decoded; \([0-9]*\) and.*/\1/p' err)
	discarded=$(sed -n 's/.* \([0-9]*\) discarded while.*/\1/p' err)
	received=$(counted 'datagrams received')
	dropped=$(counted 'dropped by the kernel')
	[ $((received + dropped)) = 9010 ]
	[ "$written" = "$decoded" ]
	[ $((decoded + ${discarded:-0})) = $((9000 * 30 - dropped * 30 + 200)) ]
	[ "$(records disk/out)" = "$written" ]
	for file in disk/out/*.flow; do flowcat --check "$file"; done
	[ "$(flowagg -k domain -v flows -o csv disk/out | grep -c '^9,200$')" = 1 ]
}

@test "collector: a disk that stays full ends with status 3, and what was written is good" {
	small_disk disk 1m
	mkdir disk/out
	collect -w disk/out --rotate 1h --flush 0.1s --fast --metrics disk/prom
	head -c 2000000 /dev/zero > disk/ballast 2> /dev/null || true
	export_to udp "$port" --messages 200 --records 25
	until_true grep -q 'trying again' err
	status=0
	finish || status=$?
	[ "$status" = 3 ]
	grep -q '[1-9][0-9]* records for which the output had no room' err
	[ "$(tail -n 1 err)" = "flowrecv: disk/prom: cannot write disk/prom: No space left on device" ]
	rm disk/ballast
	collect -w disk/out --rotate 1h -q
	finish
	for file in $(find disk/out -name '*.flow'); do flowcat --check "$file"; done
}

@test "collector: what one left incomplete is not replaced by the next one of the same period" {
	small_disk disk 1m
	mkdir disk/out
	for first in 0 400; do
		collect -w disk/out --rotate 0 --name store --flush 0.1s
		export_to udp "$port" --messages 20 --first "$first"
		sleep 0.5
		head -c 2000000 /dev/zero > disk/ballast 2> /dev/null || true
		export_to udp "$port" --messages 20 --records 25
		until_true grep -q 'trying again' err
		status=0
		finish || status=$?
		[ "$status" = 3 ]
		rm disk/ballast
		# Where it says that it is it is.
		[ "$(grep -c 'what was written is in' err)" = 0 ]
		[ -s "$(sed -n 's/flowrecv: \(.*\): holds what was written$/\1/p' err)" ]
	done
	[ "$(find disk/out -type f | sort | tr '\n' ' ')" = "disk/out/store.flow.incomplete disk/out/store_2.flow.incomplete " ]
	for file in disk/out/*; do
		[ "$(flowcat --live -o csv -k bytes "$file" | tail -n +2 | wc -l)" = 400 ]
	done
}

@test "collector: a file that gets the name of the one being written is not replaced" {
	mkdir out
	collect -w out --rotate 0
	export_to udp "$port" --messages 3
	until_true compgen -G 'out/.*.part' > part
	name=$(sed 's,out/[.],,; s/[.]part$//' part)
	flowgen -n 7 -w "out/$name"
	finish
	[ "$(records "out/$name")" = 7 ]
	[ "$(records "out/${name%.flow}_2.flow")" = 60 ]
	[ "$(find out -type f | wc -l)" = 2 ]
}

@test "collector: a file that is taken away while it is written is told at once, and the others go on" {
	mkdir out
	collect -w out --rotate 1s
	until_true compgen -G 'out/.*.part' > name
	rm -f out/.*.part
	until_true grep -q 'is gone with what was written; going on with other files' err
	export_to udp "$port" --messages 3
	status=0
	finish || status=$?
	[ "$status" = 3 ]
	[ "$(records out)" = 60 ]
}

@test "collector: where a file may be no larger another one goes on in its directory, and nothing is lost" {
	are_there() { [ "$(records --live out 2> /dev/null)" = "$1" ]; }
	mkdir out
	ulimit -S -f 64
	collect -w out --rotate 0 --name store --flush 0.05s -v -j 1
	ulimit -S -f unlimited
	# One after the other, so that no block is larger than a file may be.
	for domain in {1..20}; do
		export_to udp "$port" --messages 25 --records 25 --domain "$domain" --source-port 47222
		until_true are_there $((domain * 625))
	done
	until_true grep -q 'out/store_2.flow: cannot write: File too large; going on in another file' err
	finish
	[ "$(records out)" = 12500 ]
	[ "$(find out -name '*.flow' | wc -l)" -ge 3 ]
	for file in out/*.flow; do flowcat --check "$file"; done
}

@test "collector: one file that may be no larger is waited for as a full disk is" {
	command -v prlimit || skip "no prlimit"
	ulimit -S -f 8
	collect -w out.flow --flush 0.05s -v
	ulimit -S -f unlimited
	export_to udp "$port" --messages 100 --records 25
	until_true grep -q 'out.flow: cannot write: File too large; trying again every second' err
	prlimit --pid "$collector" --fsize=unlimited
	until_true grep -q 'writing again' err
	finish
	[ "$(records out.flow)" = 2500 ]
	flowcat --check out.flow
}

@test "collector: what stands in the way of a file is told and waited for, whatever it is" {
	mkdir out
	collect -w out -S sub --rotate 1s
	until_true compgen -G 'out/sub/.*.part' > name
	mv out/sub out/other
	touch out/sub
	until_true grep -q 'out/sub/.*: Not a directory; trying again every second' err
	export_to udp "$port" --messages 3
	rm out/sub
	until_true grep -q 'writing again' err
	finish || [ $? = 3 ] # the one that was moved
	[ "$(records out)" = 60 ]
}

@test "collector: an output directory that is made anew is told to be closed by the sandbox" {
	mkdir out
	collect -w out -v
	if ! grep -q 'files: Landlock' err; then finish; skip "no Landlock"; fi
	finish
	mkdir apart
	flowrecv -l udp:127.0.0.1:0 --port-file apart/port -w out --rotate 1s 2> err 3>&- &
	collector=$!
	until_true [ -s apart/port ]
	rm -r out
	until_true grep -q 'No such file or directory; trying again' err
	mkdir out
	until_true grep -q 'out: replaced by another directory, which the sandbox keeps closed: restart the collector; trying again' err
	status=0
	finish || status=$?
	[ "$status" = 3 ]
}

@test "collector: a file whose directory is missing is told by its option, with and without a sandbox" {
	for option in --templates --metrics --port-file; do
		for sandbox in '' --no-sandbox; do
			# shellcheck disable=SC2086 # nothing is no argument
			run -3 timeout 5 flowrecv -l udp:127.0.0.1:0 -w out.flow "$option" none/file $sandbox
			[ "$output" = "flowrecv: $option: none/file: No such file or directory" ]
		done
	done
}

@test "collector: the port file of one before it does not say that it is ready" {
	echo 127.0.0.1:9 > left
	run -3 flowrecv -l udp:192.0.2.9:0 --port-file left -w out.flow
	[ ! -e left ]
}

@test "collector: it gives up what it does not need" {
	mkdir out
	collect -w out -v
	grep -q '^Seccomp:.*2$' "/proc/$collector/status" || skip "the kernel has no seccomp filters"
	grep -q '^NoNewPrivs:.*1$' "/proc/$collector/status"
	grep -q 'flowrecv: files: .*system calls: seccomp' err
	finish
	collect -w out --no-sandbox
	grep -q '^Seccomp:.*0$' "/proc/$collector/status"
	finish
	if [ "$(id -u)" = 0 ]; then
		open=$(mktemp -d)
		chown nobody "$open"
		cd "$open"
		mkdir out
		chown nobody out
		collect -w out -u nobody
		[ "$(awk '/^Uid:/ { print $2 }' "/proc/$collector/status")" = "$(id -u nobody)" ]
		[ "$(awk '/^CapEff:/ { print $2 }' "/proc/$collector/status")" = 0000000000000000 ]
		export_to udp "$port" --messages 2
		finish
		[ "$(find out -name '*.flow' -user nobody | wc -l)" -ge 1 ]
		cd "$BATS_TEST_TMPDIR"
		rm -rf "$open"
	fi
	run -2 --separate-stderr flowrecv -u nobody.such.user -w out
	[[ $stderr == "flowrecv: --user: "* ]]
}

@test "collector: sockets of a service manager, readiness and its end" {
	cat > manager.py <<-'END'
		import os, signal, socket, subprocess, sys, time
		notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		notify.bind("notify")
		notify.settimeout(10)
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.bind(("127.0.0.1", 0))
		tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
		tcp.bind(("127.0.0.1", 0))
		tcp.listen(16)
		tool = sys.argv[1]
		def start():
		    pid = os.fork()
		    if pid == 0:
		        os.dup2(udp.fileno(), 3); os.dup2(tcp.fileno(), 4)
		        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="udp:tcp",
		                          NOTIFY_SOCKET=os.path.abspath("notify"))
		        os.execvp("flowrecv", ["flowrecv", "-w", "out", "--rotate", "1h", "-q"])
		    assert notify.recv(100) == b"READY=1", "not ready"
		    return pid
		def begin(how, sock, *more):
		    return subprocess.Popen([sys.executable, tool, how, "127.0.0.1:%d" % sock.getsockname()[1],
		                             "--messages", "5", *more])
		def send(*args):
		    assert begin(*args).wait() == 0
		pid = start()
		send("udp", udp)
		send("tcp", tcp, "--as", "ipfix")
		time.sleep(0.5)
		os.kill(pid, signal.SIGTERM)
		assert notify.recv(100) == b"STOPPING=1"
		send("udp", udp, "--first", "5")        # nobody reads: it waits in the socket
		assert os.waitpid(pid, 0)[1] == 0
		late = begin("tcp", tcp, "--as", "ipfix")
		time.sleep(0.3)
		pid = start()
		assert late.wait() == 0
		time.sleep(0.5)
		os.kill(pid, signal.SIGTERM)
		assert os.waitpid(pid, 0)[1] == 0
	END
	mkdir out
	python3 manager.py "$REPO/tests/tools/export.py" 3>&-
	# Those between the two collectors waited for the second.
	[ "$(records out)" = 400 ]
}
