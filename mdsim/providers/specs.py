"""From what a configuration says of a source to a source that can be opened."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from mdsim.core.errors import UsageError
from mdsim.core.instruments import Catalogue
from mdsim.core.registry import discover
from mdsim.core.secret import Secret
from mdsim.core.spelling import shown
from mdsim.providers.connect import read_address
from mdsim.providers.session import ProviderType
from mdsim.providers.source import SourceSpec


def providers() -> Mapping[str, ProviderType]:
    """Every provider that mdsim can read, by name."""
    return discover("mdsim.providers.adapters", "PROVIDER", ProviderType)


def make_spec(
    name: str,
    *,
    tier: str,
    kind: str,
    url: str,
    priority: int,
    catalogue: Catalogue,
    symbols: Sequence[str] = (),
    keys: tuple[Secret, ...] = (),
    per_minute: int | None = None,
) -> SourceSpec:
    """Decide everything about a source.

    Args:
        name: the provider's name, or ``<provider>-<anything>`` for a second source of one provider.
        tier: ``primary``, ``secondary`` or ``exchange_feeds``.
        kind: ``rest_api`` or ``websocket``.
        url: its address.
        priority: 1 is the first choice.
        catalogue: instruments that are on.
        symbols: what it is to report, empty for everything.
        keys: used in turn.
        per_minute: requests of each key, None for what the provider allows.

    Raises:
        UsageError: the provider is unknown, is not read in this way or not without a key, or its address
            is not sound.
    """
    known = providers()
    provider = known.get(name) or known.get(name.partition("-")[0])
    if provider is None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise UsageError("MD610", f"there is no provider {shown(name)}", hint=hint)
    offer = provider.offer(kind)
    if offer is None:
        kinds = " or ".join(item.kind for item in provider.offers)
        message = f"{provider.name} is not read over {shown(kind)}"
        raise UsageError("MD611", message, hint=f"write type: {kinds}")
    if not keys and not offer.keyless_per_minute:
        message = f"{provider.name} gives nothing without a key"
        raise UsageError("MD614", message, hint=f"set api_key for {shown(name)}, or remove the source")
    read_address(url)
    wanted = tuple(item for item in catalogue if item.enabled and (not symbols or item.symbol in symbols))
    return SourceSpec(name, tier, priority, provider, offer, url, keys, per_minute, wanted)
