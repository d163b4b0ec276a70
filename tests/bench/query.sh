#!/bin/sh
# query.sh - flowkit and nfdump on the same records: file size, filter, top-N, csv, memory.
#
#	tests/bench/query.sh [FLOWS]	(default 10000000; needs nfdump and nfcapd)
#
# flowgen's records are sent as NetFlow v9 to both collectors, one after the other, slowly enough that none
# loses any; then each query runs on one processor, the two programs in turn, ROUNDS times.
# Prints medians and ratios; never fails on time.
set -eu
flows=${1:-10000000}
rounds=${ROUNDS:-3}
rate=${RATE:-200000}
here=$(cd "$(dirname "$0")/../.." && pwd)
bin=${FLOWKIT_BIN:-$here/bin}
dir=$(mktemp -d)
pids=
# shellcheck disable=SC2086
trap 'kill $pids 2>/dev/null || true; rm -rf "$dir"' EXIT

command -v nfdump > /dev/null || { echo "skipped: nfdump is not installed"; exit 0; }
one="taskset -c 0"
command -v taskset > /dev/null || one=

free_port() {
	python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# run NAME COMMAND: wall seconds and peak KiB of one run to $dir/NAME.t
run() {
	name=$1
	shift
	/usr/bin/time -a -o "$dir/$name.t" -f '%e %U %S %M' sh -c "$*" > /dev/null 2>> "$dir/errors"
}

median() { # NAME COLUMN
	awk -v c="$2" '{print $c}' "$dir/$1.t" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

compare() { # LABEL OURS THEIRS
	label=$1
	rm -f "$dir/ours.t" "$dir/theirs.t"
	sh -c "$2" > /dev/null 2>> "$dir/errors"
	sh -c "$3" > /dev/null 2>> "$dir/errors"
	i=0
	while [ $i -lt "$rounds" ]; do
		run ours "$2"
		run theirs "$3"
		i=$((i + 1))
	done
	awk -v l="$label" -v a="$(median ours 1)" -v b="$(median theirs 1)" -v m="$(median ours 4)" -v n="$(median theirs 4)" \
		'BEGIN {printf "%-34s %8.3f s %8.3f s %7.1fx   %6.0f MiB %6.0f MiB\n", l, a, b, b / (a > 0 ? a : 0.001), m / 1024, n / 1024}'
}

echo "generating $flows flows" >&2
"$bin/flowgen" -n "$flows" --seed 1 -w "$dir/gen.flow"

# The same export packets to both collectors.
nfport=$(free_port)
mkdir "$dir/nf"
nfcapd -p "$nfport" -b 127.0.0.1 -w "$dir/nf" -y -t 3600 -B 67108864 > "$dir/nfcapd.log" 2>&1 &
pids="$pids $!"
nfpid=$!
sleep 1
"$bin/flowsend" -d "udp:127.0.0.1:$nfport" --as v9 --rate "${rate}fps" "$dir/gen.flow" || true
sleep 2
kill "$nfpid"
wait "$nfpid" 2> /dev/null || true
"$bin/flowrecv" -l udp:127.0.0.1:0 --port-file "$dir/port" -w "$dir/ours.flow" --rcvbuf 64M &
pids="$pids $!"
ourpid=$!
while [ ! -s "$dir/port" ]; do sleep 0.1; done
"$bin/flowsend" -d "udp:$(head -n 1 "$dir/port")" --as v9 --rate "${rate}fps" "$dir/gen.flow" || true
sleep 2
kill "$ourpid"
wait "$ourpid" || true

nf="-R $dir/nf"
f=$dir/ours.flow
theirs=$(nfdump -R "$dir/nf" -I 2> /dev/null | awk '/^Flows:/ {s += $2} END {print s}')
ours=$("$bin/flowcat" --check "$f" | grep -o "[0-9]* records")
echo "machine: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | sed 's/^ *//'), $(nproc) processors; $(nfdump -V)"
echo "records: nfdump $theirs, flowkit $ours"
nfsize=$(du -cb "$dir"/nf/nfcapd.* | tail -n 1 | cut -f1)
oursize=$(stat -c %s "$f")
awk -v a="$oursize" -v b="$nfsize" -v n="$flows" 'BEGIN {printf "%-34s %8.1f B %8.1f B %7.2f of theirs\n", "size, octets a flow", a / n, b / n, a / b}'
printf '%-34s %10s %10s %8s   %10s %10s\n' query flowkit nfdump ratio memory memory
compare "dst port 443 and bytes > 100K" "$one $bin/flowfilter -j 1 'dst port 443 and bytes > 100K' $f -o null" \
	"$one nfdump $nf -q -o null 'dst port 443 and bytes > 100000'"
compare "top 10 sources by bytes" "$one $bin/flowagg -j 1 -k srcip -v bytes -O bytes -n 10 -o csv $f" \
	"$one nfdump $nf -q -s srcip/bytes -n 10"
compare "top 20 (dstport, proto) by flows" "$one $bin/flowagg -j 1 -k dstport,proto -v flows -O flows -n 20 -o csv $f" \
	"$one nfdump $nf -q -A dstport,proto -O flows -n 20"
# nfdump 1.7.1 takes a quarter of an hour for ten million lines: a part of them will do.
lines=$((flows < 1000000 ? flows : 1000000))
compare "csv of $lines records" "$one $bin/flowcat -j 1 -o csv -n $lines $f" "$one nfdump $nf -q -o csv -c $lines"
if [ -s "$dir/errors" ]; then
	sort "$dir/errors" | uniq -c | head -n 5 >&2
fi
