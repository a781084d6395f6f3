"""Our loop, rewards and advantages within ms-swift; docs/design/0010-engines.md says where each is hooked in."""
