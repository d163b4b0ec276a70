# Headers of captured traffic, packet by packet, against flows that tshark sees in it.
# shellcheck shell=bash

load ../helper

@test "packets: captured packets add up to the flows that are in them" {
	[ -n "$SHARED" ] || skip "no ../shared"
	[ -f "$SHARED/corpus/meter/INDEX.tsv" ] || skip "no captures in ../shared"
	FLOWKIT_SHARED=$SHARED FLOWKIT_TOOLS=$TOOLS run "$REPO/tests/tools/meter_compare"
	grep -v '^ok' <<<"$output"
	[ "$status" -eq 0 ]
	((${#lines[@]} > 10))
}
