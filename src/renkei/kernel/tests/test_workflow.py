"""The workflow table: who may do what in which state, on a toy kind of parcel."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.workflow import Facts, Timer, Workflow, move


class State(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CLOSED = "closed"


class P(StrEnum):
    SEND = "toy.send"
    DECIDE = "toy.decide"
    NOTE = "toy.note"


def purpose_given(facts: Facts) -> str:
    return "" if facts.get("purpose") else "紹介目的が空です。紹介目的を入力してください。"


purpose_given.field = "purpose"  # type: ignore[attr-defined]


def reply_sent(facts: Facts) -> str:
    return "" if facts.get("reply_sent") else "最終報告がまだ送られていません。"


ANSWER = Timer("accept", setting="accept_hours")
SENDER, RECEIVER = "sender", "receiver"
TOY = Workflow(
    "toy",
    State,
    start=State.DRAFT,
    moves=(
        move(
            "send",
            {State.DRAFT},
            State.SENT,
            by={SENDER},
            permission=P.SEND,
            label="送信",
            needs=[purpose_given],
            starts=[ANSWER],
        ),
        move(
            "accept",
            {State.SENT},
            State.ACCEPTED,
            by={RECEIVER},
            permission=P.DECIDE,
            label="受諾",
            stops=["accept"],
        ),
        move(
            "decline",
            {State.SENT},
            State.DECLINED,
            by={RECEIVER},
            permission=P.DECIDE,
            label="辞退",
            asks=["reason"],
        ),
        move(
            "close",
            {State.ACCEPTED},
            State.CLOSED,
            by={RECEIVER},
            permission=P.DECIDE,
            label="終了",
            needs=[reply_sent],
        ),
        move(
            "note", {State.SENT, State.ACCEPTED}, None, by={SENDER, RECEIVER}, permission=P.NOTE, label="メモ"
        ),
    ),
    labels={
        State.DRAFT: "下書き",
        State.SENT: "送信済み",
        State.ACCEPTED: "受諾",
        State.DECLINED: "辞退",
        State.CLOSED: "終了",
    },
    ends=frozenset({State.DECLINED, State.CLOSED}),
)
ALL = frozenset(str(p) for p in P)


def refusal(name: str, state: State, party: str, **facts: object) -> DomainError:
    with pytest.raises(DomainError) as caught:
        TOY.check(name, state=state, party=party, facts=facts)
    return caught.value


def test_a_move_that_may_happen_is_handed_back_with_its_timers() -> None:
    found = TOY.check("send", state=State.DRAFT, party=SENDER, facts={"purpose": "精査"})
    assert (found.target, found.starts) == (State.SENT, (ANSWER,))
    assert TOY["accept"].stops == ("accept",)


def test_the_other_side_may_not_make_the_move() -> None:
    error = refusal("accept", State.SENT, SENDER)
    assert isinstance(error, NotAllowed)
    assert "「受諾」は相手側の操作です" in error.message_ja


def test_a_move_in_the_wrong_state_names_the_state_in_japanese() -> None:
    error = refusal("accept", State.DRAFT, RECEIVER)
    assert isinstance(error, NotPossibleNow)
    assert "「下書き」" in error.message_ja


@pytest.mark.parametrize("reason", [None, "", " 　\n"])
def test_a_move_that_asks_for_a_reason_does_not_go_without(reason: str | None) -> None:
    error = refusal("decline", State.SENT, RECEIVER, reason=reason)
    assert isinstance(error, Invalid)
    assert (error.code, error.field) == ("reason_missing", "reason")
    assert (
        TOY.check("decline", state=State.SENT, party=RECEIVER, facts={"reason": "満床"}).target
        is State.DECLINED
    )


def test_an_unmet_guard_says_what_is_missing_and_where() -> None:
    error = refusal("send", State.DRAFT, SENDER)
    assert isinstance(error, Invalid)
    assert (error.code, error.field) == ("purpose_given", "purpose")
    assert "入力してください" in error.message_ja
    assert refusal("close", State.ACCEPTED, RECEIVER).field == ""


def test_the_party_is_asked_before_the_state_and_the_state_before_the_facts() -> None:
    assert isinstance(refusal("send", State.SENT, RECEIVER), NotAllowed)
    assert isinstance(refusal("send", State.SENT, SENDER), NotPossibleNow)


def test_an_unknown_move_is_a_programming_error() -> None:
    with pytest.raises(KeyError, match="toy has no move fly"):
        TOY.check("fly", state=State.DRAFT, party=SENDER, facts={})


def test_buttons_are_those_of_state_party_and_permission() -> None:
    assert [m.name for m in TOY.open_moves(State.SENT, RECEIVER, ALL)] == ["accept", "decline", "note"]
    assert [m.name for m in TOY.open_moves(State.SENT, SENDER, ALL)] == ["note"]
    assert TOY.open_moves(State.SENT, RECEIVER, frozenset({str(P.SEND)})) == []
    assert TOY.open_moves(State.CLOSED, RECEIVER, ALL) == []


def test_the_diagram_shows_every_arrow_and_no_note() -> None:
    lines = TOY.diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> draft"]
    assert "    sent --> declined: 辞退" in lines
    assert {"    closed --> [*]", "    declined --> [*]"} <= set(lines)
    assert not any("メモ" in line for line in lines)


STEP = st.tuples(
    st.sampled_from([m.name for m in TOY.moves]),
    st.sampled_from([SENDER, RECEIVER]),
    st.fixed_dictionaries(
        {}, optional={"purpose": st.text(), "reason": st.text(), "reply_sent": st.booleans()}
    ),
)


@given(st.lists(STEP, max_size=25))
def test_a_random_walk_never_leaves_the_table(steps: list[tuple[str, str, dict[str, object]]]) -> None:
    state = TOY.start
    for name, party, facts in steps:
        offered = {m.name for m in TOY.open_moves(state, party, ALL)}
        try:
            made = TOY.check(name, state=state, party=party, facts=facts)
        except Invalid:
            assert name in offered
            continue
        except (NotAllowed, NotPossibleNow):
            assert name not in offered
            continue
        assert name in offered
        assert state not in TOY.ends
        state = state if made.target is None else made.target
    assert state in State


@given(st.lists(STEP, max_size=25))
def test_nothing_is_closed_without_a_purpose_a_decision_and_a_reply(
    steps: list[tuple[str, str, dict[str, object]]],
) -> None:
    state, done = TOY.start, []
    for name, party, facts in steps:
        try:
            made = TOY.check(name, state=state, party=party, facts=facts)
        except DomainError:
            continue
        done.append((name, facts))
        state = made.target or state
    if state is State.CLOSED:
        kept = [(name, facts) for name, facts in done if name != "note"]
        assert [name for name, _ in kept] == ["send", "accept", "close"]
        assert kept[0][1]["purpose"]
        assert kept[2][1]["reply_sent"]
