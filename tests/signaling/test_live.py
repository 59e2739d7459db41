"""A live topic: whatever happens, a snapshot and the deltas after it are the state."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.live import Delta, LiveTopic, Snapshot, State

KEYS = st.sampled_from(["session", "ticket/1", "ticket/2", "metric/spo2", "alarm/1"])
STATES = st.dictionaries(KEYS, st.sampled_from([b"1", b"true", b"1.0", b'"called"', b"null"]))
STEPS = st.lists(st.tuples(st.sampled_from(["replace", "merge"]), STATES), max_size=40)


class Page:
    """What a browser keeps of a topic."""

    def __init__(self, start: Snapshot) -> None:
        self.version, self.state = start.version, dict(start.state)

    def take(self, delta: Delta) -> None:
        assert delta.version == self.version + 1, "a delta was skipped or came twice"
        self.version = delta.version
        self.state.update(delta.set)
        for key in delta.drop:
            del self.state[key]


def step(topic: LiveTopic, how: str, state: State) -> Delta | None:
    return topic.replace(state) if how == "replace" else topic.merge(state)


@given(STEPS)
def test_state_and_deltas_are_the_fresh_state(steps: list[tuple[str, State]]) -> None:
    topic, truth = LiveTopic("e"), dict[str, bytes]()
    page = Page(topic.snapshot())
    for how, state in steps:
        truth = dict(state) if how == "replace" else {**truth, **state}
        delta = step(topic, how, state)
        if delta is not None:
            page.take(delta)
        assert page.state == truth == topic.snapshot().state


@given(STEPS, st.integers(0, 40), st.integers(1, 8))
def test_a_page_that_was_away_ends_with_the_same_state(
    steps: list[tuple[str, State]], gone_at: int, history: int
) -> None:
    topic = LiveTopic("e", steps=history)
    page, left_with = Page(topic.snapshot()), topic.event_id
    for index, (how, state) in enumerate(steps):
        delta = step(topic, how, state)
        if index < gone_at and delta is not None:
            page.take(delta)
            left_with = topic.event_id
    missed = topic.resume(left_with)
    if isinstance(missed, Snapshot):
        page = Page(missed)
    else:
        assert len(missed) <= history
        for delta in missed:
            page.take(delta)
    assert page.state == topic.snapshot().state


@given(STATES)
def test_the_same_state_again_is_no_news(state: State) -> None:
    topic = LiveTopic("e")
    topic.replace(state)
    assert topic.replace(dict(state)) is None
    assert topic.merge(dict(state)) is None


def test_true_and_one_are_different_values() -> None:
    topic = LiveTopic("e")
    topic.replace({"ticket/1": b"true"})
    assert topic.replace({"ticket/1": b"1"}) == Delta(2, {"ticket/1": b"1"}, ())


@given(st.one_of(st.none(), st.text(), st.integers().map(lambda n: f"e-{n}"), st.just("f-1"), st.just("e-١")))
def test_an_unknown_id_gives_a_snapshot(event_id: str | None) -> None:
    topic = LiveTopic("e")
    topic.replace({"session": b"1"})
    resumed = topic.resume(event_id)
    if event_id not in {"e-0", "e-1"}:
        assert resumed == topic.snapshot()


def test_a_gap_gives_a_snapshot_and_the_edge_of_the_history_does_not() -> None:
    topic = LiveTopic("e", steps=2)
    for value in (b"1", b"2", b"3"):
        topic.replace({"session": value})
    assert isinstance(topic.resume("e-0"), Snapshot)
    assert [delta.version for delta in topic.resume("e-1")] == [2, 3]  # type: ignore[union-attr]
    assert topic.resume("e-3") == ()


def test_an_id_of_another_life_of_the_topic_means_nothing() -> None:
    old, new = LiveTopic("aa"), LiveTopic("bb")
    old.replace({"session": b"1"})
    new.replace({"session": b"2"})
    assert new.resume(old.event_id) == new.snapshot()


def test_the_history_is_bounded_in_bytes() -> None:
    topic = LiveTopic("e", history_bytes=10_000)
    topic.merge({"filler": b"x" * 100_000})
    for number in range(100):
        topic.merge({"session": b"%04d" % number * 250})
    missed = topic.resume("e-92")
    assert not isinstance(missed, Snapshot)
    assert len(missed) == 9
    assert isinstance(topic.resume("e-91"), Snapshot)


def test_what_brings_a_page_up_to_date_never_weighs_more_than_everything_anew() -> None:
    topic = LiveTopic("e")
    for number in range(100):
        topic.merge({"ticket": b"%04d" % number * 500})
    assert len(topic.resume("e-99")) == 1  # type: ignore[arg-type]
    assert isinstance(topic.resume("e-98"), Snapshot)
    for _ in range(3):
        topic.replace({})
        topic.replace({"ticket": b"1"})
    assert topic._size == len("ticket1")
