"""Parquet files, and dataframes of every kind, as a study's pictures."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.study.test_sources import PIXELS, png, read
from xai_widgets.errors import ExplanationError
from xai_widgets.study.sources import source_of
from xai_widgets.study.table_columns import opened

MANY = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


def written(file: Path, columns: dict[str, Any], **options: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), file, **options)
    return file


def features(**kinds: Any) -> dict[bytes, bytes]:
    """What Hugging Face's libraries write beside the columns."""
    return {b"huggingface": json.dumps({"info": {"features": kinds}}).encode()}


def test_every_row_of_every_group_has_its_own_picture(tmp_path: Path) -> None:
    columns = {
        "image": [png(pixels) for pixels in MANY],
        "label": [i % 3 for i in range(40)],
        "camera": [("north", None)[i % 2] for i in range(40)],
    }
    file = written(tmp_path / "photos.parquet", columns, row_group_size=7)
    source = source_of(str(file))
    assert source.count == 40
    assert source.labels == columns["label"]
    assert source.columns["camera"].tolist() == ["north", ""] * 20
    assert source.path == file
    assert source.threads
    for row in [39, 0, 7, 6, 13, 14, 20, 27, 34, 35, 1]:  # back and forth over what is held
        assert np.array_equal(read(source, row), MANY[row])


def test_several_files_follow_each_other_and_their_names_are_splits(tmp_path: Path) -> None:
    for name, rows in (("test-00000-of-00001", range(3)), ("train-0", range(3, 9))):
        columns = {"image": [png(MANY[i]) for i in rows], "label": list(rows)}
        written(tmp_path / "data" / f"{name}.parquet", columns)
    source = source_of(tmp_path)
    assert source.labels == list(range(9))
    assert source.columns["split"].tolist() == ["test"] * 3 + ["train"] * 6
    for row in (2, 3, 8):
        assert np.array_equal(read(source, row), MANY[row])
    named = source_of([tmp_path / "data" / "train-0.parquet"])
    assert named.labels == list(range(3, 9))


def test_partitions_are_columns_and_what_lies_beside_the_parts_is_passed_over(
    tmp_path: Path,
) -> None:
    root = tmp_path / "photos.parquet"
    for i, camera in enumerate(("north", "south")):
        written(root / f"camera={camera}" / "part-0.parquet", {"image": [png(MANY[i])]})
    (root / "_SUCCESS").write_text("")
    (root / "_temporary").mkdir()
    (root / "_temporary" / "part-9.parquet").write_bytes(b"cut off")
    source = source_of(root)
    assert source.columns["camera"].tolist() == ["north", "south"]
    assert "split" not in source.columns


def test_pictures_and_classes_as_hugging_face_writes_them(tmp_path: Path) -> None:
    columns = {
        "img": [{"bytes": png(pixels), "path": None} for pixels in PIXELS],
        "fine_label": [1, 0, -1, 1],
    }
    made = features(
        img={"_type": "Image"}, fine_label={"_type": "ClassLabel", "names": ["cat", "dog"]}
    )
    table = pa.table(columns).replace_schema_metadata(made)
    pq.write_table(table, tmp_path / "a.parquet")
    source = source_of(tmp_path / "a.parquet")
    assert source.labels == [1, 0, None, 1]
    assert source.label_names == ["cat", "dog"]
    assert np.array_equal(read(source, 2), PIXELS[2])


def test_paths_are_those_of_the_files_folder(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "jpgs").mkdir()
    for i, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / "jpgs" / f"{i}.png")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    named = [f"jpgs/{i}.png" for i in range(4)]
    file = written(tmp_path / "list.parquet", {"file": named, "class": [0, 1, 2, 3]})
    source = source_of(file)
    assert source.keys == named
    assert np.array_equal(read(source, 3), PIXELS[3])
    before = source.digest
    (tmp_path / "jpgs" / "1.png").write_bytes(b"another")
    assert source_of(file).digest != before


@pytest.mark.parametrize("depth", [2, 3])
def test_numbers_in_nested_lists_are_pictures(tmp_path: Path, depth: int) -> None:
    pixels = PIXELS if depth == 3 else PIXELS[..., 0]
    file = written(tmp_path / "a.parquet", {"pixels": pixels.tolist(), "y": [0, 1, 2, 3]})
    source = source_of(file)
    assert read(source, 1).dtype == np.uint8
    assert np.array_equal(read(source, 1), pixels[1])
    pandas = pytest.importorskip("pandas")
    frame = source_of(pandas.read_parquet(file))
    assert np.array_equal(read(frame, 1), pixels[1])


def test_nested_lists_beside_pictures_are_no_pictures() -> None:
    boxes = [[[1, 2, 3, 4]]] * 4
    source = source_of({"photo": list(PIXELS), "boxes": boxes, "label": [0, 1, 2, 3]})
    assert list(source.columns) == ["boxes"]
    with pytest.raises(ExplanationError, match="lists of several lengths"):
        opened([[1, 2], [3]])
    assert opened([[0.5, 1.0], [0.0, 0.25]]).dtype == np.float64
    assert opened([[300, 1], [0, 2]]).dtype != np.uint8


def test_other_pictures_are_another_digest(tmp_path: Path) -> None:
    def digest(pixels: np.ndarray) -> str:
        file = written(tmp_path / "a.parquet", {"image": [png(p) for p in pixels]})
        return source_of(file).digest

    assert digest(MANY[:4]) == digest(MANY[:4])
    assert digest(MANY[:4]) != digest(MANY[[0, 1, 3, 2]])


def test_parquet_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ExplanationError, match="cannot be read as a Parquet file"):
        source_of(tmp_path / "missing.parquet")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ExplanationError, match="cannot be read as a Parquet file"):
        source_of(tmp_path / "cut.parquet")
    file = written(tmp_path / "ages.parquet", {"age": [1, 2]})
    with pytest.raises(ExplanationError, match="no column of"):
        source_of(file)
    with pytest.raises(ExplanationError, match=r"pandas\.read_csv"):
        source_of(tmp_path / "table.csv")
    with pytest.raises(ExplanationError, match="list of labels, whose order"):
        source_of((str(file), [1, 2]))


def test_pictures_beside_parquet_files_are_told(tmp_path: Path) -> None:
    written(tmp_path / "metadata.parquet", {"file_name": ["cat/a.png"], "label": [0]})
    (tmp_path / "cat").mkdir()
    Image.fromarray(PIXELS[0]).save(tmp_path / "cat" / "a.png")
    with pytest.raises(ExplanationError, match=r"Parquet files .* and pictures"):
        source_of(tmp_path)
    source = source_of(tmp_path / "metadata.parquet")
    assert np.array_equal(read(source, 0), PIXELS[0])


def test_a_file_without_pyarrow_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ExplanationError, match=r"xai_widgets\[study\]"):
        source_of(tmp_path / "a.parquet")


# Dataframes by their protocols.


def test_an_arrow_table_and_a_stream_of_one() -> None:
    columns = {"image": [png(pixels) for pixels in PIXELS], "label": [3, 2, 1, 0], "age": [1] * 4}
    table = pa.table(columns)
    stream = SimpleNamespace(__arrow_c_stream__=table.__arrow_c_stream__)
    batches = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    for data in (table, stream, batches):
        source = source_of(data)
        assert source.labels == [3, 2, 1, 0]
        assert source.columns["age"].tolist() == [1, 1, 1, 1]
        assert np.array_equal(read(source, 2), PIXELS[2])


def test_a_dataframe_of_the_interchange_protocol(class_folder: Path) -> None:
    files = sorted(map(str, class_folder.rglob("*.png")))
    table = pa.table({"file": files, "label": ["star"] * len(files), "n": range(len(files))})
    source = source_of(SimpleNamespace(__dataframe__=table.__dataframe__))
    assert source.keys == files
    assert source.labels == ["star"] * len(files)
    assert source.columns["n"].tolist() == list(range(len(files)))
