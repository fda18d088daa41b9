"""Asterisk's SIP access list of ours: addresses whose messages are refused. Objects made through ARI and kept by
Asterisk in memory (sorcery.conf): they work from the next message on, and nothing is reloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ari_app.ari import Client
from ari_app.ari.errors import NotFound, ServerError
from ari_app.strangers import Network
from ivr.serial import Json

_AT_ONCE = 20  # addresses in one line of a list
_PLACE = {"configClass": "res_pjsip", "objectType": "acl"}
_SLOTS = ("yjt-bans-a", "yjt-bans-b")


class AccessList:
    """Two objects take turns, so that there is no moment without a list."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._slot = 0

    async def becomes(self, networks: Sequence[Network]) -> None:
        """From now on these and no others are refused. Raises AriError: the list before may be in force still."""
        new, old = _SLOTS[self._slot], _SLOTS[1 - self._slot]
        await self._remove(new)
        if networks:
            await self._make(new, networks)
        await self._remove(old)
        self._slot = 1 - self._slot

    async def _make(self, name: str, networks: Sequence[Network]) -> None:
        texts = [str(network) for network in networks]
        lines = [",".join(texts[i : i + _AT_ONCE]) for i in range(0, len(texts), _AT_ONCE)]
        fields: list[Json] = [{"attribute": "deny", "value": line} for line in lines]
        try:
            await self._client.asterisk.updateObject(**_PLACE, id=name, fields=fields)
        except ServerError:
            # Asterisk 22 makes the list, then finds no words for it in its answer; so it is asked whether it is there.
            with suppress(ServerError):
                await self._client.asterisk.getObject(**_PLACE, id=name)

    async def _remove(self, name: str) -> None:
        with suppress(NotFound):
            await self._client.asterisk.deleteObject(**_PLACE, id=name)
