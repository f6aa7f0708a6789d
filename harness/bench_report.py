# SPDX-License-Identifier: GPL-2.0
"""The tables and the plot of the benchmark, from what the boots said:
{(kernel, workload, mode, point): {metric: value}}."""
import subprocess

MAINLINE, THIS = "mainline", "this"
US, MS, S = 1000, 10**6, 10**9
COLUMNS = {"mainline": (MAINLINE, "polled"), "this, polled": (THIS, "polled"),
           "this, interrupt": (THIS, "irq")}


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


def report(values, out):
    """The tables, also written to a directory together with the plot, and where mainline
    is better than this library."""
    text, lost = [], []
    for title, workload, name, metrics in TABLES:
        points = dict.fromkeys(point for _, which, _, point in values if which == workload)
        lines = [[title, *COLUMNS]]
        for point in points:
            found = [values.get((kernel, workload, mode, point))
                     for kernel, mode in COLUMNS.values()]
            lines.append([name(point)] + [cell(each, metrics) for each in found])
            lost += [f"{name(point)}: {metric.lower()} {form(figure(found[1], metric))}, "
                     f"mainline's is {form(figure(found[0], metric))}"
                     for metric, form in metrics if metric.isupper() and found[0] and found[1]
                     and figure(found[1], metric) > figure(found[0], metric)]
        text.append(table(lines))
    (out / "tables.md").write_text("\n".join(text))
    plot(values, out / "latency.png")
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
    for name, (kernel, mode) in COLUMNS.items():
        curves.append(f"'-' with linespoints linewidth 2 title '{name}'")
        data += [f"{point / MS} {figure(found, 'TIME') / MS}"
                 for (whose, which, how, point), found in values.items()
                 if (whose, which, how) == (kernel, "latency", mode)] + ["e"]
    script = [f"set terminal png size 800, 550; set output '{path}'", "set logscale xy; set grid",
              "set key left top; set xlabel 'time the device takes, ms'",
              "set ylabel 'time of an exchange of 4 B, ms'",
              f"plot {', '.join(curves)}, x title 'device alone'", *data, ""]
    subprocess.run("gnuplot", input="\n".join(script), text=True, check=True)
