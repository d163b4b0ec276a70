# Fields as users name them.
# shellcheck shell=bash disable=SC2154

load ../helper

setup() {
	flowkit_setup
	cat > in.csv <<-END
	srcip,dstip,octetDeltaCount,packets,start,end
	192.0.2.1,198.51.100.7,3000,3,2026-11-23T10:00:00Z,2026-11-23T10:00:02Z
	2001:db8::1,2001:db8::2,50,1,2026-11-23T10:00:01Z,2026-11-23T10:00:01Z
	END
	flowcat in.csv -w in.flow
}

@test "fields: an alias, an IANA name in any case and a number are one field" {
	local f

	for f in bytes octetDeltaCount OCTETDELTACOUNT 0.1 v9_1 e0id1 'sum(bytes)'; do
		run flowcat -o csv -k "$f" in.flow
		[ "${lines[1]}" = 3000 ]
	done
}

@test "fields: a wrong name is refused with the nearest, status 2" {
	run -2 --separate-stderr flowcat -o csv -k srcip,dstprt in.flow
	[ -z "$output" ]
	[[ $stderr == "flowcat: unknown field 'dstprt'; did you mean 'dstport'?"* ]]
}

@test "fields: -k +field,-field changes the columns that csv prints by default" {
	flowcat -o csv in.flow | head -1 > before
	flowcat -o csv -k +bpp,-tos in.flow | head -1 > after
	[ "$(sed 's/,tos,/,/; s/$/,bpp/' before)" = "$(cat after)" ]
}

@test "fields: -k +field is refused where no columns are the default" {
	run -2 --separate-stderr flowcat -k -bytes -w out.flow in.flow
	[[ $stderr == "flowcat: -k -bytes: only table, csv and tsv have columns to add to or take from"* ]]
	[ ! -e out.flow ]
	run -2 --separate-stderr flowcat -k +bpp -o ndjson in.flow
	[ -z "$output" ]
}

@test "fields: computed fields are missing where they cannot be computed" {
	run flowcat -o csv -k duration,bps,bpp in.flow
	[ "${lines[1]}" = "2,12000,1000" ]
	[ "${lines[2]}" = "0,,50" ]
}

@test "fields: srcip reads a column of the IPv6 element alone" {
	printf 'sourceIPv6Address,bytes\n2001:db8::1,5\n' > v6.csv
	run flowcat -o csv -k srcip,sourceIPv6Address v6.csv
	[ "${lines[1]}" = "2001:db8::1,2001:db8::1" ]
	run flowcat -o csv -k sourceIPv6Address in.flow
	[ "${lines[2]}" = "2001:db8::1" ]
}

@test "fields: flowStartMilliseconds reads start" {
	run flowcat -o csv -k flowStartMilliseconds,flowEndSeconds in.flow
	[ "${lines[1]}" = "2026-11-23T10:00:00Z,2026-11-23T10:00:02Z" ]
}
