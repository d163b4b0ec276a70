#!/usr/bin/env python3
"""alert_formats.py - read alerts in a format of another system by its standard, strictly.

    alert_formats.py ecs|cef|syslog|stix < TEXT

Prints a line of JSON for each alert: detector, kind, reason, src, dst, dstport, alerts, severity as they were read; what is
not by the standard ends the program with a message.
"""
import json
import re
import sys
import uuid

SCO = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
UUID5 = r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")


def need(truth, what):
    if not truth:
        sys.exit(f"not by the standard: {what}")


def show(**fields):
    print(json.dumps(fields, sort_keys=True))


def ecs(text):
    need(text == "" or text.endswith("\n"), "last line")
    for line in text.split("\n")[:-1]:
        d = json.loads(line)
        need(TIME.match(d["@timestamp"]) and d["ecs"]["version"] == "8.11.0", "base")
        e = d["event"]
        need(e["kind"] == "alert" and e["category"] == ["network", "intrusion_detection"] and e["type"] == ["info"], "event")
        need(re.fullmatch(UUID5, e["id"]) and 0 <= e["risk_score"] <= 100, "event")
        for t in d.get("threat", {}).get("technique", {}).get("id", []):
            need(re.fullmatch(r"T\d{4}", t), "technique")
        for t in d.get("threat", {}).get("technique", {}).get("subtechnique", {}).get("id", []):
            need(re.fullmatch(r"T\d{4}\.\d{3}", t), "subtechnique")
        show(detector=e["provider"], kind=e["action"], reason=d["message"], src=d.get("source", {}).get("ip"),
             dst=d.get("destination", {}).get("ip"), dstport=d.get("destination", {}).get("port"),
             alerts=d["flowkit"]["alerts"], severity=d["log"]["level"])


CEF_KEYS = set("""start end rt src dst c6a2 c6a2Label c6a3 c6a3Label spt dpt proto in out cnt cn1 cn1Label cat externalId
    msg cfp1 cfp1Label cs1 cs1Label cs2 cs2Label cs3 cs3Label cs4 cs4Label""".split())


def cef(text):
    need(text == "" or text.endswith("\n"), "last line")
    for line in text.split("\n")[:-1]:
        need(not re.search(r"[\x00-\x1f\x7f]", line), "control character")
        head = re.match(r"CEF:0\|" + r"((?:[^\\|]|\\[\\|])*)\|" * 6, line)
        need(head, "header")
        fields = [re.sub(r"\\(.)", r"\1", f) for f in head.groups()]
        need(fields[0] == "flowkit" and 0 <= int(fields[5]) <= 10, "header")
        rest, values = line[head.end():], {}
        # A key begins behind a blank and ends at an equals sign that is not escaped.
        marks = [m for m in re.finditer(r"(?:^| )([A-Za-z0-9]+)(?<!\\)=", rest)]
        for i, m in enumerate(marks):
            value = rest[m.end():marks[i + 1].start() if i + 1 < len(marks) else len(rest)]
            need(m.group(1) in CEF_KEYS and m.group(1) not in values, f"key {m.group(1)}")
            need(re.fullmatch(r"(?:[^\\=]|\\[\\=nr])*", value), f"value {value}")
            values[m.group(1)] = re.sub(r"\\(.)", lambda e: {"n": "\n", "r": "\r"}.get(e.group(1), e.group(1)), value)
        need(len(values.get("msg", "")) <= 1023 and all(len(values.get(f"cs{n}", "")) <= 4000 for n in range(1, 5)), "length")
        for n in ("cs1", "cs2", "cs3", "cs4", "cfp1", "cn1", "c6a2", "c6a3"):
            need((n in values) == (n + "Label" in values), n)
        detector, _, kind = fields[3].partition(":")
        port = values.get("dpt")
        show(detector=detector, kind=kind, reason=values.get("msg"), src=values.get("src", values.get("c6a2")),
             dst=values.get("dst", values.get("c6a3")), dstport=int(port) if port else None, alerts=int(values["cnt"]),
             severity={3: "low", 6: "medium", 8: "high", 10: "critical"}[int(fields[5])])


PARAM = re.compile(r' ([!-~]{1,32}?)="((?:[^"\\\]]|\\["\\\]])*)"')


def syslog(text):
    need(text == "" or text.endswith("\n"), "last line")
    for line in text.split("\n")[:-1]:
        head = re.match(r"<(\d{1,3})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) ", line)
        need(head and int(head.group(1)) <= 191 and TIME.match(head.group(2)), "header")
        at, data = head.end(), {}
        need(line[at] == "[", "structured data")
        while line[at] == "[":
            name = re.match(r"\[([!#-<>-\\^-~]{1,32})", line[at:])
            need(name, "SD-ID")
            at += name.end()
            while line[at] == " ":
                param = PARAM.match(line[at:])
                need(param and not re.search(r'[ ="\]]', param.group(1)), f"parameter {line[at:at + 40]}")
                data[name.group(1), param.group(1)] = re.sub(r'\\(["\\\]])', r"\1", param.group(2))
                at += param.end()
            need(line[at] == "]", "end of element")
            at += 1
        need(line[at:at + 2] == " \ufeff", "message")
        message = line[at + 2:]
        need(not re.search(r"[\x00-\x1f\x7f]", line), "control character")
        own = {k[1]: v for k, v in data.items() if k[0] == "flowkit@32473"}
        need(re.fullmatch(UUID5, own["id"]), "id")
        port = own.get("dstport")
        show(detector=own.get("detector"), kind=own.get("kind"), reason=message, src=own.get("srcip"), dst=own.get("dstip"),
             dstport=int(port) if port else None, alerts=int(own["alerts"]), severity=own["severity"])


REQUIRED = {
    "identity": ["name", "created", "modified"],
    "ipv4-addr": ["value"],
    "ipv6-addr": ["value"],
    "network-traffic": ["protocols"],
    "observed-data": ["created", "modified", "first_observed", "last_observed", "number_observed", "object_refs"],
    "indicator": ["created", "modified", "pattern", "pattern_type", "valid_from"],
    "sighting": ["created", "modified", "sighting_of_ref"],
    "attack-pattern": ["created", "modified", "name"],
    "relationship": ["created", "modified", "relationship_type", "source_ref", "target_ref"],
    "note": ["created", "modified", "content", "object_refs"],
}
CONTRIBUTE = {
    "ipv4-addr": ["value"],
    "ipv6-addr": ["value"],
    "network-traffic": ["start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols", "extensions"],
}
STRING = r"'(?:[^'\\]|\\['\\])*'"
PATTERN = re.compile(
    rf"\[network-traffic:(?:src|dst)_(?:ref\.value = {STRING}|port = \d+)(?: AND network-traffic:(?:src|dst)_(?:ref\.value = {STRING}|port = \d+))*\]")


def stix(text):
    bundle = json.loads(text)
    need(bundle["type"] == "bundle" and re.fullmatch("bundle--" + UUID5, bundle["id"]), "bundle")
    objects = {}
    for o in bundle["objects"]:
        need(re.fullmatch(re.escape(o["type"]) + "--" + UUID5, o["id"]), f"id {o['id']}")
        need(o["id"] not in objects, f"{o['id']} twice")
        need(o["spec_version"] == "2.1" and all(k in o for k in REQUIRED[o["type"]]), f"{o['type']}: what is required")
        objects[o["id"]] = o
        if o["type"] in CONTRIBUTE:
            name = {k: o[k] for k in CONTRIBUTE[o["type"]] if k in o}
            canonical = json.dumps(name, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            need(o["id"].endswith(str(uuid.uuid5(SCO, canonical))), f"id of {canonical}")
        for key, value in o.items():
            if key in ("created", "modified", "valid_from", "start", "end") or key.startswith(("first_", "last_")):
                need(TIME.match(value), f"time {value}")
        need("created" not in o or o["created"] <= o["modified"], "modified before created")
    for o in objects.values():
        for key, value in o.items():
            if key.endswith("_ref"):
                need(value in objects, f"{key} {value}")
            if key.endswith("_refs"):
                need(value and all(v in objects for v in value), key)
        if o["type"] == "indicator":
            need(o["pattern_type"] == "stix" and PATTERN.fullmatch(o["pattern"]), f"pattern {o['pattern']}")
            need(0 <= o["confidence"] <= 100, "confidence")
        if o["type"] == "observed-data":
            need(1 <= o["number_observed"] <= 999999999, "number_observed")
        if o["type"] == "note":
            need(o["object_refs"], "note")
            show(reason=o["abstract"])
        if o["type"] == "network-traffic":
            need("src_ref" in o or "dst_ref" in o, "traffic of nobody")
        if o["type"] != "sighting":
            continue
        indicator, data = objects[o["sighting_of_ref"]], objects[o["observed_data_refs"][0]]
        flow = [objects[r] for r in data["object_refs"] if r.startswith("network-traffic")][0]
        detector, _, kind = indicator["name"].partition(" ")
        show(detector=detector, kind=kind, reason=indicator["description"].rsplit("\nn=", 1)[0],
             src=objects[flow["src_ref"]]["value"] if "src_ref" in flow else None,
             dst=objects[flow["dst_ref"]]["value"] if "dst_ref" in flow else None,
             dstport=flow.get("dst_port"), alerts=o["count"], severity=indicator["labels"][0])


sys.stdin.reconfigure(encoding="utf-8", errors="strict", newline="")
sys.stdout.reconfigure(encoding="utf-8")
{"ecs": ecs, "cef": cef, "syslog": syslog, "stix": stix}[sys.argv[1]](sys.stdin.read())
