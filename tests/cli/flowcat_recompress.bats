# flowcat --recompress: files become smaller where they are, or stay as they were; and the order that files declare.
# shellcheck shell=bash

load ../helper

# A day's file, as a collector with small blocks may leave it.
make_cold() {
	flowgen -n 70000 --seed 4 -w flows.flow
	flowcat -n 1500 flows.flow -w few.flow
	cat few.flow flows.flow > cold.flow
}

@test "flowcat: --recompress makes a file smaller and changes no record" {
	make_cold
	flowcat -o ndjson --options --raw cold.flow > before.ndjson
	size=$(stat -c %s cold.flow)
	run -0 --separate-stderr flowcat --recompress cold.flow
	[[ $output =~ ^cold.flow:\ "$size"\ to\ [0-9]+\ octets,\ [0-9.]+\ %\ less,\ 71500\ records$ ]]
	[ -z "$stderr" ]
	[ "$(stat -c %s cold.flow)" -lt $((size * 95 / 100)) ]
	flowcat -o ndjson --options --raw cold.flow | cmp - before.ndjson
	flowcat --check -q cold.flow
	[ "$(find . -name '*.recompress*' | wc -l)" = 0 ]
}

@test "flowcat: --recompress keeps mode and times, and goes through a symbolic link" {
	make_cold
	chmod 640 cold.flow
	touch -d '2026-01-05 10:11:12.5' cold.flow
	ln -s cold.flow link
	flowcat -q --recompress link
	[ -L link ]
	[ ! -L cold.flow ]
	[ "$(stat -c '%a %y' cold.flow)" = "640 2026-01-05 10:11:12.500000000 +0000" ]
}

@test "flowcat: --recompress goes through no link that has the name of the file beside" {
	flowgen -n 4000 | flowcat --fast -w a.flow
	flowcat -o csv -k all a.flow > before
	echo precious > precious
	ln -s precious .a.flow.recompress
	ln -s precious .a.flow.recompress.incomplete
	run -0 flowcat --recompress a.flow
	[ ! -L a.flow ]
	[ "$(cat precious)" = precious ]
	flowcat -o csv -k all a.flow | cmp - before
	[ ! -L .a.flow.recompress ]
}

@test "flowcat: a file of two names in a directory stays one, and is not read twice behind --recompress or --index" {
	mkdir dir
	flowgen -n 70000 | cat > dir/a.flow
	ln dir/a.flow dir/b.flow
	for option in --recompress --index; do
		run -3 --separate-stderr flowcat $option dir
		[ "$stderr" = "flowcat: dir/a.flow: has other names (hard links), which would keep the old file: left as it is" ]
		[ -z "$output" ]
	done
	[ "$(flowcat -o csv dir | tail -n +2 | wc -l)" = 70000 ]
	rm dir/b.flow
	flowcat --index dir
	ln dir/a.flow dir/b.flow
	run -0 flowcat --index dir
	[ "$output" = "dir/a.flow: has an index" ]
}

@test "flowcat: --recompress of what would not become smaller leaves it alone" {
	make_cold
	flowcat -q --recompress --level 12 cold.flow
	cp -p cold.flow copy
	inode=$(stat -c %i cold.flow)
	run -0 flowcat --recompress --level 1 cold.flow
	[ "$output" = "cold.flow: left as it is, it would not become smaller" ]
	[ "$(stat -c %i cold.flow)" = "$inode" ]
	cmp cold.flow copy
}

@test "flowcat: --recompress takes directories, and a file that fails leaves the others their chance" {
	make_cold
	mkdir store
	cp cold.flow store/a.flow
	cp cold.flow store/c.flow
	cp cold.flow store/.live.flow.part
	head -c -64 cold.flow > store/b.flow
	cp store/b.flow b.copy
	run -3 --separate-stderr flowcat --recompress store
	[ "${#lines[@]}" = 2 ]
	[[ $stderr == "flowcat: store/b.flow: "*"without its end mark"* ]]
	cmp store/b.flow b.copy
	cmp store/.live.flow.part cold.flow
	[ "$(stat -c %s store/a.flow)" -lt "$(stat -c %s cold.flow)" ]
	[ "$(ls -A store)" = $'.live.flow.part\na.flow\nb.flow\nc.flow' ]
}

@test "flowcat: --recompress refuses what is still being written, damaged, no flow file or no file" {
	make_cold
	cp cold.flow .now.flow.part
	run -3 flowcat --recompress .now.flow.part
	[ "$output" = "flowcat: .now.flow.part: still being written" ]
	cp cold.flow bad.flow
	printf x | dd of=bad.flow bs=1 seek=300000 conv=notrunc status=none
	cp bad.flow bad.copy
	run -3 --separate-stderr flowcat --recompress bad.flow
	[[ $stderr == "flowcat: bad.flow: offset "*"damaged"* ]]
	cmp bad.flow bad.copy
	flowcat -n 5 -o csv cold.flow > some.csv
	cp some.csv copy.csv
	run -3 flowcat --recompress some.csv
	cmp some.csv copy.csv
	run -3 flowcat --recompress /dev/null
	[ "$output" = "flowcat: /dev/null: no regular file: only those can be replaced" ]
	run -3 flowcat --recompress nowhere.flow
	run -2 flowcat --recompress
	run -2 flowcat --recompress -
	run -2 flowcat --recompress -n 3 cold.flow
	for args in --raw "-m 1G" "-T /tmp" --no-index --skip-bad "--tz Europe/Zurich" --recover --live; do
		# shellcheck disable=SC2086
		run -2 flowcat --recompress $args cold.flow
		[[ $output == "flowcat: --recompress takes --level, --no-history, -j, -q and -v only"* ]]
	done
	run -2 flowcat --recompress --info cold.flow
	for what in --info --check --index; do
		for args in "-w out" "-o csv" "-n 3" "-k srcip" "-O bytes" "-m 1G" "-T /tmp" "--since -1h" "-t today" \
			-N --raw --options --resolve --no-resolve --fast "--level 3" --no-history; do
			# shellcheck disable=SC2086
			run -2 flowcat $what $args cold.flow
			[[ $output == "flowcat: --info, --check and --index are of whole files"* ]]
		done
	done
	run -2 flowcat --index
	[[ $output == "flowcat: --index needs files or directories"* ]]
	run -2 flowcat --index -
	[[ $output == "flowcat: --index replaces files, not standard input"* ]]
	[ "$(find . -name '*.recompress*' | wc -l)" = 0 ]
}

@test "flowcat: --recompress that runs out of room leaves the file as it was, and nothing beside it" {
	make_cold
	cp cold.flow copy
	run -3 bash -c 'trap "" XFSZ; ulimit -f 200; flowcat --recompress cold.flow'
	[[ $output == "flowcat: cold.flow: "* ]]
	cmp cold.flow copy
	[ "$(ls -A)" = $'cold.flow\ncopy\nfew.flow\nflows.flow' ]
}

@test "flowcat: --recompress that is interrupted leaves the file as it was" {
	make_cold
	for _ in 1 2 3 4 5 6; do cat cold.flow; done > big.flow
	cp big.flow copy
	flowcat -j 1 --recompress --level 19 big.flow > out &
	pid=$!
	sleep 0.5
	kill -KILL "$pid"
	wait "$pid" || true
	[ ! -s out ]
	cmp big.flow copy
	flowcat -q --recompress big.flow
	[ "$(flowcat --info big.flow | sed -n 's/^records *\([0-9]*\).*/\1/p')" = 429000 ]
}

# The column by which the blocks of a file say to be sorted: u16 at 26 of each block's header, distinct ones.
claims() {
	python3 - "$1" <<-'END'
		import struct, sys
		data, at, seen = open(sys.argv[1], "rb").read(), 0, set()
		while at < len(data):
		    length, records, columns, flags = struct.unpack_from("<IIHH", data, at + 12)
		    sort, = struct.unpack_from("<H", data, at + 26)
		    if records and not flags & 3:
		        entry = at + 64 + 64 * ((sort & 0x7fff) - 1)
		        name = "%u.%u" % struct.unpack_from("<IH", data, entry) if sort else "none"
		        seen.add(name + (" descending" if sort & 0x8000 else ""))
		    at += length
		print(" ".join(sorted(seen)))
	END
}

@test "flowcat: -O declares its order in the stream, and nothing else keeps that" {
	flowgen -n 70000 --seed 4 -w flows.flow
	flowcat -O bytes flows.flow -w sorted.flow
	[ "$(claims sorted.flow)" = "0.1 descending" ]
	flowcat -O bytes:asc flows.flow | flowcat --level 3 -w up.flow
	flowcat -O srcip:asc,start flows.flow > ip.flow
	[ "$(claims ip.flow)" = "0.8" ]
	flowcat sorted.flow flows.flow -w both.flow
	[ "$(claims both.flow)" = "none" ]
	flowcat sorted.flow sorted.flow > twice.flow
	[ "$(claims twice.flow)" = "none" ]
	flowcat -O duration flows.flow -w computed.flow
	[ "$(claims computed.flow)" = "none" ]
	flowcat -q --recompress sorted.flow
	[ "$(claims sorted.flow)" = "0.1 descending" ]
}
