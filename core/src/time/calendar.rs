//! The proleptic Gregorian calendar in UTC, as far as consent needs it.
//!
//! Day numbers follow Howard Hinnant, "chrono-compatible low-level date algorithms".

use super::Timestamp;

pub(super) const DAY_MS: i64 = 86_400_000;

/// A day of the calendar; `month` and `day` count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
}

impl Date {
    /// How many days the month has.
    pub(super) fn month_days(year: i64, month: i64) -> i64 {
        match month {
            4 | 6 | 9 | 11 => 30,
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            _ => 31,
        }
    }

    /// Days since 1970-01-01.
    pub(super) fn day_number(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    pub(super) fn from_day_number(days: i64) -> Self {
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month, day: day_of_year - (153 * shifted + 2) / 5 + 1 }
    }
}

impl Timestamp {
    /// The same time of day so many calendar months later in UTC; a day that the month lacks becomes its last.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        let date = Date::from_day_number(self.0.div_euclid(DAY_MS));
        let months = date.year * 12 + date.month - 1 + i64::from(months);
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        let day = date.day.min(Date::month_days(year, month));
        let days = Date { year, month, day }.day_number();
        let ms = days.saturating_mul(DAY_MS).saturating_add(self.0.rem_euclid(DAY_MS));
        Self(ms.clamp(Self::MIN.0, Self::MAX.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_number_survives_the_round_trip() {
        // 2000-02-29 is the last day of 400 years, which no other day is like.
        for days in (0..2_932_896).step_by(7).chain([11_016, 2_932_896]) {
            let date = Date::from_day_number(days);
            assert_eq!(date.day_number(), days);
            assert!(date.day >= 1 && date.day <= Date::month_days(date.year, date.month));
        }
    }

    #[test]
    fn months_saturate_at_the_end_of_time() {
        assert_eq!(Timestamp::MAX.plus_months(u32::MAX), Timestamp::MAX);
    }
}
