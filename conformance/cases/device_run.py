"""The collector of device.json, and how its requests are made and spoilt."""

from __future__ import annotations

from typing import Any

from oracle import devices
from oracle.devices import Request, device_secret, sign
from oracle.gate import Gate, ip_group
from oracle.signature import parse_secret

from .common import NOW_MS, NOW_S, Collector, Pairs, b64, pairs_json, secret_of

M1, M2, M3, OTHER = (secret_of(f"master {label}") for label in ("one", "two", "three", "other"))
G1, G2 = secret_of("given one"), secret_of("given two")
WEBHOOK = {"acme": secret_of("a"), "other": secret_of("other site")}
DEVICE, NONCE = "meter-7", "0123456789abcdef"
METHOD, URL, BODY = "POST", "/v1/readings?unit=kWh&n=1", b'{"kwh":17}'
MH, BS, ST, FT = "malformed_header", "bad_signature", "stale_timestamp", "future_timestamp"
UD, USED, OK, LIMITED = "unknown_device", "nonce_used", "authenticated", "rate_limited"

out = Collector(
    "Kind `steps`: requests of devices against one gate with every role in memory and its clock "
    "set to each step's `now_ms`; a decision also has `device_id` and `key_id`. Kind `sign`: what "
    "a device sends. Kind `derive`: the secret of a device."
)


def keys(*secrets: str) -> list[dict[str, str]]:
    """The same secret always has the same id."""
    names = {M1: "m1", M2: "m2", M3: "m3", OTHER: "o1"}
    return [{"id": names[secret], "secret": secret} for secret in secrets]


def site(name: str = "acme", **own: Any) -> dict[str, Any]:
    known = own or {"keys": keys(M1)}
    return {"keys": [{"id": "k1", "secret": WEBHOOK[name]}], "devices": known}


def secret(
    master: str = M1, name: str = "acme", device: str = DEVICE, generation: int = 0
) -> bytes:
    return device_secret(parse_secret(master), name, device.encode(), generation)


def header(
    *,
    key: bytes | None = None,
    name: str = "acme",
    device: str = DEVICE,
    method: str = METHOD,
    url: str = URL,
    body: bytes = BODY,
    nonce: str = NONCE,
    at_s: int = NOW_S,
) -> str:
    own = secret(name=name, device=device) if key is None else key
    return sign(own, name, device, method, url, body, nonce, at_s)


class Run:
    """Steps against one gate; times are from NOW_MS on."""

    def __init__(self, config: dict[str, Any] | None = None, **own: Any) -> None:
        self.config = config or {"sites": {"acme": site(**own)}}
        self.gate = Gate(self.config)
        self.now_ms = NOW_MS
        self.steps: list[dict[str, Any]] = []

    def at_ms(self, ms: int) -> Run:
        self.now_ms = NOW_MS + ms
        return self

    def send(
        self,
        want: str,
        value: str | bytes | None = None,
        *,
        name: str = "acme",
        headers: Pairs | None = None,
        method: str = METHOD,
        url: str = URL,
        body: bytes = BODY,
        ip: str | None = None,
    ) -> None:
        if headers is None:
            text = header() if value is None else value
            headers = [("x-device-auth", text.encode() if isinstance(text, str) else text)]
        group = None if ip is None else ip_group(ip)
        request = Request(headers, method, url, body, group)
        decision = self.gate.device(name, request, self.now_ms)
        if decision["reason"] != want:
            raise AssertionError(f"step {len(self.steps)}: {decision['reason']}, not {want}")
        self.steps.append(
            {
                "do": "device",
                "site": name,
                "method": method,
                "url": url,
                "headers": pairs_json(headers),
                "body_b64": b64(body),
                "ip": ip,
                "now_ms": self.now_ms,
                "expect": decision,
            }
        )

    def set_site(self, config: dict[str, Any], name: str = "acme") -> None:
        self.gate.set_site(name, config, self.now_ms)
        step = {"do": "set_site", "site": name, "site_config": config}
        self.steps.append({**step, "now_ms": self.now_ms, "expect": None})

    def remove_site(self, name: str = "acme") -> None:
        self.gate.remove_site(name, self.now_ms)
        step = {"do": "remove_site", "site": name}
        self.steps.append({**step, "now_ms": self.now_ms, "expect": None})


def done(name: str, note: str, run: Run) -> None:
    out.add(name, note, kind="steps", config=run.config, steps=run.steps)


def one(name: str, note: str, want: str, value: str | bytes | None = None, **request: Any) -> None:
    """A single request; and after a refusal the good one, which must not have been touched."""
    run = Run(request.pop("config", None))
    run.send(want, value, **request)
    if want != OK:
        run.send(OK)
    done(name, note, run)


def derive(name: str, note: str, master: str, site_id: str, device: str, generation: int) -> None:
    own = secret(master, site_id, device, generation)
    out.add(name, note, kind="derive", master=master, site=site_id, device_id=device,
            generation=generation, expect=b64(own))


def signing(name: str, note: str, **request: Any) -> None:
    """What `sign_device` must make of it."""
    given = {"name": "acme", "device": DEVICE, "method": METHOD, "url": URL, "body": BODY,
             "nonce": NONCE, "at_s": NOW_S, **request}
    key = secret(name=given["name"], device=given["device"])
    value = header(key=key, **given)
    out.add(name, note, kind="sign", secret=b64(key), site=given["name"],
            device_id=given["device"], method=given["method"], url=given["url"],
            body_b64=b64(given["body"]), nonce=given["nonce"], now_ms=given["at_s"] * 1000,
            expect=[["x-device-auth", value]])


assert devices.target_of(URL) == URL
