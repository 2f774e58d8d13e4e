"""What is signed beside the header: method, path, query, body, site."""

from __future__ import annotations

from .device_run import BODY, BS, OK, URL, Run, done, header, one


def request_cases() -> None:
    for method in ("GET", "PUT", "post", "POST ", "", "PÖST", "POST\n", "P" * 33):
        one(f"method {method[:8]!r}", "field 6: the method is signed as it is", BS, method=method)
    for name, url in (
        ("another path", "/v2/readings?unit=kWh&n=1"), ("a slash more", "/" + URL),
        ("a slash after the path", "/v1/readings/?unit=kWh&n=1"),
        ("a dot segment", "/./v1/readings?unit=kWh&n=1"),
        ("two dots", "/x/../v1/readings?unit=kWh&n=1"),
        ("a path in upper case", "/V1/readings?unit=kWh&n=1"),
        ("an escape of a plain letter", "/v1/%72eadings?unit=kWh&n=1"),
        ("no query", "/v1/readings"), ("an empty query", "/v1/readings?"),
        ("a parameter less", "/v1/readings?unit=kWh"),
        ("a parameter more", URL + "&x=1"), ("a parameter twice", URL + "&n=1"),
        ("parameters exchanged", "/v1/readings?n=1&unit=kWh"),
        ("another value", "/v1/readings?unit=kWh&n=2"),
        ("a value in another case", "/v1/readings?unit=kwh&n=1"),
        ("a semicolon", "/v1/readings?unit=kWh;n=1"),
        ("a second question mark", "/v1/readings??unit=kWh&n=1"),
        ("an ampersand after", URL + "&"), ("a fragment", URL + "#x"), ("no slash", URL[1:]),
        ("a line's end", URL + "\n"), ("a space", URL + " "), ("a tab", URL + "\t"),
        ("NUL", URL + "\0"), ("an umlaut", "/v1/rèadings?unit=kWh&n=1"), ("nothing", ""),
        ("a star", "*"), ("another scheme", "ftp://api.example" + URL),
        ("an authority alone", "api.example:443"), ("8,193 bytes", "/" + "a" * 8192),
        ("another path in a whole URL", "https://api.example/x" + URL),
        ("a scheme without slashes", "https:" + URL), ("a host without a scheme", "//host" + URL),
    ):
        one(f"url with {name}", "field 5: path and query are signed byte for byte", BS, url=url)
    for name, url in (
        ("https", "https://api.example" + URL), ("http and a port", "http://api.example:80" + URL),
        ("in upper case", "HTTPS://API.example" + URL), ("with a user", "https://u:p@h" + URL),
        ("IPv6", "http://[::1]:8080" + URL), ("another host", "https://elsewhere.example" + URL),
    ):
        one(f"whole url: {name}", "path and query are what is signed, not the host", OK, url=url)
    for name, url in (
        ("root", "/"), ("root of a whole URL", "https://api.example"),
        ("a query alone", "https://api.example?x=/y"), ("two slashes", "//a//b"),
        ("an escaped NUL and slash", "/a%00b%2Fc"), ("every visible character", "/" + "".join(
            chr(c) for c in range(0x21, 0x7F) if chr(c) != "#")),
        ("8,192 bytes", "/" + "a" * 8191), ("a URL in the path", "/https://api.example/x"),
        ("a URL in the query", "/x?u=https://api.example/y"), ("an empty query", "/x?"),
    ):
        run = Run()
        run.send(OK, header(url=url), url=url)
        done(f"signed url: {name}", "what a request line may hold", run)
    for name, body in (
        ("empty", b""), ("with a byte more", BODY + b" "), ("with a byte less", BODY[:-1]),
        ("with a BOM", b"\xef\xbb\xbf" + BODY), ("with other white space", b'{"kwh": 17}'),
        ("doubled", BODY * 2), ("with another digit", b'{"kwh":18}'),
    ):
        one(f"body {name}", "field 10: the bytes are signed", BS, body=body)
    for name, signed, sent in (
        ("ff for efbfbd", b"\xef\xbf\xbd", b"\xff"), ("efbfbd for ff", b"\xff", b"\xef\xbf\xbd"),
    ):
        run = Run()
        run.send(BS, header(body=signed), body=sent)
        run.send(OK, header(body=signed), body=signed)
        done(f"body {name}", "field 10: no text is made of it", run)
    run = Run()
    run.send(OK, header(method="GET", url="/", body=b""), method="GET", url="/", body=b"")
    done("a request without a body", "its digest is that of nothing", run)
    for name, moved in (
        ("from the path to the method", {"method": "POSTx", "url": "/y"}),
        ("from the method to the path", {"method": "POS", "url": "/Tx/y"}),
    ):
        run = Run()
        run.send(BS, header(method="POST", url="/x/y"), **moved)
        done(f"text moved {name}", "field 5: lines have ends", run)
