# A collector among senders that mean it harm: damaged messages, floods, connections that never say anything; PROTOCOL 1.5.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of collector.bash

load ../collector

enough() {
	[ "$1" -le "$2" ] || {
		echo "$3: $1, more than $2"
		return 1
	}
}

# Its peak of memory in KiB; a sanitizer's is its own.
peak() {
	if [ -n "${FLOWKIT_SAN-}" ]; then
		echo 0
	else
		awk '/VmHWM/ { print $2 }' "/proc/$collector/status"
	fi
}

# Exporters under a sanitizer are as many as it can take.
many() {
	if [ -n "${FLOWKIT_SAN-}" ]; then echo $(($1 / 10)); else echo "$1"; fi
}

# A collector that remembers an exporter of 127.0.0.1:$1, whose templates came once.
collect_acquainted() {
	local source=$1

	shift
	collect -w first.flow --templates state -j 1 -q
	export_to udp "$port" --messages 10 --templates 100 --source-port "$source"
	finish
	collect --templates state -j 1 "$@"
}

# In the middle of a flood of $2 datagrams of kind $1 the exporter of port $3 goes on.
flood_around() {
	"$TOOLS/flood" "$1" "$port" "$2" 10000 &
	sleep 0.1
	export_to udp "$port" --messages 40 --templates 1000 --first 10 --source-port "$3" --step 0.02
	wait $!
	until_true drained
}

# All that was sent has been read.
drained() {
	[ "$(awk -v p="$(printf ':%04X' "${port##*:}")" 'index($2, p) { n += substr($5, 10) != "00000000" } END { print n + 0 }' /proc/net/udp)" = 0 ]
}

@test "hostile: every message of the corpus, cut and changed, keeps the laws" {
	[ -n "$SHARED" ] || skip "no ../shared"
	[ -f "$SHARED/corpus/INDEX.tsv" ] || skip "no corpus in ../shared"
	run -0 "$TOOLS/hostile" batter "$([ -n "${FLOWKIT_SAN-}" ] && echo 20000 || echo 2000)" "$SHARED"/corpus/cases/*.pcap
	[[ $output == *" captures, "*" variants, "* ]]
	rss=$(sed 's/.* \([0-9]*\) KiB/\1/' <<< "$output")
	[ -n "${FLOWKIT_SAN-}" ] || enough "$rss" 50000 "KiB of memory"
}

@test "hostile: templates of made-up exporters are bounded, and an exporter that was there loses nothing" {
	collect_acquainted 47301 -w out.flow -v
	flood_around templates "$(many 20000)" 47301
	rss=$(peak)
	finish
	[ "$(counted 'dropped by the kernel')" = 0 ] || skip "the kernel dropped datagrams"
	[ "$(records out.flow)" = 800 ]
	[ "$(bytes out.flow)" = "$(octets_of 200 800)" ]
	enough "$rss" 250000 "KiB of memory"
	# Sent is decoded, whoever it is of.
	messages=$(sed -n 's/.*total: \([0-9]*\) messages.*/\1/p' err)
	[ "$messages" = $(($(many 20000) + 40)) ]
}

@test "hostile: a million data sets without template are bounded, as are the lines about them" {
	collect_acquainted 47302 -w out.flow
	flood_around strays "$(many 100000)" 47302
	sleep 1.1
	rss=$(peak)
	lines=$(wc -l < err)
	finish
	[ "$(records out.flow)" = 800 ] || [ "$(counted 'dropped by the kernel')" != 0 ]
	enough "$rss" 250000 "KiB of memory"
	enough "$lines" 62 "lines in the first minute"
	grep -q 'more lines like these were not printed' err
}

@test "hostile: options without end are bounded, in memory and in what files begin with" {
	mkdir out
	collect -w out --rotate 1s -j 1 -q
	"$TOOLS/flood" options "$port" "$(many 60000)" 20000
	sleep 1.2
	rss=$(peak)
	finish
	enough "$rss" 300000 "KiB of memory"
	for file in out/*.flow; do
		enough "$(stat -c %s "$file")" 40000000 "octets in $file"
		flowcat --check "$file"
	done
}

@test "hostile: made-up exporters make no directories without end" {
	mkdir out
	collect -w out --partition exporter -j 1 -q
	"$TOOLS/flood" types "$port" 3000 5000
	finish
	[ "$(records out)" = 120000 ]
	enough "$(find out -type d | wc -l)" 1030 directories
}

@test "hostile: garbage and connections that drip octets are closed; an exporter beside them goes on" {
	listen="tcp:127.0.0.1:0" collect -w out.flow -v --idle 1s --connections 300
	export_to ipfix good.ipfix --as ipfix --messages 1
	export_to tcp "$port" --as ipfix --messages 60 --templates 1000 --step 0.05 --first 1000 &
	python3 - "$port" <<-'END'
		import os, random, socket, struct, sys, time
		host, port = sys.argv[1].rsplit(":", 1)
		where = (host, int(port))
		good = open("good.ipfix", "rb").read()
		random.seed(1)
		def connect(first=b""):
		    s = socket.create_connection(where)
		    s.sendall(first)
		    return s
		def is_closed(s):
		    s.settimeout(5)
		    try:
		        return s.recv(1) == b""
		    except ConnectionError:
		        return True
		garbage = [connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), connect(b"\x16\x03\x01\x02\x00\x01"),
		           connect(bytes(65536)), connect(b"\n" * 100000), connect(good + b"SSH-2.0-x\r\n"),
		           connect(struct.pack(">HHIII", 10, 65535, 0, 0, 0) + bytes(65519) + b"rest")]
		for i in range(50):
		    garbage.append(connect(bytes(random.randrange(256) for _ in range(64))))
		assert all(is_closed(s) for s in garbage), "garbage is listened to"
		# A message begun and never ended, octet by octet; the same behind a good one.
		drips = [connect(good * (i % 2)) for i in range(100)]
		begin, at, closed = time.time(), 0, set()
		while len(closed) < len(drips) and time.time() < begin + 6:
		    for i, s in enumerate(drips):
		        if i in closed: continue
		        try:
		            s.send(good[at:at + 1])
		        except OSError:
		            closed.add(i)
		    at = (at + 1) % 20
		    time.sleep(0.1)
		assert len(closed) == len(drips), "%d drip on" % (len(drips) - len(closed))
	END
	wait %%
	finish
	# 51 good ones before the garbage and the drops, and the exporter's 60.
	[ "$(records out.flow)" = $((20 * (51 + 60))) ]
	[ "$(counted 'silent for too long')" -ge 100 ]
	enough "$(grep -c 'connection closed' err)" 40 "lines about connections"
}
