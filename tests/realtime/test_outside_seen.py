"""A job outside Celery as its owner sees it, over a real socket; frames as they are described."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.request import Request, urlopen

import pytest
from asgiref.sync import sync_to_async

from realtime import asyncapi, tokens
from tests.processes import Child
from tests.realtime.test_asyncapi import fits
from tests.sockets import sign_in, viewer

pytestmark = pytest.mark.django_db(transaction=True)


async def test_its_owner_sees_what_a_script_tells(web: Child, ana: Any) -> None:
    """Each report, line and end comes over the socket, in frames that asyncapi.json describes."""
    said = (await sync_to_async(tokens.create)(ana, "cron", ["report"]))[1]

    def post(path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {said}", "Content-Type": "application/json"}
        url = f"{web.url}/headway/api/jobs{path}"
        with urlopen(Request(url, json.dumps(body).encode(), headers)) as answer:
            return json.load(answer)

    async def tell(path: str = "", **body: Any) -> Any:
        return await asyncio.to_thread(post, path, body)

    job = (await tell(name="backup", total=2))["id"]
    async with viewer(web, await sync_to_async(sign_in)(ana)) as sees:
        await sees.watch("mine", f"job:{job}", f"log:{job}", "job:x")
        await sees.until(lambda: job in sees.states)
        await tell(f"/{job}/report", current=1, log=[{"text": "half"}])
        await sees.until(lambda: sees.states[job]["fraction"] == 0.5 and sees.lines)
        assert [line["text"] for line in sees.lines] == ["half"]
        last = await tell(f"/{job}/report", status="succeeded")
        assert await sees.ended(job) == {key: last[key] for key in last if key != "wants"}
        assert {"welcome", "jobs", "log", "refused"} <= {frame["type"] for frame in sees.frames}
        assert all(fits(frame, asyncapi.SERVER) for frame in sees.frames)
