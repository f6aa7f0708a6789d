# SPDX-License-Identifier: GPL-2.0
"""What the tests of a boot said, as kunit.py's own parser understands it, and the
cases that were to run, from the sources.  What is skipped or lost, or fails though
none of its subtests does, has failed."""
import importlib
import io
import re
import sys

import host

# What no boot may say
SPLAT = re.compile(r"WARNING:|BUG:|BUG at|KASAN|UBSAN|Oops|Call [Tt]race|possible circular locking|"
                   r"inconsistent lock state|Kernel panic|rcu: INFO|ODEBUG:|blocked for more")
# Suites that measure, which run in kernels of their own
BENCH = "pci-doe-bench"


class Results:
    """How many passed and failed, of which failures has the names and said all that they
    said; which case ran last.

    wanted: {suite: [case]} that there are to be; clean: the console is not to say
    anything that SPLAT matches."""

    def __init__(self, tree, console, wanted=None, clean=True):
        self.passed, self.failures, self.begun, self.said = 0, [], "", []
        self.done, self.lost = set(), []
        for text in documents(console):
            self.walk(parse(tree, text), ())
        if not self.done:
            said = console.strip().splitlines() or ["nothing at all"]
            self.failures.append(f"no test has a result; the last that was said: {said[-1]}")
        missing = [f"{suite}.{case}" for suite, cases in (wanted or {}).items() for case in cases
                   if f"{suite}.{case}" not in self.done]
        self.failures += [f"{name}: no result" for name in missing or self.lost]
        self.last = next((name for name in missing if name.startswith(f"{self.begun}.")),
                         next(iter(missing or self.lost), ""))
        splats = [line.strip() for line in console.splitlines() if SPLAT.search(line)]
        self.failures += splats[:1] if clean else []

    @property
    def failed(self):
        return len(self.failures)

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
            if status == "SUCCESS" and not test.subtests:
                self.passed += 1
            elif status != "SUCCESS" and len(self.failures) + len(self.lost) == known:
                self.failures.append(f"{name}: {'skipped' if status == 'SKIPPED' else 'failed'}")
                self.said += [self.failures[-1], *test.log]
        elif not test.subtests:
            self.lost.append(name)


def documents(console):
    """The parts of the output that begin with a KTAP header of their own."""
    return re.split(r"^(?=(?:\[[ .\d]+\] )?(?:KTAP|TAP) version)", console, flags=re.M)[1:]


def parse(tree, text):
    """The tests in a document.  Newer parsers are told where to print."""
    where = str(tree / "tools/testing/kunit")
    if where not in sys.path:
        sys.path.insert(0, where)
    parser = importlib.import_module("kunit_parser")
    quiet = importlib.import_module("kunit_printer").Printer(output=io.StringIO())
    parser.stdout = quiet
    # At an early end it takes the last line once more, which is not to be a result
    arguments = ([*text.splitlines(), "# end"], quiet)
    return parser.parse_run_tests(*arguments[:parser.parse_run_tests.__code__.co_argcount])


def suites(slow=False):
    """{suite: [case]} of the sources, whatever #ifdef stands around them; slow: those
    marked as very slow, too."""
    found = {}
    for path in sorted((host.ROOT / "drivers/pci").glob("doe-test*.c")):
        text = path.read_text()
        cases = {name: [re.match(r"\w*\(\s*(\w+)", case).group(1)
                        for case in body.split("KUNIT_CASE")[1:]
                        if slow or "VERY_SLOW" not in case]
                 for name, body in re.findall(
                     r"struct kunit_case (\w+)\[\] = \{\n(.*?)^\};", text, re.M | re.S)}
        for body in re.findall(r"struct kunit_suite \w+ = \{\n(.*?)^\};", text, re.M | re.S):
            name = re.search(r'\.name = "(.*)"', body).group(1)
            found[name] = cases[re.search(r"\.test_cases = (\w+)", body).group(1)]
    return {name: names for name, names in found.items() if names}
