# flowrecv and other people's exporters and collectors: the same traffic gives the same sums.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	[ -d "${SHARED:-none}/corpus/meter" ] || skip "no ../shared"
	collector=
}

teardown() {
	[ -z "$collector" ] || kill -KILL "$collector" 2> /dev/null || true
}

collect() {
	rm -f port
	flowrecv -l udp:127.0.0.1:0 --port-file port -w collected.flow 2> err 3>&- &
	collector=$!
	for _ in $(seq 100); do
		[ -e port ] && break
		sleep 0.05
	done
	port=$(cat port)
}

finish() {
	sleep 0.3
	kill -TERM "$collector"
	wait "$collector"
	collector=
	cat err
	[ ! -s err ]
}

# PACKETS OCTETS of collected.flow.
sums() {
	flowcat -o csv -k packets,bytes "$@" |
		awk -F , 'NR > 1 { p += $1; b += $2 } END { print p + 0, b + 0 }'
}

# PACKETS OCTETS of a meter sample, from its index.
truth() {
	awk -F '\t' -v name="$1" '$1 == name { print $9, $10 }' "$SHARED/corpus/meter/INDEX.tsv"
}

# Samples without padded frames, which softflowd counts as they are, and without fragments.
@test "flowrecv: softflowd's v5, v9 and IPFIX add up to the traffic it saw" {
	command -v softflowd > /dev/null || skip "no softflowd"
	for sample in m_nd_ssh m_http; do
		for version in 5 9 10; do
			collect
			softflowd -r "$SHARED/corpus/meter/$sample.pcap" -n "$port" -v $version -d \
				-p softflowd.pid -c none > softflowd.log 2>&1
			finish
			[ "$(sums collected.flow)" = "$(truth $sample)" ]
			exported=$(sed -n 's/.*Flows exported: [0-9]* (\([0-9]*\) records).*/\1/p' softflowd.log)
			[ "$(flowcat -o ndjson collected.flow | wc -l)" = "$exported" ]
		done
	done
}

@test "flowrecv: pmacct's nfprobe adds up to the traffic it saw" {
	command -v pmacctd > /dev/null || skip "no pmacctd"
	for sample in m_nd_ssh m_smtp; do
		for version in 5 9 10; do
			# pmacctd sometimes hangs at the end of a capture, or cannot begin: it is given three chances.
			for attempt in 1 2 3; do
				collect
				cat > pmacctd.conf <<-END
					daemonize: false
					pcap_savefile: $SHARED/corpus/meter/$sample.pcap
					plugins: nfprobe
					nfprobe_receiver: $port
					nfprobe_version: $version
					aggregate: src_host,dst_host,src_port,dst_port,proto,tos
				END
				timeout -k 5 30 pmacctd -f pmacctd.conf > pmacctd.log 2>&1 && break
				echo "pmacctd, attempt $attempt: status $?"
				finish
				[ $attempt -lt 3 ] || skip "pmacctd fails: $(tail -n 1 pmacctd.log)"
			done
			finish
			[ "$(sums collected.flow)" = "$(truth $sample)" ]
		done
	done
}

@test "flowrecv: nfcapd fed the same datagrams stores the same sums" {
	command -v nfcapd > /dev/null || skip "no nfcapd"
	for version in v5 v9 ipfix; do
		python3 "$REPO/tests/tools/export.py" pcap sent.pcap --as $version --messages 40 --records 20
		flowrecv -r sent.pcap -w ours.flow
		rm -rf theirs && mkdir theirs
		nfcapd -w "$PWD/theirs" -b 127.0.0.1 -p 29995 -t 3600 > nfcapd.log 2>&1 3>&- &
		collector=$!
		sleep 1
		"$TOOLS/blast" send sent.pcap 127.0.0.1:29995 2000
		sleep 0.5
		kill -TERM "$collector"
		wait "$collector" || true
		collector=
		nfdump -R theirs -q -o 'fmt:%pkt %byt' -N |
			awk '{ p += $1; b += $2 } END { print p, b }' > sums
		[ "$(sums ours.flow)" = "$(cat sums)" ]
	done
}
