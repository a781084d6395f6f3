"""What code does: operations and compositions, found in it without running it."""

from codedance.analysis.operations.code import CodeOperations, Flow, operations_of_cells
from codedance.analysis.operations.ledger import Occurrence
from codedance.analysis.operations.vocabulary import Operation

__all__ = ["CodeOperations", "Flow", "Occurrence", "Operation", "operations_of_cells"]
