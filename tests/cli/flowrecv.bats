# flowrecv: options, captures, files, signals, failures.
# shellcheck shell=bash

load ../collector

@test "flowrecv: wrong options are usage errors that say what is expected" {
	run -2 --separate-stderr flowrecv -l quic:2055 -w out.flow
	[[ $stderr == "flowrecv: --listen: no transport in 'quic:2055': expected"* ]]
	run -2 --separate-stderr flowrecv -l udp:::1:2055 -w out.flow
	[[ $stderr == *"an IPv6 address stands in brackets: udp:[::1]:2055"* ]]
	run -2 --separate-stderr flowrecv -l udp:127.0.0.1:65536 -w out.flow
	[[ $stderr == *"no port number in 'udp:127.0.0.1:65536'"* ]]
	run -2 --separate-stderr flowrecv -R collector -w out.flow
	[[ $stderr == *"--repeat: no port number in 'collector'"* ]]
	run -2 --separate-stderr flowrecv -r a.pcap -l udp:2055 -w out.flow
	[[ $stderr == "flowrecv: either --listen or --read"* ]]
	run -2 --separate-stderr flowrecv -r a.pcap -x 'mv "$1" done' -w -
	[[ $stderr == *"--exec is for complete files: it needs -w FILE|DIR"* ]]
	run -2 --separate-stderr flowrecv -r a.pcap --rotate 5m -w out.flow
	[[ $stderr == *"--rotate, --name, --subdir and --partition need -w DIR"* ]]
	run -2 --separate-stderr flowrecv -r a.pcap --rotate 1.5s -w .
	[[ $stderr == *"--rotate '1.5s': expected whole seconds"* ]]
	for args in "--template-lifetime 0" "--template-lifetime 4294967296s" "--flush 0" "--flush 0ms"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowrecv -r a.pcap $args -w .
		[[ $stderr == *"expected a time from 1ns to 4294967295s"* ]]
	done
	run -2 --separate-stderr flowrecv -r a.pcap --name ../x -w .
	[[ $stderr == *"--name '../x'"* ]]
	run -2 --separate-stderr flowrecv --template-scope domain
	[[ $stderr == *"expected ip or ip,port"* ]]
	: > a.pcap
	run -2 --separate-stderr flowrecv a.pcap
	[[ $stderr == *"'a.pcap': unexpected; captures are read with -r"* ]]
	run -2 --separate-stderr flowrecv 'dst prot 53' -w out.flow
	[[ $stderr == "flowrecv: expression: "*"dst prot 53"*"^"* ]]
	run -2 --separate-stderr flowrecv --source 10.0.0.0/8 -w out.flow
	[[ $stderr == "flowrecv: --source: '10.0.0.0/8': expected NAME=PREFIX"* ]]
	printf '\0\0\0' > zeros
	run -2 --separate-stderr flowrecv --source @zeros -w out.flow
	[[ $stderr == "flowrecv: --source: zeros: not a text: it holds a NUL"* ]]
	run -2 --separate-stderr flowrecv --source @- -w out.flow <<< 'a=10.0.0.0/8'
	[[ $stderr == "flowrecv: --source: @-: files are read again at SIGHUP, standard input cannot be"* ]]
	for args in "-l tcp:127.0.0.1:0 --peer exporter.example" "-l udp:127.0.0.1:0 --ca ca.pem" "-r a.pcap --cert a.pem"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr timeout 5 flowrecv $args -w out.flow
		[[ $stderr == "flowrecv: --cert, --key, --ca and --peer go with "* ]]
	done
	[ ! -e out.flow ]
}

@test "flowrecv: where somebody has the port of IPv6, IPv4 alone is not every address" {
	cat > taken.py <<-'END'
		import socket, subprocess, sys
		kind = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}[sys.argv[1]]
		s = socket.socket(socket.AF_INET6, kind)
		s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
		s.bind(("::", 0))
		if sys.argv[1] == "tcp":
		    s.listen(1)
		listen = "%s:%d" % (sys.argv[1], s.getsockname()[1])
		sys.exit(subprocess.call(["timeout", "5", "flowrecv", "-l", listen, "-w", "out.flow"]))
	END
	python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2> /dev/null || skip "no IPv6"
	for transport in udp tcp; do
		run -3 --separate-stderr python3 taken.py $transport
		[[ $stderr == "flowrecv: $transport:"*": cannot listen: Address already in use" ]]
	done
	[ ! -e out.flow ]
}

@test "flowrecv: an unreadable, empty or foreign input fails with its name and the reason" {
	run -3 --separate-stderr flowrecv -r missing.pcap -w out.flow
	[ "$stderr" = "flowrecv: missing.pcap: No such file or directory" ]
	: > empty.pcap
	run -3 --separate-stderr flowrecv -r empty.pcap -w out.flow
	[[ $stderr == "flowrecv: empty.pcap: is empty: expected a pcap or pcapng capture"* ]]
	echo "this is some text" > text.pcap
	run -3 --separate-stderr flowrecv -r text.pcap -w out.flow
	[ "$stderr" = "flowrecv: text.pcap: is no pcap or pcapng capture, and no IPFIX file" ]
	[ ! -e out.flow ]
}

@test "flowrecv: a capture of traffic, which has no export packets, is told" {
	cat > capture.py <<-'END'
		import struct, sys
		sys.stdout.buffer.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
		for proto in sys.argv[1:]:
		    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, int(proto), 0, b"\xc0\0\2\1", b"\xc0\0\2\2")
		    p = ip + struct.pack("!HHHHIIHH", 4000, 53, 20, 0, 0x12340100, 0, 0, 0)[:20]
		    sys.stdout.buffer.write(struct.pack("<IIII", 1767600000, 0, len(p), len(p)) + p)
	END
	python3 capture.py 6 > tcp.pcap
	run -0 --separate-stderr flowrecv -r tcp.pcap -w out.flow
	[ "$stderr" = "flowrecv: tcp.pcap: no export message in 1 packet, 0 of them UDP; of traffic itself softflowd -r makes flows" ]
	python3 capture.py 6 17 17 > both.pcap
	run -0 --separate-stderr flowrecv -r both.pcap -w out.flow
	[[ $stderr == "flowrecv: both.pcap: no export message in 3 packets, 2 of them UDP; of traffic"* ]]
	python3 capture.py > none.pcap
	export_to pcap v5.pcap --as v5 --messages 1 --records 1
	run -0 --separate-stderr flowrecv -q -r both.pcap -r tcp.pcap -w out.flow
	[ -z "$stderr" ]
	run -0 --separate-stderr flowrecv -r none.pcap -r v5.pcap -w out.flow
	[ -z "$stderr" ]
	run -0 --separate-stderr flowrecv -r v5.pcap -r tcp.pcap -w out.flow
	[[ $stderr == "flowrecv: tcp.pcap: no export message in 1 packet, "* ]]
	run -0 --separate-stderr flowrecv --source x=198.51.100.1/32 -r both.pcap -w out.flow
	[[ $stderr != *"no export message"* ]]
}

@test "flowrecv: a link layer that is not supported is refused by name" {
	export_to pcap wlan.pcap --link 105
	run -3 --separate-stderr flowrecv -r wlan.pcap -w out.flow
	[[ $stderr == "flowrecv: wlan.pcap: link layer IEEE802_11 (105) is not supported: "* ]]
}

@test "flowrecv: captures of v5, v9 and IPFIX give every record" {
	for version in v5 v9 ipfix; do
		export_to pcap $version.pcap --as $version --messages 10 --records 20
		run -0 --separate-stderr flowrecv -r $version.pcap -w $version.flow
		[ -z "$stderr" ]
		[ "$(records $version.flow)" = 200 ]
		[ "$(bytes $version.flow)" = $((200 * 100 + 199 * 200 / 2)) ]
	done
}

@test "flowrecv: what is read of exporters that are not listened to is counted, for each file" {
	export_to pcap a.pcap --messages 3 --records 20
	export_to ipfix b.ipfix --as ipfix --messages 2 --records 20
	run -0 --separate-stderr flowrecv -r a.pcap -r b.ipfix --source other=203.0.113.0/24 --stats -w out.flow
	[[ ${stderr_lines[0]} == "flowrecv: a.pcap: "*" fragments dropped, 3 denied" ]]
	[ "${stderr_lines[1]}" = "flowrecv: b.ipfix: 2 messages denied" ]
	[ "$(records out.flow)" = 0 ]
}

@test "flowrecv: several captures are one collection: templates of one serve the next" {
	export_to pcap first.pcap --messages 5
	export_to pcap second.pcap --messages 5 --first 5 --templates 100
	flowrecv -r first.pcap -r second.pcap -w both.flow
	[ "$(records both.flow)" = 200 ]
}

@test "flowrecv: each IPFIX file has templates of its own, under the same numbers" {
	export_to ipfix first.ipfix --as ipfix --messages 5
	export_to ipfix second.ipfix --as ipfix --messages 5 --first 5 --swap
	export_to ipfix none.ipfix --as ipfix --messages 5 --first 5 --templates 100
	run -0 --separate-stderr flowrecv -r first.ipfix -r second.ipfix -w both.flow
	[ -z "$stderr" ]
	[ "$(records both.flow)" = 200 ]
	[ "$(bytes both.flow)" = "$(octets_of 0 200)" ]
	flowrecv -q -r first.ipfix -r none.ipfix -w first.flow
	[ "$(records first.flow)" = 100 ]
}

@test "flowrecv: an IPFIX file is read message by message, cut files up to the cut" {
	export_to ipfix whole.ipfix --as ipfix --messages 10 --records 20
	flowrecv -r whole.ipfix -w whole.flow
	[ "$(records whole.flow)" = 200 ]
	flowrecv -r - < whole.ipfix | flowcat -o ndjson > lines
	[ "$(wc -l < lines)" = 200 ]
	head -c -7 whole.ipfix > cut.ipfix
	run -3 --separate-stderr flowrecv -r cut.ipfix -w cut.flow
	[[ $stderr == "flowrecv: cut.ipfix: offset "*": the file ends within an IPFIX message" ]]
	[ ! -e cut.flow ]
	[ "$(records --live cut.flow.incomplete)" = 180 ]
}

@test "flowrecv: a truncated capture fails, and nothing before the cut is lost" {
	export_to pcap whole.pcap --messages 10 --records 20
	head -c -7 whole.pcap > cut.pcap
	run -3 --separate-stderr flowrecv -r cut.pcap -w cut.flow
	[[ $stderr == "flowrecv: cut.pcap: packet 10: truncated dump file"* ]]
	[ ! -e cut.flow ]
	[ "$(records --live cut.flow.incomplete)" = 180 ]
	run -3 --separate-stderr flowrecv -r cut.pcap -r whole.pcap -w both.flow
	[ "$(records --live both.flow.incomplete)" = 380 ]
	flowrecv -r cut.pcap 2> err | cat > piped.flow
	run -3 --separate-stderr flowcat -o ndjson piped.flow
	[ "${#lines[@]}" = 180 ]
	[[ $stderr == *"end mark"* ]]
}

@test "flowrecv: rotation gives complete files named by aligned periods" {
	export_to pcap day.pcap --as v5 --messages 12 --records 10 --time 1700000123 --step 100
	mkdir out
	flowrecv -r day.pcap -w out --rotate 5m
	run -0 ls -A out
	[ "$output" = "20231114T221500Z.flow
20231114T222000Z.flow
20231114T222500Z.flow
20231114T223000Z.flow" ]
	for file in out/*.flow; do flowcat -o null "$file"; done
	[ "$(records out)" = 120 ]
	[ "$(records out/20231114T222000Z.flow)" = 30 ]

	flowrecv -r day.pcap -w out --rotate 1h --name '%Y-%m-%d.%H'
	[ -e out/2023-11-14.22.flow ]
	flowrecv -r day.pcap -w out --rotate 1h --name '%Y-%m-%d.%H'
	[ -e out/2023-11-14.22_2.flow ]

	# Weeks begin on Mondays, as in flowagg.
	flowrecv -r day.pcap -w out --rotate 1w --name '%a-%Y-%m-%d'
	[ "$(records out/Mon-2023-11-13.flow)" = 120 ]
}

@test "flowrecv: rotation: a capture that begins before the end of the last one goes to its own periods" {
	export_to pcap a.pcap --messages 2 --records 5 --step 600 --time 1700000000
	export_to pcap b.pcap --messages 2 --records 5 --step 600 --time 1700000000 --exporter 192.0.2.2
	mkdir out
	flowrecv -q -r a.pcap -r b.pcap -w out --rotate 5m
	run -0 ls out
	[ "$output" = "20231114T221000Z.flow
20231114T221000Z_2.flow
20231114T222000Z.flow
20231114T222000Z_2.flow" ]
	[ "$(records out/20231114T221000Z_2.flow)" = 5 ]
	[ "$(records out)" = 20 ]
}

@test "flowrecv: rotation while listening loses nothing, a quiet period leaves an empty file" {
	mkdir out
	collect -w out --rotate 1s
	for first in 0 10 20 30 40 50; do
		export_to udp "$port" --messages 10 --records 20 --first $first
		sleep 0.35
	done
	sleep 2
	finish
	[ ! -s err ]
	[ "$(records out)" = 1200 ]
	[ "$(bytes out)" = $((1200 * 100 + 1199 * 1200 / 2)) ]
	[ -z "$(find out -name '.*' -type f)" ]
	for file in out/*.flow; do flowcat --check "$file"; done
	last=$(find out -name '*.flow' | sort | tail -n 1)
	[ "$(records "$last")" = 0 ]
}

@test "flowrecv: SIGTERM and SIGINT decode what has arrived, write the end mark, and exit 0" {
	for signal in TERM INT; do
		collect -w $signal.flow
		export_to udp "$port" --messages 50 --records 20
		kill -$signal "$collector"
		wait "$collector"
		[ ! -s err ]
		flowcat --check $signal.flow
		[ "$(records $signal.flow)" = 1000 ]
	done
}

@test "flowrecv: records reach a pipe within the flush interval" {
	mkfifo pipe
	flowcat -o ndjson pipe > lines 3>&- &
	reader=$!
	collect -w pipe
	export_to udp "$port" --messages 1 --records 20
	until_true [ -s lines ]
	finish
	wait $reader
	[ "$(wc -l < lines)" = 20 ]
}

@test "flowrecv: two exporters behind one address keep their templates apart" {
	collect -w out.flow -v
	for first in 0 3; do # a template in the first message only
		export_to udp "$port" --messages 3 --templates 100 --first $first --source-port 47101
		export_to udp "$port" --messages 3 --templates 100 --first $first --source-port 47102 --swap
	done
	finish
	[ "$(records out.flow)" = 240 ]
	[ "$(bytes out.flow)" = $((2 * (120 * 100 + 119 * 120 / 2))) ]
	grep -q '127.0.0.1:47101: version 9, domain 1: 6 messages, 120 records' err
	grep -q '127.0.0.1:47102: version 9, domain 1: 6 messages, 120 records' err
}

@test "flowrecv: --template-scope ip is for exporters that change their port" {
	for scope in ip ip,port; do
		collect -w $scope.flow --template-scope $scope -q
		export_to udp "$port" --messages 3 --templates 100 --source-port 47101
		export_to udp "$port" --messages 3 --templates 100 --source-port 47102 --swap
		export_to udp "$port" --messages 3 --templates 100 --first 3 --source-port 47103 --swap
		finish
	done
	[ "$(records ip.flow)" = 180 ]
	[ "$(records ip,port.flow)" = 120 ] # which of two templates is meant cannot be known
}

@test "flowrecv: SIGUSR1 prints statistics and collecting goes on" {
	collect -w out.flow
	export_to udp "$port" --messages 4 --records 20
	printf 'x' > /dev/udp/127.0.0.1/"${port##*:}"
	sleep 0.2
	kill -USR1 "$collector"
	until_true grep -q 'datagrams received' err
	grep -q 'version 9, domain 1: 4 messages, 80 records, 0 options, 4 templates' err
	grep -q "$port: 5 datagrams received, .* 0 dropped by the kernel" err
	export_to udp "$port" --messages 4 --records 20 --first 4
	finish
	[ "$(records out.flow)" = 160 ]
}

@test "flowrecv: blocks are packed for files, and not for pipes" {
	export_to pcap some.pcap --messages 100 --records 30
	flowrecv -r some.pcap -w - | cat > piped.flow
	flowrecv -r some.pcap -w packed.flow
	flowcat --info packed.flow | grep -q ' planes '
	run -1 grep -E ' (planes|dict|map|runs) ' <(flowcat --info piped.flow)
	cmp <(flowcat -o csv piped.flow) <(flowcat -o csv packed.flow)
}

@test "flowrecv: SIGUSR1 prints statistics while files are read, too" {
	export_to pcap some.pcap --messages 4 --records 20
	mkfifo feed
	flowrecv -r feed -w out.flow 2> err &
	collector=$!
	exec 8<> feed
	head -c 1000 some.pcap >&8
	sleep 0.3
	kill -USR1 "$collector"
	tail -c +1001 some.pcap >&8
	until_true grep -q '^flowrecv: total: ' err
	kill -0 "$collector"
	exec 8>&-
	wait "$collector"
	[ "$(records out.flow)" = 80 ]
}

@test "flowrecv: -v tells of sequence gaps in messages and records, and one line tells without it" {
	collect -w out.flow -v
	export_to udp "$port" --messages 2 --source-port 47103
	export_to udp "$port" --messages 2 --source-port 47103 --first 5
	finish
	grep -q '47103: version 9, domain 1: 4 messages, 80 records.*, lost 3 messages (about 60 records)' err
	collect -w out.flow
	export_to udp "$port" --messages 2 --source-port 47103
	export_to udp "$port" --messages 2 --source-port 47103 --first 5
	finish
	[ "$(cat err)" = "flowrecv: not everything was decoded, 3 messages or records lost by sequence number (-v says more)" ]
	collect -w out.flow -q
	export_to udp "$port" --messages 2 --source-port 47103 --templates 2 --first 5
	finish
	[ ! -s err ]
}

@test "flowrecv: sent = received + dropped by the kernel, exactly, when it cannot keep up" {
	[ -x "$TOOLS/blast" ] || skip "no blast"
	export_to pcap many.pcap --messages 3000 --records 20
	collect -w out.flow -v -q --rcvbuf 64Ki
	kill -STOP "$collector"
	"$TOOLS/blast" send many.pcap "$port" 0
	kill -CONT "$collector"
	finish
	received=$(sed -n "s/.* \([0-9]*\) datagrams received.*/\1/p" err)
	dropped=$(sed -n "s/.* \([0-9]*\) dropped by the kernel.*/\1/p" err)
	[ "$dropped" -gt 0 ]
	[ $((received + dropped)) = 3000 ]
	[ "$(records out.flow)" = $((received * 20)) ]
}

@test "flowrecv: a call to receive that fails is told and made again; what waits is not lost" {
	command -v strace > /dev/null || skip "no strace"
	strace -o /dev/null true 2> /dev/null || skip "no tracing here"
	strace -f -o /dev/null -e inject=recvmmsg:error=ENOBUFS:when=2..4 \
		flowrecv --no-sandbox -j 1 -l udp:127.0.0.1:0 --port-file port --stats -w out.flow 2> err 3>&- &
	collector=$!
	until_true [ -e port ]
	export_to udp "$(cat port)" --messages 5
	sleep 0.3
	kill -TERM "$(pgrep -P "$collector")"
	wait "$collector"
	collector=
	[ "$(records out.flow)" = 100 ]
	[ "$(grep -c 'cannot receive: No buffer space available; trying again' err)" = 1 ]
	grep -q ', 3 tries to receive failed$' err
}

@test "flowrecv: through a symbolic link the file it names is written, and the link stays" {
	export_to pcap a.pcap
	mkdir big
	: > big/day.flow
	ln -s big/day.flow day.flow
	flowrecv -r a.pcap -w day.flow
	[ -L day.flow ] && [ "$(flowcat -o csv -k bytes big/day.flow | wc -l)" -gt 1 ]
}

@test "flowrecv: a full disk is an error with status 3" {
	export_to pcap a.pcap
	run -3 --separate-stderr flowrecv -r a.pcap -w /dev/full
	[ "${stderr_lines[0]}" = "flowrecv: /dev/full: cannot write: No space left on device" ]
	[[ ${stderr_lines[1]} == *" records for which the output had no room"* ]]
	run -3 --separate-stderr bash -c 'flowrecv -r a.pcap > /dev/full'
	[ "${stderr_lines[0]}" = "flowrecv: standard output: cannot write: No space left on device" ]
	[[ ${stderr_lines[1]} == *" records for which the output had no room"* ]]
	run -3 --separate-stderr flowrecv -r a.pcap -w missing/out.flow
	[[ $stderr == "flowrecv: missing/out.flow: No such file or directory" ]]
}

@test "flowrecv: a collector that dies leaves all but the last flush interval" {
	mkdir out
	collect -w out --flush 0.1s --rotate 1h --partition domain -S a/b/c/d/e/f/g
	export_to udp "$port" --messages 20 --records 20
	sleep 1
	kill -KILL "$collector"
	wait "$collector" || true
	collector=
	part=$(find out -name '.*.flow.part')
	[ -n "$part" ]
	[ "$(records --live "$part")" = 400 ]
	run -3 --separate-stderr flowcat -o null "$part"
	[[ $stderr == *"end mark"* ]]

	# The next one makes a whole file of it, beside its own, and has the command run for both.
	collect -w out --rotate 1h -x 'echo "$1" >> complete'
	export_to udp "$port" --messages 1 --records 20
	finish
	[ "$(sort complete)" = "$(find out -name '*.flow' | sort)" ]
	[ "$(cat err)" = "flowrecv: ${part%/*}/$(basename "${part%.part}" | cut -c 2-): left by a collector that died: repaired" ]
	[ -z "$(find out -name '.*' -type f)" ]
	[ "$(records out)" = 420 ]
	[ "$(find out -name '*.flow' | wc -l)" = 2 ]
	for file in out/*.flow; do flowcat --check "$file"; done
}

@test "flowrecv: a part that its collector finishes while another one comes stays what it became" {
	command -v strace > /dev/null || skip "no strace"
	strace -o /dev/null true 2> /dev/null || skip "no tracing here"
	export_to pcap a.pcap --messages 1 --records 5
	export_to pcap b.pcap --messages 1 --records 7
	flowrecv -q -r a.pcap -w other.flow
	cp other.flow .out.flow.part
	# It is locked when the second collector looks for what others left, and has its name before that one locks it.
	flock .out.flow.part sh -c 'sleep 1; mv .out.flow.part out.flow' 3>&- &
	strace -f -o /dev/null -e inject=flock:delay_enter=2s:when=2 \
		flowrecv -q --no-sandbox -r b.pcap -w out.flow > said 2>&1 3>&- &
	tracer=$!
	sleep 1.8
	cmp out.flow other.flow
	exec 4< out.flow
	wait $tracer
	cmp other.flow - <&4
	[ "$(records out.flow)" = 7 ]
	[ ! -s said ]
}

@test "flowrecv: a reader that goes away ends the collector" {
	mkfifo pipe
	flowcat -n 5 -o ndjson pipe > lines 3>&- &
	reader=$!
	flowrecv -l udp:127.0.0.1:0 --port-file port > pipe 2> err 3>&- &
	collector=$!
	until_true [ -e port ]
	port=$(cat port)
	export_to udp "$port" --messages 2 --records 20
	wait $reader
	gone() { ! kill -0 "$collector" 2> /dev/null; }
	until_true gone
	collector=
	[ ! -s err ]
	[ "$(wc -l < lines)" = 5 ]
}

@test "flowrecv: options known so far are repeated at the beginning of every file" {
	export_to pcap a.pcap --messages 1 --records 5 --domain 3 --options --time 1700000000
	export_to pcap b.pcap --messages 1 --records 5 --domain 4 --options --time 1700000010
	export_to pcap c.pcap --messages 3 --records 5 --domain 3 --options --first 1 --time 1700000300
	export_to pcap d.pcap --messages 1 --records 5 --domain 3 --first 4 --time 1700000600
	mkdir out
	flowrecv -q -r a.pcap -r b.pcap -r c.pcap -r d.pcap -w out --rotate 5m
	run -0 bash -c 'flowcat -o ndjson --raw --options out/20231114T222000Z.flow | grep -c options'
	[ "$output" = 2 ] || { flowcat -o ndjson --raw --options out/20231114T222000Z.flow; false; }
	[ "$(records out/20231114T222000Z.flow)" = 5 ]
}

@test "flowrecv: options are remembered with templates, the last ones too" {
	export_to pcap a.pcap --messages 1 --records 5 --options --time 1700000000
	flowrecv -q -r a.pcap -w a.flow --templates state
	flowcat -o ndjson --options state | grep '"ifname"' > remembered
	[ "$(wc -l < remembered)" = 1 ]
	diff remembered <(flowcat -o ndjson --options a.flow | grep '"ifname"')
}

@test "flowrecv: binary is never written to a terminal" {
	script -qec true /dev/null > /dev/null 2>&1 || skip "no script(1), or no pseudo-terminals"
	export_to pcap a.pcap
	run script -qec 'flowrecv -r a.pcap' /dev/null
	[ "$status" = 2 ]
	[[ $output == *"standard output is a terminal"* ]]
}

@test "flowrecv: a file in a directory that cannot be read is in place, and no error" {
	[ "$(id -u)" = 0 ] && command -v setpriv > /dev/null || skip "another user takes root and setpriv"
	flowgen -n 100 -w day.flow
	flowcat -o ipfix day.flow > day.ipfix
	mkdir box
	chown 65534 box
	chmod 0300 box
	chmod 0711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* . # on the way
	chmod 0644 day.ipfix
	cp "$(command -v flowrecv)" recv
	setpriv --reuid=65534 --clear-groups ./recv --help > /dev/null || skip "no way to run it as another user"
	run -0 --separate-stderr setpriv --reuid=65534 --clear-groups ./recv -q -r day.ipfix -w box/o.flow
	[ -z "$stderr" ]
	[ "$(flowcat -o csv box/o.flow | wc -l)" -eq 101 ]
}

@test "flowrecv: what is wrong with an expression is shown where it is" {
	run -2 flowrecv -l udp:127.0.0.1:0 'dst prt 445'
	[ "${lines[1]}" = "    dst prt 445" ]
	[ "${lines[2]}" = "        ^~~" ]
}

@test "flowrecv: --help-fields, which a message about a wrong field names, lists the fields" {
	run -2 --separate-stderr flowrecv -l udp:127.0.0.1:0 'nothing 445'
	[[ $stderr == *"--help-fields lists them"* ]]
	run -0 flowrecv --help-fields
	[ "$output" = "$(flowcat --help-fields)" ]
}
