# SPDX-License-Identifier: GPL-2.0
"""The processors and kinds of kernel of ./run test --arch: what kunit.py is told."""
from typing import NamedTuple

import guest
import host
import kernel

ARM64 = "gcc-aarch64-linux-gnu qemu-system-arm"


class Arch(NamedTuple):
    """A kernel, and a machine.  What has the same boots the same kernel."""
    name: str
    linux: str = "x86_64"
    add: tuple = ("EXPERT=y", "PROVE_RAW_LOCK_NESTING=y")
    machine: str = "-smp 2"
    parameters: str = "no_timer_check"
    configs: tuple = kernel.CONFIGS[:1]
    packages: str = guest.PACKAGES
    only: str = ""          # the kernel that has it, if not all


# The kernel of ./run test
X86 = Arch("kernel", add=(), configs=kernel.CONFIGS)
ARM = Arch("arm64", "arm64", parameters="", packages=ARM64)
ARCHES = {
    "x86_64": X86,
    "threadirqs": X86._replace(parameters="no_timer_check threadirqs"),
    "up": Arch("up", add=(*ARM.add, "SMP=n"), machine="-smp 1"),
    "rt": Arch("rt", add=(*ARM.add, "PREEMPT_RT=y")),
    "i386": Arch("i386", "i386"),
    "arm64": ARM,
    "arm64-acpi": ARM._replace(
        machine=f"-smp 2 -bios {host.FIRMWARE} -kernel {{}}/arch/arm64/boot/Image",
        parameters="acpi=force", packages=f"{ARM64} qemu-efi-aarch64"),
    "arm64-be": ARM._replace(name="arm64-be", add=(*ARM.add, "CPU_BIG_ENDIAN=y"), only="6.12"),
}
