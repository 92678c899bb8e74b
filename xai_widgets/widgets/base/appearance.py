from xai_widgets.widgets.base.options import Appearance as _Appearance  # SHIM
from xai_widgets.widgets.base.traits import Choice


class Appearance(_Appearance):
    view = Choice(["overlay", "side_by_side", "swipe"], "overlay").tag(sync=True, keyword=True)
