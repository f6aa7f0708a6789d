# SPDX-License-Identifier: GPL-2.0
"""./run explore: schedules of the library in user space, each repeatable by its seed."""
import os
import re
import shutil

import host
import mutate

SOURCE = host.ROOT / "tools/testing/pci-doe"
PLANTED = SOURCE / "planted.txt"
BUILD = host.BUILD / "explore"
SCHEDULES = 20000


def add_arguments(parser):
    parser.add_argument("schedules", nargs="?", type=int, default=SCHEDULES, metavar="SCHEDULES",
                        help=f"how many (default: {SCHEDULES})")
    parser.add_argument("--seed", type=int, metavar="N", help="show what happens in schedule N")
    parser.add_argument("--planted", action="store_true",
                        help="see that it finds the faults of tools/testing/pci-doe/planted.txt")


def main(args):
    if args.planted:
        return find_planted(args.schedules)
    if args.seed is None:
        return show(args.schedules)
    result = trace(build(BUILD), args.seed)
    print(result.stdout + result.stderr, end="")
    return result.returncode


def show(schedules):
    """Run as many, and show the end of the first one that fails."""
    program = build(BUILD)
    result = run(program, schedules)
    print(result.stdout + result.stderr, end="", flush=True)
    seed = re.search(r"^seed (\d+):", result.stdout, re.M)
    if seed:
        print(f"\n==> the end of schedule {seed[1]}; all of it: ./run explore --seed {seed[1]}")
        print("\n".join(trace(program, seed[1]).stdout.splitlines()[-60:]))
    return result.returncode


def find_planted(schedules):
    """Each planted fault has to make a schedule fail, and none may fail without it."""
    mutants, found = mutate.entries(PLANTED)
    if found:
        raise host.Fail(found[0])
    if run(build(BUILD), schedules).returncode:
        raise host.Fail("schedules fail without a planted fault: see ./run explore")
    missed, names = 0, dict.fromkeys(mutant.name for mutant in mutants)
    for name in names:
        program = build(BUILD / name, copy(name, [m for m in mutants if m.name == name]))
        found = re.search(r"^seed \d+: .*$", run(program, schedules).stdout, re.M)
        missed += not found
        print(f"{name:20} {found[0] if found else f'not found in {schedules} schedules'}",
              flush=True)
    print(f"{len(names)} planted faults: {missed} missed")
    return int(bool(missed))


def check(_):
    """./run check explore: each planted fault fits the source that it is for."""
    return mutate.entries(PLANTED)[1]


def copy(name, changes):
    """The library's sources with that fault, in a directory of their own."""
    sources = BUILD / name / "src"
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir(parents=True)
    for path in (host.ROOT / "drivers/pci").glob("doe*.[ch]"):
        shutil.copy2(path, sources)
    bad = good = changes[0].function["rest"]
    for change in changes:
        bad = bad.replace(change.old, change.new)
    path = sources / changes[0].path.name
    path.write_text(path.read_text().replace(good, bad))
    return sources


def build(out, sources=None):
    host.install("gcc libc6-dev make")
    result = host.run(["make", "-s", f"-j{os.cpu_count()}", "-C", SOURCE, f"O={out}",
                       *([f"SRC={sources}"] if sources else [])])
    if result.returncode:
        raise host.Fail(f"the explorer does not build: {result.stderr.strip()[-2000:]}")
    return out / "explore"


def run(program, schedules):
    return host.run([program, "-j", os.cpu_count(), schedules])


def trace(program, seed):
    return host.run([program, "-j", 1, "-s", seed, "-t", 1])
