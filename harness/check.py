# SPDX-License-Identifier: GPL-2.0
"""./run check: every configuration that matters, static checkers, documentation."""
import random
import re
import shutil
import time

import explore
import host
import kernel
import ktap
import mutate
import test
import tree

BASE = "64BIT EXPERT SMP MODULES SAMPLES PCI ACPI NUMA X86_64_ACPI_NUMA DEBUG_KERNEL"
CXL = "CXL_BUS CXL_PCI CXL_ACPI CXL_MEM CXL_PORT"
OURS = "PCI_DOE_AUX PCI_DOE_SIM KUNIT PCI_DOE_KUNIT_TEST SAMPLE_PCI_DOE"
AS_MODULES = " ".join(f"{name}=m" for name in f"{OURS} {CXL}".split())
ALL = (f"{BASE} SYSFS DEBUG_FS PCI_MSI PCI_DOE PCI_DOE_CDEV PCI_TSM {OURS} PCI_DOE_BENCH "
       f"{CXL} FAULT_INJECTION FAILSLAB SAMPLE_PCI_DOE_KUNIT_TEST")
CONFIGS = {
    "no-doe": f"{BASE} SYSFS DEBUG_FS PCI_MSI",
    "doe": f"{BASE} SYSFS DEBUG_FS PCI_MSI PCI_DOE",
    "builtin": ALL,
    "modules": f"{BASE} SYSFS DEBUG_FS PCI_MSI PCI_DOE {AS_MODULES}",
    "no-msi": f"{BASE} SYSFS DEBUG_FS PCI_DOE {OURS} {CXL}",
    "no-sysfs": f"{BASE} PCI_MSI PCI_DOE {OURS} SYSFS=n",
}
# Not in every kernel, or not in every configuration
OPTIONAL = "PCI_TSM PCI_DOE_SIM PCI_DOE_KUNIT_TEST"
# Random configurations: all is left to chance but for these, which get one of the values
SEEDS = range(1, 31)
FIXED = "PCI COMPILE_TEST=n WERROR=n GCC_PLUGINS=n DEBUG_INFO_NONE EXPERT"
VARIED = ("64BIT=yyyn SMP=yyyn MODULES=yyyn SYSFS=yyyn DEBUG_FS=yyyn PCI_MSI=yyyn PM=yyn "
          "STRICT_DEVMEM=yn PREEMPT_RT=nny KUNIT=yym FTRACE=yn PCI_DOE=yyyyn PCI_DOE_AUX=ymn "
          "PCI_DOE_CDEV=yn PCI_DOE_SIM=yym PCI_DOE_KUNIT_TEST=ymn PCI_DOE_BENCH=yn CXL_BUS=ymn "
          "CXL_PCI=ymn PCI_TSM=yn")
CLANG = "clang-19"
# Our files, in what a checker says.
OUR_FILES = r"(?:\S*/)?(?:doe-sim/\w+\.[ch]|doe[\w-]*\.[ch]|pci[-_]doe\.h)"
MAKE_ERROR = r"make: \*\*\*"
COMPILER = re.compile(OUR_FILES + r":\d+.*(?:warning|error)")
# The rows of the first have numbers to that one; so many need no case
REGRESSIONS, FAULTS = host.HARNESS / "regressions.txt", host.HARNESS / "faults.txt"
LAST, EXCUSED_AT_MOST = 57, 8
ACCEPTED = re.compile("|".join((
    # the layout of every trace event in the kernel
    r"trace/events/.*(?:OPEN_ENDED_LINE|PARENTHESIS_ALIGNMENT)",
    # lists that make a struct, a table and the parameters of the module
    r"doe-sim/.*(?:COMPLEX_MACRO|MULTISTATEMENT_MACRO\w+|TRAILING_SEMICOLON|MACRO_ARG_\w+)",
    # an iterator, a trace event, and what is a macro to have the line of a test
    r"(?:pci[-_]doe\.h|doe-test-util\.h|doe-test-pairs\.c).*MACRO_ARG_REUSE",
    # names of functions of the kernel, said as such
    r"EMBEDDED_FUNCTION_NAME",
    # what a signal handler writes
    r"pcidoe-out\.c.*VOLATILE",
    # sparse does not know that guard() unlocks
    r"doe-(?:sim/|test-).*context imbalance",
    # the kernel's API in user space
    r"tools/testing/pci-doe/(?:shim\.h|.*(?:MACRO_ARG_REUSE|BIT_MACRO|ATTRIBUTE_MACRO))",
    r"tools/testing/pci-doe/.*(?:FUNCTION_ARGUMENTS|AVOID_EXTERNS)",
)))
WHOLE = ["drivers/pci/", "drivers/cxl/", "samples/"]


def add_arguments(parser):
    parser.add_argument("what", nargs="*", metavar="CHECK", choices=[*CHECKS, "all"],
                        default="all",
                        help=f"which checks (default: all): {', '.join(CHECKS)}")


def main(args):
    host.install(f"{host.BUILDING} perl sparse coccinelle ocaml codespell shellcheck {CLANG} "
                 "python3-sphinx")
    source = tree.prepared(args.kernel)
    table, failed = [], 0
    for name in CHECKS if "all" in args.what else args.what:
        start = time.monotonic()
        found = [line for line in CHECKS[name](source) if not ACCEPTED.search(line)]
        print("\n".join([*found, f"==> {name}: {len(found)} findings"]), flush=True)
        table.append(f"{name:<14}{len(found):>9}{host.clock(time.monotonic() - start):>8}")
        failed += bool(found)
    print(f"\n{'check':<14}{'findings':>9}{'time':>8}", *table, sep="\n")
    print(f"{failed} of {len(table)} checks failed" if failed else "all checks passed")
    return int(failed > 0)


# What compiles

def builds(source):
    """W=1 in every configuration.  Modules are linked too, for the exports they need."""
    return [line for name, config in CONFIGS.items()
            for line in build(source, name, config, *([] if name == "modules" else WHOLE))]


def build(source, name, config, *targets, goal="allnoconfig", cc=kernel.CC):
    """Configure and compile with W=1; what the compiler says of our files."""
    make, where = configured(source, name, config, goal, cc), directory(source, name)
    for path in (*where.glob("drivers/pci/*doe*.o"), *where.glob("drivers/pci/doe-sim/*.o")):
        path.unlink()
    return compiled(name, [*make, "W=1", *targets], where)


def directory(source, name):
    return source.with_name("check") / re.sub(r"\d", "", name)


def configured(source, name, config, goal="allnoconfig", cc=kernel.CC, lax=False):
    """The command line of make for a directory with this configuration."""
    where = directory(source, name)
    make = ["make", "-C", source, f"O={where}", "ARCH=x86", cc, kernel.JOBS]
    kernel.configure(make, where, config, goal, config if lax else OPTIONAL)
    return make


def compiled(name, make, where):
    log = where / f"{name}.log"
    failed = []
    try:
        host.build(make, name, log, r"\s+(CC|AS|LD|AR|CHECK)\s")
    except host.Fail as err:
        failed = [str(err)]
    return [line for line in log.read_text().splitlines() if COMPILER.match(line)] + failed


def clang(source):
    return build(source, "clang", CONFIGS["builtin"], *WHOLE, cc=f"CC=ccache {CLANG}")


def sparse(source):
    return build(source, "builtin", CONFIGS["builtin"], "C=1", "CF=-D__CHECK_ENDIAN__", *WHOLE)


def randoms(source):
    """Random configurations with our options varied."""
    found = []
    for seed in SEEDS:
        chance = random.Random(seed)
        config = re.sub(r"=(\w+)", lambda values: f"={chance.choice(values[1])}", VARIED)
        found += build(source, f"random{seed}", f"{FIXED} {config}", *WHOLE,
                       goal=f"KCONFIG_SEED={seed} randconfig")
    return found


# What reads

def ours(pattern):
    return [host.ROOT / path for path in tree.project_files() if re.search(pattern, path)]


def said(cmd, pattern=r".*\S", **kwargs):
    """The lines of a checker's output that are findings."""
    result = host.run(cmd, **kwargs)
    found = [line for line in (result.stdout + result.stderr).splitlines()
             if re.match(pattern, line)]
    return found or [f"{cmd[0]} failed"] * (result.returncode > 1)


def checkpatch(source):
    return said([source / "scripts/checkpatch.pl", "--strict", "--no-summary", "--terse",
                 "--show-types", "-f", *ours(r"")], r".*:\d+:|\D*:", cwd=source)


def coccicheck(source):
    """The kernel's semantic patches, on a directory with our files alone."""
    where = directory(source, "coccicheck")
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    for path in ours(r"^(?:drivers|include|Documentation)/.*\.[ch]$"):
        shutil.copy2(path, where)
    make = configured(source, "builtin", CONFIGS["builtin"])
    return said([*make, "coccicheck", "MODE=report", f"M={where}"], rf"{OUR_FILES}:\d|{MAKE_ERROR}")


def includecheck(source):
    return said([source / "scripts/checkincludes.pl", *ours(r"\.[ch]$")], r".*included more")


def kernel_doc(source):
    script = next(path for path in ("tools/docs/kernel-doc", "scripts/kernel-doc")
                  if (source / path).exists())
    return said([source / script, "-none", "-Wall", *ours(r"\.[ch]$")])


def sphinx(source):
    """The PCI book."""
    make = configured(source, "builtin", CONFIGS["builtin"])
    return said([*make, "htmldocs", "SPHINXDIRS=PCI"], rf"\S*/[\w-]*doe[\w.-]*:\d|{MAKE_ERROR}")


def codespell(_source):
    return said(["codespell", "-L", "filp", *ours(r""), host.ROOT / "README.md",
                 *host.HARNESS.rglob("*.py")])


def shellcheck(_source):
    """Sourced files are checked on their own, what they set is used elsewhere; lists of words
    are meant to be split; names in sysfs have no blanks."""
    accepted = "SC1090,SC1091,SC2034,SC2153,SC2154,SC2046,SC2086,SC2012"
    scripts = [path for path in (host.ROOT / "run", host.ROOT / ".ci/run",
                                 *host.HARNESS.rglob("*"))
               if path.is_file() and re.match(rb"#!.*sh\b", path.read_bytes())]
    return said(["shellcheck", f"--exclude={accepted}", "--shell=dash", "--severity=style",
                 "--format=gcc", *scripts, *ours(r"\.sh$")])


def tables(_source):
    """The comment of a case names each row of regressions.txt, and tests of faults.txt exist."""
    comments, there = "", {path.name for path in test.SELFTESTS.glob("*.sh")}
    for path in (host.ROOT / "drivers/pci").glob("doe-test*.c"):
        text = path.read_text()
        cases = set(re.findall(r"KUNIT_CASE\w*\((\w+)", text))
        parts = re.split(r"^static void (\w+)\(struct kunit \*test\)", text, flags=re.M)
        comments += " ".join(comment for above, name in zip(parts[::2], parts[1::2])
                             if name in cases for comment in re.findall(r"/\*.*?\*/", above, re.S))
        there |= cases
    rows = dict(re.findall(r"^R(\d+): (.*)", REGRESSIONS.read_text(), re.M))
    excused = [number for number, text in rows.items() if text.endswith(")")]
    found = [f"R{number} is missing" for number in range(1, LAST + 1) if str(number) not in rows]
    found += [f"no case names R{number}" for number in rows if number not in excused
              and not re.search(rf"\bR{number}\b", comments)]
    if len(excused) > EXCUSED_AT_MOST:
        found.append(f"{len(excused)} regressions have no case, {EXCUSED_AT_MOST} may")
    for fault in re.findall(r"^[^#\s].*(?:\n  .*)*", FAULTS.read_text(), re.M):
        names = re.search(r"\[(.+)\]$", fault, re.S)
        lacking = set(names[1].split() if names else ["named"]) - there
        found += [f"no test {name}: {fault.splitlines()[0]}" for name in sorted(lacking)]
    return found


# What counts as failed

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


def honest(source):
    """Whatever is wrong with a boot is seen, and told."""
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
        _, problem = kernel.boot(image, where / "linux.log", cpu=1, patience=patience)
        if problem != wanted:
            found.append(f"{script}: {problem!r}, not {wanted!r}")
    scripts = {script for _, _, scripts in test.DEVICE_TESTS for script in scripts.split(",")}
    there = {path.name for path in test.SELFTESTS.glob("*.sh")
             if "\nrun_tests\n" in path.read_text()}
    found += [f"no boot runs {name}" for name in sorted(there - scripts - test.ELSEWHERE)]
    return found


CHECKS = {
    "honest": honest, "tables": tables, "mutants": mutate.check,
    "explore": explore.check, "checkpatch": checkpatch, "kernel-doc": kernel_doc,
    "includecheck": includecheck, "codespell": codespell, "shellcheck": shellcheck,
    "sphinx": sphinx, "builds": builds, "sparse": sparse, "coccicheck": coccicheck,
    "clang": clang, "random": randoms,
}
