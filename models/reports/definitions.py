"""Every figure of a report, by name, once: what the pages, the sheets, the API, the lists behind the numbers and the
kept counts go by. To add one, write it into `of_calls.py` or `of_services.py` and its words into the words of reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.reports.figures import Figure, Mean, Parts, Share, Source
from models.reports.of_calls import CALL_MEANS, CALL_PARTS, CALL_SHARES, CALLS
from models.reports.of_services import SERVICE_MEANS, SERVICE_PARTS, SERVICE_SHARES, SERVICES

FIGURES: Final[Mapping[str, Figure]] = {figure.name: figure for figure in (*CALLS, *SERVICES)}
SHARES: Final[Mapping[str, Share]] = {share.name: share for share in (*CALL_SHARES, *SERVICE_SHARES)}
MEANS: Final[Mapping[str, Mean]] = {mean.name: mean for mean in (*CALL_MEANS, *SERVICE_MEANS)}
PARTS: Final[tuple[Parts, ...]] = (*CALL_PARTS, *SERVICE_PARTS)


def figures_of(source: Source) -> tuple[Figure, ...]:
    return tuple(figure for figure in FIGURES.values() if figure.source is source)
