# SPDX-License-Identifier: GPL-2.0
"""./run check: every configuration that matters, static checkers, documentation."""
import random
import re
import shutil
import time

import explore
import honest
import host
import kernel
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
VARIED = {
    "64BIT": "yyyn", "SMP": "yyyn", "MODULES": "yyyn", "SYSFS": "yyyn", "DEBUG_FS": "yyyn",
    "PCI_MSI": "yyyn", "PM": "yyn", "STRICT_DEVMEM": "yn", "PREEMPT_RT": "nny", "KUNIT": "yym",
    "FTRACE": "yn", "PCI_DOE": "yyyyn", "PCI_DOE_AUX": "ymn", "PCI_DOE_CDEV": "yn",
    "PCI_DOE_SIM": "yym", "PCI_DOE_KUNIT_TEST": "ymn", "PCI_DOE_BENCH": "yn", "CXL_BUS": "ymn",
    "CXL_PCI": "ymn", "PCI_TSM": "yn",
}
CLANG = "clang-19"
# Our files, in what a checker says.
OUR_FILES = r"(?:\S*/)?(?:doe-sim/\w+\.[ch]|doe[\w-]*\.[ch]|pci[-_]doe\.h)"
MAKE_ERROR = r"make: \*\*\*"
COMPILER = re.compile(OUR_FILES + r":\d+.*(?:warning|error)")
# The rows of the first have numbers to that one; so many need no case
REGRESSIONS, FAULTS = host.HARNESS / "regressions.txt", host.HARNESS / "faults.txt"
LAST, EXCUSED_AT_MOST = 57, 8
SHELLCHECK = [
    # Sourced files are checked on their own, what they set is used elsewhere; lists of
    # words are meant to be split; names in sysfs have no blanks
    "--exclude=SC1090,SC1091,SC2034,SC2153,SC2154,SC2046,SC2086,SC2012", "--shell=dash",
    "--severity=style", "--format=gcc",
]
ACCEPTED = re.compile("|".join((
    # the layout of every trace event in the kernel
    r"trace/events/.*(?:OPEN_ENDED_LINE|PARENTHESIS_ALIGNMENT)",
    # lists that make a struct, a table and the parameters of the module
    r"doe-sim/.*(?:COMPLEX_MACRO|MULTISTATEMENT_MACRO\w+|TRAILING_SEMICOLON|MACRO_ARG_\w+)",
    # an iterator, a trace event, and what is a macro to have the line of a test
    r"(?:pci[-_]doe\.h|doe-test-util\.h|doe-test-pairs\.c).*MACRO_ARG_REUSE",
    # names of functions of the kernel, said as such
    r"EMBEDDED_FUNCTION_NAME",
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
    rows = [one(name, source) for name in (CHECKS if "all" in args.what else args.what)]
    print(f"\n{'check':<14}{'findings':>9}{'time':>8}")
    for name, findings, seconds in rows:
        print(f"{name:<14}{findings:>9}{host.clock(seconds):>8}")
    failed = sum(findings > 0 for _, findings, _ in rows)
    print(f"{failed} of {len(rows)} checks failed" if failed else "all checks passed")
    return int(failed > 0)


def one(name, source):
    start = time.monotonic()
    found = [line for line in CHECKS[name](source) if not ACCEPTED.search(line)]
    print("\n".join([*found, f"==> {name}: {len(found)} findings"]), flush=True)
    return name, len(found), time.monotonic() - start


# What compiles

def builds(source):
    """W=1 in every configuration: neither errors nor a warning from our files."""
    # Modules are linked too, for the exports they need
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
        config = " ".join(f"{name}={chance.choice(values)}" for name, values in VARIED.items())
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
    scripts = [path for path in (host.ROOT / "run", host.ROOT / ".ci/run",
                                 *host.HARNESS.rglob("*"))
               if path.is_file() and re.match(rb"#!.*sh\b", path.read_bytes())]
    return said(["shellcheck", *SHELLCHECK, *scripts, *ours(r"\.sh$")])


def tables(_source):
    """Each row of regressions.txt has a KUnit case whose comment names its number, and each
    of faults.txt tests that are there."""
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


CHECKS = {
    "honest": honest.check, "tables": tables, "mutants": mutate.check,
    "explore": explore.check, "checkpatch": checkpatch, "kernel-doc": kernel_doc,
    "includecheck": includecheck, "codespell": codespell, "shellcheck": shellcheck,
    "sphinx": sphinx, "builds": builds, "sparse": sparse, "coccicheck": coccicheck,
    "clang": clang, "random": randoms,
}
