/// Whether a text is a serialised origin (RFC 6454, 6.2): `scheme://host[:port]`, lower case, nothing after it.
pub(super) fn is_valid(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    let host_ok = match host.strip_prefix('[') {
        Some(v6) => {
            v6.strip_suffix(']').is_some_and(|v6| v6.parse::<core::net::Ipv6Addr>().is_ok())
        }
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
        }
    };
    let port_ok = port.is_none_or(|port| {
        port.parse::<u16>().is_ok_and(|n| n != 0) && port.bytes().all(|b| b.is_ascii_digit())
    });
    text.len() <= 256 && scheme_ok && host_ok && port_ok
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn only_what_a_browser_sends() {
        for good in [
            "https://acme.example",
            "http://localhost:3000",
            "http://[::1]:80",
            "http://[::1]",
            "app://x",
            "a1+b-c.d://x",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "acme.example",
            "https://",
            "https://acme.example/",
            "https://Acme.example",
            "HTTPS://acme.example",
            "https://a:b@acme",
            "https://acme:",
            "https://acme:+80",
            "https://acme:99999",
            "https://a b",
            "://x",
            "https://[::1",
            "https://a?b",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
