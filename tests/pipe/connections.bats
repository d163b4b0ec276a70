# IPFIX over TCP and TLS: framing, what is closed and why, crowds, certificates.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of collector.bash

load ../collector

@test "connections: messages come whole however they are cut, and templates hold as long as a connection" {
	listen="tcp:127.0.0.1:0" collect -w out.flow -v
	for cut in 0 1 7 1000; do
		export_to tcp "$port" --as ipfix --messages 10 --templates 1000 --cut $cut
	done
	finish
	[ "$(records out.flow)" = 800 ]
	[ "$(bytes out.flow)" = $((4 * $(octets_of 0 200))) ]
	[ "$(counted connections)" = 4 ]
	[ "$(counted failed)" = 0 ]
	# Another connection has no templates of the first.
	listen="tcp:127.0.0.1:0" collect -w none.flow -v
	export_to tcp "$port" --as ipfix --messages 2 --templates 1000
	export_to tcp "$port" --as ipfix --messages 2 --templates 1000 --first 2
	finish
	[ "$(records none.flow)" = 40 ]
}

@test "connections: what is no IPFIX is closed and told, what was good before stays" {
	listen="tcp:127.0.0.1:0" collect -w out.flow -v
	export_to ipfix good.ipfix --as ipfix --messages 3
	python3 - "$port" <<-'END'
		import socket, struct, sys
		host, port = sys.argv[1].rsplit(":", 1)
		def closed_after(data, more=b""):
		    s = socket.create_connection((host, int(port)))
		    s.sendall(data)
		    s.settimeout(5)
		    if more: s.sendall(more)
		    assert s.recv(1) == b"", "still open"
		good = open("good.ipfix", "rb").read()
		# A reset, within a message.
		s = socket.create_connection((host, int(port)))
		s.sendall(good[:40])
		s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		s.close()
		closed_after(good + b"GET / HTTP/1.0\r\n\r\n")
		closed_after(struct.pack(">HHIII", 10, 15, 0, 0, 0))
		closed_after(struct.pack(">HHIII", 9, 16, 0, 0, 0))
		# A template defined anew without being withdrawn (RFC 7011 8.1).
		def template(n): 
		    t = struct.pack(">HHHHHH", 2, 12, 256, 1, n, 4)
		    return struct.pack(">HHIII", 10, 16 + len(t), 0, 0, 1) + t
		closed_after(template(8) + template(12))
		# The end within a message.
		s = socket.create_connection((host, int(port)))
		s.sendall(good[:-5])
		s.close()
	END
	sleep 0.3
	finish
	[ "$(records out.flow)" = 100 ]
	[ "$(counted failed)" = 6 ]
	[ "$(grep -c 'tcp: connection closed: ' err)" -ge 5 ] # of one worker no more in a minute
	grep -q 'tcp: connection closed: Connection reset by peer' err
}

@test "connections: ten thousand idle ones are bounded, counted, and keep no exporter out" {
	limit=$(ulimit -Hn)
	[ "$limit" = unlimited ] || [ "$limit" -gt 12000 ] || skip "no 12,000 descriptors"
	listen="tcp:127.0.0.1:0 udp:127.0.0.1:0" collect -w out.flow -v --connections 500
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$collector/status")
	python3 - "$port" "${ports[1]}" "$REPO/tests/tools/export.py" "$collector" <<-'END'
		import resource, socket, subprocess, sys, time
		resource.setrlimit(resource.RLIMIT_NOFILE, (12000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
		host, port = sys.argv[1].rsplit(":", 1)
		def export(how, where, *more):
		    subprocess.check_call([sys.executable, sys.argv[3], how, where, "--as", "ipfix", *more])
		honest = subprocess.Popen([sys.executable, sys.argv[3], "tcp", sys.argv[1], "--as", "ipfix", "--messages",
		                           "40", "--templates", "1000", "--step", "0.1"])
		time.sleep(0.3)
		crowd = []
		for i in range(10000):
		    s = socket.socket()
		    s.connect((host, int(port)))
		    crowd.append(s)
		export("tcp", sys.argv[1], "--messages", "5")
		export("udp", sys.argv[2], "--messages", "5")
		assert honest.wait() == 0
		rss = [int(l.split()[1]) for l in open("/proc/%s/status" % sys.argv[4]) if l.startswith("VmRSS")][0]
		open("rss", "w").write(str(rss))
	END
	finish
	[ "$(records out.flow)" = 1000 ]
	[ $(($(cat rss) - before)) -lt 20000 ]
	connections=$(counted connections)
	evicted=$(counted 'given up for others')
	# A client may think itself connected that the kernel turned away, as too many waited to be accepted.
	[ "$connections" -ge 9000 ]
	[ $((connections - evicted)) -le 502 ]
}

@test "connections: silent ones of one worker keep no exporter out that another worker accepts" {
	listen="tcp:127.0.0.1:0" collect -w out.flow -v -j 8 --connections 20
	python3 - "$port" <<-'END'
		import socket, struct, sys, time
		host, port = sys.argv[1].rsplit(":", 1)
		crowd = [socket.create_connection((host, int(port))) for i in range(400)]
		time.sleep(0.3)
		honest = []
		for i in range(20):
		    honest.append(socket.create_connection((host, int(port))))
		    honest[-1].send(struct.pack(">HHIII", 10, 16, 1767607200, 0, i))  # a message without sets
		    time.sleep(0.02)
		time.sleep(1.2)
		for s in honest:
		    s.setblocking(False)
		    try:
		        sys.exit("an exporter was kept out: %r" % s.recv(1))
		    except BlockingIOError:
		        pass
	END
	finish
	grep -q ' 420 connections, 20 messages received, 320 octets, [0-9]* given up for others' err
}

@test "connections: who is let in beyond the number is not given up again before it was read" {
	listen="tcp:127.0.0.1:0" collect -w out.flow -j 8 --connections 20
	python3 - "$port" "$collector" <<-'END'
		import os, signal, socket, struct, sys, time
		host, port = sys.argv[1].rsplit(":", 1)
		crowd = [socket.create_connection((host, int(port))) for i in range(20)]
		time.sleep(0.3)
		honest = []
		for i in range(6):
		    os.kill(int(sys.argv[2]), signal.SIGSTOP)  # until all workers have to sweep
		    honest.append(socket.create_connection((host, int(port))))
		    honest[-1].send(struct.pack(">HHIII", 10, 16, 1767607200, 0, i))
		    time.sleep(1.05)
		    os.kill(int(sys.argv[2]), signal.SIGCONT)
		    time.sleep(0.2)
		    honest[-1].setblocking(False)
		    try:
		        sys.exit("an exporter was kept out: %r" % honest[-1].recv(1))
		    except BlockingIOError:
		        pass
	END
	finish
}

@test "connections: where descriptors run out nobody gives way while nobody waits" {
	listen="tcp:127.0.0.1:0 tcp:127.0.0.1:0" collect -w out.flow -v
	prlimit --pid "$collector" --nofile=40:40
	python3 - "$port" "${ports[1]}" > open <<-'END'
		import socket, struct, sys, time
		ways = [(h, int(p)) for h, p in (a.rsplit(":", 1) for a in sys.argv[1:])]
		held = []
		for i in range(60):
		    held.append(socket.create_connection(ways[i % 2]))
		    time.sleep(0.02)
		    held[-1].send(struct.pack(">HHIII", 10, 16, 1767607200, 0, i))  # a message without sets
		time.sleep(0.3)
		def is_open(s):
		    s.setblocking(False)
		    try:
		        return s.recv(1) != b""
		    except BlockingIOError:
		        return True
		    except ConnectionResetError:
		        return False
		print(*[int(is_open(s)) for s in held])
	END
	finish
	# Who had the last descriptor had sent nothing yet when the next was asked for, but nobody waited.
	[ "$(tr -d ' \n' < open)" = "$(printf '1%.0s' $(seq 60))" ]
	[ "$(counted 'given up for others')" -eq 0 ]
}

@test "connections: silent and idle ones are closed in time" {
	listen="tcp:127.0.0.1:0" collect -w out.flow -v --idle 1s
	export_to tcp "$port" --as ipfix --messages 2 --linger 4 &
	until_true grep -q 'nothing came for too long' err
	wait %% || true
	finish
	[ "$(records out.flow)" = 40 ]
	[ "$(counted 'silent for too long')" = 1 ]
}

@test "connections: none is closed as idle for what the collector itself has not read" {
	mkfifo pipe
	(exec < pipe; sleep 6; exec flowcat -o csv -k exportversion --recover - > got 2> read.err) 3>&- &
	reader=$!
	listen="tcp:127.0.0.1:0 udp:127.0.0.1:0" collect -w pipe --queue 1Mi --idle 2s -j 1 -v
	export_to tcp "$port" --as ipfix --messages 10 --step 0.5 &
	exporter=$!
	until_true grep -q 'new exporter' err
	export_to udp "${ports[1]}" --as v5 --messages 20000 --records 30
	kill -USR1 "$collector"
	until_true grep -q 'total:.* discarded' err
	wait $exporter
	finish
	wait $reader
	[ -z "$(grep 'nothing came' err)" ]
	[ "$(grep -cx 10 got)" = 200 ]
}

@test "connections: those that wait for a stalled output do not keep datagrams from being received" {
	mkfifo pipe
	(exec < pipe; sleep 7; exec cat > /dev/null) 3>&- &
	listen="udp:127.0.0.1:0 tcp:127.0.0.1:0" collect -w pipe --queue 1Mi --rcvbuf 1Mi -j 1 -v
	export_to udp "$port" --as v5 --messages 20000 --records 30
	kill -USR1 "$collector"
	until_true grep -q 'total:.* discarded' err
	before=$(sed -n 's/.*datagrams received.* \([0-9]*\) dropped by the kernel.*/\1/p' err)
	python3 - "$port" "${ports[1]}" <<- 'END'
		import socket, sys, time
		def connect(kind, to):
		    s = socket.socket(socket.AF_INET, kind)
		    s.connect((to.rsplit(":", 1)[0], int(to.rsplit(":", 1)[1])))
		    return s
		waiting = [connect(socket.SOCK_STREAM, sys.argv[2]) for _ in range(100)]
		for s in waiting:
		    s.send(b"\0\x0a")
		datagrams, start = connect(socket.SOCK_DGRAM, sys.argv[1]), time.monotonic()
		for i in range(10000):
		    datagrams.send(bytes(1400))
		    time.sleep(max(0, start + i / 5000 - time.monotonic()))
	END
	finish
	after=$(sed -n 's/.*datagrams received.* \([0-9]*\) dropped by the kernel.*/\1/p' err | tail -n 1)
	[ $((after - before)) -lt 1000 ]
}

@test "connections: exporters that are not listened to are denied" {
	listen="tcp:127.0.0.1:0" collect -w out.flow -v --source other=192.0.2.0/24
	export_to tcp "$port" --as ipfix --messages 2 2> /dev/null || true
	sleep 0.2
	finish
	[ "$(records out.flow)" = 0 ]
	[ "$(counted denied)" = 1 ]
	grep -q '^flowrecv: 127.0.0.1:[0-9]*: tcp: connection closed: the exporter is not listened to$' err
}

@test "connections: one whose exporter is not listened to any more is closed with its next message" {
	echo 'here=127.0.0.1' > sources
	listen="tcp:127.0.0.1:0" collect -w out.flow -v --source @sources
	export_to ipfix messages --as ipfix --messages 3
	python3 - "$port" "$collector" <<-'END'
		import os, signal, socket, struct, sys, time
		host, port = sys.argv[1].rsplit(":", 1)
		data = open("messages", "rb").read()
		first = struct.unpack(">H", data[2:4])[0]
		s = socket.create_connection((host, int(port)))
		s.sendall(data[:first])
		time.sleep(.3)
		open("sources", "w").write("there=192.0.2.1\n")
		os.kill(int(sys.argv[2]), signal.SIGHUP)
		while "exporters read again" not in open("err").read(): time.sleep(.05)
		s.settimeout(10)
		s.sendall(data[first:])
		try: assert s.recv(1) == b"", "still open"
		except ConnectionResetError: pass
	END
	finish
	[ "$(records out.flow)" = 20 ]
	grep -q 'tcp: connection closed: the exporter is not listened to any more$' err
}

@test "connections: the next one from the same port has nothing of the one before it" {
	listen="tcp:127.0.0.1:0" collect -w out.flow -v
	export_to ipfix messages --as ipfix --messages 3 --templates 1000
	python3 - "$port" <<-'END'
		import socket, struct, sys, time
		host, port = sys.argv[1].rsplit(":", 1)
		data = open("messages", "rb").read()
		first = struct.unpack(">H", data[2:4])[0]
		def send(octets, here=0):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind(("127.0.0.1", here))
		    s.connect((host, int(port)))
		    here = s.getsockname()[1]
		    s.sendall(octets)
		    time.sleep(.3)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.close()
		    time.sleep(.3)
		    return here
		send(data[first:], send(data[:first]))
	END
	finish
	[ "$(records out.flow)" = 20 ]
	[ "$(counted 'sets without template')" = 2 ]
	[ "$(counted lost)" = 2 ] # those sets, as nothing is held behind a connection
}

@test "connections: a collector that ends lets its exporters end: nothing is lost on the way" {
	flowgen -n 200000 -w day.flow
	for try in 1 2 3; do
		listen="tcp:127.0.0.1:0" collect -w $try.flow -v
		flowsend -d "tcp:$port" --rate 40kfps --retries 0 -v day.flow 2> send.err 3>&- &
		sender=$!
		sleep 0.6
		finish
		status=0
		wait $sender || status=$?
		[ "$status" = 3 ]
		grep -qx "flowsend: tcp:$port: closed by the peer: 0 messages with 0 records were on their way" send.err
		[ "$(records $try.flow)" -gt 0 ]
		grep -q "sent [0-9]* messages, $(records $try.flow) flows, " send.err
		[ "$(counted failed)" = 0 ]
		# What is there is the beginning of what there was to send, without a hole.
		flowcat -o csv -k srcip,dstip,srcport,bytes,start $try.flow | sort > got
		flowcat -o csv -k srcip,dstip,srcport,bytes,start -n "$(records $try.flow)" day.flow | sort | cmp - got
	done
}

@test "connections: one of a thing is told as one" {
	flowgen -n 1 -w one.flow
	listen="tcp:127.0.0.1:0 udp:127.0.0.1:0" collect -w out.flow -v
	run -0 --separate-stderr flowsend -v -d "tcp:$port" one.flow
	[[ $stderr == *"flowsend: sent 1 message, 1 flow, 0 options, "* ]]
	[[ $stderr == *"flowsend: not sent: 0 dropped records; 0 connections broke, "* ]]
	python3 -c '
import socket, sys
host, port = sys.argv[1].split(":")
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"?", (host, int(port)))' "${ports[1]}"
	until_true grep -q "domain 1, to tcp:${port##*:}: 1 message of a new exporter$" err
	until_true grep -q ': 1 datagram of no export message$' err
	finish
	cat err
	grep -q ': version 10, domain 1, to tcp:[0-9]*: 1 message, 1 record, 0 options, 1 template$' err
	grep -q ': 1 connection, 1 message received, ' err
	grep -q ': 1 datagram received, 1 octet, 0 dropped by the kernel, 0 truncated$' err
	grep -q ': total: .* 1 record and 0 options decoded; 1 and 0 written in 1 file$' err
}

@test "connections: an exporter that comes again while its collector ends loses nothing" {
	flowgen -n 200000 -w day.flow
	listen="tcp:127.0.0.1:0" collect -w first.flow -v
	flowsend -d "tcp:$port" --mtu 1400 --rate 3000pps --retry-wait 0.5s day.flow 2> send.err 3>&- &
	sender=$!
	sleep 1
	finish
	listen="tcp:$port" collect -w second.flow -v
	wait $sender
	finish
	cat send.err
	[ "$(records first.flow)" -gt 0 ]
	[ "$(($(records first.flow) + $(records second.flow)))" = 200000 ]
}

# ca.pem, server.pem, client.pem, stranger.pem (of another authority), with keys *.key
certificates() {
	openssl version > /dev/null 2>&1 || skip "no openssl"
	{
		for ca in ca other; do
			openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$ca" \
				-keyout $ca.key -out $ca.pem
		done
		for who in server client stranger; do
			openssl req -newkey rsa:2048 -nodes -subj "/CN=$who" -keyout $who.key -out $who.csr
			printf 'subjectAltName=DNS:%s.example,IP:127.0.0.1\n' $who > $who.ext
			ca=ca
			[ $who != stranger ] || ca=other
			openssl x509 -req -in $who.csr -CA $ca.pem -CAkey $ca.key -CAcreateserial -days 30 \
				-extfile $who.ext -out $who.pem
		done
	} > openssl.log 2>&1
}

tls_send() { # CERTIFICATE [export options]
	local who=$1
	shift
	export_to ipfix send.ipfix --as ipfix --messages 5 "$@"
	timeout 10 openssl s_client -connect "$port" -cert "$who.pem" -key "$who.key" -CAfile ca.pem \
		-verify_return_error -quiet -no_ign_eof < <(cat send.ipfix; sleep 1) > tls.log 2>&1
}

@test "connections: TLS with certificates on both sides; without one, or with another's, nobody gets in" {
	certificates
	listen="tls:127.0.0.1:0" collect -w out.flow -v --cert server.pem --key server.key --ca ca.pem
	tls_send client || true
	tls_send stranger --first 5 || true
	timeout 5 openssl s_client -connect "$port" -CAfile ca.pem -quiet < send.ipfix > tls.log 2>&1 || true
	# No TLS at all, and a handshake that never ends.
	export_to tcp "$port" --as ipfix --messages 2 --first 10 2> /dev/null || true
	sleep 0.5
	finish
	[ "$(records out.flow)" = 100 ]
	[ "$(bytes out.flow)" = "$(octets_of 0 100)" ]
	[ "$(counted failed)" = 3 ]
	grep -q 'tls: connection closed: ' err

	listen="tls:127.0.0.1:0" collect -w named.flow -v --cert server.pem --key server.key --ca ca.pem \
		--peer other.example
	tls_send client || true
	finish
	[ "$(records named.flow)" = 0 ]
	run -2 --separate-stderr flowrecv -l tls:127.0.0.1:0 --cert server.pem --key server.key -w out.flow
	[[ $stderr == "flowrecv: tls: "* ]]
	run -3 --separate-stderr flowrecv -l tls:127.0.0.1:0 --cert missing.pem --key server.key --ca ca.pem -w out.flow
	[[ $stderr == *"missing.pem"* ]]
}

@test "connections: certificates are read again at SIGHUP, as far as they are good" {
	certificates
	mkdir used
	cp server.pem server.key ca.pem used
	mkdir apart
	cd apart
	listen="tls:127.0.0.1:0" collect -w out.flow -v --cert ../used/server.pem --key ../used/server.key --ca ../used/ca.pem
	port=${ports[0]}
	cd ..
	shown() {
		openssl s_client -connect "$port" -cert client.pem -key client.key -CAfile ca.pem < /dev/null 2> /dev/null |
			openssl x509 -noout -subject
	}
	[[ $(shown) == *server ]]
	tls_send client || true
	for name in client.pem client.key; do cp $name new; mv new used/server."${name#*.}"; done
	[[ $(shown) == *server ]]
	kill -HUP "$collector"
	until_true grep -q 'certificates read again' apart/err
	[[ $(shown) == *client ]]
	# A key that is not the certificate's, and a file that is gone.
	cp stranger.key used/server.key
	kill -HUP "$collector"
	until_true grep -q "tls: key ../used/server.key: is not the certificate's key; the certificates stay" apart/err
	rm used/ca.pem
	cp client.key used/server.key
	kill -HUP "$collector"
	until_true grep -q 'tls: CA certificates ../used/ca.pem: .*; the certificates stay as they were' apart/err
	[[ $(shown) == *client ]]
	# Whom the new authorities do not know.
	cp other.pem used/ca.pem
	kill -HUP "$collector"
	until_true eval '[ "$(grep -c "certificates read again" apart/err)" = 2 ]'
	tls_send client --first 5 || true
	finish
	[ "$(records apart/out.flow)" = 100 ]
}

@test "connections: SCTP where the kernel has it; where not, that is said" {
	if python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)' 2> /dev/null; then
		skip "this kernel has SCTP"
	fi
	run -3 --separate-stderr flowrecv -l sctp:127.0.0.1:0 -w out.flow
	[[ $stderr == "flowrecv: sctp:127.0.0.1:0: "*"SCTP"* ]]
}
