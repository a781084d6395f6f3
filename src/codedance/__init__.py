"""CodeDance: vision-language models that reason by writing and running code."""

__version__ = "0.1.0"

__all__ = ["__version__"]
