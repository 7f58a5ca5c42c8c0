//! How much the page's code may do in one picture.

use wasm_bindgen::prelude::wasm_bindgen;

/// So many things are drawn in any case: whatever the machine, all are drawn some time.
const SURE: usize = 6;
/// More are never drawn at once, be the machine as fast as it may: the rest comes with the next
/// picture, before anybody sees that it is missing.
const MOST: usize = 32;

#[wasm_bindgen]
extern "C" {
    /// The browser's clock, milliseconds.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn now_ms() -> f64;
}

/// A time of the browser's clock from which on what is late waits for another picture.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<f64>);

impl Deadline {
    /// Nothing waits.
    pub const NEVER: Self = Self(None);

    /// So many milliseconds from now.
    #[must_use]
    #[inline(never)]
    pub fn after(ms: f64) -> Self {
        Self(Some(now_ms() + ms))
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_never(self) -> bool {
        self.0.is_none()
    }

    /// True if the time is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.0.is_some_and(|at_ms| now_ms() >= at_ms)
    }

    /// What may be drawn until then.
    #[must_use]
    pub const fn share(self) -> Share {
        Share { deadline: self, done: 0 }
    }
}

/// What may be drawn in one picture.
#[derive(Debug)]
pub struct Share {
    deadline: Deadline,
    done: usize,
}

impl Share {
    /// True if one more may be drawn.
    pub fn take(&mut self) -> bool {
        let free = self.deadline.is_never() || self.done < SURE;
        if free || self.done < MOST && !self.deadline.is_over() {
            self.done += 1;
            return true;
        }
        self.done = MOST;
        false
    }
}
