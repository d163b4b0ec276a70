#!/bin/bash
# detect.sh - what the detectors find in labelled and in planted traffic, what they cry wolf about, and what that costs.
#
#	tests/bench/detect.sh [DETECTOR ...]	(make bench-detect; without DETECTORs all of them)
#
# Each detector has its table in tests/bench/detect/DETECTOR.sh, which uses the functions below and nothing else:
#
#	heading TEXT            begins a table
#	labelled NAME [N]       the path of a capture of ../shared/labelled as a flow file, thinned to one packet in N;
#	                        fails, having said so, where there are no labelled captures: `file=$(labelled x) || return 0`
#	generated KEY OPTION... the path of what flowgen makes with these options
#	planted KIND KEY OPTION... what flowgen with these options says of an incident: its srcip, dstip ...
#	recall COMMAND...       of the seeds 1 to 20, in percent, those for which COMMAND... SEED succeeds
#	alerts EXPRESSION FIELD how many different values FIELD has in the alerts on standard input for which EXPRESSION is
#	                        true; "failed" where the detector or the expression did, which no row wants
#	want WHAT GOT OP LIMIT  a row: GOT must be so (-eq -ge -le); else the whole run fails in the end
#	told WHAT GOT           a row that is for information
#	cost WHAT RECORDS COMMAND...   a row: records a second of processor time, peak memory; time never fails
#
# The labelled set is small and from few captures: its figures guard against regressions, they prove no quality.
# Exit status 1 when a row that must be so is not.
#
# FLOWKIT_SHARED  where labelled/ is (default ../shared beside the repository)
# BENCH_DIR       where made files are kept for the next run (${TMPDIR:-/tmp}/flowkit-bench)
# shellcheck disable=SC2317 # the detectors' tables call what stands here
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
PATH=${FLOWKIT_BIN:-$here/../../bin}:$PATH
export PATH LC_ALL=C TZ=UTC PYTHONDONTWRITEBYTECODE=1
shared=${FLOWKIT_SHARED-$here/../../../shared}
dir=${BENCH_DIR:-${TMPDIR:-/tmp}/flowkit-bench}/detect
mkdir -p "$dir" || exit 3
missed=0

# The captures' own networks, beside the private ones: for --internal and for expressions.
internal=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,147.32.0.0/16,198.18.0.0/15,64.225.56.201,fe80::/10,fc00::/7
ours="[${internal//,/ }]"
# Those in which nothing internal is said to be bad.
benign="ctu_20230220_benign ctu_normal40_d1 ctu_normal43_d1 ctu_normal7_p2p ctu_normal_20131021"
export internal ours benign

heading() {
	printf '\n%s\n' "$1"
}

told() {
	printf '  %-58s %12s\n' "$1" "$2"
}

want() {
	local verdict=ok

	test "$2" "$3" "$4" 2> /dev/null || { verdict=MISSED missed=1; }
	printf '  %-58s %12s   wanted %s %s: %s\n' "$1" "$2" "$3" "$4" "$verdict"
}

labelled() {
	local source=$shared/labelled/$1.csv.zst made=$dir/$1${2:+.$2}.flow

	[ -e "$source" ] || { echo "  skipped: no ../shared/labelled/$1" >&2; return 1; }
	if [ ! -e "$made" ] || [ "$here/../tools/thin.py" -nt "$made" ]; then
		zstd -dc "$source" | if [ $# -gt 1 ]; then python3 "$here/../tools/thin.py" "$2"; else cat; fi |
			flowcat -i csv -w "$made" || return 1
	fi
	echo "$made"
}

generated() {
	local made=$dir/gen-$1.flow

	shift
	if [ "$(cat "$made.options" 2> /dev/null)" != "$*" ]; then
		flowgen "$@" -q -w "$made" || return 1
		echo "$*" > "$made.options"
	fi
	echo "$made"
}

planted() {
	local kind=$1 key=$2

	shift 2
	flowgen "$@" --incident "$kind" -v -o null 2>&1 | sed -n "s/.*incident: $kind .*\b$key=\([^ :]*\).*/\1/p"
}

recall() {
	local seed found=0

	for seed in {1..20}; do
		! "$@" "$seed" || found=$((found + 1))
	done
	echo $((found * 5))
}

alerts() {
	local values

	values=$(set -o pipefail; flowfilter "$1" | flowcat -o csv -k "$2" | tail -n +2 | sort -u) || { echo failed; return; }
	if [ -z "$values" ]; then echo 0; else wc -l <<< "$values"; fi
}

# Records a second of processor time: the median of five runs, and the best, which others on the machine disturbed least.
cost() {
	local what=$1 records=$2 out

	shift 2
	out=$(python3 - "$records" "$@" <<'PY'
import os, subprocess, sys
rates = []
for _ in range(5):
    child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
    _, status, use = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(1)
    rates.append(int(sys.argv[1]) / (use.ru_utime + use.ru_stime) / 1e6)
rates.sort()
print(f"{rates[2]:.1f} M/s (best {rates[4]:.1f}), {use.ru_maxrss // 1024} MB")
PY
	) || { missed=1; out=failed; }
	told "$what" "$out"
}

run_table() {
	# shellcheck source=/dev/null
	. "$here/detect/$1.sh"
	"detect_$1"
}

if [ $# -eq 0 ]; then
	for file in "$here"/detect/*.sh; do
		set -- "$@" "$(basename "$file" .sh)"
	done
fi
for detector; do
	[ -e "$here/detect/$detector.sh" ] || { echo "detect.sh: no table for $detector" >&2; exit 2; }
	run_table "$detector"
done
exit $missed
