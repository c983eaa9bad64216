"""Files: written in one step, so that a crash leaves the old one or the new one; JSON read strictly."""

from relapse_model.files.json_texts import RepeatedKeyError, no_repeats, strict_json
from relapse_model.files.places import (
    read_bounded,
    require_file,
    require_folder,
    require_no_replacement,
    same_file,
    what_is_no_file,
)
from relapse_model.files.spreadsheet_texts import (
    csv_text,
    escaped,
    printable,
    unescaped,
    write_csv,
    write_private_csv,
)
from relapse_model.files.utf8_texts import byte_and_line, utf8_text
from relapse_model.files.writing import (
    alone,
    is_full_disk,
    names_of_written,
    naming_full_disk,
    naming_standard_output,
    no_room,
    noting_written,
    put_in_place,
    write_bytes,
    write_new,
    write_text,
)

__all__ = [
    "RepeatedKeyError",
    "alone",
    "byte_and_line",
    "csv_text",
    "escaped",
    "is_full_disk",
    "names_of_written",
    "naming_full_disk",
    "naming_standard_output",
    "no_repeats",
    "no_room",
    "noting_written",
    "printable",
    "put_in_place",
    "read_bounded",
    "require_file",
    "require_folder",
    "require_no_replacement",
    "same_file",
    "strict_json",
    "unescaped",
    "utf8_text",
    "what_is_no_file",
    "write_bytes",
    "write_csv",
    "write_new",
    "write_private_csv",
    "write_text",
]
