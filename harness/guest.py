# SPDX-License-Identifier: GPL-2.0
"""The emulated machine: QEMU with a CXL host bridge, a switch and two memory
devices, and a small initramfs whose output comes through a serial port of its own."""
import os
import re
import shutil
import struct
import subprocess
import time

import host

PACKAGES = "qemu-system-x86 busybox-static cpio rsync kexec-tools"
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
# pcie_aspm=off: or else the kernel gets control of CXL events, which need more than
# the one vector of the Type 3 device, and cxl_pci gives up on it.
# no_timer_check: on a machine under load the emulated timer may look broken, and a
# guest that gets no time may take that for a stall.
PARAMETERS = ("console=ttyS0 panic=-1 kunit.enable=0 pcie_aspm=off no_timer_check "
              "rcupdate.rcu_cpu_stall_timeout=300 workqueue.watchdog_thresh=300")
# To run suites without a script; from 6.16 on a kernel may be built not to do so.
KUNIT = "kunit.enable=1 kunit.autorun=1"
# Kinds of figures in a CDAT
READ_LATENCY, WRITE_LATENCY, READ_BANDWIDTH, WRITE_BANDWIDTH = 1, 2, 4, 5
# Of a latency and of a bandwidth: picoseconds, MB/s
UNIT = {READ_LATENCY: 1000, WRITE_LATENCY: 1000, READ_BANDWIDTH: 1024, WRITE_BANDWIDTH: 1024}


def cdat(*entries):
    """The header, and an entry for each (type, body)."""
    rest = b"".join(struct.pack("<BxH", kind, 4 + len(body)) + body for kind, body in entries)
    whole = struct.pack("<IBB6xI", 16 + len(rest), 1, 0, 0) + rest
    return whole[:5] + bytes([-sum(whole) & 0xff]) + whole[6:]


def memory_cdat(ranges, size):
    """A memory device in ranges of different speed: DSMAS, DSLBIS, DSEMTS of each."""
    entries = []
    for handle in range(ranges):
        speed = {READ_LATENCY: 150 + handle, WRITE_LATENCY: 180 + handle,
                 READ_BANDWIDTH: 32 + handle % 4, WRITE_BANDWIDTH: 24 + handle % 4}
        entries += [(0, struct.pack("<BBxxQQ", handle, 1 << 2, handle * size, size)),
                    *((1, struct.pack("<BBBxQHHHxx", handle, 0, kind, UNIT[kind], value, 0, 0))
                      for kind, value in speed.items()),
                    (4, struct.pack("<BBxxQQ", handle, 0, 0, size))]
    return cdat(*entries)


def switch_cdat(ports):
    """A switch: SSLBIS, latency and bandwidth from its upstream port to each other."""
    return cdat(*((5, struct.pack("<B3xQ", kind, UNIT[kind]) + b"".join(
        struct.pack("<HHHxx", 0x100, port, value) for port in range(ports)))
        for kind, value in ((READ_LATENCY, 70), (READ_BANDWIDTH, 64))))


# PCI address that the kernel gives the device: CDAT that it serves.
CDATS = {
    "0000:0d:00.0": memory_cdat(ranges=100, size=2 << 20),
    "0000:0e:00.0": switch_cdat(ports=2),
    "0000:10:00.0": memory_cdat(ranges=2, size=128 << 20),
}


def memory_device(served):
    """The Type 3 device below a root port, as QEMU is to make it."""
    return f"cxl-type3,bus=rp0,memdev=mem0,lsa=lsa0,id=pmem0,cdat={served / next(iter(CDATS))}"


def machine(served, port="cxl-rp"):
    """A Type 3 device below a root port, another behind a switch."""
    _, upstream, small = (f"cdat={served / name}" for name in CDATS)
    memory = [arg for n in (0, 1) for arg in (
        "-object", f"memory-backend-ram,id=mem{n},share=on,size=256M",
        "-object", f"memory-backend-ram,id=lsa{n},share=on,size=1M")]
    devices = [
        "pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl.1",
        f"{port},port=0,bus=cxl.1,id=rp0,chassis=0,slot=2",
        f"{port},port=1,bus=cxl.1,id=rp1,chassis=0,slot=3",
        memory_device(served),
        f"cxl-upstream,bus=rp1,id=us0,{upstream}",
        "cxl-downstream,port=0,bus=us0,id=dp0,chassis=0,slot=4",
        f"cxl-type3,bus=dp0,memdev=mem1,lsa=lsa1,id=pmem1,{small}",
    ]
    return ["-M", "q35,cxl=on,cxl-fmw.0.targets.0=cxl.1,cxl-fmw.0.size=4G",
            "-m", "1G,maxmem=4G,slots=4", "-smp", "2", "-accel", "tcg", *memory,
            *(arg for device in devices for arg in ("-device", device))]


def monitor(served):
    """What a guest may have done to its devices: device, action, command of QEMU's
    monitor.  Slots of its switches have no power control, by which to unplug."""
    memory, switch, _ = CDATS
    return (f"{memory} unplug device_del pmem0\n"
            f"{memory} plug device_add {memory_device(served)}\n"
            f"{switch} nonfatal pcie_aer_inject_error us0 COMP_TIME\n"
            f"{switch} fatal pcie_aer_inject_error us0 DLP\n")


def monitored(served, port):
    """The machine with the monitor at the other end of a serial port."""
    socket = f"path=doe-monitor-{os.getpid()},abstract=on"
    return [*machine(served, port),
            "-chardev", f"socket,id=monitor,{socket},server=on,wait=off",
            "-mon", "chardev=monitor,mode=control", "-chardev", f"socket,id=port,{socket}",
            "-device", "isa-serial,chardev=port,index=3,irq=10",
            # Hot-plug is PCIe's own then
            "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"]


def install(more=""):
    """What it takes to build a kernel and to boot it."""
    host.install(f"{host.BUILDING} {PACKAGES} {more}")
    text = host.run([QEMU, "--version"]).stdout if shutil.which(QEMU) else "missing"
    if [int(part) for part in re.findall(r"\d+", text)[:2]] < [7, 2]:
        raise host.Fail(f"{QEMU} is {text.splitlines()[0]}: 7.2 or newer is needed, name "
                        "another one in QEMU=")


def add_binary(root, binary):
    """An executable and the libraries that it needs at run time."""
    for path in (binary, *re.findall(r"(/\S+) \(0x", host.run(["ldd", binary]).stdout)):
        target = root / ("bin" if path == binary else os.path.dirname(path).lstrip("/"))
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def initramfs(kernel, binaries=()):
    """busybox, programs, our modules if the kernel has any, and what else is ours."""
    where = host.BUILD / "boots" / kernel.name
    root = where / "root"
    shutil.rmtree(root, ignore_errors=True)
    for name in ("etc", "proc", "sys", "dev", "tmp", "modules", "cdat"):
        (root / name).mkdir(parents=True)
    for binary in (shutil.which("busybox"), *binaries):
        add_binary(root, binary)
    for module in kernel.dir.glob("drivers/pci/**/doe*.ko"):
        shutil.copy2(module, root / "modules")
    (root / "etc/passwd").write_text("nobody:x:65534:65534::/:\n")
    furnish(kernel.tree, root)
    return pack(root, where / "initramfs.cpio")


def furnish(source, root):
    """What is ours, beside a shell: the init script, the kselftests, the tables."""
    (root / "etc/monitor").write_text(monitor(root / "cdat"))
    (root / "cdat").mkdir(exist_ok=True)
    built = host.run(["make", "-C", source / "tools/testing/selftests", "TARGETS=pci_doe",
                      f"O={host.BUILD}/kselftest", f"INSTALL_PATH={root}/selftests",
                      "LDFLAGS=-static", "install"])
    if built.returncode:
        raise host.Fail(f"the kselftests could not be built: {built.stderr.strip()}")
    scripts = shutil.copytree(host.HARNESS / "guest", root / "selftests/pci_doe",
                              dirs_exist_ok=True)
    (scripts / "init").rename(root / "init")
    for name, table in CDATS.items():
        (root / "cdat" / name).write_bytes(table)


def pack(root, packed, first=b""):
    """An archive of a directory, behind another one if there is one."""
    find = subprocess.run(["find", "."], cwd=root, stdout=subprocess.PIPE, check=True)
    with open(packed, "wb") as out:
        out.write(first)
        out.flush()
        if subprocess.run(["cpio", "--quiet", "-oH", "newc"], cwd=root, input=find.stdout,
                          stdout=out, check=False).returncode:
            raise host.Fail(f"{packed} could not be written: is there disk space?")
    return packed


def with_kexec(kernel, initrd):
    """The same with kexec, and with what that is to load."""
    root = initrd.with_name("kexec")
    shutil.rmtree(root, ignore_errors=True)
    (root / "boot").mkdir(parents=True)
    add_binary(root, shutil.which("kexec", path="/usr/sbin:/sbin"))
    shutil.copy2(kernel.image, root / "boot/kernel")
    shutil.copy2(initrd, root / "boot/initrd")
    return pack(root, initrd.with_name("kexec.cpio"), initrd.read_bytes())


class Boot:
    """What came through the serial ports.  What shown matches last on the console is progress."""

    def __init__(self, kernel, name, initrd, parameters, timeout=900, shown=None,
                 monitored_port=None):
        where, served = initrd.parent, initrd.parent / "root/cdat"
        self.log, self.out = where / f"{name}.log", where / f"{name}.out"
        for path in (self.log, self.out):
            path.unlink(missing_ok=True)
        devices = monitored(served, monitored_port) if monitored_port else machine(served)
        command = [QEMU, *devices, "-nodefaults", "-no-reboot", "-display", "none",
                   "-serial", f"file:{self.log}", "-serial", f"file:{self.out}",
                   "-kernel", kernel.image, "-initrd", initrd,
                   "-append", f"{PARAMETERS} {parameters}"]
        progress = host.Progress(f"booting {name}")
        end = time.monotonic() + timeout
        with subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as qemu:
            while qemu.poll() is None and time.monotonic() < end:
                time.sleep(1)
                found = re.findall(shown, read(self.log), re.M) if shown else ()
                progress.show(found[-1] if found else "")
            self.problem = f"no end after {timeout} s" if qemu.poll() is None else \
                qemu.stderr.read().strip() if qemu.returncode else ""
            qemu.kill()
        progress.done()
        self.console, self.output = read(self.log), read(self.out)


def tcg_only():
    """The environment for kunit.py: newer ones try KVM first, and hang where its
    device opens but runs no guest."""
    wrapper = host.BUILD / "tools" / "qemu-system-x86_64"
    wrapper.write_text(f"""#!/bin/sh
for arg; do
	shift
	case $arg in -accel | kvm | hvf | tcg) continue ;; esac
	set -- "$@" "$arg"
done
exec {shutil.which(QEMU)} -accel tcg "$@"
""")
    wrapper.chmod(0o755)
    return {**os.environ, "PATH": f"{wrapper.parent}:{os.environ['PATH']}"}


def read(path):
    return path.read_text(errors="replace").replace("\r", "") if path.exists() else ""
