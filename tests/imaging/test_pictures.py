"""Every kind of picture a user may have: it becomes upright RGB, or one clear line."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from codedance.errors import PictureError
from codedance.imaging import MAX_SIDE, Picture


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing: a decompression bomb's first bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def test_upright_rgb_files_are_kept_byte_for_byte() -> None:
    for kind in ("PNG", "JPEG"):
        data = encoded(Image.new("RGB", (5, 4), "red"), kind)
        assert Picture.from_bytes(data).data == data


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LAB", "YCbCr", "HSV", "RGBA", "LA", "I;16", "I", "F"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    assert Picture.from_image(Image.new(mode, (6, 5))).to_image().mode == "RGB"


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    picture = Picture.from_bytes(encoded(Image.new("CMYK", (6, 5), (0, 255, 255, 0)), "JPEG"))
    assert picture.ref.format == "png"
    red, green, blue = picture.to_image().getpixel((2, 2))  # type: ignore[misc]
    assert red > 200
    assert max(green, blue) < 60


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    image = Image.new("I;16", (4, 4), 32768)
    assert Picture.from_bytes(encoded(image, "PNG")).to_image().getpixel((1, 1)) == (128, 128, 128)


def test_transparent_parts_lie_on_white() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert Picture.from_bytes(encoded(image, "PNG")).to_image().getpixel((1, 1)) == (255, 255, 255)


def test_the_exif_rotation_is_applied() -> None:
    image = Image.new("RGB", (8, 4), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    picture = Picture.from_bytes(encoded(image, "JPEG", exif=exif))
    assert (picture.ref.width, picture.ref.height) == (4, 8)
    assert picture.to_image().size == (4, 8)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert Picture.from_bytes(data).to_image().getpixel((1, 1)) == (255, 0, 0)


@pytest.mark.parametrize("size", [(1, 1), (MAX_SIDE, 10)])
def test_odd_sizes_are_read(size: tuple[int, int]) -> None:
    picture = Picture.from_bytes(encoded(Image.new("RGB", size), "PNG"))
    assert (picture.ref.width, picture.ref.height) == size


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"not a picture", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (encoded(Image.effect_noise((64, 64), 90), "PNG")[:900], "broken or cut off"),
        (encoded(Image.effect_noise((64, 64), 90), "JPEG")[:300], "broken or cut off"),
        (png_header(20_000, 20_000), r"too large \(more than 67 megapixels\)"),
        (png_header(9_000, 9_000), r"9000x9000 pixels is too large \(at most 67 megapixels and 30000 a side\)"),
        (png_header(2_000_000_000, 2), "too large"),
        (png_header(MAX_SIDE + 1, 1), "too large"),
    ],
)
def test_what_cannot_be_read_gives_one_clear_line(data: bytes, says: str) -> None:
    with pytest.raises(PictureError, match=says) as caught:
        Picture.from_bytes(data, name="photo.png")
    assert str(caught.value).startswith("photo.png: ")
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file"):
        Picture.from_file(tmp_path / "nothing.png")
    with pytest.raises(PictureError, match="folder"):
        Picture.from_file(tmp_path)


def test_a_repeatable_file_has_the_same_pixels_and_depends_on_them_alone() -> None:
    image = Image.effect_noise((90, 70), 40).convert("RGB")
    fast = Picture.from_image(image)
    slow = Picture.from_bytes(zlib_png(image))
    assert fast.data != slow.data, "two files of the same pixels"
    assert fast.repeatable() == slow.repeatable() == fast.repeatable().repeatable()
    assert fast.repeatable().to_image().tobytes() == image.tobytes()
    assert (fast.repeatable().ref.width, fast.repeatable().ref.height) == (90, 70)


def zlib_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
