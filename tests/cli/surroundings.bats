# What programs do where the machine is not as it should be: closed descriptors, limits, unreadable files.
# shellcheck shell=bash disable=SC2016,SC2054,SC2154

load ../helper

setup() {
	flowkit_setup
	flowgen -n 3000 -w day.flow
}

@test "surroundings: a closed standard input is an error, not a wait" {
	run -3 --separate-stderr timeout 20 bash -c 'flowstat <&-'
	[[ $stderr == "flowstat: standard input: Bad file descriptor"* ]]
}

@test "surroundings: a closed standard output is an error, and no other file takes its place" {
	run -3 bash -c 'flowcat -o csv day.flow >&- 2> said; s=$?; cat said; exit $s'
	[[ $output == *"Bad file descriptor"* ]]
}

@test "surroundings: a closed standard error gets nothing into the output file" {
	flowcat -v -w out.flow day.flow 2>&-
	flowcat --check out.flow
	cmp <(flowcat -o csv day.flow) <(flowcat -o csv out.flow)
}

@test "surroundings: a file size limit is an error like a full disk" {
	mkdir out
	run -3 --separate-stderr bash -c 'ulimit -f 8; flowcat -w out/cut.flow day.flow'
	[[ $stderr == *"File too large" ]]
	[ "$(ls -A out)" = cut.flow.incomplete ]
}

@test "surroundings: a file of a directory that cannot be read is told, status 3" {
	local as=()

	mkdir dir
	cp day.flow dir/a.flow
	cp day.flow dir/b.flow
	chmod 000 dir/b.flow
	if [ "$(id -u)" = 0 ]; then
		as=(setpriv --bounding-set=-dac_override,-dac_read_search)
		"${as[@]}" true || skip "cannot give up root's reading of everything"
	fi
	run -3 --separate-stderr "${as[@]}" flowstat -N dir
	[ "$stderr" = "flowstat: dir/b.flow: Permission denied" ]
	[[ ${lines[0]} =~ ^flows\ +3000$ ]]
}

# faulty CALL:FAULT PROGRAM...: with one of its system calls failing.
faulty() {
	local fault=$1
	shift
	strace -f -o /dev/null -e inject="$fault" "$@"
}

need_faults() {
	command -v strace > /dev/null || skip "no strace"
	strace -o /dev/null true 2> /dev/null || skip "no tracing here"
	[[ $(ldd "$FLOWKIT_BIN/flowcat" 2>&1) == *static* ]] || skip "a loader makes such calls first"
}

@test "surroundings: a directory that cannot be read to its end is an error, not fewer files" {
	need_faults
	mkdir -p dir/below
	cp day.flow dir/a.flow
	cp day.flow dir/below/b.flow
	# The first read of a directory gives its names, the second says that there are no more.
	for fault in 1 2 3; do
		run -3 --separate-stderr faulty getdents64:error=EIO:when=$fault flowstat -N dir
		[[ $stderr =~ ^"flowstat: dir"(/below)?": Input/output error"$ ]]
		[ -z "$output" ]
	done
}

@test "surroundings: a store that a collector cannot read to its end, to repair it, is told" {
	need_faults
	mkdir store
	python3 "$REPO/tests/tools/export.py" pcap export.pcap --messages 3
	run -0 --separate-stderr faulty getdents64:error=EIO:when=2 flowrecv --no-sandbox -r export.pcap -w store --rotate 1h
	[[ $stderr == "flowrecv: store: Input/output error; cannot be repaired"* ]]
}

@test "surroundings: columns of a file that could not be read at first are not left out" {
	need_faults
	flowcat -k srcip,bytes -w few.flow day.flow
	flowcat -j 1 -o csv -k all few.flow day.flow > whole
	# Files are opened to see what they are, to see their columns, and to be read.
	for n in $(seq 2 12); do
		faulty openat:error=EMFILE:when=$n flowcat -j 1 -o csv -k all few.flow day.flow > got 2> said ||
			[ -s said ]
		[ -s said ] || cmp got whole
	done
}

@test "surroundings: a block that cannot be read is told as that, and other files are read" {
	need_faults
	flowgen -n 60000 -w big.flow
	# The first read is of its head, the second of a block that goes on as it is.
	run -3 --separate-stderr faulty pread64:error=EIO:when=2 flowcat -j 1 -w out.flow big.flow day.flow
	[[ ${stderr_lines[0]} =~ ^"flowcat: big.flow: offset "[0-9]+": block cannot be read: Input/output error"$ ]]
	[[ ${stderr_lines[1]} == *"the part that is good is in "* ]]
	cmp <(flowcat -o csv out.flow.incomplete 2> /dev/null) <(flowcat -o csv day.flow)
	faulty splice:error=EIO flowcat -j 1 big.flow 2> said | cat > /dev/null
	grep -q ': block cannot be read: Input/output error$' said
}

@test "surroundings: a column that cannot be read is told with the reason" {
	need_faults
	flowgen -n 60000 -w big.flow
	run -3 --separate-stderr faulty pread64,preadv2:error=EIO:when=2+ flowcat -j 1 -o csv big.flow
	[[ ${stderr_lines[0]} =~ ^"flowcat: big.flow: offset "[0-9]+": column "[0-9]+": Input/output error"$ ]]
}

@test "surroundings: a file that cannot be read is told where it is followed too" {
	need_faults
	run -3 --separate-stderr timeout 20 strace -f -o /dev/null -P "$PWD/day.flow" \
		-e inject=pread64:error=EIO flowcat --follow -o csv day.flow
	[[ $stderr == *"flowcat: day.flow: Input/output error" ]]
}

@test "surroundings: a pipe that cannot be given a file's octets unread gets them read" {
	need_faults
	flowcat day.flow | cat > whole
	for error in ENOSYS EINVAL EPERM; do
		strace -f -o /dev/null -e inject=splice:error=$error flowcat day.flow | cat > got
		cmp <(flowcat -o csv got) <(flowcat -o csv whole)
	done
}

@test "surroundings: an empty .flow file of a directory is told, other files are passed over" {
	mkdir dir
	cp day.flow dir/a.flow
	echo text > dir/README
	flowstat dir
	: > dir/b.flow
	run -3 --separate-stderr flowstat -N dir
	[[ $stderr == "flowstat: dir/b.flow: "*"empty input"* ]]
	[[ ${lines[0]} =~ ^flows\ +3000$ ]]
}

@test "surroundings: programs that are linked whole need no file beside their input" {
	local alone=(unshare --user --map-root-user chroot .)

	ldd "$FLOWKIT_BIN/flowagg" 2>&1 | grep -q '=>' && skip "linked to libraries here"
	[ "$(id -u)" -ne 0 ] || alone=(chroot .)
	"${alone[@]}" /nothing 2> said || [ $? -eq 127 ] || skip "no root of its own: $(cat said)"
	cp "$FLOWKIT_BIN"/flow{agg,cat,filter} .
	for j in 1 2; do
		"${alone[@]}" /flowfilter -j $j 'dst port 443 or src port 443' -w /web.flow day.flow
		cmp <("${alone[@]}" /flowagg -j $j -k srcip,dstport -v bytes,p50_duration -o csv /web.flow) \
			<(flowfilter 'port 443' day.flow | flowagg -k srcip,dstport -v bytes,p50_duration -o csv)
		cmp <("${alone[@]}" /flowcat -j $j -O bytes -o table /web.flow) <(flowcat -O bytes -o table web.flow)
	done
}
