# SPDX-License-Identifier: GPL-2.0
"""Coherent Device Attribute Tables for the emulated devices."""
import struct

READ_LATENCY, WRITE_LATENCY, READ_BANDWIDTH, WRITE_BANDWIDTH = 1, 2, 4, 5
# Of a latency and of a bandwidth: picoseconds, MB/s
UNIT = {READ_LATENCY: 1000, WRITE_LATENCY: 1000, READ_BANDWIDTH: 1024, WRITE_BANDWIDTH: 1024}


def table(*entries):
    """The header, and an entry for each (type, body)."""
    rest = b"".join(struct.pack("<BxH", kind, 4 + len(body)) + body for kind, body in entries)
    whole = struct.pack("<IBB6xI", 16 + len(rest), 1, 0, 0) + rest
    return whole[:5] + bytes([-sum(whole) & 0xff]) + whole[6:]


def memory(ranges, size):
    """A memory device in ranges of different speed: DSMAS, DSLBIS, DSEMTS of each."""
    entries = []
    for handle in range(ranges):
        speed = {READ_LATENCY: 150 + handle, WRITE_LATENCY: 180 + handle,
                 READ_BANDWIDTH: 32 + handle % 4, WRITE_BANDWIDTH: 24 + handle % 4}
        entries += [(0, struct.pack("<BBxxQQ", handle, 1 << 2, handle * size, size)),
                    *((1, struct.pack("<BBBxQHHHxx", handle, 0, kind, UNIT[kind], value, 0, 0))
                      for kind, value in speed.items()),
                    (4, struct.pack("<BBxxQQ", handle, 0, 0, size))]
    return table(*entries)


def switch(ports):
    """A switch: SSLBIS, latency and bandwidth from its upstream port to each other."""
    return table(*((5, struct.pack("<B3xQ", kind, UNIT[kind]) + b"".join(
        struct.pack("<HHHxx", 0x100, port, value) for port in range(ports)))
        for kind, value in ((READ_LATENCY, 70), (READ_BANDWIDTH, 64))))
