# SPDX-License-Identifier: GPL-2.0
"""./run test: the KUnit suites, the tool's own tests, the kselftests on emulated devices."""
import json
import re
import shutil

import guest
import host
import kernel
import tree

SIMULATED = "doe_sim.devices=1 doe_sim.features=31"
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
    ("handover", SIMULATED, "handover.sh"),
]
TIMEOUT = 900
TOOLS = {"pciutils": "lspci", "trace-cmd": "trace-cmd"}
# What need not be seen of kunit.py's output: each case that passed.
PASSED = re.compile(r"\[[\d:]+\] (?:\[PASSED\]|=+ [^\[(]+ =+$)")


def add_arguments(parser):
    tree.add_kernel_argument(parser)


def main(args):
    built = kernel.ready(args.kernel)
    totals = [kunit(built), tool()]
    host.install(TOOLS)
    initrd = guest.initramfs(built, (kernel.PCIDOE, *map(shutil.which, TOOLS.values())))
    for name, parameters, tests in DEVICE_TESTS:
        boot = guest.Boot(built, name, initrd,
                          f"doe_run=test doe_tests={tests} {parameters}", TIMEOUT)
        totals.append(results(built, boot))
    passed, failed = map(sum, zip(*totals))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


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
    output = host.stream(["timeout", "60", *built.kunit("parse", boot.out)], PASSED)
    passed, failed = count(output, boot.console, boot.log)
    return passed, failed + sum(map(bad_json, re.findall("# json: (.*)", boot.output)))


def bad_json(text):
    """What pcidoe wrote for machines, in a boot."""
    try:
        json.loads(text)
        return False
    except ValueError as err:
        print(f"bad JSON: {err}: {text}")
        return True


def tool():
    """The tests of pcidoe that need no device."""
    result = host.run(["make", "-C", host.ROOT / "tools/pci",
                       f"OUTPUT={kernel.PCIDOE.parent}/", "check"])
    print(result.stdout)
    passed = len(re.findall(r"^ok ", result.stdout, re.M))
    failed = len(re.findall(r"^not ok ", result.stdout, re.M))
    if not failed and result.returncode:
        print(result.stderr)
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
        print(f"kunit.py found no complete test output, see {log}")
    splats = guest.splats(console)
    for line in splats:
        print(f"{log}: {line}")
    return passed, failed + bool(splats)
