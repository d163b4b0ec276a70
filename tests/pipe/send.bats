# flowsend to collectors, ours and other people's: what arrives is what was sent, or what was said to be lost.
# shellcheck shell=bash

load ../helper

setup() {
	flowkit_setup
	collector=
}

teardown() {
	[ -z "$collector" ] || kill -KILL "$collector" 2> /dev/null || true
}

# flowrecv on a free port: $collector, $port (ADDRESS:PORT).
collect() { # OUT.flow [OPTIONS]
	rm -f port
	flowrecv -l udp:127.0.0.1:0 --port-file port -w "$@" 2> recv.err 3>&- &
	collector=$!
	for _ in $(seq 100); do
		[ -e port ] && break
		sleep 0.05
	done
	port=$(head -n 1 port)
}

finish() {
	sleep 0.3
	kill -TERM "$collector"
	wait "$collector"
	collector=
	[ ! -s recv.err ]
}

# Send FILE as FORMAT and collect it again.
relay() { # FORMAT FILE OUT [OPTIONS of both programs' --raw ...]
	local format=$1 file=$2 out=$3

	shift 3
	collect "$out" "$@"
	flowsend -d "udp:$port" --as "$format" --rate 5kpps "$file" 2> send.err
	finish
}

# Flows, packets and octets.
sums() {
	flowcat -o csv -k packets,bytes "$@" | awk -F , 'NR > 1 { n++; p += $1; b += $2 } END { printf "%d %d %d\n", n, p, b }'
}

# Every field of every record, in no order, but the exporter, and the times of records that came without:
# the collector's clock.
lines() { # [OPTIONS] FILE
	flowcat -o ndjson --raw "$@" | python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    record.pop("_exporter", None)
    if record.get("flowStartNanoseconds", 0) == record.get("flowEndNanoseconds", 1):
        del record["flowStartNanoseconds"], record["flowEndNanoseconds"]
    print(json.dumps(record, sort_keys=True))' | LC_ALL=C sort
}

case_file() {
	echo "$SHARED/corpus/cases/$1.pcap"
}

@test "flowsend: v9 and IPFIX to flowrecv keep every field of every record" {
	flowgen -n 20000 --ipv6 20% --exporters 3 --incident all -w day.flow
	lines day.flow > want.txt
	for format in v9 ipfix; do
		relay $format day.flow back.flow
		[ ! -s send.err ]
		lines back.flow | cmp want.txt -
	done
}

@test "flowsend: v5 keeps the sums of IPv4 flows and says what it leaves out" {
	flowgen -n 20000 --ipv6 20% -w day.flow
	relay v5 day.flow back.flow
	flowcat -o csv -k srcip,packets,bytes day.flow |
		awk -F , 'NR > 1 && $1 !~ /:/ { n++; p += $2; b += $3 } END { printf "%d %d %d\n", n, p, b }' > want
	sums back.flow | cmp want -
	n=$(flowcat -o csv -k srcip day.flow | grep -c :)
	[[ $(cat send.err) == "flowsend: not said in NetFlow v5: "*"srcip: $n IPv6 flows, dropped"* ]]
	[ "$(wc -l < send.err)" -eq 1 ]
}

@test "flowsend: v5 says type and code of ICMP in the destination port, or that it does not" {
	{
		echo end,srcip,dstip,dstport,proto,icmptype,icmpcode,icmp
		echo 2026-01-01,10.0.0.1,10.0.0.9,,1,3,1,
		echo 2026-01-01,10.0.0.2,10.0.0.9,,1,,,2048
		echo 2026-01-01,10.0.0.3,10.0.0.9,0,1,11,0,
		echo 2026-01-01,10.0.0.4,10.0.0.9,771,1,3,3,
		echo 2026-01-01,10.0.0.5,10.0.0.9,771,1,0,0,
		echo 2026-01-01,10.0.0.6,10.0.0.9,80,6,0,0,0
		echo 2026-01-01,10.0.0.7,10.0.0.9,80,6,,,2048
		echo 2026-01-01,10.0.0.8,10.0.0.9,771,1,8,0,
	} | flowcat -i csv -w in.flow
	relay v5 in.flow back.flow
	flowcat -o csv -k srcip,dstport back.flow | diff - <(
		printf '%s\n' srcip,dstport 10.0.0.1,769 10.0.0.2,2048 10.0.0.3,2816 10.0.0.4,771 \
			10.0.0.5,771 10.0.0.6,80 10.0.0.7,80 10.0.0.8,771
	)
	[ "$(cat send.err)" = "flowsend: not said in NetFlow v5: icmp: 2 values beside another protocol or destination port" ]
}

@test "flowsend: nfcapd stores the same flows, packets and octets from v5, v9 and IPFIX" {
	command -v nfcapd > /dev/null || skip "no nfcapd"
	flowgen -n 10000 --exporters 2 -w day.flow
	sums day.flow > want
	for format in v5 v9 ipfix; do
		rm -rf theirs && mkdir theirs
		nfcapd -w "$PWD/theirs" -b 127.0.0.1 -p 29965 -t 3600 > nfcapd.log 2>&1 3>&- &
		collector=$!
		sleep 1
		flowsend -d udp:127.0.0.1:29965 --as $format --rate 5kpps --lossy day.flow
		sleep 0.5
		kill -TERM "$collector"
		wait "$collector" || true
		collector=
		nfdump -R theirs -I | awk '{ v[$1] = $2 } END { print v["Flows:"], v["Packets:"], v["Bytes:"] }' > got
		cmp want got
		nfdump -R theirs -I | grep -q '^Sequence failures: 0$'
		nfdump -R theirs -q -6 -N -o 'fmt:%ts,%te,%sa,%da,%sp,%dp,%pr,%pkt,%byt' 'not proto icmp' |
			sed 's/ *, */,/g' | LC_ALL=C sort > theirs.txt
		flowcat -o csv -k start,end,srcip,dstip,srcport,dstport,proto,packets,bytes day.flow |
			grep -E '^2026.*,(6|17),[0-9]+,[0-9]+$' | sed 's/T/ /g; s/Z//g' | LC_ALL=C sort | cmp - theirs.txt
	done
}

@test "flowsend: pmacct's nfacctd adds up the same from v5, v9 and IPFIX" {
	command -v nfacctd > /dev/null || skip "no nfacctd"
	flowgen -n 5000 -w day.flow
	sums day.flow | cut -d ' ' -f 2- > want
	for format in v5 v9 ipfix; do
		cat > nfacctd.conf <<-END
			daemonize: false
			nfacctd_ip: 127.0.0.1
			nfacctd_port: 29966
			nfacctd_pipe_size: 4000000
			plugins: print
			aggregate: proto
			print_refresh_time: 2
			print_output: csv
			print_output_file: $PWD/acct.%s.csv
		END
		rm -f acct.*
		nfacctd -f nfacctd.conf > nfacctd.log 2>&1 3>&- &
		collector=$!
		for _ in $(seq 300); do
			grep -q ' 0100007F:750E ' /proc/net/udp && break
			sleep 0.05
		done
		flowsend -d udp:127.0.0.1:29966 --as $format --rate 2kpps --lossy day.flow
		sleep 3
		kill -INT "$collector"
		wait "$collector" || true
		collector=
		sleep 1
		cat acct.*.csv | awk -F , '$1 != "PROTOCOL" { p += $2; b += $3 } END { printf "%d %d\n", p, b }' > got
		cmp want got
	done
}

@test "flowcat -o ipfix: ipfixDump reads as many records as there are" {
	command -v ipfixDump > /dev/null || skip "no ipfixDump"
	flowgen -n 3000 --ipv6 20% --exporters 2 -o ipfix -w day.ipfix
	ipfixDump --in day.ipfix > dump.txt 2> dump.err
	[ "$(grep -c '^--- data record' dump.txt)" -eq 3000 ]
	[ ! -s dump.err ]
}

# Flows with a list of one record: of three elements, the values of two of all pairs of lengths from 1 to LONGEST.
listed() { # FILE LONGEST ELEMENT ELEMENT ELEMENT
	python3 -c '
import struct, sys
p = struct.pack
longest = int(sys.argv[2])
flowset = lambda i, b: p(">HH", i, 4 + len(b)) + b
def field(name):
    pen, _, element = name.rpartition(".")
    return p(">HHI", 0x8000 | int(element), 65535, int(pen)) if pen else p(">HH", int(element), 65535)
templates = flowset(2, p(">HHHHHHHH", 256, 3, 8, 4, 148, 8, 292, 65535))
templates += flowset(2, p(">HH", 257, 3) + b"".join(map(field, sys.argv[3:6])))
pairs = ((a, b) for a in range(1, longest + 1) for b in range(1, longest + 1))
with open(sys.argv[1], "wb") as f:
    for n, (a, b) in enumerate(pairs):
        one = p(">BH", 3, 257) + bytes([a]) + b"a" * a + bytes([b]) + b"b" * b + b"\1\6"
        sets = templates + flowset(256, p(">IQB", 0x0A000001, n, len(one)) + one)
        f.write(p(">HHIII", 10, 16 + len(sets), 1700000000, n, 0) + sets)
' "$@"
}

# What is written of it says the same lists, and nothing is told.
same_lists() { # FILE
	run -0 --separate-stderr flowcat -o ipfix -w out.ipfix "$1"
	[ -z "$stderr" ]
	lists out.ipfix | cmp want.txt -
}

lists() { # FILE: all of them, but for the numbers of templates
	flowcat -o ndjson -k flowid,subTemplateList "$1" | sed 's/"template":[0-9]*/"template":0/'
}

@test "messages are no longer than they may be where the records of lists need templates of their own" {
	listed in.ipfix 53 35632.7000 35632.7001 35632.7002
	lists in.ipfix > want.txt
	[ "$(wc -l < want.txt)" = 2809 ]
	same_lists in.ipfix
	listed in.ipfix 20 35632.7000 35632.7001 35632.7002
	for mtu in $(seq 512 531); do
		run -0 --separate-stderr flowsend -q -d udp:127.0.0.1:29967 --mtu "$mtu" in.ipfix
		[ -z "$stderr" ]
	done
}

@test "lists have no template of its own for every length of a string, and octets no more than there are numbers" {
	listed in.ipfix 66 371 372 96
	lists in.ipfix > want.txt
	same_lists in.ipfix
	[ "$(flowcat -o ndjson out.ipfix | grep -o '"template":[0-9]*' | sort -u)" = '"template":257' ]
	listed in.ipfix 66 35632.7000 35632.7001 35632.7002
	lists in.ipfix > want.txt
	[ "$(wc -l < want.txt)" = 4356 ]
	same_lists in.ipfix
}

# What reads a string of one length in a list as one of varying length, as libfixbuf's ipfixDump does, dies of it.
@test "strings in a basicList have varying length, as they came" {
	python3 -c '
import struct
p = struct.pack
one = p(">BHH", 3, 371, 65535) + b"\5alice\5carol"
sets = p(">HHHHHHHH", 2, 16, 256, 2, 8, 4, 291, 65535) + p(">HHIB", 256, 9 + len(one), 0x0A000001, len(one)) + one
open("in.ipfix", "wb").write(p(">HHIII", 10, 16 + len(sets), 1700000000, 0, 0) + sets)'
	flowcat -o ipfix -w out.ipfix in.ipfix
	grep -aq $'\xff\xff\x05alice\x05carol' out.ipfix
	command -v ipfixDump > /dev/null || skip "no ipfixDump"
	ipfixDump --in out.ipfix | grep -q '(len: 5) carol'
}

@test "flowsend: tshark finds nothing malformed and adds up the same octets" {
	command -v tshark > /dev/null || skip "no tshark"
	flowgen -n 2000 --ipv6 20% -w day.flow
	for format in v9 ipfix; do
		"$TOOLS/blast" record sent.pcap 127.0.0.1:0 1 > blast.log 2> blast.err 3>&- &
		recorder=$!
		for _ in $(seq 100); do
			grep -q listening blast.log && break
			sleep 0.05
		done
		flowsend -d "udp:127.0.0.1:$(sed -n 's/.*listening on //p' blast.log)" --as $format --rate 5kpps day.flow
		wait $recorder
		tshark -r sent.pcap -d "udp.port==1-65535,cflow" -T fields -e cflow.octets 2> /dev/null |
			tr ',' '\n' | awk 'NF { n++; b += $1 } END { printf "%d %d\n", n, b }' > got
		sums day.flow | awk '{ print $1, $3 }' | cmp - got
		[ -z "$(tshark -r sent.pcap -d 'udp.port==1-65535,cflow' -Y '_ws.malformed' 2> /dev/null)" ]
	done
}

@test "v5 captures come back record by record through a stream and v5 again" {
	[ -n "$SHARED" ] || skip "no ../shared"
	for name in ak_nf5 cr_seq_v5 fl_nf5 g2_nf5 gen_softflowd_v5 ls_nf5_valid ls_nf5_mikrotik tg_nf5_example; do
		flowrecv --raw -r "$(case_file $name)" -w in.flow 2> /dev/null
		relay v5 in.flow back.flow --raw
		[ ! -s send.err ]
		lines in.flow > want.txt
		lines back.flow | diff want.txt -
	done
}

@test "captures come back through stream, csv, stream and IPFIX over UDP" {
	[ -n "$SHARED" ] || skip "no ../shared"
	for name in cr_varlen cr_biflow cr_reduced cr_rfc7011_a cr_strings cr_basiclist cr_stl gen_softflowd_v5 gen_softflowd_v10_micro \
		ls_ipfix_viptela ls_ipfix_vmware_vds ls_ipfix_yaf_applabel tg_ipfix_example ls_nf9_asr9k_tpl260 mm_ipfix_mixed_ent pm100_ipfix_cisco pm106_ipfix_huawei_vrf; do
		flowrecv -r "$(case_file $name)" -w in.flow 2> /dev/null
		flowcat -o csv -k all in.flow > in.csv
		flowcat -i csv in.csv -w again.flow
		relay ipfix again.flow back.flow
		[ ! -s send.err ]
		# a collector gives flows without times the time they arrived; what options said of sampling, which
		# csv has not, comes along
		lines in.flow | sed 's/"samplingInterval": 1, //' > want.txt
		lines back.flow | sed 's/"samplingInterval": 1, //' > got.txt
		echo "$name: $(wc -l < want.txt) records"
		diff want.txt got.txt
	done
}

@test "options records arrive as options records" {
	[ -n "$SHARED" ] || skip "no ../shared"
	for name in mm_ipfix_opt_data cr_rfc5610; do
		flowrecv -r "$(case_file $name)" -w in.flow 2> /dev/null
		relay ipfix in.flow back.flow
		lines --options in.flow > want.txt
		grep -q '"_kind": "options"' want.txt
		lines --options back.flow | diff want.txt -
	done
}

# Elements 55555.10 up, of each data type, which options records announce with names (RFC 5610).
announced() { # FILE
	python3 -c '
import struct, sys
p = struct.pack
values = [b"abc", b"\5", b"\1\5", p(">I", 70000), p(">Q", 1 << 40), b"\xff", p(">h", -2), p(">i", -3), p(">q", -4),
    p(">f", 1.5), p(">d", 2.5), b"\1", bytes(range(6)), b"text", p(">I", 1700000000), p(">Q", 1700000000123),
    p(">II", 3908988800, 1 << 31), p(">II", 3908988800, 1 << 30), b"\xc0\0\2\1", b"\x20\1" + bytes(14)]
flowset = lambda i, b: p(">HH", i, 4 + len(b)) + b
options = flowset(3, p(">HHH10H", 400, 5, 2, 346, 4, 303, 2, 339, 1, 344, 1, 341, 65535))
told = lambda e, t, name: p(">IHBBB", 55555, e, t, 0, len(name)) + name
start = p(">IQ", 0x0A000001, 1700000000000)
one = options + flowset(400, b"".join(told(10 + t, t, b"thing%d" % t) for t in range(20)))
one += flowset(2, p(">HHHHHH", 256, 2 + len(values), 8, 4, 152, 8) +
    b"".join(p(">HHI", 0x800A + i, len(v), 55555) for i, v in enumerate(values)))
one += flowset(256, (start + b"".join(values)) * 2)
open(sys.argv[1], "wb").write(p(">HHIII", 10, 16 + len(one), 1700000001, 0, 1) + one)
' "$1"
}

@test "what an exporter announced of its elements survives IPFIX" {
	announced in.ipfix
	flowcat -w in.flow in.ipfix
	flowcat --options -o ndjson in.flow > want.txt
	grep -c '"55555.27":"2023-11-14T22:13:20.250000000Z"' want.txt
	flowcat -o ipfix -w again.ipfix in.flow
	flowcat --options -o ndjson again.ipfix | diff want.txt -
	[[ $(flowcat -o csv -k 55555.13,55555.24 --resolve again.ipfix | head -n 1) == thing3,thing14 ]]
	# without options records only the types can be told; csv has 8 octets for each integer
	flowcat -o csv -k all in.flow > all.csv
	flowcat -i csv -o ipfix -w csv.ipfix all.csv
	flowcat -o csv -k all csv.ipfix | cmp all.csv -
	if command -v tshark > /dev/null; then
		[ -z "$(tshark -r csv.ipfix -Y '_ws.malformed || _ws.expert.severity >= 6' 2> /dev/null)" ]
	fi
	if command -v ipfixDump > /dev/null; then
		ipfixDump --in csv.ipfix > dump.txt 2> dump.err
		[ ! -s dump.err ]
	fi
}

@test "flowcat -o ipfix writes the fields of -k, and says what IPFIX has no place for" {
	flowgen -n 100 -w day.flow
	run -0 --separate-stderr flowcat -k srcip,bytes -o ipfix -w small.ipfix day.flow
	[ -z "$stderr" ]
	run -0 --separate-stderr flowcat -o ndjson -n 1 small.ipfix
	[[ $output == *'"srcip":'*'"bytes":'* ]]
	[[ $output != *dstport* ]]
	flowagg -k srcip -v distinct_dstip day.flow > sums.flow
	n=$(flowcat -o csv -k srcip sums.flow | tail -n +2 | wc -l)
	run -0 --separate-stderr flowcat -o ipfix -w sums.ipfix sums.flow
	[ "$stderr" = "flowcat: not said in IPFIX: distinct_dstip: $n values without an information element" ]
}

# Two exporters that use the same domain; the second says of its sampling, the first too if it has an interval.
two_exporters() { # FILE VERSION SCOPE-ELEMENT INTERVAL-OF-THE-FIRST
	python3 -c '
import struct, sys
p = struct.pack
version, scope, first = (int(a) for a in sys.argv[2:])
fields = ((8, 4), (10, 4), (1, 4))
flowset = lambda i, b: p(">HH", i, 4 + len(b)) + b
template = flowset(0 if version == 9 else 2, p(">HH", 256, 3) + b"".join(p(">HH", *f) for f in fields))
counts = (4, 4) if version == 9 else (2, 1)
options = flowset(1 if version == 9 else 3, p(">HHHHHHH", 257, *counts, scope, 4, 34, 4))
flow = lambda n: flowset(256, p(">III", 0x0A000000 + n, 5, 500))
said = lambda interval: options + flowset(257, p(">II", 5, interval))
def message(sets, records, seq):
    if version == 9:
        return p(">HHIIII", 9, records, 3600000, 1700000000, seq, 5) + sets
    return p(">HHIII", 10, 16 + len(sets), 1700000000, seq, 5) + sets
def packet(source, data):
    ip = p(">BBHHHBBHII", 0x45, 0, 28 + len(data), 0, 0, 64, 17, 0, 0xC0000200 + source, 0xC0000209)
    frame = ip + p(">HHHH", 5000, 2055, 8 + len(data), 0) + data
    return p("<IIII", 1700000000, 0, len(frame), len(frame)) + frame
with open(sys.argv[1], "wb") as f:
    f.write(p("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    f.write(packet(1, message(template + (said(first) if first else b"") + flow(1), 2 + 2 * (first > 0), 0)))
    f.write(packet(2, message(template + said(100) + flow(2), 4, 0)))
' "$@"
}

@test "what one exporter says of its sampling does not become another's" {
	for case in "9 1" "9 2" "10 149" "10 10"; do
		for first in 0 7; do
			# shellcheck disable=SC2086
			two_exporters two.pcap $case $first
			flowrecv -q -r two.pcap -w in.flow
			flowcat -o csv -k srcip,sampling in.flow | sort > want.txt
			echo "$case: $first"
			grep -qx "10.0.0.1,${first#0}" want.txt
			grep -qx 10.0.0.2,100 want.txt
			for format in v9 ipfix; do
				relay $format in.flow back.flow
				flowcat -o csv -k srcip,sampling back.flow | sort | diff want.txt -
			done
			flowcat -o ipfix -w back.ipfix in.flow 2> send.err
			flowcat -o csv -k srcip,sampling back.ipfix | sort | diff want.txt -
		done
	done
}

@test "the interval of each sampler stays its own, and that of flows without their options comes along" {
	printf 'srcip,bytes,sampling,samplingsrc,samplerid\n10.0.0.1,500,10,6,1\n10.0.0.2,500,1000,6,2\n' > in.csv
	flowcat -o csv -k srcip,sampling in.csv | sort > want.txt
	for format in v9 ipfix; do
		relay $format in.csv back.flow
		[ ! -s send.err ]
		flowcat -o csv -k srcip,sampling back.flow | sort | diff want.txt -
	done
}

# Firewall events of one flow: created, updated twice, deleted with the sum of both once more.
nsel() { # FILE
	python3 -c '
import struct, sys
p = struct.pack
fields = ((8, 4), (148, 4), (233, 1), (231, 8), (323, 8))
events = ((1, 0), (5, 1000), (5, 500), (2, 1500))
template = p(">HH", 256, len(fields)) + b"".join(p(">HH", *f) for f in fields)
data = b"".join(p(">IIBQQ", 0x0A000001, 7, e, n, 1700000000000) for e, n in events)
sets = b"".join(p(">HH", i, 4 + len(s)) + s for i, s in ((2, template), (256, data)))
open(sys.argv[1], "wb").write(p(">HHIII", 10, 16 + len(sets), 1700000000, 0, 1) + sets)' "$1"
}

@test "a firewall's flows and octets count once after they were sent on" {
	nsel in.ipfix
	flowcat -w in.flow in.ipfix
	flowagg -k srcip -v bytes,flows in.flow | flowcat -o csv -k bytes,flows > want.txt
	[ "$(tail -n 1 want.txt)" = 1500,1 ]
	run -0 --separate-stderr flowcat -o ipfix -w again.ipfix in.flow
	[ "$stderr" = "flowcat: not said in IPFIX: initiatorOctets#sent: 1 totals of updates that were counted" ]
	flowagg -k srcip -v bytes,flows again.ipfix | flowcat -o csv -k bytes,flows | cmp want.txt -
	for format in v9 ipfix; do
		relay $format in.flow back.flow
		flowagg -k srcip -v bytes,flows back.flow | flowcat -o csv -k bytes,flows | diff want.txt -
	done
}

@test "flowcat -o ipfix keeps who exported each record" {
	flowgen -n 1000 --exporters 3 --ipv6 20% -w day.flow
	flowcat -o ipfix -w day.ipfix day.flow
	flowcat -o csv -k exporter,domain,srcip,bytes day.flow | sort > want
	flowcat -o csv -k exporter,domain,srcip,bytes day.ipfix | sort | cmp - want
	[ "$(cut -d, -f1 want | sort -u | wc -l)" = 4 ]
}
