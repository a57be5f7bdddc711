"""sticc_lib: video person re-identification around the STICC model.

`import sticc_lib` loads nothing heavy; the rooms are imported where they are used, for example
`from sticc_lib.models import zoo`.
"""

from importlib import metadata

try:
    __version__ = metadata.version("sticc-lib")
except metadata.PackageNotFoundError:  # run from a folder that was never installed
    __version__ = "0+unknown"
