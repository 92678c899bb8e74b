from xai_widgets.widgets.base.state_lock import deliver, post
from xai_widgets.widgets.base.state_lock import held as taken

__all__ = ["deliver", "post", "taken"]
