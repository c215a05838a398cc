"""Where benchmarks leave their figures: one JSON file each, beside what they print."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path

FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, str | int]:
    """What the figures were measured on; without it they mean nothing."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cores": os.cpu_count() or 0,
        "system": platform.system(),
    }


def write(name: str, rows: object, *, quick: bool = False) -> Path:
    """Write ``results/NAME.json``, or ``NAME.quick.json`` for a short look, and tell where it is."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / (f"{name}.quick.json" if quick else f"{name}.json")
    taken = time.strftime("%Y-%m-%d", time.gmtime())
    load = round(os.getloadavg()[0], 1)
    whole = {"machine": machine(), "taken": taken, "load_1m_after": load, "rows": rows}
    path.write_text(json.dumps(whole, indent=2) + "\n")
    return path
