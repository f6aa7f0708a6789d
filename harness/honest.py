# SPDX-License-Identifier: GPL-2.0
"""./run check honest: what is wrong with a boot is seen: each row is output that
must count as failed, and what must be said about it."""
import ktap
import test
import uml

HEAD = "KTAP version 1\n1..2\n"
SUITE = "    KTAP version 1\n    # Subtest: s\n    1..2\n    ok 1 a\n"
GOOD = f"{HEAD}{SUITE}    ok 2 b\nok 1 s\n    KTAP version 1\n    # Subtest: t\n    1..1\n" \
       "    ok 1 c\nok 2 t\n"
SCRIPT = "KTAP version 1\n1..1\n  TAP version 13\n  1..3\n  ok 1 one\n  ok 2 two\n  ok 3 three\n"
WANTED = ["s.a", "s.b", "t.c"]
# Output, names that are wanted, failures, what the last one says, the case that ran last
ROWS = [
    (GOOD, WANTED, 0, "", ""),
    ("", WANTED, 4, "t.c: no result", "s.a"),
    ("KTAP version 1\n1..0\n", (), 1, "no test has a result", ""),
    (f"{SCRIPT}ok 1 foo.sh\n", ["foo.sh"], 0, "", ""),
    (f"{SCRIPT}not ok 1 foo.sh\n", ["foo.sh"], 1, "foo.sh: failed", ""),
    (f"{SCRIPT}ok 1 foo.sh\n", ["foo.sh", "bar.sh"], 1, "bar.sh: no result", "bar.sh"),
    (SCRIPT.replace("1..3", "1..4"), ["foo.sh"], 1, "foo.sh: no result", "foo.sh"),
    (GOOD.replace("ok 1 a", "not ok 1 a"), WANTED, 1, "s.a: failed", ""),
    (GOOD.replace("ok 1 a", "ok 1 a # SKIP no"), WANTED, 1, "s.a: skipped", ""),
    (GOOD, [*WANTED, "t.d"], 1, "t.d: no result", "t.d"),
    (GOOD, [*WANTED, "u.e"], 1, "u.e: no result", "u.e"),
    (HEAD + SUITE, WANTED, 2, "t.c: no result", "s.b"),
    (GOOD + "WARNING: CPU: 0 PID: 1\n", WANTED, 1, "WARNING: CPU: 0 PID: 1", ""),
    (GOOD + " Call trace:\n", WANTED, 1, "Call trace:", ""),
    (f"{GOOD}KTAP version 1\n1..1\nnot ok 1 kmemleak\n", WANTED, 1, "kmemleak: failed", ""),
]
# The end of a boot: commands of a shell that stands for the kernel, what is said, and
# for how long it is waited for
ENDS = [
    ("echo reboot: System halted", "", 60),
    ("kill -9 $$", "went down with -9", 60),
    ("echo Kernel panic - not syncing; kill -6 $$", "went down with -6", 60),
    ("exit 0", "went down with 0", 60),
    ("while :; do :; done", "no end after 1 s of processor time", 60),
    ("exec sleep 60", "no end after 3 s", 3),
]


def check(source):
    """What is not seen, or not told."""
    found = []
    for output, wanted, failed, last, case in ROWS:
        results = ktap.Results(source, output, wanted)
        said = results.failures[-1] if results.failures else ""
        if (results.failed, results.last) != (failed, case) or not said.startswith(last):
            found.append(f"{output!r}: {results.failures}, {results.last!r} ran last")
    where = source.with_name("check")
    where.mkdir(exist_ok=True)
    image = where / "linux"
    for script, wanted, patience in ENDS:
        image.write_text(f"#!/bin/sh\n{script}\n")
        image.chmod(0o755)
        _, problem = uml.boot(image, where / "linux.log", cpu=1, patience=patience)
        if problem != wanted:
            found.append(f"{script}: {problem!r}, not {wanted!r}")
    scripts = {script for _, _, scripts in test.DEVICE_TESTS for script in scripts.split(",")}
    there = {path.name for path in test.SELFTESTS.glob("*.sh")
             if "\nrun_tests\n" in path.read_text()}
    found += [f"no boot runs {name}" for name in sorted(there - scripts - test.ELSEWHERE)]
    return found
