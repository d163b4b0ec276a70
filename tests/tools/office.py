#!/usr/bin/env python3
"""office.py - an invented office whose hosts talk inside: who works with which servers, and who goes where he never was.

	office.py [--pcs N] [--days N] [--from DAY] [--attacks N] [--seed N] > flows.csv

PCs log in at two domain controllers, use two of six file servers, three of six web servers and a printer, now and then
another one, or a colleague's share, and fetch updates from each other (port 7680).  Three PCs of a helpdesk work on four
PCs a day, two of operators on six servers a day, a management server on a tenth of all PCs, ten developers on two of
four hosts; each week a PC is new, and from day 30 on a file server that all use.  Weekends are free.
Days are counted from a Monday, 2026-01-05; the same seed gives the same office whatever the days asked for.

--attacks N plants N of each kind on the days, one after the other.  Where they are goes to standard error: kind, source,
start and end in Unix seconds.

	single	a PC works on another, by one port
	tools	the same by SMB, with 3 MB copied there
	server	a PC on a server, where operators alone do
	fan	a PC on eight others
	path	a PC on another, and from there on a third, half an hour later
	home	a PC uses its own file server, and from there another PC is worked on
	known	a PC of the helpdesk works on eight PCs
	share	a PC uses a file server that it never used, as any other does
	udp	a PC talks with another over UDP
	closed	a PC tries eight others, which refuse
"""
import argparse
import random
import sys

MONDAY = 1767571200
ADMIN = (445, 3389, 5985, 22)
DCS = ["10.9.0.1", "10.9.0.2"]
FILES = [f"10.9.0.{i}" for i in range(10, 16)]
WEBS = [f"10.9.0.{i}" for i in range(20, 26)]
DBS = [f"10.9.0.{i}" for i in range(30, 33)]
DEVS = [f"10.9.0.{i}" for i in range(40, 44)]
MANAGEMENT, BACKUP, NEW_FILES = "10.9.0.50", "10.9.0.60", "10.9.0.16"
PRINTERS = [f"10.8.0.{i}" for i in range(1, 21)]
ports = random.Random(0)


def talk(t, a, b, port, sent=3000, got=9000, proto=6, flags=27):
    """A conversation as two records; got 0: it is refused."""
    sport = ports.randrange(32768, 61000)
    back = flags if got else 20
    end = t + 2
    print(f"{t},{end},{a},{b},{sport},{port},{proto},{flags if got else 2},{sent // 900 + 5 if got else 1},{sent if got else 44}")
    print(f"{t},{end},{b},{a},{port},{sport},{proto},{back},{got // 900 + 4 if got else 1},{got or 40}")


def pc(i):
    return f"10.1.{i // 200}.{i % 200 + 10}"


def work(rng, at, a, b, port=None, sent=6000):
    """One host works on another."""
    port = port or rng.choice(ADMIN)
    if port == 445:
        talk(at, a, b, 135)
    talk(at + 1, a, b, port, sent, 40000)


def pc_day(o, i, day, at):
    own = random.Random(o.seed * 1000003 + i)
    files, webs, printer = own.sample(FILES, 2), own.sample(WEBS, 3), own.choice(PRINTERS)
    devs = own.sample(DEVS, 2)
    rng = random.Random((o.seed * 1000003 + i) * 100003 + day)
    a = pc(i)
    for dc in DCS:
        for port in (88, 389, 445):
            talk(at(rng), a, dc, port)
    for server in files + ([NEW_FILES] if day >= 30 else []):
        talk(at(rng), a, server, 445, 60000, 900000)
    for server in webs:
        talk(at(rng), a, server, 443)
    talk(at(rng), a, printer, 9100, 400000, 800)
    if 10 <= i < 20:
        for server in devs + ([rng.choice(DEVS)] if rng.random() < 0.05 else []):
            talk(at(rng), a, server, 22)
    for share, port, hosts in ((0.03, 445, FILES), (0.05, 443, WEBS), (0.03, 9100, PRINTERS)):
        if rng.random() < share:
            talk(at(rng), a, rng.choice(hosts), port)
    if rng.random() < o.shares:
        talk(at(rng), a, pc(rng.randrange(o.pcs)), 445, 20000, 300000)
    for _ in range(rng.randrange(1, 4) if rng.random() < 0.2 else 0):
        talk(at(rng), a, pc(rng.randrange(o.pcs)), 7680, 900, 2000000)


def staff_day(o, day, at):
    rng = random.Random(o.seed * 7919 + day)
    for i in range(3):
        for _ in range(4):
            work(rng, at(rng), pc(i), pc(rng.randrange(o.pcs)))
    for i in (3, 4):
        for server in rng.sample(DCS + FILES + WEBS + DBS, 6):
            work(rng, at(rng), pc(i), server, rng.choice((22, 3389)))
    for web in WEBS:
        for db in DBS:
            talk(at(rng), web, db, 1433)
    for server in DCS + FILES + DBS:
        talk(at(rng), BACKUP, server, 22, 9000, 9000000)
    for i in range(day % 10, o.pcs, 10):
        work(rng, at(rng), MANAGEMENT, pc(i), 445)


def attack(o, rng, kind, t):
    some = [pc(i) for i in rng.sample(range(20, o.pcs), 9)]
    a, end = some[0], t + 60
    if kind == "single":
        work(rng, t, a, some[1])
    elif kind == "tools":
        work(rng, t, a, some[1], 445, 3000000)
    elif kind == "server":
        work(rng, t, a, rng.choice(WEBS + DBS), 22)
    elif kind == "fan":
        for k, b in enumerate(some[1:]):
            work(rng, t + 60 * k, a, b)
        end = t + 600
    elif kind == "path":
        work(rng, t, a, some[1])
        work(rng, t + 1800, some[1], some[2])
        end = t + 2000
    elif kind == "home":
        i = int(a.split(".")[3]) - 10 + 200 * int(a.split(".")[2])
        files = random.Random(o.seed * 1000003 + i).sample(FILES, 2)
        talk(t, a, files[0], 445, 900000)
        a, t = files[0], t + 600
        work(rng, t, a, some[1], 445)
        end = t + 60
    elif kind == "known":
        a = pc(rng.randrange(3))
        for k, b in enumerate(some[1:]):
            work(rng, t + 60 * k, a, b, 3389)
        end = t + 600
    elif kind == "share":
        i = int(a.split(".")[3]) - 10 + 200 * int(a.split(".")[2])
        files = random.Random(o.seed * 1000003 + i).sample(FILES, 2)
        talk(t, a, rng.choice([f for f in FILES if f not in files]), 445, 900000)
    elif kind == "udp":
        talk(t, a, some[1], 3389, 90000, 900000, 17, 0)
    elif kind == "closed":
        for k, b in enumerate(some[1:]):
            talk(t + 60 * k, a, b, 445, 44, 0)
        end = t + 600
    print(kind, a, t, end, file=sys.stderr)


def main():
    p = argparse.ArgumentParser()
    for name, kind, default in (("pcs", int, 200), ("days", int, 28), ("from", int, 0), ("attacks", int, 0),
                                ("shares", float, 0.0005), ("seed", int, 1)):
        p.add_argument("--" + name, type=kind, default=default)
    o = p.parse_args()
    first = getattr(o, "from")
    print("start,end,srcip,dstip,srcport,dstport,proto,flags,packets,bytes")
    kinds = "single tools server fan path home known share udp closed".split()
    plan = [k for k in kinds for _ in range(o.attacks)]
    chance = random.Random(o.seed)
    chance.shuffle(plan)
    workdays = [d for d in range(first, first + o.days) if d % 7 < 5]
    for n, day in enumerate(workdays):
        start = MONDAY + day * 86400 + 8 * 3600
        at = lambda rng: start + rng.randrange(36000)
        for i in range(o.pcs + day // 7):
            pc_day(o, i, day, at)
        staff_day(o, day, at)
        for kind in plan[n * len(plan) // len(workdays):(n + 1) * len(plan) // len(workdays)]:
            attack(o, chance, kind, at(chance))


main()
