# Captures of many exporters, decoded by the real programs, against what their records should be.
# shellcheck shell=bash

load ../helper

compare() {
	[ -n "$SHARED" ] || skip "no ../shared"
	[ -f "$SHARED/corpus/INDEX.tsv" ] || skip "no corpus in ../shared"
	FLOWKIT_SHARED=$SHARED run "$REPO/tests/tools/corpus_compare" -p "$1"
	grep -v '^ok' <<<"$output"
	[ "$status" -eq 0 ]
	((${#lines[@]} > 1))
}

@test "corpus: NetFlow v1 records are what exporters sent" {
	compare v1
}

@test "corpus: NetFlow v7 records are what exporters sent" {
	compare v7
}

@test "corpus: NetFlow v5 records are what exporters sent" {
	compare v5
}

@test "corpus: NetFlow v9 records are what exporters sent" {
	compare v9
}

@test "corpus: IPFIX records are what exporters sent" {
	compare ipfix
}

@test "corpus: sFlow samples are what agents sent" {
	compare sflow
}

@test "corpus: records of exporters that mix versions are what they sent" {
	compare mixed
}

@test "corpus: a packet section gives the record its packet's addresses, ports and octets" {
	[ -n "$SHARED" ] || skip "no ../shared"
	[ -f "$SHARED/corpus/cases/ak_ipfix_datalink.pcap" ] || skip "no corpus in ../shared"
	flowrecv -q -r "$SHARED/corpus/cases/ak_ipfix_datalink.pcap" -w - > in.flow
	run flowcat -o csv -k srcip,srcport,dstip,dstport,proto,packets,bytes in.flow
	[ "${lines[1]}" = "51.51.51.51,55501,52.52.52.52,11777,17,1,96" ]
	[ "${#lines[@]}" -eq 2 ]
	flowrecv -q --raw -r "$SHARED/corpus/cases/ak_ipfix_datalink.pcap" -w raw.flow
	run -1 flowfilter -q 'has srcip' raw.flow
}
