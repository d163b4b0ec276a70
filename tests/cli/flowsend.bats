# flowsend: options, pacing, reports, failures.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	receiver=
}

teardown() {
	[ -z "$receiver" ] || kill -KILL "$receiver" 2> /dev/null || true
}

# A socket that keeps datagrams for so long: $port; datagram sizes, one a line, in sizes.txt afterwards.
listen() { # SECONDS
	python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind(("127.0.0.1", 0))
open("port.tmp", "w").write(str(s.getsockname()[1]))
import os
os.rename("port.tmp", "port")
end = time.time() + float(sys.argv[1])
with open("sizes.txt", "w") as sizes, open("all.bin", "wb") as octets:
    while time.time() < end:
        s.settimeout(max(0.01, end - time.time()))
        try:
            data = s.recv(65535)
        except TimeoutError:
            break
        sizes.write("%d\n" % len(data))
        octets.write(data)
' "$1" 3>&- &
	receiver=$!
	for _ in $(seq 100); do
		[ -e port ] && break
		sleep 0.05
	done
	port=$(cat port)
}

heard() {
	wait "$receiver"
	receiver=
}

@test "flowsend: wrong options are usage errors that say what is allowed" {
	run -2 --separate-stderr flowsend
	[[ $stderr == "flowsend: no destination: say -d udp:HOST:PORT"* ]]
	run -2 --separate-stderr flowsend -d collector:4739
	[[ $stderr == "flowsend: --destination: no transport in 'collector:4739': expected udp|tcp|tls|sctp:HOST:PORT"* ]]
	run -2 --separate-stderr flowsend -d udp:collector:0
	[[ $stderr == "flowsend: --destination: port 0 in 'udp:collector:0': nobody listens there"* ]]
	run -2 --separate-stderr flowsend -d udp:127.0.0.1:9 --as v7
	[[ $stderr == "flowsend: --as 'v7': v5, v9 or ipfix"* ]]
	run -2 --separate-stderr flowsend -d udp:127.0.0.1:9 --mtu 100
	[[ $stderr == "flowsend: --mtu '100': a number from 512 to 65507"* ]]
	run -2 --separate-stderr flowsend -d udp:127.0.0.1:9 --mtu 65508
	[[ $stderr == "flowsend: --mtu '65508': a number from 512 to 65507"* ]]
	run -2 --separate-stderr flowsend -d udp:127.0.0.1:9 --rate fast
	[[ $stderr == "flowsend: --rate 'fast': a number and pps, fps or bps"* ]]
	run -2 --separate-stderr flowsend -d udp:127.0.0.1:9 --speed 0x
	[[ $stderr == "flowsend: --speed '0x': 1x, 10x, 0.5x or max"* ]]
	run -2 --separate-stderr flowsend -d udp:127.0.0.1:9 --strict --lossy
	[[ $stderr == "flowsend: --strict and --lossy exclude each other"* ]]
}

@test "flowsend: what does not go with a transport is a usage error that says why" {
	local transport version

	for transport in tcp tls sctp; do
		for version in v5 v9; do
			run -2 --separate-stderr flowsend -d $transport:127.0.0.1:9 --as $version
			[[ $stderr == "flowsend: NetFlow v5 and v9 know no transport but udp, only IPFIX goes over $transport;"* ]]
		done
		run -2 --separate-stderr flowsend --template-seconds 5 -d $transport:127.0.0.1:9
		[[ $stderr == "flowsend: --template-messages and --template-seconds go with udp: over $transport a template is sent once;"* ]]
	done
	for option in --cert --key --ca --peer-name; do
		run -2 --separate-stderr flowsend -d tcp:127.0.0.1:9 $option x
		[[ $stderr == "flowsend: --cert, --key, --ca and --peer-name go with tls, not with tcp;"* ]]
	done
	run -2 --separate-stderr flowsend -d tls:127.0.0.1:9 --cert x --key y
	[[ $stderr == "flowsend: tls needs --cert, --key and --ca: both sides verify each other;"* ]]
	run -3 --separate-stderr flowsend -d tls:127.0.0.1:9 --cert x --key y --ca z
	[[ $stderr == "flowsend: tls:127.0.0.1:9: certificate x: No such file or directory" ]]
	run -2 --separate-stderr flowsend -d tcp:127.0.0.1:9 --retry-wait never
	[[ $stderr == "flowsend: --retry-wait 'never': a duration up to a day, such as 10s"* ]]
	run -2 --separate-stderr flowsend -d tcp:127.0.0.1:9 --retries -1
	[[ $stderr == "flowsend: --retries '-1': a number from 0 to 1000000"* ]]
	for option in "--retries 3" "--retry-wait 3s"; do
		run -2 --separate-stderr flowsend -d udp:127.0.0.1:9 $option
		[[ $stderr == "flowsend: --retries and --retry-wait go with tcp, tls and sctp: udp has no connection"* ]]
	done
	run -2 --separate-stderr flowsend -d tcp:127.0.0.1:9 --mtu 100
	[[ $stderr == "flowsend: --mtu '100': a number from 512 to 65535"* ]]
}

@test "flowsend: an address that is none is refused with the reason" {
	run -2 --separate-stderr flowsend -d udp:127.0.0.1 /dev/null
	[[ $stderr == "flowsend: --destination: no port number in 'udp:127.0.0.1': expected udp|tcp|tls|sctp:HOST:PORT"* ]]
}

@test "flowsend: damaged input fails after what was good is sent" {
	flowgen -n 5000 > whole.flow
	head -c -1 whole.flow > cut.flow
	listen 1.5
	run -3 --separate-stderr flowsend -v -d "udp:127.0.0.1:$port" cut.flow
	[[ $stderr == *"cut.flow: offset "*": stream ends "* ]]
	[[ $stderr == *"5000 flows"* ]]
	heard
}

@test "flowsend: that nobody listens is said once, and is no failure unless strict" {
	flowgen -n 2000 > in.flow
	run -0 --separate-stderr flowsend -d udp:127.0.0.1:9 in.flow
	[ "$stderr" = "flowsend: udp:127.0.0.1:9: connection refused: nobody listens there; sending on" ]
	run -0 --separate-stderr flowsend -q -d udp:127.0.0.1:9 in.flow
	[ -z "$stderr" ]
	run -3 flowsend -q --strict -d udp:127.0.0.1:9 in.flow
}

@test "flowsend: what routers say of the way is said once, and what comes behind it is sent" {
	command -v strace > /dev/null || skip "no strace"
	strace -o /dev/null true 2> /dev/null || skip "no tracing here"
	export ASAN_OPTIONS=detect_leaks=0 # leaks are looked for by tracing, too
	flowgen -n 2000 > in.flow
	for fault in EACCES:Permission EPERM:Operation EHOSTDOWN:Host EPROTO:Protocol; do
		rm -f port
		listen 1.5
		run -0 --separate-stderr strace -o /dev/null -e inject=sendto:error="${fault%:*}":when=2 \
			flowsend -v -d "udp:127.0.0.1:$port" --rate 4kpps in.flow
		[[ ${stderr_lines[0]} == "flowsend: udp:127.0.0.1:$port: unreachable: ${fault#*:} "*"; sending on" ]]
		[[ $stderr == *" 0 refused, 1 unreachable, "* ]]
		heard
	done
	run -0 --separate-stderr strace -o /dev/null -e inject=sendto:error=ENOMEM:when=2 \
		flowsend -v -d "udp:127.0.0.1:9" in.flow
	[[ $stderr == *"0 without buffer (1 wait),"* ]]
}

@test "flowsend: no message is longer than --mtu, and the octets are those that -v says" {
	flowgen -n 3000 --ipv6 30% > in.flow
	for format in v5 v9 ipfix; do
		rm -f port
		listen 1.5
		flowsend -v --lossy -d "udp:127.0.0.1:$port" --as $format --mtu 600 --rate 4kpps in.flow 2> err
		heard
		[ "$(sort -n sizes.txt | tail -n 1)" -le 600 ]
		[ "$(sort -n sizes.txt | tail -n 1)" -gt 500 ]
		want=$(sed -n 's/.* sent \([0-9]*\) messages, .* \([0-9]*\) octets in .*/\1 \2/p' err)
		[ "$(awk '{ n += $1 } END { print NR, n }' sizes.txt)" = "$want" ]
	done
}

@test "flowsend: a long string makes the records beside it no longer in NetFlow v9" {
	awk 'BEGIN {
		for (long = "x"; length(long) < 60000;) long = long long
		long = substr(long, 1, 60000)
		print "end,srcip,dstip,bytes,interfaceDescription,userName"
		for (i = 1; i <= 600; i++) {
			description = i == 300 ? long : "uplink"
			name = i % 200 ? "user" i : substr(long, 1, i == 400 ? 60000 : 2000)
			print "2026-03-01T00:00:00Z,10.0.0.1,10.0.0.2," i "," description "," name
		}
	}' > in.csv
	listen 1.5
	run -0 --separate-stderr flowsend -v -d "udp:127.0.0.1:$port" --as v9 -i csv in.csv
	heard
	[[ $stderr == *"records: 4 longer than the payload bound, sent nevertheless"* ]]
	[[ $stderr == *" 600 flows, "* ]]
	[ "$(awk '$1 > 1400' sizes.txt | wc -l)" -eq 4 ]
	[ "$(awk '$1 <= 1400' sizes.txt | wc -l)" -lt 30 ]
}

@test "flowsend: more sets of fields than templates have numbers end it, with what to do" {
	awk 'BEGIN {
		print "end,srcip,vlanId,postVlanId,minimumTTL,maximumTTL,ipTTL,flowId,tcpWindowSize,igmpType," \
			"octetTotalCount,packetTotalCount,fragmentOffset,tcpUrgentPointer,flowIdleTimeout," \
			"flowActiveTimeout,icmpTypeIPv4,minimumIpTotalLength"
		for (i = 0; i < 65536; i++) {
			line = "2026-03-01T00:00:00Z,10.0.0.1"
			for (bit = 1; bit < 65536; bit *= 2) line = line "," (int(i / bit) % 2 ? "1" : "")
			print line
		}
	}' > in.csv
	run -3 --separate-stderr flowsend -q -d udp:127.0.0.1:9 -i csv in.csv
	[[ $stderr == "flowsend: records of one exporter have more different sets of fields than there are "* ]]
	[[ $stderr == *": send them in parts" ]]
}

@test "flowsend: --original-time gives the same messages every time" {
	flowgen -n 500 --exporters 2 > in.flow
	for run in a b; do
		rm -f port
		listen 1
		flowsend --original-time -d "udp:127.0.0.1:$port" --as v9 in.flow
		heard
		mv all.bin $run.bin
	done
	cmp a.bin b.bin
}

@test "flowsend: v5 and v9 tell alike which times they round" {
	printf '%s\n' start,end,srcip,dstip,packets,bytes \
		2026-01-05T00:00:00.001Z,2026-01-05T00:00:01.0005Z,10.0.0.1,10.0.0.2,1,100 \
		2026-01-05T00:00:00.0015Z,2026-01-05T00:00:01.0025Z,10.0.0.3,10.0.0.4,1,100 > in.csv
	for as in v5 v9; do
		run -0 --separate-stderr flowsend -q -d udp:127.0.0.1:9 --as $as in.csv
		[[ $stderr == *"start: 1 times rounded to milliseconds"* ]]
		[[ $stderr == *"end: 2 times rounded to milliseconds"* ]]
	done
}

@test "flowsend: what a format cannot say is one line, silent when lossy, fatal when strict" {
	flowgen -n 1000 --ipv6 50% > in.flow
	run -0 --separate-stderr flowsend -q -d udp:127.0.0.1:9 --as v5 in.flow
	[[ $stderr == "flowsend: not said in NetFlow v5: "*" IPv6 flows, dropped"* ]]
	[ "$(echo "$stderr" | wc -l)" -eq 1 ]
	run -0 --separate-stderr flowsend -q --lossy -d udp:127.0.0.1:9 --as v5 in.flow
	[ -z "$stderr" ]
	listen 1
	run -3 --separate-stderr flowsend --strict -d "udp:127.0.0.1:$port" --as v5 in.flow
	run -0 --separate-stderr flowsend --strict -d "udp:127.0.0.1:$port" --as ipfix in.flow
	[ -z "$stderr" ]
	heard
}

# Milliseconds that a command takes.
took() {
	local begin

	begin=$(date +%s%N)
	"$@"
	echo $((($(date +%s%N) - begin) / 1000000))
}

@test "flowsend: --rate holds back messages, flows and bits" {
	flowgen -n 2400 > in.flow # about 100 messages of 1400 octets
	ms=$(took flowsend -q -d udp:127.0.0.1:9 --as v5 --rate 100pps in.flow 2> /dev/null)
	[ "$ms" -gt 700 ]
	[ "$ms" -lt 9000 ]
	ms=$(took flowsend -q -d udp:127.0.0.1:9 --rate 2400fps in.flow)
	[ "$ms" -gt 850 ]
	[ "$ms" -lt 9000 ]
	ms=$(took flowsend -q -d udp:127.0.0.1:9 --rate 1Mbps in.flow)
	[ "$ms" -gt 1000 ] && [ "$ms" -lt 9000 ]
}

@test "flowsend: --speed keeps the time between records" {
	flowgen -n 600 --span 60s > in.flow
	ms=$(took flowsend -q -d udp:127.0.0.1:9 --speed 60x in.flow)
	[ "$ms" -gt 700 ] && [ "$ms" -lt 9000 ]
}

@test "flowsend: a rate or speed next to nothing waits, and is not as fast as can be" {
	flowgen -n 600 --span 60s > in.flow
	local slow
	for slow in "--rate 1e-12" "--rate 1e-300bps" "--speed 1e-12x"; do
		# shellcheck disable=SC2086
		run -124 timeout 1 flowsend -q -d udp:127.0.0.1:9 $slow in.flow
	done
}

@test "flowsend: -n and -t choose what is sent" {
	flowgen -n 2000 > in.flow
	run -0 --separate-stderr flowsend -v -q -d udp:127.0.0.1:9 -n 17 in.flow
	[[ $stderr == *" 17 flows, "* ]]
	n=$(flowcat -t 2026-01-05T10:00..2026-01-05T11:00 -o csv in.flow | tail -n +2 | wc -l)
	run -0 --separate-stderr flowsend -v -q -d udp:127.0.0.1:9 -t 2026-01-05T10:00..2026-01-05T11:00 in.flow
	[[ $stderr == *" $n flows, "* ]]
}

@test "flowsend: what NetFlow v5 has no place for is not asked of it" {
	for options in --keep-exporter "--template-messages 5" "--template-seconds 5"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowsend -d udp:127.0.0.1:9 --as v5 $options /dev/null
		[[ $stderr == "flowsend: NetFlow v5 has no templates and no place for an exporter's address: --keep-exporter, "* ]]
	done
}
