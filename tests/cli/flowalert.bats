# flowalert: what is the same, what is told again, suppressions, hosts, thresholds.
# shellcheck shell=bash disable=SC2016,SC2154

load ../helper

t0=1767571200 # 2026-01-05T00:00:00Z

# Alerts from lines of OFFSET_S DURATION_S DETECTOR KIND SRC DST PORT SCORE SEVERITY, as a stream.
alerts() {
	local at for detector kind src dst port score severity

	{
		echo start,end,srcip,dstip,dstport,proto,flows,bytes,rbytes,detector,kind,score,severity,reason,why,attack
		while read -r at for detector kind src dst port score severity; do
			echo "$((t0 + at)),$((t0 + at + for)),${src#-},${dst#-},${port#-},6,1,1000,200,$detector,$kind,$score,$severity,reason of $score,n=$score,T1046"
		done
	} | flowcat -i csv -o flow
}

# The fields of what is told of alerts from standard input, a line each.
told() {
	local fields=$1

	shift
	alerts | flowalert "$@" -o flow > told.flow || return
	flowcat -o csv -k "$fields" told.flow | tail -n +2
}

@test "flowalert: the same within the window is one alert with its number, first and last, and the surest's words" {
	printf '%s\n' "0 10 scan slow 10.0.0.1 - 445 0.5 medium" "600 10 scan slow 10.0.0.1 - 445 0.7 medium" \
		"900 10 scan slow 10.0.0.1 - 445 0.6 medium" |
		told alerts,start,end,score,reason,why > out
	[ "$(cat out)" = "3,2026-01-05T00:00:00.000Z,2026-01-05T00:15:10.000Z,0.7,reason of 0.7,n=0.7" ]
}

@test "flowalert: another detector, kind, source, destination or port is another alert" {
	printf '%s\n' "0 1 scan slow 10.0.0.1 10.9.9.9 445 0.5 low" "1 1 beacon slow 10.0.0.1 10.9.9.9 445 0.5 low" \
		"2 1 scan block 10.0.0.1 10.9.9.9 445 0.5 low" "3 1 scan slow 10.0.0.2 10.9.9.9 445 0.5 low" \
		"4 1 scan slow 10.0.0.1 10.9.9.8 445 0.5 low" "5 1 scan slow 10.0.0.1 10.9.9.9 446 0.5 low" \
		"6 1 scan slow - 10.9.9.9 445 0.5 low" "7 1 scan slow 10.0.0.1 - 445 0.5 low" \
		"8 1 scan slow 10.0.0.1 10.9.9.9 - 0.5 low" | told alerts > out
	[ "$(tr -d '\n' < out)" = 111111111 ]
}

@test "flowalert: beyond the window it is another incident, told again only after the cooldown" {
	lines="0 10 scan slow 10.0.0.1 - 445 0.5 low
7200 10 scan slow 10.0.0.1 - 445 0.5 low
7300 10 scan slow 10.0.0.1 - 445 0.5 low"
	[ "$(told start,alerts <<< "$lines")" = 2026-01-05T00:00:00.000Z,1 ]
	[ "$(told start,alerts --cooldown 1h <<< "$lines")" = "2026-01-05T00:00:00.000Z,1
2026-01-05T02:00:00.000Z,2" ]
	[ "$(told start,alerts --window 3h --cooldown 1h <<< "$lines")" = 2026-01-05T00:00:00.000Z,3 ]
}

@test "flowalert: an alert without times is of now" {
	now=$(date +%s)000
	printf 'detector,kind,score,reason\nids,policy,0.9,no times\n' | flowcat -i csv -o flow > timeless.flow
	told=$(flowalert timeless.flow --raw -o ndjson)
	start=$(jq .flowStartMilliseconds <<< "$told")
	[ "$start" -ge "$now" ]
	[ "$start" -le "$(($(date +%s) + 1))000" ]
	[ "$(jq .flowEndMilliseconds <<< "$told")" = "$start" ]
}

@test "flowalert: of many incidents of many hosts none is lost" {
	for at in 0 90000; do
		for n in $(seq 3000); do echo "$at 1 scan slow 10.0.$((n / 250)).$((n % 250)) - 1 0.5 low"; done
	done > many
	[ "$(told srcip < many | sort | uniq -c | awk '$1 == 2' | wc -l)" = 3000 ]
}

@test "flowalert: what gets more severe is told whatever the cooldown" {
	alerts <<< "0 10 scan slow 10.0.0.1 - 445 0.5 medium" | flowalert --state s -o null
	[ -z "$(told alerts --state s <<< "600 10 scan slow 10.0.0.1 - 445 0.5 medium")" ]
	[ "$(told alerts,severity --state s <<< "900 10 scan slow 10.0.0.1 - 445 0.8 high")" = 3,3 ]
	[ -z "$(told alerts --state s <<< "1000 10 scan slow 10.0.0.1 - 445 0.5 medium")" ]
}

@test "flowalert: the state carries incidents from run to run, and the same input again tells nothing" {
	alerts <<< "0 10 scan slow 10.0.0.1 - 445 0.5 low" > one.flow
	[ "$(flowalert --state s one.flow | flowcat -o csv -k alerts | tail -n 1)" = 1 ]
	cp s before
	[ "$(flowalert --state s one.flow -o csv | wc -l)" = 1 ]
	cmp <(flowcat -o ndjson s) <(flowcat -o ndjson before)
	[ -z "$(told alerts --state s <<< "1800 10 scan slow 10.0.0.1 - 445 0.5 low")" ]
	[ "$(told alerts,start --state s --cooldown 2h --window 3h <<< "9000 10 scan slow 10.0.0.1 - 445 0.5 low")" = 3,2026-01-05T00:00:00.000Z ]
	# Two days later it is forgotten, and so are hosts after weeks.
	told alerts --state s <<< "5000000 10 scan slow 10.0.0.9 - 445 0.5 low"
	[ "$(flowcat -o ndjson s | grep -c 10.0.0.1)" = 0 ]
}

@test "flowalert: the same input again tells nothing, though what was told last was less severe than what came before" {
	printf '%s\n' "0 60 scan slow 10.0.0.1 - 445 0.9 critical" "216000 60 scan slow 10.0.0.1 - 445 0.5 medium" | alerts > two.flow
	[ "$(flowalert --state s two.flow -o csv | wc -l)" = 3 ]
	cp s before
	[ "$(flowalert --state s two.flow -o csv | wc -l)" = 1 ]
	cmp <(flowcat -o ndjson s) <(flowcat -o ndjson before)
	# A state of before, which did not remember this, hears it once more.
	flowcat -w old -k '`state`,`first`,`last`,`told`,`weight`,`times`,`grade`,`name`' s
	flowalert --state old two.flow -o null
	[ "$(flowalert --state old two.flow -o csv | wc -l)" = 1 ]
}

@test "flowalert: after incomplete input the state stays as it was" {
	printf '%s\n' "0 1 scan slow 10.0.0.1 - 1 0.5 low" "1 1 scan slow 10.0.0.2 - 2 0.5 low" | alerts > whole.flow
	head -c -10 whole.flow > cut.flow
	run -3 --separate-stderr flowalert --state s cut.flow -o ndjson
	[[ $stderr == *"cut.flow: offset "* ]]
	[ ! -e s ]
}

@test "flowalert: where no state can be written nothing is told, or the next run would tell it again" {
	flowgen -n 20000 --incident scan | flowscan -q -w found.flow
	run -3 --separate-stderr flowalert --state gone/state -o null -x 'cat >> ran' found.flow
	[ "$stderr" = "flowalert: cannot write gone/state: No such file or directory" ]
	[ ! -e ran ]
	ln -s nowhere/state link
	run -3 --separate-stderr flowalert --state link -o null -x 'cat >> ran' found.flow
	[ "$stderr" = "flowalert: cannot write link: it is a symbolic link to a file that is not there" ]
	[ ! -e ran ]
	mkdir gone
	flowalert --state gone/state -o null -x 'cat >> ran' found.flow
	[ -s ran ]
}

@test "flowalert: a state that is there but cannot be written anew is told before anything else" {
	flowgen -n 20000 --incident scan | flowscan -q -w found.flow
	mkdir shut
	flowalert --state shut/state -o null found.flow
	chmod 755 . shut
	chmod 644 shut/state found.flow
	chmod a-w shut
	as=
	[ "$(id -u)" -ne 0 ] || as="setpriv --reuid 65534 --clear-groups"
	run -3 --separate-stderr $as flowalert --state shut/state -o csv found.flow
	chmod u+w shut
	[ "$stderr" = "flowalert: cannot write shut/state: Permission denied" ]
	[ -z "$output" ]
}

@test "flowalert: a state that is none is refused" {
	alerts <<< "0 1 scan slow 10.0.0.1 - 1 0.5 low" > one.flow
	cp one.flow s
	run -3 --separate-stderr flowalert --state s one.flow -o null
	[ "$stderr" = "flowalert: s: no state of flowalert" ]
	flowalert --state s2 one.flow -o null
	head -c -5 s2 > s
	run -3 --separate-stderr flowalert --state s one.flow -o null
	[[ $stderr == *"s: no whole state of flowalert; remove it to begin anew" ]]
	cmp s <(head -c -5 s2)
}

@test "flowalert: alerts are ranked, and -n takes the best" {
	printf '%s\n' "0 1 scan slow 10.0.0.1 - 1 0.2 low" "1 1 scan slow 10.0.0.2 - 2 0.9 high" \
		"2 1 scan slow 10.0.0.3 - 3 0.6 medium" | told srcip -n 2 > out
	[ "$(cat out)" = "10.0.0.2
10.0.0.3" ]
}

@test "flowalert: records that are no alerts are an error, or told where some are" {
	flowgen -n 10 -w day.flow
	run -3 --separate-stderr flowalert day.flow -o csv
	[ "$stderr" = "flowalert: no alerts: records have no detector; of aggregates --when makes some, of flows --rules" ]
	run -0 --separate-stderr bash -c 'flowcat day.flow <(echo) 2> /dev/null; true'
	alerts <<< "0 1 scan slow 10.0.0.1 - 1 0.5 low" > one.flow
	run -0 --separate-stderr flowalert day.flow one.flow -o csv -k srcip
	[ "$stderr" = "flowalert: not taken for alerts: 10 records without a detector" ]
	[ "${lines[1]}" = 10.0.0.1 ]
}

@test "flowalert: no alert at all is an empty output" {
	alerts < /dev/null > none.flow
	[ "$(flowalert none.flow -o csv)" = start,end,srcip,dstip,srcport,dstport,proto,flows,packets,bytes,rpackets,rbytes,detector,kind,score,severity,reason,why,attack,sampling,limits,alerts,subject ]
	flowalert none.flow | flowcat --check -
}

@test "flowalert: the allow-list and suppressions leave out, suppressions with a reason and an end" {
	cat > quiet <<'EOF'
# what was agreed upon
[scanner]
match  = detector == "scan" and src ip 10.0.0.1
until  = 2026-01-05T01:00
reason = the security team's scanner

[ntp]
match  = dstport == 123   # beats by nature
reason = time servers
EOF
	printf '%s\n' "0 1 scan slow 10.0.0.1 - 1 0.5 low" "4000 1 scan slow 10.0.0.1 - 2 0.5 low" \
		"0 1 beacon beat 10.0.0.1 192.0.2.1 123 0.5 low" "0 1 beacon beat 10.0.0.1 192.0.2.1 443 0.5 low" | alerts > a.flow
	run -0 --separate-stderr flowalert --suppress quiet -o csv -k dstport a.flow
	[ "$output" = "dstport
443
2" ]
	[ "$stderr" = "flowalert: [scanner] expired at 2026-01-05T01:00:00Z (the security team's scanner): 1 alert of it told" ]
	run -0 --separate-stderr flowalert -q -v --suppress quiet -o null a.flow
	[[ $stderr == *"[ntp] suppressed 1 alert (time servers)"* ]]
	echo "192.0.2.1:443" > allow
	[ "$(flowalert -a allow -o csv -k dstport a.flow | tail -n +2 | sort | tr '\n' ' ')" = "1 123 2 " ]
	# A day is in it to its end.
	printf '[day]\nmatch = true\nuntil = 2026-01-05\nreason = all of it\n' > quiet
	[ "$(flowalert --suppress quiet -o csv a.flow | wc -l)" = 1 ]
}

@test "flowalert: what is suppressed is not held against a host, nor remembered" {
	printf '[all]\nmatch = true\nreason = silence\n' > quiet
	alerts <<< "0 1 scan slow 10.0.0.1 - 1 0.5 low" | flowalert --state s --suppress quiet -o null
	[ "$(flowcat -o ndjson s | wc -l)" = 1 ]
}

@test "flowalert: what is wrong with a suppression file is said with its line, its place and what was meant" {
	printf '[a]\nmatch = detector == "scan" adn srcip\nreason = x\n[b]\nmatc = true\n' > bad
	run -2 --separate-stderr flowalert --check --suppress bad
	[ "$stderr" = "flowalert: bad: line 5: there is no such key
    matc = true
    ^~~~
    did you mean 'match'?
flowalert: bad: line 2: match: expected 'and', 'or' or the end, found 'adn'
    detector == \"scan\" adn srcip
                       ^~~
    did you mean 'and'?
flowalert: bad: line 4: [b] has no match: an expression
flowalert: bad: line 4: [b] has no reason: why it is suppressed" ]
	printf '[a]\nmatch = true\n' > bad
	run -2 --separate-stderr flowalert --check --suppress bad
	[ "$stderr" = "flowalert: bad: line 1: [a] has no reason: why it is suppressed" ]
	printf '[a]\nmacht = true\nreason = x\n[b\nmatch = true\n[c]\nmatch = true\nresaon = x\n' > bad
	run -2 --separate-stderr flowalert --check --suppress bad
	[ "$(grep -o '^flowalert: bad: line .*' <<< "$stderr")" = "flowalert: bad: line 2: there is no such key
flowalert: bad: line 4: ']' is expected behind the name
flowalert: bad: line 8: there is no such key
flowalert: bad: line 1: [a] has no match: an expression
flowalert: bad: line 6: [c] has no reason: why it is suppressed" ]
	printf '[a]\nmatch = true\nuntil = soon\nreason = x\n' > bad
	run -2 --separate-stderr flowalert --suppress bad /dev/null
	[ "$stderr" = "flowalert: bad: line 3: until: no time; write 2026-12-31, 2026-12-31T18:00 or never
    until = soon
            ^~~~" ]
	run -2 --separate-stderr flowalert --check --suppress nowhere
	[ "$stderr" = "flowalert: nowhere: No such file or directory" ]
	printf '[a]\nmatch = true\nreason = x\n' > good
	run -0 --separate-stderr flowalert --check --suppress good
	[ -z "$stderr$output" ]
	# Without their options files are not looked at.
	run -2 --separate-stderr flowalert --check bad
	[[ $stderr == "flowalert: --check looks at the files of --rules and --suppress, not at 'bad'"* ]]
}

@test "flowalert: hosts are ranked; several detectors weigh more than many alerts of one; age fades" {
	{
		for i in 1 2 3 4 5 6 7 8; do echo "$i $((9 - i)) scan slow 10.0.0.1 - $i 0.9 high"; done
		echo "1 8 scan slow 10.0.0.2 - 1 0.9 high"
		echo "1 8 beacon beat 10.0.0.2 192.0.2.1 1 0.9 high"
		echo "1 8 exfil volume 10.0.0.2 192.0.2.1 1 0.9 high"
		echo "1 8 probe x 192.0.2.9 10.0.0.3 1 0.5 medium"
	} | told srcip,kind,alerts,why,reason --hosts > out
	[ "$(cut -d, -f1-3 out)" = "10.0.0.2,several,3
10.0.0.1,one,8
10.0.0.3,one,1" ]
	[[ $(sed -n 1p out) == *"beacon=0.9 exfil=0.9 scan=0.9 half_life=259200.000"*"3 alerts of beacon, exfil, scan"* ]]
	# The formula of the manual, from the numbers of why.
	flowcat -o csv -k score,why told.flow | tail -n +2 | python3 -c '
import csv, math, sys
for score, why in csv.reader(sys.stdin):
	left = 1
	for word in why.split():
		key, value = word.split("=")
		if key != "half_life":
			left *= 1 - 0.6 * (1 - math.exp(-float(value)))
	assert abs(1 - left - float(score)) < 1e-5, (score, why)'
	printf '%s\n' "0 1 scan slow 10.0.0.1 - 1 0.9 high" "259200 1 scan slow 10.0.0.2 - 1 0.9 high" | told srcip,why --hosts > out
	[[ $(sed -n 1p out) == 10.0.0.2,*scan=0.9* ]]
	[[ $(sed -n 2p out) == 10.0.0.1,*scan=0.45* ]]
	alerts <<< "0 1 scan slow 10.0.0.1 - 1 0.9 high" | flowalert --state s -o null
	[[ $(told why --state s --hosts --half-life 1d <<< "86400 1 scan slow 10.0.0.1 - 7 0.4 low") == *scan=0.85* ]]
}

# Aggregates: BIN KEY BYTES a line.
bins() {
	{
		echo end,dstip,bytes,packets
		while read -r bin key bytes; do echo "$((t0 + bin * 300)),$key,$bytes,1"; done
	} | flowcat -i csv -o flow
}

when() {
	local fields=$1

	shift
	bins | flowalert --when 'bytes > 1000' "$@" -o flow > told.flow || return
	flowcat -o csv -k "$fields" told.flow | tail -n +2
}

@test "flowalert: a threshold that is true so many bins in a row is an alert, a gap begins anew" {
	printf '%s\n' "0 10.0.0.1 2000" "1 10.0.0.1 2000" "2 10.0.0.1 2000" "0 10.0.0.2 2000" "1 10.0.0.2 2000" "2 10.0.0.2 5" \
		"3 10.0.0.2 2000" "0 10.0.0.3 2000" "2 10.0.0.3 2000" "3 10.0.0.3 2000" > lines
	[ "$(when dstip,detector,kind,severity,bytes,start,end,reason --for 3 --name much --severity high < lines)" = \
		'10.0.0.1,threshold,much,3,2000,2026-01-05T00:00:00.000Z,2026-01-05T00:15:00.000Z,"bytes > 1000, 3 times in a row: bytes=2000 packets=1"' ]
	[ "$(when dstip --for 1 < lines | sort | tr '\n' ' ')" = "10.0.0.1 10.0.0.2 10.0.0.3 " ]
	# Unsorted input is as good.
	[ "$(sort -R lines | when dstip --for 3)" = 10.0.0.1 ]
}

@test "flowalert: a streak goes on in the next run, and input that was looked at before does not count" {
	for i in 0 1; do when dstip --state s --for 3 <<< "$i 10.0.0.1 2000"; done > out
	when dstip --state s --for 3 <<< "1 10.0.0.1 2000" >> out
	[ ! -s out ]
	[ "$(when dstip,why --state s --for 3 <<< "2 10.0.0.1 2000")" = "10.0.0.1,bytes=2000 packets=1 times=3 for=3 bin=300.000" ]
	[ -z "$(when dstip --state s --for 3 <<< "3 10.0.0.1 2000")" ] # known
	when dstip --state s --for 3 <<< "5 10.0.0.1 2000" > out
	[ ! -s out ]
	[ "$(flowcat -o ndjson s | grep -c '"state":5')" = 1 ]
	when dstip --state s --for 3 <<< "9 10.0.0.2 1"
	[ "$(flowcat -o ndjson s | grep -c '"state":5')" = 0 ] # a streak that cannot go on is forgotten
}

@test "flowalert: without bins each run counts" {
	one() { printf 'dstip,bytes\n10.0.0.1,%s\n' "$1" | flowcat -i csv -o flow | flowalert --when 'bytes > 9' --for 2 --state s -o csv -k dstip | tail -n +2; }
	[ -z "$(one 10)" ]
	[ "$(one 10)" = 10.0.0.1 ]
	rm s
	[ -z "$(one 10; one 1; one 10)" ]
	[ "$(one 10)" = 10.0.0.1 ]
}

@test "flowalert: keys without a place in alerts are their subject; --by says which count" {
	printf 'end,input,dstip,bytes\n%s,7,10.0.0.1,2000\n%s,8,10.0.0.1,2000\n' $t0 $t0 | sed 's/input/inif/' | flowcat -i csv -o flow > a.flow
	[ "$(flowalert --when 'bytes > 1000' a.flow -o csv -k subject,dstip | tail -n +2 | sort)" = "inif=7,10.0.0.1
inif=8,10.0.0.1" ]
	flowalert --when 'bytes > 1000' --by dstip a.flow -o csv -k subject,dstip,alerts,why | tail -n +2 > out
	[ "$(wc -l < out)" = 1 ]
	[[ $(cat out) == ",10.0.0.1,1,inif=7 bytes=2000"* ]]
}

@test "flowalert: thresholds are read from what flowagg writes" {
	flowgen -n 20000 --incident all -w day.flow
	flowagg -k dstip,end/5m -v 'flows,distinct(srcip)' day.flow |
		flowalert --when 'distinct_srcip > 3' --for 2 -o csv -k dstip,why > out
	[[ $(sed -n 2p out) == *"distinct_srcip="*"for=2 bin=300.000" ]]
	for args in "--for 3" "--by srcip" "--name n" "--severity high"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowalert $args day.flow
		[[ $stderr == "flowalert: --for, --by, --name and --severity are of --when"* ]]
	done
	run -2 --separate-stderr flowalert --when 'bytes >' day.flow
	[[ $stderr == "flowalert: --when: expected "*"found the end"* ]]
}

@test "flowalert: a full disk is an error, and the state is not touched" {
	alerts <<< "0 1 scan slow 10.0.0.1 - 1 0.5 low" > one.flow
	run -3 --separate-stderr flowalert --state s one.flow -o csv -w /dev/full
	[ ! -e s ]
	run -3 --separate-stderr bash -c 'flowalert --state s one.flow -o csv > /dev/full'
	[ ! -e s ]
}

# Alerts with everything that a format may stumble over, as csv.
hostile() {
	cat <<'EOF'
start,end,srcip,dstip,dstport,proto,flows,bytes,rbytes,detector,kind,score,severity,reason,why,attack,limits,subject
1767571200.25,1767571210,10.0.0.1,192.0.2.9,445,6,3,1000,200,scan,slow,0.97,critical,"a | b = c \\ ] ""q"" 'x' {""k"":1}",n=1,"T1046,T1071.001",,
1767571201,1767571211,10.0.0.2,192.0.2.9,53,17,3,1000,200,scan,slow,0.8,high,"two\x0alines\x0d\x09 and \x1b[31m red \x00",n=1,'; DROP TABLE,,
1767571202,1767571212,2001:db8::1,2001:db8::2,443,6,3,1000,200,beacon,bad]kind|=,0.6,medium,"not \xff\xfe UTF-8 \xe2\x82 é 漢 🂡",n=1,"T10,Txxxx,T1071",sampled 1 in 10: half,
1767571203,1767571213,,192.0.2.7,,,3,1000,200,anom,"k""ind",0.3,low,,n=1,,,iface=7 a]b
1767571204,1767571214,,,,,3,1000,200,anom,total,0.3,low,nobody,n=1,,,network
EOF
	printf '1767571205,1767571215,10.0.0.9,,,,1,1,1,scan,long,0.3,low,%s,%s,,,\n' "$(printf 'x%.0s' $(seq 3000))" "n=1"
}

# What the alerts are, as the readers of formats print it.
expected() {
	hostile | flowcat -i csv -o ndjson -k detector,kind,reason,srcip,dstip,dstport,severity,score | python3 -c '
import json, sys
names = ["", "low", "medium", "high", "critical"]
rows = [json.loads(line) for line in sys.stdin]
for d in sorted(rows, key=lambda d: (-d["score"], -d["severity"])):
	print(json.dumps({"detector": d["detector"], "kind": d["kind"], "reason": d.get("reason", ""), "src": d.get("srcip"),
		"dst": d.get("dstip"), "dstport": d.get("dstport"), "alerts": 1, "severity": names[d["severity"]]}, sort_keys=True))'
}

@test "flowalert: ecs is JSON that holds whatever the alert says" {
	hostile | flowalert -i csv -o ecs > out
	python3 "$REPO/tests/tools/alert_formats.py" ecs < out > read
	# A text ends at its NUL.
	diff read <(expected | sed 's/\\u0000//')
	[[ $(sed -n 1p out) == *'"technique":{"id":["T1046","T1071"],"subtechnique":{"id":["T1071.001"]}}'* ]]
	[[ $(sed -n 2p out) != *'"threat"'* ]]
	[[ $(sed -n 3p out) == *'"technique":{"id":["T1071"]}'* ]]
}

@test "flowalert: counters that an alert does not have are in no format" {
	{
		echo start,end,srcip,bytes,detector,kind,score,reason,why
		echo 1,2,10.0.0.1,5,exfil,volume,0.9,much,n=1
	} > volume.csv
	flowalert -i csv -o ecs volume.csv > out
	grep -q '"ip":"10.0.0.1","bytes":5}' out
	[ "$(grep -c '"packets"\|"flows"\|:0[,}]' out)" = 0 ]
	flowalert -i csv -o cef volume.csv > out
	grep -q ' in=5 cnt=1 cat=' out
	flowalert -i csv -o syslog volume.csv > out
	grep -q ' alerts="1" bytes="5" why=' out
	flowalert -i csv -o stix volume.csv > out
	grep -q '"src_byte_count":5}' out
	flowalert -i csv -o csv -k flows,packets,bytes,rpackets,rbytes volume.csv > out
	[ "$(tail -n 1 out)" = 0,,5,, ]
}

@test "flowalert: cef escapes pipes in the header, equals signs and line ends behind it" {
	hostile | flowalert -i csv -o cef > out
	python3 "$REPO/tests/tools/alert_formats.py" cef < out > read
	# Control characters but line ends are text.
	sed 's/\\u001b/\\\\x1b/; s/\\t/\\\\x09/; s/\\u0000//; s/x\{3000\}/'"$(printf 'x%.0s' $(seq 1023))"'/; s/"reason": ""/"reason": null/' <(expected) > want
	diff read want
	[[ $(sed -n 1p out) == "CEF:0|flowkit|flowalert|"*"|scan:slow|scan slow|10|start=1767571200250 end=1767571210000 rt=1767571210000 src=10.0.0.1 dst=192.0.2.9 dpt=445 proto=TCP in=1000 out=200 cnt=1 cn1=3 cn1Label=flows cat=scan externalId="*' msg=a | b \= c \\ ] "q" '*' cs1=n\=1 cs1Label=why cs2=T1046,T1071.001 cs2Label=attack' ]]
	[[ $(sed -n 3p out) == *"|beacon:bad]kind\\|=|"*"c6a2=2001:db8::1 c6a2Label=Source IPv6 Address"* ]]
}

@test "flowalert: syslog is RFC 5424, its structured data escaped" {
	hostile | flowalert -i csv -o syslog --facility auth > out
	python3 "$REPO/tests/tools/alert_formats.py" syslog < out > read
	sed 's/\\n/\\\\x0a/; s/\\r/\\\\x0d/; s/\\u001b/\\\\x1b/; s/\\t/\\\\x09/; s/\\u0000//; s/x\{3000\}/'"$(printf 'x%.0s' $(seq 1024))"'/' <(expected) > want
	diff read want
	[[ $(sed -n 1p out) == "<34>1 2026-01-05T00:00:10.000Z "*" flowalert - slow [flowkit@32473 id="* ]]
	[[ $(sed -n 3p out) == *' kind="bad\]kind|="'* ]]
	[ "$(cut -c 1-4 out | tr '\n' ' ')" = "<34> <35> <36> <37> <37> <37> " ]
}

@test "flowalert: an alert's text cannot make a message of its own" {
	printf 'start,end,srcip,detector,kind,score,reason,why\n1,2,10.0.0.1,scan,"x\\x0aflowalert: all is well",0.9,r,n=1\n' > line.csv
	run -3 --separate-stderr flowalert -i csv -o null -x false line.csv
	[ "$stderr" = "flowalert: --exec: scan x flowalert: all is well 10.0.0.1: exit status 1" ]
}

@test "flowalert: syslog has every counter of an alert, and what it stands for" {
	{
		echo start,end,srcip,packets,bytes,rpackets,rbytes,sampling,detector,kind,score,reason,why
		echo 1,2,10.0.0.1,3,400,5,600,100,exfil,volume,0.9,much,n=1
	} | flowalert -i csv -o syslog > out
	grep -q ' packets="3" bytes="400" rpackets="5" rbytes="600" sampling="100" why=' out
}

@test "flowalert: what a terminal does not show of a text is text in cef and syslog, its backslash escaped" {
	{
		echo start,end,srcip,detector,kind,score,reason,why
		printf '1,2,10.0.0.1,scan,a\342\200\256b,0.9,c\342\200\213d,e\342\200\256f=1\n'
	} > unseen.csv
	flowalert -i csv -o cef unseen.csv > out
	grep -qF '|scan:a\\xe2\\x80\\xaeb|' out
	grep -qF ' msg=c\\xe2\\x80\\x8bd ' out
	python3 "$REPO/tests/tools/alert_formats.py" cef < out
	flowalert -i csv -o syslog unseen.csv > out
	grep -qF ' why="e\\xe2\\x80\\xaef=1"' out
	grep -qF 'c\xe2\x80\x8bd' out # a message has no escapes
	python3 "$REPO/tests/tools/alert_formats.py" syslog < out
}

@test "flowalert: stix is a bundle whose objects are whole, refer to each other and have the identifiers of the standard" {
	hostile | flowalert -i csv -o stix > out
	python3 "$REPO/tests/tools/alert_formats.py" stix < out > read
	expected | sed 's/\\u0000//' | grep -v nobody > want
	echo '{"reason": "nobody"}' >> want
	diff <(sort read) <(sort want)
	# The same alerts are the same objects.
	hostile | flowalert -i csv -o stix | cmp - out
	flowalert -o stix <(hostile | head -n 1 | flowcat -i csv -o flow) | python3 "$REPO/tests/tools/alert_formats.py" stix
	# Told again, the same incident has the same identifier.
	id() { grep -o '"indicator--[^"]*"' "$1" | sort -u; }
	alerts <<< "0 10 scan slow 10.0.0.1 - 445 0.5 low" | flowalert --state s -o stix > first
	alerts <<< "900 10 scan slow 10.0.0.1 - 445 0.9 high" | flowalert --state s -o stix > second
	[ "$(id first)" = "$(id second)" ]
	python3 "$REPO/tests/tools/alert_formats.py" stix < second
	# Of damaged input what is good is a bundle too.
	alerts <<< "0 10 scan slow 10.0.0.1 - 445 0.5 low" > good.flow
	(cat good.flow; head -c 300 good.flow) > damaged.flow
	run -3 --separate-stderr flowalert -o stix damaged.flow
	python3 "$REPO/tests/tools/alert_formats.py" stix <<< "$output"
}

@test "flowalert: lines go to a socket, each in a datagram, cef with the header of syslog" {
	python3 - <<'EOF' &
import socket
sockets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sockets[0].bind(("127.0.0.1", 0))
sockets[1].bind("log")
open("port.tmp", "w").write(str(sockets[0].getsockname()[1]))
import os
os.rename("port.tmp", "port")
for s, name in zip(sockets, ("udp", "unix")):
    s.settimeout(20)
    with open(name, "wb") as f:
        for _ in range(2):
            data = s.recv(65536)
            assert b"\n" not in data
            f.write(data + b"\n")
EOF
	for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
	printf '%s\n' "0 1 scan slow 10.0.0.1 - 1 0.5 low" "1 1 scan slow 10.0.0.2 - 2 0.6 low" | alerts > a.flow
	flowalert --to "udp:127.0.0.1:$(cat port)" a.flow
	flowalert --to unix:log -o cef a.flow
	wait $!
	python3 "$REPO/tests/tools/alert_formats.py" syslog < udp | grep -c '"detector": "scan"' | grep -x 2
	[[ $(head -n 1 unix) == "<133>1 "*" flowalert - slow - CEF:0|flowkit|"* ]]
	# What is too long for a datagram is told, and in nobody's way.
	python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("log2"); s.settimeout(20)
open("log2.got", "wb").write(s.recv(1000000))' &
	for _ in $(seq 100); do [ -e log2 ] && break; sleep 0.05; done
	{
		echo start,end,srcip,detector,kind,score,reason,why
		printf '1,2,10.0.0.1,scan,slow,0.9,%s,n=1\n' "$(head -c 1000000 /dev/zero | tr '\0' x)"
		echo 1,2,10.0.0.2,scan,slow,0.5,short,n=1
	} > long.csv
	run -0 --separate-stderr flowalert -i csv --to unix:log2 -o ecs long.csv
	wait $!
	[ "$stderr" = "flowalert: --to: 1 alert too long for a datagram, and not sent" ]
	grep -q '"10.0.0.2"' log2.got
	run -3 --separate-stderr flowalert --to unix:nobody a.flow
	[[ $stderr == "flowalert: unix:nobody: "* ]]
	# One who is there and reads nothing is not waited for for ever.
	python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("full"); time.sleep(60)' &
	for _ in $(seq 100); do [ -e full ] && break; sleep 0.05; done
	for n in $(seq 1000); do echo "0 1 scan slow 10.1.$((n / 250)).$((n % 250)) - 1 0.5 low"; done | alerts > many.flow
	run -3 --separate-stderr timeout 40 flowalert --state full.state --to unix:full many.flow
	kill $!
	[ "$stderr" = "flowalert: --to: the receiver took nothing for 10 seconds" ]
	[ ! -e full.state ]
	run -2 --separate-stderr flowalert --to syslog.example:514 a.flow
	[ "$stderr" = "flowalert: --to: 'syslog.example:514' is none of udp:HOST[:PORT], unix:PATH; try 'flowalert --help'" ]
	run -2 --separate-stderr flowalert --to tcp:1.2.3.4:5 a.flow
	[[ $stderr == *"is none of udp:HOST[:PORT], unix:PATH"* ]]
	run -2 flowalert --to unix:log -o stix a.flow
	run -2 flowalert --to unix:log -o csv a.flow
	run -2 flowalert --to unix:log -w file a.flow
}

@test "flowalert: a file of a format appears whole, a full disk and a closed pipe are seen" {
	alerts <<< "0 1 scan slow 10.0.0.1 - 1 0.5 low" > one.flow
	flowalert -o stix -w out.json one.flow
	python3 "$REPO/tests/tools/alert_formats.py" stix < out.json
	head -c -10 one.flow > cut.flow
	run -3 flowalert -o ecs -w new.json cut.flow
	[ ! -e new.json ]
	[ -e new.json.incomplete ]
	for o in ecs cef syslog stix; do
		run -3 --separate-stderr flowalert -o $o -w /dev/full --state s one.flow
		[ -n "$stderr" ]
		run -3 --separate-stderr bash -c "flowalert -o $o --state s one.flow > /dev/full"
		[[ $stderr == *"No space left"* ]]
	done
	[ ! -e s ]
	run -2 --separate-stderr flowalert -o xml one.flow
	[[ $stderr == *"unknown output format 'xml'; known are: flow table csv tsv json ndjson ipfix null ecs cef syslog stix"* ]]
}

@test "flowalert: a command runs for each alert, with its record as JSON on standard input" {
	printf '%s\n' "0 1 scan slow 10.0.0.1 - 1 0.5 low" "1 1 scan slow 10.0.0.2 - 2 0.6 low" "2 1 scan slow 10.0.0.3 - 3 0.7 low" |
		alerts | flowalert -o csv -k srcip -x 'cat > got.$$' > out
	[ "$(wc -l < out)" = 4 ] # what a command prints is no output of ours
	cat got.* | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert sorted(r["srcip"] for r in rows) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"], rows
assert all(r["detector"] == "scan" and r["alerts"] == 1 for r in rows)'
	rm got.*
	printf '%s\n' "0 1 scan slow 10.0.0.1 - 1 0.5 low" "1 1 scan slow 10.0.0.2 - 2 0.6 low" | alerts |
		flowalert -n 1 -o null -x 'cat > got.$$'
	[ "$(cat got.* | wc -l)" = 1 ]
}

@test "flowalert: nothing of an alert is part of what the shell reads" {
	cat > evil.csv <<'EOF'
start,end,srcip,detector,kind,score,reason,why,subject
1,2,10.0.0.1,"$(touch pwned)","`touch pwned`; touch pwned",0.5,"'; touch pwned; '","\x0atouch pwned\x0a","$(touch pwned)"
EOF
	flowalert -i csv -o null -x 'cat > got; printf "%s" "$0 $*" > args; env > environment' evil.csv
	[ ! -e pwned ]
	[ "$(cat args)" = "flowalert " ]
	run -1 grep "touch" environment
	grep -q 'touch pwned' got
}

@test "flowalert: a command that fails is told, the others run, and the exit status says so" {
	printf '%s\n' "0 1 scan slow 10.0.0.1 - 1 0.5 low" "1 1 scan slow 10.0.0.2 - 2 0.6 low" | alerts > a.flow
	run -3 --separate-stderr flowalert --state s -o csv -k srcip -x 'grep -q 10.0.0.1 || exit 7; touch ran' a.flow
	[ "$stderr" = "flowalert: --exec: scan slow 10.0.0.2: exit status 7" ]
	[ "${#lines[@]}" = 3 ]
	[ -e ran ]
	[ -e s ]
	run -3 --separate-stderr flowalert -o null -x 'kill -9 $$' a.flow
	[[ $stderr == *"killed by signal 9"* ]]
	# Who does not read its input, and who reads nothing.
	run -0 flowalert -o null -x true a.flow
	# Started by somebody who ignores how processes end.
	run -0 bash -c "trap '' CHLD; exec flowalert -o null -x true a.flow"
	[ -z "$output" ]
}

@test "flowalert: a command that hangs is ended, several run at a time" {
	for i in 1 2 3 4 5 6 7 8; do echo "$i 1 scan slow 10.0.0.$i - 1 0.5 low"; done | alerts > a.flow
	start=$(date +%s%N)
	flowalert -o null -x 'sleep 0.5' --exec-jobs 8 a.flow
	[ $((($(date +%s%N) - start) / 1000000)) -lt 3500 ]
	run -3 --separate-stderr flowalert -n 1 -o null -x 'sleep 60 & sleep 60' --exec-time 200ms a.flow
	[[ $stderr == *"not done in time"* ]]
	# As long as can be said: behind it no time is.
	run -0 flowalert -n 1 -o null -x 'sleep 0.1' --exec-time 106751d23h47m16s a.flow
	run -2 flowalert -x true --exec-jobs 0 a.flow
	run -2 flowalert -x true --exec-time never a.flow
}

# Flows from lines of OFFSET_S SRC DST SPORT DPORT PROTO PACKETS BYTES [COUNTRY].
flows() {
	local at src dst sport dport proto packets bytes country

	{
		echo start,end,srcip,dstip,srcport,dstport,proto,packets,bytes,ixiaDstCountryCode
		while read -r at src dst sport dport proto packets bytes country; do
			echo "$((t0 + at)),$((t0 + at + 1)),$src,$dst,$sport,$dport,$proto,$packets,$bytes,$country"
		done
	} | flowcat -i csv -o flow
}

# The Nth block of the examples of flowrules(5).
example() {
	awk -v want="$1" '/^\.Sh EXAMPLES/ {p = 1} p && /^\.Bd -literal/ {n++; b = n == want; next} /^\.Ed/ {b = 0} b' \
		"$REPO/man/flowrules.5" | sed 's/\\e/\\/g; s/\\&//g'
}

@test "flowalert: rules put flows together by keys and window, and a threshold decides" {
	cat > rules <<'EOF'
[many]
match     = dst port 445
keys      = srcip
window    = 5m
threshold = flows >= 3 and distinct(dstip) > 2   # three at least
severity  = high
score     = 0.77
attack    = T1021.002, T1046
note      = SMB to many
EOF
	{
		for i in 1 2 3; do echo "$i 10.0.0.1 10.0.1.$i 999 445 6 1 40"; done
		for i in 1 2 3; do echo "$i 10.0.0.2 10.0.1.1 999 445 6 1 40"; done
		for i in 1 2 400; do echo "$i 10.0.0.3 10.0.1.$i 999 445 6 1 40"; done
		for i in 1 2 3; do echo "$i 10.0.0.4 10.0.1.$i 999 80 6 1 40"; done
	} | sed 's/10.0.1.400/10.0.1.40/' | flows > a.flow
	flowalert --rules rules a.flow -o csv -k detector,kind,srcip,dstip,flows,bytes,score,severity,attack,reason,why,start,end | tail -n +2 > out
	[ "$(cat out)" = 'rule,many,10.0.0.1,,3,120,0.77,3,"T1021.002,T1046","SMB to many: 3 flows, 120 octets (flows >= 3 and distinct(dstip) > 2)",flows=3 packets=3 bytes=120 distinct_dstip=3 window=300.000,2026-01-05T00:00:01.000Z,2026-01-05T00:00:04.000Z' ]
	sed -i '/window/d' rules
	[ "$(flowalert --rules rules a.flow -o csv -k srcip | tail -n +2 | sort | tr '\n' ' ')" = "10.0.0.1 10.0.0.3 " ]
	# However many threads look.
	[ "$(flowalert -j 1 --rules rules a.flow -o csv)" = "$(flowalert -j 4 --rules rules a.flow -o csv)" ]
}

@test "flowalert: rules without keys, with networks and other fields as keys" {
	printf '[all]\nmatch = dst port 53\n[net]\nmatch = dst port 53\nkeys = srcip/24, dstport, ipVersion\n' > rules
	printf '%s\n' "1 10.0.0.1 192.0.2.1 9 53 17 1 70" "2 10.0.0.2 192.0.2.1 9 53 17 1 70" | flows |
		flowalert --rules rules -o csv -k kind,srcip,dstport,subject,flows | tail -n +2 | sort > out
	[ "$(cat out)" = "all,,,,2
net,,53,srcip=10.0.0.0/24,2" ]
	printf '2001:db8:0:1::5 53\n' > /dev/null
	echo "1 2001:db8:0:1::5 2001:db8::1 9 53 17 1 70" | flows | flowalert --rules rules -o csv -k subject | grep -qx srcip=2001:db8:0:1::/64
}

@test "flowalert: sampled records say so in the alerts of rules" {
	printf '[dns]\nmatch = dst port 53\nkeys = srcip\n' > rules
	printf 'start,end,srcip,dstport,packets,bytes,sampling\n1,2,10.0.0.1,53,1,70,100\n' | flowalert -i csv --rules rules -o csv -k limits,sampling | tail -n 1 > out
	[ "$(cat out)" = '"sampled 1 in 100: numbers are those of the packets picked, most flows are unseen",100' ]
	printf 'start,end,srcip,dstport,packets,bytes,sampling\n1,2,10.0.0.1,53,1,70,100\n1,2,10.0.0.1,53,1,70,1000\n' |
		flowalert -i csv --rules rules -o csv -k limits,sampling | tail -n 1 > out
	[ "$(cat out)" = '"sampled at different intervals, up to 1 in 1000: numbers are added up as they were counted, most flows are unseen",1000' ]
	printf 'start,end,srcip,dstport,packets,bytes,sampling\n1,2,10.0.0.1,53,1,70,100\n1,2,10.0.0.1,53,1,70,1\n' |
		flowalert -i csv --rules rules -o csv -k limits,sampling | grep -q '"sampled at different intervals, up to 1 in 100:'
}

@test "flowalert: the set of rules of the manual finds what it says, and nothing else" {
	example 1 > rules
	echo "192.0.2.66 # c2" > c2.txt
	day=86400
	{
		echo "1 198.51.100.1 10.0.0.5 999 23 6 10 900"
		echo "1 198.51.100.1 10.0.0.6 999 23 6 1 40"    # a knock
		echo "1 10.0.0.9 10.0.0.5 999 23 6 10 900"      # from inside
		echo "2 10.0.0.5 198.51.100.2 999 445 6 20 9000"
		echo "2 10.0.0.5 10.0.0.7 999 445 6 20 9000"
		for i in 1 2 3 4 5; do echo "$((3600 + i)) 10.0.0.8 8.8.8.8 999 53 17 1 70"; done
		for i in 1 2 3 4 5; do echo "$((3600 + i)) 10.0.0.8 10.0.0.53 999 53 17 1 70"; done
		for i in 1 2 3 4 5; do echo "$((3600 + i)) 10.0.0.53 8.8.8.8 999 53 17 1 70"; done
		echo "4 10.0.0.11 192.0.2.66 999 443 6 20 9000"
		echo "5 10.2.0.11 10.0.0.12 999 3389 6 20 9000"
		echo "5 10.1.0.11 10.0.0.12 999 3389 6 20 9000"
		echo "6 10.0.0.13 198.51.100.9 0 0 1 200 240000"
		echo "6 10.0.0.14 198.51.100.9 0 0 1 200 16800"
		echo "7 10.0.0.15 198.51.100.3 999 443 6 20 9000 CH"
		echo "$((20 * day)) 10.0.0.15 198.51.100.3 999 443 6 20 9000 CH"
		echo "$((20 * day)) 10.0.0.15 203.0.113.3 999 443 6 20 9000 XY"
	} | flows > a.flow
	flowalert --rules rules a.flow -o csv -k kind,srcip,dstip,dstport,subject | tail -n +2 | sort > out
	diff out - <<'EOF'
admin-from-client,10.2.0.11,10.0.0.12,3389,
cleartext-admin,198.51.100.1,10.0.0.5,23,
dns-elsewhere,10.0.0.8,8.8.8.8,,
first-country,,,,ixiaDstCountryCode=XY
icmp-tunnel,10.0.0.13,198.51.100.9,,
listed,10.0.0.11,192.0.2.66,,
smb-out,10.0.0.5,198.51.100.2,,
EOF
	example 2 > quiet
	run -0 --separate-stderr flowalert --check --rules rules --suppress quiet
	[ -z "$output$stderr" ]
}

@test "flowalert: what is first is remembered from run to run, and learned before it is told" {
	printf '[new]\nmatch = true\nkeys = dstip\nfirst = 2h\n' > rules
	one() { echo "$1 10.0.0.1 $2 9 443 6 1 70" | flows | flowalert --rules rules --state s -o csv -k subject,dstip | tail -n +2; }
	[ -z "$(one 0 192.0.2.1; one 3600 192.0.2.2; one 9000 192.0.2.2)" ]
	[ "$(one 9100 192.0.2.3)" = ,192.0.2.3 ]
	[ -z "$(one 9200 192.0.2.3; one 900000 192.0.2.3; one 900000 192.0.2.1)" ]
	[ "$(one 900001 192.0.2.4)" = ,192.0.2.4 ]
}

@test "flowalert: what is wrong with rules is said with line, place and suggestion, all of it at once" {
	cat > rules <<'EOF'
[a]
match = dst prot 53
[b]
match = true
keys = srcip, dstpi
[c]
match = true
window = soon
[d]
match = true
threshold = distinct(dstpi) > 3
[e]
match = true
first = 1h
[f]
match = true
severity = urgent
[g]
keys = srcip
[h]
match = true
attack = T1046,T99
[i]
match     = dst port 53
            nad src port 53
[j]
match = true
window = 5m
threshold = bps > 1M
EOF
	run -2 --separate-stderr flowalert --check --rules rules
	diff - <(echo "$stderr") <<'EOF'
flowalert: rules: line 2: match: expected ip, net, port, as, mask, mac, vlan or tos behind the direction, found 'prot'
    dst prot 53
        ^~~~
    did you mean 'port'?
flowalert: rules: line 5: keys: unknown field 'dstpi'; did you mean 'dstip'?
    keys = srcip, dstpi
           ^~~~~~~~~~~~
flowalert: rules: line 8: window: no duration; write 5m, 1h or 1d
    window = soon
             ^~~~
flowalert: rules: line 11: threshold: unknown field 'distinct(dstpi)'; --help-fields lists them
    distinct(dstpi) > 3
    ^~~~~~~~~~~~~~~
flowalert: rules: line 14: first: without keys nothing is the first
    first = 1h
            ^~
flowalert: rules: line 17: severity: none of low, medium, high, critical
    severity = urgent
               ^~~~~~
flowalert: rules: line 18: [g] has no match: an expression
flowalert: rules: line 22: attack: no technique of ATT&CK; write T1046 or T1071.001, commas between
    attack = T1046,T99
                   ^~~
flowalert: rules: line 24: match: expected 'and', 'or' or the end, found 'nad'
                nad src port 53
                ^~~
    did you mean 'and'?
flowalert: rules: line 29: threshold: a window has no end, duration or rate; write bytes > 1G for those
    threshold = bps > 1M
                ^~~~~~~~
EOF
	# Of one section too.
	cat > rules <<'EOF'
[a]
match = dst prot 53
keys = srcip, dstpi
window = soon
threshold = flows >
first = never
severity = urgent
score = 2
attack = T1
[b]
match = true
keys = nothing
threshold = srcip = 10.0.0.1
first = 1h
EOF
	run -2 --separate-stderr flowalert --check --rules rules
	[ "$(grep -o '^flowalert: rules: line [0-9]*: [a-z]*:' <<< "$stderr" | sed 's/.*line //')" = \
		$'2: match:\n3: keys:\n4: window:\n5: threshold:\n6: first:\n7: severity:\n8: score:\n9: attack:\n12: keys:' ]
	printf '[a]\nuntil = soon\n[b]\nmatch = dst prot 53\nuntil = then\n' > quiet
	run -2 --separate-stderr flowalert --check --suppress quiet
	[ "$(grep '^flowalert: quiet: line ' <<< "$stderr")" = 'flowalert: quiet: line 1: [a] has no match: an expression
flowalert: quiet: line 1: [a] has no reason: why it is suppressed
flowalert: quiet: line 2: until: no time; write 2026-12-31, 2026-12-31T18:00 or never
flowalert: quiet: line 4: match: expected ip, net, port, as, mask, mac, vlan or tos behind the direction, found '"'prot'"'
flowalert: quiet: line 3: [b] has no reason: why it is suppressed
flowalert: quiet: line 5: until: no time; write 2026-12-31, 2026-12-31T18:00 or never' ]
	# What the file is made of.
	for text in 'match = true' '[a' '[a b]' '[]' '[a] x' '[a]\nmatch' '[a]\nmatch =' '[a]\nmatch = true\nmatch = true' \
		'[a]\nmatch = true\n[a]\nmatch = true' '[a]\n more' '[a]\nmtach = true' 'x'; do
		# shellcheck disable=SC2059
		printf "$text\n" > bad
		run -2 --separate-stderr flowalert --check --rules bad
		[[ $stderr == "flowalert: bad: line "[123]": "*$'\n    '*^* ]]
	done
	printf '[a]\nmatch = true\n\0' > bad
	run -2 --separate-stderr flowalert --check --rules bad
	[ "$stderr" = "flowalert: bad: not a text: it holds a NUL" ]
	printf '[a]\nmatch = true\n' > one
	run -2 --separate-stderr flowalert --check --rules one --rules one
	[ "$stderr" = "flowalert: one: line 1: [a] is in a file before" ]
	run -2 flowalert --rules one --when true
}

@test "flowalert: alerts of rules are told once, suppressed and held against hosts like all others" {
	printf '[dns]\nmatch = dst port 53\nkeys = srcip\n' > rules
	printf '[no]\nmatch = kind == "dns" and src ip 10.0.0.1\nreason = it may\n' > quiet
	printf '%s\n' "1 10.0.0.1 192.0.2.1 9 53 17 1 70" "2 10.0.0.2 192.0.2.1 9 53 17 1 70" | flows > a.flow
	[ "$(flowalert --rules rules --suppress quiet --state s a.flow -o csv -k srcip | tail -n +2)" = 10.0.0.2 ]
	[ -z "$(flowalert --rules rules --suppress quiet --state s a.flow -o csv -k srcip | tail -n +2)" ]
	[ "$(flowalert --rules rules --hosts a.flow -o csv -k srcip | tail -n +2 | sort | tr '\n' ' ')" = "10.0.0.1 10.0.0.2 " ]
}

@test "flowalert: times in rules and suppressions, and windows, are of --tz" {
	{
		echo end,srcip,dstip,bytes
		for h in 21 22 23; do echo 2026-03-01T$h:30:00Z,10.0.0.1,192.0.2.9,50; done
	} | flowcat -i csv -w late.flow
	printf '[day]\nmatch = end >= 2026-03-01\nkeys = srcip\nwindow = 1d\n' > rules
	rule() { flowalert --rules rules -o csv -k end,flows --window 1ns --cooldown 0s "$@" late.flow | tail -n +2 | sort; }
	[ "$(rule)" = 2026-03-01T23:30:00.000Z,3 ]
	[ "$(rule --tz +02:00)" = "2026-03-01T23:30:00.000+02:00,1
2026-03-02T01:30:00.000+02:00,2" ]
	printf '[known]\nmatch = end < 2026-03-02\nreason = test\n' > quiet
	[ -z "$(rule --suppress quiet)" ]
	[ "$(rule --tz +02:00 --suppress quiet)" = 2026-03-02T01:30:00.000+02:00,2 ]
	sed -i 's/>= .*/>= 2026-03-02/' rules
	[ -z "$(rule)" ]
	[ "$(rule --tz +02:00)" = 2026-03-02T01:30:00.000+02:00,2 ]
}

@test "flowalert: --when knows no bins of a run that had none" {
	header=end,dstip,bytes
	printf '%s\n' $header | flowcat -i csv -w none.flow
	printf '%s\n' $header 2026-03-01T00:00:00Z,10.0.0.1,50 | flowcat -i csv -w one.flow
	flowalert --when 'bytes > 9' --state s -o null none.flow
	[ "$(flowalert --when 'bytes > 9' --state s -o csv -k end one.flow | tail -n 1)" = 2026-03-01T00:00:00.000Z ]
}

@test "flowalert: --when of what no record has says so" {
	flowgen -n 300 > day.flow
	flowagg -k srcip -v bytes day.flow > hosts.flow
	run -0 --separate-stderr flowalert --when 'packets > 1M' -o csv hosts.flow
	[ "$stderr" = "flowalert: --when: none of the records has 'packets'" ]
}

@test "flowalert: of an incomplete input it says where the part that is good is" {
	flowgen -n 20000 --incident scan | flowscan -w alerts.flow
	head -c -50 alerts.flow > cut.flow
	run -3 --separate-stderr flowalert -o syslog -w told cut.flow
	[[ $stderr == *"flowalert: told: not written; the part that is good is in told.incomplete"* ]]
	[ ! -e told ] && [ -e told.incomplete ]
}

@test "flowalert: options that would do nothing beside the others are refused" {
	hostile | flowcat -i csv -w a.flow
	for options in "--exec-time 5s a.flow" "--exec-jobs 2 a.flow"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowalert $options
		[[ $stderr == "flowalert: --exec-time and --exec-jobs are of -x; "* ]]
	done
	for options in "--facility auth a.flow" "--facility auth -o ecs -w out a.flow"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowalert $options
		[[ $stderr == "flowalert: --facility is of syslog: it needs -o syslog or --to; "* ]]
	done
	for options in "-k srcip --to unix:nobody" "-o cef --raw" "-o syslog --no-header" "-o ecs --options" "-o stix -w out --resolve"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr flowalert $options a.flow
		[[ $stderr == "flowalert: -k, --no-header, --raw, --options and --resolve: what "*" has is fixed; "* ]]
	done
	[ ! -e out ]
}
