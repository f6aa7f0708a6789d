# SPDX-License-Identifier: GPL-2.0
"""./run bench: mainline's library and this one side by side in User-mode Linux: times and counts in
virtual time, where they are exact, and what the processor does for them in real time."""
import re
import resource
import shutil
import subprocess

import host
import kernel
import ktap
import tree

OUT = host.BUILD / "bench"
MAINLINE, THIS = "mainline", "this"
# What of this project mainline's kernel gets: the device and the benchmark
SHARED = {
    "drivers/pci/Kconfig": r"^(?:config PCI_DOE_BENCH|source .*/doe-sim/Kconfig.)\n"
                           r"(?:(?:[ \t].*)?\n)*",
    tree.MAKEFILE: r"^obj-\$\(CONFIG_PCI_DOE_(?:SIM|BENCH)\).*\n|^CFLAGS_doe-bench.*\n",
}
SHARED_FILES = r"drivers/pci/doe-(?:sim/.*|bench\.c)"
# No debugging
OPTIONS = ("64BIT EXPERT HIGH_RES_TIMERS NO_HZ_IDLE PRINTK STDERR_CONSOLE BUG POSIX_TIMERS "
           "MULTIUSER SYSFS PROC_FS DEBUG_FS PM PCI_MSI VIRTIO_UML UML_PCI_OVER_VIRTIO "
           "UML_PCI_OVER_VIRTIO_DEVICE_ID=0 UML_TIME_TRAVEL_SUPPORT KUNIT PCI_DOE_SIM "
           "PCI_DOE_BENCH")
MARK = "\n# Measured by the DOE benchmark\n"
# User-mode Linux has ticks of 10 ms, in which mainline's pauses would be of no length
TICKS = "\nconfig HZ\n\tint\n\tdefault 250\n"
EXACT, REAL = "pci-doe-bench", "pci-doe-bench-cpu"
RESULT = re.compile(r"doe_bench: (\w+) (\w+) (\d+) (.*)")
US, MS, S = 1000, 10**6, 10**9
COLUMNS = {"mainline": (MAINLINE, "polled"), "this, polled": (THIS, "polled"),
           "this, interrupt": (THIS, "irq")}

# What is done in real time: name, case, how many rounds, of how many things each, and what
# else the benchmark is told
CPU = (
    ("exchange of 4 B, device instant", "cpu_exchange", 200000, 1, ()),
    ("exchange of 4 KiB, device instant", "cpu_exchange", 500, 1, ("bytes=4096",)),
    ("exchange of 1 MiB, device instant", "cpu_exchange", 5, 1, ("bytes=1048568",)),
    ("exchange of 4 B, device takes 1 ms", "cpu_exchange", 500, 1, ("proc_ns=1000000",)),
    ("exchange of 4 B, device takes 20 ms", "cpu_exchange", 200, 1, ("proc_ns=20000000",)),
    ("exchange of 4 B, device takes 500 ms", "cpu_exchange", 10, 1, ("proc_ns=500000000",)),
    ("exchange of 4 B in a crowd of 1,024, devices take 300 ms", "cpu_crowd", 10, 1024, ()),
    ("mailbox made, discovered and removed", "cpu_enumeration", 4, 64, ()),
)
# Each is done so often, and the least counts: other load only adds
TRIES = 3


def main(args):
    host.install(f"{host.UML} gnuplot-nox")
    OUT.mkdir(parents=True, exist_ok=True)
    kernels = [Kernel(MAINLINE, mainline(args.kernel)), Kernel(THIS, tree.prepared(args.kernel))]
    values, problems = {}, []
    for each in kernels:
        each.build()
    for each in kernels:
        values |= exact(each, problems)
    values |= processor(kernels, problems)
    text, lost = report(values)
    print(f"\n{text}\nLinux {tree.version(kernels[0].tree)}; {OUT}")
    for line in lost:
        print(f"mainline is better: {line}")
    for line in problems:
        print(f"problem: {line}")
    return int(bool(lost or problems))


# The kernels

def mainline(release):
    """A pristine tree with what measures, and what the device needs of other files."""
    where = tree.place(release) / "mainline/tree"
    if not where.exists():
        partial = where.with_name("tree.partial")
        shutil.rmtree(partial, ignore_errors=True)
        tree.unpack(release or tree.DEFAULT, partial)
        partial.rename(where)
    compat = tree.missing_api(where)
    files = {path: (host.ROOT / path).read_text() + compat.get(path, "")
             for path in tree.project_files() if re.fullmatch(SHARED_FILES, path)}
    for path, pattern in SHARED.items():
        entries = (host.ROOT / path).read_text() + compat.get(path, "")
        files[path] = ((where / path).read_text().partition(MARK)[0] + MARK +
                       "".join(re.findall(pattern, entries, re.M)))
    if tree.COMPAT in compat:
        files[tree.COMPAT] = compat[tree.COMPAT]
    tree.write(where, files | tree.patched({"um": tree.topics()["um"]},
                                           lambda path, _: (where / path).read_text(), where))
    return where


class Kernel(kernel.Kernel):
    """A tree, built with the benchmark's configuration."""

    linux, cross, minimal, options = "um", "", True, OPTIONS

    def __init__(self, name, source):
        self.name, self.tree, self.dir = name, source, source.with_name("bench")
        self.image = self.dir / "linux"

    def make(self, *targets):
        self.dir.mkdir(exist_ok=True)
        top, original = self.dir / "Kconfig.top", (self.tree / "Kconfig").read_text()
        top.write_text(re.sub("^mainmenu.*\n", rf"\g<0>{TICKS}", original, flags=re.M))
        # With names below the parent alone, ccache finds most of the first in the second
        return ["env", f"CCACHE_BASEDIR={self.dir.parent}",
                *super().make(f"KBUILD_KCONFIG={top}", *targets)]


# The boots

def boot(each, problems, suite, *parameters, machine=kernel.UML):
    """What came through the console of a boot, and its processor time in ns."""
    log = each.dir / f"{suite}.log"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    console, problem = kernel.boot(each.image, log, f"kunit.filter_glob={suite}",
                                   *(f"doe_bench.{one}" for one in parameters), machine=machine)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = ktap.Results(each.tree, console).ended(problem, log)
    problems += [f"{each.name}: {line}" for line in found.shown()]
    return console, 1e9 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def exact(each, problems):
    """{(kernel, workload, mode, point): {metric: value}} in virtual time."""
    progress = host.Progress(f"measuring {each.name} in virtual time")
    console, _ = boot(each, problems, EXACT)
    progress.done()
    return {(each.name, workload, mode, int(point)):
            {key: int(value) for key, value in re.findall(r"(\w+)=(-?\d+)", rest)}
            for workload, mode, point, rest in RESULT.findall(console)}


def processor(kernels, problems):
    """Processor time of each thing that is done, without that of what it takes to do it."""
    values = {}
    progress = host.Progress("measuring processor time")
    for name, case, rounds, things, options in CPU:
        for each in kernels:
            alone = each.name == MAINLINE or case != "cpu_exchange"
            for mode in ("polled",) if alone else ("polled", "irq"):
                least = {}
                for count in (0, rounds) * TRIES:
                    progress.show(f"{name}, {each.name}, {mode}")
                    _, spent = boot(each, problems, f"{REAL}.{case}", f"rounds={count}",
                                    f"irq={int(mode == 'irq')}", *options,
                                    machine=kernel.UML[:-1])
                    least[count] = min(spent, least.get(count, spent))
                values[each.name, "cpu", mode, name] = {
                    "cpu": (least[rounds] - least[0]) / rounds / things}
    progress.done()
    return values


# How figures are written

def digits(value):
    places = 0 if value >= 99.5 or value == int(value) else 1 if value >= 9.95 else 2
    return f"{value:,.{places}f}"


def duration(ns):
    unit, name = next(((unit, name) for unit, name in ((S, "s"), (MS, "ms"), (US, "us"))
                       if abs(ns) >= unit * 0.9995), (1, "ns"))
    return f"{digits(ns / unit)} {name}"


def size(count):
    return f"{count} B" if count < 1024 else \
        f"{count // 1024} KiB" if count < 1 << 19 else "1 MiB"


def byte(value):
    return f"{value:,.0f} B"


# What a table is of: a workload, what its points are called, and its metrics with how they
# are written.  Of those in capitals less is better, and more than mainline's is a loss.
TABLES = (
    ("Time of an exchange of 4 B, and by how much it is late at most", "latency",
     lambda ns: f"device takes {duration(ns)}", (("TIME", duration), ("LATE", duration))),
    ("Reads of DOE Status, all register accesses and context switches of that exchange", "latency",
     lambda ns: f"device takes {duration(ns)}",
     (("status", digits), ("accesses", digits), ("switches", digits))),
    ("Register accesses of an exchange with a device that answers at once", "object",
     lambda count: f"request and response of {size(count)}", (("ACCESSES", digits),)),
    ("How long 256 mailboxes block enumeration, and until their features are known",
     "enumeration", lambda ns: f"Discovery takes {duration(ns)} per feature",
     (("BLOCKED", duration), ("KNOWN", duration))),
    ("1,024 mailboxes wait for devices that take 300 ms: when the last exchange ends, reads of "
     "DOE Status of each, extra threads", "crowd", lambda count: "all together",
     (("LAST", duration), ("status", digits), ("THREADS", digits))),
    ("Memory of the first mailbox of a device, and of each further one", "memory",
     lambda _: "with its files in sysfs", (("FIRST", byte), ("FURTHER", byte))),
    ("Processor time, with that of the simulated device", "cpu", str, (("cpu", duration),)),
)


def figure(found, metric):
    """A figure of one exchange, if there were several."""
    key = metric.lower()
    return found[key] / found.get("exchanges", 1) if key not in ("late", "last", "threads") \
        else found[key]


def report(values):
    """The tables, also written to a file beside the plot, and where mainline is better."""
    text, lost = [], []
    for title, workload, name, metrics in TABLES:
        points = dict.fromkeys(point for _, which, _, point in values if which == workload)
        lines = [[title, *COLUMNS]]
        for point in points:
            found = [values.get((whose, workload, mode, point))
                     for whose, mode in COLUMNS.values()]
            lines.append([name(point)] + [cell(each, metrics) for each in found])
            lost += [f"{name(point)}: {metric.lower()} {form(figure(found[1], metric))}, "
                     f"mainline's is {form(figure(found[0], metric))}"
                     for metric, form in metrics if metric.isupper() and found[0] and found[1]
                     and figure(found[1], metric) > figure(found[0], metric)]
        text.append(table(lines))
    (OUT / "tables.md").write_text("\n".join(text))
    plot(values, OUT / "latency.png")
    return "\n".join(text), lost


def cell(found, metrics):
    return "; ".join(form(figure(found, metric)) for metric, form in metrics) if found else "-"


def table(lines):
    width = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, ["-" * each for each in width])
    return "".join("| " + " | ".join(cell.ljust(w) for cell, w in zip(line, width)) + " |\n"
                   for line in lines)


def plot(values, path):
    """Time of an exchange against that of the device, both logarithmic."""
    curves, data = [], []
    for name, (whose, mode) in COLUMNS.items():
        curves.append(f"'-' with linespoints linewidth 2 title '{name}'")
        data += [f"{key[-1] / MS} {figure(found, 'TIME') / MS}" for key, found in values.items()
                 if key[:-1] == (whose, "latency", mode)] + ["e"]
    script = [f"set terminal png size 800, 550; set output '{path}'", "set logscale xy; set grid",
              "set key left top; set xlabel 'time the device takes, ms'",
              "set ylabel 'time of an exchange of 4 B, ms'",
              f"plot {', '.join(curves)}, x title 'device alone'", *data, ""]
    subprocess.run("gnuplot", input="\n".join(script), text=True, check=True)
