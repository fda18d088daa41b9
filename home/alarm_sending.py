"""Sends one message to maintenance by apprise, in a process of its own: whatever a service outside does or does not do,
it can be ended after its time, and neither blocks nor breaks who asked.

`python -m home.alarm_sending` reads JSON from standard input and ends with status 0 when the address took the
message. An address holds keys: it is given by standard input only, and never printed.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import Final, Literal

from home.children import tied_to

Kind = Literal["info", "success", "warning", "failure"]
WITHIN: Final = 30.0  # seconds for one message
_EXIT_UNKNOWN: Final = 2


class NotSent(Exception):
    """The address did not take the message; the text says what is known of it, and does not name it."""


def understood(urls: Sequence[str]) -> list[str | None]:
    """Each address as it may be shown (keys are masked), None for one that apprise does not understand."""
    import apprise  # takes half a second, and most processes never send

    found = [apprise.Apprise.instantiate(url, suppress_exceptions=True) for url in urls]
    return [
        str(service.url(privacy=True)).partition("?")[0] if isinstance(service, apprise.NotifyBase) else None  # type: ignore[no-untyped-call]  # apprise has no types here
        for service in found
    ]


async def send(url: str, *, title: str, body: str, kind: Kind = "info") -> None:
    """One message to one address; services show its kind in colours. Raises NotSent, after `WITHIN` seconds at last."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "home.alarm_sending"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        process_group=0,
        preexec_fn=tied_to(os.getpid()),
    )
    message = json.dumps({"url": url, "title": title, "body": body, "kind": kind}).encode()
    try:
        async with asyncio.timeout(WITHIN):
            await process.communicate(message)
    except TimeoutError:
        raise NotSent(f"not within {WITHIN:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        unknown = process.returncode == _EXIT_UNKNOWN
        raise NotSent("the address is not understood" if unknown else "the address did not take the message")


def main() -> int:
    import apprise  # see above

    logging.disable()  # its log lines quote addresses
    asked = json.load(sys.stdin)
    services = apprise.Apprise()
    if not services.add(asked["url"]):
        return _EXIT_UNKNOWN
    return (
        0
        if services.notify(title=asked["title"], body=asked["body"], notify_type=asked["kind"], body_format="text")
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
