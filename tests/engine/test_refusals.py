"""What calls for several pictures take, and keywords that a library's network does not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xai_widgets.engine.arguments import several_pictures
from xai_widgets.engine.sources import _made
from xai_widgets.errors import ExplanationError


@pytest.mark.parametrize(
    ("shape", "several"),
    [
        ((5, 8, 9), True), ((3, 8, 9), False), ((8, 9, 3), False), ((1, 8, 9), False),
        ((8, 9, 4), False), ((8, 9), False), ((2, 3, 8, 9), True), ((1, 3, 8, 9), True),
    ],
)  # fmt: skip
def test_an_array_is_one_picture_or_several_by_its_shape(
    shape: tuple[int, ...], several: bool
) -> None:
    images = np.zeros(shape, dtype=np.uint8)
    if several:
        assert len(several_pictures(images, "explain_batch")) == shape[0]
        return
    with pytest.raises(ExplanationError, match=r"images is .*explain_batch takes"):
        several_pictures(images, "explain_batch")


def test_a_keyword_that_neither_knows_is_named_and_another_mistake_is_the_librarys() -> None:
    def make(**given: Any) -> Any:
        raise TypeError("Net.__init__() got an unexpected keyword argument 'clases'")

    with pytest.raises(TypeError) as raised:
        _made("timm", "resnet18", make, {"size": 3, "clases": 4}, ("class_names",))
    assert "neither resnet18 of timm nor Engine has a keyword 'clases'" in str(raised.value)
    assert 'mean "class_names"?' in str(raised.value)
    with pytest.raises(TypeError, match=r"^Net.__init__\(\) got"):
        _made("timm", "resnet18", make, {"size": 3}, ("class_names",))
    with pytest.raises(TypeError, match=r"^Net.__init__\(\) got"):
        _made("timm", "resnet18", make, {"clases": 3}, ("clases",))
