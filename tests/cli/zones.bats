#!/usr/bin/env bats
# zones.bats - times in a zone whose clocks move: --tz NAME.

load ../helper

setup() {
	flowkit_setup
	mkdir zones
	zone_file 'CET-1CEST,M3.5.0,M10.5.0/3' > zones/North
	zone_file 'CET-1CEST,M10.5.0,M3.5.0/3' > zones/South
	export TZDIR=$PWD/zones
}

# A file of RFC 9636: an hour east of UTC, and a rule for what comes.
zone_part() { # CHANGES TIMES
	printf 'TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	printf "$1"'\0\0\0\1\0\0\0\4'"$2"'\0\0\16\20\0\0CET\0'
}

zone_file() { # RULE
	zone_part '\0' ''
	zone_part '\1' '\0\0\0\0\0\0\0\0\0'
	printf '\n%s\n' "$1"
}

@test "zones: csv has the offset that clocks had, and is read back" {
	cat > moves.csv <<-'END'
	srcport,start
	1,2026-01-05T12:00:00Z
	2,2026-03-29T00:59:59.999Z
	3,2026-03-29T01:00:00Z
	4,2026-07-01T12:00:00Z
	5,2026-10-25T00:59:59.999Z
	6,2026-10-25T01:00:00Z
	7,2026-03-29T00:00:00Z
	END
	flowcat -i csv -o csv -k srcport,start --tz North moves.csv | diff - <(cat <<-'END'
	srcport,start
	1,2026-01-05T13:00:00.000+01:00
	2,2026-03-29T01:59:59.999+01:00
	3,2026-03-29T03:00:00.000+02:00
	4,2026-07-01T14:00:00.000+02:00
	5,2026-10-25T02:59:59.999+02:00
	6,2026-10-25T02:00:00.000+01:00
	7,2026-03-29T01:00:00.000+01:00
	END
	)
	flowcat -i csv -o csv --tz North moves.csv | flowcat -i csv -o csv | cmp - <(flowcat -i csv -o csv moves.csv)
	flowcat -i csv -o ndjson --tz North moves.csv | grep -c '+02:00' | grep -qx 3
	flowcat -i csv -o table --tz North moves.csv | grep -q '^ *4  2026-07-01 14:00:00.000$'
	flowcat -i csv -o table --tz North moves.csv | grep -q '^ *1  2026-01-05 13:00:00.000$'
}

@test "zones: times without an offset are those that clocks showed" {
	printf 'srcport,start\n1,2026-01-05 13:00:00\n2,2026-07-01 14:00:00\n3,2026/07/01.14:00:00\n' > local.csv
	[ "$(flowcat -i csv -o csv --tz North local.csv | flowcat -i csv -o csv | tr '\n' ' ')" = \
		'srcport,start 1,2026-01-05T12:00:00.000Z 2,2026-07-01T12:00:00.000Z 3,2026-07-01T12:00:00.000Z ' ]
	[ "$(flowfilter 'start = 2026-07-01T14:00' --tz North -i csv -o csv -k srcport local.csv | tr '\n' ' ')" = 'srcport 2 3 ' ]
}

@test "zones: a day that clocks move has 23 or 25 hours" {
	local at
	echo srcport,start,end > hours.csv
	for at in 2026-03-28T{22,23} 2026-03-29T{21,22} 2026-10-24T{21,22} 2026-10-25T{22,23}; do
		echo "1,$at:30:00Z,$at:30:00Z" >> hours.csv
	done
	[ "$(flowcat -i csv -o csv -k start --tz North -t 2026-03-29 hours.csv | tail -n +2 | tr '\n' ' ')" = \
		'2026-03-29T00:30:00+01:00 2026-03-29T23:30:00+02:00 ' ]
	[ "$(flowcat -i csv -o csv -k start --tz North -t 2026-10-25 hours.csv | tail -n +2 | tr '\n' ' ')" = \
		'2026-10-25T00:30:00+02:00 2026-10-25T23:30:00+01:00 ' ]
}

@test "zones: what was learned in summer and what in winter goes together" {
	local zone
	flowgen -n 1000 --seed 1 -w day.flow
	for zone in North South +01:00; do
		flowbase learn --tz $zone --no-history day.flow -w $zone
	done
	cmp North South
	cmp North +01:00
}
