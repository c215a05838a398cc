"""Which of our instruments Binance lists, and which of them the other way round."""

from __future__ import annotations

from collections.abc import Iterable

from mdsim.core.instruments import Instrument
from mdsim.providers.adapters._binance_wire import ERROR, LISTING
from mdsim.providers.adapters._pairs import Pair
from mdsim.providers.session import UNREADABLE, Answer, Fetch, Refuse

COST = 20
_NO_SUCH_SYMBOL = -1121


class ListingCheck:
    """Asks for one symbol at a time: the whole list is megabytes, and one unknown name spoils a group.

    Attributes:
        settled: every instrument is taken or refused.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._perpetual = [item.symbol for item in instruments if item.perpetual]
        self._wanted = {item.symbol: item for item in instruments if not item.perpetual}
        self._waiting: dict[str, list[Pair]] = {}  # their symbol → what it would serve
        self._taken: list[Pair] = []

    @property
    def settled(self) -> bool:
        return not self._waiting

    def first(self) -> list[Fetch | Refuse]:
        """What to ask at the start; a perpetual is no spot instrument, so there is nothing to ask."""
        refused = [Refuse(symbol, "Binance Spot has no perpetual futures") for symbol in self._perpetual]
        return [*refused, *self._ask(Pair(i.symbol, i.base + i.quote, False) for i in self._wanted.values())]

    def fetch(self, listed: str) -> Fetch:
        """The request about one symbol of theirs."""
        return Fetch(f"/api/v3/exchangeInfo?symbol={listed}", f"info:{listed}", COST)

    def take(self) -> list[Pair]:
        """Pairs that are known to be listed and were not given yet."""
        taken, self._taken = self._taken, []
        return taken

    def answered(self, listed: str, answer: Answer) -> tuple[list[Fetch | Refuse], bool]:
        """What follows from an answer, and whether it has to be asked again."""
        pairs = self._waiting.get(listed)
        if pairs is None:
            return [], False
        verdict = _verdict(listed, answer)
        if verdict is None:
            return [], True
        del self._waiting[listed]
        if not verdict:
            self._taken += pairs
            return [], False
        refused: list[Fetch | Refuse] = []
        other_way: list[Pair] = []
        for pair in pairs:
            item = self._wanted[pair.symbol]
            if verdict == _ABSENT and not pair.inverted:
                other_way.append(Pair(pair.symbol, item.quote + item.base, True))
            elif verdict == _ABSENT:
                names = f"{item.base + item.quote} nor {item.quote + item.base}"
                refused.append(Refuse(pair.symbol, f"it lists neither {names}"))
            else:
                refused.append(Refuse(pair.symbol, verdict))
        return [*refused, *self._ask(other_way)], False

    def _ask(self, pairs: Iterable[Pair]) -> list[Fetch | Refuse]:
        asked: list[Fetch | Refuse] = []
        for pair in pairs:
            if pair.listed not in self._waiting:
                self._waiting[pair.listed] = []
                asked.append(self.fetch(pair.listed))
            self._waiting[pair.listed].append(pair)
        return asked


_ABSENT = "absent"


def _verdict(listed: str, answer: Answer) -> str | None:
    """Empty for listed, ``absent``, why it is of no use otherwise, None for an answer that says nothing."""
    try:
        if answer.status == 400:
            return _ABSENT if ERROR.decode(answer.body).code == _NO_SUCH_SYMBOL else None
        if answer.status != 200:
            return None
        found = next((it for it in LISTING.decode(answer.body).symbols if it.symbol == listed), None)
    except UNREADABLE:
        return None
    if found is None:
        return _ABSENT
    return "" if found.status == "TRADING" else f"{listed} is not trading there ({found.status})"
