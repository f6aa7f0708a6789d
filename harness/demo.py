# SPDX-License-Identifier: GPL-2.0
"""./run demo: every DOE mailbox of an emulated CXL topology, as the guest sees it."""
import re

import guest
import host
import kernel
import ktap
import tree


def main(args):
    built = kernel.ready(args.kernel)
    boot = guest.Boot(built, "demo", guest.initramfs(built, (kernel.PCIDOE,)),
                      "doe_run=show doe_sim.devices=1")
    text, ended, _ = boot.output.rpartition("end\n")
    if not ended:
        raise host.Fail(f"the guest did not come to its end ({boot.problem}): see {boot.log}")
    ways = re.findall(r"^  works +(\w+)", text, re.M)
    print(f"{text}\n{len(ways)} mailboxes: {ways.count('by')} by interrupt, "
          f"{ways.count('polled')} polled; Linux {tree.version(built.tree)}, "
          f"console in {boot.log}")
    splats = ktap.splats(boot.console)
    for line in splats:
        print(f"kernel: {line}")
    return int("FAILED" in text or bool(splats) or not ways)
