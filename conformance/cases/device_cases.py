"""device.json: mostly of what must be refused."""

from __future__ import annotations

from .common import NOW_S, Collector, Pairs, key_of, secret_of
from .device_requests import request_cases
from .device_run import (
    BODY,
    BS,
    DEVICE,
    FT,
    G1,
    G2,
    LIMITED,
    M1,
    M2,
    M3,
    MH,
    NONCE,
    OK,
    OTHER,
    ST,
    UD,
    URL,
    USED,
    Run,
    derive,
    done,
    header,
    keys,
    one,
    out,
    secret,
    signing,
    site,
)

GOOD = header()
PARTS = GOOD.split(":")


def joined(place: int, text: str) -> str:
    """The good header with one part made another."""
    return ":".join([*PARTS[:place], text, *PARTS[place + 1:]])


def header_cases() -> None:
    one("valid", "the plain case", OK)
    names: list[tuple[str, Pairs, str]] = [
        ("in another case", [("X-DEVICE-Auth", GOOD.encode())], OK),
        ("missing", [], MH),
        ("under another name", [("device-auth", GOOD.encode())], MH),
        ("twice", [("x-device-auth", GOOD.encode())] * 2, MH),
        ("twice, the second empty", [("x-device-auth", GOOD.encode()), ("X-Device-Auth", b"")],
         MH),
        ("among 255 others", [("x-device-auth", GOOD.encode()), *[("x", b"y")] * 255], OK),
        ("among 256 others", [("x-device-auth", GOOD.encode()), *[("x", b"y")] * 256], MH),
    ]
    for name, headers, want in names:
        one(f"header {name}", "field 12, law 2: exactly one, and one answer", want,
            headers=headers)
    for name, value in (
        ("empty", b""), ("of colons", b":::"), ("of 5,000 colons", b":" * 5000),
        ("over the cap", b"a" * 8193), ("not UTF-8", b"\xff" + GOOD.encode()),
        ("with a space before", b" " + GOOD.encode()), ("with a space after", f"{GOOD} ".encode()),
        ("with a line's end after", f"{GOOD}\n".encode()), ("with NUL", f"{GOOD}\0".encode()),
        ("with a fifth part", f"{GOOD}:".encode()), ("with a part before", f":{GOOD}".encode()),
        ("listing two", f"{GOOD},{GOOD}".encode()), ("with a scheme", f"HMAC {GOOD}".encode()),
    ):
        one(f"header {name}", "field 1, 11: not of the grammar", MH, value)
    for place, part in enumerate(("device", "timestamp", "nonce", "mac")):
        note = "field 1: every part must be there"
        one(f"without its {part}", note, MH, ":".join(PARTS[:place] + PARTS[place + 1:]))
        one(f"with an empty {part}", note, MH, joined(place, ""))
        one(f"{part} twice", note, MH, ":".join([*PARTS[:place + 1], *PARTS[place:]]))
    for place in range(3):
        swapped = [*PARTS]
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        one(f"parts {place} and {place + 1} exchanged", "field 5", MH, ":".join(swapped))


def mac_cases() -> None:
    mac = PARTS[3]
    for length in (1, 2, 31, 32, 62, 63):
        one(f"mac cut to {length}", "field 1: no prefix of a tag is a tag", MH,
            joined(3, mac[:length]))
    for name, text, want in (
        ("in upper case", mac.upper(), MH), ("with an upper-case digit", "A" + mac[1:], MH),
        ("with a digit more", mac + "0", MH), ("that is no hex", "g" + mac[1:], MH),
        ("as 0x", "0x" + mac[2:], MH), ("with a prefix", "sha256=" + mac, MH),
        ("of zeros", "0" * 64, BS), ("reversed", mac[::-1], BS),
        ("with another first digit", ("0" if mac[0] != "0" else "1") + mac[1:], BS),
        ("with another last digit", mac[:-1] + ("0" if mac[-1] != "0" else "1"), BS),
    ):
        one(f"mac {name}", "field 1, 9: 64 lower-case digits, all compared", want, joined(3, text))
    for name, key in (
        ("the master key itself", key_of("master one")), ("an empty key", b""),
        ("another device's secret", secret(device="meter-8")),
        ("another site's secret", secret(name="other")),
        ("another generation's secret", secret(generation=1)),
        ("another master key's secret", secret(M2)), ("a key of zeros", bytes(32)),
    ):
        one(f"signed with {name}", "law 8: a secret is of one device, site and generation", BS,
            header(key=key))


def grammar_cases() -> None:
    for name, device in (
        ("with a space", "meter 7"), ("with a slash", "meter/7"), ("with an at", "m@7"),
        ("of 129 bytes", "m" * 129), ("with a percent sign", "meter%377"),
    ):
        one(f"device {name}", "field 5, 11: 1 to 128 bytes of A-Z a-z 0-9 . _ -", MH,
            joined(0, device))
    one("device with an umlaut", "field 7: bytes are looked at, nothing raises", MH,
        joined(0, "mèter-7").encode())
    for name, device in (
        ("in another case", "Meter-7"), ("cut", "meter-"), ("with a dot after", "meter-7."),
    ):
        one(f"device {name}", "compared as it is: another device's name was not signed", BS,
            joined(0, device))
    for device in ("a", "A.b_c-9", "m" * 128):
        run = Run()
        run.send(OK, header(device=device))
        done(f"device of {len(device)} bytes", "the grammar's edges", run)
    for name, nonce in (
        ("of 15 bytes", "a" * 15), ("of 65 bytes", "a" * 65), ("with a dot", NONCE + "."),
        ("with a space", NONCE[:-1] + " "), ("with padding", NONCE + "=="), ("with +", "+" * 16),
    ):
        one(f"nonce {name}", "field 5, 11: 16 to 64 bytes of A-Z a-z 0-9 _ -", MH,
            joined(2, nonce))
    for name, nonce in (("in another case", NONCE.upper()), ("with a byte more", NONCE + "0")):
        one(f"nonce {name}", "field 17: the nonce is signed as it is", BS, joined(2, nonce))
    for nonce in ("a" * 16, "Z_9-" * 16):
        run = Run()
        run.send(OK, header(nonce=nonce))
        done(f"nonce of {len(nonce)} bytes", "the grammar's edges", run)


def time_cases() -> None:
    now = str(NOW_S)
    for name, text in (
        ("with a plus", "+" + now), ("with a minus", "-" + now), ("with a zero before", "0" + now),
        ("with a fraction", now + ".0"), ("with an exponent", "17e8"), ("nan", "nan"),
        ("inf", "inf"), ("in hex", hex(NOW_S)), ("with an underscore", "1_700_000_000"),
        ("with a space", " " + now), ("of 12 digits", "1" * 12), ("of 5,000 digits", "1" * 5000),
        ("of i64::MAX", str(2**63 - 1)), ("of i64::MIN", str(-(2**63))),
        ("of u64::MAX", str(2**64 - 1)),
    ):
        one(f"time {name}", "field 2, 3: digits alone", MH, joined(1, text))
    one("time in Arabic digits", "field 3", MH, joined(1, "١٧٠٠٠٠٠٠٠٠").encode())
    one("time in milliseconds", "field 15: 13 digits are no seconds", MH, joined(1, now + "000"))
    one("time of the next second", "field 3: the time is signed", BS, joined(1, str(NOW_S + 1)))
    for tolerance_s in (1, 300, 3600):
        config = {"claim": {"ttl_s": 7200}, "sites": {"acme": {
            **site(), "tolerance_s": tolerance_s}}}
        for at_ms, want in (
            (tolerance_s * 1000, OK), (tolerance_s * 1000 + 1, ST),
            (-tolerance_s * 1000, OK), (-tolerance_s * 1000 - 1, FT),
        ):
            run = Run(config)
            run.at_ms(at_ms).send(want)
            done(f"tolerance {tolerance_s} s, clock {at_ms} ms off",
                 "field 14: both sides, both ends included", run)
    for at_s in (0, 1, 99_999_999_999):
        one(f"time {at_s}", "field 2, 14: far away, and signed", FT if at_s > NOW_S else ST,
            header(at_s=at_s))


def replay_cases() -> None:
    run = Run()
    run.send(OK)
    for second in (0, 1, 299, 300):
        run.at_ms(second * 1000).send(USED)
    run.at_ms(300_001).send(ST)
    done("sent again", "field 16, 26: used is used, up to the last moment it is fresh", run)
    for signed_s in (-300, 0, 299, 300):
        run = Run()
        own = header(at_s=NOW_S + signed_s)
        run.send(OK, own)
        for second in range(signed_s + 295, signed_s + 301):
            if second >= 0:
                run.at_ms(second * 1000).send(USED, own)
        run.at_ms((signed_s + 300) * 1000 + 1).send(ST, own)
        done(f"signed {signed_s} s off, sent again",
             "field 16: at every second around the end of what is acceptable", run)
    run = Run()
    run.send(OK)
    for second in (0, 300, 629):
        run.at_ms(second * 1000).send(USED, header(at_s=NOW_S + second, url="/another"),
                                      url="/another")
    run.at_ms(629_999).send(USED, header(at_s=NOW_S + 629))
    run.at_ms(630_000).send(OK, header(at_s=NOW_S + 630))
    done("nonce used again for other requests", "field 16: for 2 x tolerance + lease, half-open",
         run)
    run = Run()
    run.send(OK)
    run.send(OK, header(device="meter-8"))
    run.send(OK, header(nonce=NONCE[::-1]))
    done("the same nonce of another device", "claims are for one device", run)
    both = {"sites": {"acme": site(), "other": site("other", keys=keys(OTHER))}}
    run = Run(both)
    theirs = header(key=secret(OTHER, "other"), name="other")
    run.send(OK)
    run.send(OK, theirs, name="other")
    run.send(USED)
    run.send(BS, theirs)
    run.send(BS, GOOD, name="other")
    done("the same nonce at another site", "law 8: neither is seen from the other", run)
    run = Run(keys=keys(M1, M2))
    run.send(OK)
    run.send(USED, header(key=secret(M2)))
    run.set_site(site(keys=keys(M2)))
    run.send(BS)
    run.send(USED, header(key=secret(M2)))
    done("nonce across a rotation", "field 18: whatever key signed, the nonce is used", run)
    run = Run()
    run.send(OK)
    run.remove_site()
    run.send("unknown_site")
    run.set_site(site())
    run.send(USED)
    done("nonce across a removal", "law 3: a removed site forgets nothing", run)
    run = Run()
    for _ in range(3):
        run.send(BS, header(key=b"x"))
    run.send(OK)
    done("forged, then true", "field 26: a stranger burns no nonce", run)


def rotation_cases() -> None:
    run = Run(keys=keys(M1, M2, M3))
    for place, (key, nonce) in enumerate(((M1, "a"), (M2, "b"), (M3, "c"))):
        run.send(OK, header(key=secret(key), nonce=nonce * 16))
        assert run.steps[place]["expect"]["key_id"] == f"m{place + 1}"
    run.send(BS, header(key=secret(OTHER), nonce="d" * 16))
    done("three master keys", "rotation: the key that was right is named", run)
    run = Run(keys=keys(M1), generations=[0, 1])
    for generation, want in ((0, OK), (1, OK), (2, BS)):
        run.send(want, header(key=secret(generation=generation), nonce=str(generation) * 16))
    run.set_site(site(keys=keys(M1), generations=[1]))
    run.send(BS, header(nonce="e" * 16))
    run.send(OK, header(key=secret(generation=1), nonce="f" * 16))
    done("generations of a site", "all generations below the oldest are revoked", run)
    own = [{"id": DEVICE, "generations": [4, 5]}]
    run = Run(keys=keys(M1), directory=own)
    for generation, want in ((0, BS), (4, OK), (5, OK), (3, BS), (6, BS)):
        run.send(want, header(key=secret(generation=generation), nonce=str(generation) * 16))
    run.send(OK, header(device="meter-8", nonce="9" * 16))
    run.set_site(site(keys=keys(M1), generations=[5], directory=own))
    run.send(BS, header(key=secret(generation=4), nonce="a" * 16))
    run.send(OK, header(key=secret(generation=5), nonce="b" * 16))
    run.set_site(site(keys=keys(M1), generations=[6], directory=own))
    run.send(UD, header(key=secret(generation=5), nonce="c" * 16))
    run.send(UD, header(key=secret(generation=6), nonce="d" * 16))
    done("generations of a device", "its own; those below the site's oldest never count", run)
    run = Run(keys=keys(M1), directory=[{"id": DEVICE, "secrets": [G1, G2]}])
    for place, (key, want) in enumerate(((key_of("given one"), OK), (key_of("given two"), OK),
                                         (secret(), BS))):
        run.send(want, header(key=key, nonce=str(place) * 16))
    run.send(OK, header(device="meter-8"))
    done("secrets of the directory", "a given secret is the only one, and names no master key",
         run)
    run = Run(directory=[{"id": DEVICE, "secrets": [G1]}])
    run.send(OK, header(key=key_of("given one")))
    run.send(UD, header(device="meter-8"))
    done("a directory without master keys", "who is not listed is unknown", run)
    run = Run(keys=keys(M1), directory=[{"id": DEVICE, "revoked": True}])
    run.send(UD)
    run.send(OK, header(device="meter-8"))
    run.set_site(site())
    run.send(OK)
    run.set_site(site(keys=keys(M1), directory=[{"id": DEVICE, "revoked": True}]))
    run.send(UD)
    done("revoked", "revocation comes before all else", run)
    run = Run({"sites": {"acme": {"keys": [{"id": "k1", "secret": secret_of("a")}]}}})
    run.send(UD)
    done("a site without devices", "law 2: the same 401", run)
    run = Run()
    for name in ("nobody", "", "acme2", "ac me"):
        run.send("unknown_site", name=name)
    run.send(OK, name=" ACME ")
    done("unknown sites", "law 2, law 8: the same 401; ids are normalised", run)


def limit_cases() -> None:
    def rate(capacity: int) -> dict[str, int]:
        return {"capacity": capacity, "per_minute": 60}

    run = Run(keys=keys(M1), per_device=rate(2))
    for place in range(2):
        run.send(OK, header(nonce=str(place) * 16))
    run.send(LIMITED, header(nonce="2" * 16))
    run.send(LIMITED, header(nonce="3" * 16))
    run.send(USED, header(nonce="0" * 16))
    run.send(OK, header(device="meter-8"))
    run.at_ms(999).send(LIMITED, header(nonce="2" * 16))
    run.at_ms(1000).send(OK, header(nonce="2" * 16))
    run.send(USED, header(nonce="2" * 16))
    done("per device", "field 20, 27, 32: a limited request leaves no claim, and waits exactly",
         run)
    run = Run(keys=keys(M1), per_ip=rate(2))
    for place, ip in enumerate(("203.0.113.9", "::ffff:203.0.113.9")):
        run.send(OK, header(device=f"d{place}"), ip=ip)
    run.send(LIMITED, header(device="d2"), ip="203.0.113.9")
    run.send(LIMITED, header(device="d2"), ip="::ffff:cb00:7109")
    run.send(OK, header(device="d2"), ip="203.0.113.10")
    run.send(OK, header(device="d3"))
    for place, ip in enumerate(("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")):
        run.send(OK, header(device=f"six{place}"), ip=ip)
    run.send(LIMITED, header(device="six2"), ip="2001:db8:1:2:8000::")
    run.send(OK, header(device="six2"), ip="2001:db8:1:3::1")
    run.send(OK, header(device="six3"), ip="::203.0.113.9")
    done("per address", "field 33: IPv4-mapped is IPv4, IPv6 goes by /64", run)
    run = Run(keys=keys(M1), per_ip=rate(1), per_device=rate(2))
    run.send(OK, header(nonce="0" * 16), ip="203.0.113.9")
    for place in range(1, 4):
        run.send(LIMITED, header(nonce=str(place) * 16), ip="203.0.113.9")
    run.send(OK, header(nonce="4" * 16), ip="203.0.113.10")
    run.send(LIMITED, header(nonce="5" * 16), ip="203.0.113.11")
    run.send(OK, header(device="meter-8"), ip="203.0.113.11")
    done("all or none", "field 27: what one bucket refuses takes nothing of the other", run)
    run = Run(keys=keys(M1), per_device=rate(1))
    for place in range(20):
        run.send(BS, header(key=b"x", nonce=f"{place:016}"))
    run.send(OK)
    done("forgeries spend nothing", "field 28: the limiter comes after the MAC", run)
    run = Run()
    for place in range(50):
        run.send(OK, header(nonce=f"{place:016}"), ip="203.0.113.9")
    run.send(LIMITED, header(nonce=f"{50:016}"), ip="203.0.113.9")
    for place in range(50):
        run.send(OK, header(device="meter-8", nonce=f"{place:016}"), ip="203.0.113.9")
    run.send(LIMITED, header(device="meter-9"), ip="203.0.113.9")
    done("the rates without a word", "50 a minute for a device, 100 for an address", run)
    run = Run({"caps": {"body_bytes_max": 10}, "sites": {"acme": site()}})
    run.send("too_large", body=BODY + b" ")
    run.send("too_large", body=b"x" * 11, name="nobody", headers=[])
    run.send(OK, header(body=BODY))
    done("over the cap", "field 11: before anything else, for known and unknown sites", run)


def derive_cases() -> None:
    for site_id, device, generation in (
        ("acme", DEVICE, 0), ("acme", DEVICE, 1), ("acme", DEVICE, 2**31 - 1),
        ("acme", "meter-8", 0), ("other", DEVICE, 0), ("a", "b.c", 0), ("a.b", "c", 0),
        ("acme", "7-1", 0), ("acme", "7", 10), ("acme", "m" * 128, 0),
    ):
        derive(f"secret of {device[:12]} at {site_id}, generation {generation}",
               "RFC 5869: each of the three makes another secret", M1, site_id, device, generation)
    derive("secret from another master key", "RFC 5869", M2, "acme", DEVICE, 0)


def build() -> Collector:
    header_cases()
    mac_cases()
    grammar_cases()
    time_cases()
    request_cases()
    replay_cases()
    rotation_cases()
    limit_cases()
    derive_cases()
    signing("signs the plain case", "what is sent, byte for byte")
    signing("signs an empty body", "GET has one", method="GET", body=b"")
    signing("signs a whole URL", "path and query alone", url="https://api.example:8443" + URL)
    signing("signs a URL without a path", "a client sends `/` then", url="http://api.example?a=b")
    signing("signs bytes that are no text", "field 10", body=b"\xff\xfe\x00")
    signing("signs at the beginning of time", "field 2", at_s=0)
    return out
