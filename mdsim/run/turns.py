"""Whose turn it is: a run's tasks work one after another, and time stands still meanwhile.

trio wakes ready tasks in random order, on purpose. So tasks of a run are never ready together:
whoever wakes or starts one waits until it rests again. The count is exact and asks nothing of the
scheduler, so a thousand other tasks of a server neither disturb it nor are disturbed.
"""

from __future__ import annotations

import trio


class Turns:
    """Counts the tasks of one run that are at work.

    A task is at work from ``take`` to ``give``. The last to give wakes the youngest of the tasks that wait
    for the others, and hands it its turn. Onlookers (the pump) are woken when no such task is left: while
    a task waits for one that it has started, the run is not at rest.
    """

    def __init__(self) -> None:
        self._working = 0
        self._parents: list[trio.lowlevel.Task] = []
        self._onlookers: list[trio.lowlevel.Task] = []

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
        if self._working:
            return
        if self._parents:
            self._working += 1
            trio.lowlevel.reschedule(self._parents.pop())
            return
        onlookers, self._onlookers = self._onlookers, []
        for task in onlookers:
            trio.lowlevel.reschedule(task)

    async def rest_of_others(self) -> None:
        """For a task at work that has started another: wait, off turn, until all the others rest."""
        if self._working <= 1:
            return
        me = trio.lowlevel.current_task()

        def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
            self._parents.remove(me)
            self._working += 1
            return trio.lowlevel.Abort.SUCCEEDED

        self._parents.append(me)
        self.give()
        await trio.lowlevel.wait_task_rescheduled(abort)

    async def all_at_rest(self) -> None:
        """For the pump, which holds no turn: wait until every task rests."""
        while self._working:
            me = trio.lowlevel.current_task()

            def abort(_raise_cancel: object, me: trio.lowlevel.Task = me) -> trio.lowlevel.Abort:
                self._onlookers.remove(me)
                return trio.lowlevel.Abort.SUCCEEDED

            self._onlookers.append(me)
            await trio.lowlevel.wait_task_rescheduled(abort)
