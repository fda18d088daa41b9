"""Of Asterisk's documentation every name stays and no word, and a damaged file is named."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from home.asterisk_names import names_only

WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE docs SYSTEM "appdocsxml.dtd">
<docs xmlns:xi="http://www.w3.org/2001/XInclude">
  <function name="CALLERID" language="en_US" module="func_callerid">
    <synopsis>Many words.</synopsis>
    <description><para>Many more words.</para><xi:include xpointer="x"/></description>
  </function>
  <configInfo name="res_pjsip" language="en_US">
    <synopsis>Words.</synopsis>
    <configFile name="pjsip.conf">
      <configObject name="endpoint">
        <configOption name="100rel" default="yes"><synopsis>Words.</synopsis></configOption>
        <matchInfo><category match="true">^general$</category></matchInfo>
      </configObject>
    </configFile>
  </configInfo>
</docs>"""


def test_names_stay_and_words_go(tmp_path: Path) -> None:
    file = tmp_path / "core-en_US.xml"
    file.write_text(WHOLE, "utf-8")
    told = names_only(file)
    assert b"ords" not in told
    root = ET.fromstring(told)
    function, info = root
    assert (function.attrib["name"], function.attrib["module"]) == ("CALLERID", "func_callerid")
    assert len(function) == 1  # Asterisk takes an entry without content for a missing one
    assert [one.attrib["name"] for one in info.iter("configOption")] == ["100rel"]
    assert [one.attrib["match"] for one in info.iter("category")] == ["true"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "core-en_US.xml"
    file.write_text(WHOLE[:300], "utf-8")
    with pytest.raises(ValueError, match=str(file)):
        names_only(file)
