#!/bin/sh
# CPU time of collecting the same export packets over loopback into compressed files:
# flowrecv against nfcapd -y, alternating, each with the same sender and receive buffer.
#
#	[REPEAT=N] [OPTIONS=--fast] tests/bench/collect.sh [CAPTURE [DATAGRAMS_PER_SECOND [RUNS]]]
#
# OPTIONS are flowrecv's.
# A capture is sent REPEAT times (20): half a minute of a million flows, so that memory touched for the first time,
# which a collector does once in its life, is little of it.  Without one flowgen's records are exported as NetFlow v9
# by flowsend and recorded first.
# Printed for every run: CPU seconds (user + system, writing the last file included), records stored,
# datagrams dropped; then the medians and their ratio.  Never fails on time.
set -eu

repo=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${FLOWKIT_BIN:-$repo/bin}:$PATH
tools=${FLOWKIT_TOOLS:-$repo/.build/gcc/tools}
capture=${1:-}
rate=${2:-20000}
runs=${3:-3}
version=${VERSION:-v9}
flows=${FLOWS:-2000000}
repeat=${REPEAT:-20}
buffer=33554432
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
command -v nfcapd > /dev/null || { echo "collect: no nfcapd to compare with" >&2; exit 0; }

if [ -z "$capture" ]; then
	capture=$work/export.pcap
	"$tools/blast" record "$capture" 127.0.0.1:0 2 > "$work/recorder" &
	recorder=$!
	until grep -q listening "$work/recorder"; do sleep 0.1; done
	port=$(awk '/listening/ { print $3 }' "$work/recorder")
	flowgen -n "$flows" --ipv6 10% | flowsend -d "udp:127.0.0.1:$port" --as "$version" --rate 20000
	wait $recorder
	tail -n 1 "$work/recorder"
fi
want=$(flowrecv -q -r "$capture" -w "$work/all.flow" -v 2>&1 | awk '/total:/ { print $5 }')
want=$((want * repeat))
echo "capture: $want records, $rate datagrams/s"

# Run a collector until it is ended; prints its CPU seconds.  $1: file for its process id.
measured() {
	pidfile=$1
	shift
	sh -c 'echo $$ > "$0"; exec "$@"' "$pidfile" "$@" > "$work/out" 2> "$work/err" || true
	times > "$work/times"
	tail -n 1 "$work/times" | awk '{ split($1, u, /[ms]/); split($2, s, /[ms]/)
		printf "%.3f\n", 60 * (u[1] + s[1]) + u[2] + s[2] }'
}

one() {
	name=$1
	port=$2
	shift 2
	rm -rf "$work/store" "$work/pid"
	mkdir "$work/store"
	measured "$work/pid" "$@" > "$work/cpu" &
	subshell=$!
	sleep 1
	"$tools/blast" send "$capture" "127.0.0.1:$port" "$rate" "$repeat" > "$work/sent"
	sleep 1.5
	kill -TERM "$(cat "$work/pid")"
	wait $subshell
	cpu=$(cat "$work/cpu")
	echo "$cpu" >> "$work/$name.cpu"
	size=$(du -sb "$work/store" | cut -f 1)
}

median() {
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

for _ in $(seq "$runs"); do
	one nfcapd 19995 nfcapd -y -w "$work/store" -b 127.0.0.1 -p 19995 -B $buffer -t 3600
	got=$(nfdump -R "$work/store" -I 2> /dev/null | awk '/^Flows:/ { print $2 }')
	echo "nfcapd   $cpu s, $got records, $size octets ($(cat "$work/sent"))"
	# shellcheck disable=SC2086 # several words
	one flowrecv 19996 flowrecv ${OPTIONS:-} -l udp:127.0.0.1:19996 -w "$work/store" --rcvbuf $buffer -v --rotate 1h
	got=$(awk '/total:/ { print $5 }' "$work/err")
	dropped=$(awk '/dropped by the kernel/ { print $8 }' "$work/err")
	echo "flowrecv $cpu s, $got records, $size octets, dropped $dropped ($(cat "$work/sent"))"
done
nf=$(median "$work/nfcapd.cpu")
ours=$(median "$work/flowrecv.cpu")
awk -v a="$ours" -v b="$nf" -v n="$want" 'BEGIN {
	printf "median: flowrecv %.3f s, nfcapd %.3f s, ratio %.2f (%.2f and %.2f s per million flows)\n",
	    a, b, a / b, a / n * 1e6, b / n * 1e6 }'
