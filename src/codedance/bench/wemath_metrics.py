"""We-Math's four measures: does a model solve a problem because it can solve its steps?

For each problem, with the answers to its steps and to the whole:

- IK, insufficient knowledge: a step is wrong and the whole is wrong;
- IG, inadequate generalization: all steps are right and the whole is wrong;
- CM, complete mastery, and RM, rote memorization: the whole is right. Strictly it is CM if all steps are right and RM
  if one is wrong; loosely CM if one step is right and RM if all are wrong.

The score is (CM + IG / 2) / problems, which is the official (525 - IG / 2 - RM - IK) / 525 when no row is missing. The
official form counts what is missing as mastered: an incomplete set is refused here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codedance.bench.outcomes import Metric, Metrics, RowScore
from codedance.bench.statistics import cluster_mean_interval, wilson
from codedance.errors import DataError

__all__ = ["PROBLEMS", "domain_accuracies", "problem_of", "read_domains", "wemath_metrics"]

PROBLEMS = 525
"""Problems of the whole benchmark: 360 of two steps, 165 of three."""
_STEPS = {"2steps": ("1", "2"), "3steps": ("1", "2", "3")}
_MULTI = "multi"
_WORTH = {"CM": 1.0, "IG": 0.5, "RM": 0.0, "IK": 0.0}


def problem_of(row: Mapping[str, Any]) -> str:
    """What the rows of a problem share: how many steps it has and its ``ID``.

    >>> problem_of({"ID": 17, "key": "2steps_multi"})
    '2steps/17'
    """
    return f"{str(row.get('key') or '').partition('_')[0]}/{row.get('ID')}"


def wemath_metrics(rows: Sequence[RowScore], *, problems: int | None = PROBLEMS) -> Metrics:
    """The measures, both ways, with S1, S2 and S3.

    Args:
        rows: scored rows whose ``row`` has ``ID`` and ``key``.
        problems: how many problems there must be; ``None``: as many as there are, if each is whole.
    """
    table: dict[str, dict[str, RowScore]] = defaultdict(dict)
    for row in rows:
        if not {"ID", "key"} <= row.row.keys():
            return Metrics(refused="rows without ID and key do not tell which problem they belong to")
        part = row.row["key"].partition("_")[2]
        if part in table[problem_of(row.row)]:
            return Metrics(refused=f"the row {row.row['key']} of problem {row.row['ID']} is there twice")
        table[problem_of(row.row)][part] = row
    for name, parts in table.items():
        if set(parts) != {*_STEPS.get(name.partition("/")[0], ()), _MULTI}:
            return Metrics(refused=f"problem {name} lacks rows: it has {', '.join(sorted(parts))}")
    if not table or (problems is not None and len(table) != problems):
        return Metrics(refused=f"{len(table)} of {problems or PROBLEMS} problems: the score of a part is not the score")
    values: dict[str, Metric] = {}
    for way in ("strict", "loose"):
        values |= _measures(list(table.values()), way)
        interval = cluster_mean_interval((name, _WORTH[_kind(parts, way)]) for name, parts in table.items())
        values[f"score_{way}"] = values[f"score_{way}"].model_copy(update={"interval": interval})
    return Metrics(values=values | _steps(table), headline="score_strict")


def _kind(parts: Mapping[str, RowScore], way: str) -> str:
    steps = [row.value == 1 for part, row in parts.items() if part != _MULTI]
    if parts[_MULTI].value == 1:
        return "CM" if (all(steps) if way == "strict" else any(steps)) else "RM"
    return "IG" if all(steps) else "IK"


def _measures(problems: Sequence[Mapping[str, RowScore]], way: str) -> dict[str, Metric]:
    kinds = [_kind(parts, way) for parts in problems]
    count = {kind: kinds.count(kind) for kind in _WORTH}
    values = {f"score_{way}": Metric(value=sum(_WORTH[kind] for kind in kinds) / len(kinds), of=len(kinds))}
    for kind in ("IK", "IG", "CM"):
        values[f"{kind}_{way}"] = _share(count[kind], len(kinds))
    values[f"RM_{way}"] = _share(count["RM"], count["CM"] + count["RM"])
    return values


def _share(count: int, of: int) -> Metric:
    """A share; of nothing it is undefined, where the official code divides by zero."""
    if of == 0:
        return Metric(value=None, count=count, of=0)
    return Metric(value=count / of, interval=wilson(count, of), count=count, of=of)


def _steps(table: Mapping[str, Mapping[str, RowScore]]) -> dict[str, Metric]:
    """Accuracies of steps alone, and of whole problems of two and of three steps."""
    rows = {
        "S1": [row for parts in table.values() for part, row in parts.items() if part != _MULTI],
        "S2": [parts[_MULTI] for name, parts in table.items() if name.startswith("2steps")],
        "S3": [parts[_MULTI] for name, parts in table.items() if name.startswith("3steps")],
    }
    return {name: _share(sum(row.value == 1 for row in kept), len(kept)) for name, kept in rows.items()}


def read_domains(path: Path) -> dict[str, str]:
    """Domain of each knowledge concept, from the official ``knowledge_structure_nodes.json``.

    Raises:
        DataError: the file is not such a list.
    """
    try:
        nodes = json.loads(path.read_text(encoding="utf-8"))
        return {str(node["full node"]).rpartition("_")[2]: str(node["root2"]) for node in nodes}
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: is not We-Math's list of knowledge nodes ({type(error).__name__}: {error})") from None


def domain_accuracies(concepts: Mapping[str, float | None], domains: Mapping[str, str]) -> dict[str, Metric]:
    """Mean accuracy of a domain's concepts, each weighing the same, as the official report has it.

    Args:
        concepts: accuracy of the single steps about each knowledge concept.
        domains: as :func:`read_domains` gives them.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for concept, domain in domains.items():
        accuracy = concepts.get(concept)
        if accuracy is not None:
            found[domain].append(accuracy)
    return {domain: Metric(value=sum(values) / len(values), of=len(values)) for domain, values in found.items()}
