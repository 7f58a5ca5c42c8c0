//! The engine of Zabscope: ZooKeeper's protocol and service as a deterministic state machine.
//!
//! A [`base::Node`] takes one [`base::Event`] at a time and answers with a list of
//! [`base::Effect`]s. A driver (sockets and files in `native`, the simulated world of [`sim`] in
//! tests and in the browser) performs the effects in order and turns their results into new
//! events. Nothing in this crate reads a clock, draws a random number, starts a thread or does
//! I/O; everything that exists is plain data that can be cloned, compared and printed.
//!
//! The layers, bottom up; a module uses only layers above it in this list:
//!
//! | layer | modules |
//! |---|---|
//! | 0 | [`base`] ids, time, limits, the `Node` trait |
//! | 1 | [`wire`] jute primitives and framing |
//! | 2 | [`proto`] every record of the client, quorum, election and storage formats |
//! | 3 | [`tree`], [`watch`], [`session`], [`zab`], [`trace`] |
//! | 4 | [`server`], [`client`], [`sim`], [`explore`], [`cli`] |
//! | 5 | [`recipes`] |
//! | 6 | [`ensemble`] |
//! | 7 | [`tell`], [`saved`] |
//! | 8 | [`why`], [`check`] |
//! | 9 | [`lab`] |
//! | 10 | [`guide`] |
//!
//! `inline(never)` on wasm says nothing about speed: it keeps a function apart, so that the page may
//! load it later; CONTRIBUTING.md, "The page's size", says when that is measured anew.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod base;
pub mod check;
pub mod cli;
pub mod client;
pub mod ensemble;
pub mod explore;
pub mod guide;
pub mod lab;
pub mod proto;
pub mod recipes;
pub mod saved;
pub mod server;
pub mod session;
pub mod sim;
pub mod tell;
pub mod trace;
pub mod tree;
pub mod watch;
pub mod why;
pub mod wire;
pub mod zab;
