"""OpenStad's API as far as a push needs it: resources, tags and statuses of one project.

Source: openstad-headless, apps/api-server/src/routes/api (resource.js, tag.js, status.js),
middleware (user.js: the token is the whole `Authorization` header; error_handling.js: what a PUT
refuses comes as 400, what a POST refuses as 422; pagination.js) and packages/lib/rateLimiter.js
(100 writes a minute, `RateLimit-*` headers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx

PAGE = 100  # resources
TRIES = 5  # of what may be repeated
LIMITED = 20  # times that we wait when told that we are too fast
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds
_MOST_SAID = 300  # characters of an answer that are passed on

Json = dict[str, Any]
Sleep = Callable[[float], None]


class OpenStadError(Exception):
    """It does not work at all: wrong address, no access, or no answer for too long."""


class RefusedError(Exception):
    """One request was refused; the text is OpenStad's own."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class LostError(Exception):
    """There was no answer that tells whether the resource was made."""


class OpenStad:
    """One project. `token` is sent as it is: a fixed token, or `Bearer` and a JWT."""

    def __init__(
        self, client: httpx.Client, url: str, project: str, token: str, sleep: Sleep
    ) -> None:
        self._client = client
        self.project = f"{url.rstrip('/')}/api/project/{project}"
        self._headers = {"Authorization": token, "Accept": "application/json"}
        self._sleep = sleep

    def resources(self) -> Iterator[Json]:
        """Every resource, with its tags and statuses."""
        page, pages = 0, 1
        while page < pages:
            where = {"page": page, "pageSize": PAGE, "includeTags": 1}
            answer = self._repeated("GET", "resource", params=where)
            yield from answer["records"]
            pages = int(answer["metadata"]["pageCount"])
            page += 1

    def resource(self, resource_id: int) -> Json | None:
        """One resource, None when it is gone."""
        try:
            found: Json = self._repeated("GET", f"resource/{resource_id}", params=_WITH_TAGS)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise
        return found

    def create(self, body: Json) -> Json:
        """Makes a resource, without mail. Raises `LostError` when it may have been made."""
        made: Json = self._once("POST", "resource", params=_NO_MAIL, json=body)
        return made

    def update(self, resource_id: int, body: Json) -> None:
        """Changes the fields of `body`; tags and statuses are replaced."""
        self._repeated("PUT", f"resource/{resource_id}", params=_NO_MAIL, json=body)

    def tags(self) -> list[Json]:
        """The project's own tags: id, type, name."""
        found: list[Json] = self._repeated("GET", "tag")
        return found

    def statuses(self) -> list[Json]:
        """The project's statuses: id, name."""
        found: list[Json] = self._repeated("GET", "status")
        return found

    def add_tag(self, type_: str, name: str) -> int:
        """A new tag's id."""
        return int(self._once("POST", "tag", json={"type": type_, "name": name, **_LAST})["id"])

    def add_status(self, name: str) -> int:
        """A new status's id."""
        return int(self._once("POST", "status", json={"name": name, **_LAST})["id"])

    def _repeated(self, method: str, path: str, **request: Any) -> Any:
        """What may be asked again: an answer that got lost does no harm."""
        for attempt in range(TRIES):
            try:
                return self._once(method, path, **request)
            except LostError:
                self._sleep(min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
        raise OpenStadError("OpenStad does not answer")

    def _once(self, method: str, path: str, **request: Any) -> Any:
        for attempt in range(LIMITED):
            try:
                answer = self._client.request(
                    method, f"{self.project}/{path}", headers=self._headers, **request
                )
            except (httpx.ConnectError, httpx.ConnectTimeout):
                self._sleep(min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
                if attempt + 1 >= TRIES:
                    raise OpenStadError("OpenStad cannot be reached") from None
                continue
            except httpx.TransportError:
                raise LostError from None
            if answer.status_code != 429:
                return self._read(answer)
            self._sleep(_told_to_wait(answer) or min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
        raise OpenStadError("OpenStad keeps saying that we are too fast")

    def _read(self, answer: httpx.Response) -> Any:
        if answer.status_code in (401, 403):
            raise OpenStadError(f"OpenStad gives no access: {_said(answer)}")
        if answer.status_code >= 500:
            raise LostError
        if answer.status_code >= 400:
            raise RefusedError(answer.status_code, _said(answer))
        if answer.headers.get("RateLimit-Remaining") == "0":
            self._sleep(_told_to_wait(answer))
        try:
            return answer.json()
        except ValueError:
            raise OpenStadError("what answers is not OpenStad's API") from None


_WITH_TAGS = {"includeTags": 1}
_NO_MAIL = {"nomail": 1}
_LAST = {"seqnr": 100, "addToNewResources": False}


def _told_to_wait(answer: httpx.Response) -> float:
    """Seconds; 0 when nothing that can be understood is said."""
    for name in ("Retry-After", "RateLimit-Reset"):
        value = answer.headers.get(name, "")
        if value.isdecimal():
            return float(min(int(value), 3600))
    return 0.0


def _said(answer: httpx.Response) -> str:
    try:
        said = answer.json()["message"]
    except (ValueError, LookupError, TypeError):
        said = ""
    return " ".join(str(said or f"status {answer.status_code}").split())[:_MOST_SAID]
