"""schemes.json: github, stripe, slack and shopify, mostly of what must be refused."""

from __future__ import annotations

from .common import NOW_MS, NOW_S, Collector, b64, key_of, private_of, public_of
from .schemes_run import (
    BODY,
    BS,
    FT,
    MH,
    NAME,
    PREFIX,
    SCHEMES,
    SLACK_TIME,
    ST,
    TIMED,
    TS,
    A,
    B,
    C,
    D,
    case,
    item,
    out,
    request,
    secret_case,
    tag,
    valid,
)
from .schemes_tags import tag_cases

SLACK_EXAMPLE = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
    b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


def valid_cases() -> None:
    for scheme in SCHEMES:
        case(scheme, "valid", "the plain case", valid(scheme), "ok")
    github = [("X-Hub-Signature-256", b"sha256=757107ea0eb2509fc211221cce984b8a"
               b"37570b6d7586c22c46f4379c8b043e17")]
    case("github", "published example", "the example of docs.github.com, with its published "
         "signature", github, "ok", body=b"Hello, World!", secrets=("It's a Secret to Everybody",))
    case("github", "published example, another body", "the published signature is of one body",
         github, body=b"Hello, World", secrets=("It's a Secret to Everybody",))
    slack = [("X-Slack-Request-Timestamp", b"1531420618"), ("X-Slack-Signature",
             b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")]
    for name, now_ms, want in (("published example", 1531420618000, "ok"),
                               ("published example, today", NOW_MS, ST)):
        case("slack", name, "the example of api.slack.com, with its published signature", slack,
             want, body=SLACK_EXAMPLE, secrets=("8f742231b10e8888abcd99yyyzzz85a5",),
             now_ms=now_ms)
    case("stripe", "published header", "the header of docs.stripe.com: its form is read, its "
         "secret is not published", [("Stripe-Signature",
         b"t=1492774577,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd,"
         b"v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aab816edb039989a39")],
         now_ms=1492774577000)
    for scheme in ("github", "shopify"):
        note = "no time is signed: a copy is acceptable for ever, and a time sent is nothing"
        for name, now_ms in (("in 1970", 0), ("in 3000", 32_503_680_000_000)):
            case(scheme, f"valid {name}", note, valid(scheme), "ok", now_ms=now_ms)
        case(scheme, "valid with a stale time beside", note,
             [*valid(scheme), ("date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (SLACK_TIME, b"1"),
              ("x-shopify-triggered-at", b"1970-01-01T00:00:00Z")], "ok", tolerance_s=1)
    case("github", "the older header alone", "field 6: `sha1` is never taken instead",
         [("x-hub-signature", b"sha1=" + b"0" * 40)], MH)
    case("github", "the older header with the newer tag", "field 6",
         [("x-hub-signature", item("github").encode())], MH)


def rotation_cases() -> None:
    note = "field 18: every listed key is tried, the first listed that matches is named"
    for scheme in SCHEMES:
        for name, signer, secrets, index in (
            ("the older key of two", A, (A, B), 0), ("the newer key of two", B, (A, B), 1),
            ("the last of four keys", D, (A, B, C, D), 3), ("a key listed twice", B, (A, B, B), 1),
            ("the order turned", A, (B, A), 1),
        ):
            case(scheme, name, note, valid(scheme, signer), "ok", secrets=secrets, key_index=index)
        case(scheme, "a key not listed", "law 2", valid(scheme, C), secrets=(A, B))
        case(scheme, "wrong secret", "another key", valid(scheme), secrets=(B,))
    both = f"{item('stripe', A)},{item('stripe', B)}"
    listings: dict[str, tuple[str, ...]] = {
        "old first": (A, B), "new alone": (B,), "old alone": (A,), "new first": (B, A),
    }
    for name, listed in listings.items():
        case("stripe", f"both signatures of a rotation, {name}", note, request("stripe", both),
             "ok", secrets=listed)
    case("stripe", "both signatures, neither key listed", note, request("stripe", both),
         secrets=(C, D))
    case("stripe", "the first signature stripped", note, request("stripe", item("stripe", B)),
         "ok", secrets=(A, B), key_index=1)


def stripe_item_cases() -> None:
    right, t = item("stripe"), f"t={TS}"
    zero = "v1=" + "0" * 64

    def header(name: str, note: str, value: str, want: str) -> None:
        case("stripe", name, note, [(NAME["stripe"], value.encode())], want)

    for name, value, want in (
        ("two times, equal", f"{t},{t},{right}", MH), ("two times, second stale",
         f"{t},t=1,{right}", MH), ("two times, first stale", f"t=1,{t},{right}", MH),
        ("two times, around", f"{t},{right},{t}", MH), ("two times, second empty",
         f"{t},t=,{right}", MH), ("two times, second no number", f"{t},t=x,{right}", MH),
        ("two times, first no number", f"t=x,{t},{right}", MH),
    ):
        header(name, "field 12: two readers would read two times", value, want)
    for name, value in (
        ("no time", right), ("no time, v0 alone", "v0=" + tag("stripe")), ("time alone twice", "t"),
        ("T for t", f"T={TS},{right}"), ("space before t", f" {t},{right}"), ("t without =",
         f"t{TS},{right}"), ("t: for t=", f"t:{TS},{right}"), ("tt for t", f"tt={TS},{right}"),
        ("time in v1", f"v1=t={TS},{right}"), ("semicolons", f"{t};{right}"[1:]),
        ("commas alone", ",,,"), ("time named ts", f"ts={TS},{right}"),
    ):
        header(f"time: {name}", "field 4: no time, no acceptance", value, MH)
    for name, value in (
        ("time alone", t), ("time and an empty item", f"{t},"), ("time and an empty tag",
         f"{t},v1="), ("v0 alone", f"{t},v0={tag('stripe')}"), ("V1", f"{t},V1={tag('stripe')}"),
        ("semicolon for comma", f"{t};{right}"), ("space for comma", f"{t} {right}"),
        ("space after the comma", f"{t}, {right}"), ("tag without v1", f"{t},{tag('stripe')}"),
        ("tag in the time's item", f"{t}{right}"), ("v1 with a space", f"{t},v1 ={tag('stripe')}"),
        ("wrong tags alone", f"{t},{zero},{zero}"), ("quoted tag", f'{t},v1="{tag("stripe")}"'),
        ("v1 of v1", f"{t},v1={right}"), ("tag of the v0 content", f"{t},{item('slack')}"),
        ("newline for comma", f"{t}\n{right}"),
    ):
        malformed = name in ("semicolon for comma", "space for comma", "tag in the time's item",
                             "newline for comma")
        header(f"items: {name}", "field 8: passed over, never guessed", value,
               MH if malformed else BS)
    for name, value in (
        ("time last", f"{right},{t}"), ("time between", f"{zero},{t},{right}"),
        ("v0 beside, wrong", f"{t},{right},v0={'0' * 64}"), ("v0 before, wrong",
         f"{t},v0={'0' * 64},{right}"), ("v0 beside, with the tag of v1",
         f"{t},v0={tag('stripe')},{right}"), ("empty items around", f",,{t},,{right},,"),
        ("wrong tag before", f"{t},{zero},{right}"), ("wrong tag after", f"{t},{right},{zero}"),
        ("right tag twice", f"{t},{right},{right}"), ("junk before", f"{t},junk,v1=zz,=,{right}"),
        ("half a tag before", f"{t},{right[:-2]},{right}"), ("upper-case tag before",
         f"{t},v1={tag('stripe').upper()},{right}"), ("unknown v2", f"{t},v2=x,{right}"),
        ("item not ASCII", f"{t},\u00e9=\u00e9,{right}"),
        ("long junk", f"{t},{'x' * 1000},{right}"),
        ("another time name", f"{t},T=1,ts=1, t=1,{right}"), ("equals signs", f"{t},===,{right}"),
    ):
        header(f"items: {name}", "field 8: what is not well formed in a list is passed over",
               value, "ok")
    for name, value, want in (
        ("32 items", f"{t}," + "x," * 30 + right, "ok"),
        ("33 items", f"{t}," + "x," * 31 + right, MH),
        ("33 items, the right ones first", f"{t},{right}" + ",x" * 31, MH),
        ("32 items, 31 of them empty", f"{t}" + "," * 31, BS),
        ("33 items, 32 of them empty", f"{t}" + "," * 32, MH),
        ("31 tags, the last right", f"{t}," + f"{zero}," * 30 + right, "ok"),
        ("32 tags, the last right", f"{t}," + f"{zero}," * 31 + right, MH),
        ("32 empty items before all", "," * 32 + f"{t},{right}", MH),
        ("3002 items", f"{t},{right}" + ",x" * 3000, MH),
        ("time as item 33", f"{right}," + "x," * 31 + t, MH),
        ("second time as item 33", f"{t},{right}" + ",x" * 30 + ",t=1", MH),
    ):
        header(f"count: {name}", "field 8, 11: at most 32", value, want)


def time_cases() -> None:
    for scheme in TIMED:
        for name, ts in (
            ("empty", ""), ("leading zero", "0" + TS), ("00", "00"), ("plus", "+" + TS),
            ("minus", "-" + TS), ("minus one", "-1"), ("space before", " " + TS),
            ("space after", TS + " "), ("newline after", TS + "\n"), ("fraction", TS + ".0"),
            ("exponent", "17e8"), ("hex", "0x6553f100"), ("underscore", "1_700_000_000"),
            ("comma inside", "1 700"), ("nan", "nan"), ("inf", "inf"), ("true", "true"),
            ("12 digits", "1" * 12), ("in milliseconds", TS + "000"), ("i64 max", str(2**63 - 1)),
            ("i64 max plus 1", str(2**63)), ("u64 max", str(2**64 - 1)), ("5000 digits", "1" * 5000
             ), ("Arabic digits", "\u0661\u0667\u0660\u0660\u0660"), ("full-width digit", "\uff11"),
            ("NUL after", TS + "\0"), ("quoted", f'"{TS}"'), ("RFC 3339", "2023-11-14T22:13:20Z"),
            ("equals inside", "=" + TS), ("letter", TS + "s"),
        ):
            case(scheme, f"timestamp {name}", "field 3: 1 to 11 digits, or malformed",
                 valid(scheme, ts=ts), MH)
        case(scheme, "timestamp of bytes ff", "field 7", request(scheme, item(scheme), b"\xff"), MH)
        case(scheme, "timestamp 0", "`0` itself is a time, long ago", valid(scheme, ts="0"), ST)
        case(scheme, "timestamp 0 in 1970", "`0` itself is a time", valid(scheme, ts="0"), "ok",
             now_ms=0)
        case(scheme, "timestamp 0 at its last moment", "field 2", valid(scheme, ts="0"), "ok",
             now_ms=300_000)
        case(scheme, "timestamp 99999999999", "field 2: 11 digits are a time, far ahead",
             valid(scheme, ts="9" * 11), FT)
        for tolerance_s, age_ms, want in (
            (300, 0, "ok"), (300, 299_999, "ok"), (300, 300_000, "ok"), (300, 300_001, ST),
            (300, 301_000, ST), (300, -299_999, "ok"), (300, -300_000, "ok"), (300, -300_001, FT),
            (1, 1000, "ok"), (1, 1001, ST), (1, -1000, "ok"), (1, -1001, FT),
            (3600, 3_600_000, "ok"), (3600, 3_600_001, ST), (3600, -3_600_001, FT),
        ):
            case(scheme, f"{age_ms} ms old, tolerance {tolerance_s} s",
                 "field 14: both ends included, both sides bounded", valid(scheme), want,
                 now_ms=NOW_MS + age_ms, tolerance_s=tolerance_s)
        case(scheme, "a year ahead", "field 14", valid(scheme), FT, now_ms=NOW_MS - 31_536_000_000)
        for ts, moved in ((str(NOW_S + 1), "moved by a second"), (TS + "0", "with a digit more"),
                          (TS[:-1], "with a digit less"), (str(NOW_S + 300), "moved to the edge")):
            case(scheme, f"timestamp {moved}", "the time is signed",
                 request(scheme, item(scheme), ts))
        case(scheme, "stale and wrongly signed", "the signature is judged before the time",
             valid(scheme, B), now_ms=NOW_MS + 10**9)
        case(scheme, "future and wrongly signed", "the signature is judged before the time",
             valid(scheme, B), now_ms=0)
        case(scheme, "malformed time and wrongly signed", "headers are judged first",
             request(scheme, item(scheme, B), "x"), MH)
    case("stripe", "digits moved from body to time", "field 5: the dot parts them",
         request("stripe", item("stripe", ts=TS, body=b"1.{}"), TS + ".1"), MH, body=b"{}")
    case("slack", "text moved from body to time", "field 5: the colon parts them",
         request("slack", item("slack", ts=TS, body=b"1:{}"), TS + ":1"), MH, body=b"{}")


def slack_header_cases() -> None:
    good = valid("slack")
    time, signature = good
    note = "field 12: exactly once"
    case("slack", "time header missing", "field 4: no time, no acceptance", [signature], MH)
    case("slack", "time header twice, equal", note, [*good, time], MH)
    case("slack", "time header twice, second empty", note, [*good, (SLACK_TIME, b"")], MH)
    case("slack", "time header twice, first stale", note, [(SLACK_TIME, b"1"), *good], MH)
    case("slack", "time header twice in two cases", note, [*good, (SLACK_TIME.upper(), time[1])],
         MH)
    case("slack", "time header joined", note, [(SLACK_TIME, time[1] + b"," + time[1]), signature],
         MH)
    case("slack", "time header of 8193 bytes", "field 11", [(SLACK_TIME, b"1" * 8193), signature],
         MH)
    case("slack", "time header in upper case", "names are read in any case",
         [(SLACK_TIME.upper(), time[1]), signature], "ok")
    case("slack", "two signatures in one header", "the header holds one",
         request("slack", f"{item('slack')},{item('slack', B)}"))
    case("slack", "version 1 of the content", "field 6: `v0` is signed too",
         request("slack", "v1=" + tag("slack")))


def cap_cases() -> None:
    for scheme in SCHEMES:
        value = dict(valid(scheme))[NAME[scheme]]
        rest = [pair for pair in valid(scheme) if pair[0] != NAME[scheme]]
        for length in (8192, 8193):
            filler = b"x" * (length - len(value))
            if scheme == "stripe":
                filler = b"," + filler[1:]
            at_cap = "ok" if scheme == "stripe" else BS
            want = at_cap if length == 8192 else MH
            full = value + filler
            case(scheme, f"signature header of {length} bytes", "field 11: the cap is 8192",
                 [*rest, (NAME[scheme], full)], want)


def secret_cases() -> None:
    encoded = "whsec_" + b64(key_of("scheme a"))
    for scheme in SCHEMES:
        case(scheme, "secret with whsec_", "the text itself is the key, prefix included",
             valid(scheme, encoded), "ok", secrets=(encoded,))
        case(scheme, "secret with whsec_ decoded", "field 4: a text is never decoded",
             valid(scheme, encoded), secrets=(encoded.removeprefix("whsec_"),))
        case(scheme, "signed with the bare text", "the prefix belongs to the key",
             valid(scheme, encoded.removeprefix("whsec_")), secrets=(encoded,))
        for name, text in (("of one byte", "x"), ("not ASCII", "cl\u00e9 secr\u00e8te \u2603"),
                           ("with spaces around", f" {A} "), ("with a newline", A + "\n"),
                           ("of 64 bytes", "k" * 64), ("of 65 bytes", "k" * 65),
                           ("of 512 bytes", "k" * 512)):
            case(scheme, f"secret {name}", "nothing is cut; verify refuses only empty ones",
                 valid(scheme, text), "ok", secrets=(text,))
        case(scheme, "secret with a newline cut", "nothing is cut", valid(scheme, A),
             secrets=(A + "\n",))
    for scheme in SCHEMES:
        for name, text, want in (
            ("plain", A, "ok"), ("whsec_ and base64", encoded, "ok"), ("whsec_ and no base64",
             "whsec_!not base64 at all!", "ok"), ("24 bytes", "k" * 24, "ok"), ("512 bytes",
             "k" * 512, "ok"), ("24 bytes of 12 letters", "\u00e9" * 12, "ok"),
            ("512 bytes of 256 letters", "\u00e9" * 256, "ok"), ("spaces around", f"  {A}  ", "ok"),
            ("newline after", A + "\n", "ok"), ("sentence", "It's a Secret to Everybody", "ok"),
        ):
            secret_case(scheme, name, "the text itself is the key; bytes are counted", text, want)
        for name, text, want in (
            ("23 bytes", "k" * 23, "too_short"), ("23 bytes, 8 letters", "\u2603" * 7 + "\u00e9",
             "too_short"), ("whsec_ alone", "whsec_", "too_short"), ("one byte", "k", "too_short"),
            ("513 bytes", "k" * 513, "too_long"), ("514 bytes of 257 letters", "\u00e9" * 257,
             "too_long"), ("4096 bytes", "k" * 4096, "too_long"), ("empty", "", "empty"),
            ("one space", " ", "empty"), ("32 spaces", " " * 32, "empty"), ("32 newlines",
             "\n" * 32, "empty"), ("tabs and CRLF", "\t\r\n" * 10, "empty"),
            ("no-break spaces", "\u00a0" * 16, "empty"), ("ideographic spaces", "\u3000" * 16,
             "empty"), ("form feeds", "\f" * 30, "empty"),
        ):
            secret_case(scheme, name, "field 4: an absent secret is a fault", text, want)
        for name, text, want in (
            ("public key", public_of("a"), "public_key"), ("public prefix", "whpk_" + "k" * 32,
             "public_key"), ("private key", private_of("a"), "private_key"),
        ):
            secret_case(scheme, name, "everybody knows a public key, and `v1a` alone has keys",
                        text, want)
    assert PREFIX.keys() == set(SCHEMES) and BODY


def build() -> Collector:
    valid_cases()
    rotation_cases()
    tag_cases()
    stripe_item_cases()
    time_cases()
    slack_header_cases()
    cap_cases()
    secret_cases()
    return out
