"""The reference of settings and of file formats, from the records that the program reads and writes."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from codedance.schema import SCHEMA_VERSION, Record
from command_pages import cell

__all__ = ["format_pages", "plain", "settings_page"]

SETTINGS = {
    "codedance ask, codedance serve": "codedance.episode:EpisodeSettings",
    "codedance eval, beside those of an episode: rows.": "codedance.bench.data.loading:LoadSettings",
    "codedance eval: patience.": "codedance.bench.evaluation:Patience",
    "codedance eval: server.": "codedance.models.server:ServerSettings",
    "codedance eval: judge.": "codedance.bench.judging:JudgeSettings",
    "codedance sandbox": "codedance.sandbox:Limits",
    "codedance reward": "codedance.rewards:RewardSettings",
    "codedance synth": "codedance.synth.pictures.settings:SynthSettings",
    "codedance data generate": "codedance.synth.plan:GenerateSettings",
    "codedance data filter": "codedance.synth.pictures.settings:FilterSettings",
    "codedance train nano": "codedance.train.nano:NanoRecipe",
    "codedance train sft": "codedance.train.sft:SftSettings",
    "codedance train grpo": "codedance.train.grpo_settings:GrpoSettings",
    "codedance plan": "codedance.cluster.plan.settings:PlanSettings",
}
"""Which commands a record of settings belongs to."""
FORMATS = {
    "manifest.json": "codedance.store:Manifest",
    "tasks.jsonl": "codedance.schema:Task",
    "trajectories.jsonl": "codedance.schema:Trajectory",
    "seals.jsonl": "codedance.store.seals:Seal",
    "data.json": "codedance.bench.evaluation.run:RunData",
    "scores.jsonl": "codedance.bench.evaluation.ends:RowEnd",
    "costs.jsonl": "codedance.bench.evaluation.ends:CostLine",
    "decisions.jsonl": "codedance.synth.pictures.journal:Decision",
    "rejected.jsonl": "codedance.synth.interop.contract:Rejected",
    "export.json": "codedance.synth.interop.contract:ExportReport",
}
"""Files of run folders and exports, and the record that a file, or a line of it, holds."""
_ROLE = re.compile(r":[a-z]+:`~?(?:[\w.]*\.)?(\w+)`")


def plain(text: str) -> str:
    """A docstring's text as Markdown: roles become code.

    >>> plain("see :class:`~codedance.schema.Task`")
    'see `Task`'
    """
    return _ROLE.sub(r"`\1`", text).replace("``", "`")


def settings_page() -> str:
    """Every setting of every command with its default and meaning."""
    lines = [
        "# Settings",
        "",
        "Given as `--set NAME=VALUE`, or in a TOML file with `--config` where a command has it. A value is read as",
        "JSON where it is JSON and as text otherwise; unknown names are refused.",
    ]
    for command, path in SETTINGS.items():
        kind = _loaded(path)
        prefix = command.partition(": ")[2]
        lines += ["", f"## {command}", "", _told(kind), "", "| setting | default | meaning |", "|---|---|---|"]
        for name, default, meaning in _settings(kind, prefix):
            lines.append(f"| `{name}` | {default} | {meaning} |")
    return "\n".join(lines)


def format_pages() -> dict[str, str]:
    """The page of file formats, and a JSON schema for each file."""
    pages, parts = {}, {}
    lines = [
        "# File formats",
        "",
        f"Version of the schema: **{SCHEMA_VERSION}**. It stands in the field `schema_version` and is raised",
        "whenever a reader of the old version would misread the new one. A file ending in `.jsonl` holds one record a",
        "line; unknown fields are refused. Pictures lie beside in `pictures/`, named by the SHA-256 of their bytes.",
        "",
    ]
    for name, path in FORMATS.items():
        kind = _loaded(path)
        schema = kind.model_json_schema(mode="serialization")
        target = f"schemas/{name.partition('.')[0]}.schema.json"
        pages[f"reference/{target}"] = json.dumps(schema, indent=2)
        parts.update(schema.pop("$defs", {}))
        lines += [f"## {name}", "", f"{_told(kind)} [JSON schema]({target})", "", *_fields(schema), ""]
    lines += ["## Parts", "", "What the fields above are made of.", ""]
    for name, part in sorted(parts.items()):
        lines += [f"### {name}", "", plain(str(part.get("description", ""))), ""]
        if "enum" in part:
            lines += ["One of " + ", ".join(f"`{one}`" for one in part["enum"]) + ".", ""]
        else:
            lines += [*_fields(part), ""]
    return {"reference/formats.md": "\n".join(lines), **pages}


def _loaded(path: str) -> type[BaseModel]:
    module, _, name = path.partition(":")
    kind: type[Record] = getattr(importlib.import_module(module), name)
    assert issubclass(kind, Record), path
    return kind


def _told(kind: type[BaseModel]) -> str:
    return plain(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " "))


def _settings(kind: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in kind.model_fields.items():
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from _settings(type(default), f"{prefix}{name}.")
            continue
        shown = "required" if field.is_required() else f"`{cell(_json(default))}`"
        yield f"{prefix}{name}", shown, cell(plain(field.description or ""))


def _json(value: Any) -> str:  # noqa: ANN401 - a default of any field
    text = json.dumps(
        value, default=lambda one: one.model_dump(mode="json") if isinstance(one, BaseModel) else str(one)
    )
    return text if len(text) <= 120 else f"{text[:117]}..."


def _fields(schema: Mapping[str, Any]) -> list[str]:
    lines = ["| field | type | meaning |", "|---|---|---|"]
    for name, field in schema.get("properties", {}).items():
        lines.append(f"| `{name}` | {_kind(field)} | {cell(plain(field.get('description', '')))} |")
    return lines if len(lines) > 2 else []


def _kind(field: Mapping[str, Any]) -> str:
    """The type of a field in words; kinds of ours are links to their part of the page."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in field:
        return f"`{cell(json.dumps(field['const']))}`"
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    choices = field.get("anyOf") or field.get("oneOf")
    if choices:
        return " or ".join(_kind(one) for one in choices)
    match field.get("type"):
        case "array" if "prefixItems" in field:
            return "list: " + ", ".join(_kind(one) for one in field["prefixItems"])
        case "array":
            return f"list of {_kind(field.get('items', {}))}"
        case "object" if isinstance(field.get("additionalProperties"), dict):
            return f"map to {_kind(field['additionalProperties'])}"
        case str() as kind:
            return kind
        case _:
            return "any"
