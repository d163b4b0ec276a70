#!/usr/bin/env python3
"""Flow records as a router that samples one packet in N would have exported them.

	thin.py N [SEED] < FLOWS.csv > SAMPLED.csv

Reads csv with start_ms, end_ms, packets, bytes, proto, tcpflags, srcport and dstport, as in ../shared/labelled, and
writes the same columns with `sampling`.  Of a record's packets each is picked with chance 1/N, on its own; a record
of which none is picked is left out.  Its packets are taken to be spread evenly between start and end, of equal size;
times and counters become those of the picked ones.  TCP flags are taken apart: of a record of two packets or more the
first one has the SYN (with ACK where the sender is the side of the lower port, which answers), the last one the FIN or
RST, those between have ACK and every second PSH, as far as the record has these flags; a record of one packet keeps its
flags.  The same seed picks the same packets.
"""
import csv
import math
import random
import sys

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def packet_flags(flags, packets, i, answers):
    if packets == 1:
        return flags
    if i == 0 and flags & SYN:
        return SYN | (flags & ACK if answers else 0)
    if i == packets - 1 and flags & (FIN | RST):
        return flags & (FIN | RST | ACK) if flags & FIN else flags & (RST | ACK)
    if flags & ~(SYN | FIN | RST) == 0:  # nothing but SYNs, sent again
        return flags & SYN or flags
    return flags & (ACK | (PSH if i % 2 else 0))


def picked(rng, packets, interval):
    """Indexes of the picked packets: gaps between them are geometric."""
    i = -1
    while True:
        i += 1 if interval == 1 else 1 + int(rng.expovariate(1) / -math.log(1 - 1 / interval))
        if i >= packets:
            return
        yield i


def main():
    interval = int(sys.argv[1])
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    rows = csv.DictReader(sys.stdin)
    out = csv.DictWriter(sys.stdout, rows.fieldnames + ["sampling"], lineterminator="\n")
    out.writeheader()
    for row in rows:
        packets, octets = int(row["packets"]), int(row["bytes"])
        start, end = float(row["start_ms"]), float(row["end_ms"])
        picks = list(picked(rng, packets, interval))
        if not picks:
            continue
        if row["proto"] == "6":
            answers = int(row["srcport"]) < int(row["dstport"])
            flags = 0
            for i in picks:
                flags |= packet_flags(int(row["tcpflags"]), packets, i, answers)
            row["tcpflags"] = flags
        step = (end - start) / (packets - 1) if packets > 1 else 0
        row["start_ms"] = int(start + step * picks[0])
        row["end_ms"] = int(start + step * picks[-1])
        row["packets"] = len(picks)
        row["bytes"] = octets * len(picks) // packets
        row["sampling"] = interval
        out.writerow(row)


main()
