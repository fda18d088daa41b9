"""The worker's page on the phone: the same for everybody, without any data in it. Who opens it, and what they see,
comes with the link (`web/api/worker.py`); it stays in the phone so that the page opens without a network."""

import json
from hashlib import sha256
from typing import Final

from aiohttp import web

from web.render import STATIC, render, static_url, texts_of

routes = web.RouteTableDef()
PAGE: Final = "/worker"
# The camera for the codes and photos, the position where the phone gives it: on this page and no other.
PERMISSIONS: Final = {"Permissions-Policy": "camera=(self), geolocation=(self), microphone=()"}
STYLES: Final = ("vendor/bootstrap/bootstrap.min.css", "css/theme.css", "css/worker.css")
SCRIPTS: Final = ("worker", "worker_queue", "worker_scan")


@routes.get(PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    words = json.dumps(texts_of(request).section("worker_words"), ensure_ascii=False)
    response = render(request, "worker.html", {"styles": STYLES, "words": words})
    response.headers.update(PERMISSIONS)
    return response


@routes.get(f"{PAGE}/offline.js")
async def offline(request: web.Request) -> web.StreamResponse:
    """The script that keeps the page, with the files that it is to keep; a new one whenever one of them is another."""
    files = [PAGE, static_url("icon.svg"), static_url("js/theme.js"), *map(static_url, STYLES)]
    files += [static_url("js/worker.js"), *(f"/static/js/{name}.js" for name in SCRIPTS[1:])]
    digest = sha256("".join([*files, *(static_url(f"js/{name}.js") for name in SCRIPTS)]).encode()).hexdigest()[:12]
    script = (STATIC / "js" / "worker_offline.js").read_text("utf-8")
    text = f"const NAME = {json.dumps(f'worker-{digest}')};\nconst FILES = {json.dumps(files)};\n{script}"
    return web.Response(text=text, content_type="text/javascript", headers={"Service-Worker-Allowed": PAGE})
