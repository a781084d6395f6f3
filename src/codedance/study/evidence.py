"""What a study found, reduced to what its claims are judged by; read from the folders of its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from codedance.analysis.attempts import Analysed, read_attempts
from codedance.analysis.emergence import Corpus
from codedance.analysis.faithfulness import Faithfulness
from codedance.analysis.shares import Share
from codedance.analysis.usage import flow_name
from codedance.rewards.intervals import cluster_bootstrap
from codedance.schema import Record
from codedance.study.measures import Estimate, Policy, Row, row_of
from codedance.study.scaling import Scaled
from codedance.study.settings import StudySettings
from codedance.study.steps import Step, run_name
from codedance.train.ablation import late_mean
from codedance.train.curves import figures, read_curve

__all__ = ["FOLLOWED", "Evidence", "Kind", "NewUse", "Training", "Views", "gather", "new_use", "rows_in"]

FOLLOWED = "bat"
"""Reward whose runs are looked at for what emerges."""
_NAMED = 4

Kind = Literal["operation", "composition", "domain"]


class Training(Record):
    """A run of reinforcement learning."""

    variant: str
    seed: int
    exams: tuple[tuple[int, float], ...]
    """Step and accuracy of each exam, the start's first."""
    entropy: float | None
    """Nats a token, mean of the last steps."""


class NewUse(Record):
    """Something that the supervised set never does, in attempts early and late in training."""

    kind: Kind
    """An operation, a composition, or a known operation in a domain where the set never does it."""
    attempts: int
    """In which training could show it, of all steps that were kept."""
    used: int
    """Those that do it."""
    growth: Estimate | None
    """Share of the last third of the steps less share of the first third; over tasks drawn anew."""
    names: tuple[str, ...]
    """The most frequent ones."""


class Views(Record):
    """Whether what a policy looked at held the evidence."""

    name: str
    faithful: Share | None
    """Of the attempts that looked at parts of their picture: those that saw all of the evidence."""
    unfaithful_if_right: Share | None
    """Of the right answers that looked at parts: those that did not."""


class Evidence(Record):
    """Everything that the claims are judged by."""

    trajectories: int
    """In the supervised set."""
    parameters: int
    """Of the policy's network."""
    steps: int
    policies: tuple[Policy, ...]
    trainings: tuple[Training, ...]
    new: tuple[NewUse, ...] = ()
    views: tuple[Views, ...] = ()
    scaled: tuple[Scaled, ...] = ()
    """Policies of other sizes and data, by supervised learning alone."""

    def of(self, variant: str | None) -> list[Policy]:
        """The policies of a reward, one a seed; ``None``: the start's."""
        return [one for one in self.policies if one.variant == variant]

    def runs(self, variant: str) -> list[Training]:
        """The runs of a reward, by seed."""
        return sorted((one for one in self.trainings if one.variant == variant), key=lambda one: one.seed)


def gather(
    study: Path,
    settings: StudySettings,
    *,
    corpus: Corpus,
    followed: Sequence[Analysed],
    views: Sequence[Faithfulness],
    scaled: Sequence[Scaled],
    parameters: int,
) -> Evidence:
    """Read the folders of a study whose policies were evaluated.

    Args:
        study: the study's folder.
        settings: what was made.
        corpus: the supervised set, counted.
        followed: attempts of training with the reward :data:`FOLLOWED`, all seeds.
        views: where policies looked.
        scaled: policies of other sizes and data.
        parameters: of the policies' network.

    Raises:
        StoreError: a folder is no run.
        DataError: a run holds no trajectories, or no curve.
    """
    evaluated: list[tuple[str, str | None, int | None]] = [("start", None, None)]
    evaluated += [(run_name(*one), *one) for one in settings.runs]
    policies = [
        Policy(
            variant=variant,
            seed=seed,
            rows=tuple(rows_in(study / Step.EVALUATION.value / name)),
        )
        for name, variant, seed in evaluated
    ]
    kinds: tuple[Kind, ...] = ("operation", "composition", "domain")
    return Evidence(
        trajectories=corpus.attempts,
        parameters=parameters,
        steps=settings.steps,
        policies=tuple(policies),
        trainings=tuple(_training(study / Step.GRPO.value / run_name(*one), one) for one in settings.runs),
        new=tuple(new_use(corpus, followed, kind) for kind in kinds) if followed else (),
        views=tuple(_views(one) for one in views if one.domains),
        scaled=tuple(scaled),
    )


def rows_in(folder: Path) -> list[Row]:
    """The attempts of a run in the order of tasks: they are stored as they end, which another run does otherwise."""
    return sorted((row_of(one) for one in read_attempts(folder)), key=lambda row: row.task)


def new_use(corpus: Corpus, attempts: Sequence[Analysed], kind: Kind) -> NewUse:
    """Use of what a corpus never does, early and late in training.

    Args:
        corpus: the supervised set.
        attempts: with their steps.
        kind: what is counted.
    """
    steps = sorted({one.step for one in attempts if one.step is not None})
    third = max(1, len(steps) // 3)
    early, late = set(steps[:third]), set(steps[-third:]) if len(steps) > 1 else set()
    names: Counter[str] = Counter()
    used = 0
    clusters: dict[str, tuple[int, int, int, int]] = {}
    for one in attempts:
        found = _new(corpus, one, kind)
        names.update(found)
        used += bool(found)
        if one.step in early or one.step in late:
            first = one.step in early
            place = clusters.get(f"{one.step}/{one.task}", (0, 0, 0, 0))
            mine = (1, int(bool(found)), 0, 0) if first else (0, 0, 1, int(bool(found)))
            sums = tuple(before + now for before, now in zip(place, mine, strict=True))
            clusters[f"{one.step}/{one.task}"] = (sums[0], sums[1], sums[2], sums[3])
    value = _grown(list(clusters.values()))
    growth = None
    if value is not None:
        low, high = cluster_bootstrap(clusters, _grown, resamples=1000) or (None, None)
        growth = Estimate(value=value, low=low, high=high)
    common = tuple(name for name, _ in names.most_common(_NAMED))
    return NewUse(kind=kind, attempts=len(attempts), used=used, growth=growth, names=common)


def _new(corpus: Corpus, one: Analysed, kind: Kind) -> list[str]:
    operations = [found.value for found in one.operations]
    match kind:
        case "operation":
            return [name for name in operations if not corpus.names[name]]
        case "composition":
            return [name for flow in sorted(one.flows) if not corpus.names[name := flow_name(flow)]]
        case "domain":
            known = [name for name in operations if corpus.names[name]]
            return [f"{name} in {one.domain}" for name in known if not corpus.domains[name][one.domain]]


def _grown(clusters: Sequence[tuple[int, int, int, int]]) -> float | None:
    early, early_used, late, late_used = (sum(one[place] for one in clusters) for place in range(4))
    return late_used / late - early_used / early if early and late else None


def _training(folder: Path, run: tuple[str, int]) -> Training:
    curve = read_curve(folder)
    named = [(line.step, figures(line)) for line in curve]
    exams = tuple((step, found["exam/accuracy"]) for step, found in named if "exam/accuracy" in found)
    return Training(variant=run[0], seed=run[1], exams=exams, entropy=late_mean(curve, "update/entropy"))


def _views(found: Faithfulness) -> Views:
    every = found.domains[0]
    return Views(name=found.run, faithful=every.faithful, unfaithful_if_right=every.unfaithful_if_right)
