"""Logs tell what happened and never to whom."""

from __future__ import annotations

import io
import json
import logging

import structlog

from tests.web import stories
from tests.web.conftest import House, bearer, log_in
from web import logs
from web.keys import MIRROR


async def test_no_personal_data_reaches_the_log(sqlite_house: House) -> None:
    out = io.StringIO()
    logs.set_up(out)
    try:
        await sqlite_house.control.case(stories.case_json(stories.ringing()))
        await sqlite_house.until(lambda: "c1" in sqlite_house.app[MIRROR].cases)
        await log_in(sqlite_house.client)
        for path in ("/board", "/cases/c1", "/elders?search=演示·李一", "/elders?search=02110000001", "/nothing/李一"):
            await sqlite_house.client.get(path)
        headers = await bearer(sqlite_house.client)
        bad = {"name": "演示·李一", "home_phone": "02110000001x", "service_class": 9}
        await sqlite_house.client.post("/api/v1/elders", json=bad, headers=headers)
        logging.getLogger("x").error("a failure", exc_info=ValueError("演示·李一 02110000001"))
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers[:] = []
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {line["route"] for line in lines if line["event"] == "request"} >= {"/board", "/cases/{id}", "/elders", "-"}
    assert "ValueError" in out.getvalue()
    for secret in ("李一", "0211000", "幸福", "agent801", "%E6%9D%8E"):
        assert secret not in out.getvalue(), secret
