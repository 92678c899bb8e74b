"""Every network of the zoo: right, or refused in words."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from tests.zoo import hugging_face, timm_families, torchvision_families
from tests.zoo.examination import examine, wrong
from tests.zoo.specimen import Specimen

ROOT = Path(__file__).resolve().parents[2]
ZOO = [*torchvision_families.SPECIMENS, *timm_families.SPECIMENS, *hugging_face.SPECIMENS]


@pytest.mark.parametrize(
    "specimen",
    [pytest.param(one, id=one.name, marks=() if one.quick else pytest.mark.zoo) for one in ZOO],
)
def test_right_or_refused_in_words(specimen: Specimen, rows: list[dict[str, str]]) -> None:
    row = examine(specimen)
    rows.append(row)
    assert wrong(row) == {}


def test_the_page_is_what_was_found() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "zoo_table.py"))
    rows = json.loads(tool["RESULT"].read_text(encoding="utf-8"))
    assert tool["PAGE"].read_text(encoding="utf-8") == tool["page"](rows), "run: make zoo"


def test_the_zoo_has_no_two_of_one_name() -> None:
    assert len({one.name for one in ZOO}) == len(ZOO)
