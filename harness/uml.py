# SPDX-License-Identifier: GPL-2.0
"""The suites in a kernel that runs as a program, User-mode Linux, in virtual time: it
stands still while code runs, and a second of waiting costs nothing."""
import platform
import resource
import signal
import subprocess

import guest
import host
import kernel
import ktap

# Time that a boot may take, on the processor and by the clock
CPU_LIMIT, PATIENCE = 120, 600
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


def limit(seconds):
    """For a process to begin with: its time on the processor, and no core."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def boot(image, log, *parameters, machine=MACHINE, cpu=CPU_LIMIT, patience=PATIENCE):
    """Run it: what came through its console, and what is wrong with how it ended."""
    problem, command = "", [str(image), *machine, *parameters]
    with open(log, "w") as out, subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            preexec_fn=lambda: limit(cpu)) as linux:
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


def suites(built, log, *parameters, glob="", slow=False, **limits):
    """Run the cases that match, without the very slow ones or those alone: their results,
    which are the same each time."""
    chosen = [f"kunit.filter=speed{'=' if slow else '>'}very_slow", "doe_tests.seed=1"]
    wanted = ktap.cases(glob or "*")
    if slow:
        wanted = sorted({*ktap.cases(slow=True)} - {*wanted})
    if glob:
        chosen.append(f"kunit.filter_glob={glob}")
    console, problem = boot(built.image, log, *chosen, *parameters, **limits)
    return ktap.Results(built.tree, console, wanted).ended(problem, log)
