"""What Asterisk must know of itself at a start: the names of all that its modules offer, without the words about them.

It looks each function, application and option up in its documentation, and warns of what is not there. To read all of
it, 1.6 MB of XML, was three quarters of the work of a start, in which elders whose calls broke off are not rung back.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Final

DOCUMENTATION: Final = Path("documentation") / "core-en_US.xml"  # below the folder of Asterisk's data
_OPTIONS: Final = frozenset({"configFile", "configObject", "configOption", "matchInfo", "category", "field"})


@cache
def names_only(documentation: Path) -> bytes:
    """That file, with nothing but what is looked up. Raises OSError; ValueError when it is not Asterisk's."""
    try:
        root = ET.parse(documentation).getroot()
    except ET.ParseError as problem:
        raise ValueError(f"{documentation}: {problem}") from problem
    for entry in root:
        _bare(entry)
        if not len(entry):
            ET.SubElement(entry, "synopsis")  # an entry without any content counts as missing
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _bare(entry: ET.Element) -> None:
    entry.text = entry.tail = None
    for part in list(entry):
        if part.tag in _OPTIONS:
            _bare(part)
        else:
            entry.remove(part)
