# flowsend over TCP and TLS: nothing is left out, and what a broken connection costs is told.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	collector=
}

teardown() {
	[ -z "$collector" ] || kill -KILL "$collector" 2> /dev/null || true
}

# Wait for `listening on PORT` in log: $port.
listening() {
	for _ in $(seq 100); do
		grep -q listening log 2> /dev/null && break
		kill -0 "$collector" 2> /dev/null || break
		sleep 0.05
	done
	port=$(sed -n 's/.*listening on //p' log)
}

# The tests' own collector: messages of connection N in got.N.
gather() { # ADDRESS CONNECTIONS [!]AFTER [CERT KEY CA]
	"$TOOLS/gather" "$1" got "${@:2}" > log 2> gather.err 3>&- &
	collector=$!
	listening
}

gathered() {
	wait "$collector"
	collector=
}

# Another one: octets into got.1, slowly, or with TLS.
python_collector() { # OCTETS-A-READ PAUSE [CERT KEY CA]
	python3 -c '
import socket, ssl, sys, time
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
server.bind(("127.0.0.1", 0))
server.listen(1)
print("listening on %d" % server.getsockname()[1], flush=True)
c = server.accept()[0]
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    context.load_verify_locations(sys.argv[5])
    context.verify_mode = ssl.CERT_REQUIRED
    c = context.wrap_socket(c, server_side=True)
with open("got.1", "wb", buffering=0) as out:
    while True:
        data = c.recv(int(sys.argv[1]))
        if not data:
            break
        out.write(data)
        time.sleep(float(sys.argv[2]))
c.close()
' "$@" > log 2> python.err 3>&- &
	collector=$!
	listening
}

# Every field of every record, in no order, but the exporter, which an IPFIX file does not say.
lines() {
	flowcat -o ndjson --raw "$@" | python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    record.pop("_exporter", None)
    print(json.dumps(record, sort_keys=True))' | LC_ALL=C sort
}

# NUMBERS-OF-TEMPLATES-DEFINED-TWICE FIRST-SEQUENCE-NUMBER RECORDS-THAT-SEQUENCE-NUMBERS-MISS of a file.
look() {
	python3 - "$1" <<-'EOF2'
		import struct, sys
		data, at = open(sys.argv[1], "rb").read(), 0
		defined, twice, expected, sizes, missing, first = set(), 0, {}, {}, 0, None
		while at < len(data):
		    version, length, when, sequence, domain = struct.unpack_from(">HHIII", data, at)
		    assert version == 10
		    if domain not in expected:
		        first = max(first or 0, sequence)
		    missing += abs(sequence - expected.get(domain, sequence))
		    expected[domain] = sequence
		    p = at + 16
		    while p < at + length:
		        number, size = struct.unpack_from(">HH", data, p)
		        if number == 2:
		            template, fields = struct.unpack_from(">HH", data, p + 4)
		            twice += (domain, template) in defined
		            defined.add((domain, template))
		            lengths = [struct.unpack_from(">H", data, p + 8 + 4 * i + 2)[0] for i in range(fields)]
		            assert 65535 not in lengths
		            sizes[domain, template] = sum(lengths)
		        else:
		            expected[domain] += (size - 4) // sizes[domain, number]
		        p += size
		    at += length
		print(twice, first, missing)
	EOF2
}

@test "flowsend: over TCP every field of every record arrives, each template once" {
	flowgen -n 20000 --ipv6 20% --exporters 3 -w day.flow
	gather tcp:127.0.0.1:0 1 0
	run -0 --separate-stderr flowsend -d "tcp:127.0.0.1:$port" day.flow
	[ -z "$stderr" ]
	gathered
	[ "$(tail -n 1 log | sed 's/messages .*, /messages N, /')" = "1 tcp ready messages N, stream 0: closed" ]
	lines day.flow > want.txt
	lines got.1 | cmp want.txt -
	[ "$(look got.1)" = "0 0 0" ]
}

@test "flowsend: a collector that reads slowly holds it back and gets everything" {
	flowgen -n 40000 -w day.flow
	python_collector 20000 0.005
	run -0 --separate-stderr flowsend -v -d "tcp:127.0.0.1:$port" day.flow
	[[ $stderr == *" 40000 flows, "* ]]
	gathered
	lines day.flow > want.txt
	lines got.1 | cmp want.txt -
}

@test "flowsend: the last records of a quiet pipe do not wait for more" {
	flowgen -n 10 -w few.flow
	python_collector 20000 0
	(cat few.flow; sleep 2) | flowsend -d "tcp:127.0.0.1:$port" &
	sleep 1
	kill -0 "$collector"
	[ -s got.1 ]
	wait
	[ "$(flowcat -o csv -k srcip got.1 | tail -n +2 | wc -l)" -eq 10 ]
}

@test "flowsend: a collector that restarts in order loses nothing" {
	flowgen -n 3000 --exporters 2 -w day.flow
	gather tcp:127.0.0.1:0 4 10
	run -0 --separate-stderr flowsend --mtu 1400 --rate 150pps --retry-wait 0.1s -d "tcp:127.0.0.1:$port" day.flow
	[ "$(echo "$stderr" | grep -c "^flowsend: tcp:127.0.0.1:$port: closed by the peer: 0 messages with 0 records were on their way$")" -eq 3 ]
	gathered
	for i in 1 2 3 4; do
		[ "$(look got.$i)" = "0 0 0" ]
	done
	lines day.flow > want.txt
	for i in 1 2 3 4; do lines got.$i; done | LC_ALL=C sort | cmp want.txt -
}

@test "flowsend: what was on its way when a collector died is told, and is a failure" {
	flowgen -n 60000 -w day.flow
	gather tcp:127.0.0.1:0 2 '!3'
	kill -STOP "$collector"
	flowsend -v --mtu 1400 --retry-wait 0.1s -d "tcp:127.0.0.1:$port" day.flow 2> err &
	sender=$!
	sleep 0.5
	kill -CONT "$collector"
	status=0
	wait "$sender" || status=$?
	[ "$status" -eq 3 ]
	gathered
	cat err
	lost=$(sed -n 's/.*: at least [0-9]* messages with \([0-9]*\) records were on their way$/\1/p' err)
	[ "$lost" -gt 0 ]
	grep -q "1 connection broke, with [0-9]* messages of $lost records on their way" err
	got=$(for i in 1 2; do flowcat -o csv -k srcip got.$i | tail -n +2; done | wc -l)
	[ "$got" -gt 0 ]
	[ "$((got + lost))" -le 60000 ]
	[ "$(look got.1)" = "0 0 0" ] && [ "$(look got.2)" = "0 0 0" ]
}

@test "flowsend: attempts to connect again have an end" {
	flowgen -n 60000 -w day.flow
	run -3 --separate-stderr flowsend -d tcp:127.0.0.1:9 day.flow
	[ "$stderr" = "flowsend: tcp:127.0.0.1:9: cannot connect: Connection refused" ]
	gather tcp:127.0.0.1:0 2 1
	flowsend --rate 100pps --retries 3 --retry-wait 0.2s -d "tcp:127.0.0.1:$port" day.flow 2> err &
	sender=$!
	for _ in $(seq 100); do
		grep -q '^1 tcp' log && break
		sleep 0.05
	done
	kill -KILL "$collector"
	began=$(date +%s%N)
	status=0
	wait "$sender" || status=$?
	[ "$status" -eq 3 ]
	# Twice and four times as long behind the first attempt.
	[ $(($(date +%s%N) - began)) -ge 1200000000 ]
	cat err
	[ "$(grep -c 'cannot connect: Connection refused (attempt [123] of 3)$' err)" -eq 3 ]
	[ "$(tail -n 1 err)" = "flowsend: tcp:127.0.0.1:$port: no connection after 3 attempts: gave up" ]
	gather tcp:127.0.0.1:0 2 1
	run -3 --separate-stderr flowsend --rate 100pps --retries 0 -d "tcp:127.0.0.1:$port" day.flow
	[[ $stderr == "flowsend: tcp:127.0.0.1:$port: closed by the peer: 0 messages with 0 records were on their way" ]]
}

@test "flowsend: damaged input over TCP fails after what was good has arrived" {
	flowgen -n 5000 -w whole.flow
	head -c -1 whole.flow > cut.flow
	gather tcp:127.0.0.1:0 1 0
	run -3 --separate-stderr flowsend -d "tcp:127.0.0.1:$port" cut.flow
	[[ $stderr == *"cut.flow: offset "*": stream ends "* ]]
	gathered
	[[ $(tail -n 1 log) == "1 tcp ready messages "*": closed" ]]
	[ "$(flowcat -o csv -k srcip got.1 | tail -n +2 | wc -l)" -eq 5000 ]
}

@test "net: softflowd over TCP adds up to the traffic it saw" {
	command -v softflowd > /dev/null || skip "no softflowd"
	[ -n "$SHARED" ] || skip "no ../shared"
	for sample in m_nd_ssh m_http; do
		rm -f log
		gather tcp:127.0.0.1:0 1 0
		softflowd -r "$SHARED/corpus/meter/$sample.pcap" -n "127.0.0.1:$port" -v 10 -P tcp -d \
			-p softflowd.pid -c none > softflowd.log 2>&1
		gathered
		[ "$(flowcat -o csv -k packets,bytes got.1 | awk -F , '{ p += $1; b += $2 } END { print p, b }')" = \
			"$(awk -F '\t' -v name=$sample '$1 == name { print $9, $10 }' "$SHARED/corpus/meter/INDEX.tsv")" ]
	done
}

certificates() {
	command -v openssl > /dev/null || skip "no openssl command"
	"$REPO/tests/tools/certificates" .
}

@test "flowsend: over TLS every field of every record arrives" {
	certificates
	flowgen -n 20000 --ipv6 20% -w day.flow
	gather tls:127.0.0.1:0 1 0 server.pem server.key ca.pem
	run -0 --separate-stderr flowsend -d "tls:127.0.0.1:$port" --cert client.pem --key client.key --ca ca.pem day.flow
	[ -z "$stderr" ]
	gathered
	[[ $(tail -n 1 log) == "1 tls ready messages "*": closed" ]]
	lines day.flow > want.txt
	lines got.1 | cmp want.txt -
}

@test "flowsend: TLS to a collector that is not ours" {
	certificates
	flowgen -n 20000 -w day.flow
	python_collector 20000 0 server.pem server.key ca.pem
	run -0 --separate-stderr flowsend -d "tls:127.0.0.1:$port" --cert client.pem --key client.key --ca ca.pem \
		--peer-name c2.test day.flow
	[ -z "$stderr" ]
	gathered
	lines day.flow > want.txt
	lines got.1 | cmp want.txt -
}

@test "flowsend: a collector of another name or authority gets nothing" {
	certificates
	flowgen -n 100 -w day.flow
	gather tls:127.0.0.1:0 2 0 server.pem server.key ca.pem
	run -3 --separate-stderr flowsend -d "tls:127.0.0.1:$port" --cert client.pem --key client.key --ca ca.pem \
		--peer-name elsewhere.test day.flow
	[ "$stderr" = "flowsend: tls:127.0.0.1:$port: certificate is for collector.test,c2.test,127.0.0.1, not for elsewhere.test" ]
	run -3 --separate-stderr flowsend -d "tls:127.0.0.1:$port" --cert client.pem --key client.key --ca other.pem day.flow
	[ "$stderr" = "flowsend: tls:127.0.0.1:$port: certificate is from no authority that is trusted here" ]
	gathered
	[ ! -s got.1 ] && [ ! -s got.2 ]
}

@test "flowsend: certificates are read again for another connection, and stay where they cannot be" {
	certificates
	flowgen -n 3000 -w day.flow
	gather tls:127.0.0.1:0 3 10 server.pem server.key ca.pem
	cp ca.pem my.ca
	flowsend --mtu 1400 --rate 30pps --retries 1 --retry-wait 0.1s -d "tls:127.0.0.1:$port" \
		--cert client.pem --key client.key --ca my.ca day.flow 2> err &
	sender=$!
	for _ in $(seq 100); do
		[ ! -s got.1 ] || break
		sleep 0.02
	done
	: > my.ca
	for _ in $(seq 100); do
		grep -q 'stay as they were' err && break
		sleep 0.02
	done
	cp other.pem my.ca
	status=0
	wait "$sender" || status=$?
	[ "$status" -eq 3 ]
	[ "$(grep -c ': closed by the peer: ' err)" -eq 2 ]
	grep -qx "flowsend: tls:127.0.0.1:$port: CA certificates my.ca: .*; the certificates stay as they were" err
	grep -qx "flowsend: tls:127.0.0.1:$port: certificate is from no authority that is trusted here (attempt 1 of 1)" err
	gathered
	[ -s got.2 ]
	[ ! -s got.3 ]
}

@test "flowsend: a collector that does not accept our certificate is not tried again" {
	certificates
	flowgen -n 100 -w day.flow
	gather tls:127.0.0.1:0 1 0 server.pem server.key ca.pem
	run -3 --separate-stderr timeout 20 flowsend -d "tls:127.0.0.1:$port" --cert old.pem --key old.key --ca ca.pem day.flow
	[ "$stderr" = "flowsend: tls:127.0.0.1:$port: peer refuses: certificate expired" ]
	gathered
	[[ $(tail -n 1 log) == *": certificate has expired" ]]
	# The same when it is found while there is more to send.
	gather tls:127.0.0.1:0 1 0 server.pem server.key ca.pem
	two_days() { flowcat day.flow; sleep 1; flowcat day.flow; }
	run -3 --separate-stderr timeout 20 flowsend -d "tls:127.0.0.1:$port" --cert old.pem --key old.key --ca ca.pem \
		< <(two_days)
	[[ $stderr == "flowsend: tls:127.0.0.1:$port: peer refuses: certificate expired"* ]]
	[[ $stderr != *attempt* ]]
	gathered
}

@test "flowsend: over SCTP every field of every record arrives" {
	flowgen -n 20000 -w day.flow
	gather sctp:127.0.0.1:0 1 0
	if grep -q 'this kernel has no SCTP' gather.err; then
		run -3 --separate-stderr flowsend -d sctp:127.0.0.1:9 day.flow
		[ "$stderr" = "flowsend: sctp:127.0.0.1:9: cannot connect: this kernel has no SCTP: load the module sctp" ]
		skip "this kernel has no SCTP"
	fi
	run -0 --separate-stderr flowsend -d "sctp:127.0.0.1:$port" day.flow
	[ -z "$stderr" ]
	gathered
	lines day.flow > want.txt
	lines got.1 | cmp want.txt -
}

@test "stream: an index that was cut takes none of what stands behind it along" {
	flowgen -n 70000 --seed 9 -w a.flow
	flowgen -n 2000 --seed 3 -w b.flow
	size=$(stat -c %s a.flow)
	for cut in 64 200 5000 20000; do
		(head -c $((size - cut)) a.flow; cat b.flow) > both.flow
		run -3 --separate-stderr flowcat --recover -o csv -k srcip both.flow
		[ "${#lines[@]}" -eq 72001 ]
		flowcat --recover -o csv -k srcip - < both.flow > piped || [ $? -eq 3 ]
		[ "$(wc -l < piped)" -eq 72001 ]
	done
}
