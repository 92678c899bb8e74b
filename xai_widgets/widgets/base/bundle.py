from xai_widgets.widgets.base.channel import bundle

__all__ = ["bundle"]
