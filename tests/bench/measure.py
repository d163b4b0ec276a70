#!/usr/bin/env python3
"""measure.py - run the query benchmark over prepared data and print its table; query.sh prepares and calls it.

    measure.py [--markdown FILE] DIRECTORY ...    (one for each set of flows, named after it)

A DIRECTORY holds the same records as ours.flow, fast.flow (--fast), all.csv, and where nfdump is there nfdump.nf; in
the set with IPv6 also uuid.csv.  In the set called days each of these is a directory of a file a day.  The engines'
files are made here when they are missing.

    MODULES   directory whose node_modules hold @duckdb/node-api and chdb; what is missing is left out
    ROUNDS    how often each query is measured (3)
    SLOW      seconds; what takes longer is measured once (10)
    THREADS   "1 2"
    ONLY      a regular expression: only queries whose name it matches
    CLOCK     "wall" (default), or "cpu": seconds of processors, for one thread on a machine that others use too
"""
import argparse
import datetime
import ipaddress
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import uuid

from engines import CLOCK, MODULES, NFDUMP, PACKAGES, ClickHouse, DuckDB, Failure, Program, Result, Table, Wanted, is_days, remove, shell
from queries import QUERIES

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SLOW = float(os.environ.get("SLOW", "10"))
THREADS = [int(n) for n in os.environ.get("THREADS", "1 2").split()]
ONLY = os.environ.get("ONLY", "")
PEERS = os.environ.get("PEERS", "nfdump duckdb clickhouse").split()
GROUPS = {"nfdump": "ours", "parquet": "ours", "native": "fast"}  # who is compared, and with which of ours
SIZE_BARS = {"nfdump": 0.45, "parquet": 0.85, "native": 1.0}


# Answers in one form for all.

def canonical_address(text):
    if text.count("-") == 4 or len(text) == 32:
        address = ipaddress.IPv6Address(uuid.UUID(text).int)
    elif text.isdigit():
        address = ipaddress.IPv4Address(int(text))
    else:
        address = ipaddress.ip_address(text)
    return str(getattr(address, "ipv4_mapped", None) or address)


def canonical_time(text):
    if text.isdigit():
        return int(text) * 1000
    moment = datetime.datetime.fromisoformat(text.replace("Z", "").replace(" ", "T"))
    return round(moment.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)


def canonical_port(text):
    """nfdump writes the type and code of ICMP as TYPE.CODE."""
    high, _, low = text.rpartition(".")
    return int(high or 0) * 256 + int(low)


CANONICAL = {"a": canonical_address, "t": canonical_time, "n": int, "p": canonical_port}
CSV_TOTALS = """
    NR == 1 && head { for (i = 1; i <= NF; i++) { gsub(/"/, "", $i); at[$i] = i }; p = at[packets]; b = at[bytes]; next }
    { n++; sp += $p; sb += $b }
    END { printf "%.0f,%.0f,%.0f", n, sp, sb }"""


def csv_totals(who):
    packets, octets, head = who.csv_columns()
    columns = f"-v packets={packets} -v bytes={octets}" if head else f"-v p={packets} -v b={octets}"
    return shell(f"awk -F, -v head={head} {columns} '{CSV_TOTALS}' {who.out}").split(",")


def answer_of(query, who, result):
    if query.answer in ("records", "sorted"):
        answer = [int(n) for n in who.totals()]
        octets = who.octets() if query.answer == "sorted" else None
        if octets and shell(f"{octets} | awk 'NR > 1 && $1 + 0 > p {{print NR; exit}} {{p = $1 + 0}}'"):
            answer.append("not in order")
        return [answer]
    if query.answer == "csv":
        return [[int(n) for n in csv_totals(who)]]
    rows = [tuple(CANONICAL[k](cell) for k, cell in zip(query.kinds, row, strict=True)) for row in result.rows]
    return sorted(rows) if query.answer == "list" else rows


def common(query, answer, reference):
    """What is to be the same in nfdump's list and another.

    nfdump 1.7.1 has one port for all types of ICMP, and leaves equal rows in any order, so the last may be others.
    """
    lists = [[row for row in rows if query.proto is None or row[query.proto] not in (1, 58)]
             for rows in (answer, reference)]
    if query.answer == "list":
        return lists
    n = min(len(rows) for rows in lists)
    last = lists[1][n - 1][-1] if n else None
    return [[row[-1] for row in rows[:n]] + sorted(row for row in rows[:n] if row[-1] != last) for rows in lists]


def differs(query, who, answer, reference):
    """None, or how an answer differs."""
    if who.group == "nfdump" and query.answer in ("list", "rows"):
        answer, reference = common(query, answer, reference)
    if answer == reference:
        return None
    odd = [f"{a} for {b}" for a, b in zip(answer, reference) if a != b][:2]
    return f"{len(answer)} rows for {len(reference)}; " + ", ".join(odd)


# Measuring.

def settle(engines):
    """Nobody waits for the disk to have what another one wrote, nor shares a processor with what that one still does."""
    os.sync()
    for engine in engines:
        engine.settle()


class Bench:
    def __init__(self):
        self.complaints, self.agreed, self.versions = [], 0, {}

    def complain(self, text):
        self.complaints.append(text)
        print(f"query: {text}", file=sys.stderr, flush=True)

    def compare(self, query, where, people, threads, engines):
        """{key: Result} of the medians of one query."""
        texts, samples, first = {}, {}, {}
        reference = None
        for who in people:
            if (text := who.text(query, threads, True)) is None:
                continue
            try:
                settle(engines)
                first[who.key] = who.run(text, True)
                answer = answer_of(query, who, first[who.key])
            except (Failure, ValueError, IndexError, KeyError, subprocess.CalledProcessError) as why:
                self.complain(f"{where}, {query.name}: {who.label} ({who.group}) failed: {why}")
                first.pop(who.key, None)
                continue
            finally:
                if query.answer == "csv":
                    remove(who.out)
            reference = answer if reference is None else reference
            if (how := differs(query, who, answer, reference)) is not None:
                self.complain(f"{where}, {query.name}: MISMATCH: {who.label} ({who.group}): {how}")
            self.agreed += how is None
            texts[who.key] = who.text(query, threads, False)
            samples[who.key] = []
        # Who comes behind whom matters: memory that the one before gave back is quicker to have than other memory.
        # The run that was checked is not timed: it may have read its files from the disk.  What took long is timed once.
        for turn in range(ROUNDS):
            for who in random.Random(turn).sample(people, len(people)):
                if who.key in texts and not (samples[who.key] and first[who.key].seconds > SLOW):
                    settle(engines)
                    samples[who.key].append(who.run(texts[who.key], False).seconds)
        return {key: Result(statistics.median(s), first[key].kib) for key, s in samples.items()}

    def run_set(self, directory):
        """For each number of threads: (threads, [(query, {key: Result})], people, {key: size}, how many flows)."""
        wanted, name = Wanted(directory), os.path.basename(directory)
        flows = int(shell(f"flowagg -v count -o csv {directory}/ours.flow").split()[1])
        for threads in THREADS:
            where = f"{name}, {threads} thread{'s' if threads > 1 else ''}"
            os.sched_setaffinity(0, sorted(ALL_CPUS)[:threads])
            engines = [kind(directory, wanted) for kind in installed()]
            for engine in engines:
                print(f"query: {where}: {engine.label} {engine.version}", file=sys.stderr, flush=True)
                engine.prepare()
                engine.threads(threads)
                self.versions[engine.label] = engine.version
            people = [Program("ours", "flowkit", "ours", directory, wanted),
                      Program("fast", "flowkit --fast", "fast", directory, wanted)]
            if "nfdump" in PEERS and os.path.exists(f"{directory}/nfdump.nf"):
                people.append(Program("nfdump", "nfdump", "nfdump", directory, wanted))
            people += [Table(engine, group) for group in ("parquet", "native") for engine in engines]
            table = []
            for query in (q for q in QUERIES if q.days == is_days(directory) and re.search(ONLY, q.name)):
                print(f"query: {where}: {query.name}", file=sys.stderr, flush=True)
                table.append((query, self.compare(query, where, people, threads, engines)))
            sizes = {who.key: who.size() for who in people}
            for who in people + engines:
                who.close()
            yield threads, table, people, sizes, flows


def installed():
    """The engines that are wanted and there."""
    kinds = {"duckdb": DuckDB, "clickhouse": ClickHouse}
    return [kinds[peer] for peer, package in PACKAGES.items()
            if peer in PEERS and os.path.exists(f"{MODULES}/node_modules/{package}")]


# Printing.

def seconds_text(s):
    return f"{s:.3f}" if s < 10 else f"{s:.1f}"


def ratio_text(ratio, bar, at_most=False):
    if ratio is None:
        return "-"
    text = f"{ratio:.2f}" if at_most else f"{ratio:.1f}x"
    if bar is None:
        return text
    return f"{text} ({bar:g})" + ("" if (ratio <= bar if at_most else ratio >= bar) else " !")


def ratios(values, people, at_most=False):
    """{group: their best beside ours}: how many times as long, or which part of their size."""
    found = {}
    for group, mine in GROUPS.items():
        theirs = [values[w.key] for w in people if w.group == group and w.key in values]
        if theirs and mine in values:
            found[group] = values[mine] / min(theirs) if at_most else min(theirs) / values[mine]
    return found


def lines_of(table, people, sizes, flows, misses, where):
    """The rows of one table: a query each, and the size."""
    for query, results in table:
        found = ratios({k: r.seconds for k, r in results.items()}, people)
        cells = [f"{seconds_text(results[w.key].seconds)} {results[w.key].kib / 1024:.0f}M" if w.key in results else "-"
                 for w in people]
        for group, ratio in found.items():
            bar = query.bars.get(group)
            if bar and ratio < bar:
                misses.append((ratio / bar, f"{where}: {query.name}: {ratio:.1f}x {group}, bar {bar:g}x"))
        yield [query.name] + cells + [ratio_text(found.get(g), query.bars.get(g)) for g in GROUPS]
    found = ratios(sizes, people, at_most=True)
    for group, ratio in found.items():
        if ratio > SIZE_BARS[group]:
            misses.append((SIZE_BARS[group] / ratio, f"{where}: size: {ratio:.2f} of {group}, bar {SIZE_BARS[group]:g}"))
    yield (["size, octets a flow"] + [f"{sizes[w.key] / flows:.1f}" for w in people] +
           [ratio_text(found.get(g), SIZE_BARS[g], at_most=True) for g in GROUPS])


def plain(where, head, lines):
    widths = [max(len(line[i]) for line in [head] + lines) for i in range(len(head))]
    rows = ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                      for i, (cell, w) in enumerate(zip(line, widths))).rstrip() for line in [head] + lines]
    return "\n".join([where] + rows) + "\n"


def markdown(where, head, lines):
    rows = ["| " + " | ".join(line) + " |" for line in [head] + lines]
    return "\n".join([where + "\n", rows[0], "|---" * len(head) + "|"] + rows[1:]) + "\n"


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.machine())
    return f"{model}, {len(ALL_CPUS)} processors, Linux {platform.release()}"


def label(who):
    return who.label + {"parquet": ", Parquet", "native": ", own table"}.get(who.group, "")


def about(bench, people):
    versions = [shell("flowcat --version").strip()]
    if any(who.group == "nfdump" for who in people):
        versions.append(shell(f"{NFDUMP} -V").strip())
    versions += [f"{name} {version}" for name, version in bench.versions.items()]
    return (f"{machine()}; {', '.join(versions)}.\n"
            f"{'Seconds' if CLOCK == 'wall' else 'CPU seconds'}, median of runs that took turns, and peak memory.  Of nfdump, of Parquet: the faster of them beside"
            " flowkit; of their\ntables: beside flowkit --fast.  (N) is the bar, ! below it.\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--markdown", metavar="FILE", type=argparse.FileType("w", encoding="utf-8"))
    parser.add_argument("directory", nargs="+")
    args = parser.parse_args()
    bench, misses, said = Bench(), [], None
    for directory in args.directory:
        name = {"v4": "IPv4", "v6": "a fifth IPv6", "days": "IPv4, a file a day"}.get(os.path.basename(directory), os.path.basename(directory))
        for threads, table, people, sizes, flows in bench.run_set(os.path.abspath(directory)):
            where = f"{flows} flows, {name}, {threads} thread{'s' if threads > 1 else ''}"
            order = sorted(people, key=lambda w: ["ours", "nfdump", "parquet", "fast", "native"].index(w.group))
            head = ["query"] + [label(w) for w in order] + ["of nfdump", "of Parquet", "of their tables"]
            lines = list(lines_of(table, order, sizes, flows, misses, where))
            for out, form in ((sys.stdout, plain), (args.markdown, markdown)):
                if out:
                    print(("" if said else about(bench, people) + "\n") + form(where, head, lines), file=out, flush=True)
            said = True
    for _, text in sorted(misses):
        print(f"below the bar: {text}")
    print(f"{bench.agreed} answers agree, {len(bench.complaints)} do not")
    for text in bench.complaints:
        print(f"query: {text}", file=sys.stderr)
    return 1 if bench.complaints else 0


ALL_CPUS = os.sched_getaffinity(0)
if __name__ == "__main__":
    sys.exit(main())
