//! What is kept of many numbers: never the numbers themselves.

use std::time::Duration;

/// Count, sum, smallest and largest of numbers in one unit (Java: `AvgMinMaxCounter`). Durations
/// are kept in microseconds and told in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    count: u64,
    sum: u64,
    min: u64,
    max: u64,
}

/// A [`Summary`] as it is told; all 0 if nothing was added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// The mean.
    pub avg: f64,
    /// The smallest.
    pub min: u64,
    /// The largest.
    pub max: u64,
    /// How many.
    pub count: u64,
    /// All together.
    pub sum: u64,
}

impl Summary {
    /// One more number.
    pub const fn add(&mut self, value: u64) {
        if self.count == 0 || value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// One more duration, in microseconds.
    pub const fn add_time(&mut self, took: Duration) {
        self.add(micros(took));
    }

    /// Of what was added to this one or to the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        Self {
            count: self.count + other.count,
            sum: self.sum.saturating_add(other.sum),
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// As it was added.
    #[must_use]
    pub const fn told(self) -> Told {
        self.divided(1)
    }

    /// Of durations, in milliseconds.
    #[must_use]
    pub const fn told_ms(self) -> Told {
        self.divided(1000)
    }

    #[allow(clippy::cast_precision_loss, reason = "for people")]
    const fn divided(self, by: u64) -> Told {
        let Self { count, sum, min, max } = self;
        let avg = if count == 0 { 0.0 } else { sum as f64 / (count * by) as f64 };
        Told { avg, min: min / by, max: max / by, count, sum: sum / by }
    }
}

/// Microseconds of a duration.
#[must_use]
pub const fn micros(took: Duration) -> u64 {
    took.as_secs().saturating_mul(1_000_000).saturating_add(took.subsec_micros() as u64)
}

/// Last, smallest and largest size of a kind of message in bytes (Java: `BufferStats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes(Option<[usize; 3]>);

impl Sizes {
    /// One more message.
    pub fn add(&mut self, bytes: usize) {
        let [_, min, max] = self.0.unwrap_or([bytes; 3]);
        self.0 = Some([bytes, min.min(bytes), max.max(bytes)]);
    }

    /// Last, smallest, largest; -1 while there was none.
    #[must_use]
    pub fn told(self) -> [i64; 3] {
        self.0.map_or([-1; 3], |sizes| sizes.map(|size| i64::try_from(size).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_tells_five_numbers() {
        let mut few = Summary::default();
        assert_eq!(few.told(), Told { avg: 0.0, min: 0, max: 0, count: 0, sum: 0 });
        few.add_time(Duration::from_millis(3));
        few.add_time(Duration::from_micros(1500));
        let told = Told { avg: 2.25, min: 1, max: 3, count: 2, sum: 4 };
        assert_eq!(few.told_ms(), told);
        let mut other = Summary::default();
        other.add(500);
        assert_eq!(
            few.and(other).told(),
            Told { avg: 5000.0 / 3.0, min: 500, max: 3000, count: 3, sum: 5000 }
        );
        assert_eq!(few.and(Summary::default()), few);
        assert_eq!(Summary::default().and(few), few);
    }

    #[test]
    fn sizes_are_minus_one_before_the_first() {
        let mut sizes = Sizes::default();
        assert_eq!(sizes.told(), [-1; 3]);
        for size in [50, 16, 20] {
            sizes.add(size);
        }
        assert_eq!(sizes.told(), [20, 16, 50]);
    }
}
