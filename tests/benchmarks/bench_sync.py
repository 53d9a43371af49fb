"""Workers' phones: what the day's pack weighs, 2,000 of them after an outage, and how fast a queue goes out."""

from __future__ import annotations

import base64
import gzip
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from sqlalchemy import func, select

from api.schemas.phones import MOST_ENTRIES
from gridmap.store import read
from gridmap.store import tables as t
from tests.benchmarks import servers
from tests.benchmarks.bench_intake import postgis, spatialite
from tests.benchmarks.client import Load
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.phones import AT_ONCE, Force, Phone, all_at_once, served
from tests.benchmarks.workload import cells

#: reports that wait on each phone
WAITING = 5
PACK, REPORT, SEALED, NOTHING = "/api/v1/pack", "/api/v1/incidents", "/api/v1/sealed", "/healthz"


@dataclass(frozen=True)
class Flood(Load):
    """A load with how long each answer took, and what the server's processes worked for it, in seconds."""

    packs: tuple[float, ...] = ()
    reports: tuple[float, ...] = ()
    worked: float = 0.0


def races(quick: bool) -> Iterator[Race]:
    """On each database: one phone's pack, all phones at once, one phone's queue."""
    count, homes, cases, queue = (24, 20, 5, 10) if quick else (2_000, 400, 60, 200)
    for database in (spatialite, postgis):
        with ExitStack() as stack:
            make = stack.enter_context(database())
            force = stack.enter_context(served(make(), cells(count, 33), homes, cases))
            yield one_pack(force, homes, cases, times=5 if quick else 50)
            yield after_an_outage(force, min(count, len(force.tokens)))
            yield a_queue(force, queue)


# --- one phone's pack -----------------------------------------------------------------------------------------------


def one_pack(force: Force, homes: int, cases: int, times: int) -> Race:
    """The whole pack, beside one of which the phone has everything, and beside a request that does nothing."""
    have = f"{PACK}?have={_have(_pack(force.phone(0))[1])}"
    first, later, nothing = (partial(_asked, force, path, times) for path in (PACK, have, NOTHING))

    def agree(_answers: Mapping[str, Any]) -> str:
        sizes = [len(force.phone(0).get(path)) for path in (PACK, have)]
        return f"One round trip each: {sizes[0]:,} bytes gzip'd at first, {sizes[1]:,} when nothing has changed."

    return Race(
        title=f"The day's pack of one worker, {force.database}",
        about=f"{homes} households and {cases} open cases in the worker's cell, {times} times over one connection.",
        ours=Contender("whole pack", first, took=lambda load: load.each),
        others=[
            Contender("nothing new", later, took=lambda load: load.each),
            Contender("GET /healthz", nothing, took=lambda load: load.each),
        ],
        amount=1,
        unit="packs",
        agree=agree,
    )


def _asked(force: Force, path: str, times: int) -> Load:
    phone = force.phone(0)
    for _ in range(times):
        phone.get(path)
    phone.close()
    return Load(times, sum(phone.waits))


def _pack(phone: Phone, have: str = "") -> tuple[int, dict[str, Any]]:
    """Bytes over the line, and the pack."""
    got = phone.get(f"{PACK}?have={have}" if have else PACK)
    pack: dict[str, Any] = json.loads(gzip.decompress(got) if got[:2] == b"\x1f\x8b" else got)
    return len(got), pack


def _have(pack: Mapping[str, Any]) -> str:
    return ",".join(f"{name}:{one['hash']}" for name, one in pack["sections"].items())


# --- all phones at once ---------------------------------------------------------------------------------------------


def after_an_outage(force: Force, count: int) -> Race:
    """Every phone sends what waits and asks what is new. The other: as many requests that do nothing."""
    known, first = _first_load(force, count)
    before = _stored(force)

    def agree(answers: Mapping[str, Flood]) -> str:
        flood = answers["gridmap"]
        assert _stored(force) - before == count * WAITING
        per_second = len(flood.reports) / flood.seconds
        return (
            f"Before it, each fetched its whole pack: {_told(first, 'pack', first.packs)}. The flood: "
            f"{_told(flood, 'pack', flood.packs)}, {_percentiles('report', flood.reports)}. No error, and every report "
            f"is there: {per_second:.0f} reports/s beside the packs."
        )

    return Race(
        title=f"{count:,} phones after an outage, {force.database}",
        about=f"Each worker's phone sends {WAITING} reports, then asks for its pack with the hashes of the one it has; "
        f"{AT_ONCE} phones at a time, each with a connection of its own, {servers.WORKERS} server processes, and the "
        "phones on the same cores.",
        ours=Contender("gridmap", partial(flooded, force, known), took=lambda load: load.each),
        others=[Contender("GET /healthz", partial(idle, force, count), took=lambda load: load.each)],
        amount=1,
        unit="requests",
        agree=agree,
        once=True,
    )


def _first_load(force: Force, count: int) -> tuple[list[str], Flood]:
    """Every phone fetches its whole pack: what it then has, and how long it took."""

    def fetch(row: int) -> tuple[str, float]:
        phone = force.phone(row)
        have = _have(_pack(phone)[1])
        phone.close()
        return have, phone.waits[0]

    before = servers.worked(force.address)
    done, seconds = all_at_once(fetch, count)
    waits = tuple(wait for _, wait in done)
    return [have for have, _ in done], Flood(count, seconds, waits, worked=servers.worked(force.address) - before)


def flooded(force: Force, known: list[str]) -> Flood:
    """All phones: reports first, then the pack."""
    before = servers.worked(force.address)
    bodies = [_report(force, row) for row in range(len(known))]

    def sync(row: int) -> list[float]:
        phone = force.phone(row)
        for _ in range(WAITING):
            phone.post(REPORT, bodies[row], Idempotency_Key=str(uuid.uuid4()))
        _pack(phone, known[row])
        phone.close()
        return phone.waits

    waits, seconds = all_at_once(sync, len(known))
    packs = tuple(one[-1] for one in waits)
    reports = tuple(wait for one in waits for wait in one[:-1])
    return Flood(len(packs) + len(reports), seconds, packs, reports, servers.worked(force.address) - before)


def idle(force: Force, count: int) -> Flood:
    """As many requests over as many connections, for nothing."""

    def ask(row: int) -> int:
        phone = force.phone(row)
        for _ in range(WAITING + 1):
            phone.get(NOTHING)
        phone.close()
        return len(phone.waits)

    done, seconds = all_at_once(ask, count)
    return Flood(sum(done), seconds)


def _report(force: Force, row: int) -> bytes:
    lon, lat = force.middles[row]
    body = {"category": force.bed.category, "lon": lon, "lat": lat, "accuracy_m": 10, "text": "夜里施工吵得睡不着"}
    return json.dumps(body).encode()


def _told(load: Flood, name: str, waits: tuple[float, ...]) -> str:
    worked = f"{load.worked:,.0f} s of the processor in the server"
    return f"{load.seconds:,.0f} s, {worked}; {_percentiles(name, waits)}"


def _percentiles(name: str, waits: tuple[float, ...]) -> str:
    p50, p95, p99 = (f"{ms:,.0f}" for ms in np.percentile(waits, (50, 95, 99)) * 1000)
    return f"a {name} took {p50} ms (median), {p95} ms (95th percentile), {p99} ms (99th)"


def _stored(force: Force) -> int:
    with read(force.engine) as conn:
        return int(conn.execute(select(func.count()).select_from(t.incidents)).scalar_one())


# --- one phone's queue ----------------------------------------------------------------------------------------------


def a_queue(force: Force, count: int) -> Race:
    """Reports of one phone, one after another; and as many that were sealed at log-out, together."""

    def agree(answers: Mapping[str, Load]) -> str:
        told = ", ".join(f"{name} {1 / load.each:.0f}/s" for name, load in answers.items())
        return f"Each was taken. First run: {told}."

    return Race(
        title=f"The queue of one phone, {force.database}",
        about=f"{count} reports over one connection, each answered before the next is sent; sealed ones come up to "
        f"{MOST_ENTRIES} a request.",
        ours=Contender("one after another", partial(replayed, force, count), took=lambda load: load.each),
        others=[Contender("sealed", partial(unsealed, force, count), took=lambda load: load.each)],
        amount=1,
        unit="reports",
        agree=agree,
    )


def replayed(force: Force, count: int) -> Load:
    phone, body = force.phone(1), _report(force, 1)
    for _ in range(count):
        phone.post(REPORT, body, Idempotency_Key=str(uuid.uuid4()))
    phone.close()
    return Load(count, sum(phone.waits))


def unsealed(force: Force, count: int) -> Load:
    """Sealed as a phone does it, before the clock starts."""
    key = _pack(force.phone(2))[1]["sealing_key"]
    phone = force.phone(2)
    entries = [_sealed(key, force.worker_ids[2], json.loads(_report(force, 2))) for _ in range(count)]
    for start in range(0, count, MOST_ENTRIES):
        part = entries[start : start + MOST_ENTRIES]
        results = json.loads(phone.post(SEALED, json.dumps({"entries": part}).encode()))["results"]
        assert [one["status"] for one in results] == ["taken"] * len(part), results[:1]
    phone.close()
    return Load(count, sum(phone.waits))


def _sealed(key: Mapping[str, str], worker: int, body: Any) -> dict[str, str]:
    under = str(uuid.uuid4())
    entry = {
        "kind": "incident", "key": under, "worker": worker, "voucher": key["voucher"], "body": body,
        "written_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    server, own = load_der_public_key(base64.b64decode(key["spki"])), ec.generate_private_key(ec.SECP256R1())
    assert isinstance(server, ec.EllipticCurvePublicKey)
    secret = HKDF(SHA256(), 32, salt=b"", info=b"gridmap sealed entry v1").derive(own.exchange(ec.ECDH(), server))
    iv, point = os.urandom(12), own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    sealed = point + iv + AESGCM(secret).encrypt(iv, json.dumps(entry).encode(), None)
    return {"key": under, "sealed": base64.b64encode(sealed).decode(), "key_id": key["id"]}
