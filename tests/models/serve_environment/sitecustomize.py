"""For the server process of the tests alone: lets ``transformers serve`` run a Qwen2.5-VL without torchvision.

The published processor class wants a video processor, which wants torchvision; pictures need neither, so the class that
CodeDance uses for ``hf:`` models takes its place. And where a request names stop texts, the server hands the processor
to code that wants a tokenizer: it is given the processor's. Everything else of the server is as installed.
"""

import importlib.util
import sys
from typing import Any

if importlib.util.find_spec("torchvision") is None and any("serve" in argument for argument in sys.orig_argv):
    from transformers import AutoProcessor
    from transformers.generation.stopping_criteria import StopStringCriteria

    from codedance.models.hf import image_processor_pair

    begin = StopStringCriteria.__init__

    def begin_with_tokenizer(self: Any, tokenizer: Any, stop_strings: Any) -> None:  # noqa: ANN401
        """As published, with the tokenizer of a processor."""
        begin(self, tokenizer=getattr(tokenizer, "tokenizer", tokenizer), stop_strings=stop_strings)

    StopStringCriteria.__init__ = begin_with_tokenizer
    AutoProcessor.from_pretrained = lambda source, **_: image_processor_pair(source)
