# SPDX-License-Identifier: GPL-2.0
"""Kernels with sanitisers: one in User-mode Linux, for all suites and a scan for leaks,
and those in which ./run stress has two CPUs.  Each proves first that it reports."""
import random
import re

import guest
import kernel
import ktap
import uml

CONFIGS = ("harness/uml-sanitised.config",)
KASAN_TEST = "kunit.filter_glob=kasan.kmalloc_oob_right"
LKDTM = "kunit.filter_glob=none lkdtm.cpoint_name=DIRECT lkdtm.cpoint_type="
# What the console has of tests of the kernel's own, and of faults that LKDTM commits
PROOFS = {
    "KASAN": (KASAN_TEST, r"BUG: KASAN: slab-out-of-bounds in kmalloc_oob_right"),
    "UBSAN": (f"{LKDTM}ARRAY_BOUNDS", r"UBSAN: array-index-out-of-bounds in .*lkdtm"),
    "list debugging": (f"{LKDTM}CORRUPT_LIST_ADD", r"list_add corruption"),
    "lockdep": (KASAN_TEST, r"Good, all +\d+ testcases passed"),
    "object debugging": (KASAN_TEST, r"ODEBUG: selftest passed"),
    "kmemleak": (KASAN_TEST, r"kmemleak: Automatic memory scanning thread started"),
}
LEAK = re.compile(r".*(?:kmemleak|leak): unref.*\n(?:.*leak:  .*\n)+")
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
    """The reports of kmemleak, but for the kernel's own."""
    return [text for text in LEAK.findall(output) if not KERNELS_LEAK.search(text)]


def suites(release, seed, exchanges):
    """All suites under User-mode Linux: proofs that are there, their results."""
    print(f"seed {seed}, {exchanges} random exchanges (--seed, --exchanges)")
    built = uml.Kernel(release, "uml-sanitised", CONFIGS)
    built.build()
    always = (*guest.KUNIT.split(), "kunit_shutdown=halt")
    silent = []
    for name, (parameters, report) in PROOFS.items():
        log = built.dir / f"proof-{name.replace(' ', '-')}.log"
        console, _ = uml.boot(built.image, log, *always, "panic_on_warn=0", "kasan_multi_shot",
                              *parameters.split())
        silent += [f"{name} reports nothing, see {log}"] * (not re.search(report, console))
    log = built.dir / "suites.log"
    console, problem = uml.boot(built.image, log, *always, "kunit.filter_glob=pci-doe-*",
                                "kmemleak.verbose=1", f"doe_tests.seed={seed}",
                                f"doe_tests.exchanges={exchanges}", "doe_tests.pairs_every=10",
                                cpu=CPU_LIMIT)
    results = ktap.Results(built.tree, console, ktap.cases(slow=True)).ended(problem, log)
    results.failures += leaks(console) + silent
    results.passed += len(PROOFS) - len(silent)
    return results


def new_seed():
    return random.randrange(1, 1 << 31)
