# SPDX-License-Identifier: GPL-2.0
"""The suites in a kernel that runs as a program, User-mode Linux, in virtual time: it
stands still while code runs, and a second of waiting costs nothing."""
import platform
import signal
import subprocess

import guest
import host
import kernel
import ktap

# Time that a boot may take on the processor, without and with very slow cases, and by the clock
CPU_LIMIT, SLOW, PATIENCE = 120, 1020, 1200
MACHINE = ("mem=1G", "console=tty", *guest.KUNIT.split(), "kunit_shutdown=halt",
           "panic_on_warn=1", "time-travel=inf-cpu")
ENDED = "reboot: System halted"


class Kernel(kernel.Kernel):
    """The suites built in, as drivers/pci/.kunitconfig has them, and further options."""

    def __init__(self, release, name="uml", options=""):
        if platform.machine() not in ("x86_64", "i686"):
            raise host.Fail(f"User-mode Linux does not run on {platform.machine()}")
        host.install(host.UML)
        super().__init__(release, name, f"drivers/pci/.kunitconfig {options}", linux="um")
        self.image = self.dir / "linux"


def boot(image, log, *parameters, machine=MACHINE, cpu=CPU_LIMIT, patience=PATIENCE):
    """Run it: what came through its console, and what is wrong with how it ended."""
    problem = ""
    command = ["prlimit", f"--cpu={cpu}:{cpu + 5}", "--core=0", image, *machine, *parameters]
    with open(log, "w") as out, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                                 stderr=subprocess.STDOUT) as linux:
        try:
            code = linux.wait(patience)
        except subprocess.TimeoutExpired:
            linux.kill()
            problem = f"no end after {patience} s"
    console = guest.read(log)
    if not problem and ENDED not in console:
        problem = f"no end after {cpu} s of processor time" \
            if code == -signal.SIGXCPU else f"went down with {code}"
    return console, problem


def suites(built, log, *parameters, glob="", slow=False, cpu=0):
    """Run the cases that match, slow: the very slow ones, too.  Their results are the same
    each time."""
    chosen = ["doe_tests.seed=1", *["kunit.filter=speed>very_slow"] * (not slow),
              *[f"kunit.filter_glob={glob}"] * bool(glob)]
    console, problem = boot(built.image, log, *chosen, *parameters,
                            cpu=cpu or (SLOW if slow else CPU_LIMIT))
    return ktap.Results(built.tree, console, ktap.cases(glob or "*", slow)).ended(problem, log)
