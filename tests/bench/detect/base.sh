# flowbase: what a baseline of 10,000 hosts and a million edges costs to learn, merge, load and keep.
# shellcheck shell=bash

# FILE: WHAT of what check says is in it.
base_count() {
	flowbase check "$1" | sed -n "s/.* \([0-9]*\) $2.*/\1/p"
}

detect_base() {
	local file night edges hosts

	heading "flowbase: 10,000 hosts, a million edges"
	file=$(generated base --seed 3 -n 6000000 --clients 10000 --servers 20000)
	night=$(generated base-2 --seed 4 -n 1000000 --clients 10000 --servers 20000 --start 2026-01-06T00:00:00Z)
	cost "learn 6 M flows of a day, one thread" 6000000 flowbase learn -j 1 -w "$dir/base.base" "$file"
	flowbase learn -w "$dir/base-2.base" "$night"
	hosts=$(base_count "$dir/base.base" hosts)
	edges=$(base_count "$dir/base.base" edges)
	want "hosts" "$hosts" -ge 10000
	want "edges" "$edges" -ge 1000000
	told "file, octets an edge (all profiles)" $(($(stat -c %s "$dir/base.base") / edges))
	told "memory, KiB, all profiles" "$(base_count "$dir/base.base" 'KiB')"
	cost "load, edges a second" "$edges" flowbase check "$dir/base.base"
	cost "merge it with another day, edges a second" "$edges" flowbase merge -w "$dir/base-m.base" "$dir/base.base" "$dir/base-2.base"
	flowbase merge --no-history -w "$dir/base-m.base" "$dir/base.base" "$dir/base-2.base"
	flowbase merge --no-history -w "$dir/base-n.base" "$dir/base-2.base" "$dir/base.base"
	want "octets in which the file of the other order differs" \
		"$(cmp -l "$dir/base-m.base" "$dir/base-n.base" | wc -l)" -eq 0
}
