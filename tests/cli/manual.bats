load ../helper

# Every example of a manual's EXAMPLES and of --help is typed as it stands, on generated flows.
#
# Collectors listen on a port of the kernel's choice instead of the one that is written and get two seconds, as does
# who follows them;
# nothing is played back at its own pace, directories in /var are the test's own; foreign hosts are this one, where a
# collector of the tests' own takes what comes over TCP and TLS.

setup() {
	flowkit_setup
	flowgen -n 3000 --seed 3 -w day.flow
	for f in monday tuesday day1 day2 big old scan night; do cp day.flow $f.flow; done
	mkdir -p var/flow
	cp day.flow var/flow/
	flowcat -o csv -k all day.flow > day.csv
	printf '10.0.0.0/24\n192.0.2.1 # bad\n' > bad.txt
	cp bad.txt blocklist.txt
	echo 'dst port 53' > expression.txt
	make_capture > export.pcap
}

# Two NetFlow v5 datagrams in a capture.
make_capture() {
	python3 - <<'EOF'
import struct, sys
out = sys.stdout.buffer
out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
for k in range(2):
    rec = struct.pack(">4s4s4sHHIIIIHHBBBBHHBBH", b"\x0a\0\0\x01", b"\x0a\0\0\x02", b"\0\0\0\0", 1, 2, 5, 500,
                      1000, 2000, 1024, 53, 0, 0, 17, 0, 0, 0, 24, 24, 0)
    v5 = struct.pack(">HHIIIIBBH", 5, 1, 10000, 1767600000, 0, k, 0, 0, 0) + rec
    udp = struct.pack(">HHHH", 4000, 2055, 8 + len(v5), 0) + v5
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\xc0\0\x02\x01", b"\xc0\0\x02\x02") + udp
    out.write(struct.pack("<IIII", 1767600000, k, len(ip), len(ip)) + ip)
EOF
}

# What is typed in place of the programs that wait for the network.
flowrecv() {
	local args=() listens=
	while [ $# -gt 0 ]; do
		case $1 in
		-l) args+=(-l udp:127.0.0.1:0) listens=1 && shift ;;
		-r) args+=("$1") listens=no ;;
		*) args+=("$1") ;;
		esac
		shift
	done
	[ -n "$listens" ] || args=(-l udp:127.0.0.1:0 "${args[@]}")
	timeout -s TERM 2 "$(type -P flowrecv)" "${args[@]}"
}
# A store to which nothing is written gets two seconds too.
flowcat() {
	case " $* " in
	*" --follow "*) timeout -s TERM 2 "$(type -P flowcat)" "$@" ;;
	*) "$(type -P flowcat)" "$@" ;;
	esac
}
export -f flowrecv flowcat

flowsend() {
	local args=() tls=()

	while [ $# -gt 0 ]; do
		case $1 in
		tcp:* | tls:*)
			[[ $1 == tcp:* ]] || tls=(server.pem server.key ca.pem)
			rm -f gathered
			"$TOOLS/gather" "${1%%:*}:127.0.0.1:0" got 1 0 "${tls[@]}" > gathered 2>&1 3>&- &
			for _ in $(seq 100); do
				grep -q listening gathered && break
				sleep 0.05
			done
			args+=("${1%%:*}:127.0.0.1:$(sed -n 's/.*listening on //p' gathered)")
			;;
		*) args+=("$1") ;;
		esac
		shift
	done
	"$(type -P flowsend)" "${args[@]}"
}
export -f flowsend

examples_of_manual() {
	awk '/^\.Sh EXAMPLES/ {p = 1; next} /^\.Sh/ {p = 0} p && /^\.Dl / {sub(/^\.Dl (\$ )?/, ""); print}
		p && /^\.Bd/ {b = 1; next} p && /^\.Ed/ {b = 0} p && b && /^\$ / {sub(/^\$ /, ""); print}' "$1" |
		sed 's/\\e/\\/g; s/\\&//g; s/\\-/-/g; s/\\(aq/'"'"'/g'
}

examples_of_help() {
	"$(type -P "$1")" --help | awk '/^examples:/ {p = 1; next} p {sub(/^  /, ""); print}'
}

run_examples() {
	local line n=0
	while IFS= read -r line; do
		[[ $line == flow* ]] || continue
		n=$((n + 1))
		line=${line//\/var\/flows/var/flow}
		line=${line//\/var\/flow/var/flow}
		line=$(sed -E 's/udp:[a-z0-9.:\[]+\]?:([0-9]+)/udp:127.0.0.1:9/; s/collector(\.example)?:/127.0.0.1:/g' <<< "$line")
		line=${line//--speed 24x/--speed max} # an hour otherwise
		line=${line//--speed 10x/--speed max}
		line=${line//--speed 1x/--speed max}
		echo "example: $line"
		run timeout 30 bash -c "set -o pipefail; $line" < /dev/null
		echo "$output" | head -n 5
		# 1: the question has the answer no; 124: the collector's two seconds were over; 141: -n had enough, and
		# what writes to it was not done yet.
		[[ $status =~ ^(0|1|124|141)$ ]]
	done
	[ "$n" -gt 0 ]
}

@test "examples of flowcat" {
	run_examples < <(examples_of_manual "$REPO/man/flowcat.1"; examples_of_help flowcat);
}

@test "examples of flowfilter" {
	run_examples < <(examples_of_manual "$REPO/man/flowfilter.1"; examples_of_help flowfilter);
}

@test "examples of flowagg" {
	run_examples < <(examples_of_manual "$REPO/man/flowagg.1"; examples_of_help flowagg);
}

@test "examples of flowstat" {
	run_examples < <(examples_of_manual "$REPO/man/flowstat.1"; examples_of_help flowstat);
}

@test "examples of flowsend" {
	command -v openssl > /dev/null || skip "no openssl command"
	"$REPO/tests/tools/certificates" .
	cp client.pem me.pem
	cp client.key me.key
	run_examples < <(examples_of_manual "$REPO/man/flowsend.1"; examples_of_help flowsend);
}

@test "examples of flowrecv" {
	run_examples < <(examples_of_manual "$REPO/man/flowrecv.1"; examples_of_help flowrecv);
}

@test "examples of flowexpire" {
	run_examples < <(examples_of_manual "$REPO/man/flowexpire.1"; examples_of_help flowexpire);
}

@test "examples of flowbase" {
	flowbase learn day.flow -w tuesday.base
	run_examples < <(examples_of_help flowbase; examples_of_manual "$REPO/man/flowbase.1")
}

@test "examples of flowexfil" {
	flowbase learn day.flow -w normal.base
	run_examples < <(examples_of_help flowexfil; examples_of_manual "$REPO/man/flowexfil.1")
}

@test "examples of flowlateral" {
	flowbase learn day.flow -w normal.base
	run_examples < <(examples_of_help flowlateral; examples_of_manual "$REPO/man/flowlateral.1")
}

@test "examples of flowanom" {
	flowbase learn day.flow -w normal.base
	cp day.flow month.flow
	run_examples < <(examples_of_help flowanom; examples_of_manual "$REPO/man/flowanom.1")
}

@test "examples of flowbeacon" {
	flowbase learn day.flow -w normal.base
	echo '*:123' > allowed.txt
	run_examples < <(examples_of_manual "$REPO/man/flowbeacon.1"; examples_of_help flowbeacon);
}

@test "examples of flowscan" {
	run_examples < <(examples_of_manual "$REPO/man/flowscan.1"; examples_of_help flowscan);
}

@test "examples of flowalert" {
	printf '[dns]\nmatch = dst port 53\nkeys = srcip\nseverity = high\n' > rules.conf
	printf '[dns]\nmatch = kind == "dns"\nreason = an example\n' > quiet.txt
	run_examples < <(examples_of_manual "$REPO/man/flowalert.1"; examples_of_help flowalert);
}

@test "examples of flowwatch" {
	flowwatch() {
		"$REPO/bin/flowwatch" "$@"
	}
	export -f flowwatch
	flowgen -n 20000 --seed 3 --incident all -w var/flow/day.flow
	run_examples < <(examples_of_manual "$REPO/man/flowwatch.1")
}

@test "examples of flowgen" {
	run_examples < <(examples_of_manual "$REPO/man/flowgen.1"; examples_of_help flowgen);
}

@test "examples of flowwire" {
	run_examples < <(examples_of_manual "$REPO/man/flowwire.7")
}

# A manual's commands in order, those that are not shown with their output too, on the data that they themselves make;
# each line that it shows must be there.  Not compared are lines that say how long something is ago.
outputs_of_manual() {
	local kind line said='' n=0
	while IFS= read -r line; do
		kind=${line%% *} line=${line#? }
		if [ "$kind" = C ]; then
			said=$(timeout 60 bash -c "$line" 2> /dev/null < /dev/null) || :
		elif [[ $line == *...* || $line == *" ago" ]] || grep -qxF -- "$line" <<< "$said"; then
			n=$((n + 1))
		else
			echo "$1 shows what is not printed: $line"
			return 1
		fi
	done < <(awk '/^\.Sh EXAMPLES/ {p = 1; next} /^\.Sh/ {p = 0} p && /^\.Dl \$ / {sub(/^\.Dl \$ /, "C "); print}
		p && /^\.Bd/ {b = 1; next} p && /^\.Ed/ {b = c = 0} p && b && /^\$ / {c = 1; sub(/^\$ /, "C "); print; next}
		p && c {print "O " $0}' "$1" | sed 's/\\e/\\/g; s/\\&//g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/\\\[u2026\]/…/g; s/\\(+-/±/g')
	[ "$n" -gt 0 ]
}

@test "what examples print is what manuals show" {
	local p
	for p in flowagg flowstat flowscan flowbeacon flowexfil flowlateral flowanom flowbase flowalert; do
		mkdir "$p.d"
		(cd "$p.d" && outputs_of_manual "$REPO/man/$p.1")
		rm -r "$p.d"
	done
}
