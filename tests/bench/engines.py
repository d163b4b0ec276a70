"""Who is asked: flowkit and nfdump as programs, DuckDB and ClickHouse's engine over Parquet and over tables of theirs.

Each has text(query, threads, check), what it is told; run(text, check), a Result; and, to look into what a query wrote,
totals(), octets() and csv_columns().  With check a result is kept for that: its rows, or the file {out}.
"""
import dataclasses
import hashlib
import ipaddress
import json
import os
import random
import re
import resource
import shlex
import subprocess
import time
import uuid

from queries import COLUMNS

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.environ.get("MODULES", "")
CLOCK = os.environ.get("CLOCK", "wall")
SETTLED = 60  # seconds that nobody is waited for longer
NFDUMP = os.environ.get("NFDUMP", "nfdump")
PACKAGES = {"duckdb": "@duckdb/node-api", "clickhouse": "chdb"}
SINCE, UNTIL = "2026-01-05T12:00:00", "2026-01-05T12:05:00"


class Failure(Exception):
    pass


@dataclasses.dataclass
class Result:
    seconds: float
    kib: int
    rows: list | None = None


def clock():
    """Seconds so far: of the wall, or of processors that children which have ended had used."""
    if CLOCK == "wall":
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def shell(command, **more):
    return subprocess.run(["sh", "-c", command], check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def is_days(directory):
    """A set of day files: what is a file of the other sets is a directory of them, 01 to 30."""
    return os.path.basename(directory) == "days"


def size_of(path):
    """Octets of a file, or of all in a directory."""
    if not os.path.isdir(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(path, name)) for name in os.listdir(path))


def days_of(path):
    """The files that a file of a set is."""
    return sorted(f"{path}/{name}" for name in os.listdir(path)) if os.path.isdir(path) else [path]


class Wanted:
    """What is looked for in a set of flows."""

    def __init__(self, directory):
        ours = f"{directory}/ours.flow"
        self.ipv6 = os.path.basename(directory) == "v6"
        family = "ipv6" if self.ipv6 else "ipv4"
        if is_days(directory):  # a server in the internet: each day has its own
            family, ours = "'not src net 10.0.0.0/8'", days_of(ours)[len(days_of(ours)) // 2]
        busy = shell(f"flowfilter -o flow {family} {ours} | flowagg -k srcip -v count -O count -n {100 if is_days(directory) else 500} -o csv").split()
        self.host = busy[-1].split(",")[0]
        self.net = ipaddress.ip_network("fd00:0:0:3::/64" if self.ipv6 else "10.0.3.0/24")
        sources = shell(f"flowagg -k srcip -v count -O srcip:asc -o csv {ours}").split()[1:]
        dice = random.Random(1)
        known = dice.sample(sources, min(1000, len(sources)))
        self.set = sorted({ipaddress.ip_address(line.split(",")[0]) for line in known} | {
            ipaddress.ip_address(dice.getrandbits(120) | 0x2a << 120) if self.ipv6 and i % 5 == 0 else
            ipaddress.ip_address(dice.getrandbits(32)) for i in range(10000 - len(known))}, key=mapped)
        self.set_file, self.nfdump_set = f"{directory}/set.txt", f"{directory}/set.nfdump"
        with open(self.set_file, "w", encoding="ascii") as out:
            out.writelines(f"{a}\n" for a in self.set)
        with open(self.nfdump_set, "w", encoding="ascii") as out:
            out.write("ip in [\n" + "".join(f"{a}\n" for a in self.set) + "]\n")


def mapped(address):
    """An address as a number of 128 bits."""
    return int(address) if address.version == 6 else 0xffff << 32 | int(address)


class Program:
    """flowkit or nfdump: a process for each query, measured as a whole."""

    # Where a program says how many records it selected and writes none, that is the answer.
    SAID = re.compile(r"(\d+) selected|^Summary: total flows: (\d+)", re.MULTILINE)

    def __init__(self, key, label, group, directory, wanted):
        self.key, self.label, self.group = key, label, group
        self.directory, self.wanted = directory, wanted
        self.file = f"{directory}/" + {"ours": "ours.flow", "fast": "fast.flow", "nfdump": "nfdump.nf"}[key]
        self.out = f"{directory}/out.{key}"

    def text(self, query, threads, check):
        text = query.nfdump if self.key == "nfdump" else query.ours
        if text is None:
            return None
        return text.format(
            j=threads, f=self.file, nf=self.file, fast="--fast" if self.key == "fast" else "", host=self.wanted.host,
            net=self.wanted.net, set=self.wanted.nfdump_set if self.key == "nfdump" else self.wanted.set_file,
            since=SINCE, until=UNTIL, window=f"{nf_time(SINCE)}-{nf_time(UNTIL)}",
            columns=",".join(c[0] for c in COLUMNS), csv=f"{self.directory}/all.csv",
            out="/dev/null" if query.answer == "csv" and not check else self.out).replace(
                "nfdump -r", NFDUMP + (" -R" if is_days(self.directory) else " -r"))

    def run(self, text, check):
        # A shell is started only for what it does: whoever types a command has one.
        needs_shell = set(re.sub("'[^']*'", "", text)) & set("|;<>$`*&")
        command = ["sh", "-c", text] if needs_shell else shlex.split(text)
        if not check:
            return Result(self.time(command), 0)
        peak = f"{self.directory}/peak"  # GNU time knows the peak of the processes that it waits for, and nothing of ours
        start = clock()
        done = subprocess.run(["/usr/bin/time", "-f", "%M", "-o", peak] + command, stdin=subprocess.DEVNULL, check=False,
                              text=True, capture_output=True)
        seconds = clock() - start
        if done.returncode != 0:
            raise Failure(f"exit status {done.returncode}: {done.stderr.strip()}")
        if said := self.SAID.search(done.stderr + done.stdout):
            return Result(seconds, int(read(peak).split()[-1]), [[said[1] or said[2]]])
        rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines() if line.strip()]
        if self.key != "nfdump" and rows and not rows[0][-1][:1].isdigit():
            rows = rows[1:]  # the names of columns
        return Result(seconds, int(read(peak).split()[-1]), rows)

    def time(self, command):
        """Seconds from when a program is started until it has ended."""
        said = f"{self.directory}/said"
        files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                 (os.POSIX_SPAWN_OPEN, 2, said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)]
        start = clock()
        _, status = os.waitpid(os.posix_spawnp(command[0], command, os.environ, file_actions=files), 0)
        seconds = clock() - start
        if status != 0:
            raise Failure(f"exit status {os.waitstatus_to_exitcode(status)}: {read(said).strip()}")
        return seconds

    def totals(self):
        """Records, packets and octets of the file that a query wrote."""
        if self.key != "nfdump":
            lines = shell(f"flowagg -v count,packets,bytes -o csv {self.out}").split()
            return lines[1].split(",") if len(lines) > 1 else [0, 0, 0]
        said = dict(line.split(": ", 1) for line in shell(f"{NFDUMP} -r {self.out} -I").splitlines() if ": " in line)
        return [said[k] for k in ("Flows", "Packets", "Bytes")]

    def octets(self):
        """A command that prints the octets of each record of that file, in its order."""
        if self.key == "nfdump":
            return f"{NFDUMP} -r {self.out} -q -N -o fmt:%byt"
        return f"flowcat -o csv -k bytes {self.out} | tail -n +2"

    def csv_columns(self):
        return ("12", "13", 0) if self.key == "nfdump" else ("packets", "bytes", 1)

    def size(self):
        return size_of(self.file)

    def close(self):
        remove(self.out)


def nf_time(text):
    return text.replace("-", "/").replace("T", ".")


class Engine:
    """A process of engine.mjs; the engine's files are made anew when this file or the package has become another."""

    def __init__(self, kind, directory, wanted):
        self.kind, self.directory, self.wanted = kind, directory, wanted
        self.database = f"{directory}/{kind}.db"
        self.ready = f"{directory}/{kind}.ready"
        with open(__file__, "rb") as me, open(f"{MODULES}/node_modules/{PACKAGES[kind]}/package.json", "rb") as package:
            self.made_by = hashlib.sha256(me.read() + package.read()).hexdigest()
        self.fresh = not os.path.exists(self.ready) or read(self.ready).split()[0] != self.made_by
        if self.fresh:
            shell(f"rm -rf {self.database}* {directory}/{kind}.parquet {self.ready}")
            if is_days(directory):
                os.mkdir(f"{directory}/{kind}.parquet")
        self.process = subprocess.Popen(["node", f"{HERE}/engine.mjs", kind, self.database, MODULES], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.version = self.ask("SELECT version()", rows=True).rows[0][0]

    def ask(self, sql, rows=False):
        self.process.stdin.write(json.dumps({"sql": sql, "rows": rows}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        reply = json.loads(line) if line else {"error": "the process ended"}
        if "error" in reply:
            raise Failure(f"{reply['error'][:500]}\n    {sql[:500]}")
        return Result(reply[CLOCK] / 1000, reply["kib"], reply["rows"])

    def prepare(self):
        if self.fresh:
            self.load()
            with open(self.ready, "w", encoding="ascii") as out:
                out.write(f"{self.made_by} {self.table_size()}\n")

    def parquet_name(self):
        """The Parquet file, or all of them."""
        return f"{self.directory}/{self.kind}.parquet" + ("/*.parquet" if is_days(self.directory) else "")

    def days(self):
        """(csv file, Parquet file) of each day."""
        return [(csv, f"{self.directory}/{self.kind}.parquet/{os.path.basename(csv)[:2]}.parquet")
                for csv in days_of(f"{self.directory}/all.csv")]

    def native_size(self):
        """Octets of the table as it was loaded."""
        return int(read(self.ready).split()[1])

    def settle(self):
        """Wait until it does nothing: answered, it goes on merging and giving memory back."""
        stat = f"/proc/{self.process.pid}/stat"
        if not os.path.exists(stat):
            return
        until, used = time.monotonic() + SETTLED, None
        while time.monotonic() < until and used != (used := read(stat).rpartition(")")[2].split()[11:13]):
            time.sleep(0.05)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class DuckDB(Engine):
    """Addresses are UINTEGER, or UUID where they take 128 bits: DuckDB's only type of that width which Parquet keeps."""

    label = "DuckDB"

    def __init__(self, directory, wanted):
        super().__init__("duckdb", directory, wanted)
        self.ip_type = "UUID" if wanted.ipv6 else "UINTEGER"
        self.csv = f"{directory}/" + ("uuid.csv" if wanted.ipv6 else "all.csv") + ("/*.csv" if is_days(directory) else "")
        # Tables of results have a database of their own: one that they are replaced in never becomes smaller again.
        self.results = f"{directory}/duckdb.results"
        shell(f"rm -f {self.results}*")
        self.ask(f"ATTACH '{self.results}' AS results")

    def close(self):
        super().close()
        shell(f"rm -f {self.results}*")

    def load(self):
        self.ask(f"CREATE TABLE flows AS {self.from_csv()} ORDER BY first")
        if is_days(self.directory):
            for csv, parquet in self.days():
                self.ask(f"COPY ({self.from_csv(csv)} ORDER BY first) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)")
        else:
            self.ask(f"COPY flows TO '{self.directory}/duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)")
        self.ask("CHECKPOINT")

    def prepare(self):
        super().prepare()
        self.ask(f"CREATE OR REPLACE TABLE addresses (ip {self.ip_type})")
        self.ask("INSERT INTO addresses VALUES " + ", ".join(f"({self.literal(a)})" for a in self.wanted.set))

    def table_size(self):
        return os.path.getsize(self.database)

    def threads(self, n):
        self.ask(f"SET threads = {n}")

    def literal(self, address):
        return f"'{uuid.UUID(int=mapped(address))}'::UUID" if self.wanted.ipv6 else f"{int(address)}::UINTEGER"

    def from_csv(self, csv_file=None):
        """Rows of the csv file; dotted addresses are put together from their parts."""
        types, rows = [], []
        for csv, name, duck, _ in COLUMNS:
            types.append(f"'{csv}': '{('UUID' if self.wanted.ipv6 else 'VARCHAR') if duck == 'IP' else duck}'")
            if duck == "IP" and not self.wanted.ipv6:
                parts = [f"split_part(\"{csv}\", '.', {i + 1})::UINTEGER * {256 ** (3 - i)}" for i in range(4)]
                rows.append(f"({' + '.join(parts)})::UINTEGER AS {name}")
            else:
                rows.append(f'"{csv}" AS {name}')
        return (f"SELECT {', '.join(rows)} FROM read_csv('{csv_file or self.csv}', auto_detect = false, header = true, delim = ',',"
                f" columns = {{{', '.join(types)}}})")

    def csv_out(self, table):
        """UUIDs stay what they are."""
        names = [f"concat_ws('.', {n} >> 24, ({n} >> 16) & 255, ({n} >> 8) & 255, {n} & 255) AS {n}"
                 if duck == "IP" and not self.wanted.ipv6 else n for _, n, duck, _ in COLUMNS]
        return f"COPY (SELECT {', '.join(names)} FROM {table}) TO '{{out}}' (FORMAT csv, HEADER)"

    def parquet(self):
        return dict(t=f"'{self.parquet_name()}'", select="COPY (", addresses="addresses",
                    end=") TO '{out}' (FORMAT parquet, COMPRESSION zstd)", csv=self.csv_out)

    def native(self):
        return dict(t="flows", select="CREATE OR REPLACE TABLE results.result AS ", end="", addresses="addresses", csv=self.csv_out)

    def result(self, table, out):
        return f"'{out}'" if table == "parquet" else "results.result"

    def dump_octets(self, table, out, to):
        return f"COPY (SELECT bytes FROM {self.result(table, out)}) TO '{to}' (FORMAT csv, HEADER false)"


class ClickHouse(Engine):
    """Addresses are IPv4, or IPv6 where they take 128 bits; Parquet has them as UInt32 or FixedString(16)."""

    label = "ClickHouse"

    def __init__(self, directory, wanted):
        super().__init__("clickhouse", directory, wanted)
        self.ip_type = "IPv6" if wanted.ipv6 else "IPv4"
        structure = ", ".join(f"{n} {self.ip_type if t == 'IP' else t}" for _, n, _, t in COLUMNS)
        self.structure = structure
        self.quoted = structure.replace("'", "\\'")
        self.csv = self.csv_file(f"{directory}/all.csv" + ("/*.csv" if is_days(directory) else ""))
        # A cache of which rows a condition selected would answer the second run of a query.
        for setting in ("use_query_condition_cache = 0", "engine_file_truncate_on_insert = 1",
                        "output_format_parquet_compression_method = 'zstd'", "input_format_csv_skip_first_lines = 1",
                        "date_time_input_format = 'best_effort'", "max_query_size = 10000000"):
            self.ask(f"SET {setting}")

    def load(self):
        self.ask(f"CREATE TABLE flows ({self.structure}) ENGINE = MergeTree ORDER BY first")
        self.ask(f"INSERT INTO flows {self.from_csv()}")
        self.ask("OPTIMIZE TABLE flows FINAL")
        if is_days(self.directory):
            for csv, parquet in self.days():
                self.ask(f"INSERT INTO FUNCTION file('{parquet}', 'Parquet')"
                         f" SELECT * FROM {self.csv_file(csv)} ORDER BY first")
        else:
            self.ask(f"INSERT INTO FUNCTION file('{self.directory}/clickhouse.parquet', 'Parquet')"
                     " SELECT * FROM flows ORDER BY first")

    def csv_file(self, path):
        return f"file('{path}', 'CSV', '{self.quoted}')"

    def prepare(self):
        self.ask("CREATE DATABASE IF NOT EXISTS bench")
        self.ask("USE bench")
        super().prepare()
        for name, kind, literal in (("raw_addresses", "FixedString(16)" if self.wanted.ipv6 else "UInt32", self.raw),
                                    ("addresses", self.ip_type, self.literal)):
            self.ask(f"CREATE OR REPLACE TABLE {name} (ip {kind}) ENGINE = MergeTree ORDER BY ip")
            self.ask(f"INSERT INTO {name} SELECT arrayJoin([{', '.join(literal(a) for a in self.wanted.set)}])")

    def table_size(self):
        return self.ask("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'bench'"
                        " AND table = 'flows'", rows=True).rows[0][0]

    def threads(self, n):
        self.ask(f"SET max_threads = {n}")
        self.ask(f"SET max_insert_threads = {n}")

    def literal(self, address):
        return f"toIPv6('{address}')" if self.wanted.ipv6 else f"toIPv4('{address}')"

    def raw(self, address):
        return f"unhex('{mapped(address):032x}')" if self.wanted.ipv6 else str(int(address))

    def from_csv(self):
        return f"SELECT * FROM {self.csv}"

    def csv_out(self, table):
        return f"INSERT INTO FUNCTION file('{{out}}', 'CSVWithNames') SELECT * FROM {table}"

    def parquet(self):
        file = self.parquet_name()
        return dict(t=f"file('{file}', 'Parquet')", select="INSERT INTO FUNCTION file('{out}', 'Parquet') ", end="",
                    addresses="raw_addresses", literal=self.raw, binary=self.wanted.ipv6,
                    csv=lambda _: self.csv_out(f"file('{file}', 'Parquet', '{self.quoted}')"))

    def native(self):
        return dict(t="flows", select="CREATE OR REPLACE TABLE result ENGINE = MergeTree ORDER BY tuple() AS ", end="",
                    addresses="addresses", csv=self.csv_out)

    def result(self, table, out):
        return f"file('{out}', 'Parquet')" if table == "parquet" else "result"

    def dump_octets(self, table, out, to):
        # A MergeTree table has no order of its own but that of its key.
        if table == "native":
            return None
        return (f"INSERT INTO FUNCTION file('{to}', 'CSV') SELECT bytes FROM {self.result(table, out)}"
                " SETTINGS input_format_parquet_preserve_order = 1, max_threads = 1")


class Table:
    """An engine over its Parquet file ("parquet") or its own table ("native")."""

    def __init__(self, engine, group):
        self.engine, self.group, self.key = engine, group, f"{engine.kind}.{group}"
        self.label = engine.label
        self.words = engine.parquet() if group == "parquet" else engine.native()
        self.out = f"{engine.directory}/out.{self.key}"

    def text(self, query, threads, check):
        sql = getattr(query, self.engine.kind) or query.sql
        if sql is None:
            return None
        engine, words = self.engine, self.words
        wanted = engine.wanted
        literal = words.get("literal", engine.literal)
        out = "/dev/null" if query.answer == "csv" and not check else self.out
        if check and words.get("binary") and "a" in query.kinds:
            names = [n for n in ("srcip", "dstip") if n in sql.split(" FROM ")[0]]
            sql = f"SELECT * REPLACE ({', '.join(f'hex({n}) AS {n}' for n in names)}) FROM ({sql})"
        return sql.format(
            t=words["t"], select=words["select"].format(out=out), end=words["end"].format(out=out),
            addresses=words["addresses"], from_csv=engine.from_csv(), csv_out=words["csv"](words["t"]).format(out=out),
            host=literal(ipaddress.ip_address(wanted.host)), low=literal(wanted.net[0]), high=literal(wanted.net[-1]),
            since=SINCE.replace("T", " "), until=UNTIL.replace("T", " "))

    def run(self, text, check):
        return self.engine.ask(text, rows=check and text.startswith("SELECT"))

    def totals(self):
        return self.engine.ask("SELECT count(*), coalesce(sum(packets), 0), coalesce(sum(bytes), 0) FROM " + self.engine.result(self.group, self.out),
                               rows=True).rows[0]

    def octets(self):
        sql = self.engine.dump_octets(self.group, self.out, self.out + ".octets")
        if sql is None:
            return None
        self.engine.ask(sql)
        return f"cat {self.out}.octets"

    def csv_columns(self):
        return ("packets", "bytes", 1)

    def size(self):
        if self.group == "native":
            return self.engine.native_size()
        return size_of(f"{self.engine.directory}/{self.engine.kind}.parquet")

    def close(self):
        remove(self.out)
        remove(self.out + ".octets")


def remove(path):
    if os.path.exists(path):
        os.remove(path)
