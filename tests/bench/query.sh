#!/bin/bash
# query.sh - the same flows asked the same questions by flowkit, nfdump, DuckDB and ClickHouse's engine.
#
#	tests/bench/query.sh [--markdown FILE]	(make bench; FILE gets the tables as the README has them)
#
# flowgen makes two sets of flows from a fixed seed, one of IPv4 alone (v4) and one with a fifth of IPv6 (v6).
# Every record with all its columns goes into flowkit's files (as it writes them by itself, and with --fast), over
# NetFlow v9 into nfdump's (lz4, which it reads faster than its other forms), and as csv into the engines: DuckDB and
# ClickHouse's engine, each with a Parquet file (zstd) that it wrote itself and with a table of its own, in order of
# start.  queries.py holds what is asked and the bars that we mean to clear, engines.py how, measure.py asks and prints.
#
# What is measured: flowkit and nfdump as a user starts them, the whole process, and a shell where there is a pipe; an
# engine within a process that already runs, with its table open, until the result is complete, which favours it.  All
# read from a warm page cache.  Answers are compared before anything is timed, and one that differs ends with status 1;
# time never does.  One thread means one processor for all; medians of ROUNDS runs that take turns.  Peak memory is that
# of the process, for an engine with what it loaded and caches.  Engines run with their defaults but for threads, and
# ClickHouse without its cache of conditions.  What flowkit writes with -w is synchronised to the disk, what others write
# is not; it is on the disk, though, before the next one is timed.
#
# FLOWS        flows of each set (10000000)
# SETS         which sets ("v4 v6 days")
# DAYS         files of the set days, a tenth of the flows each (30)
# ROUNDS SLOW THREADS ONLY CLOCK   see measure.py
# PEERS        beside whom ("nfdump duckdb clickhouse"); one that cannot be had is left out, and said so
# BENCH_DIR    where data and packages are kept for the next run (${TMPDIR:-/tmp}/flowkit-bench); about 6 GB a set
# NPM_DIR      where the engines' packages are ($BENCH_DIR/npm); installed there when they are missing,
#              unless INSTALL is "no"
# NFDUMP, NFCAPD   programs of another version
#
# Needs python3 and GNU time; for nfdump: nfdump and nfcapd (Debian: nfdump); for the engines: node 18 or later and npm
# (Debian: nodejs npm), which fetch about 600 MB.
set -euo pipefail
shopt -s inherit_errexit

flows=${FLOWS:-10000000}
sets=${SETS:-v4 v6 days}
peers=${PEERS-nfdump duckdb clickhouse}
dir=${BENCH_DIR:-${TMPDIR:-/tmp}/flowkit-bench}
npm=${NPM_DIR:-$dir/npm}
days=${DAYS:-30}
seed=1
duckdb=@duckdb/node-api@1.5.6-r.1
clickhouse=chdb@3.4.0

here=$(cd "$(dirname "$0")" && pwd)
PATH=${FLOWKIT_BIN:-$here/../../bin}:$PATH
NFDUMP=${NFDUMP:-nfdump}
NFCAPD=${NFCAPD:-nfcapd}
# Unless it is told the time zone, nfdump asks the system for it with every time that it prints.
export PATH NFDUMP LC_ALL=C TZ=UTC PYTHONDONTWRITEBYTECODE=1

say() { echo "query: $*" >&2; }

has_peer() { [[ " $peers " == *" $1 "* ]]; }

without() { # PEER REASON
	say "without $1: $2"
	peers=" $peers "
	peers=${peers/ $1 / }
}

need_tools() {
	local c

	for c in python3 /usr/bin/time flowgen; do
		command -v "$c" > /dev/null || { say "skipped: $c is not installed"; exit 0; }
	done
	if has_peer nfdump && ! { command -v "$NFDUMP" && command -v "$NFCAPD"; } > /dev/null; then
		without nfdump "nfdump and nfcapd are not installed"
	fi
}

# Engines come from npm, in versions whose answers have been compared.
need_package() { # PEER PACKAGE@VERSION
	local name=${2%@*}

	has_peer "$1" || return 0
	if ! command -v node > /dev/null; then
		without "$1" "node is not installed"
		return 0
	fi
	[ ! -d "$npm/node_modules/$name" ] || return 0
	if [ "${INSTALL:-yes}" != yes ] || ! command -v npm > /dev/null; then
		without "$1" "there is no $name in $npm"
		return 0
	fi
	say "installing $2 into $npm"
	mkdir -p "$npm"
	[ -e "$npm/package.json" ] || echo '{ "private": true }' > "$npm/package.json"
	npm install --prefix "$npm" --no-audit --no-fund --save-exact "$2" > "$npm/$1.log" 2>&1 || {
		rm -rf "${npm:?}/node_modules/$name"
		without "$1" "npm could not install $2, see $npm/$1.log"
	}
}

free_port() {
	python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# nfdump has no way in but a collector; slower where the kernel lost datagrams.
load_nfdump() { # SET-DIRECTORY OUR-FILE NFDUMP'S-FILE FLOWS
	local rate port pid got flows=$4

	for rate in 200000 100000 50000; do
		rm -rf "$1/nfcapd"
		mkdir "$1/nfcapd"
		port=$(free_port)
		"$NFCAPD" -p "$port" -b 127.0.0.1 -w "$1/nfcapd" -y -t 86400 -B 67108864 > "$1/nfcapd.log" 2>&1 &
		pid=$!
		sleep 1
		flowsend -q -d "udp:127.0.0.1:$port" --as v9 --rate "${rate}fps" "$2" || true
		sleep 1
		kill "$pid"
		wait "$pid" || true
		"$NFDUMP" -q -R "$1/nfcapd" -y -w "$1/nfdump.tmp" > /dev/null
		got=$("$NFDUMP" -r "$1/nfdump.tmp" -I | awk '/^Flows:/ { print $2 }')
		[ "$got" != "$flows" ] || break
		say "nfcapd stored $got of $flows flows that came at $rate a second"
	done
	rm -rf "$1/nfcapd"
	mv "$1/nfdump.tmp" "$3"
}

# csv with addresses in the form of UUIDs: DuckDB has no function that reads IPv6.
write_uuids() { # SET-DIRECTORY
	python3 - "$1/all.csv" > "$1/uuid.tmp" <<-'EOF'
		import ipaddress, sys, uuid
		class Known(dict):
		    def __missing__(self, text):
		        a = ipaddress.ip_address(text)
		        self[text] = str(uuid.UUID(int=int(a) if a.version == 6 else 0xffff << 32 | int(a)))
		        return self[text]
		known = Known()
		with open(sys.argv[1], encoding="ascii") as lines:
		    head = next(lines)
		    at = [head.rstrip().split(",").index(n) for n in ("srcip", "dstip", "nexthop", "exporter")]
		    sys.stdout.write(head)
		    for line in lines:
		        cells = line.split(",")
		        for i in at:
		            cells[i] = known[cells[i]]
		        sys.stdout.write(",".join(cells))
	EOF
	mv "$1/uuid.tmp" "$1/uuid.csv"
}

# Our own files are made anew each time: they are what is being worked on.  What others made of the flows is kept as
# long as flowgen makes the same ones; a sample tells.
prepare() { # SET FLOWGEN-OPTION ...; prints the directory
	local name=$1 key where

	shift
	key=$(flowgen -n 20000 --seed "$seed" "$@" -o csv -k "$columns" | sha256sum | cut -c 1-12)
	where=$dir/$flows-$seed-$key/$name
	mkdir -p "$where"
	say "$name: $flows flows in $where"
	flowgen -n "$flows" --seed "$seed" "$@" -w "$where/ours.flow"
	flowcat --fast "$where/ours.flow" -w "$where/fast.flow"
	if [ ! -e "$where/all.csv" ]; then
		flowcat -o csv -k "$columns" "$where/ours.flow" > "$where/all.tmp"
		mv "$where/all.tmp" "$where/all.csv"
	fi
	if has_peer nfdump && [ ! -e "$where/nfdump.nf" ]; then
		say "$name: loading nfdump"
		load_nfdump "$where" "$where/ours.flow" "$where/nfdump.nf" "$flows"
	fi
	if has_peer duckdb && [ "$name" = v6 ] && [ ! -e "$where/uuid.csv" ]; then
		write_uuids "$where"
	fi
	echo "$where"
}

# A directory of a file a day, for ours and for each of the others; the servers of a day are its own.
prepare_days() { # prints the directory
	local key where day n=$((flows / 10))

	key=$(flowgen -n 20000 --seed "$seed" -o csv -k "$columns" | sha256sum | cut -c 1-12)
	where=$dir/$flows-$seed-$key-$days/days
	say "days: $days times $n flows in $where"
	mkdir -p "$where"/{ours.flow,fast.flow,csv.tmp,nfdump.part}
	for day in $(seq -f %02.0f "$days"); do
		flowgen -n $n --seed "$((10#$day))" --start "2026-01-$day" -w "$where/ours.flow/$day.flow"
		flowcat --fast "$where/ours.flow/$day.flow" -w "$where/fast.flow/$day.flow"
		[ -e "$where/all.csv" ] ||
			flowcat -o csv -k "$columns" "$where/ours.flow/$day.flow" > "$where/csv.tmp/$day.csv"
		if has_peer nfdump && [ ! -e "$where/nfdump.nf" ] && [ ! -e "$where/nfdump.part/$day.nf" ]; then
			load_nfdump "$where" "$where/ours.flow/$day.flow" "$where/nfdump.part/$day.nf" $n
		fi
	done
	[ -e "$where/all.csv" ] || mv "$where/csv.tmp" "$where/all.csv"
	[ -e "$where/nfdump.nf" ] || ! has_peer nfdump || mv "$where/nfdump.part" "$where/nfdump.nf"
	rm -rf "$where/csv.tmp" "$where/nfdump.part"
	echo "$where"
}

need_tools
columns=$(python3 "$here/queries.py")
need_package duckdb "$duckdb"
need_package clickhouse "$clickhouse"
mkdir -p "$dir"
where=()
for set in $sets; do
	case $set in
	v4) options= ;;
	v6) options="--ipv6 20%" ;;
	days)
		prepared=$(prepare_days)
		where+=("$prepared")
		continue
		;;
	*) say "'$set' is no set: v4, v6 or days"; exit 2 ;;
	esac
	# shellcheck disable=SC2086
	prepared=$(prepare "$set" $options)
	where+=("$prepared")
done
MODULES=$npm PEERS=$peers exec python3 "$here/measure.py" "$@" "${where[@]}"
