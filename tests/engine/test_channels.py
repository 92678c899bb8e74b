"""How many channels a network is given: what it takes decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import xai_widgets as xw
from tests.condition import Condition
from tests.networks import seeded
from xai_widgets.errors import ExplanationError

SIDE = 32
rng = np.random.default_rng(0)
PHOTO = Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
UNIT = np.asarray(PHOTO).astype(np.float32) / 255
GREY = np.asarray(PHOTO.convert("L")).astype(np.float32)[..., None] / 255


class Convolution(nn.Module):
    """What is given to the first convolution is left to `enter`."""

    def __init__(self, channels: int = 3, **convolutions: int) -> None:
        super().__init__()
        for name, count in convolutions.items():
            setattr(self, name, nn.Conv2d(count, 4, 3))
        self.body, self.head = nn.Conv2d(channels, 8, 3), nn.Linear(8, 3)

    def enter(self, x: Tensor) -> Tensor:
        return x

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.enter(x)).relu().mean((2, 3)))


class Siamese(Convolution):
    def forward(self, x: Tensor) -> Tensor:
        return sum(super(Siamese, self).forward(x[:, i : i + 3]) for i in (0, 3))


class WithDepth(Convolution):
    def __init__(self) -> None:
        super().__init__()
        self.depth = nn.Conv2d(1, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x[:, :3]) + self.depth(x[:, 3:]).relu().mean((2, 3))


class GreyRepeated(Convolution):
    def enter(self, x: Tensor) -> Tensor:
        return x.repeat(1, 3, 1, 1)


class GreyInside(Convolution):
    def __init__(self) -> None:
        super().__init__(1)

    def enter(self, x: Tensor) -> Tensor:
        return (x * x.new_tensor([0.3, 0.6, 0.1]).view(1, 3, 1, 1)).sum(1, keepdim=True)


class Asserts(Convolution):
    def enter(self, x: Tensor) -> Tensor:
        assert x.shape[1] == self.body.in_channels, "wrong input"
        return x


class Patches(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.patch, self.head = nn.Linear(16 * channels, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        patches = x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 1, 3, 5)
        return self.head(self.patch(patches.reshape(n, h * w // 16, 16 * c)).relu().mean(1))


class Unshuffled(Convolution):
    def __init__(self) -> None:
        super().__init__(12)

    def enter(self, x: Tensor) -> Tensor:
        return nn.functional.pixel_unshuffle(x, 2)


def flat(channels: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * SIDE * SIDE, 3))


def engine(network: nn.Module, **options: Any) -> xw.Engine:
    return xw.Engine(seeded(network), **options)


def check(made: xw.Engine, image: Any, wanted: np.ndarray) -> None:
    """The network is given `wanted` (H, W, C), and explained on it, and left as it was."""
    before = Condition.of(made.model)
    x = torch.from_numpy(np.ascontiguousarray(wanted.transpose(2, 0, 1)))[None]
    torch.testing.assert_close(made.input(image), x)
    with torch.no_grad():
        probabilities = made.model(x).softmax(1)[0].numpy()
    np.testing.assert_allclose(made.predict(image).probabilities, probabilities, rtol=1e-5)
    x.requires_grad_(True)
    (gradient,) = torch.autograd.grad(made.model(x)[0, 1], x)
    found = made.explain(image, "saliency", target=1).values
    np.testing.assert_allclose(found, gradient[0], rtol=1e-3, atol=1e-7)
    assert before.differences(Condition.of(made.model)) == []


@pytest.mark.parametrize(
    ("make", "channels"),
    [
        (Siamese, 6),
        (WithDepth, 4),
        (GreyRepeated, 1),
        (GreyInside, 3),
        (lambda: Convolution(12), 12),
        (lambda: Convolution(12, auxiliary=64), 12),
        (lambda: Convolution(3, auxiliary=8), 3),
        (lambda: Convolution(2), 2),
        (lambda: Asserts(4), 4),
        (lambda: Patches(3), 3),
        (lambda: Patches(1), 1),
        (lambda: Patches(5), 5),
        (Unshuffled, 3),
        (lambda: flat(3), 3),
        (lambda: flat(1), 1),
        (lambda: flat(7), 7),
    ],
)
def test_tensors_and_arrays_that_a_network_takes(make: Any, channels: int) -> None:
    array = rng.random((SIDE, SIDE, channels)).astype(np.float32)
    channels_first = np.ascontiguousarray(array.transpose(2, 0, 1))
    for image in (torch.from_numpy(channels_first), array, channels_first):
        check(engine(make()), image, array)
    made = engine(make(), channels=channels)
    for image in (torch.from_numpy(channels_first), array, channels_first):
        check(made, image, array)


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (GreyRepeated, GREY),
        (lambda: Convolution(1), GREY),
        (lambda: Asserts(1, auxiliary=3), GREY),
        (lambda: Patches(1), GREY),
        (lambda: flat(1), GREY),
        (Convolution, UNIT),
        (GreyInside, UNIT),
        (lambda: Convolution(3, auxiliary=64), UNIT),
        (lambda: Asserts(3, auxiliary=1), UNIT),
        (lambda: Patches(3), UNIT),
        (Unshuffled, UNIT),
        (lambda: flat(3), UNIT),
    ],
)
def test_photographs_are_given_as_what_the_network_takes(make: Any, wanted: Any) -> None:
    check(engine(make()), PHOTO, wanted)
    check(engine(make()), np.asarray(PHOTO), wanted)
    opaque = PHOTO.copy()
    opaque.putalpha(255)
    check(engine(make()), opaque, wanted)
    grey = np.repeat(GREY, wanted.shape[2], axis=2)
    check(engine(make()), PHOTO.convert("L"), grey)


@pytest.mark.parametrize("preprocessing", [{"mean": (0.5,), "std": (0.5,)}, {}])
def test_the_stated_numbers_say_which_of_two_it_is(preprocessing: Any) -> None:
    class Both(Convolution):
        def enter(self, x: Tensor) -> Tensor:
            return x.expand(-1, 3, -1, -1)

    found = engine(Both(), preprocessing=preprocessing).input(PHOTO)
    assert found.shape[1] == (1 if preprocessing else 3)
    only_colour = engine(Convolution(), preprocessing=preprocessing).input(PHOTO)
    assert only_colour.shape[1] == 3


def test_four_channels_of_a_picture_are_opacity_unless_the_network_wants_them() -> None:
    clear = np.dstack([np.asarray(PHOTO), np.zeros((SIDE, SIDE), np.uint8)])
    for image in (clear, Image.fromarray(clear)):
        check(engine(Convolution()), image, np.ones_like(UNIT))
        check(engine(Convolution(4)), image, np.dstack([UNIT, 0 * GREY]))
        check(engine(WithDepth()), image, np.dstack([UNIT, 0 * GREY]))


def test_what_a_network_does_not_take_is_said() -> None:
    with pytest.raises(ExplanationError, match=r"tensor as 6 channels.*It takes 3 of that size"):
        engine(Convolution()).predict(torch.rand(6, SIDE, SIDE))
    with pytest.raises(ExplanationError, match=r"tensor as 3 channels.*It takes 1 of that size"):
        engine(GreyRepeated()).predict(torch.rand(3, SIDE, SIDE))
    with pytest.raises(ExplanationError, match=r"tensor as 3 channels.*It takes 12 of that size"):
        engine(Convolution(12, auxiliary=64)).predict(torch.rand(3, SIDE, SIDE))
    with pytest.raises(ExplanationError, match=r"image as 3 or 1 channels.*It takes 4.*an array"):
        engine(Asserts(4, auxiliary=3)).predict(PHOTO)
    with pytest.raises(ExplanationError, match=r"array as 9 channels.*It takes 3"):
        engine(Convolution()).predict(rng.random((SIDE, SIDE, 9)))
    with pytest.raises(ExplanationError, match=r"as 3 or 1 channels of 20 x 20.*resized first\?"):
        engine(flat(3)).predict(PHOTO.resize((20, 20)))


def test_a_tensor_that_lies_the_other_way() -> None:
    x = torch.rand(40, SIDE, 3)
    with pytest.raises(ExplanationError, match=r"height, width, channels\?.*permute\(2, 0, 1\)"):
        engine(Convolution()).predict(x)
    # One that the network takes all the same is explained, with a warning.
    made = engine(nn.Sequential(nn.Flatten(), nn.Linear(3 * 40 * SIDE, 3)))
    (warning,) = made.explain(x, "saliency", target=0).warnings
    assert "height, width, channels?" in warning
    assert made.explain(x.permute(2, 0, 1), "saliency", target=0).warnings == ()


def test_the_number_of_channels_can_be_said() -> None:
    for wrong in (0, -3, True, 2.5, "3"):
        with pytest.raises(ExplanationError, match=r"channels is .*expected the number"):
            engine(Convolution(), channels=wrong)
    with pytest.raises(ExplanationError, match=r"has 3 channel\(s\), and the network takes 6"):
        engine(Siamese(), channels=6).predict(torch.rand(3, SIDE, SIDE))
    with pytest.raises(ExplanationError, match="takes 6 channels and a picture has 1 or 3"):
        engine(Siamese(), channels=6).predict(PHOTO)
    assert engine(GreyInside(), channels=1).input(PHOTO).shape[1] == 1


def test_another_first_convolution_is_another_network() -> None:
    made = engine(Convolution())
    assert made.input(PHOTO).shape[1] == 3
    made.model.body = seeded(nn.Conv2d(1, 8, 3))
    assert made.input(PHOTO).shape[1] == 1


def test_an_error_of_the_network_itself_is_not_one_of_channels() -> None:
    class Fails(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyError("of the network's own")

    for image in (PHOTO, torch.rand(3, 8, 8)):
        with pytest.raises(KeyError, match="of the network's own"):
            xw.Engine(Fails()).predict(image)


def test_a_picture_costs_no_run_beyond_its_first_pass() -> None:
    runs: list[int] = []

    class Counted(Convolution):
        def forward(self, x: Tensor) -> Tensor:
            y = super().forward(x)
            runs.append(len(x))
            return y

    made = engine(Counted())
    made.predict(PHOTO)
    assert runs == [1, 1]  # a network's first pass is checked by another
    made = engine(Counted(1))
    made.predict(PHOTO)
    assert runs == [1, 1, 1, 1]


def test_warnings_of_a_picture_are_warnings_of_its_map() -> None:
    def eight_bits(image: Image.Image) -> Tensor:
        return torch.from_numpy(np.array(image.convert("L"))).float()[None] / 255

    made = engine(Convolution(1), preprocessing=eight_bits)
    deep = np.linspace(0, 65535, SIDE * SIDE).astype(np.uint16).reshape(SIDE, SIDE)
    (warning,) = made.explain(deep, "saliency", target=0).warnings
    assert "rounded to 256 levels" in warning


def test_no_mean_and_std_is_said() -> None:
    made = engine(Convolution())
    assert "mean" not in repr(made)
    made.predict(torch.rand(3, 8, 8))
    made.layers  # noqa: B018  # which looks at a made-up picture
    assert "mean" not in repr(made)
    made.predict(PHOTO)
    assert "No mean and std are given, so the network sees pictures in [0, 1]" in repr(made)
    sized = engine(Convolution(), preprocessing={"size": 20, "crop": 16}, name="Own")
    assert repr(sized).startswith("Engine(Own, size 20, crop 16, no mean and std, cpu)\nNo mean")
    both = engine(Convolution(), preprocessing={"size": (8, 9), "mean": 0.5, "std": 0.5})
    assert repr(both) == "Engine(Convolution, size 8 x 9, mean and std, cpu)"


def test_a_widget_shows_what_is_to_be_known_of_its_picture() -> None:
    def note(network: nn.Module, image: Any, **options: Any) -> Any:
        viewer = xw.HeatmapViewer(engine(network, **options), image)
        try:
            return viewer.network.get("note")
        finally:
            viewer.close()

    assert note(Convolution(), torch.rand(3, SIDE, SIDE)) is None
    assert note(Convolution(), PHOTO, preprocessing={"mean": 0.5, "std": 0.5}) is None
    assert "No mean and std are given" in note(Convolution(), PHOTO)
    assert note(Siamese(), torch.rand(6, SIDE, SIDE)) == "The picture shows the first 3 of 6 bands."
