"""The command `yijiantong` (`yjt`): the only room that imports all others. It holds no rules.

Each noun is a module of its own and is imported only when it is called, so that `--help` is quick.
"""

import sys

from cli.frame import run


def main() -> None:
    """The entry point; ends the process with its exit status."""
    sys.exit(run(sys.argv[1:]))
