"""What the query benchmark asks, of each engine in its own language.

A query is a Query: its name, the kinds of its columns, what each engine is told, and the bars that flowkit means to
clear.  Braces in commands and SQL are filled in by measure.py:

    {j}                threads
    {f}                flowkit's file, {fast} its option --fast where the file is one of those; of the set of
                       day files a directory of them, as are the others
    {nf}               nfdump's file
    {t}                the table: the Parquet file, or the engine's own
    {csv}              the records as csv, {columns} their columns
    {out}              where a result of many records goes: /dev/null, or a file when it is to be checked
    {host}, {net}, {low}, {high}, {set}, {addresses}, {since}, {until}
                       what is looked for, as the engine writes it
    {select} {end}     around a SELECT: write its result to the engine's kind of file or table
    {csv_out}          write the table to {out} as csv, addresses as text where the engine can print them
    {from_csv}         a SELECT of all columns from the csv file

The answer of a query is compared between engines as
    "rows"     lines in the order of the list, whose last column orders it, the biggest first
    "list"     lines in any order
    "records"  how many records, packets and octets came out; {out} is asked, not the output
    "sorted"   that, and that octets descend
    "csv"      the same totals of the csv text in {out}
"""
from dataclasses import dataclass, field

# What flowgen makes: csv's name, the tables' name, DuckDB's type, ClickHouse's type.  IP stands for the type that
# suits the set: 32 bits where all addresses are IPv4, else 128.
COLUMNS = [
    ("start", "first", "TIMESTAMP_MS", "DateTime64(3, 'UTC')"),
    ("end", "last", "TIMESTAMP_MS", "DateTime64(3, 'UTC')"),
    ("srcip", "srcip", "IP", "IP"),
    ("dstip", "dstip", "IP", "IP"),
    ("srcport", "srcport", "USMALLINT", "UInt16"),
    ("dstport", "dstport", "USMALLINT", "UInt16"),
    ("proto", "proto", "UTINYINT", "UInt8"),
    ("flags", "flags", "UTINYINT", "UInt8"),
    ("tos", "tos", "UTINYINT", "UInt8"),
    ("packets", "packets", "UBIGINT", "UInt64"),
    ("bytes", "bytes", "UBIGINT", "UInt64"),
    ("inif", "inif", "UINTEGER", "UInt32"),
    ("outif", "outif", "UINTEGER", "UInt32"),
    ("srcas", "srcas", "UINTEGER", "UInt32"),
    ("dstas", "dstas", "UINTEGER", "UInt32"),
    ("srcmask", "srcmask", "UTINYINT", "UInt8"),
    ("dstmask", "dstmask", "UTINYINT", "UInt8"),
    ("nexthop", "nexthop", "IP", "IP"),
    ("direction", "direction", "UTINYINT", "UInt8"),
    ("endreason", "endreason", "UTINYINT", "UInt8"),
    ("exporter", "exporter", "IP", "IP"),
    ("domain", "domain", "UINTEGER", "UInt32"),
    ("received", "received", "TIMESTAMP", "DateTime64(6, 'UTC')"),
]


@dataclass
class Query:
    name: str
    kinds: str                 # a letter a column: a address, n number, p port, t time
    ours: str
    nfdump: str | None         # None: it has no way to ask this
    sql: str | None            # the same for both engines ...
    duckdb: str | None = None  # ... unless one has its own
    clickhouse: str | None = None
    answer: str = "rows"
    bars: dict = field(default_factory=dict)
    proto: int | None = None   # which column is the protocol, where there are ports
    days: bool = False         # asked of the set of day files, and only of it


def bars(nfdump=None, parquet=None, native=None):
    return {"nfdump": nfdump, "parquet": parquet, "native": native}


FILTER = bars(20, 3, 1.5)
RECORD = "first, last, srcip, dstip, srcport, dstport, proto, packets, bytes"
OUR_RECORD = "-k start,end,srcip,dstip,srcport,dstport,proto,packets,bytes"
NF_RECORD = "-o 'fmt:%ts,%te,%sa,%da,%sp,%dp,%pr,%pkt,%byt'"
# Both say how many they selected: see Program.run.
OUR_COUNT = "flowfilter -j {j} -v -o null '%s' {f}"
NF_COUNT = "nfdump -r {nf} -N -o null %s"


def counted(name, expression, nfdump, where):
    return Query(name, "n", OUR_COUNT % expression, NF_COUNT % nfdump, "SELECT count(*) FROM {t} WHERE " + where,
                 bars=FILTER)


def top(name, kinds, ours, nfdump, keys, value, n, **more):
    return Query(name, kinds, f"flowagg -j {{j}} {ours} -n {n} -o csv {{f}}", nfdump,
                 f"SELECT {keys}, {value} AS v FROM {{t}} GROUP BY {keys} ORDER BY v DESC, {keys} LIMIT {n}", **more)


QUERIES = [
    # nfdump keeps both in the head of its files, flowkit the first in the heads of blocks.
    Query("count", "n", "flowcat --info {f} | sed -n 's/^records *\\([0-9]*\\).*/\\1/p'", "nfdump -r {nf} -I | sed -n 's/^Flows: //p'",
          "SELECT count(*) FROM {t}"),
    Query("sum of bytes", "n", "flowagg -j {j} -v bytes -o csv {f}", "nfdump -r {nf} -I | sed -n 's/^Bytes: //p'",
          "SELECT sum(bytes) FROM {t}"),
    counted("dst port 443 and bytes > 100K: count", "dst port 443 and bytes > 100K",
            "'dst port 443 and bytes > 100000'", "dstport = 443 AND bytes > 100000"),
    Query("... full records to a file", "n",
          "flowfilter -j {j} {fast} 'dst port 443 and bytes > 100K' {f} -w {out}",
          "nfdump -r {nf} -q -y -w {out} 'dst port 443 and bytes > 100000'",
          "{select} SELECT * FROM {t} WHERE dstport = 443 AND bytes > 100000 {end}", answer="records"),
    Query("one host's flows", "ttaappnnn", f"flowfilter -j {{j}} 'ip {{host}}' {OUR_RECORD} -o csv {{f}}",
          f"nfdump -r {{nf}} -q -N -6 {NF_RECORD} 'ip {{host}}'",
          f"SELECT {RECORD} FROM {{t}} WHERE srcip = {{host}} OR dstip = {{host}}", answer="list",
          bars=bars(20, 4, 1.5), proto=6),
    Query("one host, on one day in 30", "ttaappnnn", f"flowfilter -j {{j}} 'ip {{host}}' {OUR_RECORD} -o csv {{f}}",
          f"nfdump -r {{nf}} -q -N -6 {NF_RECORD} 'ip {{host}}'",
          f"SELECT {RECORD} FROM {{t}} WHERE srcip = {{host}} OR dstip = {{host}}", answer="list",
          bars=bars(50, 10, 5), proto=6, days=True),
    counted("a /24 (IPv6: /64): count", "net {net}", "'net {net}'",
            "srcip BETWEEN {low} AND {high} OR dstip BETWEEN {low} AND {high}"),
    counted("a set of 10,000 addresses: count", "ip in @{set}", "-f {set}",
            "srcip IN (SELECT ip FROM {addresses}) OR dstip IN (SELECT ip FROM {addresses})"),
    counted("five minutes of a day: count", "start >= {since} and end <= {until}", "-t {window}",
            "first >= '{since}' AND last <= '{until}'"),
    top("top 10 sources by bytes", "an", "-k srcip -v bytes -O bytes",
        "nfdump -r {nf} -q -N -6 -s srcip/bytes -n 10 -o csv | awk -F, 'NR > 1 && NF > 9 {{print $5 \",\" $10}}'",
        "srcip", "sum(bytes)", 10, bars=bars(18, 3, 4)),
    Query("top 10 sources of TCP, in a pipe of three", "an",
          "flowfilter -j {j} 'proto tcp' {f} | flowagg -j {j} -k srcip -v bytes -O bytes -n 10 | flowcat -o csv",
          "nfdump -r {nf} -q -N -6 -s srcip/bytes -n 10 -o csv 'proto tcp' | awk -F, 'NR > 1 && NF > 9 {{print $5 \",\" $10}}'",
          "SELECT srcip, sum(bytes) AS v FROM {t} WHERE proto = 6 GROUP BY srcip ORDER BY v DESC, srcip LIMIT 10"),
    top("top 20 (dstport, proto) by flows", "pnn", "-k dstport,proto -v flows -O flows",
        "nfdump -r {nf} -q -N -A dstport,proto -O flows -n 20 -o 'fmt:%dp,%pr,%fl'",
        "dstport, proto", "count(*)", 20, bars=bars(15, 4, 4), proto=1),
    top("top 10 (srcip, dstip, dstport, proto) by bytes", "aapnn", "-k srcip,dstip,dstport,proto -v bytes -O bytes",
        "nfdump -r {nf} -q -N -6 -A srcip,dstip,dstport,proto -O bytes -n 10 -o 'fmt:%sa,%da,%dp,%pr,%byt'",
        "srcip, dstip, dstport, proto", "sum(bytes)", 10, bars=bars(10, 2.5, 2), proto=3),
    top("distinct destinations a source, top 20", "an", "-k srcip -v distinct_dstip -O distinct_dstip",
        "nfdump -r {nf} -q -N -6 -A srcip,dstip -o 'fmt:%sa' | awk '{{n[$1]++}} END {{for (a in n) print a \",\" n[a]}}' |"
        " sort -t, -k2,2nr | head -n 20",
        "srcip", "count(DISTINCT dstip)", 20),
    Query("bytes per 5 minutes", "tn", "flowagg -j {j} -k end/5m -v bytes -o csv {f}",
          "nfdump -r {nf} -q -N -o 'fmt:%ter,%byt' |"
          " awk -F, '{{b[$1 - $1 % 300] += $2}} END {{for (t in b) printf \"%d,%.0f\\n\", t, b[t]}}'",
          None,
          "SELECT epoch_ms(last) // 300000 * 300 AS t, sum(bytes) FROM {t} GROUP BY t ORDER BY t",
          "SELECT intDiv(toUnixTimestamp(last), 300) * 300 AS t, sum(bytes) FROM {t} GROUP BY t ORDER BY t",
          answer="list", bars=bars(15, 4, 3)),
    # The least value that 95 of 100 records do not exceed.  ClickHouse's index is 0.95 n rounded down, one too
    # many where that is whole.
    Query("p95 of bytes per proto", "nn", "flowagg -j {j} -k proto -v p95_bytes -o csv {f}",
          None, None,
          "SELECT proto, quantile_disc(bytes, 0.95) FROM {t} GROUP BY proto",
          "SELECT proto, quantileExact(0.9499999999)(bytes) FROM {t} GROUP BY proto", answer="list"),
    Query("sort by bytes, top 100", "ttaappnnn", f"flowcat -j {{j}} -O bytes -n 100 {OUR_RECORD} -o csv {{f}}",
          f"nfdump -r {{nf}} -q -N -6 -O bytes -n 100 {NF_RECORD}",
          f"SELECT {RECORD} FROM {{t}} ORDER BY bytes DESC LIMIT 100", proto=6),
    Query("sort by bytes, all to a file", "n", "flowcat -j {j} {fast} -O bytes -w {out} {f}",
          "nfdump -r {nf} -q -y -O bytes -w {out}", "{select} SELECT * FROM {t} ORDER BY bytes DESC {end}",
          answer="sorted", bars=bars(4, 3, 3)),
    Query("csv of everything", "n", "flowcat -j {j} -o csv -k {columns} {f} > {out}", "nfdump -r {nf} -q -N -6 -o csv > {out}",
          "{csv_out}", answer="csv", bars=bars(6, 8)),
    Query("load from csv", "n", "flowcat -j {j} {fast} -i csv {csv} -w {out}", None, "{select} {from_csv} {end}",
          answer="records", bars=bars(parquet=8)),
]

if __name__ == "__main__":
    print(",".join(column[0] for column in COLUMNS))
