"""The command ``mdsim``, also as ``python -m mdsim``: it loads the command line, which takes a moment."""

import signal
import sys

STOPPED, INTERRUPTED, TERMINATED = 0, 130, 143


def main() -> None:
    """Run the command line; Ctrl-C and SIGTERM while it is still being loaded end it as at any other time."""
    # What runs and serves takes the signal over, to release and to drain; before that there is neither.
    signal.signal(signal.SIGTERM, _terminated)
    try:
        from mdsim.cli.main import main as command_line  # noqa: PLC0415 it is what takes the moment
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    command_line()


def _terminated(_number: int, _frame: object) -> None:
    if sys.argv[1:2] == ["serve"]:  # its way to be stopped
        sys.exit(STOPPED)
    sys.stderr.write("terminated\n")
    sys.exit(TERMINATED)


if __name__ == "__main__":
    main()
