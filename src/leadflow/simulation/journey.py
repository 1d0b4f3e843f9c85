"""A person's journey: visits, reading, the conversion, the raised hand, the trial, the order."""

from collections.abc import Callable
from random import Random
from typing import Any

from leadflow.simulation import names
from leadflow.simulation.diary import Diary, Step
from leadflow.simulation.dice import chance, dice, weighted, zipf
from leadflow.simulation.hours import Window
from leadflow.simulation.people import DIRECT, NEWSLETTER, SEARCH, Origin, Person
from leadflow.simulation.spelling import typed_email, typed_phone

_MOST_VISITS = 12
_PAGES = (
    ("/", 20.0), ("/products/scoring", 12.0), ("/products/identity", 8.0), ("/blog/lead-scoring", 9.0),
    ("/blog/bant-la-gi", 8.0), ("/blog/first-party-data", 6.0), ("/about", 4.0), ("/customers", 5.0),
)  # fmt: skip
_HAND_RAISES = ("Demo Requested", "Demo Requested", "Quote Requested", "Consultation Requested", "Meeting Requested")
_PRICING = ("/pricing", "/bang-gia/")


def journey(mark: str, person: Person, time: Window) -> tuple[Step, ...]:
    """All steps of a person in the order of time; the same for the same population and window."""
    rng = dice(mark, person.index, "journey")
    diary = Diary(rng, time.end)
    if person.kind == "bot":
        _crawl(rng, diary, time)
        return tuple(diary.steps)
    visits = sorted(time.moment(rng) for _ in range(_visits(rng, person)))
    story = _Story(rng, person, diary, turn=rng.randrange(max(1, len(visits) - 1)))
    for number, at in enumerate(visits):
        story.visit(number, at)
    return tuple(diary.steps)


def _visits(rng: Random, person: Person) -> int:
    """How often somebody comes: a few come all the time, and who goes further comes more often."""
    often = zipf(rng, _MOST_VISITS)
    if person.depth == "visitor":
        return often
    if person.depth == "lead":
        return min(often + 1, 3)
    return min(_MOST_VISITS, often + 2 + 3 * person.trial)


def _crawl(rng: Random, diary: Diary, time: Window) -> None:
    """A crawler reads everything at once."""
    diary.visit(time.moment(rng), 0, DIRECT)
    for path, _ in _PAGES:
        diary.page(path)
    diary.page("/pricing")


class _Story:
    """What happens on each visit of one person. `turn`: the visit on which they leave their contact."""

    def __init__(self, rng: Random, person: Person, diary: Diary, turn: int) -> None:
        self._rng = rng
        self._person = person
        self._diary = diary
        self._turn = turn
        self._reads_letters = False

    def visit(self, number: int, at: int) -> None:
        """One visit, from how they came to what they leave behind."""
        rng, person, diary = self._rng, self._person, self._diary
        device = 0 if number == 0 else rng.randrange(len(person.devices))
        origin = person.origin if number == 0 else self._return()
        diary.visit(at, device, origin)
        if origin is NEWSLETTER:
            diary.mail("Email Opened", campaign=NEWSLETTER.campaign)
            diary.mail("Email Clicked", campaign=NEWSLETTER.campaign)
        elif origin.medium in {"cpc", "paid-social"}:
            diary.track("Ad Clicked", ad=origin.campaign)
        self._read()
        if person.depth == "visitor":
            return
        if number == self._turn:
            self._turn_into_lead()
        elif number > self._turn:
            self._follow_up(number)

    def _return(self) -> Origin:
        letter = 25.0 if self._reads_letters else 0.0
        return weighted(self._rng, [(DIRECT, 50.0), (SEARCH, 20.0), (NEWSLETTER, letter)])

    def _read(self) -> None:
        """Look around: a few pages, now and then a search, a long read, a look at the prices."""
        rng, person, diary = self._rng, self._person, self._diary
        if person.kind == "student" and chance(rng, 0.8):
            diary.page(rng.choice(("/careers", "/tuyen-dung")))
        pages = 1 + min(7, int(rng.expovariate(0.6)))
        for _ in range(min(pages, 3) if person.depth == "lead" else pages):
            path = weighted(rng, _PAGES)
            diary.page(path, **({"duration_s": rng.randint(60, 400)} if chance(rng, 0.15) else {}))
        if chance(rng, 0.06):
            diary.track("Products Searched", query=rng.choice(("crm", "báo giá", "scoring")))
        if chance(rng, 0.05):
            diary.track("Video Played", title="Leadflow in two minutes")
        if chance(rng, {"visitor": 0.06, "lead": 0.1}.get(person.depth, 0.5)):
            diary.page(rng.choice(_PRICING))

    def _turn_into_lead(self) -> None:
        """Leave a contact; who goes further raises a hand or tries the product on the same visit or a later one."""
        rng, person = self._rng, self._person
        first = rng.choice((self._form, self._form, self._newsletter, self._ebook, self._webinar))
        self._introduce(self._form if person.reaches("mql") else first)
        if person.hand_raise:
            self._raise_hand()
        if person.trial:
            self._start_trial()
        if person.bounces:
            self._diary.mail("Email Bounced", bounce_type="hard")

    def _introduce(self, convert: Callable[[], None]) -> None:
        """Some sites identify first and track then, some the other way round."""
        if chance(self._rng, 0.5):
            self._diary.identify(self._traits())
            convert()
        else:
            convert()
            self._diary.identify(self._traits())
        if chance(self._rng, 0.3):
            self._diary.group(self._employer())
        self._reads_letters = self._person.opt_in and not self._person.bounces

    def _follow_up(self, number: int) -> None:
        rng, person, diary = self._rng, self._person, self._diary
        if chance(rng, 0.25):
            # A form on another device: the address brings the two together.
            diary.track("Form Submitted", form="feedback", email=typed_email(rng, person.email))
        if person.trial:
            self._use_product()
        if person.depth not in {"visitor", "lead"} and chance(rng, 0.2):
            diary.track("Webinar Attended", webinar="scoring-in-practice")
        if person.self_service and number == self._turn + 1:
            self._order()
        if person.unsubscribes and number == self._turn + 1:
            diary.mail("Unsubscribed", campaign=NEWSLETTER.campaign)
            self._reads_letters = False

    def _form(self) -> None:
        self._diary.track("Form Submitted", form="contact", **self._contact(), message=self._rng.choice(names.NEEDS))

    def _newsletter(self) -> None:
        self._diary.track("Newsletter Subscribed", email=typed_email(self._rng, self._person.email))

    def _ebook(self) -> None:
        self._diary.track("Ebook Downloaded", title="B2B lead scoring", **self._contact())

    def _webinar(self) -> None:
        self._diary.track("Webinar Registered", webinar="scoring-in-practice", **self._contact())

    def _raise_hand(self) -> None:
        self._diary.page(self._rng.choice(_PRICING))
        need = self._rng.choice(names.NEEDS)
        self._diary.track(self._rng.choice(_HAND_RAISES), **self._contact(), need=need)

    def _start_trial(self) -> None:
        """Enough on one visit for a warm lead: the prices twice, an account, a trial."""
        diary = self._diary
        diary.page(_PRICING[0])
        diary.page(_PRICING[1])
        diary.account = True
        diary.track("Signed Up", plan="trial")
        diary.identify(self._traits())
        diary.track("Trial Started", plan="trial")

    def _use_product(self) -> None:
        diary = self._diary
        diary.track("Signed In")
        for _ in range(1 + min(4, int(self._rng.expovariate(0.7)))):
            diary.track("Feature Used", feature=self._rng.choice(("import", "scoring", "segments", "export")))
        if chance(self._rng, 0.3):
            diary.track("Invite Sent", count=self._rng.randint(1, 5))

    def _order(self) -> None:
        diary, rng = self._diary, self._rng
        diary.track("Checkout Started", plan="team")
        seats = rng.randint(3, 40)
        diary.track("Order Completed", order_id=f"order-{self._person.code}", revenue=seats * 19.0, currency="USD")

    def _contact(self) -> dict[str, Any]:
        rng, person = self._rng, self._person
        contact = {"email": typed_email(rng, person.email)}
        if person.phone is not None:
            contact["phone"] = typed_phone(rng, person.phone)
        return contact

    def _traits(self) -> dict[str, Any]:
        rng, person = self._rng, self._person
        traits: dict[str, Any] = {
            **self._contact(),
            "name": person.name,
            "title": person.title,
            "country": "VN" if person.vietnamese else rng.choice(("NG", "JP", "DE", "BR", "SG")),
            "consent": {"email": person.opt_in},
        }
        if person.kind != "student":
            traits |= {"company": person.company.name, "company_size": rng.choice(person.company.sizes)}
        return traits

    def _employer(self) -> dict[str, Any]:
        company = self._person.company
        return {"name": company.name, "industry": company.industry, "employees": company.sizes[0]}
