"""CodeDance as a model of lmms-eval: ``lmms-eval --model codedance --model_args model=server:NAME,base_url=URL``.

lmms-eval finds the model by the entry point ``lmms_eval.models`` (:mod:`codedance.cli.lmms_eval`). Its class is made
when it is asked for, because the base class is lmms-eval's. Written for lmms-eval 0.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from codedance.bench.adapters.answering import AnswerSettings, Asked, answer_all
from codedance.errors import UsageError
from codedance.schema.faults import first_fault

__all__ = ["make_class", "make_manifest", "questions_of"]


def make_manifest(class_path: str) -> Any:  # noqa: ANN401 - a class of a program that need not be there
    """What lmms-eval registers: the name of the model and where its class is.

    Raises:
        UsageError: lmms-eval is not installed, or is older than 0.7.
    """
    try:
        from lmms_eval.models.registry_v2 import ModelManifest
    except ImportError as error:
        raise UsageError(f"lmms-eval 0.7 or newer is needed: pip install lmms_eval ({error})") from None
    return ModelManifest(model_id="codedance", simple_class_path=class_path)


def questions_of(requests: Sequence[Any], documents: Mapping[str, Any]) -> list[Asked]:
    """Requests of lmms-eval as questions.

    Args:
        requests: with ``args`` of context, generation settings, the function from a document to its pictures, the
            document's number, task and split.
        documents: by task, split and number.
    """
    asked: list[Asked] = []
    for request in requests:
        context, _, to_pictures, number, task, split = request.args
        shown = to_pictures(documents[task][split][number]) or []
        images = [one for one in _flat(shown) if isinstance(one, Image.Image)]
        # A document may be asked several times, differently: the place tells these apart.
        asked.append(Asked(f"{task}/{split}/{number}#{len(asked)}", str(context), images))
    return asked


def _flat(shown: Any) -> list[Any]:  # noqa: ANN401 - whatever a task gives
    if isinstance(shown, list | tuple):
        return [one for part in shown for one in _flat(part)]
    return [shown]


def make_class(api_key: Callable[[], str | None]) -> type:
    """The model's class, which has lmms-eval's base class.

    Args:
        api_key: gives the server's key when it is needed.

    Raises:
        UsageError: lmms-eval is not installed.
    """
    try:
        from lmms_eval.api.model import lmms
    except ImportError as error:
        raise UsageError(f"lmms-eval is needed: pip install lmms_eval ({error})") from None

    class CodeDance(lmms):  # type: ignore[misc]
        """The loop of CodeDance; the settings are those of :class:`AnswerSettings`, ``out`` a run folder."""

        is_simple = True

        def __init__(self, out: str | None = None, batch_size: Any = None, device: Any = None, **settings: Any) -> None:  # noqa: ANN401
            super().__init__()
            del batch_size, device  # given to every model; the settings say how many questions are asked at once
            self.settings = _settings(settings)
            self.out = Path(out) if out else None

        def generate_until(self, requests: list[Any]) -> list[str]:
            """Answer every request, in order."""
            asked = questions_of(requests, self.task_dict)
            return answer_all(asked, self.settings, api_key=api_key(), out=self.out)

        def generate_until_multi_round(self, requests: list[Any]) -> list[str]:
            """Refused: the loop has rounds of its own."""
            raise NotImplementedError("CodeDance answers single-round tasks only")

        def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
            """Refused: an episode has no likelihood."""
            raise NotImplementedError("CodeDance has no log-likelihoods; choose tasks that generate")

    return CodeDance


def _settings(given: Mapping[str, Any]) -> AnswerSettings:
    from pydantic import ValidationError

    try:
        return AnswerSettings.model_validate(dict(given))
    except ValidationError as error:
        names = ", ".join(AnswerSettings.model_fields)
        raise UsageError(f"--model_args {first_fault(error)}; there are out, {names}") from None
