# SPDX-License-Identifier: GPL-2.0
"""./run check: the library in every configuration that matters."""
import re

import host
import kernel
import tree

BASE = """CONFIG_64BIT=y
CONFIG_EXPERT=y
CONFIG_PCI=y
CONFIG_ACPI=y
CONFIG_NUMA=y
CONFIG_ACPI_NUMA=y
CONFIG_SMP=y
CONFIG_MODULES=y
CONFIG_SYSFS=y
CONFIG_DEBUG_FS=y
"""
MSI = "CONFIG_PCI_MSI=y\n"
DOE = "CONFIG_PCI_DOE=y\nCONFIG_PCI_DOE_AUX={0}\nCONFIG_PCI_DOE_SIM={0}\nCONFIG_KUNIT={0}\n" \
      "CONFIG_PCI_DOE_KUNIT_TEST={0}\n"
CXL = "CONFIG_CXL_BUS={0}\nCONFIG_CXL_PCI={0}\nCONFIG_CXL_ACPI={0}\nCONFIG_CXL_MEM={0}\n" \
      "CONFIG_CXL_PORT={0}\n"
TSM = "CONFIG_PCI_TSM=y\n"
CONFIGS = {
    "no-doe": BASE + MSI,
    "cxl-builtin": BASE + MSI + DOE.format("y") + CXL.format("y") + TSM,
    "cxl-module": BASE + MSI + DOE.format("m") + CXL.format("m"),
    "no-msi": BASE + DOE.format("y") + CXL.format("y"),
    "no-sysfs": BASE.replace("SYSFS=y", "SYSFS=n").replace("DEBUG_FS=y", "DEBUG_FS=n") + MSI +
                DOE.format("y"),
}
# Our files, in what the compiler says.
OURS = r"(?:\S*/)?(?:doe[\w-]*\.[ch]|pci[-_]doe\.h)"


def add_arguments(parser):
    tree.add_kernel_argument(parser)
    parser.add_argument("what", nargs="*", metavar="CHECK",
                        help=f"which checks (default: all): {', '.join(CHECKS)}")


def main(args):
    unknown = set(args.what) - set(CHECKS)
    if unknown:
        raise host.Fail(f"no check named {unknown.pop()}: there is {', '.join(CHECKS)}")
    host.install(host.BUILD_PACKAGES)
    source = tree.prepared(args.kernel)
    failed = sum(CHECKS[name](source) for name in args.what or CHECKS)
    print(f"{failed} checks failed" if failed else "all checks passed")
    return int(failed > 0)


def builds(source):
    """W=1 in every configuration: neither errors nor a warning from our files."""
    return sum(not build(source, name, config) for name, config in CONFIGS.items())


def build(source, name, config):
    where = source.with_name("check") / name
    where.mkdir(parents=True, exist_ok=True)
    make = ["make", "-C", source, f"O={where}", "ARCH=x86_64", kernel.CC, kernel.JOBS]
    fragment = where / "fragment.config"
    fragment.write_text(config)
    if host.run([*make, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"]).returncode:
        raise host.Fail(f"{name}: make allnoconfig failed in {where}")
    log = where / "make.log"
    for path in (where / "drivers/pci").glob("*doe*.o"):
        path.unlink()
    try:
        # Modules are linked too, for the exports they need
        targets = [] if "=m" in config else ["drivers/pci/", "drivers/cxl/"]
        host.build([*make, "W=1", *targets], f"W=1 {name}", log,
                   r"\s+(CC|AS|LD|AR)\s")
    except host.Fail as err:
        print(err)
        return False
    warnings = [line for line in log.read_text().splitlines()
                if re.match(OURS + r":\d+.*warning", line)]
    for line in warnings:
        print(line)
    return not warnings


CHECKS = {"builds": builds}
