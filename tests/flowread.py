#!/usr/bin/env python3
"""An independent reader of flow streams, written from flowstream(5) alone.

    flowread.py FILE            one line a cell, as tests/tools/randflow prints
    flowread.py --count FILE    flow records, options records, blocks

Only the standard library, and libzstd through ctypes.  Slow on purpose: clarity is its job.
"""
import ctypes
import ctypes.util
import struct
import sys

MAGIC = b"\xf1FLOW\r\n\x1a"
CONST, PLAIN, PLANES, BYTES, DICT, MAP = 1, 2, 3, 4, 5, 6
END, OPTIONS, SKIPPABLE, INDEX, SELECTED = 1, 2, 4, 16, 32
PRESENCE, XXH3 = 1, 32
MASK = (1 << 64) - 1
INT, FLOAT32, TIME, DURATION, IP = 2, 3, 6, 7, 8

zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
zstd.ZSTD_decompress.restype = ctypes.c_size_t


def unzstd(frame, size):
    out = ctypes.create_string_buffer(size or 1)
    n = zstd.ZSTD_decompress(out, ctypes.c_size_t(size), frame, ctypes.c_size_t(len(frame)))
    if n != size:
        raise ValueError("damaged zstd frame")
    return out.raw[:size]


def xxh64(data, seed=0):
    p1, p2, p3, p4, p5 = (11400714785074694791, 14029467366897019727, 1609587929392839161,
                          9650029242287828579, 2870177450012600261)

    def rotl(x, r):
        return ((x << r) | (x >> (64 - r))) & MASK

    def rnd(acc, lane):
        return rotl((acc + lane * p2) & MASK, 31) * p1 & MASK

    n, i = len(data), 0
    if n >= 32:
        v = [(seed + p1 + p2) & MASK, (seed + p2) & MASK, seed, (seed - p1) & MASK]
        for lanes in struct.iter_unpack("<4Q", data[:n // 32 * 32]):
            v = [rnd(a, b) for a, b in zip(v, lanes)]
        i = n // 32 * 32
        h = (rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) + rotl(v[3], 18)) & MASK
        for x in v:
            h = ((h ^ rnd(0, x)) * p1 + p4) & MASK
    else:
        h = (seed + p5) & MASK
    h = (h + n) & MASK
    while i + 8 <= n:
        h = (rotl(h ^ rnd(0, int.from_bytes(data[i:i + 8], "little")), 27) * p1 + p4) & MASK
        i += 8
    if i + 4 <= n:
        h = (rotl(h ^ (int.from_bytes(data[i:i + 4], "little") * p1 & MASK), 23) * p2 + p3) & MASK
        i += 4
    while i < n:
        h = rotl(h ^ (data[i] * p5 & MASK), 11) * p1 & MASK
        i += 1
    h = (h ^ h >> 33) * p2 & MASK
    h = (h ^ h >> 29) * p3 & MASK
    return h ^ h >> 32


SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
P1, P2, P3, P4, P5 = (11400714785074694791, 14029467366897019727, 1609587929392839161,
                      9650029242287828579, 2870177450012600261)
Q1, Q2, Q3 = 2654435761, 2246822519, 3266489917


def fold(a, b):
    product = a * b
    return product & MASK ^ product >> 64


def avalanche(h):
    h = (h ^ h >> 37) * 0x165667919E3779F9 & MASK
    return h ^ h >> 32


def xxh3(data):
    """XXH3 of more than 16 octets (a section has more), 64 bits, seed 0."""
    n = len(data)

    def mix(at, secret):
        a, b = struct.unpack_from("<QQ", data, at)
        x, y = struct.unpack_from("<QQ", SECRET, secret)
        return fold(a ^ x, b ^ y)

    if n <= 128:
        h = n * P1
        for k in range((n - 1) // 32, -1, -1):
            h += mix(16 * k, 32 * k) + mix(n - 16 * (k + 1), 32 * k + 16)
        return avalanche(h & MASK)
    if n <= 240:
        h = n * P1 + sum(mix(16 * k, 16 * k) for k in range(8))
        h = avalanche(h & MASK)
        h += sum(mix(16 * k, 16 * (k - 8) + 3) for k in range(8, n // 16))
        return avalanche(h + mix(n - 16, 119) & MASK)

    acc = [Q3, P1, P2, P3, P4, Q2, P5, Q1]

    def stripe(at, secret):
        keys = struct.unpack_from("<8Q", SECRET, secret)
        for i, (d, key) in enumerate(zip(struct.unpack_from("<8Q", data, at), keys)):
            key ^= d
            acc[i ^ 1] = acc[i ^ 1] + d & MASK
            acc[i] = acc[i] + (key & 0xFFFFFFFF) * (key >> 32) & MASK

    last = struct.unpack_from("<8Q", SECRET, 128)
    for k in range((n - 1) // 64):
        stripe(64 * k, 8 * (k % 16))
        if k % 16 == 15:
            for i in range(8):
                acc[i] = (acc[i] ^ acc[i] >> 47 ^ last[i]) * Q1 & MASK
    stripe(n - 64, 121)
    keys = struct.unpack_from("<8Q", SECRET, 11)
    h = n * P1 + sum(fold(acc[i] ^ keys[i], acc[i + 1] ^ keys[i + 1]) for i in range(0, 8, 2))
    return avalanche(h & MASK)


def plane(part, n):
    """An octet for each of n records, of a part that may be thin."""
    if len(part) == n:
        return part
    bits, coded = part[:2]
    if len(part) > n or bits > 7 or coded > 1 or (coded and bits > 4) or any(part[2:16]):
        raise ValueError("damaged plane")
    if bits:
        words = int.from_bytes(part[32:], "little")
        if len(part) != 32 + (n * bits + 63) // 64 * 8 or words >> n * bits:
            raise ValueError("damaged plane")
        codes = [words >> i & (1 << bits) - 1 for i in range(0, n * bits, bits)]
        return bytes(part[16 + c] for c in codes) if coded else bytes(codes)
    items, = struct.unpack_from("<I", part, 16)
    if any(part[20:32]) or len(part) != 32 + 2 * items:
        raise ValueError("damaged plane")
    out, between = b"", b"\0"
    for before, octet in zip(part[32:32 + items], part[32 + items:]):
        out += between * before + bytes([octet])
        between = bytes([octet]) if coded else between
    if len(out) > n:
        raise ValueError("damaged plane")
    return out + between * (n - len(out))


class Column:
    """A column entry, and on demand its values."""

    def __init__(self, block, at, header_len):
        (self.pen, self.id, self.instance, self.type, self.width, self.encoding, self.scale,
         self.planes, self.flags, self.reference, self.offset, self.length, self.unpacked,
         name, self.base, self.min, self.max, self.hash) = struct.unpack_from(
             "<IHBBBBBBHHIIIIQQQQ", block, at)
        self.name = None
        if name:
            n, = struct.unpack_from("<H", block, name)
            self.name = block[name + 2:name + 2 + n]
            assert name + 2 + n <= header_len

    def parts(self, block):
        if not self.length:
            return [], 0
        section = block[self.offset:self.offset + self.length]
        if (xxh3 if self.flags & XXH3 else xxh64)(section) != self.hash:
            raise ValueError("damaged section")
        count, entries = struct.unpack_from("<II", section)
        at, out = 8 + 8 * count, []
        for k in range(count):
            stored, unpacked = struct.unpack_from("<II", section, 8 + 8 * k)
            at = (at + 63) // 64 * 64
            raw = section[at:at + stored]
            out.append(raw if stored == unpacked else unzstd(raw, unpacked))
            at += stored
        return out, entries

    def slots(self, block, n, columns):
        """All n slots as octets, those of missing records too, and presence."""
        parts, entries = self.parts(block)
        present = [1] * n
        if self.flags & PRESENCE:
            bits = int.from_bytes(parts.pop(0), "little")
            present = [bits >> i & 1 for i in range(n)]
        return getattr(self, "read_%d" % self.encoding)(parts, entries, n, block, columns), present

    def read(self, block, n, columns):
        """A list of n values as octets; None where missing."""
        return [v if p else None for v, p in zip(*self.slots(block, n, columns))]

    def read_1(self, parts, entries, n, block, columns):
        return [(self.base & MASK).to_bytes(8, "little")[:self.width]] * n

    def fixed(self, data, n):
        return [data[i * self.width:(i + 1) * self.width] for i in range(n)]

    @staticmethod
    def variable(lengths, octets):
        out, at = [], 0
        for length, in struct.iter_unpack("<I", lengths):
            out.append(octets[at:at + length])
            at += length
        return out

    def read_2(self, parts, entries, n, block, columns):
        return self.fixed(parts[0], n)

    def read_3(self, parts, entries, n, block, columns):
        out = []
        parts = [plane(p, n) for p in parts]
        reference = None
        if self.reference != 0xffff:
            reference, _ = columns[self.reference].slots(block, n, columns)
        for i in range(n):
            s = sum(parts[k][i] << (8 * k) for k in range(self.planes))
            v = (self.base + 10 ** self.scale * s) & MASK
            if reference is not None:
                v = (int.from_bytes(reference[i], "little") - v) & MASK
            out.append(v.to_bytes(8, "little")[:self.width])
        return out

    def read_7(self, parts, entries, n, block, columns):
        starts = int.from_bytes(parts[0], "little")
        parts[1:] = [plane(p, bin(starts).count("1")) for p in parts[1:]]
        out, run = [], -1
        for i in range(n):
            run += starts >> i & 1
            s = sum(p[run] << (8 * k) for k, p in enumerate(parts[1:]))
            out.append(((self.base + 10 ** self.scale * s) & MASK).to_bytes(8, "little")[:self.width])
        return out

    def read_4(self, parts, entries, n, block, columns):
        return self.variable(parts[0], parts[1])

    def read_5(self, parts, entries, n, block, columns):
        values, codes = self.entries(parts, entries)
        return [values[code] for code in self.codes(codes, n)]

    def entries(self, parts, n):
        """Values of a dictionary's entries, and the parts behind them."""
        if not self.width:
            return self.variable(parts[0], parts[1]), parts[2:]
        if self.width == 1 or len(parts[0]) == n * self.width:
            return self.fixed(parts[0], n), parts[1:]
        if self.width > 8:
            raise ValueError("damaged dictionary")
        planes = [plane(p, n) for p in parts[:self.width]]
        return [bytes(octets) for octets in zip(*planes)], parts[self.width:]

    @staticmethod
    def codes(planes, n):
        planes = [plane(p, n) for p in planes]
        return [sum(p[i] << (8 * k) for k, p in enumerate(planes)) for i in range(n)]

    def read_6(self, parts, entries, n, block, columns):
        values, _ = self.entries(parts, entries)
        reference = columns[self.reference]
        assert reference.encoding == DICT
        planes, others = reference.parts(block)
        assert others == entries
        _, codes = reference.entries(planes[reference.flags & PRESENCE:], entries)
        return [values[code] for code in self.codes(codes, n)]


def selection(block, at, n):
    """Which of n stored records count."""
    seal, chosen = struct.unpack_from("<QI", block, at)
    if at % 64 or len(block) - at != (16 + (n + 63) // 64 * 8 + 63) // 64 * 64 or xxh3(block[at + 8:]) != seal:
        raise ValueError("damaged selection")
    bits = int.from_bytes(block[at + 16:], "little")
    if bits >> n or bin(bits).count("1") != chosen:
        raise ValueError("damaged selection")
    return [i for i in range(n) if bits >> i & 1]


def blocks(data):
    """Yield (flags, records stored, those that count, columns, block) of every block, checking order and totals."""
    at, seen, count, open_segment = 0, 0, 0, False
    if not data:
        raise ValueError("empty input")
    while at < len(data):
        head = data[at:at + 64]
        (magic, header_len, block_len, records, columns, flags, version, sort, zero, start, end,
         sequence, seal) = struct.unpack("<8sIIIHHHHIqqQQ", head)
        if magic != MAGIC or version not in (1, 2, 3, 4):
            raise ValueError("offset %d: no block" % at)
        block = data[at:at + block_len]
        if xxh64(block[:56] + bytes(8) + block[64:header_len]) != seal:
            raise ValueError("offset %d: damaged header" % at)
        if block_len % (8 if flags & INDEX else 64):
            raise ValueError("offset %d: length of the block" % at)
        if flags & END:
            if sequence != seen or start != count:
                raise ValueError("offset %d: totals differ" % at)
            seen, count, open_segment = 0, 0, False
        else:
            if sequence != seen:
                raise ValueError("offset %d: sequence" % at)
            seen += records
            count += 1
            open_segment = True
            if not flags & SKIPPABLE:
                chosen = selection(block, zero, records) if flags & SELECTED else range(records)
                yield flags, records, chosen, [Column(block, 64 + 64 * k, header_len) for k in range(columns)], block
        at += block_len
    if open_segment:
        raise ValueError("no end mark")


def cell_text(c, v):
    if c.type == IP:
        return (v if len(v) == 16 else bytes(10) + b"\xff\xff" + v[::-1]).hex()
    if c.width == 0:
        return v.hex()
    return "%016x" % (int.from_bytes(v, "little", signed=c.type == INT) & MASK)


def main():
    counting = sys.argv[1] == "--count"
    with open(sys.argv[-1], "rb") as f:
        data = f.read()
    first = flows = options = n_blocks = 0
    for flags, n, chosen, columns, block in blocks(data):
        n_blocks += 1
        if flags & OPTIONS:
            options += len(chosen)
        else:
            flows += len(chosen)
        if counting:
            continue
        values = [c.read(block, n, columns) for c in columns]
        for k, i in enumerate(chosen):
            for c, v in zip(columns, values):
                if v[i] is None:
                    continue
                name = "=" + c.name.hex() if c.name is not None else ""
                print("%d %d.%d.%d%s %d %s" % (first + k, c.pen, c.id, c.instance, name, c.type, cell_text(c, v[i])))
        first += len(chosen)
    if counting:
        print(flows, options, n_blocks)


try:
    main()
except (ValueError, struct.error, IndexError) as why:
    sys.exit("flowread: %s" % why)
