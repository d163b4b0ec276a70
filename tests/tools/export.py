#!/usr/bin/env python3
"""Export messages of NetFlow v5, v9 and IPFIX with known content, into a capture or to a UDP port.

    export.py pcap FILE [options]       export.py ipfix FILE [options]
    export.py udp HOST:PORT [options]   export.py tcp HOST:PORT [options]   (tcp: IPFIX)

Record i (from 0) has octets 100 + i, packets 1 + i % 9, source 10.0.0.0 + i, destination 192.0.2.1,
ports 40000 + i % 1000 and 443, protocol 6; it ends at the message's time and lasts a second.
With --options, v9 says the name of interface 7; with --interfaces records came in by it.
Written from RFC 3954 and RFC 7011; standard library only.
"""
import argparse
import os
import socket
import struct
import time

FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4))  # and two times


def fields(args):
    """The counters change places: templates of equal id and length that mean different things."""
    return FIELDS[:5] + FIELDS[:4:-1] if args.swap else FIELDS


def record(args, i):
    counters = (1 + i % 9, 100 + i)
    return struct.pack(
        ">IIHHBII", 0x0A000000 + i, 0xC0000201, 40000 + i % 1000, 443, 6,
        *(counters[::-1] if args.swap else counters)
    )


def v5(args, seq, when, first, n):
    head = struct.pack(">HHIIIIBBH", 5, n, 3600000, when, 0, seq, args.domain >> 8, args.domain & 255, 0)
    body = b""
    for i in range(first, first + n):
        body += struct.pack(
            ">IIIHHIIIIHHBBBBHHBBH",
            0x0A000000 + i, 0xC0000201, 0, 1, 2, 1 + i % 9, 100 + i, 3599000, 3600000,
            40000 + i % 1000, 443, 0, 0x18, 6, 0, 0, 0, 0, 0, 0,
        )
    return head + body


def pad(b):
    return b + bytes(-len(b) % 4)


def flowset(number, body):
    body = pad(body)
    return struct.pack(">HH", number, 4 + len(body)) + body


def v9(args, seq, when, first, n):
    interface = ((10, 2),) if args.interfaces else ()
    template = struct.pack(">HH", 256, len(FIELDS) + 2 + len(interface))
    for f in fields(args) + ((22, 4), (21, 4)) + interface:
        template += struct.pack(">HH", *f)
    sets, count = b"", n
    if seq % args.templates == 0:
        sets += flowset(0, template)
        count += 1
        if args.options:  # scope interface 7 (2 octets): interfaceName
            name = os.fsencode(args.name or "eth-%d" % args.domain)
            sets += flowset(1, struct.pack(">HHHHHHH", 257, 4, 4, 2, 2, 82, len(name)))
            sets += flowset(257, struct.pack(">H", 7) + name)
            count += 2
    rest = struct.pack(">II", 3599000, 3600000) + (struct.pack(">H", 7) if args.interfaces else b"")
    data = b"".join(record(args, i) + rest for i in range(first, first + n))
    sets += flowset(256, data)
    return struct.pack(">HHIIII", 9, count, 3600000, when, seq, args.domain) + sets


def v10(args, seq, when, first, n):
    template = struct.pack(">HH", 256, len(FIELDS) + 2)
    for f in fields(args) + ((152, 8), (153, 8)):
        template += struct.pack(">HH", *f)
    sets = b""
    if seq // args.records % args.templates == 0:
        sets += flowset(2, template)
    data = b"".join(
        record(args, i) + struct.pack(">QQ", (when - 1) * 1000, when * 1000) for i in range(first, first + n)
    )
    sets += struct.pack(">HH", 256, 4 + len(data)) + data
    return struct.pack(">HHIII", 10, 16 + len(sets), when, seq, args.domain) + sets


def messages(args):
    make = {"v5": v5, "v9": v9, "ipfix": v10}[args.version]
    start = args.time if args.time is not None else int(time.time())
    for m in range(args.first, args.first + args.messages):
        first = m * args.records
        seq = m if args.version == "v9" else first
        yield start + int((m - args.first) * args.step), make(args, seq, start, first, args.records)


def frame(args, data):
    """UDP in IPv4 behind an Ethernet header, or whatever other link type without one."""
    udp = struct.pack(">HHHH", args.source_port, 2055, 8 + len(data), 0) + data
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                     socket.inet_aton(args.exporter), socket.inet_aton("198.51.100.1"))
    return (bytes(12) + b"\x08\x00" if args.link == 1 else b"") + ip + udp


def connect(args):
    host, port = args.where.rsplit(":", 1)
    kind = socket.SOCK_STREAM if args.how == "tcp" else socket.SOCK_DGRAM
    s = socket.socket(socket.AF_INET, kind)
    if args.source_port != 40000 or args.source_address:
        port_here = args.source_port if args.source_port != 40000 else 0
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((args.source_address or "127.0.0.1", port_here))
    s.connect((host, int(port)))
    return s


def send(args):
    s = connect(args)
    for _, data in messages(args):
        for at in range(0, len(data), args.cut or len(data)):
            s.send(data[at:at + (args.cut or len(data))])
        if args.step:
            time.sleep(args.step)
    if args.linger:
        time.sleep(args.linger)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("how", choices=("pcap", "ipfix", "udp", "tcp"))
    p.add_argument("where")
    p.add_argument("--as", dest="version", choices=("v5", "v9", "ipfix"), default="v9")
    p.add_argument("--messages", type=int, default=10)
    p.add_argument("--records", type=int, default=20)
    p.add_argument("--first", type=int, default=0, help="number of the first message")
    p.add_argument("--templates", type=int, default=1, help="a template every so many messages")
    p.add_argument("--domain", type=int, default=1)
    p.add_argument("--options", action="store_true")
    p.add_argument("--name", help="of interface 7 (default eth-DOMAIN)")
    p.add_argument("--interfaces", action="store_true")
    p.add_argument("--time", type=int)
    p.add_argument("--step", type=float, default=0, help="seconds between messages")
    p.add_argument("--link", type=int, default=1)
    p.add_argument("--exporter", default="192.0.2.1")
    p.add_argument("--source-port", type=int, default=40000)
    p.add_argument("--source-address")
    p.add_argument("--cut", type=int, default=0, help="tcp: octets a write")
    p.add_argument("--linger", type=float, default=0, help="seconds before the socket is closed")
    p.add_argument("--append", action="store_true")
    p.add_argument("--swap", action="store_true", help="octets before packets in the template")
    args = p.parse_args()

    if args.how in ("udp", "tcp"):
        send(args)
        return
    with open(args.where, "ab" if args.append else "wb") as f:
        if args.how == "pcap" and not args.append:
            f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, args.link))
        for when, data in messages(args):
            if args.how == "pcap":
                octets = frame(args, data)
                f.write(struct.pack("<IIII", when, 0, len(octets), len(octets)) + octets)
            else:
                f.write(data)


main()
