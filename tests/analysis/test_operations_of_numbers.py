"""Counting and computing count where their outcome is told, and not where it only steers."""

from __future__ import annotations

import pytest

from tests.analysis.reading import Case, assert_reads, cases

NUMBERS = cases(r"""
## len over groups counts: count
groups = [['a'], ['b', 'c']]
print(list(map(len, groups)))
## map of int over OCR text: compute ocr; ocr>compute
text = pytesseract.image_to_string(input_image)
numbers = list(map(int, text.split()))
print(sum(numbers))
## sorted by length counts nothing:
print(sorted(['aa', 'b'], key=len))
## zip of stars:
pairs = [(1, 2), (3, 4)]
xs, ys = zip(*pairs)
print(xs)
## global counter: count
found = 0
def see(value):
    global found
    if value > 3:
        found += 1
for v in [1, 5, 9]:
    see(v)
print(found)
## raise tells: contours count; contours>count
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
raise SystemExit(f'{len(contours)} found')
## assert only steers: contours
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
assert len(contours) > 3, 'none'
## steering counts do not count: contours rotate
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
if len(contours) > 3:
    input_image.rotate(9)
## tally with ones: contours count measure; contours>count contours>measure
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
print(sum(1 for one in contours if cv2.contourArea(one) > 9))
## tally of tests: count
words = ['apple', 'pear']
print(sum(w.startswith('a') for w in words))
## tally of not: count
words = ['apple', '']
print(sum(not w for w in words))
## sum of areas: compute contours measure; contours>measure measure>compute
contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
print(sum(cv2.contourArea(one) for one in contours))
## mean of list: compute count; count>compute
values = [3, 4, 8]
print(sum(values) / len(values))
## divmod and pow: compute
q, r = divmod(17, 5)
print(q, r, pow(2, 5))
## text counted: count
print('strawberry'.count('r'))
## words split counted: count ocr; ocr>count
text = pytesseract.image_to_string(input_image)
print(len(text.split()))
## set counted: count
print(len(set(['a', 'b', 'a'])))
## text made by join: ocr
text = pytesseract.image_to_string(input_image)
numbers = ', '.join(text.split())
print(numbers)
## abs round float: compute
print(round(float(abs(-3.5)) * 2))
## round of constant:
print(round(3.7), int('4'), str(5))
## complex numbers compute: compute
print(abs(3 + 4j))
## ellipsis and bytes:
x = b'ab'
y = ...
print(x, y, None, True)
## del of item:
views = {'a': 1}
del views['a']
print(views)
## a counter that is an attribute: count
class T:
    def __init__(self):
        self.n = 0
t = T()
for v in [1, 5]:
    if v > 3:
        t.n += 1
print(t.n)
## counts kept by get: count
counts = {}
for w in ['a', 'b', 'a']:
    counts[w] = counts.get(w, 0) + 1
print(counts)
## counts kept in a mapping: count
counts = {'a': 0}
for w in ['a', 'b', 'a']:
    counts[w] += 1
print(counts)
## names of a star import are found: compute
from math import *
print(sqrt(2))
## numpy alias chain: solve
import numpy.linalg as la
print(la.solve([[1]], [2]))
## shadowed builtin:
def len(x):
    return 3
print(len([1]))
## count by n = n + 1: count
n = 0
for v in [1, 5]:
    if v > 3:
        n = n + 1
print(n)
## sum by n = n + v: compute
n = 0
for v in [1, 5]:
    n = n + v
print(n)
## getpixel loop: count pick_colour
n = 0
for x in range(9):
    if input_image.getpixel((x, 3)) == (255, 0, 0):
        n += 1
print(n)
## str methods:
print('a,b'.split(',')[0].upper().replace('A', 'b').strip())
## name as number formatting: compute
w, h = input_image.size
print(f'{w}x{h} {w / h:.2f}')
## image size ratio only steers: resize
w, h = input_image.size
view = input_image.resize((w // 2, h // 2))
print(view.size)
## lengths of words and pictures count nothing:
a = np.array(input_image)
print(len('abc'), len(a))
## whether any word is there is no count:
words = ['a', 'b']
print(any(w == 'a' for w in words), bool(words))
## truths in an array are added up: count
v = [3, 9]
print(np.array([x > 4 for x in v]).sum())
## numbers in an array are averaged: compute
print(np.array([3, 9]).mean())
## two conditions on sizes: count
sizes = np.array([3, 9])
big = (sizes > 4) & (sizes < 10)
print(big.sum())
## a count is shown by IPython: count
from IPython.display import display
names = ['a', 'b']
display(len(names))
## the greatest of measured and given numbers: contours measure; contours>measure
contours, _ = cv2.findContours(mask, 1, 2)
print(max(9, cv2.contourArea(contours[0])))
""")


@pytest.mark.parametrize("case", NUMBERS, ids=str)
def test_numbers_count_where_they_are_told(case: Case) -> None:
    assert_reads(case)
