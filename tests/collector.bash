# collector.bash - what bats files that run a collector load, instead of helper.bash.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	collector=
}

teardown() {
	if [ -n "$collector" ]; then
		kill -KILL "$collector" 2> /dev/null || true
		wait "$collector" 2> /dev/null || true
	fi
	[ -z "${mounted-}" ] || umount "$mounted"
}

export_to() {
	python3 "$REPO/tests/tools/export.py" "$@"
}

# Start a collector on a free UDP port, or at the addresses of `listen`: $collector, $port (ADDRESS:PORT, of the
# first), $ports (all); its stderr in err.
collect() {
	local args=()

	for address in ${listen:-udp:127.0.0.1:0}; do args+=(-l "$address"); done
	rm -f port
	flowrecv "${args[@]}" --port-file port "$@" 2> err 3>&- &
	collector=$!
	for _ in $(seq 200); do
		[ ! -e port ] || break
		kill -0 "$collector" 2> /dev/null || break
		sleep 0.05
	done
	mapfile -t ports < port
	port=${ports[0]}
}

# End it as an operator does; its status is this function's.
finish() {
	local status=0

	kill -TERM "$collector"
	wait "$collector" || status=$?
	collector=
	return "$status"
}

# Wait until a command succeeds, 10 s at most.
until_true() {
	for _ in $(seq 200); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

records() {
	flowcat -o ndjson "$@" | wc -l
}

bytes() {
	flowcat -o csv -k bytes "$@" | awk 'NR > 1 { n += $1 } END { print n + 0 }'
}

# A number out of the statistics (not the log) in err, summed up: the one before these words.
counted() {
	local words

	words=$(echo "$1" | sed -E 's/(datagram|connection|octet|set)s/\1s?/')
	grep -E 'messages?,|received,|total:' err | sed -nE "s/.*[^0-9]([0-9]+) $words.*/\1/p" |
		awk '{ n += $1 } END { print n + 0 }'
}

# A file system of its own, of a size: $1 is the directory.
small_disk() {
	[ "$(id -u)" = 0 ] || skip "mounting takes root"
	mkdir "$1"
	mount -t tmpfs -o size="$2" none "$1" 2> /dev/null || skip "no tmpfs"
	mounted=$PWD/$1
}

# What bytes() of the records from $1 on, $2 of them, should be.
octets_of() {
	echo $(($2 * 100 + (2 * $1 + $2 - 1) * $2 / 2))
}
