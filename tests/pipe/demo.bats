# bin/demo: builds, collects a day of traffic and shows it.
# shellcheck shell=bash

load ../helper

@test "demo: three exporters, one collector, nothing lost, the scanner found, nothing left behind" {
	[ -z "${FLOWKIT_SAN-}" ] || skip "shows the ordinary build"
	mkdir tmp
	TMPDIR=$PWD/tmp run -0 --separate-stderr "$REPO/bin/demo"
	[ -z "$stderr" ]
	[[ $output == *" 300000 records and 0 options decoded; 300000 and 0 written"* ]]
	[[ $output == *" 0 dropped by the kernel"* ]]
	# the one source that tried 2000 hosts
	[ "$(echo "$output" | grep -cE '^10\.[0-9.]+ +2\.0K +2\.0K$')" -eq 1 ]
	[ -z "$(ls tmp)" ]
}
