"""Adds pages to a finished PDF, one after another and without keeping them.

This is an incremental update (ISO 32000-1, 7.5.6): the PDF stays as it is; the new pages, a new
list of pages and a table that finds them come behind it. A new page shows what one of the first
pages shows, by naming the same content (7.7.3.3: a page's contents may be several streams), and
something of its own on top. So what thousands of pages share stands in the file once.
"""

from __future__ import annotations

import re
import zlib
from itertools import groupby
from typing import BinaryIO

_OBJECT = re.compile(rb"^(\d+) 0 obj\n<<\n(.*?)\n>>", re.MULTILINE | re.DOTALL)
_PAGE = re.compile(rb"^/Type /Page$", re.MULTILINE)
_FANOUT = 500  # pages under one node of the list


class PageWriter:
    """Writes `pdf` to `file`, then its pages, in any order and number, each with more on it.

    `pdf`: as fpdf2 writes it, with all pages of one size; its own pages are only patterns, and
    are in no list of pages any more. Raises ValueError for another kind of PDF.
    """

    def __init__(self, file: BinaryIO, pdf: bytes) -> None:
        bodies = {int(m[1]): m[2] for m in _OBJECT.finditer(pdf)}
        pages = [body for body in bodies.values() if _PAGE.search(body)]
        self._patterns = [(_ref(body, "Contents"), _ref(body, "Resources")) for body in pages]
        self._trailer = pdf[pdf.rindex(b"trailer") :]
        self._root = _ref(self._trailer, "Root")
        self._list = _ref(bodies[self._root], "Pages")
        self._box = _found(rb"/MediaBox \[([0-9. ]+)\]", bodies[self._list])
        self._next = int(_found(rb"/Size (\d+)", self._trailer))
        self._file, self._at = file, file.write(pdf)
        self._offsets: dict[int, int] = {}
        self._kids: list[int] = []
        self._nodes: list[tuple[int, int]] = []  # number, pages under it
        self._node = 0

    def add(self, pattern: int, content: bytes) -> None:
        """A page that shows a pattern, by its place in the PDF from 0, and `content` on top."""
        if not self._kids:
            self._node = self._number()
        packed = zlib.compress(content)
        shared, resources = self._patterns[pattern]
        stream = self._put(
            self._number(),
            b"<< /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (len(packed), packed),
        )
        page = b"<< /Type /Page /Parent %d 0 R /Resources %d 0 R /Contents [%d 0 R %d 0 R] >>"
        self._kids.append(self._put(self._number(), page % (self._node, resources, shared, stream)))
        if len(self._kids) == _FANOUT:
            self._end_node()

    def close(self) -> None:
        """Writes the list of pages, and the table without which nobody finds them."""
        if self._kids:
            self._end_node()
        kids, count = _refs([node for node, _ in self._nodes]), sum(n for _, n in self._nodes)
        pages = b"<< /Type /Pages /Kids [%b] /Count %d /MediaBox [%b] >>"
        self._put(self._list, pages % (kids, count, self._box))
        # Anew, without fpdf2's wish to open the file at the first pattern.
        self._put(self._root, b"<< /Type /Catalog /Pages %d 0 R /Lang (nl) >>" % self._list)
        self._table()

    def _end_node(self) -> None:
        node = b"<< /Type /Pages /Parent %d 0 R /Kids [%b] /Count %d >>"
        self._put(self._node, node % (self._list, _refs(self._kids), len(self._kids)))
        self._nodes.append((self._node, len(self._kids)))
        self._kids = []

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _put(self, number: int, body: bytes) -> int:
        self._offsets[number] = self._at
        self._at += self._file.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        return number

    def _table(self) -> None:
        """The cross-reference section (7.5.4): each run of numbers, an entry of 20 bytes each."""
        self._file.write(b"xref\n")
        numbers = sorted(self._offsets)
        for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
            found = [number for _, number in run]
            self._file.write(b"%d %d\n" % (found[0], len(found)))
            self._file.writelines(b"%010d 00000 n \n" % self._offsets[n] for n in found)
        info, id_ = _ref(self._trailer, "Info"), _found(rb"(/ID \[.*?\])", self._trailer)
        previous = int(_found(rb"startxref\n(\d+)", self._trailer))
        trailer = b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /Prev %d %b >>\n"
        self._file.write(trailer % (self._next, self._root, info, previous, id_))
        self._file.write(b"startxref\n%d\n%%%%EOF\n" % self._at)


def _found(pattern: bytes, text: bytes) -> bytes:
    match = re.search(pattern, text)
    if match is None:
        raise ValueError("not a PDF as fpdf2 writes it")
    return match[1]


def _ref(body: bytes, name: str) -> int:
    return int(_found(rb"/%b (\d+) 0 R" % name.encode(), body))


def _refs(numbers: list[int]) -> bytes:
    return b" ".join(b"%d 0 R" % number for number in numbers)
