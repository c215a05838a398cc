"""A stream that is given up when nothing at all comes over it: no message and no ping either."""

from __future__ import annotations

import trio


class Watched(trio.abc.Stream):
    """Passes everything on; silence past its bound breaks it.

    Attributes:
        gave_up: why it broke, empty otherwise: what reads it may not pass the reason on.
    """

    def __init__(self, stream: trio.abc.Stream, silence_s: float) -> None:
        self._stream = stream
        self._silence_s = silence_s
        self.gave_up = ""

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """The next bytes.

        Raises:
            trio.BrokenResourceError: the line is broken, or silent for too long.
        """
        with trio.move_on_after(self._silence_s):
            return await self._stream.receive_some(max_bytes)
        self.gave_up = f"nothing came for {self._silence_s:g} s"
        raise trio.BrokenResourceError(self.gave_up)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()
