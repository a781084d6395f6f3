"""How the oracle measures discs: the share of a slice is the share of its pixels."""

from __future__ import annotations

from codedance.tasks.worlds.charts.looking import Job, printed_result
from codedance.tasks.worlds.charts.measuring import shares
from codedance.tasks.worlds.charts.questions import answer_names
from codedance.tasks.worlds.charts.thoughts import think
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.sums import computed, sum_code

__all__ = ["areas_script"]


def areas_script(job: Job, said: str) -> Script:
    """Shares of a disc by pixels."""
    facts, rng, asked = job.facts, job.rng, job.facts.asked
    plain = all(entry.word == entry.colour for entry in facts.entries)
    colours = (
        "{" + ", ".join(f"'{entry.word}': '{entry.colour}'" for entry in facts.entries) + "}.items()"
        if not plain
        else "(" + ", ".join(f"'{entry.word}'" for entry in facts.entries) + ")"
    )
    loop = f"for word, colour in {colours}" if not plain else f"for colour in {colours}"
    key = "colour" if plain else "word"
    code = (
        "import cv2\nimport numpy as np\nfrom PIL import ImageColor\n"
        "pixels = np.array(input_image).astype(int)\n"
        "def area(colour):\n"
        "    near = (np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60).astype(np.uint8)\n"
        "    return int(cv2.connectedComponentsWithStats(near)[2][1:, 4].max())\n"
        f"areas = {{{key}: area(colour) {loop}}}\n"
        "shares = {name: 100 * one / sum(areas.values()) for name, one in areas.items()}"
    )
    measured = shares(job.scene.image, facts)
    texts = ", ".join(
        f"'{entry.word}': {round(share, 1)}" for entry, share in zip(facts.entries, measured, strict=True)
    )
    picked = ", ".join(f"shares['{facts.entry(*place).word}']" for place in asked.needed)
    final, result = _sum(job, [measured[item] for _, item in asked.needed])
    final = f"values = [{picked}]\n{final}"
    thought = said + think("areas", rng)
    if rng.random() < 0.6:
        show = "print({name: round(share, 1) for name, share in shares.items()})"
        yield Code(thought, f"{code}\n{show}", views=(), prints=f"{{{texts}}}")
        shown = yield Code(think("compute", rng), final, views=(), prints=result)
    else:
        shown = yield Code(thought, f"{code}\n{final}", views=(), prints=result)
    return Final(think("result", rng, answer=shown), shown)


def _sum(job: Job, measured: list[float]) -> tuple[str, str]:
    """Code that computes with the needed values, and what it prints."""
    asked = job.facts.asked
    names = answer_names(job.facts, asked)
    threshold = "" if asked.threshold is None else f"{asked.threshold:g}"
    code = sum_code(asked.asks, places=asked.places, threshold=threshold, rank=asked.rank)
    result = computed(asked.asks, measured, names, threshold=asked.threshold, rank=asked.rank)
    return "\n".join([*([f"names = {names!r}"] if names else []), code]), printed_result(job, result)
