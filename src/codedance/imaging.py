"""Pictures: from bytes to Pillow and back, under limits; the only place that decodes or encodes.

Whatever comes in (any mode, any rotation, animated, 16 bit) leaves as an upright 8-bit picture in mode ``RGB``:
transparent parts lie on white, the first frame of an animation is taken, 16-bit grey is scaled down.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from isal import isal_zlib
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from codedance.errors import PictureError
from codedance.schema import ImageRef

__all__ = ["MAX_FILE_BYTES", "MAX_PIXELS", "MAX_SIDE", "Picture"]

MAX_FILE_BYTES = 64 * 2**20
"""Largest file that is read."""
MAX_PIXELS = 64 * 2**20
"""Largest number of pixels that is decoded (67 megapixels, about 200 MB)."""
MAX_SIDE = 30_000
"""Largest width or height."""
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB picture with its encoded form; equal if the encoded bytes are.

    >>> picture = Picture.from_image(Image.new("RGB", (3, 2), "red"))
    >>> picture.ref.width, picture.ref.height, picture.ref.format
    (3, 2, 'png')
    >>> Picture.from_bytes(picture.data) == picture
    True
    """

    ref: ImageRef
    data: bytes
    """The encoded file whose hash ``ref`` holds."""

    @classmethod
    def from_file(cls, path: Path) -> Picture:
        """Read a picture file; raises :class:`PictureError` with the path and the reason."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            raise PictureError(f"{path}: there is no such file") from None
        except IsADirectoryError:
            raise PictureError(f"{path}: is a folder, not a picture") from None
        except OSError as error:
            raise PictureError(f"{path}: cannot be read ({error.strerror or error})") from None
        return cls.from_bytes(data, name=str(path))

    @classmethod
    def from_bytes(cls, data: bytes, *, name: str = "picture", max_pixels: int = MAX_PIXELS) -> Picture:
        """Decode under limits; PNG and JPEG files that are already upright RGB are kept byte for byte."""
        image, encoded = _decode(data, name, max_pixels=max_pixels)
        if encoded in ("png", "jpeg") and image.mode == "RGB" and not image.info.get("codedance_changed"):
            return cls(_ref(data, image.size, "png" if encoded == "png" else "jpeg"), data)
        return cls.from_image(image)

    @classmethod
    def from_image(cls, image: Image.Image, *, repeatable: bool = False) -> Picture:
        """Encode a Pillow image of any mode as PNG (lossless, fast compression).

        Args:
            image: of any mode.
            repeatable: as :meth:`repeatable` says.
        """
        image = _upright_rgb(image)
        data = _png(image, compress=_same if repeatable else _fast)
        return cls(_ref(data, image.size, "png"), data)

    def repeatable(self) -> Picture:
        """The same pixels in a PNG file whose bytes depend on nothing else.

        The fast compressor of :meth:`from_image` was seen to write, rarely, another of several valid files for the same
        pixels; what must be the same file every time is written by zlib.
        """
        return Picture.from_image(self.to_image(), repeatable=True)

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.ref.width * self.ref.height

    @property
    def mime_type(self) -> str:
        """Media type of ``data``."""
        return f"image/{self.ref.format}"

    @property
    def data_url(self) -> str:
        """The picture as text that pages, clients and servers read: ``data:image/png;base64,...``."""
        return f"data:{self.mime_type};base64,{base64.b64encode(self.data).decode()}"

    def to_image(self) -> Image.Image:
        """Decode to a new Pillow image in mode ``RGB``."""
        return _decode(self.data, self.ref.sha256[:12])[0]


def _fast(lines: bytes | bytearray) -> bytes:
    return isal_zlib.compress(lines, 1)


def _same(lines: bytes | bytearray) -> bytes:
    return zlib.compress(lines, 1)


def _png(image: Image.Image, *, compress: Callable[[bytes | bytearray], bytes] = _fast) -> bytes:
    """A PNG file of an RGB image: every line filtered by its left neighbours, compressed lightly by isal.

    Pillow tries five filters a line and compresses with zlib, which takes ten times as long for about the same size;
    a sandbox that shows pictures spends most of its time here (``codedance sandbox bench``).
    """
    width, height = image.size
    left = Image.new("RGB", image.size)
    left.paste(image, (1, 0))
    # One byte more than a line needs, so that every line begins one byte later: that byte names the line's filter.
    stride = 3 * width + 1
    lines = bytearray(1) + ImageChops.subtract_modulo(image, left).tobytes("raw", "RGB", stride)
    del lines[stride * height :]
    lines[::stride] = b"\1" * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", isal_zlib.crc32(body, isal_zlib.crc32(kind)))
        for kind, body in chunks
    )


def _ref(data: bytes, size: tuple[int, int], encoded: Literal["png", "jpeg"]) -> ImageRef:
    return ImageRef(sha256=hashlib.sha256(data).hexdigest(), width=size[0], height=size[1], format=encoded)


def _decode(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> tuple[Image.Image, str]:
    """Decode to upright RGB; the image's info says whether its pixels differ from the file's."""
    if not data:
        raise PictureError(f"{name}: the file is empty")
    if len(data) > MAX_FILE_BYTES:
        raise PictureError(f"{name}: larger than {MAX_FILE_BYTES // 2**20} MiB; make it smaller first")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of bombs and odd metadata; our own limits decide below.
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            _check_size(image.size, name, max_pixels=min(max_pixels, MAX_PIXELS))
            encoded = (image.format or "").lower()
            frames = getattr(image, "n_frames", 1)
            image.load()
            upright = _upright_rgb(image)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"{name}: not a picture in a known format ({', '.join(_FORMATS[:-1])})") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name}: too large (more than {_so_many(MAX_PIXELS)}); make it smaller first") from None
    except Exception as error:  # decoders of broken files raise anything
        raise PictureError(f"{name}: broken or cut off ({type(error).__name__}: {error})") from None
    changed = upright is not image or frames > 1
    upright.info = {"codedance_changed": True} if changed else {}
    return upright, encoded


def _check_size(size: tuple[int, int], name: str, *, max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"{name}: has no pixels ({width}x{height})")
    if max(size) > MAX_SIDE or width * height > max_pixels:
        raise PictureError(
            f"{name}: {width}x{height} pixels is too large (at most {_so_many(max_pixels)} and "
            f"{MAX_SIDE} a side); make it smaller first"
        )


def _so_many(pixels: int) -> str:
    """A number of pixels in words; a megapixel is a million.

    >>> _so_many(25_000_000), _so_many(MAX_PIXELS), _so_many(640)
    ('25 megapixels', '67 megapixels', '640 pixels')
    """
    return f"{pixels / 10**6:.2g} megapixels" if pixels >= 10**6 else f"{pixels} pixels"


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Apply the EXIF rotation and convert to RGB; returns the same object if nothing had to change."""
    if image.getexif().get(0x0112, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith(("I;16", "I")):
        # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling.
        return image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    if image.mode == "F":
        return image.point(lambda value: value * 1.0).convert("L").convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")
