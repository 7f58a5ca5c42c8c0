//! Sessions: how ids are made, and who owns which session until when (Java:
//! `SessionTrackerImpl`, `LeaderSessionTracker`, `ExpiryQueue`).

mod id;
mod tracker;

pub use id::{first_id, negotiate};
pub use tracker::{Check, Owner, Tracker};
