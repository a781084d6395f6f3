"""Reading and detection for cells, as plain functions; nothing is imported before the first call.

No model is downloaded: RapidOCR's wheel ships its networks (extra ``ocr``), scikit-image and OpenCV ship detectors.
"""

from __future__ import annotations

import contextlib
from typing import Any

__all__ = ["DESCRIPTIONS", "FUNCTIONS"]

_reader: Any = None


def _pixels(image: Any) -> Any:  # noqa: ANN401 - a PIL image, an array or a path
    """Height x width x 3 of RGB, from a PIL image, an RGB or grey array, or a file's path."""
    import numpy
    from PIL import Image

    if isinstance(image, str):
        image = Image.open(image)
    if isinstance(image, Image.Image):
        image = numpy.asarray(image.convert("RGB"))
    image = numpy.asarray(image)
    if image.dtype != numpy.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise TypeError(f"expected a picture, got an array of shape {image.shape} and type {image.dtype}")
    if image.ndim == 2 or image.shape[2] == 1:
        return numpy.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return numpy.ascontiguousarray(image[..., :3])


def read_text(image: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a PIL image, an array or a path
    """Read the text in a picture: a list of {"text", "box": (left, top, right, bottom), "score"}, top to bottom."""
    global _reader
    pixels = _pixels(image)
    if _reader is None:
        _reader = _load_reader()
    found = _reader(pixels[..., ::-1])
    if found.boxes is None or found.txts is None:
        return []
    lines = [
        {"text": str(text), "box": _bounds(box), "score": round(float(score), 3)}
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]
    return sorted(lines, key=lambda line: (line["box"][1], line["box"][0]))


def _load_reader() -> Any:  # noqa: ANN401 - RapidOCR has no types
    import os

    errors, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)  # onnxruntime tells of devices and telemetry that it could not reach
        import onnxruntime
        from rapidocr import RapidOCR

        onnxruntime.set_default_logger_severity(3)
        threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
        return RapidOCR(params={"Global.log_level": "error", **threads})
    except ImportError:
        raise ImportError("read_text needs the extra 'ocr', which is not installed here") from None
    finally:
        os.dup2(errors, 2)
        os.close(errors)
        os.close(null)


def _bounds(corners: Any) -> tuple[int, int, int, int]:  # noqa: ANN401 - four corner points
    xs, ys = [float(point[0]) for point in corners], [float(point[1]) for point in corners]
    return round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))


def find_faces(image: Any) -> list[tuple[int, int, int, int]]:  # noqa: ANN401
    """Boxes (left, top, right, bottom) of frontal faces of 30 pixels or more, by scikit-image's cascade."""
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    pixels = _pixels(image)
    height, width = pixels.shape[:2]
    found = Cascade(lbp_frontal_face_cascade_filename()).detect_multi_scale(
        img=pixels, scale_factor=1.2, step_ratio=1, min_size=(30, 30), max_size=(height, width)
    )
    return sorted((int(f["c"]), int(f["r"]), int(f["c"] + f["width"]), int(f["r"] + f["height"])) for f in found)


def read_codes(image: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """QR codes and bar codes in a picture: a list of {"text", "box": (left, top, right, bottom)}."""
    import cv2

    pixels, codes = _pixels(image), []
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    for name in ("QRCodeDetector", "barcode_BarcodeDetector"):
        detector = getattr(cv2, name, None)
        with contextlib.suppress(cv2.error):
            if detector is not None:
                found, texts, corners, *_ = detector().detectAndDecodeMulti(grey)
                if found:
                    codes += [{"text": text, "box": _bounds(box)} for text, box in zip(texts, corners, strict=True)]
    return codes


FUNCTIONS = {function.__name__: function for function in (read_text, find_faces, read_codes)}
"""Name and function, as cells see them."""
DESCRIPTIONS = {name: (function.__doc__ or "").strip() for name, function in FUNCTIONS.items()}
"""Name and what the function does, for the prompt."""
