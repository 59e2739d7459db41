"""Errors → problems: by the nearest class, with what the caller may know and nothing else."""

from server.api.errors import ProblemKind, problem_for


class TeaError(Exception):
    pass


class TooHot(TeaError):
    def __init__(self, degrees: int) -> None:
        super().__init__("The tea is too hot.")
        self.degrees = degrees
        self.kettle = "secret"


class FarTooHot(TooHot):
    pass


TABLE = {TeaError: ProblemKind(400, "tea", "Tea"), TooHot: ProblemKind(409, "too-hot", "Too hot", ("degrees",))}


def test_the_nearest_class_speaks() -> None:
    for error, slug in [(TeaError("x"), "tea"), (TooHot(99), "too-hot"), (FarTooHot(120), "too-hot")]:
        problem = problem_for(error, TABLE)
        assert problem is not None
        assert problem.kind.slug == slug


def test_only_named_attributes_are_told() -> None:
    problem = problem_for(TooHot(99), TABLE)
    assert problem is not None
    assert problem.body() == {
        "type": "/problems/too-hot",
        "title": "Too hot",
        "status": 409,
        "detail": "The tea is too hot.",
        "degrees": 99,
    }


def test_what_is_not_in_the_table_is_a_fault_of_ours() -> None:
    assert problem_for(ValueError("internals"), TABLE) is None
