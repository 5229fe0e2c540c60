"""`buurtstem export`, `import decisions` and `push openstad` as they are typed."""

import csv
import io
import json

import pyrage
import pytest

from admin_export.writers import FORMATS
from civic.plans import Status
from runtime import exchange_args
from runtime.cli import main
from storage import audit, plan_life
from tests.admin_export import openstad
from tests.runtime.exporting import files, filled, now_running
from tests.storage.living import Living


@pytest.fixture
def settings(monkeypatch, database_url, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUURTSTEM_DATABASE_URL", database_url)
    monkeypatch.setenv("BUURTSTEM_SECRET_KEY", "only for these tests")
    for name in ("EXPORT_URL", "PUBLIC_URL", "OPENSTAD_URL", "OPENSTAD_PROJECT", "OPENSTAD_TOKEN"):
        monkeypatch.delenv(f"BUURTSTEM_{name}", raising=False)
    return monkeypatch


@pytest.fixture
def town(settings, db):
    return filled(db)


def refused(capsys, *argv):
    """The one line with which a command is refused."""
    assert main(argv) == 2
    said = capsys.readouterr()
    assert said.err.splitlines()[-1].startswith("buurtstem: ")
    return said.err.splitlines()[-1].removeprefix("buurtstem: ")


def test_every_format_in_a_folder_and_the_same_again(town, capsys, tmp_path):
    out = tmp_path / "export-of-today"
    assert main(["export", "--out", str(out)]) == 0
    first, said = files(out), capsys.readouterr()
    manifest = json.loads(first["manifest.json"])
    assert manifest["formats"] == list(FORMATS)
    assert {"plannen.xlsx", "plans.json", "openstad.csv", "decidim-proposals.csv"} <= first.keys()
    lines = said.out.splitlines()
    assert lines[-1] == f"{town_id()}: 2 plans, {len(first)} files"
    assert any(line.startswith("OpenStad: plan 1:") for line in lines)
    assert "xlsx: plannen.xlsx" in said.err
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert main(["export", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("all as they were already")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == stamps
    assert files(out) == first


def town_id():
    return now_running().id


def test_where_nothing_is_said_it_is_a_new_folder(town, capsys, settings, tmp_path):
    assert main(["export", "--format", "json,csv"]) == 0
    [made] = (tmp_path / "export").iterdir()
    assert made.name == f"{town_id()}-2026-06-28-120000"
    assert json.loads((made / "manifest.json").read_text())["formats"] == ["csv", "json"]
    settings.setenv("BUURTSTEM_EXPORT_URL", str(tmp_path / "elsewhere"))
    assert main(["export", "--format", "json"]) == 0
    assert (tmp_path / "elsewhere" / made.name / "plans.json").exists()


def test_only_what_changed_since_a_day(town, capsys, tmp_path):
    out = tmp_path / "out"
    assert main(["export", "--format", "json", "--since", "2026-06-20", "--out", str(out)]) == 0
    read = json.loads((out / "plans.json").read_text())
    assert [plan["number"] for plan in read["plans"]] == [1]
    assert read["since"] == "2026-06-19T22:00:00+00:00"
    assert main(["export", "--format", "json", "--since", "2027-01-01", "--out", str(out)]) == 0
    assert json.loads((out / "plans.json").read_text())["plans"] == []


def test_wrong_input_is_one_line(town, capsys, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    assert refused(capsys, "export", "--format", "csv,pdf") == (
        f"--format pdf: choose from {', '.join(FORMATS)}"
    )
    assert refused(capsys, "export", "--since", "gisteren") == (
        "--since gisteren: write a day such as 2026-06-15"
    )
    assert refused(capsys, "export", "--out", str(tmp_path / "full")).startswith(
        "the destination holds other files than an export"
    )
    assert refused(capsys, "export", "--out", "gopher://x/y").startswith(
        "the destination is no URL"
    )
    assert refused(capsys, "export", "--contacts", "age1wrong").startswith("the key is neither")
    assert refused(capsys, "push", "openstad").startswith("set BUURTSTEM_OPENSTAD_URL")
    assert refused(capsys, "import", "decisions", "nothing.csv") == "nothing.csv: cannot be read"
    assert files(tmp_path / "full") == {"thesis.txt": b"years of work"}


def test_without_a_round(settings, db, capsys):
    assert refused(capsys, "export") == "no round is loaded: buurtstem round load FILE"


def test_contact_details_only_for_the_owner_of_the_key(settings, db, capsys, tmp_path):
    town, key = Living(db), pyrage.x25519.Identity.generate()
    plan = town.plan(town.person(), may_call=True, phone="+31612345678")
    command = ["export", "--contacts", str(key.to_public()), "--out", str(tmp_path)]
    assert main(command) == 0
    sealed = (tmp_path / "contactgegevens.csv.age").read_bytes()
    assert b"612345678" not in sealed
    rows = list(
        csv.reader(io.StringIO(pyrage.decrypt(sealed, [key]).decode("utf-8-sig")), delimiter=";")
    )
    assert rows[1][0] == "1"
    assert "612345678" in rows[1][3]
    assert "612345678" not in "".join(capsys.readouterr())
    entries, _ = db.read(lambda c: audit.entries(c, "", "export.contacts", 0, 9))
    assert [entry.ref for entry in entries] == [plan.id]
    assert refused(capsys, *command).endswith("is there already")
    assert len(db.read(lambda c: audit.entries(c, "", "export.contacts", 0, 9))[0]) == 1


def decided(tmp_path, *rows):
    path = tmp_path / "besluiten.csv"
    path.write_text("\n".join(["Nr;Status;Antwoord", *rows]), "utf-8-sig")
    return str(path)


def test_decisions_are_told_first_and_then_made(settings, db, capsys, tmp_path):
    town = Living(db)
    plan = town.plan(town.person(), Status.ASSESSING)
    file = decided(tmp_path, "1;Haalbaar;Mooi.")
    line = "plan 1: In behandeling → Haalbaar: Mooi."
    assert main(["import", "decisions", file, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [line, "to change: 1 plan; as they are: 0"]
    assert town.status(plan) == "assessing"
    assert main(["import", "decisions", file, "--yes"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == line
    assert town.status(plan) == "admitted"
    steps = db.read(lambda c: plan_life.steps(c, plan.id))
    assert (steps[-1].actor, steps[-1].reasons) == ("municipality", {"nl": "Mooi."})
    assert main(["import", "decisions", file]) == 0
    assert capsys.readouterr().out.splitlines() == ["to change: 0 plans; as they are: 1"]


@pytest.mark.parametrize(
    ("answer", "status"), [("n", "assessing"), ("", "assessing"), ("j", "admitted")]
)
def test_on_a_terminal_it_asks(settings, db, capsys, tmp_path, answer, status):
    town = Living(db)
    plan = town.plan(town.person(), Status.ASSESSING)
    settings.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    settings.setattr("sys.stdin.isatty", lambda: True)
    assert main(["import", "decisions", decided(tmp_path, "1;Haalbaar;")]) == 0
    assert town.status(plan) == status


def test_elsewhere_it_does_not_ask(settings, db, tmp_path):
    town = Living(db)
    plan = town.plan(town.person(), Status.ASSESSING)
    settings.setattr("sys.stdin", io.StringIO(""))
    assert main(["import", "decisions", decided(tmp_path, "1;Haalbaar;")]) == 0
    assert town.status(plan) == "admitted"


def test_wrong_decisions_are_told_row_by_row(settings, db, capsys, tmp_path):
    town = Living(db)
    plan = town.plan(town.person(), Status.ASSESSING)
    file = decided(tmp_path, "1;Haalbaar;", "7;Haalbaar;", "1;Klaar;")
    assert main(["import", "decisions", file, "--yes"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "buurtstem: row 3, id: there is no plan 7",
        "buurtstem: row 4, id: plan 1 is in row 2 already",
        "buurtstem: nothing was changed",
    ]
    assert town.status(plan) == "assessing"


def test_a_push_by_hand(settings, db, capsys):
    town = Living(db)
    town.plan(town.person(), title="Bomen op het plein", text="Het is er te heet. " * 10)
    town.plan(town.person(), title="Kort")
    with openstad.running() as (there, url):
        settings.setenv("BUURTSTEM_OPENSTAD_URL", url)
        settings.setenv("BUURTSTEM_OPENSTAD_PROJECT", "7")
        settings.setenv("BUURTSTEM_OPENSTAD_TOKEN", openstad.TOKEN)
        assert main(["push", "openstad", "--dry-run"]) == 0
        said = capsys.readouterr()
        assert said.out == "would be new: 2, would be changed: 0, as they are: 0, refused: 0\n"
        assert there.resources == {}
        assert main(["push", "openstad"]) == 1
        said = capsys.readouterr()
        assert said.out == "new: 1, changed: 0, as they are: 0, refused: 1\n"
        assert "plan 2: title: Titel moet tussen 10 en 50 tekens zijn" in said.err.splitlines()
        assert main(["push", "openstad", "--proposals"]) == 0
        assert capsys.readouterr().out == "new: 1, changed: 0, as they are: 1, refused: 0\n"
        settings.setenv("BUURTSTEM_OPENSTAD_TOKEN", "een verkeerd token")
        town.plan(town.person(), title="Nog een plan voor bomen", text="Het is er te heet. " * 10)
        line = refused(capsys, "push", "openstad")
    assert line == "OpenStad gives no access: Invalid or expired token; what was done is kept"
    assert "verkeerd" not in line


def test_the_help_names_every_format():
    import argparse

    parser = argparse.ArgumentParser()
    exchange_args.add_export(parser)
    assert ",".join(FORMATS) in parser.format_help().replace("\n", "").replace(" ", "")
