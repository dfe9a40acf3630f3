"""What the room's page and its server say to each other over HTTP.

The page's TypeScript types are generated from these models, see `bot/web/typescript.py`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

RefusalCode = Literal[
    "busy",
    "warming",
    "invalid",
    "too_large",
    "foreign",
    "token_needed",
    "token_wrong",
    "closed",
    "gone",
    "full",
    "no_cookie",
    "no_store",
    "link_unknown",
    "link_taken",
    "link_over",
    "wait",
]
"""Why a request was not done. 'foreign': sent by another site's page. 'closed': the room is open
on the server's own machine only, because no operator token is set. 'gone': there is no such
conversation or note. 'full': no more notes. 'link_…': a phone caller's link is none, was opened in
another browser, or its call is over. 'wait': too many attempts."""

MEDIA_SECTIONS = 4
"""Most m= lines in an offer. The room needs two: audio and the data channel."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Offer(_Body):
    """The page's WebRTC offer. At most 32,768 characters; Chromium's has about 2,500.

    `pc_id` names the conversation to come back into after the network broke; '' begins a new one.
    """

    sdp: Annotated[str, Field(min_length=1, max_length=32_768)]
    type: Literal["offer"]
    pc_id: Annotated[str, Field(max_length=128)] = ""


class Answer(_Body):
    """The server's WebRTC answer. `pc_id` names the connection in later requests."""

    sdp: str
    type: Literal["answer"]
    pc_id: str


class Candidate(_Body):
    """One way to reach the page (ICE); an empty `candidate` ends the list."""

    candidate: Annotated[str, Field(max_length=1_024)]
    sdp_mid: Annotated[str, Field(max_length=64)]
    sdp_mline_index: Annotated[int, Field(ge=0, lt=MEDIA_SECTIONS)]


class Candidates(_Body):
    """Further ways to reach the page, found after its offer was sent."""

    pc_id: Annotated[str, Field(min_length=1, max_length=128)]
    candidates: Annotated[list[Candidate], Field(max_length=64)]


class LinkToken(_Body):
    """What stands in a phone caller's link behind '#'."""

    token: Annotated[str, Field(min_length=1, max_length=64)]


class LinkedPage(_Body):
    """The page beside a phone call is this browser's. `link` names it in later requests; `over`:
    its call is over."""

    link: str
    bot: str
    over: bool


class Refused(_Body):
    """Why a request was not done, with a sentence for whoever looks at the page."""

    code: RefusalCode
    message: str


class RoomStatus(_Body):
    """Whether a conversation could start now; `reason` says why not."""

    bot: str
    state: Literal["ready", "warming", "busy"]
    reason: str
