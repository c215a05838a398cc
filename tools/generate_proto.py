"""Generate ``mdsim/_proto`` from ``proto/``: ``python tools/generate_proto.py``.

The compiler names Python modules after the folders of the .proto files (``mdsim.v1``), which are a promise
to readers in every language. Here they live in ``mdsim._proto.v1``, so the imports between them are written
anew. Plain and pure: the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "proto"
PACKAGE = ROOT / "mdsim" / "_proto"


def generate(into: Path) -> None:
    """Write the package's ``v1`` folder below ``into``.

    Raises:
        SystemExit: the compiler refuses a file; it has told which.
    """
    files = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.proto"))
    with tempfile.TemporaryDirectory() as scratch:
        options = [f"--proto_path={SOURCES}", f"--python_out={scratch}", f"--pyi_out={scratch}"]
        if protoc.main(["protoc", *options, *files]):
            raise SystemExit(1)
        (into / "v1").mkdir(parents=True, exist_ok=True)
        for made in sorted((Path(scratch) / "mdsim" / "v1").iterdir()):
            text = made.read_text("utf-8").replace("from mdsim.v1 import", "from mdsim._proto.v1 import")
            (into / "v1" / made.name).write_text(text, "utf-8")


def stale(into: Path) -> list[str]:
    """Files of ``into`` that differ from what would be generated, or should not be there."""
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        wanted = {path.name: path.read_bytes() for path in (Path(scratch) / "v1").iterdir()}
    there = {path.name: path.read_bytes() for path in (into / "v1").glob("*_pb2*.py*")}
    return sorted(name for name in wanted | there if wanted.get(name) != there.get(name))


def main() -> None:
    """Generate, or tell with ``--check`` what is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of date")
    if not parser.parse_args().check:
        generate(PACKAGE)
    elif found := stale(PACKAGE):
        raise SystemExit(f"out of date: {', '.join(found)}; run `make generate-proto`")


if __name__ == "__main__":
    main()
