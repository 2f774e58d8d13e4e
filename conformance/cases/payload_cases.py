"""payload.json: strict JSON, the fingerprint, consent in the payload, the site named."""

from __future__ import annotations

from typing import Any

from oracle.payload import judge_payload
from oracle.signature import Refused

from .common import Collector, b64
from .payload_event_ids import event_id_cases

out = Collector(
    "The payload of a call event, judged after the MAC: `site` is the normalised site asked for, "
    "`pointer` its fingerprint_pointer; `event_id_pointer`, where there is one, its own."
)
MJ, MF, CP, WS = "malformed_json", "malformed_fingerprint", "consent_in_payload", "wrong_site"


def case(
    name: str, note: str, body: bytes | str, want: str = "ok", pointer: str = "/fingerprint",
    site: str = "acme", event_id_pointer: str | None = None,
) -> None:
    raw = body.encode() if isinstance(body, str) else body
    more = {} if event_id_pointer is None else {"event_id_pointer": event_id_pointer}
    try:
        event = judge_payload(site, pointer, raw, event_id_pointer)
        expect: dict[str, Any] = {"ok": True, "fingerprint": event.fingerprint}
        if event_id_pointer is not None:
            expect["event_id"] = event.event_id
        got = "ok"
    except Refused as refused:
        expect = {"ok": False, "reason": refused.reason}
        got = refused.reason
    if got != want:
        raise AssertionError(f"{name}: the oracle says {got}, the case {want}")
    out.add(name, note, site=site, pointer=pointer, **more, body_b64=b64(raw), expect=expect)


def member(text: str) -> str:
    """A good event with one more member, `x`, of the text given."""
    return '{"fingerprint":"f","x":' + text + "}"


def json_cases() -> None:
    case("plain", "the plain case", '{"fingerprint":"fp-1"}')
    case("white space everywhere", "the four characters of RFC 8259",
         ' \t\r\n{ "fingerprint" \n:\t"f" , "x" : [ 1 , 2 ] } \r\n')
    for name, text in (
        ("zero", "0"), ("minus zero", "-0"), ("fraction", "1.5e+10"), ("exponent", "1E-2"),
        ("largest double", "1.7976931348623157e308"), ("rounds to the largest",
         "1.7976931348623158e308"), ("underflow", "1e-400"), ("300 digits", "1" * 300),
        ("long fraction", "0." + "1" * 500), ("u64 max plus 1", str(2**64)), ("true", "true"),
        ("false", "false"), ("null", "null"), ("empty array", "[]"), ("empty object", "{}"),
        ("empty string", '""'), ("all escapes", r'"\"\\\/\b\f\n\r\tA"'),
        ("surrogate pair", r'"\ud83d\ude00"'), ("upper-case hex", r'"\uD83D\uDE00\u00AF"'),
        ("NUL escape", r'"\u0000"'), ("DEL", '"\x7f"'), ("noncharacter", r'"\uffff"'),
        ("BOM inside a string", '"\ufeff"'), ("line separator", '"\u2028"'),
        ("emoji", '"\U0001f600"'), ("last code point", '"\U0010ffff"'), ("empty key", '{"":1}'),
        ("same key in siblings", '[{"a":1},{"a":1}]'), ("same key at two depths",
         '{"x":{"x":1}}'), ("keys of two normal forms", '{"\u00e9":1,"e\u0301":2}'),
        ("keys in two cases", '{"a":1,"A":2}'), ("NUL in a key", r'{"\u0000":1}'),
    ):
        case(f"good member: {name}", "valid RFC 8259", member(text))
    for name, text in (
        ("NaN", "NaN"), ("nan", "nan"), ("Infinity", "Infinity"), ("minus Infinity", "-Infinity"),
        ("overflow", "1e400"), ("minus overflow", "-1e400"), ("just over the largest",
         "1.7976931348623159e308"), ("400 digits", "9" * 400), ("leading zero", "01"),
        ("minus leading zero", "-01"), ("plus", "+1"), ("dot first", ".5"), ("dot last", "1."),
        ("bare minus", "-"), ("bare exponent", "1e"), ("signed bare exponent", "1e+"),
        ("hex", "0x10"), ("underscore", "1_0"), ("full-width digit", "\uff11"),
        ("Arabic digit", "\u0661"), ("True", "True"), ("undefined", "undefined"),
        ("tru", "tru"), ("nulll", "nulll"), ("nothing", ""), ("single quotes", "'a'"),
        ("trailing comma in array", "[1,]"), ("leading comma in array", "[,1]"),
        ("two commas", "[1,,2]"), ("missing comma", "[1 2]"), ("trailing comma in object",
         '{"a":1,}'), ("bare key", "{a:1}"), ("number key", "{1:1}"), ("missing colon",
         '{"a" 1}'), ("two colons", '{"a"::1}'), ("missing value", '{"a":}'),
        ("unclosed array", "[1"), ("wrong closer", "[1}"), ("comment", "1/*c*/"),
        ("line comment", "1//c\n"), ("form feed", "\f1"), ("vertical tab", "\v1"),
        ("no-break space", "\u00a01"), ("NUL", "\0"), ("lone high surrogate", r'"\ud800"'),
        ("lone low surrogate", r'"\udc00"'), ("high high", r'"\ud800\ud800"'),
        ("low high", r'"\udc00\ud800"'), ("high and letter", r'"\ud800a"'),
        ("high and escape", r'"\ud800\n"'), ("short hex", r'"\u12"'), ("bad hex", r'"\u12g4"'),
        ("signed hex", r'"\u+123"'), ("hex with space", r'"\u 123"'), ("upper-case U", r'"\U0041"'),
        ("bad escape", r'"\x41"'), ("escaped quote end", '"\\"'), ("escaped zero", r'"\0"'),
        ("raw newline", '"\n"'), ("raw tab", '"\t"'), ("raw 1f", '"\x1f"'), ("raw NUL", '"\0"'),
        ("unclosed string", '"a'), ("duplicate key deep", '[{"a":{"b":1,"b":1}}]'),
        ("duplicate key after unescaping", r'{"a":1,"\u0061":2}'),
        ("duplicate key by surrogates", '{"\U0001f600":1,"\\ud83d\\ude00":2}'),
        ("duplicate empty key", '{"":1,"":1}'), ("duplicate key by slash", r'{"/":1,"\/":2}'),
    ):
        field = "field 51" if "duplicate" in name else "strict RFC 8259"
        case(f"bad member: {name}", f"{field}: one reading or none", member(text), MJ)
    good = '{"fingerprint":"f"}'
    for name, body in (
        ("empty body", b""), ("white space alone", b"  "), ("BOM first", b"\xef\xbb\xbf" +
         good.encode()), ("UTF-16", good.encode("utf-16")), ("UTF-16 without BOM",
         good.encode("utf-16-le")), ("trailing bytes", good.encode() + b"x"),
        ("trailing NUL", good.encode() + b"\0"), ("two documents", good.encode() * 2),
        ("leading NUL", b"\0" + good.encode()), ("cut short", good.encode()[:-1]),
        ("top array", b'[{"fingerprint":"f"}]'), ("top string", b'"fingerprint"'),
        ("top number", b"1"), ("top null", b"null"), ("byte ff in a string",
         b'{"fingerprint":"\xff"}'), ("CESU surrogate bytes", b'{"fingerprint":"\xed\xa0\x80"}'),
        ("overlong slash", b'{"fingerprint":"\xc0\xaf"}'), ("overlong NUL",
         b'{"fingerprint":"\xc0\x80"}'), ("beyond the last code point",
         b'{"fingerprint":"\xf4\x90\x80\x80"}'), ("cut UTF-8", b'{"fingerprint":"\xe2\x82"}'),
        ("bad UTF-8 in a key", b'{"fingerprint":"f","\xff":1}'), ("bad UTF-8 outside strings",
         b'{"fingerprint":"f"}\xff'), ("form body", b"fingerprint=f"),
        ("JSON sequence mark", b"\x1e" + good.encode()), ("newline-delimited",
         good.encode() + b"\n" + good.encode())):
        case(f"body: {name}", "field 10: bytes with one reading, or malformed", body, MJ)
    case("duplicate fingerprint", "field 51: two parsers would pick two",
         '{"fingerprint":"a","fingerprint":"b"}', MJ)
    case("duplicate fingerprint equal", "field 51: even when both agree",
         '{"fingerprint":"a","fingerprint":"a"}', MJ)
    case("duplicate fingerprint escaped", "field 51: after unescaping",
         '{"fingerprint":"a","fingerprin\\u0074":"b"}', MJ)
    for name, opener, closer in (("arrays", "[", "]"), ("objects", '{"a":', "}")):
        filler = "1" if name == "objects" else ""
        for depth, want in ((63, "ok"), (64, MJ), (5000, MJ)):
            case(f"depth {depth + 1} of {name}", "field 11: the outermost object is level 1; 64 "
                 "is the last allowed", member(opener * depth + filler + closer * depth), want)
    mixed = '[{"a":' * 31 + "[" + "]" + "}]" * 31
    case("depth 64 mixed", "arrays and objects count alike", member(mixed))
    case("depth 65 mixed", "arrays and objects count alike",
         member('[{"a":' * 32 + "1" + "}]" * 32), MJ)
    case("depth 5000 never closed", "field 11: refused without running out of stack",
         member("[" * 5000), MJ)


def fingerprint_cases() -> None:
    for name, text in (("one byte", "f"), ("256 bytes", "f" * 256), ("128 two-byte characters",
                       "\u00e9" * 128), ("of a space", " "), ("with a newline escape", r"a\nb"),
                       ("escaped", r"\u0066"), ("emoji", "\U0001f600"), ("of digits", "123")):
        case(f"fingerprint {name}", "1 to 256 bytes, kept as it is", f'{{"fingerprint":"{text}"}}')
    for name, text in (
        ("missing", "{}"), ("empty", '{"fingerprint":""}'), ("257 bytes",
         '{"fingerprint":"%s"}' % ("f" * 257)), ("129 two-byte characters",
         '{"fingerprint":"%s"}' % ("\u00e9" * 129)), ("65 four-byte characters",
         '{"fingerprint":"%s"}' % ("\U0001f600" * 65)), ("with NUL",
         r'{"fingerprint":"a\u0000"}'), ("of NUL", r'{"fingerprint":"\u0000"}'),
        ("number", '{"fingerprint":1}'), ("null", '{"fingerprint":null}'), ("true",
         '{"fingerprint":true}'), ("array", '{"fingerprint":["f"]}'), ("object",
         '{"fingerprint":{"f":1}}'), ("in another case", '{"Fingerprint":"f"}'),
        ("one level down", '{"data":{"fingerprint":"f"}}'), ("with a space in its key",
         '{"fingerprint ":"f"}'),
    ):
        case(f"fingerprint {name}", "field 43: strictly typed, never coerced", text, MF)
    doc = (
        '{"a":{"b":"deep"},"list":["zero","one",{"k":"obj"}],"a/b":"slash","m~n":"tilde",'
        '"":"empty","~1":"tilde one","0":"key zero","01":"key one","-":"dash"," ":"space",'
        '"\\u00e9":"accent","n":{"":{"":"twice"}}}'
    )
    for pointer, want in (
        ("/a/b", "ok"), ("/list/0", "ok"), ("/list/1", "ok"), ("/list/2/k", "ok"),
        ("/a~1b", "ok"), ("/m~0n", "ok"), ("/", "ok"), ("/~01", "ok"), ("/0", "ok"),
        ("/01", "ok"), ("/-", "ok"), ("/ ", "ok"), ("/\u00e9", "ok"), ("/n//", "ok"),
        ("/a", MF), ("/a/b/c", MF), ("/a/", MF), ("/list", MF), ("/list/3", MF), ("/list/-", MF),
        ("/list/00", MF), ("/list/01", MF), ("/list/-1", MF), ("/list/+1", MF), ("/list/1.0", MF),
        ("/list/ 1", MF), ("/list/1e0", MF), ("/list/\u0661", MF), ("/list/", MF),
        ("/list/18446744073709551616", MF), ("/list/4294967296", MF), ("/a%2Fb", MF), ("/A/b", MF),
        ("/list/length", MF), ("/a/__proto__", MF), ("/constructor/name", MF), ("//", MF),
        ("/e\u0301", MF), ("/a/b/0", MF),
    ):
        case(f"pointer `{pointer}`", "RFC 6901, evaluated to the letter", doc, want, pointer)


def consent_cases() -> None:
    for key in (
        "consent_scopes", "consentScopes", "CONSENT_SCOPES", "Consent-Scopes", "consentscopes",
        "consent-at", "consent_at", "consentAt", "CONSENTAT", "_consent_at_", "c-o-n-s-e-n-t-at",
        "consent__scopes", "--consent-_scopes", "\\u0063onsent_at", "consent\\u005fat",
        "c_onsent_scope_s",
    ):
        text = f'{{"fingerprint":"f","{key}":null}}'
        case(f"consent key `{key}`", "field 42: an event cannot carry consent", text, CP)
    for name, text in (
        ("in an object", '{"a":{"consent_at":1}}'), ("in an array", '[[{"consent_scopes":[]}]]'),
        ("at depth 63", '{"a":' * 61 + '{"consentAt":1}' + "}" * 61),
        ("behind others", '{"a":1,"b":{"c":{"consent-at":null}}}'),
    ):
        case(f"consent key {name}", "field 42: at any depth", member(text), CP)
    for key in (
        "consent", "consents_scope", "consent scopes", "consent.at", "consent_at_ms",
        "consent_scope", "xconsent_at", "con\u017fent_at", "consent\u2010at", "consent\uff3fat",
        "\uff43onsent_at", "consent_atx", "consent\\u0000at",
    ):
        text = f'{{"fingerprint":"f","{key}":1}}'
        case(f"no consent key `{key}`", "only ASCII case, `_` and `-` are folded", text)
    case("consent words as values", "values are nothing", member('["consent_scopes","consent_at"]'))
    case("consent key as the fingerprint", "the fingerprint is found, then the key is refused",
         '{"consent_at":"f"}', CP, "/consent_at")


def site_cases() -> None:
    def site(name: str, text: str, want: str, asked: str = "acme") -> None:
        case(f"site_id {name}", "law 8: an event of another site is refused",
             f'{{"fingerprint":"f","site_id":{text}}}', want, site=asked)

    for name, text in (
        ("equal", '"acme"'), ("upper case", '"ACME"'), ("mixed case", '"aCmE"'),
        ("with spaces", '"  acme "'), ("with tab and newline", r'"\tacme\r\n"'),
        ("escaped", r'"\u0061cme"'),
    ):
        site(name, text, "ok")
    site("with all its characters", '"A-b_C.9"', "ok", "a-b_c.9")
    site("of 64 bytes", '"%s"' % ("A" * 64), "ok", "a" * 64)
    for name, text in (
        ("another", '"other"'), ("empty", '""'), ("blank", '" "'), ("null", "null"),
        ("number", "1"), ("negative number", "-1"), ("fraction", "0.5"),
        ("array", '["acme"]'), ("object", '{"acme":1}'), ("true", "true"),
        ("with a suffix", '"acme2"'), ("cut", '"acm"'), ("with an inner space", '"ac me"'),
        ("with NUL", r'"acme\u0000"'), ("with a no-break space", '"\u00a0acme"'),
        ("full-width", '"\uff41cme"'), ("of 65 bytes", '"%s"' % ("a" * 65)), ("with a slash",
         '"acme/"'), ("with a zero-width space", '"acme\u200b"'),
    ):
        site(name, text, WS)
    site("with a Kelvin sign", '"\u212aite"', WS, "kite")
    case("site_id nested", "only the top level names a site", member('{"site_id":"other"}'))
    case("site_id in another case", "the key is compared as it is",
         '{"fingerprint":"f","Site_Id":"other"}')
    case("site number equal to digits", "law 8: a number is no string",
         '{"fingerprint":"f","site_id":1}', WS, site="1")


def precedence_cases() -> None:
    for name, text, want in (
        ("json before fingerprint", '{"fingerprint":1,"fingerprint":1}', MJ),
        ("json before consent", '{"fingerprint":"f","consent_at":1}x', MJ),
        ("json after everything", '{"consent_at":1,"site_id":"o","x":NaN}', MJ),
        ("duplicate consent keys", '{"fingerprint":"f","consent_at":1,"consent_at":1}', MJ),
        ("fingerprint before consent", '{"consent_at":1}', MF),
        ("fingerprint before site", '{"site_id":"other"}', MF),
        ("fingerprint before both", '{"fingerprint":"","site_id":"o","consent_at":1}', MF),
        ("consent before site", '{"fingerprint":"f","site_id":"other","consentAt":1}', CP),
        ("two spellings of consent", '{"fingerprint":"f","consent_at":1,"consentAt":1}', CP),
    ):
        case(f"precedence: {name}", "field 52: the first that applies, over the whole body", text,
             want)


def build() -> Collector:
    json_cases()
    fingerprint_cases()
    consent_cases()
    site_cases()
    precedence_cases()
    event_id_cases(case)
    return out
