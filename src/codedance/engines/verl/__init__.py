"""Our loop, rewards and advantages within verl; see docs/design/0010-engines.md for where each of them is hooked in."""
