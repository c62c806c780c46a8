"""What is asked in one turn of the event loop is answered together: one query for all of it."""

from __future__ import annotations

import asyncio

from suyuan.services.prove import Asked, Proven, Prover

_MOST = 32  # at once; the others are next


class Together:
    """Proofs for requests that wait at the same time. Belongs to one event loop."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover
        self._asked: list[tuple[Asked, asyncio.Future[Proven]]] = []

    async def prove(self, subject: str, limit: int | None) -> Proven:
        """What `Prover.prove` gives; it must be one that is quick."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Proven] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._answer)
        self._asked.append(((subject, limit), answer))
        return await answer

    def _answer(self) -> None:
        now, self._asked = self._asked[:_MOST], self._asked[_MOST:]
        if self._asked:
            asyncio.get_running_loop().call_soon(self._answer)
        wanted = [(asked, answer) for asked, answer in now if not answer.done()]  # who asked may be gone
        try:
            proven = self._prover.prove_all([asked for asked, _ in wanted])
        except Exception as error:  # whatever it is, who asked has to hear it
            for _, answer in wanted:
                answer.set_exception(error)
        else:
            for (_, answer), one in zip(wanted, proven, strict=True):
                answer.set_result(one)
