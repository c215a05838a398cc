"""``mdsim init``: a first playbook to change, with a comment at every decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

STARTER = """\
# yaml-language-server: $schema=playbook.schema.json
# The line above lets an editor complete and check this file; make the schema with
#   mdsim schema --write playbook.schema.json
#
#   mdsim lint {file}     every problem, without running it
#   mdsim plan {file}     the timeline it draws
#   mdsim play {file}     run it in virtual time: minutes take a moment

mdsim: 1                        # the version of the language
name: {name}
about: Bitcoin falls, gives half of it back, and the market must never lose more than the floor.

params:                         # change them with --set drop=-15%
  drop: {{type: change, default: -8%, max: -1%, help: how far bitcoin falls}}
  floor: {{type: price, default: 50000, help: a price that must never be seen}}

baseline:                       # the market before anything happens
  source: synthetic             # or replay, with a dataset: mdsim list datasets
  prices: {{BTC: 60000, ETH: 3000}}

never:                          # must not come true at any moment
  - price(BTC-USD) < $floor

phases:                         # one after another
  - name: calm
    for: 1m                     # lasts exactly this long
  - name: fall
    reaches: change(BTC-USD over 5m) < -4%    # if it never comes true, nothing was tested
    lanes:                      # side by side
      prices:
        - move: {{symbols: {{BTC-USD: 1.0, ETH-USD: 1.2}}, by: $drop, over: 3m, curve: exp}}
      checks:
        - wait: {{until: change(BTC-USD over 5m) < -4%, timeout: 5m}}
        - mark: the fall is on
  - name: recovery
    steps:
      - move: {{symbols: all, retrace: 50%, over: 5m, curve: sigmoid}}
      - expect: {{that: deviation(BTC-USD) > -6%, within: 1m}}

expect:                         # asked once, at the end
  - deviation(BTC-USD) within -6%..0%
"""


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("playbook.yaml"),
) -> None:
    """Write a commented playbook to start from; an existing file is never overwritten."""
    from mdsim.core.errors import UsageError

    text = STARTER.format(file=file, name=file.stem if file.stem.isidentifier() else "playbook")
    try:
        with file.open("x", encoding="utf-8", newline="\n") as target:
            target.write(text)
    except FileExistsError:
        raise UsageError("MD333", f"{file} exists", hint="name another: mdsim init other.yaml") from None
    except OSError as error:
        raise UsageError("MD333", f"{file} cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {file}\n\n  mdsim plan {file}\n  mdsim play {file}")
