"""A house whose controller reaches Asterisk over a wire that a test may break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ari_app import bootstrap
from drill.faults.wire import Wire
from home.programs import Program
from models.elder_forms import ElderForm

from .house import House, open_house


@asynccontextmanager
async def wired_house(
    home: Path, program: Program, *, elders: Sequence[ElderForm], seats: Sequence[str], **policy: str
) -> AsyncIterator[tuple[House, Wire]]:
    """A house whose controller reaches Asterisk over a wire; the house's own `ari` does not pass there."""
    environment = {f"YJT_POLICY__{name.upper()}": value for name, value in policy.items()}
    options = {"elders": elders, "seats": seats, "environment": environment}
    async with (
        open_house(home, program, **options, controller=False, whole_prompts=True) as house,
        Wire(house.settings.ari_port) as wire,
    ):
        over_the_wire = house.settings.model_copy(update={"ari_link_port": wire.port})
        async with bootstrap.running(over_the_wire, house.secrets) as house.inner, house.following():
            for extension in seats:
                await house.told("seat", extension=extension, registered=True)
            yield house, wire


async def until_link(house: House, *, stands: bool, within: float) -> None:
    """Until the controller has noticed."""
    async with asyncio.timeout(within):
        while house.controller.link.stands is not stands:  # noqa: ASYNC110 - consoles are not told of it
            await asyncio.sleep(0.05)
