"""A vision-language model of transformers on this machine: batched, its keys and values kept from turn to turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from codedance.errors import MissingExtraError, ModelContextFullError, ModelError, ModelNotFoundError, UsageError
from codedance.models.contract import Completion
from codedance.protocol import ChatMessage
from codedance.schema import Sampling

if TYPE_CHECKING:
    from codedance.models.hf_generate import Generator, Request

__all__ = ["HfModel", "checkpoint_folder", "image_processor_pair", "load_hf"]

_HUB_SECONDS = 10.0
"""Longest wait for the hub's word whether it has a model."""


@dataclass(slots=True)
class _Waiting:
    """A call that waits for its batch."""

    request: Request
    done: anyio.Event
    completion: Completion | None = None
    error: Exception | None = None


class HfModel:
    """Calls that are in flight together are generated together.

    The first call opens a batch, and what arrives while a batch is generated makes the next one.

    Args:
        generator: model and processor.
        name: specification for the record.
        batch: most conversations in one batch.
    """

    def __init__(self, generator: Generator, *, name: str, batch: int = 32) -> None:
        self._generator = generator
        self._name = name
        self._batch = batch
        self._queue: list[_Waiting] = []
        self._lock: anyio.Lock | None = None

    @property
    def name(self) -> str:
        """Specification for the record."""
        return self._name

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Sample the next message, together with whoever asks at the same time; text is told when it is complete."""
        from codedance.models.hf_generate import Request

        request = Request(tuple(messages), sampling, tuple(stop))
        waiting = _Waiting(request, anyio.Event())
        self._queue.append(waiting)
        await anyio.lowlevel.checkpoint()  # lets other callers join the batch
        self._lock = self._lock or anyio.Lock()
        try:
            async with self._lock:
                while not waiting.done.is_set():
                    await self._generate()
        finally:
            if waiting in self._queue:
                self._queue.remove(waiting)
        if waiting.error is not None:
            raise waiting.error
        if waiting.completion is None:
            raise ModelError(f"{self._name}: the batch ended without this reply")
        if on_text is not None:
            on_text(waiting.completion.text)
        return waiting.completion

    async def close(self) -> None:
        """Forget all conversations."""
        self._generator.forget()

    async def _generate(self) -> None:
        """Generate for those of the queue that share the first one's way of sampling."""
        first = self._queue[0].request
        batch = [one for one in self._queue if one.request.fits(first)][: self._batch]
        self._queue = [one for one in self._queue if one not in batch]
        try:
            requests = [one.request for one in batch]
            outcomes = await anyio.to_thread.run_sync(self._generator.generate, requests)
            for one, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, ModelContextFullError):
                    one.error = outcome
                else:
                    one.completion = outcome
        except (RuntimeError, ValueError, IndexError) as error:
            # Out of memory, a picture the processor refuses: the episode ends with a typed failure.
            reason = " ".join(str(error).split())[:300]
            for one in batch:
                one.error = ModelError(f"{self._name}: generation failed ({type(error).__name__}: {reason})")
        finally:
            for one in batch:
                one.done.set()


def load_hf(path_or_id: str, *, device: str | None = None, dtype: str = "auto", bars: bool = False) -> HfModel:
    """Load a checkpoint with transformers; a local folder is never looked up on a hub.

    Args:
        path_or_id: folder, or name on the hub.
        device: where it computes; the first graphics card if there is one.
        dtype: of the weights; the checkpoint's own if not named.
        bars: have transformers show how far it is, on the error stream.

    Raises:
        UsageError: a folder that is not there, or is no checkpoint.
        MissingExtraError: torch or transformers is not installed.
        ModelNotFoundError: no such model on the hub, or the hub cannot be reached and nothing of it lies in the cache.
    """
    folder = checkpoint_folder(path_or_id)
    try:
        import torch
        from transformers import AutoModelForImageTextToText

        from codedance.models.hf_generate import Generator
    except ImportError:
        raise MissingExtraError("hf: models", "local") from None
    source = str(folder) if folder is not None else path_or_id
    here = folder is not None or not _hub_has(path_or_id)
    try:
        with _bars(shown=bars):
            model = AutoModelForImageTextToText.from_pretrained(source, dtype=dtype, local_files_only=here)
            processor = image_processor_pair(source, here=here)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:240]
        raise ModelNotFoundError(f"hf:{path_or_id}: cannot be loaded ({reason})") from None
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cpu" and model.dtype == torch.bfloat16:
        model = model.float()  # many processors are slower in bfloat16 than in float32
    return HfModel(Generator(model.to(device).eval(), processor), name=f"hf:{path_or_id}")


def checkpoint_folder(path_or_id: str) -> Path | None:
    """The folder of this machine that is meant; ``None`` for a name on the hub.

    Raises:
        UsageError: the folder is not there, or holds no checkpoint.
    """
    local = Path(path_or_id).expanduser()
    if not path_or_id.startswith((".", "/", "~")) and not local.exists():
        return None
    if not (local / "config.json").is_file():
        lacks = "no checkpoint in this folder (no config.json)" if local.is_dir() else "no such folder"
        raise UsageError(f"hf:{path_or_id}: there is {lacks}")
    return local


def _hub_has(name: str) -> bool:
    """Ask the hub once; False if it says no but the model lies in the cache.

    Left to themselves, its libraries ask for half a minute and tell of each try.

    Raises:
        ModelNotFoundError: neither there nor here.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        HfApi().model_info(name, timeout=_HUB_SECONDS)
    except Exception as error:  # a boundary: it raises errors of half a dozen libraries
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
    else:
        return True
    with suppress(ValueError):  # no name of the hub's
        if isinstance(try_to_load_from_cache(name, "config.json"), str):
            return False
    raise ModelNotFoundError(
        f"hf:{name}: there is no such folder here, and the hub does not give it ({reason}); give the path of a "
        "checkpoint, or look at the name and the network"
    )


@contextmanager
def _bars(*, shown: bool) -> Iterator[None]:
    """Keep transformers' progress bars, which it shows to everybody, from who has not asked for them."""
    from transformers.utils import logging

    if shown or not logging.is_progress_bar_enabled():
        yield
        return
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.enable_progress_bar()


def image_processor_pair(source: str, *, here: bool = False) -> Any:  # noqa: ANN401 - processors have no common type
    """The checkpoint's processor; for Qwen2.5-VL without torchvision one that knows pictures and no videos.

    The published processor class wants a video processor, and that wants torchvision, which pictures do not need.

    Args:
        source: a folder, or a name on the hub.
        here: read what lies on this machine, and do not ask the hub.
    """
    from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer
    from transformers.utils import is_torchvision_available

    qwen = AutoConfig.from_pretrained(source, local_files_only=here).model_type in ("qwen2_5_vl", "qwen2_vl")
    if not qwen or is_torchvision_available():
        return AutoProcessor.from_pretrained(source, local_files_only=here)
    from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
    from transformers.processing_utils import ProcessorMixin

    class PictureProcessor(Qwen2_5_VLProcessor):  # type: ignore[misc]
        """Qwen2.5-VL's processor without its video half."""

        def __init__(self, image_processor: Any = None, tokenizer: Any = None, **kwargs: Any) -> None:  # noqa: ANN401
            self.image_token = "<|image_pad|>"  # noqa: S105 - a token of text
            self.video_token = "<|video_pad|>"  # noqa: S105
            self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
            self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=kwargs.get("chat_template"))

    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=here)
    images = AutoImageProcessor.from_pretrained(source, local_files_only=here)
    return PictureProcessor(images, tokenizer, chat_template=tokenizer.chat_template)
