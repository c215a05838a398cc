"""Where benchmarks leave their figures: one JSON file each, beside what they print."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, str | int]:
    """What the figures were measured on; without it they mean nothing."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cores": os.cpu_count() or 0,
        "system": platform.system(),
    }


def write(name: str, rows: object) -> Path:
    """Write ``results/NAME.json`` and tell where it is."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n")
    return path
