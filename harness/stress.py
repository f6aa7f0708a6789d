# SPDX-License-Identifier: GPL-2.0
"""./run stress: everything at once, at random, under the sanitisers.

The sanitised suites of ./run test are here, too.  Each sanitiser proves first that it reports."""
import datetime
import random
import re
from collections import Counter

import guest
import kernel
import ktap
import tree

SANITISERS = ("KASAN KASAN_GENERIC KASAN_KUNIT_TEST UBSAN UBSAN_BOUNDS UBSAN_SHIFT UBSAN_BOOL "
              "UBSAN_ENUM PROVE_RAW_LOCK_NESTING DEBUG_SHIRQ SCHED_STACK_END_CHECK DEBUG_KMEMLEAK "
              "FTRACE")
# UML reads strings by words, wherever they begin
IN_UML = (f"{SANITISERS} UBSAN_ALIGNMENT=n DEBUG_LOCKING_API_SELFTESTS DEBUG_OBJECTS_SELFTEST "
          "DEBUG_KMEMLEAK_MEM_POOL_SIZE=40000 LKDTM")
KASAN_TEST = "kunit.filter_glob=kasan.kmalloc_oob_right"
# With two CPUs: options, what is said of them, and a test of the kernel's own that sees
# whether the sanitiser reports
KERNELS = {
    "kasan": (f"{SANITISERS} {kernel.DEBUGGING} KASAN_INLINE KASAN_STACK KASAN_VMALLOC "
              "DEBUG_PREEMPT FAULT_INJECTION FAILSLAB FAULT_INJECTION_DEBUG_FS "
              "FAULT_INJECTION_STACKTRACE_FILTER ENABLE_DEFAULT_TRACERS",
              "KASAN, UBSAN, lockdep, kmemleak, failing allocations", KASAN_TEST),
    "kcsan": ("KCSAN KCSAN_STRICT KCSAN_WEAK_MEMORY KCSAN_EARLY_ENABLE KCSAN_DELAY_RANDOMIZE "
              "KCSAN_SKIP_WATCH_RANDOMIZE KCSAN_KUNIT_TEST FTRACE ENABLE_DEFAULT_TRACERS",
              "KCSAN", "kunit.filter_glob=kcsan.test_basic"),
}
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
# On a busy machine the guest measures wrong how fast the TSC is, which is the host's
PARAMETERS = "no_console_suspend tsc=unstable"
# Each of these is a fault if it is not 0
NONE = ("lost", "corrupted", "odd", "hung", "leaked", "reports", "rounds failed")
DOE_FUNCTION = re.compile(r"\[doe\w*\]|\bpcim?_doe_\w+")
# Of a report of KCSAN's: what follows each "read to", "write to"; who is not a helper
ACCESS = re.compile(r" (?:read|write)\S* .*:\n((?:\[[^]]*\]  \S.*\n)+)")
NO_HELPER = re.compile(r"\[[^]]*\]  (?!mem|str|__asan_|__tsan_|_{0,2}h?list_|refcount_)")


def add_arguments(parser):
    parser.add_argument("minutes", nargs="?", type=float, default=30, metavar="MINUTES",
                        help="in each kernel (default 30)")
    parser.add_argument("--seed", type=int, default=random.randrange(1, 1 << 31),
                        help="repeat a run (default: another one each time)")
    parser.add_argument("--only", choices=KERNELS, help="one kernel (default: one after the other)")


def main(args):
    names = [args.only] if args.only else list(KERNELS)
    results = [run(args.kernel, name, args.minutes, args.seed) for name in names]
    passed, failed = map(sum, zip(*results))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


def run(release, name, minutes, seed):
    """The proof that the sanitiser reports, then the stress: passed and failed."""
    guest.install()
    options, text, proof = KERNELS[name]
    built = kernel.Kernel(release, name, f"{kernel.SMALL} {options}", minimal=True)
    built.build()
    initrd = guest.initramfs(built)
    boot = guest.Boot(built, "proof", initrd, f"{guest.KUNIT} kasan_multi_shot {proof} "
                      f"{PARAMETERS} kunit_shutdown=reboot")
    reports = bool(re.search(rf" ok 1 {name}$", boot.console, re.M)) and \
        "not ok" not in boot.console
    if not reports:
        print(f"{name} DOES NOT REPORT what it is to find, see {boot.log}")
    clean = soak(built, initrd, text, minutes, seed)
    return reports + clean, 2 - reports - clean


def soak(built, initrd, text, minutes, seed):
    seconds = int(minutes * 60)
    boot = guest.Boot(built, "soak", initrd,
                      f"doe_run=soak doe_seed={seed} doe_seconds={seconds} "
                      f"{guest.KUNIT} kunit.filter_glob=none {PARAMETERS}", 3 * seconds + 900,
                      r"doe_soak: (.*)$")
    counts, actions, faults = totals(boot.output)
    reports = [line for line in ktap.splats(boot.console) if ours(line, boot.console)]
    counts["reports"] = len(reports)
    leaked = leaks(boot.output)
    counts["leaked"] = len(leaked)
    ended = boot.output.endswith("end\n")
    print(f"\nStress: Linux {tree.version(built.tree)} with {text}\n"
          f"{datetime.date.today()}, {minutes:g} minutes, seed {seed}\n\n"
          f"{counts['exchanges']} exchanges: {counts['good']} good, {counts['failed']} failed in "
          f"a documented way, {counts['cancelled']} cancelled; {counts['recovered']} recoveries\n"
          f"faults: {listed(faults)}\nactions: {listed(actions)}\n"
          + ", ".join(f"{counts[what]} {what}" for what in NONE))
    for line in reports + leaked + re.findall(r"^(?:not |no ).*", boot.output, re.M)[:40]:
        print(line)
    if not ended or boot.problem:
        print(f"the guest did not come to its end: {boot.problem}")
    print(f"console in {boot.log}, output in {boot.out}")
    return ended and counts["good"] > 0 and not any(counts[what] for what in NONE)


def totals(output):
    """Sums over the rounds."""
    counts, actions, faults = Counter(), Counter(), Counter()
    for kind, text in re.findall(r"(soak:|soak actions:|soak fault:|^did) (.*)$", output, re.M):
        into = {"soak:": counts, "soak fault:": faults}.get(kind, actions)
        for what, number in re.findall(r"([\w-]+)=(\d+)", text):
            into[what] += int(number)
    counts["rounds failed"] = len(re.findall(r"^(?:not ok|not loaded|no results|not unloaded)",
                                             output, re.M))
    return counts, actions, faults


def listed(counter):
    return ", ".join(f"{what} {number}" for what, number in sorted(counter.items()))


def ours(line, console):
    """KCSAN sees the whole kernel: of its reports, those count in which one of the two
    accesses is of our code, or of a helper that it called to do it.  What is only below
    us on the stack races with itself: the reference counts of kobjects, interrupts."""
    if "KCSAN" not in line:
        return True
    report = console[console.index(line):].split("=====", 1)[0]
    return any(DOE_FUNCTION.search(next(filter(NO_HELPER.match, stack.splitlines()), ""))
               for stack in ACCESS.findall(report))


def leaks(output):
    """The reports of kmemleak, but for the kernel's own."""
    return [text for text in LEAK.findall(output) if not KERNELS_LEAK.search(text)]


def suites(release, seed, exchanges):
    """All suites under User-mode Linux: proofs that are there, their results."""
    print(f"seed {seed}, {exchanges} random exchanges (--seed, --exchanges)")
    built = kernel.Uml(release, "uml-sanitised", IN_UML)
    built.build()
    silent = []
    for name, (parameters, report) in PROOFS.items():
        log = built.dir / f"proof-{name.replace(' ', '-')}.log"
        console, _ = kernel.boot(built.image, log, "panic_on_warn=0", "kasan_multi_shot",
                                 *parameters.split())
        silent += [f"{name} reports nothing, see {log}"] * (not re.search(report, console))
    log = built.dir / "suites.log"
    console, problem = kernel.boot(built.image, log, "kunit.filter_glob=pci-doe-*",
                                   "kmemleak.verbose=1", f"doe_tests.seed={seed}",
                                   f"doe_tests.exchanges={exchanges}", "doe_tests.pairs_every=10",
                                   cpu=1200)
    results = ktap.Results(built.tree, console, ktap.cases(slow=True)).ended(problem, log)
    results.failures += leaks(console) + silent
    results.passed += len(PROOFS) - len(silent)
    return results
