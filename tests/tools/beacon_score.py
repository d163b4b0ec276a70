#!/usr/bin/env python3
"""beacon_score.py - flowbeacon's scores computed again, from conversations, and what they are worth on labelled captures.

    beacon_score.py check fb|rita RECORDS CONVERSATIONS ALERTS
        Every pair's score to 3 decimals; exit status 1 when one differs.
    beacon_score.py rate DIR
        Recall, false alerts and AUC of the labelled captures whose NAME.csv, NAME.conversations, NAME.fb and NAME.rita
        DIR holds (tests/bench/detect/beacon.sh).

RECORDS is a labelled capture, CONVERSATIONS what tests/tools/conversations makes of it, ALERTS flowbeacon's csv with
--score 0 -k kind,score,srcip,dstip,dstport,proto,why.  The formulas are those of common/detect/periodicity.h and
rita.h, written from their words; plain() is what the former comes of, to compare with.
"""
import csv
import glob
import ipaddress
import math
import os
import sys
from collections import defaultdict

PRIVATE = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10"
# The emulated attacker of one capture has a private address.
NETWORKS = {"apt29_day1": "10.0.0.0/8"}

# Beacons named in the labels, and one found in an infected host's traffic: capture, client, server, port.
BEACONS = {
    ("rita_missing_host", "73.54.23.243", "64.225.56.201", 80),
    ("apt29_day1", "10.0.1.6", "192.168.0.4", 8443),
    ("sdt_androidrat", "10.8.0.61", "147.32.83.234", 1337),
    ("sdt_njrat", "192.168.1.115", "41.108.179.197", 1177),
    ("ctu_botnet207", "192.168.1.110", "185.56.145.73", 80),
}
# Captures of one host each in which nothing is malicious but attacks from outside.
BENIGN = ("ctu_20230220_benign", "ctu_normal40_d1", "ctu_normal43_d1", "ctu_normal7_p2p", "ctu_normal_20131021")


class Ours:
    """Our networks in a capture, by the name of its file."""
    def __init__(self, records):
        name = os.path.basename(records)[:-len(".csv")]
        self.networks = [ipaddress.ip_network(n) for n in NETWORKS.get(name, PRIVATE).split()]
        self.known = {}

    def __call__(self, address):
        if address not in self.known:
            ip = ipaddress.ip_address(address)
            self.known[address] = any(ip.version == n.version and ip in n for n in self.networks)
        return self.known[address]


def unicast(address, cache={}):
    if address not in cache:
        ip = ipaddress.ip_address(address)
        if ip.version == 4:
            cache[address] = 0 < int(ip) >> 24 < 224
        else:
            cache[address] = not ip.is_multicast and not ip.is_unspecified
    return cache[address]


class Conversation:
    def __init__(self, line):
        (self.client, self.server, client_port, port, proto, start, end, packets, size, rpackets, rsize,
         self.answer, flags) = line.rstrip("\n").split(",")
        self.client_port, self.port, self.proto = int(client_port), int(port), int(proto)
        self.start, self.end = int(start), int(end)
        self.packets, self.bytes = int(packets), int(size)
        self.rpackets, self.rbytes = int(rpackets), int(rsize)
        self.flags = int(flags)

    def turned(self, ours):
        """Both ends have one port: ours is the client."""
        if (0 < self.client_port == self.port and self.answer == "given" and ours(self.server)
                and not ours(self.client)):
            self.client, self.server = self.server, self.client
            self.packets, self.rpackets = self.rpackets, self.packets
            self.bytes, self.rbytes = self.rbytes, self.bytes
        return self

    def said(self):
        ack, psh, fin = 16, 8, 1
        return self.answer == "given" or (self.answer == "none" and self.flags & ack and self.flags & (psh | fin))


class Capture:
    def __init__(self, records, path, ports=True):
        self.ours = ours = Ours(records)
        times = [(int(r["start_ms"]) * 10**6, int(r["end_ms"]) * 10**6) for r in csv.DictReader(open(records))]
        everything = [Conversation(line) for line in open(path)]
        self.first, self.last = min(t[0] for t in times), max(t[0] for t in times)
        self.end = max(t[1] for t in times)
        self.clients = defaultdict(set)
        for c in everything:
            if c.packets and ours(c.client):
                self.clients[c.server].add(c.client)
            if c.rpackets and ours(c.server):
                self.clients[c.client].add(c.server)
        self.hosts = len(set().union(*self.clients.values())) if self.clients else 0
        self.pairs = defaultdict(list)
        for c in everything:
            if not unicast(c.client) or not unicast(c.server):
                continue
            c.turned(ours)
            if not ours(c.server):
                self.pairs[(c.client, c.server) + ((c.port, c.proto) if ports else ())].append(c)


def median(values):
    v, n = sorted(values), len(values)
    return v[n // 2] if n % 2 else (v[n // 2 - 1] + v[n // 2]) / 2


def mad(values):
    m = median(values)
    return median([abs(v - m) for v in values])


def chance(period, merge):
    if period <= merge:
        return 1
    rate = math.log(2) / (period - merge)
    return sum(math.exp(-rate * max(0, (k - .25) * period - merge)) - math.exp(-rate * ((k + .25) * period - merge))
               for k in (1, 2, 3))


def evidence(n, k, p):
    """-log10 of the chance of k or more."""
    if k <= n * p or p >= 1 or p <= 0:
        return 0
    logs = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) +
            (n - i) * math.log1p(-p) for i in range(k, n + 1)]
    return -(max(logs) + math.log(math.fsum(math.exp(v - max(logs)) for v in logs))) / math.log(10)


def gaps_of(starts, merge):
    beats = [starts[0]]
    for s in starts:
        if s - beats[-1] >= merge:
            beats.append(s)
    return [b - a for a, b in zip(beats, beats[1:])]


def aside(conversations, capture):
    """What of a score is not of the gaps: per and size."""
    sizes = [c.bytes for c in conversations]
    size = max(0, 1 - mad(sizes) / median(sizes)) if median(sizes) > 0 else 1
    hours = len({c.start // 10**9 // 3600 % 24 for c in conversations})
    whole = capture.end - capture.first
    span = (max(c.start for c in conversations) - min(c.start for c in conversations)) / whole if whole else 0
    return .5 * min(1, span) + .5 * hours / 24, size


def fb(conversations, capture):
    ms = sorted(c.start // 10**6 for c in conversations)
    present, size = aside(conversations, capture)
    best = None
    for merge in (10, 60) if all(m % 1000 == 0 for m in ms) else (1, 10, 60):
        gaps = gaps_of([m / 1000 for m in ms], merge)
        if len(gaps) < 5:
            continue
        period = median(gaps)
        near = sum(any(abs(g - k * period) <= .25 * period for k in (1, 2, 3)) for g in gaps)
        p0 = chance(period, merge)
        significant = min(1, evidence(len(gaps) - 1, max(0, near - 1), p0) / 8)
        regular = max(0, (near / len(gaps) - p0) / (1 - p0)) if p0 < 1 else 0
        steady = max(0, 1 - mad(gaps) / (period - merge)) if period > merge else 0
        score = ((.4 * (.5 * regular + .5 * steady) + .25 * present + .2 * size + .15 * significant) *
                 (.2 + .8 * significant))
        best = score if best is None else max(best, score)
    return best


def plain(conversations, capture):
    """What it comes of."""
    ms = sorted(c.start // 10**6 for c in conversations)
    present, size = aside(conversations, capture)
    best = None
    for merge in (1, 10):
        gaps = gaps_of([m / 1000 for m in ms], merge)
        if len(gaps) < 5:
            continue
        period = median(gaps)
        near = sum(any(abs(g - k * period) <= .25 * period for k in (1, 2, 3)) for g in gaps) / len(gaps)
        p0 = chance(period, 0)
        significant = min(1, max(0, (near - p0) / math.sqrt(p0 * (1 - p0) / len(gaps)) / 8))
        score = ((.4 * (.5 * max(0, (near - p0) / (1 - p0)) + .5 * max(0, 1 - mad(gaps) / period)) + .25 * present +
                  .2 * size + .15 * significant) * (.4 + .6 * significant))
        best = score if best is None else max(best, score)
    return best


def weighed(score, conversations, capture):
    """What is known of the destination."""
    if 2 * sum(bool(c.said()) for c in conversations) < len(conversations):
        score *= .6
    clients = len(capture.clients[conversations[0].server])
    if capture.hosts >= 20 and capture.ours(conversations[0].client):
        if clients <= 1 or clients / capture.hosts <= .02:
            score += .4 * score * (1 - score)
        elif clients / capture.hosts >= .5:
            score *= .75
    return score


def statistical(values, otherwise):
    v, n = sorted(values), len(values)
    q1, q2, q3 = median(v[:n // 2]), median(v), median(v[n // 2 + n % 2:])
    skew = (q1 + q3 - 2 * q2) / (q3 - q1) if q3 - q1 >= 10 and q2 not in (q1, q3) else 0
    return half_up((1 - abs(skew) + (max(0, (q2 - mad(v)) / q2) if q2 >= 1 else otherwise)) / 2)


def half_up(v):
    return math.floor(v * 1000 + .5) / 1000


def rita(conversations, capture):
    last = capture.last // 10**9
    first = max(capture.first // 10**9, last - 86400) // 3600 * 3600
    inside = sorted((c.start // 10**9, c.bytes) for c in conversations if first <= c.start // 10**9 <= last)
    times = [t for t, _ in inside]
    gaps = [b - a for a, b in zip(times, times[1:]) if b > a]
    if len(gaps) < 3 or len(times) >= 86400 or last <= first:
        return None
    step = (last - first) / 24
    edges = [first + i * step for i in range(1, 24)]
    bins = [0] * 24
    for t in times:
        bins[sum(t >= e for e in edges)] += 1
    mean = sum(bins) / 24
    histogram = max(0, half_up(1 - math.sqrt(sum((b - mean)**2 for b in bins) / 24) / mean))
    bars = sum(b > 0 for b in bins)
    if bars >= 11:
        width = math.ceil(max(bins) * .05)
        heights = defaultdict(int)
        for b in filter(None, bins):
            heights[b // width] += 1
        two = sum(sorted(heights.values())[-2:])
        histogram = max(histogram, min(1, half_up(two / max(bars - 1, 1))))
    duration = 0
    if bars >= 6:
        run = longest = 0
        for b in bins + bins:
            run = run + 1 if b else 0
            longest = max(longest, run)
        duration = min(1, max(math.ceil((times[-1] - times[0]) / (last - first) * 1000) / 1000,
                              math.ceil(min(longest, 24) / 12 * 1000) / 1000))
    return half_up((statistical(gaps, 1) + statistical([b for _, b in inside], 0) + duration + histogram) / 4)


def read_alerts(path, ports=True):
    """Scores of pairs; those that are alerts of another kind, with what their periodicity was."""
    scores, others = defaultdict(list), defaultdict(list)
    for r in csv.DictReader(open(path)):
        key = (r["srcip"], r["dstip"]) + ((int(r["dstport"] or -1), int(r["proto"])) if ports else ())
        if r["kind"] == "beacon":
            scores[key].append(float(r["score"]))
        else:
            why = dict(w.split("=", 1) for w in r["why"].split())
            others[key].append((float(r["score"]), float(why["periodicity"])))
    return scores, others


def check(method, records, conversations, alerts):
    ports = method == "fb"
    capture, (found, others) = Capture(records, conversations, ports), read_alerts(alerts, ports)
    wanted, bad, pairs = defaultdict(list), 0, 0
    for key, pair in capture.pairs.items():
        if ports and (key[3] in (1, 58) or key[2] == 0):  # an ICMP type is no port, nor is what no record says
            key = key[:2] + (-1, key[3])
        score = fb(pair, capture) if ports else rita(pair, capture)
        if score is None:
            continue
        pairs += 1
        if key in others:
            weighty, periodicity = others[key].pop()
            if weighty < weighed(score, pair, capture) - .0005 or abs(periodicity - score) > .0005:
                print(f"{key}: computed {score}, flowbeacon {periodicity} in another kind's {weighty}")
                bad += 1
        else:
            wanted[key].append(weighed(score, pair, capture) if ports else score)
    for key in sorted(set(wanted) | set(found), key=str):
        a, b = sorted(wanted[key]), sorted(found[key])
        if len(a) != len(b) or any(abs(x - y) > .0005 for x, y in zip(a, b)):
            print(f"{key}: computed {a}, flowbeacon {b}")
            bad += 1
    print(f"{pairs} pairs, {bad} differ")
    return bad > 0


def auc(good, bad):
    bad, rank = sorted(bad), 0
    for g in good:
        below = sum(b < g for b in bad)
        rank += below + .5 * sum(b == g for b in bad)
    return rank / len(good) / len(bad)


def rate(directory):
    """For each method: what it gives the named beacons, and everything else."""
    scores = {"fb": {}, "plain": {}, "rita": {}}
    host_days = 0
    for path in sorted(glob.glob(os.path.join(directory, "*.conversations"))):
        name = os.path.basename(path)[:-len(".conversations")]
        records = os.path.join(directory, name + ".csv")
        capture, unported = Capture(records, path), Capture(records, path, False)
        if name in BENIGN:
            host_days += (capture.end - capture.first) / 86400e9
        for method in ("fb", "rita"):
            found, others = read_alerts(os.path.join(directory, name + "." + method), method != "rita")
            for key, of in others.items():
                found[key] += [score for score, _ in of]
            for key in (unported if method == "rita" else capture).pairs:
                here = key[:2] + (-1, key[3]) if len(key) > 2 and key[3] in (1, 58) else key
                scores[method][(name,) + key] = max(found.get(here, [0]), default=0)
        for key, pair in capture.pairs.items():
            answered = [c for c in pair if c.said()]
            if (name,) + key[:3] in BEACONS:
                answered = pair
            scores["plain"][(name,) + key] = plain(answered, capture) or 0 if answered else 0
    print(f"{'method':8} {'pairs':>6} {'AUC':>6}  " + "  ".join(
        f"recall {t} false/host-day" for t in (.5, .7, .8)))
    for method, of in scores.items():
        named = {b[:3] for b in BEACONS} if method == "rita" else BEACONS
        width = 3 if method == "rita" else 4
        good = [s for k, s in of.items() if k[:width] in named]
        bad = [s for k, s in of.items() if k[:width] not in named]
        cells = []
        for t in (.5, .7, .8):
            false = sum(s >= t for k, s in of.items() if k[0] in BENIGN)
            cells.append(f"{sum(g >= t for g in good):>6}/{len(good)} {false / host_days:>14.2f}")
        print(f"{method:8} {len(of):>6} {auc(good, bad):>6.3f}  " + "  ".join(cells))
    for b in sorted(BEACONS):
        print("  " + " ".join(map(str, b)) + ": " + ", ".join(
            f"{m} {max(s for k, s in of.items() if k[:3] == b[:3] and (m == 'rita' or k[3] == b[3])):.3f}"
            for m, of in scores.items()))
    print(f"{host_days:.2f} host-days of benign captures, {len(BEACONS)} beacons")


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"] and len(sys.argv) == 6:
        sys.exit(check(*sys.argv[2:]))
    if sys.argv[1:2] == ["rate"] and len(sys.argv) == 3:
        sys.exit(rate(sys.argv[2]))
    sys.exit(__doc__)
