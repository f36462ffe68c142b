"""The mutation gate follows the code: what it takes out is there. `make gate` takes it out."""

from __future__ import annotations

import pytest

from tests.faults.gate import MUTATIONS, ROOT, Mutation, applied


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_what_the_gate_takes_out_is_where_it_looks_for_it(mutation: Mutation) -> None:
    for edit in mutation.edits:
        assert applied(edit, ROOT) != (ROOT / edit.file).read_text(encoding="utf-8")
