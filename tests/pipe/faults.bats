load ../helper

# What goes wrong in a pipe never becomes a smaller, believable total behind it.

setup() {
	flowkit_setup
	flowgen -n 150000 --seed 7 -w whole.flow
	head -c 1500000 whole.flow > cut.flow
}

@test "a truncated file fails, names the offset, and writes no end mark" {
	run -3 --separate-stderr flowcat cut.flow -w out.flow
	[[ $stderr == "flowcat: cut.flow: offset "*": stream ends within a block"* ]]
	[ ! -e out.flow ]
	[ -s out.flow.incomplete ]
	[[ $stderr == *"out.flow.incomplete"* ]]
	run -3 --separate-stderr flowcat --check out.flow.incomplete
	[[ $stderr == *"without its end mark"* ]]
}

@test "an incomplete stream stays incomplete through every program of a pipe" {
	set +e
	flowcat cut.flow 2> /dev/null | flowfilter 'any' 2> err2 | flowcat -o null 2> err3
	status=("${PIPESTATUS[@]}")
	set -e
	[ "${status[*]}" = "3 3 3" ]
	grep -q "without its end mark" err2
	grep -q "without its end mark" err3
}

@test "aggregates of incomplete input are printed, with exit status 3" {
	run -3 --separate-stderr flowagg -k proto -v flows -o csv cut.flow
	[[ $output == proto,flows* ]]
	[ "${#lines[@]}" -gt 1 ]
	[[ $stderr == "flowagg: cut.flow: "* ]]
}

@test "a flipped bit in a column that is read is seen; in one that is not, passing it on keeps it detectable" {
	cp whole.flow bad.flow
	# The last octets of the last block belong to its last section.
	end=$(flowcat --info -v bad.flow | awk '/^block/ { end = $3 + $4 } END { print end }')
	python3 - "$end" <<'EOF'
import sys
f = open("bad.flow", "r+b")
at = int(sys.argv[1]) - 200
f.seek(at)
b = f.read(100)
f.seek(at)
f.write(bytes(x ^ 0x5a for x in b))
EOF
	run -3 --separate-stderr flowcat --check bad.flow
	[[ $stderr == *"damaged section"* ]]
	flowcat bad.flow > passed.flow
	run -3 flowcat --check passed.flow
	flowcat -o csv -k srcip bad.flow > /dev/null
}

@test "recovering skips damage, says what was lost, and exits 3" {
	{ head -c 700000 whole.flow; printf 'garbage in the middle'; tail -c +700001 whole.flow; } > bad.flow
	run -3 --separate-stderr flowcat bad.flow -o null
	[[ $stderr == *"offset "* ]]
	run -3 --separate-stderr flowcat --check bad.flow
	[[ $stderr =~ offset\ [0-9]+ ]]
	place=${BASH_REMATCH[0]}
	run -3 --separate-stderr flowcat --recover bad.flow -w good.flow
	[[ $stderr == *"bad.flow: $place: input was damaged"* ]]
	[[ $stderr == *"recovered: 1 damaged place"*"records lost"* ]]
	[[ $stderr != *incomplete* ]]
	run -0 flowcat --check good.flow
	n=$(flowcat --recover bad.flow -o ndjson 2> /dev/null | wc -l)
	[ "$n" -ge 80000 ]
	[ "$n" -lt 150000 ]
	[ "$(flowcat -o ndjson good.flow | wc -l)" -eq "$n" ]
	flowcat --recover bad.flow 2> /dev/null | { run -0 flowcat -o null -; }
	head -c 700000 whole.flow > cut.flow
	run -3 --separate-stderr flowcat --recover cut.flow -o null
	[[ $stderr == *"cut.flow: $place: input was damaged from here to its end"* ]]
}

@test "who recovers takes the rest for all there is: reports and states are written, and the exit status tells" {
	{ head -c 700000 whole.flow; printf 'garbage in the middle'; tail -c +700001 whole.flow; } > bad.flow
	run -3 flowscan --state scan.state bad.flow
	[ ! -e scan.state ]
	run -3 flowscan --recover --state scan.state bad.flow
	[ -e scan.state ]
	for detector in flowanom flowbeacon flowexfil flowlateral; do
		run -3 $detector --state $detector.state -o null bad.flow
		[ ! -e $detector.state ]
		run -3 $detector --recover --state $detector.state -o null bad.flow
		[ -e $detector.state ]
		cp $detector.state before
		run -3 $detector --recover --state $detector.state -o null bad.flow missing.flow
		cmp before $detector.state
	done
	flowgen -n 20000 --incident scan | flowscan -w alerts.flow
	{ printf 'garbage'; cat alerts.flow; } > bad_alerts.flow
	run -3 flowalert -i flow --state alert.state -o null bad_alerts.flow
	[ ! -e alert.state ]
	run -3 flowalert -i flow --recover --state alert.state -o null bad_alerts.flow
	[ -e alert.state ]
	run -3 flowbase learn -w base.flow bad.flow
	[ ! -e base.flow ]
	run -3 flowbase learn --recover -w base.flow bad.flow
	flowcat --check base.flow
	run -3 flowcat --recover -O bytes -w sorted.flow bad.flow
	flowcat --check sorted.flow
	run -3 flowcat --recover -w file.flow bad.flow
	run -3 flowcat --recover -o csv -k all -w file.csv bad.flow
	run -3 flowcat --recover -o csv -k all -w pipe.csv < bad.flow
	cmp file.csv pipe.csv
	for way in --live --follow; do
		run -3 --separate-stderr flowcat --recover $way -w live.flow bad.flow
		[[ $stderr == "flowcat: recovered: 1 damaged place,"* ]]
		cmp <(flowcat -o csv -k all file.flow) <(flowcat -o csv -k all live.flow)
	done
	run -0 --separate-stderr flowcat --recover --live -n 10 -o null bad.flow
	run -3 flowcat --recover -w none.flow bad.flow missing.flow
	[ ! -e none.flow ]
}

@test "who recovers does not take a read that failed for the end" {
	cat > reset.py <<'EOF'
import socket, subprocess, sys
ours, theirs = socket.socketpair()
theirs.send(b"what is left unread when the other end closes makes a read here fail, once")
reader = subprocess.Popen(sys.argv[2:], stdin=theirs)
theirs.close()
ours.sendall(open("whole.flow", "rb").read()[:int(sys.argv[1])])
ours.close()
sys.exit(reader.wait())
EOF
	for n in 5000 700000; do
		run -3 --separate-stderr python3 reset.py $n flowcat --recover -w reset.flow
		[[ $stderr == *"standard input: offset "*": Connection reset by peer"* ]]
		[ ! -e reset.flow ]
	done
}

@test "two streams one after another are one; an end mark alone is an empty one; no octets are none" {
	cat whole.flow whole.flow > both.flow
	[ "$(flowcat both.flow -o ndjson | wc -l)" -eq 300000 ]
	flowfilter 'not any' whole.flow > none.flow
	flowcat --check none.flow
	[ "$(flowcat none.flow -o ndjson | wc -l)" -eq 0 ]
	: > zero.flow
	run -3 --separate-stderr flowcat zero.flow -o null
	[[ $stderr == *"empty input"* ]]
	tail -c 64 whole.flow > end
	cat none.flow none.flow > two.flow
	flowcat --check two.flow
}

@test "a stream that begins before the last one's end mark is incomplete" {
	head -c -64 whole.flow > open.flow
	cat open.flow whole.flow > joined.flow
	run -3 --separate-stderr flowcat joined.flow -o null
	[[ $stderr == *"before the end mark of the last"* ]]
}

@test "a newer version of the format is refused by name" {
	python3 - <<'EOF'
import importlib.util, sys
sys.argv = ["flowread", "--count", "/dev/null"]
spec = importlib.util.spec_from_file_location("flowread", __import__("os").environ["REPO"] + "/tests/flowread.py")
m = importlib.util.module_from_spec(spec)
try:
    spec.loader.exec_module(m)
except SystemExit:
    pass
h = bytearray(open("whole.flow", "rb").read(64)[:64])
import struct
block = bytearray(struct.pack("<8sIIIHHHHIqqQQ", m.MAGIC, 64, 64, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0))
block[56:64] = struct.pack("<Q", m.xxh64(bytes(block)))
open("future.flow", "wb").write(bytes(block))
EOF
	run -3 --separate-stderr flowcat future.flow -o null
	[[ $stderr == *"newer version"* ]]
}

# FILE RECORDS COLUMNS TYPE WIDTH ENCODING PLANES ENTRIES PART...: a block whose columns all have one section of those
# parts, each a Python expression, or none.
craft_block() {
	python3 - "$@" <<-'EOF'
	import os, struct, sys
	text = open(os.environ["REPO"] + "/tests/flowread.py").read()
	exec(text[:text.index("class Column")])
	name, (records, columns, kind, width, encoding, planes, entries), parts = sys.argv[1], map(int, sys.argv[2:9]), sys.argv[9:]
	sparse = bytes(32)  # a thin plane without an item: zeros
	parts = [eval(p, {"sparse": sparse}) for p in parts]
	def padded(octets):
	    return octets + bytes(-len(octets) % 64)
	section = struct.pack("<II", len(parts), entries) + b"".join(struct.pack("<II", len(p), len(p)) for p in parts)
	section = padded(section) + b"".join(map(padded, parts)) if parts else b""
	length, unpacked = 64 + 64 * columns, sum(map(len, parts))
	entries = b"".join(
	    struct.pack("<IHBBBBBBHHIIIIQQQQ", 0, 1000 + k, 0, kind, width, encoding, 0, planes, 0, 0xffff,
	                length if parts else 0, len(section), unpacked, 0, 0, 0, 0, xxh64(section) if parts else 0)
	    for k in range(columns))
	def sealed(head, entries):
	    return head + struct.pack("<Q", xxh64(head + bytes(8) + entries)) + entries
	block = sealed(struct.pack("<8sIIIHHHHIqqQ", MAGIC, length, length + len(section), records, columns, 0, 3, 0, 0,
	                           -2**63, 2**63 - 1, 0), entries) + section
	end = sealed(struct.pack("<8sIIIHHHHIqqQ", MAGIC, 64, 64, 0, 0, 1, 1, 0, 0, 1, 0, records), b"")
	open(name, "wb").write(block + end)
	EOF
}

@test "thin planes that unpack to more than a block may are refused before there is memory for them" {
	local eight="sparse sparse sparse sparse sparse sparse sparse sparse"
	# shellcheck disable=SC2086
	craft_block thin.flow 1048576 32 1 1 3 8 0 $eight
	run -0 flowcat --check thin.flow
	# shellcheck disable=SC2086
	craft_block thin.flow 1048576 33 1 1 3 8 0 $eight
	run -0 flowcat --info thin.flow
	run -3 --separate-stderr flowcat --check thin.flow
	[[ $stderr == *"damaged plane"* ]]
}

@test "values that take more than those of a block may are refused, however little is stored of them" {
	local what columns file
	craft_block most.flow 1048576 32 1 8 1 0 0
	run -0 flowcat --check most.flow
	for columns in 33 4096; do
		craft_block more.flow 1048576 $columns 1 8 1 0 0
		for what in --info --check "-O bytes -o null" "-w out.flow"; do
			# shellcheck disable=SC2086
			run -3 --separate-stderr flowcat $what more.flow
			[[ $stderr == *"more.flow: offset 0: values of a block take more than 256 MiB"* ]]
		done
	done
	# Strings that dictionaries have once; 4 octets of each count beside its own.
	craft_block most.flow 1048576 1 10 0 5 1 1 'b"\xfc\0\0\0"' 'bytes(252)' sparse
	run -0 flowcat --check most.flow
	craft_block longer.flow 1048576 1 10 0 5 1 1 'b"\xfd\0\0\0"' 'bytes(253)' sparse
	craft_block more.flow 1048576 2 10 0 5 1 1 'b"\x80\0\0\0"' 'bytes(128)' sparse
	for file in longer.flow more.flow; do
		# Sorting would keep the dictionary, and hand out terabytes.
		for what in "flowcat --check" "flowcat -O bytes -o null"; do
			# shellcheck disable=SC2086
			run -3 --separate-stderr timeout 60 $what $file
			[[ $stderr == *"values of a block take more than 256 MiB"* ]]
		done
	done
}

# Text of a block whose turn it is goes out while it is made.
@test "text that goes out early is the text of what is good, in its order, up to the limit" {
	flowcat --info -v whole.flow | awk '$1 == "block" { print $3 + 0, $4, $7 + 0 }' > blocks
	[ "$(wc -l < blocks)" -eq 3 ]
	read -r at octets first <<< "$(sed -n 3p blocks)"
	[ "$first" -gt 70000 ]
	cp whole.flow bad.flow
	head -c 20 /dev/zero | dd of=bad.flow bs=1 seek=$((at + octets / 2)) conv=notrunc status=none
	for format in csv ndjson json; do
		flowcat -j 1 -n "$first" -o $format whole.flow > two
		flowcat -j 1 -n 70000 -o $format whole.flow > some
		flowcat -j 1 -o $format whole.flow > all
		[ "$format" != json ] || jq -e 'length == 150000' all > /dev/null
		[ "$format" = json ] || head -n "$(wc -l < some)" all | cmp - some
		for j in 2 8; do
			flowcat -j $j -n 70000 -o $format whole.flow | cmp - some
			flowcat -j $j -o $format whole.flow | cmp - all
			flowcat -j $j -o $format whole.flow whole.flow -w out
			[ "$format" = json ] || tail -n 150000 out | cmp - <(tail -n 150000 all)
		done
		for j in 1 2 8; do
			run -3 --separate-stderr bash -c "flowcat -j $j -o $format bad.flow > good"
			[[ $stderr == *"damaged section"* ]]
			cmp good two
		done
	done
}

@test "a full disk is an error, not a short output" {
	for program in "flowcat" "flowcat -o csv" "flowcat -j 1 -o csv" "flowcat -j 8 -o csv" "flowcat -o ndjson" "flowfilter any" "flowagg -k srcip" "flowagg -k srcip -o csv"; do
		run -3 bash -c "$program whole.flow > /dev/full"
		[[ $output == *"No space left on device"* ]]
	done
	run -3 flowcat whole.flow -w /dev/full
	run -3 flowgen -n 100000 -w /dev/full
	for program in flowcat flowfilter flowagg flowstat flowsend flowrecv flowgen; do
		run -3 bash -c "$program --help > /dev/full"
	done
}

@test "a full disk is told at once, however long the next records are waited for" {
	flowgen -q -n 10 | head -c -64 > cut.flow
	run -3 --separate-stderr timeout 10 bash -c \
		'flowfilter "srcport > 40000" < <(cat cut.flow; exec sleep 20 3>&- 2>&-) > /dev/full'
	[ "$stderr" = "flowfilter: cannot write: No space left on device" ]
}

@test "a reader that goes away ends a pipe quietly" {
	for program in "flowcat" "flowcat -j 1 -o csv" "flowcat -j 2 -o csv" "flowcat -j 8 -o ndjson" "flowfilter any"; do
		run --separate-stderr bash -c "$program whole.flow | head -c 100 > /dev/null; exit \${PIPESTATUS[0]}"
		[ -z "$stderr" ]
		[ "$status" -eq 141 ] || [ "$status" -eq 0 ]
	done
}

@test "a reader that goes away is not news where SIGPIPE is ignored either" {
	for program in "flowcat -o csv" "flowcat -O bytes" "flowfilter any" "flowfilter -j 1 -o csv any" "flowagg -k srcip,dstip,srcport -o csv" \
		"flowagg -k srcip,dstip,srcport" "flowstat -s srcport -n 100000" "flowcat -o ipfix"; do
		run --separate-stderr bash -c "trap '' PIPE; $program whole.flow | head -c 100 > /dev/null; exit \${PIPESTATUS[0]}"
		[ -z "$stderr" ]
	done
	run --separate-stderr bash -c "trap '' PIPE; flowgen -n 200000 | head -c 100 > /dev/null; exit \${PIPESTATUS[0]}"
	[ -z "$stderr" ]
}

@test "what cannot be read is said by name" {
	run -3 --separate-stderr flowcat nosuch.flow
	[ "$stderr" = "flowcat: nosuch.flow: No such file or directory" ]
	mkdir empty
	run -3 --separate-stderr flowcat empty
	[[ $stderr == *"no flow files in this directory"* ]]
	head -c 5000 /dev/urandom | tr '\n' '\0' > noise
	run -3 --separate-stderr flowcat noise
	[[ $stderr == "flowcat: noise: "* ]]
}

@test "one bad input among good ones: the good ones are done, the exit status says so" {
	run -3 --separate-stderr flowcat whole.flow cut.flow whole.flow -o null -v
	[[ $stderr == *"cut.flow"* ]]
	n=$(flowcat whole.flow nosuch.flow whole.flow -o ndjson 2> /dev/null | wc -l || true)
	[ "$n" -eq 300000 ]
}

@test "an output file appears whole or not at all" {
	echo old > out.flow
	run -3 flowcat cut.flow -w out.flow
	[ "$(cat out.flow)" = old ]
	flowcat whole.flow -w out.flow
	flowcat --check out.flow
	[ -z "$(find . -name '.out.flow*')" ]
}
