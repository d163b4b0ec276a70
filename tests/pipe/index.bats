# The index of files that the collector writes.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of collector.bash

load ../collector

send() { # FLOWS MORE ...
	flowgen -n "$1" -w sent.flow
	flowsend -q -d "udp:$port" --as ipfix --rate 100000fps sent.flow
}

has_index() { # FILE
	flowcat --check "$1" > /dev/null
	[[ $(flowcat --info "$1") == *"
index      "* ]]
}

agree() { # FILE OR DIRECTORY
	local host

	host=$(flowagg -k dstip -v count -O count:asc -n 1 -o csv "$1" | tail -n 1 | cut -d, -f1)
	[ "$(flowfilter -o csv "ip $host" "$1")" = "$(flowfilter --no-index -o csv "ip $host" "$1")" ]
}

@test "index: the collector's finished files have one, whether small blocks were merged or there were none" {
	mkdir small full
	collect -w small --rotate 1h --flush 0.1s
	send 60000
	finish
	has_index small/*.flow
	agree small
	[[ $(flowcat --info small/*.flow | grep '^records') == *" 60000 in "[1-9]" blocks"* ]]

	collect -w full --rotate 1h --flush 1h
	send 150000
	finish
	has_index full/*.flow
	agree full
	[ -z "$(find small full -name '.*' -type f)" ]
}

@test "index: a collector that was killed leaves a file without, which is whole again, and has one, after the next start" {
	mkdir out
	collect -w out --rotate 1h --flush 0.1s
	send 30000
	sleep 0.5
	kill -KILL "$collector"
	wait "$collector" || true
	collector=
	part=$(find out -name '.*.part')
	run -0 --separate-stderr flowfilter --live -v 'ip 192.0.2.1' -o null "$part"
	[[ $stderr != *index* ]]
	[[ $stderr != *" 0 records read"* ]]
	collect -w out --rotate 1h
	finish
	has_index out/*.flow
	agree out
	flowexpire -e files=1 out
	[ "$(find out -type f | wc -l)" -eq 1 ]
}
