"""sync.json: statements of browsers whose clocks are ahead."""

from __future__ import annotations

from .common import NOW_MS
from .sync_run import A, M, Run, said, simple

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
# Of a clock that is 100 s ahead: a grant, a withdrawal 10 s later, a new grant 10 s after that.
GRANT, WITHDRAWAL, REGRANT = said([A], 100_000), said([], 110_000), said([A], 120_000)


def ordered_cases() -> None:
    law7 = "law 7: statements are ordered by their own date, however late they come"
    simple("ahead: withdrawn", law7, [(GRANT, 0), (WITHDRAWAL, 10_000)], [])
    late = [(GRANT, 0), (WITHDRAWAL, 10_000)]
    simple("ahead: a copy once the grant's key is forgotten", law7, [*late, (GRANT, 701_000)], [])
    simple("ahead: a copy weeks later", law7, [*late, (GRANT, 20 * DAY)], [])
    simple("ahead: the withdrawal overtakes its grant", law7,
           [(said([A], -1000), 0), (WITHDRAWAL, 10_000), (GRANT, 20_000)], [])
    simple("ahead: the withdrawal overtakes its grant, nothing known", law7,
           [(WITHDRAWAL, 10_000), (GRANT, 20_000)], None)
    simple("ahead: an older grant that was never seen", law7,
           [*late, (said([A, M], 90_000), 200_000)], [])
    simple("ahead: granted anew at once", "newer by its own date, though not yet come",
           [*late, (REGRANT, 20_000)], [A])
    simple("ahead: granted anew, and the first grant's copy", "older, so only the intersection",
           [*late, (said([A, M], 120_000), 20_000), (GRANT, 701_000)], [A])
    simple("ahead: withdrawn by a clock behind", "changed_at never goes back",
           [(GRANT, 0), (said([], -90_000), 10_000), (GRANT, 701_000)], [])
    simple("ahead: withdrawn by another clock, which grants anew too early",
           "withdrawal wins: not newer than the clock that was ahead, so nothing is widened",
           [(GRANT, 0), (said([], 10_000), 10_000), (said([A], 60_000), 60_000)], [])
    simple("ahead: another clock grants anew once it has come to that date",
           "nobody waits longer than the tolerance",
           [(GRANT, 0), (said([], 10_000), 10_000), (said([A], 100_001), 100_001)], [A])
    simple("ahead: the same instant", "the intersection",
           [(said([A, M], 100_000), 0), (said([A], 100_000), 10_000)], [A])
    simple("ahead: a refusal and another clock's grant", "a floor waits as long, and no longer",
           [(WITHDRAWAL, 0), (said([A], 110_000), 110_000), (said([A], 110_001), 110_001)], [A])
    simple("ahead by the tolerance", "believed to the millisecond",
           [(said([A], 5 * MINUTE), 0), (said([], 5 * MINUTE), 0),
            (said([A], 5 * MINUTE), 20 * MINUTE)], [])


def unbelieved_cases() -> None:
    note = "a date further ahead than the tolerance keeps nobody out for longer than it"
    far = [(said([A, M], DAY), 0), (said([A], DAY + 1), 10)]
    simple("far ahead: another clock, too early", note,
           [*far, (said([A, M], 5 * MINUTE + 10), 5 * MINUTE + 10)], [A])
    simple("far ahead: another clock, later", note,
           [*far, (said([A, M], 5 * MINUTE + 11), 5 * MINUTE + 11)], [A, M])
    simple("far ahead: granted anew at once", "ordered by arrival",
           [*far, (said([A, M], DAY + 2), 11)], [A, M])
    simple("far ahead: a copy before its date", "its key is remembered",
           [*far, (said([A, M], DAY), DAY - 1)], [A])
    simple("far ahead: a copy after its date, before the key is forgotten",
           "its key is remembered for claim.ttl_s longer",
           [*far, (said([A, M], DAY), DAY + 10 * MINUTE - 1)], [A])
    simple("far ahead: a smaller tolerance", "a site's own",
           [(said([A, M], MINUTE), 0), (said([A], MINUTE + 1), 10),
            (said([A, M], 30_011), 30_011)], [A, M], tolerance_s=30)
    for name, after_ms, granted_ms in (("remembered", 403 * DAY - 1, 0),
                                       ("forgotten", 403 * DAY, 403 * DAY)):
        run, body = Run(), said([A], 500 * DAY)
        run.step(body)
        run.step(body, NOW_MS + after_ms)
        session = run.gate.data["acme"].sessions["f"]
        if session.granted_at_ms != NOW_MS + granted_ms:
            raise AssertionError(f"{name}: {session}")
        run.done(f"dated 500 days ahead: {name}", "law 9: no key is kept for more than 403 days",
                 [A])
    run = Run()
    run.step(said([A], -1000), NOW_MS)
    run.step(said([], HOUR), NOW_MS + 10, want=204)
    run.done("far ahead: a withdrawal", "narrowing works whatever its time", [])
