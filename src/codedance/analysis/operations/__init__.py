"""What code does: operations and compositions, found in it without running it."""

from codedance.analysis.operations.code import CodeOperations, Flow, operations_of_cells
from codedance.analysis.operations.ledger import Occurrence
from codedance.analysis.operations.vocabulary import DRAWINGS, REPEATABLE, Operation

__all__ = ["DRAWINGS", "REPEATABLE", "CodeOperations", "Flow", "Occurrence", "Operation", "operations_of_cells"]
