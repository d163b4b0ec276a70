# helper.bash - what every bats file loads: the programs on PATH, a directory of its own to work in.
#
# FLOWKIT_BIN     directory of the programs under test (default: bin/ of the repository)
# FLOWKIT_TOOLS   directory of the test tools (default: tools/ beside FLOWKIT_BIN, as make builds them)
# FLOWKIT_SHARED  directory of traffic samples (default: ../shared beside the repository); tests that
#                 need them say:  [ -n "$SHARED" ] || skip "no ../shared"
# FLOWKIT_TOOLS   directory of the tests' own compiled tools (default: that of a plain build)
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DATA=$REPO/tests/data
SHARED=${FLOWKIT_SHARED-$REPO/../shared}
if [ -n "$SHARED" ] && [ -d "$SHARED" ]; then
	SHARED=$(cd "$SHARED" && pwd)
else
	SHARED=
fi
TOOLS=${FLOWKIT_TOOLS:-$REPO/.build/gcc/tools}
export REPO DATA SHARED TOOLS

PATH=${FLOWKIT_BIN:-$REPO/bin}:$PATH
export PATH LC_ALL=C TZ=UTC

# A file that has its own setup() calls this from it.
flowkit_setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

setup() {
	flowkit_setup
}
