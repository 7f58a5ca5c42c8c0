//! The real server around the engine of `zabscope-core`: configuration, files, sockets.
//!
//! | module | holds |
//! |---|---|
//! | [`cli`] | the command line client |
//! | [`config`] | `zoo.cfg` and `myid` |
//! | [`net`] | sockets and the ports' own handshakes |
//! | [`drive`] | the loop that feeds the engine and performs its effects |
//! | [`words`] | four-letter words |
//! | [`descriptors`] | how many sockets there may be |
//! | [`stats`], [`digests`] | what is kept for them |
//! | [`cmd`] | what the binary can do |
//! | [`store`] | `dataDir` and `dataLogDir` in Apache's formats, and the thread that writes them |

pub mod cli;
pub mod cmd;
pub mod config;
pub mod date;
pub mod descriptors;
pub mod digests;
pub mod drive;
pub mod net;
pub mod notes;
pub mod stats;
pub mod store;
pub mod words;
