# SPDX-License-Identifier: GPL-2.0
"""./run bench: mainline's library and this one, measured side by side."""
import json
import re
import shutil
import subprocess
import threading
from collections import defaultdict
from pathlib import Path

import bench_report
import guest
import host
import kernel
import ktap
import tree

CONFIG = host.HARNESS / "bench.config"
SUITE, LARGE_SUITE = "pci_doe_bench", "pci_doe_bench_large"
TIMEOUT = 600
# What of this project mainline's kernel gets: the device and the benchmark.
SHARED = {
    "drivers/pci/Kconfig": r"^(?:config PCI_DOE_BENCH|source .*/doe-sim/Kconfig.)\n(?:(?:[ \t].*)?\n)*",
    tree.MAKEFILE: r"^obj-\$\(CONFIG_PCI_DOE_(?:SIM|BENCH)\).*\n|^CFLAGS_doe-bench.*\n",
}
SHARED_FILES = r"drivers/pci/doe-(?:sim/.*|bench\.c)"
MARK = "\n# Measured by the DOE benchmark\n"
RESULT = re.compile(r"doe_bench: ([\w-]+) (\w+) (\d+) ([\w-]+)((?: -?\d+)+)$")
CASE = re.compile(r"\s*(?:not )?ok \d+ bench_(\w+)")


def add_arguments(parser):
    tree.add_kernel_argument(parser)
    parser.add_argument("--boots", type=int, default=5, metavar="N",
                        help="boots of each kernel (default 5)")
    parser.add_argument("--quick", action="store_true",
                        help="one boot of each, without what takes thousands of mailboxes")
    parser.add_argument("--out", type=Path, default=host.BUILD / "bench", metavar="DIR",
                        help="where the table, the JSON and the plot go (default build/bench)")
    parser.add_argument("--again", action="store_true",
                        help="measure nothing, report what DIR/bench.json holds")


def main(args):
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "bench.json"
    if not args.again:
        path.write_text(json.dumps(measure(args), indent=1))
    if not path.exists():
        raise host.Fail(f"{path} is missing: run without --again")
    run = json.loads(path.read_text())
    rows = bench_report.rows(samples(run))
    table = bench_report.table(rows)
    (args.out / "table.md").write_text(table)
    (args.out / "latency.svg").write_text(bench_report.plot(samples(run)))
    print(f"\n{table}\nLinux {run['linux']}, {run['boots']} boots of each kernel, "
          f"{disturbed(run)}; {path}, {args.out / 'latency.svg'}")
    failed = [row for row in rows if row["reached"] == "no"]
    for row in failed:
        print(f"not reached: {row['workload']}: {row['why']}")
    for line in run["problems"]:
        print(f"problem: {line}")
    return int(bool(failed or run["problems"]))


def disturbed(run):
    """What other load of this machine took part in the figures."""
    ran, waited = (sum(each[what] for each in run["results"]) for what in ("ran", "waited"))
    return (f"QEMU waited for a CPU {100 * waited / (ran + waited):.0f} % of the time "
            "that it had work")


def measure(args):
    guest.install()
    kernels = [Kernel(bench_report.MAINLINE, mainline(args.kernel)),
               Kernel(bench_report.THIS, tree.prepared(args.kernel))]
    for each in kernels:
        each.build()
    boots = 1 if args.quick else args.boots
    plan = [(SUITE, n) for n in range(boots)] + ([] if args.quick else [(LARGE_SUITE, boots)])
    done = [boot(each, suite, n, f"{n + 1} of {len(plan)}") for suite, n in plan
            for each in kernels]
    return {"linux": tree.version(kernels[1].tree), "boots": boots,
            "problems": [line for each in done for line in each.pop("problems")],
            "results": done}


# The kernels

def mainline(release):
    """A pristine tree with nothing of this project but what measures."""
    where = tree.prepared(release).with_name("mainline") / "tree"
    if not where.exists():
        partial = where.with_name("tree.partial")
        shutil.rmtree(partial, ignore_errors=True)
        tree.unpack(release or tree.DEFAULT, partial)
        partial.rename(where)
    compat = tree.missing_api(where)
    files = {path: (host.ROOT / path).read_bytes() + compat.get(path, "").encode()
             for path in tree.project_files() if re.fullmatch(SHARED_FILES, path)}
    for path, pattern in SHARED.items():
        entries = (host.ROOT / path).read_text() + compat.get(path, "")
        files[path] = ((where / path).read_text().partition(MARK)[0] + MARK +
                       "".join(re.findall(pattern, entries, re.M))).encode()
    if tree.COMPAT in compat:
        files[tree.COMPAT] = compat[tree.COMPAT].encode()
    tree.write(where, {path: data for path, data in files.items()
                       if not (where / path).exists() or (where / path).read_bytes() != data})
    return where


class Kernel:
    """A tree, built with the benchmark's configuration."""

    def __init__(self, name, source):
        self.name, self.tree = name, source
        self.dir = source.with_name("bench")
        self.image = self.dir / "arch/x86/boot/bzImage"

    def build(self):
        if not self.image.exists():
            host.need_space(self.tree.parent, 2)
        self.dir.mkdir(exist_ok=True)
        # With names below the parent alone, ccache finds in the second kernel most of the first
        make = ["env", f"CCACHE_BASEDIR={self.dir.parent}", "make", "-C", self.tree,
                f"O={self.dir}", "ARCH=x86_64", kernel.CC, kernel.JOBS]
        if host.run([*make, f"KCONFIG_ALLCONFIG={CONFIG}", "allnoconfig"]).returncode:
            raise host.Fail(f"make allnoconfig failed in {self.dir}")
        if "CONFIG_PCI_DOE_BENCH=y" not in (self.dir / ".config").read_text():
            raise host.Fail(f"{self.dir}/.config has no PCI_DOE_BENCH: what it depends on changed")
        host.build([*make, "bzImage"], f"building Linux {tree.version(self.tree)}, {self.name}",
                   self.dir / "make.log", r"\s+(CC|AS|LD|AR)\s")


# The boots

def boot(each, suite, number, which):
    """Results of one boot: {"workload mode point metric": values}."""
    log = host.BUILD / "bench" / f"{each.name}-{number}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    values, problems, ended, ran, waited = defaultdict(list), [], False, 0, 0
    progress = host.Progress(f"boot {which}, {each.name}:")
    command = [guest.QEMU, "-M", "q35", "-m", "2G", "-smp", "2", "-accel", "tcg", "-nodefaults",
               "-no-reboot", "-display", "none", "-serial", "stdio", "-kernel", each.image,
               "-append", f"console=ttyS0 panic=-1 {guest.KUNIT} kunit_shutdown=reboot "
               f"kunit.filter_glob={suite}"]
    with open(log, "w") as out, subprocess.Popen(
            [str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace") as qemu:
        watchdog = threading.Timer(TIMEOUT, qemu.kill)
        watchdog.start()
        for line in qemu.stdout:
            ran, waited = cpu_time(qemu.pid) or (ran, waited)
            out.write(line)
            line = line.rstrip()
            if found := RESULT.search(line):
                values[" ".join(found.groups()[:4])] += map(int, found[5].split())
                progress.show(f"{found[1]} {found[2]}")
            elif CASE.match(line):
                progress.show(CASE.match(line)[1], force=progress.tty)
            if re.match(r"\s*not ok|.*(?:EXPECTATION|ASSERTION) FAILED", line) or \
                    ktap.SPLAT.search(line):
                problems.append(f"{log}: {line.strip()}")
            ended |= bool(re.match(r"(not )?ok \d+ pci_doe_bench", line))
        watchdog.cancel()
    progress.done()
    if not ended:
        problems.append(f"{log}: the benchmark did not come to its end")
    return {"kernel": each.name, "suite": suite, "values": values, "problems": problems,
            "ran": ran, "waited": waited}


def cpu_time(pid):
    """How long a process had a CPU, and how long it waited for one, in ns; None at its end."""
    try:
        times = [path.read_text().split() for path in
                 Path(f"/proc/{pid}/task").glob("*/schedstat")]
    except OSError:
        return None
    return tuple(sum(int(each[i]) for each in times) for i in (0, 1)) if times else None


def samples(run):
    """{(kernel, workload, mode, point, metric): one list of values for each boot}"""
    found = defaultdict(list)
    for each in run["results"]:
        for key, values in each["values"].items():
            workload, mode, point, metric = key.split()
            found[each["kernel"], workload, mode, int(point), metric].append(values)
    return found
