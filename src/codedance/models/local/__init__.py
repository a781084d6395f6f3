"""A small Qwen2.5-VL of our own making: network, tokenizer, chat format, checkpoints, decoding."""
