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

@test "fields: a duration longer than 64 bits of nanoseconds is missing, and what is computed from it" {
	printf 'start,end,bytes\n1677-09-21T00:12:44Z,2262-04-11T23:47:16Z,5\n2262-04-11T23:47:16Z,1677-09-21T00:12:44Z,5\n1970-01-01T00:00:00Z,2262-04-11T23:47:16Z,5\n' > far.csv
	run -0 flowcat -i csv -o csv -k duration,bps far.csv
	[ "${lines[1]}${lines[2]}" = ,, ]
	[ "${lines[3]%%,*}" = 9223372036 ]
	run -1 flowfilter -q 'duration < 1h' far.csv
	printf 'flowDurationMilliseconds:uint,bytes\n9223372036854,1\n9223372036855,2\n18446744073709551615,3\n' > far.csv
	run -0 flowcat -i csv -o csv -k duration,bytes far.csv
	[ "$output" = "duration,bytes
9223372036.854,1
,2
,3" ]
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

# Two alerts, as csv has them.
make_alerts() {
	cat > alerts.csv <<-'END'
	start,end,srcip,dstip,dstport,proto,flows,detector,kind,score,severity,reason,why,attack,sampling,limits
	2026-11-23T10:00:00Z,2026-11-23T10:05:00Z,192.0.2.1,,22,6,40,scan,horizontal,0.96,critical,"tried 40 hosts, port 22",hosts=40,T1046,,
	2026-11-23T11:00:00Z,2026-11-23T11:05:00Z,192.0.2.2,198.51.100.7,,6,9,scan,vertical,0.5,2,tried 9 ports,ports=9,T1046,10,sampled 1 in 10: silence
	END
	flowcat alerts.csv -w alerts.flow
}

@test "fields: alerts can be selected by score and by severity, a number or a name" {
	local e

	make_alerts
	for e in 'score > 0.8' 'severity >= high' 'severity = 4' 'detector = "scan" and not has limits' \
		'why contains "hosts="'; do
		[ "$(flowfilter "$e" alerts.flow | flowcat -o csv -k srcip | tail -n +2)" = 192.0.2.1 ]
	done
	run -2 --separate-stderr flowfilter 'severity > grave' alerts.flow
	[[ $stderr == *"'grave' is no severity"*"low, medium, high, critical, or 1 to 4"* ]]
}

@test "fields: alerts keep all they say through csv and ndjson" {
	make_alerts
	flowcat -o csv alerts.flow > once.csv
	flowcat once.csv | flowcat -o csv > twice.csv
	cmp once.csv twice.csv
	head -1 once.csv | grep -qx 'start,end,srcip,dstip,srcport,dstport,proto,flows,packets,bytes,rpackets,rbytes,detector,kind,score,severity,reason,why,attack,sampling,limits'
	[ "$(flowcat -o ndjson alerts.flow | head -1 | grep -o '"severity":4,"reason":"tried 40 hosts, port 22"')" ]
}

@test "fields: a table of alerts has the score first and the reason last, whole" {
	make_alerts
	sed -i 's/tried 9 ports/tried 9 ports that nobody who works in this network has any business with/' alerts.csv
	run flowcat -o table alerts.csv
	[ "${lines[0]}" = "score  severity  detector  kind        srcip            dstip:port             reason" ]
	[ "${lines[1]}" = " 0.96  critical  scan      horizontal  192.0.2.1        -:22                   tried 40 hosts, port 22" ]
	[[ ${lines[2]} == "  0.5  medium "*" has any business with" ]]
}

@test "fields: names of other tools, and of either side, are known for what they mean" {
	printf 'srcip,bytes\n192.0.2.1,5\n' > a.csv
	while read -r name hint; do
		run -2 --separate-stderr flowagg -k "$name" a.csv
		[[ $stderr == "flowagg: unknown field '$name'; did you mean $hint?"* ]]
	done <<-'END'
	sa 'srcip'
	sIP 'srcip'
	dport 'dstport'
	octets 'bytes'
	id.orig_h 'srcip'
	ip 'srcip' or 'dstip'
	port 'srcport' or 'dstport'
	as 'srcas' or 'dstas'
	END
	run -2 --separate-stderr flowagg -k srcip -v 'avg(bytes)' a.csv
	[[ $stderr == "flowagg: avg(bytes): 'avg' is no function; did you mean mean?"* ]]
	run -2 --separate-stderr flowagg -k proto -v avg_bytes
	[[ $stderr == "flowagg: avg_bytes: 'avg' is no function; did you mean mean?"* ]]
	run -2 --separate-stderr flowagg -k proto -v 'count(bytes)'
	[[ $stderr == "flowagg: count(bytes): 'count' is no function; it stands alone"* ]]
	run -2 --separate-stderr flowcat -O proto,-bytes
	[[ $stderr == "flowcat: -O -bytes: write bytes:desc or bytes:asc"* ]]
	run -2 --separate-stderr flowcat -t 2026-11-26..2026-11-25 a.csv
	[[ $stderr == "flowcat: -t: '2026-11-26..2026-11-25': a window that ends before it begins"* ]]
	for how in '-t 2026-01-01..9999-12-31' '-t 1600-01-01..' '--until 2300-01-01T10:00'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowcat $how a.csv
		[[ $stderr == "flowcat: ${how% *}: '${how#* }': times are from 1677-09-21T00:12:44Z to 2262-04-11T23:47:16Z"* ]]
	done
	run -2 --separate-stderr flowcat -t 2026-01-01..2026-13-31 a.csv
	[[ $stderr == "flowcat: -t: '2026-01-01..2026-13-31' is no time window;"* ]]
	for tool in flowcat flowagg flowstat "flowfilter any" "flowsend -d udp:127.0.0.1:9"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr $tool --since 2026-11-26 --until 2026-11-25 a.csv
		[[ $stderr == "${tool%% *}: a window that ends before it begins: see --since and --until"* ]]
	done
	run -0 flowcat -o csv -t 2026-11-24..2026-11-25 --since 2026-11-26 --until 2026-11-27 a.csv
	run -3 --separate-stderr flowcat -w none/x.flow a.csv
	[ "$stderr" = "flowcat: cannot write none/x.flow: No such file or directory" ]
	flowcat a.csv -w a.flow
	run -0 flowcat -o csv --no-header --until 1677-09-21T00:12:43.145224192 a.flow # the first of all times
	[ -z "$output" ]
}
