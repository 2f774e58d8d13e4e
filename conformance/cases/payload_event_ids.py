"""payload.json: the event's id in the signed body."""

from __future__ import annotations

from collections.abc import Callable

MI, MF, MJ = "malformed_event_id", "malformed_fingerprint", "malformed_json"
CP, WS = "consent_in_payload", "wrong_site"


def event_id_cases(case: Callable[..., None]) -> None:
    def at_id(name: str, note: str, text: str, want: str = "ok") -> None:
        case(f"event id {name}", note, '{"fingerprint":"f","id":' + text + "}", want,
             event_id_pointer="/id")

    at_id("plain", "field 17: part of the signed body", '"evt_1NG8Du2eZvKYlo2CUI79vXWy"')
    for name, text in (
        ("of one byte", '"!"'), ("of 256 bytes", '"%s"' % ("e" * 256)), ("of a tilde", '"~"'),
        ("of digits", '"12345"'), ("escaped", r'"\u0065vt"'), ("of two slashes", r'"\/\/"'),
        ("with a quote", r'"a\"b"'), ("with a backslash", r'"a\\b"'), ("of a word", '"null"'),
        ("with a comma and colon", '"a,b:c"'),
    ):
        at_id(name, "1 to 256 bytes of visible ASCII without `.`", text)
    for name, text in (
        ("empty", '""'), ("of 257 bytes", '"%s"' % ("e" * 257)), ("with a dot", '"a.b"'),
        ("of a dot", '"."'), ("with an escaped dot", r'"a\u002eb"'), ("with a space", '"a b"'),
        ("with a space after", '"a "'), ("of a space", '" "'), ("with DEL", '"a\x7f"'),
        ("with a tab escape", r'"a\tb"'), ("with a newline escape", r'"a\n"'),
        ("with NUL", r'"a\u0000"'), ("not ASCII", '"\u00e9"'), ("with full-width digit",
         '"\uff11"'), ("with a zero-width space", '"a\u200b"'), ("number", "1"),
        ("big number", "12345678901234567890"), ("null", "null"), ("true", "true"),
        ("array", '["e"]'), ("object", '{"id":"e"}'),
    ):
        at_id(name, "field 43: the grammar of ids, strictly typed, never coerced", text, MI)
    for name, body in (
        ("missing", '{"fingerprint":"f"}'), ("in another case", '{"fingerprint":"f","ID":"e"}'),
        ("one level down", '{"fingerprint":"f","data":{"id":"e"}}'),
        ("with a space in its key", '{"fingerprint":"f","id ":"e"}'),
    ):
        case(f"event id {name}", "field 17: a check is never skipped because the id is missing",
             body, MI, event_id_pointer="/id")
    case("event id twice", "field 51: two parsers would pick two",
         '{"fingerprint":"f","id":"a","id":"b"}', MJ, event_id_pointer="/id")
    case("event id twice, one escaped", "field 51: after unescaping",
         r'{"fingerprint":"f","id":"a","\u0069d":"a"}', MJ, event_id_pointer="/id")
    doc = (
        '{"fingerprint":"f","event":{"ids":["zero",{"k":"obj"}],"a/b":"slash","m~n":"tilde"},'
        '"":"empty","0":"key","x":{"fingerprint":"inner"}}'
    )
    for pointer, want in (
        ("/event/ids/0", "ok"), ("/event/ids/1/k", "ok"), ("/event/a~1b", "ok"),
        ("/event/m~0n", "ok"), ("/", "ok"), ("/0", "ok"), ("/x/fingerprint", "ok"),
        ("/fingerprint", "ok"), ("/event", MI), ("/event/ids", MI), ("/event/ids/2", MI),
        ("/event/ids/00", MI), ("/event/ids/-", MI), ("/event/ids/1", MI), ("/event/ids/0/0", MI),
        ("/fingerprint/0", MI), ("/nothing", MI), ("/x", MI), ("//", MI),
    ):
        case(f"event id pointer `{pointer}`", "RFC 6901, evaluated to the letter", doc, want,
             event_id_pointer=pointer)
    nested = '{"a":{"b":{"id":"inner","who":"f"},"id":"outer"},"id":"top"}'
    case("both pointers in one object", "each pointer goes its own way", nested,
         pointer="/a/b/who", event_id_pointer="/a/b/id")
    case("both pointers, the id above", "each pointer goes its own way", nested,
         pointer="/a/b/who", event_id_pointer="/a/id")
    case("both pointers, the id on top", "each pointer goes its own way", nested,
         pointer="/a/b/who", event_id_pointer="/id")
    case("both pointers through arrays", "each pointer goes its own way",
         '[[],{"x":1}]'.join(('{"l":', ',"m":[["f","e"],["g"]]}')), pointer="/m/0/0",
         event_id_pointer="/m/0/1")
    case("fingerprint that is no id", "one value for both, two grammars", '{"fingerprint":"a.b"}',
         MI, event_id_pointer="/fingerprint")
    case("event id with no pointer", "an id nobody asked for is nothing",
         '{"fingerprint":"f","id":1.5}')
    case("event id at the consent key", "found, then the key is refused",
         '{"fingerprint":"f","consent_at":"e"}', CP, event_id_pointer="/consent_at")
    case("event id at site_id", "one value for both judgements",
         '{"fingerprint":"f","site_id":"acme"}', event_id_pointer="/site_id")
    case("event id at a wrong site_id", "one value for both judgements",
         '{"fingerprint":"f","site_id":"other"}', WS, event_id_pointer="/site_id")
    case("event id at a site_id with a dot", "the id is judged first",
         '{"fingerprint":"f","site_id":"a.b"}', MI, event_id_pointer="/site_id")
    for name, text, want in (
        ("json before event id", '{"fingerprint":"f","id":1}x', MJ),
        ("fingerprint before event id", '{"id":1}', MF),
        ("fingerprint before a missing event id", '{"fingerprint":7}', MF),
        ("event id before consent", '{"consent_at":1,"fingerprint":"f","id":1}', MI),
        ("missing event id before consent", '{"consent_at":1,"fingerprint":"f"}', MI),
        ("event id before site", '{"site_id":"other","fingerprint":"f","id":"a.b"}', MI),
        ("event id, then consent", '{"fingerprint":"f","id":"e","consentAt":1}', CP),
        ("event id, then site", '{"fingerprint":"f","id":"e","site_id":"other"}', WS),
    ):
        case(f"precedence: {name}", "field 52: the first that applies, over the whole body", text,
             want, event_id_pointer="/id")
