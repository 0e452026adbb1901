"""Write environment.yml from requirements.lock: conda, mamba and Binder need this one file.

It has the versions of the lock without the hashes, which pip does not allow beside a package of
one's own that is installed where it lies. `make lock` runs it; from the root of the repository::

    python workflow/scripts/environment_yml.py
"""

import re
from pathlib import Path

HEAD = """\
# Written by `make lock` from requirements.lock: the same versions, without the hashes.
#
#   conda env create -f environment.yml
#   conda activate attribution-consistency
name: attribution-consistency
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python >=3.11,<3.14
  - pip
  - pip:
"""


def pinned(lock: str) -> list[str]:
    """The requirements of a lock file without hashes, with their markers."""
    whole = re.sub(r"\\\n\s*", " ", lock)
    lines = (re.sub(r"\s*--hash=\S+", "", line).strip() for line in whole.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def environment(lock: str) -> str:
    """The text of environment.yml for the text of a lock file."""
    quoted = [f'      - "{line}"' for line in pinned(lock)]
    return HEAD + "\n".join([*quoted, '      - "-e ."']) + "\n"


if __name__ == "__main__":
    lock = Path("requirements.lock").read_text(encoding="utf-8")
    Path("environment.yml").write_text(environment(lock), encoding="utf-8")
