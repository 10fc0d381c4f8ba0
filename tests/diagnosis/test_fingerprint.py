from __future__ import annotations

from dataclasses import replace

from gradcheck_cli.diagnosis.fingerprint import fingerprint
from tests.histories import make_description, make_finding

RUN = make_description()


def test_numbers_places_and_further_layers_do_not_count() -> None:
    one = make_finding(layers=("linear_1",))
    other = replace(one, message="It is 5.", path="model.layers[7]", layers=("linear_1", "linear_2"), first_step=9)
    assert fingerprint(one, RUN, source="a.yaml") == fingerprint(other, RUN, source="a.yaml")


def test_rule_file_and_first_layer_count() -> None:
    one = make_finding(layers=("linear_1",))
    prints = {
        fingerprint(one, RUN, source="a.yaml"),
        fingerprint(one, RUN, source="b.yaml"),
        fingerprint(replace(one, rule="GC102"), RUN, source="a.yaml"),
        fingerprint(replace(one, layers=("linear_2",)), RUN, source="a.yaml"),
        fingerprint(replace(one, layers=()), RUN, source="a.yaml"),
    }
    assert len(prints) == 5
