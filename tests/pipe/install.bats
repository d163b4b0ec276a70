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

@test "install: bin/demo and bin/check say what they are, and what is missing when apt-get fails" {
	for script in demo check; do
		run -0 "$REPO/bin/$script" --help
		[[ ${lines[0]} == "$script - "* ]]
		run -2 "$REPO/bin/$script" all
		[ "$output" = "$script: it takes no arguments: all" ]
		mkdir -p apt
		printf '#!/bin/sh\nexit 100\n' | tee apt/apt-get apt/dpkg-query > apt/sudo
		chmod +x apt/*
		run -3 --separate-stderr env PATH="$PWD/apt:$PATH" "$REPO/bin/$script"
		[[ ${stderr_lines[0]} == "$script: apt-get update failed; "* ]]
		[[ ${stderr_lines[1]} == "$script: these packages could not be installed; "*": gcc make "* ]]
	done
}

@test "install: who is neither root nor has sudo is told what to install" {
	mkdir tools
	for tool in sh dirname env; do
		ln -s "$(command -v $tool)" "tools/$tool"
	done
	printf '#!/bin/sh\nexit 1\n' | tee tools/apt-get > tools/dpkg-query
	printf '#!/bin/sh\necho 1000\n' > tools/id
	chmod +x tools/apt-get tools/dpkg-query tools/id
	for script in demo check; do
		run -3 --separate-stderr env PATH="$PWD/tools" "$REPO/bin/$script"
		[[ $stderr == "$script: not root and no sudo; run as root: apt-get install gcc make "* ]]
	done
}

@test "install: what is built is the same in every directory, and by the flags of the environment" {
	mkdir "it's \$a place"
	cp -r "$REPO/Makefile" "$REPO/cmd" "$REPO/common" "it's \$a place"
	make -s -C "$REPO" B="$PWD/one" "$PWD/one/common/base/num.o"
	make -s -C "it's \$a place" B="$PWD/other" "$PWD/other/common/base/num.o"
	cmp one/common/base/num.o other/common/base/num.o
	CPPFLAGS=-D_FORTIFY_SOURCE=2 CFLAGS='-O2 -fcf-protection' LDFLAGS=-Wl,-z,now \
		make -n -C "$REPO" B="$PWD/b" "$PWD/b/programs/flowexpire" > commands
	grep -q -e '-D_FORTIFY_SOURCE=2 -O2 -fcf-protection .*/num\.c$' commands
	run -1 grep -e -O3 commands
	grep -q -e ' -Wl,-z,now .*/flowexpire ' commands
}

@test "install: bin/ is of the build that was asked for last, whichever is newer" {
	local build p old

	mkdir -p bin one/programs two/programs
	cp -r "$REPO/Makefile" "$REPO/cmd" .
	for build in one two; do
		for p in cmd/flow*.c; do
			p=$build/programs/$(basename "$p" .c)
			echo $build > "$p"
			old="$old -o $p"
		done
	done
	for build in one two one; do
		# shellcheck disable=SC2086
		make -s $old B=$build
		[ "$(cat bin/* | sort -u)" = $build ]
	done
	# shellcheck disable=SC2086
	make -q $old B=one
}
