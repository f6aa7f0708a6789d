# SPDX-License-Identifier: GPL-2.0
"""Kernels with sanitisers: one in User-mode Linux, for all suites and a scan for leaks,
and those in which ./run stress has two CPUs.  Each proves first that it reports."""
import random
import re

import guest
import host
import kernel
import ktap
import uml

CONFIGS = ("harness/uml-sanitised.config",)
# What the console has of tests of the kernel's own, and of faults that LKDTM commits
PROOFS = {
    "KASAN": r"BUG: KASAN: slab-out-of-bounds in kmalloc_oob_right",
    "UBSAN": r"UBSAN: array-index-out-of-bounds in .*lkdtm",
    "list debugging": r"list_add corruption",
    "lockdep": r"Good, all +\d+ testcases passed",
    "object debugging": r"ODEBUG: selftest passed",
    "kmemleak": r"leak: .*kmemleak_test",
}
KASAN_TEST = "kunit.filter_glob=kasan.kmalloc_oob_right"
# What the kernel itself leaks: the name of a device that goes away while it is set up,
# and the reason why one that goes away was not bound
KERNELS_LEAK = re.compile(r" dev_set_name\+.*\n.* pci_setup_device\+|"
                          r" device_set_deferred_probe_reason\+")
CPU_LIMIT = 1200


def ready(release, name):
    """The small kernel of this name with the project's modules, and an initramfs for it."""
    guest.install()
    built = kernel.Kernel(release, name, ("harness/small.config", f"harness/{name}.config"), True)
    built.build()
    return built, guest.initramfs(built)


def leaks(output):
    """The reports of kmemleak in what a guest said, but for the kernel's own."""
    return [text for text in re.findall(r"^leak: unref.*\n(?:leak:  .*\n)+", output, re.M)
            if not KERNELS_LEAK.search(text)]


def suites(release, seed, exchanges):
    """All suites under User-mode Linux: proofs that are there, their results."""
    print(f"seed {seed}, {exchanges} random exchanges (--seed, --exchanges)")
    host.install(guest.SHELL_PACKAGES)
    built = uml.Kernel(release, "uml-sanitised", CONFIGS)
    built.build()
    shell = (f"initrd={guest.initramfs(built)}", "doe_run=suites", *guest.KUNIT.split())
    proof, _ = uml.boot(built.image, built.dir / "proof.log", *shell, "panic_on_warn=0",
                        "kasan_multi_shot", "doe_provoke=1", KASAN_TEST, cpu=CPU_LIMIT)
    log = built.dir / "suites.log"
    console, problem = uml.boot(built.image, log, *shell, f"doe_tests.seed={seed}",
                                f"doe_tests.exchanges={exchanges}", "doe_sim.devices=1",
                                cpu=CPU_LIMIT)
    results = ktap.Results(built.tree, console, ktap.cases(slow=True)).ended(problem, log)
    if "\nend\n" not in console:
        results.failures.append(f"the shell did not come to its end, see {log}")
    results.failures += leaks(console)
    silent = [name for name, report in PROOFS.items() if not re.search(report, proof)]
    results.failures += [f"{name} reports nothing, see {built.dir}/proof.log" for name in silent]
    results.passed += len(PROOFS) - len(silent)
    return results


def new_seed():
    return random.randrange(1, 1 << 31)
