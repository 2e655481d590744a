"""The methods that are served: those of the Marianne protocol that make sense here, our own, and no others."""

from podium.conductor.service.handlers import TABLE
from tests.support.wire_methods import MARIANNE_METHODS, OWN_METHODS


def test_the_conductor_serves_the_methods_of_the_protocol_that_apply_to_it_and_its_own() -> None:
    served = {method for method, answered in MARIANNE_METHODS.items() if answered}
    assert set(TABLE) == served | set(OWN_METHODS)
    assert len(MARIANNE_METHODS) == 25
