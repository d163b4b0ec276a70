# flowalert: how many alerts a day in 96 runs makes, and how many of them are told; what rules and alerts cost.
# shellcheck shell=bash

# A day in files of 15 minutes, as a collector may leave them: 96 runs of flowscan with its state.
alert_day() {
	local file=$1 slices=$dir/alert-slices i

	rm -rf "$slices"
	mkdir "$slices"
	for i in $(seq 0 95); do
		flowfilter "end >= $((1767571200 + i * 900)) and end < $((1767571200 + (i + 1) * 900))" "$file" -w "$slices/$i.flow"
	done
	rm -f "$dir/alert-scan.state" "$dir"/alert-told.state
	for i in $(seq 0 95); do
		flowscan -q --state "$dir/alert-scan.state" -w "$slices/found" "$slices/$i.flow"
		flowalert -q --state "$dir/alert-told.state" -w "$slices/told" "$slices/found"
		flowcat -o csv -k kind "$slices/found" | tail -n +2 >> "$slices/all-found"
		flowcat -o csv -k kind,srcip "$slices/told" | tail -n +2 >> "$slices/all-told"
	done
	told "alerts of flowscan in 96 runs over 15 minutes each" "$(wc -l < "$slices/all-found")"
	told "of which were told" "$(wc -l < "$slices/all-told")"
	want "the planted scan among them" "$(grep -c 'horizontal,10.0.4.55' "$slices/all-told")" -eq 1
	want "told more than once in a day, and no more severe" "$(($(wc -l < "$slices/all-told") - $(sort -u "$slices/all-told" | wc -l)))" -le 1
}

detect_alert() {
	local day rules=$dir/alert-rules n

	heading "flowalert: a day in 96 runs"
	day=$(generated alert-day -n 100000 --incident all)
	alert_day "$day"
	heading "flowalert: its cost"
	day=$(generated alert-many -n 1000000 --incident all)
	awk '/^\.Sh EXAMPLES/ {p = 1} p && /^\.Bd -literal/ {b = ++n == 1; next} /^\.Ed/ {b = 0} b' \
		"$here/../../man/flowrules.5" | sed "s|@c2.txt|@$dir/alert-c2.txt|" > "$rules"
	seq 1 20000 | awk '{ printf "198.%d.%d.%d\n", 18 + int($1 / 65536), int($1 / 256) % 256, $1 % 256 }' > "$dir/alert-c2.txt"
	cost "the seven rules of the manual, a list of 20,000 addresses" 1000000 flowalert --rules "$rules" -o null "$day"
	n=100000
	seq $n | awk 'BEGIN { print "start,end,srcip,dstip,dstport,detector,kind,score,severity,reason,why" }
		{ printf "%d,%d,10.%d.%d.%d,192.0.2.1,%d,scan,slow,0.5,medium,reason,n=1\n", 1767571200 + $1 % 5000, 1767571300 + $1 % 5000,
			$1 % 7, $1 % 11, $1 % 13, $1 % 17 }' | flowcat -i csv -w "$dir/alert-alerts.flow"
	cost "alerts, of 17,017 that are different" $n flowalert -q -o null "$dir/alert-alerts.flow"
}
