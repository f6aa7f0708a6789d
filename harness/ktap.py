# SPDX-License-Identifier: GPL-2.0
"""What the tests of a boot said, as kunit.py's own parser understands it, and the
cases that were to run, from the sources.  What is skipped or lost, or fails though
none of its subtests does, has failed."""
import fnmatch
import importlib
import io
import re
import sys

import host
import tree

# Its allocations fail in a range of addresses that user space gives: see guest/soak
NOMEM = "pci-doe-nomem-core."
# What no boot may say
SPLAT = re.compile(r"WARNING:|\bBUG:|BUG at|KASAN|UBSAN|Oops|Call [Tt]race|Kernel panic|"
                   r"possible circular locking|inconsistent lock state|rcu: INFO|"
                   r"ODEBUG: (?!selftest passed)|blocked for more")

# Lines that are shown of what a failed test said
TOLD = 12


class Results:
    """How many passed and failed, of which failures has the names and said all that they
    said; which case ran last.

    wanted: names that are to have a result; console: where the kernel speaks, if that is
    elsewhere, and does not say anything that SPLAT matches."""

    def __init__(self, tree, output, wanted=(), console=""):
        self.passed, self.failures, self.said = 0, [], []
        self.begun, self.done, self.lost = "", set(), []
        # The parts that begin with a KTAP header of their own
        for text in re.split(r"^(?=(?:\[[ .\d]+\] )?K?TAP version)", output, flags=re.M)[1:]:
            self.walk(parse(tree, text), ())
        missing = [name for name in wanted if name not in self.done]
        if self.done:
            missing = missing or self.lost
        else:
            said = output.strip().splitlines() or ["nothing at all"]
            self.failures.append(f"no test has a result; the last that was said: {said[-1]}")
        self.failures += [f"{name}: no result" for name in missing]
        self.last = next((name for name in missing if name.startswith(f"{self.begun}.")),
                         next(iter(missing), ""))
        self.failures += splats(console or output)[:1]

    @property
    def failed(self):
        return len(self.failures)

    def shown(self):
        """Not hundreds of lines, if a boot has ended early."""
        lost = [line for line in self.failures if line.endswith(": no result")][3:]
        rest = [line for line in self.failures if line not in lost]
        return rest + [f"{len(lost)} more without a result"] * bool(lost)

    def ended(self, problem, log):
        """Note how the boot has ended, if that was not as it should be."""
        if problem:
            self.failures.append(f"{problem}, in {self.last or 'no case'}: see {log}")
        return self

    def walk(self, test, above):
        """Note each test without subtests, and each that failed by itself."""
        path = above if test.name in ("main", "") else (*above, test.name)
        name, status = ".".join(path) or "a test", test.status.name
        known = len(self.failures) + len(self.lost)
        self.begun = path[0] if path else self.begun
        for sub in test.subtests:
            self.walk(sub, path)
        if status in ("SUCCESS", "FAILURE", "SKIPPED"):
            self.done.add(name)
            if status == "SUCCESS":
                self.passed += not test.subtests
            elif len(self.failures) + len(self.lost) == known:
                self.failures.append(f"{name}: {'skipped' if status == 'SKIPPED' else 'failed'}")
                told = [line for line in test.log if line.startswith(" ")]
                self.said += [self.failures[-1], *told[-TOLD:]]
        elif not test.subtests:
            self.lost.append(name)


def splats(console):
    """Lines of a console that no boot may have."""
    return [line.strip() for line in console.splitlines() if SPLAT.search(line)]


def parse(tree, text):
    """The tests in a document.  Newer parsers are told where to print."""
    where = str(tree / "tools/testing/kunit")
    if where not in sys.path:
        sys.path.insert(0, where)
    parser = importlib.import_module("kunit_parser")
    parser.stdout = importlib.import_module("kunit_printer").Printer(output=io.StringIO())
    # At an early end it takes the last line once more, which is not to be a result
    arguments = ([*text.splitlines(), "# end"], parser.stdout)
    return parser.parse_run_tests(*arguments[:parser.parse_run_tests.__code__.co_argcount])


def cases(glob="*", slow=False, virtual=True):
    """suite.case of each KUnit case that the sources have, whatever #ifdef stands around
    it, but for NOMEM; very slow ones and those for UML alone on demand: virtual time, and
    no memory, which other kernels' interrupts do not take well."""
    makefile = (host.ROOT / tree.MAKEFILE).read_text().replace("\\\n", "")
    timed = " ".join(re.findall(r"\(CONFIG_(?:UML_TIME_TRAVEL_SUPPORT|FAILSLAB)\)\s*\+=(.*)",
                                makefile))
    found = []
    for path in sorted(host.ROOT.glob("*/pci/doe-*test*.c")):
        if virtual or f"{path.stem}.o" not in timed:
            for suite, array in re.findall(r"struct kunit_case doe_(\w+)_cases\[\] = \{\n"
                                           r"(.*?)^\};", path.read_text(), re.M | re.S):
                found += [f"pci-doe-{suite.replace('_', '-')}.{name}" for name, rest in re.findall(
                    r"KUNIT_CASE[A-Z_]*\(\s*(\w+)((?:(?!KUNIT_CASE).)*)", array, re.S)
                          if slow or "VERY_SLOW" not in rest]
    glob = glob if "." in glob else f"{glob}.*"
    return [name for name in found if fnmatch.fnmatch(name, glob) and NOMEM not in name]
