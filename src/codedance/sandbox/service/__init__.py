"""The sandbox for others: over HTTP (:mod:`api`, with its :mod:`client`) and as an MCP tool (:mod:`mcp_server`)."""

from codedance.sandbox.service.client import RemoteSandbox
from codedance.sandbox.service.keeper import BusyError, SessionKeeper, UnknownSessionError

__all__ = ["BusyError", "RemoteSandbox", "SessionKeeper", "UnknownSessionError"]
