# The index of flow files: who has one, who uses it, and that nothing depends on it.
# shellcheck shell=bash

load ../helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir days
	for day in 1 2 3; do
		flowgen -n 200000 --seed $day --start 2026-01-0$day --ipv6 20% -w days/$day.flow
	done
	# A server of the second day only.
	flowfilter 'ipv4 and not src net 10.0.0.0/8' days/2.flow |
		flowagg -k srcip -v count -O count -n 200 -o csv | tail -n 1 | cut -d, -f1 > host
	flowfilter 'ipv6 and not src net fd00::/8' days/2.flow |
		flowagg -k srcip -v count -O count -n 100 -o csv | tail -n 1 | cut -d, -f1 > host6
}

setup() {
	flowkit_setup
	DAYS=$BATS_FILE_TMPDIR/days
	HOST=$(cat "$BATS_FILE_TMPDIR/host")
	HOST6=$(cat "$BATS_FILE_TMPDIR/host6")
}

# The index block's offset and length.
index_of() { # FILE
	python3 - "$1" <<-'EOF'
		import struct, sys
		data = open(sys.argv[1], "rb").read()
		back, = struct.unpack_from("<Q", data, len(data) - 64 + 40)
		if back:
		    at = len(data) - 64 - back
		    print(at, struct.unpack_from("<I", data, at + 12)[0])
	EOF
}

# The file without its index, and without a word of it.
strip_index() { # FROM TO
	flowcat "$1" | cat > "$2"
}

@test "index: what -w writes has one, of at most a fiftieth of the file" {
	for f in "$DAYS"/*.flow; do
		read -r _ length < <(index_of "$f")
		[ "$length" -gt 1000 ]
		[ $((length * 50)) -le "$(stat -c %s "$f")" ]
	done
	run -0 flowcat --info "$DAYS/1.flow"
	[[ $output =~ "index      "[0-9]+" octets, 1."[0-9]+"% of the file, of 7 blocks" ]]
	flowgen -n 10 -w small.flow
	[ -z "$(index_of small.flow)" ]
	[[ $(flowcat --info small.flow) != *index* ]]
}

@test "index: files and blocks without what is asked for are not read, and -v says so" {
	run -0 --separate-stderr flowfilter -v "ip $HOST" -o null "$DAYS"
	[[ $stderr =~ "; index: 1 of 3 files, "([0-9]+)" blocks not read"$ ]]
	[ "${BASH_REMATCH[1]}" -ge 7 ]
	run -0 --separate-stderr flowfilter -v --no-index "ip $HOST" -o null "$DAYS"
	[[ $stderr != *index* ]]
	run -0 --separate-stderr flowfilter -v "ip 192.0.2.1" -o null "$DAYS"
	[[ $stderr == *" 0 selected; "*"; index: 2 of 3 files, 20 blocks not read" ]]
	run -0 --separate-stderr flowfilter -v "port 30003 and not ip $HOST" -o null "$DAYS"
	[[ $stderr == *"not read" ]]
	run -0 --separate-stderr flowfilter -v any -t 2026-01-02T12:00..2026-01-02T12:05 -o null "$DAYS"
	[[ $stderr =~ "; index: 1 of 3 files, "1[89]" blocks not read"$ ]]
}

@test "index: answers are the same with and without" {
	local n=0

	for e in "ip $HOST" "src ip $HOST" "dst ip $HOST6" "net $HOST/24" "net $HOST6/48" "net 10.0.3.0/24" \
		"not ip $HOST" "not (ip $HOST or net 10.0.0.0/8)" "ip in [$HOST $HOST6 192.0.2.1]" \
		"port 30003" "dst port 53 and ip $HOST" "nexthop 10.254.0.101" "router ip 10.254.255.1" \
		"start >= 2026-01-02T23:00 or ip $HOST" "has srcport and ip $HOST"; do
		flowfilter --no-history "$e" -o flow "$DAYS" | flowcat -o ndjson > with
		flowfilter --no-history --no-index "$e" -o flow "$DAYS" | flowcat -o ndjson > without
		cmp with without
		flowfilter -o table "$e" "$DAYS" > with
		flowfilter -o table --no-index "$e" "$DAYS" > without
		cmp with without
		n=$((n + $(wc -l < with)))
	done
	[ "$n" -gt 1000 ]
	flowfilter --invert "ip $HOST" -o csv "$DAYS" | sha256sum > with
	flowfilter --no-index --invert "ip $HOST" -o csv "$DAYS" | sha256sum > without
	cmp with without
	flowfilter -o csv -k all "ip $HOST" "$DAYS" > with
	flowfilter -o csv -k all --no-index "ip $HOST" "$DAYS" > without
	cmp with without
	for program in "flowcat -o csv" "flowagg -k proto -v flows,bytes -o csv" "flowstat"; do
		$program -t 2026-01-02T12:00..2026-01-02T12:30 "$DAYS" > with
		$program --no-index -t 2026-01-02T12:00..2026-01-02T12:30 "$DAYS" > without
		cmp with without
	done
}

# The nanosecond at which a file's first record starts, and the one at which its last one ends; the files in front keep
# the file from being the first, which is looked into in any case.
@test "index: a window that only touches a file finds what it touches" {
	local when
	flowcat -o csv -k start "$DAYS/2.flow" | sed 1d | sort | head -n 1 > edges
	flowcat -o csv -k end "$DAYS/2.flow" | sed 1d | sort | tail -n 1 >> edges
	while read -r when; do
		[[ $when =~ \.[0-9]{3}Z$ ]]
		when="${when%Z}000000Z..${when%Z}000001Z"
		run -0 --separate-stderr flowcat -v -o csv -k start,end -t "$when" "$DAYS"/{1,3,2}.flow
		[ "${#lines[@]}" -gt 1 ]
		[[ $stderr == *"blocks not read" ]]
		[ "$output" = "$(flowcat --no-index -o csv -k start,end -t "$when" "$DAYS"/{1,3,2}.flow)" ]
	done < edges
}

@test "index: what opened a file stays in the history of what comes of it" {
	flowfilter "ip $HOST" "$DAYS" -w with.flow
	flowfilter --no-index "ip $HOST" "$DAYS" -w without.flow
	diff <(flowcat --info with.flow | grep -E '^(history|   )' | grep -v flowfilter) \
		<(flowcat --info without.flow | grep -E '^(history|   )' | grep -v flowfilter)
}

@test "index: streams joined keep theirs; a pipe has none and needs none" {
	cat "$DAYS"/*.flow > all.flow
	flowcat --check all.flow
	run -0 --separate-stderr flowfilter -v "ip $HOST" -o csv all.flow
	[[ $stderr == *" blocks not read" ]]
	[ "$output" = "$(flowfilter -o csv "ip $HOST" - < <(cat all.flow))" ]
	flowcat all.flow | cat > piped.flow
	[ -z "$(index_of piped.flow)" ]
	# The last segment has none: what comes before it is read too.
	cat "$DAYS/1.flow" piped.flow > mixed.flow
	run -0 --separate-stderr flowfilter -v "ip 192.0.2.1" -o null mixed.flow
	[[ $stderr != *index* ]]
	[[ $stderr == *"800000 records read"* ]]
}

@test "index: --index gives a file one, in place, and leaves alone what has one" {
	strip_index "$DAYS/2.flow" old.flow
	cp old.flow plain.flow
	touch -d 2026-01-03T00:00:00Z old.flow
	chmod 640 old.flow
	run -0 flowcat --index old.flow
	[ "$output" = "old.flow: indexed" ]
	[ "$(stat -c '%a %Y' old.flow)" = "640 $(date -d 2026-01-03T00:00:00Z +%s)" ]
	[ "$(ls -A)" = "$(printf 'old.flow\nplain.flow')" ]
	flowcat --check old.flow
	cmp <(flowcat -o ndjson old.flow) <(flowcat -o ndjson plain.flow)
	[ "$(flowcat --info old.flow | grep -c flowgen)" -eq 1 ]
	inode=$(stat -c %i old.flow)
	run -0 flowcat --index old.flow
	[ "$output" = "old.flow: has an index" ]
	[ "$(stat -c %i old.flow)" = "$inode" ]
	cp plain.flow again.flow
	run -0 flowcat --index .
	[ "$(grep -c indexed <<< "$output")" -eq 2 ]
	run -0 --separate-stderr flowfilter -v "ip 192.0.2.1" -o null again.flow
	[[ $stderr == *" blocks not read" ]]
}

@test "index: --index refuses what is being written, cut or damaged, and leaves it as it was" {
	strip_index "$DAYS/2.flow" plain.flow
	head -c 1000000 plain.flow > cut.flow
	head -c -64 plain.flow > .live.flow.part
	printf 'no flows' > text.flow
	sha256sum cut.flow .live.flow.part text.flow > before
	run -3 --separate-stderr flowcat --index cut.flow
	[[ $stderr == "flowcat: cut.flow: offset "*": stream ends within a block" ]]
	run -3 --separate-stderr flowcat --index .live.flow.part
	[[ $stderr == *"stream ends without its end mark" ]]
	run -3 flowcat --index text.flow
	run -2 flowcat --index - < plain.flow
	sha256sum -c before
	[ "$(find . -name '.cut*' -o -name '.text*' | wc -l)" -eq 0 ]
	run -0 flowcat --index "$(flowgen -n 10 -w small.flow && echo small.flow)"
	[ "$output" = "small.flow: too small for an index" ]
	run -0 flowcat --index -q small.flow
	[ -z "$output" ]
}

@test "index: damage in it is told once, and all is read" {
	read -r at length < <(index_of "$DAYS/2.flow")
	flowfilter --no-index "ip $HOST" -o csv "$DAYS/2.flow" > want
	for place in 200 5000 $((length - 100)); do
		cp "$DAYS/2.flow" bad.flow
		printf '\xff\x00\xff\x00\xff\x00\xff' | dd of=bad.flow bs=1 seek=$((at + place)) conv=notrunc status=none
		run -0 --separate-stderr flowfilter "ip $HOST" -o csv bad.flow
		[ "$output" = "$(cat want)" ]
		[[ $stderr == "flowfilter: bad.flow: damaged index ("*")" ]]
		run -3 --separate-stderr flowcat --check bad.flow
		[[ $stderr == "flowcat: bad.flow: damaged index ("*")" ]]
		[[ $(flowcat --info bad.flow) == *"index      unusable: damaged index ("* ]]
		run -0 flowcat --index bad.flow
		flowcat --check bad.flow
	done
}

@test "index: what is wrong with many files' is told of the first, and how many more there are" {
	read -r at length < <(index_of "$DAYS/2.flow")
	for name in a b c; do
		cp "$DAYS/2.flow" $name.flow
		printf '\xff\x00\xff\x00\xff\x00\xff' | dd of=$name.flow bs=1 seek=$((at + 200)) conv=notrunc status=none
	done
	flowfilter --no-index "ip $HOST" -o csv a.flow b.flow c.flow > want
	run -0 --separate-stderr flowfilter "ip $HOST" -o csv a.flow b.flow c.flow
	[ "$output" = "$(cat want)" ]
	[[ ${stderr_lines[0]} == "flowfilter: a.flow: damaged index ("*")" ]]
	[ "${stderr_lines[1]}" = "flowfilter: 2 more files with such an index" ]
	[ ${#stderr_lines[@]} -eq 2 ]
	run -0 --separate-stderr flowfilter "ip $HOST" -o csv a.flow b.flow
	[ "${stderr_lines[1]}" = "flowfilter: 1 more file with such an index" ]
}

@test "index: a file cut within it is as incomplete as any, and nothing is lost" {
	read -r at length < <(index_of "$DAYS/2.flow")
	for size in $((at + 10)) $((at + 100)) $((at + length / 2)) $((at + length)); do
		head -c $size "$DAYS/2.flow" > cut.flow
		run -3 --separate-stderr flowfilter "ip $HOST" -o csv cut.flow
		[ "$output" = "$(flowfilter --no-index "ip $HOST" -o csv "$DAYS/2.flow")" ]
		[[ $stderr == "flowfilter: cut.flow: offset "*": stream ends w"* ]]
		run -3 --separate-stderr flowcat --recover cut.flow -w whole.flow
		[ "$(flowcat -o null -v whole.flow 2>&1)" = "$(flowcat -o null -v "$DAYS/2.flow" 2>&1)" ]
	done
}

@test "index: files that are live or followed are read whatever it says" {
	run -0 --separate-stderr flowfilter --live -v "ip 192.0.2.1" -o null "$DAYS/1.flow"
	[[ $stderr != *index* ]]
	run -0 --separate-stderr flowfilter --recover -v "ip 192.0.2.1" -o null "$DAYS/1.flow"
	[[ $stderr != *index* ]]
}

# As the manual says, by somebody who has not seen the code.
@test "index: flowstream(5) is enough to find and to read one" {
	flowcat -o csv -k srcip,dstip,nexthop,exporter,srcport,dstport "$DAYS/1.flow" > values.csv
	cat > read.py <<-'EOF'
		import csv, ipaddress, struct, sys
		data = open(sys.argv[1], "rb").read()
		M = 2 ** 64 - 1
		salt = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31]
		def h(s, k):
		    a = (k ^ s) * 0x9fb21c651e98df25 & M
		    b = (a ^ a >> 32) * 0xd6e8feb86659fd93 & M
		    return b ^ b >> 32
		def key(kind, bits, level, v):
		    k = h(h(kind * 256 + bits, v >> 64), v & M) & ~3 | level
		    return k + 64 if k < 4 else k
		def has(lines, n, probes, k):
		    line = lines[((k >> 32) * n >> 32) * 64:][:64]
		    return all(line[b // 8] >> b % 8 & 1
		               for b in (((k & 0xffffffff) * salt[i] & 0xffffffff) >> 23 for i in range(probes)))
		back, = struct.unpack_from("<Q", data, len(data) - 64 + 40)
		at = len(data) - 64 - back
		flags, = struct.unpack_from("<H", data, at + 22)
		assert flags == 0x14, flags
		version, n, segment, previous, _, lines, probes, levels = struct.unpack_from("<IIQQQIBB", data, at + 64)
		assert version == 3 and segment == at and previous == 0 and n == 7 and levels & 1
		common = data[at + 128 + 72 * n:][:64 * lines]
		records = 0
		for i in range(n):
		    place, length, count, seal = struct.unpack_from("<QIIQ", data, at + 128 + 72 * i)
		    assert data[at - place:][:4] == b"\xf1FLO" and struct.unpack_from("<Q", data, at - place + 56)[0] == seal
		    records += count
		assert records == 200000
		keys = set()
		for row in csv.DictReader(open("values.csv")):
		    for column, kind in (("srcip", 0), ("dstip", 0), ("nexthop", 1), ("exporter", 4)):
		        if row[column]:
		            a = ipaddress.ip_address(row[column])
		            v = int(a) if a.version == 6 else 0xffff << 32 | int(a)
		            for bits, level in ((128, 0), (120, 1), (112, 2)) if a.version == 4 else ((128, 0), (64, 1), (48, 2), (32, 2)):
		                if levels >> level & 1:
		                    keys.add((kind, bits, level, v >> 128 - bits << 128 - bits))
		    for column in ("srcport", "dstport"):
		        if levels & 8 and row[column] and int(row[column]) < 32768:
		            keys.add((5, 0, 3, int(row[column])))
		assert len(keys) > 5000
		missing = [k for k in keys if not has(common, lines, probes, key(*k))]
		assert not missing, missing[:5]
		others = sum(has(common, lines, probes, key(0, 128, 0, 0xffff << 32 | 0xc6336400 + i)) for i in range(2000))
		assert others < 400, others
	EOF
	python3 read.py "$DAYS/1.flow"
}
