load ../helper

@test "a reader written from flowstream(5) in another language reads every encoding alike" {
	local encodings= versions=

	for profile in pipe file fast; do
		for seed in 1 2 3 4; do
			"$TOOLS/randflow" $seed $profile out.flow | LC_ALL=C sort > want.txt
			[ "$(wc -l < want.txt)" -gt 1000 ]
			python3 "$REPO/tests/flowread.py" out.flow | LC_ALL=C sort > got.txt
			cmp want.txt got.txt
			encodings+=$(flowcat --info out.flow)
			versions+=$(od -An -v -tx1 out.flow | tr -d " \n" | grep -o "f1464c4f570d0a1a.\{28\}0000.." | cut -c49-)
		done
	done
	for name in const plain planes bytes dict map runs; do
		[[ $encodings == *" $name "* ]]
	done
	for version in 01 02 03; do
		[[ $versions == *$version* ]]
	done
}

@test "the reader in another language sees a cut stream" {
	"$TOOLS/randflow" 5 file out.flow > /dev/null
	head -c -1 out.flow > cut.flow
	run python3 "$REPO/tests/flowread.py" cut.flow
	[ "$status" -ne 0 ]
}

@test "a file with an index is what flowstream(5) says, the length of its blocks too" {
	flowgen -n 70000 -w out.flow
	[ "$(flowcat --info out.flow | grep -c '^index ')" -eq 1 ]
	[ "$(python3 "$REPO/tests/flowread.py" --count out.flow | cut -d " " -f 1)" -eq 70000 ]
	grep -qF 'a multiple of 64, that of an index of 8' "$REPO/man/flowstream.5"
}
