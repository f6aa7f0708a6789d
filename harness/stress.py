# SPDX-License-Identifier: GPL-2.0
"""./run stress: everything at once, at random, under the sanitisers."""
import datetime
import re
from collections import Counter

import guest
import ktap
import sanitised
import tree

# Sanitisers, and a test of the kernel's own that sees whether one reports
KERNELS = {
    "kasan": ("KASAN, UBSAN, lockdep, kmemleak, failing allocations", sanitised.KASAN_TEST),
    "kcsan": ("KCSAN", "kunit.filter_glob=kcsan.test_basic"),
}
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
    parser.add_argument("--seed", type=int, help="repeat a run (default: another one each time)")
    parser.add_argument("--only", choices=KERNELS, help="one kernel (default: one after the other)")


def main(args):
    seed = args.seed or sanitised.new_seed()
    names = [args.only] if args.only else list(KERNELS)
    results = [run(args.kernel, name, args.minutes, seed) for name in names]
    passed, failed = map(sum, zip(*results))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


def run(release, name, minutes, seed):
    """The proof that the sanitiser reports, then the stress: passed and failed."""
    built, initrd = sanitised.ready(release, name)
    text, proof = KERNELS[name]
    boot = guest.Boot(built, "proof", initrd, f"{guest.KUNIT} kasan_multi_shot {proof} "
                      f"{PARAMETERS} kunit_shutdown=reboot", 900)
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
    leaks = sanitised.leaks(boot.output)
    counts["leaked"] = len(leaks)
    ended = boot.output.endswith("end\n")
    print(f"\nStress: Linux {tree.version(built.tree)} with {text}\n"
          f"{datetime.date.today()}, {minutes:g} minutes, seed {seed}\n\n"
          f"{counts['exchanges']} exchanges: {counts['good']} good, {counts['failed']} failed in "
          f"a documented way, {counts['cancelled']} cancelled; {counts['recovered']} recoveries\n"
          f"faults: {listed(faults)}\nactions: {listed(actions)}\n"
          + ", ".join(f"{counts[what]} {what}" for what in NONE))
    for line in reports + leaks + re.findall(r"^(?:not |no ).*", boot.output, re.M)[:40]:
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
