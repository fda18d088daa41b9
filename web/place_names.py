"""Places of the tree by the way down to them, for choosing one: `区 / 街道 / 社区`."""

from sqlalchemy.ext.asyncio import AsyncSession

from models.org_changes import places


async def place_names(session: AsyncSession) -> dict[int, str]:
    """Id to way, in the order of the tree."""
    ways: dict[int, str] = {}
    for place in await places(session):
        above = ways.get(place.parent) if place.parent is not None else None
        ways[place.id] = f"{above} / {place.name}" if above else place.name
    return ways
