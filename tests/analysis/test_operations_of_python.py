"""Whatever Python a cell is written in, what it does to pictures is followed through it."""

from __future__ import annotations

import pytest

from tests.analysis.reading import Case, assert_reads, cases

PYTHON = cases(r"""
## largest outline by max key: contours crop measure; contours>measure measure>crop
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
big = max(contours, key=cv2.contourArea)
x, y, w, h = cv2.boundingRect(big)
input_image.crop((x, y, x + w, y + h))
## sorted by area: contours draw_polygon measure; contours>draw_polygon contours>measure
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
first = sorted(contours, key=cv2.contourArea, reverse=True)[0]
cv2.drawContours(image, [first], -1, (255, 0, 0), 2)
## sorted by lambda: contours count measure; contours>count contours>measure
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
first = sorted(contours, key=lambda one: cv2.boundingRect(one)[0])
print(len(first))
## list sort by key in place: contours measure; contours>measure
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
boxes = [cv2.boundingRect(one) for one in contours]
boxes.sort(key=lambda box: box[2] * box[3])
print(boxes[-1])
## method sort with area: contours count measure; contours>count contours>measure
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
contours = list(contours)
contours.sort(key=cv2.contourArea)
print(len(contours))
## filter by function then count: contours count measure; contours>count contours>measure
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
def large(one):
    return cv2.contourArea(one) > 90
print(len(list(filter(large, contours))))
## map of areas: contours measure; contours>measure
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
areas = list(map(cv2.contourArea, contours))
print(areas)
## boxes drawn with enumerate: contours draw_box measure; contours>measure measure>draw_box
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
view = np.array(input_image)
for i, one in enumerate(contours, start=1):
    x, y, w, h = cv2.boundingRect(one)
    cv2.rectangle(view, (x, y), (x + w, y + h), (255, 0, 0), 2)
Image.fromarray(view)
## zip of names and boxes: crop resize; crop>resize
for name, box in zip(['a', 'b'], [(0, 0, 5, 5), (5, 5, 9, 9)]):
    part = input_image.crop(box)
    part.save(name + '.png')
    part.resize((50, 50))
## star arguments: crop rotate; crop>rotate
def cut(image, *box):
    return image.crop(box)
cut(input_image, 1, 2, 30, 40).rotate(90)
## double star arguments: crop rotate; crop>rotate
def cut(image, **how):
    return image.crop(how['box'])
options = {'box': (1, 2, 3, 4)}
cut(input_image, **options).rotate(90)
## keyword only: crop resize; crop>resize
def cut(image, *, box=(0, 0, 9, 9), times=2):
    part = image.crop(box)
    return part.resize((part.width * times, part.height * times))
cut(input_image, times=3)
## spread of a list: crop rotate; crop>rotate
boxes = (1, 2, 30, 40)
view = Image.fromarray(np.array(input_image)).crop((*boxes,))
view.rotate(9)
## first and rest: crop rotate; crop>rotate
first, *rest = [input_image.crop((0, 0, 9, 9)), input_image.crop((9, 9, 20, 20))]
rest[0].rotate(90)
## last of slices: crop resize rotate; crop>resize crop>rotate
views = [input_image.crop((i, 0, 9, 9)) for i in (1, 2, 3)]
views[-1].rotate(90)
for one in views[:-1][::-1]:
    one.resize((50, 50))
## items told apart: crop resize rotate; rotate>resize
views = [input_image.crop((0, 0, 9, 9)), input_image.rotate(5), input_image]
views[1:2][0].resize((9, 9))
## items told apart by negative slice: crop resize rotate; rotate>resize
views = [input_image.crop((0, 0, 9, 9)), input_image.rotate(5), input_image]
views[-2:][0].resize((9, 9))
## item put: crop rotate; crop>rotate
views = [None, None]
views[0] = input_image.crop((0, 0, 9, 9))
views[0].rotate(9)
## dict put: crop rotate; crop>rotate
views = {}
views['a'] = input_image.crop((0, 0, 9, 9))
views['a'].rotate(9)
## dict items: crop resize rotate; crop>resize crop>rotate
views = {'a': input_image.crop((0, 0, 9, 9))}
for name, one in views.items():
    one.rotate(9)
for one in views.values():
    one.resize((9, 9))
## setdefault holds pictures: crop rotate; crop>rotate
views = {}
views.setdefault('a', []).append(input_image.crop((0, 0, 9, 9)))
views['a'][0].rotate(9)
## a defaultdict of lists holds pictures: crop rotate; crop>rotate
from collections import defaultdict
views = defaultdict(list)
views['a'].append(input_image.crop((0, 0, 9, 9)))
views['a'][0].rotate(9)
## extend and pop: crop rotate; crop>rotate
views = []
views.extend([input_image.crop((0, 0, 9, 9))])
views.pop().rotate(9)
## list joined by plus: crop rotate; crop>rotate
views = [input_image.crop((0, 0, 9, 9))] + [input_image]
views[0].rotate(9)
## list grows by plus assign: crop rotate; crop>rotate
views = []
for i in (1, 2):
    views += [input_image.crop((i, 0, 9, 9))]
views[0].rotate(9)
## a walrus binds: crop rotate; crop>rotate
if (part := input_image.crop((0, 0, 9, 9))).width > 3:
    part.rotate(9)
## walrus in comprehension: contours measure; contours>measure
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
big = [area for one in contours if (area := cv2.contourArea(one)) > 9]
print(max(big))
## a picture opened by with: crop rotate; crop>rotate
with Image.open('input_image.jpg') as picture:
    part = picture.crop((0, 0, 9, 9))
part.rotate(9)
## try keeps what worked: crop resize rotate; crop>resize crop>rotate
try:
    part = input_image.crop((0, 0, 9, 9))
except Exception as error:
    part = None
    print(error)
else:
    part.rotate(9)
finally:
    print('done')
part.resize((50, 50))
## try falls back: convert measure; convert>measure
try:
    import cv2
    g = cv2.cvtColor(np.array(input_image), cv2.COLOR_RGB2GRAY)
except ImportError:
    g = np.array(input_image.convert('L'))
print(g.mean())
## if else joined: crop resize rotate; crop>resize rotate>resize
if input_image.width > 500:
    view = input_image.crop((0, 0, 9, 9))
elif input_image.height > 500:
    view = input_image.rotate(90)
else:
    view = input_image
view.resize((90, 90))
## match on how many: contours crop resize rotate; crop>resize rotate>resize
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
match len(contours):
    case 0:
        view = input_image
    case 1 | 2:
        view = input_image.crop((0, 0, 9, 9))
    case _:
        view = input_image.rotate(90)
view.resize((90, 90))
## match binds: crop rotate; crop>rotate
part = input_image.crop((0, 0, 9, 9))
match [part, 90]:
    case [view, angle] if angle > 3:
        view.rotate(angle)
## patterns bind what mappings and sequences hold: crop filter resize rotate; crop>rotate resize>filter
match {'view': input_image.crop((0, 0, 9, 9))}:
    case {'view': view, **rest}:
        view.rotate(9)
match [input_image, input_image.resize((9, 9))]:
    case [_, *others]:
        others[0].filter(ImageFilter.BLUR)
## while zooms: crop; crop>crop
view = input_image
while view.width > 100:
    view = view.crop((9, 9, view.width - 9, view.height - 9))
view
## for else: crop rotate; crop>rotate
for i in (1, 2):
    part = input_image.crop((i, 0, 9, 9))
    if part.width > 3:
        break
else:
    part = input_image
part.rotate(9)
## a lambda is followed: crop; crop>crop
cut = lambda image, box=(0, 0, 9, 9): image.crop(box)
cut(cut(input_image))
## a closure keeps what it was given: crop rotate; crop>rotate
def cutter(box):
    def cut(image):
        return image.crop(box)
    return cut
upper = cutter((0, 0, 9, 9))
upper(input_image).rotate(9)
## a generator gives what it yields: crop rotate; crop>rotate
def views(image):
    for box in [(0, 0, 9, 9), (9, 9, 20, 20)]:
        yield image.crop(box)
for one in views(input_image):
    one.rotate(9)
## yield from: crop rotate; crop>rotate
def all_views(image):
    yield from (image.crop((i, 0, 9, 9)) for i in (1, 2))
list(all_views(input_image))[0].rotate(9)
## next of generator: crop rotate; crop>rotate
next(input_image.crop((i, 0, 9, 9)) for i in (1, 2)).rotate(9)
## several returns: crop resize rotate; crop>resize rotate>resize
def look(big):
    if big:
        return input_image.crop((0, 0, 9, 9))
    return input_image.rotate(5)
look(True).resize((9, 9))
## tuple returned: crop resize rotate; rotate>resize
def look():
    return input_image.crop((0, 0, 9, 9)), input_image.rotate(5)
a, b = look()
b.resize((9, 9))
## recursion: crop; crop>crop
def zoom(image, times):
    if times == 0:
        return image
    return zoom(image.crop((1, 1, 50, 50)), times - 1)
zoom(input_image, 3)
## a global name is changed for all: crop rotate; crop>rotate
view = input_image
def look():
    global view
    view = view.crop((0, 0, 9, 9))
look()
view.rotate(9)
## a nonlocal name is changed outside: crop rotate; crop>rotate
def run():
    view = input_image
    def look():
        nonlocal view
        view = view.crop((0, 0, 9, 9))
    look()
    return view
run().rotate(9)
## awaited functions are followed: crop rotate; crop>rotate
import asyncio
async def look():
    return input_image.crop((0, 0, 9, 9))
part = await look()
part.rotate(9)
## decorated functions are followed: crop rotate; crop>rotate
from functools import lru_cache
@lru_cache
def look(x):
    return input_image.crop((x, 0, 9, 9))
look(1).rotate(9)
## a partial function of a library: resize
from functools import partial
zoom = partial(cv2.resize, fx=2, fy=2)
zoom(np.array(input_image), None)
## partial of own: crop rotate; crop>rotate
from functools import partial
def cut(image, box):
    return image.crop(box)
upper = partial(cut, box=(0, 0, 9, 9))
upper(input_image).rotate(9)
## class with base: crop resize; crop>resize
class Base:
    def __init__(self, image):
        self.image = image
    def cut(self, box):
        return self.image.crop(box)
class Viewer(Base):
    def twice(self, box):
        return self.cut(box).resize((9, 9))
Viewer(input_image).twice((0, 0, 9, 9))
## super() reaches the class above: crop resize rotate; crop>resize rotate>crop
class Base:
    def __init__(self, image):
        self.image = image
class Viewer(Base):
    def __init__(self, image):
        super().__init__(image)
        self.part = self.image.crop((0, 0, 9, 9))
Viewer(input_image.rotate(9)).part.resize((9, 9))
## static and class methods are followed: crop resize rotate; crop>resize crop>rotate
class Tools:
    @staticmethod
    def cut(image, box):
        return image.crop(box)
    @classmethod
    def twice(cls, image):
        return cls.cut(image, (0, 0, 9, 9)).resize((9, 9))
Tools.cut(input_image, (0, 0, 5, 5)).rotate(9)
Tools().cut(input_image, (0, 0, 5, 5))
Tools.twice(input_image)
## a property is followed: crop rotate; crop>rotate
class View:
    def __init__(self, image):
        self.image = image
    @property
    def part(self):
        return self.image.crop((0, 0, 9, 9))
View(input_image).part.rotate(9)
## class constant: crop resize rotate; crop>resize crop>rotate
class Where:
    source = input_image.crop((0, 0, 99, 99))
    def look(self):
        return self.source.rotate(9)
Where().look()
Where.source.resize((9, 9))
## dataclass: crop resize rotate; resize>crop rotate>crop
from dataclasses import dataclass
@dataclass
class View:
    image: object
    box: tuple = (0, 0, 9, 9)
v = View(input_image.rotate(3))
v.image.crop(v.box)
View(image=input_image.resize((9, 9))).image.crop(v.box)
## called object: crop rotate; crop>rotate
class Cut:
    def __init__(self, box):
        self.box = box
    def __call__(self, image):
        return image.crop(self.box)
Cut((0, 0, 9, 9))(input_image).rotate(9)
## attribute set later: crop rotate; crop>rotate
class Bag:
    pass
bag = Bag()
bag.view = input_image.crop((0, 0, 9, 9))
bag.view.rotate(9)
## either of two views: crop resize rotate; crop>resize rotate>resize
view = input_image.crop((0, 0, 9, 9)) if input_image.width > 99 else input_image.rotate(5)
view.resize((9, 9))
## or picks: crop rotate; crop>rotate
view = None or input_image.crop((0, 0, 9, 9))
view.rotate(9)
## an annotated assignment binds: crop rotate; crop>rotate
part: 'Image.Image' = input_image.crop((0, 0, 9, 9))
left: int
part.rotate(9)
## a deleted name leaves what was done: crop
part = input_image.crop((0, 0, 9, 9))
del part
print('x')
## getattr finds functions: filter
getattr(cv2, 'GaussianBlur')(np.array(input_image), (5, 5), 0)
## __import__: edges
__import__('cv2').Canny(np.array(input_image), 1, 2)
## enumerate over slices and steps: tile
w = input_image.width
for i, x in enumerate(range(0, w, 100)):
    display(input_image.crop((x, 0, x + 100, 100)))
## tiles chosen are crops: crop
for i in [0, 2]:
    display(input_image.crop((i * 100, 0, i * 100 + 100, 100)))
## tiles by product: tile
from itertools import product
for r, col in product(range(2), range(2)):
    display(input_image.crop((col * 100, r * 100, col * 100 + 100, r * 100 + 100)))
## tiles by arange: tile
for x in np.arange(0, 300, 100):
    display(input_image.crop((x, 0, x + 100, 100)))
## tiles in while: tile
x = 0
while x < 300:
    display(input_image.crop((x, 0, x + 100, 100)))
    x += 100
## starred list of crops: crop rotate; crop>rotate
views = [*[input_image.crop((0, 0, 9, 9))], input_image]
views[0].rotate(9)
## names of OpenCV by star import: edges
from cv2 import *
Canny(imread('a.jpg'), 1, 2)
## modules that do nothing to pictures do nothing:
import os.path
print(os.path.exists('a'))
## functions of a later cell work on earlier pictures: crop edges; crop>edges
import cv2 as c2
part = input_image.crop((0, 0, 9, 9))
---
def go(x):
    return c2.Canny(np.array(x), 1, 2)
go(part)
## thumbnail at end: resize
input_image.thumbnail((9, 9))
## pipeline list: crop rotate; crop>crop crop>rotate
steps = [lambda im: im.crop((0, 0, 9, 9))]
view = input_image
for step in steps:
    view = step(view)
view.rotate(9)
## picture from file list: rotate
import glob
for path in sorted(glob.glob('*.png')):
    Image.open(path).rotate(9)
## exec is not seen:
exec('input_image.rotate(9)')
## return early from function: crop rotate; crop>rotate
def f(x):
    if not x:
        return None
    return x.crop((0, 0, 9, 9))
f(input_image).rotate(9)
## nested tuple unpack: crop resize rotate; crop>resize
(a, b), c = (input_image.crop((0, 0, 9, 9)), input_image), input_image.rotate(9)
a.resize((9, 9))
## list() begins a list: crop rotate; crop>rotate
views = list()
views.append(input_image.crop((0, 0, 9, 9)))
views[0].rotate(9)
## a queue gives what it was given: crop rotate; crop>rotate
from collections import deque
queue = deque()
queue.append(input_image.crop((0, 0, 9, 9)))
queue.popleft().rotate(9)
## arguments by name: crop rotate; rotate>crop
def cut(image, box):
    return image.crop(box)
cut(box=(0, 0, 9, 9), image=input_image.rotate(9))
## super() in a comprehension: crop rotate; crop>rotate
class Base:
    def cut(self, image):
        return image.crop((0, 0, 9, 9))
class Viewer(Base):
    def cut(self, images):
        return [super().cut(one) for one in images]
Viewer().cut([input_image])[0].rotate(9)
## calls that Python refuses do not end the reading:
map()
filter(None)
getattr(input_image)
next()
super()
class A:
    def look(self):
        return super().look()
A().look()
A().missing(3)
A()()
raise
## every second of some views: crop rotate; crop>rotate
views = [input_image.crop((0, 0, 9, 9)), input_image, input_image.crop((9, 9, 20, 20))]
for one in views[::2]:
    one.rotate(9)
## the first views, however many: crop rotate; crop>rotate
n = 2
views = [input_image.crop((i, 0, 9, 9)) for i in (1, 2)]
views = [*views]
for one in views[:n]:
    one.rotate(9)
## an item outside of a list is no item: crop resize rotate; crop>rotate
views = [input_image.crop((0, 0, 9, 9))]
views[5] = input_image.resize((9, 9))
views[0].rotate(9)
## patterns of classes and alternatives: crop rotate; crop>rotate
match input_image.crop((0, 0, 9, 9)):
    case Image.Image() as view:
        view.rotate(9)
    case None | False:
        pass
## attributes of strangers are passed over: crop
import types
bag = types.SimpleNamespace()
bag.box = (0, 0, 9, 9)
input_image.crop(bag.box)
""")


@pytest.mark.parametrize("case", PYTHON, ids=str)
def test_pictures_are_followed_through_the_language(case: Case) -> None:
    assert_reads(case)
