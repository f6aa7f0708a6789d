#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of exchanges, of what is made of them and of pcidoe serve, on a simulated mailbox.

Time is simulated too: it passes when pcidoe sleeps and, a microsecond each, when it
accesses a register.
"""

import ctypes
import functools
import itertools
import socket
import struct
import threading
from ctypes import POINTER, byref, c_bool, c_char, c_char_p, c_int, c_size_t, c_uint
from ctypes import c_uint8, c_uint16, c_uint32, c_uint64, c_void_p
from errno import EACCES, EAGAIN, EBUSY, ECONNRESET, EINTR, EINVAL, EIO, EMSGSIZE, ENODEV
from errno import EPROTO, ETIMEDOUT, EUSERS

import test_pcidoe
from test_pcidoe import OK, USAGE, NODEV, DEVERR, PROTO, ok

CTRL, STATUS, WRITE, READ = 8, 12, 16, 20
ABORT, GO = 1, 1 << 31
BUSY, INT, ERROR, READY = 1, 2, 4, 1 << 31
KEPT = 0xe                      # Control bits 1 to 3
MAX_DW = 1 << 18
MAX_PAYLOAD = MAX_DW * 4 - 8
NEVER = float("inf")
SECOND = 1000000
ECHO = 0x561234                 # type and Vendor ID
CMA = 0x10001
CDAT = 0x21e98


class Sim:
    """A mailbox fresh from reset that echoes after 100 us."""

    def __init__(self, **knobs):
        self.ctrl = KEPT
        self.busy = self.error = self.ready = self.int_sta = False
        self.wr, self.rd, self.rd_i = [], [], 0
        self.now = self.aborted_at = self.looked_at = 0
        self.busy_until = self.answer_at = self.abort_at = NEVER
        # Knobs
        self.respond = echoes
        self.latency, self.abort_latency, self.busy_time = 100, 50, 30
        self.busy_stuck = self.busy_till_drained = self.error_on_go = False
        self.quiet = 0                  # it needs, to get on with its work
        self.short_sleep = False        # signals cut sleeps in half
        self.reset_at_ack = 0           # reset instead of this acknowledge
        self.gone_at = self.stop_at = self.deny_at = NEVER      # from this access on
        # What the host did
        self.accesses = self.status_reads = self.mailbox_reads = self.aborts = self.gos = 0
        self.violations = []
        vars(self).update(knobs)

    def blame(self, what, guilty=True):
        self.violations += [what] * bool(guilty)

    def answer(self, feature, *payload, length=None):
        self.rd = [feature, len(payload) + 2 if length is None else length, *payload]

    def go(self):
        length = self.wr[1] & 0x3ffff if len(self.wr) > 1 else 1
        self.gos += 1
        self.blame("Go while busy", self.busy)
        self.blame("Length is not the number of DW", (length or MAX_DW) != len(self.wr))
        self.rd, self.rd_i = [], 0
        answers = self.error_on_go or self.respond(self)
        self.answer_at = self.now + self.latency if answers else NEVER
        self.wr = []
        self.busy_until = self.now + self.busy_time
        self.busy = bool(self.busy_time) or self.busy_till_drained

    def advance(self):
        """Let happen what is due."""
        if self.now >= self.answer_at:
            self.answer_at = NEVER
            self.error = self.error_on_go
            self.ready = not self.error
            self.int_sta = True
        if self.now >= self.busy_until and not self.busy_till_drained:
            self.busy_until = NEVER
            self.busy = False
        if self.now >= self.abort_at:
            self.abort_at = NEVER
            self.busy = self.busy_stuck
            self.error = self.ready = False

    def access(self):
        self.now += 1
        self.accesses += 1
        if self.answer_at != NEVER and self.now < self.looked_at + self.quiet:
            self.answer_at = self.now + self.latency
        self.looked_at = self.now
        self.advance()
        return -EACCES if self.accesses >= self.deny_at else 0

    def control(self, val):
        self.blame("Control bits changed", (val ^ self.ctrl) & KEPT)
        self.blame("Go and Abort together", val & ABORT and val & GO)
        self.ctrl = val & KEPT
        if val & ABORT:
            self.aborts += 1
            self.aborted_at = self.now
            self.busy = True
            self.wr, self.rd = [], []
            self.answer_at = NEVER
            self.abort_at = self.now + self.abort_latency
        elif val & GO:
            self.go()

    def acknowledge(self):
        self.blame("acknowledge without Ready", not self.ready)
        if not self.ready:
            return
        self.rd_i += 1
        if self.rd_i == self.reset_at_ack:
            self.error = self.int_sta = False
            self.wr, self.rd = [], []
        if self.rd_i >= len(self.rd):
            self.ready = False
            self.busy = self.busy_stuck

    def status(self):
        self.status_reads += 1
        self.blame("abort looked at too soon", self.aborts and self.now < self.aborted_at + 2000)
        return self.busy * BUSY | self.int_sta * INT | self.error * ERROR | self.ready * READY

    def data(self):
        self.mailbox_reads += 1
        there = self.ready and not self.error and self.rd_i < len(self.rd)
        return self.rd[self.rd_i] if there else 0

    def read(self, reg, val):
        err = self.access()
        val[0] = self.ctrl if reg == CTRL else self.status() if reg == STATUS else \
            self.data() if reg == READ else 0
        if self.accesses >= self.gone_at:
            val[0] = 0xffffffff
        return err

    def write(self, reg, val):
        err = self.access()
        if err or self.accesses >= self.gone_at:
            return err
        if reg == CTRL:
            self.control(val)
        elif reg == STATUS:
            self.blame("Status written with other than 2", val != INT)
            self.int_sta = False
        elif reg == READ:
            self.acknowledge()
        else:
            self.blame("request written while busy", self.busy)
            self.blame("stray write", reg != WRITE or len(self.wr) == MAX_DW)
            self.wr.append(val)
        return 0

    def sleep(self, us):
        self.now += us // 2 if self.short_sleep and us > 1 else us

    def idle(self):
        return not (self.busy or self.ready or self.error or self.wr)


def echoes(s):
    s.answer(s.wr[0] & 0xffffff, *s.wr[2:], length=len(s.wr) & 0x3ffff)
    return True


class Kernel:
    """A kernel that takes objects, and answers like so."""

    def __init__(self, put=0, get=0, again=0, cut=0):
        self.errors, self.again, self.cut = (put, get), again, cut
        self.object = b""

    def put(self, buf, size):
        sim.accesses += 1
        self.object = ctypes.string_at(buf, size)
        return self.errors[0] or size

    def get(self, buf, size):
        sim.accesses += 1
        self.again -= 1
        if self.again >= 0:
            return -EAGAIN
        if len(self.object) > size:
            return -EMSGSIZE
        ctypes.memmove(buf, self.object, len(self.object))
        return self.errors[1] or len(self.object) - self.cut


CALLS = (
    ("read", c_int, lambda _, reg, val: sim.read(reg, val), c_void_p, c_uint, POINTER(c_uint32)),
    ("write", c_int, lambda _, reg, val: sim.write(reg, val), c_void_p, c_uint, c_uint32),
    ("now", c_uint64, lambda: sim.now),
    ("sleep", None, lambda _, us: sim.sleep(us), c_void_p, c_uint64),
    ("stopped", c_bool, lambda: sim.accesses >= sim.stop_at),
    ("put", c_int, lambda _, buf, size: kernel.put(buf, size), c_void_p, c_void_p, c_size_t),
    ("get", c_int, lambda _, buf, size: kernel.get(buf, size), c_void_p, c_void_p, c_size_t))


class Ops(ctypes.Structure):
    _fields_ = [(name, ctypes.CFUNCTYPE(result, *types))
                for name, result, _, *types in CALLS]


class Mailbox(ctypes.Structure):
    _fields_ = [("name", c_char * 40), ("ops", POINTER(Ops)), ("priv", c_void_p),
                ("object", c_void_p), ("version", c_uint), ("ours", c_bool),
                ("why", c_char * 120)]


class Feature(ctypes.Structure):
    _fields_ = [("vid", c_uint16), ("type", c_uint8), ("max_dw", c_uint32)]


OPS = Ops(*(kind(call) for (_, kind), (_, _, call, *_) in zip(Ops._fields_, CALLS)))

library = test_pcidoe.Library()
MB = POINTER(Mailbox)
doe_exchange = library.function("doe_exchange", MB, c_uint16, c_uint8, c_char_p, c_size_t,
                                c_void_p, c_size_t)
doe_discover = library.function("doe_discover", MB, POINTER(Feature), POINTER(c_uint))
cdat_read = library.function("cdat_read", MB, c_void_p, POINTER(c_size_t))
cdat_decode = library.function("cdat_decode", c_char_p, c_size_t)
parse_address = library.heard("parse_address", c_char_p, POINTER(c_int * 5))
show_spdm_versions = library.heard("show_spdm_versions", MB)
serve_client = library.heard("serve_client", MB, c_int, c_uint)

sim = mb = kernel = None


def address(function):
    return ctypes.cast(getattr(library.lib, function), c_void_p)


def begin(how="doe_reg_object", version=2, ours=True, **knobs):
    global sim, mb
    sim = Sim(**knobs)
    mb = Mailbox(b"sim@0x100", ctypes.pointer(OPS), None, address(how), version, ours)


def state():
    return f"{mb.why.decode()}; {sim.accesses} accesses, {sim.now} us, {sim.aborts} aborts " \
        f"{sim.violations}\n{library.said}"


def exchange(box, feature, req, size):
    """A negative error code, or the response."""
    buf = ctypes.create_string_buffer(b"\x5a" * (size + 4), size + 4)
    n = doe_exchange(box, feature & 0xffff, feature >> 16, req, len(req), buf, size)
    if n < 0:
        return n
    return buf.raw[:n] if buf.raw[n] == 0x5a else "too much was stored"


def pattern(size):
    return (bytes(range(1, 252)) * (size // 251 + 1))[:size]


def echo(size, room):
    """A negative error code, or the length of a response that is right."""
    req = pattern(size)
    got = exchange(mb, ECHO, req, room)
    if isinstance(got, bytes):
        return len(got) if got == (req + bytes(-size % 4))[:room] else "not an echo"
    return got


def case(what, want, check=lambda: True, sizes=((8, 8),), idle=True, **knobs):
    """An exchange, or several, of a mailbox with these knobs."""
    begin(**knobs)
    got = [echo(*size) for size in sizes]
    ok(got == (want if isinstance(want, list) else [want]) and check() and
       sim.idle() == idle and not sim.violations, what, f"{got}: {state()}")


def sizes():
    case("requests and responses of any length, short buffers drained",
         [min(-(-req // 4) * 4, room) for req in range(14) for room in range(18)],
         lambda: not sim.aborts, [(req, room) for req in range(14) for room in range(18)])
    case("2^18 DW in both directions", MAX_PAYLOAD, sizes=[(MAX_PAYLOAD, MAX_PAYLOAD)])
    case("a longer request is refused", -EMSGSIZE, lambda: not sim.accesses,
         [(MAX_PAYLOAD + 1, 0)])


def waits():
    case("no response: timeout after a second, few looks, abort", -ETIMEDOUT,
         lambda: sim.aborts == 1 and sim.now < 1.1 * SECOND and sim.status_reads < 100,
         latency=NEVER)
    case("a response just in time", 8, lambda: not sim.aborts, latency=SECOND - 100)
    case("a response too late", -ETIMEDOUT, latency=1.1 * SECOND)
    case("Busy is waited for", 8, lambda: not sim.aborts, busy=True, busy_until=0.9 * SECOND)
    case("Busy stuck: given up after wait and abort", -EBUSY,
         lambda: sim.aborts == 1 and not sim.gos and sim.now < 2.2 * SECOND, idle=False,
         busy=True, busy_stuck=True)
    case("Busy that an abort clears", 8, lambda: sim.aborts == 1, busy=True)
    case("Busy held until the response is drained", [4, 8], sizes=[(4, 4), (40, 8)],
         busy_till_drained=True)
    case("an abort that never ends", -ETIMEDOUT,
         lambda: sim.now < 2.2 * SECOND and b"Abort failed" in mb.why, idle=False,
         latency=NEVER, abort_latency=NEVER)
    # Firmware that gets on only while nobody reads its registers
    for ms in (25, 100, 300):
        case(f"a device that needs {ms} ms of quiet", 8, quiet=ms * 1000)


def leftovers():
    def once():
        return sim.aborts == 1

    case("a stale response is aborted", 8, once, ready=True, rd=[ECHO, 3, 0xbad])
    case("a stale error is aborted", 8, once, error=True)
    case("half an object of another process is aborted, once", [8, 8], once, [(8, 8)] * 2,
         ours=False, wr=[ECHO])
    case("sleeps that signals cut short", 8, once, ours=False, short_sleep=True)
    case("Busy at the first exchange is waited for before the abort", 8, once, ours=False,
         busy=True, busy_until=0.9 * SECOND)
    case("Interrupt Status is cleared, Control is kept", 8,
         lambda: not sim.int_sta and sim.ctrl == KEPT, int_sta=True)


def answers():
    def foreign(bit):
        def respond(s):
            s.rd = [s.wr[0] ^ bit, *s.wr[1:]]
            return True
        return respond

    case("DOE Error", -EIO, lambda: sim.aborts == 1 and not sim.int_sta and sim.now < 3000,
         error_on_go=True)
    case("a request that is discarded silently", -ETIMEDOUT, lambda: sim.aborts == 1,
         respond=lambda s: False)
    case("wrong Vendor ID", -EPROTO, lambda: sim.aborts == 1, respond=foreign(1))
    case("wrong type", -EPROTO, lambda: sim.aborts == 1, respond=foreign(0x10000))

    def of_length(length, payload=0):
        def respond(s):
            s.answer(ECHO, payload, payload, payload, length=length)
            return True
        begin(respond=respond)
        return exchange(mb, ECHO, bytes(12), 16)

    for length, want, what in (
            (0, -EPROTO, "Length 0, that is 2^18 DW"), (1, -EPROTO, "Length 1"),
            (2, 0, "Length 2 of 5: response ends, the rest is aborted"),
            (3, 4, "Length 3 of 5"), (6, -EPROTO, "Length 6 of 5"),
            (0x3ffff, -EPROTO, "Length 3ffffh of 5"),
            (0xfffc0005, 12, "Length 5 with reserved bits")):
        got = of_length(length)
        ok(got == (want if want < 0 else bytes(want)) and sim.idle() and
           sim.mailbox_reads <= 6 and not sim.violations, what, f"{got}: {state()}")
    got = of_length(5, 0xffffffff)
    ok(got == b"\xff" * 12 and sim.idle(), "a payload of all ones", f"{got}: {state()}")


def at_each(what, knob, want, check=lambda: True, least=15):
    """Something happens at each access in turn, until an exchange sees none."""
    bad = []
    for at in itertools.count(1):
        begin(**{knob: at})
        got = echo(12, 12)
        if got not in (12, want) or sim.violations or not check():
            bad.append(f"at {at}: {got}, {state()}")
        if got == 12:
            break
    ok(not bad and at > least, what, bad)


def everywhere():
    at_each("device gone at each access", "gone_at", -ENODEV, lambda: sim.now < 2.2 * SECOND)
    at_each("stopped at each access: idle behind", "stop_at", -EINTR, lambda: sim.idle(), 4)
    at_each("access denied at each access", "deny_at", -EACCES)
    case("stopped while waiting for a response", -EINTR, lambda: sim.now < 10000,
         latency=NEVER, stop_at=12)
    case("stopped while waiting for Busy: nothing to abort", -EINTR,
         lambda: sim.now < 10000 and not sim.aborts, idle=False, busy=True, stop_at=5)
    case("stopped in a long request", -EINTR, lambda: not sim.gos, [(4000, 4000)], stop_at=100)
    case("stopped in a long response", -EINTR, lambda: sim.gos == 1, [(4000, 4000)],
         stop_at=1100)
    for at in range(1, 5):
        case(f"reset at DW {at} of a response: not taken for success", -EPROTO,
             sizes=[(12, 12)], reset_at_ack=at)
    case("reset while a response is drained", -EPROTO, lambda: sim.mailbox_reads < 102,
         [(4000, 100)], reset_at_ack=100)


def discovery():
    def respond(count, how, s):
        index = s.wr[2] & 0xff
        s.blame("Discovery request", len(s.wr) != 3 or
                s.wr[2] & 0xff00 != (0x200 if mb.version >= 2 else 0))
        if how == "silent" and index == 2:
            return False
        following = 1 if how == "loop" and index == 2 else \
            index + 1 if index + 1 < count else 0
        entry = (0x1000 + index if index else 1) | index << 16 | following << 24
        if how == "ffff" and index == 2:
            entry = 0x0300ffff
        s.answer(1, *[entry, 0xfff00040][:0 if how == "short" else mb.version])
        return True

    for version, count, how, want, what in (
            (1, 3, "", 3, "version 1"), (2, 3, "", 3, "version 2"),
            (2, 1, "", 1, "of Discovery alone"), (2, 256, "", 256, "of 256 features"),
            (2, 9, "loop", 3, "that goes in circles"), (2, 9, "ffff", 2, "that ends with FFFFh"),
            (2, 9, "silent", (-ETIMEDOUT, 2), "that fails later: what was found is kept"),
            (2, 9, "short", (-EPROTO, 0), "response without payload")):
        begin(version=version, respond=functools.partial(respond, count, how))
        found, n = (Feature * 256)(), c_uint()
        err = doe_discover(mb, found, byref(n))
        right = all((f.vid, f.type, f.max_dw) ==
                    (0x1000 + i if i else 1, i, 0x40 if version >= 2 else 0)
                    for i, f in enumerate(found[:n.value]))
        ok(right and (err, n.value) == (want if isinstance(want, tuple) else (0, want)) and
           sim.idle() and not sim.violations, f"Discovery {what}", f"{err}, {n}: {state()}")


def through_kernel(what, size, want, why="", accesses=None, **how):
    global kernel
    kernel = Kernel(**how)
    begin("doe_cdev_object")
    req = pattern(size)
    got = exchange(mb, ECHO, req, size)
    ok((got == req if want == size else got == want) and why in mb.why.decode() and
       accesses in (None, sim.accesses), f"through the kernel: {what or why}", state())


def in_kernel():
    through_kernel("without access to registers", 5, 5, accesses=2)
    through_kernel("2^18 DW", MAX_PAYLOAD, MAX_PAYLOAD)
    through_kernel("a response that takes time", 5, 5, again=9)
    through_kernel("none at all", 5, -ETIMEDOUT, again=NEVER)
    through_kernel("wrong Length", 5, -EPROTO, cut=4)
    for put, get, want, why in (
            (-EBUSY, 0, -EUSERS, "handed over"), (-EACCES, 0, -EACCES, "keeps this feature"),
            (-EINVAL, 0, -EINVAL, "does not offer"), (-ENODEV, 0, -ENODEV, "gone"),
            (8, 0, -EIO, "took 8 bytes"), (0, -ETIMEDOUT, -ETIMEDOUT, "no response"),
            (0, -ECONNRESET, -ECONNRESET, "reset"), (0, -EBUSY, -EBUSY, "stays busy"),
            (0, -EMSGSIZE, -EMSGSIZE, "too long"), (0, 4, -EPROTO, "object of 4 bytes")):
        through_kernel("", 5, want, why, put=put, get=get)


# Messages of spdm-emu

NORMAL, TEST, CONTINUE, SHUTDOWN, UNKNOWN = 1, 0xdead, 0xfffd, 0xfffe, 0xffff
OBJECT = bytes.fromhex("010001000300000010840000")


def message(command, data=b"", size=None, transport=2):
    return struct.pack(">III", command, transport, len(data) if size is None else size) + data


FAILED = message(UNKNOWN)
BYE = (message(SHUTDOWN), message(SHUTDOWN))
CLOSED = (b"", None)


def lie(text):
    return message(NORMAL, bytes.fromhex(text)), FAILED


# name, what the server returns, and what a client sends and gets: None is its end
DIALOGUES = (
    ("hello, continue", -1, (message(TEST, b"Client Hello!\0"), message(TEST, b"Server Hello!\0")),
     (message(CONTINUE), message(CONTINUE))),
    ("an object, shutdown", OK, (message(NORMAL, OBJECT), message(NORMAL, OBJECT)), BYE),
    ("an unknown command, an object", OK, (message(0x8001, b"\xab\xcd"), FAILED),
     (message(NORMAL, OBJECT), message(NORMAL, OBJECT)), BYE),
    ("lies about an object: size", OK, lie("0100010003000000108400"), BYE),
    ("lies about an object: Length", OK, lie("010001000400000010840000"), BYE),
    ("an object without header", OK, lie("01000100"), BYE),
    ("nothing for an object", OK, lie(""), BYE),
    ("reserved bits", OK, lie("010001010300000010840000"), lie("010001000300008010840000"), BYE),
    ("Connection ID", OK, (message(NORMAL, bytes.fromhex("010003000300fc3f10840000")),
                           message(NORMAL, bytes.fromhex("010003000300000010840000"))), BYE),
    ("more than there can be", -1, (message(NORMAL, size=0x100004), FAILED), CLOSED),
    ("4 GiB", -1, (message(NORMAL, size=0xffffffff), FAILED), CLOSED),
    ("another transport", -1, (message(NORMAL, size=4, transport=1), FAILED), CLOSED),
    ("a stall in a header", -1, (b"\0\0\0", None)),
    ("a stall in an object", -1, (message(NORMAL, OBJECT[:4], 12), None)),
    ("a client that goes", -1, (message(NORMAL, OBJECT[:2], 12), b"")),
)


def play(steps, client):
    for send, want in steps:
        if send:
            client.sendall(send)
        got = b""
        while len(got) < len(want or b"?"):
            more = client.recv(len(want or b"?") - len(got))
            if not more:
                break
            got += more
        if got != (want or b""):
            return False
    return True


def play_big(client):
    """Objects of 4,104 bytes, as OCP has them, 64 KiB and 1 MiB there and back."""
    fd = c_int(client.fileno())
    remote = Mailbox(priv=ctypes.addressof(fd), object=address("serve_object_remote"))
    return all(exchange(remote, CMA, pattern(size), size) == pattern(size)
               for size in (4096, 65536 - 8, MAX_PAYLOAD, 1)) and play((BYE,), client)


def never_read(client):
    """It sends on and on: the server must not wait for it."""
    try:
        while True:
            client.sendall(message(NORMAL, struct.pack("<II", CMA, 0x4000) + bytes(65528)))
    except OSError:
        return True


def served(what, want, client, check=lambda: True, **knobs):
    """The mailbox is left idle, whatever the client does."""
    begin(**knobs)
    ours, theirs = socket.socketpair()
    good = []

    def talk():
        with theirs:
            good.append(client(theirs))

    thread = threading.Thread(target=talk)
    thread.start()
    got = serve_client(mb, ours.fileno(), 300)
    ours.close()
    thread.join()
    ok(got == want and good == [True] and check() and sim.idle() and not sim.violations,
       f"serve: {what}", f"{got}, {good}: {state()}")


def serve():
    for what, want, *steps in DIALOGUES:
        served(what, want, functools.partial(play, steps))
    served("objects of 4,104 bytes, 64 KiB and 1 MiB", OK, play_big, lambda: sim.gos == 4)
    served("a client that never reads", -1, never_read)
    failing = message(NORMAL, OBJECT), FAILED
    served("an exchange that fails", OK, functools.partial(play, (failing, BYE)),
           lambda: "no response" in library.said and sim.aborts == 1, latency=NEVER)
    served("device gone", NODEV, functools.partial(play, (failing, CLOSED)), gone_at=2)


def make_cdat():
    """A header and three structures, which the handles lead to, each at its offset."""
    parts = [struct.pack("<IBB6xI", 68, 1, 0, 0)]
    for i, (kind, size) in enumerate(((0, 24), (3, 8), (2, 20))):
        parts.append(struct.pack("<BxHB", kind, size, i + 1).ljust(size, b"\0"))
    parts[0] = parts[0][:5] + bytes([-sum(b"".join(parts)) & 0xff]) + parts[0][6:]
    return parts


def cdat():
    handles, following = [0, 7, 9, 8], [7, 9, 8, 0xffff]

    def respond(how, s):
        if len(s.wr) != 3 or s.wr[2] & 0xffff or s.wr[2] >> 16 not in handles:
            s.blame("Table Access request")
            return False
        i = handles.index(s.wr[2] >> 16)
        part = bytearray(make_cdat()[i])
        if i == 3:
            part[2] += {"long": 4, "none": -part[2]}.get(how, 0)
        head = 7 if how == "loop" and i == 2 else following[i]
        s.answer(CDAT, head << 16 | (how == "code" and i == 1),
                 *struct.unpack(f"<{len(part) // 4}I", part))
        return True

    for how, want, what in (
            ("", 0, ", by handles in any order"), ("loop", -EPROTO, " that goes in circles"),
            ("long", -EPROTO, " structure too long"), ("none", -EPROTO, " structure of length 0"),
            ("code", -EPROTO, " response code")):
        begin(respond=functools.partial(respond, how))
        table, size = ctypes.create_string_buffer(1 << 20), c_size_t()
        got = cdat_read(mb, table, byref(size))
        ok(got == want and sim.idle() and not sim.violations and
           (got or table.raw[:size.value] == b"".join(make_cdat())), f"CDAT{what}",
           f"{got}: {state()}")


def decode():
    """Good and bad tables; test-pcidoe-cdat.py has more."""
    table = b"".join(make_cdat())
    number = int.from_bytes(table, "little")
    wrong = [(number ^ 1 << bit).to_bytes(len(table), "little")
             for bit in range(8 * len(table))]
    for what, want, tables in (
            ("a good table", OK, [table]), ("a table with any bit wrong", PROTO, wrong),
            ("a table cut anywhere", PROTO, [table[:n] for n in range(len(table))])):
        with library.hears():
            got = [cdat_decode(data, len(data)) for data in tables]
        ok(set(got) == {want}, what, got)


def addresses():
    addr = (c_int * 5)()
    for text, want, what in (
            (b"10000:ff:1F.7@0x190", [0x10000, 0xff, 0x1f, 7, 0x190], "full address"),
            (b"1:2.3", [0, 1, 2, 3, -1], "short address"),
            (b"1:2.3@ffc", [0, 1, 2, 3, 0xffc], "address with offset")):
        ok(parse_address(text, byref(addr)) == OK and list(addr) == want, what, list(addr))
    for text in ("", "0", "0:0", "0:0.8", "0:20.0", "100:0.0", "0:0.0@", "0:0.0@0x", "0:0.0@ff",
                 "0:0.0@fc", "0:0.0@1001", "0:0.0@101", "0:0.0 ", " 0:0.0", "0:0.0@190@190",
                 "0:0:0:0.0", "80000000:0:0.0", "g:0.0", "0:-1.0", "0x0:0.0", "0:0.0.0",
                 "000:0.0", ":0.0", "0:0.0@0x1g0", "123456789012345678901234567890123:0.0@100"):
        ok(parse_address(text.encode(), byref(addr)) == USAGE, f"not an address: '{text}'")


def spdm():
    def respond(data, s):
        s.answer(CMA, *struct.unpack("<III", data.ljust(12, b"\0")))
        return True

    for data, want, says in (
            ("10040000 00020010 2112", OK, "major=1 minor=2 update=2 alpha=1"),
            ("107f4100", DEVERR, "SPDM error 0x41 VersionMismatch, data 0x00"),
            ("107f4205", DEVERR, "SPDM error 0x42 ResponseNotReady, data 0x05"),
            ("107f9905", DEVERR, "0x99 reserved"), ("1004", PROTO, "VERSION without entries"),
            ("11040000 00010010", PROTO, "VERSION says 0x11, not 0x10"),
            ("10040000 0009", PROTO, "bad SPDM VERSION"),
            ("10050000 0001", PROTO, "bad SPDM VERSION")):
        begin(respond=functools.partial(respond, bytes.fromhex(data)))
        got = show_spdm_versions(mb)
        ok(got == want and says in library.said and not sim.violations, f"SPDM: {says}",
           f"{got}: {state()}")


test_pcidoe.run(sizes, waits, leftovers, answers, everywhere, discovery, in_kernel, serve, cdat,
                decode, addresses, spdm)
