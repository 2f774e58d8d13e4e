use consentgate::Timestamp;

/// Any text as a date and time: read as the plain reading reads it, and written as it is read again.
pub fn rfc3339(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = Timestamp::from_rfc3339(text);
    assert_eq!(read.map(Timestamp::as_millis), plain(text), "{text:?}");
    let again = read.and_then(|at| Timestamp::from_rfc3339(&at.to_rfc3339()));
    assert_eq!(again, read, "{text:?}");
}

/// RFC 3339, section 5.6: the parts cut at their places, the days counted one by one.
fn plain(text: &str) -> Option<i64> {
    let (date, time) = (text.get(..10)?, text.get(10..)?.strip_prefix('T')?);
    let zone = time.find(['Z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let (clock, fraction) = time.split_once('.').map_or((time, None), |(a, b)| (a, Some(b)));
    let [year, month, day] = numbers(date, '-', &[4, 2, 2])?[..] else { return None };
    let [hour, minute, second] = numbers(clock, ':', &[2, 2, 2])?[..] else { return None };
    let leap = |year: i64| year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
    let length = |year, month| match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let sound = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=length(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let mut days = sound.then_some(day - 1)?;
    days += (1970..year).map(|year| 365 + i64::from(leap(year))).sum::<i64>();
    days += (1..month).map(|month| length(year, month)).sum::<i64>();
    let ms = match fraction {
        None => 0,
        Some(digits) if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) => {
            return None;
        }
        Some(digits) => format!("{digits}000")[..3].parse().ok()?,
    };
    let minutes = days * 1440 + hour * 60 + minute - offset(zone)?;
    Some((minutes * 60 + second) * 1000 + ms).filter(|ms| (0..=253_402_300_799_999).contains(ms))
}

/// Minutes east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, size) = match zone.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, zone.strip_prefix('+')?),
    };
    let [hours, minutes] = numbers(size, ':', &[2, 2])?[..] else { return None };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Numbers of so many digits each.
fn numbers(text: &str, between: char, digits: &[usize]) -> Option<Vec<i64>> {
    let parts: Vec<_> = text.split(between).collect();
    let fits = parts.len() == digits.len()
        && parts.iter().zip(digits).all(|(part, digits)| {
            part.len() == *digits && part.bytes().all(|byte| byte.is_ascii_digit())
        });
    fits.then(|| parts.iter().map(|part| part.parse().unwrap()).collect())
}
