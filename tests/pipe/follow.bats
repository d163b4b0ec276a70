# --follow: files that are still being written, and those that come after them.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	mkdir store
	started=()
}

# Only what a test started itself, by its number.
teardown() {
	local one
	for one in "${started[@]}"; do
		kill -KILL "$one" 2> /dev/null || true
	done
}

# Run in the background: $pid.
start() {
	"$@" 3>&- &
	pid=$!
	started+=("$pid")
}

# Wait until $pid watches its directories.
watching() {
	for _ in $(seq 200); do
		readlink /proc/"$pid"/fd/* 2> /dev/null | grep -q inotify && break
		sleep 0.05
	done
	sleep 0.2
}

# Follow into got, as csv with one line a record: $pid.
follow() {
	start flowcat --follow -o csv -k bytes,srcip,dstip "$@" > got 2> err
	watching
}

# Wait until the file has so many records of csv, at most 10 s, and no more.
lines() {
	local n
	for _ in $(seq 200); do
		n=$(tail -n +2 "$1" | wc -l)
		[ "$n" -lt "$2" ] || break
		sleep 0.05
	done
	[ "$n" -eq "$2" ] || { echo "$1 has $n records, not $2: $(cat err)"; return 1; }
}

stays() {
	sleep 0.5
	lines "$1" "$2"
}

# Ended by its user: $status.
stop() {
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
}

# Is got what these files hold, each record once?
same_as() {
	flowcat -o csv -k bytes,srcip,dstip "$@" | tail -n +2 | sort > want
	tail -n +2 got | sort | cmp - want
}

# Wait until whole.flow has N blocks.
blocks() {
	for _ in $(seq 400); do
		python3 - "$1" <<-'END' && return 0
		import struct, sys
		data, at, n = open("whole.flow", "rb").read(), 0, 0
		while at + 16 <= len(data):
		    at += struct.unpack_from("<I", data, at + 12)[0]
		    n += at <= len(data)
		sys.exit(n < int(sys.argv[1]))
		END
		sleep 0.05
	done
}

# whole.flow: 3000 records in blocks of a collector's size; piece.0 (history), .1 .2 .3 (1000 records each) and .4, the end mark.
make_pieces() {
	flowgen -n 3000 --seed "${1:-4}" | flowcat -o csv -k all > all.csv
	: > whole.flow
	{
		head -n 1001 all.csv
		blocks 2
		sed -n '1002,2001p' all.csv
		blocks 3
		sed -n '2002,$p' all.csv
	} | flowcat -i csv | cat > whole.flow
	python3 - <<-'END'
	import struct
	data, at, n = open("whole.flow", "rb").read(), 0, 0
	while at < len(data):
	    length = struct.unpack_from("<I", data, at + 12)[0]
	    open("piece.%d" % n, "wb").write(data[at:at + length])
	    at, n = at + length, n + 1
	assert n == 5
	END
}

# Start a collector that writes to store: $collector, $port.
collect() {
	start flowrecv -l udp:127.0.0.1:0 --port-file port -w store "$@" 2> recv.err
	collector=$pid
	for _ in $(seq 200); do
		[ ! -s port ] || break
		sleep 0.05
	done
	port=$(head -n 1 port)
}

@test "follow: a store that is rotated every second is printed record by record, each once" {
	collect --rotate 1s --flush 0.1s
	follow store
	flowgen -n 12000 -w sent.flow
	flowsend -q -d "udp:$port" --rate 3000fps sent.flow
	lines got 12000
	kill -TERM "$collector"
	wait "$collector"
	stays got 12000
	stop
	[ "$status" -eq 0 ]
	[ ! -s err ]
	[ "$(find store -name '*.flow' | wc -l)" -ge 4 ]
	same_as store
	same_as sent.flow
}

@test "follow: a stream out is complete when it is ended, and has been for its reader all along" {
	collect --rotate 1s
	mkfifo between
	start flowcat -o csv -k bytes,srcip,dstip between > got
	reader=$pid
	start flowcat --follow store > between 2> err
	watching
	flowgen -n 3000 -w sent.flow
	flowsend -q -d "udp:$port" --rate 3000fps sent.flow
	lines got 3000
	stop
	[ "$status" -eq 0 ]
	wait "$reader"
	kill -TERM "$collector"
	same_as sent.flow
}

@test "follow: a part is read block by block to its end mark, whether it is named or its NAME is" {
	make_pieces
	for name in .a.flow.part a.flow; do
		cat piece.0 > store/.a.flow.part
		follow store/$name
		cat piece.1 >> store/.a.flow.part
		lines got 1000
		head -c 700 piece.2 >> store/.a.flow.part
		stays got 1000
		tail -c +701 piece.2 >> store/.a.flow.part
		lines got 2000
		cat piece.3 >> store/.a.flow.part
		lines got 3000
		cat piece.4 >> store/.a.flow.part
		mv store/.a.flow.part store/a.flow
		wait "$pid"
		same_as whole.flow
		rm store/a.flow
	done
	cp whole.flow store/b.flow
	flowcat --follow -o csv -k bytes,srcip,dstip store/b.flow > got
	same_as whole.flow
}

@test "follow: new data is seen at once" {
	make_pieces
	cat piece.0 > store/.a.flow.part
	follow store
	sleep 0.3
	for k in 1 2 3; do
		before=$(date +%s%N)
		cat piece.$k >> store/.a.flow.part
		lines got ${k}000
		took=$(($(date +%s%N) - before))
		echo "$((took / 1000000)) ms"
		[ "$took" -lt 1500000000 ]
	done
	stop
}

@test "follow: IPFIX to a pipe does not wait until a message is full" {
	flowgen -n 3 | flowcat > store/.a.flow.part
	mkfifo fifo
	start flowcat --follow -o ipfix store -w fifo
	timeout 10 head -c 16 < fifo > got
	[ "$(wc -c < got)" = 16 ]
}

@test "follow: a file that is merged and renamed is not read again" {
	make_pieces
	cat piece.[0123] > store/.a.flow.part
	follow store
	lines got 3000
	cat piece.4 >> store/.a.flow.part
	flowcat whole.flow -w store/.a.flow.part.merged
	mv store/.a.flow.part.merged store/.a.flow.part
	stays got 3000
	mv store/.a.flow.part store/a.flow
	stays got 3000
	cp whole.flow store/.later # hidden, but no part
	cp whole.flow store/.tmp && mv store/.tmp store/b.flow # comes whole
	lines got 6000
	rm store/a.flow
	stays got 6000
	cat piece.? > store/.a.flow.part # a new one of an old name
	lines got 9000
	mv store/.a.flow.part store/a.flow
	stays got 9000
	stop
	[ "$status" -eq 0 ] && [ ! -s err ]
}

@test "follow: a file that was read, or was there before, is not read again under another name or in another place" {
	make_pieces
	flowgen -n 10 -w store/old.flow
	sleep 0.1
	follow store
	cp whole.flow store/.a.tmp && mv store/.a.tmp store/a.flow
	lines got 3000
	cat piece.? > store/.b.flow.part
	lines got 6000
	mv store/.b.flow.part store/b.flow
	mkdir store/done
	mv store/a.flow store/done/
	mv store/b.flow store/c.flow
	stays got 6000
	mv store/done store/yesterday
	mv store/old.flow store/older.flow
	stays got 6000
	cp store/c.flow store/.d.tmp && mv store/.d.tmp store/d.flow # another file of the same records
	lines got 9000
	stop
	[ "$status" -eq 0 ] && [ ! -s err ]
}

@test "follow: finished files are read only where --since reaches back to them, in time order" {
	make_pieces
	flowcat -n 1000 whole.flow -w store/a.flow
	flowgen -n 10 --start 2026-03-01 -w store/0.flow
	cat piece.[0123] > store/.c.flow.part
	sleep 0.1 # files finished at this very moment are new ones
	follow store
	lines got 3000
	stays got 3000
	stop
	same_as whole.flow
	follow --since 2025-01-01 store
	lines got 4010
	stop
	[ "$(sed -n '1001,1100p' got | sort)" != "$(sed -n '2,101p' got | sort)" ]
	flowcat -o csv -k bytes,srcip,dstip store/a.flow | cmp - <(head -n 1001 got)
	tail -n 10 got | cmp - <(flowcat -o csv -k bytes,srcip,dstip store/0.flow | tail -n 10)
}

@test "follow: a part whose writer died holds up nobody, several parts are read as they grow" {
	make_pieces
	{ cat piece.[01] && head -c 500 piece.2; } > store/.dead.flow.part
	follow store
	lines got 1000
	cat piece.[01] > store/.b.flow.part
	lines got 2000
	mkdir -p store/2026/11/25
	cat piece.[01] > store/2026/11/25/.c.flow.part
	lines got 3000
	cat piece.2 >> store/.b.flow.part
	lines got 4000
	cat piece.[234] >> store/2026/11/25/.c.flow.part
	mv store/2026/11/25/.c.flow.part store/2026/11/25/c.flow
	lines got 6000
	cat piece.[34] >> store/.b.flow.part
	lines got 7000
	mv store/.b.flow.part store/b.flow
	mv store/.dead.flow.part store/dead.flow.incomplete
	rm -r store/2026
	mkdir -p store/2026
	cp whole.flow store/2026/d.flow
	lines got 10000
	stays got 10000
	stop
	[ "$status" -eq 0 ] && [ ! -s err ]
}

@test "follow: -n, an answer and a reader that has gone end it" {
	make_pieces
	cat piece.[01] > store/.a.flow.part
	run -0 timeout 20 flowcat --follow -n 5 -o csv -k bytes store
	[ "${#lines[@]}" = 6 ]
	timeout 20 flowcat --follow -o csv -k bytes store | head -n 3 > got
	[ "$(wc -l < got)" = 3 ]
	run -0 timeout 20 flowfilter --follow -q 'bytes > 0' store
	mkfifo fifo
	start timeout 20 flowcat --follow -o csv -k bytes store -w fifo
	head -n 3 < fifo > got
	[ "$(wc -l < got)" = 3 ]
	wait "$pid"
}

@test "follow: who is stuck as nobody reads its output ends at a second signal, whichever the first was" {
	flowgen -q -n 100000 -w store/a.flow
	mkfifo stuck
	exec 7<> stuck
	for signals in "INT TERM" "TERM INT" "TERM TERM"; do
		start env --default-signal=INT,TERM flowcat --follow --since 2020-01-01 -o csv store > stuck
		sleep 1
		kill -"${signals% *}" "$pid"
		sleep 0.5
		kill -0 "$pid"
		kill -"${signals#* }" "$pid"
		for _ in $(seq 40); do
			kill -0 "$pid" 2> /dev/null || break
			sleep 0.05
		done
		run ! kill -0 "$pid"
	done
	exec 7>&-
}

@test "follow: what is ended is closed as it should be in every format" {
	make_pieces
	cat piece.[01] > store/.a.flow.part
	start flowcat --follow -o json store > got.json
	for _ in $(seq 100); do
		[ ! -s got.json ] || break
		sleep 0.05
	done
	stop
	[ "$status" -eq 0 ]
	[ "$(jq length got.json)" = 1000 ]

	start flowcat --follow store -w got.flow
	watching
	[ ! -e got.flow ]
	stop
	[ "$status" -eq 0 ]
	[ "$(flowcat -o csv -k bytes got.flow | tail -n +2 | wc -l)" = 1000 ]

	start flowagg --follow -v flows -o csv store > got
	watching
	stop
	[ "$status" -eq 0 ] && [ "$(tail -n 1 got)" = 1000 ]
}

@test "follow: waiting costs nothing" {
	make_pieces
	cat piece.[01] > store/.a.flow.part
	follow store
	lines got 1000
	sleep 0.5
	switches() {
		cat /proc/"$pid"/task/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'
	}
	before=$(switches)
	sleep 1
	[ "$(switches)" -le $((before + 2)) ]
	stop
}

@test "follow: without inotify files are looked for" {
	make_pieces
	unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_inotify_instances' 2> why || skip "no user namespaces: $(cat why)"
	cat piece.[01] > store/.a.flow.part
	start unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_inotify_instances
		exec flowcat --follow -o csv -k bytes,srcip,dstip store' > got 2> err
	lines got 1000
	cat piece.2 >> store/.a.flow.part
	lines got 2000
	mkdir -p store/new/er
	cp piece.0 store/new/er/.b.flow.part
	sleep 0.3
	cat piece.[1234] >> store/new/er/.b.flow.part
	mv store/new/er/.b.flow.part store/new/er/b.flow
	lines got 5000
	cat piece.[34] >> store/.a.flow.part
	mv store/.a.flow.part store/a.flow
	lines got 6000
	stays got 6000
	stop
	[ "$status" -eq 0 ] && [ ! -s err ]
}

@test "follow: a damaged file is told and left, the others go on, the output is incomplete" {
	make_pieces
	cat piece.[01] > store/.a.flow.part
	follow store
	lines got 1000
	head -c 4000 /dev/zero >> store/.a.flow.part
	cat piece.[0123] > store/.b.flow.part
	lines got 4000
	cat piece.1 >> store/.a.flow.part
	stays got 4000
	stop
	[ "$status" -eq 3 ]
	[ "$(cat err)" = "flowcat: store/.a.flow.part: offset $(cat piece.[01] | wc -c): no flow stream block here" ]
}

@test "follow: what cannot be followed is refused with a reason" {
	flowgen -n 10 -w a.flow
	echo 'srcip,bytes' > a.csv
	run -3 flowcat --follow none.flow
	[ "$output" = "flowcat: none.flow: No such file or directory" ]
	run -3 flowcat --follow a.csv
	[ "$output" = "flowcat: a.csv: no flow stream; only those are followed" ]
	run -3 flowcat --follow /dev/null
	[ "$output" = "flowcat: /dev/null: no regular file, nor a directory: nothing to follow" ]
	run -2 flowcat --follow -i csv a.csv
	[ "$output" = "flowcat: --follow reads flow streams, no other format" ]
	run -2 flowcat --follow - a.flow
	[ "$output" = "flowcat: --follow: standard input does not go with files" ]
	run -2 flowcat --follow -o csv -k all a.flow
	[ "$output" = "flowcat: -k all needs all of the input before its first line; with --follow name the fields" ]
	run -2 --separate-stderr flowcat --follow --info a.flow
	[[ $stderr == "flowcat: --info, --check and --index read what is there, without --follow"* ]]
	[ "$(flowcat --follow -o csv -k bytes < a.flow | wc -l)" = 11 ]
}

@test "follow: a store that is taken away is told, the others go on" {
	mkdir other
	flowgen -n 10 -w a.flow
	follow store other
	cp a.flow store/.tmp && mv store/.tmp store/a.flow
	lines got 10
	mv store elsewhere
	cp a.flow other/.tmp && mv other/.tmp other/a.flow
	lines got 20
	[ "$(cat err)" = "flowcat: store: No such file or directory" ]
	stop
	[ "$status" -eq 3 ]

	follow elsewhere
	rm -r elsewhere
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 3 ]
	[ "$(cat err)" = "flowcat: elsewhere: No such file or directory" ]
}
