load ../helper

@test "completions are what the option tables say" {
	"$REPO/completions/generate" "${FLOWKIT_BIN:-$REPO/bin}" out
	for f in flowkit.bash _flowkit flowkit.fish; do
		diff "$REPO/completions/$f" out/$f
	done
}

@test "bash completes options, their words and the last of several fields" {
	source "$REPO/completions/flowkit.bash"
	_flowkit flowcat --out flowcat
	[ "${COMPREPLY[*]}" = "--output" ]
	_flowkit flowcat nd -o
	[ "${COMPREPLY[*]}" = "ndjson" ]
	_flowkit flowcat srcip,dstpo -k
	[ "${COMPREPLY[*]}" = "srcip,dstport" ]
	_flowkit flowbase le flowbase
	[ "${COMPREPLY[*]}" = "learn" ]
	_flowkit flowwatch be --detectors
	[ "${COMPREPLY[*]}" = "beacon" ]
	mkdir store && touch store.flow
	_flowkit flowexpire st 500G
	[ "${COMPREPLY[*]}" = "store" ]
	_flowkit flowbase st learn
	[ "${COMPREPLY[*]}" = "store store.flow" ] || [ "${COMPREPLY[*]}" = "store.flow store" ]
}

@test "zsh and fish accept their completions" {
	command -v zsh > /dev/null || skip "no zsh"
	zsh -n "$REPO/completions/_flowkit"
	command -v fish > /dev/null || skip "no fish"
	fish -n "$REPO/completions/flowkit.fish"
}
