"""One file a format. A writer puts whole files into a folder, the same bytes for the same data."""

from __future__ import annotations

from collections.abc import Mapping

from admin_export.writers import (
    csv_files,
    decidim_files,
    json_file,
    openpoen_file,
    openstad_file,
    pb_files,
    xlsx_file,
)
from admin_export.writers.written import Writer, Written

FORMATS: Mapping[str, Writer] = {
    "xlsx": xlsx_file.write,
    "csv": csv_files.write,
    "json": json_file.write,
    "pb": pb_files.write,
    "openstad": openstad_file.write,
    "decidim": decidim_files.write,
    "openpoen": openpoen_file.write,
}
"""The formats by the name that `buurtstem export --format` has for them."""

__all__ = ["FORMATS", "Writer", "Written"]
