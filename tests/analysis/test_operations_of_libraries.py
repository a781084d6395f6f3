"""What functions of Pillow, OpenCV, scikit-image, matplotlib and others are."""

from __future__ import annotations

import pytest

from tests.analysis.reading import Case, assert_reads, cases

LIBRARIES = cases(r"""
## thumbnail in place: resize rotate; resize>rotate
v = input_image.copy()
v.thumbnail((99, 99))
v.rotate(9)
## mirror by transpose: flip
input_image.transpose(Image.FLIP_LEFT_RIGHT)
## turn by transpose: rotate
input_image.transpose(Image.Transpose.ROTATE_90)
## blur then edges: edges filter; filter>edges
input_image.filter(ImageFilter.GaussianBlur(2)).filter(ImageFilter.FIND_EDGES)
## edge enhance sharpens: filter
input_image.filter(ImageFilter.EDGE_ENHANCE)
## min filter: morphology
input_image.filter(ImageFilter.MinFilter(3))
## point brightens: enhance
input_image.point(lambda p: p * 1.5)
## pixel access read: pick_colour
px = input_image.load()
print(px[3, 4])
## pixel access written: draw_point rotate; draw_point>rotate
px = input_image.load()
px[3, 4] = (255, 0, 0)
input_image.rotate(9)
## putpixel: draw_point rotate; draw_point>rotate
input_image.putpixel((3, 4), (255, 0, 0))
input_image.rotate(9)
## putalpha: mask
input_image.putalpha(Image.new('L', input_image.size, 9))
## paste with mask: compose mask
base = input_image.copy()
base.paste(Image.open('b.png'), (0, 0), Image.open('m.png'))
## paste a colour: draw_box
input_image.paste('red', (0, 0, 50, 50))
## quantize and colours: convert histogram; convert>histogram
q = input_image.quantize(8)
print(q.getcolors())
## split and merge: convert
r, g, b = input_image.split()
Image.merge('RGB', (b, g, r))
## enhancers chained: enhance; enhance>enhance
v = ImageEnhance.Contrast(input_image).enhance(2)
v = ImageEnhance.Sharpness(v).enhance(2)
## enhancer kept: crop enhance; crop>enhance
e = ImageEnhance.Brightness(input_image.crop((0, 0, 9, 9)))
for f in (1, 2):
    display(e.enhance(f))
## saved then opened under a path: crop edges; crop>edges
input_image.crop((0, 0, 9, 9)).save('/tmp/p.png')
cv2.Canny(cv2.imread('/tmp/p.png'), 1, 2)
## written by cv2 then opened: convert rotate; convert>rotate
cv2.imwrite('g.png', cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY))
Image.open('g.png').rotate(9)
## opened by bytes: crop
import io
Image.open(io.BytesIO(open('a.png', 'rb').read())).crop((0, 0, 9, 9))
## unbound method: crop rotate; crop>rotate
Image.Image.crop(input_image, (0, 0, 9, 9)).rotate(9)
## pen draws several: draw_box draw_circle draw_point draw_polygon draw_text
d = ImageDraw.Draw(input_image)
d.polygon([(0, 0), (9, 9), (0, 9)])
d.arc((0, 0, 9, 9), 0, 90)
d.point((3, 3))
d.rounded_rectangle((0, 0, 9, 9))
d.text((3, 3), 'A')
print(d.textlength('A'))
## text tells count: count draw_text; count>draw_text
names = ['a', 'b']
d = ImageDraw.Draw(input_image)
d.text((0, 0), f'{len(names)} birds')
## outlined ellipse and filled: draw_circle
d = ImageDraw.Draw(input_image)
d.ellipse((0, 0, 9, 9), outline='red', fill=None)
## filled circle: draw_point
d = ImageDraw.Draw(input_image)
d.circle((5, 5), 3, 'red')
## floodfill: segment
ImageDraw.floodfill(input_image, (0, 0), (255, 0, 0))
## two pictures blended by weights: compose
Image.blend(input_images[0], input_images[1], 0.5)
## composite: mask
Image.composite(input_images[0], input_images[1], mask)
## Pillow's transform warps: warp
input_image.transform((9, 9), Image.AFFINE, (1, 0, 0, 0, 1, 0))
## ImageChops compares: compare measure; compare>measure
from PIL import ImageChops
print(ImageChops.difference(input_images[0], input_images[1]).getbbox())
## ImageOps inverts and greys: convert
from PIL import ImageOps
ImageOps.invert(ImageOps.grayscale(input_image))
## ImageStat measures: crop measure; crop>measure
from PIL import ImageStat
print(ImageStat.Stat(input_image.crop((0, 0, 9, 9))).mean)
## hough circles drawn: convert count draw_circle shapes; convert>shapes shapes>count shapes>draw_circle
g = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
circles = cv2.HoughCircles(g, cv2.HOUGH_GRADIENT, 1.2, 30)
if circles is not None:
    for x, y, r in np.round(circles[0]).astype(int):
        cv2.circle(image, (x, y), r, (0, 255, 0), 2)
    print(len(circles[0]))
## filled circle marks: draw_point
cv2.circle(image, (3, 4), 5, (0, 0, 255), thickness=cv2.FILLED)
## filled mask circle: draw_point mask; draw_point>mask
m = np.zeros((9, 9), np.uint8)
cv2.circle(m, (3, 4), 3, 255, -1)
cv2.bitwise_and(image, image, mask=m)
## moments measure outlines: compute contours measure; contours>measure measure>compute
contours, _ = cv2.findContours(mask, 1, 2)
for one in contours:
    M = cv2.moments(one)
    cx = int(M['m10'] / M['m00'])
    print(cx)
## polygon approximation: contours count measure; contours>count contours>measure measure>count
contours, _ = cv2.findContours(mask, 1, 2)
for one in contours:
    p = cv2.approxPolyDP(one, 0.02 * cv2.arcLength(one, True), True)
    print(len(p))
## components with sizes: contours measure; contours>measure
n, labels, stats, centres = cv2.connectedComponentsWithStats(mask)
for i in range(1, n):
    print(stats[i, cv2.CC_STAT_AREA])
## components told: contours count; contours>count
n, labels = cv2.connectedComponents(mask)
print(n - 1)
## features matched: count match; match>count
orb = cv2.ORB_create()
k1, d1 = orb.detectAndCompute(cv2.imread('a.png', 0), None)
k2, d2 = orb.detectAndCompute(cv2.imread('b.png', 0), None)
m = cv2.BFMatcher(cv2.NORM_HAMMING).match(d1, d2)
print(len(m))
## blob detector: contours count; contours>count
p = cv2.SimpleBlobDetector_Params()
p.minArea = 9
d = cv2.SimpleBlobDetector_create(p)
k = d.detect(cv2.imread('a.png', 0))
print(len(k))
## CLAHE enhances: edges enhance; enhance>edges
c = cv2.createCLAHE(2.0, (8, 8))
cv2.Canny(c.apply(cv2.imread('a.png', 0)), 1, 2)
## grid lines cv2: draw_grid draw_line
for x in range(0, 300, 50):
    cv2.line(image, (x, 0), (x, 300), (0, 0, 255), 1)
for y in [10, 70]:
    cv2.arrowedLine(image, (0, y), (9, y), (0, 0, 255))
## two ranges of red are opened and their outlines counted: contours convert count morphology threshold;
# contours>count convert>threshold morphology>contours threshold>morphology
hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
m = cv2.inRange(hsv, (0, 9, 9), (9, 255, 255)) | cv2.inRange(hsv, (170, 9, 9), (180, 255, 255))
m = cv2.morphologyEx(m, cv2.MORPH_OPEN, np.ones((3, 3)))
cs, _ = cv2.findContours(m, 0, 2)
print(f'{len(cs)} red')
## hue split: convert measure threshold; convert>threshold threshold>measure
h, s, v = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2HSV))
print((s > 90).mean())
## grabCut segments: segment
m = np.zeros(image.shape[:2], np.uint8)
cv2.grabCut(image, m, (1, 1, 9, 9), None, None, 5, cv2.GC_INIT_WITH_RECT)
## sizes of k-means clusters are measured: measure segment; segment>measure
z = np.float32(np.array(input_image).reshape(-1, 3))
_, labels, centres = cv2.kmeans(z, 3, None, (1, 10, 1.0), 10, 0)
print(centres, np.bincount(labels.flatten()))
## an affine map warps: warp
M = cv2.getRotationMatrix2D((50, 50), 30, 1)
cv2.warpAffine(image, M, (100, 100))
## a border is padded: pad
cv2.copyMakeBorder(image, 9, 9, 9, 9, cv2.BORDER_CONSTANT)
## picture from address: crop resize; crop>resize
img = cv2.imread('a.png')[10:90, 20:80]
cv2.resize(img, None, fx=4, fy=4)
## regions measured: contours convert measure threshold; contours>measure convert>threshold threshold>contours
from skimage import measure
labels = measure.label(np.array(input_image.convert('L')) > 90)
for r in measure.regionprops(labels):
    print(r.area, r.bbox)
## label tells how many: contours count; contours>count
from skimage.measure import label
labels, n = label(mask, return_num=True)
print(n)
## Otsu's threshold: convert measure threshold; convert>threshold threshold>measure
from skimage.filters import threshold_otsu
from skimage.color import rgb2gray
g = rgb2gray(np.array(input_image))
bw = g > threshold_otsu(g)
print(bw.sum())
## blobs are counted: contours convert count; contours>count convert>contours
from skimage.feature import blob_log
b = blob_log(np.array(input_image.convert('L')), max_sigma=30)
print(len(b))
## skeleton: convert morphology threshold; convert>threshold threshold>morphology
from skimage.morphology import skeletonize
skeletonize(np.array(input_image.convert('L')) > 90)
## outline lists: contours convert plot; contours>plot convert>contours
from skimage import measure
for one in measure.find_contours(np.array(input_image.convert('L')), 0.8):
    plt.plot(one[:, 1], one[:, 0])
## components by scipy: contours count measure; contours>count contours>measure
from scipy import ndimage
labels, n = ndimage.label(mask)
print(n, ndimage.sum(mask, labels, range(1, n + 1)))
## bars of a picture's histogram: histogram plot; histogram>plot
plt.hist(np.array(input_image).ravel(), bins=32)
plt.show()
## histogram of numbers: plot
plt.hist([1, 2, 2, 3])
plt.show()
## shown crop: crop
fig, ax = plt.subplots(1, 2)
ax[0].imshow(input_image)
ax[1].imshow(input_image.crop((0, 0, 9, 9)))
plt.show()
## box on axes: draw_box
fig, ax = plt.subplots()
ax.imshow(input_image)
ax.add_patch(plt.Rectangle((1, 2), 3, 4, fill=False))
plt.show()
## circle and text on the picture: draw_circle draw_text
plt.imshow(input_image)
plt.gca().add_patch(plt.Circle((3, 4), 5))
plt.text(3, 4, 'A')
plt.show()
## grid and lines on the picture: draw_grid
plt.imshow(input_image)
for x in range(0, 300, 50):
    plt.axvline(x)
plt.grid(True)
plt.show()
## lines in an empty figure plot: plot
plt.axhline(3)
plt.annotate('max', (1, 2))
plt.show()
## new figure after a picture: plot
plt.imshow(input_image)
plt.figure()
plt.plot([1, 2], [3, 4])
## figure after show: plot
plt.imshow(input_image)
plt.show()
plt.plot([1, 2], [3, 4])
## a span over a picture is a box: draw_box
plt.imshow(input_image)
plt.axvspan(3, 9)
## twin axes plot: plot
fig, ax = plt.subplots()
b = ax.twinx()
b.bar([1], [2])
## title tells count: count
names = ['a', 'b']
plt.imshow(input_image)
plt.title(f'{len(names)} found')
## figure axes by add_subplot: plot
fig = plt.figure()
ax = fig.add_subplot(111)
ax.scatter([1, 2], [3, 4])
## subplots loop: crop rotate
fig, axes = plt.subplots(1, 2)
views = [input_image.crop((0, 0, 9, 9)), input_image.rotate(9)]
for ax, one in zip(axes.flatten(), views):
    ax.imshow(one)
    ax.axis('off')
## points of measured: convert measure plot threshold; convert>threshold measure>plot threshold>measure
ys, xs = np.where(np.array(input_image.convert('L')) < 30)
plt.scatter(xs, ys)
## pandas counts and plots: count plot
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
print(df['a'].value_counts())
df.plot()
## pandas sum: compute
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
print(df.a.sum(), df['a'].mean())
## sympy solves: solve
from sympy import symbols, Eq, solve, diff, expand
x = symbols('x')
e = Eq(x**2, 4)
print(solve(e, x), diff(x**3, x), (x + 1).expand())
## sympy substituted: compute
from sympy import symbols
x = symbols('x')
print((x**2 + 1).subs(x, 3))
## sympy number: compute
import sympy
print(sympy.sqrt(8), sympy.gcd(8, 12))
## statistics computes: compute
import statistics
print(statistics.stdev([3, 4, 8]))
## polyfit fits: fit
m, b = np.polyfit([1, 2], [3, 4], 1)
print(m)
## easyocr reads text: count crop ocr; crop>ocr ocr>count
import easyocr
r = easyocr.Reader(['en'])
found = r.readtext(np.array(input_image.crop((0, 0, 9, 9))))
print(len(found))
## PaddleOCR reads text: ocr
from paddleocr import PaddleOCR
engine = PaddleOCR(lang='en')
print(engine.ocr('input_image.jpg'))
## ocr words: ocr
d = pytesseract.image_to_data(input_image, output_type='dict')
for i, t in enumerate(d['text']):
    print(t, d['left'][i])
## ocr after cleaning: convert ocr threshold; convert>threshold threshold>ocr
g = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
_, bw = cv2.threshold(g, 0, 255, cv2.THRESH_OTSU)
print(pytesseract.image_to_string(bw).strip().upper())
## numpy linear: compute
print(np.linalg.norm([3, 4]), np.cross([1, 0], [0, 1]))
## copy deep: crop rotate; crop>rotate
import copy
b = copy.deepcopy(input_image.crop((0, 0, 9, 9)))
b.rotate(9)
## regex on OCR: ocr
import re
t = pytesseract.image_to_string(input_image)
print(max(int(x) for x in re.findall(r'\d+', t)))
## colour to hsv: pick_colour
import colorsys
r, g, b = input_image.getpixel((3, 4))
print(colorsys.rgb_to_hsv(r, g, b))
## KMeans over pixels splits the picture: segment
from sklearn.cluster import KMeans
km = KMeans(n_clusters=3).fit(np.array(input_image).reshape(-1, 3))
print(km.cluster_centers_)
## sklearn labels counted: convert count measure segment threshold;
# convert>threshold measure>segment segment>count threshold>measure
from sklearn.cluster import DBSCAN
y, x = np.where(np.array(input_image.convert('L')) < 9)
db = DBSCAN(eps=3).fit(np.column_stack([x, y]))
print(len(set(db.labels_)))
## regions sorted: contours measure; contours>measure
from skimage import measure
regions = sorted(measure.regionprops(measure.label(mask)), key=lambda r: r.area, reverse=True)
print([r.area for r in regions[:3]])
## cv2 labels drawn: contours draw_box measure; contours>measure measure>draw_box
n, labels, stats, cents = cv2.connectedComponentsWithStats(mask)
for x, y, w, h, area in stats[1:]:
    if area > 50:
        cv2.rectangle(image, (x, y), (x + w, y + h), (0, 255, 0), 2)
## np linspace grid: draw_grid
for x in np.linspace(0, 300, 7):
    ImageDraw.Draw(input_image).line((x, 0, x, 300))
## facts about the file are no operation:
print(input_image.format, input_image.info)
## two gray diff counted: compare contours count draw_box measure threshold;
# compare>threshold contours>count contours>measure measure>draw_box threshold>contours
a = cv2.imread('a.png', 0)
b = cv2.imread('b.png', 0)
d = cv2.absdiff(a, b)
_, t = cv2.threshold(d, 30, 255, cv2.THRESH_BINARY)
cs, _ = cv2.findContours(t, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
for one in cs:
    x, y, w, h = cv2.boundingRect(one)
    cv2.rectangle(b, (x, y), (x + w, y + h), 255, 2)
print('differences:', len(cs))
## crop of a crop then count: contours convert count crop threshold;
# contours>count convert>threshold crop>convert crop>crop threshold>contours
part = input_image.crop((0, 0, 200, 200)).crop((10, 10, 90, 90))
g = cv2.cvtColor(np.array(part), cv2.COLOR_RGB2GRAY)
_, bw = cv2.threshold(g, 0, 255, cv2.THRESH_OTSU)
n, _ = cv2.connectedComponents(bw)
print(n - 1)
## image array from list comp: compose tile; tile>compose
grid = [input_image.crop((i * 50, 0, i * 50 + 50, 50)) for i in range(4)]
sheet = Image.new('RGB', (200, 50))
for i, one in enumerate(grid):
    sheet.paste(one, (i * 50, 0))
sheet
## axis title compute: compute
ax = plt.gca()
ax.imshow(input_image)
ax.set_title(f'{3 * 4} cm')
## axes tick counts steer: plot
names = ['a', 'b']
fig, ax = plt.subplots()
ax.bar(range(len(names)), [3, 4])
ax.set_xticks(range(len(names)))
## enumerate contours area threshold counts: contours count measure; contours>measure
contours, _ = cv2.findContours(mask, 1, 2)
count = 0
for i, one in enumerate(contours):
    if cv2.contourArea(one) > 100:
        count += 1
print(count)
## words of a reader:
import easyocr
r = easyocr.Reader(['en'])
print(r.lang_char)
r.setLanguageList(['en'])
## CLAHE that is set up later: enhance
c = cv2.createCLAHE()
c.setClipLimit(3.0)
c.apply(cv2.imread('a.png', 0))
## a symbolic function: compute
from sympy import cos, symbols, pi
x = symbols('x')
print(cos(x).subs(x, pi), (x / 3).evalf())
## a fresh mask is warped with its picture: crop measure warp; crop>warp warp>measure
M = cv2.getRotationMatrix2D((9, 9), 5, 1)
view = cv2.warpAffine(np.array(input_image.crop((0, 0, 50, 50))), M, (50, 50))
print(view.mean())
## clusters found in place: segment
from sklearn.cluster import KMeans
km = KMeans(3)
km.fit(np.array(input_image).reshape(-1, 3))
print(km.cluster_centers_)
## clusters that are never fitted do nothing:
from sklearn.cluster import KMeans
km = KMeans(3)
print(km)
""")


@pytest.mark.parametrize("case", LIBRARIES, ids=str)
def test_functions_of_libraries_are_known_by_what_they_do(case: Case) -> None:
    assert_reads(case)
