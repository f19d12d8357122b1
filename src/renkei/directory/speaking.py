"""Which log-in speaks for an institution: the post of 代表者 is tied to a person who works there."""

from __future__ import annotations

from renkei.directory.models import Facility, Post
from renkei.directory.permissions import P
from renkei.directory.reach import require_reach
from renkei.directory.types import people_of
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel.errors import Invalid, NotFound


@action(P.NAME_SPEAKER, says="代表者のログインを決める")
def tie_post(actor: Actor, facility: Facility, *, post_id: int, person_id: int | None) -> Post:
    """``person_id`` acts as the holder of the post from now on, None nobody.

    Only a person who works at the facility today (``Invalid('person')``), and only a post of the facility (``NotFound``).
    What only a representative may do (to change or end a membership) is asked of this tie, never of a name.
    """
    require_reach(actor, facility, "speaking.tie_post", own_only=True)
    post = Post.objects.filter(pk=post_id, facility=facility).first()
    if post is None:
        raise NotFound("post_not_found", "この役職は見つかりません。もう退任が記録されているかもしれません。")
    names = dict(people_of(facility.pk))
    if person_id is not None and person_id not in names:
        raise Invalid("person_unknown", "この施設で今日働いている利用者から選んでください。", "person")
    post.person_id = person_id
    post.save()
    who = names[person_id] if person_id is not None else "なし"
    say(f"{actor.label}が{post.title} {post.holder}のログインを決めました({who})")
    return post
