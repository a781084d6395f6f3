"""What ``codedance reproduce`` does in each step: the same work as the commands of the single steps, in their order."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from codedance.cli.data_generate import make_set
from codedance.cli.failures import tell
from codedance.cli.progress import progress_bar
from codedance.cli.reproduce_policies import ask_policy, make_scaled, read_scaled, teach
from codedance.cli.train_ablation import make_run, write_table
from codedance.errors import DataError
from codedance.store import write_text

if TYPE_CHECKING:
    from codedance.analysis.faithfulness import Faithfulness
    from codedance.study.claims import Judged
    from codedance.study.evidence import Evidence
    from codedance.study.settings import StudySettings
    from codedance.study.steps import Step

__all__ = ["do_step", "judged_of"]

_EVIDENCE = "evidence.json"


def do_step(out: Path, step: Step, settings: StudySettings, *, scale: str, device: str) -> None:
    """Do a step whole, going on from what is there; its inputs are done."""
    from codedance.study.steps import Step

    match step:
        case Step.DATA:
            _make(out, settings)
        case Step.SFT:
            _teach(out, settings)
        case Step.GRPO:
            _reinforce(out, settings, device)
        case Step.EVALUATION:
            _evaluate(out, settings)
        case Step.SCALING:
            make_scaled(out, settings)
        case Step.ANALYSIS:
            _analyse(out, settings)
        case Step.REPORT:
            _report(out, settings, scale)
        case unreachable:
            assert_never(unreachable)


def judged_of(out: Path) -> list[Judged]:
    """The claims as the report has them; raises :class:`DataError` where it cannot be read."""
    from pydantic import ValidationError

    from codedance.study.claims import Judged

    path = out / "report" / "report.json"
    try:
        return [Judged.model_validate(one) for one in json.loads(path.read_text(encoding="utf-8"))["claims"]]
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise DataError(
            f"{path}: cannot be read ({type(error).__name__}); give the command again with --from report"
        ) from None


def _make(out: Path, settings: StudySettings) -> None:
    """The supervised set, or a look at the one that was given."""
    from codedance.store import RunFolder

    if settings.given_data is None:
        make_set(settings.data, out / "data", workers=os.cpu_count() or 1)
    elif next(RunFolder.open(Path(settings.given_data)).trajectories(), None) is None:
        raise DataError(f"{settings.given_data}: holds no trajectories")


def _teach(out: Path, settings: StudySettings) -> None:
    from codedance.models.local.checkpoint import load_checkpoint, save_checkpoint
    from codedance.models.nano import CHECKPOINT
    from codedance.study.steps import data_folder

    folder = out / "sft"
    if settings.given_model is not None:
        given, encoder = load_checkpoint(CHECKPOINT if settings.given_model == "nano" else Path(settings.given_model))
        save_checkpoint(given, encoder.tokenizer, folder / "checkpoint")
        return
    teach(settings.sft, data_folder(out, settings), folder, what="teaching")


def _reinforce(out: Path, settings: StudySettings, device: str) -> None:
    from codedance.study.steps import run_name

    folders = []
    for number, (variant, seed) in enumerate(settings.runs, 1):
        tell(f"run {number} of {len(settings.runs)}: {run_name(variant, seed)}")
        chosen = settings.grpo.model_copy(update={"variant": variant, "seed": seed})
        folder = out / "grpo" / run_name(variant, seed)
        model = str(out / "sft" / "checkpoint")
        make_run(chosen, folder, model=model, tasks=None, device=device, steps=settings.steps)
        folders.append(folder)
    write_table(folders, out / "grpo")


def _evaluate(out: Path, settings: StudySettings) -> None:
    from codedance.study.steps import run_name

    checkpoints = {"start": out / "sft" / "checkpoint"}
    checkpoints |= {run_name(*one): out / "grpo" / run_name(*one) / "checkpoint" for one in settings.runs}
    for name, checkpoint in checkpoints.items():
        ask_policy(checkpoint, out / "evaluation" / name, settings, name=name, families=settings.families)


def _analyse(out: Path, settings: StudySettings) -> None:
    """The reports of `codedance analyze`, and at last what the claims are judged by: whole or not there."""
    from codedance.analysis.attempts import read_attempts
    from codedance.analysis.emergence import corpus_of, emergence_of
    from codedance.analysis.emergence_report import emergence_figures, emergence_sections
    from codedance.analysis.report import usage_figures, write_report
    from codedance.analysis.usage import usage_of, usage_sections
    from codedance.models.local.checkpoint import load_checkpoint
    from codedance.study.evidence import FOLLOWED, gather
    from codedance.study.steps import data_folder, run_name

    folder = out / "analysis"
    with progress_bar("reading the set", settings.data.count) as tick:
        corpus = corpus_of(read_attempts(data_folder(out, settings), tick=tick))
    followed = []
    for variant, seed in settings.runs:
        if variant != FOLLOWED:
            continue
        name = run_name(variant, seed)
        with progress_bar(f"reading {name}", None) as tick:
            attempts = list(read_attempts(out / "grpo" / name, tick=tick))
        followed += attempts
        emerged = emergence_of(corpus, attempts, names=("data", name))
        write_report(
            folder / f"emergence-{name}",
            "emergence",
            emergence_sections(emerged),
            title=f"What emerged in {name} beyond the supervised set",
            values=emerged.model_dump(mode="json"),
            figures=emergence_figures(emerged),
        )
    if followed:
        usage = usage_of(followed, runs=[run_name(*one) for one in settings.runs if one[0] == FOLLOWED])
        write_report(
            folder / "operations",
            "operations",
            usage_sections(usage),
            title=f"Operations in training with {FOLLOWED}",
            values=usage.model_dump(mode="json"),
            figures=usage_figures(usage),
        )
    views = _effort_and_views(out, settings)
    network, _ = load_checkpoint(out / "sft" / "checkpoint")
    parameters = sum(one.numel() for one in network.parameters())
    found = gather(
        out,
        settings,
        corpus=corpus,
        followed=followed,
        views=views,
        scaled=read_scaled(out, settings),
        parameters=parameters,
    )
    write_text(folder / _EVIDENCE, found.model_dump_json() + "\n")


def _effort_and_views(out: Path, settings: StudySettings) -> list[Faithfulness]:
    """Adaptivity and faithfulness of the start and of each reward's first seed, on the held-out scenes."""
    from codedance.analysis.adaptivity import adaptivity_of, training_points
    from codedance.analysis.adaptivity_report import adaptivity_figures, adaptivity_sections
    from codedance.analysis.attempts import read_attempts
    from codedance.analysis.faithfulness import faithfulness_of, looks
    from codedance.analysis.faithfulness_report import faithfulness_figures, faithfulness_sections
    from codedance.analysis.report import write_report
    from codedance.study.steps import run_name

    names = ["start", *(run_name(variant, settings.seeds[0]) for variant in settings.variants)]
    efforts, views = [], []
    for name in names:
        run = out / "evaluation" / name
        efforts.append(adaptivity_of(list(read_attempts(run)), run=name, training=training_points(out / "grpo" / name)))
        with progress_bar(f"views of {name}", 2 * settings.rows * len(settings.families)) as tick:
            views.append(faithfulness_of(list(looks(run, tick=tick)), run=name))
    write_report(
        out / "analysis" / "adaptivity",
        "adaptivity",
        adaptivity_sections(efforts),
        title="Effort and difficulty",
        values=[one.model_dump(mode="json") for one in efforts],
        figures=adaptivity_figures(efforts),
    )
    write_report(
        out / "analysis" / "faithfulness",
        "faithfulness",
        faithfulness_sections(views),
        title="Views and evidence",
        values=[one.model_dump(mode="json") for one in views],
        figures=faithfulness_figures(views),
    )
    return views


def _report(out: Path, settings: StudySettings, scale: str) -> None:
    from codedance.analysis.report import write_report
    from codedance.study.claims import judge
    from codedance.study.page import study_page
    from codedance.study.report import study_figures, study_report, study_sections, study_values
    from codedance.study.steps import Step, done

    times = [found for step in Step if step is not Step.REPORT and (found := done(out, step)) is not None]
    evidence = _evidence(out)
    report = study_report(settings, scale=scale, evidence=evidence, judged=judge(evidence), times=times)
    title = f"The study at scale {scale}"
    sections = study_sections(report)
    drawn = {name: draw() for name, draw in study_figures(report).items()}
    folder = out / Step.REPORT.value
    kept = {name: (lambda data=data: data) for name, data in drawn.items()}
    write_report(folder, "report", sections, title=title, values=study_values(report), figures=kept)
    write_text(folder / "report.html", study_page(title, sections, drawn))


def _evidence(out: Path) -> Evidence:
    from pydantic import ValidationError

    from codedance.study.evidence import Evidence

    path = out / "analysis" / _EVIDENCE
    try:
        return Evidence.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(
            f"{path}: cannot be read ({type(error).__name__}); give the command again with --from analysis"
        ) from None
