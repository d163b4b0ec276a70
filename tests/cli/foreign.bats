# What is in streams as flows are and is none, alerts, baselines and states: who wants flows leaves it out and says so.
# shellcheck shell=bash disable=SC2154

load ../helper

setup() {
	flowkit_setup
	flowgen -n 20000 --clients 50 --incident scan,exfiltration -w day.flow
	flowbase learn -w normal.base day.flow
	flowscan --state scan.state -w alerts.flow day.flow
}

baseline=": left out: a baseline, no flows; detectors take it with -B"
alerts=": left out: alerts, no flows; flowalert and flowfilter read them"
state=": left out: a program's state, no flows; it takes it with --state"

@test "foreign: detectors make nothing of a baseline, alerts or a state, say so, and fail" {
	local program

	for program in flowscan flowbeacon flowexfil flowlateral "flowanom -q"; do
		run -3 --separate-stderr $program -o csv -k kind normal.base
		[ "$output" = kind ]
		[ "$stderr" = "${program% *}: normal.base$baseline" ]
		run -3 --separate-stderr $program -o csv -k kind alerts.flow
		[ "$output" = kind ]
		[ "$stderr" = "${program% *}: alerts.flow$alerts" ]
		run -3 --separate-stderr $program -o csv -k kind scan.state
		[ "$output" = kind ]
		[ "$stderr" = "${program% *}: scan.state$state" ]
	done
	run -3 --separate-stderr bash -c 'flowscan -o csv day.flow | flowscan -i csv -o csv -k kind'
	[ "$output" = kind ] && [ "$stderr" = "flowscan: standard input$alerts" ]
}

@test "foreign: a forgotten -B is said, and the flows beside it are judged as they are alone" {
	run -3 --separate-stderr flowexfil -o csv normal.base day.flow
	[ "$stderr" = "flowexfil: normal.base$baseline" ]
	[ "$output" = "$(flowexfil -o csv day.flow)" ]
	flowexfil --state exfil.state -o null day.flow
	cp exfil.state before
	run -3 flowexfil --state exfil.state -o null normal.base day.flow
	cmp before exfil.state
}

@test "foreign: nothing is learned, added up or matched of them" {
	run -3 --separate-stderr flowbase learn -w x.base normal.base
	[ "${stderr_lines[0]}" = "flowbase: normal.base$baseline" ]
	[ ! -e x.base ]
	run -3 --separate-stderr flowstat normal.base day.flow
	[ "$stderr" = "flowstat: normal.base$baseline" ]
	[ "$output" = "$(flowstat day.flow)" ]
	printf '[all]\nmatch = any\n' > rules.conf
	run -3 --separate-stderr flowalert --rules rules.conf -o csv -k flows normal.base
	[ "$output" = flows ] && [ "$stderr" = "flowalert: normal.base$baseline" ]
}

@test "foreign: in a directory they are left out with one warning, and others are read" {
	mkdir store
	flowfilter 'end < 2026-01-05T12:00' day.flow -w store/1.flow
	flowfilter 'end >= 2026-01-05T12:00' day.flow -w store/3.flow
	flowcat alerts.flow normal.base alerts.flow -w store/2.flow
	cp alerts.flow store/4.flow
	run -0 --separate-stderr flowscan -o csv store
	[ "$output" = "$(flowscan -o csv store/1.flow store/3.flow)" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	[[ ${stderr_lines[0]} == "flowscan: store/"[24]".flow: left out: "* && ${stderr_lines[1]} == "flowscan: store/"[24]".flow: left out: "* ]]
}

@test "foreign: they are read as what they are by who reads records" {
	[ "$(flowcat -o csv alerts.flow | wc -l)" -gt 1 ]
	[ "$(flowfilter 'score > 0' alerts.flow | flowcat -o csv | wc -l)" -gt 1 ]
	[ "$(flowagg -k profile -o csv normal.base | grep -c '^host,')" -eq 1 ]
	[ "$(flowalert -o csv alerts.flow | wc -l)" -gt 1 ]
	flowfilter 'profile = network' normal.base | flowcat -o csv | grep -q network
}

@test "foreign: flows that have a state of their own, or an empty detector, are flows" {
	cat > own.csv <<'X'
start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes,state,detector
2026-01-05T10:00:00Z,2026-01-05T10:00:01Z,10.0.0.1,10.0.0.2,40000,80,6,27,3,300,1,
2026-01-05T10:00:02Z,2026-01-05T10:00:03Z,10.0.0.1,10.0.0.2,40001,80,6,27,3,300,2,
X
	run -0 --separate-stderr flowstat -i csv own.csv
	[[ ${lines[0]} == *" 2" && -z $stderr ]]
}
