# bash completion for flowkit; written by completions/generate

_flowkit_fields='app appname attack bgpnexthop bpp bps bytes clients cvlan days detector direction domain dscp dstas dstip dstmac dstmask dstport dstprefix dstvlan duration egressvrf end endreason engineid enginetype exporter exportversion flags flowid flowlabel flows fragid fragoffset fwdstatus fwevent fwextevent hourly icmp icmpcode icmptype ifdesc ifname inacl ingressvrf inif ipversion kind largest limits maxlen maxttl minlen minttl mpls1 mpls10 mpls2 mpls3 mpls4 mpls5 mpls6 mpls7 mpls8 mpls9 mplstop natdstip natdstport natevent natpool natsrcip natsrcport nextas nexthop outacl outif packets postbytes postdstmac postpackets postsrcmac posttos pps prevas profile proto reason received samplerid sampling samplingsrc score selectorid severity sketch source srcas srcip srcmac srcmask srcport srcprefix srcvlan ssid stamac start tos ttl username vlan vrf vrfname why'

_flowkit() {
	local cur=$2 prev=$3 program=${1##*/} words=
	COMPREPLY=()
	case $program:$prev in
	flowagg:-k|flowagg:--fields) words=$_flowkit_fields ;;
	flowagg:-v|flowagg:--values) words=$_flowkit_fields ;;
	flowagg:-O|flowagg:--order) words=$_flowkit_fields ;;
	flowagg:--having) return ;;
	flowagg:-m|flowagg:--memory) return ;;
	flowagg:-T|flowagg:--tmpdir) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	flowagg:-i|flowagg:--input) words='flow csv tsv ipfix' ;;
	flowagg:-t|flowagg:--time) return ;;
	flowagg:--since) return ;;
	flowagg:--until) return ;;
	flowagg:--tz) return ;;
	flowagg:-o|flowagg:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowagg:-w|flowagg:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowagg:-n|flowagg:--count) return ;;
	flowagg:--level) return ;;
	flowagg:-j|flowagg:--threads) return ;;
	flowbase:--open) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowbase:--forget) return ;;
	flowbase:--max-age) return ;;
	flowbase:--internal) return ;;
	flowbase:-i|flowbase:--input) words='flow csv tsv ipfix' ;;
	flowbase:-t|flowbase:--time) return ;;
	flowbase:--since) return ;;
	flowbase:--until) return ;;
	flowbase:--tz) return ;;
	flowbase:-o|flowbase:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowbase:-w|flowbase:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
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
	flowbeacon:-a|flowbeacon:--allow) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowbeacon:-B|flowbeacon:--baseline) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowbeacon:--state) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowbeacon:--window) return ;;
	flowbeacon:-i|flowbeacon:--input) words='flow csv tsv ipfix' ;;
	flowbeacon:-t|flowbeacon:--time) return ;;
	flowbeacon:--since) return ;;
	flowbeacon:--until) return ;;
	flowbeacon:--tz) return ;;
	flowbeacon:-o|flowbeacon:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowbeacon:-w|flowbeacon:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowbeacon:-n|flowbeacon:--count) return ;;
	flowbeacon:-k|flowbeacon:--fields) words=$_flowkit_fields ;;
	flowbeacon:--level) return ;;
	flowbeacon:-j|flowbeacon:--threads) return ;;
	flowcat:-O|flowcat:--order) words=$_flowkit_fields ;;
	flowcat:-m|flowcat:--memory) return ;;
	flowcat:-T|flowcat:--tmpdir) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	flowcat:-i|flowcat:--input) words='flow csv tsv ipfix' ;;
	flowcat:-t|flowcat:--time) return ;;
	flowcat:--since) return ;;
	flowcat:--until) return ;;
	flowcat:--tz) return ;;
	flowcat:-o|flowcat:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowcat:-w|flowcat:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowcat:-n|flowcat:--count) return ;;
	flowcat:-k|flowcat:--fields) words=$_flowkit_fields ;;
	flowcat:--level) return ;;
	flowcat:-j|flowcat:--threads) return ;;
	flowexfil:--least) return ;;
	flowexfil:--pcr) return ;;
	flowexfil:--floor) return ;;
	flowexfil:--ceiling) return ;;
	flowexfil:--z) return ;;
	flowexfil:-B|flowexfil:--baseline) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowexfil:--internal) return ;;
	flowexfil:-a|flowexfil:--allow) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowexfil:--state) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowexfil:--window) return ;;
	flowexfil:-i|flowexfil:--input) words='flow csv tsv ipfix' ;;
	flowexfil:-t|flowexfil:--time) return ;;
	flowexfil:--since) return ;;
	flowexfil:--until) return ;;
	flowexfil:--tz) return ;;
	flowexfil:-o|flowexfil:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowexfil:-w|flowexfil:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowexfil:-n|flowexfil:--count) return ;;
	flowexfil:-k|flowexfil:--fields) words=$_flowkit_fields ;;
	flowexfil:--level) return ;;
	flowexfil:-j|flowexfil:--threads) return ;;
	flowexpire:-e|flowexpire:--expire) return ;;
	flowexpire:--watermark) return ;;
	flowfilter:-f|flowfilter:--file) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowfilter:-i|flowfilter:--input) words='flow csv tsv ipfix' ;;
	flowfilter:-t|flowfilter:--time) return ;;
	flowfilter:--since) return ;;
	flowfilter:--until) return ;;
	flowfilter:--tz) return ;;
	flowfilter:-o|flowfilter:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowfilter:-w|flowfilter:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
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
	flowgen:-w|flowgen:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowgen:-n|flowgen:--count) return ;;
	flowgen:-k|flowgen:--fields) words=$_flowkit_fields ;;
	flowgen:--level) return ;;
	flowgen:-j|flowgen:--threads) return ;;
	flowrecv:-l|flowrecv:--listen) return ;;
	flowrecv:-r|flowrecv:--read) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowrecv:--source) return ;;
	flowrecv:--sampling) return ;;
	flowrecv:--rcvbuf) return ;;
	flowrecv:--cert) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowrecv:--key) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowrecv:--ca) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowrecv:--peer) return ;;
	flowrecv:--connections) return ;;
	flowrecv:--idle) return ;;
	flowrecv:--port-file) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowrecv:--templates) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowrecv:--template-scope) words='ip ip,port' ;;
	flowrecv:--template-lifetime) return ;;
	flowrecv:--hold) return ;;
	flowrecv:-w|flowrecv:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
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
	flowrecv:--metrics) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowrecv:-u|flowrecv:--user) return ;;
	flowscan:--internal) return ;;
	flowscan:-a|flowscan:--allow) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowscan:--state) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowscan:--window) return ;;
	flowscan:-i|flowscan:--input) words='flow csv tsv ipfix' ;;
	flowscan:-t|flowscan:--time) return ;;
	flowscan:--since) return ;;
	flowscan:--until) return ;;
	flowscan:--tz) return ;;
	flowscan:-o|flowscan:--output) words='flow table csv tsv json ndjson ipfix null' ;;
	flowscan:-w|flowscan:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
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
	flowsend:--cert) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowsend:--key) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowsend:--ca) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
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
	flowstat:-w|flowstat:--write) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	flowstat:-m|flowstat:--memory) return ;;
	flowstat:-T|flowstat:--tmpdir) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	flowstat:-i|flowstat:--input) words='flow csv tsv ipfix' ;;
	flowstat:-t|flowstat:--time) return ;;
	flowstat:--since) return ;;
	flowstat:--until) return ;;
	flowstat:--tz) return ;;
	flowstat:-j|flowstat:--threads) return ;;
	esac
	if [ -n "$words" ]; then
		# A comma separated list is completed at its last member.
		local done=
		case $cur in
		*,*) done=${cur%,*}, cur=${cur##*,} ;;
		esac
		mapfile -t COMPREPLY < <(compgen -P "$done" -W "$words" -- "$cur")
		return
	fi
	if [[ $cur == -* ]]; then
		case $program in
		flowagg) words='--fields --values --biflow --order --having --scale --memory --tmpdir --verbose --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --plain --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --help --version --help-fields' ;;
		flowbase) words='--open --weekly --forget --max-age --internal --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowbeacon) words='--method --score --direction --starts --memory --internal --allow --baseline --state --window --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowcat) words='--order --memory --tmpdir --info --check --recompress --index --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowexfil) words='--least --pcr --floor --ceiling --z --baseline --internal --allow --state --window --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowexpire) words='--expire --watermark --dry-run --quiet --verbose --help --version' ;;
		flowfilter) words='--file --invert --explain --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowgen) words='--seed --start --span --clients --servers --ipv6 --incident --period --jitter --probes --answered --hourly --sources --exporters --output --write --count --fields --plain --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowrecv) words='--listen --read --source --sampling --rcvbuf --cert --key --ca --peer --connections --idle --port-file --templates --template-scope --template-lifetime --hold --raw --strict --write --rotate --name --subdir --partition --flush --queue --fast --level --no-history --exec --expire --repeat --spoof --threads --metrics --user --no-sandbox --stats --quiet --verbose --help --version' ;;
		flowscan) words='--internal --allow --state --window --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --output --write --count --fields --plain --raw --options --resolve --no-resolve --fast --level --no-history --threads --quiet --verbose --help --version --help-fields' ;;
		flowsend) words='--destination --as --mtu --rate --speed --template-messages --template-seconds --domain --keep-exporter --original-time --cert --key --ca --peer-name --retries --retry-wait --strict --lossy --count --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --threads --quiet --verbose --help --version' ;;
		flowstat) words='--top --count --series --by --hist --percentiles --spark --scale --output --write --plain --memory --tmpdir --input --time --since --until --tz --recover --skip-bad --live --follow --no-index --threads --quiet --verbose --help --version --help-fields' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

complete -o filenames -F _flowkit flowagg flowbase flowbeacon flowcat flowexfil flowexpire flowfilter flowgen flowrecv flowscan flowsend flowstat
