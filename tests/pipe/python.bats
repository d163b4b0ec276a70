load ../helper

@test "a reader written from flowstream(5) in another language reads every encoding alike" {
	local encodings= versions=

	for profile in pipe file fast; do
		for seed in 1 2 3 4; do
			"$TOOLS/randflow" $seed $profile out.flow | LC_ALL=C sort > want.txt
			[ "$(wc -l < want.txt)" -gt 1000 ]
			python3 "$REPO/tests/flowread.py" out.flow | LC_ALL=C sort > got.txt
			cmp want.txt got.txt
			encodings+=$(flowcat --info out.flow)
			versions+=$(od -An -v -tx1 out.flow | tr -d " \n" | grep -o "f1464c4f570d0a1a.\{28\}0000.." | cut -c49-)
		done
	done
	for name in const plain planes bytes dict map runs; do
		[[ $encodings == *" $name "* ]]
	done
	for version in 01 02 03; do
		[[ $versions == *$version* ]]
	done
}

@test "the reader in another language sees a cut stream" {
	"$TOOLS/randflow" 5 file out.flow > /dev/null
	head -c -1 out.flow > cut.flow
	run python3 "$REPO/tests/flowread.py" cut.flow
	[ "$status" -ne 0 ]
}

@test "a file with an index is what flowstream(5) says, the length of its blocks too" {
	flowgen -n 70000 -w out.flow
	[ "$(flowcat --info out.flow | grep -c '^index ')" -eq 1 ]
	[ "$(python3 "$REPO/tests/flowread.py" --count out.flow | cut -d " " -f 1)" -eq 70000 ]
	grep -qF 'a multiple of 64, that of an index of 8' "$REPO/man/flowstream.5"
}

@test "lists put together as flowstream(5) says are the lists that they are" {
	python3 - > lists.csv <<-'EOF'
	from struct import pack


	def field(pen, element, kind, scale=0):
	    return pack(">IHBBB", pen, element, 0, kind, scale)


	def values(*octets):
	    return b"".join(pack(">I", len(v)) + v for v in octets)


	def group(template, fields, records, *octets):
	    return pack(">HH", template, len(fields)) + b"".join(fields) + pack(">I", records) + values(*octets)


	basic = b"\1\3" + field(0, 10, 1) + pack(">I", 3) + values(b"\1", b"\0\0\0\5", b"\0" * 7 + b"\x09")
	nested = b"\2\xff" + group(300, [field(0, 8, 8), field(0, 291, 12)], 1, bytes([10, 0, 0, 1]), basic)
	several = b"\3\4" + pack(">H", 3) + group(
	    257, [field(0, 152, 6, 6), field(0, 276, 5), field(0, 56, 9), field(0, 82, 10), field(99999, 7, 11)], 2,
	    pack(">Q", 1700000000123), b"\1", bytes(range(1, 7)), b"eth0", b"\xab\xcd",
	    pack(">Q", 1700000000456), b"\2", bytes(6), b"", b"")
	several += group(258, [field(0, 156, 6, 0)], 1, pack(">II", 1700000000 + 2208988800, 1 << 31))
	several += group(259, [field(0, 434, 2), field(0, 320, 4)], 1, b"\xff\xfe", pack(">f", 1.5))
	print("basicList,subTemplateList,subTemplateMultiList")
	print("%s,%s,%s" % (basic.hex(), nested.hex(), several.hex()))
	EOF
	flowcat -i csv lists.csv -w lists.flow
	[ "$(flowcat -o ndjson -k basicList lists.flow)" = '{"basicList":{"list":"basicList","semantic":3,"element":"inif","values":[1,5,9]}}' ]
	[ "$(flowcat -o ndjson -k subTemplateList lists.flow)" = '{"subTemplateList":{"list":"subTemplateList","semantic":255,"template":300,"records":[{"srcip":"10.0.0.1","basicList":{"list":"basicList","semantic":3,"element":"inif","values":[1,5,9]}}]}}' ]
	flowcat -o ndjson -k subTemplateMultiList lists.flow > several.json
	python3 - <<-'EOF'
	import json

	got = json.load(open("several.json"))["subTemplateMultiList"]
	assert got == {"list": "subTemplateMultiList", "semantic": 4, "groups": [
	    {"template": 257, "records": [
	        {"flowStartMilliseconds": "2023-11-14T22:13:20.123Z", "dataRecordsReliability": True,
	         "srcmac": "01:02:03:04:05:06", "ifname": "eth0", "99999.7": "abcd"},
	        {"flowStartMilliseconds": "2023-11-14T22:13:20.456Z", "dataRecordsReliability": False,
	         "srcmac": "00:00:00:00:00:00", "ifname": "", "99999.7": ""}]},
	    {"template": 258, "records": [{"flowStartNanoseconds": "2023-11-14T22:13:20.500000000Z"}]},
	    {"template": 259, "records": [{"mibObjectValueInteger": -2, "absoluteError": 1.5}]}]}, got
	EOF
	grep -qF 'u32 enterprise, u16 element, u8 instance, u8 type, u8 scale' "$REPO/man/flowstream.5"
}
