"""The methods that are served are those that the contract names, and no others."""

from podium.conductor.service.handlers import TABLE
from podium.contract.methods import MARIANNE_METHODS, OWN_METHODS


def test_what_the_contract_says_of_the_methods_is_what_the_conductor_serves() -> None:
    served = {method for method, answered in MARIANNE_METHODS.items() if answered}
    assert set(TABLE) == served | set(OWN_METHODS)
    assert len(MARIANNE_METHODS) == 25
