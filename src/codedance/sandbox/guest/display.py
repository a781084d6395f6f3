"""What a cell shows: pictures as raw pixels, everything else as text of bounded length."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

__all__ = ["Display", "as_image", "text_of"]

_MIN_COLOUR_SIDE, _MIN_GREY_SIDE = 8, 32
_MODES = {"L": 1, "RGB": 3, "RGBA": 4}


class Display:
    """Collects what is shown while a cell runs and sends pictures at once, in order."""

    def __init__(self, send: Callable[[dict[str, Any], bytes], None], *, images: int, image_pixels: int) -> None:
        self._send = send
        self._left = images
        self._image_pixels = image_pixels
        self.dropped = 0
        """Pictures that were over a limit."""

    def show(self, image: Any, source: str) -> None:  # noqa: ANN401 - whatever the cell made
        """Send a PIL image."""
        width, height = image.size
        if self._left < 1 or width * height > self._image_pixels or width < 1 or height < 1:
            self.dropped += 1
            return
        self._left -= 1
        if image.mode not in _MODES:
            image = image.convert("RGBA" if "A" in image.mode or "transparency" in image.info else "RGB")
        header = {"kind": "image", "mode": image.mode, "width": width, "height": height, "source": source}
        self._send(header, image.tobytes())

    def show_figures(self) -> None:
        """Send every open matplotlib figure and close it.

        Raises:
            Exception: of the first figure that could not be drawn, once all are closed: none is left to the next cell.
        """
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        faults = []
        try:
            for number in pyplot.get_fignums():
                try:
                    self._show_figure(pyplot.figure(number))
                except Exception as error:
                    faults.append(error)
        finally:
            pyplot.close("all")
        if faults:
            raise faults[0]

    def _show_figure(self, figure: Any) -> None:  # noqa: ANN401 - of matplotlib, where there is one
        from PIL import Image

        width, height = (int(side * figure.dpi) for side in figure.get_size_inches())
        if self._left < 1 or width * height > self._image_pixels:
            self.dropped += 1
            return
        figure.canvas.draw()
        buffer = figure.canvas.buffer_rgba()
        pixels = Image.frombuffer("RGBA", (buffer.shape[1], buffer.shape[0]), buffer, "raw", "RGBA", 0, 1)
        self.show(pixels.convert("RGB"), "figure")


def as_image(value: Any) -> Any:  # noqa: ANN401 - whatever the cell made
    """A PIL image for a PIL image or an image-like array, else ``None``.

    An array is image-like if it is height x width x 3 or 4 of 8-bit integers, or of floats within 0 to 1, at least 8 on
    each side, or height x width of 8-bit integers or booleans, at least 32 on each side. Colours are taken as RGB: code
    that works with OpenCV's BGR converts with ``cv2.cvtColor(image, cv2.COLOR_BGR2RGB)`` before showing.
    """
    pillow = sys.modules.get("PIL.Image")
    numpy = sys.modules.get("numpy")
    if pillow is not None and isinstance(value, pillow.Image):
        return value
    if numpy is None or not isinstance(value, numpy.ndarray) or pillow is None:
        return None
    if value.ndim == 3 and value.shape[2] in (3, 4) and min(value.shape[:2]) >= _MIN_COLOUR_SIDE:
        if value.dtype == numpy.uint8:
            return pillow.fromarray(numpy.ascontiguousarray(value))
        if value.dtype.kind == "f" and value.size and value.min() >= 0 and value.max() <= 1:
            return pillow.fromarray((value * 255).round().astype(numpy.uint8))
    elif value.ndim == 2 and min(value.shape) >= _MIN_GREY_SIDE and value.dtype in (numpy.uint8, numpy.bool_):
        return pillow.fromarray(value.astype(numpy.uint8) * (255 if value.dtype == numpy.bool_ else 1))
    return None


def text_of(value: Any, limit: int) -> tuple[str, bool]:  # noqa: ANN401 - whatever the cell made
    """The value's text, cut at the limit, and whether it was cut; objects that cannot say what they are, are named."""
    try:
        text = repr(value)
        if type(text) is not str:
            text = str.__str__(text)
    except Exception as error:
        text = f"<{type(value).__name__} object; its repr raised {type(error).__name__}>"
    return text[:limit], len(text) > limit
