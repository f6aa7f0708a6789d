#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of what pcidoe makes of CDAT tables, good and bad.

Where iasl decodes them too (acpica-tools of 2021 or later, its name in IASL),
both must say the same, field by field.
"""

import json
import os
import random
import re
import struct
import subprocess
import tempfile
from pathlib import Path

import test_pcidoe
from test_pcidoe import PCIDOE, ok

IASL = os.environ.get("IASL", "iasl")
# What pcidoe calls numbers
NAMES = {name: number for names in (
    "access-latency read-latency write-latency access-bandwidth read-bandwidth write-bandwidth",
    "conventional conventional-sp reserved") for number, name in enumerate(names.split())}
NAMES.update({"upstream": 0x100, "any": 0xffff})
SIZES = [24, 24, 20, 8, 24, 16]

def entry(kind, form, *values, reserved=0, length=None):
    body = struct.pack("<" + form, *values)
    return struct.pack("<BBH", kind, reserved, length or 4 + len(body)) + body


def table(*entries, length=None, reserved=bytes(6), error=0):
    body = b"".join(entries)
    length = 16 + len(body) if length is None else length
    head = struct.pack("<IBB6sI", length, 1, 0, reserved, 7)
    return head[:5] + bytes([error - sum(head + body) & 0xff]) + head[6:] + body


def dsmas(handle, flags=0, reserved=0, base=0, size=1 << 30):
    return entry(0, "BBHQQ", handle, flags, reserved, base, size)


def dslbis(unit, *values, data=0, flags=0, reserved=0):
    return entry(1, "BBBBQHHHH", 1, flags, data, reserved, unit, *values, reserved)


def sslbis(*pairs, extra=b"", data=3, unit=100):
    return entry(5, f"B3sQ{len(pairs) * 8}s{len(extra)}s", data, b"\0\0\0", unit,
                 b"".join(struct.pack("<HHHH", *pair) for pair in pairs), extra)


ALL = (dsmas(1, 0x7c), dslbis(100, 7, 0, 0xffff, data=2, flags=3),
       entry(2, "BBHQI", 1, 0, 0, 64 << 20, 0x1234), entry(3, "BBH", 1, 4, 0),
       entry(4, "BBHQQ", 1, 2, 0, 4, 5), sslbis((0x100, 1, 2, 0), (0xffff, 2, 0xffff, 0)))
UNKNOWN = entry(6, "8s", b"\1\2\3\4\5\6\7\x08")

# name, bytes, exit code, what the text and the message must hold
CASES = [
    ("all types", table(*ALL), 0, ["read_only=yes", "hw_coherent=yes"]),
    ("nothing but a header", table(), 0, ["checksum_ok=yes"]),
    ("reserved bytes and undefined flags", table(
        dsmas(1, 0x83, 0x1234), dslbis(9, 1, 0, 0, flags=0xc0, reserved=5),
        entry(2, "B3sQI", 1, b"\1\0\2", 1, 1), entry(3, "BBH", 0xfe, 2, 3),
        entry(4, "BBHQQ", 1, 9, 8, 7, 6, reserved=0x55),
        sslbis((1, 2, 3, 4), data=9), reserved=b"\1\2\3\4\5\6"), 0,
     ["reserved=0x60504030201", "undefined_flags=0x83 reserved=0x1234", "efi_type=9",
      "undefined_flags=0xfe", "header_reserved=0x55", "reserved=0x20001", "data=9"]),
    ("values that are no product", table(dslbis(1 << 60, 0xfffe, 0, 0xffff)), 0,
     ["value=overflow value_entry=65534", "value2=unreachable value2_entry=65535"]),
    ("value none", table(dslbis(5, 0, 0, 0)), 0, ["value=none value_entry=0"]),
    ("unknown types", table(UNKNOWN, dsmas(1), entry(255, "")), 0,
     ["type=6", "type=255", "data=06000c000102"]),
    ("wrong sum", table(*ALL, error=1), 7, ["checksum_ok=no", "bad checksum, sum is 0x01"]),
    ("bytes beyond the end", table(*ALL) + b"\1\2\3", 0, ["3 bytes beyond its end"]),
    ("DSMAS of 32 bytes", table(entry(0, "BBHQQQ", 1, 4, 0, 0, 1, 0), dsmas(2)), 7,
     ["length 32, not 24", "non_volatile=yes", "handle=2"]),
    ("DSLBIS of 28 bytes", table(entry(1, "BBBBQHHHHI", *[0] * 10)), 7, ["length 28, not 24"]),
    ("DSLBIS of 20 bytes", table(entry(1, "16s", b""), dsmas(1)), 7,
     ["length 20, not 24", "dpa_base"]),
    ("SSLBIS without pairs", table(sslbis(), dsmas(1)), 7, ["length 16, not 24", "dpa_base"]),
    ("SSLBIS with stray bytes", table(sslbis((1, 2, 3, 0), extra=b"\xaa" * 6)), 7,
     ["length 30, not 24", "excess=aaaaaaaaaaaa"]),
    ("SSLBIS with nothing else", table(sslbis(extra=b"\xbb" * 6)), 7,
     ["length 22, not 24", "excess=bbbbbbbbbbbb"]),
    ("a handle twice", table(dsmas(3), dsmas(4), dsmas(3)), 7, ["0x40: handle 3 comes again"]),
    ("entry of length 0", table(dsmas(1), bytes(24)), 7, ["length 0 at 0x28, 24 are left"]),
    ("entry of length 3", table(entry(0, "20s", b"", length=3)), 7, ["length 3 at 0x10"]),
    ("entry too long", table(entry(0, "20s", b"", length=4096)), 7, ["length 4096 at 0x10"]),
    ("stray bytes at the end", table(dsmas(1), b"\1\2\3"), 7, ["3 bytes at 0x28"]),
    ("Length 0", table(length=0), 7, ["checksum_ok=unknown", "length 0, there are 16"]),
    ("Length 15", table(length=15), 7, ["checksum_ok=unknown", "length 15"]),
    ("Length beyond the file", table(*ALL, length=999), 7, ["checksum_ok=unknown", "length 999"]),
    ("zeroes", bytes(64), 7, ["checksum_ok=unknown"]),
    ("15 bytes", bytes(15), 7, ["15 bytes are no table"]),
    ("nothing", b"", 7, ["0 bytes are no table"]),
    ("an ACPI header", b"CDAT" + struct.pack("<IBB", 36, 1, 0) + bytes(26), 7, ["ACPI header"]),
    ("a hex dump", b"00000000: 4000 0000 010f 0000\n" * 3, 7, ["hex dump"]),
]


def pcidoe(path, *options):
    return subprocess.run([PCIDOE, "cdat", *options, "--decode", path],
                          capture_output=True, text=True)


def fields(cdat):
    """{offset: value} of a table, made anew from what pcidoe says."""
    yield from ((0, cdat["length"]), (4, cdat["revision"]), (5, int(cdat["checksum"], 0)),
                (6, number(cdat, "reserved")), (12, cdat["sequence"]))
    for item in cdat["structures"]:
        at, kind = int(item["offset"], 0), item["type"]
        layout = {
            0: {4: "handle", 5: "flags", 6: "reserved", 8: "dpa_base", 16: "dpa_length"},
            1: {4: "handle", 5: "flags", 6: "data", 7: "reserved", 8: "base",
                16: "value_entry", 18: "value1_entry", 20: "value2_entry", 22: "reserved2"},
            2: {4: "handle", 8: "cache_size", 16: "cache_attributes"},
            3: {4: "flags", 5: "handle", 6: "reserved"},
            4: {4: "handle", 5: "efi_type", 6: "reserved", 8: "dpa_offset", 16: "dpa_length"},
            5: {4: "data", 5: "reserved", 8: "base"},
        }.get(kind, {})
        if kind == 3:
            item["flags"] = item["memory_attached"] | number(item, "undefined_flags")
        yield from ((at, kind), (at + 1, number(item, "header_reserved")),
                    (at + 2, item["length"]))
        yield from ((at + rel, number(item, key)) for rel, key in layout.items())
        for i, pair in enumerate(item.get("pairs", [])):
            yield from ((at + 16 + 8 * i + 2 * j, number(pair, key))
                        for j, key in enumerate(("x", "y", "value_entry", "reserved")))


def number(item, key):
    val = item.get(key, 0)
    return int(val, 0) if isinstance(val, str) and val not in NAMES else NAMES.get(val, val)


def compare(name, path):
    """For as long as iasl goes: it stops at what it does not know."""
    listing = path + ".dsl"
    try:
        done = subprocess.run([IASL, "-vs", "-d", "-ds", "CDAT", path], capture_output=True,
                              text=True)
    except OSError as err:
        return err
    if not os.path.exists(listing):
        return f"{IASL}: {done.stdout}{done.stderr}"
    found = re.findall(r"^\[(\w+)h \d+ (\w+)h\] +(.*?) : (\w+)", Path(listing).read_text(), re.M)
    ours = dict(fields(json.loads(pcidoe(path, "--json").stdout)))
    theirs = {int(at, 16): int(val, 16) for at, size, label, val in found
              # which it takes from a wrong place in DSMSCIS
              if (size, label) != ("003", "Reserved") or at != DSMSCIS_RESERVED.get(name)}
    # It lists the checksum that would be right, and says what there is
    checksum = re.search(r"Incorrect checksum.* - 0x(\w+)", done.stdout + done.stderr)
    if checksum:
        theirs[5] = int(checksum.group(1), 16)
    last = max(theirs, default=0)
    wrong = [f"{at:#x}: {ours.get(at)}, iasl {theirs.get(at)}" for at in sorted({*ours, *theirs})
             if at <= last and ours.get(at) != theirs.get(at)]
    return "\n".join(wrong) or ("" if len(theirs) >= 5 else "iasl shows nothing")


DSMSCIS_RESERVED = {"all types": "048", "reserved bytes and undefined flags": "048"}
AGREE = ["all types", "reserved bytes and undefined flags",
         "values that are no product", "value none", "unknown types", "wrong sum",
         "bytes beyond the end", "a handle twice"]


def main():
    with tempfile.TemporaryDirectory() as tmp:
        Path(f"{tmp}/probe").write_bytes(table(*ALL))
        why = compare("all types", f"{tmp}/probe")
        ok(not why, f"{IASL} knows CDAT", why)
        agree = [] if why else AGREE
        for i, (name, data, code, texts) in enumerate(CASES):
            path = f"{tmp}/{i}"
            Path(path).write_bytes(data)
            done = pcidoe(path)
            said = done.stdout + done.stderr
            ok(done.returncode == code and all(text in said for text in texts) and
               len(done.stderr.splitlines()) == (1 if code or "beyond" in said else 0),
               f"CDAT: {name}", f"{done.returncode}\n{said}")
            done = pcidoe(path, "--json")
            if done.stdout:
                json.loads(done.stdout)
            if name in agree:
                why = compare(name, path)
                ok(not why, f"CDAT, agreed with iasl: {name}", why)

        rand = random.Random(1)
        for i in range(20 if agree else 0):
            path = f"{tmp}/random{i}"
            Path(path).write_bytes(table(*(random_entry(rand)
                                           for _ in range(rand.randrange(1, 9)))))
            why = compare("", path)
            ok(not why, f"CDAT, agreed with iasl: random table {i}", why)

        Path(f"{tmp}/big").write_bytes(table(dslbis((1 << 53) + 1, 1, 0, 0)))
        big = json.loads(pcidoe(f"{tmp}/big", "--json").stdout)["structures"][0]
        ok(big["base"] == str((1 << 53) + 1) == big["value"], "JSON: numbers over 2^53", big)

def random_entry(rand):
    """Any bits, but for DSMSCIS, whose reserved bytes iasl gets wrong."""
    kind = rand.choice([0, 1, 3, 4, 5])
    size = SIZES[kind] + (8 * rand.randrange(1, 4) if kind == 5 else 0)
    return entry(kind, f"{size - 4}s", rand.randbytes(size - 4), reserved=rand.randrange(256))


test_pcidoe.run(main)
