"""Every way of giving a study its pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from xai_widgets.demo import shapes
from xai_widgets.errors import ExplanationError
from xai_widgets.study.sources import source_of
from xai_widgets.study.table_columns import column_of

PIXELS = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def read(source: Any, row: int) -> np.ndarray:
    image, _ = source.read(row)
    return np.asarray(Image.open(image) if isinstance(image, (str, Path)) else image)


def test_a_folder_of_classes_with_splits(class_folder: Path) -> None:
    source = source_of(class_folder)
    assert len(source) == 24
    assert set(source.columns["split"]) == {"train", "test"}
    row = source.keys.index("train/square/01.png")
    assert source.labels[row] == "square"
    assert source.columns["split"][row] == "train"
    assert np.array_equal(read(source, row), shapes(24, seed=5)[1].pixels)


def test_a_folder_without_splits_and_one_without_classes(class_folder: Path) -> None:
    plain = source_of(class_folder / "train")
    assert "split" not in plain.columns
    assert plain.label_names == ["circle", "cross", "ring", "square", "star", "triangle"]
    alone = source_of(str(class_folder / "train" / "star"))
    assert alone.labels is None
    assert len(alone) == 2


def test_folders_that_are_none(tmp_path: Path, class_folder: Path) -> None:
    with pytest.raises(ExplanationError, match="does not exist"):
        source_of(tmp_path / "nowhere")
    with pytest.raises(ExplanationError, match="holds no pictures"):
        source_of(tmp_path)
    (tmp_path / "cat").mkdir()
    Image.fromarray(PIXELS[0]).save(tmp_path / "cat" / "a.png")
    Image.fromarray(PIXELS[0]).save(tmp_path / "b.png")
    with pytest.raises(ExplanationError, match="beside folders of pictures"):
        source_of(tmp_path)
    with pytest.raises(ExplanationError, match="whose order cannot be told"):
        source_of(str(class_folder), labels=[0])


def test_hidden_folders_are_no_classes(tmp_path: Path) -> None:
    for name in ("cat", ".ipynb_checkpoints"):
        (tmp_path / name).mkdir()
        Image.fromarray(PIXELS[0]).save(tmp_path / name / "a.png")
    assert source_of(tmp_path).keys == ["cat/a.png"]


@pytest.mark.parametrize(
    "labels",
    [
        [3, 2, 1, 0],
        np.array([3, 2, 1, 0]),
        torch.tensor([3, 2, 1, 0]),
        np.array([[3], [2], [1], [0]]),
        [3.0, 2.0, 1.0, 0.0],
    ],
)
@pytest.mark.parametrize("pictures", [PIXELS, list(PIXELS), torch.from_numpy(PIXELS)])
def test_pairs_of_pictures_and_labels(pictures: Any, labels: Any) -> None:
    source = source_of((pictures, labels))
    assert list(source.labels) == [3, 2, 1, 0]
    assert np.array_equal(read(source, 2), PIXELS[2])


def test_a_list_of_pairs_is_the_same() -> None:
    pairs = [(pixels, number) for number, pixels in enumerate(PIXELS)]
    source = source_of(pairs)
    assert source.labels == [0, 1, 2, 3]
    assert np.array_equal(read(source, 3), PIXELS[3])


def test_missing_labels_are_none() -> None:
    assert source_of((PIXELS, [0, None, float("nan"), ""])).labels == [0, None, None, None]


def test_labels_that_are_none() -> None:
    with pytest.raises(ExplanationError, match="3 labels for 4 pictures"):
        source_of((PIXELS, [0, 1, 2]))
    with pytest.raises(ExplanationError, match=r"labels.argmax\(1\)"):
        source_of((PIXELS, np.eye(4)))
    with pytest.raises(ExplanationError, match="no whole number"):
        source_of((PIXELS, [0.5, 0, 0, 0]))


def test_data_that_are_none() -> None:
    loader = torch.utils.data.DataLoader(list(PIXELS))
    with pytest.raises(ExplanationError, match=r"loader\.dataset"):
        source_of(loader)
    with pytest.raises(ExplanationError, match=r"data\.collect\(\)"):
        source_of(SimpleNamespace(collect=list))
    with pytest.raises(ExplanationError, match=r"list\(data\)"):
        source_of(pixels for pixels in PIXELS)
    with pytest.raises(ExplanationError, match="no pictures"):
        source_of([])
    with pytest.raises(ExplanationError, match="one picture"):
        source_of(PIXELS[0])
    with pytest.raises(ExplanationError, match="data is 7"):
        source_of(7)


def test_a_torch_data_set_with_and_without_targets() -> None:
    class Own(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, row: int) -> Any:
            return PIXELS[row], torch.tensor(row)

    source = source_of(Own())
    assert source.labels is None
    assert source.read(2)[1] == 2
    known = Own()
    known.targets, known.classes = [1, 0, 1, 0], ["cat", "dog"]
    source = source_of(known)
    assert source.labels == [1, 0, 1, 0]
    assert source.label_names == ["cat", "dog"]


def test_a_data_set_that_draws_at_random_says_so() -> None:
    class RandomCrop:
        pass

    class Own(torch.utils.data.Dataset):
        transform = SimpleNamespace(transforms=[RandomCrop()])

        def __len__(self) -> int:
            return 1

        def __getitem__(self, row: int) -> Any:
            return PIXELS[row], 0

    assert "at random (RandomCrop)" in source_of(Own()).warnings[0]


def test_a_dataframe_of_pictures_with_metadata() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "picture": list(PIXELS),
            "label": ["cat", "dog", "cat", None],
            "age": [1.5, None, 3, 4],
            "split": ["train", "train", "test", "test"],
            "site": pandas.Categorical(["a", "b", "a", "b"]),
        }
    )
    source = source_of(frame)
    assert source.labels == ["cat", "dog", "cat", None]
    assert np.array_equal(source.columns["age"], [1.5, np.nan, 3, 4], equal_nan=True)
    assert source.columns["site"].tolist() == ["a", "b", "a", "b"]
    assert np.array_equal(read(source, 1), PIXELS[1])


def test_a_dataframe_of_paths(class_folder: Path) -> None:
    pandas = pytest.importorskip("pandas")
    files = sorted(map(str, class_folder.rglob("*.png")))
    source = source_of(pandas.DataFrame({"site": "x", "file": files, "class": 0}))
    assert source.keys == files
    assert list(source.columns) == ["site"]


def test_arrow_without_pyarrow_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    table = SimpleNamespace(__arrow_c_stream__=lambda: None)
    with pytest.raises(ExplanationError, match=r"xai_widgets\[study\]"):
        source_of(table)


def test_arrow_is_read_by_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"image": [png(pixels) for pixels in PIXELS], "label": [0, 1, 2, 3]}
    column = lambda name: SimpleNamespace(to_pylist=lambda: columns[name])  # noqa: E731
    arrow = ModuleType("pyarrow")
    arrow.table = lambda data: SimpleNamespace(column_names=list(columns), column=column)
    monkeypatch.setitem(sys.modules, "pyarrow", arrow)
    source = source_of(SimpleNamespace(__arrow_c_stream__=lambda: None))
    assert source.labels == [0, 1, 2, 3]
    assert np.array_equal(read(source, 2), PIXELS[2])


def test_tables_whose_pictures_cannot_be_told() -> None:
    with pytest.raises(ExplanationError, match="several columns"):
        source_of({"left": list(PIXELS), "right": list(PIXELS)})
    with pytest.raises(ExplanationError, match="no column"):
        source_of({"age": [1, 2]})
    with pytest.raises(ExplanationError, match="differ in length"):
        source_of({"image": list(PIXELS), "label": [1]})


class Image_:  # stands for the feature type of that name
    pass


Image_.__name__ = "Image"


class ClassLabel:
    names = ("cat", "dog")


class FakeDataset:
    """What a Hugging Face data set has, that a study asks for."""

    def __init__(self, columns: dict[str, Any], decoded: list[str]) -> None:
        self.columns, self.decoded = columns, decoded

    @property
    def features(self) -> dict[str, Any]:
        kinds = {"image": Image_(), "label": ClassLabel()}
        return {name: kinds.get(name, object()) for name in self.columns}

    @property
    def column_names(self) -> list[str]:
        return list(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def remove_columns(self, names: list[str]) -> FakeDataset:
        kept = {name: c for name, c in self.columns.items() if name not in names}
        return FakeDataset(kept, self.decoded)

    def __getitem__(self, which: Any) -> Any:
        if "image" in self.columns:
            self.decoded.append(str(which))
        if isinstance(which, str):
            return self.columns[which]
        return {name: column[which] for name, column in self.columns.items()}


def test_a_hugging_face_data_set_is_read_without_decoding_its_pictures() -> None:
    decoded: list[str] = []
    data = FakeDataset(
        {"image": list(PIXELS), "label": [0, 1, -1, 0], "age": [1, 2, 3, 4]}, decoded
    )
    source = source_of(data)
    assert decoded == []
    assert source.labels == [0, 1, None, 0]
    assert list(source.label_names) == ["cat", "dog"]
    assert source.columns["age"].tolist() == [1, 2, 3, 4]
    assert np.array_equal(read(source, 3), PIXELS[3])


def test_several_splits_become_a_column() -> None:
    parts = {
        "train": FakeDataset({"image": list(PIXELS[:3]), "label": [0, 1, 0]}, []),
        "test": FakeDataset({"image": list(PIXELS[3:]), "label": [1]}, []),
    }
    source = source_of(parts)
    assert source.columns["split"].tolist() == ["train"] * 3 + ["test"]
    assert source.labels == [0, 1, 0, 1]
    assert np.array_equal(read(source, 3), PIXELS[3])


def test_columns_of_metadata() -> None:
    assert column_of([1, 2]).dtype == np.int64
    assert column_of([True, False]).dtype == bool
    assert column_of([1, None]).tolist()[0] == 1.0
    assert column_of(["a", None]).tolist() == ["a", ""]
    assert column_of([2**60, 1]).dtype == np.float64
    assert column_of([1, "a"]).tolist() == ["1", "a"]


def test_the_digest_sees_pictures_and_labels() -> None:
    other = PIXELS.copy()
    other[0, 0, 0, 0] += 1
    digests = [
        source_of(data).digest
        for data in ((PIXELS, [0, 1, 2, 3]), (PIXELS, [0, 1, 2, 2]), (other, [0, 1, 2, 3]))
    ]
    assert len(set(digests)) == 3
    nested = [source_of({"image": pixels.tolist()}).digest for pixels in (PIXELS, other)]
    files = [[{"bytes": png(p), "path": None} for p in pixels] for pixels in (PIXELS, other)]
    packed = [source_of({"image": one}).digest for one in files]
    raw = [source_of({"image": [bytearray(f["bytes"]) for f in one]}).digest for one in files]
    assert all(one != two for one, two in (nested, packed, raw))
    assert source_of((PIXELS.copy(), [0, 1, 2, 3])).digest == digests[0]
