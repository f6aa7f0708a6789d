# SPDX-License-Identifier: GPL-2.0
"""The benchmark's table and plot, from {(kernel, workload, mode, point, metric):
one list of values for each boot}."""
import math
from statistics import median

MAINLINE, THIS = "mainline", "this"
US, MS, S = 1000, 10**6, 10**9
COLUMNS = ("workload", "mainline", "polled", "irq", "ratio", "limit", "distance", "required",
           "reached")
TITLES = ("workload", "mainline", "this, polled", "this, interrupt", "ratio", "limit",
          "distance to the limit", "required", "reached")
SHORT = (20 * US, 50 * US, 100 * US, 200 * US, 500 * US, 1 * MS)
LONG = (5 * MS, 20 * MS, 100 * MS, 500 * MS)
ENUMERATED, CROWD = 256, 1024
# Of a crowd's 300 ms those in which CPU time is measured
WINDOW_FROM, WINDOW_TO = 100 * MS, 270 * MS


class Spread:
    """Median, least and greatest of what the boots gave."""

    def __init__(self, values):
        self.values = list(values)
        self.mid, self.low, self.high = median(self.values), min(self.values), max(self.values)

    def show(self, form):
        if form(self.low) == form(self.high):
            return form(self.mid)
        return f"{form(self.mid)} ({form(self.low)} - {form(self.high)})"


def spread(values):
    return Spread(values) if values else None


# How figures are written

def digits(value):
    if value >= 99.5 or value <= -99.5:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 9.95 or value == 0 else f"{value:.2f}"


def duration(ns):
    for unit, name in ((S, "s"), (MS, "ms"), (US, "us")):
        if abs(ns) >= unit * 0.9995:
            return f"{digits(ns / unit)} {name}"
    return f"{ns:.0f} ns"


def signed(ns):
    return f"{'-' if ns < 0 else '+'} {duration(abs(ns))}"


def point(ns):
    for unit, name in ((MS, "ms"), (US, "us")):
        if ns >= unit:
            return f"{ns / unit:g} {name}"
    return "0"


def size(count):
    return {4: "4 B", 64: "64 B", 8192: "8 KiB"}.get(count, "1 MiB")


def percent(share):
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def number(value):
    return f"{value:g}" if value == int(value) else f"{value:.1f}"


def byte(value):
    return f"{value:,.0f} B"


class Table:
    """Rows, and what they need of the samples."""

    def __init__(self, samples):
        self.samples, self.rows = samples, []

    def get(self, kernel, workload, mode, at, metric):
        return self.samples.get((kernel, workload, mode, at, metric), [])

    def mids(self, *key):
        """The median of each boot."""
        return [median(values) for values in self.get(*key)]

    def add(self, workload, form, mainline, polled, irq, *, limit=None, limit_form=None,
            distance="", required="", tests=(), because="", more=None, ratio=True):
        """One row; @tests are the values that a requirement is about, with their bounds,
        @because what to know if one of them is missed."""
        tests = [test for test in tests if test[1] is not None]
        missed = [f"{what} {form(value)}, at most {form(bound)} required"
                  for what, value, bound, form in tests if value > bound]
        times = ""
        if ratio and mainline and polled and polled.mid > 0:
            times = f"{digits(mainline.mid / polled.mid)}"
        self.rows.append({
            "workload": workload,
            "mainline": (more or {}).get("mainline") or (mainline.show(form) if mainline else "-"),
            "polled": polled.show(form) if polled else "-",
            "irq": irq.show(form) if irq else "-",
            "ratio": times,
            "limit": limit if isinstance(limit, str) else
            (limit.show(limit_form or form) if limit else ""),
            "distance": distance,
            "required": required,
            "reached": "" if not required else "no" if missed else "yes" if tests else "-",
            "why": "; ".join(missed + ([because] if missed and because else [])),
        })


def rows(samples):
    table = Table(samples)
    for part in (latency, status_reads, accesses, objects, enumeration, memory, crowd, busy,
                 among):
        part(table)
    return table.rows


def table(all_rows):
    lines = [TITLES, None] + [[row[name] for name in COLUMNS] for row in all_rows]
    width = [max(len(line[i]) for line in lines if line) for i in range(len(TITLES))]
    return "".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, width)) + " |\n" if line else
        "|" + "|".join("-" * (w + 2) for w in width) + "|\n" for line in lines)


def late(table, kernel, mode, at):
    """How long after its device each exchange came back: [boot][exchange]"""
    return [[time - delay for time, delay in zip(times, delays)] for times, delays in
            zip(table.get(kernel, "latency", mode, at, "time"),
                table.get(kernel, "latency", mode, at, "delay"))]


def late_share(table, kernel, mode, at):
    return [[time / delay - 1 for time, delay in zip(times, delays)] for times, delays in
            zip(table.get(kernel, "latency", mode, at, "time"),
                table.get(kernel, "latency", mode, at, "delay"))]


def latency(table):
    """Each exchange against its own device time, shown at the nominal one."""
    for at in SHORT + LONG:
        mainline, polled, irq = (
            spread([at + median(each) for each in late(table, kernel, mode, at)])
            for kernel, mode in ((MAINLINE, "polled"), (THIS, "polled"), (THIS, "irq")))
        if not polled:
            continue
        tests = [("interrupt, late by", irq and irq.mid - at, 100 * US, duration)]
        if at in SHORT:
            allowed = max(100 * US, at / 2)
            tests += [("polled, late by", polled.mid - at, allowed, duration)]
            required = f"polled + {point(allowed)}"
        else:
            share = median(median(each) for each in late_share(table, THIS, "polled", at))
            tests += [("polled, late by", share, 0.25, percent)]
            required = "polled + 25 %"
        if at == 100 * US and mainline:
            tests += [("polled", polled.mid, mainline.mid / 40, duration)]
            required += ", ratio 40"
        bare = spread([at + median(each) for each in late(table, THIS, "bare", at)])
        distance = ", ".join(signed(each.mid - bare.mid) for each in (polled, irq) if each)
        sleep = spread(table.mids(THIS, "sleep", "bare", at, "late"))
        table.add(f"exchange, device takes {point(at)}", duration, mainline, polled, irq,
                  limit=bare, distance=distance,
                  required=f"{required}; interrupt + 100 us", tests=tests,
                  because=sleep and "in the same boots a mere sleep of that time is late by "
                                    f"{duration(sleep.mid)}")


# Status reads of an exchange that are no part of the wait: before the request,
# right after Go, and before the last acknowledge.
NOT_WAITING = 3


def per_decade(table, kernel, at):
    """Status reads for each tenfold of the wait from 20 us on: one for each boot."""
    found = []
    for reads, times in zip(table.get(kernel, "latency", "polled", at, "status"),
                            table.get(kernel, "latency", "polled", at, "time")):
        decades = sum(math.log10(time / (20 * US)) for time in times)
        found.append(sum(count - NOT_WAITING for count in reads) / decades)
    return found


def status_reads(table):
    worst = {}
    for kernel in (MAINLINE, THIS):
        each = [per_decade(table, kernel, at) for at in LONG]
        worst[kernel] = spread([max(boot) for boot in zip(*each)])
    table.add("Status reads per decade of waiting, 5 to 500 ms", number, worst[MAINLINE],
              worst[THIS], None, ratio=False, required="12",
              tests=[("polled", worst[THIS] and worst[THIS].mid, 12, number)])
    irq = spread([max(boot) for boot in zip(*(
        [max(reads) for reads in table.get(THIS, "latency", "irq", at, "status")]
        for at in SHORT + LONG))])
    mainline = spread([max(reads) for reads in
                       table.get(MAINLINE, "latency", "polled", LONG[-1], "status")])
    polled = spread([max(reads) for reads in
                     table.get(THIS, "latency", "polled", LONG[-1], "status")])
    table.add("Status reads of an exchange, at most (500 ms)", number, mainline, polled, irq,
              ratio=False, required="interrupt 6", tests=[("interrupt", irq and irq.high, 6, number)])


def simple(table, workload, at, metric):
    return [spread(table.mids(*key, at, metric)) for key in (
        (MAINLINE, workload, "polled"), (THIS, workload, "polled"), (THIS, workload, "irq"),
        (THIS, workload, "bare"))]


def accesses(table):
    mainline, polled, _, _ = simple(table, "accesses", 0, "discovery")
    table.add("register accesses until two features are known", number, mainline, polled, None,
              ratio=False)
    mainline, polled, irq, bare = simple(table, "accesses", 0, "count")
    table.add("register accesses, one DW, device instant", number, mainline, polled, irq,
              limit=bare, distance=f"+ {number(polled.mid - bare.mid)}" if polled else "",
              required="polled 13; interrupt 16", ratio=False,
              tests=[("polled", polled and polled.high, 13, number),
                     ("interrupt", irq and irq.high, 16, number)])


def objects(table):
    for count, bound in ((4, 3), (64, 1.5), (8192, 1.1), ((1 << 20) - 8, 1.1)):
        mainline, polled, irq, bare = simple(table, "object", count, "time")
        if not polled:
            continue
        # The modes take turns, so that each is measured beside its own bare loop
        times = spread([median(a / b for a, b in zip(*boot)) for boot in zip(
            *(table.get(THIS, "object", mode, count, "time") for mode in ("polled", "bare")))])
        table.add(f"exchange of {size(count)}, device instant", duration, mainline, polled, irq,
                  limit=bare, distance=f"x {digits(times.mid)}",
                  required=f"x {bound}" if bound > 1.1 else "+ 10 %",
                  tests=[("polled, times the bare loop", times.mid, bound, digits)])


def less(a, b):
    return [x - y for x, y in zip(a, b)]


def enumeration(table):
    def blocked(kernel, at, metric, base="scanned"):
        """What the mailboxes add to the same devices without."""
        return spread(less(table.mids(kernel, "enumerate", "polled", at, metric),
                           table.mids(kernel, "enumerate-none", "polled", at, base)))

    for at in (0, 100 * US, 5 * MS):
        mainline, polled = (blocked(kernel, at, "scanned") for kernel in (MAINLINE, THIS))
        if not mainline or not polled:
            continue
        cpu = blocked(THIS, at, "busy", "busy")
        table.add(f"enumeration blocked by {ENUMERATED} mailboxes, discovery {point(at)}",
                  duration, mainline, polled, None, limit="0",
                  distance=f"{duration(polled.mid / ENUMERATED)} each",
                  required="ratio 100, 0.1 ms each",
                  tests=[("all", polled.mid, mainline.mid / 100, duration),
                         ("each", polled.mid / ENUMERATED, 0.1 * MS, duration)],
                  because=cpu and "Discovery of those before takes "
                                  f"{duration(cpu.mid / ENUMERATED)} each from the same CPUs")
    for at in (0, 100 * US, 5 * MS):
        mainline, polled = (blocked(kernel, at, "known") for kernel in (MAINLINE, THIS))
        if not mainline or not polled:
            continue
        # Two exchanges, of the slowest one up to 30 % longer than nominal
        limit = 2 * 1.3 * at
        table.add(f"all features of {ENUMERATED} mailboxes known, discovery {point(at)}",
                  duration, mainline, polled, None, limit=duration(limit) if limit else "0",
                  distance=signed(polled.mid - limit), required="ratio 20",
                  tests=[("all", polled.mid, mainline.mid / 20, duration)])
    for at in (0, 100 * US, 5 * MS):
        mainline, polled = (blocked(kernel, at, "busy", "busy") for kernel in (MAINLINE, THIS))
        if mainline and polled:
            table.add(f"CPU time of that, discovery {point(at)}", duration, mainline, polled,
                      None, distance=f"{duration(polled.mid / ENUMERATED)} each")


def memory(table):
    for per_device in (1, 4):
        first = None
        for count in (512, 4096):
            mainline, polled, _, _ = simple(table, f"memory-{per_device}", count, "bytes")
            if not polled:
                continue
            first = first or polled
            files = spread(table.mids(THIS, f"files-{per_device}", "polled", count, "bytes"))
            table.add(f"memory per mailbox, {per_device} per device, {count:,} in all", byte,
                      mainline, polled, None, required="1,024 B, constant",
                      distance=files and f"sysfs files apart: {byte(files.mid)}",
                      tests=[("each", polled.mid, 1024, byte),
                             ("each", polled.mid, 1.1 * first.mid, byte)],
                      because="slabs are counted whole: boots differ by "
                              f"{byte(first.high - first.low)} with 512")


def each_way(spreads, value, bound, form):
    """A requirement that holds for polling as for interrupts."""
    return [(way, value(each), bound, form)
            for way, each in zip(("polled", "interrupt"), spreads[1:]) if each]


def crowd(table):
    name = f"{CROWD:,} mailboxes wait 300 ms"
    threads = simple(table, "crowd", CROWD, "threads")[:3]
    table.add(f"{name}: extra threads", number, *threads, limit="0", ratio=False,
              required="4", tests=each_way(threads, lambda each: each.high, 4, number),
              because="one for each CPU runs mailboxes, one for each CPU complete(), and "
                      "workqueues keep one in reserve")
    window = WINDOW_TO - WINDOW_FROM
    cpu = [spread([busy / window for busy in each.values]) if each else None
           for each in simple(table, "crowd", CROWD, "window-busy")[:3]]
    looks = CROWD * math.log(WINDOW_TO / WINDOW_FROM, 1.25)
    table.add(f"{name}: CPU time, share of one CPU", percent, *cpu, limit="0", ratio=False,
              required="2 %", tests=each_way(cpu, lambda each: each.mid, 0.02, percent),
              because=cpu[1] and f"to be within 25 %, {looks:,.0f} looks are needed, which take "
                                 f"{duration(cpu[1].mid * window / looks)} each")
    table.add(f"{name}: CPU time of it all, sending and receiving too", duration,
              *simple(table, "crowd", CROWD, "total-busy")[:3])
    time, errors = (simple(table, "crowd", CROWD, what)[:3] for what in ("time", "errors"))
    table.add(f"{name}: all done after", duration, *time, limit="300 ms", ratio=False,
              required="390 ms",
              tests=each_way(time, lambda each: each.mid, 390 * MS, duration),
              because="those looked at just before 300 ms are looked at next 25 % later, at "
                      "375 ms, where their answers wait for the CPU")
    table.add(f"{name}: exchanges that failed", number, *errors, limit="0", ratio=False,
              required="0", tests=each_way(errors, lambda each: each.high, 0, number))


def busy(table):
    at = 900 * MS
    cpu = [spread([a / b for a, b in zip(each.values, whole.values)]) if each else None
           for each, whole in zip(simple(table, "busy", at, "busy")[:3],
                                  simple(table, "busy", at, "time")[:3])]
    errors = table.get(MAINLINE, "busy", "polled", at, "error")
    failed = f"fails ({errors[0][0]})" if errors and errors[0][0] else None
    good = all(value == 0 for mode in ("polled", "irq")
               for boot in table.get(THIS, "busy", mode, at, "error") for value in boot)
    table.add("Busy for 900 ms before a request: share of one CPU", percent, *cpu, limit="0",
              required="2 %", more={"mainline": failed}, ratio=False,
              tests=each_way(cpu, lambda each: each.mid if good else 1, 0.02, percent))


def among(table):
    base = simple(table, "among", 1, "time")
    for count in (1, 64, 4096):
        mainline, polled, _, _ = simple(table, "among", count, "time")
        if not polled:
            continue
        # 4,096 are there in a boot of their own, in which one was measured first
        alone = base[1].values[-1] if count == 4096 else base[1].mid
        plural = "es" if count > 1 else ""
        table.add(f"exchange of one DW among {count:,} mailbox{plural}", duration, mainline,
                  polled, None, limit=duration(alone), distance=f"x {polled.mid / alone:.3f}",
                  required="within 10 %" if count > 1 else "",
                  tests=[("polled, times one alone", polled.mid / alone, 1.1, digits)])


# ---- Plot ----

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 520, 76, 44, 24, 56
X_RANGE, Y_RANGE = (10 * US, S), (10 * US, S)
CURVES = (
    ("mainline", MAINLINE, "polled", "#b3261e", ""),
    ("this, polled", THIS, "polled", "#1f5fb4", ""),
    ("this, interrupt", THIS, "irq", "#1d7d3f", ""),
    ("limit: bare loop", THIS, "bare", "#555555", "5 4"),
)


def place(x, y):
    def share(value, low, high):
        return math.log10(value / low) / math.log10(high / low)
    return (LEFT + share(x, *X_RANGE) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - share(y, *Y_RANGE) * (HEIGHT - TOP - BOTTOM))


def text(x, y, content, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{content}</text>'


def axes():
    parts = []
    for exponent in range(4, 10):
        value = 10**exponent
        x, low = place(value, Y_RANGE[0])
        _, top = place(value, Y_RANGE[1])
        left, y = place(X_RANGE[0], value)
        right, _ = place(X_RANGE[1], value)
        parts += [f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{top:.1f}" class="grid"/>',
                  f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}" '
                  'class="grid"/>',
                  text(x, low + 18, duration_label(value)),
                  text(left - 8, y + 4, duration_label(value), "end")]
    parts += [text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "time the device takes"),
              text(18, (TOP + HEIGHT - BOTTOM) / 2, "time of an exchange", more=
                   f' transform="rotate(-90 18 {(TOP + HEIGHT - BOTTOM) / 2:.1f})"'),
              text(LEFT, 24, "DOE exchange of one DW: median over all boots", "start",
                   ' font-weight="bold"')]
    return parts


def duration_label(ns):
    return {10**4: "10 us", 10**5: "100 us", 10**6: "1 ms", 10**7: "10 ms", 10**8: "100 ms",
            10**9: "1 s"}[ns]


def curve(table, kernel, mode, colour, dash):
    points = []
    for at in SHORT + LONG:
        each = [median(boot) for boot in late(table, kernel, mode, at)]
        if each:
            points.append(place(at, min(max(at + median(each), Y_RANGE[0]), Y_RANGE[1])))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>',
            *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2.5 if dash else 3.5}" fill="{colour}"/>'
              for x, y in points)]


def plot(samples):
    """Latency against the device's response time, both logarithmic."""
    table = Table(samples)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
             '<style>.grid { stroke: #ddd; stroke-width: 1 }</style>',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *axes()]
    for i, (name, kernel, mode, colour, dash) in enumerate(CURVES):
        parts += curve(table, kernel, mode, colour, dash)
        x, y = LEFT + 14, TOP + 14 + 20 * i
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        parts += [f'<line x1="{x}" y1="{y}" x2="{x + 28}" y2="{y}" stroke="{colour}" '
                  f'stroke-width="2"{dashes}/>', text(x + 36, y + 4, name, "start")]
    return "\n".join(parts + ["</svg>\n"])
