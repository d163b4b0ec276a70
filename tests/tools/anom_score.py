#!/usr/bin/env python3
"""anom_score.py - what flowanom computes, computed again from the manual's formulas.

	anom_score.py series BIN_S PERIOD_S < values.csv	lines END_S,VALUE: Holt-Winters of their sums by bin
	anom_score.py hour HOST HOUR < flows.csv		the hour HOUR (since 1970; not around midnight) beside its past

series prints an aberrance a line: first bin's start, last bin's end, its worst value, forecast, band.
hour prints x usual spread least most z samples of the octets that HOST sent out.
"""
import csv
import math
import statistics
import sys

ALPHA, BETA, GAMMA, DELTA, FLOOR = .1, .0035, .1, 3, .02
WINDOW, VIOLATIONS = 9, 7


def smooth(v):
    n = len(v)
    half = min(n // 40, 6)
    return [sum(v[(i + k) % n] for k in range(-half, half + 1)) / (2 * half + 1) for i in range(n)]


def series(bin_s, period_s):
    sums = {}
    for line in sys.stdin:
        t, value = line.split(",")
        b = int(float(t) // bin_s)
        sums[b] = sums.get(b, 0) + float(value)
    first, last = min(sums), max(sums)
    y = [sums.get(b, 0) for b in range(first, last)]  # the last bin may be there in part
    m = period_s // bin_s
    if len(y) <= 2 * m:
        return
    level, trend = sum(y[:m]) / m, 0
    season = smooth([v - level for v in y[:m]])
    deviation = [0] * m
    hits, recent, run = [], [], []

    def end():
        if run:
            worst = max(run, key=lambda r: (r[3], r[0]))
            print((first + run[0][0]) * bin_s, (first + run[-1][0] + 1) * bin_s,
                  "%.6g %.6g %.6g" % (worst[1], worst[2], worst[4]))

    for t in range(m, len(y)):
        i, value = t % m, y[t]
        forecast = level + trend + season[i]
        learned = value
        if t >= 2 * m:
            band = DELTA * max(deviation[i], FLOOR * abs(level))
            hit = (value > forecast + band) - (value < forecast - band)
            hits.append(hit)
            if hit:
                recent.append((t, value, forecast, abs(value - forecast) / band, band))
                learned = forecast + .1 * hit * band
            violations = sum(h != 0 for h in hits[-WINDOW:])
            if run:
                run += recent[-1:] if hit else []
            elif violations >= VIOLATIONS:
                run = [r for r in recent if r[0] > t - WINDOW]
            if run and violations < 3:
                end()
                run = []
        before = level
        level = ALPHA * (learned - season[i]) + (1 - ALPHA) * (level + trend)
        trend = BETA * (level - before) + (1 - BETA) * trend
        season[i] = GAMMA * (learned - level) + (1 - GAMMA) * season[i]
        miss = abs(learned - forecast)
        if t < 2 * m:
            deviation[i] = miss
        elif learned == value:
            deviation[i] = GAMMA * miss + (1 - GAMMA) * deviation[i]
        if i == m - 1:
            season, deviation = smooth(season), smooth(deviation)
    end()


def is_off(day):
    return (day + 3) % 7 >= 5


def hour(host, at):
    """Octets out of a host, by hour, as flowanom keeps them: 8 steps to the octave of 256 octets."""
    out, measured = {}, set()
    for r in csv.DictReader(sys.stdin):
        h = int(float(r["end"]) // 3600)
        measured.add(h)
        if r["srcip"] == host and not r["dstip"].startswith("10."):
            out[h] = out.get(h, 0) + int(r["bytes"])

    def x(v):
        return int(8 * math.log2(1 + v / 256) + .5) * math.log10(2) / 8

    def values(h):
        day = h // 24
        kind = [d for d in range(day - 1, min(measured) // 24 - 1, -1) if is_off(d) == is_off(day)]
        # Of eight slots one is today's.
        return [x(out.get(d * 24 + h % 24, 0)) for d in kind[:7] if d * 24 + h % 24 in measured]

    near = [v for h in range(at - 1, at + 2) for v in values(h)]
    far, everything = [], []
    for h in range(at - 3, at + 4):
        v = values(h)
        everything += v
        middle = statistics.median(v) if v else 0
        far += [abs(a - middle) / math.sqrt(1 - 1 / len(v)) for a in v if len(v) > 1]
    now = math.log10(1 + out.get(at, 0) / 256)
    usual, spread = statistics.median(near), statistics.median(far)
    z = max(-100, min(100, (now - usual) / max(.15, 1.4826 * spread)))
    print("%.6g %.6g %.6g %.6g %.6g %.6g %d" % (now, usual, spread, min(everything), max(everything), z, len(near)))


if sys.argv[1:2] == ["series"]:
    series(int(sys.argv[2]), int(sys.argv[3]))
elif sys.argv[1:2] == ["hour"]:
    hour(sys.argv[2], int(sys.argv[3]))
else:
    sys.exit(__doc__)
