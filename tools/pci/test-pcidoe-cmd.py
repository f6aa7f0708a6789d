#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of the command line of pcidoe, on a sysfs made of plain files.

Registers that are bytes of a file never answer.  That is enough for everything but an
exchange that succeeds, which test-pcidoe-mbox.py sees to.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import test_pcidoe
from test_pcidoe import OK, USAGE, NODEV, PERM, OWNED, TIMEOUT, PROTO, SYSTEM, PCIDOE, ok

BDF = "0001:02:03.4"
AT = f"{BDF}@0x190"
DUMPED = "10000:02:03.4"
ROOT = Path(tempfile.mkdtemp())
SYS = ROOT / "sys"
BUS = SYS / "bus"
DEV = BUS / "pci/devices" / BDF
AUX = DEV / "doe_aux.mailbox.0"
DRIVER = BUS / "auxiliary/drivers/fake"
PROBE = BUS / "auxiliary/drivers_probe"
CDEV = ROOT / "dev/pci-doe" / f"{BDF}@190"
SPDM = DEV / "doe_features/0001:01"
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}

code, out, err = 0, "", ""


def put(offset, value, dev=DEV):
    """Write a 32-bit register."""
    with open(dev / "config", "r+b") as file:
        file.seek(offset)
        file.write(struct.pack("<I", value))


def get(offset):
    return struct.unpack_from("<I", (DEV / "config").read_bytes(), offset)[0]


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def remove(*paths):
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def fresh(two=False, shared=None, bound=False):
    """A device with a DOE Capability of version 2 at 0x190, perhaps one at 0x1a8; the
    kernel shares the mailbox that is named."""
    remove(BUS)
    DRIVER.mkdir(parents=True)
    write(DEV / "vendor", "0x8086")
    write(DEV / "device", "0x0d93")
    (DEV / "config").write_bytes(bytes(4096))
    registers = {0: 0x0d938086, 4: 0x00100000, 0x34: 0x40, 0x40: 0x00020010,
                 0x100: 0x1900000b, 0x190: 0x0002002e, 0x194: 7}
    if two:
        registers.update({0x190: 0x1a82002e, 0x1a8: 0x0001002e})
    for offset, value in registers.items():
        put(offset, value)
    if shared:
        write(AUX / "offset", shared)
        (AUX / "subsystem").symlink_to("../../../../auxiliary")
        write(DRIVER / "unbind")
        write(PROBE)
    if bound:
        bind()


def bind():
    (AUX / "driver").symlink_to("../../../../auxiliary/drivers/fake")


def command(*args, tool=(PCIDOE,)):
    return [*tool, "--root", ROOT, *args]


def run(*args, **options):
    global code, out, err
    done = subprocess.run(command(*args, **options), **PIPES)
    code, out, err = done.returncode, done.stdout, done.stderr


def said(what, good=True, *patterns):
    """The last command did well, and showed all of these."""
    if "--json" in what:
        json.loads(out)
    good = good and all(re.search(pattern, out, re.M) for pattern in patterns)
    ok(good, what, f"{code}\n{out}\n{err}")


def works(what, args, *patterns):
    run(*args.split())
    said(what, code == OK and not err, *patterns)


def gives(want, pattern, *args):
    """An exit code, and one line of error that fits."""
    run(*args)
    said(f"exit {want}: pcidoe {' '.join(map(str, args))}", code == want and
         len(err.splitlines()) == 1 and re.search(pattern, err))


@contextlib.contextmanager
def untouched(what):
    before = (DEV / "config").read_bytes()
    yield
    ok(before == (DEV / "config").read_bytes(), what)


def arguments():
    ok("EXIT STATUS" in subprocess.run([PCIDOE, "--help"], **PIPES).stdout, "--help")
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([PCIDOE, "--help"], stdout=full, stderr=subprocess.PIPE)
    ok(done.returncode == SYSTEM, "output that can't be written")
    fresh()
    for want, pattern, args in (
            (USAGE, "no command", ""), (USAGE, "no such command", "frobnicate"),
            (USAGE, "wrong arguments", "discover"),
            (USAGE, "wrong arguments", f"discover {AT} extra"),
            (USAGE, "wrong arguments", f"exchange {AT}"), (USAGE, "wrong arguments", "serve"),
            (USAGE, "invalid option|unrecognized", "--frob list"),
            (USAGE, "not .domain", "list 1:2:3"),
            (USAGE, "not .domain", "list tcp:127.0.0.1:2323"),
            (USAGE, "not VID:TYPE", f"exchange {AT} 1:2:3"),
            (USAGE, "not VID:TYPE", f"exchange {AT} 1:_2"),
            (USAGE, "hex digits", f"exchange {AT} 1e98:02 123"),
            (USAGE, "hex digits", f"exchange {AT} 1e98:02 12 0x34"),
            (USAGE, "more than", f"exchange {AT} 1e98:02 @/dev/zero"),
            (SYSTEM, "No such file", f"exchange {AT} 1e98:02 @{ROOT}/none"),
            (NODEV, "no such device", "list 1:2:3.5"),
            (NODEV, "no DOE Capability at", f"discover {BDF}@194"),
            (SYSTEM, "No such file", f"--root {ROOT}/none list")):
        gives(want, pattern, *(word.replace("_", " ") for word in args.split()))


def owners():
    """Who may use a mailbox; nothing is written to it."""
    fresh()
    works("list", "list",
          f"{AT} .*id=8086:0d93 version=2 message=3 status=idle owner=unknown")
    works("list --json", "--json list", '"mailbox": "0001:02:03.4@0x190"')
    gives(OWNED, "doesn't tell who owns", "discover", BDF)
    gives(NODEV, "no doe_features", "features", BDF)
    gives(OWNED, "no auxiliary device", "take", BDF)
    gives(OWNED, "no auxiliary device", "give", BDF)

    for name in ("0001:00", "1e98:02"):
        write(DEV / "doe_features" / name)
    gives(OWNED, "can't hand it over", "discover", BDF)
    works("features", f"features {BDF}", r'^1e98:02   name="CXL Table Access \(CDAT\)"$')
    works("features --json", f"features --json {BDF}")

    fresh(shared="0x190", bound=True)
    before = (DEV / "config").read_bytes()
    for name in ("discover", "cdat", "compliance", "spdm-version", "exchange"):
        gives(OWNED, "see 'pcidoe take'", name, AT, *["1234:56"] * (name == "exchange"))
    gives(OWNED, "see 'pcidoe take'", "cdat", BDF)
    gives(OWNED, "the kernel keeps it", "take", BDF)
    ok((DRIVER / "unbind").read_text() == AUX.name, "take unbinds the auxiliary device")
    works("give of what the kernel has", f"give {BDF}", "owner=kernel")
    (DEV / "driver").symlink_to("/nowhere/vfio-pci")
    gives(OWNED, "vfio", "discover", BDF)
    remove(DEV / "driver", AUX / "driver")
    gives(OWNED, "won.t take it", "give", BDF)
    ok(PROBE.read_text() == AUX.name, "give has the bus probe the auxiliary device")
    works("take of what user space has", f"take {BDF}", "owner=user")
    ok(before == (DEV / "config").read_bytes(), "nothing was written to the mailbox")


def debugfs():
    """The kernel refuses to hand over what carries SPDM: only debugfs tells."""
    path = SYS / "kernel/debug/pci_doe"
    counters = "exchanges 1 errors 0 aborts 1 interrupts 0 spurious 0 polls 3"
    line = "0001:02:03.4 {} owner {} phase idle holds {} polled features {} " + counters + "\n"
    write(SPDM)
    gives(OWNED, "doesn't tell who owns", "discover", AT)
    write(path, line.format("180", "user", "user", "-") +
          line.format("190", "core", "-", "0001:00,0001:01"))
    gives(OWNED, "can't hand it over", "discover", AT)
    works("list, with what debugfs tells", f"list {BDF}",
          "owner=kernel-core .*features=0001:00,0001:01$")
    works("list --json, with what debugfs tells", f"list --json {BDF}")
    ok(json.loads(out)["mailboxes"][0]["features"] == "0001:00,0001:01", "features in it")
    write(path, line.format("190", "user", "user", "-"))
    works("list of a mailbox handed over as debugfs tells", f"list {BDF}", "owner=user")
    remove(SYS / "kernel", SPDM.parent)


def unreadable():
    """Of several devices one cannot be read to the end, one has no room for one."""
    fresh()
    put(0x194, 0x3007)
    put(0x19c, 0x1a)
    first, short, far = (DEV.with_name(f"0001:02:03.{fn}") for fn in (3, 5, 6))
    for copy in (first, short, far):
        shutil.copytree(DEV, copy)
    os.truncate(short / "config", 0x198)
    put(0x190, 0xff02002e, far)
    put(0xff0, 0x0002002e, far)
    run("list")
    said("list: sorted, whatever cannot be read", code == PERM and
         [line.split()[0] for line in out.splitlines()] ==
         [f"{first.name}@0x190", AT, f"{short.name}@0x190", f"{far.name}@0x190",
          f"{far.name}@0xff0"])
    said("list says what cannot be read, and not that it has version 0",
         "2 of 5 could not be read" in err,
         f'^{short.name}@0x190 id=8086:0d93 error="no permission" owner')
    said("list of a capability that does not fit", True,
         '@0xff0 .*error="registers beyond configuration space"')
    said("list shows Attention, Async Message and Interrupt Status", True,
         f"{AT} .*message=3 capabilities=attention,async "
         "status=idle,interrupt,async,attention")
    run("list", "--json")
    said("list --json of what cannot be read", code == PERM)
    gives(NODEV, "beyond configuration space", "--force", "discover", f"{far.name}@ff0")
    gives(PERM, "no permission", "--force", "discover", short.name)


TRACE = f"""# tracer: nop
 kworker-5 [000] d..1. 3.000100: pci_doe_request: {BDF} [190] 0001:00 4 bytes
 kworker-5 [000] d..1. 3.000150: pci_doe_request: {BDF} [1a8] 0001:00 4 bytes
 kworker-5 [000] d..1. 3.000300: pci_doe_response: {BDF} [190] 0001:00 4 bytes
 kworker-5 [000] d..1. 4.000000: pci_doe_request: {BDF} [190] 0001:00 4 bytes
 kworker-5 [000] d..1. 4.000400: pci_doe_response: {BDF} [190] 0001:00 4 bytes
"""
KMSG = f"""6,1,1000001,-;pci {BDF}: DOE: [190] 00:1a:2b:3c:4d:5e of {os.uname().nodename} is dead
 DEVICE=+pci:{BDF}
6,2,1000002,-;pci {BDF}: DOE: [190] serial number 12345
6,3,1000003,-;eth0: link up
"""


def report():
    """The same in full, without what is nobody's business."""
    write(SYS / "kernel/debug/pci_doe", f"{BDF} 190 owner core phase idle holds - irq 33 "
          "features 0001:00 exchanges 7 errors 1\n")
    write(SYS / "kernel/tracing/trace", TRACE)
    write(ROOT / "dev/kmsg", KMSG)
    file = ROOT / "file"
    with untouched("report only reads"):
        works("report", f"report {BDF}", rf"^ *kernel .*release={re.escape(os.uname().release)}",
              "^ *capabilities *value=0x3007 interrupt_support=yes interrupt_message=3 attention",
              "^ *status *value=0x1a interrupt_status=yes async_message_status=yes at_attention",
              "^ *kernel *owner=core phase=idle holds=- irq=33 exchanges=7 errors=1",
              "^ *latency *responses=2 min_us=200 mean_us=300 max_us=400",
              r'^ *log *time=1.000001 text=".*DOE: .190. xx:xx:xx:xx:xx:xx of x*')
        ok(not re.search(rf"\b(12345|{os.uname().nodename}|link)\b", out),
           "report names no serial number and no host", out)
        before = out
        works("report -o", f"report -o {file} {BDF}")
        ok(not out and file.read_text() == before, "the same in a file")
    gives(SYSTEM, "none", "report", "-o", f"{ROOT}/none/file", BDF)
    run("report", "--json")
    said("report --json, of what cannot be read", code == PERM)
    remove(SYS / "kernel", ROOT / "dev")


def dumps():
    """What lspci -xxxx prints, whole and cut."""
    path = ROOT / "dump"
    config = (DEV / "config").read_bytes()
    lines = [f"{DUMPED} 0502: 8086:0d93 (rev 01)\n"]
    lines += [f"{at:02x}: {config[at:at + 16].hex(' ')}\n" for at in range(0, 4096, 16)]
    write(path, "".join(lines) + "\n")
    run("list", "--dump", path)
    said("list --dump", code == OK and out == f"{DUMPED}@0x190 id=8086:0d93 version=2 message=3 "
         "capabilities=attention,async status=idle,interrupt,async,attention\n")
    works("report --json --dump", f"report --json --dump {path} 10000:2:3.4@190",
          '"at_attention": true')
    gives(NODEV, "no DOE Capability", "list", "--dump", path, "0:0.0")
    gives(USAGE, "wrong arguments", "discover", "--dump", path, "0:0.0")
    write(path, "".join(lines[:17]))
    run("list", "--json", "--dump", path)
    said("list --json --dump without extended configuration space", '@0x' not in out)
    gives(PERM, "1 of 1", "list", "--dump", path)
    said("which says so", True, rf'^{DUMPED} .*error="not in the dump"')
    write(path, "".join(lines[:26]))
    gives(PERM, "1 of 1", "list", "--dump", path)
    write(path, "".join(lines[:3]) + lines[4])
    gives(USAGE, "line 4 of the dump", "list", "--dump", path)
    gives(USAGE, "not a dump", "list", "--dump", "/dev/null")
    gives(SYSTEM, "No such file", "list", "--dump", ROOT / "none")


def character_device():
    """A FIFO echoes what is written: as much of a character device as is needed."""
    fresh(shared="0x190", bound=True)
    CDEV.parent.mkdir(parents=True)
    os.mkfifo(CDEV)
    with untouched("registers are left alone beside the character device"):
        works("list shows a character device", f"list {BDF}", f"owner=kernel .*cdev={CDEV}")
        works("exchange beside the kernel", f"exchange {AT} 1234:56 1122334455",
              "length=8", "response=1122334455000000$")
        works("discover beside the kernel", f"discover {AT}", "^0200:00")
        for name, pattern in (("cdat", "bad CDAT response"), ("spdm-version", "bad SPDM VERSION"),
                              ("compliance", "bad Compliance response")):
            gives(PROTO, pattern, name, AT)
        serve()
    gives(TIMEOUT, "no response", "-q", "--force", "exchange", AT, "1234:56")
    remove(AUX / "driver")
    gives(TIMEOUT, "no response", "-q", "exchange", AT, "1234:56")
    remove(CDEV)
    CDEV.symlink_to(ROOT / "none/x")
    bind()
    gives(OWNED, "see 'pcidoe take'", "exchange", AT, "1234:56")
    remove(ROOT / "dev")


def serve():
    server, port = serving("127.0.0.1:0")
    remote = f"tcp:127.0.0.1:{port}"
    works("serve: a client's exchange", f"exchange {remote} 1234:56 1122334455",
          "response=1122334455000000$")
    works("serve: the next client's discover --json", f"--json discover {remote}", '"0200:00"')
    gives(PROTO, "bad SPDM VERSION", "spdm-version", remote)
    gives(USAGE, "in use", "serve", "--listen", f"127.0.0.1:{port}", AT)
    server.terminate()
    ok(server.wait() == 128 + signal.SIGTERM and not server.stderr.read(),
       "serve ends by SIGTERM")
    gives(NODEV, "Connection refused", "exchange", remote, "1234:56")
    server, port = serving("0.0.0.0:0")
    server.terminate()
    ok("warning: whoever reaches 0.0.0.0:" in server.communicate()[1],
       "serve warns of an address that is not loopback")
    gives(USAGE, "not HOST:PORT", "serve", "--listen", "2323", AT)


def serving(where):
    """A server, and the port where it listens."""
    server = subprocess.Popen(command("serve", "--listen", where, AT), **PIPES)
    line = server.stdout.readline()
    ok("listen=" in line, f"serve --listen {where}", line)
    return server, line.strip().rpartition(":")[2]


def locked_down():
    """Lockdown lets root read and not write, as a sealed file does."""
    fresh(shared="0x190")
    write(SYS / "kernel/security/lockdown", "none [integrity] confidentiality")
    sealed = os.memfd_create("config", os.MFD_ALLOW_SEALING)
    os.write(sealed, (DEV / "config").read_bytes())
    fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    remove(DEV / "config")
    (DEV / "config").symlink_to(f"/proc/{os.getpid()}/fd/{sealed}")
    gives(PERM, "cannot write register .*, the kernel is locked down", "discover", AT)
    os.close(sealed)
    remove(SYS / "kernel")


def dead():
    """Registers that never answer."""
    fresh(shared="0x190")
    put(0x198, 0x0000000e)
    gives(TIMEOUT, "no response", "-q", "exchange", AT, "1234:56", "00", "1122")
    ok((get(0x198), get(0x1a0)) == (0xf, 0x00221100),
       "an exchange without response ends with an abort, Control is kept")
    for status, want, pattern in ((1, TIMEOUT, "stays busy"), (4, TIMEOUT, "stays busy"),
                                  (0xffffffff, NODEV, "is gone")):
        put(0x19c, status)
        gives(want, pattern, "-q", "discover", AT)
    (DEV / "config").write_bytes(b"\xff" * 4096)
    gives(NODEV, "is gone", "discover", AT)
    fresh(shared="0x190")
    run("discover", AT)
    ok(code == TIMEOUT and re.search("discover: working for 1 s", err),
       "a progress line after a second", err)

    first = subprocess.Popen(command("-q", "discover", AT), **PIPES)
    time.sleep(0.3)
    gives(OWNED, "another process", "discover", AT)
    gives(OWNED, "another process", "give", AT)
    first.communicate()
    for number in (signal.SIGINT, signal.SIGTERM):
        fresh(shared="0x190")
        stopped = subprocess.Popen(command("discover", AT), **PIPES)
        time.sleep(0.4)
        stopped.send_signal(number)
        words = stopped.communicate()[1]
        ok(stopped.returncode == 128 + number and "interrupted" in words and get(0x198) == 1,
           f"an abort after {number.name}", words)


def two_mailboxes():
    fresh(two=True, shared="0x1a8")
    gives(USAGE, "has 2 mailboxes", "discover", BDF)
    gives(USAGE, "has 2 mailboxes", "take", BDF)
    gives(OWNED, "0x190", "-q", "cdat", AT)
    gives(TIMEOUT, "0x1a8: no response", "-q", "cdat", f"{BDF}@1a8")
    ok(get(0x1a0) == 0, "of two mailboxes only the free one was used")


def unprivileged():
    """The kernel shows little to others."""
    fresh(shared="0x190")
    ROOT.chmod(0o755)
    (DEV / "config").write_bytes((DEV / "config").read_bytes()[:64])
    (DEV / "config").chmod(0o444)
    tool = [shutil.copy2(PCIDOE, ROOT / "pcidoe")]
    if not os.getuid():
        tool = ["setpriv", "--reuid", "65534", "--clear-groups", *tool]

    for args in (["list"], ["discover", AT]):
        run(*args, tool=tool)
        ok(code == PERM and len(err.splitlines()) == 1 and "no permission" in err,
           f"{args[0]}, as a user", err)
    write(DEV / "doe_features/0001:00")
    run("features", BDF, tool=tool)
    said("features, as a user", code == OK, "^0001:00")
    run("list", tool=tool)
    said("list as a user names a device that has mailboxes", True,
         f'^{BDF} .*error="no permission"')


try:
    test_pcidoe.run(arguments, owners, debugfs, unreadable, report, dumps, character_device,
                    locked_down, dead, two_mailboxes, unprivileged)
finally:
    shutil.rmtree(ROOT)
