//! The page: everything the browser tab shows, as a library so that tests can reach it.

pub mod app;
pub mod panic;
