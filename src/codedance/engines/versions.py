"""Which versions of the engines the plug-ins were written for and tested with; others are refused.

The plug-ins override methods that the engines do not promise to keep. A version that nobody tried may train something
else than it says, without an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from codedance.engines.recipes import Engine
from codedance.errors import EngineError

__all__ = ["PINS", "Pin", "check_versions"]


@dataclass(frozen=True, slots=True)
class Pin:
    """A distribution and what of it is supported.

    >>> Pin("trl", ("0.29.1",)).allows("0.29.1"), Pin("transformers", ("5.9", "5.10")).allows("5.10.2")
    (True, True)
    >>> Pin("transformers", ("5.9",)).allows("5.91.0")
    False
    """

    name: str
    versions: tuple[str, ...]
    """A version, or the beginning of one: ``5.9`` stands for all of ``5.9.*``."""

    def allows(self, version: str) -> bool:
        """Whether this version is supported; a local part such as ``+cpu`` does not matter."""
        public = version.partition("+")[0]
        return any(public == one or public.startswith(f"{one}.") for one in self.versions)

    @property
    def text(self) -> str:
        """For people: ``transformers 5.9.* or 5.10.*``."""
        names = [one if one.count(".") > 1 else f"{one}.*" for one in self.versions]
        return f"{self.name} {' or '.join(names)}"


PINS: Mapping[Engine, tuple[Pin, ...]] = MappingProxyType(
    {
        Engine.SWIFT: (Pin("ms-swift", ("4.6.0",)), Pin("transformers", ("5.19",)), Pin("trl", ("0.29.1",))),
        Engine.VERL: (
            Pin("verl", ("0.9.1",)),
            Pin("transformers", ("5.9", "5.10")),
            Pin("tensordict", ("0.10.0",)),
            Pin("TransferQueue", ("0.1.10", "0.1.11")),
        ),
    }
)
"""For each engine its own version and those of the libraries whose behaviour the plug-in depends on."""


def check_versions(engine: Engine, found: Mapping[str, str | None]) -> None:
    """Whether everything that is installed is supported.

    Args:
        engine: which pins.
        found: version of each pinned distribution; ``None`` for one that is not installed.

    Raises:
        EngineError: something is missing or of another version; the message names all supported versions.

    >>> check_versions(Engine.SWIFT, {"ms-swift": "4.6.0", "transformers": "5.19.0", "trl": "0.29.1"})
    """
    pins = PINS[engine]
    wrong = []
    for pin in pins:
        version = found.get(pin.name)
        if version is None:
            wrong.append(f"{pin.name} is not installed")
        elif not pin.allows(version):
            wrong.append(f"{pin.name} is {version}")
    if wrong:
        supported = ", ".join(pin.text for pin in pins)
        raise EngineError(f"{'; '.join(wrong)}. Supported: {supported}; docs/clusters.md says how to install them")
