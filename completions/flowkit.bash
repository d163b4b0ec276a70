# bash completion for flowkit; written by completions/generate

_flowkit_fields='alerts app appname attack bgpnexthop bpp bps bytes clients cvlan days detector direction domain dscp dstas dstip dstmac dstmask dstport dstprefix dstvlan duration egressvrf end endreason engineid enginetype exporter exportversion flags flowid flowlabel flows fragid fragoffset fwdstatus fwevent fwextevent hourly icmp icmpcode icmptype ifdesc ifname inacl ingressvrf inif ipversion kind largest limits maxlen maxttl minlen minttl mpls1 mpls10 mpls2 mpls3 mpls4 mpls5 mpls6 mpls7 mpls8 mpls9 mplstop natdstip natdstport natevent natpool natsrcip natsrcport nextas nexthop outacl outif packets postbytes postdstmac postpackets postsrcmac posttos pps prevas profile proto reason received samplerid sampling samplingsrc score selectorid severity sketch source srcas srcip srcmac srcmask srcport srcprefix srcvlan ssid stamac start subject tos ttl username vlan vrf vrfname why'

# Names of files, -f, or directories, -d: bash quotes them; words are no names, whatever is called so here.
_flowkit_files() {
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_flowkit() {
	local cur=$2 prev=$3 program=${1##*/} words=
	COMPREPLY=()
	# To bash --option=VALUE is three words.
	[ "$prev" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}
	case $program:$prev in
	flowagg:-k|flowagg:--fields) words=$_flowkit_fields ;;
	flowagg:-v|flowagg:--values) words=$_flowkit_fields ;;
	flowagg:-O|flowagg:--order) words=$_flowkit_fields ;;
	flowagg:--having) return ;;
	flowagg:-m|flowagg:--memory) return ;;
	flowagg:-T|flowagg:--tmpdir) _flowkit_files -d "$cur"; return ;;
	flowagg:-i|flowagg:--input) words='flow csv tsv ipfix' ;;
	flowagg:-t|flowagg:--time) return ;;
	flowagg:--since) return ;;
	flowagg:--until) return ;;
	flowagg:--tz) return ;;
	flowagg:-o|flowagg:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowagg:-w|flowagg:--write) _flowkit_files -f "$cur"; return ;;
	flowagg:-n|flowagg:--count) return ;;
	flowagg:--level) return ;;
	flowagg:-j|flowagg:--threads) return ;;
	flowalert:--cooldown) return ;;
	flowalert:--suppress) _flowkit_files -f "$cur"; return ;;
	flowalert:--half-life) return ;;
	flowalert:--rules) _flowkit_files -f "$cur"; return ;;
	flowalert:--when) return ;;
	flowalert:--for) return ;;
	flowalert:--by) words=$_flowkit_fields ;;
	flowalert:--name) return ;;
	flowalert:--severity) words='low medium high critical' ;;
	flowalert:--state) _flowkit_files -f "$cur"; return ;;
	flowalert:--internal) return ;;
	flowalert:-a|flowalert:--allow) _flowkit_files -f "$cur"; return ;;
	flowalert:--window) return ;;
	flowalert:--to) return ;;
	flowalert:--facility) words='kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7' ;;
	flowalert:-x|flowalert:--exec) return ;;
	flowalert:--exec-time) return ;;
	flowalert:--exec-jobs) return ;;
	flowalert:-i|flowalert:--input) words='flow csv tsv ipfix' ;;
	flowalert:-t|flowalert:--time) return ;;
	flowalert:--since) return ;;
	flowalert:--until) return ;;
	flowalert:--tz) return ;;
	flowalert:-o|flowalert:--output) words='flow table csv tsv json ndjson ipfix null ecs cef syslog stix' ;;
	flowalert:-w|flowalert:--write) _flowkit_files -f "$cur"; return ;;
	flowalert:-n|flowalert:--count) return ;;
	flowalert:-k|flowalert:--fields) words=$_flowkit_fields ;;
	flowalert:--level) return ;;
	flowalert:-j|flowalert:--threads) return ;;
	flowanom:--series) return ;;
	flowanom:--by) words=$_flowkit_fields ;;
	flowanom:--bin) return ;;
	flowanom:--period) return ;;
	flowanom:-B|flowanom:--baseline) _flowkit_files -f "$cur"; return ;;
	flowanom:--internal) return ;;
	flowanom:-a|flowanom:--allow) _flowkit_files -f "$cur"; return ;;
	flowanom:--state) _flowkit_files -f "$cur"; return ;;
	flowanom:-i|flowanom:--input) words='flow csv tsv ipfix' ;;
	flowanom:-t|flowanom:--time) return ;;
	flowanom:--since) return ;;
	flowanom:--until) return ;;
	flowanom:--tz) return ;;
	flowanom:-o|flowanom:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowanom:-w|flowanom:--write) _flowkit_files -f "$cur"; return ;;
	flowanom:-n|flowanom:--count) return ;;
	flowanom:-k|flowanom:--fields) words=$_flowkit_fields ;;
	flowanom:--level) return ;;
	flowanom:-j|flowanom:--threads) return ;;
	flowbase:--open) _flowkit_files -f "$cur"; return ;;
	flowbase:--forget) return ;;
	flowbase:--max-age) return ;;
	flowbase:--internal) return ;;
	flowbase:-i|flowbase:--input) words='flow csv tsv ipfix' ;;
	flowbase:-t|flowbase:--time) return ;;
	flowbase:--since) return ;;
	flowbase:--until) return ;;
	flowbase:--tz) return ;;
	flowbase:-o|flowbase:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowbase:-w|flowbase:--write) _flowkit_files -f "$cur"; return ;;
	flowbase:-n|flowbase:--count) return ;;
	flowbase:-k|flowbase:--fields) words=$_flowkit_fields ;;
	flowbase:--level) return ;;
	flowbase:-j|flowbase:--threads) return ;;
	flowbeacon:--method) words='fb rita' ;;
	flowbeacon:--score) return ;;
	flowbeacon:--direction) words='out in within all' ;;
	flowbeacon:--starts) return ;;
	flowbeacon:-m|flowbeacon:--memory) return ;;
	flowbeacon:--internal) return ;;
	flowbeacon:-a|flowbeacon:--allow) _flowkit_files -f "$cur"; return ;;
	flowbeacon:-B|flowbeacon:--baseline) _flowkit_files -f "$cur"; return ;;
	flowbeacon:--state) _flowkit_files -f "$cur"; return ;;
	flowbeacon:--window) return ;;
	flowbeacon:-i|flowbeacon:--input) words='flow csv tsv ipfix' ;;
	flowbeacon:-t|flowbeacon:--time) return ;;
	flowbeacon:--since) return ;;
	flowbeacon:--until) return ;;
	flowbeacon:--tz) return ;;
	flowbeacon:-o|flowbeacon:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowbeacon:-w|flowbeacon:--write) _flowkit_files -f "$cur"; return ;;
	flowbeacon:-n|flowbeacon:--count) return ;;
	flowbeacon:-k|flowbeacon:--fields) words=$_flowkit_fields ;;
	flowbeacon:--level) return ;;
	flowbeacon:-j|flowbeacon:--threads) return ;;
	flowcat:-O|flowcat:--order) words=$_flowkit_fields ;;
	flowcat:-m|flowcat:--memory) return ;;
	flowcat:-T|flowcat:--tmpdir) _flowkit_files -d "$cur"; return ;;
	flowcat:-i|flowcat:--input) words='flow csv tsv ipfix' ;;
	flowcat:-t|flowcat:--time) return ;;
	flowcat:--since) return ;;
	flowcat:--until) return ;;
	flowcat:--tz) return ;;
	flowcat:-o|flowcat:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowcat:-w|flowcat:--write) _flowkit_files -f "$cur"; return ;;
	flowcat:-n|flowcat:--count) return ;;
	flowcat:-k|flowcat:--fields) words=$_flowkit_fields ;;
	flowcat:--level) return ;;
	flowcat:-j|flowcat:--threads) return ;;
	flowexfil:--least) return ;;
	flowexfil:--pcr) return ;;
	flowexfil:--floor) return ;;
	flowexfil:--ceiling) return ;;
	flowexfil:--z) return ;;
	flowexfil:-B|flowexfil:--baseline) _flowkit_files -f "$cur"; return ;;
	flowexfil:--internal) return ;;
	flowexfil:-a|flowexfil:--allow) _flowkit_files -f "$cur"; return ;;
	flowexfil:--state) _flowkit_files -f "$cur"; return ;;
	flowexfil:--window) return ;;
	flowexfil:-i|flowexfil:--input) words='flow csv tsv ipfix' ;;
	flowexfil:-t|flowexfil:--time) return ;;
	flowexfil:--since) return ;;
	flowexfil:--until) return ;;
	flowexfil:--tz) return ;;
	flowexfil:-o|flowexfil:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowexfil:-w|flowexfil:--write) _flowkit_files -f "$cur"; return ;;
	flowexfil:-n|flowexfil:--count) return ;;
	flowexfil:-k|flowexfil:--fields) words=$_flowkit_fields ;;
	flowexfil:--level) return ;;
	flowexfil:-j|flowexfil:--threads) return ;;
	flowexpire:-e|flowexpire:--expire) return ;;
	flowexpire:--watermark) return ;;
	flowfilter:-f|flowfilter:--file) _flowkit_files -f "$cur"; return ;;
	flowfilter:-i|flowfilter:--input) words='flow csv tsv ipfix' ;;
	flowfilter:-t|flowfilter:--time) return ;;
	flowfilter:--since) return ;;
	flowfilter:--until) return ;;
	flowfilter:--tz) return ;;
	flowfilter:-o|flowfilter:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowfilter:-w|flowfilter:--write) _flowkit_files -f "$cur"; return ;;
	flowfilter:-n|flowfilter:--count) return ;;
	flowfilter:-k|flowfilter:--fields) words=$_flowkit_fields ;;
	flowfilter:--level) return ;;
	flowfilter:-j|flowfilter:--threads) return ;;
	flowgen:--seed) return ;;
	flowgen:--start) return ;;
	flowgen:--span) return ;;
	flowgen:--clients) return ;;
	flowgen:--servers) return ;;
	flowgen:--ipv6) return ;;
	flowgen:--incident) words='beacon scan exfiltration lateral flood all slow-scan drip surplus known-lateral thin-flood hidden' ;;
	flowgen:--period) return ;;
	flowgen:--jitter) return ;;
	flowgen:--probes) return ;;
	flowgen:--answered) return ;;
	flowgen:--hourly) return ;;
	flowgen:--sources) return ;;
	flowgen:--exporters) return ;;
	flowgen:-o|flowgen:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowgen:-w|flowgen:--write) _flowkit_files -f "$cur"; return ;;
	flowgen:-n|flowgen:--count) return ;;
	flowgen:-k|flowgen:--fields) words=$_flowkit_fields ;;
	flowgen:--level) return ;;
	flowgen:-j|flowgen:--threads) return ;;
	flowlateral:--score) return ;;
	flowlateral:--fan) return ;;
	flowlateral:-B|flowlateral:--baseline) _flowkit_files -f "$cur"; return ;;
	flowlateral:--internal) return ;;
	flowlateral:-a|flowlateral:--allow) _flowkit_files -f "$cur"; return ;;
	flowlateral:--state) _flowkit_files -f "$cur"; return ;;
	flowlateral:--window) return ;;
	flowlateral:-i|flowlateral:--input) words='flow csv tsv ipfix' ;;
	flowlateral:-t|flowlateral:--time) return ;;
	flowlateral:--since) return ;;
	flowlateral:--until) return ;;
	flowlateral:--tz) return ;;
	flowlateral:-o|flowlateral:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowlateral:-w|flowlateral:--write) _flowkit_files -f "$cur"; return ;;
	flowlateral:-n|flowlateral:--count) return ;;
	flowlateral:-k|flowlateral:--fields) words=$_flowkit_fields ;;
	flowlateral:--level) return ;;
	flowlateral:-j|flowlateral:--threads) return ;;
	flowrecv:-l|flowrecv:--listen) return ;;
	flowrecv:-r|flowrecv:--read) _flowkit_files -f "$cur"; return ;;
	flowrecv:--source) return ;;
	flowrecv:--sampling) return ;;
	flowrecv:--rcvbuf) return ;;
	flowrecv:--cert) _flowkit_files -f "$cur"; return ;;
	flowrecv:--key) _flowkit_files -f "$cur"; return ;;
	flowrecv:--ca) _flowkit_files -f "$cur"; return ;;
	flowrecv:--peer) return ;;
	flowrecv:--connections) return ;;
	flowrecv:--idle) return ;;
	flowrecv:--port-file) _flowkit_files -f "$cur"; return ;;
	flowrecv:--templates) _flowkit_files -f "$cur"; return ;;
	flowrecv:--template-scope) words='ip ip,port' ;;
	flowrecv:--template-lifetime) return ;;
	flowrecv:--hold) return ;;
	flowrecv:-w|flowrecv:--write) _flowkit_files -f "$cur"; return ;;
	flowrecv:--rotate) return ;;
	flowrecv:--name) return ;;
	flowrecv:-S|flowrecv:--subdir) return ;;
	flowrecv:--partition) words='exporter domain' ;;
	flowrecv:--flush) return ;;
	flowrecv:--queue) return ;;
	flowrecv:--level) return ;;
	flowrecv:-x|flowrecv:--exec) return ;;
	flowrecv:-e|flowrecv:--expire) return ;;
	flowrecv:-R|flowrecv:--repeat) return ;;
	flowrecv:-j|flowrecv:--threads) return ;;
	flowrecv:--metrics) _flowkit_files -f "$cur"; return ;;
	flowrecv:-u|flowrecv:--user) return ;;
	flowscan:--internal) return ;;
	flowscan:-a|flowscan:--allow) _flowkit_files -f "$cur"; return ;;
	flowscan:--state) _flowkit_files -f "$cur"; return ;;
	flowscan:--window) return ;;
	flowscan:-i|flowscan:--input) words='flow csv tsv ipfix' ;;
	flowscan:-t|flowscan:--time) return ;;
	flowscan:--since) return ;;
	flowscan:--until) return ;;
	flowscan:--tz) return ;;
	flowscan:-o|flowscan:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowscan:-w|flowscan:--write) _flowkit_files -f "$cur"; return ;;
	flowscan:-n|flowscan:--count) return ;;
	flowscan:-k|flowscan:--fields) words=$_flowkit_fields ;;
	flowscan:--level) return ;;
	flowscan:-j|flowscan:--threads) return ;;
	flowsend:-d|flowsend:--destination) return ;;
	flowsend:--as) words='v5 v9 ipfix' ;;
	flowsend:--mtu) return ;;
	flowsend:--rate) return ;;
	flowsend:--speed) return ;;
	flowsend:--template-messages) return ;;
	flowsend:--template-seconds) return ;;
	flowsend:--domain) return ;;
	flowsend:--cert) _flowkit_files -f "$cur"; return ;;
	flowsend:--key) _flowkit_files -f "$cur"; return ;;
	flowsend:--ca) _flowkit_files -f "$cur"; return ;;
	flowsend:--peer-name) return ;;
	flowsend:--retries) return ;;
	flowsend:--retry-wait) return ;;
	flowsend:-n|flowsend:--count) return ;;
	flowsend:-i|flowsend:--input) words='flow csv tsv ipfix' ;;
	flowsend:-t|flowsend:--time) return ;;
	flowsend:--since) return ;;
	flowsend:--until) return ;;
	flowsend:--tz) return ;;
	flowsend:-j|flowsend:--threads) return ;;
	flowstat:-s|flowstat:--top) words=$_flowkit_fields ;;
	flowstat:-n|flowstat:--count) return ;;
	flowstat:--series) return ;;
	flowstat:--by) words='start end' ;;
	flowstat:--hist) words=$_flowkit_fields ;;
	flowstat:--percentiles) words=$_flowkit_fields ;;
	flowstat:-o|flowstat:--output) words='text csv tsv json ndjson' ;;
	flowstat:-w|flowstat:--write) _flowkit_files -f "$cur"; return ;;
	flowstat:-m|flowstat:--memory) return ;;
	flowstat:-T|flowstat:--tmpdir) _flowkit_files -d "$cur"; return ;;
	flowstat:-i|flowstat:--input) words='flow csv tsv ipfix' ;;
	flowstat:-t|flowstat:--time) return ;;
	flowstat:--since) return ;;
	flowstat:--until) return ;;
	flowstat:--tz) return ;;
	flowstat:-j|flowstat:--threads) return ;;
	flowwatch:-c|flowwatch:--config) _flowkit_files -f "$cur"; return ;;
	flowwatch:--dir) _flowkit_files -d "$cur"; return ;;
	flowwatch:--detectors) words='scan beacon exfil lateral anom' ;;
	flowwatch:--rules) _flowkit_files -f "$cur"; return ;;
	flowwatch:--suppress) _flowkit_files -f "$cur"; return ;;
	flowwatch:-a|flowwatch:--allow) _flowkit_files -f "$cur"; return ;;
	flowwatch:--internal) return ;;
	flowwatch:--tz) return ;;
	flowwatch:-x|flowwatch:--exec) return ;;
	flowwatch:--to) return ;;
	flowwatch:--format) words='syslog cef ecs' ;;
	flowwatch:--learn) return ;;
	flowwatch:--open-for) return ;;
	flowwatch:--keep) return ;;
	esac
	if [ -n "$words" ]; then
		# A comma separated list is completed at its last member, behind + or -, within parentheses.
		local whole=$cur done=
		cur=${cur##*[,(]}
		cur=${cur#[+-]}
		done=${whole%"$cur"}
		mapfile -t COMPREPLY < <(compgen -P "$done" -W "$words" -- "$cur")
		return
	fi
	if [[ $cur == -* ]]; then
		case $program in
		flowagg) words='--fields --values --biflow --order --having --scale --memory --tmpdir --verbose --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --help --version --help-fields' ;;
		flowalert) words='--cooldown --suppress --hosts --half-life --rules --when --for --by --name --severity --check --state --internal --allow --window --to --facility --exec --exec-time --exec-jobs --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowanom) words='--series --by --bin --period --baseline --internal --allow --state --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowbase) words='--open --weekly --forget --max-age --internal --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowbeacon) words='--method --score --direction --starts --memory --internal --allow --baseline --state --window --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowcat) words='--order --memory --tmpdir --info --check --recompress --index --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowexfil) words='--least --pcr --floor --ceiling --z --baseline --internal --allow --state --window --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowexpire) words='--expire --watermark --dry-run --quiet --verbose --help --version' ;;
		flowfilter) words='--file --invert --explain --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowgen) words='--seed --start --span --clients --servers --ipv6 --incident --period --jitter --probes --answered --hourly --sources --exporters --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowlateral) words='--score --fan --baseline --internal --allow --state --window --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowrecv) words='--listen --read --source --sampling --rcvbuf --cert --key --ca --peer --connections --idle --port-file --templates --template-scope --template-lifetime --hold --raw --strict --write --rotate --name --subdir --partition --flush --queue --fast --level --no-history --exec --expire --repeat --spoof --threads --metrics --user --no-sandbox --stats --quiet --verbose --help --version --help-fields' ;;
		flowscan) words='--internal --allow --state --window --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --no-header --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowsend) words='--destination --as --mtu --rate --speed --template-messages --template-seconds --domain --keep-exporter --original-time --cert --key --ca --peer-name --retries --retry-wait --strict --lossy --count --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --threads --quiet --verbose --help --version' ;;
		flowstat) words='--top --count --series --by --hist --percentiles --spark --scale --output --write --plain --memory --tmpdir --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --threads --quiet --verbose --help --version --help-fields' ;;
		flowwatch) words='--config --dir --detectors --rules --suppress --allow --internal --tz --exec --to --format --print --learn --open-for --keep --install --quiet --verbose --help --version' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return
	fi
	case $program:${prev##*/} in
	flowbase:flowbase) mapfile -t COMPREPLY < <(compgen -W 'learn merge show check age' -- "$cur"); return ;;
	flowexpire:*) _flowkit_files -d "$cur"; return ;;
	flowwatch:*) _flowkit_files -d "$cur"; return ;;
	esac
	_flowkit_files -f "$cur"
}

complete -F _flowkit flowagg flowalert flowanom flowbase flowbeacon flowcat flowexfil flowexpire flowfilter flowgen flowlateral flowrecv flowscan flowsend flowstat flowwatch
