# SPDX-License-Identifier: GPL-2.0
"""The commands of ./run: each is a module with add_arguments() and main(), whose comment
at its head is the help text."""
import argparse
import importlib
import sys

import host

COMMANDS = ("demo", "test", "stress", "check", "coverage", "mutate", "bench", "explore",
            "external", "series", "tree")


def main():
    parser = argparse.ArgumentParser(prog="./run", description="Build, test and measure "
                                     "the PCIe DOE library. Start with ./run demo and ./run test.")
    sub = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(name)
        text = " ".join(module.__doc__.split("\n\n")[0].split()).removeprefix(f"./run {name}: ")
        module.add_arguments(sub.add_parser(name, help=text, description=text))
    args = parser.parse_args()
    try:
        return importlib.import_module(args.command).main(args)
    except (host.Fail, OSError) as err:
        print(f"run {args.command}: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"run {args.command}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
