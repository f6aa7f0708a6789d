# SPDX-License-Identifier: GPL-2.0
"""A small kernel that runs the KUnit suites while it boots, watched line by line."""
import os
import re
import select
import subprocess
import time

import guest
import kernel

CONFIGS = ("harness/kunit.config", "harness/suites.config")
# pci-doe-nomem needs what can be set only later, from user space.  Without ACPI there is
# no timer to calibrate the TSC by that can be trusted on a machine under load.
PARAMETERS = (f"console=ttyS0 panic=-1 printk.time=0 no_timer_check tsc=unstable {guest.KUNIT} "
              "kunit.filter=speed>very_slow kunit.filter_glob=pci-doe-[!n]*")
FAILED = re.compile(r"# (\S+): (?:EXPECTATION|ASSERTION) FAILED at \S*?([\w.-]+:\d+)")
RESULT = re.compile(r"( *)(not )?ok (\d+) (\S.*)")


class Small(kernel.Kernel):
    """The library, the simulated device, the suites, and little else."""

    def __init__(self, release):
        super().__init__(release, "suites", CONFIGS, minimal=True)
        # An ELF image that QEMU starts by itself
        self.image = self.dir / "vmlinux"

    def prepare(self, *variables):
        guest.install()
        self.build(*variables, "vmlinux")


class Run:
    """One boot: what the suites said until the first failure, or to their end.

    failure: (case, what it said), None if there was none.  patience: for so many
    seconds the machine may say nothing.  options: more of QEMU's."""

    def __init__(self, image, log, patience, parameters="", options=(), to_end=False):
        self.cases, self.failure, self.silent, self.ended = 0, None, 0.0, False
        self.start, self.seconds = time.monotonic(), 0.0
        self.plan, self.names = 0, {}
        command = [guest.QEMU, "-M", "pc", "-accel", "tcg", "-m", "1G", "-smp", "2",
                   "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
                   "-kernel", image, "-append", f"{PARAMETERS} {parameters}", *options]
        with open(log, "w") as out, subprocess.Popen(
                [str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT) as machine:
            try:
                for line in self.lines(machine.stdout.fileno(), patience):
                    out.write(line + "\n")
                    out.flush()
                    self.look(line)
                    if not to_end and (self.failure or self.ended):
                        break
            finally:
                machine.kill()
        if not self.failure and not self.ended:
            self.failure = (self.case(), "the machine went down")

    def lines(self, pipe, patience):
        rest, before = b"", time.monotonic()
        while True:
            ready = select.select([pipe], [], [], patience)[0]
            now = time.monotonic()
            self.silent, before = max(self.silent, now - before), now
            self.seconds = now - self.start
            if not ready:
                self.failure = self.failure or (self.case(), f"hangs, {patience:.0f} s of silence")
                return
            data = os.read(pipe, 4096)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").rstrip("\r")

    def look(self, line):
        """Follow the KTAP: which case runs, does it fail, was it the last one?"""
        subtest = re.match(r"( *)# Subtest: (\S+)", line)
        plan = re.match(r"1\.\.(\d+)", line)
        failed, result = FAILED.search(line), RESULT.match(line)
        if plan:
            self.plan = int(plan.group(1))
            self.ended = plan.group(1) == "0"
        elif subtest:
            depth = len(subtest.group(1))
            self.names = {key: name for key, name in self.names.items() if key < depth}
            self.names[depth] = subtest.group(2)
        elif self.failure:
            self.ended = self.ended or self.last(result)
        elif self.ended:
            return
        elif failed:
            self.failure = (self.case(failed.group(1)), f"at {failed.group(2)}")
        elif guest.SPLAT.search(line):
            self.failure = (self.case(), line.strip()[:70])
        elif result:
            self.cases += len(result.group(1)) == 4
            if result.group(2):
                self.failure = (self.case(), result.group(4))
            self.ended = self.last(result)

    def last(self, result):
        """The last suite has ended."""
        return (result is not None and not result.group(1) and
                int(result.group(3)) == self.plan)

    def case(self, name=None):
        names = [self.names[depth] for depth in sorted(self.names)]
        if name and name not in names:
            names = names[:1] + [name]
        return ".".join(names) or "boot"
