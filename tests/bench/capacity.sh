#!/bin/bash
# What a collector can take: the highest rate of datagrams at which nothing is lost with one processor,
# flowrecv beside nfcapd -y, and what a second worker on a second processor adds.
#
#	[FLOWS=N] [VERSION=v9] tests/bench/capacity.sh [CAPTURE]
#
# One processor: the collector is bound to the last one, the sender to the first; a rate holds when of five
# seconds of it everything is stored; the rates tried are a tenth apart.  Both have receive buffers of 32 MiB:
# nfcapd gets no more than net.core.rmem_max, so that is raised meanwhile (which takes root).
# Two: a stopped collector's buffers are filled by two exporters, one for each worker, and it is timed from when
# it goes on until all is written to a file in memory.  Linux gives the memory of a datagram back to the processor
# that received it, here those of the workers themselves, by interrupting it every 32 datagrams; with
# net.core.skb_defer_max at 0 it does not, so that is set meanwhile, for one worker and for two (DEFER=as-is leaves
# it).  PARTS is one of both.  Never fails on time.
set -eu

repo=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${FLOWKIT_BIN:-$repo/bin}:$PATH
tools=${FLOWKIT_TOOLS:-$repo/.build/gcc/tools}
version=${VERSION:-v9}
flows=${FLOWS:-500000}
seconds=${SECONDS_EACH:-5}
rounds=${ROUNDS:-3}
parts=${PARTS:-one two}
capture=${1:-}
buffer=33554432
last=$(($(nproc) - 1))
[ "$last" -ge 1 ] || { echo "capacity: needs two processors" >&2; exit 0; }
command -v nfcapd > /dev/null || { echo "capacity: no nfcapd to compare with" >&2; exit 0; }
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
allowed=$(sysctl -n net.core.rmem_max)
deferred=$(sysctl -n net.core.skb_defer_max 2> /dev/null || true)

clean() {
	rm -rf "$work"
	sysctl -q -w net.core.rmem_max="$allowed" 2> /dev/null || true
	[ -z "$deferred" ] || sysctl -q -w net.core.skb_defer_max="$deferred" 2> /dev/null || true
}
trap clean EXIT INT TERM
sysctl -q -w net.core.rmem_max=$buffer 2> /dev/null ||
	echo "capacity: cannot raise net.core.rmem_max: nfcapd has a receive buffer of $allowed octets" >&2

if [ -z "$capture" ]; then
	capture=$work/export.pcap
	"$tools/blast" record "$capture" 127.0.0.1:0 2 > "$work/recorder" &
	until grep -q listening "$work/recorder"; do sleep 0.1; done
	port=$(awk '/listening/ { print $3 }' "$work/recorder")
	flowgen -n "$flows" --ipv6 10% | flowsend -q -d "udp:127.0.0.1:$port" --as "$version" --rate 20000
	wait $!
fi
flowrecv -r "$capture" -w "$work/all.flow" -v 2> "$work/err"
datagrams=$(awk '/total:/ { print $3 }' "$work/err")
records=$(awk '/total:/ { print $5 }' "$work/err")
rm "$work/all.flow"

# Wait for a file of one line, and print it.
await() {
	for _ in $(seq 200); do
		[ -s "$1" ] && break
		sleep 0.05
	done
	head -n 1 "$1"
}

start_flowrecv() {
	taskset -c "$1" flowrecv -j "$2" -l udp:127.0.0.1:0 --port-file "$work/port" -w "$work/store" --rotate 1h \
		--rcvbuf "$3" -v 2> "$work/err" &
	pid=$!
	address=$(await "$work/port")
}

start_nfcapd() {
	taskset -c "$1" nfcapd -y -w "$work/store" -b 127.0.0.1 -p 19995 -B $buffer -t 3600 > "$work/out" 2> "$work/err" &
	pid=$!
	address=127.0.0.1:19995
	sleep 0.5
}

stop() {
	kill -TERM "$pid"
	wait "$pid" || true
}

# Is everything stored at a rate?  $1: collector, $2: datagrams a second.
holds() {
	local repeat=$((($2 * seconds + datagrams - 1) / datagrams)) stored

	rm -rf "$work/store" "$work/port"
	mkdir "$work/store"
	"start_$1" "$last" 1 $buffer
	taskset -c 0 "$tools/blast" send "$capture" "$address" "$2" "$repeat" > "$work/sent"
	sleep 1.5
	stop
	if [ "$1" = nfcapd ]; then
		stored=$(nfdump -R "$work/store" -I 2> /dev/null | awk '/^Flows:/ { print $2 }')
	else
		stored=$(awk '/total:/ { print $5 }' "$work/err")
	fi
	reached=$(awk -v n="$((repeat * datagrams))" '{ printf "%d", n / $5 }' "$work/sent")
	echo "  $1 at $reached datagrams/s: $stored of $((repeat * records)) records" >&2
	[ "$stored" -eq "$((repeat * records))" ]
}

# The highest rate that holds, in tenths above 10,000.  Sets `found`.
search() {
	local rate=10000

	found=0
	while holds "$1" "$rate" && [ "$reached" -gt "$((rate * 9 / 10))" ]; do
		found=$reached
		rate=$((rate * 14 / 10))
	done
	for _ in 1 2 3 4; do
		rate=$((found * 11 / 10))
		if [ "$rate" -eq 0 ] || ! holds "$1" "$rate"; then break; fi
		found=$reached
	done
}

# Seconds from going on to the end of a collector whose buffers were filled meanwhile.  $1: processors, $2: workers.
drain() {
	local repeat=${FILL:-8}

	rm -rf "$work/store" "$work/port"
	mkdir "$work/store"
	start_flowrecv "$1" "$2" 1Gi
	kill -STOP "$pid"
	for from in $exporters; do
		"$tools/blast" send "$capture" "$address" 0 "$repeat" "$from" > "$work/sent"
	done
	begin=$(date +%s.%N)
	kill -CONT "$pid"
	stop
	took=$(awk -v a="$begin" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f", b - a }')
	stored=$(awk '/total:/ { print $5 }' "$work/err")
	echo "  $2 workers: $stored records in $took s" >&2
	awk -v n="$stored" -v t="$took" 'BEGIN { printf "%.3f\n", n / t / 1e6 }' >> "$work/drained.$2"
}

median() {
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

per=$(awk -v r="$records" -v d="$datagrams" 'BEGIN { printf "%.1f", r / d }')
echo "capacity: datagrams of $per records"
if [[ $parts == *one* ]]; then
	search nfcapd
	theirs=$found
	search flowrecv
	awk -v a="$found" -v b="$theirs" -v p="$per" 'BEGIN {
		printf "one processor, nothing lost: flowrecv %d datagrams/s (%.2f M records/s), nfcapd %d (%.2f M), ratio %.2f\n",
		    a, a * p / 1e6, b, b * p / 1e6, (b > 0 ? a / b : 0) }'
fi
[[ $parts == *two* ]] || exit 0
[ "${DEFER:-}" = as-is ] || [ -z "$deferred" ] || sysctl -q -w net.core.skb_defer_max=0 2> /dev/null ||
	echo "capacity: cannot set net.core.skb_defer_max: workers are interrupted to free memory" >&2
exporters=$("$tools/blast" exporters 2)
for _ in $(seq "$rounds"); do
	drain "$last" 1
	drain "$((last - 1)),$last" 2
done
awk -v a="$(median "$work/drained.1")" -v b="$(median "$work/drained.2")" 'BEGIN {
	printf "from full buffers: one worker %.2f M records/s, two on two processors %.2f M, ratio %.2f\n", a, b, b / a }'
