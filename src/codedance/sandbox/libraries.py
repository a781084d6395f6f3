"""What cells can use: libraries with their versions, and the functions that every session has."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from types import MappingProxyType

from codedance.sandbox.guest.eyes import DESCRIPTIONS

__all__ = ["GUEST_LIBRARIES", "describe_guest", "guest_libraries"]

GUEST_LIBRARIES = {
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "opencv-python": "cv2",
    "pillow": "PIL",
    "matplotlib": "matplotlib",
    "scipy": "scipy",
    "scikit-image": "skimage",
    "rapidocr": "rapidocr",
}
"""Distributions that cells may import besides the standard library, and the name of the module."""


@cache
def guest_libraries() -> Mapping[str, str]:
    """Distribution and version of every guest library that is installed; looked up once: every episode records them.

    >>> "numpy" in guest_libraries()
    True
    """
    versions = {}
    for name in GUEST_LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return MappingProxyType(versions)


def describe_guest() -> str:
    """What code in the sandbox can use and how pictures are shown, as text for a model's prompt.

    >>> print(describe_guest().splitlines()[0])  # doctest: +ELLIPSIS
    The code runs in Python 3... without network, in a folder of its own.
    """
    versions = guest_libraries()
    modules = [f"{GUEST_LIBRARIES[name]} ({name} {version})" for name, version in versions.items()]
    can_read = "rapidocr" in versions
    functions = [f"- {name}(image): {text}" for name, text in DESCRIPTIONS.items() if can_read or name != "read_text"]
    return "\n".join([
        f"The code runs in Python {platform.python_version()} without network, in a folder of its own.",
        f"Libraries: {', '.join(modules)}, and the standard library.",
        "A picture is shown by leaving it as the last expression, by display(picture), picture.show(), plt.show() or "
        "cv2.imshow(name, array). Arrays are taken as RGB, in cv2.imshow as BGR: convert what OpenCV has read with "
        "cv2.cvtColor(array, cv2.COLOR_BGR2RGB) before you show it in another way.",
        "Functions that need no import (image: a PIL image, an RGB or grey array, or a path):",
        *functions,
    ])  # fmt: skip
