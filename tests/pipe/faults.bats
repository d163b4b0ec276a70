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
	run -3 --separate-stderr flowcat --recover bad.flow -w good.flow
	[[ $stderr == *"recovered: 1 damaged place"*"records lost"* ]]
	n=$(flowcat --recover bad.flow -o ndjson 2> /dev/null | wc -l)
	[ "$n" -ge 80000 ]
	[ "$n" -lt 150000 ]
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

@test "thin planes that unpack to more than a block may are refused before there is memory for them" {
	python3 - <<-'EOF'
	import os, struct
	text = open(os.environ["REPO"] + "/tests/flowread.py").read()
	exec(text[:text.index("class Column")])
	planes, columns, records = 8, 40, 1 << 20
	plane = bytes(32) + bytes(32)  # sparse, without an item
	section = struct.pack("<II", planes, 0) + struct.pack("<II", 32, 32) * planes
	section += bytes(-len(section) % 64) + plane * planes
	length = 64 + 64 * columns
	entries = b"".join(
	    struct.pack("<IHBBBBBBHHIIIIQQQQ", 0, 1000 + k, 0, 1, 8, 3, 0, planes, 0, 0xffff, length, len(section),
	                32 * planes, 0, 0, 0, 0, xxh64(section)) for k in range(columns))
	def sealed(head, entries):
	    return head + struct.pack("<Q", xxh64(head + bytes(8) + entries)) + entries
	block = sealed(struct.pack("<8sIIIHHHHIqqQ", MAGIC, length, length + len(section), records, columns, 0, 3, 0, 0,
	                           -2**63, 2**63 - 1, 0), entries) + section
	end = sealed(struct.pack("<8sIIIHHHHIqqQ", MAGIC, 64, 64, 0, 0, 1, 1, 0, 0, 1, 0, records), b"")
	open("thin.flow", "wb").write(block + end)
	EOF
	run -0 flowcat --info thin.flow
	run -3 --separate-stderr flowcat --check thin.flow
	[[ $stderr == *"damaged plane"* ]]
}

@test "a full disk is an error, not a short output" {
	for program in "flowcat" "flowcat -o csv" "flowcat -o ndjson" "flowfilter any" "flowagg -k srcip" "flowagg -k srcip -o csv"; do
		run -3 bash -c "$program whole.flow > /dev/full"
		[[ $output == *"No space left on device"* ]]
	done
	run -3 flowcat whole.flow -w /dev/full
	run -3 flowgen -n 100000 -w /dev/full
	for program in flowcat flowfilter flowagg flowstat flowsend flowrecv flowgen; do
		run -3 bash -c "$program --help > /dev/full"
	done
}

@test "a reader that goes away ends a pipe quietly" {
	for program in "flowcat" "flowcat -o csv" "flowfilter any"; do
		run --separate-stderr bash -c "$program whole.flow | head -c 100 > /dev/null; exit \${PIPESTATUS[0]}"
		[ -z "$stderr" ]
		[ "$status" -eq 141 ] || [ "$status" -eq 0 ]
	done
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
