//! The axis of the diagram: pixels for virtual time.
//!
//! What is drawn has its place in time once and for all, counted from a base; the picture moves
//! as a whole. The base changes seldom: numbers stay small enough for the drawing's arithmetic.

use super::score::{AHEAD_US, PAST_US};
use zabscope_core::sim::Micros;

/// Pixels of a millisecond.
const SCALE: f32 = 5.0;
/// Between two lines of the ruler, microseconds.
const TICK_US: u64 = 20_000;
/// Lifelines are drawn in lengths of this, microseconds: in pixels a multiple of every pattern of
/// dashes of theirs.
const LENGTH_US: u64 = 288_000;
/// Between two bases, microseconds: a multiple of both.
const BASE_US: u64 = 35 * LENGTH_US;

/// Pixels of the time before the line.
#[allow(clippy::cast_precision_loss, reason = "a position on the screen")]
pub const PAST: f32 = PAST_US as f32 * SCALE / 1000.0;
/// Pixels of the time behind the line.
#[allow(clippy::cast_precision_loss, reason = "a position on the screen")]
pub const AHEAD: f32 = AHEAD_US as f32 * SCALE / 1000.0;

/// Where times stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    base: Micros,
}

impl Axis {
    /// The axis for a moment.
    #[must_use]
    pub const fn of(now: Micros) -> Self {
        Self { base: Micros(now.0 - now.0 % BASE_US) }
    }

    /// Pixels from the base to a time.
    #[must_use]
    pub fn x(self, at: Micros) -> f32 {
        #[allow(clippy::cast_precision_loss, reason = "a position on the screen")]
        let us = at.0.cast_signed().wrapping_sub(self.base.0.cast_signed()) as f32;
        us * SCALE / 1000.0
    }

    /// Pixels from the base to behind all that is drawn with it.
    #[must_use]
    pub fn end(self) -> f32 {
        self.x(self.base.plus(BASE_US + AHEAD_US))
    }

    /// The lines of the ruler that are in the window at a moment: from, and behind the last.
    #[must_use]
    pub fn ticks(now: Micros) -> (u64, u64) {
        let first = now.0.saturating_sub(PAST_US).div_ceil(TICK_US);
        (first, (now.0 + AHEAD_US) / TICK_US + 1)
    }

    /// When a line of the ruler is.
    #[must_use]
    pub const fn tick(number: u64) -> Micros {
        Micros(number * TICK_US)
    }

    /// Until when lifelines are drawn at a moment: as much ahead as they need not be drawn anew
    /// for each picture. What lies behind the line is not shown.
    #[must_use]
    pub const fn drawn_until(now: Micros) -> Micros {
        Micros((now.0 / LENGTH_US + 1) * LENGTH_US)
    }

    /// From when a line is drawn that began at `begun`: left out are whole lengths before the
    /// window, so that dashes stay where they are.
    #[must_use]
    pub const fn drawn_from(begun: Micros, now: Micros) -> Micros {
        let left = now.0.saturating_sub(PAST_US).saturating_sub(begun.0);
        Micros(begun.0 + left / LENGTH_US * LENGTH_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_its_place_while_the_base_is_the_same() {
        let (early, late) = (Micros(BASE_US + 5), Micros(2 * BASE_US - 1));
        assert_eq!(Axis::of(early), Axis::of(late));
        assert_ne!(Axis::of(late), Axis::of(Micros(2 * BASE_US)));
        // What began before the base stands left of it.
        assert!(Axis::of(early).x(Micros(BASE_US - 1_000)) < 0.0);
        assert!((Axis::of(early).x(Micros(BASE_US + 1_000)) - SCALE).abs() < 0.01);
    }

    #[test]
    fn the_ruler_has_the_lines_of_the_window() {
        assert_eq!(Axis::ticks(Micros(0)), (0, 2));
        let now = Micros(1_000_000);
        let (first, end) = Axis::ticks(now);
        assert!(
            (first..end)
                .map(Axis::tick)
                .all(|at| { at.0 + PAST_US >= now.0 && at.0 <= now.0 + AHEAD_US })
        );
        assert_eq!(end - first, (PAST_US + AHEAD_US) / TICK_US + 1);
    }

    #[test]
    fn a_lifeline_covers_the_window_in_whole_lengths() {
        for now in [0, 1, 179_999, 288_000, 5_000_001].map(Micros) {
            assert!(Axis::drawn_until(now) > now);
            for begun in [0, 7, 4_900_000].map(Micros) {
                let from = Axis::drawn_from(begun, now);
                assert_eq!((from.0 - begun.0) % LENGTH_US, 0);
                assert!(from == begun || from.0 + PAST_US <= now.0);
            }
        }
    }
}
