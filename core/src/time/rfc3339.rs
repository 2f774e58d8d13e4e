//! Date and time as text: RFC 3339, section 5.6, upper case, without leap seconds.

use super::{
    Timestamp,
    calendar::{DAY_MS, Date},
};
use alloc::{format, string::String};

impl Timestamp {
    /// Reads `2026-11-22T03:40:00.5+01:00`; a fraction of any length is cut to the millisecond.
    ///
    /// `None` for anything else, for days that do not exist, for second 60, and before 1970.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let mut at = Cursor(text.as_bytes());
        let year = at.number_in(4, 1970, 9999)?;
        at.literal(b'-')?;
        let month = at.number_in(2, 1, 12)?;
        at.literal(b'-')?;
        let day = at.number_in(2, 1, Date::month_days(year, month))?;
        at.literal(b'T')?;
        let hour = at.number_in(2, 0, 23)?;
        at.literal(b':')?;
        let minute = at.number_in(2, 0, 59)?;
        at.literal(b':')?;
        let second = at.number_in(2, 0, 59)?;
        let milli = if at.literal(b'.').is_some() { at.fraction_ms()? } else { 0 };
        let offset_minutes = at.offset_minutes()?;
        if !at.0.is_empty() {
            return None;
        }
        let days = Date { year, month, day }.day_number();
        let minutes = (days * 24 + hour) * 60 + minute - offset_minutes;
        Self::from_millis((minutes * 60 + second) * 1000 + milli)
    }

    /// Writes `2026-11-22T02:40:00.500Z`: UTC, with milliseconds.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let Date { year, month, day } = Date::from_day_number(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let milli = ms % 1000;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn literal(&mut self, wanted: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[wanted])?;
        Some(())
    }

    fn digit(&mut self) -> Option<i64> {
        self.byte().filter(u8::is_ascii_digit).map(|digit| i64::from(digit - b'0'))
    }

    fn number(&mut self, digits: u32) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    fn number_in(&mut self, digits: u32, least: i64, most: i64) -> Option<i64> {
        self.number(digits).filter(|number| (least..=most).contains(number))
    }

    fn fraction_ms(&mut self) -> Option<i64> {
        let mut ms = self.digit()? * 100;
        let mut weight = 10;
        while self.0.first().is_some_and(u8::is_ascii_digit) {
            ms += self.digit()? * weight;
            weight /= 10;
        }
        Some(ms)
    }

    fn offset_minutes(&mut self) -> Option<i64> {
        let sign = match self.byte()? {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number_in(2, 0, 23)?;
        self.literal(b':')?;
        Some(sign * (hours * 60 + self.number_in(2, 0, 59)?))
    }
}
