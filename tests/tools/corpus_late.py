"""corpus_late - the records of data sets that a corpus leaves undecoded, as having no template when they came.

A corpus accepts that they are decoded all the same: by the template that comes later, or by one that was
withdrawn.  Their octets are taken from the capture and read here by the corpus' own list of elements, so what
the programs make of them is compared, not only allowed.
"""

import ipaddress
import json
import struct


class Late:
    """Which template: the next definition (LATER), or the one before the withdrawal (BEFORE)."""

    LATER, BEFORE = "later", "before"


def elements(directory):
    """(enterprise, element): name, type."""
    known = {}
    with open(directory + "/ie.tsv", encoding="utf-8") as f:
        for line in f:
            cell = line.rstrip("\n").split("\t")
            if not line.startswith("#"):
                known[int(cell[0]), int(cell[1])] = cell[2], cell[3]
    return known


def datagrams(path):
    """(exporter, payload) of a classic capture of UDP in IPv4 or IPv6 over Ethernet."""
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at, out = 24, []
    while at < len(data):
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        frame = data[at + 16 : at + 16 + length]
        v4 = frame[12:14] == b"\x08\x00"
        header = 14 + (4 * (frame[14] & 15) if v4 else 40)
        source = frame[26:30] if v4 else frame[22:38]
        out.append((str(ipaddress.ip_address(source)), frame[header + 8 :]))
        at += 16 + length
    return out


def sets(payload):
    """(id, octets) of an export message of version 9 or 10."""
    at = 20 if payload[1] == 9 else 16
    while at + 4 <= len(payload):
        number, length = struct.unpack_from(">HH", payload, at)
        yield number, payload[at + 4 : at + length]
        at += max(length, 4)


def value(kind, octets):
    if kind.startswith("unsigned"):
        return int.from_bytes(octets, "big")
    if kind in ("ipv4Address", "ipv6Address"):
        return str(ipaddress.ip_address(octets))
    if kind == "string":
        return octets.rstrip(b"\0").decode("utf-8", "replace")
    if kind == "dateTimeMicroseconds":
        seconds, fraction = struct.unpack(">II", octets)
        return (seconds - 2208988800) * 1000000 + ((fraction & ~0x7FF) * 1000000 >> 32)
    if kind == "octetArray":
        return octets.hex()
    raise ValueError("no rule for values of type " + kind)


def decode(octets, fields, known):
    """The records that are whole."""
    least = sum(1 if length == 65535 else length for _, _, length in fields)
    at = 0
    while at + least <= len(octets):
        record = {}
        for pen, element, length in fields:
            if length == 65535:
                length, at = octets[at], at + 1
                if length == 255:
                    length, at = int.from_bytes(octets[at : at + 2], "big"), at + 2
            name, kind = known[pen, element]
            while name in record:
                head, _, n = name.partition("#")
                name = f"{head}#{int(n or 1) + 1}"
            record[name] = value(kind, octets[at : at + length])
            at += length
        yield record


def expected(case_path, directory, which):
    """Records as those of the corpus, for every data set that some template of the case fits."""
    with open(case_path[: -len(".pcap")] + ".events.jsonl", encoding="utf-8") as f:
        events = [json.loads(line) for line in f]
    known, sent = elements(directory), datagrams(case_path)
    seen, out = {}, []
    for i, event in enumerate(events):
        if event["event"] != "no_template":
            continue
        candidates = events[:i][::-1] if which == Late.BEFORE else events[i:]
        template = next((e for e in candidates if e["event"] == "template" and e["template"] == event["set"]), None)
        exporter, payload = sent[event["pkt"] - 1]
        bodies = [octets for number, octets in sets(payload) if number == event["set"]]
        nth = seen.get((event["pkt"], event["set"]), 0)
        seen[event["pkt"], event["set"]] = nth + 1
        if template is None:
            continue
        assert len(bodies[nth]) == event["bytes"]
        for fields in decode(bodies[nth], template["fields"], known):
            out.append(
                {"pkt": event["pkt"], "kind": "flow", "exporter": exporter, "domain": event["domain"], "fields": fields}
            )
    return out
