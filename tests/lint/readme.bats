load ../helper

# What the README says can be typed is typed, on generated flows.

setup() {
	flowkit_setup
	flowgen -n 20000 --seed 5 --start "$(date -u -d '1 day ago' +%Y-%m-%dT00:00:00Z)" -w day.flow
	mkdir -p var/flow
	cp day.flow var/flow/
}

@test "README names every program" {
	for p in "$REPO"/cmd/flow*.c; do
		grep -q "\`$(basename "$p" .c)\`" "$REPO/README.md"
	done
}

@test "README's expressions compile" {
	n=0
	while IFS= read -r line; do
		flowfilter --explain "$line" > /dev/null
		n=$((n + 1))
	done < <(awk '/^Expressions are/ {p = 1} /^## / {p = 0} p && /^    / {sub(/^ */, ""); print}' "$REPO/README.md")
	[ "$n" -ge 4 ]
}

@test "README's pipelines over stored files run" {
	n=0
	while IFS= read -r line; do
		case $line in
		flowrecv*) continue ;;
		*duckdb*) line="${line%%|*} > all.csv" ;;
		esac
		line=${line//\/var\/flow/var\/flow}
		echo "$line"
		run timeout 60 bash -c "set -o pipefail; $line" < /dev/null
		echo "$output" | head -n 3
		[ "$status" -eq 0 ]
		n=$((n + 1))
	done < <(awk '/^## Five pipelines/ {p = 1} /^Expressions/ {p = 0} p && /^    flow/ {sub(/^ */, ""); print}' "$REPO/README.md")
	[ "$n" -ge 3 ]
}

@test "README's live pipelines run on a port of the kernel's choice" {
	flowrecv -l udp:127.0.0.1:0 --port-file port -w - | flowcat -n 1000 | flowstat -s srcip/bytes -s dstport/flows > out.txt &
	pipe=$!
	for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
	flowsend -d "udp:$(head -n 1 port)" --rate 20000fps day.flow -q || true
	for _ in $(seq 100); do kill -0 $pipe 2> /dev/null || break; sleep 0.1; done
	wait $pipe
	grep -q "srcip/bytes" out.txt
}
