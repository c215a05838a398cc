"""``python -m mdsim``: the same command as ``mdsim``."""

from mdsim.cli.main import main

if __name__ == "__main__":
    main()
