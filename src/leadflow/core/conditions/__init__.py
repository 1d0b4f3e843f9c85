"""One small language for rules, stages, segments and store queries.

A condition is true or false of a row of fields. A missing field is None: comparing it, or values of unlike types, gives
False and never an error; `!=` and `not in` are the opposites of `==` and `in`. `x == None` asks whether x is missing.
"""

from leadflow.core.conditions.aql import to_aql
from leadflow.core.conditions.closure import compile_condition
from leadflow.core.conditions.condition import (
    Condition,
    all_of,
    any_of,
    compare,
    equals,
    exists,
    fields_of,
    negate,
    one_of,
)
from leadflow.core.conditions.nodes import ConditionError
from leadflow.core.conditions.parse import parse
from leadflow.core.conditions.sql import to_sql

__all__ = [
    "Condition",
    "ConditionError",
    "all_of",
    "any_of",
    "compare",
    "compile_condition",
    "equals",
    "exists",
    "fields_of",
    "negate",
    "one_of",
    "parse",
    "to_aql",
    "to_sql",
]
