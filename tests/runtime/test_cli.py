"""The command as users and their scripts call it: a real process, real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.seed import sow
from tests.server import COMMAND

REPO = Path(__file__).resolve().parents[2]
SPEECH = REPO.parent / "shared" / "data" / "speech"


def run(
    folder: Path, *args: str, lines: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    sow(folder)
    command = [sys.executable, "-c", COMMAND]
    return subprocess.run(
        [*command, *args],
        input=lines,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(REPO), **settings},
    )


def replies(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


PLANS = {
    "nl": ["hoi", "1", "ja hoor", "1", "Ik wil een bankje bij de speeltuin", "klopt", "goed",
           "groen", "weet ik niet", "ongeveer 500", "geen foto", "samen", "nee", "insturen"],
    "en": ["hello", "english", "yes", "1", "I want a bench near the playground", "right", "good",
           "🌳", "i don't know", "500", "no photo", "together", "no", "send it in"],
    "tr": ["merhaba", "türkçe", "evet", "1", "Parka bir bank istiyorum", "dogru", "iyi",
           "🌳", "bilmiyorum", "500 euro", "foto yok", "birlikte", "hayır", "gönder"],
    "ar": ["مرحبا", "العربية", "نعم", "١", "أريد مقعدا في الحديقة قرب الملعب", "صحيح", "جيد",
           "🌳", "لا أعرف", "٥٠٠", "بدون صورة", "معا", "لا", "أرسل"],
}  # fmt: skip


@pytest.mark.parametrize("language", PLANS)
def test_a_plan_by_text_and_after_a_restart_it_is_there(tmp_path: Path, language: str) -> None:
    lines = "\n".join(PLANS[language]) + "\n"
    told = replies(run(tmp_path, "chat", "--language", language, "--json", lines=lines))
    assert len(told) == len(PLANS[language])
    assert set(told[0]) == {"text", "choices", "audio", "secret"}
    assert told[0]["choices"][0]["id"] == f"welcome.language:{language}"
    assert [c["id"] for c in told[-1]["choices"]] == [
        "submit_plan.sent:my_plans",
        "submit_plan.sent:menu",
    ]
    again = replies(run(tmp_path, "chat", "--json", lines="#my_plans\n#plan-1\n"))
    assert PLANS[language][4].split()[-1] in again[-1]["text"]


@pytest.mark.skipif(not SPEECH.exists(), reason="needs the recordings beside the checkout")
@pytest.mark.parametrize(
    ("language", "name", "word"),
    [
        ("nl", "nl/vlaams_vl12745.wav", "voeren"),
        ("en", "en/fleurs_001.ogg", "capital letter"),
        ("tr", "tr/gcompris_digit7.ogg", ""),
        ("ar", "ar/asc_yes_00000001.wav", ""),
    ],
)
def test_a_plan_by_voice(tmp_path: Path, language: str, name: str, word: str) -> None:
    words = PLANS[language]
    lines = [*words[:4], f"@{SPEECH / name}", words[4], *words[5:]]
    told = replies(
        run(tmp_path, "chat", "--language", language, "--json", lines="\n".join(lines) + "\n")
    )
    assert any(word in reply["text"] for reply in told)
    assert told[-1]["choices"][0]["id"] == "submit_plan.sent:my_plans"


def test_settings_photo_location_and_sound(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 48), "green").save(tmp_path / "place.jpg")
    lines = ["hoi", "#nl", "#hear", "#yes", "#submit_plan", "Een boom op het plein bij de school"]
    lines += ["#right", "#good", "#groen", "!location 52.37,4.90", "#unknown", "#unknown"]
    told = replies(run(tmp_path, "chat", "--json", lines="\n".join(lines) + "\n"))
    heard = [reply for reply in told if reply["audio"]]
    assert len(heard) >= 5
    assert (tmp_path / heard[0]["audio"]).read_bytes().startswith(b"OggS")


def test_limits_of_sms_show_numbers(tmp_path: Path) -> None:
    told = replies(run(tmp_path, "chat", "--channel", "sms", "--json", lines="hoi\n"))
    assert "1. Nederlands" in told[0]["text"]


@pytest.mark.parametrize(
    ("args", "lines", "what"),
    [
        (["chat", "--channel", "fax"], "", "channel"),
        (["chat", "--as", "a b"], "", "as"),
        (["chat"], "@nowhere.ogg\n", "nowhere.ogg"),
        (["chat"], "!location here\n", "location"),
        (["nonsense"], "", "nonsense"),
        (["round", "check", "absent.toml"], "", "absent.toml"),
        (["round", "load", "absent.toml"], "", "absent.toml"),
        (["round", "phase", "vote"], "", "round load"),
        (["serve", "--poll"], "", "BUURTSTEM_TELEGRAM_TOKEN"),
        (["serve", "--port", "x"], "", "--port"),
    ],
)
def test_what_is_asked_wrongly_is_one_line(
    tmp_path: Path, args: list[str], lines: str, what: str
) -> None:
    done = run(tmp_path, *args, lines=lines)
    assert done.returncode == 2
    told = ("sample round", "the pepper")  # what a first start tells
    said = [line for line in done.stderr.splitlines() if not any(t in line for t in told)]
    assert len(said) == 1
    assert what in said[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUURTSTEM_DATABASE_URL", "mysql://x"),
        ("BUURTSTEM_SECRET_KEY", "short"),
        ("BUURTSTEM_WHISPER_BACKEND", "magic"),
        ("BUURTSTEM_PUBLIC_URL", "ftp://x"),
        ("BUURTSTEM_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x"),
        ("BUURTSTEM_DATABASE_URL", "sqlite:////proc/nowhere/x.db"),
    ],
)
def test_a_wrong_setting_is_one_line_and_never_shown(tmp_path: Path, name: str, value: str) -> None:
    done = run(tmp_path, "chat", **{name: value})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert name in done.stderr
    assert value not in done.stderr


def test_a_round_is_loaded_and_its_phase_set(tmp_path: Path) -> None:
    file = str(REPO / "examples" / "slotermeer.toml")
    assert run(tmp_path, "round", "check", file).returncode == 0
    assert run(tmp_path, "round", "load", file).returncode == 0
    closed = replies(run(tmp_path, "chat", "--json", lines="hoi\n#nl\n#yes\n"))
    assert "menu.menu:submit_plan" not in [c["id"] for c in closed[-1]["choices"]]
    assert run(tmp_path, "round", "phase", "intake").returncode == 0
    opened = replies(run(tmp_path, "chat", "--json", lines="menu\n"))
    assert "menu.menu:submit_plan" in [c["id"] for c in opened[-1]["choices"]]
    assert run(tmp_path, "round", "phase", "auto").returncode == 0


def test_doctor_finds_all_well(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert "\nok    whisper: " in done.stdout
