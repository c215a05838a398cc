"""Whose turn it is: a run's tasks work one after another, and time stands still meanwhile.

trio wakes ready tasks in random order, on purpose. So tasks of a run are never ready together:
whoever wakes or starts one waits until it rests again. The count is exact and asks nothing of the
scheduler, so a thousand other tasks of a server neither disturb it nor are disturbed.
"""

from __future__ import annotations

import trio


class Turns:
    """Counts the tasks of one run that are at work.

    A task is at work from ``take`` to ``give``. The last to give wakes the youngest of those who wait
    for rest, and hands it its turn.
    """

    def __init__(self) -> None:
        self._working = 0
        self._waiting: list[tuple[trio.lowlevel.Task, bool]] = []

    @property
    def working(self) -> int:
        """Tasks at work now."""
        return self._working

    def take(self) -> None:
        """One more task is at work."""
        self._working += 1

    def give(self) -> None:
        """One task rests or has ended."""
        self._working -= 1
        assert self._working >= 0, "more turns given than taken"
        if self._working == 0 and self._waiting:
            task, takes = self._waiting.pop()
            if takes:
                self._working += 1
            trio.lowlevel.reschedule(task)

    async def rest_of_others(self) -> None:
        """For a task at work that has started another: wait, off turn, until all the others rest."""
        if self._working > 1:
            await self._wait(takes=True)

    async def all_at_rest(self) -> None:
        """For the pump, which holds no turn: wait until every task rests."""
        if self._working:
            await self._wait(takes=False)

    async def _wait(self, *, takes: bool) -> None:
        me = (trio.lowlevel.current_task(), takes)

        def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
            self._waiting.remove(me)
            if takes:
                self._working += 1
            return trio.lowlevel.Abort.SUCCEEDED

        self._waiting.append(me)
        if takes:
            self.give()
        await trio.lowlevel.wait_task_rescheduled(abort)
