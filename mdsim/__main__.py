"""The command ``mdsim``, also as ``python -m mdsim``: it loads the command line, which takes a moment."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded ends it as any other."""
    try:
        from mdsim.cli.main import main as command_line  # noqa: PLC0415 it is what takes the moment
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    command_line()


if __name__ == "__main__":
    main()
