# flowlateral: what is new inside and what is none, who serves what, paths, fans, state, sampling, what it says.
# shellcheck shell=bash disable=SC2016,SC2154

load ../helper

monday=1767571200 # 2026-01-05T00:00:00Z
day=86400

header() {
	echo start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,sampling
}

# A session as two records: START_S CLIENT SERVER PORT [OUT [IN [FLAGS [SAMPLING]]]].
talk() {
	printf '%s,%s,%s,%s,40000,%s,6,%s,20,%s,%s\n' "$1" $(($1 + 9)) "$2" "$3" "$4" "${7-27}" "${5-4000}" "${8-1}"
	printf '%s,%s,%s,%s,%s,40000,6,%s,20,%s,%s\n' "$1" $(($1 + 9)) "$3" "$2" "$4" "${7-27}" "${6-9000}" "${8-1}"
}

# The alerts on flows from standard input, FIELDS of them.
alerts() {
	local fields=$1

	shift
	flowlateral -i csv "$@" -o flow > found || return
	flowcat -o csv -k "$fields" found | tail -n +2
}

# A month of an office of six PCs and a file server; 10.0.0.9 works on all PCs and twelve more by RDP.
month() {
	local d i

	header
	for d in 0 7 14 21 28; do
		for i in 1 2 3 4 5 6; do
			talk $((monday + d * day)) 10.0.0.$i 10.0.9.1 445
			talk $((monday + d * day)) 10.0.0.$i 10.0.9.1 80
		done
		for i in 1 2 3 4 5 6 21 22 23 24 25 26 27 28 29 30 31 32; do
			talk $((monday + d * day)) 10.0.0.9 10.0.0.$i 3389
		done
	done
}

@test "flowlateral: a PC that works on another is an alert, by whatever port of administration" {
	local port

	for port in 22 135 139 445 1433 3389 5900 5985 5986; do
		[ "$( (header; talk $monday 10.0.0.5 10.0.0.6 $port) | alerts kind,srcip,dstip,dstport,proto,flows,bytes,rbytes)" = \
			"admin,10.0.0.5,10.0.0.6,$port,6,2,4000,9000" ]
	done
	[ -z "$( (header; talk $monday 10.0.0.5 10.0.0.6 8443) | alerts kind)" ]
	[ "$( (header; talk $monday fd00::5 fd00::6 22) | alerts srcip,dstip,attack)" = "fd00::5,fd00::6,T1021.004" ]
}

@test "flowlateral: what goes out, comes in, is multicast, UDP or a host's own is not looked at" {
	(
		header
		talk $monday 10.0.0.5 203.0.113.9 22
		talk $monday 203.0.113.9 10.0.0.5 22
		talk $monday 10.0.0.5 10.0.0.5 22
		talk $monday 10.0.0.5 10.0.0.6 3389 | sed 's/,6,27,/,17,0,/'
	) > flows.csv
	[ -z "$(alerts kind < flows.csv)" ]
	[ "$(alerts dstip --internal 10.0.0.0/8,203.0.113.0/24 < flows.csv | sort)" = "10.0.0.5
203.0.113.9" ]
}

@test "flowlateral: what was not answered, refused, or only opened is no session" {
	for flags in "2 20" "2 18" "6 18" "22 18"; do
		read -r out back <<< "$flags"
		(
			header
			echo "$monday,$monday,10.0.0.5,10.0.0.6,40000,445,6,$out,2,100,1"
			echo "$monday,$monday,10.0.0.6,10.0.0.5,445,40000,6,$back,1,52,1"
		) > scan.csv
		[ -z "$(alerts kind < scan.csv)" ]
	done
	# A connection of a handshake and a close, with all usual options: nothing was said.
	(
		header
		echo "$monday,$monday,10.0.0.5,10.0.0.6,40000,445,6,19,4,216,1"
		echo "$monday,$monday,10.0.0.6,10.0.0.5,445,40000,6,19,3,164,1"
	) > connect.csv
	[ -z "$(alerts kind < connect.csv)" ]
	(header; talk $monday 10.0.0.5 10.0.0.6 445 | head -n 1) > half.csv
	[ -z "$(alerts kind < half.csv)" ]
}

@test "flowlateral: a port that others use too is served, and reaching it is no news" {
	(header; for i in 1 2 3 4 5; do talk $((monday + i)) 10.0.0.$i 10.0.9.1 445; done) > served.csv
	[ -z "$(alerts kind < served.csv)" ]
	# Two clients of a server of something else, and two PCs of an otherwise unknown host.
	(
		header
		for i in 1 2; do
			talk $monday 10.0.0.$i 10.0.9.1 80
			talk $((monday + i)) 10.0.0.$i 10.0.9.1 22
		done
	) > two.csv
	[ -z "$(alerts kind < two.csv)" ]
}

@test "flowlateral: hosts of one intruder do not vouch for each other" {
	(
		header
		talk $monday 10.0.0.1 10.0.0.2 445
		talk $((monday + 60)) 10.0.0.1 10.0.0.3 445
		talk $((monday + 120)) 10.0.0.2 10.0.0.3 445
	) > worm.csv
	[[ "$(alerts kind,srcip,dstip,reason < worm.csv)" == 'path,10.0.0.1,10.0.0.3,"10.0.0.1 -> 10.0.0.2 by SMB, 2m00s later -> 10.0.0.3 by SMB, first time in '* ]] || {
		[ "$(alerts kind,srcip,dstip < worm.csv)" = "path,10.0.0.1,10.0.0.3
admin,10.0.0.1,10.0.0.3" ]
	}
}

@test "flowlateral: a session that was running before the input began is no new edge, unless a baseline should know it" {
	(header; talk $monday 10.0.0.5 10.0.0.6 22 4000 9000 24) > running.csv
	[ -z "$(alerts kind < running.csv)" ]
	(cat running.csv; talk $((monday - 3600)) 10.0.0.5 10.0.0.6 22 | sed 's/40000/40001/') > begun.csv
	[ "$(alerts kind < begun.csv)" = admin ]
	month | flowbase learn -i csv -w b
	[ "$(alerts kind -B b < running.csv)" = admin ]
}

@test "flowlateral: an edge of the baseline is silent, others say for how long they were not there" {
	month | flowbase learn -i csv -w b
	(
		header
		talk $((monday + 29 * day)) 10.0.0.1 10.0.9.1 445
		talk $((monday + 29 * day)) 10.0.0.9 10.0.0.1 3389
		talk $((monday + 29 * day)) 10.0.0.1 10.0.0.2 445 2000000
	) > next.csv
	[ "$(alerts kind,reason,why,attack,limits -B b < next.csv)" = \
		'admin,"10.0.0.1 reached 10.0.0.2 by SMB, first time in 29 days; neither is a server; 2.0MB sent there",admin=1 new=1 peer=1 ports=1 moved=1 others=0 targets=1,"T1021.002,T1570",' ]
	[ "$(alerts limits < next.csv | sort -u)" = "no baseline: what was habit before this input is not known" ]
}

@test "flowlateral: who is used to work on many hosts makes no news of one more, nor a server of a PC" {
	month | flowbase learn -i csv -w b
	(
		header
		talk $((monday + 29 * day)) 10.0.0.9 10.0.0.77 3389
		talk $((monday + 29 * day)) 10.0.0.1 10.0.0.2 3389
	) > next.csv
	[ "$(alerts srcip,dstip,why -B b < next.csv)" = "10.0.0.1,10.0.0.2,admin=1 new=1 peer=1 ports=1 moved=0 others=0 targets=0" ]
	[[ "$(alerts srcip,why --score 0.01 -B b < next.csv)" == *"10.0.0.9,admin=1 new=1 peer=1 ports=1 moved=0 others=0 targets=18"* ]]
}

@test "flowlateral: a server that all use anew is none of an intruder" {
	month | flowbase learn -i csv -w b
	(header; for i in 1 2 3 4 5; do talk $((monday + 29 * day + i)) 10.0.0.$i 10.0.9.2 445; done) > new.csv
	[ -z "$(alerts kind -B b < new.csv)" ]
}

@test "flowlateral: steps in time are one path, those in no order or too far apart are none" {
	(
		header
		talk $monday 10.0.0.1 10.0.0.2 3389
		talk $((monday + 600)) 10.0.0.2 10.0.0.3 445
		talk $((monday + 7200)) 10.0.0.3 10.0.0.4 22
	) > path.csv
	[ "$(alerts kind,srcip,dstip,dstport,flows,reason < path.csv)" = \
		'path,10.0.0.1,10.0.0.4,22,6,"10.0.0.1 -> 10.0.0.2 by RDP, 10m00s later -> 10.0.0.3 by SMB, 1h50m later -> 10.0.0.4 by SSH"' ]
	[ "$(alerts kind,srcip --window 1h < path.csv | sort)" = "admin,10.0.0.3
path,10.0.0.1" ]
	(
		header
		talk $((monday + 7200)) 10.0.0.1 10.0.0.2 3389
		talk $((monday + 600)) 10.0.0.2 10.0.0.3 445
	) > wrong.csv
	[ "$(alerts kind < wrong.csv)" = "admin
admin" ]
	# There and back is no path.
	(header; talk $monday 10.0.0.1 10.0.0.2 3389; talk $((monday + 60)) 10.0.0.2 10.0.0.1 445) > back.csv
	[ "$(alerts kind < back.csv)" = "admin
admin" ]
}

@test "flowlateral: all that a path branches to is one alert" {
	(
		header
		talk $monday 10.0.0.1 10.0.0.2 3389
		for i in 3 4 5; do talk $((monday + i * 60)) 10.0.0.2 10.0.0.$i 445; done
	) > tree.csv
	[ "$(alerts kind,srcip < tree.csv)" = path,10.0.0.1 ]
	[[ "$(alerts reason,why < tree.csv)" == *"; 4 hosts in all"*" steps=2 hosts=4"* ]]
}

@test "flowlateral: many new hosts within the window are a fan, as many over days are not" {
	(header; for i in 11 12 13 14 15; do talk $((monday + i * 3600)) 10.0.0.1 10.0.0.$i 445; done) > fan.csv
	[ "$(alerts kind,srcip,dstip,dstport,flows,reason < fan.csv)" = \
		'fan,10.0.0.1,,,10,"10.0.0.1 reached 5 hosts by SMB within 4h00m: 10.0.0.11, 10.0.0.12, 10.0.0.13 and 2 more"' ]
	[ "$(alerts kind --fan 6 < fan.csv | sort | uniq -c | tr -s ' ')" = " 5 admin" ]
	[ "$(alerts kind --window 2h < fan.csv | sort -u)" = admin ]
	# A port counts once, however many hosts were reached by it.
	(cat fan.csv; for i in 11 12 13 14 15; do for port in 8000 9000; do talk $((monday + i * 3600)) 10.0.0.1 10.0.0.$i $port; done; done) > ports.csv
	[[ $(alerts reason < ports.csv) == *"reached 5 hosts by SMB and 2 other ports within "* ]]
}

@test "flowlateral: our networks and what is allowed are said by options" {
	(header; talk $monday 10.0.0.5 10.0.0.6 445) > one.csv
	for allow in 10.0.0.5 10.0.0.6 10.0.0.0/29:445 "*:445"; do
		echo "$allow" > allow
		[ -z "$(alerts kind -a allow < one.csv)" ]
	done
	for allow in 10.0.0.5:445 10.0.0.6:22; do
		echo "$allow" > allow
		[ "$(alerts kind -a allow < one.csv)" = admin ]
	done
	# One port that is allowed covers no other.
	(cat one.csv; talk $((monday + 1)) 10.0.0.5 10.0.0.6 22 9000) > two.csv
	[ "$(alerts dstport,why -a allow < two.csv)" = "445,admin=1 new=0.25 peer=1 ports=1 moved=0 others=0 targets=0" ]
}

@test "flowlateral: a state joins the steps of several runs, and tells none of them twice" {
	month | flowbase learn -i csv -w b
	at=$((monday + 29 * day))
	(header; talk $at 10.0.0.1 10.0.0.2 445) > one.csv
	(header; talk $((at + 300)) 10.0.0.2 10.0.0.3 22) > two.csv
	(header; talk $((at + 600)) 10.0.0.2 10.0.0.3 22; talk $((at + 650)) 10.0.0.1 10.0.0.2 445) > three.csv
	[ "$(alerts kind,dstip -B b --state s < one.csv)" = admin,10.0.0.2 ]
	[ "$(alerts kind,srcip,dstip -B b --state s < two.csv)" = path,10.0.0.1,10.0.0.3 ]
	[ -z "$(alerts kind -B b --state s < three.csv)" ]
	[ -z "$(alerts kind -B b --state s < one.csv)" ]
	[ "$(flowcat -o ndjson s | grep -c '"told":1')" = 2 ]
	# Another port between the two is another edge.
	(header; talk $((at + 900)) 10.0.0.1 10.0.0.2 3389) > four.csv
	[ "$(alerts kind,dstport -B b --state s < four.csv | head -n 1 | cut -d, -f1)" = path ]
}

@test "flowlateral: what goes on is told again when half of it is new" {
	month | flowbase learn -i csv -w b
	at=$((monday + 29 * day))
	fan() { (header; for i in $(seq "$1" "$2"); do talk $((at + i)) 10.0.0.1 10.0.0.1$i 445; done) | alerts kind,srcip,reason -B b --state s; }
	[[ "$(fan 10 15)" == "fan,10.0.0.1,"*" 6 hosts "*": 10.0.0.110, 10.0.0.111, 10.0.0.112 and 3 more\"" ]]
	[ -z "$(fan 16 20)" ]
	[[ "$(fan 21 21)" == "fan,10.0.0.1,"*" 12 hosts "*": 10.0.0.116, 10.0.0.117, 10.0.0.118 and 9 more\"" ]]
	[ -z "$(fan 10 21)" ]
	tree() { (header; for i in "$@"; do talk $((at + 600 + i)) 10.0.0.3 10.0.0.2$i 22; done) | alerts kind,srcip,why -B b --state s; }
	(header; talk $((at + 500)) 10.0.0.2 10.0.0.3 445) | alerts kind -B b --state s
	[[ "$(tree 10 11)" == "path,10.0.0.2,"*" steps=2 hosts=3" ]]
	[ -z "$(tree 12)" ]
	[[ "$(tree 13 14)" == "path,10.0.0.2,"*" steps=2 hosts=6" ]]
}

@test "flowlateral: without a baseline a state learns for a day, then what is new is told" {
	(header; talk $monday 10.0.0.1 10.0.0.2 445; talk $((monday + 3600)) 10.0.0.1 10.0.0.3 445) > first.csv
	[ -z "$(alerts kind --state s < first.csv)" ]
	(header; talk $((monday + 2 * day)) 10.0.0.1 10.0.0.2 445; talk $((monday + 2 * day)) 10.0.0.1 10.0.0.4 22) > second.csv
	[ "$(alerts kind,dstip,limits --state s < second.csv)" = "admin,10.0.0.4,no baseline: habit is what the state has seen" ]
	[ -z "$(alerts kind --state s < second.csv)" ]
}

@test "flowlateral: a state whose numbers are the greatest that there are can be read again" {
	(header; talk $monday 10.0.0.1 10.0.0.2 445) > first.csv
	(header; talk $((monday + 60)) 10.0.0.1 10.0.0.2 445) > second.csv
	[ -z "$(alerts kind --state s < first.csv)" ]
	flowcat -o csv -k all s | sed 's/^\(0,.*,445\),2,/\1,18446744073709551614,/' | flowcat -i csv -w s
	[ -z "$(alerts kind --state s < second.csv)" ]
	[ "$(flowcat -o csv -k flows s | tail -n 1)" = 18446744073709551615 ]
	[ -z "$(alerts kind --state s < second.csv)" ]
}

@test "flowlateral: a session from the future does not make a habit of all that is new" {
	month | flowbase learn -i csv -w b
	at=$((monday + 29 * day))
	(header; talk $at 10.0.0.1 10.0.0.2 445; talk $at 10.0.0.4 10.0.9.1 445; talk $((at + 3600)) 10.0.0.5 10.0.9.1 445
		talk 2082758400 10.0.0.6 10.0.9.1 445) > one.csv
	(header; talk $((at + 300)) 10.0.0.2 10.0.0.3 22) > two.csv
	[ "$(alerts kind,dstip -B b --state s < one.csv)" = admin,10.0.0.2 ]
	[ "$(alerts kind,srcip,dstip -B b --state s < two.csv)" = path,10.0.0.1,10.0.0.3 ]
}

@test "flowlateral: a session of a clock that was never set is not when a state began to see" {
	(header; talk 100000 10.0.9.9 10.0.9.8 80; talk $monday 10.0.0.1 10.0.0.2 445; talk $((monday + 3600)) 10.0.0.1 10.0.0.3 445) > first.csv
	[ -z "$(alerts kind --state s < first.csv)" ]
	(header; talk $((monday + 2 * day)) 10.0.0.1 10.0.0.4 22) > second.csv
	[[ "$(alerts dstip,reason --state s < second.csv)" == *"10.0.0.4 by SSH, first time in 2 days;"* ]]
}

@test "flowlateral: records without ports are told" {
	(header; talk $monday 10.0.0.1 10.0.0.2 445) | cut -d, -f1-4,7- > portless.csv
	run -0 --separate-stderr flowlateral -i csv -o csv portless.csv
	[[ $stderr == "flowlateral: none of the 2 records of TCP inside has ports: "* ]]
}

@test "flowlateral: that records are of one direction is told" {
	(header; talk $monday 10.0.0.1 10.0.0.2 445; talk $((monday + 60)) 10.0.0.2 10.0.0.3 445) > both.csv
	awk -F, '$6 != 40000' both.csv > out.csv
	run -0 --separate-stderr flowlateral -i csv -o csv out.csv
	[[ $stderr == "flowlateral: none of the 2 conversations of TCP inside is answered, though clients went on: "* ]]
	cut -d, -f1-7,9- out.csv > flagless.csv
	run -0 --separate-stderr flowlateral -i csv -o csv flagless.csv
	[[ $stderr == "flowlateral: none of the 2 conversations"* ]]
	# A scan of hosts that are not there is no such thing, and of sampled packets answers may be left out.
	sed 's/,6,27,/,6,2,/' out.csv > scan.csv
	sed '2,$s/,1$/,100/' out.csv > sampled.csv
	for f in scan.csv sampled.csv both.csv; do
		run -0 --separate-stderr flowlateral -i csv -o csv $f
		[ -z "$stderr" ]
	done
}

@test "flowlateral: of records without a protocol nothing is told, which is said" {
	(header; talk $monday 10.0.0.1 10.0.0.2 445) | cut -d, -f1-6,8- > protoless.csv
	run -0 --separate-stderr flowlateral -i csv -o null protoless.csv
	[ "$stderr" = "flowlateral: none of the 2 records has a protocol: no way from host to host can be seen" ]
	(header; talk $monday 10.0.0.1 10.0.0.2 445 | sed 's/,6,/,17,/') > udp.csv
	run -0 --separate-stderr flowlateral -i csv -o null udp.csv
	[ -z "$stderr" ]
	# One that has a protocol is enough.
	flowcat -q -i csv protoless.csv -w protoless.flow
	flowcat -q -i csv udp.csv -w udp.flow
	run -0 --separate-stderr flowlateral -o null protoless.flow udp.flow
	[ -z "$stderr" ]
}

@test "flowlateral: a state is left as it was when the input is incomplete, and what is none is refused" {
	flowgen -n 100000 --clients 200 --incident lateral -w whole.flow
	head -c -100 whole.flow > cut.flow
	month | flowbase learn -i csv -w b
	run -3 --separate-stderr flowlateral -B b --state s -o null cut.flow
	[[ $stderr == *cut.flow* ]]
	[ ! -e s ]
	flowlateral -B b --state s -o null whole.flow
	flowcat -o csv -k all s | sed '2s/^1,/9,/' | flowcat -i csv -w t
	run -3 --separate-stderr flowlateral -B b --state t -o null whole.flow
	[ "$stderr" = "flowlateral: t: of version 9; this program knows 1" ]
	head -c -100 s > t
	run -3 --separate-stderr flowlateral -B b --state t -o null whole.flow
	[[ $stderr == "flowlateral: t: "*"; remove it to begin anew" ]]
	run -3 --separate-stderr flowlateral --state whole.flow -o null whole.flow
	[ "$stderr" = "flowlateral: whole.flow: no state of flowlateral" ]
	run -3 --separate-stderr flowlateral --state /nonexistent/s -o null whole.flow
	[ "$stderr" = "flowlateral: cannot write /nonexistent/s: No such file or directory" ]
}

@test "flowlateral: of sampled packets an answer is taken for granted, and the alert says so" {
	(header; talk $monday 10.0.0.5 10.0.0.6 445 120 52 24 100 | sed 's/,20,/,1,/') > sampled.csv
	[ "$(alerts kind,sampling,limits < sampled.csv)" = \
		'admin,100,"no baseline: what was habit before this input is not known; sampled 1 in 100: short sessions are not seen, and that one was answered is a guess"' ]
	month | flowbase learn -i csv -w b
	run -3 --separate-stderr flowlateral -i csv -B b sampled.csv
	[ "$stderr" = "flowlateral: b was learned from every packet, these flows are of 1 in 100 packets" ]
}

@test "flowlateral: scores are what an independent reading of the manual makes of why" {
	command -v python3 > /dev/null || skip "no python3"
	month | flowbase learn -i csv -w b
	(
		header
		talk $((monday + 29 * day)) 10.0.0.1 10.0.0.2 445 2000000
		talk $((monday + 29 * day + 60)) 10.0.0.1 10.0.0.2 135
		talk $((monday + 29 * day + 600)) 10.0.0.2 10.0.0.3 22
		talk $((monday + 29 * day + 600)) 10.0.0.9 10.0.0.99 3389
		talk $((monday + 29 * day + 700)) 10.0.0.4 10.0.9.1 22
		talk $((monday + 29 * day + 900)) 10.0.0.88 10.0.0.5 22
		for i in 1 2 3 4 5 6 7; do talk $((monday + 32 * day)) 10.0.0.5 10.0.0.4$i 445; done
	) > day.csv
	alerts kind -B b --score 0.01 < day.csv > /dev/null
	flowcat -o ndjson found > found.json
	python3 - <<'EOF'
import json
def score(w, k=""):
    v = lambda name: w[name + k]
    return (.4 * v("admin") + .2 * v("new") + .2 * v("peer") + .1 * (v("ports") > 1) + .1 * v("moved")) \
        / (1 + v("others")) / (1 + (v("targets") / 4) ** 2)
kinds = []
for line in open("found.json"):
    a = json.loads(line)
    w = {k: float(v) if v[-1] != "s" else 0 for k, v in (x.split("=") for x in a["why"].split())}
    if a["kind"] == "path":
        miss = 1
        for i in range(1, int(w["steps"]) + 1):
            assert abs(score(w, str(i)) - w[f"score{i}"]) < 1e-5
            miss *= 1 - w[f"score{i}"]
        want = 1 - miss
    elif a["kind"] == "fan":
        want = 1 - (1 - w["mean"]) * 5 / (5 + w["hosts"])
    else:
        want = score(w)
    assert abs(want - a["score"]) < 1e-4, (want, a)
    kinds.append(a["kind"])
assert sorted(kinds) == ["admin", "admin", "admin", "fan", "path"], kinds
EOF
}

@test "flowlateral: the planted incident is the first of the alerts, and clean traffic has none" {
	flowgen -n 100000 --clients 200 --incident lateral -v -w bad.flow 2> where
	flowgen -n 100000 --clients 200 -w clean.flow
	src=$(sed -n 's/.*srcip=\([^ ]*\).*/\1/p' where)
	[ "$(flowlateral bad.flow -n 1 | flowcat -o csv -k srcip,kind,severity | tail -n 1)" = "$src,fan,4" ]
	[ "$(flowlateral clean.flow | flowcat -o csv -k kind | wc -l)" = 1 ]
	flowlateral -j 1 -w one bad.flow && flowlateral -j 4 -w four bad.flow
	cmp <(flowcat -o csv one) <(flowcat -o csv four)
}

@test "flowlateral: bad options, bad baselines and cut input are told" {
	for o in "--score x" "--score 2" "--fan 1" "--fan x" "--window 0s" "--internal x"; do
		# shellcheck disable=SC2086
		run -2 flowlateral $o < /dev/null
	done
	run -2 --separate-stderr flowlateral --internal "" < /dev/null
	[ "$stderr" = "flowlateral: --internal '': without networks nothing is inside" ]
	header > none.csv
	run -3 --separate-stderr flowlateral -i csv -B none.csv none.csv
	[[ $stderr == "flowlateral: none.csv: "* ]]
	run -0 --separate-stderr flowlateral -i csv -o csv none.csv
	[ "${#lines[@]}" = 1 ]
	[ -z "$stderr" ]
	flowgen -n 100000 --incident lateral -w whole.flow
	head -c -100 whole.flow > cut.flow
	run -3 --separate-stderr flowlateral -o csv -k kind cut.flow
	[[ $stderr == *cut.flow* ]]
	run -3 sh -c 'flowlateral whole.flow > /dev/full'
}

@test "flowlateral: what an alert is about is not learned, and is found again by the next baseline" {
	month > month.csv
	(header; talk $((monday + 28 * day)) 10.0.0.1 10.0.0.2 445) > one.csv
	alerts kind < one.csv > /dev/null
	(cat month.csv; tail -n +2 one.csv) > all.csv
	flowbase learn -i csv -w knows all.csv
	flowbase learn -i csv --open found -w spared all.csv
	[ -z "$(alerts kind -B knows < one.csv)" ]
	[ "$(alerts kind -B spared < one.csv)" = admin ]
}

@test "flowlateral: a young baseline is told" {
	(header; talk $monday 10.0.0.1 10.0.9.1 445) | flowbase learn -i csv -w young
	(header; talk $((monday + day)) 10.0.0.5 10.0.0.6 445) > one.csv
	run -0 --separate-stderr flowlateral -i csv -B young -o csv -k kind,limits one.csv
	[ "$stderr" = "flowlateral: young: knows less than 7 days: much is new to it" ]
	[ "${lines[1]}" = "admin,the baseline knows less than 7 days" ]
}

@test "flowlateral: the labelled intruder is found, his one way and nothing else, and benign captures have no alert" {
	[ -n "$SHARED" ] && [ -d "$SHARED/labelled" ] || skip "no ../shared/labelled"
	command -v zstd > /dev/null || skip "no zstd command"
	nets=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,147.32.0.0/16
	zstd -dc "$SHARED/labelled/apt29_day1.csv.zst" > capture.csv
	[[ "$(alerts kind,srcip,dstip,reason,why < capture.csv)" == \
		'admin,10.0.1.4,10.0.1.6,"10.0.1.4 reached 10.0.1.6 by RPC, SMB and WinRM, '*' ports=3 '* ]]
	[ "$(flowcat -o csv -k kind found | wc -l)" = 2 ]
	for name in ctu_20230220_benign ctu_normal40_d1 ctu_normal43_d1 ctu_normal7_p2p ctu_normal_20131021; do
		zstd -dc "$SHARED/labelled/$name.csv.zst" > capture.csv
		[ -z "$(alerts kind,srcip,dstip --internal $nets < capture.csv)" ]
	done
}
