"""What functions of libraries do, by dotted name, and what they give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from codedance.analysis.operations.values import Kind
from codedance.analysis.operations.vocabulary import Operation as Op

__all__ = ["ARITHMETIC", "FUNCTIONS", "METHODS", "PLOTS", "Effect", "canonical"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a call does."""

    operation: Op | None
    """``None``: nothing of note, but it gives something of a known kind."""
    gives: Kind | None
    """Kind of the result; ``None``: that of the first argument."""
    several: tuple[Kind, ...] = ()
    """Kinds of the elements, if the result is a tuple."""


_PREFIXES = (
    ("matplotlib.pyplot", "plt"),
    ("matplotlib.pylab", "plt"),
    ("pylab", "plt"),
    ("scipy.ndimage.filters", "ndi"),
    ("scipy.ndimage.morphology", "ndi"),
    ("scipy.ndimage.measurements", "ndi"),
    ("scipy.ndimage", "ndi"),
    ("skimage", "sk"),
    ("numpy", "np"),
    ("PIL.Image.Image", "picture"),
    ("PIL.ImageDraw.ImageDraw", "pen"),
    ("PIL", "pil"),
)


def canonical(path: str) -> str:
    """A dotted name in the short form of the tables here.

    >>> canonical("numpy.rot90"), canonical("scipy.ndimage.label"), canonical("PIL.ImageOps.flip")
    ('np.rot90', 'ndi.label', 'pil.ImageOps.flip')
    """
    for long, short in _PREFIXES:
        if path == long or path.startswith(long + "."):
            return short + path[len(long) :]
    return path


def _words(text: str) -> list[str]:
    """The words of a line: long lists of names read better so."""
    return text.split()


def _table(*rows: tuple[str, Op | None, Kind | None]) -> dict[str, Effect]:
    """One row for a prefix and several names: ``"cv2: resize pyrUp"``."""
    found = {}
    for names, operation, gives in rows:
        prefix, _, rest = names.partition(": ")
        found.update({f"{prefix}.{name}": Effect(operation, gives) for name in rest.split()})
    return found


FUNCTIONS: Final[dict[str, Effect]] = {
    **_table(
        ("cv2: resize pyrUp pyrDown", Op.RESIZE, Kind.PIXELS),
        ("sk.transform: resize rescale downscale_local_mean pyramid_reduce pyramid_expand", Op.RESIZE, Kind.PIXELS),
        ("pil.ImageOps: scale contain fit cover", Op.RESIZE, Kind.PICTURE),
        ("ndi: zoom", Op.RESIZE, Kind.PIXELS),
        ("cv2: rotate", Op.ROTATE, Kind.PIXELS),
        ("np: rot90", Op.ROTATE, Kind.PIXELS),
        ("sk.transform: rotate", Op.ROTATE, Kind.PIXELS),
        ("ndi: rotate", Op.ROTATE, Kind.PIXELS),
        ("cv2: flip", Op.FLIP, Kind.PIXELS),
        ("pil.ImageOps: mirror flip", Op.FLIP, Kind.PICTURE),
        ("np: flip fliplr flipud", Op.FLIP, None),
        ("cv2: warpPerspective warpAffine remap warpPolar linearPolar undistort", Op.WARP, Kind.PIXELS),
        ("sk.transform: warp warp_polar swirl", Op.WARP, Kind.PIXELS),
        ("ndi: affine_transform geometric_transform map_coordinates", Op.WARP, Kind.PIXELS),
        ("pil.ImageOps: expand pad", Op.PAD, Kind.PICTURE),
        ("cv2: copyMakeBorder", Op.PAD, Kind.PIXELS),
        ("pil.ImageOps: crop", Op.CROP, Kind.PICTURE),
        ("sk.util: crop", Op.CROP, Kind.PIXELS),
        ("cv2: getRectSubPix", Op.CROP, Kind.PIXELS),
        ("cv2: hconcat vconcat addWeighted", Op.COMPOSE, Kind.PIXELS),
        ("pil.Image: blend alpha_composite", Op.COMPOSE, Kind.PICTURE),
        ("pil.ImageChops: add blend screen multiply lighter darker overlay", Op.COMPOSE, Kind.PICTURE),
        ("sk.util: montage", Op.COMPOSE, Kind.PIXELS),
        ("pil.ImageOps: autocontrast equalize solarize posterize", Op.ENHANCE, Kind.PICTURE),
        ("cv2: equalizeHist convertScaleAbs LUT normalize detailEnhance", Op.ENHANCE, Kind.PIXELS),
        (
            "sk.exposure: equalize_hist equalize_adapthist rescale_intensity adjust_gamma adjust_log adjust_sigmoid",
            Op.ENHANCE,
            Kind.PIXELS,
        ),
        ("cv2: GaussianBlur blur medianBlur bilateralFilter boxFilter filter2D sepFilter2D", Op.FILTER, Kind.PIXELS),
        ("cv2: fastNlMeansDenoising fastNlMeansDenoisingColored stackBlur", Op.FILTER, Kind.PIXELS),
        ("sk.filters: gaussian median unsharp_mask butterworth gabor", Op.FILTER, Kind.PIXELS),
        ("sk.restoration: denoise_bilateral denoise_tv_chambolle denoise_nl_means", Op.FILTER, Kind.PIXELS),
        ("ndi: gaussian_filter median_filter uniform_filter convolve correlate", Op.FILTER, Kind.PIXELS),
        ("scipy.signal: convolve2d medfilt2d wiener", Op.FILTER, Kind.PIXELS),
        ("cv2: erode dilate morphologyEx", Op.MORPHOLOGY, None),
        (
            "ndi: binary_erosion binary_dilation binary_opening binary_closing binary_fill_holes grey_erosion "
            "grey_dilation grey_opening grey_closing maximum_filter minimum_filter",
            Op.MORPHOLOGY,
            None,
        ),
        (
            "sk.morphology: erosion dilation opening closing binary_erosion binary_dilation binary_opening "
            "binary_closing skeletonize thin remove_small_objects remove_small_holes area_opening area_closing",
            Op.MORPHOLOGY,
            None,
        ),
        ("cv2: cvtColor extractChannel", Op.CONVERT, Kind.PIXELS),
        ("pil.ImageOps: grayscale invert colorize", Op.CONVERT, Kind.PICTURE),
        ("pil.ImageChops: invert", Op.CONVERT, Kind.PICTURE),
        ("sk.color: rgb2gray rgb2hsv rgb2lab hsv2rgb lab2rgb gray2rgb rgba2rgb rgb2hed", Op.CONVERT, Kind.PIXELS),
        ("sk.util: invert", Op.CONVERT, Kind.PIXELS),
        ("pil.Image: merge", Op.CONVERT, Kind.PICTURE),
        ("cv2: merge", Op.CONVERT, Kind.PIXELS),
        ("colorsys: rgb_to_hsv rgb_to_hls", None, Kind.COLOUR),
        ("cv2: inRange adaptiveThreshold", Op.THRESHOLD, Kind.MASK),
        ("sk.filters: apply_hysteresis_threshold", Op.THRESHOLD, Kind.MASK),
        ("sk.filters: threshold_otsu threshold_li threshold_yen threshold_mean threshold_isodata", None, Kind.NUMBER),
        ("sk.filters: threshold_local threshold_niblack threshold_sauvola", None, Kind.PIXELS),
        ("pil.Image: composite", Op.MASK, Kind.PICTURE),
        ("cv2: inpaint", Op.MASK, Kind.PIXELS),
        ("np.ma: masked_where masked_array", Op.MASK, Kind.PIXELS),
        ("cv2: Canny Sobel Laplacian Scharr spatialGradient", Op.EDGES, Kind.PIXELS),
        ("sk.feature: canny", Op.EDGES, Kind.MASK),
        ("sk.filters: sobel sobel_h sobel_v scharr prewitt roberts laplace", Op.EDGES, Kind.PIXELS),
        ("ndi: sobel laplace prewitt gaussian_gradient_magnitude gaussian_laplace", Op.EDGES, Kind.PIXELS),
        ("sk.measure: find_contours", Op.CONTOURS, Kind.PARTS),
        ("sk.feature: blob_log blob_dog blob_doh", Op.CONTOURS, Kind.PARTS),
        ("cv2: HoughLines HoughLinesP HoughCircles", Op.SHAPES, Kind.PARTS),
        ("sk.transform: hough_line hough_circle probabilistic_hough_line hough_ellipse", Op.SHAPES, Kind.PARTS),
        ("sk.transform: hough_line_peaks hough_circle_peaks", None, Kind.PARTS),
        ("cv2: watershed grabCut pyrMeanShiftFiltering", Op.SEGMENT, Kind.PARTS),
        (
            "sk.segmentation: slic watershed felzenszwalb quickshift random_walker flood flood_fill",
            Op.SEGMENT,
            Kind.PARTS,
        ),
        ("pil.ImageDraw: floodfill", Op.SEGMENT, Kind.PICTURE),
        ("scipy.cluster.vq: kmeans kmeans2", Op.SEGMENT, Kind.PARTS),
        ("cv2: matchTemplate", Op.MATCH, Kind.PROFILE),
        ("sk.feature: match_template match_descriptors", Op.MATCH, Kind.PROFILE),
        ("cv2: absdiff", Op.COMPARE, Kind.PIXELS),
        ("pil.ImageChops: difference subtract", Op.COMPARE, Kind.PICTURE),
        (
            "sk.metrics: structural_similarity mean_squared_error peak_signal_noise_ratio normalized_root_mse",
            Op.COMPARE,
            Kind.NUMBER,
        ),
        ("cv2: calcHist", Op.HISTOGRAM, Kind.PROFILE),
        ("sk.exposure: histogram", Op.HISTOGRAM, Kind.PROFILE),
        ("pytesseract: image_to_string image_to_data image_to_boxes image_to_osd", Op.OCR, Kind.TEXT),
        ("rapidocr: RapidOCR", None, Kind.READER),
        ("rapidocr_onnxruntime: RapidOCR", None, Kind.READER),
        ("paddleocr: PaddleOCR", None, Kind.READER),
        ("easyocr: Reader", None, Kind.READER),
        ("cv2: contourArea arcLength boundingRect minAreaRect minEnclosingCircle", Op.MEASURE, Kind.PROFILE),
        ("cv2: moments fitEllipse matchShapes pointPolygonTest", Op.MEASURE, Kind.PROFILE),
        ("cv2: countNonZero mean meanStdDev findNonZero", Op.MEASURE, Kind.PROFILE),
        ("np: nonzero argwhere flatnonzero count_nonzero", Op.MEASURE, Kind.PROFILE),
        ("ndi: find_objects center_of_mass sum_labels mean maximum_position sum", Op.MEASURE, Kind.PROFILE),
        ("sk.measure: moments perimeter profile_line regionprops_table", Op.MEASURE, Kind.PROFILE),
        ("cv2: minMaxLoc convexHull approxPolyDP boxPoints", None, Kind.PROFILE),
        ("pil.ImageStat: Stat", Op.MEASURE, Kind.PROFILE),
        ("sk.measure: regionprops", None, Kind.PARTS),
        ("sk.feature: peak_local_max", None, Kind.PROFILE),
        ("cv2: imread imdecode", None, Kind.PIXELS),
        ("pil.Image: open frombytes", None, Kind.PICTURE),
        ("sk.io: imread", None, Kind.PIXELS),
        ("imageio: imread", None, Kind.PIXELS),
        ("imageio.v2: imread", None, Kind.PIXELS),
        ("imageio.v3: imread", None, Kind.PIXELS),
        ("plt: imread", None, Kind.PIXELS),
        ("np: zeros ones full empty zeros_like ones_like full_like eye", None, Kind.BLANK),
        ("np: arange linspace array_split", None, Kind.ITEMS),
        ("pil.Image: new", None, Kind.PICTURE),
        ("pil.Image: fromarray", None, Kind.PICTURE),
        ("pil.ImageColor: getrgb getcolor", None, Kind.COLOUR),
        ("pil.ImageOps: exif_transpose", None, Kind.PICTURE),
        ("pil.ImageEnhance: Contrast Brightness Sharpness Color", None, Kind.ENHANCER),
        ("cv2: createCLAHE", None, Kind.ENHANCER),
        ("sympy: solve solveset nsolve linsolve nonlinsolve dsolve diff integrate limit", Op.SOLVE, Kind.SYMBOL),
        ("sympy: factor expand simplify series summation rsolve trigsimp", Op.SOLVE, Kind.SYMBOL),
        ("sympy: symbols Symbol Eq sympify Function Rational Matrix parse_expr Derivative Integral", None, Kind.SYMBOL),
        ("np.linalg: solve inv", Op.SOLVE, Kind.NUMBER),
        ("np: roots", Op.SOLVE, Kind.NUMBER),
        ("scipy.linalg: solve", Op.SOLVE, Kind.NUMBER),
        ("scipy.optimize: fsolve root brentq bisect newton root_scalar", Op.SOLVE, Kind.NUMBER),
        ("scipy.optimize: minimize minimize_scalar linprog milp", Op.SOLVE, Kind.NUMBER),
        ("scipy.integrate: quad odeint solve_ivp", Op.SOLVE, Kind.NUMBER),
        ("np: polyfit", Op.FIT, Kind.NUMBER),
        ("np.polynomial.Polynomial: fit", Op.FIT, Kind.NUMBER),
        ("np.linalg: lstsq", Op.FIT, Kind.NUMBER),
        ("scipy.optimize: curve_fit least_squares", Op.FIT, Kind.NUMBER),
        ("scipy.stats: linregress", Op.FIT, Kind.NUMBER),
        ("scipy.interpolate: interp1d UnivariateSpline CubicSpline make_interp_spline", Op.FIT, Kind.NUMBER),
    ),
    "cv2.threshold": Effect(Op.THRESHOLD, Kind.ITEMS, (Kind.NUMBER, Kind.MASK)),
    "cv2.findContours": Effect(Op.CONTOURS, Kind.ITEMS, (Kind.PARTS, Kind.UNKNOWN)),
    "cv2.connectedComponents": Effect(Op.CONTOURS, Kind.ITEMS, (Kind.COUNTED, Kind.PARTS)),
    "cv2.connectedComponentsWithStats": Effect(
        Op.CONTOURS, Kind.ITEMS, (Kind.COUNTED, Kind.PARTS, Kind.STATS, Kind.PARTS)
    ),
    "ndi.label": Effect(Op.CONTOURS, Kind.ITEMS, (Kind.PARTS, Kind.COUNTED)),
    "cv2.kmeans": Effect(Op.SEGMENT, Kind.ITEMS, (Kind.NUMBER, Kind.PARTS, Kind.COLOUR)),
    "cv2.split": Effect(Op.CONVERT, Kind.ITEMS, (Kind.PIXELS, Kind.PIXELS, Kind.PIXELS)),
    "np.histogram": Effect(Op.HISTOGRAM, Kind.ITEMS, (Kind.PROFILE, Kind.PROFILE)),
}
"""By the short names of :func:`canonical`."""

METHODS: Final[dict[str, Effect]] = {
    **_table(
        ("picture: crop", Op.CROP, Kind.PICTURE),
        ("picture: resize thumbnail reduce", Op.RESIZE, Kind.PICTURE),
        ("picture: rotate", Op.ROTATE, Kind.PICTURE),
        ("picture: transform", Op.WARP, Kind.PICTURE),
        ("picture: convert quantize getchannel", Op.CONVERT, Kind.PICTURE),
        ("picture: histogram getcolors", Op.HISTOGRAM, Kind.PROFILE),
        ("picture: getpixel", Op.PICK_COLOUR, Kind.COLOUR),
        ("picture: putpixel", Op.DRAW_POINT, Kind.UNKNOWN),
        ("picture: getbbox entropy getextrema", Op.MEASURE, Kind.PROFILE),
        ("picture: alpha_composite", Op.COMPOSE, Kind.UNKNOWN),
        ("picture: putalpha", Op.MASK, Kind.UNKNOWN),
        ("picture: effect_spread", Op.FILTER, Kind.PICTURE),
        ("picture: copy", None, Kind.PICTURE),
        ("picture: getdata", None, Kind.PIXELS),
        ("pen: rectangle rounded_rectangle", Op.DRAW_BOX, Kind.UNKNOWN),
        ("pen: line", Op.DRAW_LINE, Kind.UNKNOWN),
        ("pen: point", Op.DRAW_POINT, Kind.UNKNOWN),
        ("pen: arc chord pieslice", Op.DRAW_CIRCLE, Kind.UNKNOWN),
        ("pen: polygon regular_polygon", Op.DRAW_POLYGON, Kind.UNKNOWN),
        ("pen: text multiline_text", Op.DRAW_TEXT, Kind.UNKNOWN),
        ("pen: bitmap", Op.COMPOSE, Kind.UNKNOWN),
        ("reader: readtext ocr predict __call__", Op.OCR, Kind.TEXT),
    ),
}
"""Methods of Pillow's pictures and pens, and of readers of text."""

PLOTS: Final[dict[str, tuple[Op | None, Op | None]]] = {
    **dict.fromkeys(
        _words("bar barh pie boxplot violinplot errorbar fill_between stem step stackplot quiver hexbin pcolormesh"),
        (Op.PLOT, Op.PLOT),
    ),
    **dict.fromkeys(_words("contour contourf plot_surface semilogx semilogy loglog polar hist2d"), (Op.PLOT, Op.PLOT)),
    **dict.fromkeys(_words("plot axhline axvline hlines vlines axline arrow"), (Op.PLOT, Op.DRAW_LINE)),
    "hist": (Op.PLOT, Op.PLOT),
    "scatter": (Op.PLOT, Op.DRAW_POINT),
    "text": (None, Op.DRAW_TEXT),
    "annotate": (None, Op.DRAW_TEXT),
    "axvspan": (None, Op.DRAW_BOX),
    "axhspan": (None, Op.DRAW_BOX),
    "grid": (None, Op.DRAW_GRID),
}
"""Methods of matplotlib: what they do in an empty figure, and what over a picture."""

ARITHMETIC: Final = frozenset(
    {
        *(
            f"math.{name}"
            for name in _words(
                "sqrt pow exp log log2 log10 sin cos tan asin acos atan atan2 sinh cosh tanh hypot dist "
                "radians degrees factorial comb perm gcd lcm prod fsum isqrt"
            )
        ),
        *(
            f"statistics.{name}"
            for name in _words("mean fmean median mode stdev pstdev variance pvariance quantiles correlation")
        ),
        *(
            f"np.{name}"
            for name in _words(
                "sum mean median average std var prod cumsum dot cross diff percentile quantile sqrt exp log "
                "log2 log10 sin cos tan arcsin arccos arctan arctan2 hypot deg2rad rad2deg degrees radians power "
                "corrcoef trapezoid trapz polyval interp square add subtract multiply divide matmul"
            )
        ),
        "np.linalg.norm",
        "np.linalg.det",
        "scipy.spatial.distance.euclidean",
        "scipy.spatial.distance.cdist",
        "fractions.Fraction",
        "decimal.Decimal",
        "cmath.sqrt",
    }
)
"""Functions that compute with numbers."""
