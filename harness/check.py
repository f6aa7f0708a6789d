# SPDX-License-Identifier: GPL-2.0
"""./run check: the library in every configuration that matters."""
import re

import host
import kernel
import tree

BASE = "64BIT EXPERT SMP MODULES PCI ACPI NUMA X86_64_ACPI_NUMA DEBUG_KERNEL"
CXL = "CXL_BUS CXL_PCI CXL_ACPI CXL_MEM CXL_PORT"
OURS = "PCI_DOE_AUX PCI_DOE_SIM KUNIT PCI_DOE_KUNIT_TEST"


def options(yes, modules=""):
    """A configuration fragment."""
    return "".join(f"CONFIG_{name}={value}\n" for value, names in (("y", yes), ("m", modules))
                   for name in names.split())


CONFIGS = {
    "no-doe": options(f"{BASE} SYSFS DEBUG_FS PCI_MSI"),
    "doe": options(f"{BASE} SYSFS DEBUG_FS PCI_MSI PCI_DOE"),
    "builtin": options(f"{BASE} SYSFS DEBUG_FS PCI_MSI PCI_DOE PCI_TSM {OURS} {CXL}"),
    "modules": options(f"{BASE} SYSFS DEBUG_FS PCI_MSI PCI_DOE", f"{OURS} {CXL}"),
    "no-msi": options(f"{BASE} SYSFS DEBUG_FS PCI_DOE {OURS} {CXL}"),
    "no-sysfs": options(f"{BASE} PCI_MSI PCI_DOE {OURS}") + "CONFIG_SYSFS=n\n",
}
# Not in every kernel
OPTIONAL = {"CONFIG_PCI_TSM=y"}
# Our files, in what the compiler says.
OUR_FILES = r"(?:\S*/)?(?:doe[\w-]*\.[ch]|pci[-_]doe\.h)"


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
    lacking = set(config.split()) - set((where / ".config").read_text().split()) - OPTIONAL
    if any(not line.endswith("=n") for line in lacking):
        raise host.Fail(f"{name}: the kernel does not take {' '.join(sorted(lacking))}")
    log = where / "make.log"
    for path in (where / "drivers/pci").glob("*doe*.o"):
        path.unlink()
    try:
        # Modules are linked too, for the exports they need
        targets = [] if name == "modules" else ["drivers/pci/", "drivers/cxl/"]
        host.build([*make, "W=1", *targets], f"W=1 {name}", log,
                   r"\s+(CC|AS|LD|AR)\s")
    except host.Fail as err:
        print(err)
        return False
    warnings = [line for line in log.read_text().splitlines()
                if re.match(OUR_FILES + r":\d+.*warning", line)]
    for line in warnings:
        print(line)
    return not warnings


CHECKS = {"builds": builds}
