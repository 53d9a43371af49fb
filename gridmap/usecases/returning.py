"""A lost tracking link is sent again, to the contact that was given with the report and to no other.

Whoever asks hears the same whether or not there is such a report. The new link's token follows from the row of the
outbox that asks for it, and is reckoned when the message goes; the contact is opened then, too. The first link stays.
"""

from __future__ import annotations

from collections.abc import Callable

from gridmap.errors import Conflict, InvalidInput
from gridmap.store import links, residents, subjects, write
from gridmap.usecases import proofs
from gridmap.usecases.contacts import digest_of, send_link, sends_links
from gridmap.usecases.context import Context
from gridmap.usecases.residents import Proof

KIND = "link_again"
#: reports of one contact that are told of, and links sent to one contact in an hour
MOST, PER_CONTACT = 5, 3
BATCH = 500


def send_again(ctx: Context, phone: str, proof: Proof) -> None:
    """Send the links of the newest reports with this telephone number to it.

    Raises InvalidInput for what is no number and for a wrong proof, TooMany, Conflict where no messages are sent here.
    """
    if not sends_links(ctx):
        raise Conflict("no text messages are sent here; ask at your community's desk", code="no_messages")
    digest = digest_of(ctx, phone)
    if not digest:
        raise InvalidInput("this is no telephone number", field="phone", code="phone")
    expires, by_sum = proofs.meet(ctx, proof.challenge, proof.answer, proof.address)
    proofs.limit(ctx, "lost", proof.address, proofs.LOST)
    with write(ctx.engine) as conn:
        now = ctx.clock()
        proofs.count(conn, proof.challenge, expires, proof.address, now, by_sum=by_sum)
        residents.tally(conn, f"lost {digest}", now, PER_CONTACT)
        for incident_id in links.reached_by(conn, digest, MOST):
            send_link(ctx, conn, incident_id, KIND, now)


def rotate_contacts(ctx: Context, progress: Callable[[int], None] = lambda _: None) -> None:
    """Reckon the digests of all contacts anew, once the master key is another one. Again has no effect."""
    after = 0
    while True:
        with write(ctx.engine) as conn:
            rows = links.reached_after(conn, after, BATCH)
            opened = subjects.open_many(conn, ctx.vault, {row.subject_id for row in rows if row.subject_id})
            for row in rows:
                phone = opened.get(row.subject_id, {}).get("reporter_phone")
                links.set_digest(conn, row.id, digest_of(ctx, phone) if phone else None)
        if not rows:
            return
        after = rows[-1].id
        progress(after)
