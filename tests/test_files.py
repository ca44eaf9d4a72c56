"""A file is written over only as long as it is as gradc wrote it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import gradc
from gradc.base.files import signed, unsigned
from gradc.run.functions import kept_module
from tests.support import gradc as command


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_a_file_of_ours_is_replaced_and_an_edited_one_is_not(tmp_path: Path, style: str) -> None:
    path = tmp_path / "f.py"
    one, two = (gradc.compile(program, style=style) for program in ("x*y", "x + y"))
    one.save(path)
    assert path.read_text(encoding="utf-8") == one.source == signed(one.source)
    two.save(path)
    edited = two.source.replace("return", "return  ", 1)
    path.write_text(edited, encoding="utf-8")
    with pytest.raises(FileExistsError, match="was not written by gradc, or was changed since"):
        one.save(path)
    assert path.read_text(encoding="utf-8") == edited
    one.save(path, force=True)
    assert path.read_text(encoding="utf-8") == one.source


@pytest.mark.parametrize(
    "foreign",
    [
        "print('compiled by gradc')\n",
        '"""A story, compiled by gradc 0123456789ab."""\n',
        "x = 1\n",
        "drawn by gradc, they say",
        "\ufeff",
    ],
)
def test_a_foreign_file_is_not_overwritten(tmp_path: Path, foreign: str) -> None:
    path = tmp_path / "f.py"
    path.write_text(foreign, encoding="utf-8")
    assert "was not written by gradc" in command("compile", "x*y", "-o", str(path)).err
    assert path.read_text(encoding="utf-8") == foreign


@pytest.mark.parametrize("name", ["f.svg", "f.dot", "f.mmd"])
def test_the_same_of_pictures(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for program in ("x*y", "x + y"):
        gradc.compile(program).graph().save(path)
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(FileExistsError):
        gradc.compile("x*y").graph().save(path)


def test_the_digest_is_of_all_the_rest() -> None:
    source = gradc.compile("x*y").source
    plain = unsigned(source)
    assert "compiled by gradc." in plain
    assert signed(plain) == source
    for at in range(0, len(plain), 97):
        changed = plain[:at] + "~" + plain[at + 1 :]
        assert signed(changed).split("\n", 1)[0] != source.split("\n", 1)[0]


def test_a_module_in_the_cache_can_be_imported_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADC_CACHE", str(tmp_path))
    source = gradc.compile("x*y + 0.125").source
    module = kept_module(source)
    try:
        assert importlib.import_module(module.forward.__module__) is module
    finally:
        sys.modules.pop(module.__name__, None)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.py")] == [source]
    before = {*sys.modules}
    with pytest.raises(ZeroDivisionError):
        kept_module("x = 1/0\n")
    assert {*sys.modules} == before
