"""What is done to arrays of pixels, with NumPy and by slices."""

from __future__ import annotations

import pytest

from tests.analysis.reading import Case, assert_reads, cases

ARRAYS = cases(r"""
## columns are summed into a profile: convert measure threshold; convert>threshold threshold>measure
g = np.array(input_image.convert('L'))
dark = g < 60
print(dark.sum(axis=0).argmax())
## the mean colour over channels is one picture more:
a = np.array(input_image)
grey = a.mean(axis=2)
print(grey.shape)
## any pixel is a yes or no: threshold
a = np.array(input_image)
print((a > 250).any())
## places of true pixels by method: convert measure threshold; convert>threshold threshold>measure
g = np.array(input_image.convert('L'))
dark = g < 60
ys, xs = dark.nonzero()
print(ys.min())
## one channel of one pixel as number: pick_colour
a = np.array(input_image)
print(a[3, 4, 0].item())
## percentile of pixels: convert measure threshold; convert>measure convert>threshold
g = np.array(input_image.convert('L'))
dark = g < 60
print(np.percentile(g, 5))
## a mask that is summed up is a number of pixels: convert measure threshold; convert>threshold threshold>measure
a = np.array(input_image)
print(np.sum(a[..., 0] > 200))
## np.count_nonzero of mask: convert measure threshold; convert>threshold threshold>measure
g = np.array(input_image.convert('L'))
dark = g < 60
print(np.count_nonzero(dark))
## np.mean of a picture: measure
print(np.mean(input_image))
## np.max of listed numbers:
print(np.max([3, 9, 4]), np.argmax([3, 9, 4]))
## np.mean of listed numbers: compute
print(np.mean([3, 9, 4]))
## np.sum of truths: count
heights = np.array([3, 9, 4])
print(np.sum(heights > 3))
## np.count_nonzero of numbers: count
print(np.count_nonzero([3, 0, 4]))
## blank array sum:
print(np.zeros((4, 4)).sum())
## clip method after multiply: enhance
a = np.array(input_image)
b = (a * 1.4).clip(0, 255).astype(np.uint8)
Image.fromarray(b)
## a power of pixels that is cut off is a gamma: enhance
a = np.array(input_image)
b = np.clip(255 * (a / 255) ** 0.5, 0, 255)
Image.fromarray(b.astype(np.uint8))
## np.clip of numbers:
print(np.clip([3, 9], 4, 8))
## np.where keeps pixels by mask: convert mask threshold; convert>threshold threshold>mask
g = np.array(input_image.convert('L'))
dark = g < 60
out = np.where(dark[..., None], np.array(input_image), 255)
Image.fromarray(out)
## np.where makes black and white of mask: convert measure threshold; convert>threshold threshold>measure
g = np.array(input_image.convert('L'))
dark = g < 60
out = np.where(dark, 255, 0)
print(out.sum())
## np.where on numbers picks places:
v = np.array([1, 5, 9])
print(np.where(v > 3)[0])
## np.where on numbers chooses:
v = np.array([1, 5, 9])
print(np.where(v > 3, 'big', 'small'))
## channels stacked: convert
a = np.array(input_image)
r, b = a[..., 0], a[..., 2]
swapped = np.stack([b, a[..., 1], r], axis=-1)
Image.fromarray(swapped)
## grey made rgb by dstack: convert
g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
Image.fromarray(np.dstack([g, g, g]))
## mask stacked stays mask: convert mask threshold; convert>threshold threshold>mask
g = np.array(input_image.convert('L'))
dark = g < 60
three = np.dstack([dark, dark, dark])
b = np.array(input_image)
b[three] = 0
## pictures side by side by concatenate: compose
left = np.array(input_images[0])
right = np.array(input_images[1])
Image.fromarray(np.concatenate([left, right], axis=1))
## rows of tiles by vstack: compose crop; crop>compose
a = np.array(input_image)
top, bottom = a[:50], a[50:100]
Image.fromarray(np.vstack((bottom, top)))
## numbers concatenated:
print(np.concatenate(([1, 2], [3])))
## points stacked:
xs, ys = [1, 2], [3, 4]
print(np.stack([xs, ys], axis=1))
## np.pad of pixels: pad
a = np.array(input_image)
Image.fromarray(np.pad(a, ((9, 9), (9, 9), (0, 0))))
## np.pad of numbers:
print(np.pad([1, 2], 1))
## colours counted: histogram
a = np.array(input_image)
colours, counts = np.unique(a.reshape(-1, 3), axis=0, return_counts=True)
print(colours[counts.argmax()])
## names counted: count
names, counts = np.unique(['a', 'b', 'a'], return_counts=True)
print(dict(zip(names, counts)))
## unique labels counted: contours count; contours>count
n, labels = cv2.connectedComponents(mask)
print(len(np.unique(labels)) - 1)
## bincount of pixels: convert histogram threshold; convert>histogram convert>threshold
g = np.array(input_image.convert('L'))
dark = g < 60
print(np.bincount(g.ravel()).argmax())
## bincount of labels: contours measure; contours>measure
n, labels = cv2.connectedComponents(mask)
print(np.bincount(labels.ravel())[1:])
## bincount of numbers: count
print(np.bincount([1, 2, 2]))
## Counter of pixels: histogram
from collections import Counter
print(Counter(input_image.getdata()).most_common(3))
## Counter of words: count
from collections import Counter
print(Counter(['a', 'b', 'a']).most_common(1))
## logical_and of two thresholds: convert measure threshold; convert>threshold threshold>measure
g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
m = np.logical_and(g > 40, g < 90)
print(m.mean())
## logical_not of numbers:
print(np.logical_not([True, False]))
## array_equal of pictures: compare
print(np.array_equal(np.array(input_images[0]), np.array(input_images[1])))
## allclose of numbers:
print(np.allclose([1.0], [1.0]))
## mean colour under a mask: convert mask measure threshold; convert>threshold mask>measure threshold>mask
g = np.array(input_image.convert('L'))
dark = g < 60
print(np.array(input_image)[dark].mean(axis=0))
## a component's pixels painted: contours mask; contours>mask
a = np.array(input_image)
n, labels = cv2.connectedComponents(mask)
a[labels == 2] = (255, 0, 0)
Image.fromarray(a)
## a component's size: contours measure; contours>measure
n, labels = cv2.connectedComponents(mask)
for i in range(1, n):
    print(i, (labels == i).sum())
## a component's size by np.sum: contours measure; contours>measure
n, labels = cv2.connectedComponents(mask)
print(np.sum(labels == 1))
## a component's place: contours measure; contours>measure
n, labels = cv2.connectedComponents(mask)
ys, xs = np.where(labels == 1)
print(xs.min())
## pixels copied under mask to blank: convert mask threshold; convert>threshold threshold>mask
g = np.array(input_image.convert('L'))
dark = g < 60
a = np.array(input_image)
out = np.zeros_like(a)
out[dark] = a[dark]
Image.fromarray(out)
## mask painted to blank: convert mask measure threshold; convert>threshold mask>measure threshold>mask
g = np.array(input_image.convert('L'))
dark = g < 60
out = np.zeros(g.shape, np.uint8)
out[dark] = 255
print(out.mean())
## region drawn into mask: mask
a = np.array(input_image)
m = np.zeros(a.shape[:2], bool)
m[10:50, 20:90] = True
a[~m] = 0
Image.fromarray(a)
## places of pixels painted: convert mask measure threshold; convert>threshold measure>mask threshold>measure
g = np.array(input_image.convert('L'))
dark = g < 60
a = np.array(input_image)
ys, xs = np.where(dark)
a[ys, xs] = (255, 0, 0)
Image.fromarray(a)
## masked array: convert mask measure threshold; convert>mask convert>threshold mask>measure threshold>mask
g = np.array(input_image.convert('L'))
dark = g < 60
print(np.ma.masked_where(dark, g).mean())
## mask multiplied: convert mask threshold; convert>threshold threshold>mask
g = np.array(input_image.convert('L'))
dark = g < 60
Image.fromarray(np.array(input_image) * dark[..., None])
## upside down: flip
a = np.array(input_image)
Image.fromarray(a[::-1])
## the last axis turned round swaps channels: convert
a = np.array(input_image)
Image.fromarray(a[..., ::-1])
## the third axis turned round swaps channels: convert
a = np.array(input_image)
Image.fromarray(a[:, :, ::-1])
## corner by negative numbers: crop
a = np.array(input_image)
Image.fromarray(a[-100:, -100:])
## border cut away: crop
a = np.array(input_image)
Image.fromarray(a[5:-5, 5:-5])
## crop and step: crop resize; crop>resize
a = np.array(input_image)
Image.fromarray(a[10:200:2, 10:200:2])
## crop of a crop by slices: crop; crop>crop
a = np.array(input_image)
b = a[50:250, 50:250]
Image.fromarray(b[20:60, 20:60])
## axis added:
a = np.array(input_image)
print(a[None].shape, a[:, :, None].shape, a[..., np.newaxis].shape)
## one pixel: pick_colour
a = np.array(input_image)
print(a[7, 9])
## one pixel in two steps: pick_colour
a = np.array(input_image)
print(a[7][9])
## pixels at listed places are single ones: pick_colour
a = np.array(input_image)
for p in [(3, 4), (5, 6)]:
    print(a[p])
## a place made by tuple() is one pixel: pick_colour
a = np.array(input_image)
print(a[tuple([3, 4])])
## row of pixels thresholded: convert measure threshold; convert>threshold threshold>measure
g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
row = g[100, :]
print(np.where(row < 90)[0][0])
## a row without a colon is the same row: convert measure threshold; convert>threshold threshold>measure
g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
row = g[100]
print((row < 90).sum())
## column of one channel: convert measure; convert>measure
a = np.array(input_image)
print(a[:, 50, 0].mean())
## part of row: measure
a = np.array(input_image)
print(a[100, 50:300].mean(axis=0))
## channel of crop: convert crop measure; convert>measure crop>convert
a = np.array(input_image)
print(a[10:50, 20:90, 0].mean())
## tiles in a loop: tile
a = np.array(input_image)
for x in range(0, 300, 100):
    display(a[:, x:x + 100])
## rectangle filled: draw_box
a = np.array(input_image)
a[10:20, 30:90] = 0
Image.fromarray(a)
## patch written: compose crop; crop>compose
a = np.array(input_image)
a[0:50, 0:50] = a[50:100, 50:100]
Image.fromarray(a)
## row painted: draw_line
a = np.array(input_image)
a[120, :] = (255, 0, 0)
Image.fromarray(a)
## a row painted without a colon is a line: draw_line
a = np.array(input_image)
a[120] = 255
Image.fromarray(a)
## grid by slices with steps: draw_grid
a = np.array(input_image)
a[::50] = (255, 0, 0)
a[:, ::50] = (255, 0, 0)
Image.fromarray(a)
## grid by loop: draw_grid
a = np.array(input_image)
for y in range(0, 200, 50):
    a[y] = 0
    a[y, :] = 0
Image.fromarray(a)
## pixel set: draw_point
a = np.array(input_image)
a[7, 9] = (255, 0, 0)
Image.fromarray(a)
## canvas takes pictures: compose crop; crop>compose
a = np.array(input_image)
canvas = np.full((400, 800, 3), 255, np.uint8)
canvas[:200, :300] = a[:200, :300]
Image.fromarray(canvas)
## inverted: convert
g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
Image.fromarray(255 - g)
## inverted by tilde: convert
a = np.array(input_image)
Image.fromarray(~a)
## inverted by cv2: convert
g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
Image.fromarray(cv2.bitwise_not(g))
## inverted mask: convert mask threshold; convert>threshold threshold>mask
g = np.array(input_image.convert('L'))
dark = g < 60
m = cv2.bitwise_not(dark)
b = np.array(input_image)
b[m > 0] = 0
Image.fromarray(b)
## difference: compare measure; compare>measure
a = np.array(input_images[0]).astype(int)
b = np.array(input_images[1]).astype(int)
print(np.abs(a - b).sum())
## xor of pictures: compare
a, b = (np.array(one) for one in input_images)
print((a ^ b).any())
## two pictures blended by weights: compose
a = np.array(input_images[0])
b = np.array(input_images[1])
Image.fromarray((a * 0.5 + b * 0.5).astype(np.uint8))
## redness is no difference of pictures: convert measure threshold; convert>threshold threshold>measure
a = np.array(input_image)
r, g, b = a[..., 0].astype(int), a[..., 1].astype(int), a[..., 2]
print(((r - g) > 50).sum())
## brightness by cv2.add of number: enhance
a = np.array(input_image)
Image.fromarray(cv2.add(a, 40))
## an array of one value that is added brightens: enhance
a = np.array(input_image)
Image.fromarray(cv2.add(a, np.full_like(a, 40)))
## cv2.add of two: compose
x = cv2.add(cv2.imread('a.jpg'), cv2.imread('b.jpg'))
## darker by cv2.subtract: enhance
a = np.array(input_image)
Image.fromarray(cv2.subtract(a, 40))
## cv2.subtract of two: compare
x = cv2.subtract(cv2.imread('a.jpg'), cv2.imread('b.jpg'))
## masks joined: convert measure threshold; convert>threshold threshold>measure
g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
m = (g < 20) | (g > 230)
print(m.sum())
## xor of masks: convert measure threshold; convert>threshold threshold>measure
g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
m = (g < 20) ^ (g < 30)
print(m.sum())
## in-place augment: compare measure; compare>measure
a = np.array(input_images[0]).astype(int)
a -= np.array(input_images[1])
print(abs(a).max())
## disc drawn into a mask decides: draw_point mask; draw_point>mask
a = np.array(input_image)
m = np.zeros(a.shape[:2], np.uint8)
cv2.circle(m, (50, 50), 30, 255, -1)
a[m == 0] = 255
Image.fromarray(a)
## crop of canvas: compose crop; compose>crop crop>compose
a = np.array(input_image)
canvas = np.zeros((400, 400, 3), np.uint8)
canvas[:200, :200] = a[:200, :200]
Image.fromarray(canvas[:100, :300])
## pixel written in two steps: draw_point rotate; draw_point>rotate
a = np.array(input_image)
a[7][9] = (255, 0, 0)
Image.fromarray(a).rotate(9)
## row mask: mask measure threshold; mask>measure threshold>mask
a = np.array(input_image)
row = a[100]
print(row[row > 90].mean(), row[5:50].max())
## diagonal by loop: draw_point
a = np.array(input_image)
for i in range(100):
    a[i, i] = 255
Image.fromarray(a)
## pixels in nested loops counted: count pick_colour
a = np.array(input_image)
n = 0
for y in range(100):
    for x in range(100):
        if a[y, x].sum() < 90:
            n += 1
print(n)
## slice variables: crop resize; crop>resize
a = np.array(input_image)
y1, y2 = 10, 90
x1, x2 = 20, 80
view = a[y1:y2, x1:x2]
big = cv2.resize(view, None, fx=3, fy=3)
plt.imshow(big)
## ratio of mask: compute convert measure threshold; convert>threshold measure>compute threshold>measure
hsv = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2HSV)
m = cv2.inRange(hsv, np.array([0, 9, 9]), np.array([9, 255, 255]))
print(cv2.countNonZero(m) / m.size)
## np.round: compute
print(np.round(np.sqrt(2), 2), np.pi)
## ndarray method chain: convert measure; convert>measure
print(np.array(input_image.convert('L')).astype(float).mean().round(2))
## item() reads one pixel: pick_colour
a = np.array(input_image)
print(a.item(3, 4, 0))
## an array keeps its pixels through casts: measure
a = np.array(input_image)
b = a.astype(np.float32).copy().reshape(-1, 3)
print(b.mean(axis=0))
## pictures added up are one: compose
frames = [np.array(one) for one in input_images]
Image.fromarray((sum(frames) / 2).astype(np.uint8))
## masks added up are a mask: convert measure threshold; convert>threshold threshold>measure
g = np.array(input_image.convert('L'))
m = sum([g < 9, g > 90])
print(m.mean())
## a new array that is cut is still empty:
canvas = np.zeros((99, 99))
print(canvas[10:20, 10:20].sum())
## a measured profile that is changed stays one: convert measure; convert>measure
g = np.array(input_image.convert('L'))
rows = g.mean(axis=1)
rows[0] = 0
print(rows.argmax())
## the largest label tells how many: contours count; contours>count
n, labels = cv2.connectedComponents(mask)
print(np.max(labels))
## tiles between pairs of regular places: tile
for left, right in np.arange(0, 400, 50).reshape(-1, 2):
    display(input_image.crop((left, 0, right, 50)))
## rows of statistics are measurements: contours measure; contours>measure
n, labels, stats, centres = cv2.connectedComponentsWithStats(mask)
for row in stats:
    print(row)
## statistics beside centres are measurements: contours measure; contours>measure
n, labels, stats, centres = cv2.connectedComponentsWithStats(mask)
for row, place in zip(stats, centres):
    print(row[4], place)
## a bright region chosen by a mask of a mask: convert measure threshold; convert>threshold threshold>measure
g = np.array(input_image.convert('L'))
m = (g > 200)[10:90, 20:80]
print(m.sum())
## one channel made darker: convert
a = np.array(input_image)
a[..., 0] = a[..., 0] // 2
Image.fromarray(a)
""")


@pytest.mark.parametrize("case", ARRAYS, ids=str)
def test_arrays_are_read_by_what_happens_to_their_pixels(case: Case) -> None:
    assert_reads(case)
