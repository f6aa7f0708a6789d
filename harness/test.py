# SPDX-License-Identifier: GPL-2.0
"""./run test: the KUnit suites, the tool's own tests, the kselftests on emulated devices."""
import json
import re
import shutil

import arch
import guest
import host
import kernel
import sanitised
import stress
import tree
import uml

SIMULATED = "doe_sim.devices=1 doe_sim.features=31"
WITHOUT_SPDM = "doe_sim.devices=1 doe_sim.features=15"
# Boots of the device tests: (name, kernel parameters, tests)
DEVICE_TESTS = [
    ("interrupts", "DOE_EXPECT=irq",
     "boot_log.sh,discovery.sh,interrupts.sh,cdat.sh,lost_interrupt.sh,rebind.sh"),
    ("nomsi", "DOE_EXPECT=polled pci=nomsi",
     "boot_log.sh,discovery.sh,interrupts.sh,cdat.sh,rebind.sh"),
    # An emulated clock may look unstable, and a change of clocks empties the trace
    ("visibility", f"{SIMULATED} trace_event=pci_doe:* trace_clock=local",
     "visibility.sh,sim_debugfs.sh"),
    ("pcidoe", SIMULATED, "pcidoe.sh"),
    ("exclusive", SIMULATED, "lspci.sh,exclusive.sh"),
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
    ("kexec", "", "left_behind.sh,discovery.sh,cdat.sh"),
]
# Root ports of the boots that talk to QEMU's monitor: CXL ones of QEMU 7.2 have no MSI.
# pciehp can poll, but after an error they go on asserting INTx.  Below others kernels
# newer than 6.12 have no CXL.
ROOT_PORTS = {"hotplug": "cxl-rp", "recovery": "pcie-root-port"}
TIMEOUT = 900
TOOLS = {"pciutils": "lspci", "trace-cmd": "trace-cmd"}
# What need not be seen of kunit.py's output: each case that passed.
PASSED = re.compile(r"\[[\d:]+\] (?:\[PASSED\]|=+ [^\[(]+ =+$)")
FAILED = re.compile(r"^(?:\[[\d:]+\] .*(?:\[(?:FAILED|CRASHED|ERROR|SKIPPED)\]|"
                    r"(?:EXPECTATION|ASSERTION) FAILED).*|not ok .*)$", re.M)
# Said again at the end, as there are pages of output
failures = []


def add_arguments(parser):
    tree.add_kernel_argument(parser)
    parser.add_argument("--quick", action="store_true",
                        help="the KUnit suites alone, in User-mode Linux and virtual time")
    parser.add_argument("--arch", action="append", metavar="NAME", choices=arch.ARCHES,
                        help="the KUnit suites alone, on another machine or kind of kernel: "
                        f"{', '.join(arch.ARCHES)}")
    parser.add_argument("--all", action="store_true", help="the tests, then every --arch")
    parser.add_argument("--sanitised", action="store_true",
                        help="all suites, the slow ones too, and two minutes of ./run stress, "
                        "in kernels with sanitisers")
    parser.add_argument("--seed", type=int,
                        help="of the random tests of --sanitised (default: another one each time)")
    parser.add_argument("--exchanges", type=int, default=100000,
                        help="of the random tests of --sanitised (default 100000)")


def main(args):
    rows = {}
    if args.quick:
        rows["quick"] = quick(args.kernel)
    elif args.sanitised:
        rows["sanitised"] = sanitised_tests(args)
    elif not args.arch:
        rows["tests"] = tests(args.kernel)
    for name in arch.ARCHES if args.all else args.arch or ():
        rows[name] = on_arch(args.kernel, name)
    if args.arch or args.all:
        for name, (passed, failed) in rows.items():
            print(f"{name:<12}{passed:>6} passed{failed:>5} failed")
    passed, failed = map(sum, zip(*rows.values()))
    print("".join(f"{line}\n" for line in dict.fromkeys(failures)), end="")
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


def on_arch(release, name):
    if not arch.offered(release, name):
        print(f"==> {name}: only Linux {arch.ARCHES[name].only} has it")
        return 0, 0
    built, log = arch.boot(release, name)
    return count(parsed(built, log), guest.read(log), log)


def quick(release):
    """The suites in User-mode Linux."""
    built = uml.Kernel(release)
    built.build()
    results = uml.suites(built, built.dir / "test.log")
    print("".join(f"{line}\n" for line in results.said), end="")
    failures.extend(results.failures)
    return results.passed, results.failed


def tests(release):
    """Everything on the emulated CXL machine."""
    built = kernel.ready(release)
    totals = [kunit(built), tool(), sample(built)]
    host.install(TOOLS)
    initrd = guest.initramfs(built, (kernel.PCIDOE, *map(shutil.which, TOOLS.values())))
    for name, parameters, tests in device_tests(built):
        kexec = name == "kexec"
        boot = guest.Boot(built, name, guest.with_kexec(built, initrd) if kexec else initrd,
                          f"doe_run={'kexec' if kexec else 'test'} doe_tests={tests} "
                          f"{parameters}", TIMEOUT, monitored_port=ROOT_PORTS.get(name))
        totals.append(results(built, boot))
    return tuple(map(sum, zip(*totals)))


def sanitised_tests(args):
    """Passed and failed of each part.  That a planted fault is reported is a test, too."""
    seed = args.seed or sanitised.new_seed()
    totals = [stress.run(args.kernel, name, 2, seed) for name in stress.KERNELS]
    totals.append(sanitised.suites(*sanitised.ready(args.kernel, "kasan"), seed, args.exchanges,
                                   results))
    return tuple(map(sum, zip(*totals)))


def device_tests(built):
    """A kernel with PCI_TSM does not hand over what offers CMA-SPDM."""
    if not built.has_tsm():
        return DEVICE_TESTS
    return [(name, parameters.replace(SIMULATED, WITHOUT_SPDM), tests)
            for name, parameters, tests in DEVICE_TESTS] + [("tsm", SIMULATED, "tsm.sh")]


def kunit(built):
    """Run the suites with kunit.py, which starts a machine of its own."""
    output = host.stream(built.kunit("exec", "--arch=x86_64", f"--build_dir={built.dir}",
                                     "--timeout=1200", "--qemu_args=-smp 2",
                                     "--filter=speed>very_slow"), PASSED,
                         cwd=built.tree, env=guest.tcg_only())
    log = built.dir / "test.log"
    return count(output, guest.read(log), log)


def results(built, boot):
    """What kunit.py makes of a boot's output."""
    if boot.problem:
        fail(f"{boot.log}: {boot.problem}")
    passed, failed = count(parsed(built, boot.out), boot.console, boot.log)
    return passed, failed + bool(boot.problem) + \
        sum(map(bad_json, re.findall("# json: (.*)", boot.output)))


def parsed(built, output):
    return host.stream(["timeout", "120", *built.kunit("parse", output)], PASSED)


def fail(line):
    print(line)
    failures.append(line)


def bad_json(text):
    """What pcidoe wrote for machines, in a boot."""
    try:
        json.loads(text)
        return False
    except ValueError as err:
        fail(f"bad JSON: {err}: {text}")
        return True


def sample(built):
    """The driver that the documentation shows compiles."""
    found = kernel.sample(built.make(), built.dir.with_name("sample"), "doe-sample.o")
    for line in found:
        fail(line)
    print(f"{'not ok' if found else 'ok'} Documentation/PCI/doe-sample.c")
    return int(not found), int(bool(found))


def tool():
    """The tests of pcidoe that need no device."""
    result = host.run(["make", "-C", host.ROOT / "tools/pci",
                       f"OUTPUT={kernel.PCIDOE.parent}/", "check"])
    print(result.stdout)
    passed = len(re.findall(r"^ok ", result.stdout, re.M))
    failed = len(re.findall(r"^not ok ", result.stdout, re.M))
    failures.extend(FAILED.findall(result.stdout))
    if not failed and result.returncode:
        fail(result.stderr)
        failed = 1
    return passed, failed


def count(output, console, log):
    """Passed and failed by kunit.py's own summary: a test that was skipped or got
    lost has failed, and a kernel that warns has, whatever its tests say."""
    summary = re.search(r"Ran \d+ tests: (.*)", output)
    results = dict(re.findall(r"(\w+): (\d+)", summary.group(1))) if summary else {}
    passed = int(results.pop("passed", 0))
    failed = sum(map(int, results.values())) or int(not passed)
    if not summary:
        fail(f"kunit.py found no complete test output, see {log}")
    failures.extend(FAILED.findall(output))
    splats = guest.splats(console)
    for line in splats:
        fail(f"{log}: {line}")
    return passed, failed + bool(splats)
