load ../helper

# Random streams of every type, width, presence and family: each way through the programs keeps every cell.

cells() { # FILE: one line a cell, sorted
	python3 "$REPO/tests/flowread.py" "$1" | LC_ALL=C sort
}

@test "random records survive file, pipe, recompression and projection to all" {
	for seed in 11 12 13; do
		"$TOOLS/randflow" $seed pipe in.flow | LC_ALL=C sort > want.txt
		flowcat in.flow > pass.flow
		cells pass.flow | cmp want.txt -
		flowcat in.flow -w file.flow
		cells file.flow | cmp want.txt -
		flowcat file.flow | flowcat | flowcat --fast -w fast.flow
		cells fast.flow | cmp want.txt -
	done
}

@test "random records survive csv and tsv with all columns" {
	for seed in 21 22 23 24; do
		"$TOOLS/randflow" $seed file in.flow | LC_ALL=C sort > want.txt
		flowcat -o csv -k all in.flow > all.csv
		flowcat -i csv all.csv -w back.flow
		cells back.flow | diff want.txt - | head -n 20
		cells back.flow | cmp want.txt -
		flowcat -o tsv -k all in.flow | flowcat -i tsv -w back.flow
		cells back.flow | cmp want.txt -
	done
}

@test "csv with all columns is the same from a file and from a pipe" {
	"$TOOLS/randflow" 31 file in.flow > /dev/null
	flowcat -o csv -k all in.flow > a.csv
	flowcat in.flow | flowcat -o csv -k all > b.csv
	cmp a.csv b.csv
}

@test "results are the same with one thread and with eight" {
	"$TOOLS/randflow" 32 file in.flow > /dev/null
	for format in csv tsv ndjson; do
		flowcat -j 1 -o $format -k all in.flow > a
		flowcat -j 8 -o $format -k all in.flow > b
		cmp a b
	done
	flowcat -j 1 in.flow --no-history > a
	flowcat -j 8 in.flow --no-history > b
	cmp a b
}
