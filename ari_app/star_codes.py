"""What the star codes of a seat's phone do, so that a seat works without a browser."""

from __future__ import annotations

from collections.abc import Callable

from ari_app.controller import Controller
from ari_app.desk import UnknownSeat
from ari_app.side_calls import StarCode
from ivr.events import EmergencyRequested, Request, SilentRequested
from ivr.vocabulary import Prompt


def star_codes(controller: Controller, chose: Callable[[str], None]) -> dict[str, StarCode]:
    """`chose` keeps what the agent chose over restarts."""

    async def ready(extension: str) -> Prompt:
        controller.desk.set_ready(extension)
        chose(extension)
        return Prompt.READY

    async def pause(extension: str) -> Prompt:
        controller.desk.pause(extension, "phone")
        chose(extension)
        return Prompt.PAUSED

    async def wrap_up_done(extension: str) -> Prompt:
        controller.desk.wrap_up_done(extension)
        return Prompt.WRAP_UP_DONE

    async def emergency(extension: str) -> Prompt:
        request = EmergencyRequested(at=controller.now(), actor=f"seat:{extension}")
        return await ask(extension, request, Prompt.EMERGENCY_STARTED)

    async def silent(extension: str) -> Prompt:
        request = SilentRequested(at=controller.now(), actor=f"seat:{extension}")
        return await ask(extension, request, Prompt.SILENT_STARTED)

    async def ask(extension: str, request: Request, confirmed: Prompt) -> Prompt:
        """For the call that this seat is on."""
        try:
            case = controller.desk.working_on(extension)
        except UnknownSeat:
            case = None
        run = controller.runs.get(case or "")
        if run is None or await run.request(request) is not None:
            return Prompt.NOT_IN_CALL
        return confirmed

    return {"*41": ready, "*42": pause, "*43": wrap_up_done, "*44": emergency, "*45": silent}
