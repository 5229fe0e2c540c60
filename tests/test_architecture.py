"""The layout and who may import whom: the table of docs/architecture.md, held by a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

REPO = Path(__file__).resolve().parent.parent
OURS = ("civic", "bot", "storage", "admin_export", "console", "runtime")
CODE = sorted(
    path
    for package in OURS
    for path in (REPO / package).rglob("*.py")
    if "migrations" not in path.parts
)

# One concern in several small files; the others ask `bot.understand`.
UNDERSTANDING = (
    "bot.understand", "bot.choosing", "bot.amounts", "bot.digits", "bot.typos", "bot.lexicon",
    "bot.normalise",
)  # fmt: skip

# Which part of us each file belongs to, and what that part may import of ours. The longest
# name that fits decides. A part may always import itself.
MAY_IMPORT: dict[str, set[str]] = {
    "civic": set(),
    "storage": {"civic"},
    "bot.messages": set(),
    "bot.prompts": {"civic"},
    "bot.session": set(),
    "bot.events": {"bot.messages", "bot.prompts", "bot.session"},
    "bot.taken": {"storage"},
    "bot.i18n": {"bot.prompts", "civic"},
    **{part: {"bot.prompts", "bot.i18n", *UNDERSTANDING} for part in UNDERSTANDING},
    "bot.flows": {"bot.prompts", "bot.understand", "civic"},
    "bot.engine": {
        "bot.flows", "bot.prompts", "bot.session", "bot.messages", "bot.events", "bot.understand",
    },
    "bot.channels": {"bot.messages", "bot.i18n"},
    "bot.speech": set(),
    **{
        part: {"bot.prompts", "bot.scope", "bot.adapting", "civic", "storage"}
        for part in ("bot.supporting", "bot.adapting")
    },
    "bot.scope": {"bot.prompts", "civic", "storage"},
    "bot.voting": {"bot.prompts", "bot.scope", "civic", "storage"},
    "bot.linking": {"bot.prompts", "bot.scope", "bot.voting", "civic", "storage"},
    "bot.actions": {
        "bot.supporting", "bot.adapting", "bot.linking", "bot.voting", "bot.scope", "bot.prompts",
        "civic", "storage",
    },
    "bot.secrecy": {"bot.messages", "bot.session", "bot.understand", "civic"},
    "bot.takeover": {"bot.understand"},
    "bot.arriving": {
        "bot.keeping", "bot.messages", "bot.scope", "bot.secrecy", "bot.session", "bot.turn",
        "storage",
    },
    "bot.keeping": {"bot.session", "civic", "storage"},
    "bot.turn": {"bot.messages", "bot.scope", "storage"},
    "bot.saying": {"bot.messages", "bot.session", "bot.turn", "storage"},
    "bot.awaited": {
        "bot.engine", "bot.keeping", "bot.prompts", "bot.session", "bot.turn", "bot.worlds",
        "storage",
    },
    "bot.worlds": {"bot.prompts", "bot.turn", "civic", "storage"},
    "bot.conversation": {
        "bot.engine", "bot.events", "bot.actions", "bot.session", "bot.messages", "bot.prompts",
        "bot.scope", "bot.secrecy", "bot.keeping", "bot.turn", "bot.saying", "bot.worlds",
        "bot.arriving", "bot.taken", "bot.takeover", "civic", "storage",
    },
    "bot": set(),
    "admin_export": {"civic", "storage"},
    "console": {"civic", "storage", "admin_export"},
    "runtime": set(OURS),
}  # fmt: skip


def name_of(path: Path) -> str:
    parts = path.relative_to(REPO).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    parts = module.split(".")
    for n in range(len(parts), 0, -1):
        if ".".join(parts[:n]) in MAY_IMPORT:
            return ".".join(parts[:n])
    raise AssertionError(f"{module} is in no part")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who imports whom"
            base = node.module or ""
            found = {f"{base}.{alias.name}" for alias in node.names}
            modules = {m for m in found if is_module(m)}
            yield from modules or {base}


def is_module(name: str) -> bool:
    path = REPO.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_imports(path: Path) -> None:
    ours = {name for name in imports_of(path) if name.split(".")[0] in OURS}
    mine = part_of(name_of(path))
    allowed = MAY_IMPORT[mine] | {mine}
    wrong = {
        name
        for name in ours
        if name != "bot" and not any(_within(part_of(name), part) for part in allowed)
    }
    assert not wrong, f"{name_of(path)} may not import {sorted(wrong)}"


def _within(part: str, allowed: str) -> bool:
    return part == allowed or part.startswith(allowed + ".")


def test_nobody_imports_the_runtime() -> None:
    for path in CODE:
        if name_of(path).split(".")[0] != "runtime":
            assert not any(name.split(".")[0] == "runtime" for name in imports_of(path))


def test_sql_is_only_in_storage() -> None:
    """Others may name a Connection that is handed to them, and nothing else of SQLAlchemy."""
    for path in CODE:
        if name_of(path).split(".")[0] == "storage":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
                assert {alias.name for alias in node.names} == {"Connection"}, path


def functions() -> Iterator[tuple[str, int]]:
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = (first.end_lineno or 0) + 1 if is_doc else first.lineno
                yield f"{name_of(path)}.{node.name}", max(0, (node.end_lineno or 0) - start + 1)


def test_functions_are_small() -> None:
    """Median of at most 8 lines, nine in ten at most 25 (bodies, without the docstring)."""
    lengths = [length for _, length in functions()]
    assert median(lengths) <= 8
    assert quantiles(lengths, n=10)[-1] <= 25


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400
