#!/usr/bin/env python3
"""season.py - an invented network with habits: what hosts send out, by hour of the week, for weeks.

	season.py [--hosts N] [--days N] [--from DAY] [--sigma S] [--uploads FACTOR] [--seed N] > flows.csv

Every host has a level of its own (0.3 to 30 MB in a busy hour), a curve over the day that is another one on days
off, and in each hour an amount that is lognormal about that curve (sigma of the natural logarithm, 0.6: two of three
hours within a factor of 1.8), sent to its few usual destinations; one hour in a hundred is five times as much.
Days are counted from a Monday, 2026-01-05; the same seed gives the same network whatever the days asked for.

--uploads FACTOR plants one upload a host a day, in one of its hours from 8 to 18: FACTOR times that hour's own middle,
to a usual destination, so that only the volume tells.  Where they are goes to standard error: host, hour since 1970.
"""
import argparse
import math
import random
import sys

MONDAY = 1767571200


def curve(rng, off):
    """Share of the busy hour's amount in each hour of a day."""
    peak, width = rng.uniform(10, 15), rng.uniform(3, 6)
    low = rng.uniform(0.02, 0.1)
    scale = rng.uniform(0.05, 0.4) if off else 1
    return [max(low, scale * math.exp(-((h - peak) / width) ** 2)) for h in range(24)]


def main():
    p = argparse.ArgumentParser()
    for name, kind, default in (("hosts", int, 40), ("days", int, 28), ("from", int, 0), ("sigma", float, 0.6),
                                ("uploads", float, 0), ("seed", int, 1)):
        p.add_argument("--" + name, type=kind, default=default)
    o = p.parse_args()
    first = getattr(o, "from")
    out = sys.stdout.write
    out("start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes\n")
    for host in range(o.hosts):
        rng = random.Random(o.seed * 1000003 + host)
        level = math.exp(rng.uniform(math.log(3e5), math.log(3e7)))
        curves = curve(rng, False), curve(rng, True)
        usual = [f"203.0.{rng.randrange(110, 120)}.{rng.randrange(1, 255)}" for _ in range(5)]
        ip = f"10.1.{host // 250}.{host % 250 + 1}"
        for day in range(first, first + o.days):
            rng = random.Random((o.seed * 1000003 + host) * 100003 + day)
            off = day % 7 > 4
            planted = rng.randrange(8, 19) if o.uploads else -1
            for hour in range(24):
                middle = level * curves[off][hour]
                octets = middle * math.exp(rng.gauss(0, o.sigma)) * (5 if rng.random() < 0.01 else 1)
                start = MONDAY + day * 86400 + hour * 3600
                if hour == planted:
                    print(ip, start // 3600, file=sys.stderr)
                    octets += middle * o.uploads
                n = rng.randrange(2, 5)
                for k in range(n):
                    t = start + rng.randrange(0, 3500)
                    dst, port = rng.choice(usual), rng.randrange(40000, 60000)
                    sent, got = int(octets / n), int(octets / n * rng.uniform(0.05, 8))
                    out(f"{t},{t + 60},{ip},{dst},{port},443,6,27,{sent // 1000 + 3},{sent}\n")
                    out(f"{t},{t + 60},{dst},{ip},443,{port},6,27,{got // 1000 + 3},{got}\n")


main()
