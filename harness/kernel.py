# SPDX-License-Identifier: GPL-2.0
"""Configure and build the integrated kernel through the kernel's own kunit.py."""
import os
import re
import sys

import guest
import host
import tree

CONFIGS = ("drivers/pci/.kunitconfig", "harness/qemu.config")
JOBS = f"-j{os.cpu_count()}"
CC = "CC=ccache gcc"
PCIDOE = host.BUILD / "tools/pcidoe"


def ready(release):
    """The kernel and the tool, built; whatever that needs is installed first."""
    host.install({**host.BUILD_PACKAGES, **host.QEMU_PACKAGES})
    guest.check_qemu()
    PCIDOE.parent.mkdir(parents=True, exist_ok=True)
    made = host.run(["make", "-C", host.ROOT / "tools/pci", f"OUTPUT={PCIDOE.parent}/"])
    if made.returncode:
        raise host.Fail(f"pcidoe could not be built: {(made.stderr.splitlines() or ['?'])[0]}")
    kernel = Kernel(release)
    kernel.build()
    return kernel


class Kernel:
    """A tree, its build directory and the image in it."""

    def __init__(self, release):
        self.dir = tree.place(release) / "kernel"
        self.image = self.dir / "arch/x86/boot/bzImage"
        if not self.image.exists():
            host.need_space(host.BUILD, 3)
        self.tree = tree.prepared(release)

    def kunit(self, command, *options):
        """The command line of kunit.py for this kernel."""
        return [sys.executable, "-B", self.tree / "tools/testing/kunit/kunit.py", command,
                *options]

    def build(self):
        self.dir.mkdir(exist_ok=True)
        result = host.run(self.kunit(
            "config", "--arch=x86_64", f"--build_dir={self.dir}", f"--make_options={CC}",
            *(f"--kunitconfig={host.ROOT / name}" for name in CONFIGS)), cwd=self.tree)
        if result.returncode:
            why = re.search(r"(?:Missing|error).*", result.stderr + result.stdout)
            raise host.Fail(f"kunit.py config failed: {why.group() if why else 'no message'}")
        host.build(["make", "-C", self.tree, f"O={self.dir}", "ARCH=x86_64", CC, JOBS],
                   f"building Linux {tree.version(self.tree)}", self.dir / "make.log",
                   r"\s+(CC|AS|LD|AR)\s")
