"""What this package reads and writes: each file whole or not at all, and none taken on trust.

What is no regular file is refused before it is opened, because opening a named pipe waits for
whoever writes into it; what a file claims is compared before memory is asked for. Torch is imported
on use: an attribution can be read without it.
"""

from xai_widgets.files.attributions import Record, load_record, save_record
from xai_widgets.files.regular import check_regular, irregular, path_of
from xai_widgets.files.structured import checked_format, parsed, parsed_object
from xai_widgets.files.tensors import (
    Groups,
    check_fit,
    check_settings,
    has_header,
    load_moments,
    load_tensors,
    load_weights,
    moments_of,
    read_safetensors,
    save_tensors,
)
from xai_widgets.files.whole import write_file, write_whole

__all__ = [
    "Groups",
    "Record",
    "check_fit",
    "check_regular",
    "check_settings",
    "checked_format",
    "has_header",
    "irregular",
    "load_moments",
    "load_record",
    "load_tensors",
    "load_weights",
    "moments_of",
    "parsed",
    "parsed_object",
    "path_of",
    "read_safetensors",
    "save_record",
    "save_tensors",
    "write_file",
    "write_whole",
]
