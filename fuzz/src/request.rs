//! A request as text: a line `SCHEME SECONDS`, lines `name: value`, an empty line, the body.

/// Raw header pairs.
pub(crate) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// What a seed of `headers` says.
pub(crate) struct Request<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) now_s: u64,
    pub(crate) headers: Pairs,
    pub(crate) body: &'a [u8],
}

impl<'a> Request<'a> {
    pub(crate) fn read(data: &'a [u8]) -> Option<Self> {
        let (first, mut rest) = line(data)?;
        let (scheme, now_s) = std::str::from_utf8(first).ok()?.split_once(' ')?;
        let now_s = now_s.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let (header, after) = line(rest)?;
            rest = after;
            if header.is_empty() {
                return Some(Self { scheme, now_s, headers, body: rest });
            }
            let colon = header.iter().position(|byte| *byte == b':')?;
            let value = &header[colon + 1..];
            let value = value.strip_prefix(b" ").unwrap_or(value);
            headers.push((header[..colon].to_vec(), value.to_vec()));
        }
    }
}

/// Up to the end of the line, and what comes after it.
pub(crate) fn line(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    Some((&data[..end], &data[end + 1..]))
}
