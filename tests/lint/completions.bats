load ../helper

@test "completions are what the option tables say" {
	"$REPO/completions/generate" "${FLOWKIT_BIN:-$REPO/bin}" out
	for f in flowkit.bash _flowkit flowkit.fish; do
		diff "$REPO/completions/$f" out/$f
	done
}

@test "bash completes options, their words and the last of several fields" {
	source "$REPO/completions/flowkit.bash"
	compopt() { names=$*; }
	_flowkit flowcat --out flowcat
	[ "${COMPREPLY[*]}" = "--output" ]
	_flowkit flowcat nd -o
	[ "${COMPREPLY[*]}" = "ndjson" ]
	_flowkit flowcat srcip,dstpo -k
	[ "${COMPREPLY[*]}" = "srcip,dstport" ]
	_flowkit flowcat +srcm -k
	[ "${COMPREPLY[*]}" = "+srcmac +srcmask" ]
	_flowkit flowcat -bytes,-dstpo -k
	[ "${COMPREPLY[*]}" = "-bytes,-dstport" ]
	_flowkit flowanom srcip,dstpo --by
	[ "${COMPREPLY[*]}" = "srcip,dstport" ]
	_flowkit flowagg 'flows,sum(byt' -v
	[ "${COMPREPLY[*]}" = "flows,sum(bytes" ]
	COMP_WORDS=(flowcat --fields = srcip,dstpo) COMP_CWORD=3
	_flowkit flowcat srcip,dstpo =
	[ "${COMPREPLY[*]}" = "srcip,dstport" ]
	COMP_WORDS=(flowcat --output =) COMP_CWORD=2
	_flowkit flowcat "" --output
	[ "${COMPREPLY[*]}" = "flow table csv tsv json ndjson ipfix null" ]
	_flowkit flowbase le flowbase
	[ "${COMPREPLY[*]}" = "learn" ]
	_flowkit flowwatch be --detectors
	[ "${COMPREPLY[*]}" = "beacon" ]
	# a directory of that name is nothing to what is no file
	[ -z "${names-}" ]
	mkdir store && touch store.flow
	_flowkit flowexpire st 500G
	[ "${COMPREPLY[*]}" = "store" ]
	[ "$names" = "-o filenames" ]
	_flowkit flowbase st learn
	[ "${COMPREPLY[*]}" = "store store.flow" ] || [ "${COMPREPLY[*]}" = "store.flow store" ]
}

@test "zsh and fish accept their completions" {
	command -v zsh > /dev/null || skip "no zsh"
	zsh -n "$REPO/completions/_flowkit"
	command -v fish > /dev/null || skip "no fish"
	fish -n "$REPO/completions/flowkit.fish"
}

@test "zsh completes an option whose argument's name has colons" {
	command -v zsh > /dev/null || skip "no zsh"
	cat > drive <<-'EOF'
		zmodload zsh/zpty
		zpty shell TERM=dumb zsh -f -i
		zpty -w shell "PS1=; unsetopt zle_bracketed_paste; fpath=(${(q)1} \$fpath); autoload -U compinit; compinit -u -D; echo rea''dy"
		zpty -r shell out '*ready*' || exit 1
		zpty -w -n shell "$2"$'\t'
		zpty -r shell out "*$3*" || exit 1
	EOF
	timeout 30 zsh -f drive "$REPO/completions" "flowagg -O byt" "flowagg -O bytes,"
	timeout 30 zsh -f drive "$REPO/completions" "flowcat --order=srci" "flowcat --order=srcip,"
	timeout 30 zsh -f drive "$REPO/completions" "flowcat -k +dstpo" "flowcat -k +dstport,"
	timeout 30 zsh -f drive "$REPO/completions" "flowagg -v 'flows,sum(byt" "sum?bytes,"
}
