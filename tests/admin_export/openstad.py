"""An OpenStad over real HTTP that keeps to the rules of its API server, and fails when told to.

The rules are those of openstad-headless: apps/api-server/src/models/Resource.js (lengths, counted
after the text was sanitised; whole budgets; extra data is merged, null takes a key away),
routes/api/resource.js (422 when a POST is refused; tags and statuses by number, those of the
project only; default statuses), middleware/error_handling.js (400 when a PUT is refused),
middleware/pagination.js, models/Tag.js and Status.js (`seqnr` and `addToNewResources` must be
given), packages/lib/rateLimiter.js.
"""

from __future__ import annotations

import html
import json
import re
import threading
import unicodedata
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "vast-token"
LENGTHS = {"title": ("Titel", 10, 50), "summary": ("Samenvatting", 20, 140)}
LENGTHS["description"] = ("Beschrijving", 140, 5000)
PATH = re.compile(r"/api/project/7/(resource|tag|status)(?:/(\d+))?")


def sanitised(text, tags_stay):
    plain = re.sub("[\U00010000-\U0010ffff]", "", text.strip())
    marks = unicodedata.normalize("NFKD", plain)
    plain = re.sub("[\u0300-\u036f]", "", marks)
    if not tags_stay:
        plain = re.sub(r"<[a-zA-Z/!?][^>]*>?", "", plain)
    return html.escape(html.unescape(plain), quote=False)


def units(text):
    """JavaScript's length."""
    return len(text.encode("utf-16-le")) // 2


class RefusedError(Exception):
    pass


class OpenStad:
    """`faults` are what happens to the next requests: a status, "drop" after it was done, or None.

    `limit` is how many writes may come before one is too many.
    """

    def __init__(self):
        self.resources, self.tags, self.statuses = {}, [], []
        self.asked, self.faults = [], []
        self.limit = self.left = None
        self.lock = threading.Lock()
        self.statuses.append({"id": 1, "name": "Nieuw", "addToNewResources": True})

    def by_external(self):
        found = {}
        for resource in self.resources.values():
            found.setdefault(resource["extraData"].get("buurtstem"), []).append(resource)
        return found

    def answer(self, method, path, query, body):
        kind, number = PATH.fullmatch(path).groups()
        if kind == "resource":
            return self.on_resource(method, number, query, body)
        rows = self.tags if kind == "tag" else self.statuses
        if method == "GET":
            return 200, rows
        if not isinstance(body.get("seqnr"), int) or "addToNewResources" not in body:
            return 400, {"message": "notNull Violation: seqnr cannot be null"}
        name = sanitised(body["name"], False)
        row = {**body, "id": 100 + len(self.tags) + len(self.statuses), "name": name}
        rows.append(row)
        return 200, row

    def on_resource(self, method, number, query, body):
        if method == "POST":
            return self.create(body)
        if number is None:
            return self.listed(query)
        found = self.resources.get(int(number))
        if found is None:
            return 404, {"message": "Resource not found"}
        if method == "GET":
            return 200, found
        try:
            self.write(found, body)
        except RefusedError as error:
            return 400, {"message": str(error)}
        return 200, found

    def listed(self, query):
        page, size = int(query["page"][0]), int(query.get("pageSize", ["20"])[0])
        rows = list(self.resources.values())
        pages = -(-len(rows) // size)
        records = rows[page * size : (page + 1) * size]
        return 200, {"metadata": {"page": page, "pageCount": pages}, "records": records}

    def create(self, body):
        number = len(self.resources) + 501
        made = {"id": number, "extraData": {}, "tags": [], "statuses": [], "createdBy": "API"}
        try:
            self.write(made, body)
        except RefusedError as error:
            return 422, {"message": str(error)}
        made["statuses"] += [s for s in self.statuses if s["addToNewResources"]]
        self.resources[number] = made
        return 200, made

    def write(self, resource, body):
        new = {**resource, **body}
        kept = {name: resource[name] for name in ("tags", "statuses")}
        for name in LENGTHS:
            if name in body:
                new[name] = sanitised(body[name], name == "description")
        errors = [
            f"{said} moet tussen {least} en {most} tekens zijn"
            for name, (said, least, most) in LENGTHS.items()
            if (name == "title" or new.get("publishDate"))
            and not least <= units(self.counted(name, new[name])) <= most
        ]
        if errors:
            raise RefusedError(", ".join(errors))
        for name, rows in (("tags", self.tags), ("statuses", self.statuses)):
            if name in body:
                assert all(isinstance(each, int) for each in body[name])
                kept[name] = [row for row in rows if row["id"] in body[name]]
        if "budget" in body:
            new["budget"] = int(body["budget"] or 0) or None
        merged = {**resource["extraData"], **body.get("extraData", {})}
        extra = {key: value for key, value in merged.items() if value is not None}
        resource.update(new | kept | {"extraData": extra})

    def counted(self, name, text):
        return html.unescape(text) if name == "summary" else text


class Handler(BaseHTTPRequestHandler):
    town: OpenStad
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        parts = urlsplit(self.path)
        with self.town.lock:
            self.town.asked.append(f"{self.command} {parts.path.rpartition('/7/')[2]}")
            status, answer, headers, drop = self.judged(parts, body)
        if drop:
            self.close_connection = True
            return
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def judged(self, parts, body):
        town, writes = self.town, self.command != "GET"
        fault = town.faults.pop(0) if town.faults and writes else None
        if isinstance(fault, int):
            return fault, {"message": "stuk"}, {"Retry-After": "7"} if fault == 429 else {}, False
        if self.headers["Authorization"] != TOKEN:
            return 401, {"message": "Invalid or expired token"}, {}, False
        headers = {}
        if writes and town.limit:
            town.left = (town.limit if town.left is None else town.left) - 1
            if town.left < 0:
                return 429, {"message": "Too many requests"}, {"RateLimit-Reset": "60"}, False
            headers = {"RateLimit-Remaining": str(town.left), "RateLimit-Reset": "60"}
        status, answer = town.answer(self.command, parts.path, parse_qs(parts.query), body)
        return status, answer, headers, fault == "drop"

    do_GET = do_POST = do_PUT = handle_any

    def log_message(self, *args):
        pass


@contextmanager
def running():
    """An OpenStad and its URL."""
    town = OpenStad()
    handler = type("Bound", (Handler,), {"town": town})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield town, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
