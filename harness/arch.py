# SPDX-License-Identifier: GPL-2.0
"""./run test --arch: the KUnit suites on other processors and kinds of kernel."""
import subprocess
from typing import NamedTuple

import guest
import host
import kernel
import tree

TIMEOUT = 3600
PC = "CONFIG_ACPI=y\nCONFIG_SERIAL_8250=y\nCONFIG_SERIAL_8250_CONSOLE=y\n"
PC64 = f"CONFIG_64BIT=y\n{PC}"
SMP = "CONFIG_SMP=y\nCONFIG_NR_CPUS=8\n"
VIRT = (f"{SMP}CONFIG_PCI_HOST_GENERIC=y\nCONFIG_SERIAL_AMBA_PL011=y\n"
        "CONFIG_SERIAL_AMBA_PL011_CONSOLE=y\n")
FIRMWARE = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
ARM64 = {"gcc-aarch64-linux-gnu": "aarch64-linux-gnu-gcc", "qemu-system-arm": "qemu-system-aarch64"}


class Arch(NamedTuple):
    """A configuration and a machine that boots it."""
    kernel: str             # directory: what has the same boots the same kernel
    config: str
    linux: str = "x86_64"
    machine: tuple = ("-M", "q35", "-smp", "2")
    console: str = "ttyS0"
    parameters: str = "no_timer_check"
    packages: dict = host.QEMU_PACKAGES
    only: str = ""          # the kernel that has it, if not all

    @property
    def qemu(self):
        return {"arm64": "qemu-system-aarch64",
                "i386": "qemu-system-i386"}.get(self.linux, guest.QEMU)

    @property
    def make(self):
        cross = "aarch64-linux-gnu-" if self.linux == "arm64" else ""
        return [f"ARCH={self.linux}", f"CROSS_COMPILE={cross}", f"CC=ccache {cross}gcc"]


X86 = Arch("kernel", "")  # the kernel of ./run test
VIRT_MACHINE = ("-M", "virt", "-cpu", "cortex-a72", "-smp", "2")
ARM = Arch("arm64", VIRT + "CONFIG_ACPI=y\nCONFIG_EFI=y\n", "arm64", VIRT_MACHINE, "ttyAMA0",
           "", ARM64)
ARCHES = {
    "x86_64": X86,
    "threadirqs": X86._replace(parameters="no_timer_check threadirqs"),
    "up": Arch("up", PC64, machine=("-M", "q35")),
    "rt": Arch("rt", PC64 + SMP + "CONFIG_PREEMPT_RT=y\n"),
    "i386": Arch("i386", PC + SMP, "i386"),
    "arm64": ARM,
    "arm64-acpi": ARM._replace(machine=(*VIRT_MACHINE, "-bios", FIRMWARE), parameters="acpi=force",
                               packages={**ARM64, "qemu-efi-aarch64": FIRMWARE}),
    "arm64-be": ARM._replace(kernel="arm64-be", config=f"{VIRT}CONFIG_CPU_BIG_ENDIAN=y\n",
                             only="6.12"),
}


class Kernel(kernel.Kernel):
    """A small kernel for one of them."""

    def __init__(self, release, arch):
        self.arch = arch
        if arch.config:
            super().__init__(release, arch.kernel, minimal=True, extra=arch.config,
                             configs=("drivers/pci/.kunitconfig", "harness/arch.config"))
        else:
            super().__init__(release)
        if arch.linux == "arm64":
            self.image = self.dir / "arch/arm64/boot/Image"

    def make(self, *targets):
        return ["make", "-C", self.tree, f"O={self.dir}", *self.arch.make, *targets]


def offered(release, name):
    only = ARCHES[name].only
    return not only or tree.version(tree.prepared(release)).startswith(f"{only}.")


def boot(release, name):
    """Build the kernel and run the suites; the log of the console."""
    arch = ARCHES[name]
    host.install({**host.BUILD_PACKAGES, **arch.packages})
    built = Kernel(release, arch)
    built.build()
    log = built.dir / f"{name}.log"
    log.unlink(missing_ok=True)
    command = [arch.qemu, *arch.machine, "-m", "1G", "-accel", "tcg", "-nodefaults", "-no-reboot",
               "-display", "none", "-serial", f"file:{log}", "-kernel", built.image, "-append",
               f"console={arch.console} panic=-1 {guest.KUNIT} kunit_shutdown=reboot "
               f"kunit.filter=speed>very_slow {arch.parameters}"]
    progress = host.Progress(f"booting {name}")
    try:
        host.run(command, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        print(f"{name}: no end after {TIMEOUT} s")
    progress.done()
    return built, log
