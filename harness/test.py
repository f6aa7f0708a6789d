# SPDX-License-Identifier: GPL-2.0
"""./run test: the KUnit suites, the tool's own tests, the kselftests on emulated devices."""
import random
import re
from typing import NamedTuple

import explore
import guest
import host
import kernel
import ktap
import stress
import tree

SIMULATED = "doe_sim.devices=1 doe_sim.features=31"
WITHOUT_SPDM = "doe_sim.devices=1 doe_sim.features=15"
# Boots of the device tests: (name, kernel parameters, tests)
DEVICE_TESTS = [
    ("interrupts", "DOE_EXPECT=irq", "boot.sh,interrupt.sh"),
    ("nomsi", "DOE_EXPECT=polled pci=nomsi", "boot.sh,interrupt.sh"),
    # An emulated clock may look unstable, and a change of clocks empties the trace
    ("visibility", f"{SIMULATED} trace_clock=local", "visibility.sh,sim.sh"),
    ("pcidoe", f"{SIMULATED} doe_sim.max_object=16384", "pcidoe.sh"),
    ("cdev", f"{SIMULATED} doe_sim.max_object=16384", "cdev"),
    ("exclusive", SIMULATED, "exclusive.sh"),
    ("handover", f"{SIMULATED} DOE_LOCK_DOWN=integrity", "handover.sh,lockdown.sh"),
    ("reset", SIMULATED, "reset.sh"),
    ("sleep", f"{SIMULATED} DOE_PM_TEST=freeze suspend.pm_test_delay=1",
     "sleep.sh"),
    # lockdep.prove_locking=0: pciehp itself takes its locks in two orders when it removes
    # a device, and CXL's driver when it recovers one, which would be reported
    ("hotplug", "pcie_ports=native pciehp.pciehp_poll_mode=1 pciehp.pciehp_poll_time=1 "
     "lockdep.prove_locking=0 DOE_MONITOR=/etc/monitor", "hotplug.sh"),
    ("recovery", "pcie_ports=native lockdep.prove_locking=0 DOE_MONITOR=/etc/monitor",
     "recovery.sh"),
    # The tests run in a second kernel, which the first one has loaded
    ("kexec", "", "left_behind.sh,boot.sh"),
]
# Root ports of the boots that talk to QEMU's monitor: CXL ones of QEMU 7.2 have no MSI.
# pciehp can poll, but after an error they go on asserting INTx.  Below others kernels
# newer than 6.12 have no CXL.
ROOT_PORTS = {"hotplug": "cxl-rp", "recovery": "pcie-root-port"}


class Arch(NamedTuple):
    """A kernel and a machine of --arch.  What has the same name boots the same kernel."""
    name: str
    linux: str = "x86_64"
    options: str = f"{kernel.SUITES} EXPERT PROVE_RAW_LOCK_NESTING"
    machine: str = "-smp 2"
    parameters: str = "no_timer_check"
    packages: str = guest.PACKAGES
    only: str = ""          # the kernel that has it, if not all


# The kernel of ./run test
X86 = Arch("kernel", options=kernel.EMULATED)
ARM = Arch("arm64", "arm64", parameters="", packages="gcc-aarch64-linux-gnu qemu-system-arm")
ARCHES = {
    "x86_64": X86,
    "threadirqs": X86._replace(parameters="no_timer_check threadirqs"),
    "up": Arch("up", options=f"{ARM.options} SMP=n", machine="-smp 1"),
    "rt": Arch("rt", options=f"{ARM.options} PREEMPT_RT"),
    "i386": Arch("i386", "i386"),
    "arm64": ARM,
    "arm64-acpi": ARM._replace(
        machine=f"-smp 2 -bios {host.FIRMWARE} -kernel {{}}/arch/arm64/boot/Image",
        parameters="acpi=force", packages=f"{ARM.packages} qemu-efi-aarch64"),
    "arm64-be": ARM._replace(name="arm64-be", options=f"{ARM.options} CPU_BIG_ENDIAN",
                             only="6.12"),
}
SELFTESTS = host.ROOT / "tools/testing/selftests/pci_doe"
# Run on newer kernels
ELSEWHERE = {"tsm.sh"}
# Results that scripts have at least whose plans follow what they find
LEAST = {"boot.sh": 18}
# Said again at the end, as there are pages of output
failures = []


def add_arguments(parser):
    parser.add_argument("--quick", action="store_true",
                        help="the KUnit suites alone, in User-mode Linux and virtual time")
    parser.add_argument("--arch", action="append", metavar="NAME", choices=ARCHES,
                        help="the KUnit suites alone, on another machine or kind of kernel: "
                        f"{', '.join(ARCHES)}")
    parser.add_argument("--all", action="store_true", help="the tests, then every --arch")
    parser.add_argument("--sanitised", action="store_true",
                        help="all suites, the slow ones too, and two minutes of ./run stress, "
                        "in kernels with sanitisers")
    parser.add_argument("--seed", type=int, default=random.randrange(1, 1 << 31),
                        help="of the random tests of --sanitised (default: another one each time)")
    parser.add_argument("--exchanges", type=int, default=100000,
                        help="of the random tests of --sanitised (default 100000)")


def main(args):
    if args.quick:
        counts = [quick(args.kernel)]
    elif args.sanitised:
        counts = sanitised_tests(args)
    else:
        counts = [] if args.arch else tests(args.kernel)
    for name in ARCHES if args.all else args.arch or ():
        counts.append(on_arch(args.kernel, name))
    return verdict(counts)


def verdict(counts):
    """Say what failed, and the sums; the exit code."""
    passed, failed = map(sum, zip(*counts))
    print("".join(f"{line}\n" for line in failures) + f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


def judged(what, results):
    """Those of a part that has suites, and what they said."""
    print("".join(f"{line}\n" for line in results.said), end="")
    return counted(what, results.passed, results.shown(), results.failed)


def counted(what, passed, found, failed=None):
    """Passed and failed of a part, with what is told of it."""
    failures.extend(f"{what}: {line}" for line in found)
    failed = len(found) if failed is None else failed
    print(f"==> {what}: {passed} passed, {failed} failed", flush=True)
    return passed, failed


def quick(release, slow=False):
    """The suites in User-mode Linux."""
    built = kernel.Uml(release)
    built.build()
    return judged("suites in UML", kernel.suites(built, built.dir / "suites.log", slow=slow))


def on_arch(release, name):
    """The suites on another processor or kind of kernel."""
    this = ARCHES[name]
    host.install(f"{host.BUILDING} {this.packages}")
    built = kernel.Kernel(release, this.name, this.options, linux=this.linux)
    if not f"{tree.version(built.tree)}.".startswith(this.only):
        print(f"==> {name}: only Linux {this.only} has it")
        return 0, 0
    built.build()
    return kunit(built, name, this.machine.format(built.dir), this.parameters)


def kunit(built, what, machine, parameters):
    """The suites, in a machine that kunit.py starts."""
    progress = host.Progress(f"booting {what}")
    ran = host.run(built.kunit(
        "exec", "--timeout=3600", f"--qemu_args={machine}", "--filter=speed>very_slow",
        *(f"--kernel_args={word}" for word in ("panic_on_warn=1", *parameters.split()))),
        cwd=built.tree, env=guest.tcg_only())
    progress.done()
    results = ktap.Results(built.tree, guest.read(built.dir / "test.log"),
                           ktap.cases(virtual=False))
    if ran.returncode:
        results.ended(f"kunit.py gives {ran.returncode}", built.dir / "test.log")
    return judged(what, results)


def tests(release):
    """First what takes seconds, at last everything on the emulated CXL machine."""
    schedules = explore.show(explore.SCHEDULES)
    counts = [quick(release, slow=True),
              counted("schedules", int(not schedules), ["see above"] * bool(schedules))]
    built = kernel.ready(release)
    counts += [tool(), kunit(built, "suites in QEMU", "-smp 2", X86.parameters)]
    initrd = guest.initramfs(built, (kernel.PCIDOE,))
    for name, parameters, scripts in device_tests(built):
        kexec = name == "kexec"
        counts.append(scripted(built, name, guest.with_kexec(built, initrd) if kexec else initrd,
                               scripts, f"panic_on_warn=1 {parameters}",
                               "kexec" if kexec else "test", ROOT_PORTS.get(name)))
    return counts


def sanitised_tests(args):
    """The suites, and two minutes of stress in each kernel with two CPUs."""
    return [judged("suites, sanitised", stress.suites(args.kernel, args.seed, args.exchanges)),
            *(stress.run(args.kernel, name, 2, args.seed) for name in stress.KERNELS)]


def device_tests(built):
    """A kernel with PCI_TSM does not hand over what offers CMA-SPDM."""
    if not built.has_tsm():
        return DEVICE_TESTS
    return [(name, parameters.replace(SIMULATED, WITHOUT_SPDM), tests)
            for name, parameters, tests in DEVICE_TESTS] + [("tsm", SIMULATED, "tsm.sh")]


def scripted(built, name, initrd, scripts, parameters="", run="test", monitored_port=None):
    """A boot that runs scripts."""
    boot = guest.Boot(built, name, initrd, f"doe_run={run} doe_tests={scripts} {parameters}",
                      monitored_port=monitored_port)
    found = ktap.Results(built.tree, boot.output, scripts.split(","), console=boot.console)
    for script in scripts.split(","):
        there = sum(name.startswith(f"{script}.") for name in found.done)
        if there < LEAST.get(script, 1):
            found.failures.append(f"{script}: {there} results, not {LEAST.get(script, 1)}")
    return judged(name, found.ended(boot.problem, boot.log))


def tool():
    """The tests of pcidoe that need no device."""
    ran = kernel.make_pcidoe(f"IASL={kernel.iasl()}", "check")
    passed, failed = (re.findall(rf"^{word} .*", ran.stdout, re.M) for word in ("ok", "not ok"))
    if ran.returncode and not failed:
        failed = ran.stderr.splitlines()[-1:] or ["make check failed"]
    return counted("pcidoe", len(passed), failed)
