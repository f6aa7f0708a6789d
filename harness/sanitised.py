# SPDX-License-Identifier: GPL-2.0
"""Kernels with sanitisers: the suites under them, and that they find what is planted."""
import random
import re
import shutil

import guest
import host
import kernel

# Fault of harness/plant: what is to be said about it.  After the first report lockdep
# is off, hence a boot for each that it is to find.
KASAN_PLANTS = [
    {
        "leak": r"kmemleak:.*plant_leak",
        "overrun": r"BUG: KASAN: slab-out-of-bounds in plant_overrun",
        "stack_overrun": r"BUG: KASAN: stack-out-of-bounds in plant_stack_overrun",
        "use_after_free": r"BUG: KASAN: slab-use-after-free in plant_use_after_free",
        "shift": r"UBSAN: shift-out-of-bounds in .*doe-plant\.c",
        "sleep": r"BUG: sleeping function called from invalid context",
        "object": r"ODEBUG: free active .*timer_list",
        "list": r"list_del corruption",
    },
    {"nesting": r"BUG: Invalid wait context"},
    {"inversion": r"possible circular locking dependency"},
]
KCSAN_PLANTS = [{"race": r"BUG: KCSAN: data-race in plant_racer"}]
PLANTED = re.compile(r"doe_plant: planting (\w+)\n")
# On a busy machine the guest measures wrong how fast the TSC is, which is the host's
PARAMETERS = "no_console_suspend tsc=unstable"
# Longest case that KUnit may have: it gives up after 300 s.
LIMIT = 200
CASE = re.compile(r"^\[ *(\d+\.\d+)\] (?: {4})+(?:# Subtest: (\S+)|(?:not )?ok \d+ (.*))$", re.M)


class Kernel(kernel.Kernel):
    """A small one, the project's modules and the planted faults beside it."""

    def __init__(self, release, name):
        super().__init__(release, name, ("harness/small.config", f"harness/{name}.config"), True)

    def build(self):
        super().build()
        plant = self.dir / "plant"
        shutil.copytree(host.HARNESS / "plant", plant, dirs_exist_ok=True)
        result = host.run(self.make(f"M={plant}", "modules"))
        if result.returncode:
            raise host.Fail(f"the planted faults could not be built: {result.stderr.strip()}")


def ready(release, name):
    """The kernel of this name, and an initramfs for it."""
    guest.install()
    built = Kernel(release, name)
    built.build()
    return built, guest.initramfs(built)


def plants(built, initrd, boots):
    """Plant every fault; how many were reported, and how many were not."""
    results = []
    for number, wanted in enumerate(boots):
        boot = guest.Boot(built, f"plants-{number}", initrd,
                          f"doe_run=plants doe_plants={','.join(wanted)} kasan_multi_shot "
                          f"{PARAMETERS}", 900)
        found = dict(zip(*[iter(PLANTED.split(boot.console)[1:])] * 2))
        for fault, report in wanted.items():
            seen = bool(re.search(report, found.get(fault, "")))
            results.append(seen)
            print(f"planted {fault}: {'reported' if seen else f'NOT REPORTED, see {boot.log}'}")
    return sum(results), len(results) - sum(results)


def suites(built, initrd, seed, exchanges, count):
    """All suites and a scan for leaks: passed and failed, by count()."""
    print(f"seed {seed}, {exchanges} random exchanges (--seed, --exchanges)")
    boot = guest.Boot(built, "suites", initrd,
                      f"doe_run=suites doe_seed={seed} doe_exchanges={exchanges} "
                      f"{guest.KUNIT} {PARAMETERS}", 7200, r"(?:# Subtest: |ok \d+ )(.*)$")
    passed, failed = count(built, boot)
    slow = times(boot.console)
    for name, seconds in sorted(slow.items(), key=lambda item: -item[1])[:5]:
        print(f"{seconds:6.1f} s  {name}")
    late = [name for name, seconds in slow.items() if seconds >= LIMIT]
    for name in late:
        print(f"took more than {LIMIT} s: {name}")
    return passed, failed + len(late)


def times(console):
    """{case: seconds}, by the console's time stamps."""
    took, before, suite = {}, 0.0, ""
    for stamp, subtest, case in CASE.findall(console):
        if case:
            took[f"{suite} {case}"] = float(stamp) - before
        else:
            suite = subtest
        before = float(stamp)
    return took


def new_seed():
    return random.randrange(1, 1 << 31)
