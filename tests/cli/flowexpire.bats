# flowexpire: limits, what is a flow file, how old it is, and what must never be deleted.
# shellcheck shell=bash disable=SC2016,SC2054,SC2154

load ../helper

setup() {
	flowkit_setup
	flowgen -n 10 -w one
	helpers=()
}

teardown() {
	local pid

	for pid in "${helpers[@]}"; do
		kill -KILL "$pid" 2> /dev/null || true
	done
	[ ! -e immutable ] || chattr -i "$(cat immutable)"
}

# Make flow files of those names; each takes $unit octets of the disk.
put() {
	mkdir -p "${@%/*}"
	tee "$@" < one > /dev/null
	unit=$(($(stat -c %b "$1") * 512))
}

# put, written last at that time.
put_at() {
	put "$2"
	touch -d "$1" -- "$2"
}

# A store of six files of days 1 to 6, one in a directory of its own.
six() {
	put s/2021110{1,2,4,5,6}T000000Z.flow s/sub/20211103T000000Z.flow
}

# What is left in a directory: names without their directories, on one line.
left() {
	find "$1" ! -type d -printf '%f\n' | LC_ALL=C sort | tr '\n' ' '
}

day() {
	date -u -d "$1" +%Y%m%dT%H%M%SZ.flow
}

# As somebody who may not read and write everything: root's capabilities for it are given up.
mortal() {
	local as=()

	if [ "$(id -u)" = 0 ]; then
		as=(setpriv --bounding-set=-dac_override,-dac_read_search)
		"${as[@]}" true || skip "cannot give up root's reading of everything"
	fi
	"${as[@]}" "$@"
}

# Run the rest of the line where file systems can be mounted that nobody else sees.  As mortal, call it once outside
# of run, where it can skip.
private() {
	unshare -m true 2> /dev/null || skip "cannot mount file systems of its own"
	unshare -m "$@"
}

# Wait until a command succeeds, 10 s at most.
until_true() {
	for _ in $(seq 200); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

@test "flowexpire: wrong usage is told with what is expected, and nothing is deleted" {
	local text

	six
	run -2 --separate-stderr flowexpire s
	[[ $stderr == "flowexpire: no limits: say -e size=500G,age=90d"* ]]
	run -2 --separate-stderr flowexpire -e size=1G
	[[ $stderr == "flowexpire: no directory"* ]]
	run -2 --separate-stderr flowexpire -e size=500 s
	[[ $stderr == "flowexpire: -e 'size=500': expected a size and its unit, such as size=500G"* ]]
	run -2 --separate-stderr flowexpire -e age=1d -e age=2d s
	[[ $stderr == "flowexpire: -e 'age=2d': a second limit of that name"* ]]
	for text in size=0 age=0s free=0% files=0 age=90 size=-1G free=100% files=x '' ',' nosuch=1; do
		run -2 --separate-stderr flowexpire -e "$text" s
		[[ $stderr == "flowexpire: -e '"*"try 'flowexpire --help'" ]]
	done
	for text in 0 0% 101% 1.5 x ''; do
		run -2 --separate-stderr flowexpire -e files=1 --watermark "$text" s
		[[ $stderr == "flowexpire: --watermark '$text': a share up to 1, or 100%"* ]]
	done
	run -2 --separate-stderr flowexpire -n 3 -e files=1 s
	[[ $stderr == *"unknown option '-n'"* ]]
	[ "$(find s -type f | wc -l)" = 6 ]
}

@test "flowexpire: limits that are kept do nothing and say nothing, status 0" {
	six
	run -0 flowexpire -e "size=$((6 * unit))B,age=36500d,files=6" s
	[ -z "$output" ]
	mkdir empty
	run -0 flowexpire -e size=1B,age=1s,files=1 empty
	[ -z "$output" ]
	[ "$(find s -type f | wc -l)" = 6 ]
}

@test "flowexpire: files= deletes the oldest, wherever they are, and removes what becomes empty" {
	six
	run -0 flowexpire -e files=3 s
	[ -z "$output" ]
	[ "$(left s)" = "20211104T000000Z.flow 20211105T000000Z.flow 20211106T000000Z.flow " ]
	[ ! -e s/sub ]
}

@test "flowexpire: size= counts what files take of the disk, and stops as soon as it is kept" {
	six
	flowexpire -e "size=$((4 * unit))B" s
	[ "$(left s)" = "20211103T000000Z.flow 20211104T000000Z.flow 20211105T000000Z.flow 20211106T000000Z.flow " ]
	flowexpire -e "size=$((4 * unit - 1))B" s
	[ "$(find s -type f | wc -l)" = 3 ]
	# a hole is no disk space
	truncate -s 1G s/20211105T000000Z.flow
	flowexpire -e "size=$((3 * unit))B" s
	[ "$(find s -type f | wc -l)" = 3 ]
}

@test "flowexpire: age= goes by the name, not by when a file was copied or touched" {
	local old young

	old=$(day '10 days ago') young=$(day '2 hours ago')
	put_at now "s/$old"
	put_at '10 days ago' "s/$young"
	put_at now s/newest.flow
	flowexpire -e age=9d s
	[ "$(left s)" = "$young newest.flow " ]
}

@test "flowexpire: files of one name are as old as it says, however many they are" {
	put s/20211101T000000Z.flow s/20211101T000000Z_{2,9999,10000,999999}.flow s/20211106T000000Z.flow
	flowexpire -e age=9d s
	[ "$(left s)" = "20211106T000000Z.flow " ]
}

@test "flowexpire: age= goes by the last modification where the name is another, or lies in the future" {
	put_at '10 days ago' s/old.flow
	put_at '10 days ago' s/20211399T000000Z.flow
	put_at '10 days ago' s/99990101T000000Z.flow
	put_at '10 days ago' s/22500101T000000Z.flow
	put_at '10 days ago' s/20010101T000000Zx.flow
	put_at '10 days ago' s/2001.01.01.00.flow
	put_at now s/20010101T000000.flow
	put_at '1 hour ago' s/20010101T000000Z_x.flow
	put_at now s/new.flow
	flowexpire -e age=9d s
	[ "$(left s)" = "20010101T000000.flow 20010101T000000Z_x.flow new.flow " ]
}

@test "flowexpire: the times of flows in a file do not matter" {
	put s/20211103T000000Z.flow
	flowgen -n 10 --start 2001-01-01 -w s/20211102T000000Z.flow
	flowgen -n 10 --start 2100-01-01 -w s/20211101T000000Z.flow
	flowexpire -e files=2 s
	[ "$(left s)" = "20211102T000000Z.flow 20211103T000000Z.flow " ]
}

@test "flowexpire: NAME_2 and NAME_10 are newer than NAME, in this order" {
	put s/20211101T000000Z{,_2,_10,_3}.flow
	flowexpire -e files=3 s
	[ ! -e s/20211101T000000Z.flow ]
	flowexpire -e files=1 s
	[ "$(left s)" = "20211101T000000Z_10.flow " ]
}

@test "flowexpire: of several limits the one that demands most wins" {
	six
	flowexpire -e files=5,size="$((2 * unit))B" s
	[ "$(find s -type f | wc -l)" = 2 ]
	six
	flowexpire -e files=2,size="$((5 * unit))B" s
	[ "$(find s -type f | wc -l)" = 2 ]
	six
	flowexpire -e files=5 -e size="$((5 * unit))B" -e age=36500d s
	[ "$(find s -type f | wc -l)" = 5 ]
}

@test "flowexpire: --watermark deletes down to a share, but only once the limit is exceeded" {
	put s/202111{01..20}T000000Z.flow
	flowexpire -e files=20 --watermark 50% s
	[ "$(find s -type f | wc -l)" = 20 ]
	flowexpire -e files=19 --watermark 50% s
	[ "$(find s -type f | wc -l)" = 9 ]
	flowexpire -e "size=$((8 * unit))B" --watermark 0.5 s
	[ "$(find s -type f | wc -l)" = 4 ]
}

@test "flowexpire: each directory is a store of its own, and keeps its newest file" {
	six
	cp -r s t
	flowexpire -e files=4 s t
	[ "$(find s -type f | wc -l)" = 4 ]
	[ "$(find t -type f | wc -l)" = 4 ]
	flowexpire -e age=1s s t
	[ "$(left s)" = "20211106T000000Z.flow " ]
	[ "$(left t)" = "20211106T000000Z.flow " ]
	flowexpire -e age=1s s t s s/
	[ "$(left s)" = "20211106T000000Z.flow " ]
}

@test "flowexpire: what only has the name of the newest file does not lose the newest its protection" {
	six
	: > s/20211107T000000Z.flow
	echo text > s/20211108T000000Z.flow
	mkdir s/20211109T000000Z.flow
	ln -s ../one s/20211110T000000Z.flow
	flowexpire -e age=1s s
	[ -e s/20211106T000000Z.flow ]
	[ "$(find s -type f -name '*.flow' | wc -l)" = 3 ]
}

@test "flowexpire: what is no flow file by name and content is never touched" {
	put s/20211101T000000Z.flow s/20211130T000000Z.flow keep/20211103T000000Z.flow
	put s/.20211102T000000Z.flow.part s/.20211102T000000Z.flow.part.merged s/.20211101T000000Z.flow.abcdef
	put s/.hidden/20211101T000000Z.flow s/.hidden.flow s/day s/day.flow.gz s/day.flow~ s/flow
	put s/.flow s/.20211101T000000Z.flow.part
	echo text > s/20211001T000000Z.flow
	echo text > s/notes.flow
	: > s/empty.flow
	head -c 7 one > s/short.flow
	mkfifo s/fifo.flow s/20211002T000000Z.flow
	mkdir -p s/dir.flow s/20211003T000000Z.flow
	ln -s ../keep/20211103T000000Z.flow s/20211004T000000Z.flow
	ln -s ../keep s/link
	ln -s nowhere s/dangling.flow
	find s keep | sort > before
	run -0 timeout 20 flowexpire -e age=1s s
	[ -z "$output" ]
	find s keep | sort > after
	run -1 diff before after
	[ "${lines[1]}" = "< s/20211101T000000Z.flow" ]
	[ "${#lines[@]}" = 2 ]
}

@test "flowexpire: foreign files of flow names count for nothing" {
	six
	head -c 1000000 /dev/zero > s/big.flow
	head -c 1000000 /dev/zero > s/20211031T000000Z.flow
	flowexpire -e "size=$((5 * unit))B" s
	[ "$(left s)" = "20211031T000000Z.flow 20211102T000000Z.flow 20211103T000000Z.flow 20211104T000000Z.flow 20211105T000000Z.flow 20211106T000000Z.flow big.flow " ]
}

@test "flowexpire: foreign files of newer names cost no flow file" {
	local i

	six
	for i in 10 11 12; do
		head -c 1000000 /dev/zero > "s/202111${i}T000000Z.flow"
	done
	put_at 2021-11-20T00:00:00Z s/other.flow # a name of somebody else, the newest
	run -0 --separate-stderr flowexpire -v -e files=6 s
	[[ $stderr == *"files deleted: 1, "*"; left: 6, "* ]]
	flowexpire -e "size=$((5 * unit))B" s
	[ "$(left s)" = "20211103T000000Z.flow 20211104T000000Z.flow 20211105T000000Z.flow 20211106T000000Z.flow 20211110T000000Z.flow 20211111T000000Z.flow 20211112T000000Z.flow other.flow " ]
	run -0 --separate-stderr flowexpire -v -e files=5 s
	[[ $stderr == *"files deleted: 0, 0; left: 5, "* ]]
}

@test "flowexpire: -v says what only has the name of a flow file, once it is opened" {
	six
	for name in s/20211031T000000Z.flow s/20211103T120000Z.flow s/20211107T000000Z.flow; do
		echo "no flow file" > $name
	done
	run -0 --separate-stderr flowexpire -v -e files=5 s
	told="left alone: its content is that of no flow file"
	[ "${stderr_lines[0]}" = "flowexpire: s/20211107T000000Z.flow: $told" ]
	[ "${stderr_lines[1]}" = "flowexpire: s/20211031T000000Z.flow: $told" ]
	[ "${stderr_lines[2]}" = "flowexpire: s/20211103T120000Z.flow: $told" ]
	[[ ${stderr_lines[3]} == "flowexpire: s/20211101T000000Z.flow: deleted by files: "* ]]
	run -0 --separate-stderr flowexpire -e files=1 s
	[ -z "$stderr" ]
	[ "$(left s)" = "20211031T000000Z.flow 20211103T120000Z.flow 20211106T000000Z.flow 20211107T000000Z.flow " ]
}

@test "flowexpire: what a crash left empty under a flow file's name costs no flow file" {
	six
	touch s/20211103T120000Z.flow s/20211105T120000Z.flow.incomplete
	printf x > s/20211104T120000Z.flow
	run -0 --separate-stderr flowexpire -v -e files=6 s
	[[ $stderr == *"files deleted: 0, 0; left: 6, "* ]]
	[ "$(find s -name '*.flow' -size +1 | wc -l)" = 6 ]
	[ -e s/20211103T120000Z.flow ]
}

@test "flowexpire: an incomplete file goes as its name says, an index with its file" {
	six
	put s/20211030T000000Z.flow.incomplete
	put s/.20211030T000000Z.flow.incomplete.idx s/.20211101T000000Z.flow.idx s/.20211104T000000Z.flow.idx
	mkdir s/.20211102T000000Z.flow.idx
	# the index counts: six files, one incomplete one, three indices
	flowexpire -e "size=$((10 * unit))B" s
	[ "$(find s -type f | wc -l)" = 10 ]
	flowexpire -e "size=$((9 * unit))B" s
	[ "$(find s -type f | wc -l)" = 8 ]
	[ ! -e s/20211030T000000Z.flow.incomplete ]
	flowexpire -e files=4 s
	[ "$(left s)" = ".20211104T000000Z.flow.idx 20211103T000000Z.flow 20211104T000000Z.flow 20211105T000000Z.flow 20211106T000000Z.flow " ]
	[ -d s/.20211102T000000Z.flow.idx ]
}

@test "flowexpire: directories left empty go, up to DIR; others stay" {
	put s/2021/11/01/20211101T000000Z.flow s/2021/11/02/20211102T000000Z.flow s/2020/12/31/20201231T000000Z.flow
	put s/2021/11/03/20211103T000000Z.flow s/2021/11/03/.20211130T000000Z.flow.part s/last/20211130T000000Z.flow
	mkdir -p s/empty s/2021/11/02/own
	flowexpire -e age=1s s
	run -0 find s -mindepth 1
	[ "$(sort <<< "$output")" = "s/2021
s/2021/11
s/2021/11/02
s/2021/11/02/own
s/2021/11/03
s/2021/11/03/.20211130T000000Z.flow.part
s/empty
s/last
s/last/20211130T000000Z.flow" ]
}

@test "flowexpire: a symbolic link out of DIR is not followed; DIR itself may be one" {
	six
	put out/20211101T000000Z.flow out/20211102T000000Z.flow
	ln -s ../out s/out
	ln -s "$PWD/out" s/sub/out
	ln -s s link
	flowexpire -e age=1s link
	[ "$(left out)" = "20211101T000000Z.flow 20211102T000000Z.flow " ]
	[ "$(find s -type f | wc -l)" = 1 ]
}

@test "flowexpire: names of newlines, blanks and escapes are deleted, and printed harmlessly" {
	put_at '9 days ago' $'s/a\nb.flow'
	put_at '8 days ago' $'s/ \e[31m dir\t/-e $x `y` \xff.flow'
	put_at now s/new.flow
	run -0 --separate-stderr flowexpire -e age=7d --dry-run s
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == *'  age    s/a\x0ab.flow' ]]
	[[ ${lines[1]} == *'  age    s/ \x1b[31m dir\x09/-e $x `y` \xff.flow' ]]
	run -0 --separate-stderr flowexpire -e age=7d -v s
	[[ $stderr == 'flowexpire: s/a\x0ab.flow: deleted by age: '* ]]
	[ "$(find s -mindepth 1)" = s/new.flow ]
}

@test "flowexpire: --dry-run prints what would go, and just that goes" {
	six
	run -0 --separate-stderr flowexpire -e "files=4,age=$(($(date +%s) - $(date -d 2021-11-01T12:00Z +%s)))s" --dry-run s
	[ -z "$stderr" ]
	[ "$(find s -type f | wc -l)" = 6 ]
	[ "$(sed -E 's/ +/ /g' <<< "$output")" = "2021-11-01T00:00:00Z $unit age s/20211101T000000Z.flow
2021-11-02T00:00:00Z $unit files s/20211102T000000Z.flow" ]
	awk '{ print $4 }' <<< "$output" > would
	find s -type f | sort > before
	flowexpire -e files=4 s
	find s -type f | sort | comm -23 before - | diff would -
	run -3 --separate-stderr sh -c 'flowexpire -e files=1 --dry-run s > /dev/full'
	[[ $stderr == "flowexpire: standard output: cannot write: No space left on device" ]]
}

@test "flowexpire: -v says each deletion and the sums, nothing else does" {
	six
	run -0 --separate-stderr flowexpire -v -e files=5 s
	[ -z "$output" ]
	[[ ${stderr_lines[0]} == "flowexpire: s/20211101T000000Z.flow: deleted by files: 2021-11-01T00:00:00Z, "* ]]
	[[ ${stderr_lines[1]} == "flowexpire: s: files deleted: 1, "*"; left: 5, "* ]]
	[ "${#stderr_lines[@]}" = 2 ]
	run -0 flowexpire -q -e files=4 s
	[ -z "$output" ]
	run -0 flowexpire -e files=3 s
	[ -z "$output" ]
}

@test "flowexpire: on a terminal the sums are told, unless -q" {
	script -qec true /dev/null > /dev/null 2>&1 || skip "no script(1), or no pseudo-terminals"
	put s/2021110{1,2,3}T000000Z.flow
	run -0 script -qec 'flowexpire -e files=2 s' /dev/null
	[[ $output == "flowexpire: s: files deleted: 1, "*"; left: 2, "* ]]
	run -0 script -qec 'flowexpire -q -e files=1 s' /dev/null
	[ -z "$output" ]
}

@test "flowexpire: a limit that the newest file alone exceeds is told, status 3" {
	six
	run -3 --separate-stderr flowexpire -q -e size=1B s
	[ "$(left s)" = "20211106T000000Z.flow " ]
	[[ $stderr == "flowexpire: s: limit size=1 is not kept but "*": what is left may not be deleted" ]]
}

@test "flowexpire: a directory that is missing, or none, is told, and the others are done" {
	six
	run -3 --separate-stderr flowexpire -e files=5 missing one s
	[ "$stderr" = "flowexpire: missing: No such file or directory
flowexpire: one: Not a directory" ]
	[ "$(find s -type f | wc -l)" = 5 ]
}

@test "flowexpire: a directory that cannot be read is told with its path, and the others are done" {
	mortal true
	six
	put s/locked/20211001T000000Z.flow
	chmod 000 s/locked
	run -3 --separate-stderr mortal flowexpire -e files=5 s
	chmod 755 s/locked
	[ "$stderr" = "flowexpire: s/locked: Permission denied" ]
	[ -e s/locked/20211001T000000Z.flow ]
	[ ! -e s/20211101T000000Z.flow ]
	[ "$(find s -type f | wc -l)" = 6 ]
}

@test "flowexpire: a file that cannot be read stays, and newer ones go for it" {
	mortal true
	six
	chmod 000 s/20211101T000000Z.flow
	run -3 --separate-stderr mortal flowexpire -e files=3 s
	[ "$stderr" = "flowexpire: s/20211101T000000Z.flow: cannot read: Permission denied" ]
	[ "$(left s)" = "20211101T000000Z.flow 20211105T000000Z.flow 20211106T000000Z.flow " ]
}

@test "flowexpire: a file that cannot be deleted is told, and newer ones go for it" {
	six
	chattr +i s/20211101T000000Z.flow 2> /dev/null || skip "no immutable files here"
	echo s/20211101T000000Z.flow > immutable
	run -3 --separate-stderr flowexpire -e files=3 s
	[ "$stderr" = "flowexpire: s/20211101T000000Z.flow: cannot delete: Operation not permitted" ]
	[ "$(left s)" = "20211101T000000Z.flow 20211105T000000Z.flow 20211106T000000Z.flow " ]
}

@test "flowexpire: a read-only file system is told, not once for every file" {
	private true
	put s/20211101T{10..12}{10..39}00Z.flow
	run -3 --separate-stderr private bash -c 'mount --bind s s && mount -o remount,bind,ro s && flowexpire -e files=1 s'
	[ "${stderr_lines[0]}" = "flowexpire: s/20211101T101000Z.flow: cannot delete: Read-only file system" ]
	[ "${#stderr_lines[@]}" = 22 ]
	[ "${stderr_lines[20]}" = "flowexpire: s: limit files=1 is not kept but 90: what is left may not be deleted" ]
	[ "${stderr_lines[21]}" = "flowexpire: s: 69 more messages like these" ]
	[ "$(find s -type f | wc -l)" = 90 ]
	# nothing to delete, nothing wrong
	run -0 private bash -c 'mount --bind s s && mount -o remount,bind,ro s && flowexpire -e files=90 s'
}

@test "flowexpire: free= makes room on the file system of DIR" {
	private true
	mkdir fs
	cat > on_tmpfs <<-'END'
		mount -t tmpfs -o size=10M none fs
		for i in 1 2 3 4 5 6 7 8; do
			(cat one; head -c $((1048576 - $(stat -c %s one))) /dev/zero) > fs/2021110${i}T000000Z.flow
		done
		flowexpire -e free=2M fs
		ls fs | wc -l
		flowexpire -e free=25% --dry-run fs | wc -l
		flowexpire -e free=25% fs
		ls fs | wc -l
		flowexpire -e free=4M --watermark 75% fs
		ls fs | wc -l
		mkdir fs/sub
		mount -t tmpfs -o size=10M none fs/sub
		mv fs/20211105T000000Z.flow fs/20211106T000000Z.flow fs/sub
		cp one fs/20211109T000000Z.flow
		flowexpire -e free=10M fs
		find fs -type f | sort
		flowexpire -e free=11M fs
		echo "status $?"
	END
	run -0 private bash on_tmpfs
	# 10 Mi, of which 2.0 Mi were free; 2.5 Mi is a quarter
	[ "${lines[*]:0:4}" = "8 1 7 4" ]
	[ "${lines[*]:4:3}" = "fs/20211109T000000Z.flow fs/sub/20211105T000000Z.flow fs/sub/20211106T000000Z.flow" ]
	[ "${lines[7]}" = "flowexpire: fs: its file system of 10.5M can never have as much free as asked" ]
	[ "${lines[8]}" = "status 3" ]
}

# Stop flowexpire -v in the middle of deleting: nobody reads what it says.  400 files with long names are the oldest
# of s.  go_on lets it continue: what it said is in err, its status is that of the function.
stop_midway() {
	local name before=0 now

	name=$(printf 'n%.0s' {1..200})
	put "s/$name"{100..499}.flow
	touch -d 2020-01-01 s/n*
	mkfifo said
	exec 7<> said
	flowexpire -v -e files=1 s 2> said 3>&- 7>&- &
	expirer=$!
	helpers+=("$expirer")
	while now=$(find s -name 'n*' | wc -l) && [ "$now" != "$before" ]; do
		before=$now
		sleep 0.3
	done
	[ "$now" -gt 0 ]
	[ "$now" -lt 400 ]
}

go_on() {
	local status=0

	exec 8< said 7>&-
	cat <&8 > err 3>&-
	exec 8<&-
	wait "$expirer" || status=$?
	return "$status"
}

@test "flowexpire: a directory exchanged for a link out of DIR meanwhile leads nowhere" {
	put s/sub/20211101T000000Z.flow s/sub/20211102T000000Z.flow s/20211103T000000Z.flow
	stop_midway
	mkdir out
	ln s/sub/* out/
	mv s/sub moved
	ln -s ../out s/sub
	go_on
	[ "$(find out -type f | wc -l)" = 2 ]
	[ "$(find moved -type f | wc -l)" = 2 ]
	[ -L s/sub ]
	[ "$(left s)" = "20211103T000000Z.flow sub " ]
}

@test "flowexpire: a file exchanged meanwhile stays, one that vanished is no error" {
	put s/sub/2021110{1,2,3}T000000Z.flow s/20211104T000000Z.flow
	stop_midway
	rm s/sub/20211101T000000Z.flow
	cp one new
	mv new s/sub/20211102T000000Z.flow
	go_on
	run -1 grep -v ': deleted by files: \|: files deleted: ' err
	[ "$(left s)" = "20211102T000000Z.flow 20211104T000000Z.flow " ]
}

@test "flowexpire: a second one waits for the first, then leaves with status 0 and without a deletion" {
	put s/20211101T000000Z.flow s/20211102T000000Z.flow
	stop_midway
	find s | sort > before
	run -0 --separate-stderr flowexpire -e files=1 s
	[ "$stderr" = "flowexpire: s: locked: another flowexpire is at work, nothing was done" ]
	run -0 flowexpire -q -e files=1 s
	[ -z "$output" ]
	find s | sort | diff before -
	run -0 --separate-stderr flowexpire -e files=1 --dry-run s
	[ "${#lines[@]}" -gt 1 ]
	go_on
	[ "$(left s)" = "20211102T000000Z.flow " ]
}

@test "flowexpire: four at once delete no more than one would" {
	local i pid

	put s/2021110{1..9}T{10..23}{10..19}00Z.flow
	for i in 1 2 3 4; do
		flowexpire -e files=100 s 2> "err$i" 3>&- &
		helpers+=($!)
	done
	for pid in "${helpers[@]}"; do
		wait "$pid"
	done
	[ "$(find s -type f | wc -l)" = 100 ]
	[ "$(find s -type f -printf '%f\n' | sort | head -n 1)" = 20211109T141000Z.flow ]
	[ -z "$(cat err?)" ]
}

@test "flowexpire: directories nested too deep are told and left alone" {
	local deep

	deep=s$(printf '/d%.0s' {1..16})
	put "$deep/20211101T000000Z.flow" "$deep/d/20211101T000000Z.flow" s/20211102T000000Z.flow
	run -3 --separate-stderr flowexpire -e age=1s s
	[ "$stderr" = "flowexpire: $deep/d: directories nested deeper than 16 are not looked at" ]
	[ ! -e "$deep/20211101T000000Z.flow" ]
	[ -e "$deep/d/20211101T000000Z.flow" ]
}

@test "flowexpire: a hundred thousand files take little time and memory" {
	mkdir -p s/a s/b
	cat > big.py <<-'END'
		import os, resource, subprocess, sys, time
		for k, d in enumerate("ab"):
		    data = open("one", "rb").read()
		    first = f"s/{d}/20200101T000000Z_2.flow"
		    open(first, "wb").write(data)
		    for i in range(1, 50000):
		        t = time.gmtime(1600000000 + (2 * i + k) * 300)
		        os.link(first, time.strftime(f"s/{d}/%Y%m%dT%H%M%SZ.flow", t))
		subprocess.run(["flowexpire", "-e", "files=1000", "s"], check=True, timeout=120)
		print(sum(len(f) for _, _, f in os.walk("s")), min(os.listdir("s/a")))
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
	END
	run -0 python3 big.py
	[ "${lines[0]}" = "1000 $(date -u -d "@$((1600000000 + 99000 * 300))" +%Y%m%dT%H%M%SZ.flow)" ]
	[ -n "$FLOWKIT_SAN" ] || [ "${lines[1]}" -lt 64 ]
}
