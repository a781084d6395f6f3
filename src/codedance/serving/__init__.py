"""The loop for others: OpenAI's chat completions over HTTP, and a playground in the browser (``codedance serve``)."""

from codedance.serving.settings import ServedModel, ServingSettings

__all__ = ["ServedModel", "ServingSettings"]
