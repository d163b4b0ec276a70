# flowwatch: each alert once, whatever happens: again, at once, killed, damaged; sending, learning, cron's line.
# shellcheck shell=bash disable=SC2016,SC2154

load ../helper

watch() {
	"$REPO/bin/flowwatch" "$@"
}

# A store of yesterday in six files, with planted incidents.
setup() {
	flowkit_setup
	yesterday=$(date -u -d yesterday +%Y-%m-%d)
	flowgen -n "${FLOWS:-15000}" --incident all --start "${yesterday}T00:00:00Z" -w day.flow
	mkdir -p store bin
	for h in 00 04 08 12 16 20; do
		flowfilter "end >= ${yesterday}T$h:00:00Z and end < ${yesterday}T$((10#$h + 3)):59:59.999Z" day.flow -w "store/$h.flow" ||
			flowfilter "end >= ${yesterday}T$h:00:00Z and end < ${yesterday}T0$((10#$h + 3)):59:59.999Z" day.flow -w "store/$h.flow"
	done 2> /dev/null
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# What the alert store has, a line an alert.
stored() {
	local dir=${1:-store/.watch}

	set -- "$dir"/alerts/*.flow
	[ -e "$1" ] || return 0
	flowcat -o csv -k detector,kind,srcip,dstip,dstport "$@" | tail -n +2 | sort
}

# Days are learned after 1 o'clock.
late() {
	[ "$(date -u +%H)" -ge 1 ] || skip "the day is too young"
}

# A detector of the test's own: COMMANDS, then what flowscan does.
detector() {
	cat > "bin/flow$1"
	sed -i '1i #!/bin/sh\n[ "$1" != --print-options ] || exec flowscan --print-options' "bin/flow$1"
	echo 'exec flowscan "$@"' >> "bin/flow$1"
	chmod +x "bin/flow$1"
}

@test "flowwatch: what is planted is told, a second run tells nothing, a new file only what is new" {
	run -0 --separate-stderr watch store
	[ -z "$output$stderr" ]
	stored > first
	grep -qx 'scan,horizontal,10.0.4.55,,445' first
	grep -q '^scan,flood,' first
	[ -z "$(uniq -d first)" ]
	ls store/.watch/alerts > before
	run -0 --separate-stderr watch -v store
	[[ $stderr != *"new files"* ]]
	ls store/.watch/alerts | diff before -
	# Another scan, a little later.
	flowfilter 'src ip 10.0.4.55 and dst port 445' day.flow | flowcat -o csv -k start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes |
		sed 's/10\.0\.4\.55/10.0.4.56/' | flowcat -i csv -w store/21.flow
	run -0 --separate-stderr watch -v --print --learn 0 store
	[ "$stderr" = "flowwatch: 1 new files" ]
	[ "$(grep -c 10.0.4.56 <<< "$output")" = 1 ]
	[ "$(stored | grep -c .)" = $(($(grep -c . first) + 1)) ]
	# Nothing is left but one generation.
	[ "$(ls -d store/.watch/gen.* | wc -l)" = 1 ]
}

@test "flowwatch: what is being written is left alone, and dot names are" {
	mv store/08.flow store/.08.flow.part
	watch --learn 0 store
	[ "$(stored | grep -c 10.0.4.55)" = 0 ]
	mv store/.08.flow.part store/08.flow
	watch --learn 0 store
	stored | grep -q 10.0.4.55
}

@test "flowwatch: two runs at once are one, and the other ends at once" {
	detector slow <<< 'echo x >> runs; for i in $(seq 200); do [ -e go ] && break; sleep 0.05; done'
	watch --detectors slow --learn 0 store &
	for _ in $(seq 100); do [ -e runs ] && break; sleep 0.05; done
	run -0 --separate-stderr timeout 5 "$REPO/bin/flowwatch" -v --detectors slow --learn 0 store
	[ "$stderr" = "flowwatch: another run goes on" ]
	touch go
	wait $!
	[ "$(wc -l < runs)" = 1 ]
	[ -n "$(stored)" ] && [ -z "$(stored | uniq -d)" ]
}

@test "flowwatch: without flock(1) a directory is the lock, and one that was left behind is none" {
	mkdir only
	for p in sh cat cp mkdir rm mv ln date find stat sort head wc sync sed grep cut tr awk dirname ls sleep seq flowscan flowalert flowcat flowfilter flowbase flowexpire; do
		ln -s "$(type -P $p)" only/$p
	done
	detector slow <<< 'echo x >> runs; for i in $(seq 200); do [ -e go ] && break; sleep 0.05; done'
	cp bin/flowslow only/
	watch_only() {
		env PATH="$PWD/only" "$REPO/bin/flowwatch" "$@"
	}
	watch_only --detectors slow --learn 0 store &
	for _ in $(seq 100); do [ -e runs ] && break; sleep 0.05; done
	run -0 --separate-stderr watch_only -v --detectors slow --learn 0 store
	[ "$stderr" = "flowwatch: another run goes on" ]
	touch go
	wait $!
	[ ! -e store/.watch/lock.d ]
	mkdir store/.watch/lock.d
	sh -c 'echo $$' > store/.watch/lock.d/pid # nobody has it now
	cp store/08.flow store/22.flow
	watch_only --detectors slow --learn 0 store
	[ "$(wc -l < runs)" = 2 ]
}

@test "flowwatch: killed at any moment, the next run goes on, and no alert is lost or doubled" {
	watch --learn 0 --dir whole store
	stored whole > want
	for ms in 20 60 100 140 180 220 260 300 350 400; do
		setsid "$REPO/bin/flowwatch" --learn 0 --dir killed store &
		pid=$!
		sleep "0.$(printf %03d $ms)"
		kill -9 -- -$pid 2> /dev/null || true
		wait $pid 2> /dev/null || true
		stored killed > got
		[ -z "$(uniq -d got)" ]
	done
	watch --learn 0 --dir killed store
	stored killed | diff want -
}

@test "flowwatch: a run that died behind its commit has its alerts moved by the next, and sent" {
	watch --learn 0 store
	stored > want
	# As it was between the commit and the move.
	current=store/.watch/$(cat store/.watch/current)
	mv "store/.watch/alerts/$(cat "$current/name")" "$current/new.flow"
	mkdir store/.watch/gen.0 && touch store/.watch/gen.0/new.flow # of one that died before its commit
	[ -z "$(stored)" ]
	watch --learn 0 --exec 'cat >> sent' store
	stored | diff want -
	[ "$(wc -l < sent)" = "$(wc -l < want)" ]
	[ ! -e store/.watch/gen.0 ]
}

@test "flowwatch: without the generation that is valid nothing is told again before someone says so" {
	local current

	watch --learn 0 store
	ls store/.watch/alerts > before
	current=$(cat store/.watch/current)
	mv "store/.watch/$current" kept
	run -3 --separate-stderr watch --learn 0 store
	[ "$stderr" = "flowwatch: ./store/.watch/current: names no generation that is there ('$current'): restore it, or remove ./store/.watch/current to look at all files again and be told their alerts again" ]
	mv kept "store/.watch/$current"
	: > store/.watch/current
	run -3 --separate-stderr watch --learn 0 store
	[[ $stderr == *"names no generation that is there ('')"* ]]
	[ -e "store/.watch/$current/seen" ]
	echo "$current" > store/.watch/current
	run -0 --separate-stderr watch --learn 0 store
	[ -z "$stderr" ]
	ls store/.watch/alerts | diff before -
}

@test "flowwatch: a generation whose name could not be written does not become valid" {
	mkdir -p store/.watch
	ln -s /dev/full store/.watch/current.next
	run -3 watch --learn 0 store
	[ -z "$(stored)" ]
	[ ! -e store/.watch/current ]
	rm store/.watch/current.next
	run -0 watch --learn 0 store
	[ -n "$(stored)" ]
}

@test "flowwatch: what is not sent is sent by the next run, and once only" {
	run -3 --separate-stderr watch --learn 0 -x 'cat >> sent; false' store
	[[ $stderr == *"not all of it was sent; the next run tries again"* ]]
	rm sent
	run -0 --separate-stderr watch --learn 0 --exec='cat >> sent' store
	[ "$(wc -l < sent)" = "$(stored | wc -l)" ]
	run -0 watch --learn 0 -x 'cat >> sent' store
	[ "$(wc -l < sent)" = "$(stored | wc -l)" ]
	# To a log daemon.
	python3 - <<'EOF' &
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("log")
s.settimeout(20)
open("logged", "wb").write(s.recv(65536))
EOF
	for _ in $(seq 100); do [ -e log ] && break; sleep 0.05; done
	watch --learn 0 --dir other --to unix:log --format cef store || true
	wait $!
	grep -q 'flowalert - .* - CEF:0|' logged
}

@test "flowwatch: a sender that stays does not keep the lock" {
	watch --learn 0 -x 'cat > /dev/null; setsid sleep 20 > /dev/null 2>&1 & echo $! > pid' store
	run -0 --separate-stderr watch -v --learn 0 store
	kill "$(cat pid)"
	[[ $stderr != *"another run"* ]]
}

@test "flowwatch: a damaged file is left out and told, the others are looked at" {
	head -c -100 store/04.flow > cut && mv cut store/04.flow
	run -0 --separate-stderr watch --learn 0 store
	[[ $stderr == "flowwatch: store/04.flow: damaged, left out: offset "*": stream ends "* ]]
	[ "$(wc -l <<< "$stderr")" = 1 ]
	stored | grep -q 10.0.4.55
	run -0 --separate-stderr watch --learn 0 store
	[ -z "$stderr" ]
	# All of them.
	for i in 1 2 3 4 5 6; do head -c 300 store/08.flow > store/x$i.flow; done
	run -0 --separate-stderr watch --learn 0 store
	[ "$(grep -c "damaged, left out" <<< "$stderr")" = 6 ]
	[ "$(wc -l <<< "$stderr")" = 6 ]
	run -0 --separate-stderr watch --learn 0 store
	[ -z "$stderr" ]
}

@test "flowwatch: a file that was met half copied is looked at again once it is whole, and named once until then" {
	mv store/08.flow whole.flow
	head -c 20000 whole.flow > store/08.flow
	: > store/empty.flow
	run -0 --separate-stderr watch --learn 0 store
	[ "$(grep -c "damaged, left out" <<< "$stderr")" = 2 ]
	run -0 --separate-stderr watch -v --learn 0 store
	[ -z "$stderr" ]
	# Another file is new: what is damaged remains so.
	cp store/00.flow store/01.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ "$stderr" = "flowwatch: 1 new files" ]
	head -c 30000 whole.flow > store/08.flow
	run -0 --separate-stderr watch --learn 0 store
	[[ $stderr == "flowwatch: store/08.flow: damaged, left out: "* ]]
	[ "$(stored | grep -c 10.0.4.55)" = 0 ]
	cp whole.flow store/08.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ "$stderr" = "flowwatch: 1 new files" ]
	[ "$(stored | grep -c 10.0.4.55)" = 1 ]
	run -0 --separate-stderr watch -v --learn 0 store
	[ -z "$stderr" ]
}

@test "flowwatch: a sound file is looked at again when it grew, not when it was made smaller or copied" {
	mv store/08.flow whole.flow
	touch -d '1 hour ago' store/*.flow
	watch --learn 0 store
	flowcat --recompress store > /dev/null
	run -0 --separate-stderr watch -v --learn 0 store
	[ -z "$stderr" ]
	flowcat -n 5 whole.flow -w store/01.flow
	watch --learn 0 store
	touch store/*.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ -z "$stderr" ]
	cat whole.flow >> store/01.flow
	touch -d '1 minute ago' store/01.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ "$stderr" = "flowwatch: 1 new files" ]
	[ "$(stored | grep -c 10.0.4.55)" = 1 ]
}

@test "flowwatch: a file that was moved within the store is not looked at again, another of its name is" {
	touch -d '1 hour ago' store/*.flow
	watch --learn 0 store
	mkdir store/old
	mv store/0*.flow store/old/
	run -0 --separate-stderr watch -v --learn 0 store
	[ -z "$stderr" ]
	# And so it stays, whatever comes between.
	flowcat -n 5 day.flow -w store/21.flow
	mv store/12.flow store/old/again.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ "$stderr" = "flowwatch: 1 new files" ]
	mv store/old/00.flow store/renamed.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ -z "$stderr" ]
	flowcat -n 7 day.flow -w store/12.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ "$stderr" = "flowwatch: 1 new files" ]
	# One that is still there is not the one that is new.
	cp -p store/12.flow store/13.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ "$stderr" = "flowwatch: 1 new files" ]
}

@test "flowwatch: what an earlier version has seen is seen, and changes from then on" {
	watch --learn 0 store
	stored > first
	seen=store/.watch/$(cat store/.watch/current)/seen
	sed -i 's/^[a-z]* [0-9]* [0-9]* [0-9]* //' "$seen"
	grep -qx ./00.flow "$seen"
	run -0 --separate-stderr watch -v --learn 0 store
	[ -z "$stderr" ]
	flowcat -n 5 day.flow -w store/21.flow
	watch --learn 0 store
	stored | diff first -
	flowcat -n 5 day.flow -w store/08.flow
	touch -d '1 hour ago' store/08.flow
	run -0 --separate-stderr watch -v --learn 0 store
	[ "$stderr" = "flowwatch: 1 new files" ]
}

@test "flowwatch: what could not be looked at for one run is not new in the next" {
	mkdir store/sub
	mv store/08.flow store/sub/
	watch --learn 0 store
	# Permissions would not keep root out.
	printf '#!/bin/sh\n"%s" "$@" | grep -v sub/\necho "find: ./sub: Permission denied" >&2\nexit 1\n' "$(type -P find)" > bin/find
	chmod +x bin/find
	flowcat -n 5 day.flow -w store/21.flow
	flowcat -n 5 day.flow -w store/22.flow
	run -3 --separate-stderr watch -v --learn 0 store
	[ "$stderr" = $'find: ./sub: Permission denied\nflowwatch: store: not all of it could be looked at\nflowwatch: 2 new files' ]
	rm bin/find
	run -0 --separate-stderr watch -v --learn 0 store
	[ -z "$stderr" ]
}

@test "flowwatch: a detector that fails is tried again, and after three runs goes without these files" {
	detector bad <<< 'echo broken >&2; exit 3'
	for _ in 1 2; do
		run -3 --separate-stderr watch --learn 0 --detectors "bad scan" store
		[[ $stderr == *"flowbad failed: the next run tries again" ]]
		[ -z "$(stored)" ]
	done
	run -3 --separate-stderr watch --learn 0 --detectors "bad scan" store
	[[ $stderr == *"flowbad failed 3 times: these files are not looked at by it" ]]
	stored | grep -q 10.0.4.55
	run -0 watch --learn 0 --detectors "bad scan" store
}

@test "flowwatch: a list that a full disk cut is not gone on with: other detectors look at all files" {
	detector bad <<< 'ln -s /dev/full "$(dirname "$2")/good"; echo "bad: no room" >&2; exit 3'
	for _ in 1 2 3 4; do
		run -3 --separate-stderr watch --learn 0 --detectors "bad scan" store
		[[ $stderr != *"not looked at"* ]]
		[ ! -e store/.watch/current ]
	done
	detector bad <<< ''
	run -0 --separate-stderr watch --learn 0 --detectors "bad scan" store
	stored | grep -q 10.0.4.55
}

@test "flowwatch: a state of which a full disk left half a copy stays whole" {
	mv store/20.flow later.flow
	watch --learn 0 --detectors scan store
	mv later.flow store/20.flow
	printf '#!/bin/sh\ncase $2 in\n*/before) head -c 100 "$1" > "$2"; exit 1 ;;\nesac\nexec /bin/cp "$@"\n' > bin/cp
	printf '#!/bin/sh\n[ "$1" = --print-options ] || exit 3\nexec "$FLOWKIT_BIN/flowscan" "$@"\n' > bin/flowscan
	chmod +x bin/cp bin/flowscan
	for _ in 1 2 3; do
		run -3 watch --learn 0 --detectors scan store
	done
	rm bin/cp bin/flowscan
	flowcat --check "store/.watch/$(cat store/.watch/current)/scan.state"
	run -0 --separate-stderr watch -v --learn 0 --detectors scan store
	[ "$stderr" = "flowwatch: 1 new files" ]
}

@test "flowwatch: what a detector says is told without a file for it, as of a full disk" {
	detector first <<< 'ln -sf nowhere/said "$(dirname "$2")/said"'
	detector bad <<< 'echo "bad: no room" >&2; exit 3'
	run -3 --separate-stderr watch --learn 0 --detectors "first bad" store
	[[ $stderr == "bad: no room"* ]]
}

@test "flowwatch: when it cannot be told whether there are alerts, none is lost" {
	printf '#!/bin/sh\nexit 3\n' > bin/flowfilter
	chmod +x bin/flowfilter
	run -3 --separate-stderr watch --learn 0 store
	[ "$stderr" = "flowwatch: flowfilter failed: the next run tries again" ]
	[ -z "$(stored)" ]
	rm bin/flowfilter
	watch --learn 0 store
	stored | grep -q 10.0.4.55
}

@test "flowwatch: rules and suppressions take part" {
	printf '[dns]\nmatch = dst port 53\nthreshold = flows > 10\n' > rules
	printf '[known]\nmatch = src ip 10.0.4.55\nreason = it may\n' > quiet
	watch --learn 0 --rules rules --suppress quiet store
	stored > got
	grep -q '^rule,dns,' got
	run -1 grep 10.0.4.55 got
	echo 10.0.0.0/8 > allow
	watch --learn 0 --dir second -a allow store
	[ "$(stored second | grep -c '^scan,horizontal')" = 0 ]
	echo '[' > rules
	run -2 --separate-stderr watch --rules rules store
	[[ $stderr == "flowalert: rules: line 1: "* ]]
}

@test "flowwatch: every night the day before is learned, without what alerts are about" {
	late
	run -0 --separate-stderr watch -v store
	[[ $stderr == *"learning $yesterday"* ]]
	flowbase check store/.watch/base/normal.base || [ $? -eq 1 ]
	flowcat -o ndjson -k profile,srcip,dstip "store/.watch/base/$yesterday.base" > profiles
	grep -q '"host"' profiles
	# The scanner's tries of port 445 are no edges of it.
	flowbase learn -q -t "$yesterday" -w with.base store
	edges() { flowcat -o csv -k profile,srcip,dstport "$1" | grep -c 'edge,10.0.4.55,445' || true; }
	[ "$(edges "store/.watch/base/$yesterday.base")" -lt "$(edges with.base)" ] || [ "$(edges with.base)" = 0 ]
	run -0 --separate-stderr watch -v store
	[[ $stderr != *learning* ]]
	run -0 watch --dir never --learn 0 store
	[ ! -e never/base/normal.base ]
	# Days beyond --learn go.
	for d in 01 02 03; do cp with.base store/.watch/base/2020-01-$d.base; done
	rm "store/.watch/base/$yesterday.base"
	watch --learn 2 store
	[ "$(cd store/.watch/base && echo 20*.base)" = "2020-01-03.base $yesterday.base" ]
}

@test "flowwatch: in an empty store there is nothing to do" {
	mkdir empty
	run -0 --separate-stderr watch empty
	[ -z "$output$stderr" ]
	[ -z "$(ls -d empty/.watch/gen.* 2> /dev/null)" ]
}

@test "flowwatch: a day is learned from its sound files, whenever the others were damaged" {
	late
	: > store/empty.flow
	run -0 --separate-stderr watch --detectors scan store
	[ "$(wc -l <<< "$stderr")" = 1 ]
	[[ $stderr == "flowwatch: store/empty.flow: damaged, left out: "* ]]
	flowbase check -q "store/.watch/base/$yesterday.base"
	# One that has become so since it was seen, and what an earlier version left.
	rm store/.watch/base/* store/.watch/alerts/*
	: > "store/.watch/base/$yesterday.base.failed"
	printf XXXXXXXX | dd of=store/08.flow bs=1 seek=3000 conv=notrunc status=none
	run -0 --separate-stderr watch --detectors scan store
	[ "$(wc -l <<< "$stderr")" = 1 ]
	[[ $stderr == "flowwatch: store/08.flow: damaged, left out: "* ]]
	mv store/08.flow 08
	flowbase learn -q -t "$yesterday" -w want.base store/[0-2]*.flow
	flowcat -o csv -k all "store/.watch/base/$yesterday.base" | cmp - <(flowcat -o csv -k all want.base)
	[ ! -e "store/.watch/base/$yesterday.base.failed" ] && [ -e store/.watch/base/normal.base ]
}

@test "flowwatch: a day that could not be learned is tried again, but not for ever" {
	late
	printf '#!/bin/sh\n[ "$1" != learn ] || echo x >> runs\nexit 3\n' > bin/flowbase
	chmod +x bin/flowbase
	failed=store/.watch/base/$yesterday.base.failed
	for n in 1 2; do
		run -3 --separate-stderr watch --detectors scan store
		[ "$stderr" = "flowwatch: $yesterday could not be learned: the next hour tries again" ]
		# Not in the same hour, which is over now.
		run -0 --separate-stderr watch --detectors scan store
		[ -z "$stderr" ]
		sed -i 's/T.*/T24/' "$failed"
	done
	run -3 --separate-stderr watch --detectors scan store
	[ "$stderr" = "flowwatch: $yesterday could not be learned 3 times: it is left out" ]
	sed -i 's/T.*/T24/' "$failed"
	run -0 --separate-stderr watch --detectors scan store
	[ -z "$stderr" ]
	[ "$(wc -l < runs)" = 3 ]
	# Two failures and a success.
	rm bin/flowbase
	sed -i 1d "$failed"
	run -0 --separate-stderr watch -v --detectors scan --learn 27 store
	[ "$stderr" = "flowwatch: learning $yesterday" ]
	[ ! -e "$failed" ]
}

@test "flowwatch: days that could not be merged are merged in the next hour, and those that a run that died left" {
	late
	printf '#!/bin/sh\n[ "$1" != merge ] || exit 3\nexec %s "$@"\n' "$(command -v flowbase)" > bin/flowbase
	chmod +x bin/flowbase
	run -3 --separate-stderr watch --detectors scan store
	[ "$stderr" = "flowwatch: the days could not be merged: the next hour tries again" ]
	[ -e "store/.watch/base/$yesterday.base" ]
	# Not in the same hour, which is over now.
	run -0 --separate-stderr watch --detectors scan store
	[ -z "$stderr" ]
	sed -i 's/T.*/T24/' store/.watch/base/unmerged
	rm bin/flowbase
	run -0 --separate-stderr watch --detectors scan store
	[ -z "$stderr" ]
	[ ! -e store/.watch/base/unmerged ]
	cp store/.watch/base/normal.base first
	# As if it had died between a day and the merger: what was asked and what is merged are of before.
	rm store/.watch/base/normal.base store/.watch/base/asked
	watch --detectors scan store
	flowbase merge --no-history -w one first
	flowbase merge --no-history -w two store/.watch/base/normal.base
	cmp one two
}

@test "flowwatch: a day is not learned when it is not known what alerts are open" {
	late
	watch --learn 0 store
	head -c -100 store/.watch/alerts/*.flow > cut
	cp cut store/.watch/alerts/20200101T000000Z.flow
	run -3 --separate-stderr watch --detectors scan store
	[[ $stderr == *"flowwatch: $yesterday could not be learned: the next hour tries again" ]]
	[ ! -e store/.watch/base/normal.base ]
	rm store/.watch/alerts/2020* store/.watch/base/*.failed
	watch --detectors scan store
	[ -e store/.watch/base/normal.base ]
}

@test "flowwatch: the days of a store with a past are learned, some a run, the oldest first" {
	late
	flowgen -n 5000 --span 5d --start "$(date -u -d '6 days ago' +%F)T00:00:00Z" -w store/past.flow
	day() {
		date -u -d "$1 days ago" +%F
	}
	run -0 --separate-stderr watch -v --detectors scan --learn 4 store
	[ "$stderr" = "flowwatch: 7 new files
flowwatch: learning $(day 4)
flowwatch: learning $(day 3)
flowwatch: learning $(day 2)
flowwatch: 1 days are left to be learned" ]
	run -0 --separate-stderr watch -v --detectors scan --learn 4 store
	[ "$stderr" = "flowwatch: learning $(day 1)" ]
	run -0 --separate-stderr watch -v --detectors scan --learn 4 store
	[ -z "$stderr" ]
	[ "$(flowcat -o csv -k profile,start store/.watch/base/normal.base | grep -c "^network,$(day 4)")" = 1 ]
	# Of a store that keeps less than is learned nothing is learned twice.
	rm store/past.flow
	flowcat -n 5 day.flow -w store/21.flow
	run -0 --separate-stderr watch -v --detectors scan --learn 3 store
	[ "$stderr" = "flowwatch: 1 new files" ]
}

# Zones where it is about noon, but not UTC itself, which has a name of its own: hours east of it.
noon_hours() {
	local hours=$((12 - 10#$(date -u +%H)))

	echo $((hours != 0 ? hours : 1))
}

noon_zone() { # MINUTES
	printf '%+03d:%s' "$(noon_hours)" "$1"
}

@test "flowwatch: days are those of the zone, and of another are learned anew" {
	mkdir past
	flowgen -n 5000 --span 4d --start "$(date -u -d '4 days ago' +%F)T00:00:00Z" -w past/past.flow
	for zone in "$(noon_zone 30)" "$(noon_zone 00)" "Etc/GMT$(printf %+d $((-$(noon_hours))))"; do
		run -0 --separate-stderr watch -v --detectors "scan anom" --learn 2 --tz "$zone" past
		day=$(flowgen -n 1 --start "$(date -u -d '1 day ago' +%FT%TZ)" | flowcat -o csv -k start --tz "$zone" | tail -n 1)
		day=${day%T*}
		[[ $stderr == *"flowwatch: learning $(date -u -d "$day - 1 day" +%F)"*"flowwatch: learning $day" ]]
		flowbase learn -q --tz "$zone" -t "$day" -w want.base past
		cmp <(flowcat -o csv -k all want.base) <(flowcat -o csv -k all "past/.watch/base/$day.base")
		flowbase show past/.watch/base/normal.base | grep "hours of UTC" >> zones
		[ "$(cat past/.watch/zone)" = "$zone" ]
		run -0 --separate-stderr watch -v --detectors "scan anom" --learn 2 --tz "$zone" past
		[ -z "$stderr" ]
	done
	[ "$(uniq zones | wc -l)" = 2 ]
	run -0 --separate-stderr watch --detectors "scan anom" --learn 2 past
	[ "$stderr" = "flowwatch: the zone was $zone: days are learned anew, and flowanom begins again" ]
	# A state and a baseline go on in the zone that they are of.
	flowgen -n 100 -w past/more.flow
	run -0 --separate-stderr watch --detectors "scan anom" --learn 2 past
	[ -z "$stderr" ]
	run -2 --separate-stderr watch --tz Europe/Zuerich past
	[[ $stderr == *"Europe/Zuerich"* ]]
}

@test "flowwatch: where the standard time of the zone changes days are learned anew" {
	mkdir past zones
	export TZDIR=$PWD/zones
	# Now it is about noon in Place, or so many hours before.
	place() {
		cp "/usr/share/zoneinfo/Etc/GMT$(printf %+d $((10#$(date -u +%H) - 12 + $1)))" zones/Place
	}
	flowgen -n 5000 --span 4d --start "$(date -u -d '4 days ago' +%F)T00:00:00Z" -w past/past.flow
	place 0
	watch --detectors "scan anom" --learn 2 --tz Place past
	offset=$(cat past/.watch/offset)
	place 1
	# As the next night does.
	rm "$(ls past/.watch/base/2*.base | tail -n 1)" past/.watch/base/merged past/.watch/base/asked
	flowgen -n 100 -w past/more.flow
	run -0 --separate-stderr watch --detectors "scan anom" --learn 2 --tz Place past
	[ "$stderr" = "flowwatch: the standard time of Place was $offset s from UTC, it is $((offset - 3600)) s: days are learned anew, and flowanom begins again" ]
	[ "$(flowcat -o csv -k utcOffset past/.watch/base/*.base | tail -n +2 | grep . | sort -u)" = $((offset - 3600)) ]
	# An earlier version did not say which it was.
	rm past/.watch/offset
	run -0 --separate-stderr watch --detectors "scan anom" --learn 2 --tz Place past
	[ -z "$stderr" ]
}

@test "flowwatch: with other networks days are learned anew and detectors begin again" {
	late
	mv store/20.flow .
	watch store
	stored > first
	mv 20.flow store/
	run -0 --separate-stderr watch --internal 10.0.0.0/9,10.128.0.0/9 store
	[ "$stderr" = "flowwatch: --internal was '': days are learned anew, and detectors begin again" ]
	flowbase show store/.watch/base/normal.base | grep -q '^ours are 10.0.0.0/9,10.128.0.0/9;'
	[ -z "$(stored | uniq -d)" ]
	cp store/20.flow store/21.flow
	run -0 --separate-stderr watch --internal 10.0.0.0/9,10.128.0.0/9 store
	[ -z "$stderr" ]
	# An earlier version did not say which they were.
	rm store/.watch/internal
	run -0 --separate-stderr watch --internal 10.0.0.0/9,10.128.0.0/9 store
	[ -z "$stderr" ]
}

@test "flowwatch: suppressions end in the zone, when alerts are told and when a day is learned" {
	printf '[known]\nmatch = src ip 10.0.4.55\nuntil = %s\nreason = it may\n' "$yesterday" > quiet
	cat > bin/flowalert <<-EOF
		#!/bin/sh
		[ "\${*#*--suppress}" = "\$*" ] || echo "\$*" >> suppressing
		exec $(command -v flowalert) "\$@"
	EOF
	chmod +x bin/flowalert
	zone=$(noon_zone 00)
	watch --detectors scan --suppress quiet --tz "$zone" store
	[ -n "$(ls store/.watch/base/*.base)" ]
	[ "$(wc -l < suppressing)" -gt 2 ]
	run -1 grep -v -e "--tz $zone" suppressing
}

@test "flowwatch: that no open alert has a source is nothing to tell of" {
	printf '[known]\nmatch = has srcip\nreason = it may\n' > quiet
	run -0 --separate-stderr watch --detectors scan --suppress quiet --tz "$(noon_zone 00)" store
	stored | grep -q '^scan,flood,,'
	[ -n "$(ls store/.watch/base/*.base)" ]
	[ -z "$stderr" ]
}

@test "flowwatch: old alerts are deleted" {
	watch --learn 0 store
	cp store/.watch/alerts/*.flow store/.watch/alerts/20200101T000000Z.flow
	rm -f store/.watch/aged
	watch --learn 0 --keep 30d store
	[ ! -e store/.watch/alerts/20200101T000000Z.flow ]
	[ -n "$(stored)" ]
}

@test "flowwatch: options come from a file too, and the command line is stronger" {
	cat > conf <<'EOF'
# how this network is watched
detectors = scan
learn     = 0
dir       = elsewhere
print     = yes
EOF
	run -0 --separate-stderr watch -c conf store
	[ -e elsewhere/alerts ]
	[[ $output == *10.0.4.55* ]]
	run -0 --separate-stderr watch -c conf --dir again store
	[ -e again/alerts ]
	echo 'nonsense = 1' >> conf
	run -2 --separate-stderr watch -c conf store
	[[ $stderr == "flowwatch: conf: line 6: there is no option 'nonsense'"* ]]
	echo 'print' > conf
	run -2 --separate-stderr watch -c conf store
	[[ $stderr == "flowwatch: conf: line 1: 'name = value' is expected"* ]]
}

@test "flowwatch: wrong usage is told" {
	for args in "" "store other" "--nonsense store" "-z store" "--learn" "--learn x store" "--format csv store" "--dir store/in store" \
		"-qz store" "-c" "-vc" "-q -- -v store" "--print=yes store" "--rules= store" "--nonsense=1 store" "--learn 999999 store"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr watch $args
		[[ $stderr == "flowwatch: "* ]]
	done
	run -3 --separate-stderr watch nowhere
	[ "$stderr" = "flowwatch: nowhere: is no directory" ]
	run -3 --separate-stderr watch --detectors "scan nothing" store
	[ "$stderr" = "flowwatch: flownothing is not installed" ]
	run -0 watch --help
	run -0 watch --version
	[[ $output == "flowwatch "* ]]
	run -0 watch --print-options
}

@test "flowwatch: a wrong value is wrong usage, before a detector is run or a file counts as seen" {
	printf '10.0.0.1\nfoo\n' > allow
	for args in "--keep 5" "--keep 5x" "--keep 0d" "--keep 1..5d" "--keep 1d1d" "--open-for 99999999999999d" "--open-for 3" "--open-for d" "--internal foo" "--to foo" "--to udp:" "--allow allow" "--allow nofile"; do
		# shellcheck disable=SC2086
		run -2 watch $args store
	done
	[[ $output == "flowalert: nofile: "* ]]
	run -2 --separate-stderr watch --install --keep 5x store
	[ "$stderr" = "flowwatch: --keep: '5x' is no duration; write 12h or 90d; try 'flowwatch --help'" ]
	[ ! -e store/.watch ]
	run -0 watch --keep 1w2d --open-for 36h --learn 0 --internal 10.0.0.0/8 store
	[ -s store/.watch/current ]
}

@test "flowwatch: letters may be joined, to their values too, and none is an option behind --" {
	mv store ./-store
	printf 'quiet = yes\nlearn = 0\ndetectors = scan\n' > conf
	run -0 --separate-stderr watch -vcconf -x'cat > /dev/null' -- -store
	[ "$stderr" = "flowwatch: 6 new files" ]
	# What is a value is no option.
	run -0 watch --install -x -c --learn=0 -- -store
	[ "$output" = "*/5 * * * * $REPO/bin/flowwatch --exec=-c --learn=0 $PWD/-store" ]
}

@test "flowwatch: its directory is in the store only where its name begins with a dot, however the two are called" {
	mkdir store/sub
	ln -s "$PWD/store" link
	for args in "store/x store/" "./store/x store" "$PWD/store/x store" "store/sub/x/y store" "store/x link" "link/x store" "store/ store" "store/.a/../x store"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr watch --learn 0 --dir $args
		[[ $stderr == "flowwatch: --dir: in the store only a name that begins with a dot is not part of it"* ]]
		[ ! -e store/x ]
	done
	run -0 --separate-stderr watch --learn 0 --detectors scan --dir store/sub/.x store
	run -0 --separate-stderr watch --learn 0 --detectors scan --dir store.d store
	[ -s store/sub/.x/current ] && [ -s store.d/current ]
}

@test "flowwatch: the line for cron is one that cron's shell runs" {
	run -0 watch --install -q --learn 0 --exec "cat > 'it''s 100%'; date +%H" store
	[ "${#lines[@]}" = 1 ]
	[[ $output == "*/5 * * * * $REPO/bin/flowwatch --quiet --learn=0 '--exec="*" $PWD/store" ]]
	# What cron does: its own backslashes go, then the shell has it.
	line=${output#"*/5 * * * * "}
	line=$(sed 's/\\%/%/g' <<< "$line")
	sh -c "${line/--exec/--exec}" || true
	[ -e "its 100%" ] || ls
	[ -e "its 100%" ]
}

@test "flowwatch: the line for cron is right in any directory" {
	mkdir "it's my"
	mv store "it's my/store"
	echo 10.0.0.0/8 > allow
	: > rules
	printf 'suppress = %s\n' "$PWD/rules" > conf
	run -0 watch --install -c conf -a ./allow --rules=rules --dir "it's my/dir" --to unix:log --format cef --print "it's my/store"
	[ "$output" = "*/5 * * * * $REPO/bin/flowwatch --config=$PWD/conf --allow=$PWD/allow --rules=$PWD/rules '--dir=$PWD/it'\\''s my/dir' \
--to=unix:$PWD/log --format=cef --print '$PWD/it'\\''s my/store'" ]
	line=${output#"*/5 * * * * "}
	(cd / && sh -c "${line/--to*cef/--learn=0}")
	[ -e "it's my/dir/current" ]
	run -0 watch --install --config=conf --allow "$PWD/allow" --to udp:host:514 /store
	[ "$output" = "*/5 * * * * $REPO/bin/flowwatch --config=$PWD/conf --allow=$PWD/allow --to=udp:host:514 /store" ]
	echo 'rules = rules' >> conf
	run -2 --separate-stderr watch --install -c conf store
	[[ $stderr == "flowwatch: --install: rules in the file of -c is no absolute path: cron runs in another directory"* ]]
	[ -z "$output" ]
}

@test "flowwatch: a store in a directory with blanks, and many new files" {
	mkdir -p "my store/a b"
	cp store/*.flow "my store/a b/"
	for i in $(seq 30); do flowcat -n 5 day.flow -w "my store/$i.flow"; done
	sed 's/^batch=500/batch=7/' "$REPO/bin/flowwatch" > bin/flowwatch
	chmod +x bin/flowwatch
	bin/flowwatch --learn 0 "my store"
	stored "my store/.watch" | grep -q 10.0.4.55
	[ "$(wc -l < "my store/.watch/$(cat "my store/.watch/current")/seen")" = 36 ]
	rm "my store"/1*.flow
	cp store/00.flow "my store/99.flow"
	bin/flowwatch --learn 0 "my store"
	[ "$(wc -l < "my store/.watch/$(cat "my store/.watch/current")/seen")" = 26 ]
	# A name that awk would take for an assignment.
	mv "my store" my=store
	cp store/00.flow my=store/98.flow
	run -0 --separate-stderr bin/flowwatch -v --learn 0 my=store
	[ "$stderr" = "flowwatch: 1 new files" ]
}
