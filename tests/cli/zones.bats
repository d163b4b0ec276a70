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
	# and a state that was begun in one goes on in the other
	flowanom -q --tz North --state state -o null day.flow
	flowanom -q --tz South --state state -o null day.flow
}

@test "zones: a suppression ends with its day, be it one of 23 hours" {
	printf '[day]\nmatch = true\nuntil = 2026-03-29\nreason = clocks\n' > quiet
	printf 'start,end,srcip,detector,kind,score\n2026-03-29T21:00:00Z,2026-03-29T21:00:01Z,10.0.0.1,scan,in,0.9\n' > alerts.csv
	printf '2026-03-29T22:30:00Z,2026-03-29T22:30:01Z,10.0.0.1,scan,out,0.9\n' >> alerts.csv
	[ "$(flowalert -q -i csv --tz North --suppress quiet -o csv -k kind alerts.csv | tr '\n' ' ')" = 'kind out ' ]
}

@test "zones: bins of days are a zone's days, in aggregates, series and lists, on every path" {
	local how
	echo srcport,end,bytes > days.csv
	for how in 2026-03-28T22:59:59Z,1 2026-03-28T23:00:00Z,2 2026-03-29T21:59:59Z,4 2026-03-29T22:00:00Z,8 \
		2026-10-24T21:59:59Z,16 2026-10-24T22:00:00Z,32 2026-10-25T22:59:59Z,64 2026-10-25T23:00:00Z,128; do
		echo "1,$how" >> days.csv
	done
	cat > want <<-'END'
	end,bytes
	2026-03-28T00:00:00+01:00,1
	2026-03-29T00:00:00+01:00,6
	2026-03-30T00:00:00+02:00,8
	2026-10-24T00:00:00+02:00,16
	2026-10-25T00:00:00+02:00,96
	2026-10-26T00:00:00+01:00,128
	END
	flowagg -i csv -o csv --tz North -k end/1d -v bytes -O end:asc days.csv | diff want -
	flowagg --tz North -i csv -k srcport,end/1d -v bytes -O end:asc -o csv days.csv | cut -d, -f 2- | diff want -
	flowcat -i csv days.csv -w days.flow
	for how in '-j 1' '-j 2' '-m 4K'; do
		flowagg $how -o csv --tz North -k end/1d -v bytes -O end:asc days.flow | diff want -
	done
	# a zone without summer time is counted in arrays, as UTC is
	flowagg -o csv --tz +05:30 -k end/1h -v bytes -O end:asc -n 1 days.flow | tail -n 1 | grep -qx '2026-03-29T04:00:00+05:30,3'
	flowstat -o csv --tz North --series 1d days.flow | tail -n +2 | wc -l | grep -qx 213
	flowstat -o csv --tz North --series 1d days.flow | grep -c 'T00:00:00+0[12]:00' | grep -qx 213
	flowstat -o csv --tz North -s end/1d days.flow | grep -q '2026-10-25T00:00:00+02:00.*,96,'
}

@test "zones: bins of seven minutes are counted by the zone's clocks, and end where those move" {
	flowcat -i csv -w few.flow <<-'END'
	end,bytes
	2025-10-26T00:52:59Z,1
	2025-10-26T00:53:00Z,2
	2025-10-26T00:59:59Z,4
	2025-10-26T01:00:00Z,8
	2025-10-26T01:04:59Z,16
	2025-10-26T01:05:00Z,32
	END
	flowagg --tz North -k end/7m -v bytes -o csv few.flow | diff - <(cat <<-'END'
		end,bytes
		2025-10-26T02:47:00+02:00,3
		2025-10-26T02:54:00+02:00,4
		2025-10-26T02:00:00+01:00,24
		2025-10-26T02:05:00+01:00,32
		END
	)
	flowstat --tz North --series 7m -o csv few.flow | cut -d, -f1,4 |
		diff - <(flowagg --tz North -k end/7m -v bytes -o csv few.flow)
	[ "$(flowagg --tz +02:00 -k end/7m -v bytes -o csv few.flow | xargs)" = "end,bytes$(
		printf ' 2025-10-26T%s+02:00,%s' 02:47:00 3 02:54:00 12 03:01:00 48)" ]
	[ "$(flowagg --tz +01:00 -k end/7m -v bytes -o csv few.flow | xargs)" = "end,bytes$(
		printf ' 2025-10-26T%s+01:00,%s' 01:51:00 3 01:58:00 28 02:05:00 32)" ]
}

@test "zones: the bin in which an hour is left out is not the one behind it" {
	flowcat -i csv -w few.flow <<-'END'
	end,bytes
	2025-03-30T01:30:00Z,1
	2025-03-30T02:30:00Z,2
	2025-03-30T03:30:00Z,4
	END
	[ "$(flowagg --tz North -k end/2h -v bytes -o csv few.flow | xargs)" = "end,bytes$(
		printf ' 2025-03-30T%s:00:00+02:00,%s' 03 1 04 6)" ]
}

@test "zones: many flows by days and by six hours of a zone are those of a reference" {
	local day bin
	for day in 24 25 26; do
		flowgen -n 20000 --seed $day --start 2026-10-$day
	done > days.flow
	cat > reference.py <<-'END'
		import csv, datetime, sys
		hours, bins = int(sys.argv[1]), {}
		moves = datetime.datetime(2026, 10, 25, 1, tzinfo=datetime.timezone.utc)
		for r in csv.DictReader(sys.stdin):
		    t = datetime.datetime.fromisoformat(r["end"].replace("Z", "+00:00"))
		    t = (t + datetime.timedelta(hours=2 if t < moves else 1)).replace(minute=0, second=0, microsecond=0)
		    key = t.replace(hour=t.hour // hours * hours).strftime("%Y-%m-%dT%H:%M:%S"), r["proto"]
		    bins[key] = bins.get(key, 0) + int(r["bytes"])
		print("\n".join(f"{t},{p},{n}" for (t, p), n in sorted(bins.items())))
	END
	for bin in 6 24; do
		flowcat -o csv -k end,proto,bytes days.flow | python3 reference.py $bin | sort > want
		[ "$(wc -l < want)" -gt 10 ]
		for how in '-j 1' '-j 2' '-m 4K'; do
			flowagg $how -o csv --tz North -k end/${bin}h,proto -v bytes days.flow | tail -n +2 | sed 's/+0.:00//' | sort | diff want -
			flowcat -O bytes days.flow | flowagg $how -o csv --tz North -k end/${bin}h,proto -v bytes | tail -n +2 |
				sed 's/+0.:00//' | sort | diff want -
		done
	done
}

@test "zones: days by the clock follow each other for a threshold, where one has 23 or 25 hours" {
	days() { # FROM BIN
		for i in 0 1 2 3 4 5; do echo "$(($(date -ud "$1" +%s) + i * 86400)),$((i == ${3:-9} ? 1 : 2)),10.0.0.1"; done |
			cat <(echo start,bytes,srcip) - | flowagg -i csv --tz North -k "srcip,start/$2" -v bytes -o flow
	}
	when() { flowalert --tz North --when 'bytes > 1' -o csv -k start,end,why "$@" | tail -n +2; }
	[ "$(days 2026-03-27T12:00Z 1d | when --for 6)" = \
		"2026-03-27T00:00:00.000+01:00,2026-04-02T00:00:00.000+02:00,bytes=2 times=6 for=6 bin=86400.000" ]
	[ "$(days 2026-10-23T12:00Z 1d | when --for 6)" = \
		"2026-10-23T00:00:00.000+02:00,2026-10-29T00:00:00.000+01:00,bytes=2 times=6 for=6 bin=86400.000" ]
	# A day that is missing is missing still.
	[ -z "$(days 2026-03-27T12:00Z 1d 2 | when --for 5)" ]
	# The same, a day a run.
	for day in 27 28 29 30 31; do
		days "2026-03-${day}T12:00Z" 1d > all
		flowfilter --tz North "start < 2026-03-${day}T23:00" all | when --state s --for 5
	done > told
	[ "$(cat told)" = "2026-03-27T00:00:00.000+01:00,2026-04-01T00:00:00.000+02:00,bytes=2 times=5 for=5 bin=86400.000" ]
	# Bins of two hours, of which one is cut short.
	for i in {0..11}; do echo "$(($(date -ud 2026-03-28T21:00Z +%s) + i * 3600)),2,10.0.0.1"; done |
		cat <(echo start,bytes,srcip) - | flowagg -i csv --tz North -k srcip,start/2h -v bytes -o flow | when --for 6 > told
	[ "$(cat told)" = "2026-03-28T22:00:00.000+01:00,2026-03-29T12:00:00.000+02:00,bytes=2 times=7 for=6 bin=7200.000" ]
}

@test "flowcat: times of a zone with seconds in its offset read back as the same times" {
	zone_file 'MMT0:44:30' > zones/Odd
	printf 'start_ms\n86400123\n' | flowcat -i csv -w odd.flow
	run -0 flowcat --tz Odd -o csv -k start odd.flow
	[ "${lines[1]}" = "1970-01-01T23:16:00.123-00:44" ]
	[ "$(flowcat --tz Odd -o csv -k start odd.flow | flowcat -i csv -o csv -k start)" = "$(flowcat -o csv -k start odd.flow)" ]
}
