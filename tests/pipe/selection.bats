# What a filter hands on as it was stored, with what it selected beside it, is what it would have written.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
}

# Run a command line into a pipe whose reader knows selections, and keep what comes.
kept() { # FILE COMMAND
	local keeper

	rm -f fifo fifo.ready
	mkfifo fifo
	python3 "$REPO/tests/tools/claim.py" fifo "$1" 3>&- &
	keeper=$!
	for _ in $(seq 200); do
		[ ! -e fifo.ready ] || break
		sleep 0.02
	done
	"${@:2}" > fifo
	wait "$keeper"
}

# How many blocks of a file have a selection.
selected_blocks() { # FILE
	python3 -c '
import struct, sys
data, at, n = open(sys.argv[1], "rb").read(), 0, 0
while at < len(data):
    n += data[at + 22] >> 5 & 1
    at += struct.unpack_from("<I", data, at + 12)[0]
print(n)' "$1"
}

# What commands, a line each, make of IN, which a filter of these arguments made of in.flow: a file, a pipe, and one kept.
same_both_ways() { # ARGUMENT ...
	local command j

	flowfilter "$@" in.flow -w file.flow
	for j in 1 8; do
		kept pipe.flow flowfilter -j $j "$@" in.flow
		[ "$(selected_blocks pipe.flow)" -gt 0 ]
		flowcat --check pipe.flow > sound
		grep -q " $(flowagg -v count -o csv file.flow | tail -n 1) records" sound
	done
	while read -r command; do
		eval "${command//IN/file.flow}" > want
		eval "${command//IN/pipe.flow}" > got
		eval "cat pipe.flow | ${command//IN/-}" > piped
		cmp want got
		cmp want piped
	done
}

consumers() {
	cat <<- 'EOF'
		flowcat -j 1 -o csv -k all IN
		flowcat -j 8 -o ndjson IN
		flowfilter -j 8 'bytes > 500' -o csv IN | sort
		flowfilter 'bytes > 500' IN | flowfilter 'proto tcp' -k proto,bytes,start | flowcat -o csv
		flowagg -j 1 -k srcip,proto -v bytes,packets,count -O bytes,srcip,proto -o csv IN
		flowagg -j 8 -k srcport -v distinct_dstip,p95_bytes -O srcport:asc -o csv IN
		flowagg -k end/5m -v bytes -o csv IN
		flowcat -O bytes,srcip,start -o csv -k start,srcip,bytes IN
		flowcat -O end -n 10 -o csv -k end,srcip,bytes IN
		flowcat -n 777 -o csv IN
		flowstat -o csv IN
		flowcat -t 2026-01-05T00:05:00..2026-01-05T00:20:00 IN | flowcat -o csv
	EOF
}

@test "selection: filters of flows give the same through a pipe as through a file" {
	flowgen -n 200000 --seed 3 -w in.flow
	kept pipe.flow flowfilter 'proto tcp' in.flow
	[ "$(stat -c %s pipe.flow)" -lt "$((3 * $(stat -c %s in.flow) / 2))" ] # as it was stored
	consumers > commands
	same_both_ways 'proto tcp' < commands
	same_both_ways 'bytes > 300' -k bytes,srcip,dstip,srcport,packets,proto,end,start < commands
	same_both_ways 'bytes > 100' -n 100000 < commands
	same_both_ways 'ip 10.255.0.0/16' -k srcip,dstip,bytes,packets,proto,start,end,srcport < commands
}

@test "selection: columns that cannot go on without others are written anew" {
	flowgen -n 100000 --seed 4 -w in.flow
	for k in start,bytes srcas,outif srcip,start,end,bytes end; do
		flowfilter 'proto tcp' -k $k -o csv in.flow > want
		flowfilter 'proto tcp' -k $k in.flow | flowcat --check - > sound
		flowfilter 'proto tcp' -k $k in.flow | flowcat -o csv -k $k > got
		cmp want got
		flowcat -k $k in.flow -w some.flow # a file takes them as they were, too
		flowcat --check some.flow
		flowcat -k $k -o csv in.flow > want
		flowcat -o csv -k $k some.flow > got
		cmp want got
	done
	# A limit within a block, behind one of which all was wanted.
	for n in 70000 90000; do
		flowcat -n $n -k srcip,bytes -o csv in.flow > want
		flowcat -n $n -k srcip,bytes in.flow | flowcat -o csv > got
		cmp want got
		flowcat -n $n -k srcip,bytes in.flow | cat | flowcat -o csv > got
		cmp want got
		flowcat -n $n -k srcip,bytes in.flow -w some.flow
		flowcat -o csv some.flow > got
		cmp want got
	done
	flowfilter 'proto tcp' -n 50000 -k srcip,bytes -o csv in.flow > want
	kept pipe.flow flowfilter -j 1 'proto tcp' -n 50000 -k srcip,bytes in.flow
	flowcat -o csv pipe.flow > got
	cmp want got
	flowfilter 'proto tcp' -k duration,srcip -o csv in.flow > want
	flowfilter 'proto tcp' -k duration,srcip in.flow | flowcat -o csv > got
	cmp want got
}

@test "selection: random records of every type" {
	for seed in 41 42 43 44; do
		"$TOOLS/randflow" $seed file in.flow > /dev/null
		flowfilter 'bytes > 1000 or srcport < 30000' in.flow -w file.flow
		kept pipe.flow flowfilter 'bytes > 1000 or srcport < 30000' in.flow
		python3 "$REPO/tests/flowread.py" file.flow | LC_ALL=C sort > want
		python3 "$REPO/tests/flowread.py" pipe.flow | LC_ALL=C sort > got
		[ -s want ]
		cmp want got
	done
}

@test "selection: a stream that was kept as a file is one, with and without an index" {
	flowgen -n 150000 --seed 5 -w in.flow
	flowfilter 'proto udp' in.flow -w want.flow
	kept kept.flow flowfilter 'proto udp' in.flow
	[ "$(selected_blocks kept.flow)" -gt 0 ]
	host=$(flowagg -k dstip -v count -O count -n 1 -o csv want.flow | tail -n 1 | cut -d, -f1)
	flowfilter "ip $host" -o csv want.flow > want
	flowfilter "ip $host" -o csv kept.flow | cmp want -
	flowcat --index kept.flow
	flowcat --check kept.flow
	flowfilter "ip $host" -o csv kept.flow | cmp want -
	flowcat -o csv want.flow > want
	flowcat -o csv kept.flow | cmp want -
	flowcat --recompress kept.flow
	flowcat -o csv kept.flow | cmp want -
	[ "$(stat -c %s kept.flow)" -lt "$(stat -c %s in.flow)" ]
	flowfilter 'proto udp' in.flow | flowcat -w joined.flow - want.flow
	[ "$(flowagg -v count -o csv joined.flow | tail -n 1)" = "$((2 * $(wc -l < want) - 2))" ]
}

@test "selection: what takes no file's memory, a socket, gets the same octets as a pipe" {
	flowgen -n 150000 --seed 8 -w in.flow
	flowcat --no-history in.flow | cat > want
	for j in 1 8; do
		flowcat --no-history -j $j in.flow | cat > piped
		cmp want piped
		python3 -c '
import socket, subprocess, sys
ours, theirs = socket.socketpair()
with subprocess.Popen(["flowcat", "--no-history", "-j", sys.argv[1], "in.flow"], stdout=theirs) as flowcat:
    theirs.close()
    with ours, open("got", "wb") as out:
        while data := ours.recv(1 << 20):
            out.write(data)
sys.exit(flowcat.returncode)' $j
		cmp want got
	done
}

@test "selection: a pipe that is cut fails, and what was whole before it counts" {
	flowgen -n 150000 --seed 6 -w in.flow
	kept all.flow flowfilter 'proto tcp' in.flow
	size=$(stat -c %s all.flow)
	head -c "$((size - 100))" all.flow > cut.flow
	run --separate-stderr flowagg -v count -o csv cut.flow
	[ "$status" = 3 ]
	# shellcheck disable=SC2154
	[[ "$stderr" == *"end"* ]]
	n=$(tail -n 1 <<< "$output")
	[ "$n" -gt 0 ]
	[ "$n" -le "$(flowagg -v count -o csv all.flow | tail -n 1)" ]
}

@test "selection: who keeps a stream or sends it on gets nothing that was filtered out" {
	flowgen -n 150000 --seed 7 -w in.flow
	flowfilter 'proto tcp' in.flow | cat > cat.flow
	[ "$(selected_blocks cat.flow)" = 0 ]
	flowfilter 'proto tcp' in.flow | flowcat | cat > twice.flow
	[ "$(selected_blocks twice.flow)" = 0 ]
	flowfilter 'proto tcp' in.flow | flowcat -w file.flow
	[ "$(selected_blocks file.flow)" = 0 ]
	flowfilter 'proto tcp' in.flow | flowcat > file.flow
	[ "$(selected_blocks file.flow)" = 0 ]
	flowfilter -n 3 'proto tcp' -o csv -k srcip,bytes,start in.flow > want
	flowcat -n 3 -o csv -k srcip,bytes,start cat.flow | cmp want -
	for f in cat twice file; do
		flowfilter 'not proto tcp' -o csv $f.flow > none
		[ "$(wc -l < none)" -le 1 ]
	done
	flowfilter 'proto tcp' in.flow | tee tee.flow | flowagg -v count -o csv > counted
	[ "$(selected_blocks tee.flow)" = 0 ]
	[ "$(tail -n 1 counted)" = "$(flowagg -v count -o csv cat.flow | tail -n 1)" ]
}
