#!/usr/bin/env python3
"""The score of a scan, computed again from the numbers of `why` by the formula of flowscan(1).

	scan_score.py < ALERTS.csv	(columns score and why)

Prints how many alerts there were and how many scores differ in their third decimal.
"""
import csv
import sys


def score(why):
    if "sources" in why:
        return 0.6 * why["sources"] / (why["sources"] + 50)
    if "clients" in why:
        return 0.4 * why["clients"] / (why["clients"] + 50)
    likelihood = 4.0 ** why["walk"]
    p = likelihood / (likelihood + 99)
    v = why["line_failed"] / (why["line_failed"] + 4)
    density = why["window_failed"] * (why["window_failed"] / why["window_tried"]) ** 2
    return 1 - (1 - p * v) * (1 - density / (density + 15))


def numbers(text):
    pairs = (word.split("=", 1) for word in text.split())
    return {key: float(value) for key, value in pairs if not key.startswith("line_") or key in
            ("line_failed", "line_tried") if value != "all"}


rows = list(csv.DictReader(sys.stdin))
wrong = [row for row in rows if abs(score(numbers(row["why"])) - float(row["score"])) > 0.0005]
print(len(rows), len(wrong))
