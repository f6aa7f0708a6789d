# SPDX-License-Identifier: GPL-2.0
"""The machine that builds and runs: packages, disk space, progress, commands."""
import glob
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HARNESS = ROOT / "harness"
BUILD = ROOT / "build"
START = time.monotonic()
# One clone's kernels serve the next: without the names of their directories
os.environ.setdefault("CCACHE_BASEDIR", str(ROOT))
os.environ.setdefault("CCACHE_NOHASHDIR", "1")

# Debian packages, and by what file or command it is seen that one is there, if not by a
# command of the same name
UML = "gcc libc6-dev make flex bison bc xz-utils ccache"
BUILDING = f"{UML} libelf-dev libpci-dev"
FIRMWARE = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
PROBES = {
    "libc6-dev": "/usr/include/stdio.h", "xz-utils": "xz", "libelf-dev": "/usr/include/gelf.h",
    "libpci-dev": "/usr/include/*/pci/pci.h", "qemu-system-x86": "qemu-system-x86_64",
    "busybox-static": "busybox", "kexec-tools": "/sbin/kexec", "libssl3": "/usr/lib/*/libssl.so.3",
    "gcc-aarch64-linux-gnu": "aarch64-linux-gnu-gcc", "qemu-system-arm": "qemu-system-aarch64",
    "qemu-efi-aarch64": FIRMWARE, "gnuplot-nox": "gnuplot", "coccinelle": "spatch",
    "ocaml": "ocamlopt", "python3-sphinx": "sphinx-build", "debhelper": "dh",
    "kmod": "/sbin/depmod", "dpkg-dev": "dpkg-buildpackage",
    "libssl-dev": "/usr/include/openssl/ssl.h",
    "linux-source-6.12": "/usr/src/linux-source-6.12.tar.xz",
}


class Fail(Exception):
    """Ends the command; the text is the one line that says what to do."""


class Progress:
    """One line that grows on a terminal, a line every half minute elsewhere."""

    def __init__(self, what):
        self.what, self.shown, self.tty = what, START, sys.stdout.isatty()
        self.start = time.monotonic()
        self.show("", force=True)

    def show(self, state, force=False, end=""):
        now = time.monotonic()
        if not force and now - self.shown < (0.2 if self.tty else 30):
            return
        self.shown = now
        line = f"==> {self.what} {state} [{clock(now - self.start)}]"
        print(f"\r\033[K{line}" if self.tty else line, end=end if self.tty else "\n",
              flush=True)

    def done(self, state="done"):
        self.show(state, force=True, end="\n")


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def run(cmd, **kwargs):
    """Run quietly; the result carries returncode, stdout and stderr."""
    return subprocess.run([str(c) for c in cmd], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, check=False, **kwargs)


def build(cmd, what, log, count):
    """Run a long command, its output in a log, with the lines that match counted."""
    progress, seen = Progress(what), 0
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as out, subprocess.Popen(
            [str(c) for c in cmd], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace") as proc:
        for line in proc.stdout:
            out.write(line)
            seen += bool(re.match(count, line))
            progress.show(f"{seen} files")
    progress.done(f"{seen} files")
    if proc.returncode:
        errors = [line for line in log.read_text().splitlines()
                  if re.search(r"\berror:|\*\*\*|undefined reference", line)]
        raise Fail(f"{what} failed: {errors[0] if errors else 'no message'} (see {log}; "
                   f"if {BUILD} is stale, remove it)")


def missing(packages):
    probes = {name: PROBES.get(name, name) for name in packages.split()}
    return [name for name, probe in probes.items()
            if not (glob.glob(probe) if probe[0] == "/" else shutil.which(probe))]


def apt_get():
    """apt-get with the right to change the system."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    return [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]


def install(packages):
    """Install with apt-get what the probes do not find."""
    lacking = missing(packages)
    if not lacking:
        return
    names = " ".join(lacking)
    if not shutil.which("apt-get"):
        raise Fail(f"missing {names}, and there is no apt-get: install them by hand")
    if os.geteuid() and not shutil.which("sudo"):
        raise Fail(f"missing {names}: run 'apt-get install {names}' as root")
    progress = Progress(f"installing {names}")
    add = [*apt_get(), "install", "--no-install-recommends", *lacking]
    # Fresh machines have no package lists, others old ones.
    if run(add).returncode:
        run([*apt_get(), "update"])
        run(add)
    if missing(packages):
        progress.done("failed")
        raise Fail(f"could not install {names}: see what 'apt-get install {names}' says")
    progress.done()


def need_space(where, gigabytes):
    while not where.exists():
        where = where.parent
    free = shutil.disk_usage(where).free / 2**30
    if free < gigabytes:
        raise Fail(f"{where}: {free:.1f} GB free, {gigabytes} needed: make room there")
