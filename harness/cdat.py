# SPDX-License-Identifier: GPL-2.0
"""Coherent Device Attribute Tables for the emulated devices."""
import struct

DSMAS, DSLBIS, DSEMTS, SSLBIS = 0, 1, 4, 5
READ_LATENCY, WRITE_LATENCY, READ_BANDWIDTH, WRITE_BANDWIDTH = 1, 2, 4, 5
PICOSECONDS, MEGABYTES = 1000, 1024


def entry(kind, body):
    return struct.pack("<BxH", kind, 4 + len(body)) + body


def table(entries):
    size = 16 + sum(map(len, entries))
    whole = struct.pack("<IBB6xI", size, 1, 0, 0) + b"".join(entries)
    return whole[:5] + bytes([-sum(whole) & 0xff]) + whole[6:]


def memory(ranges, size):
    """A memory device in ranges of different speed: six entries for each."""
    entries = []
    for handle in range(ranges):
        base = handle * size
        entries.append(entry(DSMAS, struct.pack("<BBxxQQ", handle, 1 << 2, base, size)))
        for kind, unit, value in ((READ_LATENCY, PICOSECONDS, 150 + handle),
                                  (WRITE_LATENCY, PICOSECONDS, 180 + handle),
                                  (READ_BANDWIDTH, MEGABYTES, 32 + handle % 4),
                                  (WRITE_BANDWIDTH, MEGABYTES, 24 + handle % 4)):
            entries.append(entry(DSLBIS, struct.pack("<BBBxQHHHxx", handle, 0, kind, unit,
                                                     value, 0, 0)))
        entries.append(entry(DSEMTS, struct.pack("<BBxxQQ", handle, 0, 0, size)))
    return table(entries)


def switch(ports):
    """A switch: latency and bandwidth from its upstream port to each other."""
    return table([entry(SSLBIS, struct.pack("<B3xQ", kind, unit) + b"".join(
        struct.pack("<HHHxx", 0x100, port, value) for port in range(ports)))
        for kind, unit, value in ((READ_LATENCY, PICOSECONDS, 70),
                                  (READ_BANDWIDTH, MEGABYTES, 64))])
