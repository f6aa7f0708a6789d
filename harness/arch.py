# SPDX-License-Identifier: GPL-2.0
"""./run test --arch: the KUnit suites on other processors and kinds of kernel, which
kunit.py configures and boots."""
from typing import NamedTuple

import guest
import host
import kernel
import tree

FIRMWARE = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
ADD = ("--kconfig_add=CONFIG_EXPERT=y", "--kconfig_add=CONFIG_PROVE_RAW_LOCK_NESTING=y")
ARM64 = {"gcc-aarch64-linux-gnu": "aarch64-linux-gnu-gcc", "qemu-system-arm": "qemu-system-aarch64"}


class Arch(NamedTuple):
    """A kernel, by kunit.py's name of its architecture, and a machine."""
    name: str               # directory: what has the same boots the same kernel
    linux: str = "x86_64"
    options: tuple = ADD    # of kunit.py config
    machine: str = "-smp 2"
    parameters: str = "no_timer_check"
    configs: tuple = ("harness/kunit.config",)
    packages: dict = host.QEMU_PACKAGES
    only: str = ""          # the kernel that has it, if not all


# The kernel of ./run test
X86 = Arch("kernel", options=(), configs=kernel.CONFIGS)
ARM = Arch("arm64", "arm64", parameters="", packages=ARM64)
ARCHES = {
    "x86_64": X86,
    "threadirqs": X86._replace(parameters="no_timer_check threadirqs"),
    "up": Arch("up", options=(*ADD, "--kconfig_add=CONFIG_SMP=n",), machine="-smp 1"),
    "rt": Arch("rt", options=(*ADD, "--kconfig_add=CONFIG_PREEMPT_RT=y",)),
    "i386": Arch("i386", "i386"),
    "arm64": ARM,
    "arm64-acpi": ARM._replace(machine=f"-smp 2 -bios {FIRMWARE} -kernel {{dir}}/arch/arm64/boot/Image",
                               parameters="acpi=force",
                               packages={**ARM64, "qemu-efi-aarch64": FIRMWARE}),
    "arm64-be": ARM._replace(name="arm64-be", options=(*ADD, "--kconfig_add=CONFIG_CPU_BIG_ENDIAN=y",),
                             only="6.12"),
}


class Kernel(kernel.Kernel):
    """The kernel of one of them."""

    def __init__(self, release, arch):
        self.linux = arch.linux
        self.cross = "aarch64-linux-gnu-" if arch.linux == "arm64" else ""
        super().__init__(release, arch.name, arch.configs, options=arch.options)
        self.machine = arch.machine.format(dir=self.dir)


def ready(release, name):
    """The kernel, built."""
    arch = ARCHES[name]
    host.install({**host.BUILD_PACKAGES, **arch.packages})
    built = Kernel(release, arch)
    built.build()
    return built


def offered(release, name):
    only = ARCHES[name].only
    return not only or tree.version(tree.prepared(release)).startswith(f"{only}.")
