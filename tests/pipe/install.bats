# make install: what is there afterwards works, and make uninstall takes all of it away.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
}

# The programs under test are installed, none is built.
make_it() { # TARGET
	local build

	build=$(dirname "$FLOWKIT_BIN")
	make -s -C "$REPO" -o programs B="$build" DESTDIR="$PWD/a place" PREFIX=/usr "$1"
}

@test "install: into a directory whose name has a blank, and out of it" {
	[ "$(basename "${FLOWKIT_BIN-}")" = programs ] || skip "the programs under test are not of a build directory"
	make_it install
	"a place/usr/bin/flowgen" -n 100 --seed 1 | "a place/usr/bin/flowcat" -o csv -k srcip > rows
	[ "$(wc -l < rows)" = 101 ]
	[ "$(sh "a place/usr/bin/flowwatch" --version)" = "$("$REPO"/bin/flowwatch --version)" ]
	[ -s "a place/usr/share/man/man7/flowexpr.7" ]
	grep -q _flowkit "a place/usr/share/bash-completion/completions/flowagg"
	grep -q flowagg "a place/usr/share/fish/vendor_completions.d/flowagg.fish"
	[ -z "$(find . -xtype l)" ]
	make_it uninstall
	[ -z "$(find "a place" ! -type d)" ]
	[ "$(ls)" = $'a place\nrows' ]
}
