# SPDX-License-Identifier: GPL-2.0
"""Configure and build the integrated kernel through the kernel's own kunit.py."""
import os
import re
import sys

import guest
import host
import tree

CONFIGS = ("harness/kunit.config", "harness/qemu.config",
           "tools/testing/selftests/pci_doe/config")
JOBS = f"-j{os.cpu_count()}"
CC = "CC=ccache gcc"
PCIDOE = host.BUILD / "tools/pcidoe"


def build_pcidoe():
    PCIDOE.parent.mkdir(parents=True, exist_ok=True)
    made = host.run(["make", "-C", host.ROOT / "tools/pci", f"OUTPUT={PCIDOE.parent}/"])
    if made.returncode:
        raise host.Fail(f"pcidoe could not be built: {(made.stderr.splitlines() or ['?'])[0]}")


def iasl():
    """An iasl that knows CDAT, which Debian 12's does not: that of a newer suite, with
    the C library that it was built for."""
    unpacked, wrapper = host.BUILD / "tools/acpica", host.BUILD / "tools/iasl"
    if wrapper.exists():
        return wrapper
    for package in ("acpica-tools", "libc6"):
        tree.newer(package, unpacked, "the tests of pcidoe need it")
    loader = next(unpacked.glob("usr/lib/*/ld-linux-*.so.*"))
    wrapper.write_text(f'#!/bin/sh\nexec {loader} --library-path {loader.parent} '
                       f'{unpacked}/usr/bin/iasl "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def ready(release):
    """The kernel and the tool, built; whatever that needs is installed first."""
    guest.install()
    build_pcidoe()
    kernel = Kernel(release)
    if kernel.has_tsm():
        kernel.add += ("PCI_TSM=y",)
    kernel.build()
    return kernel


def library():
    """The sources of the library, from its Makefile."""
    text = (host.ROOT / tree.MAKEFILE).read_text().replace("\\\n", "")
    lines = re.findall(r"^obj-\$\(CONFIG_PCI_DOE(?:_AUX|_CDEV)?\)\s*\+=(.*)", text, re.M)
    return [host.ROOT / f"drivers/pci/{name[:-2]}.c" for line in lines for name in line.split()]


def configure(make, where, text, goal="allnoconfig", optional=()):
    """Configure with a fragment.  By allnoconfig all of it but what is optional is to
    be there then."""
    where.mkdir(parents=True, exist_ok=True)
    fragment = where / "fragment.config"
    fragment.write_text(text)
    if host.run([*make, f"KCONFIG_ALLCONFIG={fragment}", *goal.split()]).returncode:
        raise host.Fail(f"make {goal} failed in {where}")
    wanted = {line for line in text.splitlines() if re.match(r"CONFIG_\w+=[^n]", line)}
    lacking = wanted - set((where / ".config").read_text().splitlines()) - set(optional)
    if lacking and goal == "allnoconfig":
        raise host.Fail(f"{where}: the kernel does not take {' '.join(sorted(lacking))}")


class Kernel:
    """A tree, a build directory beside it and the image in that.

    configs are fragments below this repository, add further options; with minimal
    everything that they do not name is off, else it is as the kernel has it by default.
    linux is the architecture."""

    def __init__(self, release, name="kernel", configs=CONFIGS, minimal=False, add=(),
                 linux="x86_64"):
        self.name, self.configs, self.minimal, self.add = name, configs, minimal, add
        self.linux, self.cross = linux, "aarch64-linux-gnu-" * (linux == "arm64")
        self.dir = tree.place(release) / name
        self.image = self.dir / "arch/x86/boot/bzImage"
        if not self.image.exists():
            host.need_space(host.BUILD, 3)
        self.tree = tree.prepared(release)

    def kunit(self, command, *options):
        """The command line of kunit.py for this kernel."""
        return [sys.executable, "-B", self.tree / "tools/testing/kunit/kunit.py", command,
                f"--arch={self.linux}", f"--cross_compile={self.cross}",
                f"--build_dir={self.dir}", *options]

    def has_tsm(self):
        """From 6.19 on."""
        return "config PCI_TSM\n" in (self.tree / "drivers/pci/Kconfig").read_text()

    def make(self, *targets):
        return ["make", "-C", self.tree, f"O={self.dir}", f"ARCH={self.linux}",
                f"CROSS_COMPILE={self.cross}", f"CC=ccache {self.cross}gcc", *targets]

    def build(self, *targets):
        self.dir.mkdir(parents=True, exist_ok=True)
        self.configure()
        host.build(self.make(JOBS, *targets),
                   f"building Linux {tree.version(self.tree)}, {self.name},",
                   self.dir / "make.log", r"\s+(CC|AS|LD|AR)\s")

    def configure(self):
        if self.minimal:
            configure(self.make(), self.dir,
                      "".join((host.ROOT / name).read_text() for name in self.configs))
            return
        done = host.run(self.kunit(
            "config", f"--make_options=CC=ccache {self.cross}gcc",
            *(f"--kconfig_add=CONFIG_{option}" for option in self.add),
            *(f"--kunitconfig={host.ROOT / name}" for name in self.configs)), cwd=self.tree)
        if done.returncode:
            raise host.Fail("kunit.py config failed: " + "".join(
                re.findall(r"(?:Missing|error).*", done.stderr + done.stdout)[:1]))
